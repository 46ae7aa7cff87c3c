"""Which subnet plays which part of the segmentation."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping

from auditor.estate import Estate, Relation
from auditor.model import ArmId, NotKnown, Resource, Unknown
from auditor.workload.architecture import Architecture, default_architecture
from auditor.workload.selectors import Pointer, ids_at

_DEDICATED = ("gatewaysubnet", "azurefirewallsubnet", "azurefirewallmanagementsubnet", "routeserversubnet")
"""Azure itself knows these subnets by name alone (docs/azure/networks.md, section 8)."""
_VM, _NIC = "microsoft.compute/virtualmachines", "microsoft.network/networkinterfaces"


class SubnetParts:
    """Parts by structure; where structure says nothing, names break ties, and then the order of addresses does.

    `part` answers what plays another part of the workload: a subnet can be told by who points at it.
    """

    def __init__(
        self,
        estate: Estate,
        networks: Iterable[Resource],
        pins: Mapping[str, tuple[ArmId, ...]] | None = None,
        architecture: Architecture | None = None,
        part: Callable[[str], tuple[Resource, ...]] = lambda name: (),
    ) -> None:
        described = architecture or default_architecture()
        self._estate, self._subnets, self._part = estate, described.subnets, part
        self._spare = described.spare
        self._structural = tuple(name for name in described.subnets if name not in self._spare)
        kind = "microsoft.network/virtualnetworks/subnets"
        self.all: tuple[Resource, ...] = tuple(s for n in networks for s in estate.all(kind, under=n.id))
        self._parts: dict[str, tuple[Resource, ...]] = {}
        pinned = {name: found for name, ids in (pins or {}).items() if (found := self._pinned(name, ids))}
        taken: set[ArmId] = {s.id for found in pinned.values() for s in found}
        for name in self._structural:
            free = tuple(s for s in self.all if s.id not in taken and self._plays(name, s))
            self._parts[name] = pinned.get(name) or (self._fullest(free, name) if self._subnets[name].fullest else free)
            taken |= {s.id for s in self._parts[name]}
        spare = [s for s in self.all if s.id not in taken and not self._is_dedicated(s)]
        marked = {name: tuple(s for s in spare if self._is_marked(name, s)) for name in self._spare}
        known = {name: found for name, found in marked.items() if found} | pinned
        left = [s for s in spare if not any(s in found for found in known.values())]
        named = self._by_name(left, known)
        self._parts |= self._share_out([s for s in left if not any(s in found for found in named.values())], named)
        self._certain = frozenset(name for name in (*named, *pinned))
        self.ambiguous: bool = len(spare) != len([name for name in self._spare if name not in pinned])

    def of(self, part: str) -> tuple[Resource, ...]:
        """The subnets that play a part.

        Raises `NotKnown` where that rests on a list that could not be read: a subnet whose machines nobody listed may
        be the jump box's, and then the order of addresses gives its neighbours the wrong parts.
        """
        if part not in self._certain and (part in self._spare or not self._parts.get(part)):
            for kind in dict.fromkeys(
                kind for p in self._structural if part in (p, *self._spare) for kind in self._marks(p)
            ):
                self._estate.all(kind)
        return self._parts.get(part, ())

    def _marks(self, part: str) -> Iterator[str]:
        """The types whose sitting in a subnet makes it play a part. A delegation stands in the subnet itself."""
        if not self._subnets[part].delegated_to:
            for kind in self._subnets[part].holds:
                yield kind.casefold()
                if kind.casefold() == _VM:
                    yield _NIC

    def part_of(self, subnet: Resource) -> tuple[str, ...]:
        """The parts that a subnet plays; more than one where it serves several purposes."""
        by_structure = tuple(part for part in self._structural if self._plays(part, subnet))
        return by_structure or tuple(part for part, found in self._parts.items() if subnet in found)

    def _pinned(self, part: str, ids: tuple[ArmId, ...]) -> tuple[Resource, ...]:
        """Those that are in these networks; none where all are in networks of another workload."""
        for id_ in ids:
            if self._estate.find(id_) is None:
                raise NotKnown(Unknown(f"{id_.text}, pinned as the {part} subnet, is not in this snapshot"))
        return tuple(s for s in self.all if s.id in ids)

    def _plays(self, part: str, subnet: Resource) -> bool:
        described = self._subnets[part]
        if described.azure_name:
            return subnet.id.name.casefold() == described.azure_name.casefold()
        if any(self._is_marked(other, subnet) for other in described.unless):
            return False
        return self._is_marked(part, subnet)

    def _is_marked(self, part: str, subnet: Resource) -> bool:
        """Whether its delegation, what sits in it or who points at it makes a subnet play a part."""
        described = self._subnets[part]
        if any(self._delegated_to(subnet, service.casefold()) for service in described.delegated_to):
            return True
        if any(self._holds(subnet, kind.casefold()) for kind in described.holds):
            return True
        if described.pointed_at_by is None:
            return False
        at = Pointer(*described.pointed_at_by)
        return any(subnet.id in ids_at(each, at) for each in self._part(at.part))

    def _holds(self, subnet: Resource, kind: str) -> bool:
        if kind == _VM:
            nics = self._estate.into(subnet, Relation.IN_SUBNET, _NIC)
            return any(self._estate.into(nic, Relation.HAS_NIC, _VM) for nic in nics)
        return bool(self._estate.into(subnet, Relation.IN_SUBNET, kind))

    def _fullest(self, subnets: tuple[Resource, ...], part: str) -> tuple[Resource, ...]:
        """The subnet that is *the* one for this; a stray one elsewhere does not make another."""
        ranked = sorted(subnets, key=lambda s: (-self._count_in(s, part), _by_address(s)))
        return tuple(ranked[:1])

    def _count_in(self, subnet: Resource, part: str) -> int:
        kinds = self._subnets[part].holds
        return sum(len(self._estate.into(subnet, Relation.IN_SUBNET, kind.casefold())) for kind in kinds)

    @staticmethod
    def _delegated_to(subnet: Resource, service: str) -> bool:
        found = (n for n, _ in subnet.items("properties", "delegations"))
        return any(subnet.text("properties", "delegations", n, "properties", "serviceName") == service for n in found)

    def _is_dedicated(self, subnet: Resource) -> bool:
        return subnet.id.name.casefold() in _DEDICATED

    def _by_name(
        self, spare: list[Resource], known: Mapping[str, tuple[Resource, ...]]
    ) -> dict[str, tuple[Resource, ...]]:
        """The parts that are marked, and those that exactly one name among the rest speaks of."""
        parts = {part: known[part] for part in self._spare if part in known}
        for part in self._spare:
            words = self._subnets[part].words
            named = [s for s in spare if any(word in s.id.name.casefold() for word in words)]
            if part not in parts and len(named) == 1 and not any(named[0] in found for found in parts.values()):
                parts[part] = (named[0],)
        return parts

    def _share_out(
        self, spare: list[Resource], known: Mapping[str, tuple[Resource, ...]]
    ) -> dict[str, tuple[Resource, ...]]:
        """Give the subnets that nothing marks and nothing names to the parts that nothing else plays, by address."""
        parts = dict(known)
        left = sorted(spare, key=_by_address)
        for part in self._spare:
            if part not in parts:
                parts[part] = (left.pop(0),) if left else ()
        return parts


def _by_address(subnet: Resource) -> tuple[int, str]:
    text = subnet.get("properties", "addressPrefix") or next(
        iter(subnet.get("properties", "addressPrefixes", default=[])), ""
    )
    try:
        return int(ipaddress.ip_network(str(text), strict=False).network_address), subnet.id.key
    except ValueError:
        return 0, subnet.id.key
