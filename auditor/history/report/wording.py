"""Times in words."""

from __future__ import annotations

from datetime import datetime, timedelta

from auditor.text.sanitise import counted


def day(time: datetime) -> str:
    """`2026-11-22`."""
    return time.date().isoformat()


def minute(time: datetime) -> str:
    """`2026-11-22 10:00`, UTC."""
    return time.strftime("%Y-%m-%d %H:%M")


def span(time: timedelta) -> str:
    """`3 days`, `5 hours`, `12 minutes`: the largest unit of which there is one, rounded down."""
    minutes = int(time.total_seconds() // 60)
    for size, unit in ((1440, "day"), (60, "hour")):
        if minutes >= size:
            return counted(minutes // size, unit)
    return counted(minutes, "minute")
