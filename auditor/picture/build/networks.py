"""Networks, subnets and what sits in them; public addresses; identities and what carries them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from auditor.access.principals import IDENTITY as USER_ASSIGNED
from auditor.documents.pool_membership import INTERFACES
from auditor.estate import Estate, Relation
from auditor.model import ArmId, NotKnown, Resource
from auditor.network.private_link.private_endpoints import ENDPOINT, connections
from auditor.network.topology.peering import peerings_of
from auditor.network.topology.virtual_networks import NETWORK, NIC, SUBNET
from auditor.picture.build.egress import egress_of
from auditor.picture.model import (
    IDENTITY,
    INTEGRATION,
    IdentityPicture,
    Item,
    NetworkPicture,
    SubnetPicture,
)
from auditor.services.paas_firewall import FIREWALLS
from auditor.workload.parts import Workload

_ADDRESS = "microsoft.network/publicipaddresses"


def item_of(estate: Estate, resource: Resource | ArmId, parts: Mapping[str, str], note: str = "") -> Item:
    """A resource as an item; one that is only pointed at says that it was not seen."""
    id_ = resource.id if isinstance(resource, Resource) else resource
    found = estate.find(id_)
    return Item(
        key=id_.key,
        name=found.name if found is not None else id_.name,
        type=found.type if found is not None else id_.type,
        note=note,
        part=parts.get(id_.key, ""),
        id=id_.text,
        seen=found is not None,
    )


# --- networks ---------------------------------------------------------------------------------------------------------


def networks_of(estate: Estate, found: Iterable[Workload], parts: Mapping[str, str]) -> tuple[NetworkPicture, ...]:
    """The networks of the workloads in order of id; all that were read where it is not known which those are."""
    networks: dict[ArmId, Resource] = {}
    played: dict[ArmId, _Played] = {}
    for w in found:
        networks |= {network.id: network for network in _networks(w)}
        played |= _subnet_parts(w)
    drawn = set(networks)
    return tuple(_network(estate, networks[id_], drawn, played, parts) for id_ in sorted(networks))


def _networks(w: Workload) -> tuple[Resource, ...]:
    try:
        return w.networks
    except NotKnown:
        return w.estate.seen(NETWORK)


_Played = tuple[tuple[int, str], ...]
"""The parts that a subnet plays: the place of each in its architecture, and what it is called."""
_LAST = 1_000


def _subnet_parts(w: Workload) -> dict[ArmId, _Played]:
    described = w.architecture.subnets
    order = {name: (n, subnet.label) for n, (name, subnet) in enumerate(described.items())}
    try:
        return {subnet.id: tuple(order[part] for part in w.subnets.part_of(subnet)) for subnet in w.subnets.all}
    except NotKnown:
        return {}


def _network(
    estate: Estate,
    network: Resource,
    drawn: set[ArmId],
    played: Mapping[ArmId, _Played],
    parts: Mapping[str, str],
) -> NetworkPicture:
    subnets = estate.seen(SUBNET, under=network.id)
    made = sorted((_rank(played.get(s.id, ())), s.id, _subnet(estate, s, played.get(s.id, ()), parts)) for s in subnets)
    peers = [peering.remote for peering in peerings_of(estate, network)]
    return NetworkPicture(
        item_of(estate, network, {}),
        _prefixes(network, "properties", "addressSpace", "addressPrefixes"),
        tuple(subnet for _, _, subnet in made),
        tuple(dict.fromkeys(peer.name for peer in peers if peer not in drawn)),
    )


def _rank(played: _Played) -> int:
    return min((place for place, _ in played), default=_LAST)


def _subnet(estate: Estate, subnet: Resource, played: _Played, parts: Mapping[str, str]) -> SubnetPicture:
    part = ", ".join(label for _, label in played)
    guard = estate.targets(subnet, Relation.GUARDED_BY)
    own = item_of(estate, subnet, {subnet.id.key: part})
    prefix = _prefixes(subnet, "properties", "addressPrefix") or _prefixes(subnet, "properties", "addressPrefixes")
    items = tuple(_inside(estate, subnet, parts))
    # A private endpoint answers and never asks.
    silent = bool(items) and all(item.type == ENDPOINT for item in items)
    egress = None if silent else egress_of(estate, subnet.id)
    return SubnetPicture(own, prefix, guard[0].name if guard else "", items, egress)


def _prefixes(resource: Resource, *path: str) -> str:
    stated = resource.get(*path, default=[])
    return ", ".join(map(str, [stated] if isinstance(stated, str) else stated))


def _inside(estate: Estate, subnet: Resource, parts: Mapping[str, str]) -> Iterator[Item]:
    """What sits in a subnet: an interface stands for the machine or endpoint that has it."""
    made: dict[str, Item] = {}
    for resource in estate.into(subnet, Relation.IN_SUBNET):
        owners = estate.into(resource, Relation.HAS_NIC) if resource.type in INTERFACES else ()
        for seat in owners or (resource,):
            item = _seat(estate, seat, resource, parts)
            made.setdefault(item.key, item)
    yield from sorted(made.values(), key=lambda item: (item.type, item.key))


def _seat(estate: Estate, seat: Resource, by: Resource, parts: Mapping[str, str]) -> Item:
    if seat.type in FIREWALLS:
        return Item(f"{seat.id.key}#{INTEGRATION}", seat.name, INTEGRATION, id=seat.id.text)
    if seat.type == ENDPOINT:
        return item_of(estate, seat, {}, _groups(seat))
    return item_of(estate, seat, parts, _address(by) if by.type == NIC else "")


def _groups(endpoint: Resource) -> str:
    return ", ".join(dict.fromkeys(group for c in connections(endpoint) for group in c.groups))


def _address(interface: Resource) -> str:
    for _, config in interface.items("properties", "ipConfigurations"):
        address = (config.get("properties") or {}).get("privateIPAddress")
        if address:
            return str(address)
    return ""


# --- public addresses -------------------------------------------------------------------------------------------------


def addresses_of(estate: Estate, found: Iterable[Workload], drawn: set[str]) -> tuple[Item, ...]:
    """Public addresses that something drawn has, or that belong to a workload."""
    addresses: dict[ArmId, Resource] = {}
    workloads = tuple(found)
    for address in estate.seen(_ADDRESS):
        owners = estate.into(address, Relation.HAS_ADDRESS)
        near = {holder.id.key for owner in owners for holder in (owner, *estate.into(owner, Relation.HAS_NIC))}
        if near & drawn or any(w.may_own(address) for w in workloads):
            addresses[address.id] = address
    return tuple(item_of(estate, addresses[id_], {}, _number(addresses[id_])) for id_ in sorted(addresses))


def _number(public: Resource) -> str:
    """Its address in numbers; empty where Azure has given none yet, as in a plan."""
    try:
        return str(public.get("properties", "ipAddress", default=""))
    except NotKnown:
        return ""


# --- identities -------------------------------------------------------------------------------------------------------


def identities_of(estate: Estate, found: Iterable[Workload], drawn: set[str]) -> tuple[IdentityPicture, ...]:
    """User-assigned identities of the workloads, then system-assigned ones of what is drawn, each in order of id."""
    workloads = tuple(found)
    made: list[IdentityPicture] = []
    for identity in estate.seen(USER_ASSIGNED):
        carriers = estate.into(identity, Relation.CARRIES)
        if any(c.id.key in drawn for c in carriers) or any(w.may_own(identity) for w in workloads):
            names = tuple(dict.fromkeys(carrier.name for carrier in carriers))
            made.append(IdentityPicture(item_of(estate, identity, {}), names))
    for resource in estate.resources:
        if resource.id.key in drawn and "systemassigned" in resource.text("identity", "type").replace(" ", ""):
            own = Item(f"{resource.id.key}#{IDENTITY}", "system-assigned", IDENTITY, id=resource.id.text)
            made.append(IdentityPicture(own, (resource.name,)))
    return tuple(made)
