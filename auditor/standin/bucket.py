"""How Resource Manager throttles reads: a bucket of tokens for each subscription, and one for the tenant."""

from __future__ import annotations

import threading
import time
from typing import NamedTuple

from auditor.standin.replies import Reply, error

SUBSCRIPTION_LEFT = "x-ms-ratelimit-remaining-subscription-reads"
TENANT_LEFT = "x-ms-ratelimit-remaining-tenant-reads"
RETRY_AFTER = 1
"""Seconds that a caller must wait. HTTP has whole seconds (RFC 9110, section 10.2.3), and a bucket refills in less."""


class Limit(NamedTuple):
    """Reads at once, and reads a second after them.

    The defaults are Azure's for one principal in a subscription or a tenant (learn.microsoft.com/azure/
    azure-resource-manager/management/request-limits-and-throttling, read 2026-11-22).
    """

    size: int = 250
    refill: float = 25.0


class Buckets:
    """The buckets of one principal. Without a limit nothing is throttled: what is left just goes down from 12,000."""

    def __init__(self, limit: Limit | None) -> None:
        self._limit = limit
        self._rows: dict[str, _Bucket] = {}
        self._lock = threading.Lock()
        self.throttled = 0
        """How many reads were refused."""

    def take(self, subscription: str) -> tuple[Reply | None, dict[str, str]]:
        """Pay for a read: the refusal where the bucket is empty, and the header that says what is left."""
        with self._lock:
            bucket = self._rows.setdefault(subscription, _Bucket(self._limit or Limit(12_000, 0.0)))
            paid = bucket.take(time.monotonic()) or self._limit is None
            self.throttled += not paid
            left = int(bucket.tokens) if paid else 0
        header = {SUBSCRIPTION_LEFT if subscription else TENANT_LEFT: str(left)}
        if paid:
            return None, header
        what = "Subscription" if subscription else "Tenant"
        message = f"Number of requests for this {what.casefold()} exceeded the limit. Please try again later."
        return error(429, f"{what}RequestsThrottled", message, {"Retry-After": str(RETRY_AFTER)}), header


class _Bucket:
    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self.tokens = float(limit.size)
        self._at = time.monotonic()
        self._shut = 0.0

    def take(self, now: float) -> bool:
        """Whether there was a token. Who comes back too early is not served, and has to wait anew."""
        self.tokens = min(float(self._limit.size), self.tokens + (now - self._at) * self._limit.refill)
        self._at = now
        if now < self._shut or self.tokens < 1:
            self._shut = now + RETRY_AFTER
            return False
        self.tokens -= 1
        return True
