"""The route table of a subnet: user routes, what they switch off, and what of them is not known."""

from __future__ import annotations

from dataclasses import dataclass

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
from auditor.network.topology.service_tags import ServiceTags
from auditor.sets.address_set import AddressSet

ROUTE = "microsoft.network/routetables/routes"

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
    """Whether a subnet may have a route to an appliance: one is stated, or its route table was not read."""
    for table in estate.targets(subnet, Relation.ROUTED_BY):
        if estate.find(table) is None:
            return True
        for route in estate.seen(ROUTE, under=table):
            if _HOPS.get(route.text("properties", "nextHopType")) is Hop.APPLIANCE:
                return True
    return False


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
    for document in estate.seen(ROUTE, under=table.id):
        _read(document, near, tags, routes, doubts)
    return UserRoutes(
        tuple(routes),
        tuple(doubts),
        takes_gateways=table.get("properties", "disableBgpRoutePropagation") is not True,
        takes_peers=table.text("properties", "disablePeeringRoute") != "all",
    )


def _read(document: Resource, near: AddressSet, tags: ServiceTags, routes: list[Route], doubts: list[Doubt]) -> None:
    text = str(document.get("properties", "addressPrefix", default=""))
    prefixes, rank = _prefixes(text, tags)
    if prefixes is None:
        # Every public address may be under the tag, no private one is (facts/nsg-semantics.md, section 4).
        private = AddressSet.of(*load("system-routes")["private"])
        why = Unknown(f"which addresses the route {document.name} to {text!r} covers is not in this snapshot")
        doubts.append(Doubt(~private, Beats.LONGER, why))
        return
    hop = _HOPS.get(document.text("properties", "nextHopType"))
    if hop is None:
        stated = document.get("properties", "nextHopType")
        why = Unknown(f"the route {document.name} has the next hop type {stated!r}, which this version does not know")
        doubts.append(Doubt(AddressSet.of(*prefixes), Beats.EVERYTHING, why))
        return
    routes.extend(_route(document, prefix, hop, near, rank) for prefix in prefixes)


def _prefixes(text: str, tags: ServiceTags) -> tuple[tuple[str, ...] | None, int]:
    """The prefixes of a route and their rank among user routes; `None` for a tag whose prefixes are not at hand."""
    try:
        return AddressSet.of(text).prefixes, 0
    except ValueError:
        exact = tags.exact(text)
    cloud, regional = text.casefold().startswith("azurecloud"), "." in text
    rank = (3 if cloud else 1) + (0 if regional else 1)
    return (exact.prefixes if exact is not None else None), rank


def _route(document: Resource, prefix: str, hop: Hop, near: AddressSet, rank: int) -> Route:
    """Recorded: a route to an appliance that is not in reach drops, and still shows the appliance's address."""
    address = _appliance(document) if hop is Hop.APPLIANCE else ""
    dropped = hop is Hop.APPLIANCE and not _within(address, near)
    evidence = (document.at("properties", "addressPrefix"), document.at("properties", "nextHopType"))
    return Route(
        prefix,
        Hop.NONE if dropped else hop,
        Source.USER,
        document.name,
        address,
        document.id.parent,
        rank=rank,
        evidence=evidence,
    )


def _appliance(document: Resource) -> str:
    """The appliance's address; of several that share the load the first one stands for all."""
    several = document.get("properties", "nextHop", "nextHopIpAddresses", default=[])
    return str(document.get("properties", "nextHopIpAddress") or next(iter(several), ""))


def _within(address: str, near: AddressSet) -> bool:
    try:
        return address in near
    except ValueError:
        return False
