"""A history to trends: how many findings each audit had, how long each has been open, how long mending took."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from auditor.history.model import Tracked, Trend, TrendPoint
from auditor.history.record import scope_of
from auditor.history.store import reading
from auditor.model import AuditResult, Outcome, Severity

_OPEN = (Outcome.FAIL, Outcome.WAIVED)


def trends(path: Path) -> tuple[Trend, ...]:
    """Every series of a history: one for each scope and baseline. Raises `AuditorError` as `store.reading` does."""
    with reading(path) as connection:
        series = connection.execute("SELECT DISTINCT baseline, scope FROM run ORDER BY baseline, scope").fetchall()
        return tuple(_trend(connection, baseline, scope) for baseline, scope in series)


def trend_of(path: Path, result: AuditResult) -> Trend:
    """The series that an audit belongs to."""
    with reading(path) as connection:
        return _trend(connection, result.baseline.name, scope_of(result.snapshot))


def _trend(connection: sqlite3.Connection, baseline: str, scope: str) -> Trend:
    runs = connection.execute(
        "SELECT id, sha256, baseline_version, taken_at, complete, summary FROM run"
        " WHERE baseline = ? AND scope = ? ORDER BY taken_at, id",
        (baseline, scope),
    ).fetchall()
    points = tuple(
        TrendPoint(datetime.fromisoformat(at), sha256, _summary(summary), version, bool(complete))
        for _, sha256, version, at, complete, summary in runs
    )
    numbers = {run[0]: number for number, run in enumerate(runs)}
    lives = _lives(connection, baseline, scope, numbers)
    return Trend(scope, baseline, points, tuple(sorted((life.told(points) for life in lives), key=_order)))


def _summary(text: str) -> Mapping[Outcome, int]:
    found = json.loads(text)
    return {outcome: int(found.get(outcome.value, 0)) for outcome in Outcome}


def _order(finding: Tracked) -> tuple[bool, int, datetime, str, str, str]:
    """What is open first, by severity, then what has been open longest."""
    since = finding.open_since or finding.first_seen
    rank = Severity(finding.severity).rank
    return not finding.open, rank, since, finding.requirement, finding.resource.casefold(), finding.fingerprint


@dataclass
class _Life:
    """What the runs say of one finding: by number of the run how it came out, unless it held.

    `hidden` are the runs that could not tell: something of the same requirement was unknown then.
    """

    fingerprint: str
    requirement: str
    resource: str
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    last: tuple[str, str, str] = ("", "", "")
    hidden: frozenset[int] = frozenset()

    def told(self, points: tuple[TrendPoint, ...]) -> Tracked:
        """Walk through the runs: a finding is open from the run that shows it to the one that shows it gone."""
        first: datetime | None = None
        since: datetime | None = None
        fixes: list[timedelta] = []
        reopened, accepted = 0, False
        for number, point in enumerate(points):
            outcome = self.outcomes.get(number)
            if outcome in _OPEN:
                reopened += since is None and first is not None
                first, since = first or point.at, since or point.at
                accepted = outcome is Outcome.WAIVED
            elif outcome is None and since is not None and point.complete and number not in self.hidden:
                fixes.append(point.at - since)
                since, accepted = None, False
        assert first is not None, "only findings that failed are looked at"
        severity, level, message = self.last
        return Tracked(
            self.fingerprint, self.requirement, self.resource, severity, level, message,
            first, since, tuple(fixes), reopened, accepted,
        )  # fmt: skip


def _lives(connection: sqlite3.Connection, baseline: str, scope: str, numbers: Mapping[int, int]) -> Iterable[_Life]:
    """Every finding of the series that failed at least once. What holds or does not apply is as good as not there."""
    rows = connection.execute(
        "SELECT seen.run, finding.id, fingerprint, workload, requirement, resource, outcome, severity, level, message"
        " FROM seen JOIN finding ON finding.id = seen.finding JOIN run ON run.id = seen.run"
        " WHERE run.baseline = ? AND run.scope = ? AND outcome IN ('fail', 'waived', 'unknown', 'error')"
        " ORDER BY run.taken_at, run.id, finding.id",
        (baseline, scope),
    )
    lives: dict[int, _Life] = {}
    families: dict[int, tuple[str, str]] = {}
    untold: dict[tuple[str, str], set[int]] = defaultdict(set)
    for run, id_, fingerprint, workload, requirement, resource, outcome, *said in rows:
        life = lives.setdefault(id_, _Life(fingerprint, requirement, resource))
        families[id_] = (requirement, workload)
        life.outcomes[numbers[run]] = Outcome(outcome)
        if Outcome(outcome) in _OPEN:
            life.last = (said[0], said[1], said[2])
        else:
            untold[requirement, workload].add(numbers[run])
    for id_, life in lives.items():
        life.hidden = frozenset(untold[families[id_]])
        if any(outcome in _OPEN for outcome in life.outcomes.values()):
            yield life
