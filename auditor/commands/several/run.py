"""Judges many snapshots, several at a time, and hands the answers on in the order of the files.

The seam to other machines is `concurrent.futures.Executor`: whatever offers its `submit` will do.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from auditor.commands.several.judge import Asked, Judged, judge, result_names

Progress = Callable[[int, int], None]

_AHEAD = 4
"""How many snapshots a process has waiting: what is read ahead is small, and the answers do not pile up."""


def in_order(
    files: Sequence[Path], asked: Asked, executor: Executor | None, jobs: int, progress: Progress
) -> Iterator[Judged]:
    """Each snapshot's answer, in order; without an executor one after the other in this process.

    Memory holds as many answers as are under way, whatever the number of files.
    """
    waiting: deque[Future[Judged]] = deque()
    tasks = zip(files, result_names(tuple(files)), strict=True)
    done = 0
    for path, name in tasks:
        if executor is None:
            done += 1
            yield judge(path, name, asked)
            progress(done, len(files))
            continue
        waiting.append(executor.submit(judge, path, name, asked))
        if len(waiting) >= jobs * _AHEAD:
            done += 1
            yield waiting.popleft().result()
            progress(done, len(files))
    while waiting:
        done += 1
        yield waiting.popleft().result()
        progress(done, len(files))


def executor_of(jobs: int) -> AbstractContextManager[Executor | None]:
    """What snapshots are judged on: processes of this machine, none for one at a time."""
    if jobs == 1:
        return nullcontext(None)
    # A forked process has loaded all that this one has; where there is no fork, each loads it once.
    way = "fork" if sys.platform == "linux" else "spawn"
    return ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context(way))


def cores() -> int:
    """How many processes this one may keep busy."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1
