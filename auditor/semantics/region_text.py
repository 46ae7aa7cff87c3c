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
    """Name what has a name, list the rest as prefixes, and say for the uncertain rest what it depends on.

    A set that is told more shortly by what is missing from it is told so.
    """
    if diagram in (dd.EMPTY, dd.FULL):
        return str(exact(diagram))
    direct = _covered(diagram, names)
    if len(direct) <= _LONG:
        return direct
    missing = _covered(dd.complement(diagram), names)
    shorter = len(missing) + 9 < len(direct) and " except " not in missing
    return f"* except {missing}" if shorter else direct


_LONG = 60
"""Characters: what is longer may be told by its complement instead."""

_FEW_BOUNDS = 6
"""Up to three ranges are listed rather than named."""


def _covered(diagram: dd.Diagram, names: Mapping[str, dd.Diagram]) -> str:
    if _is_plain(diagram):
        whole = [name for name, known in names.items() if known == diagram]
        return whole[0] if whole else str(exact(diagram))
    parts = []
    rest = diagram
    for with_exceptions in (False, True):
        for name, known in _candidates(diagram, names):
            if known == dd.EMPTY or not dd.meets(known, rest):
                continue
            missing = dd.drop(known, diagram)
            exception = _exception(missing, names, known) if with_exceptions and missing != dd.EMPTY else ""
            if missing == dd.EMPTY or exception:
                parts.append(name + exception)
                rest = dd.drop(rest, known)
    certain = dd.without(rest, is_bit, dd.keep)
    if certain != dd.EMPTY:
        parts.append(str(exact(certain)))
        rest = dd.drop(rest, certain)
    parts += [_conditional(addresses, cube) for addresses, cube in _cubes(rest)]
    return ", ".join(dict.fromkeys(parts))


def _is_plain(diagram: dd.Diagram) -> bool:
    """Whether a set is a few ranges and no more."""
    if any(is_bit(level) for level in dd.levels(diagram)):
        return False
    return len(exact(diagram).bounds) <= _FEW_BOUNDS


def _exception(missing: dd.Diagram, names: Mapping[str, dd.Diagram], known: dd.Diagram) -> str:
    """`` except AzureMonitor`` where all that is missing is one other named set or a few ranges; else empty."""
    for name, other in _candidates(missing, names):
        if other != known and dd.keep(other, known) == missing:
            return f" except {name}"
    return f" except {exact(missing)}" if _is_plain(missing) else ""


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
