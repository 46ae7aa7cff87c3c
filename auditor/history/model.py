"""How the audits of one deployment came out over time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from auditor.model.finding import Outcome


@dataclass(frozen=True)
class TrendPoint:
    """One audit: when the snapshot was taken (UTC), which one, and how many findings came out each way.

    `complete` is false where its collection was interrupted.
    """

    at: datetime
    sha256: str
    summary: Mapping[Outcome, int]
    baseline_version: str = ""
    complete: bool = True


@dataclass(frozen=True)
class Tracked:
    """A finding that failed at least once. Times are those of the snapshots that showed it.

    `open_since` is when it last began to fail, `closed` when it last ceased to; a finding that still fails has no
    `closed` after it. `fixes` are the times it took, one for each time it ceased to fail. `accepted` is set where a
    waiver covers it now.
    """

    fingerprint: str
    requirement: str
    resource: str
    severity: str
    level: str
    message: str
    first_seen: datetime
    open_since: datetime | None
    fixes: tuple[timedelta, ...] = ()
    reopened: int = 0
    accepted: bool = False

    @property
    def open(self) -> bool:
        """Whether it fails now and nobody bears it."""
        return self.open_since is not None and not self.accepted


@dataclass(frozen=True)
class Trend:
    """The audits of one scope against one baseline, the oldest first, and what became of every finding.

    `scope` names subscriptions and resource groups, empty where the snapshots name none.
    """

    scope: str
    baseline: str
    points: tuple[TrendPoint, ...]
    findings: tuple[Tracked, ...] = ()

    @property
    def as_of(self) -> datetime | None:
        """When the newest snapshot was taken: ages count up to then, so that the same history always reads the same."""
        return self.points[-1].at if self.points else None

    @property
    def open(self) -> tuple[Tracked, ...]:
        """What fails now, in the order of `findings`."""
        return tuple(finding for finding in self.findings if finding.open)

    @property
    def reopened(self) -> tuple[Tracked, ...]:
        """What failed again after it had ceased to."""
        return tuple(finding for finding in self.findings if finding.reopened)

    @property
    def fixed(self) -> int:
        """How often a finding ceased to fail."""
        return sum(len(finding.fixes) for finding in self.findings)

    @property
    def mean_time_to_fix(self) -> timedelta | None:
        """From the snapshot that first showed a finding to the first that did not; `None` where nothing was fixed."""
        times = [time for finding in self.findings for time in finding.fixes]
        return sum(times, timedelta()) / len(times) if times else None

    def age(self, finding: Tracked) -> timedelta:
        """How long an open finding has been open, as of the newest snapshot."""
        if self.as_of is None or finding.open_since is None:
            return timedelta()
        return self.as_of - finding.open_since
