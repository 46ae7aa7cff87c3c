"""Sets of addresses with unknown parts in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from auditor.sets import decision_diagram as dd
from auditor.sets.address_set import LIMIT, AddressSet
from auditor.sets.symbols import (
    Symbol,
    is_bit,
    symbol_at,
    symbols_in,
)

_LONG = 60
"""Characters: what is longer may be told by its complement instead."""

_FEW_BOUNDS = 6
"""Up to three ranges are listed rather than named."""

_ONLY_IF = " as far as in "
_NOT_IN = " not in "
_IF = "if "

Cube = tuple[tuple[int, int], ...]
"""Bits (level, value) that together make an address a member."""


def exact(diagram: dd.Diagram) -> AddressSet:
    """The addresses at which a diagram without bits is not 0."""
    if not isinstance(diagram, dd.Node):
        return AddressSet.everything() if diagram else AddressSet.none()
    bounds = []
    inside = False
    for cut, kid in zip((0, *diagram.cuts), diagram.kids, strict=True):
        if (kid != dd.EMPTY) is not inside:
            inside = not inside
            bounds.append(cut)
    return AddressSet((*bounds, LIMIT) if inside else tuple(bounds))


@dataclass(frozen=True)
class Words:
    """Tells sets of addresses to a reader who knows some by name, within a universe (one family, say)."""

    names: Mapping[str, dd.Diagram]
    universe: dd.Diagram = dd.FULL

    def text(self, diagram: dd.Diagram) -> str:
        """Name what has a name, list the rest as prefixes, and say for the uncertain rest what it depends on.

        A set that is told more shortly by what is missing from it is told so.
        """
        inside = dd.keep(diagram, self.universe)
        if inside in (dd.EMPTY, self.universe):
            return "*" if inside != dd.EMPTY else str(AddressSet.none())
        direct = self._covered(inside)
        if len(direct) <= _LONG:
            return direct
        missing = self._covered(dd.drop(self.universe, inside))
        shorter = len(missing) + 9 < len(direct) and " except " not in missing
        return f"* except {missing}" if shorter else direct

    def _covered(self, diagram: dd.Diagram, exceptions: bool = True) -> str:
        if _is_plain(diagram):
            whole = [name for name, known in self._named() if known == diagram]
            return whole[0] if whole else str(exact(diagram))
        parts = []
        rest = diagram
        for with_exceptions in (False, True)[: 1 + exceptions]:
            for name, known in self._candidates(diagram):
                if known == dd.EMPTY or not dd.meets(known, rest):
                    continue
                missing = dd.drop(known, diagram)
                exception = self._exception(missing, known) if with_exceptions and missing != dd.EMPTY else ""
                if missing == dd.EMPTY or exception:
                    parts.append(name + exception)
                    rest = dd.drop(rest, known)
        certain = dd.without(rest, is_bit, dd.keep)
        if certain != dd.EMPTY:
            parts.append(str(exact(certain)))
            rest = dd.drop(rest, certain)
        parts += _conditionals(rest)
        return ", ".join(dict.fromkeys(parts))

    def _exception(self, missing: dd.Diagram, known: dd.Diagram) -> str:
        """`` except AzureMonitor`` where what is missing of a named set can be told in few words; else empty."""
        kept = _pieces(dd.drop(known, missing))
        if missing == known or (kept <= _FEW_BOUNDS and kept < _pieces(missing)):
            return ""
        others = {name: other for name, other in self._candidates(missing) if other != known}
        for name, other in others.items():
            if dd.keep(other, known) == missing:
                return f" except {name}"
        possible = dd.without(missing, is_bit, dd.first)
        if _is_plain(possible) and dd.drop(known, possible) == dd.drop(known, missing):
            return f" except {exact(possible)}"
        inner = Words({name: dd.keep(other, known) for name, other in others.items()}, known)
        words = inner._covered(missing, exceptions=False)
        return f" except {words}" if len(words) <= _LONG and _ONLY_IF not in words and _NOT_IN not in words else ""

    def _named(self) -> Iterator[tuple[str, dd.Diagram]]:
        return ((name, dd.keep(known, self.universe)) for name, known in self.names.items())

    def _candidates(self, diagram: dd.Diagram) -> Iterator[tuple[str, dd.Diagram]]:
        """The reader's names, then the symbols in play from the outermost in."""
        yield from self._named()
        for symbol in sorted(symbols_in(diagram), key=lambda s: (-s.at_most.size, s.inside is not None, s.name)):
            if not symbol.label.startswith(_IF):
                yield symbol.label, dd.keep(symbol.extent, self.universe)


def _is_plain(diagram: dd.Diagram) -> bool:
    """Whether a set is a few ranges and no more."""
    if any(is_bit(level) for level in dd.levels(diagram)):
        return False
    return len(exact(diagram).bounds) <= _FEW_BOUNDS


def _pieces(diagram: dd.Diagram) -> int:
    """How many edges the ranges have that may be in the set."""
    return len(exact(dd.without(diagram, is_bit, dd.first)).bounds)


def _cubes(diagram: dd.Diagram) -> Iterator[tuple[AddressSet, Cube]]:
    """The uncertain part, by what it depends on: addresses, and what makes them members."""
    if not isinstance(diagram, dd.Node):
        return
    if diagram.level != dd.DESTINATION:
        yield from ((AddressSet.everything(), cube) for cube in _paths(diagram))
        return
    for kid in dict.fromkeys(diagram.kids):
        addresses = exact(dd.mapped_kids(diagram, kid))
        yield from ((addresses, cube) for cube in _paths(kid))


def _paths(diagram: dd.Diagram) -> Iterator[Cube]:
    if not isinstance(diagram, dd.Node):
        if diagram:
            yield ()
        return
    for value, kid in enumerate(diagram.kids):
        for rest in _paths(kid):
            yield ((diagram.level, value), *rest)


def _conditionals(diagram: dd.Diagram) -> list[str]:
    """The uncertain part, a phrase for each condition."""
    places: dict[tuple[frozenset[Symbol], frozenset[Symbol]], AddressSet] = {}
    for addresses, cube in _cubes(diagram):
        yes = frozenset(symbol_at(level) for level, value in cube if value)
        no = frozenset(symbol_at(level) for level, value in cube if not value)
        # To be in a tag is to be in the tag around it.
        key = (yes - {symbol.inside for symbol in yes}, no)
        places[key] = places.get(key, AddressSet.none()) | addresses
    return [_conditional(addresses, *key) for key, addresses in places.items()]


def _conditional(addresses: AddressSet, yes: frozenset[Symbol], no: frozenset[Symbol]) -> str:
    questions = [*_asked(yes), *(f"unless {label.removeprefix(_IF)}" for label in _asked(no))]
    yes, no = _sets(yes), _sets(no)
    told = _membership(addresses, yes, no)
    return f"{told} ({', '.join(questions)})" if questions else told


def _asked(symbols: frozenset[Symbol]) -> list[str]:
    """The symbols that are a yes or no, as they are told."""
    return sorted({symbol.label for symbol in symbols if symbol.label.startswith(_IF)})


def _sets(symbols: frozenset[Symbol]) -> frozenset[Symbol]:
    return frozenset(symbol for symbol in symbols if not symbol.label.startswith(_IF))


def _membership(addresses: AddressSet, yes: frozenset[Symbol], no: frozenset[Symbol]) -> str:
    needless = any(symbol.at_most - symbol.at_least == addresses for symbol in yes)
    inside = " and ".join(sorted({symbol.label for symbol in yes}))
    names = " or ".join(sorted({symbol.label for symbol in no}))
    outside = f"{_NOT_IN}{names}" if no else ""
    if not inside:
        return f"{addresses}{outside}"
    inside = inside if needless else f"{addresses}{_ONLY_IF}{inside}"
    return f"{inside} but{outside}" if no else inside
