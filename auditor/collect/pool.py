"""A bounded number of threads that put questions, most pressing first."""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Callable

from auditor.collect.question import Answer, Question

_Entry = tuple[int, int, Question | None]
Outcome = Answer | BaseException


class Pool:
    """Daemon threads, so that a request that hangs cannot keep the program from ending.

    (The threads of `concurrent.futures` are waited for at exit.)
    """

    def __init__(self, ask: Callable[[Question], Answer], workers: int) -> None:
        self._ask = ask
        self._waiting: queue.PriorityQueue[_Entry] = queue.PriorityQueue()
        self._done: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self._order = itertools.count()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(max(1, workers))]
        for thread in self._threads:
            thread.start()

    def put(self, question: Question, rank: int) -> None:
        """Queue a question; a lower rank is asked earlier."""
        self._waiting.put((rank, next(self._order), question))

    def next(self, seconds: float) -> Answer | None:
        """The next answer, or `None` where none came in time. Raises what a worker raised: a bug of ours."""
        try:
            outcome = self._done.get(timeout=seconds)
        except queue.Empty:
            return None
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def close(self) -> None:
        """Let every thread end after what it is doing; nobody waits for it."""
        for _ in self._threads:
            self._waiting.put((-1, next(self._order), None))

    def _work(self) -> None:
        while True:
            question = self._waiting.get()[2]
            if question is None:
                return
            try:
                self._done.put(self._ask(question))
            except BaseException as bug:  # handed to the thread that waits for the answer
                self._done.put(bug)
