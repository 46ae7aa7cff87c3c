"""Sets of addresses that are only partly known: a service tag without its prefixes, a network nobody read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

from auditor.model import Unknown
from auditor.sets import decision_diagram as dd
from auditor.sets.address_set import LIMIT, AddressSet


@dataclass(frozen=True)
class Symbol:
    """A set of which two bounds are known: it holds `at_least` and nothing outside `at_most`.

    `inside` is a symbol that contains this one (a regional tag's global tag). `named` means that Azure knows the set
    by name and so it has a member; `v4_named` that it even has an IPv4 member. For each address between the bounds one
    bit says whether it is a member; nobody knows the bits, so a question is answered only where every choice of them
    gives the same answer.
    """

    name: str
    at_least: AddressSet
    at_most: AddressSet
    why: Unknown
    inside: Symbol | None = None
    named: bool = False
    v4_named: bool = False

    @property
    def label(self) -> str:
        """The name for people: without the id that tells it apart, ``what is behind gateway gw (/subscriptions/...)``.

        That of a yes or no begins with `if`.
        """
        return self.name.partition(" (/")[0]

    @cached_property
    def level(self) -> int:
        """The level of this symbol's bit for a destination. It depends on the content alone, not on the run."""
        parts: list[object] = [
            self.name,
            self.at_least.bounds,
            self.at_most.bounds,
            self.named,
            self.v4_named,
            self.why,
        ]
        if self.inside is not None:
            parts.append(self.inside.level)
        digest = hashlib.blake2b(repr(parts).encode(), digest_size=6).digest()
        level = dd.DESTINATION + 1 + int.from_bytes(digest)
        _symbols.setdefault(level, self)
        return level

    @cached_property
    def extent(self) -> dd.Diagram:
        """The set as a diagram at destination level."""
        if self.named and self.inside is None and self.at_most.size == 1:
            return _diagram(self.at_most)  # the member that it has has no other place
        between = _diagram(self.at_most - self.at_least)
        if self.inside is not None:
            between = dd.keep(between, self.inside.extent)
        return dd.first(_diagram(self.at_least), dd.keep(between, dd.bit(self.level)))

    @cached_property
    def home(self) -> dd.Diagram:
        """The part of the extent in which it surely has a member."""
        return dd.keep(self.extent, _diagram(AddressSet.everything().v4)) if self.v4_named else self.extent


_symbols: dict[int, Symbol] = {}
"""Which symbol a bit stands for, so that an answer can say why it is not known."""


def _diagram(addresses: AddressSet) -> dd.Diagram:
    return dd.of_bounds(dd.DESTINATION, addresses.bounds, LIMIT)


def is_bit(level: int) -> bool:
    """Whether a level is a membership that nobody knows."""
    return level > dd.DESTINATION and level != dd.SOURCE


def symbol_at(level: int) -> Symbol:
    """The symbol whose bit stands at this level, of a source or of a destination."""
    return _symbols[level - dd.STEP if level > dd.SOURCE else level]


def levels_of(symbol: Symbol) -> tuple[int, int]:
    """The levels at which a symbol is asked: of a destination and of a source."""
    return symbol.level, symbol.level + dd.STEP


def symbols_in(diagram: dd.Diagram) -> tuple[Symbol, ...]:
    """The symbols that a diagram depends on, by name."""
    found = {symbol_at(level) for level in dd.levels(diagram) if is_bit(level)}
    return tuple(sorted(found, key=lambda symbol: (symbol.name, symbol.level)))
