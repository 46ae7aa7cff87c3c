"""Which subnet plays which part of the segmentation."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping

from auditor.estate import Estate, Relation
from auditor.model import ArmId, NotKnown, Resource, Unknown

SPARE = ("agents", "training", "scoring")
"""Parts that nothing marks while they are empty; the article gives all three the same row of its table."""

PARTS = ("gateway", "app_service", "private_endpoints", "bastion", "jump_box", *SPARE)
"""In the order of the article's table."""

_DEDICATED = ("gatewaysubnet", "azurefirewallsubnet", "azurefirewallmanagementsubnet", "routeserversubnet")
_MARKED_BY = {
    "gateway": ("microsoft.network/applicationgateways",),
    "private_endpoints": ("microsoft.network/privateendpoints",),
    "bastion": ("microsoft.network/bastionhosts",),
    "jump_box": ("microsoft.compute/virtualmachines", "microsoft.network/networkinterfaces"),
}
"""By part: the types whose sitting in a subnet makes it play that part. A delegation stands in the subnet itself."""
_AGENT_SERVICES = ("microsoft.devopsinfrastructure/pools", "microsoft.containerinstance/containergroups")
_COMPUTE = "microsoft.machinelearningservices/workspaces/computes"
_WORDS = {"agents": ("agent", "build"), "training": ("train",), "scoring": ("scor", "inferenc")}


class SubnetParts:
    """Parts by structure; where structure says nothing, names break ties, and then the order of addresses does."""

    def __init__(
        self, estate: Estate, networks: Iterable[Resource], pins: Mapping[str, tuple[ArmId, ...]] | None = None
    ) -> None:
        self._estate = estate
        kind = "microsoft.network/virtualnetworks/subnets"
        self.all: tuple[Resource, ...] = tuple(s for n in networks for s in estate.all(kind, under=n.id))
        self._parts: dict[str, tuple[Resource, ...]] = {}
        pinned = {part: found for part, ids in (pins or {}).items() if (found := self._pinned(part, ids))}
        taken: set[ArmId] = {s.id for found in pinned.values() for s in found}
        for part in PARTS[:-3]:
            free = tuple(s for s in self.all if s.id not in taken and self._plays(part, s))
            self._parts[part] = pinned.get(part) or (
                self._most_endpoints(free) if part == "private_endpoints" else free
            )
            taken |= {s.id for s in self._parts[part]}
        spare = [s for s in self.all if s.id not in taken and not self._is_dedicated(s)]
        marked = {
            "agents": tuple(s for s in spare if self._runs_agents(s)),
            "training": tuple(s for s in spare if estate.into(s, Relation.IN_SUBNET, _COMPUTE)),
        }
        known = {part: found for part, found in marked.items() if found} | pinned
        left = [s for s in spare if not any(s in found for found in known.values())]
        named = _by_name(left, known)
        self._parts |= _share_out([s for s in left if not any(s in found for found in named.values())], named)
        self._certain = frozenset(part for part in (*named, *pinned))
        self.ambiguous: bool = len(spare) != len([p for p in SPARE if p not in pinned])

    def of(self, part: str) -> tuple[Resource, ...]:
        """The subnets that play a part.

        Raises `NotKnown` where that rests on a list that could not be read: a subnet whose machines nobody listed may
        be the jump box's, and then the order of addresses gives its neighbours the wrong parts.
        """
        if part not in self._certain and (part in SPARE or not self._parts.get(part)):
            kinds = [kind for p in PARTS for kind in _MARKED_BY.get(p, ()) if part in SPARE or p == part]
            for kind in dict.fromkeys(kinds):
                self._estate.all(kind)
        return self._parts.get(part, ())

    def part_of(self, subnet: Resource) -> tuple[str, ...]:
        """The parts that a subnet plays; more than one where it serves several purposes."""
        by_structure = tuple(part for part in PARTS[:-3] if self._plays(part, subnet))
        return by_structure or tuple(part for part, found in self._parts.items() if subnet in found)

    def _pinned(self, part: str, ids: tuple[ArmId, ...]) -> tuple[Resource, ...]:
        """Those that are in these networks; none where all are in networks of another workload."""
        for id_ in ids:
            if self._estate.find(id_) is None:
                raise NotKnown(Unknown(f"{id_.text}, pinned as the {part} subnet, is not in this snapshot"))
        return tuple(s for s in self.all if s.id in ids)

    def _plays(self, part: str, subnet: Resource) -> bool:
        holds = {
            "gateway": "microsoft.network/applicationgateways",
            "bastion": "microsoft.network/bastionhosts",
            "private_endpoints": "microsoft.network/privateendpoints",
        }
        if part in holds:
            return bool(self._estate.into(subnet, Relation.IN_SUBNET, holds[part]))
        if part == "app_service":
            return self._delegated_to(subnet, "microsoft.web/serverfarms") or bool(
                self._estate.into(subnet, Relation.IN_SUBNET, "microsoft.web/sites")
            )
        if self._runs_agents(subnet):
            return False
        return any(
            self._estate.into(nic, Relation.HAS_NIC, "microsoft.compute/virtualmachines")
            for nic in self._estate.into(subnet, Relation.IN_SUBNET, "microsoft.network/networkinterfaces")
        )

    def _most_endpoints(self, subnets: tuple[Resource, ...]) -> tuple[Resource, ...]:
        """The subnet that is *the* one for private endpoints; a stray endpoint elsewhere does not make another."""
        ranked = sorted(subnets, key=lambda s: (-self._endpoints_in(s), _by_address(s)))
        return tuple(ranked[:1])

    def _endpoints_in(self, subnet: Resource) -> int:
        return len(self._estate.into(subnet, Relation.IN_SUBNET, "microsoft.network/privateendpoints"))

    def _runs_agents(self, subnet: Resource) -> bool:
        """Whether build agents run here: a Managed DevOps Pool, container groups or a scale set."""
        pools = any(self._delegated_to(subnet, service) for service in _AGENT_SERVICES)
        scale_sets = self._estate.into(subnet, Relation.IN_SUBNET, "microsoft.compute/virtualmachinescalesets")
        return pools or bool(scale_sets)

    @staticmethod
    def _delegated_to(subnet: Resource, service: str) -> bool:
        found = (n for n, _ in subnet.items("properties", "delegations"))
        return any(subnet.text("properties", "delegations", n, "properties", "serviceName") == service for n in found)

    @staticmethod
    def _is_dedicated(subnet: Resource) -> bool:
        # Azure itself knows these subnets by name alone (docs/azure/networks.md, section 8).
        return subnet.id.name.casefold() in _DEDICATED


def _by_name(spare: list[Resource], known: Mapping[str, tuple[Resource, ...]]) -> dict[str, tuple[Resource, ...]]:
    """The parts that are marked, and those that exactly one name among the rest speaks of."""
    parts = {part: known[part] for part in SPARE if part in known}
    for part in SPARE:
        named = [s for s in spare if any(word in s.id.name.casefold() for word in _WORDS[part])]
        if part not in parts and len(named) == 1 and not any(named[0] in found for found in parts.values()):
            parts[part] = (named[0],)
    return parts


def _share_out(spare: list[Resource], known: Mapping[str, tuple[Resource, ...]]) -> dict[str, tuple[Resource, ...]]:
    """Give the subnets that nothing marks and nothing names to the parts that nothing else plays, by address."""
    parts = dict(known)
    left = sorted(spare, key=_by_address)
    for part in SPARE:
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
