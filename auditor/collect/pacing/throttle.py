"""How fast Azure may be asked: what it said is left, and which services asked for patience."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from auditor.collect.pacing.quota import REFILL, Meter, left_in

RETRIES = 120
"""Tries that a run may make in vain; every answer gives back a fifth of one. Where a whole cloud is down, each of
some hundred questions would otherwise be put nine times, for minutes."""
GIVEN_BACK = 0.2


class Calm:
    """Shared by all threads of a run. Times are those of `time.monotonic`; `scale` scales the waits."""

    def __init__(self, scale: float) -> None:
        self._lock = threading.Lock()
        self._closed: dict[str, float] = {}
        self._meters: dict[str, Meter] = {}
        self._rate = REFILL / scale if scale else float("inf")
        self._retries = float(RETRIES)

    def close(self, service: str, seconds: float, headers: Mapping[str, str] | None = None) -> None:
        """A service wants to be left alone for so long; all of its subscription where nothing is left there."""
        until = time.monotonic() + seconds
        with self._lock:
            self._closed[service] = max(self._closed.get(service, 0.0), until)
            if left_in(headers or {}) == 0:
                self._meter(service.partition("/")[0]).shut(until)

    def opens_in(self, service: str) -> float:
        """Seconds until a service may be asked again; 0 where it may be asked now."""
        with self._lock:
            return max(0.0, self._closed.get(service, 0.0) - time.monotonic())

    def refills_in(self, service: str) -> float:
        """Seconds until the subscription of a service has a read left."""
        with self._lock:
            meter = self._meters.get(service.partition("/")[0])
            return 0.0 if meter is None else max(0.0, meter.wait(time.monotonic()))

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

    def due(self, subscription: str) -> float:
        """Seconds to hold back the next request of a subscription. Every call asks for its `landed`."""
        with self._lock:
            return self._meter(subscription).send(time.monotonic())

    def shut_for(self, subscription: str) -> float:
        """Seconds for which Resource Manager wants to hear nothing of a subscription."""
        with self._lock:
            return self._meter(subscription).rest(time.monotonic())

    def landed(self, subscription: str, headers: Mapping[str, str] | None = None) -> None:
        """A request came to its end; its answer, if there was one, may say what is left."""
        left = left_in(headers or {})
        with self._lock:
            meter = self._meter(subscription)
            meter.landed()
            if left is not None:
                meter.told(left, time.monotonic())

    def _meter(self, subscription: str) -> Meter:
        return self._meters.setdefault(subscription, Meter(self._rate))


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
