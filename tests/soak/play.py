"""One round: a stand-in, a collection that is disturbed, what it left behind."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from auditor.collect import collect
from auditor.commands.options.collection import tell
from auditor.model import AuditorError, ExitCode
from auditor.snapshot import read_snapshot, write_snapshot
from tests.collecting import failed, serving, target_at
from tests.faulty import FaultyStandIn
from tests.soak.judge import judged, resumed_well, sent_only_reads
from tests.soak.plan import WORLDS, Round

ENDS_WITHIN = 60.0
"""Seconds a round may take; how long the faults of a seed can hold it up is far below."""
STOPS_WITHIN = 10.0
"""Seconds between a signal or the time limit and the end, on a machine that has other things to do."""


@dataclass
class Played:
    """What became of a round."""

    wrong: list[str] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    documents: int = 0
    failed: int = 0
    requests: int = 0
    seconds: float = 0.0


def play(each: Round) -> Played:
    """Play a round. Never raises for what the product does wrong: `wrong` says it."""
    played = Played()
    before = _held()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder, _temporary(Path(folder) / "tmp"):
        path = Path(folder) / "out" / "s.json"
        path.parent.mkdir()
        with serving(WORLDS[each.world].served, each.faults, **each.standin) as standin:
            _collections(each, standin, path, played)
            played.wrong += sent_only_reads(standin)
            played.requests = len(standin.requests)
        left = [str(p.relative_to(folder)) for p in Path(folder).rglob("*") if p.is_file() and p != path]
        played.wrong += [f"files left over: {left}"] * bool(left)
    played.seconds = time.monotonic() - begun
    if played.seconds > ENDS_WITHIN:
        played.wrong.append(f"it took {played.seconds:.1f} s")
    played.wrong += _left_over(before)
    return played


def _collections(each: Round, standin: FaultyStandIn, path: Path, played: Played) -> None:
    """Collect; where something is missing, resume among the same faults, then without any."""
    ask = _by_command if each.process else _in_here
    for disturbed in (True, False):
        code = ask(each, standin, path, disturbed=disturbed)
        played.codes.append(code)
        if not path.exists():
            # Nothing was known yet, not even which subscriptions to read.
            played.wrong += [f"exit code {code} and no file"] * (not disturbed or code != ExitCode.INCOMPLETE)
            continue
        found = read_snapshot(path)
        played.documents, played.failed = len(found.documents), len(failed(found))
        played.wrong += judged(found, code, each)
        if code == ExitCode.HOLDS or each.vanished:
            return
    standin.heal()
    code = ask(each, standin, path, disturbed=False)
    played.codes.append(code)
    played.wrong += resumed_well(read_snapshot(path), code, each)


def _in_here(each: Round, standin: FaultyStandIn, path: Path, *, disturbed: bool) -> int:
    """Collect in this process, with waits between tries that are a two-hundredth of the usual."""
    earlier = read_snapshot(path) if path.exists() else None
    options = {} if earlier else dict(WORLDS[each.world].target)
    seconds = each.ending.seconds if disturbed else None
    target = target_at(standin, concurrency=each.concurrency, timeout=seconds, **options)
    try:
        with _disturbing(each, standin, os.getpid) if disturbed else contextlib.nullcontext():
            found = collect(target, earlier=earlier)
    except AuditorError as problem:
        return int(problem.exit_code)
    except KeyboardInterrupt:
        return ExitCode.INCOMPLETE  # as the command does; it was not known yet what to read
    write_snapshot(found, path)
    with contextlib.redirect_stderr(io.StringIO()):
        return int(tell(found, str(path), resumable=True))


def _by_command(each: Round, standin: FaultyStandIn, path: Path, *, disturbed: bool) -> int:
    """Collect as a process of its own, with the options of the command."""
    words = ["--cloud", "public", "--arm-endpoint", standin.url, "--concurrency", str(each.concurrency)]
    for name, value in {} if path.exists() else WORLDS[each.world].target.items():
        option = (
            f"--{name.removesuffix('s').replace('_', '-')}" if name != "all_subscriptions" else "--all-subscriptions"
        )
        words += [option] if value is True else [option, *value]
    words += ["--resume", str(path)] if path.exists() else ["-o", str(path)]
    if disturbed and each.ending.seconds is not None:
        words += ["--timeout", str(each.ending.seconds)]
    process = subprocess.Popen(
        [sys.executable, "-m", "auditor", "snapshot", *words],
        env={**os.environ, **standin.environment()},
        stderr=subprocess.PIPE,
        text=True,
    )
    with _disturbing(each, standin, lambda: process.pid) if disturbed else contextlib.nullcontext():
        _, said = process.communicate(timeout=ENDS_WITHIN)
    assert "Traceback" not in said, said
    return process.returncode


@contextlib.contextmanager
def _disturbing(each: Round, standin: FaultyStandIn, whom: Callable[[], int]) -> Iterator[None]:
    """Send the signal of a round when so many requests came in; one that comes late meets nobody."""
    over = threading.Event()

    def ignore(number: int, frame: FrameType | None) -> None:
        """The run is over, or has not begun."""

    def send() -> None:
        while len(standin.requests) < each.ending.requests and not over.is_set():
            over.wait(0.002)
        if not over.is_set() and each.ending.signal is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(whom(), each.ending.signal)

    before = {number: signal.signal(number, ignore) for number in (signal.SIGINT, signal.SIGTERM)}
    sender = threading.Thread(target=send)
    sender.start()
    try:
        yield
    finally:
        over.set()
        sender.join()
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _temporary(folder: Path) -> Iterator[None]:
    """Have every temporary file made in a folder of the round."""
    folder.mkdir()
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    outside = os.environ.get("TMPDIR")
    os.environ["TMPDIR"] = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before
        os.environ.pop("TMPDIR")
        if outside is not None:
            os.environ["TMPDIR"] = outside


def _held() -> tuple[int, int]:
    """Threads and open files of this process."""
    files = Path("/proc/self/fd")
    return threading.active_count(), sum(1 for _ in files.iterdir()) if files.exists() else 0


def _left_over(before: tuple[int, int]) -> list[str]:
    """What a round still holds when its last slow answers have come."""
    until = time.monotonic() + STOPS_WITHIN
    while True:
        gc.collect()
        now = _held()
        if now[0] <= before[0] and now[1] <= before[1]:
            return []
        if time.monotonic() > until:
            return [f"{now[0] - before[0]} threads and {now[1] - before[1]} open files left over"]
        time.sleep(0.02)
