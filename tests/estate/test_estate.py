"""The estate: typed resources, typed relations, and honest answers about what is not there."""

import random

import pytest

from auditor.estate import Relation, build_estate
from auditor.estate.children import contradictions_in
from auditor.model import ArmId, NotKnown, Place, Resource, Unknown
from tests.builders.estates import estate_of
from tests.worlds import documents, estate, named, refused, snapshot, subscription, whole

VNET = "microsoft.network/virtualnetworks"
SUBNET = f"{VNET}/subnets"


def one(found: tuple[Resource, ...], name: str) -> Resource:
    (match,) = [r for r in found if r.name == name]
    return match


def test_children_come_from_their_parents_document_and_cite_it() -> None:
    subnet = one(estate().all(SUBNET), "snet-jumpbox")
    assert subnet.place("properties", "addressPrefix").pointer == "/properties/subnets/5/properties/addressPrefix"
    assert subnet.document.type == VNET


def test_rules_of_a_managed_network_are_resources_whose_pointers_fit_the_workspace() -> None:
    found = estate()
    rule = one(found.all("microsoft.machinelearningservices/workspaces/outboundrules"), "wikipedia")
    place = rule.place("properties", "destination")
    assert place.pointer == "/properties/managedNetwork/outboundRules/wikipedia/destination"
    workspace = found.find(place.document)
    assert workspace is not None
    assert workspace.get(*place.pointer.split("/")[1:]) == "en.wikipedia.org"
    assert rule.get("properties", "destination") == "en.wikipedia.org"


def test_a_child_that_only_has_a_document_of_its_own_is_found_too() -> None:
    docs = documents()
    named(docs, "vnet-aibase")["properties"]["subnets"] = None
    assert len(estate(docs).all(SUBNET)) == 8


def test_the_same_documents_in_any_order_make_the_same_estate() -> None:
    docs = documents()
    random.Random(7).shuffle(docs)
    assert [r.id.text for r in build_estate(snapshot(docs)).resources] == [r.id.text for r in estate().resources]


def test_relations_lead_both_ways() -> None:
    found = estate()
    account = one(found.all("microsoft.cognitiveservices/accounts"), "oai-aibase")
    (endpoint,) = found.into(account, Relation.LEADS_TO, "microsoft.network/privateendpoints")
    assert found.one(endpoint, Relation.LEADS_TO) == account
    seat = found.one(endpoint, Relation.IN_SUBNET)
    assert seat is not None
    assert seat.name == "snet-privateEndpoints"
    assert found.one(seat, Relation.LEAVES_BY) is None


def test_a_dangling_reference_is_unknown_and_says_who_points_there() -> None:
    docs = [d for d in documents() if d["id"].rpartition("/")[2] != "nsg-jumpboxSubnet"]
    found = estate(docs)
    subnet = one(found.all(SUBNET), "snet-jumpbox")
    (guard,) = found.out(subnet, Relation.GUARDED_BY)
    assert isinstance(guard, Unknown)
    assert "vnet-aibase at /properties/subnets/5/properties/networkSecurityGroup/id points at" in guard.because
    with pytest.raises(NotKnown):
        found.one(subnet, Relation.GUARDED_BY)
    assert found.targets(subnet, Relation.GUARDED_BY)[0].name == "nsg-jumpboxSubnet"


def test_a_reference_into_another_subscription_says_how_to_include_it() -> None:
    elsewhere = ArmId("/subscriptions/elsewhere/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v")
    gap = estate().resolve(elsewhere, Place(ArmId("/x"), "/properties/keyVault"))
    assert isinstance(gap, Unknown)
    assert "--subscription elsewhere" in gap.because
    with pytest.raises(NotKnown):
        estate().need(elsewhere, Place(ArmId("/x"), "/properties/keyVault"))


def test_a_reference_to_what_was_refused_names_the_permission() -> None:
    docs = [d for d in documents() if "keyvault/vaults" not in d["id"].casefold()]
    found = estate(docs, [*whole(subscription()), refused("microsoft.keyvault/vaults", subscription())])
    id_ = ArmId(f"{subscription()}/resourceGroups/rg-chat-prod/providers/Microsoft.KeyVault/vaults/kv-aibase")
    gap = found.resolve(id_, Place(ArmId("/x"), ""))
    assert isinstance(gap, Unknown)
    assert gap.permission == "microsoft.keyvault/vaults/read"


def test_a_list_that_could_not_be_read_is_never_empty() -> None:
    found = estate([], [refused(VNET, subscription())])
    with pytest.raises(NotKnown):
        found.all(VNET)
    assert found.seen(VNET) == ()


def test_the_children_that_a_parent_shows_are_known_whatever_else_was_not_read() -> None:
    docs = [d for d in documents() if d["id"].endswith("virtualNetworks/vnet-aibase")]
    found = estate(docs, [])
    (network,) = found.seen(VNET)
    assert len(found.all(SUBNET, network.id)) == 8
    with pytest.raises(NotKnown):
        found.all(SUBNET)


def test_a_child_is_there_or_known_not_to_be_or_unknown() -> None:
    found = estate()
    site = one(found.all("microsoft.web/sites"), "app-aibase")
    config = found.child(site, "config", "web")
    assert config is not None
    assert config.get("properties", "ftpsState") == "FtpsOnly"
    assert found.child(site, "config", "nothing") is None
    reads = [*whole(subscription()), refused("microsoft.web/sites/config", site.id.text)]
    docs = [d for d in documents() if "/config/" not in d["id"]]
    with pytest.raises(NotKnown):
        estate(docs, reads).child(site, "config", "web")


def test_identities_and_diagnostic_settings_are_relations() -> None:
    found = estate()
    site = one(found.all("microsoft.web/sites"), "app-aibase")
    assert [i.name for i in found.out(site, Relation.CARRIES) if isinstance(i, Resource)] == ["id-app-aibase"]
    (setting,) = found.into(site, Relation.DESCRIBES)
    assert [getattr(t, "name", "") for t in found.out(setting, Relation.LOGS_TO)] == ["log-aibase"]


def test_the_networkx_graph_holds_every_relation() -> None:
    found = estate()
    assert found.network.number_of_edges() >= len({(s.id.key, t.key, r.value) for s, r, t, _ in found.edges})
    assert set(found.network) >= {r.id.key for r in found.resources}


def _group_with(*rules: dict[str, object]) -> list[dict[str, object]]:
    return [{"id": f"{_GROUPS}/mine", "name": "mine", "properties": {"securityRules": list(rules)}}]


_GROUPS = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.Network/networkSecurityGroups"
_RULES = "microsoft.network/networksecuritygroups/securityrules"


def test_a_child_is_read_where_it_stands_whatever_its_own_id_says() -> None:
    foreign = {"id": f"{_GROUPS}/other/securityRules/open", "name": "open", "properties": {"priority": 100}}
    own = {"id": f"{_GROUPS}/mine/securityRules/shut", "name": "shut", "properties": {"priority": 200}}
    estate = estate_of(_group_with(foreign, own))
    found = estate.seen(_RULES, under=ArmId(f"{_GROUPS}/mine"))
    assert [(rule.name, rule.get("properties", "priority")) for rule in found] == [("open", 100), ("shut", 200)]
    (group,) = estate.seen("microsoft.network/networksecuritygroups")
    (says,) = contradictions_in(group)
    assert "open (securityRules) stands in mine" in says
    assert "names another place" in says


def test_children_that_share_an_id_all_count() -> None:
    same = f"{_GROUPS}/mine/securityRules/x"
    rules = [{"id": same, "name": name, "properties": {"priority": n}} for n, name in enumerate("abb", 100)]
    estate = estate_of(_group_with(*rules))
    found = estate.seen(_RULES, under=ArmId(f"{_GROUPS}/mine"))
    assert sorted(rule.get("properties", "priority") for rule in found) == [100, 101, 102]
    (group,) = estate.seen("microsoft.network/networksecuritygroups")
    assert len(list(contradictions_in(group))) == 2


def test_a_foreign_child_leaves_the_one_it_names_alone() -> None:
    foreign = {"id": f"{_GROUPS}/other/securityRules/r", "name": "r", "properties": {"priority": 100}}
    theirs = {"id": f"{_GROUPS}/other/securityRules/r", "name": "r", "properties": {"priority": 300}}
    other = {"id": f"{_GROUPS}/other", "name": "other", "properties": {"securityRules": [theirs]}}
    estate = estate_of([other, *_group_with(foreign)])
    (kept,) = estate.seen(_RULES, under=ArmId(f"{_GROUPS}/other"))
    assert kept.get("properties", "priority") == 300
