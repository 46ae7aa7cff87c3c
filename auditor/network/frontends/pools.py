"""Which interfaces are in which backend pools, by their own documents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from auditor.documents.pool_membership import INTERFACES, SCALE_SET, Pooled
from auditor.estate import Estate
from auditor.estate.kept import once_an_estate
from auditor.model import ArmId, NotKnown, Resource, Unknown

_OF_INSTANCES = f"{SCALE_SET}/virtualmachines/networkinterfaces"


@dataclass(frozen=True)
class Pools:
    """By pool, NAT pool and pool of a gateway: its interfaces. `gaps` says why there could be more."""

    _members: Mapping[ArmId, frozenset[ArmId]]
    gaps: tuple[Unknown, ...]

    def of(self, pool: ArmId) -> frozenset[ArmId]:
        """The interfaces that say they are in a pool."""
        return self._members.get(pool, frozenset())


@once_an_estate
def pooled(estate: Estate) -> Pools:
    """The pools of every interface, and of the pattern by which each scale set makes those of its instances."""
    found: dict[ArmId, set[ArmId]] = defaultdict(set)
    gaps: list[Unknown] = []
    for interface in (resource for type_ in INTERFACES for resource in estate.seen(type_)):
        try:
            for pool in _pools_of(interface):
                found[pool].add(interface.id)
        except NotKnown as gap:
            gaps.append(gap.unknown)
    return Pools({pool: frozenset(members) for pool, members in found.items()}, tuple(gaps))


def _pools_of(interface: Resource) -> list[ArmId]:
    found: list[ArmId] = []
    for configuration in Pooled(interface).configurations.value:
        found += (*configuration.pools.value, *configuration.nat_pools.value, *configuration.gateway_pools.value)
    return found


def interface_of(configuration: ArmId) -> ArmId:
    """The interface that an ip-configuration belongs to; of an instance of a scale set the pattern of it."""
    parent = configuration.parent
    if parent is None or not configuration.type.endswith("/ipconfigurations"):
        return configuration
    if parent.type != _OF_INSTANCES:
        return parent
    scale_set = parent.parent.parent if parent.parent is not None else None
    return scale_set.child("networkInterfaceConfigurations", parent.name) if scale_set is not None else parent
