"""The algebra of operation sets against brute force: laws on small texts, built-in roles on real operations."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.access.known_operations import known_operations
from auditor.sets.operation_patterns import expand, matches, meet
from auditor.sets.operation_set import OperationSet, Rights, written
from tests.strategies.permissions import (
    TEXTS,
    built_in_roles,
    naive,
    odd_sets,
    small_patterns,
    small_sets,
)

pytestmark = pytest.mark.slow

OPERATIONS = tuple(sorted({operation.name.lower() for operation in known_operations()}))
SAMPLE = OPERATIONS[::23]


def members(operations, texts=TEXTS):
    return {text for text in texts if operations.contains(text)}


@settings(deadline=None)
@given(small_patterns)
def test_a_pattern_expands_to_globs_that_match_what_its_regular_expression_matches(pattern):
    globs = expand(pattern)
    plain = naive((pattern,))
    assert {t for t in TEXTS if any(matches(g, t) for g in globs)} == {t for t in TEXTS if t in plain}


@settings(deadline=None)
@given(small_patterns, small_patterns)
def test_the_meeting_of_two_globs_is_what_both_match(one, other):
    for a in expand(one):
        for b in expand(other):
            both = {t for t in TEXTS if matches(a, t) and matches(b, t)}
            assert {t for t in TEXTS if any(matches(g, t) for g in meet(a, b))} == both


@settings(max_examples=150, deadline=None)
@given(small_sets, small_sets)
def test_every_operator_agrees_with_brute_force(one, other):
    (a, naive_a), (b, naive_b) = one, other
    in_a, in_b = {t for t in TEXTS if t in naive_a}, {t for t in TEXTS if t in naive_b}
    assert members(a) == in_a
    assert members(a | b) == in_a | in_b
    assert members(a & b) == in_a & in_b
    assert members(a - b) == in_a - in_b
    if a <= b:
        assert in_a <= in_b
    if a == b:
        assert in_a == in_b
        assert hash(a) == hash(b)
    assert a.overlaps(b) == (not (a & b).is_empty)


@settings(max_examples=150, deadline=None)
@given(small_sets, small_sets)
def test_a_witness_is_the_shortest_member_and_exists_exactly_where_the_set_is_not_empty(one, other):
    difference = one[0] - other[0]
    witness = difference.witness()
    if witness is None:
        assert difference.is_empty
        assert members(difference) == set()
        return
    assert witness in difference
    shorter = [t for t in TEXTS if t and t in difference and len(t) < len(witness)]
    assert not shorter


@settings(max_examples=100, deadline=None)
@given(small_sets, small_sets, small_sets)
def test_laws_of_sets(one, other, third):
    a, b, c = one[0], other[0], third[0]
    everything = OperationSet.of(["*"])
    assert a - (b | c) == (a - b) & (a - c), "De Morgan"
    assert a - (b & c) == (a - b) | (a - c), "De Morgan"
    assert a & (b | c) == (a & b) | (a & c)
    assert (a - b) | (a & b) == a
    assert (a <= b) == (a - b).is_empty
    assert a & b <= a <= a | b
    assert everything - (everything - a) == a
    assert OperationSet.union([a, b, c]) == a | b | c


@settings(max_examples=150, deadline=None)
@given(small_sets, small_sets)
def test_what_is_shown_means_the_same_set(one, other):
    for operations in (one[0], one[0] - other[0], one[0] | other[0]):
        shown, left = written(operations)
        assert OperationSet.union(part.means for part in shown) | left == operations
        assert (OperationSet.union(part.means for part in shown) & left).is_empty


@settings(max_examples=60, deadline=None)
@given(odd_sets, odd_sets)
def test_custom_roles_with_wildcards_in_odd_places_agree_on_real_operations(one, other):
    (a, naive_a), (b, naive_b) = one, other
    for operation in SAMPLE:
        in_a, in_b = operation in naive_a, operation in naive_b
        assert (operation in a, operation in a - b, operation in a & b) == (in_a, in_a and not in_b, in_a and in_b)


def rights_of(role):
    return Rights.union(
        Rights(
            OperationSet.of(p.get("actions", ()), p.get("notActions", ())),
            OperationSet.of(p.get("dataActions", ()), p.get("notDataActions", ())),
        )
        for p in role["permissions"]
    )


def naive_of(role, plus, minus):
    return [naive(tuple(p.get(plus, ())), tuple(p.get(minus, ()))) for p in role["permissions"]]


@pytest.mark.parametrize("part", range(8))
def test_every_built_in_role_allows_what_a_naive_expansion_allows(part):
    for role in built_in_roles()[part::8]:
        rights = rights_of(role)
        control, data = naive_of(role, "actions", "notActions"), naive_of(role, "dataActions", "notDataActions")
        for operation in OPERATIONS[part::41]:
            assert (operation in rights.control) == any(operation in p for p in control), role["roleName"]
            assert (operation in rights.data) == any(operation in p for p in data), role["roleName"]


def test_differences_of_built_in_roles_hold_exactly_the_operations_that_only_one_allows():
    roles = [rights_of(role).control for role in built_in_roles()[::40]]
    for a in roles:
        in_a = members(a, SAMPLE)
        for b in roles:
            assert members(a - b, SAMPLE) == in_a - members(b, SAMPLE)


@settings(deadline=None)
@given(st.text(alphabet="aB/*Ä ", max_size=8))
def test_letter_case_and_surrounding_blanks_do_not_count(pattern):
    assert OperationSet.of([pattern.upper()]) == OperationSet.of([f" {pattern.lower()} "])
