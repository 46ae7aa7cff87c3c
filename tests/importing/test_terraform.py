"""Plans and states of Terraform: azapi is read, azurerm is named and unknown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from auditor.estate.coverage import Coverage
from tests.builders.imports import complaint, imported
from tests.builders.snapshots import G, S

VAULT = "Microsoft.KeyVault/vaults@2023-07-01"


def change(
    address: str, type_: str, after: dict[str, Any], unknown: Any = None, actions: Any = ("create",)
) -> dict[str, Any]:
    side = "before" if tuple(actions) == ("delete",) else "after"
    return {
        "address": address,
        "mode": "managed",
        "type": type_,
        "change": {
            "actions": list(actions),
            "before": None,
            "after": None,
            side: after,
            "after_unknown": unknown or {},
        },
    }


def plan(*changes: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"format_version": "1.2", "terraform_version": "1.13.4", "resource_changes": list(changes), **more}


def vault(name: str = "kv", **more: Any) -> dict[str, Any]:
    return {"type": VAULT, "name": name, "parent_id": G, "location": "l", "body": {"properties": {"a": 1}}, **more}


def test_an_azapi_resource_is_a_planned_document(tmp_path: Path) -> None:
    made = change(
        "azapi_resource.kv",
        "azapi_resource",
        vault(identity=[{"type": "UserAssigned", "identity_ids": [f"{G}/x"]}], tags={"t": "v"}),
        {"id": True, "body": {"properties": {"b": True}}},
    )
    result = imported(tmp_path, plan(made), complete=True)
    (document,) = result.snapshot.documents
    assert document == {
        "id": f"{G}/providers/Microsoft.KeyVault/vaults/kv",
        "type": "Microsoft.KeyVault/vaults",
        "name": "kv",
        "location": "l",
        "tags": {"t": "v"},
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {f"{G}/x": {}}},
        "apiVersion": "2023-07-01",
        "properties": {"a": 1, "b": "[known after apply]"},
    }
    assert result.snapshot.planned
    assert result.warnings == ()


def test_ids_that_hang_on_others_are_followed_through_the_configuration(tmp_path: Path) -> None:
    group = change("azurerm_resource_group.rg", "azurerm_resource_group", {"name": "rg9"})
    parent = change("module.a[0].azapi_resource.kv", "azapi_resource", {**vault(), "parent_id": None})
    child = change(
        "module.a[0].azapi_resource.s",
        "azapi_resource",
        {
            "type": "Microsoft.KeyVault/vaults/secrets@2023-07-01",
            "name": "s",
            "parent_id": None,
            "body": '{"properties": {}}',
        },
    )
    configuration = {
        "provider_config": {"azurerm": {"expressions": {"subscription_id": {"constant_value": S.rpartition("/")[2]}}}},
        "root_module": {
            "module_calls": {
                "a": {
                    "expressions": {
                        "group": {"references": ["azurerm_resource_group.rg.id", "azurerm_resource_group.rg"]}
                    },
                    "module": {
                        "resources": [
                            {
                                "address": "azapi_resource.kv",
                                "expressions": {"parent_id": {"references": ["var.group"]}},
                            },
                            {
                                "address": "azapi_resource.s",
                                "expressions": {
                                    "parent_id": {"references": ["azapi_resource.kv.id", "azapi_resource.kv"]}
                                },
                            },
                        ]
                    },
                }
            }
        },
    }
    result = imported(tmp_path, plan(group, parent, child, configuration=configuration), complete=True)
    kv = f"{S}/resourceGroups/rg9/providers/Microsoft.KeyVault/vaults/kv"
    assert [d["id"] for d in result.snapshot.documents] == [f"{S}/resourceGroups/rg9", kv, f"{kv}/secrets/s"]


def test_what_azurerm_makes_is_named_and_its_kind_is_unknown(tmp_path: Path) -> None:
    subnet = change("azurerm_subnet.s", "azurerm_subnet", {"name": "s"})
    new = change("azurerm_brand_new.x", "azurerm_brand_new", {})
    kv = change("azapi_resource.kv", "azapi_resource", vault())
    result = imported(tmp_path, plan(kv, subnet), complete=True)
    assert "azurerm_subnet" in result.warnings[0]
    coverage = Coverage(result.snapshot.reads, planned=True)
    assert coverage.gap("microsoft.network/virtualnetworks/subnets") is not None
    assert coverage.gap("microsoft.keyvault/vaults") is None
    # what is not in the table may be anything
    result = imported(tmp_path, plan(kv, new), complete=True)
    assert Coverage(result.snapshot.reads, planned=True).gap("microsoft.keyvault/vaults") is not None


def test_a_resource_that_is_destroyed_goes_and_an_update_is_laid_over(tmp_path: Path) -> None:
    id_ = f"{G}/providers/Microsoft.KeyVault/vaults/kv"
    there = {"id": id_, "name": "kv", "properties": {"a": 0}}
    gone = change("azapi_resource.kv", "azapi_resource", {**vault(), "id": id_}, actions=["delete"])
    assert [
        d["id"] for d in imported(tmp_path, [there, {**there, "id": f"{id_}2"}], plan(gone)).snapshot.documents
    ] == [f"{id_}2"]
    update = change(
        "azapi_update_resource.u",
        "azapi_update_resource",
        {"type": VAULT, "resource_id": id_, "body": {"properties": {"b": 2}}},
    )
    made = change("azapi_resource.kv", "azapi_resource", vault())
    (document, *_) = imported(tmp_path, plan(made, update)).snapshot.documents
    assert document["properties"] == {"a": 1, "b": 2}
    (tmp_path / "x").mkdir()
    (document,) = imported(tmp_path / "x", there, plan(update)).snapshot.documents
    assert document["properties"] == {"a": 0, "b": 2}


def test_a_state_shows_what_is_there(tmp_path: Path) -> None:
    resource = {"address": "azapi_resource.kv", "mode": "managed", "type": "azapi_resource", "values": vault()}
    data = {**resource, "mode": "data"}
    root = {"resources": [data], "child_modules": [{"resources": [resource]}]}
    state = {"format_version": "1.0", "terraform_version": "1.13.4", "values": {"root_module": root}}
    result = imported(tmp_path, state)
    assert len(result.snapshot.documents) == 1
    assert not result.snapshot.planned
    planned = {"format_version": "1.2", "planned_values": {"root_module": root}}
    assert imported(tmp_path, planned).snapshot.planned


@pytest.mark.parametrize("raw", [{"version": 4, "terraform_version": "1.13.4", "resources": []}])
def test_a_raw_state_is_named(tmp_path: Path, raw: dict[str, Any]) -> None:
    assert "Terraform" in complaint(tmp_path, raw)
