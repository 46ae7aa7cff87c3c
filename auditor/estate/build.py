"""Documents to estate."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from auditor.estate.children import children_in, contradictions_in, unlisted_in
from auditor.estate.coverage import Coverage
from auditor.estate.estate import Estate, Gaps
from auditor.estate.inline import inline_in
from auditor.estate.planned import Foretold
from auditor.estate.principals import Principals
from auditor.estate.references import references_of, unreadable_in
from auditor.estate.value_kinds import oddities
from auditor.model import ArmId, Resource
from auditor.snapshot import Snapshot

T = TypeVar("T")
_READINGS = "_readings"


def build_estate(snapshot: Snapshot, like: Estate | None = None) -> Estate:
    """Make the estate of a snapshot. Pure: the same documents in any order give the same estate.

    A child that its parent's document shows is taken from there; a document of its own for the same id is left out,
    so that a collection (which does not ask twice) and an import (which may hold both) give one estate.

    `like` is the estate of a snapshot that shares documents with this one, as one that a fix was applied to does: what
    was read out of a document that both hold is not read again. It changes how long this takes, and nothing else.
    """
    plan = Foretold()
    coverage = Coverage(snapshot.reads, planned=snapshot.planned)
    resources: dict[ArmId, Resource] = {}
    principals = Principals({ArmId(str(body["id"])): body for body in snapshot.documents if body.get("id")})
    for body in snapshot.documents:
        text = body.get("id")
        if isinstance(text, str):
            id_ = ArmId(text)
            foretold = id_ in coverage.foretold
            known = like.find(id_) if like is not None and not foretold else None
            if known is not None and known.body is body and known.plan is None:
                resources[known.id] = known
                continue
            said = principals.told(id_, body) if foretold else body
            odd = oddities(id_.type, id_.name, said, planned=foretold)
            resources[id_] = Resource(id_, said, id_, plan=plan if foretold else None, odd=odd)
    for resource in tuple(resources.values()):
        for child in _once(children_in, resource):
            resources[child.id] = child
    for resource in tuple(resources.values()):
        for child in inline_in(resource, resources, coverage.why_no_child):
            resources[child.id] = child
    ordered = {resource.id: resource for resource in sorted(resources.values(), key=lambda r: r.id.key)}
    edges = [(resource, *found) for resource in ordered.values() for found in _once(references_of, resource)]
    gaps = Gaps(
        [(resource, *gap) for resource in ordered.values() for gap in _once(unreadable_in, resource)],
        [(resource, *gap) for resource in ordered.values() for gap in _once(unlisted_in, resource)],
    )
    contradictions = tuple(says for resource in ordered.values() for says in _once(contradictions_in, resource))
    return Estate(ordered, edges, coverage, snapshot, gaps._replace(contradictions=contradictions))


def _once(reading: Callable[[Resource], Iterable[T]], resource: Resource) -> tuple[T, ...]:
    """What is read out of a resource's own document alone, kept with it: the document never changes."""
    readings: dict[str, tuple[T, ...]] = resource.__dict__.setdefault(_READINGS, {})
    name = reading.__name__
    if name not in readings:
        readings[name] = tuple(reading(resource))
    return readings[name]
