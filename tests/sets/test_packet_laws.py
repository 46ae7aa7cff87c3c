"""The laws of the sets that network answers are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.model import Unknown
from auditor.sets import decision_diagram as dd
from auditor.sets.address_set import AddressSet, number_of
from auditor.sets.interval_set import IntervalSet
from auditor.sets.packet_set import FlowSet, Packet
from auditor.sets.protocol_set import Protocol
from auditor.sets.symbolic_addresses import Addresses
from auditor.sets.symbols import is_bit, symbol_at, symbols_in
from tests.strategies import network as net

Same = TypeVar("Same", bound=IntervalSet)
quick = settings(max_examples=120, deadline=None)
pairs = st.one_of(
    st.tuples(net.addresses, net.addresses, net.addresses),
    st.tuples(net.ports, net.ports, net.ports),
    st.tuples(net.protocols, net.protocols, net.protocols),
)


@quick
@given(pairs)
def test_integer_sets_form_a_boolean_algebra(sets: tuple[Same, Same, Same]) -> None:
    a, b, c = sets
    nothing, everything = type(a).none(), type(a).everything()
    assert a & (b | c) == (a & b) | (a & c)
    assert a | (b & c) == (a | b) & (a | c)
    assert ~(a | b) == ~a & ~b
    assert a - b == a & ~b
    assert a ^ b == (a - b) | (b - a)
    assert (a | ~a, a & ~a) == (everything, nothing)
    assert (a <= b) == ((a - b).is_empty) == (a & b == a)
    assert a.meets(b) is not (a & b).is_empty
    assert hash((a | b) | c) == hash(a | (b | c))
    assert (a - b).size + (a & b).size == a.size


@quick
@given(net.addresses, net.addresses, st.sampled_from(net.EDGES))
def test_an_address_is_in_a_combination_as_it_is_in_the_parts(a: AddressSet, b: AddressSet, at: int) -> None:
    assert (a | b).has(at) == (a.has(at) or b.has(at))
    assert (a & b).has(at) == (a.has(at) and b.has(at))
    assert (a - b).has(at) == (a.has(at) and not b.has(at))
    assert (~a).has(at) != a.has(at)


@quick
@given(net.addresses)
def test_the_prefixes_of_a_set_are_the_set_and_its_witness_a_member(a: AddressSet) -> None:
    assert AddressSet.of(*a.prefixes) == a
    if not a.is_empty:
        assert a.witness() in a
    bounds = a.bounds
    assert list(bounds) == sorted(set(bounds))


@quick
@given(net.regions, net.regions, net.regions)
def test_symbolic_sets_form_a_boolean_algebra(a: Addresses, b: Addresses, c: Addresses) -> None:
    assert a & (b | c) == (a & b) | (a & c)
    assert ~(a & b) == ~a | ~b
    assert a - b == a & ~b
    assert ~~a == a
    assert (a | ~a, a & ~a) == (Addresses.everything(), Addresses.none())
    assert (a & b).within(a) is True
    assert a.certain <= a.possible


def _placed(diagram: dd.Diagram, choice: Mapping[str, AddressSet], packet: Mapping[int, int]) -> bool:
    """The value of a diagram at a point, once the symbols are known. Shares nothing with the algebra."""
    while isinstance(diagram, dd.Node):
        if is_bit(diagram.level):
            side = dd.SOURCE if diagram.level > dd.SOURCE else dd.DESTINATION
            value = int(choice[symbol_at(diagram.level).name].has(packet[side]))
        else:
            value = packet[diagram.level]
        at = sum(cut <= value for cut in diagram.cuts)
        diagram = diagram.kids[at]
    return bool(diagram)


def _members(a: Addresses, choice: Mapping[str, AddressSet]) -> set[int]:
    return {at for at in _corners(a, choice) if _placed(a.diagram, choice, {dd.DESTINATION: at})}


def _corners(a: Addresses, choice: Mapping[str, AddressSet]) -> set[int]:
    """A point of every stretch on which nothing changes."""
    cuts = set(a.diagram.cuts) if isinstance(a.diagram, dd.Node) and a.diagram.level == dd.DESTINATION else set()
    for found in choice.values():
        cuts |= set(found.bounds)
    return {0} | {cut for cut in cuts if cut < AddressSet.LIMIT}


@quick
@given(net.regions, net.regions, net.choices(), st.sampled_from(net.EDGES))
def test_a_definite_answer_holds_however_the_symbols_turn_out(
    a: Addresses, b: Addresses, choice: Mapping[str, AddressSet], at: int
) -> None:
    inside = a.contains(at)
    if not isinstance(inside, Unknown):
        assert inside == _placed(a.diagram, choice, {dd.DESTINATION: at})
    if not isinstance(a.is_empty, Unknown):
        assert a.is_empty == (not _members(a, choice))
    within = a.within(b)
    if not isinstance(within, Unknown):
        assert within == (not _members(a - b, choice))
    members = _members(a, choice)
    assert all(a.certain.has(n) <= (n in members) for n in _corners(a, choice))
    assert all(a.possible.has(n) for n in members)


@quick
@given(net.regions, st.sampled_from(net.EDGES))
def test_membership_is_unknown_only_where_both_answers_are_possible(a: Addresses, at: int) -> None:
    if isinstance(a.contains(at), Unknown):
        assert a.possible.has(at)
        assert not a.certain.has(at)
        rest = dd.at(a.diagram, {dd.DESTINATION: at})
        assert dd.leaves(rest) == {dd.EMPTY, dd.FULL}
        assert all(s.at_most.has(at) and not s.at_least.has(at) for s in symbols_in(rest))


@quick
@given(net.flows, net.flows, net.flows, net.packets)
def test_flows_form_a_boolean_algebra_that_packets_obey(a: FlowSet, b: FlowSet, c: FlowSet, packet: Packet) -> None:
    assert a & (b | c) == (a & b) | (a & c)
    assert ~(a | b) == ~a & ~b
    assert (a | b) - b == a - b
    assert (a | ~a, a & ~a) == (FlowSet.everything(), FlowSet.none())
    assert a.within(b) is ((a - b).is_empty)
    assert a.meets(b) is not (a & b).is_empty
    assert (a | b).decide(packet) is (a.decide(packet) is True or b.decide(packet) is True)
    assert (a & b).decide(packet) is (a.decide(packet) is True and b.decide(packet) is True)
    assert (a - b).decide(packet) is (a.decide(packet) is True and b.decide(packet) is False)
    assert hash(a | b) == hash(b | a)


@quick
@given(net.flows)
def test_boxes_are_disjoint_and_together_the_set(a: FlowSet) -> None:
    boxes = [FlowSet(box.diagram) for box in a.boxes()]
    assert FlowSet.union(boxes) == a
    for n, box in enumerate(boxes):
        assert all(box.meets(other) is False for other in boxes[n + 1 :])


@quick
@given(net.symbolic_flows, net.choices())
def test_a_witness_is_in_the_set_or_says_what_it_depends_on(a: FlowSet, choice: Mapping[str, AddressSet]) -> None:
    packet = a.witness()
    assert (packet is None) == (a == FlowSet.none())
    if packet is None:
        return
    decided = a.decide(packet)
    assert decided is True or (isinstance(decided, Unknown) and packet.given)
    if decided is True:
        assert _placed(a.diagram, choice, packet.numbers)
        assert not packet.given


@quick
@given(net.symbolic_flows, net.symbolic_flows, net.choices(), net.packets)
def test_a_definite_answer_about_flows_holds_however_the_symbols_turn_out(
    a: FlowSet, b: FlowSet, choice: Mapping[str, AddressSet], packet: Packet
) -> None:
    decided = a.decide(packet)
    here = _placed(a.diagram, choice, packet.numbers)
    if not isinstance(decided, Unknown):
        assert decided == here
    if a.is_empty is True:
        assert not here
    if a.within(b) is True:
        assert here <= _placed(b.diagram, choice, packet.numbers)
    assert (a & b).certain.within((a & b).possible) is True
    if a.certain.decide(packet) is True:
        assert here
    if here:
        assert a.possible.decide(packet) is True


@quick
@given(net.symbolic_flows, net.choices())
def test_flows_said_to_hold_a_packet_hold_one_however_the_symbols_turn_out(
    a: FlowSet, choice: Mapping[str, AddressSet]
) -> None:
    """`is_empty` false may rest on a named set having a member: then look for it among the members chosen."""
    if a.is_empty is not False:
        return
    points = {n for found in choice.values() for n, _ in found.pairs} | set(net.EDGES)
    points |= {n for symbol in net.SYMBOLS for n in symbol.at_most.bounds if n < AddressSet.LIMIT}
    certain = a.certain.witness()
    if certain is not None:
        assert a.decide(certain) is True
        return
    found = dd.without(a.diagram, lambda level: level < dd.DESTINATION, dd.first)
    assert any(
        _placed(found, choice, {dd.SOURCE: source, dd.DESTINATION: destination})
        for source in points
        for destination in points
    )


@quick
@given(net.flows, net.packets)
def test_a_protocol_without_ports_is_never_told_apart_by_ports(a: FlowSet, packet: Packet) -> None:
    if not packet.protocol.has_ports:
        numbers = packet.numbers | {dd.SOURCE_PORT: 1, dd.DESTINATION_PORT: 2}
        other = packet.numbers | {dd.SOURCE_PORT: 3, dd.DESTINATION_PORT: 4}
        assert dd.at(a.diagram, numbers) == dd.at(a.diagram, other)


@quick
@given(net.regions)
def test_the_text_of_a_set_is_never_empty_and_always_the_same(a: Addresses) -> None:
    assert str(a)
    assert str(a) == str(Addresses(a.diagram))
    assert (str(a) == "no address") == (a == Addresses.none())


def test_protocols_are_their_numbers_on_the_line() -> None:
    assert [int(protocol) for protocol in Protocol] == list(range(6))
    assert number_of("0.0.0.0") == 0
