"""The open world: a "no way" is certain only if whatever could carry traffic there was read and is followed.

    unfollowed(Question(network_model, origin, target))     -> why there could be a way that was not looked at

Every negative answer of this program (`reach`, "only", "nothing") asks this one function. What it asks in turn:

* `GUARDS`: functions from a question to the reasons for doubt. A new one is a function from a `Question` to an iterator
  of `Unknown` that names the resource which could carry the traffic; it is added to the tuple.
* `facts/unfollowed-kinds.json`: kinds of resources that carry traffic on ways that are not followed. A new one is a
  row; a kind that is followed since then moves to the list `followed`.

A doubt is left out where nothing could come of it: where the filters at the target let nothing of it in, whoever sends.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property

from auditor.documents.pool_membership import INTERFACES, SCALE_SET, SCALE_SET_INTERFACE, Pooled, ScaleSet
from auditor.estate import Estate, Relation
from auditor.estate.kept import once_an_estate
from auditor.facts import load
from auditor.model import JSON, ArmId, Resource, Unknown
from auditor.network.frontends.firewall_nat import untold
from auditor.network.frontends.listeners import (
    BALANCER,
    BASTION,
    FIREWALL,
    FRONTS,
    GATEWAY,
    PUBLIC_ADDRESS,
    unread_entries,
)
from auditor.network.frontends.pools import pooled
from auditor.network.model import INBOUND, NetworkModel, Origin, Outside, Seat
from auditor.network.private_link.private_endpoints import ENDPOINT
from auditor.network.routing.virtual_hubs import is_connected
from auditor.network.topology.peering import Peering, connected, peerings_of, remote_space
from auditor.network.topology.virtual_networks import NIC, SUBNET
from auditor.network.topology.vpn_gateways import beyond
from auditor.reach.service_access import SERVICES, endpoints_to
from auditor.services.public_doors import sign_of_a_door
from auditor.services.publishers import PUBLISHERS
from auditor.sets.address_set import AddressSet
from auditor.sets.packet_set import FlowSet
from auditor.sets.symbolic_addresses import Addresses

LETS_IN = (PUBLIC_ADDRESS, GATEWAY, BALANCER, BASTION, FIREWALL)
"""What can let the Internet in to something that has no public address of its own."""


@dataclass(frozen=True)
class Question:
    """Whether an origin reaches a target; `asked` narrows the packets of the first connection."""

    model: NetworkModel
    origin: Origin
    target: Resource
    asked: FlowSet | None = None

    @property
    def estate(self) -> Estate:
        """The estate."""
        return self.model.estate

    @property
    def from_internet(self) -> bool:
        """Whether the traffic comes from the Internet."""
        return isinstance(self.origin, Outside) and not self.origin.on_premises

    @cached_property
    def is_service(self) -> bool:
        """Whether the target answers at a public endpoint of its own, and in networks at private endpoints only."""
        return self.target.type in SERVICES or sign_of_a_door(self.target) is not None

    @property
    def is_behind_fronts(self) -> bool:
        """Whether something that stands in a network could pass traffic on to the target."""
        return not self.is_service or bool(endpoints_to(self.estate, self.target))

    @cached_property
    def ends(self) -> tuple[Seat, ...]:
        """What stands for the target in virtual networks: its own place, or the private endpoints of a service."""
        found = endpoints_to(self.estate, self.target) if self.is_service else (self.target,)
        seats = (self.model.seat(resource) for resource in found)
        return tuple(seat for seat in seats if isinstance(seat, Seat))

    @cached_property
    def networks(self) -> tuple[ArmId, ...]:
        """The networks that the target is in."""
        return tuple(dict.fromkeys(end.network for end in self.ends))

    def is_within(self, end: Seat) -> bool:
        """Whether the traffic stays in one network: it follows the routes there, which are asked."""
        return isinstance(self.origin, Seat) and self.origin.network == end.network

    def is_closed(self, end: Seat, sources: AddressSet | None = None) -> bool:
        """Whether the filters at an end let nothing in that comes from these addresses (from anywhere, if `None`)."""
        found = self.model.filters(end, INBOUND)
        if isinstance(found, Unknown):
            return False
        flows = FlowSet.box(destination=Addresses.known(end.addresses)) & FlowSet.real()
        if sources is not None:
            flows &= FlowSet.box(source=Addresses.known(sources))
        if self.asked is not None:
            flows &= self.asked.any_address()
        return found.among(flows).is_empty is True


Guard = Callable[[Question], Iterator[Unknown]]


def unfollowed(question: Question) -> tuple[Unknown, ...]:
    """Why there could be a way that was not looked at, each reason once; empty where a "no way" is certain."""
    return tuple(dict.fromkeys(why for guard in GUARDS for why in guard(question)))


# --- what was not read ------------------------------------------------------------------------------------------------


def _unread_lists(question: Question) -> Iterator[Unknown]:
    """Lists of what could be on a way that were not read."""
    estate, target = question.estate, question.target
    kinds = [ENDPOINT] if question.is_service else []
    if question.from_internet:
        if question.is_behind_fronts:
            kinds += LETS_IN
        if target.type == SUBNET:
            kinds += (NIC, SCALE_SET)
    gaps = [estate.coverage.gap(kind) for kind in kinds]
    if FIREWALL in kinds:
        gaps += [untold(estate, firewall) for firewall in estate.seen(FIREWALL)]
    yield from (gap for gap in gaps if gap is not None)


def _unread_publishers(question: Question) -> Iterator[Unknown]:
    """Lists of what passes requests on from Microsoft's side, past the public endpoint, that were not read."""
    if question.from_internet and question.is_service:
        gaps = (question.estate.coverage.unlisted(kind) for kind in PUBLISHERS)
        yield from (gap for gap in gaps if gap is not None)


def _unread_fronts(question: Question) -> Iterator[Unknown]:
    """Rules, listeners and pools of what can let the Internet in that cannot be read."""
    if not question.from_internet or not question.is_behind_fronts:
        return
    if not question.ends or not all(map(question.is_closed, question.ends)):
        yield from unread_entries(question.estate)
        yield from pooled(question.estate).gaps


def _unplaced_machines(question: Question) -> Iterator[Unknown]:
    """Scale sets whose documents do not say where their instances sit: it may be in the subnet that is asked for."""
    if question.target.type == SUBNET and not all(map(question.is_closed, question.ends)):
        yield from _unplaced(question.estate)
    if question.target.type == SCALE_SET_INTERFACE and not question.ends:
        yield Unknown(f"where {question.target.name} sits is not in this snapshot", absent=True)


@once_an_estate
def _unplaced(estate: Estate) -> tuple[Unknown, ...]:
    placed = {pattern.id.parent for pattern in estate.seen(SCALE_SET_INTERFACE) if _has_subnet(estate, pattern)}
    return tuple(
        Unknown(f"where the instances of {scale_set.name} sit is not in this snapshot", absent=True)
        for scale_set in estate.seen(SCALE_SET)
        if scale_set.id not in placed and ScaleSet(scale_set).mode.known != "flexible"
    )


def _has_subnet(estate: Estate, pattern: Resource) -> bool:
    return bool(estate.out(pattern, Relation.IN_SUBNET))


def _unread_peers(question: Question) -> Iterator[Unknown]:
    """A network that is peered with the target's and was not read: what is in it could pass traffic on."""
    if question.from_internet and question.estate.is_likely:
        return
    for end in question.ends:
        if question.is_within(end):
            continue
        network = question.estate.find(end.network)
        for peering in peerings_of(question.estate, network) if network is not None else ():
            if _is_of_a_hub(question, peering):
                continue
            if _is_open_and_unread(peering) and not question.is_closed(end, _let_in_by(question.estate, peering)):
                assert isinstance(peering.back, Unknown)
                why = peering.back
                says = f"{peering.remote.name}, which {end.network.name} is peered with, was not read"
                unless = f"something in {peering.remote.name} passes traffic on"
                yield Unknown(f"{says}: {why.because}", why.permission, why.read, absent=why.absent, unless=unless)


def _gateways(question: Question) -> Iterator[Unknown]:
    """A range that somebody asks for may be on premises, behind a gateway of which not everything is known."""
    origin = question.origin
    if not isinstance(origin, Outside) or origin.on_premises or not origin.is_range or question.estate.is_likely:
        return
    for end in question.ends:
        network = question.estate.find(end.network)
        gaps = beyond(question.estate, network).gaps if network is not None else ()
        if gaps and not question.is_closed(end, origin.addresses.possible):
            why = gaps[0]
            says = f"whether {origin.name} is behind a gateway of {end.network.name} is not known: {why.because}"
            unless = f"{origin.name} is behind a gateway of {end.network.name}"
            yield Unknown(says, why.permission, why.read, absent=why.absent, unless=unless)


def _is_of_a_hub(question: Question, peering: Peering) -> bool:
    """Whether this peering is the connection to a virtual hub, which is read for itself and followed."""
    if not isinstance(question.origin, Seat) or not peering.remote.name.casefold().startswith("hv_"):
        return False
    return is_connected(question.estate, peering.local.id)


def _is_open_and_unread(peering: Peering) -> bool:
    if not isinstance(peering.back, Unknown) or peering.stated.access.known is False:
        return False
    return connected(peering).holds is not False


def _let_in_by(estate: Estate, peering: Peering) -> AddressSet | None:
    """The sources that come over a peering: those of the other network, unless forwarded traffic is taken, too."""
    if peering.stated.forwarded.known is not False:
        return None
    space = remote_space(estate, peering)
    return None if isinstance(space, Unknown) else space


def _unread_holders(question: Question) -> Iterator[Unknown]:
    """A public address that something has which was not read: what that lets in cannot be determined."""
    target = question.target
    if target.type != PUBLIC_ADDRESS or question.estate.into(target, Relation.HAS_ADDRESS):
        return
    holder = target.ref("properties", "ipConfiguration")
    if holder is not None and not any(holder.is_within(front.id) for front in _read_fronts(question.estate)):
        yield Unknown(f"{target.name} is an address of {holder.text}, which was not read", absent=True)


def _read_fronts(estate: Estate) -> Iterator[Resource]:
    for type_ in (NIC, *FRONTS):
        yield from estate.seen(type_)


# --- what is read and not followed ------------------------------------------------------------------------------------


def _forwarders(question: Question) -> Iterator[Unknown]:
    """Machines that forward, have a public address, and stand where the target can be reached from."""
    if not question.from_internet:
        return
    for end in question.ends:
        machines = _open_forwarders(question.estate)
        near = _near(question.estate, end.network) if machines else frozenset()
        for machine in machines:
            if machine.network in near and machine.resource.id != end.resource.id and not question.is_closed(end):
                yield Unknown(
                    f"{machine.name} forwards traffic and has a public address,"
                    f" and what it passes on to {end.network.name} is not in Azure's control plane"
                )


@once_an_estate
def _open_forwarders(estate: Estate) -> tuple[Seat, ...]:
    """The places of interfaces that forward and have a public address."""
    model = NetworkModel.of(estate)
    seats = (model.seat(interface) for interface in _forwarding(estate))
    return tuple(seat for seat in seats if isinstance(seat, Seat))


@once_an_estate
def _forwarding(estate: Estate) -> tuple[Resource, ...]:
    """Interfaces that forward and have a public address, those that scale sets give their instances among them."""
    found = (interface for type_ in INTERFACES for interface in estate.seen(type_))
    return tuple(interface for interface in found if _is_open(estate, interface))


def _is_open(estate: Estate, interface: Resource) -> bool:
    own = Pooled(interface)
    if own.forwards.known is False:
        return False
    return bool(estate.targets(interface, Relation.HAS_ADDRESS)) or (
        interface.type == SCALE_SET_INTERFACE and own.may_give_addresses
    )


def _near(estate: Estate, network: ArmId) -> frozenset[ArmId]:
    """A network and those that it peers with."""
    found = estate.find(network)
    return frozenset({network, *(p.remote for p in peerings_of(estate, found))} if found is not None else {network})


# --- kinds outside the model ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Kind:
    """A row of facts/unfollowed-kinds.json."""

    where: str
    sender: str
    says: str

    def concerns(self, origin: Origin) -> bool:
        """Whether traffic of this origin could come by it."""
        if self.sender in ("anywhere", "outside"):
            return self.sender == "anywhere" or isinstance(origin, Outside)
        return (self.sender == "Internet") is (isinstance(origin, Outside) and not origin.on_premises)


@cache
def _rows() -> tuple[Mapping[str, _Kind], frozenset[str], tuple[str, ...]]:
    """The rows by type, the types that are followed or carry nothing, and the beginnings of such types."""
    facts = load("unfollowed-kinds")
    rows = {row["type"]: _Kind(row["where"], row["from"], row["says"]) for row in facts["kinds"]}
    known = (*facts["followed"], *facts["harmless"])
    return rows, frozenset(k for k in known if not k.endswith("*")), tuple(k[:-1] for k in known if k.endswith("*"))


_OUTSIDE_THE_MODEL = _Kind("network", "anywhere", "is of a kind that this version does not know")


@cache
def _kind(type_: str) -> _Kind | None:
    """What a type does that is not followed; `None` where it is followed or carries nothing."""
    rows, known, beginnings = _rows()
    for key, row in rows.items():
        if type_ == key or (key.endswith("*") and type_.startswith(key[:-1])):
            return row
    return None if type_ in known or type_.startswith(beginnings) else _OUTSIDE_THE_MODEL


class _Named:
    """Which resources of kinds that are not followed name which ids, gathered once for an estate."""

    def __init__(self, estate: Estate) -> None:
        self.by_id: Mapping[str, list[Resource]] = self._gathered(estate)

    @staticmethod
    def _gathered(estate: Estate) -> Mapping[str, list[Resource]]:
        found: dict[str, list[Resource]] = defaultdict(list)
        for resource in estate.resources:
            if _kind(resource.type) is not None:
                for key in dict.fromkeys(_ids_in(resource.body)):
                    for place in _and_above(key):
                        found[place].append(resource)
        return found


@once_an_estate
def _named(estate: Estate) -> _Named:
    return _Named(estate)


def _ids_in(value: JSON) -> Iterator[str]:
    if isinstance(value, str):
        if value[:15].casefold() == "/subscriptions/":
            yield value.rstrip("/").casefold()
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _ids_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from _ids_in(item)


def _and_above(key: str) -> Iterator[str]:
    """An id, and the network where it is that of a subnet."""
    yield key
    head, slash, _ = key.partition("/subnets/")
    if slash:
        yield head


def _kinds_outside_the_model(question: Question) -> Iterator[Unknown]:
    named = _named(question.estate)
    for resource, kind in (*_naming_network(question, named), *_naming_target(question, named)):
        if resource.id != question.target.id and kind.concerns(question.origin):
            yield Unknown(f"{resource.name} ({resource.type}) {kind.says}, and that is not followed")


def _naming_network(question: Question, named: _Named) -> Iterator[tuple[Resource, _Kind]]:
    for end in question.ends:
        if question.is_within(end) or question.is_closed(end):
            continue
        for where, key in (("network", end.network.key), ("subnet", end.subnet.id.key)):
            for resource in named.by_id.get(key, ()):
                kind = _kind(resource.type)
                if kind is not None and kind.where == where and (where == "network" or end.resource.type == SUBNET):
                    yield resource, kind


def _naming_target(question: Question, named: _Named) -> Iterator[tuple[Resource, _Kind]]:
    for resource in named.by_id.get(question.target.id.key, ()):
        kind = _kind(resource.type)
        if kind is not None and kind.where == "resource":
            yield resource, kind


GUARDS: tuple[Guard, ...] = (
    _unread_lists,
    _unread_publishers,
    _unread_fronts,
    _unplaced_machines,
    _unread_peers,
    _gateways,
    _unread_holders,
    _forwarders,
    _kinds_outside_the_model,
)
"""Everything that can make a "no way" uncertain. Each function names what it doubts."""
