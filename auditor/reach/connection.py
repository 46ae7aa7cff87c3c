"""One connection across virtual networks: routes there and back, peering, gateways, and everything that filters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from auditor.model import NotKnown, Unknown
from auditor.network.model import (
    INBOUND,
    OUTBOUND,
    NetworkModel,
    Origin,
    Outside,
    Seat,
)
from auditor.network.nsg.effective_filters import Trace
from auditor.network.nsg.rules import SecurityRule
from auditor.network.routing.routes import Hop, Route, RouteSet
from auditor.network.topology.peering import exchanges, peering_between
from auditor.network.topology.virtual_networks import network_of
from auditor.network.topology.vpn_gateways import beyond
from auditor.sets.address_set import AddressSet
from auditor.sets.packet_set import FlowSet, Packet
from auditor.sets.proof import Step, together
from auditor.sets.symbolic_addresses import Addresses

REAL = FlowSet.real()


@dataclass(frozen=True)
class Leg:
    """A connection from an origin to a seat. `flows` gets through as far as every step holds."""

    flows: FlowSet
    steps: tuple[Step, ...]

    @property
    def holds(self) -> bool | Unknown:
        """Whether a packet gets through."""
        return together(self.steps)

    @property
    def witness(self) -> Packet | None:
        """A packet that gets through; where nobody knows, one that might; `None` where none does."""
        return None if self.holds is False else self.flows.witness()


def leg(fabric: NetworkModel, origin: Origin, target: Seat, asked: FlowSet | None = None) -> Leg:
    """Follow every packet from an origin to a seat that is in `asked`. Stops at the first step that fails."""
    flows = FlowSet.box(source=addresses_of(origin), destination=Addresses.known(target.addresses)) & REAL
    if asked is not None:
        flows &= asked
    steps: list[Step] = []
    for step, left in _followed(fabric, origin, target, flows):
        steps.append(step)
        flows = left
        if step.holds is False:
            break
    found = Leg(flows, tuple(steps))
    return found if found.holds is not True else Leg(flows, (*found.steps, *_wherever(origin, target, flows)))


def _wherever(origin: Origin, target: Seat, flows: FlowSet) -> Iterator[Step]:
    """Where an end has an address that is not known: whether the packets get through whichever it is."""
    ends: list[tuple[Seat, FlowSet, FlowSet]] = []
    if target.anywhere:
        ends.append((target, FlowSet.box(destination=_any_of(target)), flows.destinations))
    if isinstance(origin, Seat) and origin.anywhere:
        ends.append((origin, FlowSet.box(source=_any_of(origin)), flows.sources))
    for seat, every, through in ends:
        if every.within(through) is not True:
            says = f"some addresses of {seat.subnet.name} get through and some do not, and which {seat.name} has"
            yield Step(f"addresses of {seat.name}", Unknown(f"{says} is not in this snapshot"), f"{says} is not known")


def _any_of(seat: Seat) -> Addresses:
    """One of these it surely has: every interface has an IPv4 address, whatever it has besides."""
    return Addresses.known(seat.addresses if seat.addresses.v4.is_empty else seat.addresses.v4)


def addresses_of(origin: Origin) -> Addresses:
    """The addresses that an origin sends from."""
    return origin.addresses if isinstance(origin, Outside) else Addresses.known(origin.addresses)


def _followed(fabric: NetworkModel, origin: Origin, target: Seat, flows: FlowSet) -> Iterator[tuple[Step, FlowSet]]:
    """Each step with the packets that are left after it, in the order in which a packet meets them."""
    if isinstance(origin, Seat):
        for step in _peered(fabric, origin, target):
            yield step, flows
        step, way = _routed(fabric, origin, target)
        flows &= FlowSet.box(destination=Addresses.known(way))
        yield step, flows
        step, flows = filtered(fabric, origin, OUTBOUND, flows)
        yield step, flows
    elif origin.on_premises:
        step, inside = _through_gateway(fabric, origin, target)
        flows &= FlowSet.box(source=Addresses.known(inside))
        yield step, flows
    step, flows = filtered(fabric, target, INBOUND, flows)
    yield step, flows
    if not target.is_endpoint and not (isinstance(origin, Outside) and origin.is_host):
        step, back = _returned(fabric, origin, target)
        yield step, flows & FlowSet.box(source=Addresses.known(back))


# --- filters ----------------------------------------------------------------------------------------------------------


def filtered(fabric: NetworkModel, seat: Seat, direction: str, flows: FlowSet) -> tuple[Step, FlowSet]:
    """What the filters at a seat let through, and the rule that decides an example."""
    found = fabric.filters(seat, direction)
    name = f"filters {'into' if direction == INBOUND else 'out of'} {seat.name}"
    if isinstance(found, Unknown):
        return Step(name, found, f"what filters at {seat.name} is not known: {found.because}"), flows
    passing = found.among(flows)
    empty = passing.is_empty
    example = (flows if empty is True else passing).witness()
    if example is None:
        return Step(name, False, f"no packet from here can have {seat.name} as its other end"), passing
    trace = found.decide(example)
    way = "into" if direction == INBOUND else "out of"
    if isinstance(empty, Unknown):
        return Step(name, empty, f"whether anything gets {way} {seat.name} is not known: {empty.because}"), passing
    rule = trace.rule
    verb = "stops everything on its way" if empty else "lets traffic" if rule is not None else "filters nothing"
    says = f"{_decider(trace)} {verb} {way} {seat.name}"
    evidence = (rule.resource.at("name"),) if isinstance(rule, SecurityRule) else ()
    return Step(name, not empty, says, evidence, subject=_rule_name(trace)), passing


def _rule_name(trace: Trace) -> str:
    if not isinstance(trace.rule, SecurityRule):
        return ""
    return f"{trace.group.name}/{trace.rule.name}" if trace.group else trace.rule.name


def _decider(trace: Trace) -> str:
    if isinstance(trace.rule, SecurityRule):
        where = f" of {trace.group.name}" if trace.group else ""
        return f"{trace.rule.name}{where}"
    because = next((step.because for step in reversed(trace.steps) if step.because), "")
    return f"the platform ({because})" if because else "no security group"


# --- routes -----------------------------------------------------------------------------------------------------------


def _routed(fabric: NetworkModel, origin: Seat, target: Seat) -> tuple[Step, AddressSet]:
    """The route there: which of the target's addresses it leads to, and by what."""
    name = f"route from {origin.name}"
    try:
        return _lead(name, fabric.routing.of(origin.subnet), origin, target)
    except NotKnown as gap:
        return Step(name, gap.unknown, f"the routes of {origin.subnet.name} are not known"), target.addresses


def _lead(name: str, routes: RouteSet, origin: Seat, target: Seat) -> tuple[Step, AddressSet]:
    direct, other = _split(routes, origin, target)
    arriving = AddressSet.none()
    for share, _ in direct:
        arriving |= share
    sure = arriving - _doubted(routes, direct)
    if not sure.is_empty:
        route = next(route for share, route in direct if share.meets(sure))
        return Step(name, True, f"{route} leads to {target.name}", route.evidence), sure
    why = _doubt(routes, direct or other)
    if why is not None:
        says = f"whether packets for {target.name} get there is not known: {why.because}"
        return Step(name, why, says), target.addresses
    if not other:
        return Step(name, False, f"no route of {origin.subnet.name} covers {target.name}"), AddressSet.none()
    share, route = other[0]
    if route.hop is Hop.APPLIANCE:
        because = f"{route} takes the way over an appliance, and what that lets through is not in Azure's control plane"
        return Step(name, Unknown(because), because, route.evidence), share
    return Step(name, False, f"{route} does not lead to {target.name}", route.evidence), AddressSet.none()


Shares = list[tuple[AddressSet, Route]]


def _split(routes: RouteSet, origin: Seat, target: Seat) -> tuple[Shares, Shares]:
    """The parts of the target's addresses that a route leads to directly, and those that go elsewhere."""
    direct: Shares = []
    other: Shares = []
    for share, route in routes.shares:
        part = share & target.addresses
        if not part.is_empty:
            (direct if _leads(route, origin, target) else other).append((part, route))
    return direct, other


def _leads(route: Route, origin: Seat, target: Seat) -> bool:
    if route.hop is Hop.VNET_LOCAL:
        return origin.network == target.network
    if route.hop is Hop.PRIVATE_ENDPOINT:
        return target.is_endpoint or origin.network == target.network
    return route.hop is Hop.PEERING and route.towards == target.network


def _doubt(routes: RouteSet, shares: Shares) -> Unknown | None:
    """Why it is not known that these addresses follow these routes."""
    for doubt in routes.doubts:
        if any(doubt.touches(route) and doubt.where.meets(share) for share, route in shares):
            return doubt.why
    return None


def _doubted(routes: RouteSet, direct: Shares) -> AddressSet:
    found = AddressSet.none()
    for doubt in routes.doubts:
        for share, route in direct:
            if doubt.touches(route):
                found |= doubt.where & share
    return found


def _returned(fabric: NetworkModel, origin: Origin, target: Seat) -> tuple[Step, AddressSet]:
    """The way back, and the sources it leads to: replies that go elsewhere make no connection.

    A default route to an appliance or a gateway breaks direct connections from the Internet
    (virtual-networks-udr-overview.md, section 0.0.0.0/0 address prefix).
    """
    name = f"route back from {target.name}"
    try:
        routes = fabric.routing.of(target.subnet)
    except NotKnown as gap:
        return Step(name, gap.unknown, f"the routes of {target.subnet.name} are not known"), AddressSet.everything()
    if isinstance(origin, Seat):
        return _lead(name, routes, target, origin)
    return _back_outside(name, routes, origin, target)


def _back_outside(name: str, routes: RouteSet, origin: Outside, target: Seat) -> tuple[Step, AddressSet]:
    sources = origin.addresses.possible
    if target.addresses.v6.is_empty:
        sources = sources.v4
    wanted = Hop.GATEWAY if origin.on_premises else Hop.INTERNET
    there = [(share & sources, route) for share, route in routes.shares if share.meets(sources)]
    back = [(share, route) for share, route in there if route.hop is wanted]
    sure = AddressSet.none()
    for share, _ in back:
        sure |= share
    sure -= _doubted(routes, back)
    if not sure.is_empty:
        route = back[-1][1]
        return Step(name, True, f"{route} leads back to {origin.name}", route.evidence), sure
    why = _doubt(routes, back or there)
    if why is not None:
        return Step(name, why, f"whether replies get back to {origin.name} is not known: {why.because}"), sources
    if not there:
        return Step(name, False, f"no route leads back to {origin.name}"), AddressSet.none()
    route = there[-1][1]
    over = ": a direct connection does not come about" if route.hop in (Hop.APPLIANCE, Hop.GATEWAY) else ""
    return Step(name, False, f"{route} does not lead back to {origin.name}{over}", route.evidence), AddressSet.none()


# --- between networks -------------------------------------------------------------------------------------------------


def _peered(fabric: NetworkModel, origin: Seat, target: Seat) -> Iterator[Step]:
    if origin.network == target.network:
        return
    try:
        network = network_of(fabric.estate, origin.subnet)
    except NotKnown as gap:
        yield Step("peering", gap.unknown, f"the peerings of {origin.network.name} are not known")
        return
    peering = peering_between(fabric.estate, network, target.network)
    if peering is None:
        yield Step("peering", False, f"{network.name} is not peered with {target.network.name}")
        return
    yield from exchanges(peering)


def _through_gateway(fabric: NetworkModel, origin: Outside, target: Seat) -> tuple[Step, AddressSet]:
    """Whether what is on premises is connected to the target's network: by its gateway, or by a peer's."""
    name = f"gateway of {target.network.name}"
    sources = origin.addresses.possible
    try:
        network = network_of(fabric.estate, target.subnet)
    except NotKnown as gap:
        return Step(name, gap.unknown, f"what is connected to {target.network.name} is not known"), sources
    found = beyond(fabric.estate, network)
    for part in found.parts:
        inside = part.prefixes & sources
        if not inside.is_empty:
            at = (part.gateway.at("name"),)
            return Step(name, True, f"{part.gateway.name} connects {inside} with {network.name}", at), inside
    if found.gaps:
        why = found.gaps[0]
        return Step(name, why, f"whether {origin.name} is behind a gateway of {network.name} is not known"), sources
    return Step(name, False, f"no gateway connects {origin.name} with {network.name}"), AddressSet.none()
