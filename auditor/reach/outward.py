"""From a place in a network to the Internet: by which route, past which firewall, and from which public address."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

from auditor.documents.azure_firewall import FIREWALL, AzureFirewall
from auditor.model import NotKnown, Resource, Unknown
from auditor.network.frontends.firewall_rules import Passing
from auditor.network.model import NetworkModel, Seat, anybody
from auditor.network.routing.outbound_access import WayOut, addresses_of, way_out
from auditor.network.routing.routes import Hop, Route, RouteSet
from auditor.reach.appliances import appliance_at
from auditor.sets.address_set import AddressSet
from auditor.sets.packet_set import FlowSet
from auditor.sets.proof import Step

_RANK = {Hop.INTERNET: 0, Hop.APPLIANCE: 1, Hop.GATEWAY: 2}
"""Which of several routes is asked: one that leads out before one of which that is not known."""

_MANY = 2**24
"""So many addresses are the Internet as a whole; a route for fewer is an exception from where that goes."""

_Asked = Callable[[Seat], Passing]
"""What a firewall answers."""


def way_to_name(
    fabric: NetworkModel, origin: Seat, flows: FlowSet, hosts: tuple[str, ...], ends: AddressSet | None = None
) -> tuple[Step, WayOut]:
    """The route and the way out to a service that is known by name; `flows` go to the addresses it may have.

    `ends` are the addresses of which it has some one, where they are known; else the routes for the Internet decide.
    """
    found = _service_route(fabric, origin, ends) if ends is not None else _route_out(fabric, origin)
    return _outward(fabric, origin, found, lambda firewall: fabric.firewall(firewall.resource).by_name(flows, hosts))


def way_to_addresses(
    fabric: NetworkModel, origin: Seat, flows: FlowSet, ends: AddressSet | None
) -> tuple[Step, WayOut]:
    """The route and the way out for packets to public addresses, to the Internet as a whole where none are given."""
    found = _route_out(fabric, origin, ends)
    return _outward(fabric, origin, found, lambda firewall: fabric.firewall(firewall.resource).by_address(flows))


def is_the_internet(addresses: AddressSet) -> bool:
    """Whether so many addresses are asked for that the Internet as a whole is meant."""
    return addresses.size >= _MANY


def _outward(fabric: NetworkModel, origin: Seat, found: Route | Step, asked: _Asked) -> tuple[Step, WayOut]:
    if isinstance(found, Step):
        return found, way_out(fabric.estate, origin.resource, origin.subnet)
    if found.hop is Hop.INTERNET:
        step = Step(f"route from {origin.name}", True, f"{found} leads out", found.evidence)
        return step, way_out(fabric.estate, origin.resource, origin.subnet)
    return _over(fabric, origin, found, asked)


Shares = list[tuple[AddressSet, Route]]


def _shares(routes: RouteSet, wanted: AddressSet) -> Shares:
    """The addresses that go one way, with the route that most of them follow; the default route is split by some."""
    found: dict[tuple[Hop, str], Shares] = defaultdict(list)
    for share, route in routes.shares:
        part = share & wanted
        if not part.is_empty:
            found[route.hop, route.address].append((part, route))
    together = []
    for parts in found.values():
        every = AddressSet.of_pairs(pair for part, _ in parts for pair in part.pairs)
        together.append((every, max(parts, key=lambda each: each[0].size)[1]))
    return together


def _route_out(fabric: NetworkModel, origin: Seat, ends: AddressSet | None = None) -> Route | Step:
    """The best route that leads out to some of the addresses, or to much of the Internet; a step where none does."""
    name = f"route from {origin.name}"
    try:
        routes = fabric.routing.of(origin.subnet)
    except NotKnown as gap:
        return Step(name, gap.unknown, f"the routes of {origin.subnet.name} are not known")
    whole = ends is None or ends.is_empty
    wanted = anybody() if ends is None or ends.is_empty else ends
    if whole and origin.addresses.v6.is_empty:
        wanted = wanted.v4
    there = [(share, route) for share, route in _shares(routes, wanted) if not whole or is_the_internet(share)]
    if not there:
        return Step(name, False, f"{origin.subnet.name} has no route to the Internet")
    share, route = min(there, key=lambda each: _RANK.get(each[1].hop, len(_RANK)))
    return _judged(name, origin, route, _overruled(routes, share, route, whole=whole))


def _service_route(fabric: NetworkModel, origin: Seat, ends: AddressSet) -> Route | Step:
    """The route to a service, which has some one of these addresses: the one for all of them, or it is not known.

    A route for a few of very many, such as for the servers that activate Windows, is passed over.
    """
    name = f"route from {origin.name}"
    try:
        routes = fabric.routing.of(origin.subnet)
    except NotKnown as gap:
        return Step(name, gap.unknown, f"the routes of {origin.subnet.name} are not known")
    wanted = ends.v4 if origin.addresses.v6.is_empty else ends
    there = [(share, route) for share, route in _shares(routes, wanted) if share.size * _FEW_IN > wanted.size]
    if not there:
        return Step(name, False, f"{origin.subnet.name} has no route to the Internet")
    if len(there) > 1:
        says = " and ".join(str(route) for _, route in there)
        because = f"some addresses that the service may have follow {says}, and which it has is not in this snapshot"
        return Step(name, Unknown(because), because, tuple(e for _, route in there for e in route.evidence))
    share, route = there[0]
    return _judged(name, origin, route, _overruled(routes, share, route, whole=True))


_FEW_IN = 1000
"""One of so many addresses is an exception."""


def _judged(name: str, origin: Seat, route: Route, why: Unknown | None) -> Route | Step:
    if why is not None:
        says = f"whether packets of {origin.name} follow {route} is not known: {why.because}"
        return Step(name, why, says, route.evidence)
    if route.hop not in (Hop.INTERNET, Hop.APPLIANCE, Hop.GATEWAY):
        return Step(name, False, f"{route} drops what would leave", route.evidence)
    return route


def _overruled(routes: RouteSet, share: AddressSet, route: Route, *, whole: bool) -> Unknown | None:
    """Why another route, which was not read, may lead these packets elsewhere.

    For the Internet as a whole those count that may be for everything, such as what a gateway learns.
    """
    for doubt in routes.doubts:
        if doubt.touches(route) and (doubt.where.is_everything if whole else doubt.where.meets(share)):
            return doubt.why
    return None


def _over(fabric: NetworkModel, origin: Seat, route: Route, asked: _Asked) -> tuple[Step, WayOut]:
    """A route to an appliance is an explicit way out: what it is decides, and the default address plays no part.

    (virtual-network/ip-services/default-outbound-access, "user-defined routes to a network virtual appliance or
    firewall".)
    """
    name = f"route from {origin.name}"
    hop: Seat | Unknown = Unknown(
        f"{route} sends traffic over {route.hop}, and what is behind it lets through is not in Azure's control plane"
    )
    if route.hop is Hop.APPLIANCE:
        hop = appliance_at(fabric, origin, route)
    firewall = fabric.estate.find(route.towards)
    if firewall is not None and firewall.type == FIREWALL:
        passing = asked(replace(origin, resource=firewall))
        says = f"{route} leads to {firewall.name}: {passing.says}"
        return Step(name, passing.holds, says, passing.evidence), _of_hub_firewall(firewall)
    if isinstance(hop, Seat) and hop.resource.type != FIREWALL:
        hop = Unknown(f"{route} leads to {hop.name}, and what that lets through is not in Azure's control plane")
    if isinstance(hop, Unknown):
        way = WayOut(Step("outbound access", hop, hop.because, route.evidence), hop)
        return Step(name, hop, hop.because, route.evidence), way
    passing = asked(hop)
    says = f"{route} leads to {hop.name}: {passing.says}"
    return Step(name, passing.holds, says, (*route.evidence, *passing.evidence)), _of_firewall(fabric, hop)


def _of_hub_firewall(firewall: Resource) -> WayOut:
    """The way out of a firewall in a virtual hub, whose document holds its addresses."""
    at = (firewall.at("properties", "hubIPAddresses"),)
    try:
        addresses = AzureFirewall(firewall).hub_addresses.value
        stated = [each.address.value for each in addresses.public_addresses.value] if addresses is not None else []
        found = AddressSet.of(*stated)
    except (NotKnown, ValueError) as problem:
        gap = problem.unknown if isinstance(problem, NotKnown) else Unknown(str(problem))
        return WayOut(Step("outbound access", True, f"{firewall.name} sends from a public address", at), gap)
    if found.is_empty:
        says = f"{firewall.name} has no public address to send from"
        return WayOut(Step("outbound access", False, says, at), Unknown(says))
    return WayOut(Step("outbound access", True, f"{firewall.name} sends from {found}", at), found)


def _of_firewall(fabric: NetworkModel, firewall: Seat) -> WayOut:
    """The way out of a firewall: its public addresses, unless it is made to send everything on."""
    found = _route_out(fabric, firewall)
    if isinstance(found, Step):
        return WayOut(Step("outbound access", found.holds, found.says, found.evidence), Unknown(found.says))
    at = (firewall.resource.at("properties", "ipConfigurations"),)
    if found.hop is not Hop.INTERNET:
        because = f"{firewall.name} sends on by {found}, and what that lets through is not in Azure's control plane"
        return WayOut(Step("outbound access", Unknown(because), because, found.evidence), Unknown(because))
    try:
        stated = [each.public_address.value for each in AzureFirewall(firewall.resource).configurations.value]
    except NotKnown as gap:
        return WayOut(Step("outbound access", gap.unknown, gap.unknown.because, at), gap.unknown)
    ids = tuple(id_ for id_ in stated if id_ is not None)
    if not ids:
        says = f"{firewall.name} has no public address to send from"
        return WayOut(Step("outbound access", False, says, at), Unknown(says))
    step = Step("outbound access", True, f"{firewall.name} sends from its public address {ids[0].name}", at)
    return WayOut(step, addresses_of(fabric.estate, ids, firewall.resource))
