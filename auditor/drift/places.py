"""The places whose filters are compared, and which of them need not be: nothing that decides there is touched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from auditor.documents.pool_membership import INTERFACES
from auditor.drift.documents import Pair
from auditor.estate import Estate, Relation
from auditor.estate.naming import short
from auditor.facts import load
from auditor.model import ArmId, NotKnown, Resource
from auditor.network.nsg.filters import policies_on_endpoints
from auditor.network.topology.attachment import (
    ENDPOINT,
    SUBNET,
    place_of,
)
from auditor.sets.packet_set import FlowSet
from auditor.sets.symbolic_addresses import Addresses
from auditor.workload.nsg_table import reach_of

DIRECTIONS = ("inbound", "outbound")

_NETWORK = "microsoft.network/virtualnetworks"
_PEERING = f"{_NETWORK}/virtualnetworkpeerings"
_RULES = (
    "microsoft.network/networksecuritygroups/securityrules",
    "microsoft.network/networksecuritygroups/defaultsecurityrules",
)
_ROUTE = "microsoft.network/routetables/routes"
_GROUPS = ("sourceApplicationSecurityGroups", "destinationApplicationSecurityGroups")


@dataclass(frozen=True)
class Spot:
    """A place in a network. `kind` is `subnet`, `interface` (with a group of its own) or `private endpoints`."""

    kind: str
    id: ArmId
    label: str

    @property
    def many(self) -> bool:
        """Whether its label stands for several."""
        return self.kind == "private endpoints"

    def on(self, estate: Estate) -> Resource | None:
        """The place in one of the estates."""
        return estate.find(self.id)

    def subnet(self, estate: Estate) -> Resource:
        """The subnet that it is, or sits in; raises `NotKnown` where that was not read."""
        return place_of(estate, self.id).subnet

    def scope(self, estate: Estate, direction: str) -> FlowSet:
        """The packets that can be there: to the place inbound, from it outbound."""
        place = place_of(estate, self.id)
        if self.kind != "interface" or place.addresses.is_empty:
            return reach_of(place.subnet, direction)
        own = Addresses.known(place.addresses)
        return (FlowSet.box(destination=own) if direction == "inbound" else FlowSet.box(source=own)) & FlowSet.real()


def spots(pair: Pair, *, all_places: bool = False) -> Iterator[Spot]:
    """The places to compare, in order of kind and id."""
    shared = all_places or not pair.same_network_reads() or pair.touches(*load("drift")["shared_types"])
    subnets = sorted({s.id for estate in (pair.old, pair.new) for s in estate.seen(SUBNET)})
    for id_ in subnets:
        if shared or _deciding(pair, id_) & pair.touched:
            yield Spot("subnet", id_, short(id_))
    for nic in (found for type_ in INTERFACES for found in pair.new.seen(type_)):
        if _interface_matters(pair, nic.id, shared):
            yield Spot("interface", nic.id, f"interface {short(nic.id)}")
    for id_ in subnets:
        yield from _endpoints(pair, id_)


def _deciding(pair: Pair, subnet: ArmId) -> set[ArmId]:
    """Everything that decides what passes at a subnet, on either side."""
    found = {subnet}
    for estate in (pair.old, pair.new):
        there = estate.find(subnet)
        if there is not None:
            found |= _network(estate, there) | _groups(estate, there)
    return found


def _network(estate: Estate, subnet: Resource) -> set[ArmId]:
    """The network, what it is peered with, and the routes: what `VirtualNetwork` and `Internet` mean there."""
    network = subnet.id.parent
    found = {network} if network is not None else set()
    for peering in estate.seen(_PEERING, under=network):
        remote = peering.ref("properties", "remoteVirtualNetwork")
        found |= {peering.id} | ({remote} if remote is not None else set())
        found |= {s.id for s in estate.seen(SUBNET, under=remote)} if remote is not None else set()
    for table in estate.targets(subnet, Relation.ROUTED_BY):
        found |= {table} | {route.id for route in estate.seen(_ROUTE, under=table)}
    return found


def _groups(estate: Estate, guarded: Resource) -> set[ArmId]:
    """The security groups on a subnet or interface, their rules, and who is in the application groups they name."""
    found: set[ArmId] = set()
    for group in estate.targets(guarded, Relation.GUARDED_BY):
        rules = [rule for kind in _RULES for rule in estate.seen(kind, under=group)]
        found |= {group} | {rule.id for rule in rules}
        for member in _members(estate, rules):
            found |= {member.id} | {nic.id for nic in estate.out(member, Relation.HAS_NIC) if isinstance(nic, Resource)}
    return found


def _members(estate: Estate, rules: Iterable[Resource]) -> Iterator[Resource]:
    for rule in rules:
        for side in _GROUPS:
            for n, _ in rule.items("properties", side):
                group = rule.ref("properties", side, n)
                if group is not None:
                    yield from estate.into(group, Relation.IN_GROUP)


def _interface_matters(pair: Pair, nic: ArmId, shared: bool) -> bool:
    """Whether an interface has a group of its own, on either side, and something that decides there is touched."""
    before, after = pair.old.find(nic), pair.new.find(nic)
    if before is None or after is None:
        return False
    own = _groups(pair.old, before) | _groups(pair.new, after)
    if not own:
        return False
    around = {s for e, r in ((pair.old, before), (pair.new, after)) for s in e.targets(r, Relation.IN_SUBNET)}
    return shared or any((own | {nic} | _deciding(pair, subnet)) & pair.touched for subnet in around)


def _endpoints(pair: Pair, subnet: ArmId) -> Iterator[Spot]:
    """The private endpoints of a subnet as one place, where groups begin or cease to act on them."""
    before, after = pair.old.find(subnet), pair.new.find(subnet)
    if before is None or after is None or _applied(before) == _applied(after):
        return
    there = {e.id for e in pair.old.into(subnet, Relation.IN_SUBNET, ENDPOINT)}
    common = sorted(there & {e.id for e in pair.new.into(subnet, Relation.IN_SUBNET, ENDPOINT)})
    for endpoint in common:
        if _placed(pair.old, endpoint) and _placed(pair.new, endpoint):
            yield Spot("private endpoints", endpoint, f"private endpoints in {short(subnet)}")
            return


def _applied(subnet: Resource) -> bool:
    """Whether groups act on endpoints; where the subnet does not say, Azure's default is that they do not."""
    return policies_on_endpoints(subnet) is True


def _placed(estate: Estate, endpoint: ArmId) -> bool:
    try:
        place_of(estate, endpoint)
    except NotKnown:
        return False
    return True


__all__ = ["DIRECTIONS", "Spot", "spots"]
