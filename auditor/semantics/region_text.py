"""Sets of addresses with unknown parts in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.semantics import diagram as dd
from auditor.semantics.addresses import LIMIT, AddressSet
from auditor.semantics.symbols import is_bit, symbol_at, symbols_in


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


def text(diagram: dd.Diagram, names: Mapping[str, dd.Diagram]) -> str:
    """Name what has a name, list the rest as prefixes, and say for the uncertain rest what it depends on."""
    if diagram in (dd.EMPTY, dd.FULL):
        return str(exact(diagram))
    parts = []
    rest = diagram
    for name, known in _candidates(diagram, names):
        if known == dd.EMPTY:
            continue
        missing = dd.drop(known, rest)
        exception = "" if missing == dd.EMPTY else _exception(known, missing, rest, names)
        if missing == dd.EMPTY or exception:
            parts.append(name + exception)
            rest = dd.drop(rest, known)
    certain = dd.without(rest, is_bit, dd.keep)
    if certain != dd.EMPTY:
        parts.append(str(exact(certain)))
        rest = dd.drop(rest, certain)
    parts += [_conditional(addresses, cube) for addresses, cube in _cubes(rest)]
    return ", ".join(dict.fromkeys(parts))


def _exception(known: dd.Diagram, missing: dd.Diagram, rest: dd.Diagram, names: Mapping[str, dd.Diagram]) -> str:
    """`` except AzureMonitor`` where a named set is there but for one other named set or a range; else empty."""
    if missing == known or dd.keep(rest, known) == dd.EMPTY:
        return ""
    for name, other in _candidates(missing, names):
        if other != known and dd.keep(other, known) == missing:
            return f" except {name}"
    few = not any(is_bit(level) for level in dd.levels(missing)) and len(exact(missing).bounds) <= _FEW_BOUNDS
    return f" except {exact(missing)}" if few else ""


_FEW_BOUNDS = 6
"""Up to three ranges are told as an exception."""


def _candidates(diagram: dd.Diagram, names: Mapping[str, dd.Diagram]) -> Iterator[tuple[str, dd.Diagram]]:
    """The reader's names, then the symbols in play from the outermost in."""
    yield from names.items()
    for symbol in sorted(symbols_in(diagram), key=lambda s: (-s.at_most.size, s.inside is not None, s.name)):
        yield symbol.name, symbol.extent


def _cubes(diagram: dd.Diagram) -> Iterator[tuple[AddressSet, tuple[tuple[int, int], ...]]]:
    """The uncertain part, by what it depends on: addresses, and the bits (level, value) that make them members."""
    if not isinstance(diagram, dd.Node):
        return
    for kid in dict.fromkeys(diagram.kids if diagram.level == dd.DESTINATION else (diagram,)):
        where = diagram.level == dd.DESTINATION
        addresses = exact(dd.mapped_kids(diagram, kid)) if where else AddressSet.everything()
        for cube in _paths(kid):
            yield addresses, cube


def _paths(diagram: dd.Diagram) -> Iterator[tuple[tuple[int, int], ...]]:
    if not isinstance(diagram, dd.Node):
        if diagram:
            yield ()
        return
    for value, kid in enumerate(diagram.kids):
        for rest in _paths(kid):
            yield ((diagram.level, value), *rest)


def _conditional(addresses: AddressSet, cube: tuple[tuple[int, int], ...]) -> str:
    yes = sorted({symbol_at(level).name for level, value in cube if value})
    no = sorted({symbol_at(level).name for level, value in cube if not value})
    bounds = [symbol_at(level) for level, value in cube if value]
    needless = any(symbol.at_most - symbol.at_least == addresses for symbol in bounds)
    inside = " and ".join(yes)
    outside = f" but not in {' or '.join(no)}" if no else ""
    if inside and needless:
        return inside + outside
    return f"{addresses} as far as in {inside}{outside}" if inside else f"{addresses}{outside.replace(' but', '', 1)}"
