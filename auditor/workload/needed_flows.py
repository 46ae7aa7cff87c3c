"""What the rows of a table of flows speak of in one workload: endpoints of parts, and conditions of rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from auditor.documents.bastion import BASTION, Bastion
from auditor.documents.subnet import SubnetDocument
from auditor.estate import Relation
from auditor.facts import load
from auditor.model import NotKnown, Resource, Unknown
from auditor.network.private_link.private_endpoints import addresses, approval, connections
from auditor.network.topology.words import undecided, unread
from auditor.sets.proof import together
from auditor.sets.symbolic_addresses import Addresses
from auditor.workload.parts import Workload

_GATEWAY = "microsoft.network/applicationgateways"


def endpoint_addresses(w: Workload, part: str) -> Addresses:
    """The addresses at which a part is reached privately: those of its approved endpoints in the workload's networks.

    An endpoint elsewhere counts where there is none in these. What cannot be determined is in the result as unknown.
    """
    try:
        found = counted_endpoints(w, part)
    except NotKnown as gap:
        return unread(f"the private endpoints of {part.replace('_', ' ')}", gap.unknown)
    return Addresses.union(_of_endpoint(w, endpoint) for endpoint in found)


def counted_endpoints(w: Workload, part: str) -> list[Resource]:
    """The private endpoints of a part that count: those in the workload's networks, else all. Raises `NotKnown`."""
    endpoints = [endpoint for target in w.part(part) for endpoint in w.endpoints_to(target)]
    here = {network.id for network in w.networks}
    near = [e for e in endpoints if any(s.parent in here for s in w.estate.targets(e, Relation.IN_SUBNET))]
    return near or endpoints


def _of_endpoint(w: Workload, endpoint: Resource) -> Addresses:
    approved = together(approval(w.estate, connection) for connection in connections(endpoint))
    if approved is False:
        return Addresses.none()
    stated = addresses(w.estate, endpoint)
    if isinstance(stated, Unknown):
        return unread(f"the addresses of {endpoint.name} ({endpoint.id.key})", stated)
    found = Addresses.of(*(str(each.address) for each in stated))
    if isinstance(approved, Unknown):
        found &= Addresses.symbol(undecided(f"if {endpoint.name} is approved ({endpoint.id.key})", approved))
    return found


# --- conditions ------------------------------------------------------------------------------------------------------


def condition_holds(name: str, w: Workload, subnet: Resource) -> bool | Unknown:
    """Whether a condition of facts/row-conditions.json holds at a subnet of a workload."""
    try:
        return _CONDITIONS[name](w, subnet)
    except NotKnown as gap:
        return gap.unknown


def is_condition(name: str) -> bool:
    """Whether this is the name of a condition."""
    return name in load("row-conditions")["conditions"]


def _gateway_isolated(w: Workload, subnet: Resource) -> bool:
    if SubnetDocument(subnet).is_delegated_to(_GATEWAY):
        return True
    gateways = w.estate.into(subnet, Relation.IN_SUBNET, _GATEWAY)
    return bool(gateways) and all(_is_marked(gateway) for gateway in gateways)


def _is_marked(gateway: Resource) -> bool:
    tags = gateway.stated("tags")
    found = {str(key).casefold(): str(value) for key, value in tags.items()} if isinstance(tags, Mapping) else {}
    return found.get("enhancednetworkcontrol", "").casefold() == "true"


def _bastion_private(w: Workload, subnet: Resource) -> bool:
    hosts = w.estate.into(subnet, Relation.IN_SUBNET, BASTION)
    return bool(hosts) and all(Bastion(host).private_only.value for host in hosts)


def _bastion_developer(w: Workload, subnet: Resource) -> bool:
    hosts = [Bastion(host) for host in w.estate.seen(BASTION)]
    if any(host.is_developer and host.network.value == subnet.id.parent for host in hosts):
        return True
    w.estate.all(BASTION)
    return False


_CONDITIONS: Mapping[str, Callable[[Workload, Resource], bool]] = {
    "gateway-isolated": _gateway_isolated,
    "bastion-private": _bastion_private,
    "bastion-developer": _bastion_developer,
}
