"""Documents to estate."""

from __future__ import annotations

from auditor.graph.coverage import Coverage
from auditor.graph.embedded import children_in
from auditor.graph.estate import Estate
from auditor.graph.planned import Foretold
from auditor.graph.references import references_of
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
    for body in snapshot.documents:
        text = body.get("id")
        if isinstance(text, str):
            id_ = ArmId(text)
            resource = Resource(id_, body, id_, plan=plan if id_ in coverage.foretold else None)
            resources[resource.id] = resource
    for resource in tuple(resources.values()):
        for child in children_in(resource):
            resources[child.id] = child
    ordered = {resource.id: resource for resource in sorted(resources.values(), key=lambda r: r.id.key)}
    edges = [(resource, *reference) for resource in ordered.values() for reference in references_of(resource)]
    return Estate(ordered, edges, coverage, snapshot)
