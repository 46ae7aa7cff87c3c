"""Private endpoints: approvals that came or went, and names that no longer lead where they did."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from auditor.drift.documents import Pair, doubted_absence
from auditor.drift.model import Change, Effect, Topic
from auditor.estate import Estate, Relation
from auditor.estate.naming import short
from auditor.model import ArmId, NotKnown, Resource, Unknown
from auditor.network.private_link.private_dns import resolve
from auditor.network.private_link.private_endpoints import ENDPOINT, approval, connections
from auditor.sets.proof import Step, together

_DECIDING = (
    "microsoft.network/private", "microsoft.network/networkinterfaces", "microsoft.network/virtualnetworks",
    "microsoft.network/dns",
)  # fmt: skip
_STATUS = ("properties", "privateLinkServiceConnectionState", "status")
_CONNECTION = "/privateendpointconnections"


def changes(pair: Pair) -> Iterator[Change]:
    """The endpoints of the snapshots, then what their services have approved for endpoints elsewhere."""
    decided = pair.touches(*_DECIDING) or any(id_.type.endswith(_CONNECTION) for id_ in pair.touched)
    if decided or not pair.same_network_reads():
        for after in pair.new.seen(ENDPOINT):
            before = pair.old.find(after.id)
            if before is not None:
                yield from _compared(pair, before, after)
    yield from _strangers(pair)


def _compared(pair: Pair, before: Resource, after: Resource) -> Iterator[Change]:
    """What it leads to, then approval; names matter only where that is as it was."""
    if _targets(before) != _targets(after):
        says = f"{short(after.id)} leads to {_listed(after)} now, was {_listed(before)}"
        detail = {"before": sorted(_targets(before)), "after": sorted(_targets(after))}
        yield Change(Topic.PRIVATE_LINK, "target", Effect.OTHER, says, after.id, detail, rank=3)
    found = _turned(after.id, "approved", _approved(pair.old, before), _approved(pair.new, after), "is approved")
    if found is None:
        what = "is what its names lead to in its own network"
        found = _turned(after.id, "resolves", _names(pair.old, before), _names(pair.new, after), what)
    if found is not None:
        yield found


def _turned(id_: ArmId, kind: str, was: Step, is_: Step, what: str) -> Change | None:
    """A verdict that is another than before."""
    if isinstance(was.holds, Unknown) and isinstance(is_.holds, Unknown):
        return None
    detail: dict[str, Any] = {"before": _plain(was), "after": _plain(is_)}
    gap = next((step.holds for step in (was, is_) if isinstance(step.holds, Unknown)), None)
    if gap is not None:
        says = f"whether {short(id_)} {what} cannot be compared: {gap.because}"
        detail |= {"unknown": gap.because, "permission": gap.permission}
        return Change(Topic.PRIVATE_LINK, "unread", Effect.UNKNOWN, says, id_, detail, rank=5)
    if was.holds == is_.holds:
        return None
    detail["because"] = is_.says
    if is_.holds:
        return Change(Topic.PRIVATE_LINK, kind, Effect.BETTER, f"{short(id_)} {what} now", id_, detail, rank=4)
    says = f"{short(id_)} no longer {what}: {is_.says}"
    return Change(Topic.PRIVATE_LINK, kind, Effect.WORSE, says, id_, detail, rank=1)


def _plain(step: Step) -> bool | None:
    return None if isinstance(step.holds, Unknown) else step.holds


def _approved(estate: Estate, endpoint: Resource) -> Step:
    steps = [approval(estate, connection) for connection in connections(endpoint)]
    if not steps:
        return Step("approval", False, f"{endpoint.name} has no connection to anything")
    return _summed("approval", steps)


def _names(estate: Estate, endpoint: Resource) -> Step:
    """Whether the endpoint's names lead to it from the network that it sits in."""
    networks = [subnet.parent for subnet in estate.targets(endpoint, Relation.IN_SUBNET) if subnet.parent is not None]
    if not networks:
        return Step("names", Unknown(f"{endpoint.name} states no subnet"), "")
    try:
        found = resolve(estate, endpoint, networks[0])
    except NotKnown as gap:
        return Step("names", gap.unknown, gap.unknown.because)
    return _summed("names", [step for step in found.steps if step.name not in ("zone group", "approval")])


def _summed(name: str, steps: list[Step]) -> Step:
    """Several steps as one: the sentences of what is broken, of everything where nothing is."""
    broken = [step.says for step in steps if step.holds is False]
    return Step(name, together(steps), "; ".join(broken or [step.says for step in steps]))


def _targets(endpoint: Resource) -> frozenset[str]:
    return frozenset(f"{c.target.key} {' '.join(sorted(c.groups))}" for c in connections(endpoint))


def _listed(endpoint: Resource) -> str:
    return ", ".join(f"{short(c.target)} ({', '.join(c.groups)})" for c in connections(endpoint)) or "nothing"


def _strangers(pair: Pair) -> Iterator[Change]:
    """Connections that a service approved for an endpoint that the snapshot does not show."""
    types = {r.type for estate in (pair.old, pair.new) for r in estate.resources if r.type.endswith(_CONNECTION)}
    for id_ in sorted({r.id for type_ in types for estate in (pair.old, pair.new) for r in estate.seen(type_)}):
        if id_ in pair.touched:
            was, is_ = _accepts(pair, id_), _accepts(pair.reversed, id_)
            if is_ is True and was is False:
                yield _stranger(pair, id_, accepted=True)
            elif was is True and is_ is False:
                yield _stranger(pair.reversed, id_, accepted=False)


def _stranger(pair: Pair, id_: ArmId, *, accepted: bool) -> Change:
    """A connection that only the new side of the pair has approved."""
    connection = pair.new.find(id_)
    endpoint = connection.ref("properties", "privateEndpoint") if connection is not None else None
    service = id_.parent or id_
    named = endpoint.text if endpoint else "an endpoint that it does not name"
    managed = _ruled_to(pair.new, service) - _ruled_to(pair.old, service)
    verb = "has approved a private endpoint" if accepted else "no longer accepts a private endpoint"
    why = "an outbound rule of a managed network leads there" if managed else "those of managed networks look the same"
    says = f"{short(service)} {verb} that the snapshot does not show: {named} ({why})"
    detail = {"endpoint": endpoint.text if endpoint else None, "approved": accepted, "managed": bool(managed)}
    effect = Effect.OTHER if managed else Effect.WORSE if accepted else Effect.BETTER
    return Change(Topic.PRIVATE_LINK, "foreign", effect, says, id_, detail, rank=0 if accepted else 4)


def _ruled_to(estate: Estate, service: ArmId) -> set[ArmId]:
    """The outbound rules of managed networks that lead to a service by private endpoint."""
    return {rule.id for rule in estate.into(service, Relation.MAY_REACH)}


def _accepts(pair: Pair, id_: ArmId) -> bool | Unknown:
    """Whether the old side has approved this connection and its endpoint is none of the snapshot's."""
    connection = pair.old.find(id_)
    if connection is None:
        doubt = doubted_absence(pair.old, id_, pair.new)
        return False if doubt is None else doubt
    endpoint = connection.ref("properties", "privateEndpoint")
    return connection.text(*_STATUS) == "approved" and pair.old.find(endpoint) is None
