"""The network of an estate with everything about it worked out once: seats, filters, routes, meanings of tags.

model = NetworkModel.of(estate)        # the one that the estate keeps
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from auditor.estate import Estate
from auditor.estate.kept import once_an_estate
from auditor.model import ArmId, NotKnown, Resource, Unknown
from auditor.network.frontends.firewall_rules import FirewallRules, rules_of
from auditor.network.nsg.effective_filters import Path, path
from auditor.network.routing.route_sources import Routing
from auditor.network.topology.attachment import NoPlaceError, place_of
from auditor.network.topology.service_tags import ServiceTags, never_internet, platform_addresses
from auditor.network.topology.virtual_networks import assignable, subnet_prefixes
from auditor.network.topology.words import NetworkView, network_view
from auditor.sets.address_set import AddressSet
from auditor.sets.symbolic_addresses import Addresses

INBOUND, OUTBOUND = "inbound", "outbound"


@dataclass(frozen=True)
class Seat:
    """Something that sits in a virtual network, with the addresses that it sends from and is reached at.

    `anywhere` is true where its document states no address, as of the instances of a scale set: it has some of
    `addresses`, and which is not known.
    """

    resource: Resource
    subnet: Resource
    addresses: AddressSet
    is_endpoint: bool = False
    anywhere: bool = False

    @property
    def network(self) -> ArmId:
        """The id of its virtual network."""
        return self.subnet.id.parent or self.subnet.id

    @property
    def name(self) -> str:
        """The resource's name."""
        return self.resource.name


@dataclass(frozen=True)
class Outside:
    """Somebody outside of every virtual network: the Internet, a range of it, or a range on premises.

    `is_host` is Azure's own host, next to each machine: packets to and from it follow no route.
    """

    name: str
    addresses: Addresses
    on_premises: bool = False
    is_host: bool = False

    @property
    def is_range(self) -> bool:
        """Whether addresses are meant, and not the Internet as a whole or a tag."""
        return self.name[:1].isdigit() or ":" in self.name


Origin = Seat | Outside


@cache
def anybody() -> AddressSet:
    """Every public address that somebody on the Internet can have: not the host's own ones."""
    return ~never_internet() - platform_addresses("load_balancer") - platform_addresses("virtual_network")


@dataclass
class NetworkModel:
    """Answers for one estate, each worked out when it is first asked for."""

    estate: Estate
    tags: ServiceTags
    routing: Routing
    _filters: dict[tuple[ArmId, str], Path | Unknown] = field(default_factory=dict)
    _seats: dict[ArmId, Seat | Unknown | None] = field(default_factory=dict)
    _views: dict[ArmId, NetworkView] = field(default_factory=dict)
    _firewalls: dict[ArmId, FirewallRules] = field(default_factory=dict)
    _shared_views: dict[object, NetworkView] = field(default_factory=dict)

    @classmethod
    def of(cls, estate: Estate, tags: ServiceTags | None = None) -> NetworkModel:
        """The model that an estate keeps; one of its own where other `tags` are given than those of the snapshot."""
        if tags is not None:
            return cls(estate, tags, Routing(estate, tags))
        return _model_of(estate)

    def filters(self, seat: Seat, direction: str) -> Path | Unknown:
        """Everything that filters at a seat in one direction."""
        key = (seat.resource.id, direction)
        found = self._filters.get(key)
        if found is None:
            try:
                found = path(self.estate, seat.resource.id, direction, self.tags, self.view)
            except NotKnown as gap:
                found = gap.unknown
            self._filters[key] = found
        return found

    def seat(self, resource: Resource) -> Seat | Unknown | None:
        """Where something sits; `None` where it has no place in a network, `Unknown` where that was not read."""
        if resource.id not in self._seats:
            self._seats[resource.id] = self._find_seat(resource)
        return self._seats[resource.id]

    def _find_seat(self, resource: Resource) -> Seat | Unknown | None:
        try:
            place = place_of(self.estate, resource.id)
            own = place.addresses
            if place.interface is None or place.endpoint is not None:
                whole = subnet_prefixes(place.subnet) if own.is_empty else own
                return Seat(resource, place.subnet, whole, place.endpoint is not None)
            # A machine is where its interface is.
            some = assignable(place.subnet) if own.is_empty else own
            return Seat(place.interface, place.subnet, some, anywhere=own.is_empty)
        except NotKnown as gap:
            return gap.unknown
        except NoPlaceError:
            return None

    def firewall(self, firewall: Resource) -> FirewallRules:
        """The rules that an Azure Firewall asks."""
        found = self._firewalls.get(firewall.id)
        if found is None:
            found = self._firewalls[firewall.id] = rules_of(self.estate, firewall, self.tags)
        return found

    def view(self, subnet: Resource) -> NetworkView:
        """What tags mean at a subnet. Subnets at which they mean the same share one view, and what is known by it."""
        found = self._views.get(subnet.id)
        if found is None:
            made = network_view(self.estate, subnet, self.tags)
            alike = (made.virtual_network.diagram, made.internet.diagram)
            found = self._views[subnet.id] = self._shared_views.setdefault(alike, made)
        return found


@once_an_estate
def _model_of(estate: Estate) -> NetworkModel:
    return NetworkModel.of(estate, ServiceTags.of_estate(estate))
