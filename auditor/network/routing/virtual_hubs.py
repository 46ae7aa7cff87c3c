"""Virtual WAN: whether a hub leads from one connected network to another, and past which firewall.

A connection follows the routes of the table that it is associated with, and its own prefixes are known in the tables
that it propagates to, by id or by label, also those of other hubs of the same virtual WAN. A static route of a table,
and a routing intent of the hub, come first and lead to a firewall or an appliance.

Facts: learn.microsoft.com/azure/virtual-wan/about-virtual-hub-routing, /virtual-wan/how-to-routing-policies,
/virtual-wan/virtual-wan-about (a WAN of type Basic has no transit between networks).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from auditor.documents.virtual_hub import (
    CONNECTION,
    HUB,
    ROUTE_TABLE,
    ROUTING_INTENT,
    HubConnection,
    HubRouteTable,
    Routing,
    RoutingIntent,
    VirtualHub,
    VirtualWan,
)
from auditor.estate import Estate
from auditor.estate.kept import once_an_estate
from auditor.model import ArmId, NotKnown, Resource, Unknown
from auditor.sets.address_set import AddressSet
from auditor.sets.proof import Step


@dataclass(frozen=True)
class HubWay:
    """Whether a hub leads to an address of another network. `next_hops` are the ids of what stands between."""

    step: Step
    next_hops: tuple[ArmId, ...] = ()


def is_connected(estate: Estate, network: ArmId) -> bool:
    """Whether a network is connected to a virtual hub, as far as the snapshot shows."""
    return network in _connections(estate)


@once_an_estate
def _connections(estate: Estate) -> Mapping[ArmId, list[HubConnection]]:
    found: dict[ArmId, list[HubConnection]] = defaultdict(list)
    for document in estate.seen(CONNECTION):
        view = HubConnection(document)
        known = view.network.known
        if isinstance(known, ArmId):
            found[known].append(view)
    return found


def over_hub(estate: Estate, origin: ArmId, target: ArmId, addresses: AddressSet) -> HubWay:
    """Whether the hub of a connected network leads to addresses of another network."""
    try:
        return _over(estate, origin, target, addresses)
    except NotKnown as gap:
        says = f"whether a virtual hub leads from {origin.name} to {target.name} is not known: {gap.unknown.because}"
        return HubWay(Step("virtual hub", gap.unknown, says))


def default_route(estate: Estate, network: ArmId) -> ArmId | Unknown | None:
    """Where the hub of a connected network sends what is for the Internet; `None` where it draws none of that.

    A routing intent for the Internet, or a static default route, reaches a network whose connection takes default
    routes (virtual-wan/how-to-routing-policies, virtual-wan/virtual-wan-custom-ipam: enable internet security).
    """
    here = next(iter(_connections(estate).get(network, ())), None)
    if here is None or here.takes_default_route.known is False:
        return None
    try:
        hop = next(_intent(estate, _hub_of(here), "internet"), None)
        hop = _default_of(_table(estate, here)) if hop is None else hop
        drawn = hop is not None and here.takes_default_route.value
    except NotKnown as gap:
        return gap.unknown
    return hop if drawn else None


def _default_of(table: Resource) -> ArmId | None:
    for route in HubRouteTable(table).routes.value if table.properties else ():
        if "0.0.0.0/0" in route.destinations.value:
            return ArmId(route.next_hop.value)
    return None


def _over(estate: Estate, origin: ArmId, target: ArmId, addresses: AddressSet) -> HubWay:
    here = _connections(estate)[origin][0]
    there = next(iter(_connections(estate).get(target, ())), None)
    hub = _hub_of(here)
    if there is None:
        gap = next((g for g in (estate.coverage.gap(kind) for kind in (HUB, CONNECTION)) if g is not None), None)
        if gap is not None:
            raise NotKnown(gap)
        says = f"{target.name} is not connected to a virtual hub, and {origin.name} is not peered with it"
        return HubWay(Step("virtual hub", False, says))
    _same_wan(estate, here, there)
    hops: list[ArmId] = []
    for each in dict.fromkeys((_hub_of(here), _hub_of(there))):
        hops += [hop for hop in _intent(estate, each) if hop not in hops]
    at = (here.network.evidence, there.network.evidence)
    if hops:
        names = " and ".join(hop.name for hop in hops)
        return HubWay(Step("virtual hub", True, f"{hub.name} sends private traffic to {names}", at), tuple(hops))
    table = _table(estate, here)
    static = _static(table, addresses)
    if static is not None:
        return HubWay(Step("virtual hub", True, f"{table.name} of {hub.name} leads to {static.name}", at), (static,))
    for one, other in ((here, there), (there, here)):
        if not _learns(estate, _table(estate, one), other):
            names = f"{_table(estate, one).name} of {_hub_of(one).name}, which {one.name} follows,"
            return HubWay(Step("virtual hub", False, f"{names} does not learn the routes of {other.name}", at))
    return HubWay(Step("virtual hub", True, f"{hub.name} connects {origin.name} with {target.name}", at))


def _hub_of(connection: HubConnection) -> ArmId:
    return connection.id.parent or connection.id


def _same_wan(estate: Estate, here: HubConnection, there: HubConnection) -> None:
    """Make sure that both hubs are of one virtual WAN that connects networks; raises `NotKnown` where they may not."""
    hubs = [VirtualHub(estate.need(_hub_of(each), each.resource.place("id"))) for each in (here, there)]
    wans = {hub.wan.value for hub in hubs}
    wan = wans.pop()
    if wans or wan is None:
        raise NotKnown(Unknown(f"{hubs[0].name} and {hubs[1].name} are of different virtual WANs, or of none"))
    if VirtualWan(estate.need(wan, hubs[0].wan.place)).wan_type.value != "standard":
        raise NotKnown(Unknown(f"{wan.name} is not a virtual WAN of type Standard, and what it connects is not known"))


def _intent(estate: Estate, hub: ArmId, traffic: str = "privatetraffic") -> Iterator[ArmId]:
    for document in estate.all(ROUTING_INTENT, under=hub):
        for policy in RoutingIntent(document).policies.value:
            if any(word.casefold() == traffic for word in policy.destinations.value):
                yield ArmId(policy.next_hop.value)


def _routing(connection: HubConnection) -> Routing:
    found = connection.routing.value
    assert found is not None, "a routing configuration that is absent is not known"
    return found


def _table(estate: Estate, connection: HubConnection) -> Resource:
    """The table that a connection follows; the default one may stand in no list, and has no static routes then."""
    id_ = _routing(connection).table.value
    if id_ is None:
        raise NotKnown(Unknown(f"the route table of connection {connection.name} is not in its document"))
    found = estate.find(id_)
    if found is not None:
        return found
    gap = estate.coverage.gap(ROUTE_TABLE, under=_hub_of(connection))
    if gap is not None or not _is_default(id_):
        raise NotKnown(Unknown(f"{id_.text} is not in this snapshot", absent=True) if gap is None else gap)
    return Resource(id_, {}, id_)


def _is_default(id_: ArmId) -> bool:
    return id_.name.casefold() == "defaultroutetable"


def _static(table: Resource, addresses: AddressSet) -> ArmId | None:
    """The next hop of a static route that covers the addresses; raises `NotKnown` where that cannot be determined."""
    if not table.properties:
        return None
    for route in HubRouteTable(table).routes.value:
        if route.destination_kind.value != "cidr":
            raise NotKnown(Unknown(f"{table.name} has a route by {route.destination_kind.value!r}, which is not known"))
        try:
            covered = AddressSet.of(*route.destinations.value)
        except ValueError as problem:
            raise NotKnown(Unknown(f"a route of {table.name} is not understood: {problem}")) from None
        if covered.meets(addresses):
            return ArmId(route.next_hop.value)
    return None


def _learns(estate: Estate, table: Resource, connection: HubConnection) -> bool:
    """Whether a table knows the prefixes of a connection, which propagates to it by id or by one of its labels."""
    propagated = _routing(connection).propagated.value
    if propagated is None:
        return False
    if table.id in propagated.tables.value:
        return True
    own = HubRouteTable(table).labels.value if table.properties else ()
    labels = {label.casefold() for label in (*own, *(("default",) if _is_default(table.id) else ()))}
    return bool(labels & {label.casefold() for label in propagated.labels.value})
