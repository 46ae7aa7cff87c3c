"""The search itself: cases one after another in a watched process; `python -m tests.fuzz.search --help`.

Every case follows from one number. What fails is kept under out/fuzz/<number>/ with the command lines that were run,
and comes again with `--replay <number>`.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from tests.fuzz.judge import Told, try_case

HANG = 60.0
"""Seconds of processor time after which a case counts as hung and its process is killed."""
_WAIT = 600.0
"""Seconds after which it counts as hung although it does nothing."""
_LOOK = 1.0
"""Seconds between two looks at a process that has not answered."""
MEMORY = 3 << 30
"""Bytes of address space that a case may take."""
KEPT = Path(__file__).parents[2] / "out" / "fuzz"
_LONGEST_SHOWN = 400


@dataclass
class Tally:
    """What a search went through."""

    inputs: Counter[str] = field(default_factory=Counter)
    codes: Counter[int] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    pairs: set[tuple[str, str]] = field(default_factory=set)
    problems: dict[str, list[tuple[int, str]]] = field(default_factory=lambda: defaultdict(list))
    """Seed and sentence, by sentence without what changes from case to case."""
    seconds: float = 0.0

    def take(self, seed: int, told: Told) -> None:
        """Count a case."""
        self.inputs[told.kind] += 1
        self.codes.update(told.codes)
        self.verdicts.update(told.verdicts)
        self.pairs |= told.pairs
        for problem in told.problems:
            self.problems[re.sub(r"0x[0-9a-f]+|\d{4,}|'[^']*'|\"[^\"]*\"", "#", problem)[:160]].append((seed, problem))

    def lines(self) -> Iterator[str]:
        """The report."""
        total = sum(self.inputs.values())
        yield f"{total} inputs, {sum(self.codes.values())} command lines, {self.seconds:.0f} s"
        yield "inputs: " + ", ".join(f"{number} {kind}" for kind, number in self.inputs.most_common())
        yield "exit codes: " + ", ".join(f"{code}: {number}" for code, number in sorted(self.codes.items()))
        yield "verdicts: " + ", ".join(f"{number} {outcome}" for outcome, number in self.verdicts.most_common())
        per = Counter(outcome for _, outcome in self.pairs)
        yield "requirements seen as: " + ", ".join(f"{outcome} {number}" for outcome, number in per.most_common())
        for shape, found in sorted(self.problems.items(), key=lambda item: -len(item[1])):
            seed, sentence = found[0]
            seeds = ", ".join(str(each) for each in sorted({each for each, _ in found})[:5])
            yield f"PROBLEM, {len(found)} times: {sentence[:_LONGEST_SHOWN] if shape else ''}"
            yield f"  seeds {seeds}; files in {KEPT / str(seed)}; again: python -m tests.fuzz.search --replay {seed}"
        yield "no problem found" if not self.problems else f"{len(self.problems)} kinds of problems"


def search(seeds: Iterable[int], until: float | None = None) -> Tally:
    """Run cases in a process that is watched, until a moment of `time.monotonic` or the end of the seeds."""
    tally, begun = Tally(), time.monotonic()
    with _Watched() as worker:
        for seed in seeds:
            if until is not None and time.monotonic() > until:
                break
            told = worker.told(seed)
            tally.take(seed, told)
            if told.problems:
                keep(seed, told)
    tally.seconds = time.monotonic() - begun
    return tally


def keep(seed: int, told: Told) -> None:
    """Write the files of a case, what was run, and what was wrong."""
    from tests.fuzz.programs import build

    folder = KEPT / str(seed)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    case = build(seed, folder)
    runs = "".join(f"auditor {argv!r}\n" for argv in case.runs)
    text = "\n".join(told.problems)
    (folder / "README.txt").write_text(f"{runs}\n{text}\n", encoding="utf-8", errors="backslashreplace")


class _Watched:
    """A process that runs cases; it is killed and started again where one hangs or the process dies."""

    def __init__(self) -> None:
        self._process: multiprocessing.Process | None = None
        self._ours: Connection | None = None

    def __enter__(self) -> _Watched:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def told(self, seed: int) -> Told:
        if self._process is None:
            self._start()
        assert self._ours is not None and self._process is not None  # noqa: PT018
        self._ours.send(seed)
        begun, since = self._processor_time(), time.monotonic()
        try:
            while not self._ours.poll(_LOOK):
                if self._processor_time() - begun > HANG or time.monotonic() - since > _WAIT:
                    break
            else:
                found: Told = self._ours.recv()
                return found
            problem = f"hang: more than {HANG:.0f} s of processor time, or {_WAIT:.0f} s without any"
        except EOFError:
            problem = f"death: the process ended with {self._process.exitcode}"
        self._stop()
        return Told("not told", problems=[problem])

    def _processor_time(self) -> float:
        """Seconds that the process has worked: a machine with other things to do makes no case a hang."""
        assert self._process is not None
        try:
            stat = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii")
        except FileNotFoundError:
            return 0.0
        used = stat.rpartition(")")[2].split()[11:13]
        return sum(map(int, used)) / os.sysconf("SC_CLK_TCK")

    def _start(self) -> None:
        self._ours, theirs = multiprocessing.get_context("fork").Pipe()
        self._process = multiprocessing.get_context("fork").Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
        self._process = None


def _serve(theirs: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    while True:
        try:
            seed = theirs.recv()
        except EOFError:
            return
        theirs.send(in_a_folder(seed))


def in_a_folder(seed: int) -> Told:
    """Try a case in a folder of its own, which is gone afterwards."""
    home = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="auditor-fuzz-") as folder:
        try:
            return try_case(seed, Path(folder))
        except Exception as problem:
            last = traceback.extract_tb(problem.__traceback__)[-1]
            where = f"{Path(last.filename).name}:{last.lineno} in {last.name}"
            return Told("not told", problems=[f"the search itself: {type(problem).__name__}: {problem} ({where})"])
        finally:
            os.chdir(home)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.search", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument(
        "--seed", type=int, default=int(time.time()) * 1000, help="the first number; by default another each time"
    )
    parser.add_argument("--inputs", type=int, default=10**9, help="how many cases at most")
    parser.add_argument("--replay", type=int, metavar="SEED", help="run this one case again, and keep its files")
    asked = parser.parse_args()
    if asked.replay is not None:
        told = in_a_folder(asked.replay)
        keep(asked.replay, told)
        _say(f"{told.kind}: exit codes {told.codes}; files in {KEPT / str(asked.replay)}")
        _say("\n".join(told.problems) or "no problem")
        return int(bool(told.problems))
    _say(f"searching from seed {asked.seed}")
    tally = search(range(asked.seed, asked.seed + asked.inputs), time.monotonic() + asked.minutes * 60)
    _say("\n".join(tally.lines()))
    return int(bool(tally.problems))


if __name__ == "__main__":
    sys.exit(main())
