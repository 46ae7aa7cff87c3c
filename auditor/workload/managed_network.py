"""The managed network of a workspace: its outbound rules, and the private endpoints that Azure made for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from auditor.estate import Estate
from auditor.model import ArmId, NotKnown, Resource, Unknown
from auditor.workload.parts import Workload


@dataclass(frozen=True)
class OutboundRule:
    """One outbound rule. Type, category, status and group are lower case, empty where they do not show."""

    resource: Resource
    type: str
    category: str
    status: str
    target: ArmId | None
    group: str


def outbound_rules(w: Workload) -> tuple[OutboundRule, ...]:
    """Every outbound rule of the workload's workspace; raises `NotKnown` where they were not read."""
    return tuple(
        OutboundRule(
            rule,
            rule.text("properties", "type"),
            rule.text("properties", "category"),
            str(rule.stated("properties", "status") or "").strip().casefold(),
            rule.ref("properties", "destination", "serviceResourceId"),
            rule.text("properties", "destination", "subresourceTarget"),
        )
        for rule in w.outbound_rules
    )


def private_link_targets(w: Workload) -> Mapping[ArmId, frozenset[str]]:
    """By service that active rules lead to, in order of id: the group ids they need. The workspace itself is left out:
    it shows no connection for the endpoint that its own managed network has to it."""
    found: dict[ArmId, set[str]] = defaultdict(set)
    for rule in outbound_rules(w):
        if not rule.status:
            rule.resource.get("properties", "status")  # of a plan this is not known
        if rule.target is not None and rule.status == "active" and (w.anchor is None or rule.target != w.anchor.id):
            found[rule.target].add(rule.group)
    return {target: frozenset(found[target]) for target in sorted(found)}


def managed_connections(estate: Estate, target: ArmId) -> tuple[Resource, ...]:
    """The connections that a service shows whose endpoint is in none of the snapshot's subscriptions.

    Managed private endpoints live in a subscription of Microsoft's, which nobody else reads; an endpoint in a hub that
    was left out of the snapshot looks the same.

    Raises `NotKnown` where the service, or the list of its connections, is not in the snapshot.
    """
    service = estate.find(target)
    kind = f"{target.type}/privateendpointconnections"
    if service is None:
        failure = estate.coverage.failure(target)
        raise NotKnown(Unknown(f"{target.text} is not in this snapshot", absent=True) if failure is None else failure)
    shown = service.get("properties", "privateEndpointConnections") is not None
    listed = estate.seen(kind, under=target) if shown else estate.all(kind, under=target)
    ours = _subscriptions(estate)
    ends = ((c, c.ref("properties", "privateEndpoint")) for c in listed)
    return tuple(c for c, end in ends if end is None or end.subscription not in ours)


def _subscriptions(estate: Estate) -> frozenset[str]:
    """The subscriptions that something of the estate is in, gathered once."""
    found = estate.worked_out.get("subscriptions")
    if not isinstance(found, frozenset):
        found = frozenset(resource.id.subscription for resource in estate.resources)
        estate.worked_out["subscriptions"] = found
    return found
