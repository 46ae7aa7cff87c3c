"""The managed network of a workspace: its outbound rules, and the private endpoints that Azure made for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from auditor.documents.outbound_rule import OutboundRule as Stated
from auditor.documents.private_endpoint import TargetSide
from auditor.documents.view import Reading
from auditor.estate import Estate
from auditor.model import ArmId, NotKnown, Resource, Unknown
from auditor.workload.parts import Workload

T = TypeVar("T")


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
    return tuple(_rule(Stated(rule)) for rule in w.outbound_rules)


def _rule(stated: Stated) -> OutboundRule:
    to = stated.destination.known if _or(stated.type, "") == _BY_ENDPOINT else None
    target = _or(to.service, None) if to is not None and not isinstance(to, Unknown) else None
    group = _or(to.group, "") if to is not None and not isinstance(to, Unknown) else ""
    words = (_or(stated.type, ""), _or(stated.category, ""), _or(stated.status, ""))
    return OutboundRule(stated.resource, *words, target, group)


_BY_ENDPOINT = "privateendpoint"


def _or(reading: Reading[T], nothing: T) -> T:
    """What a reading says; where it is not known, this."""
    return nothing if isinstance(reading.known, Unknown) else reading.known


def private_link_targets(w: Workload) -> Mapping[ArmId, frozenset[str]]:
    """By service that active rules lead to, in order of id: the group ids they need. The workspace itself is left out:
    it shows no connection for the endpoint that its own managed network has to it."""
    found: dict[ArmId, set[str]] = defaultdict(set)
    for rule in outbound_rules(w):
        status = Stated(rule.resource).status.known
        if isinstance(status, Unknown) and rule.target is not None:
            raise NotKnown(status)
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
    shown = service.stated("properties", "privateEndpointConnections") is not None
    listed = estate.seen(kind, under=target) if shown else estate.all(kind, under=target)
    return tuple(c for c in listed if _is_elsewhere(TargetSide(c), estate))


def _is_elsewhere(connection: TargetSide, estate: Estate) -> bool:
    end = _or(connection.endpoint, None)
    return end is None or end.subscription not in estate.subscriptions
