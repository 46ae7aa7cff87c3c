"""Ways through the network: from the Internet to whatever it reaches, and from the workload to its workspace."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.estate import Estate
from auditor.model import ArmId, NotKnown, Resource, Unknown
from auditor.network.frontends.listeners import BASTION, GATEWAY
from auditor.network.topology.virtual_networks import NIC, SUBNET
from auditor.picture.build.tally import Homes
from auditor.picture.model import (
    INTEGRATION,
    INTERNET,
    Link,
    LinkKind,
    Picture,
    State,
)
from auditor.reach.path import Mark
from auditor.reach.reachability import Reach, reachability_of
from auditor.sets.protocol_set import Protocol
from auditor.workload.parts import Workload

_FRONTS = (GATEWAY, BASTION)
"""What the architecture lets the Internet talk to; every other door is an open one."""


def ways_of(estate: Estate, found: tuple[Workload, ...], drawn: Picture) -> Iterator[Link]:
    """The hops of every way that leads to something drawn, and of those that should lead somewhere and do not."""
    keys = {item.key for item in drawn.items()}
    homes = Homes(estate, keys)
    world = reachability_of(estate)
    for target in world.targets:
        if target.type != SUBNET and homes.of(target.id) in keys:
            yield from _from_internet(world.reach(world.internet, target), homes)
    seats = {ArmId(item.id).key: item.key for item in drawn.items() if item.type == INTEGRATION}
    for sender, workspace, start in _senders(estate, found, seats):
        try:
            origins = world.origins(sender)
        except NotKnown:
            continue
        for origin in origins[:1]:
            yield from _inside(world.reach(origin, workspace), homes, start)


def _senders(
    estate: Estate, found: tuple[Workload, ...], seats: dict[str, str]
) -> Iterator[tuple[Resource, Resource, str]]:
    """Who has to reach the workspace privately: the chat UI and the jump box; and the item that the way starts at."""
    for w in found:
        try:
            workspaces, sites, machines = w.workspaces, w.chat_uis, w.jump_boxes
        except NotKnown:
            continue
        for workspace in workspaces:
            yield from ((site, workspace, seats[site.id.key]) for site in sites if site.id.key in seats)
            for machine in machines:
                cards = [estate.find(id_) for id_ in w.nics_of(machine)]
                yield from ((card, workspace, machine.id.key) for card in cards[:1] if card is not None)


def _from_internet(way: Reach, homes: Homes) -> Iterator[Link]:
    fronted = any(hop.id is not None and hop.id.type in _FRONTS for hop in way.hops)
    if way.reaches is False:
        # What stops a way is shown where the way was meant to lead somewhere.
        yield from _stopped(way, homes) if fronted else ()
        return
    state = State.UNKNOWN if isinstance(way.reaches, Unknown) else State.HOLDS if fronted else State.OPEN
    yield from _hops(way, way.hops, homes, INTERNET, state)


def _stopped(way: Reach, homes: Homes) -> Iterator[Link]:
    broken = next(n for n, hop in enumerate(way.hops) if hop.holds is False)
    if broken < 2 or way.stopped is None:
        return
    before, after = _key(way.hops[broken - 1], homes), _key(way.hops[broken], homes)
    for n in range(broken - 1, 0, -1):
        before = _key(way.hops[n], homes)
        if before:
            break
    if before and after and before != after:
        yield Link(before, after, LinkKind.WAY, State.BROKEN, way.stopped.says)


def _inside(way: Reach, homes: Homes, start: str) -> Iterator[Link]:
    """The hops up to the private endpoint; what it leads to is a link of its own."""
    private = [hop for hop in way.hops if hop.note != "private link"]
    state = State.UNKNOWN if isinstance(way.reaches, Unknown) else State.HOLDS if way.reaches else State.BROKEN
    yield from _hops(way, tuple(private), homes, start, state)


def _hops(way: Reach, hops: tuple[Mark, ...], homes: Homes, start: str, state: State) -> Iterator[Link]:
    """Links between drawn stops. Subnets are drawn around what sits in them, and are passed over."""
    at, first = start, True
    for hop in hops[1:]:
        key = _key(hop, homes)
        if not key or key == at or hop.note == "private link":
            continue
        says = way.stopped.says if state is State.BROKEN and way.stopped is not None else _told(way)
        yield Link(at, key, LinkKind.WAY, state, says, _label(way) if first and start == INTERNET else "")
        at, first = key, False


def _key(hop: Mark, homes: Homes) -> str:
    if hop.id is None or hop.id.type == SUBNET:
        return ""
    key = homes.of(hop.id)
    return key if key in homes.drawn and (hop.id.key == key or hop.id.type == NIC) else ""


def _label(way: Reach) -> str:
    packet = way.witness
    if packet is None:
        return "sign-in" if way.needs else ""
    tcp = packet.protocol is Protocol.TCP
    port = str(packet.destination_port) if tcp else f"{packet.protocol.label} {packet.destination_port or ''}".strip()
    return f"{port}, sign-in" if way.needs else port


def _told(way: Reach) -> str:
    said = " -> ".join(f"{hop.name} ({hop.note})" if hop.note else hop.name for hop in way.hops)
    gap = f"; not known: {way.unknown.because}" if way.unknown is not None else ""
    return f"{said}{gap}"
