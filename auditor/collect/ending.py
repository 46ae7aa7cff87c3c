"""Ctrl-C and SIGTERM end a run softly: what was read is kept."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from auditor.collect.policies import Deadline

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def ended_by_signals(deadline: Deadline) -> Iterator[None]:
    """For as long as a `with` block lasts, a signal stops the run instead of the program.

    A handler that only sets a mark loses no answer: `KeyboardInterrupt` might strike between taking an answer and
    noting what follows from it. Python lets only the main thread set handlers; in others nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        deadline.stop()

    before: dict[signal.Signals, Any] = {each: signal.signal(each, end) for each in _SIGNALS}
    try:
        yield
    finally:
        for each, handler in before.items():
            # A handler that was not set from Python cannot be put back by it.
            signal.signal(each, signal.SIG_DFL if handler is None else handler)
