"""The route table of a subnet: user routes, what they switch off, and what of them is not known."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.documents.route_table import ROUTE, RouteTable, UserRoute
from auditor.estate import Estate, Relation
from auditor.facts import load
from auditor.model import NotKnown, Resource, Unknown
from auditor.network.routing.routes import (
    Beats,
    Doubt,
    Hop,
    Route,
    Source,
)
from auditor.network.topology.service_tags import INTERNET, ServiceTags, canonical
from auditor.sets.address_set import AddressSet

_HOPS = {
    "vnetlocal": Hop.VNET_LOCAL,
    "internet": Hop.INTERNET,
    "none": Hop.NONE,
    "virtualappliance": Hop.APPLIANCE,
    "virtualapplianceecmp": Hop.APPLIANCE,
    "virtualnetworkgateway": Hop.GATEWAY,
}


@dataclass(frozen=True)
class UserRoutes:
    """What a route table says. `takes_gateways` and `takes_peers` are false where it keeps those routes out."""

    routes: tuple[Route, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    takes_gateways: bool = True
    takes_peers: bool = True


def has_appliance_route(estate: Estate, subnet: Resource) -> bool:
    """Whether a subnet may have a route to an appliance: one is stated, or its routes were not all read."""
    for table in estate.targets(subnet, Relation.ROUTED_BY):
        try:
            routes = routes_of(estate, estate.need(table, subnet.place("properties", "routeTable")))
        except NotKnown:
            return True
        hops = (UserRoute(route).hop.known for route in routes)
        if any(isinstance(hop, Unknown) or _HOPS.get(hop) is Hop.APPLIANCE for hop in hops):
            return True
    return False


def routes_of(estate: Estate, table: Resource) -> tuple[Resource, ...]:
    """The routes of a table. Raises `NotKnown` where its document, which lists them all, shows no list."""
    found = estate.all(ROUTE, under=table.id)
    if not found and not RouteTable(table).states("properties", "routes"):
        raise NotKnown(Unknown(f"the routes of {table.name} are not in its document", absent=True))
    return found


def user_routes(estate: Estate, subnet: Resource, near: AddressSet, tags: ServiceTags) -> UserRoutes:
    """The user routes of a subnet. `near` is what its network and its peers hold: an appliance must be in there."""
    try:
        table = estate.one(subnet, Relation.ROUTED_BY)
    except NotKnown as gap:
        return UserRoutes(doubts=(Doubt(AddressSet.everything(), Beats.EVERYTHING, gap.unknown),))
    if table is None:
        return UserRoutes()
    routes: list[Route] = []
    doubts: list[Doubt] = []
    view = RouteTable(table)
    try:
        takes_gateways = not view.keeps_gateways_out.value
        takes_peers = view.keeps_peers_out.value != "all"
        documents = routes_of(estate, table)
    except NotKnown as gap:
        doubts.append(Doubt(AddressSet.everything(), Beats.EVERYTHING, gap.unknown))
        takes_gateways = takes_peers = True
        documents = estate.seen(ROUTE, under=table.id)
    for document in documents:
        try:
            _read(UserRoute(document), near, tags, routes, doubts)
        except NotKnown as gap:
            doubts.append(Doubt(AddressSet.everything(), Beats.EVERYTHING, gap.unknown))
    return UserRoutes(tuple(routes), tuple(doubts), takes_gateways, takes_peers)


def _read(route: UserRoute, near: AddressSet, tags: ServiceTags, routes: list[Route], doubts: list[Doubt]) -> None:
    text = route.prefix.value
    prefixes, rank = _prefixes(text, tags)
    if prefixes is None:
        # Every public address may be under the tag, no private one is (docs/azure/networks.md, section 4).
        private = AddressSet.of(*load("system-routes")["private"])
        why = Unknown(f"which addresses the route {route.name} to {text!r} covers is not in this snapshot")
        where = AddressSet.everything() if canonical(text) == INTERNET else ~private
        doubts.append(Doubt(where, Beats.LONGER, why))
        return
    hop = _HOPS.get(route.hop.value)
    if hop is None:
        stated = route.hop.evidence.value
        why = Unknown(f"the route {route.name} has the next hop type {stated!r}, which this version does not know")
        doubts.append(Doubt(AddressSet.of(*prefixes), Beats.EVERYTHING, why))
        return
    if hop is Hop.APPLIANCE and not route.appliance:
        why = Unknown(f"the route {route.name} leads to an appliance whose address is not in its document", absent=True)
        doubts.append(Doubt(AddressSet.of(*prefixes), Beats.EVERYTHING, why))
    routes.extend(_route(route, prefix, hop, near, rank) for prefix in prefixes)


def _prefixes(text: str, tags: ServiceTags) -> tuple[tuple[str, ...] | None, int]:
    """The prefixes of a route and their rank among user routes; `None` for a tag whose prefixes are not at hand."""
    try:
        return AddressSet.of(text).prefixes, 0
    except ValueError:
        exact = tags.exact(text)
    cloud, regional = text.casefold().startswith("azurecloud"), "." in text
    rank = (3 if cloud else 1) + (0 if regional else 1)
    return (exact.prefixes if exact is not None else None), rank


def _route(view: UserRoute, prefix: str, hop: Hop, near: AddressSet, rank: int) -> Route:
    """Recorded: a route to an appliance that is not in reach drops, and still shows the appliance's address."""
    address = view.appliance if hop is Hop.APPLIANCE else ""
    dropped = hop is Hop.APPLIANCE and not _within(address, near)
    return Route(
        prefix,
        Hop.NONE if dropped else hop,
        Source.USER,
        view.resource.name,
        address,
        view.others if hop is Hop.APPLIANCE else (),
        view.id.parent,
        rank=rank,
        evidence=(view.prefix.evidence, view.hop.evidence),
    )


def _within(address: str, near: AddressSet) -> bool:
    try:
        return address in near
    except ValueError:
        return False
