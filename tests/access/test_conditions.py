"""Conditions: for which operations they hold, against a reading of the same tree for one operation at a time."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.access.conditions import attributes_of, decided
from auditor.model import ArmId
from tests.builders.access_worlds import STORE

READ = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"
DELETE = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete"
ASSIGN = "Microsoft.Authorization/roleAssignments/write"
NAME = "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name]"
ON_READ = (
    f"((!(ActionMatches{{'{READ}'}} AND NOT SubOperationMatches{{'Blob.List'}})) OR ({NAME} StringEquals 'public'))"
)
ROLE = "@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId]"
KIND = "@Request[Microsoft.Authorization/roleAssignments:PrincipalType]"
DELEGATE = (
    f"((!(ActionMatches{{'{ASSIGN}'}})) OR ({ROLE} ForAnyOfAnyValues:GuidEquals {{aaaa, bbbb}}"
    f" AND {KIND} ForAnyOfAnyValues:StringEqualsIgnoreCase {{'ServicePrincipal'}}))"
)
EXCEPT = f"((!(ActionMatches{{'{ASSIGN}'}})) OR ({ROLE} ForAnyOfAllValues:GuidNotEquals {{aaaa, bbbb}}))"
_ROLE = "@request:microsoft.authorization/roleassignments:roledefinitionid"
_KIND = "@request:microsoft.authorization/roleassignments:principaltype"


@pytest.mark.parametrize(
    ("text", "operation", "attributes", "expected", "why"),
    [
        ("", READ, {}, True, "no condition stops nothing"),
        (ON_READ, DELETE, {}, True, "what is not targeted is certain"),
        (ON_READ, READ, {}, None, "the name of the container is not known"),
        (ON_READ, READ, attributes_of(ArmId(f"{STORE}/blobServices/default/containers/public")), True, "the container"),
        (DELEGATE, ASSIGN, {_ROLE: ("cccc",)}, False, "another role, whoever gets it"),
        (DELEGATE, ASSIGN, {_ROLE: ("AAAA",)}, None, "to whom is not known"),
        (DELEGATE, ASSIGN, {_ROLE: ("AAAA",), _KIND: ("serviceprincipal",)}, True, "as the template means it"),
        (DELEGATE, ASSIGN, {_ROLE: ("aaaa",), _KIND: ("User",)}, False, "not to a user"),
        (EXCEPT, ASSIGN, {_ROLE: ("bbbb",)}, False, "one of those left out"),
        (EXCEPT, ASSIGN, {_ROLE: ("cccc",)}, True, "any other"),
        (f"{NAME} StringLike 'log*'", READ, {"@resource:" + NAME[10:-1].casefold(): ("logs",)}, True, "a pattern"),
        ("this is (no condition", READ, {}, None, "what does not follow the language decides nothing"),
        (f"{NAME} DateTimeLessThan '2027-01-01'", READ, {}, None, "an operator that is not known"),
    ],
)
def test_what_a_condition_decides(
    text: str, operation: str, attributes: dict[str, tuple[str, ...]], expected: bool | None, why: str
) -> None:
    found = decided(text, attributes)
    answer = True if found.met.contains(operation) else False if found.failed.contains(operation) else None
    assert answer is expected, why


# --- the law ---------------------------------------------------------------------------------------------------------

OPERATIONS = ("a.b/c/read", "a.b/c/write", "x.y/z/read")
_PATTERNS = {
    "a.b/c/read": {"a.b/c/read"},
    "a.b/*": {"a.b/c/read", "a.b/c/write"},
    "*/read": {"a.b/c/read", "x.y/z/read"},
}

_leaves = st.one_of(
    st.sampled_from(sorted(_PATTERNS)).map(lambda p: ("action", p)),
    st.sampled_from(["p", "q"]).map(lambda name: ("attribute", name)),
)
trees = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        inner.map(lambda t: ("not", t)),
        st.tuples(inner, inner).map(lambda two: ("and", *two)),
        st.tuples(inner, inner).map(lambda two: ("or", *two)),
    ),
    max_leaves=8,
)


def _text(tree: tuple) -> str:  # type: ignore[type-arg]
    kind, *rest = tree
    if kind == "action":
        return f"ActionMatches{{'{rest[0]}'}}"
    if kind == "attribute":
        return f"@Principal[{rest[0]}] StringEquals 'x'"
    if kind == "not":
        return f"!({_text(rest[0])})"
    return f"({_text(rest[0])} {kind.upper()} {_text(rest[1])})"


def _true(tree: tuple, operation: str, facts: dict[str, bool]) -> bool:  # type: ignore[type-arg]
    kind, *rest = tree
    if kind == "action":
        return operation in _PATTERNS[rest[0]]
    if kind == "attribute":
        return facts[rest[0]]
    if kind == "not":
        return not _true(rest[0], operation, facts)
    parts = [_true(part, operation, facts) for part in rest]
    return all(parts) if kind == "and" else any(parts)


@given(trees, st.dictionaries(st.sampled_from(["p", "q"]), st.booleans()))
def test_a_condition_is_decided_only_as_every_possible_world_decides_it(
    tree: tuple,  # type: ignore[type-arg]
    known: dict[str, bool],
) -> None:
    attributes = {f"@principal:{name}": (("x",) if value else ("y",)) for name, value in known.items()}
    found = decided(_text(tree), attributes)
    open_ = [name for name in ("p", "q") if name not in known]
    for operation in OPERATIONS:
        worlds = [dict(zip(open_, values, strict=True)) | known for values in product([True, False], repeat=len(open_))]
        answers = {_true(tree, operation, facts) for facts in worlds}
        if found.met.contains(operation):
            assert answers == {True}
        elif found.failed.contains(operation):
            assert answers == {False}
        else:
            assert open_, "with every attribute known, nothing is left open"
