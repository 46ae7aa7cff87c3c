"""One packet as proof: certain where it can be, easy to read, and the same one every time."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.sets import decision_diagram as dd
from auditor.sets.address_set import LIMIT as ADDRESS_LIMIT
from auditor.sets.address_set import V6, number_of, text_of
from auditor.sets.packet import Packet
from auditor.sets.port_set import LIMIT as PORT_LIMIT
from auditor.sets.protocol_set import Protocol
from auditor.sets.symbols import is_bit, symbol_at

_EPHEMERAL = 50000
# One of the range for documentation (RFC 5737) that Azure's Internet tag covers, then a private one.
_ADDRESSES = tuple(number_of(text) for text in ("203.0.113.10", "10.0.0.4", "192.168.0.4", "2001:db8::4"))
_PREFERRED = {
    dd.PROTOCOL: (),
    dd.DESTINATION_PORT: (443, 22, 3389, 80),
    dd.SOURCE_PORT: (_EPHEMERAL,),
    dd.DESTINATION: _ADDRESSES,
    dd.SOURCE: _ADDRESSES,
}
_LIMITS = {
    dd.PROTOCOL: len(Protocol),
    dd.DESTINATION_PORT: PORT_LIMIT,
    dd.SOURCE_PORT: PORT_LIMIT,
    dd.DESTINATION: ADDRESS_LIMIT,
    dd.SOURCE: ADDRESS_LIMIT,
}
_LEVELS = tuple(_LIMITS)


def witness_in(flows: dd.Diagram) -> Packet | None:
    """A packet of this set, or `None` where there can be none."""
    if flows == dd.EMPTY:
        return None
    certain = dd.without(flows, is_bit, dd.keep)
    chosen = _choose(flows if certain == dd.EMPTY else certain)
    protocol = Protocol(chosen[dd.PROTOCOL])
    ports = protocol.has_ports
    source, destination = text_of(chosen[dd.SOURCE]), text_of(chosen[dd.DESTINATION])
    return Packet(
        protocol,
        source,
        chosen[dd.SOURCE_PORT] if ports else None,
        destination,
        chosen[dd.DESTINATION_PORT] if ports else None,
        tuple(_given(chosen, source, destination)),
    )


def _choose(flows: dd.Diagram) -> dict[int, int]:
    """A number for every level that leads to a leaf that is not 0."""
    chosen: dict[int, int] = {}
    rest = flows
    while isinstance(rest, dd.Node):
        if is_bit(rest.level):
            value = 1 if rest.kids[1] != dd.EMPTY else 0
        else:
            value = next(v for v in _candidates(rest) if dd.at(rest, {rest.level: v}) != dd.EMPTY)
        chosen[rest.level] = value
        rest = dd.at(rest, {rest.level: value})
    for level in _LEVELS:
        if level not in chosen:
            chosen[level] = next(iter(_PREFERRED[level]), 0)
    return chosen


def _candidates(at: dd.Node) -> Iterator[int]:
    """The preferred numbers, then one of each stretch: Azure hands out a subnet's addresses from the fifth on."""
    yield from _PREFERRED[at.level]
    for low, high in zip((0, *at.cuts), (*at.cuts, _LIMITS[at.level]), strict=True):
        if at.level in (dd.DESTINATION, dd.SOURCE):
            end = V6 if low < V6 else high
            yield min(low + 4, min(high, end) - 1)
        else:
            yield max(low, 1) if high > 1 and at.level != dd.PROTOCOL else low


def _given(chosen: dict[int, int], source: str, destination: str) -> Iterator[str]:
    for level, value in sorted(chosen.items()):
        if is_bit(level):
            address = source if level > dd.SOURCE else destination
            label = symbol_at(level).label
            if label.startswith("if "):
                yield label if value else f"unless {label.removeprefix('if ')}"
            else:
                yield f"{address} is {'' if value else 'not '}in {label}"
