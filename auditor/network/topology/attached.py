"""The addresses in a subnet that something has: what can send from there and be reached there."""

from __future__ import annotations

from auditor.documents.subnet import SubnetDocument
from auditor.estate import Estate, Relation
from auditor.model import NotKnown, Resource, Unknown
from auditor.network.topology.attachment import ENDPOINT, addresses_of
from auditor.network.topology.virtual_networks import NIC, assignable
from auditor.network.topology.words import subnet_prefix, unread
from auditor.sets.address_set import AddressSet
from auditor.sets.symbolic_addresses import Addresses


def attached_addresses(estate: Estate, subnet: Resource) -> Addresses:
    """The addresses of the interfaces in a subnet; of a service that Azure scales there, each that it can get.

    A gateway, Bastion, a scale set or a service that the subnet is delegated to takes any address but those that Azure
    keeps. Where the interfaces were not listed, or one's address cannot be read, there may be more than is known.
    """
    try:
        room = assignable(subnet)
        if SubnetDocument(subnet).delegations.value:
            return Addresses.known(room)
        found = estate.into(subnet, Relation.IN_SUBNET)
    except NotKnown as gap:
        return _unread(subnet, gap.unknown, AddressSet.none())
    known, gaps = AddressSet.none(), [gap for gap in [estate.coverage.gap(NIC)] if gap is not None]
    for resource in found:
        if resource.type == ENDPOINT:
            continue  # its interface is listed beside it
        try:
            own = addresses_of(resource) if resource.type == NIC else AddressSet.none()
        except NotKnown as gap:
            gaps.append(gap.unknown)
            continue
        if own.is_empty:
            return Addresses.known(room)
        known |= own & room
    return _unread(subnet, gaps[0], known) if gaps else Addresses.known(known)


def _unread(subnet: Resource, why: Unknown, known: AddressSet) -> Addresses:
    return unread(f"what is attached to {subnet.name} ({subnet.id.key})", why, known) & subnet_prefix(subnet)
