"""How many reads a subscription has left: Resource Manager's bucket, seen from the caller's side."""

from __future__ import annotations

import re
from collections.abc import Mapping

REFILL = 25.0
"""Reads a second that Resource Manager gives back to a principal in a subscription or a tenant, whose bucket holds 250
(section "Throttling" of learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling)."""
RESERVE = 5
"""Reads that are never spent: answers that overtake each other tell what is left a little too high."""
_LEFT = re.compile(r"x-ms-ratelimit-remaining-(?:subscription|tenant)(?:-global)?-reads", re.IGNORECASE)

_DIGITS = 10
"""Of a number that is as large no limit is known."""


def left_in(headers: Mapping[str, str]) -> int | None:
    """The reads that an answer says are left, by the limit that is nearest; `None` where it does not say."""
    stated = [str(value) for name, value in headers.items() if _LEFT.fullmatch(name)]
    return min((int(v) for v in stated if v.isascii() and v.isdigit() and len(v) < _DIGITS), default=None)


class Meter:
    """One bucket. `rate` is reads a second, `now` a time of `time.monotonic`; not safe between threads."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._left: float | None = None
        self._at = 0.0
        self._flying = 0
        self._shut = 0.0

    def wait(self, now: float) -> float:
        """Seconds until a read may be sent."""
        if self._left is None:
            return self.rest(now)
        return max(self.rest(now), (1 + RESERVE - self._refilled(now)) / self._rate)

    def rest(self, now: float) -> float:
        """Seconds for which Resource Manager wants to be left alone."""
        return max(0.0, self._shut - now)

    def send(self, now: float) -> float:
        """Set a read aside; the seconds until it may leave."""
        wait = self.wait(now)
        self._flying += 1
        if self._left is not None:
            self._left, self._at = self._refilled(now) - 1, now
        return wait

    def landed(self) -> None:
        """A read that was set aside has its answer, or never gets one."""
        self._flying -= 1

    def told(self, left: int, now: float) -> None:
        """Take what an answer said. What is still under way was not yet counted there."""
        self._left, self._at = float(left - self._flying), now

    def shut(self, until: float) -> None:
        """Resource Manager wants to be left alone."""
        self._shut = max(self._shut, until)

    def _refilled(self, now: float) -> float:
        return (self._left or 0.0) + (now - self._at) * self._rate
