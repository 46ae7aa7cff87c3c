"""`Addresses`: sets of addresses that may have parts nobody knows, closed under the algebra of sets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product

from auditor.model import Unknown
from auditor.sets import decision_diagram as dd
from auditor.sets.address_set import LIMIT, AddressSet, number_of
from auditor.sets.symbolic_text import Words, exact
from auditor.sets.symbols import Symbol, is_bit, symbols_in
from auditor.sets.three_valued import Answer, because_of, definite


class Addresses:
    """An immutable set of addresses: exact prefixes and symbols, combined with `| & - ~`.

    Equal values are equal whatever the symbols turn out to be. Questions answer `True` or `False` where that holds
    in every case the symbols' bounds allow, else an `Unknown` that names the symbols it depends on.
    """

    __slots__ = ("__weakref__", "diagram")

    def __init__(self, diagram: dd.Diagram = dd.EMPTY) -> None:
        self.diagram = diagram

    @classmethod
    def of(cls, *texts: str) -> Addresses:
        """The addresses, prefixes and ranges; raises `ValueError` as `AddressSet.of` does."""
        return cls.known(AddressSet.of(*texts))

    @classmethod
    def known(cls, addresses: AddressSet) -> Addresses:
        """Exactly these addresses."""
        return cls(dd.of_bounds(dd.DESTINATION, addresses.bounds, LIMIT))

    @classmethod
    def symbol(cls, symbol: Symbol) -> Addresses:
        """The set that a symbol stands for."""
        return cls(symbol.extent)

    @classmethod
    def none(cls) -> Addresses:
        """No address."""
        return cls(dd.EMPTY)

    @classmethod
    def everything(cls) -> Addresses:
        """Every address of both families."""
        return cls(dd.FULL)

    @classmethod
    def union(cls, parts: Iterable[Addresses]) -> Addresses:
        """All of the parts together."""
        found: dd.Diagram = dd.EMPTY
        for part in parts:
            found = dd.first(found, part.diagram)
        return cls(found)

    def __and__(self, other: Addresses) -> Addresses:
        return Addresses(dd.keep(self.diagram, other.diagram))

    def __or__(self, other: Addresses) -> Addresses:
        return Addresses(dd.first(self.diagram, other.diagram))

    def __sub__(self, other: Addresses) -> Addresses:
        return Addresses(dd.drop(self.diagram, other.diagram))

    def __invert__(self) -> Addresses:
        return Addresses(dd.complement(self.diagram))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Addresses) and self.diagram == other.diagram

    def __hash__(self) -> int:
        return hash(self.diagram)

    def __bool__(self) -> bool:
        """Refuse: whether it is empty may be unknown."""
        raise TypeError("a set of addresses is neither true nor false; ask `is_empty`")

    # --- questions ---------------------------------------------------------------------------------------------------

    @property
    def is_empty(self) -> Answer:
        """Whether there is no member."""
        if self.diagram == dd.EMPTY:
            return True
        symbols = symbols_in(self.diagram)
        if not symbols or self._in_every_case != dd.EMPTY or self._must_meet(symbols):
            return False
        return because_of(symbol.why for symbol in symbols)

    def within(self, other: Addresses) -> Answer:
        """Whether every member is a member of `other`."""
        return (self - other).is_empty

    def __le__(self, other: Addresses) -> Answer:
        return self.within(other)

    def meets(self, other: Addresses) -> Answer:
        """Whether the two have a member in common."""
        empty = (self & other).is_empty
        return empty if isinstance(empty, Unknown) else not empty

    def contains(self, address: object) -> Answer:
        """Whether this address (text or `ipaddress` value) is a member."""
        found = dd.at(self.diagram, {dd.DESTINATION: number_of(address)})
        if isinstance(found, int):
            return bool(found)
        return because_of(symbol.why for symbol in symbols_in(found))

    def __contains__(self, address: object) -> bool:
        """As `contains`; raises `NotKnown` where that is not known."""
        return definite(self.contains(address))

    @property
    def certain(self) -> AddressSet:
        """The addresses that are members in every case."""
        return exact(self._in_every_case)

    @property
    def possible(self) -> AddressSet:
        """The addresses that are members in some case."""
        return exact(dd.without(self.diagram, is_bit, dd.first))

    @property
    def is_exact(self) -> bool:
        """Whether nothing about this set is unknown."""
        return not symbols_in(self.diagram)

    @property
    def unknowns(self) -> tuple[Unknown, ...]:
        """Why this set is not exact, a reason a symbol."""
        return tuple(dict.fromkeys(symbol.why for symbol in symbols_in(self.diagram)))

    def witness(self) -> str:
        """One address of the set: a certain member where there is one, else a possible one; text."""
        certain = self.certain
        return (self.possible if certain.is_empty else certain).witness()

    @property
    def _in_every_case(self) -> dd.Diagram:
        return dd.without(self.diagram, is_bit, dd.keep)

    def _must_meet(self, symbols: tuple[Symbol, ...]) -> bool:
        """Whether this set has a member because a named set has one and cannot keep it outside."""
        outside = {symbol: dd.drop(symbol.extent, self.diagram) for symbol in symbols if symbol.named}
        if dd.EMPTY in outside.values():
            return True
        # Few addresses outside may not suffice for all the names at once, since one address has one set of memberships.
        places = {s: exact(dd.without(d, is_bit, dd.first)) for s, d in outside.items()}
        tight = {
            s: [n for a, b in found.pairs for n in range(a, b + 1)]
            for s, found in places.items()
            if found.size < len(outside)
        }
        return bool(tight) and not any(
            self._leaves_room(dict(zip(tight, choice, strict=True))) for choice in product(*tight.values())
        )

    def _leaves_room(self, homes: Mapping[Symbol, int]) -> bool:
        """Whether each symbol can have its member at its chosen address with none of these in this set."""
        for address in set(homes.values()):
            left = dd.complement(self.diagram)
            for symbol, home in homes.items():
                if home == address:
                    left = dd.keep(left, symbol.extent)
            if dd.at(left, {dd.DESTINATION: address}) == dd.EMPTY:
                return False
        return True

    # --- text --------------------------------------------------------------------------------------------------------

    def text(self, names: Mapping[str, Addresses] | None = None, universe: Addresses | None = None) -> str:
        """Readable; `names` are sets that the reader knows by name (`VirtualNetwork`), largest first.

        `*` stands for the whole `universe`: where only one family is possible, for every address of that family.
        """
        known = {name: addresses.diagram for name, addresses in (names or {}).items()}
        return Words(known, dd.FULL if universe is None else universe.diagram).text(self.diagram)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"Addresses({self})"
