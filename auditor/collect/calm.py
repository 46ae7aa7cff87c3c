"""How fast Azure may be asked: what it said is left, and which services asked for patience."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

LEFT = "x-ms-ratelimit-remaining-subscription-reads"
"""The header that says how many reads the caller has left in a subscription."""
LOW = 40
"""Reads left below which a run keeps to the rate at which Resource Manager refills (section "Throttling" of
learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling): 250 at once, 25 a second."""
REFILL = 25.0


RETRIES = 120
"""Tries that a run may make in vain; every answer gives back a fifth of one. Where a whole cloud is down, each of
some hundred questions would otherwise be put nine times, for minutes."""
GIVEN_BACK = 0.2


class Calm:
    """Shared by all threads of a run. Times are those of `time.monotonic`; `scale` scales the waits."""

    def __init__(self, scale: float) -> None:
        self._lock = threading.Lock()
        self._closed: dict[str, float] = {}
        self._left: dict[str, int] = {}
        self._slot: dict[str, float] = {}
        self._scale = scale
        self._retries = float(RETRIES)

    def close(self, service: str, seconds: float) -> None:
        """A service wants to be left alone for so long."""
        with self._lock:
            self._closed[service] = max(self._closed.get(service, 0.0), time.monotonic() + seconds)

    def opens_in(self, service: str) -> float:
        """Seconds until a service may be asked again; 0 where it may be asked now."""
        with self._lock:
            return max(0.0, self._closed.get(service, 0.0) - time.monotonic())

    def spend(self) -> bool:
        """Take one retry from the run's budget; false where it is used up."""
        with self._lock:
            if self._retries < 1:
                return False
            self._retries -= 1
            return True

    def earn(self) -> None:
        """Give back a part of a retry, since Azure answers."""
        with self._lock:
            self._retries = min(float(RETRIES), self._retries + GIVEN_BACK)

    def note(self, subscription: str, headers: Mapping[str, str]) -> None:
        """Remember what an answer says is left."""
        stated = str(headers.get(LEFT, ""))
        if stated.isdigit():
            with self._lock:
                self._left[subscription] = int(stated)

    def due(self, subscription: str) -> float:
        """Seconds to hold back the next request of a subscription; every call takes a slot."""
        with self._lock:
            if self._left.get(subscription, LOW) >= LOW:
                return 0.0
            now = time.monotonic()
            slot = max(now, self._slot.get(subscription, 0.0))
            self._slot[subscription] = slot + self._scale / REFILL
            return slot - now


def service_of(url: str) -> str:
    """Whose limits a request falls under: the last provider of its path and the subscription, lower case.

    Azure's documented limits are by provider and subscription; Resource Manager's own types are a service too.
    """
    path = urlsplit(url).path.casefold()
    namespace = path.rpartition("/providers/")[2].partition("/")[0] if "/providers/" in path else ""
    return f"{subscription_of(url)}/{namespace}"


def subscription_of(url: str) -> str:
    """The subscription of a request, lower case; empty for the tenant's own paths."""
    parts = urlsplit(url).path.casefold().split("/")
    return parts[2] if parts[1:2] == ["subscriptions"] and len(parts) > 2 else ""
