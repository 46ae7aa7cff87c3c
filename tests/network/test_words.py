"""What VirtualNetwork, Internet, tags, groups and places mean in an estate, and what is unknown of them."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.estate import Estate
from auditor.model import ArmId, NotKnown, Resource, Unknown
from auditor.network.nsg.application_groups import group_members
from auditor.network.nsg.effective_filters import path
from auditor.network.topology.attachment import NoPlaceError, place_of
from auditor.network.topology.gateway_connections import behind_gateways
from auditor.network.topology.service_tags import ServiceTags, canonical, is_tag
from auditor.network.topology.words import (
    address_space,
    network_view,
    remote_space,
    subnet_prefix,
)
from auditor.sets.address_set import AddressSet
from auditor.sets.packet_set import Packet
from auditor.sets.protocol_set import Protocol
from auditor.sets.symbolic_addresses import Addresses
from tests.azure_answers import estate_of

ROOT = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.Network"
NETWORK, GATEWAY = f"{ROOT}/virtualNetworks/net", f"{ROOT}/virtualNetworkGateways/gw"


def _network(name: str = "net", space: list[str] | None = None, **properties: Any) -> dict[str, Any]:
    id_ = f"{ROOT}/virtualNetworks/{name}"
    subnets = [
        {"name": "a", "properties": {"addressPrefix": "10.0.1.0/24"}},
        {"name": "GatewaySubnet", "properties": {"addressPrefix": "10.0.255.0/27"}},
    ]
    stated = {"addressSpace": {"addressPrefixes": space or ["10.0.0.0/16"]}, "subnets": subnets, **properties}
    return {"id": id_, "name": name, "properties": stated}


def _gateway(id_: str = GATEWAY, network: str = "net", **properties: Any) -> dict[str, Any]:
    subnet = {"id": f"{ROOT}/virtualNetworks/{network}/subnets/GatewaySubnet"}
    return {
        "id": id_,
        "name": "gw",
        "properties": {"ipConfigurations": [{"properties": {"subnet": subnet}}], **properties},
    }


def _find(estate: Estate, id_: str) -> Resource:
    found = estate.find(ArmId(id_))
    assert found is not None
    return found


def _virtual_network(*documents: dict[str, Any]) -> Addresses:
    estate = estate_of(documents)
    return network_view(estate, _find(estate, f"{NETWORK}/subnets/a"), ServiceTags()).virtual_network


def test_a_connection_to_another_network_adds_its_space() -> None:
    other = f"{ROOT}/virtualNetworkGateways/gw2"
    ends = {"virtualNetworkGateway1": {"id": other.upper()}, "virtualNetworkGateway2": {"id": GATEWAY}}
    connection = {"id": f"{ROOT}/connections/c", "name": "c", "properties": {**ends, "connectionType": "Vnet2Vnet"}}
    second = _network("second", ["10.9.0.0/16"])
    found = _virtual_network(_network(), _gateway(), second, _gateway(other, "second"), connection)
    assert found == Addresses.of("10.0.0.0/16", "10.9.0.0/16", "168.63.129.16")


def test_a_connection_to_a_network_that_was_not_read_is_unknown() -> None:
    ends = {
        "virtualNetworkGateway1": {"id": GATEWAY},
        "virtualNetworkGateway2": {"id": f"{ROOT}/virtualNetworkGateways/x"},
    }
    connection = {"id": f"{ROOT}/connections/c", "name": "c", "properties": {**ends, "connectionType": "Vnet2Vnet"}}
    found = _virtual_network(_network(), _gateway(), connection)
    assert isinstance(found.contains("10.9.0.1"), Unknown)
    assert found.contains("10.0.9.9") is True


def test_a_connection_of_another_gateway_adds_nothing() -> None:
    ends = {"virtualNetworkGateway1": {"id": f"{ROOT}/virtualNetworkGateways/x"}}
    connection = {"id": f"{ROOT}/connections/c", "properties": ends}
    estate = estate_of([_network(), _gateway(), connection])
    assert list(behind_gateways(estate, _find(estate, NETWORK))) == [(_find(estate, GATEWAY), (), None)]


def test_a_peers_gateway_counts_where_it_is_used() -> None:
    remote = {"id": f"{ROOT}/virtualNetworks/hub"}
    peering = {
        "name": "hub",
        "properties": {
            "peeringState": "Connected", "remoteVirtualNetwork": remote, "useRemoteGateways": True,
            "remoteVirtualNetworkAddressSpace": {"addressPrefixes": ["10.8.0.0/16"]},
        },
    }  # fmt: skip
    clients = {"vpnClientConfiguration": {"vpnClientAddressPool": {"addressPrefixes": ["172.20.0.0/24"]}}}
    hub = _network("hub", ["10.8.0.0/16"])
    found = _virtual_network(_network(virtualNetworkPeerings=[peering]), hub, _gateway(network="hub", **clients))
    assert found == Addresses.of("10.0.0.0/16", "10.8.0.0/16", "172.20.0.0/24", "168.63.129.16")


def test_a_peering_without_a_stated_space_takes_that_of_the_other_network() -> None:
    peering = {"name": "p", "properties": {"remoteVirtualNetwork": {"id": f"{ROOT}/virtualNetworks/other"}}}
    estate = estate_of([_network(virtualNetworkPeerings=[peering]), _network("other", ["10.7.0.0/16"])])
    stated = _find(estate, f"{NETWORK}/virtualNetworkPeerings/p")
    assert remote_space(estate, stated) == Addresses.of("10.7.0.0/16")


def test_a_peering_that_names_no_network_is_unknown() -> None:
    estate = estate_of([_network(virtualNetworkPeerings=[{"name": "p", "properties": {}}])])
    found = remote_space(estate, _find(estate, f"{NETWORK}/virtualNetworkPeerings/p"))
    assert found.unknowns[0].because == "the network behind peering p is not in this snapshot"


def test_a_peered_subnet_that_was_not_read_is_unknown() -> None:
    stated = {
        "peerCompleteVnets": False,
        "remoteSubnetNames": ["only"],
        "remoteVirtualNetwork": {"id": f"{ROOT}/virtualNetworks/other"},
    }
    estate = estate_of([_network(virtualNetworkPeerings=[{"name": "p", "properties": stated}])])
    found = remote_space(estate, _find(estate, f"{NETWORK}/virtualNetworkPeerings/p"))
    assert "subnet only, which alone is peered" in found.unknowns[0].because


def test_a_subnet_whose_network_was_not_read_has_an_unknown_space_around_it() -> None:
    subnet = {"id": f"{NETWORK}/subnets/a", "name": "a", "properties": {"addressPrefix": "10.0.1.0/24"}}
    view = network_view(estate_of([subnet]), _find(estate_of([subnet]), f"{NETWORK}/subnets/a"))
    assert view.virtual_network.contains("10.0.1.9") is True
    assert isinstance(view.virtual_network.contains("10.0.2.9"), Unknown)


def test_spaces_that_are_absent_or_malformed_are_unknown() -> None:
    estate = estate_of([{"id": NETWORK, "name": "net", "properties": {"subnets": [{"name": "a", "properties": {}}]}}])
    assert "is not in this snapshot" in address_space(_find(estate, NETWORK)).unknowns[0].because
    assert "is not in this snapshot" in subnet_prefix(_find(estate, f"{NETWORK}/subnets/a")).unknowns[0].because
    odd = estate_of([_network(space=["10.0.0.0/64"])])
    assert "could not be understood: '10.0.0.0/64'" in address_space(_find(odd, NETWORK)).unknowns[0].because


def test_public_addresses_of_connected_networks_are_internet_or_not() -> None:
    stated = {"peeringState": "Connected", "remoteAddressSpace": {"addressPrefixes": ["8.8.0.0/16"]}}
    estate = estate_of([_network(virtualNetworkPeerings=[{"name": "p", "properties": stated}])])
    view = network_view(estate, _find(estate, f"{NETWORK}/subnets/a"), ServiceTags())
    assert isinstance(view.internet.contains("8.8.8.8"), Unknown)
    assert view.internet.contains("9.9.9.9") is True
    assert view.internet.contains("10.0.0.1") is False


def test_words_are_tags_prefixes_or_errors() -> None:
    estate = estate_of([_network()])
    view = network_view(estate, _find(estate, f"{NETWORK}/subnets/a"), ServiceTags())
    assert view.resolve("ANY") == view.resolve("*") == Addresses.everything()
    assert view.resolve(" virtual_network ") == view.virtual_network
    assert view.resolve("fd00::/8") == Addresses.of("fd00::/8")
    assert view.resolve("fe80::1") == Addresses.of("fe80::1")
    for bad in ("", "not a tag", "10.0.0", "Storage;Sql"):
        with pytest.raises(ValueError, match="is not an IP address"):
            view.resolve(bad)


# --- service tags -----------------------------------------------------------------------------------------------------

RELEASE = {
    "changeNumber": 7,
    "values": [
        {"name": "Storage", "properties": {"addressPrefixes": ["20.38.0.0/16", "2603:1030::/32"]}},
        {"name": "Storage.WestEurope", "properties": {"addressPrefixes": ["20.38.96.0/20"]}},
        {"name": "Broken"},
        "noise",
    ],
}


def test_a_release_gives_exact_prefixes_and_says_its_number() -> None:
    tags = ServiceTags.of_document(RELEASE)
    assert tags.find("STORAGE.westeurope") == Addresses.of("20.38.96.0/20")
    assert tags.exact("storage") == AddressSet.of("20.38.0.0/16", "2603:1030::/32")
    assert tags.exact("Sql") is None
    assert tags.release == "release 7"
    assert "in the release 7 of service tags" in tags.find("Sql").unknowns[0].because
    assert tags.find("Broken").is_exact is False


def test_a_release_makes_its_prefixes_surely_internet() -> None:
    document = {"values": [{"name": "AzureCloud", "properties": {"addressPrefixes": ["20.176.0.0/14"]}}]}
    assert Addresses.symbol(ServiceTags().internet).certain.has(AddressSet.of("20.176.0.1").first()) is False
    assert "20.176.0.1" in Addresses.symbol(ServiceTags.of_document(document).internet)


def test_what_is_no_release_is_refused() -> None:
    with pytest.raises(ValueError, match="under `values`"):
        ServiceTags.of_document({"documents": []})


def test_a_snapshot_may_bring_its_own_release_of_several_regions() -> None:
    regions = [
        {"id": f"{ROOT}/serviceTags/{n}", "type": "Microsoft.Network/serviceTags", "changeNumber": 9, "values": [value]}
        for n, value in enumerate(RELEASE["values"][:2])
    ]
    tags = ServiceTags.of_estate(estate_of(regions))
    assert tags.release == "release 9"
    assert tags.find("Storage.westeurope").within(tags.find("Storage")) is True
    assert ServiceTags.of_estate(estate_of([])).release == ""


CONTAINED = [
    ("Storage.westeurope", "Storage"),
    ("Storage", "Internet"),
    ("AzureKeyVault.eastus", "AzureKeyVault"),
    ("LogicAppsManagement", "LogicApps"),
    ("DataFactoryManagement", "DataFactory"),
    ("AzureActiveDirectory.ServiceEndpoint", "AzureActiveDirectory"),
    ("AzureMonitor.Core", "AzureMonitor"),
    ("AzureFrontDoor.Backend", "Internet"),
    ("GatewayManager", "Internet"),
]


@pytest.mark.parametrize(("inner", "outer"), CONTAINED)
def test_known_containments_hold_without_a_release(inner: str, outer: str) -> None:
    tags = ServiceTags()
    whole = Addresses.symbol(tags.internet) if outer == "Internet" else tags.find(outer)
    assert tags.find(inner).within(whole) is True
    assert whole.within(tags.find(inner)) is not True


def test_a_regional_tag_lies_in_the_prefixes_of_its_global_tag() -> None:
    tags = ServiceTags({"Storage": ["20.38.0.0/16"]}, "release 7")
    assert tags.find("Storage.eastus").within(Addresses.of("20.38.0.0/16")) is True


def test_tags_have_one_spelling() -> None:
    assert (canonical("azuremonitor"), canonical("STORAGE.EastUS")) == ("AzureMonitor", "Storage.EastUS")
    assert (canonical("AZURE_LOADBALANCER"), canonical("nonsense"), canonical("no.sense")) == (
        "AzureLoadBalancer",
        "nonsense",
        "no.sense",
    )
    assert is_tag("sql.westus")
    assert not is_tag("nonsense")
    assert "did you mean AzureMonitor?" in ServiceTags().find("AzureMonitr").unknowns[0].because
    assert "did you mean" not in ServiceTags().find("Zzzzzzz").unknowns[0].because


# --- groups and places ------------------------------------------------------------------------------------------------


def _interface(name: str, address: str | None, **config: Any) -> dict[str, Any]:
    stated = {"subnet": {"id": f"{NETWORK}/subnets/a"}, **config}
    if address is not None:
        stated["privateIPAddress"] = address
    return {
        "id": f"{ROOT}/networkInterfaces/{name}",
        "name": name,
        "properties": {"ipConfigurations": [{"properties": stated}]},
    }


ASG = f"{ROOT}/applicationSecurityGroups/web"


def test_a_member_without_an_address_makes_the_members_unknown() -> None:
    estate = estate_of([_interface("x", None, applicationSecurityGroups=[{"id": ASG}]), _network()])
    found = group_members(estate, ArmId(ASG))
    assert found.unknowns == (Unknown("network interface x states no private address"),)


def test_an_endpoint_that_is_a_member_but_names_no_interface_is_unknown() -> None:
    endpoint = {
        "id": f"{ROOT}/privateEndpoints/pe",
        "name": "pe",
        "properties": {"applicationSecurityGroups": [{"id": ASG}]},
    }
    found = group_members(estate_of([endpoint]), ArmId(ASG))
    assert found.unknowns == (Unknown("private endpoint pe names no network interface"),)
    dangling = {**endpoint["properties"], "networkInterfaces": [{"id": f"{ROOT}/networkInterfaces/gone"}]}
    again = group_members(estate_of([{**endpoint, "properties": dangling}]), ArmId(ASG))
    assert "gone" in again.unknowns[0].because


def test_a_machine_is_where_its_first_interface_is() -> None:
    machine = {
        "id": "/subscriptions/0/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm",
        "properties": {"networkProfile": {"networkInterfaces": [{"id": f"{ROOT}/networkInterfaces/x"}]}},
    }
    estate = estate_of([machine, _interface("x", "10.0.1.7"), _network()])
    found = place_of(estate, ArmId(machine["id"]))
    assert found.interface is not None
    assert (found.interface.name, found.subnet.name, found.addresses) == ("x", "a", AddressSet.of("10.0.1.7"))
    assert found.network == ArmId(NETWORK)


def test_the_interface_of_a_private_endpoint_knows_its_endpoint_either_way() -> None:
    interface = _interface("x", "10.0.1.7")
    pointing = {"id": f"{ROOT}/privateEndpoints/pe", "properties": {"networkInterfaces": [{"id": interface["id"]}]}}
    found = place_of(estate_of([interface, pointing, _network()]), ArmId(interface["id"]))
    assert found.endpoint is not None
    back = {**interface["properties"], "privateEndpoint": {"id": f"{ROOT}/privateEndpoints/pe"}}
    alone = {"id": f"{ROOT}/privateEndpoints/pe", "properties": {}}
    found = place_of(estate_of([{**interface, "properties": back}, alone, _network()]), ArmId(interface["id"]))
    assert found.endpoint is not None


def test_places_that_are_not_there_or_nowhere_are_errors_and_dangling_ones_unknown() -> None:
    estate = estate_of(
        [
            _network(),
            {"id": f"{ROOT}/publicIPAddresses/p", "properties": {"x": 1}},
            {"id": f"{ROOT}/networkInterfaces/bare"},
        ]
    )
    with pytest.raises(NoPlaceError, match="is not in this snapshot"):
        place_of(estate, ArmId(f"{ROOT}/networkInterfaces/none"))
    with pytest.raises(NoPlaceError, match="has no place"):
        place_of(estate, ArmId(f"{ROOT}/publicIPAddresses/p"))
    with pytest.raises(NotKnown, match="without its properties"):
        place_of(estate, ArmId(f"{ROOT}/networkInterfaces/bare"))
    lone = estate_of([_interface("x", "10.0.1.7")])
    with pytest.raises(NotKnown, match="subnets/a"):
        place_of(lone, ArmId(f"{ROOT}/networkInterfaces/x"))


def test_a_public_address_that_was_not_read_leaves_inbound_unknown() -> None:
    interface = _interface("x", "10.0.1.7", publicIPAddress={"id": f"{ROOT}/publicIPAddresses/gone"})
    estate = estate_of([interface, _network()])
    allowed = path(estate, ArmId(interface["id"]), "inbound").allowed()
    assert isinstance(allowed.is_empty, Unknown)
    assert "gone" in allowed.unknowns[0].because


def test_a_network_that_was_not_read_has_no_admin_rules_to_ask() -> None:
    subnet = {"id": f"{NETWORK}/subnets/a", "name": "a", "properties": {"addressPrefix": "10.0.1.0/24"}}
    found = path(estate_of([subnet]), ArmId(subnet["id"]), "Inbound")
    assert found.evaluations == ()
    assert found.layers == ()


def test_a_group_denies_what_none_of_its_rules_matches() -> None:
    """Default rules that are written for IPv4 alone, as a page prints them, leave IPv6 to nobody."""
    stated = {"protocol": "*", "sourcePortRange": "*", "destinationPortRange": "*", "direction": "Inbound"}
    sides = {"sourceAddressPrefix": "0.0.0.0/0", "destinationAddressPrefix": "0.0.0.0/0"}
    rule = {"name": "DenyAll", "properties": {**stated, **sides, "access": "Deny", "priority": 65500}}
    group = {
        "id": f"{ROOT}/networkSecurityGroups/g",
        "properties": {"securityRules": [], "defaultSecurityRules": [rule]},
    }
    interface = _interface("x", "10.0.1.7")
    interface["properties"]["networkSecurityGroup"] = {"id": group["id"]}
    found = path(estate_of([group, interface, _network()]), ArmId(interface["id"]), "inbound")
    asked = Packet(Protocol.TCP, "2001:db8::1", 50000, "fd00::1", 443)
    assert found.decide(asked).access == "Deny"
    assert found.allowed().decide(asked) is False


def test_a_peering_without_a_state_neither_is_nor_is_not_part_of_virtual_network() -> None:
    remote = {"id": f"{ROOT}/virtualNetworks/far"}
    space = {"remoteAddressSpace": {"addressPrefixes": ["10.8.0.0/16"]}, "remoteVirtualNetwork": remote}
    found = _virtual_network(_network(virtualNetworkPeerings=[{"name": "far", "properties": space}]))
    assert AddressSet.of("10.8.0.4") <= found.possible
    assert not AddressSet.of("10.8.0.4") <= found.certain


def test_a_peering_of_ipv6_alone_brings_no_ipv4() -> None:
    subnet = {"name": "b", "properties": {"addressPrefixes": ["10.8.0.0/24", "fd00:8::/64"]}}
    far = {**_network("far", ["10.8.0.0/16", "fd00:8::/48"])}
    far["properties"]["subnets"] = [subnet]
    stated = {
        "peeringState": "Connected", "remoteVirtualNetwork": {"id": f"{ROOT}/virtualNetworks/far"},
        "peerCompleteVnets": False, "remoteSubnetNames": ["b"], "enableOnlyIPv6Peering": True,
    }  # fmt: skip
    found = _virtual_network(_network(virtualNetworkPeerings=[{"name": "far", "properties": stated}]), far)
    assert found == Addresses.of("10.0.0.0/16", "fd00:8::/64", "168.63.129.16")


def test_a_private_address_that_cannot_be_read_is_unknown_and_no_missing_place() -> None:
    estate = estate_of([_interface("x", "10.0.1.x"), _network()])
    with pytest.raises(NotKnown, match="no private address"):
        place_of(estate, ArmId(f"{ROOT}/networkInterfaces/x"))
