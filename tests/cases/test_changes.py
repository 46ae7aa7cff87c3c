"""The small language that cases are written in: a case that does not do what it says would prove nothing."""

from __future__ import annotations

import pytest

from auditor.estate import build_estate
from auditor.model import ArmId, NotKnown
from tests import worlds
from tests.cases.change import World, changed

BASTION_RULE = "nsg-bastionSubnet/securityRules/DenyAllInBound"


def _world() -> World:
    return World("reference-implementation")


def _values(world: World, id_end: str, *path: str) -> list[object]:
    """A value of a resource in every document that shows it."""
    found = []
    for body in world.bodies(world.find(id_end)):
        value = body
        for step in path:
            value = value[step]
        found.append(value)
    return found


@pytest.mark.parametrize(
    ("address", "end", "path", "why"),
    [
        (
            "kv-aibase/properties/publicNetworkAccess",
            "vaults/kv-aibase",
            ("properties", "publicNetworkAccess"),
            "a name",
        ),
        ("VAULTS/KV-aibase/properties/x", "vaults/kv-aibase", ("properties", "x"), "letter case does not count"),
        ("app-aibase/config/web/properties/x", "app-aibase/config/web", ("properties", "x"), "the end of an id"),
        ("microsoft.web/sites:app-aibase/properties/x", "sites/app-aibase", ("properties", "x"), "a type and a name"),
        ("kv-aibase/tags/a~1b", "vaults/kv-aibase", ("tags", "a/b"), "a slash inside of a step"),
        ("kv-aibase/properties/new/deep", "vaults/kv-aibase", ("properties", "new", "deep"), "objects on the way"),
    ],
)
def test_set_finds_what_an_address_means(address: str, end: str, path: tuple[str, ...], why: str) -> None:
    world = _world()
    world.set(address, "changed")
    assert _values(world, end, *path) == ["changed"], why


def test_set_changes_both_places_where_azure_shows_a_rule() -> None:
    world = _world()
    world.set(f"{BASTION_RULE}/properties/access", "Allow")
    assert _values(world, BASTION_RULE, "properties", "access") == ["Allow", "Allow"]


def test_set_finds_list_items_by_name_and_by_index() -> None:
    world = _world()
    world.set("agw-aibase/properties/httpListeners/0/properties/protocol", "Http")
    listener = _values(world, "agw-aibase", "properties", "httpListeners")[0][0]
    assert listener["properties"]["protocol"] == "Http"
    world.set(f"agw-aibase/properties/httpListeners/{listener['name'].upper()}/properties/protocol", "Https")
    assert listener["properties"]["protocol"] == "Https"


def test_set_adds_an_item_that_the_list_does_not_have() -> None:
    world = _world()
    world.set("nsg-jumpboxSubnet/properties/securityRules/New", {"properties": {"priority": 300}})
    new = world.find("nsg-jumpboxSubnet/securityRules/New")
    assert new.type == "microsoft.network/networksecuritygroups/securityrules"


def test_unset_takes_away_what_is_there_and_nothing_else() -> None:
    world = _world()
    world.unset("kv-aibase/properties/publicNetworkAccess")
    with pytest.raises(KeyError):
        world.unset("kv-aibase/properties/publicNetworkAccess")


def test_drop_takes_a_resource_with_its_children_out_of_every_document() -> None:
    world = _world()
    gone = world.find("vnet-aibase/subnets/snet-jumpbox")
    world.drop("vnet-aibase/subnets/snet-jumpbox")
    estate = build_estate(worlds.snapshot(world.documents))
    assert estate.find(gone) is None
    group = world.find("nsg-jumpboxSubnet")
    world.drop("nsg-jumpboxSubnet")
    assert not [d for d in world.documents if ArmId(d["id"]).is_within(group)]


def test_drop_takes_an_outbound_rule_out_of_the_workspace_that_shows_it() -> None:
    world = _world()
    workspace = next(d for d in world.documents if d["id"].endswith("/workspaces/mlw-aibase"))
    name = next(n for n in workspace["properties"]["managedNetwork"]["outboundRules"] if n.startswith("__SYS_PE_kv"))
    world.drop(f"mlw-aibase/outboundRules/{name}")
    workspace = next(d for d in world.documents if d["id"].endswith("/workspaces/mlw-aibase"))
    assert name not in workspace["properties"]["managedNetwork"]["outboundRules"]


def test_an_added_child_is_shown_by_its_parent_too() -> None:
    world = _world()
    world.add({
        "id": "{group}/providers/Microsoft.Network/networkSecurityGroups/nsg-jumpboxSubnet/securityRules/New",
        "properties": {"access": "Allow"},
    })  # fmt: skip
    assert _values(world, "nsg-jumpboxSubnet/securityRules/New", "name") == ["New", "New"]
    world.add({
        "id": "{group}/providers/Microsoft.MachineLearningServices/workspaces/mlw-aibase/outboundRules/pip",
        "properties": {"type": "FQDN", "destination": "pypi.org", "category": "UserDefined"},
    })  # fmt: skip
    assert _values(world, "mlw-aibase/outboundRules/pip", "properties", "type") == ["FQDN", "FQDN"]


def test_what_exists_is_not_added_again() -> None:
    with pytest.raises(ValueError, match="there is a"):
        _world().add({"id": "{group}/providers/Microsoft.KeyVault/vaults/KV-AIBASE", "properties": {}})


def test_a_refused_type_is_unknown_and_not_absent() -> None:
    world = changed({"refuse": ["Microsoft.Search/searchServices"]})
    reads = (*worlds.whole(world.scope), *world.refused)
    estate = build_estate(worlds.snapshot(world.documents, reads))
    assert not estate.seen("microsoft.search/searchservices")
    with pytest.raises(NotKnown) as gap:
        estate.all("microsoft.search/searchservices")
    assert gap.value.unknown.permission == "Microsoft.Search/searchServices/read"


def test_a_refused_resource_is_unknown_alone() -> None:
    world = changed({"refuse": ["app-aibase/config/authsettingsV2"]})
    reads = (*worlds.whole(world.scope), *world.refused)
    estate = build_estate(worlds.snapshot(world.documents, reads))
    site = next(s for s in estate.seen("microsoft.web/sites") if s.name == "app-aibase")
    with pytest.raises(NotKnown):
        estate.child(site, "config", "authsettingsV2")
    assert estate.child(site, "config", "web") is not None


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("no-such-thing/properties/x", "no resource is called so"),
        ("agw-aibase/properties/httpListeners/none/properties/protocol", "the list has no such item"),
        ("DenyAllOutBound/properties/access", "many rules are called so"),
    ],
)
def test_an_address_that_means_nothing_or_too_much_is_refused(address: str, why: str) -> None:
    with pytest.raises(ValueError, match="`"):
        _world().set(address, 1)


def test_what_parents_show_cannot_be_refused_alone() -> None:
    with pytest.raises(ValueError, match="its parents show it"):
        _world().refuse("Microsoft.Network/virtualNetworks/subnets")


def test_what_one_case_changes_no_other_case_sees() -> None:
    before = worlds.documents()
    world = _world()
    world.set("kv-aibase/properties/publicNetworkAccess", "changed")
    world.set(f"{BASTION_RULE}/properties/access", "Allow")
    world.drop("vnet-aibase/subnets/snet-jumpbox")
    world.refuse("app-aibase")
    world.unset("stmlaibase/properties/networkAcls")
    assert world.documents != before
    assert _world().documents == before
