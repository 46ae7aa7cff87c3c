"""What can be reached from where: chains of hops with the rules that decide, and a packet as proof.

world = Reachability.of(estate)
world.reach(world.internet, target)      -> Reach
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from auditor.documents.pool_membership import SCALE_SET
from auditor.estate import Estate, Relation
from auditor.estate.kept import once_an_estate
from auditor.model import ArmId, NotKnown, Resource, Unknown
from auditor.network.frontends.listeners import PUBLIC_ADDRESS
from auditor.network.model import (
    NetworkModel,
    Origin,
    Outside,
    Seat,
    anybody,
)
from auditor.network.routing.routes import Hop
from auditor.network.topology.service_tags import ServiceTags, never_internet
from auditor.network.topology.virtual_networks import (
    NETWORK,
    SUBNET,
    VM,
    address_space,
    prefixes_of,
    subnet_prefixes,
)
from auditor.network.topology.vpn_gateways import beyond
from auditor.reach.nodes import (
    OUTSIDE,
    PREMISES,
    Stations,
    start_at,
)
from auditor.reach.open_world import Question, unfollowed
from auditor.reach.path import Journey, Mark, journeys, outwards
from auditor.sets.address_set import AddressSet
from auditor.sets.packet_set import FlowSet, Packet
from auditor.sets.proof import Step
from auditor.sets.symbolic_addresses import Addresses
from auditor.sets.three_valued import because_of

OUTSIDE_EVERYTHING = "outside"
"""The type of a target that is outside of every network."""

_SAID = 3
"""How many reasons for doubt an answer names."""


@dataclass(frozen=True)
class Reach:
    """Whether a target is reached, and how. `hops` go from the source to the target, or to the hop that is not reached.

    `needs` is what a person must have besides a network (a sign-in to Azure, for Bastion). `also` says what stops the
    other ways, where there are others and none is known to arrive. `unless` is what a likely answer rests on.
    """

    source: str
    target: Resource
    hops: tuple[Mark, ...]
    reaches: bool | Unknown
    needs: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    unless: tuple[Unknown, ...] = ()

    @property
    def witness(self) -> Packet | None:
        """The first packet of the first connection; `None` where there is none."""
        return next((hop.packet for hop in self.hops if hop.packet is not None), None)

    @property
    def stopped(self) -> Step | None:
        """The first step that fails, where one does."""
        return next((s for hop in self.hops for s in hop.steps if s.holds is False), None)

    @property
    def unknown(self) -> Unknown | None:
        """The first part that was needed and is not known, where the answer depends on it."""
        return self.reaches if isinstance(self.reaches, Unknown) else None

    @property
    def doubts(self) -> tuple[Unknown, ...]:
        """Everything on the way that is not known."""
        return tuple(dict.fromkeys(s.holds for hop in self.hops for s in hop.steps if isinstance(s.holds, Unknown)))

    @property
    def deciding(self) -> tuple[str, ...]:
        """The security rules that decided, as `group/rule`, in the order of the hops."""
        names = (step.subject for hop in self.hops for step in hop.steps if step.name.startswith("filters"))
        return tuple(dict.fromkeys(name for name in names if name))


class _Once:
    """What an iterator gives, kept for whoever asks again, and asked for no further than anybody needs."""

    def __init__(self, source: Iterator[Journey]) -> None:
        self._source = source
        self._given: list[Journey] = []
        self._failed: Exception | None = None

    def __iter__(self) -> Iterator[Journey]:
        taken = 0
        while True:
            while taken < len(self._given):
                yield self._given[taken]
                taken += 1
            if self._failed is not None:
                raise self._failed  # what failed once has no next one, which is not the same as having no more
            try:
                self._given.append(next(self._source))
            except StopIteration:
                return
            except Exception as problem:
                self._failed = problem


@dataclass
class Reachability:
    """Questions about one estate; whatever is worked out for one of them serves the others."""

    stations: Stations
    _from_internet: dict[ArmId, _Once] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, estate: Estate, tags: ServiceTags | None = None) -> Reachability:
        """The questions of an estate; `tags` are those that the snapshot brought where nothing else is given."""
        return cls(Stations(NetworkModel.of(estate, tags)))

    @property
    def fabric(self) -> NetworkModel:
        """The network of the estate."""
        return self.stations.fabric

    @property
    def estate(self) -> Estate:
        """The estate."""
        return self.stations.fabric.estate

    @cached_property
    def spaces(self) -> AddressSet:
        """The address spaces of every network that was read."""
        found = AddressSet.none()
        for network in self.estate.seen(NETWORK):
            try:
                found |= address_space(network)
            except NotKnown:
                continue  # its own questions answer Unknown; here only public addresses are kept apart
        return found

    @cached_property
    def behind_gateways(self) -> AddressSet:
        """What is known to be behind gateways of any network: public addresses of one's own may be on premises, too."""
        found = AddressSet.none()
        for network in self.estate.seen(NETWORK):
            try:
                parts = beyond(self.estate, network).parts
            except NotKnown:
                continue  # its own questions answer Unknown
            for part in parts:
                found |= part.prefixes
        return found

    @cached_property
    def internet(self) -> Outside:
        """The Internet: every public address that is not in a network of this estate."""
        return Outside("Internet", Addresses.known(anybody() - self.spaces))

    @property
    def targets(self) -> tuple[Resource, ...]:
        """Everything that can be asked for."""
        return self.stations.targets

    def targets_in(self, groups: Iterable[tuple[str, str]], networks: Iterable[ArmId]) -> tuple[Resource, ...]:
        """What can be asked for in these groups (subscription and name) or as a subnet of these networks, by id."""
        places: list[object] = [*groups, *networks]
        found = {n for place in places for n in self._placed.get(place, ())}
        return tuple(self.targets[n] for n in sorted(found))

    @cached_property
    def _placed(self) -> Mapping[object, list[int]]:
        """The targets by number: those of each group, and the subnets of each network."""
        found: dict[object, list[int]] = defaultdict(list)
        for n, target in enumerate(self.targets):
            found[target.id.subscription, target.id.resource_group].append(n)
            if target.type == SUBNET and target.id.parent is not None:
                found[target.id.parent].append(n)
        return found

    def reach(self, origin: Origin, target: Resource, asked: FlowSet | None = None) -> Reach:
        """Whether an origin reaches a target; `asked` narrows the packets of the first connection.

        The shortest way that arrives is told; where none does, the way that came furthest. A no rests on the lists of
        everything that could be on a way: where one of them was not read, or something is not followed, the answer is
        not known.
        """
        found = _answer(origin, target, self._journeys(origin, target, asked), self._no_way(origin, target))
        gaps = self.unfollowed(origin, target, asked) if found.reaches is False else ()
        return replace(found, reaches=because_of(gaps[:_SAID])) if gaps else found

    def leaves_for(self, origin: Origin, target: Outside, asked: FlowSet | None = None) -> Reach:
        """Whether an origin gets out to somewhere outside of every network; what is there is not asked.

        To the Internet a packet needs a route, filters that let it out, and a public address to come from. What is on
        premises is reached by gateways, and what they lead to is not in Azure's management plane.
        """
        place = Resource(ArmId(target.name), {"name": target.name, "type": OUTSIDE_EVERYTHING}, ArmId(target.name))
        if not isinstance(origin, Seat):
            says = f"{origin.name} and {target.name} are both outside of every network"
            return Reach(origin.name, place, (_first(origin), Mark(target.name, None)), Unknown(says))
        if target.on_premises:
            return self._leaves_for_premises(origin, target, place)
        mark, _, _ = outwards(self.fabric, origin, target.addresses.possible, asked, Mark(target.name, None))
        return Reach(origin.name, place, (_first(origin), mark), mark.holds)

    def _leaves_for_premises(self, origin: Seat, target: Outside, place: Resource) -> Reach:
        name = f"route from {origin.name}"
        try:
            routes = self.fabric.routing.of(origin.subnet)
        except NotKnown as gap:
            step = Step(name, gap.unknown, f"the routes of {origin.subnet.name} are not known")
        else:
            there = [r for share, r in routes.shares if share.meets(target.addresses.possible)]
            onwards = next((r for r in there if r.hop in (Hop.GATEWAY, Hop.APPLIANCE)), None)
            why = next((each.why for each in routes.doubts if each.where.meets(target.addresses.possible)), None)
            if onwards is not None:
                because = f"{onwards} leads out of Azure or over an appliance, and what is there is not known"
                step = Step(name, Unknown(because), because, onwards.evidence)
            elif why is not None:
                step = Step(name, why, f"whether a route leads to {target.name} is not known: {why.because}")
            else:
                step = Step(name, False, f"no route of {origin.subnet.name} leads to {target.name}")
        mark = Mark(target.name, None, "", (step,))
        return Reach(origin.name, place, (_first(origin), mark), mark.holds)

    def unfollowed(self, origin: Origin, target: Resource, asked: FlowSet | None = None) -> tuple[Unknown, ...]:
        """Why an origin could reach a target by a way that was not looked at: see `open_world`.

        For every statement with "only" or "nothing" in it, also where some way was found.
        """
        question = Question(self.fabric, origin, target, asked)
        publishers = self.stations.unread_publishers if question.from_internet else ()
        return (*unfollowed(question), *publishers)

    def ways(self, origin: Origin, target: Resource, asked: FlowSet | None = None) -> Iterator[Reach]:
        """Every way that traffic could take, shortest first, each with how it comes out."""
        for journey in self._journeys(origin, target, asked):
            yield Reach(origin.name, target, journey.marks, journey.holds, journey.needs)

    def _journeys(self, origin: Origin, target: Resource, asked: FlowSet | None) -> Iterator[Journey]:
        """Each chain as it was followed. Those from the Internet, which much is asked of, are followed once."""
        if asked is not None or origin is not self.internet:
            return self._follow(origin, target, asked)
        found = self._from_internet.get(target.id)
        if found is None:
            found = self._from_internet[target.id] = _Once(self._follow(origin, target, asked))
        return iter(found)

    def _follow(self, origin: Origin, target: Resource, asked: FlowSet | None) -> Iterator[Journey]:
        """A public address is reached where what has it lets something in by it."""
        ends = self.estate.into(target, Relation.HAS_ADDRESS) if target.type == PUBLIC_ADDRESS else (target,)
        for end in ends:
            for chain in self.stations.topology.chains(_start(origin), end.id.key):
                if end is target or target.id.key in chain:
                    yield from journeys(self.stations, origin, chain, asked)

    def _no_way(self, origin: Origin, target: Resource) -> str:
        """Why there is no chain at all."""
        if target.type == PUBLIC_ADDRESS:
            owners = ", ".join(owner.name for owner in self.estate.into(target, Relation.HAS_ADDRESS))
            holder = None if owners else _holder(target)
            if holder is not None:
                owners = (holder.parent or holder).name
            return f"{owners} takes nothing in by {target.name}" if owners else f"nothing has the address {target.name}"
        if isinstance(origin, Outside) and not origin.on_premises:
            return (
                f"nothing leads from {origin.name} to {target.name}: it has no public address,"
                " and nothing that has one passes on to it"
            )
        return f"nothing leads from {origin.name} to {target.name}"

    def holders(self, addresses: AddressSet) -> tuple[Resource, ...]:
        """The public addresses of this estate that are in a range, by id."""
        found: list[Resource] = []
        for public in self.estate.seen(PUBLIC_ADDRESS):
            try:
                if prefixes_of(public, "properties", "ipAddress").meets(addresses):
                    found.append(public)
            except NotKnown:
                continue
        return tuple(found)

    def standing_at(self, place: Seat) -> tuple[Resource, ...]:
        """What has an address of its own among those of a place, by id; a subnet as a whole has none."""
        found: list[Resource] = []
        for target in self.targets:
            seat = self.fabric.seat(target) if target.type != SUBNET else None
            if isinstance(seat, Seat) and seat.subnet.id == place.subnet.id and not seat.anywhere:
                own = seat.addresses
                if own.meets(place.addresses) and own != subnet_prefixes(seat.subnet):
                    found.append(target)
        return tuple(found)

    def origins(self, resource: Resource) -> tuple[Origin, ...]:
        """Where traffic of a resource comes from: every interface, every subnet of a network; raises `NotKnown`."""
        if resource.type == NETWORK:
            below = self.estate.all(f"{NETWORK}/subnets", under=resource.id)
            return tuple(origin for subnet in below for origin in self.origins(subnet))
        if resource.type in (VM, SCALE_SET):
            ids = self.estate.targets(resource, Relation.HAS_NIC)
            interfaces = (self.estate.need(id_, resource.place("properties")) for id_ in ids)
            return tuple(origin for interface in interfaces for origin in self.origins(interface))
        seat = self.fabric.seat(resource)
        if isinstance(seat, Unknown):
            raise NotKnown(seat)
        return () if seat is None else (seat,)

    def origins_of_range(self, name: str, addresses: AddressSet) -> tuple[Origin, ...]:
        """Where traffic from a range comes from: subnets that hold a part of it, the Internet, on premises."""
        return tuple(self._parts(name, addresses))

    def _parts(self, name: str, addresses: AddressSet) -> Iterator[Origin]:
        for subnet in self.estate.seen(f"{NETWORK}/subnets"):
            seat = self.fabric.seat(subnet)
            if isinstance(seat, Seat) and seat.addresses.meets(addresses):
                yield Seat(subnet, subnet, seat.addresses & addresses)
        rest = addresses - self.spaces
        inside = never_internet() | self.behind_gateways
        public, private = rest - inside, rest & inside
        if not public.is_empty:
            yield Outside(name, Addresses.known(public))
        if not private.is_empty:
            yield Outside(name, Addresses.known(private), on_premises=True)


@once_an_estate
def reachability_of(estate: Estate) -> Reachability:
    """The questions of an estate, made once for everybody who asks."""
    return Reachability.of(estate)


def _start(origin: Origin) -> str:
    if isinstance(origin, Seat):
        return start_at(origin.resource.id)
    return PREMISES if origin.on_premises else OUTSIDE


def _first(origin: Origin) -> Mark:
    id_: ArmId | None = origin.resource.id if isinstance(origin, Seat) else None
    return Mark(origin.name, id_)


def _stopped(origin: Origin, target: Resource, says: str) -> Reach:
    step = Step("way", False, says, (target.at("name"),))
    return Reach(origin.name, target, (_first(origin), Mark(target.name, target.id, "", (step,))), reaches=False)


def _answer(origin: Origin, target: Resource, found: Iterator[Journey], otherwise: str) -> Reach:
    """The first journey that arrives, else the first that may, else the one that came furthest."""
    best: Journey | None = None
    stops: list[str] = []
    for journey in found:
        if journey.holds is True:
            return Reach(origin.name, target, journey.marks, reaches=True, needs=journey.needs)
        if journey.stopped is not None:
            stops.append(journey.stopped.says)
        if best is None or journey.came > best.came:
            best = journey
    if best is None:
        return _stopped(origin, target, otherwise)
    own = best.stopped.says if best.stopped is not None else ""
    also = tuple(says for says in dict.fromkeys(stops) if says != own)
    return Reach(origin.name, target, best.marks, best.holds, best.needs, also)


def _holder(public: Resource) -> ArmId | None:
    """What a public address says that it is used by; nothing where a plan does not state it."""
    try:
        return public.ref("properties", "ipConfiguration")
    except NotKnown:
        return None
