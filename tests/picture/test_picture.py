"""What the picture shows: everything of the architecture, every problem, every way, and what is not known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from auditor.audit.audit import audit
from auditor.baseline import read_baseline
from auditor.estate import build_estate
from auditor.model import ArmId, Outcome, Read
from auditor.picture.build.picture import picture, picture_of
from auditor.picture.model import (
    IDENTITY,
    INTEGRATION,
    INTERNET,
    RULE_ANY,
    RULE_HOST,
    RULE_TAG,
    Link,
    LinkKind,
    Picture,
    State,
)
from auditor.snapshot import Snapshot
from tests import worlds
from tests.builders.pictures import (
    COMPLIANT,
    REFERENCE,
    result_of,
    world,
)
from tests.worlds import named

PROBLEMS = (Outcome.FAIL, Outcome.ERROR, Outcome.UNKNOWN)


def drawn(docs: Iterable[Any], reads: Iterable[Read] | None = None, name: str = COMPLIANT) -> Picture:
    """The picture of a changed world."""
    snapshot = worlds.snapshot(docs, reads, name)
    return picture_of(build_estate(snapshot), audit(snapshot, read_baseline()))


def link(found: Picture, source: str, target: str) -> Link:
    """The one link between two items, by the last segments of their keys."""
    names = {item.key: item.name for item in found.items()}
    (only,) = [x for x in found.links if (names[x.source], names[x.target]) == (source, target)]
    return only


def states(found: Picture) -> set[State]:
    return {each.state for each in found.links}


# --- what is drawn ----------------------------------------------------------------------------------------------------


def test_networks_hold_their_subnets_in_the_order_of_the_architecture() -> None:
    (network,) = world().networks
    assert (network.item.name, network.prefix) == ("vnet-aibase", "10.0.0.0/16")
    assert [(subnet.item.name, subnet.item.part, subnet.prefix, subnet.guard) for subnet in network.subnets] == [
        ("snet-appGateway", "gateway", "10.0.1.0/24", "nsg-appGatewaySubnet"),
        ("snet-appServicePlan", "app integration", "10.0.0.0/24", "nsg-appServicesSubnet"),
        ("snet-privateEndpoints", "private endpoints", "10.0.2.0/27", "nsg-privateEndpointsSubnet"),
        ("AzureBastionSubnet", "Bastion", "10.0.2.64/26", "nsg-bastionSubnet"),
        ("snet-jumpbox", "jump box", "10.0.2.128/28", "nsg-jumpboxSubnet"),
        ("snet-agents", "build agents", "10.0.2.32/27", "nsg-agentsSubnet"),
        ("snet-training", "training", "10.0.3.0/24", "nsg-trainingSubnet"),
        ("snet-scoring", "scoring", "10.0.4.0/24", "nsg-scoringSubnet"),
    ]


def test_subnets_hold_what_sits_in_them() -> None:
    inside = {s.item.name: [(i.name, i.type.rpartition("/")[2]) for i in s.items] for s in world().networks[0].subnets}
    assert inside["snet-appGateway"] == [("agw-aibase", "applicationgateways")]
    assert inside["AzureBastionSubnet"] == [("ab-aibase", "bastionhosts")]
    assert inside["snet-jumpbox"] == [("vm-jmp-aibase", "virtualmachines")]
    assert inside["snet-appServicePlan"] == [("app-aibase", INTEGRATION), ("app-aibase-pf", INTEGRATION)]
    assert len(inside["snet-privateEndpoints"]) == 9
    assert inside["snet-agents"] == []


def test_services_come_in_the_order_in_which_the_architecture_tells_of_them() -> None:
    assert [(service.name, service.part) for service in world(COMPLIANT).services] == [
        ("app-aibase", "chat UI"),
        ("app-aibase-pf", "flow web app"),
        ("mlw-aibase", "Machine Learning workspace"),
        ("oai-aibase", "Azure OpenAI account"),
        ("srch-aibase", "AI Search service"),
        ("stmlaibase", "workspace storage"),
        ("staibase", ""),
        ("kv-aibase", "workspace key vault"),
        ("craibase", "workspace registry"),
        ("mlr-aibase", ""),
    ]


def test_the_managed_network_shows_what_runs_in_it_and_what_may_leave_it() -> None:
    (managed,) = world().managed
    assert managed.mode == "AllowOnlyApprovedOutbound"
    assert [item.name for item in managed.items] == ["ept-aibase", "ept-aibase", "amli-aibase"]
    rules = [(rule.name, rule.type.partition(": ")[2]) for rule in managed.rules]
    assert ("en.wikipedia.org", "host name") in rules
    assert ("9 service tags", "required") in rules
    assert sum(kind == "private endpoint" for _, kind in rules) == 6


def test_identities_name_what_runs_as_them() -> None:
    found = {(i.item.name, i.carriers) for i in world().identities}
    assert ("id-app-aibase", ("app-aibase", "app-aibase-pf")) in found
    assert ("system-assigned", ("vm-jmp-aibase",)) in found
    assert {i.item.type for i in world().identities} == {IDENTITY, "microsoft.managedidentity/userassignedidentities"}


@pytest.mark.parametrize("name", [REFERENCE, COMPLIANT])
def test_no_two_items_share_a_key(name: str) -> None:
    keys = [item.key for item in world(name).items()]
    assert len(keys) == len(set(keys))


# --- findings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [REFERENCE, COMPLIANT])
def test_every_problem_is_counted_in_one_place(name: str) -> None:
    counted = sum(item.tally.problems for item in world(name).items())
    assert counted == sum(result_of(name).summary[outcome] for outcome in PROBLEMS)


def test_the_worst_finding_of_an_item_is_the_one_to_look_at_first() -> None:
    by_print = {finding.fingerprint: finding for finding in result_of(REFERENCE).findings}
    ranks = ["critical", "high", "medium", "low"]
    for item in world().items():
        if item.tally.fails:
            first = by_print[item.tally.first]
            assert (first.outcome, first.severity) == (Outcome.FAIL, item.tally.severity)
        else:
            assert item.tally.severity in ("", *ranks)
            assert bool(item.tally.first) == bool(item.tally.problems)


def test_findings_on_what_is_not_drawn_count_at_what_it_belongs_to() -> None:
    by_resource = {ArmId(item.id).key: item.tally for item in world().items() if item.id}
    subnet = next(t for key, t in by_resource.items() if key.endswith("/subnets/snet-agents"))
    own = [f for f in result_of(REFERENCE).findings if f.outcome in PROBLEMS and f.verdict.resource is not None]
    names = [f.verdict.resource.name for f in own if f.verdict.resource is not None]
    # The group's own finding counts at the subnet that it guards.
    assert subnet.problems == names.count("snet-agents") + names.count("nsg-agentsSubnet")


def test_what_has_findings_and_no_place_in_a_network_is_drawn_beside() -> None:
    others = {item.name: item.tally.problems for item in world().others}
    assert {"log-aibase", "rg-chat-prod", "mlw-aibase"} <= set(others)
    assert all(others.values())
    assert world(COMPLIANT).others == ()


# --- links ------------------------------------------------------------------------------------------------------------


def test_ways_in_lead_over_the_gateway_and_bastion() -> None:
    found = world()
    assert link(found, "Internet", "pip-aibase").state is State.HOLDS
    assert link(found, "pip-aibase", "agw-aibase").state is State.HOLDS
    assert link(found, "agw-aibase", "pep-app-aibase").state is State.HOLDS
    assert link(found, "ab-aibase", "vm-jmp-aibase").state is State.HOLDS
    assert link(found, "Internet", "pip-aibase").label == "443"


def test_an_open_door_stands_out_and_comes_first() -> None:
    first = world().links[0]
    assert (first.source, first.state, first.kind, first.label) == (INTERNET, State.OPEN, LinkKind.WAY, "443")
    assert first.target.endswith("/staibase")
    assert "staibase (public endpoint)" in first.says
    assert link(world(), "en.wikipedia.org", "Internet").state is State.OPEN


def test_in_the_compliant_world_every_link_holds() -> None:
    assert states(world(COMPLIANT)) == {State.HOLDS}


def test_every_private_endpoint_leads_to_its_service() -> None:
    leads = {x.source.rpartition("/")[2]: x.target.rpartition("/")[2] for x in world().links
             if x.kind is LinkKind.PRIVATE}  # fmt: skip
    assert leads["pep-blob-stmlaibase"] == leads["pep-file-stmlaibase"] == "stmlaibase"
    assert len(leads) == 9


def _connection(docs: list[Any], status: str) -> None:
    properties = named(docs, "pep-kv-aibase")["properties"]
    found = properties["privateLinkServiceConnections"][0]["properties"]
    found["privateLinkServiceConnectionState"]["status"] = status


def test_a_connection_that_is_not_approved_is_a_broken_link_with_its_state() -> None:
    docs = worlds.documents(COMPLIANT)
    _connection(docs, "Pending")
    found = link(drawn(docs), "pep-kv-aibase", "kv-aibase")
    assert (found.state, found.label) == (State.BROKEN, "Pending")
    assert "is Pending, not Approved" in found.says


def test_a_name_that_does_not_resolve_is_a_broken_link() -> None:
    linked = "/privatelink.vaultcore.azure.net/virtualnetworklinks/"
    docs = [d for d in worlds.documents(COMPLIANT) if linked not in d["id"].casefold()]
    found = link(drawn(docs), "pep-kv-aibase", "kv-aibase")
    assert (found.state, found.label) == (State.BROKEN, "DNS")


def test_an_endpoint_that_leads_out_of_the_snapshot_is_drawn_to_something_unseen() -> None:
    docs = [d for d in worlds.documents(COMPLIANT) if "/vaults/kv-aibase" not in d["id"]]
    found = drawn(docs)
    service = next(item for item in found.services if item.name == "kv-aibase")
    assert not service.seen
    assert link(found, "pep-kv-aibase", "kv-aibase").state is State.UNKNOWN


def test_a_way_that_is_blocked_is_a_broken_link() -> None:
    docs = worlds.documents(COMPLIANT)
    _only(docs, "nsg-appServicesSubnet", _deny("Outbound"))
    found = link(drawn(docs), "app-aibase", "pep-mlw-aibase")
    assert found.state is State.BROKEN


def test_a_gateway_that_does_not_reach_its_site_is_a_broken_link() -> None:
    docs = worlds.documents(COMPLIANT)
    _only(docs, "nsg-appGatewaySubnet", _deny("Outbound"), _allow("Inbound"))
    found = link(drawn(docs), "agw-aibase", "pep-app-aibase")
    assert found.state is State.BROKEN
    assert "DenyAll" in found.says


def _only(docs: list[Any], group: str, *rules: dict[str, Any]) -> None:
    """A group with these rules and no other."""
    named(docs, group)["properties"]["securityRules"] = list(rules)
    docs[:] = [d for d in docs if f"/{group}/securityrules/".casefold() not in d["id"].casefold()]


def _deny(direction: str) -> dict[str, Any]:
    rule = {"protocol": "*", "sourcePortRange": "*", "destinationPortRange": "*", "sourceAddressPrefix": "*"}
    about = {"destinationAddressPrefix": "*", "access": "Deny", "priority": 100, "direction": direction}
    return {"name": "DenyAll", "properties": {**rule, **about}}


def _allow(direction: str) -> dict[str, Any]:
    rule = _deny(direction)
    return {"name": "AllowAll", "properties": {**rule["properties"], "access": "Allow"}}


def test_a_door_that_is_shut_is_a_broken_link() -> None:
    docs = worlds.documents(COMPLIANT)
    _only(docs, "nsg-appGatewaySubnet", _deny("Inbound"))
    found = drawn(docs)
    assert link(found, "pip-aibase", "agw-aibase").state is State.BROKEN


def _machine_with_address(docs: list[Any]) -> None:
    """The jump box gets the gateway's address, and a group that lets everybody in."""
    address = named(docs, "pip-aibase")["id"]
    del named(docs, "agw-aibase")["properties"]["frontendIPConfigurations"][0]["properties"]["publicIPAddress"]
    named(docs, "nic-jmp-aibase")["properties"]["ipConfigurations"][0]["properties"]["publicIPAddress"] = {
        "id": address
    }
    _only(docs, "nsg-jumpboxSubnet", _allow("Inbound"))


def test_a_machine_with_a_public_address_is_an_open_door() -> None:
    docs = worlds.documents(COMPLIANT)
    _machine_with_address(docs)
    found = drawn(docs)
    assert link(found, "Internet", "pip-aibase").state is State.OPEN
    assert link(found, "pip-aibase", "vm-jmp-aibase").state is State.OPEN


def _workspace(docs: list[Any]) -> dict[str, Any]:
    return named(docs, "mlw-aibase", "Microsoft.MachineLearningServices/workspaces")


def test_a_managed_network_that_lets_everything_out_shows_it() -> None:
    docs = worlds.documents(COMPLIANT)
    _workspace(docs)["properties"]["managedNetwork"]["isolationMode"] = "AllowInternetOutbound"
    found = drawn(docs)
    assert RULE_ANY in {rule.type for rule in found.managed[0].rules}
    assert link(found, "any destination", "Internet").state is State.OPEN


@pytest.mark.parametrize(
    ("rule", "kind", "name"),
    [
        ({"type": "FQDN", "destination": "a.example", "category": "UserDefined"}, RULE_HOST, "a.example"),
        (
            {"type": "ServiceTag", "destination": {"serviceTag": "Storage", "portRanges": "443"}, "category": ""},
            RULE_TAG,
            "Storage:443",
        ),
        ({"type": "ServiceTag", "destination": {"serviceTag": "Sql", "portRanges": "*"}}, RULE_TAG, "Sql"),
        ({"type": "FQDN"}, RULE_HOST, "own"),
    ],
)
def test_rules_that_somebody_added_are_shown_one_by_one(rule: dict[str, Any], kind: str, name: str) -> None:
    docs = worlds.documents(COMPLIANT)
    _workspace(docs)["properties"]["managedNetwork"]["outboundRules"]["own"] = rule
    rules = drawn(docs).managed[0].rules
    assert [(found.name, found.note) for found in rules if found.type == kind] == [(name, "own")]


@pytest.mark.parametrize(("status", "state"), [("Inactive", State.BROKEN), (None, State.UNKNOWN)])
def test_a_managed_endpoint_that_is_not_active_is_no_way(status: str | None, state: State) -> None:
    docs = worlds.documents(COMPLIANT)
    _workspace(docs)["properties"]["managedNetwork"]["outboundRules"]["OpenAI"]["status"] = status
    assert link(drawn(docs), "account", "oai-aibase").state is state


def _managed_states(docs: list[Any], name: str) -> list[dict[str, Any]]:
    """The connections of a service whose endpoint is in a subscription of Microsoft's."""
    own = worlds.subscription(COMPLIANT).casefold()
    found = named(docs, name)["properties"]["privateEndpointConnections"]
    return [c for c in found if own not in c["properties"]["privateEndpoint"]["id"].casefold()]


def test_a_managed_endpoint_that_the_service_has_not_approved_is_no_way() -> None:
    docs = worlds.documents(COMPLIANT)
    for connection in _managed_states(docs, "oai-aibase"):
        connection["properties"]["privateLinkServiceConnectionState"]["status"] = "Pending"
    found = link(drawn(docs), "account", "oai-aibase")
    assert (found.state, found.label) == (State.BROKEN, "Pending")


def test_a_managed_endpoint_that_the_service_does_not_show_is_no_way() -> None:
    docs = worlds.documents(COMPLIANT)
    hidden = _managed_states(docs, "oai-aibase")
    shown = named(docs, "oai-aibase")["properties"]["privateEndpointConnections"]
    named(docs, "oai-aibase")["properties"]["privateEndpointConnections"] = [c for c in shown if c not in hidden]
    docs = [d for d in docs if "/accounts/oai-aibase/privateEndpointConnections/" not in d["id"]]
    found = link(drawn(docs), "account", "oai-aibase")
    assert (found.state, found.label) == (State.BROKEN, "none")


def test_a_target_of_a_rule_that_was_not_read_is_not_known() -> None:
    docs = [d for d in worlds.documents(COMPLIANT) if "/accounts/oai-aibase" not in d["id"]]
    assert link(drawn(docs), "account", "oai-aibase").state is State.UNKNOWN


def _second_network(docs: list[Any], state: str = "Connected") -> None:
    first = named(docs, "vnet-aibase")
    second = {**named(worlds.documents(COMPLIANT), "vnet-aibase"), "name": "vnet-two"}
    second["id"] = first["id"].replace("vnet-aibase", "vnet-two")
    second["properties"] = {"addressSpace": {"addressPrefixes": ["10.9.0.0/16"]}, "subnets": []}
    subnet = {"name": "a", "id": second["id"] + "/subnets/a", "properties": {"addressPrefix": "10.9.0.0/24"}}
    second["properties"]["subnets"] = [subnet]
    endpoint = {**named(docs, "pep-kv-aibase"), "name": "pep-two"}
    endpoint["id"] = endpoint["id"].replace("pep-kv-aibase", "pep-two")
    endpoint["properties"] = {**endpoint["properties"], "subnet": {"id": subnet["id"]}, "networkInterfaces": []}
    for near, far in ((first, second), (second, first)):
        peering = {"remoteVirtualNetwork": {"id": far["id"]}, "peeringState": state}
        near["properties"]["virtualNetworkPeerings"] = [{"name": "p", "properties": peering}]
    docs += [second, endpoint]


@pytest.mark.parametrize(("said", "state"), [("Connected", State.HOLDS), ("Disconnected", State.BROKEN)])
def test_peered_networks_are_linked_once(said: str, state: State) -> None:
    docs = worlds.documents(COMPLIANT)
    _second_network(docs, said)
    found = drawn(docs)
    assert [network.item.name for network in found.networks] == ["vnet-aibase", "vnet-two"]
    assert [(x.state) for x in found.links if x.kind is LinkKind.PEERING] == [state]


def test_a_peer_that_is_not_drawn_is_named() -> None:
    docs = worlds.documents(COMPLIANT)
    remote = {
        "remoteVirtualNetwork": {
            "id": "/subscriptions/x/resourceGroups/hub/providers/Microsoft.Network/virtualNetworks/vnet-hub"
        }
    }
    peering = {"name": "hub", "properties": {**remote, "peeringState": "Connected"}}
    named(docs, "vnet-aibase")["properties"]["virtualNetworkPeerings"] = [peering]
    found = drawn(docs)
    assert found.networks[0].peers == ("vnet-hub",)
    assert not [x for x in found.links if x.kind is LinkKind.PEERING]


# --- what is not known ------------------------------------------------------------------------------------------------


def test_what_could_not_be_read_is_said() -> None:
    scope = worlds.subscription(COMPLIANT)
    lists = "Microsoft.Network/privateEndpoints"
    docs = [d for d in worlds.documents(COMPLIANT) if "/privateEndpoints/" not in d["id"]]
    found = drawn(docs, (*worlds.whole(scope), worlds.refused(lists, scope)))
    assert any(f"(needs {lists}/read)" in gap for gap in found.gaps)
    assert world(COMPLIANT).gaps == ()
    # Without the endpoints it is not known which networks are the workload's: those that were read are drawn.
    assert [network.item.name for network in found.networks] == ["vnet-aibase"]


def test_a_picture_of_nothing_has_nothing_but_the_internet_in_it() -> None:
    snapshot = worlds.snapshot([])
    found = picture(snapshot, audit(snapshot, read_baseline()))
    assert [item.key for item in found.items()] == [INTERNET]
    assert found.title == "no workload"


def test_shuffled_documents_give_the_same_picture() -> None:
    snapshot = worlds.snapshot(name=REFERENCE)
    turned = Snapshot(tuple(reversed(snapshot.documents)), snapshot.reads, subscriptions=snapshot.subscriptions)
    assert picture_of(build_estate(turned), result_of(REFERENCE)) == world()


def test_service_tags_that_are_given_are_used() -> None:
    snapshot = worlds.snapshot(name=REFERENCE)
    given = {"values": [], "changeNumber": 1, "cloud": "Public"}
    result = audit(snapshot, read_baseline(), (), given)
    assert picture(snapshot, result, (), given).links
