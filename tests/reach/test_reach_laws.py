"""Reachability agrees with itself: chains, the matrix of all pairs, and single packets, over random small estates."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.estate import Estate
from auditor.model import Unknown
from auditor.network.routing.route_sources import next_hop
from auditor.network.routing.routes import Hop, NextHop
from auditor.network.topology.peering import is_up, peering_between
from auditor.query.flow import End, FlowBook, Question
from auditor.reach.matrix.pairs import (
    NO,
    OPEN,
    YES,
    Pairs,
)
from auditor.reach.reachability import Reachability
from auditor.sets.packet_set import Packet
from auditor.sets.protocol_set import Protocol
from tests.builders.estates import (
    doc,
    estate_of,
    id_of,
    need,
)
from tests.builders.networks import (
    TABLE,
    peer,
    subnet_id,
    table,
    vnet,
    vnet_id,
)

pytestmark = pytest.mark.slow

NSG = "Microsoft.Network/networkSecurityGroups"
NETWORKS, SUBNETS = 3, 2
NAMES = [(v, s) for v in range(NETWORKS) for s in range(SUBNETS)]

# Prefixes that hold, cut and miss the subnets 10.v.s.0/28.
PREFIXES = ["*", "VirtualNetwork", "Internet", "AzureCloud", "10.0.0.0/16", "10.1.0.0/16", "10.0.0.0/15"]
PREFIXES += [f"10.{v}.{s}.0/28" for v, s in NAMES] + [f"10.{v}.{s}.0/29" for v, s in NAMES]
PREFIXES += [f"10.{v}.{s}.{n}" for v, s in NAMES for n in (4, 12)]
PORTS = ["*", "22", "80", "443", "0-1023", "80-443"]

RULE = st.fixed_dictionaries(
    {
        "direction": st.sampled_from(["Inbound", "Outbound"]),
        "access": st.sampled_from(["Allow", "Deny"]),
        "protocol": st.sampled_from(["Tcp", "Udp", "*", "Icmp"]),
        "sourceAddressPrefix": st.sampled_from(PREFIXES),
        "destinationAddressPrefix": st.sampled_from(PREFIXES),
        "destinationPortRange": st.sampled_from(PORTS),
    }
)
ROUTE = st.tuples(
    st.sampled_from(["10.0.0.0/8", "10.0.0.0/16", "10.1.0.0/28", "10.1.1.0/29", "10.2.0.4/32"]),
    st.sampled_from(["None", "VnetLocal"]),
)


@st.composite
def estates(draw: st.DrawFn) -> Estate:
    """Three networks of two subnets: some peered, some guarded, some with a route table."""
    documents: list[dict[str, Any]] = []
    for v in range(NETWORKS):
        subnets = {f"s{s}": _subnet(draw, v, s, documents) for s in range(SUBNETS)}
        documents.append(vnet(f"v{v}", f"10.{v}.0.0/16", subnets=subnets))
    for a, b in ((0, 1), (1, 2), (0, 2)):
        for x, y in ((a, b), (b, a)):
            state = draw(st.sampled_from(["Connected", "Connected", "Connected", "Disconnected", None]))
            if state:
                allowed = draw(st.sampled_from([True, True, True, False]))
                peer(documents, f"v{x}", f"v{y}", peeringState=state, allowVirtualNetworkAccess=allowed)
    return estate_of(documents)


def _subnet(draw: st.DrawFn, v: int, s: int, documents: list[dict[str, Any]]) -> dict[str, Any]:
    properties: dict[str, Any] = {"addressPrefix": f"10.{v}.{s}.0/28"}
    name = f"{v}-{s}"
    rules = draw(st.lists(RULE, max_size=5))
    if draw(st.booleans()):
        listed = [
            {
                "id": id_of(f"{NSG}/securityRules", f"g{name}", f"r{n}"),
                "name": f"r{n}",
                "properties": {"priority": 100 + n, "sourcePortRange": "*", **rule},
            }
            for n, rule in enumerate(rules)
        ]
        if draw(st.integers(0, 7)):  # else the group is pointed at and was not read
            documents.append(doc(NSG, f"g{name}", properties={"securityRules": listed}))
        properties["networkSecurityGroup"] = {"id": id_of(NSG, f"g{name}")}
    if draw(st.integers(0, 3)) == 0:
        documents.append(table(f"t{name}", *draw(st.lists(ROUTE, max_size=2))))
        properties["routeTable"] = {"id": id_of(TABLE, f"t{name}")}
    return properties


def subnets_of(estate: Estate) -> list[Any]:
    return [need(estate, subnet_id(f"v{v}", f"s{s}")) for v, s in NAMES]


ESTATES = estates()
PACKETS = st.builds(
    Packet,
    protocol=st.sampled_from([Protocol.TCP, Protocol.UDP]),
    source=st.just("10.0.0.0"),
    source_port=st.just(50000),
    destination=st.just("10.0.0.0"),
    destination_port=st.sampled_from([22, 80, 443, 1024]),
)


@given(ESTATES)
@settings(max_examples=60, deadline=None)
def test_the_matrix_of_all_pairs_agrees_with_each_single_question(estate: Estate) -> None:
    world = Reachability.of(estate)
    subnets = subnets_of(estate)
    pairs = Pairs(world, subnets)
    for i, source in enumerate(subnets):
        (origin,) = world.origins(source)
        for j, target in enumerate(subnets):
            if i == j:
                assert pairs.matrix[i][j] == YES
                continue
            single = world.reach(origin, target).reaches
            expected = OPEN if isinstance(single, Unknown) else YES if single else NO
            assert pairs.matrix[i][j] == expected, (source.id.text, target.id.text)


def packet_passes(
    estate: Estate, book: FlowBook, packet: Packet, a: tuple[int, int], b: tuple[int, int]
) -> bool | None:
    """Ask for one packet what `auditor flow` says at both ends, what the routes say there and back, and the peering."""
    source, target = (need(estate, subnet_id(f"v{v}", f"s{s}")) for v, s in (a, b))
    here, there = End(packet.source, packet.source_port), End(packet.destination, packet.destination_port)
    out = book.answer(Question(source, "outbound", packet.protocol, here, there)).access
    into = book.answer(Question(target, "inbound", packet.protocol, there, here)).access
    ways = [next_hop(estate, source, packet.destination), next_hop(estate, target, packet.source)]
    answers: list[bool | None] = [None if access == "Unknown" else access == "Allow" for access in (out, into)]
    for way, (own, other) in zip(ways, ((a, b), (b, a)), strict=True):
        answers.append(_leads(way, own[0], other[0]))
    if a[0] != b[0]:
        peering = peering_between(estate, need(estate, vnet_id(f"v{a[0]}")), need(estate, vnet_id(f"v{b[0]}")).id)
        up = False if peering is None else is_up(peering)
        answers.append(None if isinstance(up, Unknown) else up)
    return False if False in answers else None if None in answers else True


def _leads(way: NextHop | Unknown, own: int, other: int) -> bool | None:
    if isinstance(way, Unknown):
        return None
    if own == other:
        return way.hop is Hop.VNET_LOCAL
    return way.hop is Hop.PEERING and way.route.towards is not None and way.route.towards.name == f"v{other}"


@given(ESTATES, st.sampled_from(NAMES), st.sampled_from(NAMES), st.lists(PACKETS, min_size=1, max_size=3), st.data())
@settings(max_examples=120, deadline=None)
def test_what_passes_as_a_packet_is_reached(
    estate: Estate, a: tuple[int, int], b: tuple[int, int], packets: list[Packet], data: st.DataObject
) -> None:
    if a == b:
        return
    world, book = Reachability.of(estate), FlowBook(estate)
    (origin,) = world.origins(need(estate, subnet_id(f"v{a[0]}", f"s{a[1]}")))
    answer = world.reach(origin, need(estate, subnet_id(f"v{b[0]}", f"s{b[1]}")))
    for like in packets:
        source = f"10.{a[0]}.{a[1]}.{data.draw(st.integers(0, 15))}"
        target = f"10.{b[0]}.{b[1]}.{data.draw(st.integers(0, 15))}"
        packet = Packet(like.protocol, source, like.source_port, target, like.destination_port)
        if packet_passes(estate, book, packet, a, b) is True:
            assert answer.reaches is True, packet


@given(ESTATES, st.sampled_from(NAMES), st.sampled_from(NAMES))
@settings(max_examples=120, deadline=None)
def test_the_witness_of_what_is_reached_passes_everything(
    estate: Estate, a: tuple[int, int], b: tuple[int, int]
) -> None:
    if a == b:
        return
    world = Reachability.of(estate)
    (origin,) = world.origins(need(estate, subnet_id(f"v{a[0]}", f"s{a[1]}")))
    answer = world.reach(origin, need(estate, subnet_id(f"v{b[0]}", f"s{b[1]}")))
    if answer.reaches is True:
        assert answer.witness is not None
        assert packet_passes(estate, FlowBook(estate), answer.witness, a, b) is True
    elif answer.reaches is False:
        assert answer.stopped is not None
        assert answer.stopped.says
