"""What-if and `bicep snapshot`: what will be, until it is deployed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from auditor.model import Read
from tests.builders.imports import (
    VNETS,
    A,
    B,
    complaint,
    imported,
)
from tests.builders.snapshots import NSG, VNET, G


def _change(kind: str, **sides: Any) -> dict[str, Any]:
    return {"resourceId": VNET, "changeType": kind, "before": None, "after": None, "delta": None, **sides}


OLD, NEW = {**B, "properties": {"subnets": ["old"]}}, {**B, "apiVersion": "2024-01-01"}


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        (_change("Create", after=NEW), NEW),
        (_change("Modify", before=OLD, after=NEW), NEW),
        (_change("NoChange", before=OLD, after=NEW), NEW),
        (_change("NoChange", before=OLD), OLD),
        (_change("Ignore", before=OLD), OLD),
        (_change("Ignore", after=NEW), NEW),
        (_change("NoEffect", after=NEW), NEW),
        (_change("Deploy", after=NEW), NEW),
    ],
)
def test_a_plan_shows_what_will_be(tmp_path: Path, change: dict[str, Any], outcome: dict[str, Any]) -> None:
    for answer in ({"changes": [change], "status": "Succeeded"}, {"properties": {"changes": [change]}}):
        result = imported(tmp_path, answer)
        assert result.snapshot.documents == (outcome,)
        assert result.snapshot.source == "what-if"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_change("Unsupported", unsupportedReason="cannot be evaluated"), "cannot be evaluated"),
        (_change("Deploy"), 'what-if does not say what "deploy" leaves'),
        (_change("Modify", before=OLD), 'what-if does not say what "modify" leaves'),
        (_change("Something"), 'what-if does not say what "something" leaves'),
    ],
)
def test_what_a_plan_does_not_show_is_unread(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    result = imported(tmp_path, {"changes": [change]}, complete=True)
    assert result.snapshot.documents == ()
    assert result.snapshot.reads == (Read(VNET, "", 200, VNETS, VNET, error="NotPredicted", message=told),)


def test_what_is_there_already_is_replaced_or_deleted_by_a_plan(tmp_path: Path) -> None:
    subnet = {"id": f"{NSG}/securityRules/r", "properties": {}}
    changes = [_change("Modify", after=NEW), {"resourceId": NSG.lower(), "changeType": "Delete", "before": A}]
    kept = {"id": G, "name": "rg", "properties": {}}
    result = imported(tmp_path, [A, subnet, OLD, kept], {"changes": changes})
    assert result.snapshot.documents == (kept, NEW)
    assert result.snapshot.source == "what-if"


def test_a_plan_cannot_delete_everything(tmp_path: Path) -> None:
    for id_ in ("/", "", "[resourceId('x')]"):
        assert imported(tmp_path, A, {"changes": [{"resourceId": id_, "changeType": "Delete"}]}).snapshot.documents == (
            A,
        )


def test_a_bicep_snapshot_shows_what_will_be(tmp_path: Path) -> None:
    predicted = {"id": VNET, "type": "Microsoft.Network/virtualNetworks", "name": "vnet", "location": "l"}
    result = imported(tmp_path, {"predictedResources": [predicted], "diagnostics": []})
    # without properties it is no entry of a list: the template states none
    assert result.snapshot.documents == (predicted,)
    assert (result.snapshot.source, result.warnings) == ("what-if", ())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"changes": [7]}, "0.json:1:14: this change names no resourceId"),
        ({"changes": [{"changeType": "Create"}]}, "0.json:1:14: this change names no resourceId"),
        (
            {"changes": [_change("Create", after={"name": "x"})]},
            f"0.json:1:{len(VNET) + 82}: this planned resource has no resolved id",
        ),
        ({"predictedResources": [{"id": "[format('x')]"}]}, "0.json:1:25: this planned resource has no resolved id"),
        ({"predictedResources": [7]}, "0.json:1:25: this planned resource has no resolved id"),
    ],
)
def test_a_plan_that_names_no_ids_is_told(tmp_path: Path, content: Any, message: str) -> None:
    assert complaint(tmp_path, content) == message
