"""Virtual networks and subnets: their prefixes, and which subnet a thing sits in."""

from __future__ import annotations

from auditor.estate import Estate, Relation
from auditor.model import NotKnown, Resource, Unknown
from auditor.sets.address_set import AddressSet

NETWORK = "microsoft.network/virtualnetworks"
SUBNET = f"{NETWORK}/subnets"
NIC = "microsoft.network/networkinterfaces"
VM = "microsoft.compute/virtualmachines"


def address_space(network: Resource) -> AddressSet:
    """The address space of a network; a prefix that is none is a `NotKnown`."""
    return prefixes_of(network, "properties", "addressSpace", "addressPrefixes")


def subnet_prefixes(subnet: Resource) -> AddressSet:
    """The prefixes of a subnet, stated singly or as a list."""
    return prefixes_of(subnet, "properties", "addressPrefix") | prefixes_of(subnet, "properties", "addressPrefixes")


def assignable(subnet: Resource) -> AddressSet:
    """The addresses of a subnet that something can be given: Azure keeps the first four and the last of each prefix.

    learn.microsoft.com/azure/virtual-network/virtual-networks-faq: x.x.x.0 to x.x.x.3 and the last one; of an IPv6
    prefix the same four at its start.
    """
    pairs = subnet_prefixes(subnet).pairs
    return AddressSet.of_pairs((first + _KEPT, last - 1) for first, last in pairs if last - first > _KEPT)


_KEPT = 4


def prefixes_of(resource: Resource, *path: str | int) -> AddressSet:
    """The prefixes at a path, a word or a list; empty where absent; raises `NotKnown` where one is no prefix."""
    found = resource.get(*path, default=[])
    texts = [found] if isinstance(found, str) else found
    try:
        return AddressSet.of(*(str(text) for text in texts if text))
    except ValueError as problem:
        raise NotKnown(Unknown(f"{resource.name}: {problem}")) from None


def network_of(estate: Estate, subnet: Resource) -> Resource:
    """The network that a subnet belongs to; raises `NotKnown` where it was not read."""
    parent = subnet.id.parent
    if parent is None:
        raise NotKnown(Unknown(f"{subnet.id.text} is the id of no subnet, so its network is not known"))
    return estate.need(parent, subnet.place("id"))


def subnet_of(estate: Estate, place: Resource) -> Resource | None:
    """The subnet that a subnet, an interface, a machine or anything placed in one sits in; `None` where in none.

    A machine is taken by its first interface, an interface by its first configuration: all configurations of one
    interface are in one network. Raises `NotKnown` where the reference leads to what was not read.
    """
    if place.type == SUBNET:
        return place
    if place.type == VM:
        nic = estate.one(place, Relation.HAS_NIC)
        return subnet_of(estate, nic) if nic else None
    return estate.one(place, Relation.IN_SUBNET)


def interface_of(estate: Estate, place: Resource) -> Resource | None:
    """The network interface that a place is, or that a machine or a private endpoint has first."""
    if place.type == NIC:
        return place
    return estate.one(place, Relation.HAS_NIC)
