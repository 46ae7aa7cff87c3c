"""Rows of the table where a setting of the scope takes the effect from roles."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.access.effective import access_of
from auditor.access.role_table import Held, Row, row_answer
from auditor.model import ArmId
from tests.builders.access_worlds import RG, VAULT, give, guid, role
from tests.builders.estates import estate_of

REGISTRY = f"{RG}/providers/Microsoft.ContainerRegistry/registries/cr"
PULL = "Microsoft.ContainerRegistry/registries/pull/read"
READS = "Microsoft.KeyVault/vaults/secrets/getSecret/action"


def registry(**properties: Any) -> dict[str, Any]:
    return {"id": REGISTRY, "type": "Microsoft.ContainerRegistry/registries", "name": "cr", "properties": properties}


def vault(**properties: Any) -> dict[str, Any]:
    return {"id": VAULT, "type": "Microsoft.KeyVault/vaults", "name": "kv", "properties": properties}


@pytest.mark.parametrize(
    ("place", "what", "held", "says"),
    [
        (registry(roleAssignmentMode="LegacyRegistryPermissions"), "Pull", Held.STATED, "holds Pull at cr"),
        (
            registry(roleAssignmentMode="AbacRepositoryPermissions"),
            "Pull",
            Held.DENIED,
            "holds Pull at cr, where by its settings",
        ),
        (vault(enableRbacAuthorization=True), "Reads", Held.STATED, "holds Reads at kv"),
        (
            vault(enableRbacAuthorization=False),
            "Reads",
            Held.DENIED,
            "holds Reads at kv, where by its settings",
        ),
        (vault(enableRbacAuthorization=False), "Writes", Held.STATED, "holds Writes at kv"),
    ],
)
def test_a_row_that_a_setting_makes_void_is_not_held(place: dict[str, Any], what: str, held: Held, says: str) -> None:
    roles = (role("Pull", [PULL]), role("Reads", data=[READS]), role("Writes", ["Microsoft.KeyVault/vaults/write"]))
    access = access_of(estate_of([place, *roles, give("id", what, place["id"])]))
    answer = row_answer(access, guid("id"), Row(guid(what), what, ArmId(place["id"])))
    assert answer.held is held
    assert answer.says.startswith(says)
