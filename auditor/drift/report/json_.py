"""What changed as JSON, format `auditor-diff/1`: fields may be added, never changed."""

from __future__ import annotations

from collections import Counter
from typing import Any

from auditor.drift.model import (
    Change,
    Diff,
    Effect,
    Topic,
)
from auditor.model import SnapshotInfo
from auditor.report.context import Context
from auditor.report.json_ import json_text, snapshot_entry

FORMAT = "auditor-diff/1"


def render(diff: Diff, context: Context | None = None) -> str:
    """Everything there is to say, by topic; a topic without a change is an empty list."""
    counts = Counter(change.effect for change in diff.changes)
    document: dict[str, Any] = {
        "format": FORMAT,
        "baseline": {
            "name": diff.baseline.name,
            "version": diff.baseline.version,
            "source": diff.baseline.source,
        },
        "old": _snapshot(diff.old),
        "new": _snapshot(diff.new),
        "summary": {effect.value: counts[effect] for effect in Effect},
        "touched_resources": diff.documents,
        "notes": list(diff.notes),
        **{topic.value: [_change(change) for change in diff.of(topic)] for topic in Topic},
    }
    return json_text(document, indent=2) + "\n"


def _snapshot(snapshot: SnapshotInfo) -> dict[str, Any]:
    return {**snapshot_entry(snapshot), "failed_reads": len(snapshot.failed_reads)}


def _change(change: Change) -> dict[str, Any]:
    return {
        "change": change.kind,
        "effect": change.effect.value,
        "resource": change.resource.text if change.resource is not None else None,
        "says": change.says,
        **change.detail,
    }
