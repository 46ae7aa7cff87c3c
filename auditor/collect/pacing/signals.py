"""Ctrl-C and SIGTERM end a run softly: what was read is kept. Before there is anything to keep they just end it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from auditor.collect.pacing.retry import Deadline

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


Handler = Callable[[int, FrameType | None], Any]


@contextmanager
def ended_by_signals(deadline: Deadline) -> Iterator[None]:
    """For as long as a `with` block lasts, a signal stops the run instead of the program.

    A handler that only sets a mark loses no answer: `KeyboardInterrupt` might strike between taking an answer and
    noting what follows from it.
    """

    def end(number: int, frame: FrameType | None) -> None:
        deadline.stop()

    with _handled_by(end):
        yield


@contextmanager
def broken_off_by_signals() -> Iterator[None]:
    """For as long as a `with` block lasts, a signal raises `KeyboardInterrupt`, SIGTERM too."""
    with _handled_by(signal.default_int_handler):
        yield


@contextmanager
def _handled_by(handler: Handler) -> Iterator[None]:
    """Python lets only the main thread set handlers; in others nothing changes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before: dict[signal.Signals, Any] = {each: signal.signal(each, handler) for each in _SIGNALS}
    try:
        yield
    finally:
        for each, earlier in before.items():
            # A handler that was not set from Python cannot be put back by it.
            signal.signal(each, signal.SIG_DFL if earlier is None else earlier)
