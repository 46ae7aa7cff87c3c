"""Importing in tests: files with given contents, and what comes of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.model import AuditorError
from auditor.snapshot.importing import Imported, gather
from auditor.snapshot.importing.files import inputs_of
from tests.builders.snapshots import NSG, VNET, S

SUBSCRIPTION = S.rpartition("/")[2]
A: dict[str, Any] = {"id": NSG, "name": "nsg", "properties": {"securityRules": []}}
B: dict[str, Any] = {"id": VNET, "name": "vnet", "properties": {"subnets": []}}
VNETS = "microsoft.network/virtualnetworks"


def imported(folder: Path, *contents: Any, **options: Any) -> Imported:
    """Import files with these contents: JSON values, texts as they are, or bytes."""
    for number, content in enumerate(contents):
        data = content if isinstance(content, bytes) else _text(content).encode()
        (folder / f"{number}.json").write_bytes(data)
    return gather(inputs_of([str(folder)]), **{"as_of": "2026-11-22T00:00:00Z", **options})


def _text(content: Any) -> str:
    return content if isinstance(content, str) else json.dumps(content)


def complaint(folder: Path, *contents: Any) -> str:
    """The message that importing them ends in, without the folder."""
    with pytest.raises(AuditorError) as caught:
        imported(folder, *contents)
    assert caught.value.tip
    return caught.value.message.replace(f"{folder}/", "").replace(str(folder), "")
