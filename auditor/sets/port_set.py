"""Exact sets of TCP and UDP ports."""

from __future__ import annotations

from functools import lru_cache
from typing import ClassVar, Self

from auditor.sets.interval_set import IntervalSet

LIMIT = 65536

_SHOWN = 8


class PortSet(IntervalSet):
    """An immutable, exact set of ports: `PortSet.of("443", "8080-8090")`, `*` for all of 0 to 65535."""

    __slots__ = ()
    LIMIT: ClassVar[int] = LIMIT

    @classmethod
    def of(cls, *texts: str | int) -> Self:
        """The union of ports and ranges; raises `ValueError` that quotes what is neither."""
        return cls.of_pairs(parse(str(text)) for text in texts)

    def __contains__(self, port: object) -> bool:
        return isinstance(port, int) and self.has(port)

    def witness(self) -> int:
        """One member: an ephemeral port where all of those are members, else the smallest one."""
        return 50000 if self.has(50000) and self.has(65535) else self.first()

    def __str__(self) -> str:
        if self.is_empty:
            return "no port"
        if self.is_everything:
            return "*"
        parts = [str(first) if first == last else f"{first}-{last}" for first, last in self.pairs]
        if len(parts) > _SHOWN:
            return ",".join(parts[: _SHOWN - 1]) + f" and {len(parts) - _SHOWN + 1} more"
        return ",".join(parts)


@lru_cache(maxsize=4096)
def parse(text: str) -> tuple[int, int]:
    """First and last port of `*`, a port or a range; raises `ValueError` with the text."""
    stripped = text.strip()
    if stripped == "*":
        return 0, LIMIT - 1
    low, dash, high = (part.strip() for part in stripped.partition("-"))
    numbers = (low, high) if dash else (low, low)
    if all(part.isascii() and part.isdigit() and int(part) < LIMIT for part in numbers):
        first, last = (int(part) for part in numbers)
        if first <= last:
            return first, last
    raise ValueError(f"{text!r} is not a port or a range of ports from 0 to {LIMIT - 1}")
