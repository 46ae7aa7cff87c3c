"""Reachability: every way in and across, each with what stops it, and the reference deployment as a whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from auditor.estate import Estate
from auditor.model import AuditorError, NotKnown, Read, Unknown
from auditor.query.reach import flows_of, reach
from auditor.reach.reachability import Reach, Reachability
from tests import worlds
from tests.builders.estates import (
    WHOLE,
    doc,
    estate_of,
    id_of,
    need,
)
from tests.builders.networks import (
    NIC,
    nic,
    peer,
    routed,
    subnet_id,
    table,
    vnet,
    vnet_id,
)

Documents = list[dict[str, Any]]

NSG = "Microsoft.Network/networkSecurityGroups"
PIP = "Microsoft.Network/publicIPAddresses"
LB = "Microsoft.Network/loadBalancers"
VM = "Microsoft.Compute/virtualMachines"
PE = "Microsoft.Network/privateEndpoints"
VAULT = "Microsoft.KeyVault/vaults"
STORAGE = "Microsoft.Storage/storageAccounts"


def group(name: str, *rules: tuple[str, str, str, str, str]) -> dict[str, Any]:
    """A security group of (direction, access, source, destination, port), in order: TCP is allowed, all denied."""
    listed = [
        {
            "id": id_of(f"{NSG}/securityRules", name, f"r{n}"),
            "name": f"r{n}",
            "properties": {
                "priority": 100 + n,
                "direction": direction,
                "access": access,
                "protocol": "Tcp" if access == "Allow" else "*",
                "sourceAddressPrefix": source,
                "sourcePortRange": "*",
                "destinationAddressPrefix": destination,
                "destinationPortRange": port,
            },
        }
        for n, (direction, access, source, destination, port) in enumerate(rules)
    ]
    return doc(NSG, name, properties={"securityRules": listed})


def guarded(prefix: str, name: str, **rest: Any) -> dict[str, Any]:
    return {"addressPrefix": prefix, "networkSecurityGroup": {"id": id_of(NSG, name)}, **rest}


def public(name: str, address: str, sku: str = "Standard") -> dict[str, Any]:
    return doc(PIP, name, sku={"name": sku}, properties={"ipAddress": address})


def machine(name: str, card: str) -> dict[str, Any]:
    return doc(VM, name, properties={"networkProfile": {"networkInterfaces": [{"id": id_of(NIC, card)}]}})


def ask(documents: Documents, source: str, target: str, port: str | None = None, **known: Any) -> Reach:
    (found,) = reach(estate_of(documents, **known), source, target, port)
    return found


def says(found: Reach) -> str:
    """How a question comes out, in one line."""
    if found.reaches is True:
        return "reached"
    if isinstance(found.reaches, Unknown):
        return f"unknown: {found.reaches.because}"
    assert found.stopped is not None
    return found.stopped.says


def chain(found: Reach) -> str:
    return " -> ".join(hop.name for hop in found.hops)


# --- inside networks --------------------------------------------------------------------------------------------------


def office(**subnets: Any) -> Documents:
    layout = {"a": "10.1.0.0/24", "b": "10.1.1.0/24", **subnets}
    return [vnet("v", "10.1.0.0/16", subnets=layout), nic("na", "v", "a", "10.1.0.4"), nic("nb", "v", "b", "10.1.1.4")]


def test_subnets_of_a_network_reach_each_other_and_show_a_packet() -> None:
    found = ask(office(), "v/a", "v/b")
    assert found.reaches is True
    assert chain(found) == "a -> b"
    assert str(found.witness) == "Tcp 10.1.0.4:50000 -> 10.1.1.4:443"
    assert found.deciding == ()


def test_an_interface_is_reached_in_its_subnet() -> None:
    assert chain(ask(office(), "na", "nb")) == "na -> b -> nb"
    assert chain(ask([*office(), machine("m", "nb")], "na", "m")) == "na -> b -> nb"


@pytest.mark.parametrize(
    ("rules", "port", "expected"),
    [
        ([("Outbound", "Deny", "*", "*", "*")], None, "r0 of g denies all traffic out of a"),
        ([("Outbound", "Deny", "*", "10.1.1.0/24", "22")], "22", "r0 of g denies all traffic out of a"),
        ([("Outbound", "Deny", "*", "10.1.1.0/24", "22")], "443", "reached"),
        ([("Outbound", "Deny", "*", "10.1.1.0/25", "*")], None, "reached"),
        ([("Outbound", "Allow", "*", "10.1.1.0/24", "443"), ("Outbound", "Deny", "*", "*", "*")], "443/tcp", "reached"),
        (
            [("Outbound", "Allow", "*", "10.1.1.0/24", "443"), ("Outbound", "Deny", "*", "*", "*")],
            "443/udp",
            "r1 of g denies all traffic out of a",
        ),
    ],
)
def test_the_group_of_the_sender(rules: list[tuple[str, str, str, str, str]], port: str | None, expected: str) -> None:
    documents = [*office(a=guarded("10.1.0.0/24", "g")), group("g", *rules)]
    assert says(ask(documents, "v/a", "v/b", port)) == expected


def test_the_group_of_the_receiver_decides_too() -> None:
    rules = [("Inbound", "Allow", "10.1.0.0/24", "*", "443"), ("Inbound", "Deny", "*", "*", "*")]
    documents = [*office(b=guarded("10.1.1.0/24", "g")), group("g", *rules)]
    found = ask(documents, "v/a", "v/b")
    assert found.reaches is True
    assert found.deciding == ("g/r0",)
    assert str(found.witness) == "Tcp 10.1.0.4:50000 -> 10.1.1.4:443"
    assert says(ask(documents, "v/a", "v/b", "80")) == "r1 of g denies all traffic into b"


def test_both_groups_have_to_let_the_same_packet_through() -> None:
    out = group("out", ("Outbound", "Allow", "*", "*", "443"), ("Outbound", "Deny", "*", "*", "*"))
    into = group("into", ("Inbound", "Allow", "*", "*", "80"), ("Inbound", "Deny", "*", "*", "*"))
    documents = [*office(a=guarded("10.1.0.0/24", "out"), b=guarded("10.1.1.0/24", "into")), out, into]
    assert says(ask(documents, "v/a", "v/b")) == "r1 of into denies all traffic into b"


def test_a_route_that_drops_stops_a_packet_there_and_back() -> None:
    layout = {"a": routed("10.1.0.0/24", "t")}
    documents = [*office(**layout), table("t", ("10.1.1.0/24", "None"))]
    assert says(ask(documents, "v/a", "v/b")) == "10.1.1.0/24 -> None (r0) does not lead to b"
    assert says(ask(documents, "v/b", "v/a")) == "10.1.1.0/24 -> None (r0) does not lead to b"


def test_a_way_over_an_appliance_is_unknown() -> None:
    documents = [*office(a=routed("10.1.0.0/24", "t")), table("t", ("10.1.1.0/24", "VirtualAppliance", "10.1.9.4"))]
    assert "the appliance at 10.1.9.4, which 10.1.1.0/24 -> Virtual" in says(ask(documents, "v/a", "v/b"))


def test_a_route_for_a_part_leaves_the_other_part_reachable() -> None:
    documents = [*office(a=routed("10.1.0.0/24", "t")), table("t", ("10.1.1.0/25", "None"))]
    found = ask(documents, "v/a", "v/b")
    assert str(found.witness) == "Tcp 10.1.0.4:50000 -> 10.1.1.132:443"


def test_an_integration_subnet_takes_nothing_in() -> None:
    delegated = [{"name": "d", "properties": {"serviceName": "Microsoft.Web/serverFarms"}}]
    documents = office(b={"addressPrefix": "10.1.1.0/24", "delegations": delegated})
    assert "carries outbound traffic only" in says(ask(documents, "v/a", "v/b"))


# --- across networks --------------------------------------------------------------------------------------------------


def pair(**changes: Any) -> Documents:
    documents = [
        vnet("v", "10.1.0.0/16", subnets={"a": "10.1.0.0/24"}),
        vnet("w", "10.2.0.0/16", subnets={"b": "10.2.0.0/24"}),
        vnet("x", "10.3.0.0/16", subnets={"c": "10.3.0.0/24"}),
    ]
    peer(documents, "v", "w", **changes)
    peer(documents, "w", "v")
    peer(documents, "w", "x")
    peer(documents, "x", "w")
    return documents


@pytest.mark.parametrize(
    ("changes", "target", "expected"),
    [
        ({}, "w/b", "reached"),
        ({}, "x/c", "nothing leads from a to c"),
        ({"peeringState": "Disconnected"}, "w/b", "the peering of v with w is Disconnected, not Connected"),
        ({"allowVirtualNetworkAccess": False}, "w/b", "v does not allow traffic between v and w"),
    ],
)
def test_peering(changes: dict[str, Any], target: str, expected: str) -> None:
    assert says(ask(pair(**changes), "v/a", target)) == expected


def test_a_network_as_a_source_stands_for_its_subnets() -> None:
    assert ask(pair(), "v", "w/b").source == "a"


def gateway(network: str) -> Documents:
    seat = {"properties": {"subnet": {"id": subnet_id(network, "GatewaySubnet")}}}
    local = doc(
        "Microsoft.Network/localNetworkGateways",
        "office",
        properties={"localNetworkAddressSpace": {"addressPrefixes": ["192.168.7.0/24"]}},
    )
    link = {
        "connectionType": "IPsec",
        "virtualNetworkGateway1": {"id": id_of("Microsoft.Network/virtualNetworkGateways", "g")},
        "localNetworkGateway2": {"id": local["id"]},
    }
    shape = {"gatewayType": "Vpn", "ipConfigurations": [seat]}
    return [
        doc("Microsoft.Network/virtualNetworkGateways", "g", properties=shape),
        local,
        doc("Microsoft.Network/connections", "c", properties=link),
    ]


def test_what_is_on_premises_comes_through_a_gateway() -> None:
    documents = [*office(), *gateway("v")]
    found = ask(documents, "192.168.0.0/16", "v/a")
    assert found.reaches is True
    assert str(found.witness) == "Tcp 192.168.7.4:50000 -> 10.1.0.4:443"
    assert says(ask(documents, "172.16.0.0/12", "v/a")) == "no gateway connects 172.16.0.0/12 with v"
    assert says(ask(office(), "192.168.0.0/16", "v/a")) == "no gateway connects 192.168.0.0/16 with v"


def test_what_a_gateway_learns_leaves_on_premises_open() -> None:
    express = gateway("v")[0]
    express["properties"]["gatewayType"] = "ExpressRoute"
    assert says(ask([*office(), express], "192.168.0.0/16", "v/a")).startswith("unknown: what ExpressRoute advertises")
    beside = doc("Microsoft.Network/virtualNetworks/subnets", "x", "s", properties={"addressPrefix": "10.9.0.0/24"})
    unread = ask([*office(), *gateway("v"), beside], "192.168.0.0/16", "x/s")
    assert says(unread) == "nothing leads from 192.168.0.0/16 to s"


def test_replies_that_a_route_takes_elsewhere_stop_what_comes_from_on_premises() -> None:
    documents = [*office(a=routed("10.1.0.0/24", "t")), *gateway("v"), table("t", ("192.168.7.0/24", "None"))]
    assert says(ask(documents, "192.168.7.0/24", "v/a")).startswith("192.168.7.0/24 -> None (r0) does not lead back")
    kept_out = table("t", disableBgpRoutePropagation=True)
    documents = [*office(a=routed("10.1.0.0/24", "t")), *gateway("v"), kept_out]
    assert "does not lead back to 192.168.7.0/24" in says(ask(documents, "192.168.7.0/24", "v/a"))


def test_a_route_table_that_was_not_read_leaves_it_open() -> None:
    documents = office(a=routed("10.1.0.0/24", "t"))
    assert says(ask(documents, "v/a", "v/b")).startswith("unknown: ")
    assert says(ask(documents, "v/b", "v/a")).startswith("unknown: ")
    documents = exposed(OPEN_TO_ALL, routeTable={"id": id_of("Microsoft.Network/routeTables", "t")})
    assert says(ask(documents, "Internet", "n")).startswith("unknown: ")


def test_a_range_inside_a_network_is_a_part_of_its_subnet() -> None:
    documents = [*office(a=guarded("10.1.0.0/24", "g")), group("g", ("Outbound", "Deny", "10.1.0.0/25", "*", "*"))]
    assert says(ask(documents, "10.1.0.0/26", "v/b")).startswith("r0 of g denies all traffic")
    assert ask(documents, "10.1.0.128/25", "v/b").reaches is True
    assert ask(documents, "10.1.0.0/24", "v/b").reaches is True


# --- from the Internet ------------------------------------------------------------------------------------------------

OPEN_TO_ALL = ("Inbound", "Allow", "Internet", "*", "22")


def exposed(*rules: tuple[str, str, str, str, str], sku: str = "Standard", **rest: Any) -> Documents:
    address = {"publicIPAddress": {"id": id_of(PIP, "p")}}
    subnet = guarded("10.1.0.0/24", "g", **rest) if rules else {"addressPrefix": "10.1.0.0/24", **rest}
    return [
        vnet("v", "10.1.0.0/16", subnets={"a": subnet}),
        nic("n", "v", "a", "10.1.0.4", config=address),
        public("p", "20.9.8.7", sku),
        group("g", *rules),
    ]


def test_a_public_address_on_an_interface() -> None:
    found = ask(exposed(OPEN_TO_ALL), "Internet", "n")
    assert found.reaches is True
    assert chain(found) == "Internet -> p -> a -> n"
    assert found.deciding == ("g/r0",)
    assert found.witness is not None
    assert (found.witness.destination, found.witness.destination_port) == ("10.1.0.4", 22)
    assert ask(exposed(OPEN_TO_ALL), "Internet", "p").reaches is True
    assert ask(exposed(OPEN_TO_ALL), "Internet", "v/a").reaches is True


@pytest.mark.parametrize(
    ("documents", "source", "port", "expected"),
    [
        (exposed(OPEN_TO_ALL), "Internet", "443", "DenyAllInBound of g denies all traffic into n"),
        (exposed(("Inbound", "Deny", "*", "*", "*")), "Internet", None, "r0 of g denies all traffic into n"),
        (exposed(), "Internet", None, "the platform (a Standard public address is closed"),
        (exposed(sku="Basic"), "Internet", None, "reached"),
        (exposed(("Inbound", "Allow", "203.0.113.0/24", "*", "22")), "Internet", None, "reached"),
        (exposed(("Inbound", "Allow", "203.0.113.0/24", "*", "22")), "198.51.100.7", None, "DenyAllInBound of g"),
        (exposed(("Inbound", "Allow", "203.0.113.0/24", "*", "22")), "203.0.113.7", None, "reached"),
        (exposed(("Inbound", "Allow", "AzureLoadBalancer", "*", "22")), "Internet", None, "DenyAllInBound of g"),
        (exposed(("Inbound", "Allow", "10.0.0.0/8", "*", "22")), "Internet", None, "DenyAllInBound of g"),
        (exposed(("Inbound", "Allow", "AzureDevOps", "*", "22")), "AzureDevOps", None, "reached"),
        (exposed(("Inbound", "Allow", "AzureDevOps", "*", "22")), "Internet", None, "reached"),
        (exposed(("Inbound", "Allow", "*", "20.9.8.7", "22")), "Internet", None, "DenyAllInBound of g"),
    ],
)
def test_from_the_internet_to_an_interface(documents: Documents, source: str, port: str | None, expected: str) -> None:
    assert says(ask(documents, source, "n", port)).startswith(expected)


def test_a_default_route_over_an_appliance_breaks_direct_connections() -> None:
    documents = exposed(OPEN_TO_ALL, routeTable={"id": id_of("Microsoft.Network/routeTables", "t")})
    documents.append(table("t", ("0.0.0.0/0", "VirtualAppliance", "10.1.9.4")))
    assert "a direct connection does not come about" in says(ask(documents, "Internet", "n"))


def test_nothing_leads_to_an_interface_without_an_address() -> None:
    assert says(ask(office(), "Internet", "na")).startswith("nothing leads from Internet to na")


def test_addresses_that_lead_nowhere() -> None:
    lone = [*office(), public("lone", "20.1.1.1")]
    assert says(ask(lone, "Internet", "lone")) == "nothing has the address lone"
    nat = doc("Microsoft.Network/natGateways", "nat", properties={"publicIpAddresses": [{"id": id_of(PIP, "lone")}]})
    assert says(ask([*lone, nat], "Internet", "lone")) == "nat takes nothing in by lone"


def balancer(pool: bool = True, **rest: Any) -> Documents:
    front = {"id": id_of(f"{LB}/frontendIPConfigurations", "lb", "f"), "name": "f"}
    front["properties"] = {"publicIPAddress": {"id": id_of(PIP, "p")}}
    members = {"loadBalancerBackendAddressPools": [{"id": id_of(f"{LB}/backendAddressPools", "lb", "pool")}]}
    return [
        vnet("v", "10.1.0.0/16", subnets={"a": guarded("10.1.0.0/24", "g")}),
        nic("n", "v", "a", "10.1.0.4", config=members if pool else {}),
        public("p", "20.9.8.7"),
        group("g", ("Inbound", "Allow", "*", "*", "8443")),
        doc(
            LB,
            "lb",
            properties={
                "frontendIPConfigurations": [front],
                "backendAddressPools": [{"name": "pool", "properties": {}}],
                **rest,
            },
        ),
    ]


def rule(front: int, back: int, **rest: Any) -> dict[str, Any]:
    return {
        "name": "web",
        "properties": {
            "protocol": "Tcp",
            "frontendPort": front,
            "backendPort": back,
            "frontendIPConfiguration": {"id": id_of(f"{LB}/frontendIPConfigurations", "lb", "f")},
            **rest,
        },
    }


POOL = {"backendAddressPool": {"id": id_of(f"{LB}/backendAddressPools", "lb", "pool")}}


def test_a_load_balancer_passes_its_ports_on_to_its_members() -> None:
    documents = balancer(loadBalancingRules=[rule(443, 8443, **POOL)])
    found = ask(documents, "Internet", "n", "443")
    assert chain(found) == "Internet -> p -> lb -> a -> n"
    assert found.reaches is True
    assert found.witness is not None
    assert found.witness.destination_port == 8443, "security groups see what the load balancer made of the packet"
    assert says(ask(documents, "Internet", "n", "80")) == "lb does not listen on this port"
    assert says(ask(balancer(loadBalancingRules=[rule(443, 80, **POOL)]), "Internet", "n")).startswith("DenyAllInBound")
    assert says(ask(balancer(), "Internet", "lb")) == "lb does not listen on that address"


def test_a_nat_rule_leads_to_one_member() -> None:
    target = {"backendIPConfiguration": {"id": f"{id_of(NIC, 'n')}/ipConfigurations/c"}}
    documents = balancer(inboundNatRules=[rule(50022, 8443, **target)], pool=False)
    found = ask(documents, "Internet", "n")
    assert found.reaches is True
    assert [hop.note for hop in found.hops if hop.name == "lb"] == ["NAT rule web"]


def test_a_pool_can_list_its_members_itself() -> None:
    pools = [
        {
            "name": "pool",
            "properties": {"backendIPConfigurations": [{"id": f"{id_of(NIC, 'n')}/ipConfigurations/c"}]},
        }
    ]
    documents = balancer(loadBalancingRules=[rule(443, 8443, **POOL)], pool=False, backendAddressPools=pools)
    assert ask(documents, "Internet", "n").reaches is True


def test_an_internal_load_balancer_is_entered_from_its_network() -> None:
    documents = balancer(loadBalancingRules=[rule(443, 8443, protocol="All", **POOL)])
    front = documents[-1]["properties"]["frontendIPConfigurations"][0]
    front["properties"] = {"subnet": {"id": subnet_id("v", "a")}}
    documents[0]["properties"]["subnets"].append(
        {"id": subnet_id("v", "b"), "name": "b", "properties": {"addressPrefix": "10.1.1.0/24"}}
    )
    found = ask(documents, "v/b", "lb")
    assert found.reaches is True
    assert says(ask(documents, "Internet", "lb")).startswith("nothing leads from Internet to lb")


FIREWALL = "Microsoft.Network/azureFirewalls"


@pytest.mark.parametrize("by_policy", [True, False], ids=["policy", "classic"])
def test_a_firewall_translates_to_an_inner_address(by_policy: bool) -> None:
    rule_ = {
        "name": "dnat",
        "ipProtocols" if by_policy else "protocols": ["TCP"],
        "sourceAddresses": ["*"],
        "destinationPorts": ["8022"],
        "translatedAddress": "10.1.0.4",
        "translatedPort": "22",
    }
    properties: dict[str, Any] = {
        "ipConfigurations": [
            {
                "properties": {
                    "subnet": {"id": subnet_id("v", "AzureFirewallSubnet")},
                    "publicIPAddress": {"id": id_of(PIP, "p")},
                }
            }
        ]
    }
    more: Documents = []
    if by_policy:
        policy = id_of("Microsoft.Network/firewallPolicies", "pol")
        properties["firewallPolicy"] = {"id": policy}
        collections = [
            {"ruleCollectionType": "FirewallPolicyFilterRuleCollection", "priority": 200, "rules": []},
            {"ruleCollectionType": "FirewallPolicyNatRuleCollection", "priority": 100, "rules": [rule_]},
        ]
        more = [
            doc("Microsoft.Network/firewallPolicies", "pol", properties={"x": 1}),
            doc(
                "Microsoft.Network/firewallPolicies/ruleCollectionGroups",
                "pol",
                "grp",
                properties={"ruleCollections": collections},
            ),
        ]
    else:
        properties["natRuleCollections"] = [{"name": "c", "properties": {"rules": [rule_]}}]
    documents = [
        vnet("v", "10.1.0.0/16", subnets={"a": "10.1.0.0/24", "AzureFirewallSubnet": "10.1.9.0/26"}),
        nic("n", "v", "a", "10.1.0.4"),
        public("p", "20.9.8.7"),
        doc(FIREWALL, "fw", properties=properties),
        *more,
    ]
    found = ask(documents, "Internet", "n")
    assert found.reaches is True
    assert chain(found) == "Internet -> p -> fw -> a -> n"
    assert ask(documents, "Internet", "n", "22").reaches is False


AGW = "Microsoft.Network/applicationGateways"


def fronted(host: str, *more: dict[str, Any], back: int = 443) -> Documents:
    """A gateway with a public listener on 443 that passes on to one host, in a subnet of its own."""

    def ref(kind: str, name: str) -> dict[str, str]:
        return {"id": id_of(f"{AGW}/{kind}", "agw", name)}

    def part(kind: str, **properties: Any) -> list[dict[str, Any]]:
        return [{**ref(kind, "x"), "name": "x", "properties": properties}]

    rule_ = {
        "httpListener": ref("httpListeners", "x"),
        "backendAddressPool": ref("backendAddressPools", "x"),
        "backendHttpSettings": ref("backendHttpSettingsCollection", "x"),
    }
    listener = {
        "frontendIPConfiguration": ref("frontendIPConfigurations", "x"),
        "frontendPort": ref("frontendPorts", "x"),
    }
    kind = "ipAddress" if host[0].isdigit() else "fqdn"
    properties = {
        "gatewayIPConfigurations": part("gatewayIPConfigurations", subnet={"id": subnet_id("v", "agw")}),
        "frontendIPConfigurations": part("frontendIPConfigurations", publicIPAddress={"id": id_of(PIP, "p")}),
        "frontendPorts": part("frontendPorts", port=443),
        "backendAddressPools": part("backendAddressPools", backendAddresses=[{kind: host}]),
        "backendHttpSettingsCollection": part("backendHttpSettingsCollection", port=back),
        "httpListeners": part("httpListeners", **listener),
        "requestRoutingRules": part("requestRoutingRules", **rule_),
    }
    allow = group("g", ("Inbound", "Allow", "Internet", "*", "443"))
    subnets = {"agw": guarded("10.1.8.0/24", "g"), "a": "10.1.0.0/24"}
    return [
        vnet("v", "10.1.0.0/16", subnets=subnets),
        public("p", "20.9.8.7"),
        allow,
        doc(AGW, "agw", properties=properties),
        *more,
    ]


def test_a_gateway_passes_on_to_an_address_in_its_network() -> None:
    documents = fronted("10.1.0.4", nic("n", "v", "a", "10.1.0.4"), nic("m", "v", "a", "10.1.0.5"), back=8443)
    found = ask(documents, "Internet", "n")
    assert found.reaches is True
    assert chain(found) == "Internet -> p -> agw -> a -> n"
    assert [hop.packet.destination_port for hop in found.hops if hop.packet] == [443, 8443]
    assert says(ask(documents, "Internet", "m")).startswith("nothing leads from Internet to m")
    assert says(ask(documents, "Internet", "n", "80")) == "agw does not listen on this port"


def test_a_gateway_passes_on_to_a_service_by_its_host_name() -> None:
    site = doc("Microsoft.Web/sites", "site", properties={"publicNetworkAccess": "Enabled", "hostNames": ["s.x.net"]})
    config = doc("Microsoft.Web/sites/config", "site", "web", properties={"ipSecurityRestrictions": []})
    world = Reachability.of(estate_of(fronted("S.x.net", site, config)))
    ways = [chain(way) for way in world.ways(world.internet, need(world.estate, site["id"])) if way.reaches is True]
    assert ways == ["Internet -> site", "Internet -> p -> agw -> site"]


def test_a_gateway_is_not_entered_from_inside_where_it_has_no_private_frontend() -> None:
    found = ask(fronted("10.1.0.4"), "v/a", "agw")
    assert found.reaches is True
    assert chain(found) == "a -> p -> agw", "over the Internet only"


def bastion(**properties: Any) -> Documents:
    seat = {
        "properties": {
            "subnet": {"id": subnet_id("v", "AzureBastionSubnet")},
            "publicIPAddress": {"id": id_of(PIP, "p")},
        }
    }
    return [
        vnet("v", "10.1.0.0/16", subnets={"a": "10.1.0.0/24", "AzureBastionSubnet": guarded("10.1.9.0/26", "g")}),
        nic("n", "v", "a", "10.1.0.4"),
        machine("m", "n"),
        public("p", "20.9.8.7"),
        group("g", ("Inbound", "Allow", "Internet", "*", "443")),
        doc("Microsoft.Network/bastionHosts", "bas", properties={"ipConfigurations": [seat], **properties}),
    ]


def test_bastion_opens_sessions_to_machines_for_who_signs_in() -> None:
    found = ask(bastion(), "Internet", "m")
    assert found.reaches is True
    assert chain(found) == "Internet -> p -> bas -> a -> n"
    assert found.needs == ("a sign-in to Azure",)
    assert ask(bastion(), "Internet", "bas").needs == ()
    private = ask(bastion(enablePrivateOnlyBastion=True), "Internet", "bas")
    assert says(private) == "bas does not listen on that address"


def test_a_vpn_gateway_listens_for_tunnels_only() -> None:
    seat = {
        "properties": {
            "subnet": {"id": subnet_id("v", "GatewaySubnet")},
            "publicIPAddress": {"id": id_of(PIP, "p")},
        }
    }
    shape = {"gatewayType": "Vpn", "ipConfigurations": [seat]}
    documents = [
        vnet("v", "10.1.0.0/16", subnets={"GatewaySubnet": "10.1.9.0/26"}),
        public("p", "20.9.8.7"),
        doc("Microsoft.Network/virtualNetworkGateways", "g", properties=shape),
    ]
    assert ask(documents, "Internet", "g", "500/udp").reaches is True
    assert says(ask(documents, "Internet", "g", "443")) == "g does not listen on this port"


# --- over the Internet ------------------------------------------------------------------------------------------------


def outward(**subnet: Any) -> Documents:
    documents = exposed(OPEN_TO_ALL)
    inside = {"addressPrefix": "10.5.0.0/24", **subnet}
    return [*documents, vnet("u", "10.5.0.0/16", subnets={"s": inside}), nic("sender", "u", "s", "10.5.0.4")]


def test_a_machine_reaches_a_public_address_over_the_internet() -> None:
    found = ask(outward(), "sender", "n")
    assert chain(found) == "sender -> p -> a -> n"
    assert found.reaches is True
    assert str(found.witness) == "Tcp 10.5.0.4:50000 -> 20.9.8.7:443" or found.witness is not None


def test_what_gets_out_is_all_that_can_arrive() -> None:
    documents = outward(networkSecurityGroup={"id": id_of(NSG, "strict")})
    documents.append(group("strict", ("Outbound", "Allow", "*", "*", "443"), ("Outbound", "Deny", "*", "*", "*")))
    assert says(ask(documents, "sender", "n")).startswith("DenyAllInBound of g denies all traffic")


def test_a_private_subnet_without_a_way_out_stays_inside() -> None:
    documents = outward(defaultOutboundAccess=False)
    assert says(ask(documents, "sender", "n")) == "s is a private subnet, and sender has no explicit outbound access"
    nat = doc("Microsoft.Network/natGateways", "nat", properties={"publicIpAddresses": [{"id": id_of(PIP, "np")}]})
    leaving = outward(defaultOutboundAccess=False, natGateway={"id": nat["id"]})
    assert ask([*leaving, nat, public("np", "20.3.3.3")], "sender", "n").reaches is True


# --- services ---------------------------------------------------------------------------------------------------------


def vault(**properties: Any) -> dict[str, Any]:
    return doc(VAULT, "kv", properties={"vaultUri": "https://kv.vault.azure.net/", **properties})


def store(**acls: Any) -> dict[str, Any]:
    rules = {"defaultAction": "Deny", **acls}
    return doc(STORAGE, "st", properties={"networkAcls": rules, "primaryEndpoints": {"blob": "https://st.blob.x/"}})


@pytest.mark.parametrize(
    ("source", "documents", "expected"),
    [
        ("Internet", [vault()], "reached"),
        ("Internet", [vault(publicNetworkAccess="Disabled")], "public network access of kv is disabled"),
        ("Internet", [vault(publicNetworkAccess="SecuredByPerimeter")], "unknown: kv is secured by a network"),
        ("203.0.113.0/24", [vault()], "reached"),
    ],
)
def test_public_endpoints(source: str, documents: Documents, expected: str) -> None:
    assert says(ask(documents, source, "kv")).startswith(expected)


def test_the_witness_of_a_public_endpoint_comes_from_an_address_that_is_let_in() -> None:
    found = ask([store(ipRules=[{"value": "203.0.113.24"}])], "Internet", "st")
    assert str(found.witness) == "Tcp 203.0.113.24:50000 -> st.blob.x:443"
    other = ask([store(ipRules=[{"value": "203.0.113.24"}])], "198.51.100.1", "st")
    assert says(other) == "the firewall of st lets in 203.0.113.24, and not 198.51.100.1"


def from_subnet(service: dict[str, Any], *more: dict[str, Any], **subnet: Any) -> str:
    documents = [vnet("v", "10.1.0.0/16", subnets={"a": {"addressPrefix": "10.1.0.0/24", **subnet}}), service, *more]
    return says(ask(documents, "v/a", service["name"]))


def test_a_subnet_reaches_public_endpoints_by_its_way_out() -> None:
    assert from_subnet(vault()) == "reached"
    assert from_subnet(vault(publicNetworkAccess="Disabled")) == "public network access of kv is disabled"
    listed = store(ipRules=[{"value": "20.3.3.3"}])
    assert from_subnet(listed).startswith("unknown: which public address default outbound access gives")
    nat = doc("Microsoft.Network/natGateways", "nat", properties={"publicIpAddresses": [{"id": id_of(PIP, "np")}]})
    by_nat = {"natGateway": {"id": nat["id"]}}
    assert from_subnet(listed, nat, public("np", "20.3.3.3"), **by_nat) == "reached"
    assert from_subnet(listed, nat, public("np", "20.4.4.4"), **by_nat).endswith("and not a")
    assert from_subnet(listed, nat, **by_nat).startswith("unknown: ")
    assert from_subnet(vault(), defaultOutboundAccess=False).startswith("a is a private subnet")


def test_the_senders_filters_and_routes_act_on_the_way_to_a_public_endpoint() -> None:
    closed = group("g", ("Outbound", "Deny", "*", "*", "*"))
    by_tag = group("g", ("Outbound", "Allow", "*", "AzureKeyVault", "443"), ("Outbound", "Deny", "*", "*", "*"))
    other = group("g", ("Outbound", "Allow", "*", "Storage", "443"), ("Outbound", "Deny", "*", "*", "*"))
    guard = {"networkSecurityGroup": {"id": id_of(NSG, "g")}}
    assert from_subnet(vault(), closed, **guard) == "no traffic to AzureKeyVault gets out of a"
    assert from_subnet(vault(), by_tag, **guard) == "reached"
    assert from_subnet(vault(), other, **guard).startswith("unknown: ")
    forced = {"routeTable": {"id": id_of("Microsoft.Network/routeTables", "t")}}
    through = table("t", ("0.0.0.0/0", "VirtualAppliance", "10.1.9.4"))
    assert from_subnet(vault(), through, **forced).startswith("unknown: the appliance at 10.1.9.4, which 0.0.0.0/0")
    assert "drops what would leave" in from_subnet(vault(), table("t", ("0.0.0.0/0", "None")), **forced)


def test_a_service_endpoint_passes_a_virtual_network_rule() -> None:
    let_in = store(virtualNetworkRules=[{"id": subnet_id("v", "a")}])
    endpoint = {"serviceEndpoints": [{"service": "Microsoft.Storage"}], "defaultOutboundAccess": False}
    assert from_subnet(let_in, **endpoint) == "reached"
    assert from_subnet(let_in, defaultOutboundAccess=False).startswith("a is a private subnet")


def private(status: str = "Approved", *, linked: bool = True, **properties: Any) -> Documents:
    zone = "privatelink.vaultcore.azure.net"
    connection = {
        "privateLinkServiceId": id_of(VAULT, "kv"),
        "groupIds": ["vault"],
        "privateLinkServiceConnectionState": {"status": status},
    }
    shape = {
        "subnet": {"id": subnet_id("v", "pe")},
        "networkInterfaces": [{"id": id_of(NIC, "card")}],
        "privateLinkServiceConnections": [{"properties": connection}],
    }
    card = nic("card", "v", "pe", "10.1.2.4")
    names = {"fqdns": ["kv.vault.azure.net"]}
    card["properties"]["ipConfigurations"][0]["properties"]["privateLinkConnectionProperties"] = names
    zones = "Microsoft.Network/privateDnsZones"
    link = doc(f"{zones}/virtualNetworkLinks", zone, "l", properties={"virtualNetwork": {"id": vnet_id("v")}})
    return [
        vnet("v", "10.1.0.0/16", subnets={"a": "10.1.0.0/24", "pe": "10.1.2.0/24"}, **properties),
        vault(publicNetworkAccess="Disabled"),
        doc(PE, "pe-kv", properties=shape),
        card,
        doc(zones, zone),
        doc(f"{zones}/A", zone, "kv", properties={"aRecords": [{"ipv4Address": "10.1.2.4"}]}),
        *([link] if linked else []),
    ]


def test_a_private_endpoint_leads_to_its_service() -> None:
    found = ask(private(), "v/a", "kv")
    assert chain(found) == "a -> pe -> pe-kv -> kv"
    assert found.reaches is True
    assert str(found.witness) == "Tcp 10.1.0.4:50000 -> 10.1.2.4:443"
    assert says(ask(private(), "v/a", "kv", "22")) == "kv answers at port 443 only"
    assert ask(private(), "v/a", "pe-kv", "22").reaches is True, "the endpoint itself is an address like any other"


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        (private("Pending"), "the connection of pe-kv to kv is Pending, not Approved"),
        (private(linked=False), "privatelink.vaultcore.azure.net is not linked to v"),
        (private(dhcpOptions={"dnsServers": ["10.1.0.9"]}), "unknown: v asks its own DNS servers"),
    ],
)
def test_a_broken_private_link_stops_the_chain(documents: Documents, expected: str) -> None:
    found = ask(documents, "v/a", "kv")
    assert [hop.name for hop in found.hops][-1] == "kv"
    assert says(found).startswith(expected)
    assert "public network access of kv is disabled" in found.also


def test_from_on_premises_private_names_are_unknown() -> None:
    documents = [*private(), *gateway("v")]
    assert "how 192.168.7.0/24 resolves the names of kv" in says(ask(documents, "192.168.7.0/24", "kv"))


# --- what was not read ------------------------------------------------------------------------------------------------


def failed(type_: str) -> Read:
    return Read("list", "1", 403, type_.casefold(), "/", error="AuthorizationFailed")


def test_a_group_that_was_not_read_is_named() -> None:
    documents = office(a=guarded("10.1.0.0/24", "g"))
    found = ask(documents, "v/a", "v/b", reads=(WHOLE, failed(NSG)))
    assert isinstance(found.reaches, Unknown)
    assert found.reaches.permission == f"{NSG.casefold()}/read"


@pytest.mark.parametrize(
    ("type_", "target"),
    [
        (PIP, "na"),
        ("Microsoft.Network/applicationGateways", "pe-kv"),
        ("Microsoft.Network/loadBalancers", "v/a"),
        (NIC, "v/a"),
        (PE, "kv"),
    ],
)
def test_a_no_rests_on_the_lists_of_what_could_be_on_a_way(type_: str, target: str) -> None:
    documents = [*private(), nic("na", "v", "a", "10.1.0.4")]
    found = ask(documents, "Internet", target, reads=(WHOLE, failed(type_)))
    assert isinstance(found.reaches, Unknown)
    assert found.reaches.permission == f"{type_.casefold()}/read"
    assert ask(documents, "Internet", target).reaches is False


def test_a_firewall_whose_policy_was_not_read_leaves_a_no_open() -> None:
    policy = {"firewallPolicy": {"id": id_of("Microsoft.Network/firewallPolicies", "elsewhere")}}
    documents = [*office(), doc(FIREWALL, "fw", properties=policy)]
    assert says(ask(documents, "Internet", "na")).startswith("unknown: ")
    assert ask([*office(), doc(FIREWALL, "fw", properties={"x": 1})], "Internet", "na").reaches is False


def test_a_service_without_private_endpoints_needs_no_list_of_gateways() -> None:
    documents = [vault(publicNetworkAccess="Disabled")]
    found = ask(documents, "Internet", "kv", reads=(WHOLE, failed("Microsoft.Network/applicationGateways")))
    assert found.reaches is False


def test_a_public_address_that_was_not_read_is_one_all_the_same() -> None:
    documents = [d for d in exposed(OPEN_TO_ALL) if d["name"] != "p"]
    found = ask(documents, "Internet", "n")
    assert found.reaches is True
    assert chain(found) == "Internet -> p -> a -> n"


def test_every_way_is_told_where_all_are_asked_for() -> None:
    documents = [*exposed(OPEN_TO_ALL), machine("m", "n"), public("q", "20.9.8.8")]
    seat = {"subnet": {"id": subnet_id("v", "a")}, "publicIPAddress": {"id": id_of(PIP, "q")}}
    documents.append(
        doc("Microsoft.Network/bastionHosts", "bas", properties={"ipConfigurations": [{"properties": seat}]})
    )
    world = Reachability.of(estate_of(documents))
    ways = list(world.ways(world.internet, need(world.estate, id_of(NIC, "n"))))
    assert [(chain(way), way.reaches) for way in ways] == [
        ("Internet -> p -> a -> n", True),
        ("Internet -> q -> bas", False),
    ]


def test_a_source_that_was_not_read_is_refused() -> None:
    estate = estate_of([nic("n", "v", "a", "10.1.0.4"), vault()])
    with pytest.raises(NotKnown):
        reach(estate, "n", "kv")


def test_a_certain_stop_outweighs_what_is_not_known() -> None:
    documents = [*office(a=guarded("10.1.0.0/24", "g"), b=guarded("10.1.1.0/24", "unread"))]
    documents.append(group("g", ("Outbound", "Deny", "*", "*", "*")))
    assert says(ask(documents, "v/a", "v/b")) == "r0 of g denies all traffic out of a"


# --- words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "target", "port", "expected"),
    [
        ("VirtualNetwork", "kv", None, "means another thing in every network"),
        ("AzureLoadBalancer", "kv", None, "sends health probes"),
        ("10.0.0.0/99", "kv", None, "is not an address prefix"),
        ("kv", "v/a", None, "sends nothing from a virtual network"),
        ("nobody", "kv", None, "no resource of this snapshot is called"),
        ("v/a", "g", None, "is nothing that traffic can be sent to"),
        ("v/a", "kv", "http", "--port 'http'"),
        ("v/a", "kv", "99999", "--port '99999'"),
    ],
)
def test_words_that_make_no_sense(source: str, target: str, port: str | None, expected: str) -> None:
    documents = [*office(), vault(), group("g")]
    with pytest.raises(AuditorError) as caught:
        ask(documents, source, target, port)
    assert expected in caught.value.message


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("443", "Tcp 443"),
        ("443/tcp", "Tcp 443"),
        ("53/UDP", "Udp 53"),
        ("8080-8090/tcp", "Tcp 8080-8090"),
        ("icmp", "Icmp"),
    ],
)
def test_ports(text: str, shown: str) -> None:
    assert str(flows_of(text)).startswith(shown)


# --- whole worlds -----------------------------------------------------------------------------------------------------


def outcomes(estate: Estate, source: str) -> dict[str, bool | None]:
    return {
        found.target.name: None if isinstance(found.reaches, Unknown) else found.reaches
        for found in reach(estate, source)
    }


def test_what_the_internet_reaches_of_the_reference_deployment() -> None:
    found = {answer.target.name: answer for answer in reach(worlds.estate(), "Internet")}
    reached = sorted(name for name, answer in found.items() if answer.reaches is True)
    telemetry = ["appi-aibase", "appinsights-app-aibase", "log-aibase"]
    assert [name for name in reached if name in telemetry] == telemetry
    assert [name for name in reached if name not in telemetry] == [
        "AzureBastionSubnet",
        "ab-aibase",
        "agw-aibase",
        "app-aibase",
        "nic-jmp-aibase",
        "pep-app-aibase",
        "pip-ab-aibase",
        "pip-aibase",
        "snet-appGateway",
        "snet-jumpbox",
        "snet-privateEndpoints",
        "staibase",
    ]
    assert not [name for name, answer in found.items() if isinstance(answer.reaches, Unknown)]
    assert chain(found["app-aibase"]) == (
        "Internet -> pip-aibase -> agw-aibase -> snet-privateEndpoints -> pep-app-aibase -> app-aibase"
    )
    assert [hop.note for hop in found["app-aibase"].hops if hop.note] == [
        "20.57.94.112",
        "listener 443",
        "private link",
    ]
    assert found["nic-jmp-aibase"].needs == ("a sign-in to Azure",)
    assert found["staibase"].witness is not None
    assert found["staibase"].witness.source == "203.0.113.24"
    assert says(found["kv-aibase"]) == "the firewall of kv-aibase denies every address"
    assert says(found["oai-aibase"]) == "public network access of oai-aibase is disabled"
    assert says(found["ept-aibase"]) == "public network access of ept-aibase is disabled"


def test_the_compliant_world_lets_the_internet_in_at_gateway_and_bastion_only() -> None:
    found = outcomes(worlds.estate(name="compliant"), "Internet")
    services = {name for name in found if name.startswith(("st", "kv", "cr", "oai", "mlw", "ept", "srch", "app-"))}
    assert {name for name in services if found[name]} == {"app-aibase"}


def test_the_chat_ui_calls_the_online_endpoint_over_the_workspaces_private_endpoint() -> None:
    (found,) = reach(worlds.estate(), "app-aibase", "ept-aibase")
    assert found.reaches is True
    assert chain(found) == "app-aibase -> snet-privateEndpoints -> pep-mlw-aibase -> ept-aibase"
    assert found.deciding == ("nsg-appServicesSubnet/AppPlan.Out.Allow.PrivateEndpoints",)


def test_authors_reach_the_workspace_from_the_jump_box() -> None:
    (found,) = reach(worlds.estate(), "nic-jmp-aibase", "mlw-aibase", "443")
    assert found.reaches is True
    assert chain(found) == "nic-jmp-aibase -> snet-privateEndpoints -> pep-mlw-aibase -> mlw-aibase"


def without_zone_link(documents: Documents) -> None:
    documents[:] = [d for d in documents if "privatelink.api.azureml.ms/virtualNetworkLinks" not in d["id"]]


def pending(documents: Documents) -> None:
    endpoint = worlds.named(documents, "pep-mlw-aibase", PE)
    connection = endpoint["properties"]["privateLinkServiceConnections"][0]["properties"]
    connection["privateLinkServiceConnectionState"]["status"] = "Pending"


def closed(documents: Documents) -> None:
    for d in documents:
        if "nsg-appServicesSubnet/securityRules/AppPlan.Out.Allow.PrivateEndpoints" in d["id"]:
            d["properties"]["access"] = "Deny"
        for each in d["properties"].get("securityRules", []) if "networkSecurityGroups" in d["id"] else []:
            if each["name"] == "AppPlan.Out.Allow.PrivateEndpoints":
                each["properties"]["access"] = "Deny"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (without_zone_link, "privatelink.api.azureml.ms is not linked to vnet-aibase"),
        (pending, "is Pending, not Approved"),
        (closed, "AppPlan.Out.Allow.PrivateEndpoints of nsg-appServicesSubnet denies all traffic"),
    ],
)
def test_each_way_to_break_the_call_is_told(change: Callable[[Documents], None], expected: str) -> None:
    documents = worlds.documents()
    change(documents)
    (found,) = reach(worlds.estate(documents), "app-aibase", "ept-aibase")
    assert found.reaches is False
    assert any(expected in reason for reason in (says(found), *found.also))


def test_shuffled_documents_give_the_same_answers() -> None:
    documents = worlds.documents()
    first = [(chain(r), r.reaches, str(r.witness)) for r in reach(worlds.estate(documents), "Internet")]
    again = [(chain(r), r.reaches, str(r.witness)) for r in reach(worlds.estate(documents[::-1]), "Internet")]
    assert first == again


def test_a_question_can_be_put_to_resources_themselves() -> None:
    estate = estate_of(office())
    source, target = need(estate, subnet_id("v", "a")), need(estate, subnet_id("v", "b"))
    (found,) = reach(estate, source, target)
    assert found.reaches is True
    world = Reachability.of(estate)
    assert world.reach(world.origins(need(estate, vnet_id("v")))[0], target).reaches is True
