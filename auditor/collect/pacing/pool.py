"""A bounded number of threads that put questions, most pressing first, and keep away from services that want a rest."""

from __future__ import annotations

import heapq
import itertools
import queue
import threading
import time
from collections import defaultdict
from collections.abc import Callable

from auditor.collect.pacing.throttle import Calm, service_of
from auditor.collect.reads.question import Answer, Question

_Entry = tuple[int, int, Question]
Outcome = Answer | BaseException

PROBES = 2
"""Threads that may wait for one service that wants a rest; the others go on elsewhere."""
SLOW = 1.0
"""Seconds after which a question is one that holds its thread up."""
MOST = 4
"""Threads there may be for each that is wanted, while the others are held up."""


class Pool:
    """Daemon threads, so that a request that hangs cannot keep the program from ending.

    (The threads of `concurrent.futures` are waited for at exit.) Threads that a slow or throttled service holds up do
    not count: others take their place, and leave when these come back.
    """

    def __init__(self, ask: Callable[[Question], Answer], workers: int, calm: Calm) -> None:
        self._ask = ask
        self._calm = calm
        self._wanted = max(1, workers)
        self._threads = 0
        self._waiting: dict[str, list[_Entry]] = defaultdict(list)
        self._busy: dict[str, list[float]] = defaultdict(list)
        self._changed = threading.Condition()
        self._closed = False
        self._done: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self._order = itertools.count()

    def put(self, question: Question, rank: int) -> None:
        """Queue a question; a lower rank is asked earlier."""
        with self._changed:
            heapq.heappush(self._waiting[service_of(question.path)], (rank, next(self._order), question))
            if self._threads < self._wanted:
                # Not before: the first request is on its way while the others are still made.
                self._start()
            self._changed.notify()

    def next(self, seconds: float) -> Answer | None:
        """The next answer, or `None` where none came in time. Raises what a worker raised: a bug of ours."""
        self._relieve()
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

    def _start(self) -> None:
        self._threads += 1
        threading.Thread(target=self._work, daemon=True).start()

    def _relieve(self) -> None:
        """Start a thread for each one that is held up, where there is something that it could ask."""
        with self._changed:
            now = time.monotonic()
            held_up = self._held_up(now)
            if held_up and any(rest == 0.0 for rest in self._rests(now).values()):
                for _ in range(min(self._wanted + held_up, MOST * self._wanted) - self._threads):
                    self._start()

    def _held_up(self, now: float) -> int:
        """How many threads wait for a service that is slow or wants a rest."""
        found = 0
        for service, begun in self._busy.items():
            resting = begun and max(self._calm.opens_in(service), self._calm.refills_in(service)) > 0
            found += len(begun) if resting else sum(now - at > SLOW for at in begun)
        return found

    def _rests(self, now: float) -> dict[str, float]:
        """How long to keep away from each service that somebody has a question for."""
        return {service: self._rest(service, now) for service in self._waiting}

    def _rest(self, service: str, now: float) -> float:
        begun = self._busy[service]
        if len(begun) >= max(PROBES, self._wanted // 2) and any(now - at > SLOW for at in begun):
            return SLOW  # until one of them has its answer, which is told
        # What a whole subscription lacks is lacking for each of its services: nobody need try.
        rest = self._calm.refills_in(service)
        return rest if rest or len(begun) < PROBES else self._calm.opens_in(service)

    def _work(self) -> None:
        while (taken := self._take()) is not None:
            service, begun, question = taken
            try:
                self._done.put(self._ask(question))
            except BaseException as bug:  # handed to the thread that waits for the answer
                self._done.put(bug)
            finally:
                with self._changed:
                    self._busy[service].remove(begun)
                    self._changed.notify()

    def _take(self) -> tuple[str, float, Question] | None:
        """The most pressing question of a service that may be asked; waits for one.

        `None` after the close, and where there are more threads than are wanted.
        """
        with self._changed:
            while not self._closed:
                now = time.monotonic()
                if self._threads > self._wanted + self._held_up(now):
                    break
                rests = self._rests(now)
                free = [service for service, rest in rests.items() if rest == 0.0]
                if free:
                    service = min(free, key=lambda s: self._waiting[s][0])
                    question = heapq.heappop(self._waiting[service])[2]
                    if not self._waiting[service]:
                        del self._waiting[service]
                    self._busy[service].append(now)
                    return service, now, question
                self._changed.wait(min(rests.values(), default=None))
            self._threads -= 1
            # Somebody else may be waiting for what woke this one.
            self._changed.notify()
        return None
