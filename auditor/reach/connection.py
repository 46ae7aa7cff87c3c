"""One connection across virtual networks: routes there and back, peering, gateways, and everything that filters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from auditor.documents.azure_firewall import FIREWALL
from auditor.estate import Relation
from auditor.model import NotKnown, Resource, Unknown
from auditor.network.model import (
    INBOUND,
    OUTBOUND,
    NetworkModel,
    Origin,
    Outside,
    Seat,
)
from auditor.network.routing.routes import Hop, RouteSet, Source
from auditor.network.routing.virtual_hubs import is_connected, over_hub
from auditor.network.topology.peering import exchanges, peering_between
from auditor.network.topology.virtual_networks import network_of
from auditor.network.topology.vpn_gateways import beyond
from auditor.reach.steps import doubt, doubted, filtered, lead, routed, split
from auditor.reach.transit import Follower, appliance_route, returned
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
    if target.anywhere:
        yield from _of_some(target, FlowSet.box(destination=_any_of(target)), flows.destinations)
    if isinstance(origin, Seat) and origin.anywhere:
        yield from _from_some(origin, flows)


def _from_some(sender: Seat, flows: FlowSet) -> Iterator[Step]:
    return _of_some(sender, FlowSet.box(source=_any_of(sender)), flows.sources)


def _of_some(seat: Seat, every: FlowSet, through: FlowSet) -> Iterator[Step]:
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
        if _over(fabric, origin, target):
            step, flows = filtered(fabric, origin, OUTBOUND, flows)
            yield step, flows
            if step.holds is not False:
                yield from _over_hops(fabric, origin, target, origin, flows)
            return
        if _goes_by_hub(fabric, origin, target):
            yield from _over_virtual_hub(fabric, origin, target, flows)
            return
        for step in _peered(fabric, origin, target):
            yield step, flows
        step, way = routed(fabric, origin, target)
        flows &= FlowSet.box(destination=Addresses.known(way))
        yield step, flows
        step, flows = filtered(fabric, origin, OUTBOUND, flows)
        yield step, flows
    elif origin.on_premises:
        step, inside, gateway = _through_gateway(fabric, origin, target)
        flows &= FlowSet.box(source=Addresses.known(inside))
        yield step, flows
        if gateway is not None and step.holds is not False:
            yield from _from_gateway(fabric, origin, target, gateway, flows)
            return
    yield from _arrived(fabric, origin, target, flows)


def _arrived(fabric: NetworkModel, origin: Origin, target: Seat, flows: FlowSet) -> Iterator[tuple[Step, FlowSet]]:
    step, flows = filtered(fabric, target, INBOUND, flows)
    yield step, flows
    if not target.is_endpoint and not (isinstance(origin, Outside) and origin.is_host):
        step, back = _returned(fabric, origin, target)
        yield step, flows & FlowSet.box(source=Addresses.known(back))


def _over(fabric: NetworkModel, origin: Seat, target: Seat) -> bool:
    """Whether every packet from here to there follows a route to an appliance."""
    try:
        return appliance_route(fabric.routing.of(origin.subnet), origin, target) is not None
    except NotKnown:
        return False


def _over_hops(
    fabric: NetworkModel, origin: Origin, target: Seat, here: Seat, flows: FlowSet
) -> Iterator[tuple[Step, FlowSet]]:
    """From a place over the appliances that its routes lead to, into the target, and back."""
    follower = Follower(fabric, target)
    found = list(_over_transit(fabric, origin, follower, here, flows))
    if follower.mixed and together(step for step, _ in found) is not True:
        asked = list(_over_transit(fabric, origin, Follower(fabric, target, proxied=True), here, flows))
        found = min(found, asked, key=lambda steps: _rank(together(step for step, _ in steps)))
    yield from found


def _rank(holds: bool | Unknown) -> int:
    return 1 if isinstance(holds, Unknown) else 0 if holds else 2


def _over_transit(
    fabric: NetworkModel, origin: Origin, follower: Follower, here: Seat, flows: FlowSet
) -> Iterator[tuple[Step, FlowSet]]:
    target = follower.target
    transit = follower.follow(here, fabric.routing.of(here.subnet), origin, flows)
    for step in transit.steps:
        yield step, transit.flows
    if transit.stopped:
        return
    step, flows = filtered(fabric, target, INBOUND, transit.flows)
    yield step, flows
    if step.holds is True and isinstance(transit.sender, Seat) and transit.sender.anywhere:
        yield from ((each, flows) for each in _from_some(transit.sender, flows))
    if step.holds is False or target.is_endpoint or not isinstance(origin, Seat):
        return
    back = returned(fabric, transit, origin, target)
    if back is not None:
        yield back, flows


def _goes_by_hub(fabric: NetworkModel, origin: Seat, target: Seat) -> bool:
    """Whether packets to another network follow the routes of a virtual hub: no peering, and no route of a user's."""
    if origin.network == target.network or not is_connected(fabric.estate, origin.network):
        return False
    try:
        network = network_of(fabric.estate, origin.subnet)
        _, other = split(fabric.routing.of(origin.subnet), origin, target)
    except NotKnown:
        return False
    return peering_between(fabric.estate, network, target.network) is None and all(
        route.source is not Source.USER for _, route in other
    )


def _over_virtual_hub(
    fabric: NetworkModel, origin: Seat, target: Seat, flows: FlowSet
) -> Iterator[tuple[Step, FlowSet]]:
    """Over a virtual hub to another network, past the firewall that its routes name; replies by the same hub."""
    way = over_hub(fabric.estate, origin.network, target.network, target.addresses)
    yield way.step, flows
    step, flows = filtered(fabric, origin, OUTBOUND, flows)
    yield step, flows
    for id_ in way.next_hops:
        firewall = fabric.estate.find(id_)
        if firewall is None or firewall.type != FIREWALL:
            because = f"what {id_.name} lets through, to which the virtual hub sends, is not in this snapshot"
            yield Step(f"appliance {id_.name}", Unknown(because), because), flows
            continue
        passing = fabric.firewall(firewall).by_address(flows)
        flows = passing.flows
        yield Step(f"rules of {firewall.name}", passing.holds, passing.says, passing.evidence), flows
    step, flows = filtered(fabric, target, INBOUND, flows)
    yield step, flows
    if not target.is_endpoint and not _goes_by_hub(fabric, target, origin):
        because = f"whether replies of {target.name} go back by the virtual hub is not known: it has routes of its own"
        yield Step(f"route back from {target.name}", Unknown(because), because), flows


def _from_gateway(
    fabric: NetworkModel, origin: Outside, target: Seat, gateway: Seat, flows: FlowSet
) -> Iterator[tuple[Step, FlowSet]]:
    """From on premises on: the route table of the gateway's subnet decides, where it has one."""
    name = f"route from {gateway.name}"
    try:
        routes = fabric.routing.of(gateway.subnet)
    except NotKnown as gap:
        yield Step(name, gap.unknown, f"the routes of {gateway.subnet.name} are not known"), flows
        yield from _arrived(fabric, origin, target, flows)
        return
    if appliance_route(routes, gateway, target) is not None:
        yield from _over_hops(fabric, origin, target, gateway, flows)
        return
    step, way = lead(name, routes, gateway, target)
    yield step, flows
    if step.holds is not False:
        yield from _arrived(fabric, origin, target, flows & FlowSet.box(destination=Addresses.known(way)))


# --- routes back ------------------------------------------------------------------------------------------------------


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
        return lead(name, routes, target, origin)
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
    sure -= doubted(routes, back)
    if not sure.is_empty:
        route = back[-1][1]
        return Step(name, True, f"{route} leads back to {origin.name}", route.evidence), sure
    why = doubt(routes, back or there)
    if why is not None:
        return Step(name, why, f"whether replies get back to {origin.name} is not known: {why.because}"), sources
    if not there:
        return Step(name, False, f"no route leads back to {origin.name}"), AddressSet.none()
    route = there[-1][1]
    if origin.on_premises and route.hop is Hop.APPLIANCE:
        because = f"{route} takes replies to {origin.name} over an appliance, and what that lets through is not known"
        return Step(name, Unknown(because), because, route.evidence), sources
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
        says = f"{network.name} is not peered with {target.network.name}"
        why = _unread_route(fabric, origin, target)
        if why is not None:
            yield Step("peering", why, f"{says}, and whether a route leads there is not known: {why.because}")
            return
        yield Step("peering", False, says)
        return
    yield from exchanges(peering)


def _unread_route(fabric: NetworkModel, origin: Seat, target: Seat) -> Unknown | None:
    """Why a route that was not read could lead to another network, over an appliance or a gateway."""
    try:
        routes = fabric.routing.of(origin.subnet)
    except NotKnown as gap:
        return gap.unknown
    return doubt(routes, split(routes, origin, target)[1])


def _through_gateway(fabric: NetworkModel, origin: Outside, target: Seat) -> tuple[Step, AddressSet, Seat | None]:
    """Whether what is on premises is connected to the target's network: by its gateway, or by a peer's.

    The gateway's place comes with it where its subnet has a route table of its own.
    """
    name = f"gateway of {target.network.name}"
    sources = origin.addresses.possible
    try:
        network = network_of(fabric.estate, target.subnet)
    except NotKnown as gap:
        return Step(name, gap.unknown, f"what is connected to {target.network.name} is not known"), sources, None
    found = beyond(fabric.estate, network)
    for part in found.parts:
        inside = part.prefixes & sources
        if not inside.is_empty:
            at = (part.gateway.at("name"),)
            step = Step(name, True, f"{part.gateway.name} connects {inside} with {network.name}", at)
            return step, inside, _with_table(fabric, part.gateway)
    if found.gaps:
        why = found.gaps[0]
        return (
            Step(name, why, f"whether {origin.name} is behind a gateway of {network.name} is not known"),
            sources,
            None,
        )
    return Step(name, False, f"no gateway connects {origin.name} with {network.name}"), AddressSet.none(), None


def _with_table(fabric: NetworkModel, gateway: Resource) -> Seat | None:
    """The place of a gateway whose subnet has a route table; without one it leads to every network that it serves."""
    seat = fabric.seat(gateway)
    return seat if isinstance(seat, Seat) and fabric.estate.targets(seat.subnet, Relation.ROUTED_BY) else None
