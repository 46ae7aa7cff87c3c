"""Histories and real processes: several writers at once, and writers that are killed at any moment."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import IO

from auditor.history import record, trends
from auditor.model import Finding
from tests.builders.history_examples import at, audited, found

ROOT = Path(__file__).parents[2]

RUNS = """
import sys
from pathlib import Path
from auditor.history import record
from tests.builders.history_examples import at, audited, found
path, first, count, size = Path(sys.argv[1]), *map(int, sys.argv[2:5])
print("ready", flush=True)
sys.stdin.readline()
for day in range(first, first + count):
    record(path, audited(day, *(found("PUB-05", f"kv{n}") for n in range(size))), at(day))
    print(day, flush=True)
"""

HALF = """
import sys, time
from pathlib import Path
from auditor.history import record
from tests.history.test_processes import Halting
from tests.builders.history_examples import at, audited
result = audited(7)
object.__setattr__(result, "findings", Halting(int(sys.argv[2])))
record(Path(sys.argv[1]), result, at(7))
"""


class Halting(tuple[Finding, ...]):
    """So many findings, after which the writer says so and does not go on."""

    __slots__ = ()

    def __new__(cls, size: int) -> Halting:
        return super().__new__(cls, (found("PUB-05", f"kv{n}" + "x" * 300) for n in range(size)))

    def __iter__(self) -> Iterator[Finding]:
        yield from super().__iter__()
        if sys._getframe(1).f_code.co_name == "record":
            sys.stdout.write("half\n")
            sys.stdout.flush()
            time.sleep(60)


def started(code: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def line(stream: IO[str] | None) -> str:
    assert stream is not None
    return stream.readline().strip()


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def ended(process: subprocess.Popen[str]) -> None:
    """Let go of a process and its pipes."""
    process.kill()
    process.communicate()


def assert_sound(path: Path, size: int) -> int:
    """Every run is whole; answers how many there are."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        seen = connection.execute("SELECT count(seen.run) FROM run LEFT JOIN seen ON seen.run = run.id GROUP BY run.id")
        counts = [count for (count,) in seen]
    assert set(counts) <= {size}
    return len(counts)


def test_two_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    writers = [started(RUNS, path, first, 12, 40) for first in (0, 100)]
    for writer in writers:
        assert line(writer.stdout) == "ready"
    for writer in writers:
        go(writer)
    for writer in writers:
        writer.communicate(timeout=120)
        assert writer.returncode == 0
    assert assert_sound(path, 40) == 24
    (trend,) = trends(path)
    assert len(trend.points) == 24
    assert len(trend.open) == 40


def test_a_reader_beside_a_writer_sees_whole_runs(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    record(path, audited(500, *(found("PUB-05", f"kv{n}") for n in range(40))), at(500))
    writer = started(RUNS, path, 0, 15, 40)
    assert line(writer.stdout) == "ready"
    go(writer)
    seen = set()
    while writer.poll() is None:
        (trend,) = trends(path)
        assert {point.summary["fail"] for point in trend.points} == {40}  # type: ignore[index]
        seen.add(len(trend.points))
    ended(writer)
    assert max(seen) > 1


def test_a_writer_killed_in_the_middle_of_a_run_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    record(path, audited(0, found("PUB-05", "kv")), at(0))
    before = path.read_bytes()
    # So much that SQLite writes pages to the file before the end: only the journal can take them back.
    writer = started(HALF, path, 20_000)
    assert line(writer.stdout) == "half"
    os.kill(writer.pid, signal.SIGKILL)
    ended(writer)
    journal = tmp_path / "h.db-journal"
    assert journal.stat().st_size > 512, "the journal of an unfinished run"
    assert path.read_bytes() != before, "half of a run was in the file already"
    (trend,) = trends(path)
    assert [point.at for point in trend.points] == [at(0)]
    assert path.read_bytes() == before
    assert not journal.exists()
    record(path, audited(1), at(1))
    assert len(trends(path)[0].points) == 2


def test_writers_killed_at_any_moment_leave_only_whole_runs(tmp_path: Path) -> None:
    path, dice, size = tmp_path / "h.db", Random(3), 60
    told = 0
    for attempt in range(8):
        writer = started(RUNS, path, 1000 * attempt, 400, size)
        assert line(writer.stdout) == "ready"
        go(writer)
        time.sleep(dice.uniform(0.005, 0.12))
        os.kill(writer.pid, signal.SIGKILL)
        out, _ = writer.communicate()
        told += len(out.split())
        if path.exists() and path.stat().st_size:
            trends(path)
            # Whatever a writer said that it had kept is there; one more may be.
            assert told <= assert_sound(path, size) <= told + attempt + 1
    assert told > 0
