"""Sets with parts that nobody knows: what can be said all the same, and in which words."""

from __future__ import annotations

import pytest

from auditor.model import NotKnown, Unknown
from auditor.sets.address_set import AddressSet
from auditor.sets.packet_set import FlowSet
from auditor.sets.symbolic_addresses import Addresses
from auditor.sets.symbols import Symbol

PUBLIC = ~AddressSet.of("10.0.0.0/8", "::/0")
WHY = Unknown("no list of tags", permission="tags/read")
OUTER = Symbol("Outer", AddressSet.of("203.0.113.0/24"), PUBLIC, WHY, named=True)
INNER = Symbol("Inner", AddressSet.none(), PUBLIC, Unknown("inner"), inside=OUTER, named=True)
OTHER = Symbol("Other", AddressSet.none(), PUBLIC, Unknown("other"), inside=OUTER, named=True)
MAYBE = Symbol("Maybe", AddressSet.none(), AddressSet.everything(), Unknown("maybe"))
outer, inner, other, maybe = (Addresses.symbol(symbol) for symbol in (OUTER, INNER, OTHER, MAYBE))
private, everything = Addresses.of("10.0.0.0/8"), Addresses.everything()


def test_containments_that_are_known_are_answered() -> None:
    assert inner.within(outer) is True
    assert (inner <= outer) is True
    assert (inner & other).within(outer) is True
    assert outer.meets(private) is False
    assert inner.meets(private) is False
    assert (~outer).meets(private) is True
    assert inner.within(everything) is True


def test_a_named_set_is_not_empty_and_a_nameless_one_may_be() -> None:
    assert inner.is_empty is False
    assert outer.is_empty is False
    assert isinstance(maybe.is_empty, Unknown)
    assert (inner | maybe).is_empty is False
    assert isinstance((inner & other).is_empty, Unknown)
    assert isinstance((inner - other).is_empty, Unknown)
    assert (inner - inner).is_empty is True


def test_an_unknown_answer_names_every_reason_and_the_permission() -> None:
    found = (inner & outer & other).is_empty
    assert isinstance(found, Unknown)
    assert set(found.because.split("; ")) == {"inner", "other", "no list of tags"}
    wider = outer.within(inner)
    assert isinstance(wider, Unknown)
    assert wider == Unknown("inner; no list of tags", permission="tags/read")


def test_membership_is_three_valued() -> None:
    assert outer.contains("203.0.113.5") is True
    assert outer.contains("10.0.0.1") is False
    assert isinstance(outer.contains("8.8.8.8"), Unknown)
    assert "203.0.113.5" in outer
    with pytest.raises(NotKnown, match="no list of tags"):
        "8.8.8.8" in outer  # noqa: B015
    assert not outer.is_exact
    assert private.is_exact
    assert outer.unknowns == (WHY,)


def test_bounds_of_a_set_are_what_is_certain_and_what_is_possible() -> None:
    assert outer.certain == AddressSet.of("203.0.113.0/24")
    assert outer.possible == PUBLIC
    assert outer.witness() == "203.0.113.0"
    assert inner.witness() == "0.0.0.0"


def test_two_named_sets_in_one_place_may_force_a_member_between_them() -> None:
    """With a single address to be in, two named sets both hold it."""
    one = AddressSet.of("198.51.100.1")
    a = Addresses.symbol(Symbol("A", AddressSet.none(), one, WHY, named=True))
    b = Addresses.symbol(Symbol("B", AddressSet.none(), one, WHY, named=True))
    assert (a & b).is_empty is False
    assert a.within(b) is True


def test_three_named_sets_in_two_places_share_one() -> None:
    """However they are laid out, two of three sets that each have a member must have one in common."""
    two = AddressSet.of("198.51.100.0/31")
    a, b, c = (Addresses.symbol(Symbol(name, AddressSet.none(), two, WHY, named=True)) for name in "ABC")
    assert ((a & b) | (b & c) | (a & c)).is_empty is False
    assert isinstance(((a & b) | (b & c)).is_empty, Unknown)


def test_sets_refuse_to_be_truth_values() -> None:
    for asked in (outer, FlowSet.everything()):
        with pytest.raises(TypeError, match="ask `is_empty`"):
            bool(asked)


def test_two_named_sets_with_room_for_both_need_not_meet() -> None:
    two = AddressSet.of("198.51.100.0/31")
    a = Addresses.symbol(Symbol("A", AddressSet.none(), two, WHY, named=True))
    b = Addresses.symbol(Symbol("B", AddressSet.none(), two, WHY, named=True))
    assert isinstance((a & b).is_empty, Unknown)
    assert isinstance(a.within(b), Unknown)


def test_symbols_of_one_content_are_one_and_reasons_are_kept_apart() -> None:
    assert Addresses.symbol(Symbol("Outer", OUTER.at_least, PUBLIC, WHY, named=True)) == outer
    again = Addresses.symbol(Symbol("Outer", OUTER.at_least, PUBLIC, Unknown("another run"), named=True))
    assert again.unknowns == (Unknown("another run"),)
    assert outer.unknowns == (WHY,)


NAMES = {"Network": private, "Outer": outer}
TEXTS = [
    (outer, "Outer"),
    (inner, "Inner"),
    (inner | private, "Network, Inner"),
    (outer - inner, "Outer except Inner"),
    (outer - Addresses.of("203.0.113.0/24"), "Outer except 203.0.113.0/24"),
    (private - Addresses.of("10.1.0.0/16"), "10.0.0.0/16, 10.2.0.0-10.255.255.255"),
    (private, "Network"),
    (inner & other, "Inner and Other"),
    (~private - outer, "* except Network, Outer"),
    (maybe & private, "10.0.0.0/8 as far as in Maybe"),
    (maybe - private, "Maybe except Network"),
    (everything, "*"),
    (Addresses.none(), "no address"),
]  # fmt: skip


@pytest.mark.parametrize(("addresses", "text"), TEXTS, ids=[text for _, text in TEXTS])
def test_sets_are_told_by_the_names_that_the_reader_knows(addresses: Addresses, text: str) -> None:
    assert addresses.text(NAMES) == text


def test_a_universe_is_told_as_a_star() -> None:
    v4 = Addresses.of("0.0.0.0/0")
    assert v4.text(universe=v4) == "*"
    assert (v4 - private).text({"Network": private}, v4) == "0.0.0.0-9.255.255.255, 11.0.0.0-255.255.255.255"
    assert repr(private) == "Addresses(10.0.0.0/8)"
    assert private != "10.0.0.0/8"


def test_flows_between_named_sets_surely_hold_a_packet() -> None:
    assert FlowSet.box(source=inner, destination=private).is_empty is False
    assert FlowSet.box(source=inner, destination=other).is_empty is False
    assert isinstance(FlowSet.box(source=inner & other, destination=private).is_empty, Unknown)
    assert isinstance(FlowSet.box(source=maybe, destination=private).is_empty, Unknown)
    assert FlowSet.box(source=inner).meets(FlowSet.box(source=outer)) is True
    assert isinstance(FlowSet.box(source=inner).within(FlowSet.box(source=other)), Unknown)


def test_a_witness_in_an_unknown_part_says_what_it_depends_on() -> None:
    found = FlowSet.box(source=inner - other, destination=private).witness()
    assert found is not None
    assert set(found.given) == {f"{found.source} is in Inner", f"{found.source} is not in Other"}
    assert FlowSet.box(source=outer).unknowns == (WHY,)


def test_a_yes_or_no_is_told_as_a_condition_and_ids_are_left_out() -> None:
    gate = Symbol("if rule web matches (/subscriptions/0/x)", AddressSet.none(), AddressSet.everything(), WHY)
    behind = Symbol("what is behind gw (/subscriptions/0/gw)", AddressSet.none(), AddressSet.everything(), WHY)
    maybe_web, beyond = Addresses.symbol(gate), Addresses.symbol(behind)
    assert (gate.label, behind.label) == ("if rule web matches", "what is behind gw")
    assert str(private & maybe_web) == "10.0.0.0/8 (if rule web matches)"
    assert str(private - maybe_web) == "10.0.0.0/8 (unless rule web matches)"
    assert str(beyond & private & maybe_web) == "10.0.0.0/8 as far as in what is behind gw (if rule web matches)"
    found = FlowSet.box(destination=private - maybe_web).witness()
    assert found is not None
    assert found.given == ("unless rule web matches",)
    again = FlowSet.box(destination=private & maybe_web).witness()
    assert again is not None
    assert again.given == ("if rule web matches",)
