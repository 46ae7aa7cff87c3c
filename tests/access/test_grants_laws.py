"""Conditions, denials, access policies and places below, against an evaluator that tries everything."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.access.conditions import decided
from auditor.access.effective import access_of
from auditor.model import ArmId
from tests.builders.access_worlds import EVERYONE, RG, STORE, SUB, VAULT, deny, give, guid, role
from tests.builders.estates import estate_of
from tests.evaluators.brute_force_access import (
    POLICY,
    Action,
    Atom,
    Both,
    Condition,
    Denied,
    Either,
    Given,
    Not,
    World,
    names_in,
    outcomes,
)

SECRET_A, SECRET_B = f"{VAULT}/secrets/a", f"{VAULT}/secrets/b"
CONTAINER = f"{STORE}/blobServices/default/containers/c"
PLACES = (SUB, RG, VAULT, STORE, SECRET_A, SECRET_B, CONTAINER)
PEOPLE = ("p0", "p1")
_BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
OPERATIONS = (
    ("Microsoft.KeyVault/vaults/secrets/getSecret/action", True),
    ("Microsoft.KeyVault/vaults/secrets/setSecret/action", True),
    ("Microsoft.KeyVault/vaults/secrets/delete", True),
    (f"{_BLOBS}/read", True),
    (f"{_BLOBS}/write", True),
    ("Microsoft.KeyVault/vaults/write", False),
    ("Microsoft.Storage/storageAccounts/listKeys/action", False),
)
PATTERNS = ["*", "*/read", "*/write", "*/action", "Microsoft.KeyVault/*", "Microsoft.Storage/*/read", f"{_BLOBS}/*"]

_patterns = st.lists(st.sampled_from(PATTERNS), max_size=2).map(tuple)
_leaves: st.SearchStrategy[Condition] = st.one_of(
    st.builds(Action, st.sampled_from([*PATTERNS[1:], f"{_BLOBS}/read"])), st.builds(Atom, st.sampled_from("abc"))
)
conditions: st.SearchStrategy[Condition] = st.recursive(
    _leaves,
    lambda inner: st.one_of(st.builds(Not, inner), st.builds(Both, inner, inner), st.builds(Either, inner, inner)),
    max_leaves=5,
)
_plain = conditions.filter(lambda c: len(names_in(c)) == len(set(names_in(c))))


def _not_everywhere(denied: list[Denied]) -> bool:
    """Whether a denial at a place alone stands by itself: there is more in a group than these worlds have places."""
    return len(denied) < 2 or not any(each.here_only for each in denied)


def worlds_with(denied_if: st.SearchStrategy[Condition | None]) -> st.SearchStrategy[World]:
    """Worlds whose denials have conditions of this kind."""
    return st.builds(
        World,
        vault=st.just(VAULT),
        by_roles=st.booleans(),
        given=st.lists(
            st.builds(
                Given,
                st.sampled_from(PEOPLE),
                _patterns,
                _patterns,
                st.sampled_from(PLACES),
                st.one_of(st.none(), _plain),
            ),
            max_size=4,
        ),
        denied=st.lists(
            st.builds(
                Denied,
                st.sampled_from(PLACES),
                st.sampled_from([(), ("*/action",), ("*",)]),
                st.sampled_from([(), ("*/read",), ("Microsoft.KeyVault/*",)]),
                st.sampled_from([(), ("p0",)]),
                st.booleans(),
                denied_if,
            ),
            max_size=2,
        ).filter(_not_everywhere),
        policies=st.lists(
            st.tuples(st.sampled_from(PEOPLE), st.lists(st.sampled_from(sorted(POLICY)), max_size=2).map(tuple)),
            max_size=2,
        ),
    )


worlds, worlds_of_doubt = worlds_with(st.none()), worlds_with(st.one_of(st.none(), _plain))


def documents(world: World) -> list[dict[str, Any]]:
    policies = [
        {"objectId": guid(who), "tenantId": guid("tenant"), "permissions": {"secrets": list(permissions)}}
        for who, permissions in world.policies
    ]
    made: list[dict[str, Any]] = [
        *(
            {"id": f"/providers/Microsoft.Graph/users/{guid(p)}", "type": "Microsoft.Graph/users", "displayName": p}
            for p in PEOPLE
        ),
        {
            "id": VAULT,
            "type": "Microsoft.KeyVault/vaults",
            "name": "kv",
            "properties": {"enableRbacAuthorization": world.by_roles, "accessPolicies": policies},
        },
        {"id": STORE, "type": "Microsoft.Storage/storageAccounts", "name": "st", "properties": {}},
    ]
    for number, one in enumerate(world.given):
        text = {} if one.condition is None else {"condition": str(one.condition), "conditionVersion": "2.0"}
        made.append(role(f"r{number}", one.actions, data=one.data_actions))
        made.append(give(one.holder, f"r{number}", one.place, "User", **text))
    for number, one_denied in enumerate(world.denied):
        made.append(
            deny(
                f"d{number}",
                one_denied.place,
                one_denied.actions,
                one_denied.data_actions,
                principals=[EVERYONE],
                excludePrincipals=[{"id": guid(p), "type": "User"} for p in one_denied.spared],
                doNotApplyToChildScopes=one_denied.here_only,
                condition="" if one_denied.condition is None else str(one_denied.condition),
            )
        )
    return made


def told(world: World, operation: str, place: str, *, data: bool, below: bool) -> dict[str, str]:
    """What the program says of each person: the firmest of its grants."""
    access = access_of(estate_of(documents(world)))
    found = access.who_can(operation, ArmId(place), data, below=below)
    assert found.gaps == ()
    answers = {p: {g.answer.value for g in found.grants if g.principal.id == guid(p)} for p in PEOPLE}
    return {p: next((a for a in ("yes", "conditional", "unknown") if a in said), "no") for p, said in answers.items()}


@settings(max_examples=150, deadline=None)
@given(conditions, st.sampled_from([name for name, _ in OPERATIONS]))
def test_what_is_decided_of_a_condition_holds_whatever_is_compared(condition: Condition, operation: str) -> None:
    found = decided(str(condition))
    comes = outcomes(condition, operation)
    assert not found.met.contains(operation) or comes == {True}
    assert not found.failed.contains(operation) or comes == {False}
    if len(names_in(condition)) == len(set(names_in(condition))):
        assert found.met.contains(operation) == (comes == {True}), "where nothing is compared twice, it is exact"
        assert found.failed.contains(operation) == (comes == {False})


@settings(max_examples=60, deadline=None)
@given(worlds_of_doubt, st.sampled_from(PLACES), st.sampled_from(OPERATIONS))
def test_who_can_is_what_the_evaluator_says(world: World, place: str, asked: tuple[str, bool]) -> None:
    operation, data = asked
    expected = {p: world.answer(p, operation, place, data=data) for p in PEOPLE}
    assert told(world, operation, place, data=data, below=False) == expected


@settings(max_examples=60, deadline=None)
@given(worlds_of_doubt, st.sampled_from(PLACES), st.sampled_from(OPERATIONS))
def test_who_can_below_is_the_firmest_answer_anywhere_inside(world: World, place: str, asked: tuple[str, bool]) -> None:
    operation, data = asked
    answers = {p: world.anywhere_in(p, operation, place, PLACES, data=data) for p in PEOPLE}
    assert told(world, operation, place, data=data, below=True) == answers


@settings(max_examples=60, deadline=None)
@given(worlds, st.sampled_from(PEOPLE), st.sampled_from(PLACES))
def test_effective_access_is_what_the_evaluator_says(world: World, person: str, place: str) -> None:
    effective = access_of(estate_of(documents(world))).effective(guid(person), ArmId(place))
    assert effective.gaps == ()
    for operation, data in OPERATIONS:
        expected = world.answer(person, operation, place, data=data)
        assert effective.certain.plane(data).contains(operation) == (expected == "yes"), operation
        wide = effective.certain | effective.conditional
        assert wide.plane(data).contains(operation) == (expected != "no"), operation
