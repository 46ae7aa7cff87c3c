"""Which interfaces are in which backend pools, by their own documents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from auditor.documents.pool_membership import INTERFACES, SCALE_SET, Configuration, Pooled
from auditor.estate import Estate
from auditor.estate.kept import once_an_estate
from auditor.model import ArmId, NotKnown, Unknown

_OF_INSTANCES = f"{SCALE_SET}/virtualmachines/networkinterfaces"


@dataclass(frozen=True)
class Pools:
    """By pool, NAT pool, NAT rule and pool of a gateway: its members. `gaps` says why there could be more."""

    _members: Mapping[ArmId, frozenset[ArmId]]
    gaps: tuple[Unknown, ...]

    def of(self, pool: ArmId) -> frozenset[ArmId]:
        """The interfaces that say they are in a pool."""
        return frozenset(map(interface_of, self.configurations(pool)))

    def configurations(self, pool: ArmId) -> frozenset[ArmId]:
        """The ip-configurations that say they are in a pool."""
        return self._members.get(pool, frozenset())


@once_an_estate
def pooled(estate: Estate) -> Pools:
    """The pools of every interface, and of the pattern by which each scale set makes those of its instances."""
    found: dict[ArmId, set[ArmId]] = defaultdict(set)
    gaps: list[Unknown] = []
    for interface in (resource for type_ in INTERFACES for resource in estate.seen(type_)):
        try:
            for configuration in Pooled(interface).configurations.value:
                for pool in _pools_of(configuration):
                    found[pool].add(interface.id.child("ipConfigurations", configuration.name))
        except NotKnown as gap:
            gaps.append(gap.unknown)
    return Pools({pool: frozenset(members) for pool, members in found.items()}, tuple(gaps))


def _pools_of(configuration: Configuration) -> tuple[ArmId, ...]:
    pools = (configuration.pools, configuration.nat_pools, configuration.nat_rules, configuration.gateway_pools)
    return tuple(id_ for each in pools for id_ in each.value)


def interface_of(configuration: ArmId) -> ArmId:
    """The interface that an ip-configuration belongs to; of an instance of a scale set the pattern of it."""
    parent = configuration.parent
    if parent is None or not configuration.type.endswith("/ipconfigurations"):
        return configuration
    if parent.type != _OF_INSTANCES:
        return parent
    scale_set = parent.parent.parent if parent.parent is not None else None
    return scale_set.child("networkInterfaceConfigurations", parent.name) if scale_set is not None else parent
