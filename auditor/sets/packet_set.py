"""`FlowSet`: exact sets of packets with the algebra of sets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from auditor.model import Unknown
from auditor.sets import decision_diagram as dd
from auditor.sets.boxes import Box, boxes_of, listed
from auditor.sets.packet import Packet
from auditor.sets.port_set import PortSet
from auditor.sets.protocol_set import ProtocolSet
from auditor.sets.symbolic_addresses import Addresses
from auditor.sets.symbols import Symbol, is_bit, symbols_in
from auditor.sets.three_valued import Answer, because_of
from auditor.sets.witness import witness_in

__all__ = ["FlowSet", "Packet"]


class FlowSet:
    """An immutable, exact set of packets: a union of boxes, in a canonical form.

    `|`, `&`, `-`, `~`, `within`, `meets`, `is_empty`, `decide(packet)`, `witness()`, `boxes()`. Questions answer
    `True`, `False` or `Unknown` as those of `Addresses` do. One kind of certainty is not seen and comes out as
    `Unknown`: where source and destination depend on the same symbol and only the two together force the answer.
    """

    __slots__ = ("__weakref__", "diagram")

    def __init__(self, diagram: dd.Diagram = dd.EMPTY) -> None:
        self.diagram = diagram

    @classmethod
    def none(cls) -> FlowSet:
        """No packet."""
        return cls(dd.EMPTY)

    @classmethod
    def everything(cls) -> FlowSet:
        """Every packet."""
        return cls(dd.FULL)

    @classmethod
    def box(
        cls,
        protocols: ProtocolSet | None = None,
        source: Addresses | None = None,
        source_ports: PortSet | None = None,
        destination: Addresses | None = None,
        destination_ports: PortSet | None = None,
    ) -> FlowSet:
        """The packets of one box; what is left out is not narrowed.

        A protocol without ports (ICMP, ESP, AH) is in the box only where both port sets are everything.
        """
        made = Box(
            ProtocolSet.everything() if protocols is None else protocols,
            Addresses.everything() if source is None else source,
            PortSet.everything() if source_ports is None else source_ports,
            Addresses.everything() if destination is None else destination,
            PortSet.everything() if destination_ports is None else destination_ports,
        )
        return cls(made.diagram)

    @classmethod
    def real(cls) -> FlowSet:
        """Every packet that can be: both of its addresses are of one family."""
        found = cls.none()
        for family in ("0.0.0.0/0", "::/0"):
            addresses = Addresses.of(family)
            found |= cls.box(source=addresses, destination=addresses)
        return found

    @classmethod
    def union(cls, parts: Iterable[FlowSet]) -> FlowSet:
        """All of the parts together."""
        found: dd.Diagram = dd.EMPTY
        for part in parts:
            found = dd.first(found, part.diagram)
        return cls(found)

    def __and__(self, other: FlowSet) -> FlowSet:
        return FlowSet(dd.keep(self.diagram, other.diagram))

    def __or__(self, other: FlowSet) -> FlowSet:
        return FlowSet(dd.first(self.diagram, other.diagram))

    def __sub__(self, other: FlowSet) -> FlowSet:
        return FlowSet(dd.drop(self.diagram, other.diagram))

    def __invert__(self) -> FlowSet:
        return FlowSet(dd.complement(self.diagram))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FlowSet) and self.diagram == other.diagram

    def __hash__(self) -> int:
        return hash(self.diagram)

    def __bool__(self) -> bool:
        """Refuse: whether it is empty may be unknown."""
        raise TypeError("a set of packets is neither true nor false; ask `is_empty`")

    # --- questions ---------------------------------------------------------------------------------------------------

    @property
    def is_empty(self) -> Answer:
        """Whether there is no packet in it."""
        if self.diagram == dd.EMPTY:
            return True
        symbols = symbols_in(self.diagram)
        if not symbols or _surely_met(self.diagram, symbols):
            return False
        return because_of(symbol.why for symbol in symbols)

    def within(self, other: FlowSet) -> Answer:
        """Whether every packet of it is in `other`."""
        return True if dd.within(self.diagram, other.diagram) else (self - other).is_empty

    def __le__(self, other: FlowSet) -> Answer:
        return self.within(other)

    def meets(self, other: FlowSet) -> Answer:
        """Whether the two have a packet in common."""
        empty = (self & other).is_empty
        return empty if isinstance(empty, Unknown) else not empty

    def decide(self, packet: Packet) -> Answer:
        """Whether this packet is in the set."""
        found = dd.at(self.diagram, packet.numbers)
        if isinstance(found, int):
            return bool(found)
        return because_of(symbol.why for symbol in symbols_in(found))

    @property
    def certain(self) -> FlowSet:
        """The packets that are in it in every case."""
        return FlowSet(dd.without(self.diagram, is_bit, dd.keep))

    @property
    def possible(self) -> FlowSet:
        """The packets that are in it in some case."""
        return FlowSet(dd.without(self.diagram, is_bit, dd.first))

    def any_address(self) -> FlowSet:
        """The protocols and ports of its packets, between whatever addresses."""
        return FlowSet(dd.without(self.diagram, lambda level: level >= dd.DESTINATION, dd.first))

    @property
    def unknowns(self) -> tuple[Unknown, ...]:
        """Why this set is not exact, a reason a symbol."""
        return tuple(dict.fromkeys(symbol.why for symbol in symbols_in(self.diagram)))

    @property
    def destinations(self) -> FlowSet:
        """The packets between whatever else to those addresses that some packet of it certainly goes to."""
        return FlowSet(dd.without(self.certain.diagram, lambda level: level != dd.DESTINATION, dd.first))

    @property
    def sources(self) -> FlowSet:
        """The packets between whatever else from those addresses that some packet of it certainly comes from."""
        return FlowSet(dd.without(self.certain.diagram, lambda level: level != dd.SOURCE, dd.first))

    def boxes(self) -> tuple[Box, ...]:
        """Few disjoint boxes that are together exactly this set."""
        return boxes_of(self.diagram)

    def witness(self) -> Packet | None:
        """One packet of the set, always the same one; `None` where there can be none.

        It is certainly in the set where any packet is, else `given` says what that depends on.
        """
        return witness_in(self.diagram)

    def text(self, names: Mapping[str, Addresses] | None = None) -> str:
        """The boxes in words; `names` as in `Addresses.text`."""
        return listed(self.boxes(), names)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"FlowSet({self})"


def _surely_met(flows: dd.Diagram, symbols: tuple[Symbol, ...]) -> bool:
    """Whether some packet is in the set however the symbols turn out.

    Either one packet is in it in every case, or a named set, which has a member, lies in it with every member.
    """
    named = tuple(symbol for symbol in symbols if symbol.named)
    for from_source in _for_each(flows, dd.SOURCE, named):
        for found in _for_each(from_source, dd.DESTINATION, named):
            if dd.without(found, is_bit, dd.keep) != dd.EMPTY:
                return True
    return False


def _for_each(flows: dd.Diagram, side: int, named: tuple[Symbol, ...]) -> list[dd.Diagram]:
    """The set as it is, and what of it holds wherever a named set may have the member that it surely has."""
    found = [flows]
    for symbol in named:
        member = dd.shifted(symbol.home, side - dd.DESTINATION)
        missed = dd.drop(member, flows)
        somewhere = dd.without(missed, lambda level: side <= level < side + dd.STEP, dd.first)
        found.append(dd.complement(somewhere))
    return found
