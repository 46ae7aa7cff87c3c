"""What can be reached from where, hop by hop: the questions that a person types, put to the semantics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from auditor.estate import Estate
from auditor.estate.naming import find_resource
from auditor.model import AuditorError, NotKnown, Resource, Unknown
from auditor.network.model import (
    NetworkModel,
    Origin,
    Outside,
    Seat,
)
from auditor.network.topology.service_tags import (
    INTERNET,
    LOAD_BALANCER,
    VIRTUAL_NETWORK,
    ServiceTags,
    canonical,
    is_tag,
)
from auditor.network.topology.virtual_networks import NETWORK
from auditor.query.conditions import conditions_of
from auditor.reach.nodes import Stations
from auditor.reach.reachability import OUTSIDE_EVERYTHING, Reach, Reachability
from auditor.sets.address_set import AddressSet
from auditor.sets.packet_set import FlowSet
from auditor.sets.port_set import PortSet
from auditor.sets.protocol_set import ProtocolSet
from auditor.sets.symbolic_addresses import Addresses

_RANK = {True: 0, False: 2}


def reach(
    estate: Estate,
    source: str | Resource,
    target: str | Resource | None = None,
    port: str | None = None,
    tags: ServiceTags | None = None,
    *,
    likely: bool = False,
) -> tuple[Reach, ...]:
    """What a source reaches, in order of id: one target, or everything that can be asked for.

    `likely` gives the likeliest answer with its conditions where there is no certain one.

    `source` is a resource, its id or name, `Internet`, an address or prefix, or a service tag; `target` a resource,
    its id or name, `Internet`, or an address or prefix, which stands for whatever has a part of it. `port` narrows the
    first connection (`443`, `443/tcp`, `53/udp`, `icmp`). Raises `AuditorError` where a word makes no sense, and
    `NotKnown` where the source's own place was not read.
    """
    world = Reachability(stations_of(estate, tags))
    origins = origins_of(world, source)
    asked = flows_of(port) if port else None
    found = _answers(world, origins, target, asked)
    if not likely or estate.is_likely or all(isinstance(answer.reaches, bool) for answer in found):
        return found
    return tuple(_Likely(world, origins, asked, tags).answers(found))


def _answers(
    world: Reachability, origins: tuple[Origin, ...], target: str | Resource | None, asked: FlowSet | None
) -> tuple[Reach, ...]:
    if isinstance(target, str) and (canonical(target.strip()) == INTERNET or _is_range(target.strip())):
        return _to_range(world, origins, target.strip(), asked)
    if target is not None:
        found = target if isinstance(target, Resource) else _target(world, target)
        return (best(world, origins, found, asked),)
    own = {origin.resource.id for origin in origins if isinstance(origin, Seat)}
    return tuple(best(world, origins, found, asked) for found in world.targets if found.id not in own)


@dataclass
class _Likely:
    """The likeliest answers to questions that have no certain one, with what they rest on."""

    world: Reachability
    origins: tuple[Origin, ...]
    asked: FlowSet | None
    tags: ServiceTags | None

    @cached_property
    def _other(self) -> Reachability:
        return Reachability(stations_of(self.world.estate.as_likely, self.tags))

    def answers(self, found: tuple[Reach, ...]) -> Iterator[Reach]:
        for answer in found:
            yield answer if isinstance(answer.reaches, bool) else self._likeliest(answer)

    def _likeliest(self, certain: Reach) -> Reach:
        """What is behind gateways of which nothing is known is the question itself where an end is on premises."""
        if any(isinstance(origin, Outside) and origin.on_premises for origin in self.origins):
            return certain
        if certain.target.type == OUTSIDE_EVERYTHING:
            if canonical(certain.target.name) != INTERNET:
                return certain
            found = _best_out(self._other, self.origins, self._other.internet, self.asked)
        else:
            found = best(self._other, self.origins, certain.target, self.asked)
        if not isinstance(found.reaches, bool):
            return certain
        doubts = [*certain.doubts]
        if not found.reaches or not doubts:
            doubts += self._unfollowed(certain.target)
        assert certain.unknown is not None
        return replace(found, unless=conditions_of(doubts or [certain.unknown], found.doubts))

    def _unfollowed(self, target: Resource) -> Iterator[Unknown]:
        if target.type != OUTSIDE_EVERYTHING:
            for origin in self.origins:
                yield from self.world.unfollowed(origin, target, self.asked)


def _is_range(typed: str) -> bool:
    return typed[:1].isdigit() or (":" in typed and "/subscriptions/" not in typed)


def _to_range(world: Reachability, origins: tuple[Origin, ...], typed: str, asked: FlowSet | None) -> tuple[Reach, ...]:
    """What has a part of a range, each asked for itself, and what of it is outside of every network."""
    if canonical(typed) == INTERNET:
        return (_best_out(world, origins, world.internet, asked),)
    ends = _of_range(world, typed)
    found: list[Reach] = []
    for end in ends:
        if isinstance(end, Outside):
            holders = world.holders(end.addresses.possible)
            found += [best(world, origins, holder, asked) for holder in holders]
            if not holders:
                found.append(_best_out(world, origins, end, asked))
            continue
        only = FlowSet.box(destination=Addresses.known(end.addresses))
        holders = world.standing_at(end)
        found += [best(world, origins, holder, asked) for holder in holders]
        if not holders:
            found.append(best(world, origins, end.resource, only if asked is None else only & asked))
    return tuple(found)


def _best_out(world: Reachability, origins: tuple[Origin, ...], to: Outside, asked: FlowSet | None) -> Reach:
    return min((world.leaves_for(origin, to, asked) for origin in origins), key=_rank)


def stations_of(estate: Estate, tags: ServiceTags | None = None) -> Stations:
    """The stations of an estate."""
    return Stations(NetworkModel.of(estate, tags))


def best(world: Reachability, origins: tuple[Origin, ...], target: Resource, asked: FlowSet | None) -> Reach:
    """The best that any of the origins does: it arrives, it may arrive, it does not."""
    found: Reach | None = None
    for origin in origins:
        answer = world.reach(origin, target, asked)
        if found is None or _rank(answer) < _rank(found):
            found = answer
        if answer.reaches is True:
            break
    assert found is not None, "a source has at least one origin"
    return found


def _rank(answer: Reach) -> int:
    return 1 if isinstance(answer.reaches, Unknown) else _RANK[answer.reaches]


# --- words ------------------------------------------------------------------------------------------------------------


def origins_of(world: Reachability, source: str | Resource) -> tuple[Origin, ...]:
    """Where the traffic of a source comes from."""
    if isinstance(source, Resource):
        return _of_resource(world, source)
    typed = source.strip()
    if canonical(typed) == INTERNET:
        return (world.internet,)
    if typed[:1].isdigit() or ":" in typed:
        return _of_range(world, typed)
    if is_tag(typed) and not _is_called(world, typed):
        return _of_tag(world, typed)
    return _of_resource(world, find_resource(world.estate, typed, lambda found: _can_send(world, found)))


def _is_called(world: Reachability, typed: str) -> bool:
    named = (resource for resource in world.estate.resources if resource.name.casefold() == typed.casefold())
    return any(_can_send(world, resource) for resource in named)


def _of_range(world: Reachability, typed: str) -> tuple[Origin, ...]:
    try:
        addresses = AddressSet.of(typed)
    except ValueError as problem:
        raise AuditorError(str(problem), "give an address, or a prefix such as 10.0.0.0/24") from None
    return world.origins_of_range(typed, addresses)


def _of_tag(world: Reachability, typed: str) -> tuple[Origin, ...]:
    name = canonical(typed)
    if name == VIRTUAL_NETWORK:
        raise AuditorError(f"{name} means another thing in every network", "name a network, or a subnet of one")
    if name == LOAD_BALANCER:
        raise AuditorError(f"{name} is the host itself, which sends health probes", "ask `auditor flow` about probes")
    return (Outside(name, world.fabric.tags.find(name)),)


def _of_resource(world: Reachability, resource: Resource) -> tuple[Origin, ...]:
    found = world.origins(resource)
    if not found:
        raise AuditorError(
            f"{resource.name} ({resource.type}) sends nothing from a virtual network",
            "--from takes Internet, an address or prefix, a service tag, a network, a subnet,"
            " or something that sits in one",
        )
    return found


def _can_send(world: Reachability, resource: Resource) -> bool:
    if resource.type == NETWORK:
        return True
    return world.fabric.seat(resource) is not None


def _target(world: Reachability, typed: str) -> Resource:
    targets = {resource.id for resource in world.targets}
    found = find_resource(world.estate, typed, lambda resource: resource.id in targets)
    if found.id in targets:
        return found
    seat = _seat_of(world, found)
    if seat is not None and seat.id in targets:
        return seat
    raise AuditorError(
        f"{found.name} ({found.type}) is nothing that traffic can be sent to",
        "--to takes a subnet, a network interface or machine, a private endpoint, a public address, a gateway,"
        " a load balancer or a service",
    )


def _seat_of(world: Reachability, resource: Resource) -> Resource | None:
    """The network interface of a machine."""
    from auditor.network.topology.virtual_networks import interface_of

    try:
        return interface_of(world.estate, resource)
    except NotKnown:
        return None


def flows_of(port: str) -> FlowSet:
    """The packets that `443`, `443/tcp`, `8080-8090/tcp`, `53/udp`, `*` or `icmp` stand for; a bare number is TCP."""
    numbers, _, protocol = port.strip().partition("/")
    try:
        if not numbers or numbers[0].isalpha():
            return FlowSet.box(ProtocolSet.of(numbers or protocol))
        return FlowSet.box(ProtocolSet.of(protocol or "tcp"), destination_ports=PortSet.of(numbers))
    except ValueError as problem:
        raise AuditorError(f"--port {port!r}: {problem}", "write 443, 443/tcp, 8080-8090/tcp, 53/udp or icmp") from None
