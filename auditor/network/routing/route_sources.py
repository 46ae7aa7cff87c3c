"""Where the routes of a subnet come from: the system, the network's peers and gateways, and the route table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from auditor.estate import Estate, Relation
from auditor.facts import load
from auditor.model import ArmId, NotKnown, Resource, Unknown
from auditor.network.private_link.private_endpoints import ENDPOINT, addresses
from auditor.network.routing.routes import (
    Beats,
    Doubt,
    Hop,
    NextHop,
    Route,
    RouteSet,
    Source,
)
from auditor.network.routing.user_routes import UserRoutes, user_routes
from auditor.network.routing.virtual_hubs import default_route
from auditor.network.topology.peering import connected, peerings_of, remote_space
from auditor.network.topology.service_tags import ServiceTags
from auditor.network.topology.virtual_networks import address_space, network_of, subnet_of
from auditor.network.topology.vpn_gateways import Beyond, beyond
from auditor.sets.address_set import V6, AddressSet, IPAddress

EVERYWHERE = AddressSet.everything()


def next_hop(estate: Estate, place: Resource, address: IPAddress | str) -> NextHop | Unknown:
    """Where a packet from a subnet, an interface or a machine goes first on its way to an address."""
    try:
        return Routing(estate).of(place).next_hop(address)
    except NotKnown as gap:
        return gap.unknown


@dataclass(frozen=True)
class _Shared:
    """What all subnets of a network have in common."""

    network: Resource
    space: AddressSet
    local: tuple[Route, ...]
    peers: tuple[tuple[Route, ...], ...]
    near: AddressSet
    endpoints: tuple[tuple[Resource, Route], ...]
    beyond: Beyond
    doubts: tuple[Doubt, ...]
    hub: ArmId | Unknown | None = None
    """Where a virtual hub sends what is for the Internet."""


@dataclass
class Routing:
    """The routes of an estate, worked out once for each subnet and each network that is asked about.

    `tags` give the prefixes of routes by service tag; those that the snapshot brought where nothing is given.
    """

    estate: Estate
    tags: ServiceTags | None = None
    _sets: dict[ArmId, RouteSet] = field(default_factory=dict)
    _shared: dict[ArmId, _Shared] = field(default_factory=dict)
    _alike: dict[object, RouteSet] = field(default_factory=dict)

    def of(self, place: Resource) -> RouteSet:
        """The routes of the subnet that a place sits in. Raises `NotKnown` where that is in no subnet, or unread."""
        subnet = subnet_of(self.estate, place)
        if subnet is None:
            raise NotKnown(Unknown(f"{place.name} sits in no subnet and has no routes"))
        found = self._sets.get(subnet.id)
        if found is None:
            found = self._sets[subnet.id] = self._make(subnet)
        return found

    def _make(self, subnet: Resource) -> RouteSet:
        shared = self._of_network(network_of(self.estate, subnet))
        peers = tuple(
            routes
            for peering, routes in zip(peerings_of(self.estate, shared.network), shared.peers, strict=True)
            if peering.has_local_subnet(subnet)
        )
        tables = self.estate.targets(subnet, Relation.ROUTED_BY)
        services = tuple(sorted(_service_endpoints(subnet)))
        key = (shared.network.id, tables, services, peers)
        found = self._alike.get(key)
        if found is None:
            if self.tags is None:
                self.tags = ServiceTags.of_estate(self.estate)
            own = user_routes(self.estate, subnet, shared.near, self.tags)
            found = _combine(self.estate, shared, peers, own)
            found = RouteSet(found.routes, (*found.doubts, *_service_doubts(services, self.tags)))
            self._alike[key] = found
        return found

    def _of_network(self, network: Resource) -> _Shared:
        found = self._shared.get(network.id)
        if found is None:
            found = self._shared[network.id] = _shared(self.estate, network)
        return found


def _shared(estate: Estate, network: Resource) -> _Shared:
    space = address_space(network)
    evidence = (network.at("properties", "addressSpace", "addressPrefixes"),)
    local = tuple(Route(p, Hop.VNET_LOCAL, towards=network.id, evidence=evidence) for p in space.prefixes)
    peers: list[tuple[Route, ...]] = []
    doubts: list[Doubt] = []
    near = space
    seats: dict[ArmId, AddressSet] = {network.id: EVERYWHERE}
    for peering in peerings_of(estate, network):
        prefixes: tuple[str, ...] = ()
        if connected(peering).holds is not False:
            far = remote_space(estate, peering)
            if isinstance(far, Unknown):
                doubts.append(Doubt(~space, Beats.OUTSIDE, far))
            else:
                near |= far
                prefixes = far.prefixes
                seats[peering.remote] = far if peering.is_partial else EVERYWHERE
        at = (peering.document.at("properties", "peeringState"),)
        peers.append(tuple(Route(p, Hop.PEERING, towards=peering.remote, evidence=at) for p in prefixes))
    endpoints = tuple(_endpoint_routes(estate, seats))
    return _Shared(network, space, local, tuple(peers), near, endpoints, beyond(estate, network), tuple(doubts),
                   default_route(estate, network.id))  # fmt: skip


def _endpoint_routes(estate: Estate, networks: Mapping[ArmId, AddressSet]) -> Iterator[tuple[Resource, Route]]:
    """A private endpoint puts a route of one address into its own network and into every peered one.

    Of a peering of chosen subnets, or for IPv6 only, as far as the address is in what is peered.
    """
    for endpoint in estate.seen(ENDPOINT):
        seat = next(iter(estate.targets(endpoint, Relation.IN_SUBNET)), None)
        peered = networks.get(seat.parent) if seat is not None and seat.parent is not None else None
        if peered is None:
            continue
        known = addresses(estate, endpoint)
        for own in () if isinstance(known, Unknown) else known:
            prefix = f"{own.address}/{own.address.max_prefixlen}"
            if own.address not in peered:
                continue
            yield endpoint, Route(prefix, Hop.PRIVATE_ENDPOINT, towards=endpoint.id, evidence=(own.evidence,))


def _combine(estate: Estate, shared: _Shared, peers: tuple[tuple[Route, ...], ...], own: UserRoutes) -> RouteSet:
    routes = [*own.routes, *shared.local]
    doubts = [*own.doubts, *shared.doubts]
    if own.takes_peers:
        routes += [route for group in peers for route in group]
    if own.takes_gateways:
        routes += _gateway_routes(shared.beyond)
        doubts += [Doubt(EVERYWHERE, Beats.LONGER, gap) for gap in shared.beyond.gaps]
        if isinstance(shared.hub, Unknown):
            doubts.append(Doubt(EVERYWHERE, Beats.LONGER, shared.hub))
        elif shared.hub is not None:
            routes.append(Route("0.0.0.0/0", Hop.GATEWAY, Source.BGP, "virtual hub", towards=shared.hub))
    routes += [r for endpoint, r in shared.endpoints if not _invalidated(estate, endpoint, r, own.routes)]
    replaced = any(route.length == 0 and route.bounds[0] < V6 for route in own.routes)
    routes += _defaults(shared.space, keep_none=not replaced)
    doubts.append(_sometimes_none())
    return RouteSet(tuple(routes), tuple(doubts))


def _gateway_routes(found: Beyond) -> Iterator[Route]:
    for part in found.parts:
        for prefix in part.prefixes.prefixes:
            yield Route(prefix, Hop.GATEWAY, Source.BGP, towards=part.gateway.id, evidence=(part.gateway.at("id"),))


def _defaults(space: AddressSet, *, keep_none: bool) -> Iterator[Route]:
    """The routes that every subnet has. Azure takes the None routes away where a network's own space includes them,
    and all of them where a user route covers 0.0.0.0/0."""
    for row in load("system-routes")["default"]:
        route = Route(row["prefix"], Hop(row["hop"]))
        if route.hop is Hop.INTERNET or (keep_none and not route.covers <= space):
            yield route


def _sometimes_none() -> Doubt:
    rows = load("system-routes")["sometimes_none"]["prefixes"]
    why = "Azure's own routes send some ranges of Microsoft nowhere, and their list changes"
    return Doubt(AddressSet.of(*rows), Beats.DEFAULT, Unknown(why))


def _service_endpoints(subnet: Resource) -> Iterator[str]:
    for _, row in subnet.items("properties", "serviceEndpoints"):
        if row.get("service"):
            yield str(row["service"])


def _service_doubts(services: tuple[str, ...], tags: ServiceTags) -> Iterator[Doubt]:
    """A service endpoint routes public prefixes of the service: some of its tag's, and which ones nobody says."""
    facts = load("system-routes")
    private = AddressSet.of(*facts["private"])
    by_service = {service.casefold(): tag for service, tag in facts["service_endpoints"]["tags"].items()}
    for service in services:
        tag = by_service.get(service.casefold())
        exact = tags.exact(tag) if tag else None
        why = f"which addresses the service endpoint of {service} covers is not in this snapshot"
        yield Doubt(~private if exact is None else exact, Beats.LONGER, Unknown(why))


def _invalidated(estate: Estate, endpoint: Resource, route: Route, own: tuple[Route, ...]) -> bool:
    """Whether a user route takes the place of a private endpoint's own.

    One for the very address does; one at least as long as the prefix of the network's space that holds the endpoint
    does where the endpoint's subnet applies route tables to endpoints (disable-private-endpoint-network-policy).
    """
    first = route.bounds[0]
    covering = [user for user in own if user.covers.has(first)]
    if not covering:
        return False
    seat = estate.one(endpoint, Relation.IN_SUBNET)
    if seat is None or seat.text("properties", "privateEndpointNetworkPolicies") not in (
        "enabled",
        "routetableenabled",
    ):
        return False
    space = address_space(network_of(estate, seat))
    lengths = [Route(prefix, Hop.VNET_LOCAL) for prefix in space.prefixes]
    shortest = next((part.length for part in lengths if part.covers.has(first)), 0)
    return any(user.length >= shortest for user in covering)
