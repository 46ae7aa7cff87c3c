"""Virtual WAN: networks that a hub connects, by its tables, past its firewall."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.model import Unknown
from tests.builders.estates import doc, id_of
from tests.builders.networks import nic, routed, table, vnet, vnet_id
from tests.reach.test_reach import ask, chain, says
from tests.reach.test_transit import FIREWALL, GROUP, POLICY, collection, network_rule

Documents = list[dict[str, Any]]
HUB = "Microsoft.Network/virtualHubs"
WAN = "Microsoft.Network/virtualWans"


def table_id(hub: str = "hub", name: str = "defaultRouteTable") -> str:
    return id_of(f"{HUB}/hubRouteTables", hub, name)


def connection(name: str, network: str, hub: str = "hub", follows: str = "", **propagated: Any) -> dict[str, Any]:
    routing = {
        "associatedRouteTable": {"id": follows or table_id(hub)},
        "propagatedRouteTables": {"ids": [{"id": table_id(hub)}], "labels": ["default"], **propagated},
    }
    properties = {"remoteVirtualNetwork": {"id": vnet_id(network)}, "routingConfiguration": routing}
    return doc(f"{HUB}/hubVirtualNetworkConnections", hub, name, properties=properties)


def wide(*more: dict[str, Any], kind: str = "Standard") -> Documents:
    wan = {"virtualWan": {"id": id_of(WAN, "wan")}}
    return [
        vnet("va", "10.1.0.0/16", subnets={"a": "10.1.0.0/24"}),
        vnet("vb", "10.2.0.0/16", subnets={"b": "10.2.0.0/24"}),
        nic("na", "va", "a", "10.1.0.4"),
        nic("nb", "vb", "b", "10.2.0.4"),
        doc(WAN, "wan", properties={"type": kind}),
        doc(HUB, "hub", properties={"addressPrefix": "10.255.0.0/23", **wan}),
        doc(HUB, "other", properties={"addressPrefix": "10.254.0.0/23", **wan}),
        *more,
    ]


def test_two_networks_of_a_hub_reach_each_other() -> None:
    found = ask(wide(connection("a", "va"), connection("b", "vb")), "na", "nb", "443")
    assert found.reaches is True
    assert chain(found) == "na -> b -> nb"


@pytest.mark.parametrize(
    ("connections", "expected"),
    [
        ([connection("a", "va")], "vb is not connected to a virtual hub, and va is not peered with it"),
        ([connection("a", "va"), connection("b", "vb", ids=[], labels=["none"])], "does not learn the routes of b"),
        ([connection("a", "va", ids=[], labels=[]), connection("b", "vb")], "does not learn the routes of a"),
        ([connection("a", "va"), connection("b", "vb", ids=[], labels=["Default"])], "reached"),
        ([connection("a", "va"), connection("b", "vb", hub="other")], "reached"),
        ([connection("a", "va"), connection("b", "vb", hub="other", labels=[])], "does not learn the routes of b"),
        ([connection("a", "va", follows=table_id(name="mine")), connection("b", "vb")], "unknown: "),
    ],
)
def test_the_tables_of_a_hub_decide(connections: Documents, expected: str) -> None:
    assert expected in says(ask(wide(*connections), "na", "nb", "443"))


def test_a_basic_wan_is_not_known_to_connect_networks() -> None:
    documents = wide(connection("a", "va"), connection("b", "vb"), kind="Basic")
    assert isinstance(ask(documents, "na", "nb").reaches, Unknown)


def secured(*rules: dict[str, Any]) -> Documents:
    wall = doc(FIREWALL, "fw", properties={"firewallPolicy": {"id": id_of(POLICY, "pol")}})
    policies = [{"name": "p", "destinations": ["PrivateTraffic"], "nextHop": wall["id"]}]
    return [
        connection("a", "va"),
        connection("b", "vb"),
        doc(f"{HUB}/routingIntent", "hub", "intent", properties={"routingPolicies": policies}),
        wall,
        doc(POLICY, "pol", properties={"threatIntelMode": "Alert"}),
        doc(GROUP, "pol", "g", properties={"priority": 100, "ruleCollections": [collection("Allow", *rules)]}),
    ]


def test_a_routing_intent_leads_past_the_firewall() -> None:
    assert ask(wide(*secured(network_rule("web"))), "na", "nb", "443").reaches is True
    assert says(ask(wide(*secured(network_rule("web"))), "na", "nb", "22")) == "no rule of fw lets it through"


def test_a_static_route_leads_to_an_appliance() -> None:
    route = {
        "name": "r",
        "destinationType": "CIDR",
        "destinations": ["10.2.0.0/16"],
        "nextHop": id_of(FIREWALL, "gone"),
    }
    static = doc(
        f"{HUB}/hubRouteTables", "hub", "defaultRouteTable", properties={"routes": [route], "labels": ["default"]}
    )
    documents = wide(connection("a", "va"), connection("b", "vb"), static)
    assert "gone" in says(ask(documents, "na", "nb"))


def test_a_users_route_takes_the_place_of_the_hubs() -> None:
    documents = wide(connection("a", "va"), connection("b", "vb"), table("t", ("10.2.0.0/16", "None")))
    documents[0] = vnet("va", "10.1.0.0/16", subnets={"a": routed("10.1.0.0/24", "t")})
    assert ask(documents, "na", "nb").reaches is False


@pytest.mark.parametrize("source", ["Internet", "192.168.7.7"])
def test_what_comes_from_outside_may_come_by_the_hub(source: str) -> None:
    found = ask(wide(connection("b", "vb")), source, "nb")
    assert isinstance(found.reaches, Unknown)
    assert "virtual hub" in says(found)
