"""Bounds of an audit that only the command line sets: what is judged cannot widen them by its own files."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import click

from auditor.model import AuditorError

if TYPE_CHECKING:
    from auditor.commands.options.audit import Terms
    from auditor.snapshot import Snapshot

max_waiver_days_option = click.option(
    "--max-waiver-days",
    type=click.IntRange(min=0),
    metavar="DAYS",
    help="Refuse (exit code 2) waivers that go on for more days than this after the day of the audit.",
)

max_age_option = click.option(
    "--max-age",
    type=click.IntRange(min=0),
    metavar="DAYS",
    help="Refuse (exit code 2) a snapshot that is older than this on the day of the audit, or younger than that day.",
)


def hold_to_days(terms: Terms, most: int | None) -> None:
    """Refuse waivers that still hold more than `most` days after the day of the audit; `None` bounds nothing.

    Raises `AuditorError` that names every one with its place.
    """
    if most is None:
        return
    late = [w for w in terms.waivers if (w.expires - terms.as_of).days > most]
    if late:
        said = "; ".join(
            f"{w.where}: the waiver of {w.requirement} on {w.resource} lasts until {w.expires.isoformat()},"
            f" {(w.expires - terms.as_of).days:,} more days"
            for w in late
        )
        allowed = f"--max-waiver-days allows {most:,}"
        raise AuditorError(f"{said}; {allowed}", "end it sooner, or have the bound raised by whoever set it")


def hold_to_age(snapshot: Snapshot, name: str, as_of: date, most: int | None) -> None:
    """Refuse a snapshot that was collected more than `most` days before `as_of`, or after it; `None` bounds nothing.

    Days are those of UTC. Raises `AuditorError`, also where the snapshot does not say when it was collected.
    """
    if most is None:
        return
    tip = "collect it again"
    if not snapshot.collected_at:
        raise AuditorError(f"{name}: does not say when it was collected, and --max-age bounds that", tip)
    age = (as_of - datetime.fromisoformat(snapshot.collected_at).astimezone(UTC).date()).days
    if age > most:
        raise AuditorError(
            f"{name}: was collected on {snapshot.collected_at}, {age:,} days before {as_of.isoformat()};"
            f" --max-age allows {most:,}",
            tip,
        )
    if age < 0:
        raise AuditorError(
            f"{name}: was collected on {snapshot.collected_at}, after the day of this check, {as_of.isoformat()}",
            "set the clock right, or collect it again",
        )
