"""Identities of a plan and the role assignments that mean them."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.estate.principals import Principals
from auditor.model import ArmId
from tests.builders.snapshots import G

USER = ArmId(f"{G}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-A")
SITE = ArmId(f"{G}/providers/Microsoft.Web/sites/app")
ROLE = ArmId(f"{G}/providers/Microsoft.Authorization/roleAssignments/r")


def assigned(principal: str, *documents: tuple[ArmId, dict[str, Any]]) -> str:
    body = {"id": ROLE.text, "properties": {"principalId": principal}}
    told: str = Principals(dict(documents)).told(ROLE, body)["properties"]["principalId"]
    return told


def test_an_identity_that_is_yet_to_be_made_and_its_assignments_name_one_principal() -> None:
    made = Principals({}).told(USER, {"id": USER.text, "properties": {}})["properties"]["principalId"]
    assert assigned(f"[reference('{USER.text}', '2023-01-31').principalId]") == made == f"principal of {USER.key}"
    body = {"id": SITE.text, "identity": {"type": "SystemAssigned"}}
    made = Principals({}).told(SITE, body)["identity"]["principalId"]
    assert assigned(f"[reference('{SITE.text}', '2024-04-01', 'full').identity.principalId]") == made


def test_an_identity_that_runs_has_its_own_object_id() -> None:
    there = (USER, {"id": USER.text, "properties": {"principalId": "p1"}})
    assert assigned(f"[reference('{USER.text}').principalId]", there) == "p1"


@pytest.mark.parametrize(
    "stated",
    [
        "p2",
        "[parameters('x')]",
        f"[reference('{USER.text}').clientId]",
        f"[reference('{USER.text}').identity.principalId]",
        f"[reference('{SITE.text}').principalId]",
        "[reference('other').principalId]",
    ],
)
def test_what_cannot_be_told_stays_as_it_is(stated: str) -> None:
    assert assigned(stated) == stated
    body = {"id": SITE.text, "identity": {"type": "UserAssigned"}}
    assert Principals({}).told(SITE, body) is body
