"""What the answers of a run may cost together: how much is in memory at once, and how much is kept."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import threading

LARGE = 1 << 20
"""Bytes from which on an answer is a large one. Of those, one at a time is in memory before it is taken apart."""

BASE_VALUES = 4_000_000
VALUES_EACH = 600
"""Values that the answers of a run may hold: so many, and so many more for each document. Azure's documents have about
150; a value takes 50 to 100 bytes of memory."""


class Bounds:
    """Shared by all threads of a run."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._mine = threading.local()
        self._counting = threading.Lock()
        self._values = 0
        self._documents = 0

    def begin_large(self, patience: float) -> bool:
        """Wait for the turn of this thread to hold a large answer, for so many seconds; whether it has come."""
        if not getattr(self._mine, "held", False):
            self._mine.held = self._turn.acquire(timeout=patience)
        return bool(self._mine.held)

    def end_large(self) -> None:
        """Give the turn back, where this thread has it."""
        if getattr(self._mine, "held", False):
            self._mine.held = False
            # What the SDK makes of an answer refers to itself, and would stay until enough else has been made.
            gc.collect()
            _give_back()
            self._turn.release()

    def spend(self, values: int, documents: int) -> bool:
        """Count an answer; whether the run may keep it."""
        with self._counting:
            if self._values + values > BASE_VALUES + VALUES_EACH * (self._documents + documents):
                return False
            self._values += values
            self._documents += documents
            return True


def _give_back() -> None:
    """Let the system have what was freed: glibc keeps it for each thread, and there are dozens of them."""
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def values_in(content: bytes) -> int:
    """About how many values a text of JSON holds: never fewer than there are, a comma in a string counts too."""
    return 1 + content.count(b",") + content.count(b"[") + content.count(b"{")
