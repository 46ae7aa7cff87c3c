"""A bounded number of threads that put questions, most pressing first, and keep away from services that want a rest."""

from __future__ import annotations

import heapq
import itertools
import queue
import threading
from collections import defaultdict
from collections.abc import Callable

from auditor.collect.calm import Calm, service_of
from auditor.collect.question import Answer, Question

_Entry = tuple[int, int, Question]
Outcome = Answer | BaseException

PROBES = 2
"""Threads that may wait for one service that wants a rest; the others go on elsewhere."""


class Pool:
    """Daemon threads, so that a request that hangs cannot keep the program from ending.

    (The threads of `concurrent.futures` are waited for at exit.)
    """

    def __init__(self, ask: Callable[[Question], Answer], workers: int, calm: Calm) -> None:
        self._ask = ask
        self._calm = calm
        self._waiting: dict[str, list[_Entry]] = defaultdict(list)
        self._busy: dict[str, int] = defaultdict(int)
        self._changed = threading.Condition()
        self._closed = False
        self._done: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self._order = itertools.count()
        for _ in range(max(1, workers)):
            threading.Thread(target=self._work, daemon=True).start()

    def put(self, question: Question, rank: int) -> None:
        """Queue a question; a lower rank is asked earlier."""
        with self._changed:
            heapq.heappush(self._waiting[service_of(question.path)], (rank, next(self._order), question))
            self._changed.notify()

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
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _work(self) -> None:
        while (taken := self._take()) is not None:
            service, question = taken
            try:
                self._done.put(self._ask(question))
            except BaseException as bug:  # handed to the thread that waits for the answer
                self._done.put(bug)
            finally:
                with self._changed:
                    self._busy[service] -= 1
                    self._changed.notify()

    def _take(self) -> tuple[str, Question] | None:
        """The most pressing question of a service that may be asked; waits for one. `None` after the close."""
        with self._changed:
            while not self._closed:
                rests = {service: self._calm.opens_in(service) for service in self._waiting}
                free = [s for s, rest in rests.items() if rest == 0.0 or self._busy[s] < PROBES]
                if free:
                    service = min(free, key=lambda s: self._waiting[s][0])
                    question = heapq.heappop(self._waiting[service])[2]
                    if not self._waiting[service]:
                        del self._waiting[service]
                    self._busy[service] += 1
                    return service, question
                self._changed.wait(min(rests.values(), default=None))
        return None
