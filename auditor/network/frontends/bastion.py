"""Which machines Bastion can open a session to: those of its own network, and of the networks peered with it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from auditor.estate import Estate, Relation
from auditor.model import ArmId, NotKnown, Resource
from auditor.network.topology.attachment import place_of
from auditor.network.topology.peering import peerings_of
from auditor.network.topology.virtual_networks import NIC, VM, network_of


def machines_near(estate: Estate, bastion: Resource) -> tuple[ArmId, ...]:
    """The interfaces of machines that a Bastion host may reach, by id.

    Left out is only what is known to be in a network that is neither its own nor peered with it
    (learn.microsoft.com/azure/bastion/vnet-peering).
    """
    machines = _machines_of(estate)
    near = _near(estate, bastion)
    if near is None:
        return machines.all
    found = [nic for network in near for nic in machines.by_network.get(network, ())]
    return tuple(sorted((*machines.elsewhere, *found)))


def _near(estate: Estate, bastion: Resource) -> frozenset[ArmId] | None:
    """The networks in reach; `None` where they cannot be told."""
    try:
        network = network_of(estate, place_of(estate, bastion.id).subnet)
        return frozenset((network.id, *(peering.remote for peering in peerings_of(estate, network))))
    except (NotKnown, ValueError):
        return None


@dataclass(frozen=True)
class _Machines:
    """The interfaces of all machines, by the network they are in; `elsewhere` are those of which that is not known."""

    all: tuple[ArmId, ...]
    by_network: Mapping[ArmId, list[ArmId]]
    elsewhere: tuple[ArmId, ...]


def _machines_of(estate: Estate) -> _Machines:
    found = estate.worked_out.get("machines by network")
    if not isinstance(found, _Machines):
        attached = [nic for nic in estate.seen(NIC) if estate.into(nic, Relation.HAS_NIC, VM)]
        found = estate.worked_out["machines by network"] = _sorted(estate, attached)
    return found


def _sorted(estate: Estate, attached: Iterable[Resource]) -> _Machines:
    by_network: dict[ArmId, list[ArmId]] = defaultdict(list)
    elsewhere: list[ArmId] = []
    for nic in attached:
        try:
            by_network[place_of(estate, nic.id).network].append(nic.id)
        except (NotKnown, ValueError):
            elsewhere.append(nic.id)
    return _Machines(tuple(nic.id for nic in attached), by_network, tuple(elsewhere))
