"""Sets of addresses, ports and packets as plain JSON that needs no knowledge of decision diagrams."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Any

from auditor.network.topology.service_tags import INTERNET
from auditor.sets import decision_diagram as dd
from auditor.sets.address_set import LIMIT, AddressSet, text_of
from auditor.sets.boxes import Box
from auditor.sets.packet_set import FlowSet
from auditor.sets.protocol_set import Protocol
from auditor.sets.symbolic_addresses import Addresses
from auditor.sets.symbols import Symbol, is_bit, symbol_at, symbols_in

Cube = tuple[tuple[int, int], ...]
"""Memberships (level, 0 or 1) that together put an address into a set."""


class NotCertifiedError(Exception):
    """A verdict that no certificate of these forms can carry, and why."""


def pieces(addresses: Addresses) -> list[dict[str, Any]]:
    """Disjoint pieces that are together the set: ranges, each `in` and `out` of service tags that nobody listed.

    Raises `NotCertifiedError` where the set depends on anything that is not known but the prefixes of a service tag.
    """
    made, left = [], addresses
    for members in _memberships(addresses):
        among = Addresses.everything()
        for symbol, held in members:
            extent = Addresses.symbol(symbol)
            among = among & extent if held else among - extent
        inside = left & among
        # Addresses that are never among these may be in the ranges or not: with them the ranges are few.
        ranges = AddressSet.everything() - (among.possible - inside.possible)
        if inside != Addresses.none() and Addresses.known(ranges) & among == inside:
            made.append(_piece([(tag_of(symbol), held) for symbol, held in members], ranges))
            left -= inside
    return [*made, *_exact(left)]


def _memberships(addresses: Addresses) -> Iterator[tuple[tuple[Symbol, bool], ...]]:
    """Ways to be in one service tag, and perhaps in or out of a second one."""
    symbols = symbols_in(addresses.diagram)
    ways = [(symbol, held) for symbol in symbols for held in (True, False)]
    yield from ((way,) for way in ways)
    yield from ((a, b) for a, b in combinations(ways, 2) if a[0] is not b[0])


def _exact(addresses: Addresses) -> list[dict[str, Any]]:
    found: dict[Cube, list[tuple[int, int]]] = {}
    for low, high, kid in _stretches(addresses.diagram):
        for cube in _cubes(kid):
            found.setdefault(cube, []).append((low, high - 1))
    return [
        _piece([(tag_of(symbol_at(level)), bool(value)) for level, value in cube], AddressSet.of_pairs(pairs))
        for cube, pairs in found.items()
    ]


def box_json(box: Box) -> dict[str, Any]:
    """A box of packets; ports are left out where they are not narrowed."""
    found: dict[str, Any] = {
        "protocols": [Protocol(number).label for pair in box.protocols.pairs for number in range(pair[0], pair[1] + 1)],
        "source": pieces(box.source),
        "destination": pieces(box.destination),
    }
    if not box.destination_ports.is_everything:
        found["ports"] = _port_ranges(box.destination_ports.pairs)
    if not box.source_ports.is_everything:
        found["source_ports"] = _port_ranges(box.source_ports.pairs)
    return found


def tags_in(*flows: FlowSet) -> dict[str, Any]:
    """The service tags that sets of packets depend on, each with the tag that holds it; what holds is there too."""
    found: dict[str, Any] = {}
    for symbol in (symbol for each in flows for symbol in symbols_in(each.diagram)):
        held: Symbol | None = symbol
        while held is not None:
            found[tag_of(held)] = {"inside": tag_of(held.inside) if held.inside is not None else None}
            held = held.inside
    return dict(sorted(found.items()))


def tag_of(symbol: Symbol) -> str:
    """The service tag that a symbol stands for; raises `NotCertifiedError` where it stands for something else."""
    if not symbol.named:
        raise NotCertifiedError(f"it depends on {symbol.label}, which is not known")
    if symbol.inside is None and symbol.name != INTERNET:
        raise NotCertifiedError(f"the list of service tags that is at hand does not hold {symbol.name}")
    return symbol.name


def _stretches(diagram: dd.Diagram) -> Iterator[tuple[int, int, dd.Diagram]]:
    if isinstance(diagram, dd.Node) and not is_bit(diagram.level):
        yield from zip((0, *diagram.cuts), (*diagram.cuts, LIMIT), diagram.kids, strict=True)
    else:
        yield 0, LIMIT, diagram


def _cubes(diagram: dd.Diagram, before: Cube = ()) -> Iterator[Cube]:
    if isinstance(diagram, dd.Node):
        for value, kid in enumerate(diagram.kids):
            yield from _cubes(kid, (*before, (diagram.level, value)))
    elif diagram != dd.EMPTY:
        yield before


def _piece(members: Iterable[tuple[str, bool]], ranges: AddressSet) -> dict[str, Any]:
    member = dict(members)
    named = {
        "in": sorted(name for name, held in member.items() if held),
        "out": sorted(name for name, held in member.items() if not held),
    }
    return {"ranges": list(_ranges(ranges)), **{key: names for key, names in named.items() if names}}


def _ranges(addresses: AddressSet) -> Iterator[str]:
    """Ranges as text, each of one family."""
    if addresses.is_everything:
        yield "*"
        return
    for family in (addresses.v4, addresses.v6):
        for first, last in family.pairs:
            yield text_of(first) if first == last else f"{text_of(first)}-{text_of(last)}"


def _port_ranges(pairs: Iterable[tuple[int, int]]) -> list[str]:
    return [str(low) if low == high else f"{low}-{high}" for low, high in pairs]
