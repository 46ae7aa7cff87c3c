"""Who is a member of an application security group."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.estate import Estate, Relation
from auditor.model import ArmId, Resource, Unknown
from auditor.network.topology.words import unread
from auditor.sets.address_set import AddressSet
from auditor.sets.symbolic_addresses import Addresses

_NIC = "microsoft.network/networkinterfaces"
_ENDPOINT = "microsoft.network/privateendpoints"


def group_members(estate: Estate, group: ArmId) -> Addresses:
    """The private addresses of the members: ip-configurations of network interfaces, and private endpoints.

    Unknown beyond the members seen where the list of either kind was not read.
    """
    found = AddressSet.none()
    gaps: list[Unknown] = []
    for member in estate.into(group, Relation.IN_GROUP):
        for address, gap in _addresses(estate, member, group):
            found |= AddressSet.of(*([address] if address else []))
            gaps += [gap] if gap is not None else []
    gaps += [gap for kind in (_NIC, _ENDPOINT) if (gap := estate.coverage.gap(kind)) is not None]
    if not gaps:
        return Addresses.known(found)
    return unread(f"members of {group.name} ({group.key})", gaps[0], found)


def _addresses(estate: Estate, member: Resource, group: ArmId) -> Iterator[tuple[str, Unknown | None]]:
    if member.type == _NIC:
        yield from _configured(member, group)
        return
    interfaces = estate.out(member, Relation.HAS_NIC)
    if not interfaces:
        yield "", Unknown(f"private endpoint {member.name} names no network interface", absent=True)
    for interface in interfaces:
        if isinstance(interface, Unknown):
            yield "", interface
        else:
            yield from _configured(interface, None)


def _configured(interface: Resource, group: ArmId | None) -> Iterator[tuple[str, Unknown | None]]:
    """The addresses of the ip-configurations that are in the group, of all where the endpoint as a whole is."""
    for n, _ in interface.items("properties", "ipConfigurations"):
        where = ("properties", "ipConfigurations", n, "properties")
        members = [
            interface.ref(*where, "applicationSecurityGroups", at)
            for at, _ in interface.items(*where, "applicationSecurityGroups")
        ]
        if group is None or group in members:
            address = str(interface.get(*where, "privateIPAddress", default=""))
            try:
                AddressSet.of(address)
            except ValueError:
                yield "", Unknown(f"network interface {interface.name} states no private address", absent=True)
            else:
                yield address, None
