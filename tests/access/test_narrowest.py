"""The narrowest built-in role for what is needed, and that none that does is part of it."""

from __future__ import annotations

import pytest

from auditor.access.narrowest import narrowest_role
from auditor.sets.operation_set import OperationSet, Rights


def rights(*actions: str, data: tuple[str, ...] = ()) -> Rights:
    return Rights(OperationSet.of(actions), OperationSet.of(data))


@pytest.mark.parametrize(
    ("needed", "expected"),
    [
        (rights(data=("Microsoft.KeyVault/vaults/secrets/getSecret/action",)), "Key Vault Secrets User"),
        (rights("Microsoft.ContainerRegistry/registries/pull/read"), "AcrPull"),
        (rights("Microsoft.ContainerRegistry/registries/push/write"), "AcrPush"),
        (rights("Microsoft.Authorization/elevateAccess/action", "Microsoft.Web/sites/write"), "Owner"),
    ],
)
def test_the_narrowest_role_for_what_is_needed(needed: Rights, expected: str) -> None:
    found = narrowest_role(needed)
    assert found is not None
    assert found.name == expected
    assert needed <= found.rights


def test_what_no_built_in_role_gives() -> None:
    assert narrowest_role(rights("Example.Unheard/of/action", data=("Example.Unheard/of/action",))) is None
