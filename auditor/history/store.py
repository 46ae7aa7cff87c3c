"""Opening a history file: for one writer at a time, or for reading alone; what is wrong with it in one sentence.

The rollback journal of SQLite keeps a run whole: a killed writer leaves a journal, and whoever opens the file next
takes back what it had begun. A write-ahead log would let readers work beside a writer, but leaves two more files behind
and does not work on network drives, where histories of pipelines tend to lie.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from auditor.history.schema import STEPS, is_ours, migrate, version_of
from auditor.model import AuditorError

WAIT = 30.0
"""Seconds that a run waits for another one to finish writing; that takes well under one."""

_MAGIC = b"SQLite format 3\x00"
_TIP = "name another file, or none that exists: it is made"


@contextmanager
def writing(path: Path) -> Iterator[sqlite3.Connection]:
    """A transaction on the file, which is made where there is none. It happens whole or not at all.

    Raises `AuditorError` where the file is not ours, is newer than this program, or cannot be written; it is left as it
    was then.
    """
    usable(path)
    with _told(path), closing(_connect(path, "rwc")) as connection:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("BEGIN IMMEDIATE")
        try:
            _judge(connection, path)
            migrate(connection)
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            # Ctrl-C included. Where the disk is full, SQLite has ended the transaction itself.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """The file for reading, all of it as of one moment. An older one is brought up to date in memory only.

    Raises `AuditorError` where there is no such file, or none that this program can read.
    """
    if not path.exists():
        raise AuditorError(f"{path}: there is no such file", "`auditor check --history FILE` begins one")
    usable(path)
    with _told(path), closing(_connect(path, "ro")) as connection:
        if version_of(connection) == len(STEPS):
            connection.execute("BEGIN")
            yield connection
            return
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as copy:
            connection.backup(copy)
            migrate(copy)
            yield copy


def usable(path: Path) -> None:
    """Whether the file is a history or can become one; raises `AuditorError` where not. Changes nothing.

    What a killed run left unfinished is taken back, as every program that opens such a file does.
    """
    if not path.exists():
        if not path.absolute().parent.is_dir():
            raise AuditorError(f"{path}: its folder does not exist", "make it first")
        return
    if not path.is_file():
        raise AuditorError(f"{path}: is no file", _TIP)
    with _told(path):
        with path.open("rb") as stream:
            head = stream.read(len(_MAGIC))
        if head not in (b"", _MAGIC):
            raise AuditorError(f"{path}: is no history of this program: it is no SQLite file", _TIP)
        if head:
            _take_back(path)
            with closing(_connect(path, "ro")) as connection:
                _judge(connection, path)


def _take_back(path: Path) -> None:
    """Roll back what a killed writer left half-done; a reader alone may not (SQLITE_READONLY_ROLLBACK)."""
    journal = path.with_name(f"{path.name}-journal")
    if journal.exists() and journal.stat().st_size:
        with closing(_connect(path, "rw")) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    return sqlite3.connect(uri, uri=True, timeout=WAIT, isolation_level=None)


def _judge(connection: sqlite3.Connection, path: Path) -> None:
    if not is_ours(connection):
        raise AuditorError(f"{path}: is an SQLite file of another program, not a history of this one", _TIP)
    version = version_of(connection)
    if version > len(STEPS):
        says = f"{path}: was written by a newer auditor (version {version} of its tables; this one knows {len(STEPS)})"
        raise AuditorError(says, "use that one, or keep another history")


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """What SQLite and the system say, in one sentence that names the file."""
    try:
        yield
    except sqlite3.Error as problem:
        name = getattr(problem, "sqlite_errorname", "")
        says, tip = next((told for begin, told in _SENTENCES.items() if name.startswith(begin)), (str(problem), ""))
        raise AuditorError(f"{path}: {says}", tip) from problem
    except OSError as problem:
        raise AuditorError(f"{path}: {problem.strerror or problem}", _TIP) from problem


_SENTENCES = {
    "SQLITE_BUSY": (f"another run has been writing to it for {WAIT:.0f} seconds", "try again when it is done"),
    "SQLITE_NOTADB": ("is no history of this program: it is no SQLite file", _TIP),
    "SQLITE_CORRUPT": ("is damaged", "restore it from a copy, or begin another one"),
    "SQLITE_READONLY": ("cannot be written: this user may only read it", "choose a place that may be written to"),
    "SQLITE_CANTOPEN": ("cannot be opened", "see whether this user may read and write it and its folder"),
    "SQLITE_FULL": ("cannot be written: the disk is full", "free some space"),
}
