"""Importing what is assigned to one identity through groups: whom and where it is about stands beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.builders.access_worlds import (
    RG,
    SUB,
    give,
    guid,
)
from tests.builders.imports import complaint, imported

OWN, ADMINS = give("app", "Reader", RG), give("admins", "Owner", SUB, "Group")
APP = guid("app")


def said(*listed: Any, **more: Any) -> dict[str, Any]:
    return {"assignedTo": APP.upper(), "scope": SUB, "value": list(listed), **more}


def as_az_prints(document: dict[str, Any]) -> dict[str, Any]:
    """`az role assignment list --include-groups`: settings at the top, names beside ids."""
    outside = {key: value for key, value in document.items() if key != "properties"}
    return {**outside, **document["properties"], "principalName": "somebody", "roleDefinitionName": "some role"}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (said(OWN, ADMINS), "az rest, with a query"),
        (said(OWN, ADMINS, nextLink=None), "az rest, with the link that it does not have"),
        (said(as_az_prints(OWN), as_az_prints(ADMINS)), "az role assignment list --include-groups, with a query"),
        ([said(OWN, ADMINS)], "several such in a list"),
    ],
)
def test_the_read_and_the_assignments_are_taken(tmp_path: Path, content: Any, why: str) -> None:
    found = imported(tmp_path, content).snapshot
    assert [d["id"] for d in found.documents] == sorted((OWN["id"], ADMINS["id"]), key=str.casefold), why
    assert all("principalId" in d["properties"] for d in found.documents)
    (read,) = (read for read in found.reads if read.about)
    assert (read.about, read.scope, read.count, read.answered) == (APP, SUB, 2, True)
    assert read.shows == tuple(sorted((OWN["id"], ADMINS["id"])))
    assert read.path == f"{SUB}/providers/Microsoft.Authorization/roleAssignments?$filter=assignedTo('{APP}')"
    assert read.covers == "microsoft.authorization/roleassignments/assignedto"


def test_it_makes_no_list_of_assignments_whole(tmp_path: Path) -> None:
    found = imported(tmp_path, said(OWN)).snapshot
    assert {read.covers for read in found.reads} == {"", "microsoft.authorization/roleassignments/assignedto"}


def test_an_answer_that_goes_on_is_not_whole(tmp_path: Path) -> None:
    found = imported(tmp_path, said(OWN, nextLink="https://management.azure.com/more")).snapshot
    (read,) = (read for read in found.reads if read.about)
    assert (read.answered, read.error, read.message) == (False, "ListGoesOn", "the list goes on at its nextLink")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (said(OWN) | {"assignedTo": "id-app"}, "expected the object id of an identity here"),
        (said(OWN) | {"assignedTo": None}, "expected the object id of an identity here"),
        (said(OWN) | {"scope": None}, "this answer about one principal names no scope in a subscription"),
        (said(OWN) | {"scope": "/"}, "this answer about one principal names no scope in a subscription"),
        (said(OWN) | {"value": None}, "this answer about one principal has no list under value"),
        (said({"id": RG}), f'expected a role assignment here, not "{RG}"'),
        (said("x"), 'expected a role assignment here, not "None"'),
    ],
)
def test_what_it_does_not_say_is_asked_for(tmp_path: Path, content: Any, expected: str) -> None:
    assert expected in complaint(tmp_path, content)
