"""Documents to estate."""

from __future__ import annotations

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


def build_estate(snapshot: Snapshot) -> Estate:
    """Make the estate of a snapshot. Pure: the same documents in any order give the same estate.

    A child that its parent's document shows is taken from there; a document of its own for the same id is left out,
    so that a collection (which does not ask twice) and an import (which may hold both) give one estate.
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
            said = principals.told(id_, body) if foretold else body
            odd = oddities(id_.type, id_.name, said, planned=foretold)
            resources[id_] = Resource(id_, said, id_, plan=plan if foretold else None, odd=odd)
    for resource in tuple(resources.values()):
        for child in children_in(resource):
            resources[child.id] = child
    for resource in tuple(resources.values()):
        for child in inline_in(resource, resources, coverage.why_no_child):
            resources[child.id] = child
    ordered = {resource.id: resource for resource in sorted(resources.values(), key=lambda r: r.id.key)}
    edges = [(resource, *reference) for resource in ordered.values() for reference in references_of(resource)]
    gaps = Gaps(
        [(resource, *gap) for resource in ordered.values() for gap in unreadable_in(resource)],
        [(resource, *gap) for resource in ordered.values() for gap in unlisted_in(resource)],
    )
    contradictions = tuple(says for resource in ordered.values() for says in contradictions_in(resource))
    return Estate(ordered, edges, coverage, snapshot, gaps._replace(contradictions=contradictions))
