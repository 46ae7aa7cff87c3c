"""Which scope lies above which, with and without the management groups in the snapshot."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.access.scopes import (
    ROOT,
    Hierarchy,
    group_of,
    kind_of,
)
from auditor.model import ArmId, Unknown
from tests.builders.access_worlds import (
    MG,
    RG,
    STORE,
    SUB,
)
from tests.builders.estates import estate_of

OTHER = "/subscriptions/22222222-2222-2222-2222-222222222222"
TOP = "/providers/Microsoft.Management/managementGroups/top"


def subscription(id_: str, *ancestors: str) -> dict[str, Any]:
    chain = [{"name": name, "displayName": name.title()} for name in ancestors]
    properties = {"managementGroupAncestorsChain": chain} if chain else {}
    return {"id": id_, "type": "Microsoft.Resources/subscriptions", "properties": properties}


def management_group(id_: str, parent: str | None, *children: str) -> dict[str, Any]:
    details = {"parent": {"id": parent} if parent else None}
    listed = [{"id": child, "type": "/subscriptions"} for child in children]
    return {
        "id": id_,
        "type": "Microsoft.Management/managementGroups",
        "properties": {"details": details, "children": listed or None},
    }


TREE = (management_group(TOP, None, MG), management_group(MG, TOP, SUB), subscription(SUB), subscription(OTHER))
CHAINS = (subscription(SUB, "chat", "top"), subscription(OTHER, "other", "top"))


@pytest.mark.parametrize(
    ("documents", "outer", "inner", "expected", "why"),
    [
        ((subscription(SUB),), MG, STORE, True, "with one subscription, what it inherits from is above it"),
        ((subscription(SUB), subscription(OTHER)), MG, STORE, None, "with two it may be the other's"),
        ((subscription(SUB), subscription(OTHER)), MG, MG, True, "a group is at itself"),
        ((subscription(SUB),), TOP, MG, None, "of groups without a tree nothing is known"),
        (TREE, MG, STORE, True, "the tree says so"),
        (TREE, TOP, STORE, True, "and up to the top"),
        (TREE, MG.upper(), f"{SUB.upper()}/resourceGroups/rg", True, "in any letter case"),
        (TREE, MG, OTHER, None, "the tree does not say where the other is"),
        (TREE, TOP, MG, True, "a group below a group"),
        (TREE, MG, TOP, False, "and not above it"),
        (CHAINS, MG, SUB, True, "Resource Graph gives the ancestors of a subscription"),
        (CHAINS, MG, OTHER, False, "all of them, so another group is not above it"),
        (CHAINS, TOP, OTHER, True, "the top is above both"),
        (TREE, MG, "/", False, "nothing is above the root"),
        (TREE, MG, "/providers/Microsoft.Capacity", False, "what has no subscription has no management group"),
        (TREE, "/", MG, True, "the root is above all"),
        (TREE, RG, MG, False, "a resource group is not"),
    ],
)
def test_what_lies_above_what(
    documents: tuple[dict[str, Any], ...], outer: str, inner: str, expected: bool | None, why: str
) -> None:
    answer = Hierarchy(estate_of(documents)).covers(ArmId(outer), ArmId(inner))
    if expected is None:
        assert isinstance(answer, Unknown), why
        assert answer.permission == "Microsoft.Management/managementGroups/read"
    else:
        assert answer is expected, why


def test_a_circle_of_groups_comes_to_an_end() -> None:
    circle = (management_group(MG, TOP), management_group(TOP, MG), subscription(SUB), subscription(OTHER))
    answer = Hierarchy(estate_of(circle)).covers(ArmId(TOP + "x"), ArmId(MG))
    assert isinstance(answer, Unknown)


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("/", "the root scope"),
        (MG, "management group chat"),
        (SUB, "subscription 11111111-1111-1111-1111-111111111111"),
        (RG, "resource group rg"),
        (STORE, "st"),
    ],
)
def test_a_scope_is_called_by_what_it_is(scope: str, expected: str) -> None:
    assert kind_of(ArmId(scope)) == expected


def test_the_group_of_a_resource() -> None:
    assert group_of(ArmId(STORE)) == ArmId(RG)
    assert ArmId("/") == ROOT
