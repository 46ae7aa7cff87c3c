"""The filters of a list of role assignments, as facts/assigned-to.json tells them."""

import pytest

from auditor.standin.filters import Directory, NotServed, filtered
from tests.builders.access_worlds import (
    MG,
    RG,
    SUB,
    VAULT,
    give,
    group,
    guid,
    nested,
)

ASSIGNMENTS = [
    give("app", "Reader", RG),
    give("app", "Reader", VAULT),
    give("inner", "Owner", MG, "Group"),
    give("outer", "Owner", SUB, "Group"),
    give("strangers", "Owner", SUB, "Group"),
    give("ann", "Owner", "/", "User"),
]
DIRECTORY = Directory(
    [
        group("inner", "app"),
        group("outer", nested("inner"), "ann"),
        group("round", nested("round"), nested("outer")),
        {"id": f"/providers/Microsoft.Graph/servicePrincipals/{guid('bot')}", "transitiveMemberOf": [guid("outer")]},
    ]
)
APP = guid("app")


def test_groups_hold_for_whoever_is_in_groups_in_them() -> None:
    assert DIRECTORY.groups_of(APP.upper()) == {guid(name) for name in ("inner", "outer", "round")}
    assert DIRECTORY.groups_of(guid("bot")) == {guid("outer"), guid("round")}
    assert DIRECTORY.groups_of(guid("nobody")) == frozenset()


def test_members_may_stand_among_the_properties() -> None:
    made = {"id": f"/providers/Microsoft.Graph/groups/{guid('g')}", "properties": {"members": [APP]}}
    assert Directory([made]).groups_of(APP) == {guid("g")}


@pytest.mark.parametrize(
    ("wanted", "scope", "expected"),
    [
        (f"assignedTo('{APP}')", SUB, [0, 1, 2, 3]),
        (f" AssignedTo('{APP.upper()}') ", SUB, [0, 1, 2, 3]),
        (f"assignedTo('{guid('nobody')}')", SUB, []),
        (f"atScope() and assignedTo('{APP}')", SUB, [2, 3]),
        (f"principalId eq '{APP}'", SUB, [0, 1]),
        (f"principalId eq '{guid('outer')}'", SUB, [3]),
        ("atScope()", SUB, [2, 3, 4, 5]),
        ("atScope()", RG, [0, 2, 3, 4, 5]),
    ],
)
def test_what_a_filter_lets_through(wanted: str, scope: str, expected: list[int]) -> None:
    assert filtered(ASSIGNMENTS, wanted, scope, DIRECTORY) == [ASSIGNMENTS[n] for n in expected]


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ("roleName eq 'Owner'", "no filter of this list"),
        (f"assignedTo({APP})", "without quotes"),
        (f"atScope() and principalId eq '{APP}'", "azure-cli says that these two cannot be combined"),
        (f"assignedTo('{APP}') and atScope()", "the guide shows one order only"),
        (f"atScope() assignedTo('{APP}')", "no and"),
        ("atScope() and", "half of it"),
    ],
)
def test_what_azure_does_not_say_that_it_takes(wanted: str, why: str) -> None:
    with pytest.raises(NotServed):
        filtered(ASSIGNMENTS, wanted, SUB, DIRECTORY)
    assert why
