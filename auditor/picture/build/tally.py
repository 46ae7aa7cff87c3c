"""Where in the picture a finding belongs, and what the findings of each place come to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Set

from auditor.estate import Estate, Relation
from auditor.model import ArmId, AuditResult, Finding, Outcome, Resource, Severity
from auditor.picture.model import Tally

_BELONGS = (
    Relation.GUARDED_BY,
    Relation.ROUTED_BY,
    Relation.LEAVES_BY,
    Relation.HAS_ADDRESS,
    Relation.HAS_NIC,
    Relation.FILTERED_BY,
    Relation.RUNS_ON,
    Relation.PROTECTED_BY,
)
"""What is pointed at by these belongs to whatever points: a security group to its subnet."""

_ABOUT = (Relation.SCALES, Relation.DESCRIBES, Relation.LINKED_TO, Relation.HAS_NIC)
"""What points by these belongs to what it points at: an autoscale setting to its plan."""

_RANK = {Outcome.FAIL: 0, Outcome.ERROR: 1, Outcome.UNKNOWN: 2}


class Homes:
    """Finds the item that a resource is drawn as, or drawn in."""

    problems = frozenset(_RANK)

    def __init__(self, estate: Estate, drawn: Set[str]) -> None:
        self.drawn = drawn
        self._estate = estate
        self._found: dict[ArmId, str] = {}

    def of_finding(self, finding: Finding) -> str:
        """The key of the item that a finding is counted at; one that is about nothing there belongs to the workload."""
        id_ = finding.verdict.resource
        return self.of(id_) if id_ is not None else f"workload {finding.workload}"

    def of(self, id_: ArmId) -> str:
        """The nearest drawn item; the resource itself, without its children, where none is near."""
        if id_ not in self._found:
            near = next((key for key in self._nearby(id_) if key in self.drawn), None)
            self._found[id_] = near if near is not None else self.top(id_).key
        return self._found[id_]

    def top(self, id_: ArmId) -> ArmId:
        """The resource of its own that something is a child or an extension of; groups and subscriptions stay."""
        while (parent := id_.parent) is not None and _is_resource(parent):
            id_ = parent
        return id_

    def _nearby(self, start: ArmId) -> Iterator[str]:
        """Keys of what a resource is, belongs to, is about or hangs under, the nearest first."""
        seen: set[ArmId] = set()
        ring = [start]
        while ring:
            yield from (id_.key for id_ in ring)
            seen.update(ring)
            ring = [near for id_ in ring for near in self._next_to(id_) if near not in seen]

    def _next_to(self, id_: ArmId) -> Iterator[ArmId]:
        resource = self._estate.find(id_)
        for relation in _BELONGS:
            yield from (owner.id for owner in self._estate.into(id_, relation))
        if isinstance(resource, Resource):
            for relation in _ABOUT:
                yield from self._estate.targets(resource, relation)
        parent = id_.parent
        if parent is not None and _is_resource(parent):
            yield parent


def _is_resource(id_: ArmId) -> bool:
    return bool(id_.type) and not id_.type.startswith("microsoft.resources/") and "/" in id_.type


def tallies(result: AuditResult, homes: Homes) -> Mapping[str, Tally]:
    """By key: what the findings there come to."""
    grouped: dict[str, list[Finding]] = defaultdict(list)
    for finding in result.findings:
        grouped[homes.of_finding(finding)].append(finding)
    return {key: _tally(found) for key, found in grouped.items()}


def _tally(found: list[Finding]) -> Tally:
    worst = min(found, key=_weight)
    problem = worst.outcome in _RANK
    counts = {outcome: sum(f.outcome is outcome for f in found) for outcome in Outcome}
    return Tally(
        fails=counts[Outcome.FAIL],
        errors=counts[Outcome.ERROR],
        unknown=counts[Outcome.UNKNOWN],
        waived=counts[Outcome.WAIVED],
        passes=counts[Outcome.PASS],
        severity=worst.severity if problem else "",
        first=worst.fingerprint if problem else "",
        worst=sum(f.outcome is Outcome.FAIL and f.severity == worst.severity for f in found) if problem else 0,
    )


def _weight(finding: Finding) -> tuple[int, int, bool]:
    """Fails first, then the worst, then what is required before what is advised."""
    return _RANK.get(finding.outcome, len(_RANK)), Severity(finding.severity).rank, finding.level == "should"
