"""One audit into a history: the run, and every finding with how it came out."""

from __future__ import annotations

import json
import re
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from auditor.history.store import writing
from auditor.model import AuditResult, Finding, Outcome, SnapshotInfo

_HALF = re.compile("[\ud800-\udfff]")
_QUIET = (Outcome.PASS, Outcome.NOT_APPLICABLE, Outcome.MANUAL)
"""Outcomes of which no message is kept: it would say again what the snapshot says."""

_WORST = (
    Outcome.FAIL, Outcome.ERROR, Outcome.UNKNOWN, Outcome.WAIVED, Outcome.MANUAL, Outcome.PASS, Outcome.NOT_APPLICABLE,
)  # fmt: skip


def record(path: Path, result: AuditResult, now: datetime) -> None:
    """Keep an audit. The same snapshot against the same baseline is one run: what was kept of it is replaced.

    `now` stands for the time of a snapshot that does not state one. Raises `AuditorError` as `store.writing` does.
    """
    with writing(path) as connection:
        run = _run(connection, result, now)
        connection.execute("DELETE FROM seen WHERE run = ?", (run,))
        for finding in result.findings:
            _finding(connection, run, finding)


def scope_of(snapshot: SnapshotInfo) -> str:
    """What a snapshot covers, for telling series apart: a finding that nobody looked for is not one that was fixed."""
    groups = ", ".join(sorted(group.casefold() for group in snapshot.resource_groups))
    told = ", ".join(sorted(s.casefold() for s in snapshot.subscriptions)) + (f" ({groups})" if groups else "")
    return _storable(told)


def _storable(text: str) -> str:
    """A text as SQLite can keep it: half a character, which JSON can hold, becomes U+FFFD."""
    return _HALF.sub("\ufffd", text)


def _run(connection: sqlite3.Connection, result: AuditResult, now: datetime) -> int:
    snapshot = result.snapshot
    taken = datetime.fromisoformat(snapshot.collected_at) if snapshot.collected_at else now
    row = {
        "sha256": snapshot.sha256,
        "baseline": result.baseline.name,
        "baseline_version": result.baseline.version,
        "scope": scope_of(snapshot),
        "taken_at": _text(taken),
        "recorded_at": _text(now),
        "source": _storable(snapshot.source),
        "complete": int(snapshot.complete),
        "summary": json.dumps({outcome.value: number for outcome, number in result.summary.items()}),
    }
    found = connection.execute(
        "INSERT INTO run (sha256, baseline, baseline_version, scope, taken_at, recorded_at, source, complete, summary)"
        " VALUES (:sha256, :baseline, :baseline_version, :scope, :taken_at, :recorded_at, :source, :complete, :summary)"
        " ON CONFLICT (sha256, baseline) DO UPDATE SET baseline_version = excluded.baseline_version,"
        " recorded_at = excluded.recorded_at, summary = excluded.summary RETURNING id",
        row,
    )
    return int(found.fetchone()[0])


def _finding(connection: sqlite3.Connection, run: int, finding: Finding) -> None:
    verdict, outcome = finding.verdict, finding.outcome
    resource = verdict.resource.text if verdict.resource is not None else ""
    named = tuple(
        map(_storable, (finding.fingerprint, finding.workload, finding.requirement, resource, verdict.aspect))
    )
    found = connection.execute(
        "INSERT INTO finding (fingerprint, workload, requirement, resource, aspect) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (fingerprint, workload) DO UPDATE SET resource = excluded.resource RETURNING id",
        named,
    )
    id_ = int(found.fetchone()[0])
    message = "" if outcome in _QUIET else _storable(verdict.message)
    known = connection.execute("SELECT outcome FROM seen WHERE run = ? AND finding = ?", (run, id_)).fetchone()
    if known is None or _WORST.index(outcome) < _WORST.index(Outcome(known[0])):
        connection.execute(
            "INSERT OR REPLACE INTO seen (run, finding, outcome, severity, level, message) VALUES (?, ?, ?, ?, ?, ?)",
            (run, id_, outcome.value, finding.severity, finding.level, message),
        )


def _text(time: datetime) -> str:
    """UTC to the microsecond, so that texts sort as times do."""
    aware = time if time.tzinfo is not None else time.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat(timespec="microseconds")
