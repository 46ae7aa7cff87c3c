"""What `check` and `scan` share of histories: the option, and keeping an audit in one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from auditor.history.model import Trend
from auditor.model import AuditorError, AuditResult

history_option = click.option(
    "--history",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keep the findings in this history (SQLite; made where there is none). `auditor history` shows how it went.",
)


_CLOCKS = timedelta(days=1)
"""How far the clocks of two machines may lie apart."""


def check_history(path: Path | None) -> None:
    """Tell now what is wrong with the file, and not after minutes of reading. Raises `AuditorError`."""
    if path is not None:
        from auditor.history import usable

        usable(path)


def kept_in(path: Path | None, result: AuditResult) -> Trend | None:
    """Keep an audit and answer how the audits of its deployment came out so far; nothing without a file."""
    if path is None:
        return None
    # Late: sqlite3 is for those who keep a history.
    from auditor.history import record, trend_of

    now = datetime.now(UTC)
    said = result.snapshot.collected_at
    if said and datetime.fromisoformat(said).astimezone(UTC) > now + _CLOCKS:
        raise AuditorError(
            f"the snapshot says that it was collected on {said}, which is yet to come: no history can hold it",
            "set the clock right, or collect it again",
        )
    record(path, result, now)
    return trend_of(path, result)
