"""Routes: which one a packet follows when it leaves a subnet. Longest prefix first, then user, BGP, system.

    next_hop(estate, subnet, "10.2.3.4")      -> NextHop with the deciding route, or Unknown with the reason

Facts: MicrosoftDocs/azure-docs articles/virtual-network/virtual-networks-udr-overview.md.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from functools import cached_property

from auditor.model import ArmId, Evidence, Unknown
from auditor.sets.address_set import (
    V6,
    AddressSet,
    IPAddress,
    number_of,
    parse,
)


class Hop(StrEnum):
    """Where a route leads, in the words of effective routes."""

    VNET_LOCAL = "VnetLocal"
    PEERING = "VNetPeering"
    INTERNET = "Internet"
    NONE = "None"
    APPLIANCE = "VirtualAppliance"
    GATEWAY = "VirtualNetworkGateway"
    SERVICE_ENDPOINT = "VirtualNetworkServiceEndpoint"
    PRIVATE_ENDPOINT = "InterfaceEndpoint"


class Source(IntEnum):
    """Who made a route; of two with the same prefix the lower number wins."""

    USER = 0
    BGP = 1
    SYSTEM = 2


_KEPT_AGAINST_BGP = frozenset({Hop.VNET_LOCAL, Hop.PEERING, Hop.SERVICE_ENDPOINT, Hop.PRIVATE_ENDPOINT})
"""System routes with these hops win even over a more specific BGP route."""


@dataclass(frozen=True)
class Route:
    """One route. `name` is the user route's name or `System Route`, as Network Watcher says it.

    `address` is that of the appliance, the first of several that share the packets; `sharing` are the others. `towards`
    is the network, gateway, firewall or private endpoint behind the hop. `rank` orders user routes of one prefix: an
    explicit prefix comes before a service tag, a regional tag before a global one.
    """

    prefix: str
    hop: Hop
    source: Source = Source.SYSTEM
    name: str = "System Route"
    address: str = ""
    sharing: tuple[str, ...] = ()
    table: ArmId | None = None
    towards: ArmId | None = None
    rank: int = 0
    evidence: tuple[Evidence, ...] = ()

    @cached_property
    def bounds(self) -> tuple[int, int]:
        """First and last address, on the line of `AddressSet`."""
        return parse(self.prefix)

    @cached_property
    def covers(self) -> AddressSet:
        """The addresses of the prefix."""
        return AddressSet.of(self.prefix)

    @property
    def length(self) -> int:
        """The length of the prefix in bits."""
        return _length(*self.bounds)

    def __str__(self) -> str:
        where = f"{self.hop} {self.address}".rstrip()
        return f"{self.prefix} -> {where} ({self.name})"


@dataclass(frozen=True)
class NextHop:
    """Where a packet goes first, and by which route."""

    hop: Hop
    address: str
    route: Route

    @property
    def table(self) -> str:
        """The id of the route table that decided, or `System Route`, as Network Watcher answers it."""
        return self.route.table.text if self.route.table else "System Route"


class Beats(StrEnum):
    """Which routes an unread part could still overrule."""

    EVERYTHING = "any route"
    OUTSIDE = "any route but those inside the network"
    LONGER = "any route for more than one address, but the system's own to networks and endpoints"
    DEFAULT = "the default route to the Internet"


@dataclass(frozen=True)
class Doubt:
    """A part that was not read and could hold a better route for some addresses."""

    where: AddressSet
    beats: Beats
    why: Unknown

    def touches(self, route: Route) -> bool:
        """Whether the unread part could overrule this route."""
        inside = route.source is Source.SYSTEM and route.hop is Hop.VNET_LOCAL
        kept = route.source is Source.SYSTEM and route.hop in _KEPT_AGAINST_BGP
        single = route.bounds[0] == route.bounds[1]
        return {
            Beats.EVERYTHING: True,
            Beats.OUTSIDE: not inside,
            Beats.LONGER: not kept and not single,
            Beats.DEFAULT: route.source is Source.SYSTEM and route.length == 0,
        }[self.beats]


def _length(first: int, last: int) -> int:
    width = 32 if first < V6 else 128
    return width - (last - first + 1).bit_length() + 1


@dataclass(frozen=True)
class RouteSet:
    """Every route of a subnet, the overruled ones included, and what was not read of them."""

    routes: tuple[Route, ...]
    doubts: tuple[Doubt, ...] = ()
    _index: dict[tuple[bool, int], dict[int, Route]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        index: dict[tuple[bool, int], dict[int, Route]] = {}
        for route in sorted(self.routes, key=lambda r: (r.source, r.rank, r.name)):
            first, last = route.bounds
            index.setdefault((first < V6, last - first), {}).setdefault(first, route)
        object.__setattr__(self, "_index", dict(sorted(index.items(), key=lambda item: item[0][1])))

    @cached_property
    def active(self) -> tuple[Route, ...]:
        """The winner of each prefix, longest prefixes first."""
        return tuple(route for by_first in self._index.values() for route in by_first.values())

    def route_for(self, address: IPAddress | str | int) -> Route | None:
        """The route by longest prefix; `None` where no prefix matches. Says nothing of doubts."""
        number = number_of(address)
        is_v4 = number < V6
        origin = 0 if is_v4 else V6
        for (family, reach), by_first in self._index.items():
            if family is is_v4:
                found = by_first.get(origin + (number - origin) // (reach + 1) * (reach + 1))
                if found is not None:
                    return found
        return None

    @cached_property
    def _starts(self) -> tuple[int, ...]:
        """Where the active routes begin, in order."""
        return tuple(sorted(route.bounds[0] for route in self.active))

    def route_of_all(self, first: int, last: int) -> Route | None:
        """The one route that a whole range follows; `None` where it is parted or follows none. Doubts aside."""
        route = self.route_for(first)
        if route is None or route.bounds[1] < last:
            return None
        # Prefixes nest: a longer one inside the range would begin after its first address.
        at = bisect_right(self._starts, first)
        return None if at < len(self._starts) and self._starts[at] <= last else route

    def next_hop(self, address: IPAddress | str | int) -> NextHop | Unknown:
        """Where a packet to this address goes first."""
        route = self.route_for(address)
        if route is None:
            return Unknown(f"no route covers {address}")
        number = number_of(address)
        for doubt in self.doubts:
            if doubt.where.has(number) and doubt.touches(route):
                return doubt.why
        return NextHop(route.hop, route.address, route)

    @cached_property
    def shares(self) -> tuple[tuple[AddressSet, Route], ...]:
        """Every active route with the addresses that follow it; the sets are disjoint."""
        out: list[tuple[AddressSet, Route]] = []
        taken = AddressSet.none()
        for route in self.active:
            left = route.covers - taken
            if not left.is_empty:
                out.append((left, route))
            taken |= route.covers
        return tuple(out)

    def follow(self, hops: Iterable[Hop]) -> AddressSet:
        """The addresses that follow a route with one of these hops, doubts aside."""
        wanted = frozenset(hops)
        found = AddressSet.none()
        for share, route in self.shares:
            if route.hop in wanted:
                found |= share
        return found
