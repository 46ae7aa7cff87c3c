"""What somebody who takes over an identity can do next, and next after that: an ordered list of steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from auditor.access.assignments import Hold
from auditor.access.effective import Access, access_of
from auditor.access.escalation import Escalation, escalations
from auditor.access.grants import Answer, Grant, Holding
from auditor.access.principals import IDENTITY, Principal, identities_stated
from auditor.estate import Estate, Relation
from auditor.model import ArmId, Resource, Unknown

_ML = "microsoft.machinelearningservices/workspaces"
_SITE = "microsoft.web/sites"
_MOST_STEPS = 2_000
"""A list longer than this is of no use to anybody; what is left out is said."""


@dataclass(frozen=True)
class Blow:
    """One step: who does what where, what that gives, and as whom one can go on from there (`becomes`).

    `depth` counts takeovers from the start. `grant` has the chain that allows it; `answer` how certain it is.
    """

    depth: int
    principal: Principal
    escalation: Escalation
    target: ArmId
    grant: Grant
    becomes: tuple[Principal, ...] = ()

    @property
    def answer(self) -> Answer:
        """How certain the step is."""
        return self.grant.answer


@dataclass(frozen=True)
class BlastRadius:
    """Everything that an identity leads to. `gaps` are what else it might; `cut_short` if there was no end to it."""

    start: Principal
    steps: tuple[Blow, ...]
    reached: tuple[Principal, ...]
    gaps: tuple[Unknown, ...]
    cut_short: bool = False


def blast_radius(estate: Estate, principal: str) -> BlastRadius:
    """What whoever acts as this principal can come to, breadth first, the worst of each round first.

    A step is taken on standing and on conditional rights alike (the answer of the step says which); what is only
    eligible is listed but not gone on from, since nobody has activated it. Raises `NotKnown` where the assignments
    could not be read.
    """
    access = access_of(estate)
    start = access.principal(principal)
    steps: list[Blow] = []
    gaps: dict[Unknown, None] = {}
    seen = {start.id: start}
    front = [start]
    for depth in range(len(estate.seen(IDENTITY)) + len(access.directory.known()) + 1):
        following: dict[str, Principal] = {}
        for current in front:
            found = access.what_can(current.id)
            gaps |= dict.fromkeys(found.gaps)
            gaps |= {h.role: None for h in found.holdings if isinstance(h.role, Unknown)}
            for step in _steps(estate, access, current, found.holdings, depth):
                steps.append(step)
                if step.answer in (Answer.YES, Answer.CONDITIONAL):
                    following |= {p.id: p for p in step.becomes if p.id not in seen}
        front = [following[id_] for id_ in sorted(following)]
        seen |= following
        if not front or len(steps) > _MOST_STEPS:
            break
    order = sorted(
        steps, key=lambda s: (s.depth, s.escalation.rank, s.principal.label, s.escalation.operation, s.target)
    )
    reached = tuple(p for p in seen.values() if p.id != start.id)
    return BlastRadius(start, tuple(order[:_MOST_STEPS]), reached, tuple(gaps), len(order) > _MOST_STEPS)


def _steps(
    estate: Estate, access: Access, principal: Principal, holdings: tuple[Holding, ...], depth: int
) -> Iterator[Blow]:
    """What a principal can do, each thing once per target: who controls a scope need not be told what is in it."""
    controlled: list[ArmId] = []
    for row in escalations():
        if not row.is_of_use(holdings):
            continue
        done: set[ArmId] = set()
        for target, holding in _targets(estate, row, holdings):
            implied = any(target.is_within(scope) for scope in controlled)
            if (
                target in done
                or implied
                or not row.works_on(estate.find(target), holding.assignment.is_role_assignment)
            ):
                continue
            grant = _grant(access, principal, row, holding, target)
            if grant is None:
                continue
            done.add(target)
            if row.gives == "control" and grant.answer is Answer.YES:
                controlled.append(target)
            becomes = becomes_by(estate, row, target)
            if becomes != (principal,):
                yield Blow(depth, principal, row, target, grant, becomes)


def _targets(estate: Estate, row: Escalation, holdings: tuple[Holding, ...]) -> Iterator[tuple[ArmId, Holding]]:
    """What an operation could be used on, by which holding; the widest scope and the firmest hold first."""
    order = sorted(
        holdings, key=lambda h: (h.assignment.hold is Hold.ELIGIBLE, h.conditional, len(h.assignment.scope.key))
    )
    for holding in order:
        if isinstance(holding.role, Unknown) or not holding.role.rights.plane(row.data).contains(row.operation):
            continue
        scope = holding.assignment.scope
        if row.on == "*":
            yield scope, holding
            continue
        for resource in estate.seen(row.on):
            if resource.id.is_within(scope) or scope.is_within(resource.id):
                yield (resource.id if resource.id.is_within(scope) else scope), holding


def _grant(access: Access, principal: Principal, row: Escalation, holding: Holding, target: ArmId) -> Grant | None:
    """The grant behind a step, `None` where a deny assignment stops it."""
    assert not isinstance(holding.role, Unknown)
    part, pattern, allows = access.allowing(holding.role, row.asked, row.data)[0]
    certain, doubts = access.denying.stops(principal.id, row.asked, row.data, target)
    if certain:
        return None
    return Grant(
        principal, holding.assignment, holding.role, part, pattern, allows, row.data, via=holding.via, doubts=doubts
    )


def becomes_by(estate: Estate, row: Escalation, target: ArmId) -> tuple[Principal, ...]:
    """As whom somebody can go on who does what a row of the table says on a target."""
    access = access_of(estate)
    resource = estate.find(target)
    if resource is None or not row.through:
        return ()
    if row.through == "identity":
        ids = [str(resource.stated("properties", "principalId") or "").casefold()]
    else:
        carriers = _carriers(estate, row.through, resource)
        ids = [id_ for carrier in carriers for id_ in identities_stated(carrier).values()]
    return tuple(access.directory.get(id_) for id_ in dict.fromkeys(sorted(filter(None, ids))))


def _carriers(estate: Estate, through: str, target: Resource) -> Iterator[Resource]:
    """What runs code that an operation on the target brings in."""
    if through == "carrier":
        yield target
    elif through == "computes":
        yield from estate.seen(f"{_ML}/computes", under=target.id)
    elif through == "pulls":
        for workspace in estate.into(target, Relation.USES, _ML):
            yield from estate.seen(f"{_ML}/computes", under=workspace.id)
            yield from estate.seen(f"{_ML}/onlineendpoints", under=workspace.id)
        server = target.text("properties", "loginServer") or f"{target.name}.azurecr.io".casefold()
        yield from (s for s in estate.seen(_SITE) if server in s.text("properties", "siteConfig", "linuxFxVersion"))
