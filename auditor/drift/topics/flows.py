"""Which packets get through now that did not, and which no longer do: exact sets, the rules that decide, a witness."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from auditor.drift.documents import Pair, doubted_absence
from auditor.drift.model import Change, Effect, Topic
from auditor.drift.places import DIRECTIONS, Spot, spots
from auditor.estate.naming import short
from auditor.model import ArmId, NotKnown, Unknown
from auditor.network.nsg.effective_filters import Path, path
from auditor.network.nsg.filters import Layer
from auditor.network.nsg.platform_exemptions import platform_services
from auditor.network.nsg.rules import SecurityRule
from auditor.network.topology.words import network_view
from auditor.sets.boxes import Box
from auditor.sets.packet_set import FlowSet, Packet
from auditor.sets.symbolic_addresses import Addresses

Unread = Unknown


@dataclass(frozen=True)
class Decider:
    """What decides a packet on one side: a rule of a group, the platform, or nothing that filters."""

    access: str
    rule: str = ""
    priority: int | None = None
    group: ArmId | None = None
    because: str = ""

    def __str__(self) -> str:
        if self.rule and self.group is not None:
            return f"{self.rule} of {short(self.group)}, priority {self.priority}"
        return self.rule or self.because or ("no security group" if self.access == "Allow" else "the platform")

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        group = self.group.text if self.group else None
        return {"access": self.access, "rule": self.rule or None, "priority": self.priority, "nsg": group,
                "because": self.because}  # fmt: skip


@dataclass(frozen=True)
class FlowChange:
    """Packets of one place and direction that are treated otherwise than before, by the same rules throughout.

    `shown` are the packets that a reader is told of: the platform's own, which no group stops before or now, are left
    among them so that they make no holes. `before` and `after` are `None` where the place itself was not there.
    `unknown` is set where whether there is any such packet depends on what is not known.
    """

    spot: Spot
    direction: str
    allowed: bool
    flows: FlowSet
    shown: FlowSet
    witness: Packet
    before: Decider | None
    after: Decider | None
    unknown: Unknown | None
    names: Mapping[str, Addresses]
    from_internet: bool

    def as_change(self) -> Change:
        """The change as reports tell it."""
        effect = Effect.UNKNOWN if self.unknown is not None else Effect.WORSE if self.allowed else Effect.BETTER
        rank = (0 if self.from_internet else 2) + (self.direction == "outbound") + (0 if self.allowed else 4)
        return Change(
            Topic.FLOWS, "allowed" if self.allowed else "blocked", effect, self._says, self.spot.id, self._detail, rank
        )

    @cached_property
    def text(self) -> str:
        """The packets in words."""
        return self.shown.text(self.names) + ("" if self.shown == self.flows else ", the platform's own aside")

    @property
    def _says(self) -> str:
        way, let = "in" if self.direction == "inbound" else "out", "let" if self.spot.many else "lets"
        if self.unknown is not None:
            verb = f"may now let {way}" if self.allowed else f"may no longer let {way}"
            return f"{self.spot.label} {verb} {self.text}, which depends on what is not known: {self.unknown.because}"
        if self.before is None:
            return f"{self.spot.label} is new and {let} {way} {self.text}"
        if self.after is None:
            return f"{self.spot.label} is gone; it let {way} {self.text}"
        verb = f"now {let} {way}" if self.allowed else f"no longer {let} {way}"
        return f"{self.spot.label} {verb} {self.text} ({self.after}; before: {self.before})"

    @property
    def _detail(self) -> dict[str, Any]:
        return {
            "place": self.spot.kind,
            "direction": self.direction,
            "text": self.text,
            "boxes": [_box_json(box, self.names) for box in self.flows.boxes()],
            "before": self.before.as_json() if self.before else None,
            "after": self.after.as_json() if self.after else None,
            "witness": _packet_json(self.witness, self.direction),
            "unknown": self.unknown.because if self.unknown is not None else None,
        }


_Part = tuple[FlowSet, FlowSet, Decider | None, Decider | None]
"""Packets, those that are shown, and what decides them before and after."""


def flow_changes(pair: Pair, *, all_places: bool = False) -> Iterator[FlowChange | tuple[Spot, str, Unread]]:
    """Every difference in what the filters of each place let through, where something that decides it is touched.

    What cannot be compared comes out as the place, the direction and the reason. `all_places` compares the untouched
    ones too.
    """
    for spot in spots(pair, all_places=all_places):
        for direction in DIRECTIONS:
            yield from _of_spot(pair, spot, direction)


def changes(pair: Pair) -> Iterator[Change]:
    """The same as reports tell it."""
    for found in flow_changes(pair):
        if isinstance(found, FlowChange):
            yield found.as_change()
        else:
            spot, direction, why = found
            says = (
                f"what {spot.label} lets {'in' if direction == 'inbound' else 'out'} cannot be compared: {why.because}"
            )
            detail = {"place": spot.kind, "direction": direction, "unknown": why.because, "permission": why.permission}
            yield Change(Topic.FLOWS, "unread", Effect.UNKNOWN, says, spot.id, detail, rank=8)


@dataclass(frozen=True)
class _Side:
    """One side: the filters of the place and what they let through; no filters where the place is not there."""

    path: Path | None
    flows: FlowSet


def _of_spot(pair: Pair, spot: Spot, direction: str) -> Iterator[FlowChange | tuple[Spot, str, Unread]]:
    old, new = _side(pair, spot, direction), _side(pair.reversed, spot, direction)
    gap = next((side for side in (old, new) if isinstance(side, Unknown)), None)
    if gap is not None:
        # What neither side knows is no change.
        if not (isinstance(old, Unknown) and isinstance(new, Unknown)):
            yield spot, direction, gap
        return
    assert isinstance(old, _Side)
    assert isinstance(new, _Side)
    for allowed, flows in ((True, new.flows - old.flows), (False, old.flows - new.flows)):
        for part in _parts(flows - _told(pair, spot, direction, allowed), old, new):
            yield from _change(pair, spot, direction, allowed, part)


def _told(pair: Pair, spot: Spot, direction: str, allowed: bool) -> FlowSet:
    """What is told of the subnet already, so that its interfaces do not repeat it."""
    if spot.kind != "interface":
        return FlowSet.none()
    subnet = spot.subnet(pair.new).id
    around = Spot("subnet", subnet, short(subnet))
    old, new = _side(pair, around, direction), _side(pair.reversed, around, direction)
    if isinstance(old, Unknown) or isinstance(new, Unknown):
        return FlowSet.none()
    return new.flows - old.flows if allowed else old.flows - new.flows


def _side(pair: Pair, spot: Spot, direction: str) -> _Side | Unknown:
    """What the place lets through on the old side of a pair."""
    place = spot.on(pair.old)
    if place is None:
        doubt = doubted_absence(pair.old, spot.id, pair.new)
        return _Side(None, FlowSet.none()) if doubt is None else doubt
    try:
        found = path(pair.old, place.id, direction)
        return _Side(found, found.allowed() & spot.scope(pair.old, direction))
    except NotKnown as gap:
        return gap.unknown


def _change(pair: Pair, spot: Spot, direction: str, allowed: bool, part: _Part) -> Iterator[FlowChange]:
    flows, shown, before, after = part
    empty, witness = flows.is_empty, flows.witness()
    if empty is True or witness is None:
        return
    estate = pair.new if allowed else pair.old
    view = network_view(estate, spot.subnet(estate))
    outside = FlowSet.box(source=view.internet) if direction == "inbound" else FlowSet.box(destination=view.internet)
    unknown = empty if isinstance(empty, Unknown) else None
    internet = flows.meets(outside) is True
    yield FlowChange(spot, direction, allowed, flows, shown, witness, before, after, unknown, view.names, internet)


def _parts(flows: FlowSet, old: _Side, new: _Side) -> Iterator[_Part]:
    """The packets by the rules that decide them on both sides; in one piece where one side is not there at all."""
    if flows == FlowSet.none():
        return
    if old.path is None or new.path is None:
        before, after = (None if side.path is None else Decider("Allow", because="its rules") for side in (old, new))
        yield flows, flows, before, after
        return
    platform = FlowSet.none()
    if new.path.direction == "outbound":
        platform = FlowSet.union(service.flows for service in platform_services())
        yield from _platform_parts(flows, old.path, new.path)
    found: dict[tuple[Decider, Decider], FlowSet] = {}
    wide = (flows - platform) | (platform & old.flows & new.flows)
    for piece, before in decided(old.path, wide):
        for part, after in decided(new.path, piece):
            found[before, after] = found.get((before, after), FlowSet.none()) | part
    for (before, after), shown in found.items():
        part = shown & (flows - platform)
        if part != FlowSet.none():
            yield part, shown, before, after


def _platform_parts(flows: FlowSet, old: Path, new: Path) -> Iterator[_Part]:
    """The platform's own traffic among the packets: it is there only where a rule names its tag."""
    for service in platform_services():
        part = flows & service.flows
        witness = part.witness()
        if witness is not None:
            yield part, part, _traced(old, witness), _traced(new, witness)
            flows -= service.flows


def decided(filters: Path, flows: FlowSet) -> Iterator[tuple[FlowSet, Decider]]:
    """Packets by the rule that decides them at a place, the platform's own taken for any other's.

    A packet that a service tag may hold is there once for each case.
    """
    if filters.closed:
        yield flows, Decider("Deny", because=filters.closed)
    else:
        yield from _through(filters.layers, flows, None)


def _through(layers: Sequence[Layer], flows: FlowSet, last: Decider | None) -> Iterator[tuple[FlowSet, Decider]]:
    """Send packets through the layers that are left; `last` is the rule that let them through so far."""
    if flows == FlowSet.none():
        return
    if not layers:
        yield flows, last or Decider("Allow")
        return
    layer, *rest = layers
    if layer.evaluation is None:
        passing = layer.passing if layer.passing is not None else flows
        yield from _through(rest, flows & passing, last)
        if flows - passing != FlowSet.none():
            yield flows - passing, Decider("Deny", group=layer.group, because=layer.because)
        return
    left = flows
    for rule, part in layer.evaluation.deciding(flows, lambda _: True):
        left -= part
        here = Decider(rule.access, rule.name, rule.priority, layer.group)
        if rule.access == "Allow":
            yield from _through(rest, part, here)
        else:
            yield part, here
    yield from _through(rest, left, last)


def _traced(filters: Path, witness: Packet) -> Decider:
    trace = filters.decide(witness)
    access = trace.access if isinstance(trace.access, str) else "Unknown"
    if isinstance(trace.rule, SecurityRule):
        return Decider(access, trace.rule.name, trace.rule.priority, trace.group)
    return Decider(access, because=trace.steps[-1].because if trace.steps else "")


def _box_json(box: Box, names: Mapping[str, Addresses]) -> dict[str, str]:
    return {
        "protocols": str(box.protocols),
        "source": box.source.text(names),
        "source_ports": str(box.source_ports),
        "destination": box.destination.text(names),
        "destination_ports": str(box.destination_ports),
    }


def _packet_json(packet: Packet, direction: str) -> dict[str, Any]:
    return {
        "direction": direction,
        "protocol": packet.protocol.label,
        "source": packet.source,
        "source_port": packet.source_port,
        "destination": packet.destination,
        "destination_port": packet.destination_port,
        **({"given": list(packet.given)} if packet.given else {}),
    }


__all__ = ["Decider", "FlowChange", "changes", "decided", "flow_changes"]
