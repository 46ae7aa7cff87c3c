"""The tables of a history file, and how an older file becomes a newer one."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

APPLICATION_ID = 0x61756468
"""`audh` in the header of the file: whose it is (sqlite.org/fileformat2.html, section 1.3.12)."""

_FIRST = """
CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    sha256 TEXT NOT NULL,
    baseline TEXT NOT NULL,
    baseline_version TEXT NOT NULL,
    scope TEXT NOT NULL,
    taken_at TEXT NOT NULL,
    recorded_at TEXT NOT NULL,
    source TEXT NOT NULL,
    complete INTEGER NOT NULL,
    summary TEXT NOT NULL,
    UNIQUE (sha256, baseline)
);
CREATE INDEX run_by_series ON run (baseline, scope, taken_at);
CREATE TABLE finding (
    id INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    workload TEXT NOT NULL,
    requirement TEXT NOT NULL,
    resource TEXT NOT NULL,
    aspect TEXT NOT NULL,
    UNIQUE (fingerprint, workload)
);
CREATE TABLE seen (
    run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    finding INTEGER NOT NULL REFERENCES finding (id),
    outcome TEXT NOT NULL,
    severity TEXT NOT NULL,
    level TEXT NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (run, finding)
) WITHOUT ROWID;
"""

STEPS: tuple[str, ...] = (_FIRST,)
"""What makes each version of the one before it; the version of a file is how many were taken (`user_version`).

A step that was ever released is never changed.
"""


def version_of(connection: sqlite3.Connection) -> int:
    """The version of the file's tables, 0 for a file without any."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def is_ours(connection: sqlite3.Connection) -> bool:
    """Whether the file is a history, or empty so that it can become one."""
    owner = int(connection.execute("PRAGMA application_id").fetchone()[0])
    if owner == APPLICATION_ID:
        return True
    return owner == 0 and connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0


def migrate(connection: sqlite3.Connection, steps: Sequence[str] = STEPS) -> None:
    """Take the steps that the file has not taken yet. Part of the caller's transaction, so all of them or none."""
    done = version_of(connection)
    for step in steps[done:]:
        for statement in step.split(";"):
            if statement.strip():
                connection.execute(statement)
    if done < len(steps):
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(steps)}")
