"""Snapshots to test with: a small one, its text, and where things stand in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from auditor.model import AuditorError, Read
from auditor.snapshot import Snapshot, read_snapshot, write_snapshot

S = "/subscriptions/0f0f0f0f-0000-4000-8000-000000000001"
G = f"{S}/resourceGroups/rg"
NSG = f"{G}/providers/Microsoft.Network/networkSecurityGroups/nsg"
VNET = f"{G}/providers/Microsoft.Network/virtualNetworks/vnet"


def snapshot(*documents: dict[str, Any], **changes: Any) -> Snapshot:
    """A snapshot of these documents; of a network and a security group where none are given."""
    standard: tuple[dict[str, Any], ...] = (
        {"id": VNET, "name": "vnet", "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}},
        {"id": NSG, "name": "nsg", "properties": {"securityRules": []}},
    )
    state: dict[str, Any] = {
        "documents": documents or standard,
        "reads": (Read("/p", "2024-01-01", 200, "microsoft.network/virtualnetworks", S, 1, 0.25),),
        "collected_at": "2026-11-22T10:00:00Z",
        "tenant": "t",
        "subscriptions": (S.rpartition("/")[2],),
    }
    return Snapshot(**{**state, **changes})


def written(folder: Path, *documents: dict[str, Any], **changes: Any) -> Path:
    """A file with that snapshot."""
    path = folder / "s.json"
    write_snapshot(snapshot(*documents, **changes), path)
    return path


def refusal(path: Path) -> AuditorError:
    """The error that reading the file ends in."""
    try:
        read_snapshot(path)
    except AuditorError as problem:
        return problem
    raise AssertionError(f"{path} was read without a complaint")


def message(path: Path) -> str:
    """The error's message, without the folder."""
    return refusal(path).message.replace(f"{path.parent}/", "")


def as_json(value: Any) -> str:
    """JSON as a person would write it into a test."""
    return json.dumps(value)
