"""Exact sets of IPv4 and IPv6 addresses."""

from __future__ import annotations

import socket
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import ClassVar, Self

from auditor.sets.interval_set import IntervalSet

V6 = 1 << 32
"""Where IPv6 begins on the line: an IPv4 address is its integer, an IPv6 address is its integer plus this."""

LIMIT = V6 + (1 << 128)

IPAddress = IPv4Address | IPv6Address

_SHOWN = 6


class AddressSet(IntervalSet):
    """An immutable, exact set of addresses of both families.

    `AddressSet.of("10.0.0.0/8", "1.2.3.4", "10.0.0.1-10.0.0.9", "fd00::/8")`; `*` stands for every address of both
    families, `0.0.0.0/0` for every IPv4 address. A prefix with host bits set means its network, as Azure's portal
    takes it (Azure/azure-powershell#4557: the API refuses 50.206.209.68/27, the portal stores it).
    """

    __slots__ = ()
    LIMIT: ClassVar[int] = LIMIT

    @classmethod
    def of(cls, *texts: str) -> Self:
        """The union of addresses, prefixes and ranges; raises `ValueError` that quotes what is none of them."""
        return cls.of_pairs(parse(text) for text in texts)

    def __contains__(self, address: object) -> bool:
        return self.has(number_of(address))

    def witness(self) -> str:
        """One member as text, the same one every time; raises `ValueError` on the empty set."""
        return text_of(self.first())

    @property
    def v4(self) -> Self:
        """The IPv4 members."""
        return self & type(self)((0, V6))

    @property
    def v6(self) -> Self:
        """The IPv6 members."""
        return self & type(self)((V6, LIMIT))

    @property
    def prefixes(self) -> tuple[str, ...]:
        """The shortest list of prefixes that is exactly this set; IPv4 first."""
        return tuple(prefix for first, last in _by_family(self) for prefix in _prefixes(first, last))

    def __str__(self) -> str:
        if self.is_empty:
            return "no address"
        if self.is_everything:
            return "*"
        parts = [_range_text(first, last) for first, last in _by_family(self)]
        if len(parts) > _SHOWN:
            rest = ~self
            others = [_range_text(first, last) for first, last in _by_family(rest)]
            if len(others) < len(parts):
                return f"* except {_listed(others)}"
        return _listed(parts)


def _listed(parts: list[str]) -> str:
    if len(parts) <= _SHOWN:
        return ", ".join(parts)
    return ", ".join(parts[: _SHOWN - 1]) + f" and {len(parts) - _SHOWN + 1} more"


def _by_family(addresses: AddressSet) -> list[tuple[int, int]]:
    """The ranges, cut where IPv4 ends."""
    out: list[tuple[int, int]] = []
    for first, last in addresses.pairs:
        if first < V6 <= last:
            out += ((first, V6 - 1), (V6, last))
        else:
            out.append((first, last))
    return out


@lru_cache(maxsize=65536)
def parse(text: str) -> tuple[int, int]:
    """First and last address of `*`, an address, a prefix or a range; raises `ValueError` with the text."""
    stripped = text.strip()
    if stripped == "*":
        return 0, LIMIT - 1
    base, slash, length = stripped.partition("/")
    if not slash:
        low, dash, high = stripped.partition("-")
        first, last = _number(low.strip(), text), _number((high if dash else low).strip(), text)
        if first > last or (first < V6) != (last < V6):
            raise ValueError(f"{text!r} is not a range of addresses: it runs backwards or mixes families")
        return first, last
    number = _number(base, text)
    width, origin = (32, 0) if number < V6 else (128, V6)
    if not (length.isascii() and length.isdigit() and int(length) <= width):
        raise ValueError(f"{text!r} is not an address prefix: the length must be a number from 0 to {width}")
    size = 1 << (width - int(length))
    first = origin + (number - origin) // size * size
    return first, first + size - 1


def _number(text: str, whole: str) -> int:
    try:
        if ":" in text:
            return V6 + int.from_bytes(socket.inet_pton(socket.AF_INET6, text))
        return int.from_bytes(socket.inet_pton(socket.AF_INET, text))
    except (OSError, ValueError):
        raise ValueError(f"{whole!r} is not an IP address, a prefix or a range of addresses") from None


def number_of(address: object) -> int:
    """Where an address (text, `ipaddress` value or its number on the line) stands; raises `ValueError`."""
    if isinstance(address, int):
        return address
    if isinstance(address, IPv4Address):
        return int(address)
    if isinstance(address, IPv6Address):
        return V6 + int(address)
    return _number(str(address).strip(), str(address))


def text_of(number: int) -> str:
    """The address at this place of the line."""
    return str(IPv4Address(number)) if number < V6 else str(IPv6Address(number - V6))


def _prefixes(first: int, last: int) -> list[str]:
    width, origin = (32, 0) if first < V6 else (128, V6)
    low, high = first - origin, last - origin + 1
    out = []
    while low < high:
        size = low & -low if low else 1 << width
        while size > high - low:
            size >>= 1
        out.append(f"{text_of(low + origin)}/{width - size.bit_length() + 1}")
        low += size
    return out


def _range_text(first: int, last: int) -> str:
    if first == last:
        return text_of(first)
    prefixes = _prefixes(first, last)
    return prefixes[0] if len(prefixes) == 1 else f"{text_of(first)}-{text_of(last)}"
