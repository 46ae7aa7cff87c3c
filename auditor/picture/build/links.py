"""How the items of a picture are linked: ways in from the Internet, private links, outbound rules, peerings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from auditor.estate import Estate, Relation
from auditor.model import ArmId, AuditResult, NotKnown, Outcome, Place, Resource, Unknown
from auditor.network.model import Seat
from auditor.network.private_link.private_endpoints import ENDPOINT, connections
from auditor.network.topology.peering import connected, peerings_of
from auditor.picture.build.internet_paths import ways_of
from auditor.picture.model import (
    INTERNET,
    RULE_ANY,
    RULE_PRIVATE,
    Item,
    Link,
    LinkKind,
    ManagedPicture,
    Picture,
    State,
)
from auditor.reach.reachability import reachability_of
from auditor.reach.service_access import over_endpoint
from auditor.sets.proof import together
from auditor.workload.managed_network import managed_connections
from auditor.workload.parts import Workload


def links_of(estate: Estate, found: tuple[Workload, ...], result: AuditResult, drawn: Picture) -> tuple[Link, ...]:
    """Every link between two drawn items, one for each pair and kind, what stands out first."""
    cited = Cited.of(result)
    every = (
        *ways_of(estate, found, drawn),
        *_private(estate, drawn),
        *(link for m in drawn.managed for link in _managed(estate, m, cited)),
        *_peerings(estate, drawn),
    )
    keys = {item.key for item in drawn.items()}
    best: dict[tuple[str, str, LinkKind], Link] = {}
    for link in every:
        pair = (link.source, link.target, link.kind)
        if {link.source, link.target} <= keys and (pair not in best or link.state.rank < best[pair].state.rank):
            best[pair] = link
    return tuple(sorted(best.values(), key=lambda link: (link.state.rank, list(LinkKind).index(link.kind))))


@dataclass(frozen=True)
class Cited:
    """The places that failing findings cite as what decided."""

    places: Mapping[ArmId, frozenset[str]]

    @classmethod
    def of(cls, result: AuditResult) -> Cited:
        """The places of a result."""
        found: dict[ArmId, set[str]] = {}
        for finding in result.findings:
            if finding.outcome is Outcome.FAIL:
                for evidence in finding.verdict.evidence:
                    found.setdefault(evidence.place.document, set()).add(evidence.place.pointer)
        return cls({document: frozenset(pointers) for document, pointers in found.items()})

    def within(self, place: Place) -> bool:
        """Whether a finding cites this place or something in it."""
        pointers = self.places.get(place.document, frozenset())
        return any(pointer == place.pointer or pointer.startswith(place.pointer + "/") for pointer in pointers)


# --- private endpoints ------------------------------------------------------------------------------------------------


def _private(estate: Estate, drawn: Picture) -> Iterator[Link]:
    for network in drawn.networks:
        for subnet in network.subnets:
            for item in subnet.items:
                endpoint = estate.find(ArmId(item.id)) if item.type == ENDPOINT else None
                if endpoint is not None:
                    yield from _private_links(estate, endpoint)


def _private_links(estate: Estate, endpoint: Resource) -> Iterator[Link]:
    """One link for each connection: approved, and resolved by name in its own network."""
    fabric = reachability_of(estate).fabric
    seat = fabric.seat(endpoint)
    for connection in connections(endpoint):
        service = estate.find(connection.target)
        if service is None or not isinstance(seat, Seat):
            yield Link(endpoint.id.key, connection.target.key, LinkKind.PRIVATE, State.UNKNOWN,
                       f"{endpoint.name} leads to {connection.target.name}, which is not in this snapshot")  # fmt: skip
            continue
        steps = tuple(over_endpoint(fabric, seat, endpoint, service))
        holds = together(steps)
        first = next((s for s in steps if s.holds is not True), steps[-1])
        label = "" if holds is True else str(connection.evidence.value) if first.name == "approval" else "DNS"
        yield Link(endpoint.id.key, service.id.key, LinkKind.PRIVATE, _state(holds, State.BROKEN), first.says, label)


def _state(holds: bool | Unknown, otherwise: State) -> State:
    if isinstance(holds, Unknown):
        return State.UNKNOWN
    return State.HOLDS if holds else otherwise


# --- managed networks -------------------------------------------------------------------------------------------------


def _managed(estate: Estate, managed: ManagedPicture, cited: Cited) -> Iterator[Link]:
    workspace = ArmId(managed.item.id)
    for item in managed.rules:
        rule = estate.find(ArmId(item.id)) if item.id else None
        if item.type == RULE_PRIVATE and rule is not None:
            for target in estate.targets(rule, Relation.MAY_REACH):
                yield _managed_endpoint(estate, rule, target, target == workspace)
        else:
            yield _outbound(managed, item, rule, cited)


def _managed_endpoint(estate: Estate, rule: Resource, target: ArmId, own: bool) -> Link:
    """A workspace shows no connection for the endpoint that its own managed network has to it."""
    status = rule.text("properties", "status")
    says = f"the outbound rule {rule.name} to {target.name} is {status or 'of no known status'}"
    state = State.HOLDS if status == "active" else State.BROKEN if status else State.UNKNOWN
    label = "" if state is State.HOLDS else str(rule.get("properties", "status", default="") or "")
    if state is State.HOLDS and not own:
        state, label, waits = _approved(estate, target)
        says = f"{says}; {waits}" if waits else says
    return Link(rule.id.key, target.key, LinkKind.MANAGED, state, says, label)


def _approved(estate: Estate, target: ArmId) -> tuple[State, str, str]:
    """Whether the target's side shows a managed endpoint that is not approved, the label and the words for it."""
    try:
        found = managed_connections(estate, target)
    except NotKnown as gap:
        return State.UNKNOWN, "", gap.unknown.because
    path = ("properties", "privateLinkServiceConnectionState", "status")
    waiting = [connection for connection in found if connection.text(*path) != "approved"]
    if waiting:
        stated = str(waiting[0].get(*path))
        return State.BROKEN, stated, f"{target.name} holds a managed private endpoint as {stated}, not Approved"
    if not found:
        return State.BROKEN, "none", f"{target.name} shows no connection from a managed private endpoint"
    return State.HOLDS, "", ""


def _outbound(managed: ManagedPicture, item: Item, rule: Resource | None, cited: Cited) -> Link:
    place = rule.place() if rule is not None else None
    if item.type == RULE_ANY:
        place = Place(ArmId(managed.item.id), "/properties/managedNetwork/isolationMode")
    state = State.OPEN if place is not None and cited.within(place) else State.HOLDS
    says = f"the managed network of {managed.item.name} lets traffic out to {item.name}"
    return Link(item.key, INTERNET, LinkKind.OUTBOUND, state, says, "")


# --- peerings ---------------------------------------------------------------------------------------------------------


def _peerings(estate: Estate, drawn: Picture) -> Iterator[Link]:
    """Each pair once, by the side with the smaller id."""
    for network in drawn.networks:
        found = estate.find(ArmId(network.item.id))
        for peering in peerings_of(estate, found) if found is not None else ():
            step = connected(peering)
            first, second = sorted((network.item.key, peering.remote.key))
            yield Link(first, second, LinkKind.PEERING, _state(step.holds, State.BROKEN), step.says)
