"""Boxes: the readable pieces of a set of flows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from auditor.sets import decision_diagram as dd
from auditor.sets.address_set import LIMIT as ADDRESS_LIMIT
from auditor.sets.port_set import LIMIT as PORT_LIMIT
from auditor.sets.port_set import PortSet
from auditor.sets.protocol_set import WITH_PORTS, ProtocolSet
from auditor.sets.symbolic_addresses import Addresses

_SHOWN = 4
_DIMENSIONS = ("source", "destination", "destination_ports", "source_ports", "protocols")


@dataclass(frozen=True)
class Box:
    """Every packet with one of these protocols, sources, ports and destinations. Ports concern TCP and UDP only."""

    protocols: ProtocolSet
    source: Addresses
    source_ports: PortSet
    destination: Addresses
    destination_ports: PortSet

    def text(self, names: Mapping[str, Addresses] | None = None) -> str:
        """`Tcp 443 from Internet to 10.0.1.0/24`; source ports only where they are narrowed."""
        has_ports = self.protocols.meets(WITH_PORTS)
        ports = f" {self.destination_ports}" if has_ports and not self.destination_ports.is_everything else ""
        sport = f" (source port {self.source_ports})" if has_ports and not self.source_ports.is_everything else ""
        words = str(self.protocols)
        if not ports:
            words = "any traffic" if self.protocols.is_everything else f"{words} on any port" if has_ports else words
        family = self._family
        source, destination = self.source.text(names, family), self.destination.text(names, family)
        return f"{words}{ports} from {source}{sport} to {destination}"

    @property
    def _family(self) -> Addresses | None:
        """The addresses of the one family that real packets of this box can have; `None` where both can."""
        for prefix in ("0.0.0.0/0", "::/0"):
            family = Addresses.of(prefix)
            if any((side & family) == side for side in (self.source, self.destination)):
                return family
        return None

    def __str__(self) -> str:
        return self.text()

    @property
    def diagram(self) -> dd.Diagram:
        """The set of these packets. A protocol without ports is in it only where no port is left out."""
        addresses = dd.mapped(self.destination.diagram, {dd.FULL: dd.shifted(self.source.diagram, dd.STEP)})
        with_ports = self.protocols & WITH_PORTS
        found = _protocols(with_ports, _ports(self.destination_ports, self.source_ports, addresses))
        if self.destination_ports.is_everything and self.source_ports.is_everything:
            return dd.first(found, _protocols(self.protocols - WITH_PORTS, addresses))
        return found


def _protocols(protocols: ProtocolSet, inside: dd.Diagram) -> dd.Diagram:
    return dd.of_bounds(dd.PROTOCOL, protocols.bounds, ProtocolSet.LIMIT, inside)


def _ports(destination: PortSet, source: PortSet, inside: dd.Diagram) -> dd.Diagram:
    below = dd.of_bounds(dd.SOURCE_PORT, source.bounds, PORT_LIMIT, inside)
    return dd.of_bounds(dd.DESTINATION_PORT, destination.bounds, PORT_LIMIT, below)


def boxes_of(flows: dd.Diagram) -> tuple[Box, ...]:
    """Disjoint boxes that are together exactly this set: few, in a stable order."""
    found = []
    for after_protocol, protocols in dd.split(flows, dd.DESTINATION_PORT).items():
        for after_port, ports in dd.split(after_protocol, dd.SOURCE_PORT).items():
            for after_source_port, source_ports in dd.split(after_port, dd.DESTINATION).items():
                for source, destination in dd.split(after_source_port, dd.SOURCE).items():
                    found.append(
                        Box(
                            ProtocolSet(_bounds(protocols, ProtocolSet.LIMIT)),
                            Addresses(dd.shifted(source, -dd.STEP)),
                            PortSet(_bounds(source_ports, PORT_LIMIT)),
                            Addresses(destination),
                            PortSet(_bounds(ports, PORT_LIMIT)),
                        )
                    )
    return tuple(sorted(_joined(found), key=_order))


def _bounds(diagram: dd.Diagram, limit: int) -> tuple[int, ...]:
    """The bounds of a set that looks at one number."""
    if not isinstance(diagram, dd.Node):
        return (0, limit)
    edges = zip((0, *diagram.cuts), (*diagram.cuts, limit), diagram.kids, strict=True)
    return tuple(edge for low, high, kid in edges if kid != dd.EMPTY for edge in (low, high))


def _joined(boxes: list[Box]) -> list[Box]:
    """Join boxes that differ in one dimension only, until none do."""
    count = len(boxes) + 1
    while len(boxes) < count:
        count = len(boxes)
        for dimension in _DIMENSIONS:
            together: dict[tuple[object, ...], Box] = {}
            for box in boxes:
                key = tuple(getattr(box, name) for name in _DIMENSIONS if name != dimension)
                seen = together.get(key)
                joined = getattr(box, dimension) if seen is None else getattr(seen, dimension) | getattr(box, dimension)
                together[key] = replace(box, **{dimension: joined})
            boxes = list(together.values())
    return boxes


@dataclass(frozen=True)
class _InWords:
    """A box by its text, which takes long to write and is asked for only where the bounds of two boxes are the same."""

    box: Box

    def __lt__(self, other: _InWords) -> bool:
        return str(self.box) < str(other.box)


def _order(box: Box) -> tuple[object, ...]:
    return (
        box.protocols.bounds,
        box.destination_ports.bounds,
        box.source_ports.bounds,
        box.destination.possible.bounds,
        box.source.possible.bounds,
        _InWords(box),
    )


def listed(boxes: Iterable[Box], names: Mapping[str, Addresses] | None = None) -> str:
    """The boxes in one line, the first few in full."""
    texts = [box.text(names) for box in boxes]
    more = len(texts) - _SHOWN
    shown = texts if more <= 0 else [*texts[:_SHOWN], f"and {more} more"]
    return "; ".join(shown) or "no traffic"


__all__ = ["ADDRESS_LIMIT", "Box", "boxes_of", "listed"]
