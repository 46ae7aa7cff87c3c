"""Strategies for addresses, ports, flows and packets: few prefixes that overlap in every way, and their edges."""

from __future__ import annotations

from hypothesis import strategies as st

from auditor.model import Unknown
from auditor.sets.address_set import AddressSet, number_of, text_of
from auditor.sets.packet_set import FlowSet, Packet
from auditor.sets.port_set import PortSet
from auditor.sets.protocol_set import Protocol, ProtocolSet
from auditor.sets.symbolic_addresses import Addresses
from auditor.sets.symbols import Symbol

PREFIXES = (
    "10.0.0.0/8", "10.0.0.0/30", "10.0.0.2", "10.0.0.0/7", "255.255.255.254/31", "0.0.0.0/31", "::/127", "::/1",
    "0.0.0.0/0", "::/0", "11.0.0.0-12.0.0.3",
)  # fmt: skip
_ENDS = {end for prefix in PREFIXES for pair in AddressSet.of(prefix).pairs for end in pair}
EDGES = tuple(sorted({end + step for end in _ENDS for step in (-1, 0, 1) if 0 <= end + step < AddressSet.LIMIT}))

addresses = st.lists(st.sampled_from(PREFIXES), max_size=4).map(lambda found: AddressSet.of(*found)) | st.lists(
    st.sampled_from(EDGES), max_size=6
).map(lambda found: AddressSet.of_pairs((n, n) for n in found))
ports = st.lists(st.sampled_from(("22", "443", "0", "65535", "*", "20-30", "29-80", "81-443")), max_size=3).map(
    lambda found: PortSet.of(*found)
)
protocols = st.sets(st.sampled_from(Protocol), max_size=4).map(lambda found: ProtocolSet.of(*found))

WHY = Unknown("nobody knows")
PUBLIC = AddressSet.of("0.0.0.0/1")
OUTER = Symbol("Outer", AddressSet.of("0.0.0.0/31"), PUBLIC, WHY, named=True)
INNER = Symbol("Inner", AddressSet.none(), PUBLIC, WHY, inside=OUTER, named=True)
FREE = Symbol("Free", AddressSet.of("10.0.0.2"), AddressSet.everything(), WHY)
SYMBOLS = (OUTER, INNER, FREE)

regions = st.recursive(
    addresses.map(Addresses.known) | st.sampled_from([Addresses.symbol(symbol) for symbol in SYMBOLS]),
    lambda inner: st.tuples(inner, inner, st.sampled_from("|&-")).map(
        lambda found: {"|": found[0] | found[1], "&": found[0] & found[1], "-": found[0] - found[1]}[found[2]]
    ),
    max_leaves=5,
)
exact_regions = addresses.map(Addresses.known)

boxes = st.builds(FlowSet.box, protocols, exact_regions, ports, exact_regions, ports)
flows = st.lists(boxes, max_size=3).map(FlowSet.union)
symbolic_boxes = st.builds(FlowSet.box, protocols, regions, ports, regions, ports)
symbolic_flows = st.lists(symbolic_boxes, max_size=3).map(FlowSet.union)

some_port = st.sampled_from((0, 22, 25, 29, 30, 31, 80, 81, 443, 444, 65535))


def _packet(protocol: Protocol, source: int, destination: int, source_port: int, destination_port: int) -> Packet:
    ends = (source_port, destination_port) if protocol.has_ports else (None, None)
    return Packet(protocol, text_of(source), ends[0], text_of(destination), ends[1])


packets = st.builds(
    _packet, st.sampled_from(Protocol), st.sampled_from(EDGES), st.sampled_from(EDGES), some_port, some_port
)


@st.composite
def choices(draw: st.DrawFn) -> dict[str, AddressSet]:
    """One way in which the symbols can turn out: each between its bounds, inside its container, not empty if named."""
    outer = (draw(addresses) & PUBLIC) | OUTER.at_least
    inner = draw(addresses) & outer
    if inner.is_empty:
        inner = AddressSet.of(outer.witness())
    return {"Outer": outer, "Inner": inner, "Free": draw(addresses) | FREE.at_least}


def number(text: str) -> int:
    """The place of an address on the line."""
    return number_of(text)
