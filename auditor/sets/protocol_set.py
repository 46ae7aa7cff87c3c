"""Exact sets of the protocols that security rules tell apart."""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar, Self

from auditor.sets.interval_set import IntervalSet


class Protocol(IntEnum):
    """What a rule can name. `OTHER` stands for every protocol that no rule can name; only `*` matches it."""

    TCP = 0
    UDP = 1
    ICMP = 2
    ESP = 3
    AH = 4
    OTHER = 5

    @property
    def has_ports(self) -> bool:
        """Whether its packets carry ports."""
        return self <= Protocol.UDP

    @property
    def label(self) -> str:
        """As Azure writes it: `Tcp`, `Udp`, `Icmp`, `Esp`, `Ah`."""
        return self.name.capitalize()


_ANY = frozenset({"*", "any", "all"})


class ProtocolSet(IntervalSet):
    """An immutable, exact set of protocols: `ProtocolSet.of("Tcp", "icmp")`, `*` (also `Any`, `All`) for every one."""

    __slots__ = ()
    LIMIT: ClassVar[int] = len(Protocol)

    @classmethod
    def of(cls, *texts: str | Protocol) -> Self:
        """The union of protocols named in any letter case; raises `ValueError` that quotes what is none."""
        return cls.of_pairs(_parse(text) for text in texts)

    def __contains__(self, protocol: object) -> bool:
        return isinstance(protocol, int) and self.has(protocol)

    @property
    def members(self) -> tuple[Protocol, ...]:
        """The protocols, in the order of `Protocol`."""
        return tuple(protocol for protocol in Protocol if self.has(protocol))

    def witness(self) -> Protocol:
        """One member."""
        return Protocol(self.first())

    def __str__(self) -> str:
        if self.is_empty:
            return "no protocol"
        if self.is_everything:
            return "Any"
        return "/".join(protocol.label for protocol in self.members)


def _parse(text: str | Protocol) -> tuple[int, int]:
    if isinstance(text, Protocol):
        return text, text
    word = text.strip().casefold()
    if word in _ANY:
        return 0, len(Protocol) - 1
    found = Protocol.__members__.get(word.upper())
    if found is None:
        raise ValueError(f"{text!r} is not a protocol: Tcp, Udp, Icmp, Esp, Ah or *")
    return found, found


WITH_PORTS = ProtocolSet.of("tcp", "udp")
"""The protocols whose packets carry ports."""
