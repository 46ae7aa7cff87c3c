"""Operations that reach further than they look, and who holds them. The table is `facts/escalation.json`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from auditor.access.effective import access_of
from auditor.access.grants import Grant
from auditor.access.known_operations import names
from auditor.estate import Estate
from auditor.facts import load
from auditor.model import ArmId, Resource, Unknown
from auditor.sets.operation_set import OperationSet, Rights


@dataclass(frozen=True)
class Escalation:
    """An operation and what it gives: `control`, `identity`, `code`, `keys`, ... (`rank` 0 is the worst).

    `on` is the lower-case type that it works on, `*` for any scope. `through` says whose identity is gained. `why`
    ends the sentence "the principal ...". `void_if` is a property and the value that makes the operation worthless.
    """

    operation: str
    gives: str
    on: str
    why: str
    rank: int
    data: bool = False
    through: str = ""
    needs_host: bool = False
    void_if: tuple[str, bool] | None = None

    def works_on(self, target: Resource | None) -> bool:
        """Whether it gives anything on this target: listing keys that nothing accepts does not."""
        if self.void_if is None or target is None:
            return True
        name, value = self.void_if
        return target.get("properties", name) is not value

    @property
    def asked(self) -> OperationSet:
        """The operation as a set."""
        return OperationSet.of([self.operation])


@cache
def escalations() -> tuple[Escalation, ...]:
    """Every row of the table, the worst first."""
    facts = load("escalation")
    rank = {kind: n for n, kind in enumerate(facts["gives"])}
    rows = (
        Escalation(
            row["operation"],
            row["gives"],
            row["on"],
            row["why"],
            rank[row["gives"]],
            row.get("data", False),
            row.get("through", ""),
            row.get("needs") == "host",
            tuple(row["void_if"]) if "void_if" in row else None,
        )
        for row in facts["operations"]
    )
    return tuple(sorted(rows, key=lambda row: row.rank))


@cache
def _opens_data() -> frozenset[str]:
    return frozenset(load("escalation")["opens_data"])


@cache
def workload_data() -> OperationSet:
    """Data actions on the kinds of service that hold this architecture's data."""
    return OperationSet.of(load("escalation")["workload_data"])


@cache
def host_writes() -> OperationSet:
    """Operations that make something which runs as an assigned identity."""
    return OperationSet.of(load("escalation")["hosts"])


def escalations_in(rights: Rights) -> Iterator[Escalation]:
    """The rows of the table that these rights hold, the worst first."""
    return (row for row in escalations() if rights.plane(row.data).contains(row.operation))


def worst(rights: Rights) -> Escalation | None:
    """The worst row of the table that these rights hold."""
    return next(escalations_in(rights), None)


def worst_operation(rights: Rights) -> str | None:
    """The operation to name first: the worst of the table, else a known one that changes something, else any."""
    row = worst(rights)
    if row is not None:
        return row.operation
    for plane in (rights.control, rights.data):
        if plane:
            known = names(plane is rights.data)
            changing = (name for name in known if not name.lower().endswith("/read"))
            return plane.witness((*changing, *known))
    return None


def data_access(rights: Rights) -> str | None:
    """An operation by which these rights reach data, keys and secrets included; `None` where they do not.

    A Reader's `*/read` also pulls images and reads a workspace's secret metadata (facts/rbac-semantics.md, section 7);
    that is not counted here, or nobody could be a Reader.
    """
    for row in escalations_in(rights):
        if row.gives in _opens_data():
            return row.operation
    return (rights.data & workload_data()).witness(names(True))


@dataclass(frozen=True)
class Reach:
    """Somebody who can do something of the table at a place."""

    escalation: Escalation
    scope: ArmId
    grant: Grant


def who_reaches(
    estate: Estate, scopes: Iterable[ArmId], meant: frozenset[str] = frozenset(), kinds: frozenset[str] = frozenset()
) -> tuple[tuple[Reach, ...], tuple[Unknown, ...]]:
    """Who, other than those meant to, holds a row of the table at one of these places or above; the worst first.

    `meant` are object ids; `kinds` keeps only rows that give one of these. The second part is what is not known.
    Raises `NotKnown` where the assignments could not be read.
    """
    access = access_of(estate)
    found: dict[tuple[str, str, str], Reach] = {}
    gaps: dict[Unknown, None] = {}
    for scope in sorted(scopes):
        for row in escalations():
            if (kinds and row.gives not in kinds) or not _has_target(estate, row, scope):
                continue
            answer = access.who_can(row.operation, scope, row.data)
            gaps |= dict.fromkeys(answer.gaps)
            for grant in answer.grants:
                key = (row.operation, grant.principal.id, grant.assignment.resource.id.key)
                if grant.principal.id not in meant:
                    found.setdefault(key, Reach(row, scope, grant))
    order = sorted(found.values(), key=lambda r: (r.escalation.rank, r.grant.principal.label, r.scope.key))
    return tuple(order), tuple(gaps)


def _has_target(estate: Estate, row: Escalation, scope: ArmId) -> bool:
    """Whether there is something at or below a scope that the operation gives anything on."""
    targets = (*estate.seen(row.on, under=scope), *filter(None, [estate.find(scope)] if scope.type == row.on else []))
    return row.on == "*" or any(row.works_on(target) for target in targets)
