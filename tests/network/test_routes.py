"""Routes: longest prefix, then user, BGP, system; what the system adds and takes away; what was not read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.estate import Estate
from auditor.model import NotKnown, Read, Unknown
from auditor.network.routing.route_sources import Routing, next_hop
from auditor.network.routing.routes import (
    Hop,
    NextHop,
    Route,
    RouteSet,
    Source,
)
from auditor.network.topology.service_tags import ServiceTags
from auditor.sets.address_set import AddressSet
from tests.builders.estates import (
    WHOLE,
    doc,
    estate_of,
    id_of,
    need,
)
from tests.builders.networks import (
    NIC,
    TABLE,
    nic,
    peer,
    routed,
    subnet_id,
    table,
    vnet,
    vnet_id,
)

RECORDED = json.loads((Path(__file__).parents[1] / "fixtures/azure-flows/next-hops.json").read_text("utf-8"))
ANSWERS = [
    pytest.param(recording["documents"], answer, id=f"{recording['name']}-{answer['destination']}")
    for recording in RECORDED["recordings"]
    for answer in recording["answers"]
]

WORDS = {Hop.VNET_LOCAL: "VirtualNetwork"}
"""Network Watcher calls it so since 2017-09; before, as effective routes do."""


@pytest.mark.parametrize(("documents", "answer"), ANSWERS)
def test_what_azure_itself_answered(documents: list[dict[str, Any]], answer: dict[str, Any]) -> None:
    estate = estate_of(documents)
    found = next_hop(estate, need(estate, answer["at"]), answer["destination"])
    assert isinstance(found, NextHop)
    assert WORDS.get(found.hop, found.hop) == answer["hop"]
    assert found.address == (answer["address"] or "")
    assert found.table.casefold() == answer["table"].casefold()


def test_every_recorded_next_hop_is_reproduced() -> None:
    """43 answers; the two that name an appliance out of reach are told with the type None and the address."""
    assert len(ANSWERS) == 43


# --- the table --------------------------------------------------------------------------------------------------------


def ask(documents: list[dict[str, Any]], address: str, **known: Any) -> NextHop | Unknown:
    estate = estate_of(documents, **known)
    return next_hop(estate, need(estate, subnet_id("v", "s")), address)


def hop_of(documents: list[dict[str, Any]], address: str, **known: Any) -> str:
    found = ask(documents, address, **known)
    return f"{found.hop} {found.address}".strip() if isinstance(found, NextHop) else "Unknown"


def one(*routes: tuple[str, ...], **properties: Any) -> list[dict[str, Any]]:
    return [vnet("v", "10.1.0.0/16", subnets={"s": routed("10.1.0.0/24", "t")}), table("t", *routes, **properties)]


SYSTEM = [
    ("10.1.255.9", "VnetLocal", "the network's own space, whether a subnet holds it or not"),
    ("8.8.8.8", "Internet", "the default route"),
    ("10.2.0.1", "None", "RFC 1918 outside the network"),
    ("172.16.0.1", "None", "RFC 1918"),
    ("192.168.9.9", "None", "RFC 1918"),
    ("100.64.0.1", "None", "RFC 6598"),
    ("127.0.0.1", "None", "loopback, recorded since 2024"),
    ("172.32.0.1", "Internet", "just outside RFC 1918"),
    ("25.1.2.3", "Unknown", "in some recordings Azure sends it nowhere"),
    ("2620::1", "Internet", "IPv6 has a default route too"),
]


@pytest.mark.parametrize(("address", "hop", "reason"), SYSTEM, ids=[row[2] for row in SYSTEM])
def test_system_routes(address: str, hop: str, reason: str) -> None:
    assert hop_of([vnet("v", "10.1.0.0/16", subnets={"s": "10.1.0.0/24"})], address) == hop, reason


USER: list[tuple[list[tuple[str, ...]], str, str, str]] = [
    ([("10.2.0.0/16", "None")], "10.2.0.1", "None", "a user route"),
    ([("0.0.0.0/0", "VirtualAppliance", "10.1.9.4")], "8.8.8.8", "VirtualAppliance 10.1.9.4", "forced tunnelling"),
    ([("0.0.0.0/0", "VirtualAppliance", "10.1.9.4")], "10.1.0.9", "VnetLocal", "the longer system prefix wins"),
    (
        [("0.0.0.0/0", "VirtualAppliance", "10.1.9.4")],
        "192.168.0.1",
        "VirtualAppliance 10.1.9.4",
        "a user default route takes the None routes away",
    ),
    ([("10.1.0.0/16", "None")], "10.1.7.7", "None", "a user route beats a system route of the same prefix"),
    ([("10.1.0.0/16", "None"), ("10.1.7.0/24", "vnetLocal")], "10.1.7.7", "VnetLocal", "the longest user prefix"),
    ([("8.8.8.0/24", "internet"), ("0.0.0.0/0", "None")], "8.8.8.8", "Internet", "letter case does not matter"),
    ([("8.8.0.0/16", "VirtualAppliance", "10.9.9.9")], "8.8.8.8", "None 10.9.9.9", "an appliance out of reach drops"),
    ([("8.8.0.0/16", "VirtualAppliance", "nowhere")], "8.8.8.8", "None nowhere", "an appliance that is no address"),
    ([("8.8.0.0/16", "VirtualAppliance")], "8.8.8.8", "Unknown", "an appliance without an address"),
    ([("8.8.0.0/16", "VirtualNetworkGateway")], "8.8.8.8", "VirtualNetworkGateway", "to the gateway"),
    ([("8.8.0.0/16", "Teleport")], "8.8.8.8", "Unknown", "a hop type of a later version"),
    ([("8.8.0.0/16", "Teleport")], "9.9.9.9", "Internet", "which matters only where it applies"),
    ([("AzureMonitor", "Internet")], "20.1.2.3", "Unknown", "a tag without prefixes may cover any public address"),
    ([("AzureMonitor", "Internet")], "10.1.0.4", "VnetLocal", "but no private one"),
    ([("::/0", "None")], "192.168.0.1", "None", "an IPv6 default route leaves IPv4 alone"),
    ([("::/0", "None")], "2620::1", "None", "and decides for IPv6"),
]


@pytest.mark.parametrize(("routes", "address", "hop", "reason"), USER, ids=[row[3] for row in USER])
def test_user_routes(routes: list[tuple[str, ...]], address: str, hop: str, reason: str) -> None:
    assert hop_of(one(*routes), address) == hop, reason


def test_the_answer_names_the_deciding_route_and_its_place() -> None:
    found = ask(one(("8.8.8.0/24", "None")), "8.8.8.8")
    assert isinstance(found, NextHop)
    assert (found.route.name, found.table) == ("r0", id_of(TABLE, "t"))
    assert found.route.evidence[0].place.pointer == "/properties/routes/0/properties/addressPrefix"
    assert str(found.route) == "8.8.8.0/24 -> None (r0)"


def test_a_space_that_includes_a_reserved_prefix_takes_its_place() -> None:
    documents = [vnet("v", "172.0.0.0/8", "192.168.0.0/16", subnets={"s": "172.16.0.0/24"})]
    assert hop_of(documents, "172.20.0.1") == "VnetLocal"
    assert hop_of(documents, "192.168.4.4") == "VnetLocal"
    assert hop_of(documents, "10.0.0.1") == "None"


def test_several_appliances_behind_one_route() -> None:
    documents = one(("0.0.0.0/0", "VirtualApplianceEcmp"))
    documents[1]["properties"]["routes"][0]["properties"]["nextHop"] = {"nextHopIpAddresses": ["10.1.9.4", "10.1.9.5"]}
    assert hop_of(documents, "8.8.8.8") == "VirtualAppliance 10.1.9.4"


# --- tags -------------------------------------------------------------------------------------------------------------

TAGS = ServiceTags(
    {
        "Storage": ["20.1.0.0/24"],
        "Storage.WestEurope": ["20.1.0.0/24"],
        "AzureCloud": ["20.1.0.0/24"],
        "AzureCloud.westeurope": ["20.1.0.0/24"],
    },
    "release 1",
)
ORDER = ["20.1.0.0/24", "Storage.WestEurope", "Storage", "AzureCloud.westeurope", "AzureCloud"]


@pytest.mark.parametrize("first", range(len(ORDER)), ids=ORDER)
def test_of_one_prefix_an_explicit_route_comes_first_then_regional_then_global_tags(first: int) -> None:
    rows = [(prefix, "None" if n == first else "Internet") for n, prefix in enumerate(ORDER) if n >= first]
    estate = estate_of(one(*reversed(rows)))
    found = Routing(estate, TAGS).of(need(estate, subnet_id("v", "s"))).next_hop("20.1.0.9")
    assert isinstance(found, NextHop)
    assert found.hop is Hop.NONE


def test_a_service_endpoint_leaves_the_services_addresses_open() -> None:
    subnet = {"addressPrefix": "10.1.0.0/24", "serviceEndpoints": [{"service": "Microsoft.Storage"}, {}]}
    estate = estate_of([vnet("v", "10.1.0.0/16", subnets={"s": subnet})])
    place = need(estate, subnet_id("v", "s"))
    assert isinstance(next_hop(estate, place, "20.1.0.9"), Unknown)
    known = Routing(estate, TAGS).of(place)
    assert isinstance(known.next_hop("20.1.0.9"), Unknown)
    outside = known.next_hop("20.2.0.9")
    assert isinstance(outside, NextHop)
    assert outside.hop is Hop.INTERNET


# --- peers ------------------------------------------------------------------------------------------------------------


def two(state: str = "Connected", **changes: Any) -> list[dict[str, Any]]:
    documents = [
        vnet("v", "10.1.0.0/16", subnets={"s": "10.1.0.0/24", "other": "10.1.1.0/24"}),
        vnet("w", "10.2.0.0/16", subnets={"a": "10.2.0.0/24", "b": "10.2.1.0/24"}),
    ]
    peer(documents, "v", "w", peeringState=state, **changes)
    peer(documents, "w", "v", peeringState=state)
    return documents


def test_a_connected_peer_is_routed_and_any_other_is_not() -> None:
    assert hop_of(two(), "10.2.0.9") == "VNetPeering"
    assert hop_of(two("Disconnected"), "10.2.0.9") == "None"
    assert hop_of(two("Initiated"), "10.2.0.9") == "None"


def test_the_synchronised_space_is_routed_not_todays() -> None:
    documents = two(remoteAddressSpace={"addressPrefixes": ["10.7.0.0/16"]})
    assert hop_of(documents, "10.7.0.1") == "VNetPeering"
    assert hop_of(documents, "10.2.0.1") == "None"


def test_a_peer_that_was_not_read_is_unknown_outside_the_network() -> None:
    documents = two()[:1]
    assert hop_of(documents, "10.9.0.1") == "Unknown"
    assert hop_of(documents, "10.1.0.1") == "VnetLocal"
    stated = two(remoteAddressSpace={"addressPrefixes": ["10.2.0.0/16"]})[:1]
    assert hop_of(stated, "10.2.0.1") == "VNetPeering", "the peering's own copy of the space is enough"


def test_subnet_peering_routes_chosen_subnets_only() -> None:
    chosen = {"peerCompleteVnets": False, "localSubnetNames": ["S"], "remoteSubnetNames": ["A"]}
    documents = two(**chosen)
    assert hop_of(documents, "10.2.0.9") == "VNetPeering"
    assert hop_of(documents, "10.2.1.9") == "None"
    estate = estate_of(documents)
    found = next_hop(estate, need(estate, subnet_id("v", "other")), "10.2.0.9")
    assert isinstance(found, NextHop)
    assert found.hop is Hop.NONE


def test_a_route_table_can_keep_peers_out() -> None:
    documents = two()
    documents[0]["properties"]["subnets"][0]["properties"] = routed("10.1.0.0/24", "t")
    documents.append(table("t", disablePeeringRoute="All"))
    assert hop_of(documents, "10.2.0.9") == "None"


def test_an_appliance_in_a_peered_network_is_in_reach() -> None:
    documents = two()
    documents[0]["properties"]["subnets"][0]["properties"] = routed("10.1.0.0/24", "t")
    documents.append(table("t", ("0.0.0.0/0", "VirtualAppliance", "10.2.0.4")))
    assert hop_of(documents, "8.8.8.8") == "VirtualAppliance 10.2.0.4"


# --- gateways ---------------------------------------------------------------------------------------------------------


def gateway(network: str, **properties: Any) -> dict[str, Any]:
    seat = {"properties": {"subnet": {"id": subnet_id(network, "GatewaySubnet")}}}
    shape = {"gatewayType": "Vpn", "ipConfigurations": [seat], **properties}
    return doc("Microsoft.Network/virtualNetworkGateways", "g", properties=shape)


def site_to_site(*prefixes: str, **properties: Any) -> list[dict[str, Any]]:
    local = doc(
        "Microsoft.Network/localNetworkGateways",
        "office",
        properties={"localNetworkAddressSpace": {"addressPrefixes": list(prefixes)}},
    )
    link = {
        "connectionType": "IPsec",
        "virtualNetworkGateway1": {"id": id_of("Microsoft.Network/virtualNetworkGateways", "g")},
        "localNetworkGateway2": {"id": local["id"]},
        **properties,
    }
    return [local, doc("Microsoft.Network/connections", "c", properties=link)]


def test_what_a_vpn_gateway_connects_is_routed_to_it() -> None:
    base = [vnet("v", "10.1.0.0/16", subnets={"s": "10.1.0.0/24"}), gateway("v"), *site_to_site("192.168.7.0/24")]
    assert hop_of(base, "192.168.7.1") == "VirtualNetworkGateway"
    assert hop_of(base, "192.168.8.1") == "None"
    pool = {"vpnClientConfiguration": {"vpnClientAddressPool": {"addressPrefixes": ["172.20.0.0/24"]}}}
    assert hop_of([base[0], gateway("v", **pool)], "172.20.0.9") == "VirtualNetworkGateway"


def test_routes_learned_by_bgp_leave_everything_outside_the_network_open() -> None:
    documents = [
        vnet("v", "10.1.0.0/16", subnets={"s": "10.1.0.0/24"}),
        gateway("v"),
        *site_to_site("192.168.7.0/24", enableBgp=True),
    ]
    assert hop_of(documents, "8.8.8.8") == "Unknown"
    assert hop_of(documents, "10.1.0.9") == "VnetLocal", "a system route inside the network wins even over BGP"
    express = [documents[0], gateway("v", gatewayType="ExpressRoute")]
    assert hop_of(express, "10.50.0.1") == "Unknown"


def test_a_route_table_can_keep_gateway_routes_out() -> None:
    documents = [*one(disableBgpRoutePropagation=True), gateway("v"), *site_to_site("192.168.7.0/24", enableBgp=True)]
    assert hop_of(documents, "192.168.7.1") == "None"
    assert hop_of(documents, "8.8.8.8") == "Internet"


def lent(transit: bool) -> list[dict[str, Any]]:
    documents = two(useRemoteGateways=True)
    documents[1]["properties"]["virtualNetworkPeerings"][0]["properties"]["allowGatewayTransit"] = transit
    return [*documents, gateway("w"), *site_to_site("192.168.7.0/24")]


def test_a_peers_gateway_is_used_only_where_both_sides_say_so() -> None:
    assert hop_of(lent(transit=True), "192.168.7.1") == "VirtualNetworkGateway"
    assert hop_of(lent(transit=False), "192.168.7.1") == "None"


def test_a_gateway_in_a_virtual_hub_is_unknown() -> None:
    documents = two(useRemoteGateways=True)
    documents[0]["properties"]["virtualNetworkPeerings"][0]["properties"]["remoteVirtualNetwork"]["id"] += "-hub"
    assert hop_of(documents, "8.8.8.8") == "Unknown"


def test_a_peer_that_is_a_virtual_hub_has_routes_that_nobody_sees() -> None:
    documents = two(useRemoteGateways=True)[:1]
    hub = doc("Microsoft.Network/virtualHubs", "hub", properties={"addressPrefix": "10.2.0.0/16"})
    peering = documents[0]["properties"]["virtualNetworkPeerings"][0]["properties"]
    peering |= {"remoteVirtualNetwork": {"id": hub["id"]}, "remoteAddressSpace": {"addressPrefixes": ["10.2.0.0/16"]}}
    found = ask([*documents, hub], "8.8.8.8")
    assert isinstance(found, Unknown)
    assert "hub is not a virtual network" in found.because


def test_a_prefix_behind_a_gateway_that_is_none_leaves_the_outside_open() -> None:
    documents = [vnet("v", "10.1.0.0/16", subnets={"s": "10.1.0.0/24"}), gateway("v"), *site_to_site("nonsense")]
    found = ask(documents, "8.8.8.8")
    assert isinstance(found, Unknown)
    assert "'nonsense'" in found.because


# --- private endpoints ------------------------------------------------------------------------------------------------


def with_endpoint(policies: str, *routes: tuple[str, ...]) -> list[dict[str, Any]]:
    seat = {"addressPrefix": "10.1.2.0/24", "privateEndpointNetworkPolicies": policies}
    endpoint = {
        "subnet": {"id": subnet_id("v", "pe")},
        "networkInterfaces": [{"id": id_of(NIC, "pe.nic")}],
    }
    return [
        vnet("v", "10.1.0.0/16", subnets={"s": routed("10.1.0.0/24", "t"), "pe": seat}),
        table("t", *routes),
        doc("Microsoft.Network/privateEndpoints", "pe", properties=endpoint),
        nic("pe.nic", "v", "pe", "10.1.2.4"),
    ]


OVERRULED = [
    ("Disabled", "10.1.2.0/24", "InterfaceEndpoint", "the endpoint's subnet does not apply route tables"),
    ("NetworkSecurityGroupEnabled", "10.1.2.0/24", "InterfaceEndpoint", "nor here"),
    ("Enabled", "10.1.2.0/24", "VirtualAppliance 10.1.9.4", "longer than the network's prefix"),
    ("RouteTableEnabled", "10.1.0.0/16", "VirtualAppliance 10.1.9.4", "as long as the network's prefix"),
    ("Enabled", "10.0.0.0/8", "InterfaceEndpoint", "shorter than the network's prefix"),
    ("Enabled", "0.0.0.0/0", "InterfaceEndpoint", "a default route does not do it"),
    ("Disabled", "10.1.2.4/32", "VirtualAppliance 10.1.9.4", "a user route for the very address always does"),
]


@pytest.mark.parametrize(("policies", "prefix", "hop", "reason"), OVERRULED, ids=[row[3] for row in OVERRULED])
def test_the_route_of_a_private_endpoint(policies: str, prefix: str, hop: str, reason: str) -> None:
    documents = with_endpoint(policies, (prefix, "VirtualAppliance", "10.1.9.4"))
    assert hop_of(documents, "10.1.2.4") == hop, reason


# --- not read ---------------------------------------------------------------------------------------------------------


def test_a_route_table_that_was_not_read_leaves_everything_open() -> None:
    assert hop_of(one(("8.8.8.0/24", "None"))[:1], "10.1.0.9") == "Unknown"


def test_gateways_that_could_not_be_listed_leave_the_outside_open() -> None:
    failed = Read("g", "1", 403, "microsoft.network/virtualnetworkgateways", "/", error="AuthorizationFailed")
    documents = [vnet("v", "10.1.0.0/16", subnets={"s": "10.1.0.0/24"})]
    found = ask(documents, "8.8.8.8", reads=(WHOLE, failed))
    assert isinstance(found, Unknown)
    assert found.permission == "microsoft.network/virtualnetworkgateways/read"


def test_a_thing_in_no_subnet_has_no_routes() -> None:
    estate = estate_of([doc(NIC, "n", properties={})])
    found = next_hop(estate, need(estate, id_of(NIC, "n")), "8.8.8.8")
    assert isinstance(found, Unknown)
    assert "no subnet" in found.because
    with pytest.raises(NotKnown):
        Routing(estate).of(need(estate, id_of(NIC, "n")))


def test_a_subnet_of_an_unread_network_is_unknown() -> None:
    estate: Estate = estate_of([doc("Microsoft.Network/virtualNetworks/subnets", "v", "s", properties={})])
    assert isinstance(next_hop(estate, need(estate, subnet_id("v", "s")), "8.8.8.8"), Unknown)


def test_a_space_that_is_no_prefix_is_unknown() -> None:
    assert hop_of([vnet("v", "10.1.0.0/99", subnets={"s": "10.1.0.0/24"})], "8.8.8.8") == "Unknown"


# --- Microsoft's worked example ---------------------------------------------------------------------------------------


def test_the_routing_example_of_the_documentation() -> None:
    """virtual-networks-udr-overview.md, section Routing example, Subnet1 and Subnet2; BGP aside, and with the
    appliance's subnet inside the network."""
    documents = [
        vnet("v", "10.0.0.0/16", subnets={"s": routed("10.0.0.0/24", "t"), "s2": "10.0.1.0/24"}),
        vnet("w", "10.1.0.0/16", "10.2.0.0/16"),
        gateway("v"),
        *site_to_site("10.10.0.0/16"),
        table(
            "t",
            ("10.0.0.0/16", "VirtualAppliance", "10.0.100.4"),
            ("10.0.0.0/24", "VnetLocal"),
            ("10.1.0.0/16", "None"),
            ("10.2.0.0/16", "None"),
            ("10.10.0.0/16", "VirtualAppliance", "10.0.100.4"),
            ("0.0.0.0/0", "VirtualAppliance", "10.0.100.4"),
        ),
    ]
    peer(documents, "v", "w")
    peer(documents, "w", "v")
    estate = estate_of(documents)
    routing = Routing(estate)

    def listed(subnet: str) -> set[str]:
        routes = routing.of(need(estate, subnet_id("v", subnet))).active
        return {f"{r.prefix} {r.hop} {r.address}".strip() for r in routes if ":" not in r.prefix}

    assert listed("s") == {
        "10.0.0.0/16 VirtualAppliance 10.0.100.4",
        "10.0.0.0/24 VnetLocal",
        "10.1.0.0/16 None",
        "10.2.0.0/16 None",
        "10.10.0.0/16 VirtualAppliance 10.0.100.4",
        "0.0.0.0/0 VirtualAppliance 10.0.100.4",
    }
    assert listed("s2") == {
        "10.0.0.0/16 VnetLocal",
        "10.1.0.0/16 VNetPeering",
        "10.2.0.0/16 VNetPeering",
        "10.10.0.0/16 VirtualNetworkGateway",
        "0.0.0.0/0 Internet",
        "10.0.0.0/8 None",
        "100.64.0.0/10 None",
        "192.168.0.0/16 None",
        "172.16.0.0/12 None",
        "127.0.0.0/8 None",
    }


# --- the set itself ---------------------------------------------------------------------------------------------------


def test_shares_are_disjoint_and_cover_what_the_routes_cover() -> None:
    routes = RouteSet(
        (
            Route("0.0.0.0/0", Hop.INTERNET),
            Route("10.0.0.0/8", Hop.NONE),
            Route("10.1.0.0/16", Hop.VNET_LOCAL),
            Route("10.1.0.0/16", Hop.NONE, Source.USER, "r"),
        )
    )
    assert [(str(share), route.hop) for share, route in routes.shares] == [
        ("10.1.0.0/16", "None"),
        ("10.0.0.0/16, 10.2.0.0-10.255.255.255", "None"),
        ("0.0.0.0-9.255.255.255, 11.0.0.0-255.255.255.255", "Internet"),
    ]
    assert routes.follow([Hop.NONE]) == AddressSet.of("10.0.0.0/8")
    assert isinstance(routes.next_hop("2001:db8::1"), Unknown)


def test_subnets_with_equal_causes_share_their_routes() -> None:
    estate = estate_of([vnet("v", "10.1.0.0/16", subnets={"a": "10.1.0.0/24", "b": "10.1.1.0/24"})])
    routing = Routing(estate)
    first, second = (routing.of(need(estate, subnet_id("v", name))) for name in "ab")
    assert first is second
    assert routing.of(need(estate, subnet_id("v", "a"))) is first
    assert str(first.active[-1].towards or vnet_id("v")) == vnet_id("v")


# --- effective routes as Azure listed them ----------------------------------------------------------------------------

LISTED = json.loads((Path(__file__).parents[1] / "fixtures/azure-flows/effective-routes.json").read_text("utf-8"))
LISTINGS = [pytest.param(listing, id=listing["name"]) for listing in LISTED["listings"]]
RESERVED = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8"}


@pytest.mark.parametrize("listing", LISTINGS)
def test_effective_routes_as_azure_listed_them(listing: dict[str, Any]) -> None:
    """Every listed route is ours too, or in doubt; ours beyond those are reserved prefixes that older answers lack."""
    estate = estate_of(listing["documents"])
    routes = Routing(estate).of(need(estate, listing["at"]))
    ours = {(route.prefix, str(route.hop)) for route in routes.active}
    listed = {(prefix, hop) for prefix, hop, _, state in listing["routes"] if state == "Active"}
    for prefix, hop in listed - ours:
        assert hop == "None", (prefix, hop)
        assert isinstance(routes.next_hop(AddressSet.of(prefix).witness()), Unknown), prefix
    if listing.get("excerpt"):
        return
    assert {prefix for prefix, _ in ours - listed} <= RESERVED | {"::/0"}
    assert {hop for prefix, hop in ours - listed if prefix in RESERVED} <= {"None"}


def test_the_listings_left_out_are_told() -> None:
    assert (len(LISTINGS), len(LISTED["left_out"])) == (32, 12)
