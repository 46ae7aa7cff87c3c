"""Following one chain of stations, link by link, until the end or until something stops it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from auditor.documents.network_hosts import AGENT_POOL, HOSTS
from auditor.documents.pool_membership import INTERFACES, SCALE_SET_INTERFACE, Pooled
from auditor.documents.private_link_service import PRIVATE_LINK_SERVICE, nat_subnet
from auditor.estate.paths import Chain, Link
from auditor.model import ArmId, NotKnown, Resource, Unknown
from auditor.network.frontends.listeners import (
    BALANCER,
    BASTION,
    FRONTS,
    VPN,
    Entry,
    Exit,
)
from auditor.network.model import (
    OUTBOUND,
    NetworkModel,
    Origin,
    Outside,
    Seat,
    anybody,
)
from auditor.network.nsg.platform_exemptions import platform_services
from auditor.network.private_link.private_endpoints import ENDPOINT, connections
from auditor.network.topology.virtual_networks import SUBNET, assignable, prefixes_of
from auditor.reach.connection import addresses_of, leg
from auditor.reach.nodes import (
    CROSSES,
    ENTERS,
    EXITS,
    GIVES,
    HOLDS,
    HUBS,
    LEAVES,
    LINKS,
    OFFERS,
    OPENS,
    PASSES,
    PUBLISHES,
    SERVES,
    Stations,
)
from auditor.reach.outward import is_the_internet, way_to_addresses
from auditor.reach.service_access import (
    over_endpoint,
    over_public,
    published_step,
    service_flows,
    service_ports,
)
from auditor.reach.steps import filtered
from auditor.sets.address_set import AddressSet
from auditor.sets.packet_set import FlowSet, Packet
from auditor.sets.proof import Step, together
from auditor.sets.symbolic_addresses import Addresses

_SILENT = (LEAVES, CROSSES, EXITS)
"""Links that a later step judges."""


@dataclass(frozen=True)
class Mark:
    """One stop of a chain: what stands there, what had to hold to get there, and a packet that arrives."""

    name: str
    id: ArmId | None
    note: str = ""
    steps: tuple[Step, ...] = ()
    packet: Packet | None = None

    @property
    def holds(self) -> bool | Unknown:
        """Whether this stop is reached from the one before."""
        return together(self.steps)


@dataclass(frozen=True)
class _State:
    """Where a traveller is: who sent the present connection, what it asks for, what listens where it stands.

    `session` is what was asked for where that is the port of a session that Bastion opens, behind its own.
    """

    origin: Origin
    asked: FlowSet | None
    marks: tuple[Mark, ...]
    door: ArmId | None = None
    open: tuple[Entry, ...] = ()
    exited: bool = False
    session: FlowSet | None = None
    needs: tuple[str, ...] = ()

    def at(self, mark: Mark, **changes: object) -> _State:
        return replace(self, marks=(*self.marks, mark), **changes)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Journey:
    """A chain as it was followed. `needs` is what a person must have besides (a sign-in to Azure)."""

    marks: tuple[Mark, ...]
    needs: tuple[str, ...]

    @property
    def holds(self) -> bool | Unknown:
        """Whether the end is reached."""
        return together(step for mark in self.marks for step in mark.steps)

    @property
    def came(self) -> tuple[bool, int, int]:
        """How far it came: not stopped at all, then by stops reached, then by the steps that held at the last one."""
        asked = [mark for mark in self.marks if mark.steps]
        reached = [mark.holds is not False for mark in asked]
        if all(reached):
            return True, len(reached), 0
        last = reached.index(False)
        outcomes = [step.holds is not False for step in asked[last].steps]
        return False, last, outcomes.index(False)

    @property
    def stopped(self) -> Step | None:
        """The first step that fails, where one does."""
        return next((step for mark in self.marks for step in mark.steps if step.holds is False), None)


def journeys(stations: Stations, origin: Origin, chain: Chain, asked: FlowSet | None) -> Iterator[Journey]:
    """Every way to follow a chain: a front that listens on several ports has a link for each."""
    state = _State(origin, asked, (Mark(origin.name, None if isinstance(origin, Outside) else origin.resource.id),))
    yield from _follow(_Walk(stations, chain), 0, state)


@dataclass(frozen=True)
class _Walk:
    stations: Stations
    chain: Chain

    def station(self, n: int) -> Resource | None:
        return self.stations.find(self.chain[n]) if n < len(self.chain) else None


def _follow(walk: _Walk, n: int, state: _State) -> Iterator[Journey]:
    if n == len(walk.chain) - 1 or state.marks[-1].holds is False:
        yield Journey(state.marks, state.needs)
        return
    if walk.chain[n + 1] == HUBS and walk.stations.topology.links(walk.chain[n], walk.chain[n + 2]):
        return  # the networks exchange traffic themselves, and that chain follows the routes over hubs as well
    for link in walk.stations.topology.links(walk.chain[n], walk.chain[n + 1]):
        if link.kind in _SILENT:
            yield from _follow(walk, n + 1, replace(state, exited=state.exited or link.kind == EXITS))
            continue
        target = walk.station(n + 1)
        assert target is not None, "only ingress nodes and the outside are no resources, and their links are silent"
        yield from _follow(walk, n + 1, _HANDLERS[link.kind](walk, n, state, link, target))


# --- one function a kind of link -----------------------------------------------------------------------------------


def _opens(walk: _Walk, n: int, state: _State, link: Link, target: Resource) -> _State:
    """From the outside to a public address or to a service's public endpoint."""
    fabric = walk.stations.fabric
    if target.type in _PUBLIC_ADDRESSES:
        address = _number(target)
        if not isinstance(state.origin, Seat):
            return state.at(Mark(target.name, target.id, address), door=target.id)
        return _out_to_address(walk, state, target, Mark(target.name, target.id, address))
    deaf = _deaf(target, state.asked)
    if deaf is not None:
        return state.at(Mark(target.name, target.id, "public endpoint", (deaf,)))
    way = over_public(fabric, state.origin, target, beside=link.kind == OPENS)
    steps = (*way.steps, *_let_in_by_subnet(fabric, state.origin, target))
    packet = way.packet if together(steps) is not False else None
    return state.at(Mark(target.name, target.id, way.note, steps, packet))


def _let_in_by_subnet(fabric: NetworkModel, origin: Origin, target: Resource) -> tuple[Step, ...]:
    """What the filters and routes of a subnet say where a public endpoint belongs to machines that sit in it."""
    seat = fabric.seat(target) if target.type in HOSTS and isinstance(origin, Outside) else None
    if not isinstance(seat, Seat):
        return ()
    steps = leg(fabric, origin, seat, service_flows(target.type)).steps
    return (*steps, _not_modelled(target)) if target.type == AGENT_POOL else steps


def _not_modelled(target: Resource) -> Step:
    says = f"what gets into {target.name} past its subnet is not modelled: {HOSTS[target.type]}"
    return Step("platform", Unknown(says), says)


def _published(walk: _Walk, n: int, state: _State, link: Link, target: Resource) -> _State:
    """From a publisher on Microsoft's side to what it passes on to, over its private link or a public endpoint."""
    publisher = walk.station(n)
    assert publisher is not None
    if publisher.type == PRIVATE_LINK_SERVICE:
        return _behind_private_link(walk, state, publisher, target)
    assert isinstance(link.about, int)
    publication = walk.stations.publications(publisher)[link.about]
    if publication.doubt is not None:
        step = Step("passes on", publication.doubt, publication.doubt.because, publication.evidence)
        state = state.at(Mark(publisher.name, publisher.id, publication.host, (step,)))
    if publication.private:
        approved = publication.approved
        word = "approved" if approved is True else "not approved"
        says = f"the private link of {publisher.name} to {target.name} is {word}"
        if isinstance(approved, Unknown):
            says = approved.because
        step = Step("private link", approved, says, publication.evidence)
        return state.at(Mark(target.name, target.id, f"private link of {publisher.name}", (step,)))
    if target.type in _PUBLIC_ADDRESSES:
        return state.at(Mark(target.name, target.id, publication.host), door=target.id, asked=None)
    steps = (published_step(walk.stations.fabric, publisher, target),)
    return state.at(Mark(target.name, target.id, f"published by {publisher.name}", steps))


def _behind_private_link(walk: _Walk, state: _State, service: Resource, target: Resource) -> _State:
    """From a private link service to the load balancer behind it; what comes through has an address of its subnet."""
    subnet = nat_subnet(service)
    found = walk.stations.fabric.estate.find(subnet) if subnet is not None else None
    seat = walk.stations.fabric.seat(found) if found is not None else None
    if not isinstance(seat, Seat):
        gap = Unknown(f"in which subnet {service.name} translates addresses is not in this snapshot", absent=True)
        return state.at(Mark(target.name, target.id, "", (Step("private link", gap, gap.because),)))
    fronts = walk.stations.fabric.seat(target)
    door = fronts.subnet.id if isinstance(fronts, Seat) else seat.subnet.id
    return _listen(walk, replace(state, origin=seat, asked=None), target, door)


def _deaf(service: Resource, asked: FlowSet | None) -> Step | None:
    """A service answers on its own ports only; the step that says so where another one was asked for."""
    if asked is None or service_flows(service.type).meets(asked) is not False:
        return None
    says = f"{service.name} answers at port {' and '.join(service_ports(service.type))} only"
    return Step("listener", False, says, (service.at("type"),))


_PUBLIC_ADDRESSES = ("microsoft.network/publicipaddresses",)


def _out_to_address(walk: _Walk, state: _State, target: Resource, mark: Mark) -> _State:
    """From a seat over the Internet to a public address of the estate. What gets out is all that can arrive."""
    try:
        addresses = prefixes_of(target, "properties", "ipAddress")
    except NotKnown as gap:
        step = Step("public address", gap.unknown, gap.unknown.because)
        outside = Outside(f"{state.origin.name} over the Internet", Addresses.known(anybody()))
        return state.at(replace(mark, steps=(step,)), origin=outside, asked=None, door=target.id)
    return replace(_out_to(walk, state, addresses, mark), door=target.id)


def _number(public: Resource) -> str:
    """The address in numbers, for a stop on the path; empty where Azure has given none yet, as in a plan."""
    try:
        return str(public.get("properties", "ipAddress", default="") or "")
    except NotKnown:
        return ""


def _out_to(walk: _Walk, state: _State, addresses: AddressSet, mark: Mark) -> _State:
    """From a seat over the Internet to public addresses."""
    fabric, origin = walk.stations.fabric, state.origin
    assert isinstance(origin, Seat)
    done, outside, passing = outwards(fabric, origin, addresses, state.asked, mark)
    return state.at(done, origin=outside, asked=passing.any_address())


def outwards(
    fabric: NetworkModel, origin: Seat, addresses: AddressSet, asked: FlowSet | None, mark: Mark
) -> tuple[Mark, Outside, FlowSet]:
    """From a seat to public addresses: the stop there, who the other end sees, and the packets that get out.

    To the Internet as a whole the default route decides, to fewer addresses the routes for them.
    """
    if origin.addresses.v6.is_empty:
        addresses = addresses.v4
    flows = FlowSet.box(source=Addresses.known(origin.addresses), destination=Addresses.known(addresses))
    flows &= FlowSet.real() if asked is None else FlowSet.real() & asked
    if is_the_internet(addresses):
        # What the platform lets out whatever the groups say goes to servers of Azure's own, and not to the Internet.
        flows -= FlowSet.union(service.flows for service in platform_services())
    step, passing = filtered(fabric, origin, OUTBOUND, flows)
    if step.holds is False:
        return replace(mark, steps=(step,)), Outside(origin.name, Addresses.known(AddressSet.none())), passing
    route, way = way_to_addresses(fabric, origin, passing, None if is_the_internet(addresses) else addresses)
    known = anybody() if isinstance(way.addresses, Unknown) else way.addresses
    outside = Outside(f"{origin.name} over the Internet", Addresses.known(known))
    packet = passing.witness()
    return replace(mark, steps=(step, route, way.step), packet=packet), outside, passing


def _serves(walk: _Walk, n: int, state: _State, link: Link, target: Resource) -> _State:
    """From a public address to whoever has it."""
    if target.type not in FRONTS:
        return _arrive(walk, n, state, target, state.asked, addressed=_translated_to(target, state.door))
    return _listen(walk, state, target, state.door)


def _translated_to(owner: Resource, public: ArmId | None) -> AddressSet | None:
    """The private addresses that packets to a public address arrive at: those of the ip-configurations that have it."""
    stated = Pooled(owner).behind(public) if public is not None and owner.type in INTERFACES else ()
    try:
        return AddressSet.of(*stated) if stated else None
    except ValueError:
        return None  # where the interface is, is then not known either


def _enters(walk: _Walk, n: int, state: _State, link: Link, target: Resource) -> _State:
    """From inside a network to something that sits in it."""
    if target.type not in FRONTS:
        return _arrive(walk, n, state, target, _wish(walk, n, state))
    seat = walk.stations.fabric.seat(target)
    return _listen(walk, state, target, seat.subnet.id if isinstance(seat, Seat) else None)


def _wish(walk: _Walk, n: int, state: _State) -> FlowSet | None:
    """What is asked of a private endpoint on the way to a service: the service's own ports, unless one was named."""
    service, endpoint = walk.station(n + 2), walk.station(n + 1)
    if service is None or endpoint is None or service.type == SUBNET:
        return state.asked
    groups = [group for connection in connections(endpoint) for group in connection.groups]
    own = service_flows(service.type, groups[0] if groups else "")
    return own if state.asked is None else own & state.asked


def _listen(walk: _Walk, state: _State, front: Resource, door: ArmId | None) -> _State:
    """Arrive at a front: what it listens on behind this door, past the filters of its subnet where those act."""
    entries = tuple(entry for entry in walk.stations.entries(front) if door in entry.at)
    wanted = FlowSet.union(entry.listens for entry in entries)
    session = state.asked if front.type == BASTION and _at_sessions(entries, wanted, state.asked) else None
    if state.asked is not None and session is None:
        wanted &= state.asked
    heard_of = wanted & FlowSet.box(source=addresses_of(state.origin))
    listening = tuple(e for e in entries if heard_of.meets(e.listens) is not False)
    note = ", ".join(dict.fromkeys(entry.name for entry in listening))
    if not listening:
        at_port = any(wanted.meets(e.listens) is not False for e in entries)
        what = f"to {state.origin.name}" if at_port else "on this port" if entries else "on that address"
        step = Step("listener", False, f"{front.name} does not listen {what}", (front.at("name"),))
        return state.at(Mark(front.name, front.id, "", (step,)))
    evidence = tuple(e for entry in listening for e in entry.evidence)
    heard = Step("listener", True, f"{front.name} listens: {note}", evidence)
    seat = walk.stations.fabric.seat(front)
    if front.type in (BALANCER, VPN) or not isinstance(seat, Seat):
        return state.at(Mark(front.name, front.id, note, (heard,)), open=listening, session=session)
    found = leg(walk.stations.fabric, state.origin, seat, wanted)
    done = Mark(front.name, front.id, note, (heard, *found.steps), found.witness)
    return state.at(done, open=listening, session=session)


def _at_sessions(entries: tuple[Entry, ...], listens: FlowSet, asked: FlowSet | None) -> bool:
    """Whether the port that was asked for is one of the sessions that Bastion opens, and not the one it listens at."""
    if asked is None or listens.meets(asked) is not False:
        return False
    return any(way.sends.meets(asked) is not False for entry in entries for way in entry.exits)


def _offered(walk: _Walk, n: int, state: _State, link: Link, target: Resource) -> _State:
    """From the outside to a front that Azure offers at addresses of its own, to whoever signs in."""
    if isinstance(state.origin, Seat):
        state = _out_to(walk, state, anybody(), Mark("the public address of Azure's own", None))
    return _listen(walk, state, target, target.id)


def _gives(walk: _Walk, n: int, state: _State, link: Link, target: Resource) -> _State:
    """From the outside to public addresses that no document shows: of a scale set's instances, of a platform."""
    mark = Mark(
        "an address that Azure gives it" if target.type in HOSTS else "the public address of each instance", None
    )
    state = _out_to(walk, state, anybody(), mark) if isinstance(state.origin, Seat) else state.at(mark)
    family = _families(target)
    return _arrive(walk, n, state, target, family if state.asked is None else family & state.asked)


def _families(pattern: Resource) -> FlowSet:
    """Packets of the IP versions that the public addresses of a scale set's instances have."""
    if pattern.type != SCALE_SET_INTERFACE:
        return FlowSet.real()
    stated = {address.version.known for address in Pooled(pattern).instance_addresses}
    if len(stated) != 1 or not stated & {"ipv4", "ipv6"}:
        return FlowSet.real()
    family = AddressSet.of("::/0" if "ipv6" in stated else "0.0.0.0/0")
    return FlowSet.box(destination=Addresses.known(family)) & FlowSet.real()


def _arrive(
    walk: _Walk, n: int, state: _State, target: Resource, asked: FlowSet | None, *, addressed: AddressSet | None = None
) -> _State:
    """Cross to a seat; its subnet is a stop of its own, so that the reader sees where it is.

    `addressed` are the addresses that the packets have as their destination, if not all of the seat's own.
    """
    service = walk.station(n + 2)
    if asked is not None and asked.is_empty is True:
        of = service if service is not None else target
        step = _deaf(of, state.asked) or Step("listener", False, f"{target.name} is not asked at any port")
        return state.at(Mark(target.name, target.id, "", (step,)))
    seat = walk.stations.fabric.seat(target)
    if not isinstance(seat, Seat):
        gap = Unknown(f"where {target.name} sits is not in this snapshot", absent=True) if seat is None else seat
        return state.at(Mark(target.name, target.id, "", (Step("attachment", gap, gap.because),)))
    steps: tuple[Step, ...] = ()
    if addressed is not None:
        if seat.anywhere and addressed.meets(seat.addresses):
            why = Unknown(f"whether an instance of {target.name} has the address {addressed} is not in this snapshot")
            steps = (Step("address", why, why.because),)
        seat = replace(seat, addresses=addressed, anywhere=False)
    if target.type in HOSTS:
        steps = (*steps, _not_modelled(target))
    found = leg(walk.stations.fabric, state.origin, seat, asked)
    if target.type != SUBNET:
        state = state.at(Mark(seat.subnet.name, seat.subnet.id))
    return state.at(Mark(target.name, target.id, "", (*found.steps, *steps), found.witness))


def _passes(walk: _Walk, n: int, state: _State, link: Link, target: Resource) -> _State:
    """From a front to what stands behind it."""
    front = walk.station(n)
    assert front is not None
    assert isinstance(link.about, tuple)
    entry = walk.stations.entries(front)[link.about[0]]
    way = entry.exits[link.about[1]]
    if entry not in state.open:
        step = Step("listener", False, f"{front.name} passes on to {target.name} from elsewhere only")
        return state.at(Mark(target.name, target.id, "", (step,)))
    needs = (*state.needs, way.needs) if way.needs else state.needs
    sends = way.sends if state.session is None else way.sends & state.session
    onward = replace(state, origin=_sender(walk, front, way, state.origin), asked=sends, needs=needs, session=None)
    if way.doubt is not None:
        step = Step("passes on", way.doubt, f"whether {front.name} passes on to {target.name} is not known")
        onward = onward.at(Mark(front.name, front.id, entry.name, (step,)))
    if target.type in _PUBLIC_ADDRESSES:  # of a regional load balancer behind a cross-region one
        return onward.at(Mark(target.name, target.id), door=target.id)
    if target.type == SUBNET or target.type in (*INTERFACES, ENDPOINT):
        return _arrive(walk, n, onward, target, sends, addressed=_addressed(way, target))
    return _opens(walk, n, onward, link, target)


def _sender(walk: _Walk, front: Resource, way: Exit, before: Origin) -> Origin:
    """Who sends what a front passes on: the front where it opens a connection of its own, else who asked it."""
    if way.sender is not None:
        return Outside(f"the host, for {front.name}", Addresses.known(way.sender), is_host=True)
    seat = walk.stations.fabric.seat(front) if way.relays else None
    if not isinstance(seat, Seat):
        return before
    # Its instances have addresses of the subnet that no document shows.
    return replace(seat, addresses=assignable(seat.subnet), anywhere=True)


def _addressed(way: Exit, target: Resource) -> AddressSet | None:
    """The addresses that a front passes packets on to, where they are not all of the target's own."""
    if way.keeps is not None:
        return way.keeps
    if way.at is not None:
        return way.at
    return AddressSet.of(way.host) if way.host and target.type != ENDPOINT else None


def _held(walk: _Walk, n: int, state: _State, link: Link, target: Resource) -> _State:
    """What reached something in a subnet reached the subnet."""
    before = tuple(mark for mark in state.marks if mark.id != target.id or mark.steps)
    return replace(state, marks=(*before, Mark(target.name, target.id)))


def _links(walk: _Walk, n: int, state: _State, link: Link, target: Resource) -> _State:
    """From a private endpoint to its service."""
    endpoint = walk.station(n)
    assert endpoint is not None
    steps = tuple(over_endpoint(walk.stations.fabric, state.origin, endpoint, target))
    return state.at(Mark(target.name, target.id, "private link", steps))


_HANDLERS = {
    OPENS: _opens,
    SERVES: _serves,
    ENTERS: _enters,
    PASSES: _passes,
    HOLDS: _held,
    LINKS: _links,
    OFFERS: _offered,
    GIVES: _gives,
    PUBLISHES: _published,
}
