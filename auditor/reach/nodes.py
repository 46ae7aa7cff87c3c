"""The stations of an estate and the links between them: every way that traffic could take, before asking whether."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from auditor.documents.network_hosts import AGENT_POOL, HOSTS
from auditor.documents.pool_membership import INTERFACES, SCALE_SET_INTERFACE, Pooled
from auditor.documents.private_link_service import PRIVATE_LINK_SERVICE, balancers_of
from auditor.documents.public_address import PublicAddress
from auditor.estate.paths import Link, Topology
from auditor.estate.references import Relation
from auditor.model import ArmId, NotKnown, Resource, Unknown
from auditor.network.frontends.listeners import (
    FRONTS,
    PUBLIC_ADDRESS,
    Entry,
    Exit,
    entries_of,
)
from auditor.network.frontends.published import may_be_published
from auditor.network.model import NetworkModel, Seat
from auditor.network.private_link.private_endpoints import ENDPOINT
from auditor.network.routing.user_routes import has_appliance_route
from auditor.network.routing.virtual_hubs import is_connected
from auditor.network.topology.peering import peerings_of
from auditor.network.topology.virtual_networks import NIC, SUBNET
from auditor.reach.service_access import SERVICES, endpoints_to, service_by_host
from auditor.services.public_doors import sign_of_a_door
from auditor.services.publishers import PUBLISHERS, Publication, publications
from auditor.sets.address_set import AddressSet

OUTSIDE = "the outside"
PREMISES = "on premises"
HUBS = "what stands between networks"
"""Where routes lead out of a network that are no peerings: to appliances, firewalls and virtual hubs."""

OFFERS, GIVES, OPENS, SERVES, PASSES, LEAVES, CROSSES, ENTERS, HOLDS, LINKS, EXITS, PUBLISHES = (
    "is offered",
    "gives addresses to",
    "opens to",
    "serves",
    "passes on to",
    "leaves into",
    "crosses into",
    "enters",
    "is held by",
    "links to",
    "exits to",
    "publishes",
)
"""Kinds of links."""

_NETWORK = "microsoft.network/virtualnetworks"


@dataclass
class Stations:
    """Who can stand on a chain, and how they are linked. A station is a lower-case id, or one of the words below."""

    fabric: NetworkModel

    def entries(self, front: Resource) -> tuple[Entry, ...]:
        """What a front listens on."""
        return entries_of(self.fabric.estate, front).known

    def find(self, station: str) -> Resource | None:
        """The resource that stands at a station; `None` for the outside and the doors of a network.

        One that was pointed at and not read stands there with an empty document.
        """
        if not station.startswith("/"):
            return None
        id_ = ArmId(station)
        return self.fabric.estate.find(id_) or Resource(id_, {}, id_)

    @cached_property
    def topology(self) -> Topology:
        """Every station and link of the estate."""
        made = Topology()
        for source, target, link in self._links():
            made.add(source, target, link)
        return made

    @cached_property
    def targets(self) -> tuple[Resource, ...]:
        """Everything that can be asked for: subnets, what sits in them, addresses, fronts and services, by id."""
        types = (SUBNET, *INTERFACES, *HOSTS, ENDPOINT, PUBLIC_ADDRESS, *FRONTS, *SERVICES)
        seen = self.fabric.estate.seen
        found = (r for type_ in dict.fromkeys(types) for r in seen(type_) if not self._is_card(r))
        return tuple(sorted((*found, *self.unlisted), key=lambda r: r.id.key))

    @cached_property
    def unlisted(self) -> tuple[Resource, ...]:
        """Resources of kinds that no table holds, whose documents show that they can be doors."""
        known = {SUBNET, *INTERFACES, *HOSTS, ENDPOINT, PUBLIC_ADDRESS, *FRONTS, *SERVICES}
        others = (r for r in self.fabric.estate.resources if r.type not in known)
        return tuple(r for r in others if sign_of_a_door(r) is not None)

    def _is_card(self, resource: Resource) -> bool:
        """Whether this is the network interface of a private endpoint: the endpoint itself stands for it."""
        return resource.type == NIC and bool(self.fabric.estate.into(resource, Relation.HAS_NIC, ENDPOINT))

    # --- links -----------------------------------------------------------------------------------------------------

    def _links(self) -> Iterator[tuple[str, str, Link]]:
        yield from self._networks()
        yield from self._seats()
        yield from self._public()
        yield from self._fronts()
        yield from self._services()
        yield from self._published()

    def _networks(self) -> Iterator[tuple[str, str, Link]]:
        for network in self.fabric.estate.seen(_NETWORK):
            yield way_out_of(network.id), way_into(network.id), Link(CROSSES)
            yield PREMISES, way_into(network.id), Link(CROSSES)
            yield HUBS, way_into(network.id), Link(CROSSES)
            if leads_to_hubs(self.fabric, network):
                yield way_out_of(network.id), HUBS, Link(CROSSES)
            for peering in peerings_of(self.fabric.estate, network):
                yield way_out_of(network.id), way_into(peering.remote), Link(CROSSES)
                # The other side may not have been read; whether it peers back is asked of each packet.
                yield way_out_of(peering.remote), way_into(network.id), Link(CROSSES)

    def _seats(self) -> Iterator[tuple[str, str, Link]]:
        """What sits in a network is entered from it and, unless it is a private endpoint, leaves into it."""
        seen = self.fabric.estate.seen
        for type_ in dict.fromkeys((SUBNET, *INTERFACES, *HOSTS, ENDPOINT, *FRONTS, *SERVICES)):
            for resource in seen(type_):
                seat = self.fabric.seat(resource)
                if not isinstance(seat, Seat) or self._is_card(resource):
                    continue
                yield way_out_of(seat.network), way_into(seat.network), Link(CROSSES)
                if type_ in HOSTS or type_ not in SERVICES:
                    yield way_into(seat.network), resource.id.key, Link(ENTERS)
                if type_ != ENDPOINT and type_ not in FRONTS:
                    yield start_at(resource.id), way_out_of(seat.network), Link(LEAVES)
                    yield start_at(resource.id), OUTSIDE, Link(EXITS)
                if type_ in HOSTS or type_ not in (SUBNET, *SERVICES):
                    yield resource.id.key, seat.subnet.id.key, Link(HOLDS)

    def _public(self) -> Iterator[tuple[str, str, Link]]:
        """A public address, and who has it: the owner's word is enough, also for an address that was not read."""
        estate = self.fabric.estate
        for public in estate.seen(PUBLIC_ADDRESS):
            yield OUTSIDE, public.id.key, Link(OPENS)
        for type_ in (NIC, *FRONTS):
            for owner in estate.seen(type_):
                for id_ in estate.targets(owner, Relation.HAS_ADDRESS):
                    yield OUTSIDE, id_.key, Link(OPENS)
                    yield id_.key, owner.id.key, Link(SERVES)
        for pattern in estate.seen(SCALE_SET_INTERFACE):
            if Pooled(pattern).may_give_addresses:
                yield OUTSIDE, pattern.id.key, Link(GIVES)
        for pool in estate.seen(AGENT_POOL):
            if may_be_published(estate, pool) and isinstance(self.fabric.seat(pool), Seat):
                yield OUTSIDE, pool.id.key, Link(GIVES)
        for front in (front for type_ in FRONTS for front in estate.seen(type_)):
            if any(front.id in entry.at for entry in self.entries(front)):
                yield OUTSIDE, front.id.key, Link(OFFERS)

    def _fronts(self) -> Iterator[tuple[str, str, Link]]:
        for type_ in FRONTS:
            for front in self.fabric.estate.seen(type_):
                for n, entry in enumerate(self.entries(front)):
                    for m, way in enumerate(entry.exits):
                        for target in self._behind(front, way):
                            yield front.id.key, target.key, Link(PASSES, (n, m))

    def _behind(self, front: Resource, way: Exit) -> Iterator[ArmId]:
        """Who stands behind an exit: an interface, whoever has the address, or a service and its private endpoints."""
        if way.interface is not None:
            yield way.interface
            return
        if not way.host:
            return
        service = self._services_by_host.get(way.host)
        if service is not None:
            yield service
            found = self.fabric.estate.find(service)
            yield from (endpoint.id for endpoint in endpoints_to(self.fabric.estate, found)) if found else ()
            return
        seat = self.fabric.seat(front)
        network = way.network or (seat.network if isinstance(seat, Seat) else None)
        if network is not None:
            yield from self._at(way.host, network)

    def _at(self, address: str, network: ArmId) -> Iterator[ArmId]:
        """Who may have this address in a network or its peers; the subnet that holds it where none is known to."""
        home = self.fabric.estate.find(network)
        near = [network, *(p.remote for p in peerings_of(self.fabric.estate, home))] if home else [network]
        sure = False
        for resource, seat in (found for place in dict.fromkeys(near) for found in self._seated.get(place, ())):
            if _holds(seat.addresses, address) and (seat.anywhere or seat.addresses.size < _FEW):
                sure = sure or not seat.anywhere
                yield resource.id
        if not sure:
            for subnet in (s for place in dict.fromkeys(near) for s in self.fabric.estate.seen(SUBNET, under=place)):
                whole = self.fabric.seat(subnet)
                if isinstance(whole, Seat) and _holds(whole.addresses, address):
                    yield subnet.id

    @cached_property
    def _seated(self) -> Mapping[ArmId, list[tuple[Resource, Seat]]]:
        """By network: the interfaces and endpoints that sit in it."""
        found: dict[ArmId, list[tuple[Resource, Seat]]] = defaultdict(list)
        for type_ in (*INTERFACES, ENDPOINT):
            for resource in self.fabric.estate.seen(type_):
                seat = self.fabric.seat(resource)
                if isinstance(seat, Seat) and not self._is_card(resource):
                    found[seat.network].append((resource, seat))
        return found

    def _services(self) -> Iterator[tuple[str, str, Link]]:
        estate = self.fabric.estate
        for service in (*(r for type_ in SERVICES for r in estate.seen(type_)), *self.unlisted):
            yield OUTSIDE, service.id.key, Link(OPENS)
            for endpoint in endpoints_to(estate, service):
                yield endpoint.id.key, service.id.key, Link(LINKS)

    # --- what is published from Microsoft's side ------------------------------------------------------------------

    def publications(self, publisher: Resource) -> tuple[Publication, ...]:
        """What a publisher passes on to, worked out once; nothing where that was not read (see `unread_publishers`)."""
        return self._publishers.get(publisher.id, ((), None))[0]

    @cached_property
    def _publishers(self) -> Mapping[ArmId, tuple[tuple[Publication, ...], Unknown | None]]:
        found: dict[ArmId, tuple[tuple[Publication, ...], Unknown | None]] = {}
        for publisher in (r for type_ in PUBLISHERS for r in self.fabric.estate.seen(type_)):
            try:
                found[publisher.id] = publications(self.fabric.estate, publisher), None
            except NotKnown as gap:
                because = f"what {publisher.name} publishes to the Internet is not known: {gap.unknown.because}"
                found[publisher.id] = (), replace(gap.unknown, because=because)
        return found

    @cached_property
    def unread_publishers(self) -> tuple[Unknown, ...]:
        """Publishers of which it was not read what they pass on to: they may publish anything."""
        return tuple(gap for _, gap in self._publishers.values() if gap is not None)

    def _published(self) -> Iterator[tuple[str, str, Link]]:
        for publisher in (r for type_ in PUBLISHERS for r in self.fabric.estate.seen(type_)):
            for n, publication in enumerate(self.publications(publisher)):
                for target in self.leads(publication):
                    yield publisher.id.key, target.key, Link(PUBLISHES, n)
        for service in self.fabric.estate.seen(PRIVATE_LINK_SERVICE):
            for balancer in balancers_of(service):
                yield service.id.key, balancer.key, Link(PUBLISHES, -1)

    def leads(self, publication: Publication) -> Iterator[ArmId]:
        """Where a publication leads: the resource that it names, a service by host, or a public address."""
        if publication.target is not None:
            yield publication.target
        elif publication.host in self._services_by_host:
            yield self._services_by_host[publication.host]
        else:
            yield from self._public_by_host.get(publication.host, ())

    @cached_property
    def _public_by_host(self) -> Mapping[str, tuple[ArmId, ...]]:
        """The public addresses by number and by name."""
        found: dict[str, tuple[ArmId, ...]] = {}
        for public in map(PublicAddress, self.fabric.estate.seen(PUBLIC_ADDRESS)):
            for name in (public.address.known, public.fqdn.known):
                if isinstance(name, str) and name:
                    found[name.casefold()] = (*found.get(name.casefold(), ()), public.id)
        return found

    @cached_property
    def _services_by_host(self) -> dict[str, ArmId]:
        return service_by_host(self.fabric.estate)


def leads_to_hubs(fabric: NetworkModel, network: Resource) -> bool:
    """Whether a network is connected to a virtual hub, or some route of it leads to an appliance."""
    if is_connected(fabric.estate, network.id):
        return True
    return any(has_appliance_route(fabric.estate, subnet) for subnet in fabric.estate.seen(SUBNET, under=network.id))


_FEW = 256
"""An interface has at most so many addresses; more means that its document told none and its subnet's stand in."""


def _holds(addresses: AddressSet, text: str) -> bool:
    try:
        return text in addresses
    except ValueError:
        return False


def start_at(id_: ArmId) -> str:
    """Where a chain from a resource begins. Not its own station: nothing passes through a machine unasked."""
    return f"from {id_.key}"


def way_out_of(network: ArmId) -> str:
    """The station that everything in a network leaves by."""
    return f"out of {network.key}"


def way_into(network: ArmId) -> str:
    """The station that everything in a network is entered by."""
    return f"into {network.key}"
