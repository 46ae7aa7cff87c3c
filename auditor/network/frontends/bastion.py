"""Which machines Bastion can open a session to: those of its own network, and of the networks peered with it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from auditor.documents.bastion import Bastion
from auditor.documents.pool_membership import INTERFACES, SCALE_SET_INTERFACE
from auditor.estate import Estate, Relation
from auditor.estate.kept import once_an_estate
from auditor.model import ArmId, NotKnown, Resource
from auditor.network.topology.attachment import NoPlaceError, place_of
from auditor.network.topology.peering import peerings_of
from auditor.network.topology.virtual_networks import VM, network_of


def machines_near(estate: Estate, bastion: Resource) -> tuple[ArmId, ...]:
    """The interfaces of machines that a Bastion host may reach, by id; those of scale sets by their pattern.

    Left out is only what is known to be in a network that is neither its own nor peered with it
    (learn.microsoft.com/azure/bastion/vnet-peering). One of sku Developer serves its own network alone
    (learn.microsoft.com/azure/bastion/quickstart-developer).
    """
    machines = _machines_of(estate)
    near = _near(estate, Bastion(bastion))
    if near is None:
        return machines.all
    found = [nic for network in near for nic in machines.by_network.get(network, ())]
    return tuple(sorted((*machines.elsewhere, *found)))


def _near(estate: Estate, bastion: Bastion) -> frozenset[ArmId] | None:
    """The networks in reach; `None` where they cannot be determined."""
    try:
        if bastion.is_developer:
            served = bastion.network.value
            return frozenset({served}) if served is not None else None
        network = network_of(estate, place_of(estate, bastion.id).subnet)
        return frozenset((network.id, *(peering.remote for peering in peerings_of(estate, network))))
    except (NotKnown, NoPlaceError):
        return None


@dataclass(frozen=True)
class _Machines:
    """The interfaces of all machines, by the network they are in; `elsewhere` are those of which that is not known."""

    all: tuple[ArmId, ...]
    by_network: Mapping[ArmId, list[ArmId]]
    elsewhere: tuple[ArmId, ...]


@once_an_estate
def _machines_of(estate: Estate) -> _Machines:
    attached = [
        nic
        for type_ in INTERFACES
        for nic in estate.seen(type_)
        if nic.type == SCALE_SET_INTERFACE or estate.into(nic, Relation.HAS_NIC, VM)
    ]
    return _sorted(estate, attached)


def _sorted(estate: Estate, attached: Iterable[Resource]) -> _Machines:
    by_network: dict[ArmId, list[ArmId]] = defaultdict(list)
    elsewhere: list[ArmId] = []
    for nic in attached:
        try:
            by_network[place_of(estate, nic.id).network].append(nic.id)
        except (NotKnown, NoPlaceError):
            elsewhere.append(nic.id)
    return _Machines(tuple(nic.id for nic in attached), by_network, tuple(elsewhere))
