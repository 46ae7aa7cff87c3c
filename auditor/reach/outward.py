"""From a place in a network to the Internet: by which route, past which firewall, and from which public address."""

from __future__ import annotations

from collections.abc import Callable

from auditor.documents.azure_firewall import FIREWALL, AzureFirewall
from auditor.model import NotKnown, Unknown
from auditor.network.frontends.firewall_rules import Passing
from auditor.network.model import NetworkModel, Seat
from auditor.network.routing.outbound_access import WayOut, addresses_of, way_out
from auditor.network.routing.routes import Hop, Route
from auditor.reach.appliances import appliance_at
from auditor.sets.address_set import AddressSet
from auditor.sets.packet_set import FlowSet
from auditor.sets.proof import Step

_RANK = {Hop.INTERNET: 0, Hop.APPLIANCE: 1, Hop.GATEWAY: 2}
"""Which of several routes is asked: one that leads out before one of which that is not known."""

_Asked = Callable[[Seat], Passing]
"""What a firewall answers."""


def way_to_name(fabric: NetworkModel, origin: Seat, flows: FlowSet, hosts: tuple[str, ...]) -> tuple[Step, WayOut]:
    """The route and the way out to a service that is known by name; `flows` go to the addresses it may have."""
    return _outward(fabric, origin, lambda firewall: fabric.firewall(firewall.resource).by_name(flows, hosts))


def way_to_addresses(
    fabric: NetworkModel, origin: Seat, flows: FlowSet, ends: AddressSet | None
) -> tuple[Step, WayOut]:
    """The route and the way out for packets to public addresses, by the default route where none are given."""
    return _outward(fabric, origin, lambda firewall: fabric.firewall(firewall.resource).by_address(flows), ends)


def _outward(fabric: NetworkModel, origin: Seat, asked: _Asked, ends: AddressSet | None = None) -> tuple[Step, WayOut]:
    """Where the routes for some addresses lead, or the default route: a service's own are Azure's to choose."""
    found = _route_out(fabric, origin, ends)
    if isinstance(found, Step):
        return found, way_out(fabric.estate, origin.resource, origin.subnet)
    if found.hop is Hop.INTERNET:
        step = Step(f"route from {origin.name}", True, f"{found} leads out", found.evidence)
        return step, way_out(fabric.estate, origin.resource, origin.subnet)
    return _over(fabric, origin, found, asked)


def _route_out(fabric: NetworkModel, origin: Seat, ends: AddressSet | None = None) -> Route | Step:
    """The route that leads out, the best for some of the addresses where they are given; a step where none does."""
    name = f"route from {origin.name}"
    try:
        routes = fabric.routing.of(origin.subnet)
    except NotKnown as gap:
        return Step(name, gap.unknown, f"the routes of {origin.subnet.name} are not known")
    if ends is None or ends.is_empty:
        found = [r for r in routes.active if r.length == 0 and "." in r.prefix]
    else:
        found = sorted(
            (r for share, r in routes.shares if share.meets(ends)), key=lambda r: _RANK.get(r.hop, len(_RANK))
        )
    route = next(iter(found), None)
    if route is None:
        return Step(name, False, f"{origin.subnet.name} has no route to the Internet")
    if route.hop not in (Hop.INTERNET, Hop.APPLIANCE, Hop.GATEWAY):
        return Step(name, False, f"{route} drops what would leave", route.evidence)
    return route


def _over(fabric: NetworkModel, origin: Seat, route: Route, asked: _Asked) -> tuple[Step, WayOut]:
    """A route to an appliance is an explicit way out: what it is decides, and the default address plays no part.

    (virtual-network/ip-services/default-outbound-access, "user-defined routes to a network virtual appliance or
    firewall".)
    """
    name = f"route from {origin.name}"
    hop: Seat | Unknown = Unknown(
        f"{route} takes the way over {route.hop}, and what is behind it lets through is not in Azure's control plane"
    )
    if route.hop is Hop.APPLIANCE:
        hop = appliance_at(fabric, origin, route)
    if isinstance(hop, Seat) and hop.resource.type != FIREWALL:
        hop = Unknown(f"{route} leads to {hop.name}, and what that lets through is not in Azure's control plane")
    if isinstance(hop, Unknown):
        way = WayOut(Step("way out", hop, hop.because, route.evidence), hop)
        return Step(name, hop, hop.because, route.evidence), way
    passing = asked(hop)
    says = f"{route} leads to {hop.name}: {passing.says}"
    return Step(name, passing.holds, says, (*route.evidence, *passing.evidence)), _of_firewall(fabric, hop)


def _of_firewall(fabric: NetworkModel, firewall: Seat) -> WayOut:
    """The way out of a firewall: its public addresses, unless it is made to send everything on."""
    found = _route_out(fabric, firewall)
    if isinstance(found, Step):
        return WayOut(Step("way out", found.holds, found.says, found.evidence), Unknown(found.says))
    at = (firewall.resource.at("properties", "ipConfigurations"),)
    if found.hop is not Hop.INTERNET:
        because = f"{firewall.name} sends on by {found}, and what that lets through is not in Azure's control plane"
        return WayOut(Step("way out", Unknown(because), because, found.evidence), Unknown(because))
    try:
        stated = [each.public_address.value for each in AzureFirewall(firewall.resource).configurations.value]
    except NotKnown as gap:
        return WayOut(Step("way out", gap.unknown, gap.unknown.because, at), gap.unknown)
    ids = tuple(id_ for id_ in stated if id_ is not None)
    if not ids:
        says = f"{firewall.name} has no public address to send from"
        return WayOut(Step("way out", False, says, at), Unknown(says))
    step = Step("way out", True, f"{firewall.name} sends from its public address {ids[0].name}", at)
    return WayOut(step, addresses_of(fabric.estate, ids, firewall.resource))
