"""What no rule looks at is counted by kind, so that silence is not taken for a pass."""

from __future__ import annotations

from typing import Any

from auditor.audit.audit import audit
from auditor.baseline import read_baseline
from auditor.snapshot import Snapshot
from tests.builders.estates import WHOLE, doc, world


def notes(*documents: dict[str, Any]) -> list[str]:
    found = audit(Snapshot(documents=(*world(), *documents), reads=(WHOLE,)), read_baseline("openai-chat"))
    return [note for note in found.notes if "not judged" in note]


def test_kinds_that_no_rule_looks_at_are_counted() -> None:
    things = [doc("Contoso.Things/tables", name, properties={}) for name in ("a", "b")]
    other = doc("Contoso.Other/rows", "c", properties={})
    assert notes(*things, other) == [
        "3 resources of 2 kinds were not judged: 1 contoso.other/rows, 2 contoso.things/tables"
    ]
    assert notes(other) == ["1 resource of 1 kind was not judged: 1 contoso.other/rows"]


def test_what_is_judged_or_carries_nothing_is_not_counted() -> None:
    known = [
        doc("Microsoft.DocumentDB/databaseAccounts", "a", properties={}),
        doc("Microsoft.ManagedIdentity/userAssignedIdentities", "b", properties={}),
        doc("Microsoft.EventGrid/systemTopics", "c", properties={}),
        doc("Microsoft.Network/virtualNetworks", "d", properties={}),
        doc("Contoso.Things/tables", "e", properties={"publicNetworkAccess": "Enabled"}),
    ]
    assert notes(*known) == []
