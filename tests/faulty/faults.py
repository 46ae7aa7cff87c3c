"""Faults as data: which requests go wrong, how often, and how."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How a request goes wrong."""

    FORBIDDEN = "forbidden"
    """403 AuthorizationFailed; `detail` is the action that is missing."""
    UNAUTHORIZED = "unauthorized"
    """401 as for a token that expired, though it has not."""
    GONE = "gone"
    """404 ResourceNotFound."""
    UNREGISTERED = "unregistered"
    """409 MissingSubscriptionRegistration."""
    THROTTLED = "throttled"
    """429; `detail` is the Retry-After, in seconds or as a date; without it there is none."""
    BROKEN = "broken"
    """A 5xx; `detail` is the status, 500 where empty."""
    RESET = "reset"
    """The connection is cut in the middle of the body."""
    SLOW = "slow"
    """The right answer, `seconds` late."""
    NOT_JSON = "not json"
    """Status 200 and half a page of JSON."""
    LOOPING = "looping"
    """A nextLink that leads to the same page."""
    LOST_PAGE = "lost page"
    """A nextLink that answers 404."""
    FOREIGN_PAGE = "foreign page"
    """A nextLink to another host; `detail` is the URL."""
    STATUS = "status"
    """An error of its own: `detail` is `STATUS CODE message`."""


@dataclass(frozen=True)
class Fault:
    """Requests whose decoded path, with `?$filter=...` where there is one, matches `path` go wrong, the first `times`.

    `path` is a regular expression, searched without letter case; `times` None means always.
    """

    path: str
    kind: Kind
    times: int | None = None
    detail: str = ""
    seconds: float = 0.0


class Faults:
    """Hands out faults in their order, each as often as it may strike."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self._rows = [(re.compile(fault.path, re.IGNORECASE), fault) for fault in faults]
        self._struck = [0] * len(self._rows)
        self._lock = threading.Lock()

    def strike(self, path: str) -> Fault | None:
        """The fault that this request meets, if any."""
        with self._lock:
            for at, (pattern, fault) in enumerate(self._rows):
                if (fault.times is None or self._struck[at] < fault.times) and pattern.search(path):
                    self._struck[at] += 1
                    return fault
        return None
