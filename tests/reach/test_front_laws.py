"""What gets in by load balancers and scale sets, against an evaluator that walks single packets (random estates)."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.estate import Estate
from auditor.model import Unknown
from auditor.reach.reachability import Reachability
from tests.builders.estates import doc, estate_of, id_of, need
from tests.builders.networks import NIC, nic, scale_set_of, subnet_id, vnet
from tests.evaluators.front_ways import Interface, Rule, World

pytestmark = pytest.mark.slow

NSG = "Microsoft.Network/networkSecurityGroups"
LB = "Microsoft.Network/loadBalancers"
PIP = "Microsoft.Network/publicIPAddresses"
SET = "Microsoft.Compute/virtualMachineScaleSets"
SUBNETS = {"a": "10.1.0.0/28", "b": "10.1.1.0/28"}
FRONT = "20.9.8.7"
ENDS = ["*", "VirtualNetwork", "10.1.0.0/28", "10.1.1.0/29", "10.1.0.5", "10.1.1.5", "10.1.0.9", FRONT]

SECURITY_RULES = st.lists(
    st.fixed_dictionaries(
        {
            "access": st.sampled_from(["Allow", "Allow", "Deny"]),
            "protocol": st.sampled_from(["Tcp", "Udp", "*"]),
            "sourceAddressPrefix": st.sampled_from(["*", "203.0.113.0/24", "10.0.0.0/8"]),
            "destinationAddressPrefix": st.sampled_from(ENDS),
            "destinationPortRange": st.sampled_from(["*", "22", "80-443", "8443", "50000"]),
        }
    ),
    max_size=3,
)


def _group(draw: st.DrawFn, name: str, documents: list[dict[str, Any]]) -> dict[str, Any] | None:
    if not draw(st.integers(0, 3)):
        return None
    rules = [
        {"name": f"r{n}", "properties": {"priority": 100 + n, "direction": "Inbound", "sourcePortRange": "*", **rule}}
        for n, rule in enumerate(draw(SECURITY_RULES))
    ]
    found = doc(NSG, name, properties={"securityRules": rules})
    documents.append(found)
    return found


def _guard(group: dict[str, Any] | None) -> dict[str, Any]:
    return {} if group is None else {"networkSecurityGroup": {"id": group["id"]}}


def _part(kind: str, name: str) -> dict[str, str]:
    return {"id": id_of(f"{LB}/{kind}", "lb", name)}


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Estate, World]:
    """Two subnets, an interface and a scale set in each, and a load balancer with up to three rules before them."""
    documents: list[dict[str, Any]] = [doc(PIP, "front", properties={"ipAddress": FRONT}, sku={"name": "Standard"})]
    groups = {name: _group(draw, f"g-{name}", documents) for name in SUBNETS}
    documents.append(
        vnet("v", "10.1.0.0/16", subnets={s: {"addressPrefix": p, **_guard(groups[s])} for s, p in SUBNETS.items()})
    )
    world = World("10.1.0.0/16", {s: (p, groups[s]) for s, p in SUBNETS.items()}, [], FRONT)
    configs: dict[str, dict[str, list[dict[str, str]]]] = {}
    for n, subnet in enumerate(SUBNETS):
        for name, address in ((f"nic-{subnet}", f"10.1.{n}.5"), (f"set-{subnet}", None)):
            group = _group(draw, f"g-{name}", documents)
            world.interfaces.append(Interface(name, subnet, address, group, draw(st.integers(0, 3)) == 0))
            configs[name] = {"loadBalancerBackendAddressPools": [], "loadBalancerInboundNatPools": []}
    balancer = _balancer(draw, world, configs)
    for each in world.interfaces:
        documents += _interface(each, configs[each.name])
    return estate_of([*documents, balancer]), world


def _balancer(draw: st.DrawFn, world: World, configs: dict[str, Any]) -> dict[str, Any]:
    kinds: dict[str, list[dict[str, Any]]] = {"loadBalancingRules": [], "inboundNatRules": [], "inboundNatPools": []}
    pools = []
    for n in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(sorted(kinds)))
        members = draw(st.lists(st.sampled_from(sorted(configs)), min_size=1, max_size=2, unique=True))
        hosts = draw(st.lists(st.sampled_from(["10.1.0.5", "10.1.0.9", "10.1.1.5"]), max_size=1))
        back, floating = draw(st.sampled_from([22, 80, 443, 8443])), draw(st.booleans())
        front = range(back, back + 1) if floating else range(50000, 50010)
        ends: dict[str, Any] = {"protocol": "Tcp", "frontendIPConfiguration": _part("frontendIPConfigurations", "f")}
        ends |= {"backendPort": back, "enableFloatingIP": floating}
        if kind == "loadBalancingRules":
            ends["frontendPort"] = front[0]
        else:
            ends |= {"frontendPortRangeStart": front[0], "frontendPortRangeEnd": front[-1]}
        if kind == "inboundNatPools":
            hosts = []
            members = [name for name in members if name.startswith("set")]
        where = "loadBalancerInboundNatPools" if kind == "inboundNatPools" else "loadBalancerBackendAddressPools"
        pool = _part("inboundNatPools" if kind == "inboundNatPools" else "backendAddressPools", f"r{n}")
        for name in members:
            configs[name][where].append(pool)
        if kind != "inboundNatPools":
            ends["backendAddressPool"] = pool
            listed = [{"name": h, "properties": {"ipAddress": h, "virtualNetwork": {"id": V}}} for h in hosts]
            pools.append({"name": f"r{n}", "properties": {"loadBalancerBackendAddresses": listed}})
        kinds[kind].append({"name": f"r{n}", "properties": ends})
        world.rules.append(Rule(front, back, members, hosts, floating))
    front_end = {"name": "f", "properties": {"publicIPAddress": {"id": id_of(PIP, "front")}}}
    properties = {"frontendIPConfigurations": [front_end], "backendAddressPools": pools, **kinds}
    return doc(LB, "lb", properties=properties, sku={"name": "Standard"})


V = id_of("Microsoft.Network/virtualNetworks", "v")


def _interface(each: Interface, config: dict[str, Any]) -> list[dict[str, Any]]:
    if each.address is None:
        public = {"publicIPAddressConfiguration": {"name": "p", "sku": {"name": "Standard"}}} if each.public else {}
        group = each.group["id"] if each.group is not None else ""
        return [scale_set_of(each.name, "v", each.subnet, group, **config, **public)]
    own = id_of(PIP, f"p-{each.name}")
    public = {"publicIPAddress": {"id": own}} if each.public else {}
    address = doc(PIP, f"p-{each.name}", properties={"ipAddress": "20.1.1.1"}, sku={"name": "Standard"})
    made = nic(each.name, "v", each.subnet, each.address, config={**config, **public}, **_guard(each.group))  # type: ignore[arg-type]
    return [made, address] if each.public else [made]


def station(name: str) -> str:
    """The id of an interface, or of the pattern of a scale set."""
    return id_of(NIC, name) if name.startswith("nic") else id_of(f"{SET}/networkInterfaceConfigurations", name, "n")


@given(worlds())
@settings(max_examples=60, deadline=None)
def test_the_internet_gets_in_where_single_packets_do(made: tuple[Estate, World]) -> None:
    _agree(*made)


@pytest.mark.fuzz
@given(worlds())
@settings(max_examples=10_000 if "MINUTES" in os.environ else 100, deadline=None)
def test_the_internet_gets_in_where_single_packets_do_in_ten_thousand_estates(made: tuple[Estate, World]) -> None:
    """Ten thousand where `make fuzz` asks for a long search."""
    _agree(*made)


def _agree(estate: Estate, world: World) -> None:
    reachability = Reachability.of(estate)
    for interface in world.interfaces:
        sure, some = world.reached(interface.name)
        found = reachability.reach(reachability.internet, need(estate, station(interface.name)))
        if found.reaches is True:
            assert some, interface.name
            assert sure or interface.address is None, interface.name
        elif found.reaches is False:
            assert not some, interface.name
        else:
            assert isinstance(found.reaches, Unknown)
            assert some, (interface.name, found.reaches.because)
            assert not sure, (interface.name, found.reaches.because)


@given(worlds())
@settings(max_examples=20, deadline=None)
def test_a_subnet_is_reached_where_something_in_it_is(made: tuple[Estate, World]) -> None:
    estate, world = made
    reachability = Reachability.of(estate)
    for name in world.subnets:
        inside = [i for i in world.interfaces if i.subnet == name]
        answers = [reachability.reach(reachability.internet, need(estate, station(i.name))).reaches for i in inside]
        found = reachability.reach(reachability.internet, need(estate, subnet_id("v", name))).reaches
        if True in answers:
            assert found is True
        elif found is False:
            assert set(answers) == {False}
