"""Out to the Internet: which routes lead there, what gives a public address, and whose addresses are asked."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders.estates import doc, id_of
from tests.builders.networks import nic, routed, scale_set_of, subnet_id, table, vnet, vnet_id
from tests.reach.test_reach import LB, NIC, NSG, PIP, ask, group, public, says
from tests.reach.test_transit import outcome

Documents = list[dict[str, Any]]

NAT = "Microsoft.Network/natGateways"
NAT_ID = {"id": id_of(NAT, "nat")}


def one(subnet: Any = "10.1.0.0/24", *more: dict[str, Any], **rest: Any) -> Documents:
    return [vnet("v", "10.1.0.0/16", subnets={"a": subnet}, **rest), nic("na", "v", "a", "10.1.0.4"), *more]


# --- routes (virtual-network/virtual-networks-udr-overview: the longest prefix decides) ---


@pytest.mark.parametrize(
    ("routes", "expected"),
    [
        ([("0.0.0.0/1", "None"), ("128.0.0.0/1", "None")], "no"),
        ([("0.0.0.0/1", "None")], "yes"),
        ([("0.0.0.0/0", "None"), ("20.0.0.0/24", "Internet")], "no"),
        ([("0.0.0.0/1", "VirtualAppliance", "10.1.9.4"), ("128.0.0.0/1", "VirtualAppliance", "10.1.9.4")], "unknown"),
        ([("Internet", "None")], "unknown"),
    ],
)
def test_what_the_routes_for_most_addresses_say(routes: Any, expected: str) -> None:
    documents = one(routed("10.1.0.0/24", "t"), table("t", *routes))
    assert outcome(ask(documents, "na", "Internet")) == expected


def test_a_route_table_that_was_not_read_makes_the_way_out_unknown() -> None:
    assert outcome(ask(one(routed("10.1.0.0/24", "t")), "na", "Internet")) == "unknown"


def test_what_the_platform_lets_out_is_not_the_internet() -> None:
    guard = {"addressPrefix": "10.1.0.0/24", "networkSecurityGroup": {"id": id_of(NSG, "g")}}
    documents = one(guard, group("g", ("Outbound", "Deny", "*", "Internet", "*")))
    assert outcome(ask(documents, "na", "Internet")) == "no"


# --- what gives an address (virtual-network/ip-services/default-outbound-access) ---

PRIVATE = {"addressPrefix": "10.1.0.0/24", "defaultOutboundAccess": False}


def test_a_nat_gateway_without_an_address_translates_nothing() -> None:
    made = {"subnets": [{"id": subnet_id("v", "a")}]}
    documents = one({**PRIVATE, "natGateway": NAT_ID}, doc(NAT, "nat", properties=made))
    assert says(ask(documents, "na", "Internet")) == "a leaves by NAT gateway nat, which has no public address"


def test_a_nat_gateway_of_a_whole_network() -> None:
    made = {"publicIpAddresses": [{"id": id_of(PIP, "p")}], "sourceVirtualNetwork": {"id": vnet_id("v")}}
    documents = one(PRIVATE, doc(NAT, "nat", sku={"name": "StandardV2"}, properties=made), public("p", "20.1.1.1"))
    assert outcome(ask(documents, "na", "Internet")) == "yes"
    made["sourceVirtualNetwork"] = {"id": vnet_id("w")}
    assert outcome(ask(documents, "na", "Internet")) == "no"


@pytest.mark.parametrize(
    ("version", "stated", "expected"),
    [
        ("2025-09-01", None, "yes"),
        ("2026-05-01", None, "no"),
        ("2026-05-01", True, "yes"),
        (None, None, "yes"),
        (None, False, "no"),
    ],
)
def test_new_networks_are_private_by_their_api_version(version: str | None, stated: bool | None, expected: str) -> None:
    subnet: dict[str, Any] = {"addressPrefix": "10.1.0.0/24"}
    if stated is not None:
        subnet["defaultOutboundAccess"] = stated
    documents = one(subnet)
    if version is not None:
        documents[0]["apiVersion"] = version
    assert outcome(ask(documents, "na", "Internet")) == expected


def test_an_interface_says_itself_whether_default_outbound_access_is_there() -> None:
    documents = one()
    documents[1]["properties"]["defaultOutboundConnectivityEnabled"] = False
    assert outcome(ask(documents, "na", "Internet")) == "no"


# --- the address behind a public one ----------------------------------------------------------------------------------


def _configuration(name: str, address: str, **rest: Any) -> dict[str, Any]:
    place = {"privateIPAddress": address, "subnet": {"id": subnet_id("v", "a")}}
    return {"name": name, "properties": {**place, **rest}}


def _two(rule_to: str, *more: dict[str, Any], **second: Any) -> Documents:
    """An interface of two configurations; the group lets the Internet in to one address."""
    guard = {"networkSecurityGroup": {"id": id_of(NSG, "g")}}
    configurations = [_configuration("c1", "10.1.0.4"), _configuration("c2", "10.1.0.5", **second)]
    return [
        vnet("v", "10.1.0.0/16", subnets={"a": "10.1.0.0/24"}),
        doc(NIC, "na", properties={"ipConfigurations": configurations, **guard}),
        group("g", ("Inbound", "Allow", "Internet", rule_to, "443")),
        *more,
    ]


@pytest.mark.parametrize(("rule_to", "expected"), [("10.1.0.4", "no"), ("10.1.0.5", "yes")])
def test_a_public_address_leads_to_the_configuration_that_has_it(rule_to: str, expected: str) -> None:
    documents = _two(rule_to, public("p", "20.1.1.1"), publicIPAddress={"id": id_of(PIP, "p")})
    assert outcome(ask(documents, "Internet", "na")) == expected


@pytest.mark.parametrize(
    ("source", "expected"), [("0.0.0.0/0", "no"), ("::/0", "yes"), ("Internet", "yes"), ("*", "yes")]
)
def test_a_public_ipv6_address_takes_ipv6_only(source: str, expected: str) -> None:
    """docs: virtual-network/ip-services/ipv6-overview."""
    six = {"privateIPAddressVersion": "IPv6", "publicIPAddress": {"id": id_of(PIP, "p")}}
    space = {"addressPrefixes": ["10.1.0.0/24", "fd00:1::/64"]}
    configurations = [_configuration("c4", "10.1.0.4"), _configuration("c6", "fd00:1::4", **six)]
    guard = {"networkSecurityGroup": {"id": id_of(NSG, "g")}}
    documents = [
        vnet("v", "10.1.0.0/16", "fd00:1::/48", subnets={"a": space}),
        doc(NIC, "na", properties={"ipConfigurations": configurations, **guard}),
        public("p", "2603:1030::5"),
        group("g", ("Inbound", "Allow", source, "*", "443")),
    ]
    assert outcome(ask(documents, "Internet", "na")) == expected


@pytest.mark.parametrize(("version", "expected"), [("IPv4", "yes"), ("IPv6", "no"), (None, "yes")])
def test_the_version_of_the_addresses_that_instances_are_given(version: str | None, expected: str) -> None:
    given: dict[str, Any] = {"name": "x", "sku": {"name": "Standard"}, "properties": {}}
    if version is not None:
        given["properties"]["publicIPAddressVersion"] = version
    guard = {"addressPrefix": "10.1.0.0/24", "networkSecurityGroup": {"id": id_of(NSG, "g")}}
    documents = [
        vnet("v", "10.1.0.0/16", subnets={"a": guard}),
        scale_set_of("ss", publicIPAddressConfiguration=given),
        group("g", ("Inbound", "Allow", "Internet", "*", "443")),
    ]
    assert outcome(ask(documents, "Internet", "n")) == expected


# --- load balancers ---------------------------------------------------------------------------------------------------

POOL = {"id": id_of(f"{LB}/backendAddressPools", "lb", "b")}
FRONT = {"id": id_of(f"{LB}/frontendIPConfigurations", "lb", "f")}
NAT_RULE = id_of(f"{LB}/inboundNatRules", "lb", "x")


def _balancer(pool: dict[str, Any] | None = None, **rest: Any) -> dict[str, Any]:
    front = {"id": FRONT["id"], "name": "f", "properties": {"publicIPAddress": {"id": id_of(PIP, "p")}}}
    pools = [{"id": POOL["id"], "name": "b", "properties": pool or {}}]
    rule = {"frontendIPConfiguration": FRONT, "backendAddressPool": POOL, "protocol": "Tcp"}
    ports = {"frontendPort": 443, "backendPort": 443, "disableOutboundSnat": True}
    properties = {
        "frontendIPConfigurations": [front],
        "backendAddressPools": pools,
        "loadBalancingRules": [{"name": "r", "properties": {**rule, **ports}}],
        **rest,
    }
    return doc(LB, "lb", sku={"name": "Standard"}, properties=properties)


@pytest.mark.parametrize(("rule_to", "expected"), [("10.1.0.4", "no"), ("10.1.0.5", "yes")])
def test_a_pool_holds_a_configuration_and_not_the_interface(rule_to: str, expected: str) -> None:
    documents = _two(rule_to, _balancer(), public("p", "20.1.1.1"), loadBalancerBackendAddressPools=[POOL])
    assert outcome(ask(documents, "Internet", "na")) == expected


@pytest.mark.parametrize(("state", "expected"), [("Down", "no"), ("Up", "yes"), ("None", "yes")])
def test_a_member_that_is_taken_down_gets_no_new_connections(state: str, expected: str) -> None:
    """docs: load-balancer/admin-state-overview."""
    member = {"ipAddress": "10.1.0.4", "virtualNetwork": {"id": vnet_id("v")}, "adminState": state}
    pool = {"loadBalancerBackendAddresses": [{"name": "m", "properties": member}]}
    guard = {"addressPrefix": "10.1.0.0/24", "networkSecurityGroup": {"id": id_of(NSG, "g")}}
    rules = group("g", ("Inbound", "Allow", "Internet", "*", "443"))
    documents = one(guard, _balancer(pool), public("p", "20.1.1.1"), rules)
    assert outcome(ask(documents, "Internet", "na")) == expected


def test_an_interface_alone_may_name_its_nat_rule() -> None:
    """As in a template: what Azure answers names both ways."""
    properties = {"frontendIPConfiguration": FRONT, "protocol": "Tcp", "frontendPort": 5000, "backendPort": 443}
    balancer = _balancer(
        loadBalancingRules=[], inboundNatRules=[{"id": NAT_RULE, "name": "x", "properties": properties}]
    )
    documents = _two("*", balancer, public("p", "20.1.1.1"), loadBalancerInboundNatRules=[{"id": NAT_RULE}])
    assert outcome(ask(documents, "Internet", "na")) == "yes"


def test_the_management_subnet_of_a_firewall_leaves_by_the_address_of_its_own() -> None:
    """docs: firewall/forced-tunneling, management interface."""
    config = {"publicIPAddress": {"id": id_of(PIP, "p")}, "subnet": {"id": subnet_id("v", "a")}}
    inner = {"privateIPAddress": "10.1.1.4", "subnet": {"id": subnet_id("v", "f")}}
    properties = {
        "ipConfigurations": [{"name": "c", "properties": inner}],
        "managementIpConfiguration": {"name": "m", "properties": config},
    }
    documents = [
        vnet("v", "10.1.0.0/16", subnets={"a": PRIVATE, "f": {**PRIVATE, "addressPrefix": "10.1.1.0/26"}}),
        doc("Microsoft.Network/azureFirewalls", "fw", properties=properties),
        public("p", "20.1.1.1"),
    ]
    assert outcome(ask(documents, "v/a", "Internet")) == "yes"
