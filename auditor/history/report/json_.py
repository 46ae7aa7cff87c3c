"""A history as JSON, format `auditor-history/1`: fields may be added, never changed. Times are UTC, spans seconds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from auditor.history.model import Tracked, Trend
from auditor.report.context import Context
from auditor.report.json_ import json_text

FORMAT = "auditor-history/1"


def render(trends: Iterable[Trend], context: Context | None = None) -> str:
    """Every series with all of its runs."""
    return json_text({"format": FORMAT, "series": [_series(trend) for trend in trends]}, indent=2) + "\n"


def _series(trend: Trend) -> dict[str, Any]:
    mean = trend.mean_time_to_fix
    return {
        "scope": trend.scope,
        "baseline": trend.baseline,
        "as_of": _time(trend.as_of),
        "runs": [
            {
                "at": _time(point.at),
                "sha256": point.sha256,
                "baseline_version": point.baseline_version,
                "complete": point.complete,
                "summary": {outcome.value: number for outcome, number in point.summary.items()},
            }
            for point in trend.points
        ],
        "open": [_tracked(finding, trend) for finding in trend.open],
        "waived": [_tracked(finding, trend) for finding in trend.findings if finding.accepted],
        "reopened": [_tracked(finding, trend) for finding in trend.reopened],
        "fixed": trend.fixed,
        "mean_time_to_fix": mean.total_seconds() if mean is not None else None,
    }


def _tracked(finding: Tracked, trend: Trend) -> dict[str, Any]:
    return {
        "requirement": finding.requirement,
        "resource": finding.resource or None,
        "severity": finding.severity,
        "level": finding.level,
        "message": finding.message,
        "first_seen": _time(finding.first_seen),
        "open_since": _time(finding.open_since),
        "age": trend.age(finding).total_seconds() if finding.open_since is not None else None,
        "reopened": finding.reopened,
        "fingerprint": finding.fingerprint,
    }


def _time(time: datetime | None) -> str | None:
    return time.isoformat().replace("+00:00", "Z") if time is not None else None
