"""Machines that no list of interfaces holds, Bastion of every size, and platforms in a subnet."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.estate import Estate
from auditor.model import Unknown
from auditor.query.flow import End, FlowBook, Question
from auditor.query.reach import reach
from auditor.reach.reachability import Reach, Reachability
from auditor.sets.protocol_set import Protocol
from tests.builders.estates import doc, estate_of, id_of, need
from tests.builders.networks import NIC, nic, scale_set_of, subnet_id, vnet, vnet_id

NSG = "Microsoft.Network/networkSecurityGroups"
PIP = "Microsoft.Network/publicIPAddresses"
LB = "Microsoft.Network/loadBalancers"
SET = "Microsoft.Compute/virtualMachineScaleSets"
VM = "Microsoft.Compute/virtualMachines"
BASTION = "Microsoft.Network/bastionHosts"
AKS = "Microsoft.ContainerService/managedClusters"
APPS = "Microsoft.App/managedEnvironments"


def group(name: str, **rule: str) -> dict[str, Any]:
    """A group with one rule that lets in Tcp, and the defaults."""
    properties = {
        "priority": 100,
        "direction": "Inbound",
        "access": "Allow",
        "protocol": "Tcp",
        "sourcePortRange": "*",
        "sourceAddressPrefix": "*",
        "destinationAddressPrefix": "*",
        "destinationPortRange": "22",
        **rule,
    }
    return doc(NSG, name, properties={"securityRules": [{"name": "in", "properties": properties}]})


def from_internet(estate: Estate, id_: str) -> Reach:
    world = Reachability.of(estate)
    return world.reach(world.internet, need(estate, id_))


def pattern(name: str) -> str:
    return id_of(f"{SET}/networkInterfaceConfigurations", name, "n")


NETWORK = vnet("v", "10.1.0.0/16", subnets={"a": "10.1.0.0/24", "b": "10.1.1.0/24"})
PUBLIC: dict[str, Any] = {"publicIPAddressConfiguration": {"name": "p", "sku": {"name": "Standard"}}}


def test_instances_with_public_addresses_are_reached_past_the_group_of_the_profile() -> None:
    ssh = group("g")
    estate = estate_of([NETWORK, ssh, scale_set_of("s", group=ssh["id"], **PUBLIC)])
    found = from_internet(estate, pattern("s"))
    assert found.reaches is True
    assert found.deciding == ("g/in",)
    assert found.witness is not None
    assert found.witness.destination_port == 22
    assert from_internet(estate, subnet_id("v", "a")).reaches is True


def test_a_standard_address_of_instances_is_closed_until_a_group_opens_it() -> None:
    assert from_internet(estate_of([NETWORK, scale_set_of("s", **PUBLIC)]), pattern("s")).reaches is False
    unstated: dict[str, Any] = {"publicIPAddressConfiguration": {"name": "p"}}
    assert isinstance(from_internet(estate_of([NETWORK, scale_set_of("s", **unstated)]), pattern("s")).reaches, Unknown)


def test_which_address_an_instance_has_is_not_known() -> None:
    one = group("g", destinationAddressPrefix="10.1.0.7")
    estate = estate_of([NETWORK, one, scale_set_of("s", group=one["id"], **PUBLIC)])
    found = from_internet(estate, pattern("s"))
    assert isinstance(found.reaches, Unknown)
    assert "which s/n has" in found.reaches.because
    reserved = group("g", destinationAddressPrefix="10.1.0.2")
    estate = estate_of([NETWORK, reserved, scale_set_of("s", group=reserved["id"], **PUBLIC)])
    assert from_internet(estate, pattern("s")).reaches is False


def test_a_flow_at_a_scale_set_meets_the_group_of_its_profile() -> None:
    ssh = group("g")
    estate = estate_of([NETWORK, ssh, scale_set_of("s", group=ssh["id"])])
    book = FlowBook(estate)
    at = need(estate, id_of(SET, "s"))
    for port, access in ((22, "Allow"), (8080, "Deny")):
        question = Question(at, "inbound", Protocol.TCP, End("10.1.0.5", port), End("93.184.216.34", 50000))
        assert book.answer(question).access == access


def test_a_machine_and_a_scale_set_send_from_all_of_their_interfaces() -> None:
    interfaces = [{"id": id_of(NIC, "n1")}, {"id": id_of(NIC, "n2")}]
    machine = doc(VM, "m", properties={"networkProfile": {"networkInterfaces": interfaces}})
    nics = [nic("n1", "v", "a", "10.1.0.4"), nic("n2", "v", "b", "10.1.1.4")]
    estate = estate_of([NETWORK, machine, *nics, scale_set_of("s")])
    world = Reachability.of(estate)
    assert [origin.name for origin in world.origins(need(estate, id_of(VM, "m")))] == ["n1", "n2"]
    (origin,) = world.origins(need(estate, id_of(SET, "s")))
    assert world.reach(origin, need(estate, id_of(NIC, "n2"))).reaches is True


def balanced(*, hosts: tuple[str, ...] = (), members: bool = True, **rule: Any) -> list[dict[str, Any]]:
    front = {"name": "f", "properties": {"publicIPAddress": {"id": id_of(PIP, "p")}}}
    ends = {
        "protocol": "Tcp",
        "frontendPort": 443,
        "backendPort": 443,
        "frontendIPConfiguration": {"id": id_of(f"{LB}/frontendIPConfigurations", "lb", "f")},
        "backendAddressPool": {"id": id_of(f"{LB}/backendAddressPools", "lb", "pool")},
        **rule,
    }
    listed = [{"name": h, "properties": {"ipAddress": h, "virtualNetwork": {"id": vnet_id("v")}}} for h in hosts]
    pool = {"name": "pool", "properties": {"loadBalancerBackendAddresses": listed}}
    properties = {
        "frontendIPConfigurations": [front],
        "backendAddressPools": [pool],
        "loadBalancingRules": [{"name": "r", "properties": ends}],
    }
    return [
        doc(LB, "lb", properties=properties, sku={"name": "Standard"}),
        doc(PIP, "p", properties={"ipAddress": "20.9.8.7"}, sku={"name": "Standard"}),
    ]


def test_an_address_in_a_pool_is_whoever_has_it_or_the_subnet_that_holds_it() -> None:
    https = group("g", destinationPortRange="443")
    guarded = vnet(
        "v", "10.1.0.0/16", subnets={"a": {"addressPrefix": "10.1.0.0/24", "networkSecurityGroup": {"id": https["id"]}}}
    )
    front = balanced(hosts=("10.1.0.9",))
    taken = estate_of([guarded, https, *front, nic("n", "v", "a", "10.1.0.9"), nic("m", "v", "a", "10.1.0.8")])
    assert from_internet(taken, id_of(NIC, "n")).reaches is True
    assert from_internet(taken, id_of(NIC, "m")).reaches is False
    free = estate_of([guarded, https, *front])
    assert from_internet(free, subnet_id("v", "a")).reaches is True
    instances = estate_of([guarded, https, *front, scale_set_of("s")])
    found = from_internet(instances, pattern("s"))
    assert isinstance(found.reaches, Unknown)
    assert "10.1.0.9" in found.reaches.because


def test_a_cross_region_load_balancer_leads_to_the_regional_one() -> None:
    https = group("g", destinationPortRange="443")
    pool = {"loadBalancerBackendAddressPools": [{"id": id_of(f"{LB}/backendAddressPools", "lb", "pool")}]}
    guard = {"networkSecurityGroup": {"id": https["id"]}}
    regional = {
        "name": "east",
        "properties": {
            "loadBalancerFrontendIPConfiguration": {"id": id_of(f"{LB}/frontendIPConfigurations", "lb", "f")}
        },
    }
    world_wide = {
        "frontendIPConfigurations": [{"name": "w", "properties": {"publicIPAddress": {"id": id_of(PIP, "w")}}}],
        "backendAddressPools": [{"name": "regions", "properties": {"loadBalancerBackendAddresses": [regional]}}],
        "loadBalancingRules": [
            {
                "name": "r",
                "properties": {
                    "protocol": "Tcp",
                    "frontendPort": 443,
                    "backendPort": 443,
                    "frontendIPConfiguration": {"id": id_of(f"{LB}/frontendIPConfigurations", "world", "w")},
                    "backendAddressPool": {"id": id_of(f"{LB}/backendAddressPools", "world", "regions")},
                },
            }
        ],
    }
    estate = estate_of(
        [
            NETWORK,
            https,
            *balanced(),
            nic("n", "v", "a", "10.1.0.4", config=pool, **guard),
            doc(LB, "world", properties=world_wide, sku={"name": "Standard", "tier": "Global"}),
            doc(PIP, "w", properties={"ipAddress": "20.1.1.1"}, sku={"name": "Standard", "tier": "Global"}),
        ]
    )
    world = Reachability.of(estate)
    chains = [[mark.name for mark in way.hops] for way in world.ways(world.internet, need(estate, id_of(NIC, "n")))]
    assert ["Internet", "w", "world", "p", "lb", "a", "n"] in chains
    assert from_internet(estate, id_of(NIC, "n")).reaches is True


def test_a_gateway_load_balancer_in_the_way_leaves_it_open() -> None:
    https = group("g", destinationPortRange="443")
    lb, address = balanced()
    lb["properties"]["frontendIPConfigurations"][0]["properties"]["gatewayLoadBalancer"] = {"id": "/g"}
    pool = {"loadBalancerBackendAddressPools": [{"id": id_of(f"{LB}/backendAddressPools", "lb", "pool")}]}
    guard = {"networkSecurityGroup": {"id": https["id"]}}
    estate = estate_of([NETWORK, https, lb, address, nic("n", "v", "a", "10.1.0.4", config=pool, **guard)])
    assert isinstance(from_internet(estate, id_of(NIC, "n")).reaches, Unknown)


# --- Bastion ----------------------------------------------------------------------------------------------------------


def developer(*more: dict[str, Any], source: str = "168.63.129.16") -> Estate:
    own = group("g", sourceAddressPrefix=source)
    machine = doc(VM, "m", properties={"networkProfile": {"networkInterfaces": [{"id": id_of(NIC, "n")}]}})
    interface = nic("n", "v", "a", "10.1.0.4", networkSecurityGroup={"id": own["id"]})
    host = doc(BASTION, "b", properties={"virtualNetwork": {"id": vnet_id("v")}}, sku={"name": "Developer"})
    return estate_of([NETWORK, own, machine, interface, host, *more])


def test_bastion_developer_comes_from_the_host_for_whoever_signs_in() -> None:
    found = from_internet(developer(), id_of(NIC, "n"))
    assert found.reaches is True
    assert found.needs == ("a sign-in to Azure",)
    assert found.witness is not None
    assert found.witness.source == "168.63.129.16"


def test_bastion_developer_serves_no_other_network() -> None:
    far = vnet("far", "10.2.0.0/16", subnets={"a": "10.2.0.0/24"})
    machine = doc(VM, "o", properties={"networkProfile": {"networkInterfaces": [{"id": id_of(NIC, "other")}]}})
    estate = developer(far, machine, nic("other", "far", "a", "10.2.0.4"))
    assert from_internet(estate, id_of(NIC, "other")).reaches is False


@pytest.mark.parametrize(("port", "reaches"), [("22", True), ("443", True), ("80", False)])
def test_a_port_may_be_that_of_the_session(port: str, reaches: bool) -> None:
    estate = developer()
    (found,) = reach(estate, "Internet", need(estate, id_of(NIC, "n")), port)
    assert found.reaches is reaches


@pytest.mark.parametrize(("sku", "reaches"), [("Basic", False), ("Standard", True), ("Premium", True)])
def test_bastion_from_standard_on_opens_sessions_to_any_port(sku: str, reaches: bool) -> None:
    machine = doc(VM, "m", properties={"networkProfile": {"networkInterfaces": [{"id": id_of(NIC, "n")}]}})
    where = {"subnet": {"id": subnet_id("v", "b")}, "publicIPAddress": {"id": id_of(PIP, "pb")}}
    host = doc(BASTION, "b", properties={"ipConfigurations": [{"properties": where}]}, sku={"name": sku})
    address = doc(PIP, "pb", properties={"ipAddress": "20.5.5.5"}, sku={"name": "Standard"})
    web = group("g", destinationPortRange="8080", sourceAddressPrefix="10.1.1.0/24")
    interface = nic("n", "v", "a", "10.1.0.4", networkSecurityGroup={"id": web["id"]})
    closed = doc(NSG, "none", properties={"securityRules": [deny()]})
    guarded = vnet(
        "v",
        "10.1.0.0/16",
        subnets={
            "a": {"addressPrefix": "10.1.0.0/24", "networkSecurityGroup": {"id": closed["id"]}},
            "b": "10.1.1.0/24",
        },
    )
    estate = estate_of([guarded, closed, machine, interface, web, host, address])
    assert from_internet(estate, id_of(NIC, "n")).reaches is reaches


def deny() -> dict[str, Any]:
    """A rule of a group that lets in nothing but port 8080."""
    properties = {
        "priority": 100,
        "direction": "Inbound",
        "access": "Deny",
        "protocol": "*",
        "sourcePortRange": "*",
        "sourceAddressPrefix": "*",
        "destinationAddressPrefix": "*",
        "destinationPortRanges": ["0-8079", "8081-65535"],
    }
    return {"name": "deny", "properties": properties}


# --- platforms --------------------------------------------------------------------------------------------------------


def cluster(*, public: bool = False, group_name: str | None = "nodes") -> dict[str, Any]:
    pool = {"name": "pool", "vnetSubnetID": subnet_id("v", "a"), "enableNodePublicIP": public}
    named = {"nodeResourceGroup": group_name} if group_name is not None else {}
    return doc(AKS, "k", properties={"agentPoolProfiles": [pool], **named})


def environment(**configuration: Any) -> dict[str, Any]:
    where = {"infrastructureSubnetId": subnet_id("v", "a"), **configuration}
    return doc(APPS, "e", properties={"vnetConfiguration": where})


POOL = id_of(f"{AKS}/agentPools", "k", "pool")


@pytest.mark.parametrize(
    ("document", "id_", "reaches"),
    [
        (cluster(), POOL, False),
        (cluster(public=True), POOL, None),
        (cluster(group_name=None), POOL, None),
        (environment(internal=True), id_of(APPS, "e"), False),
        (environment(internal=False), id_of(APPS, "e"), True),
        (environment(), id_of(APPS, "e"), True),
    ],
)
def test_what_a_platform_takes_in_from_the_internet(document: dict[str, Any], id_: str, reaches: bool | None) -> None:
    found = from_internet(estate_of([NETWORK, document]), id_).reaches
    assert found is reaches if reaches is not None else isinstance(found, Unknown)


def test_what_stops_at_the_subnet_reaches_no_platform() -> None:
    shut = doc(NSG, "g", properties={"securityRules": []})
    guarded = vnet(
        "v", "10.1.0.0/16", subnets={"a": {"addressPrefix": "10.1.0.0/24", "networkSecurityGroup": {"id": shut["id"]}}}
    )
    estate = estate_of([guarded, shut, environment()])
    assert from_internet(estate, id_of(APPS, "e")).reaches is False


def test_a_platform_sends_from_its_subnet() -> None:
    estate = estate_of([NETWORK, environment(internal=True), nic("n", "v", "b", "10.1.1.4")])
    world = Reachability.of(estate)
    (origin,) = world.origins(need(estate, id_of(APPS, "e")))
    assert world.reach(origin, need(estate, id_of(NIC, "n"))).reaches is True
