"""Operations that reach further than they look, and who holds them. The table is `facts/escalation.json`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, partial

from auditor.access.assignments import Assignment
from auditor.access.conditions import decided
from auditor.access.effective import Access, access_of
from auditor.access.grants import Grant, Holding
from auditor.access.known_operations import names
from auditor.access.other_grants import ASSIGN
from auditor.access.role_definitions import PermissionSet, Role
from auditor.documents.defaults import setting
from auditor.estate import Estate
from auditor.facts import load
from auditor.model import ArmId, NotKnown, Resource, Unknown
from auditor.sets.operation_set import NO_OPERATIONS, OperationSet, Rights


@dataclass(frozen=True)
class Escalation:
    """An operation and what it gives: `control`, `identity`, `code`, `keys`, ... (`rank` 0 is the worst).

    `on` is the lower-case type that it works on, `*` for any scope. `through` says whose identity is gained. `why`
    ends the sentence "the principal ...". `void_if` are properties, each with the value that makes the operation
    worthless, `void_for_roles` one that makes it worthless where a role is what grants it. `needs` is what its holder
    must hold besides to gain by it: `host`, `deployment` or `custom role`.
    """

    operation: str
    gives: str
    on: str
    why: str
    rank: int
    data: bool = False
    through: str = ""
    needs: str = ""
    void_if: tuple[tuple[str, bool | str], ...] = ()
    void_for_roles: tuple[str, bool | str] | None = None

    def works_on(self, target: Resource | None, by_role: bool = False) -> bool:
        """Whether it gives anything on this target: listing keys that nothing accepts does not.

        With `by_role`, whether a role gives it: no role opens a vault that goes by access policies.
        """
        roles = (self.void_for_roles,) if by_role and self.void_for_roles is not None else ()
        return target is None or not any(_has(target, *void) for void in (*self.void_if, *roles))

    def is_of_use(self, holdings: Iterable[Holding]) -> bool:
        """Whether somebody who holds these gains by it.

        An identity has to be put on something, and a template be deployed. Who changes a role definition gains where a
        custom role is its own.
        """
        rights = (h.role.rights.control for h in holdings if not isinstance(h.role, Unknown))
        if self.needs == "custom role":
            held = (h for h in holdings if h.assignment.is_role_assignment and not isinstance(h.role, Unknown))
            return any(not isinstance(h.role, Unknown) and h.role.custom for h in held)
        wanted = {"host": host_writes(), "deployment": _DEPLOY}.get(self.needs)
        return wanted is None or any(control.overlaps(wanted) for control in rights)

    @property
    def asked(self) -> OperationSet:
        """The operation as a set."""
        return OperationSet.of([self.operation])


def _has(target: Resource, name: str, value: bool | str) -> bool:
    """Whether a setting is known to have a value; one that is not known keeps an operation in the answer."""
    if name == "*":
        return True
    try:
        return setting(target, "properties", name).is_one_of(str(value))
    except NotKnown:
        return str(target.stated("properties", name)).casefold() == str(value).casefold()


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
            row.get("needs", ""),
            tuple((name, value) for name, value in row.get("void_if", ())),
            tuple(row["void_for_roles"]) if "void_for_roles" in row else None,
        )
        for row in facts["operations"]
    )
    return tuple(sorted(rows, key=lambda row: row.rank))


_DEPLOY = OperationSet.of(["Microsoft.Resources/deployments/write"])


@cache
def _opens_data() -> tuple[Escalation, ...]:
    """The rows that reach data, the plainest first."""
    kinds = load("escalation")["opens_data"]
    rows = (row for row in escalations() if row.gives in kinds)
    return tuple(sorted(rows, key=lambda row: kinds.index(row.gives)))


@cache
def workload_data() -> OperationSet:
    """Data actions on the kinds of service that hold this architecture's data."""
    return OperationSet.of(load("escalation")["workload_data"])


def reaching_data() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Control operations and data actions (patterns) that reach data by themselves, whatever else somebody holds."""
    rows = [row for row in _opens_data() if not row.needs and not row.data]
    return tuple(row.operation for row in rows), tuple(load("escalation")["workload_data"])


@cache
def _metadata() -> OperationSet:
    return OperationSet.of(load("escalation")["workload_metadata"])


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


def data_access(rights: Rights, works: Callable[[Escalation], bool] | None = None) -> str | None:
    """An operation by which these rights reach data, keys and secrets included; `None` where they do not.

    Taking over an identity or code that runs as one counts too; reading names and dates does not. `works` says whether
    a row of the table gives anything to its holder where it is asked; without it, these rights are all that there is.

    A Reader's `*/read` also pulls images and reads a workspace's secret metadata (docs/azure/access.md, section 7);
    that is not counted here, or nobody could be a Reader.
    """
    works = partial(_by_itself, rights) if works is None else works
    for row in _opens_data():
        if rights.plane(row.data).contains(row.operation) and works(row):
            return row.operation
    void = OperationSet.of(row.operation for row in escalations() if row.data and not works(row))
    return ((rights.data & workload_data()) - _metadata() - void).witness(names(True))


def _by_itself(rights: Rights, row: Escalation) -> bool:
    """Whether these rights have all that a row of the table needs; that they are a custom role's is not supposed."""
    wanted = {"host": host_writes(), "deployment": _DEPLOY, "custom role": NO_OPERATIONS}.get(row.needs)
    return wanted is None or rights.control.overlaps(wanted)


def works_below(estate: Estate, row: Escalation, scope: ArmId) -> bool:
    """Whether a role at a scope gives what a row says on something there; what is not there yet counts."""
    targets = () if row.on == "*" else estate.seen(row.on, under=scope)
    return not targets or any(row.works_on(target, by_role=True) for target in targets)


_REQUEST = "@request:microsoft.authorization/roleassignments:"


def delegates(access: Access, assignment: Assignment, reaches: Callable[[Role], bool]) -> bool | Unknown:
    """Whether who assigns roles under a condition can give a role that reaches something: to itself for certain, or
    perhaps to others that it acts as. `reaches` says whether a role does.

    Every role that is known is tried against the condition (learn.microsoft.com/azure/role-based-access-control/
    delegate-role-assignments-examples): one that it stops cannot be assigned, whatever else is not known.
    """
    own = {f"{_REQUEST}principalid": (assignment.principal,)}
    if assignment.principal_kind:
        own[f"{_REQUEST}principaltype"] = (assignment.principal_kind,)
    others: str | None = None
    parts = () if isinstance(found := access.role_of(assignment), Unknown) else found.sets
    able = [part for part in parts if part.rights.control.contains(ASSIGN)]

    def texts(part: PermissionSet) -> list[str]:
        return [text for text in (assignment.condition, part.condition) if text]

    for guid in access.roles.guids():
        asked = {f"{_REQUEST}roledefinitionid": (guid,)}
        free = [p for p in able if not any(decided(t, asked).failed.contains(ASSIGN) for t in texts(p))]
        role = access.roles.get(guid) if free else None
        if role is None or isinstance(role, Unknown) or not reaches(role):
            continue
        if any(all(decided(text, asked | own).met.contains(ASSIGN) for text in texts(part)) for part in free):
            return True
        others = role.name
    if others is None:
        return False
    return Unknown(f"whether its condition lets it assign {others} to an identity that it can act as is not known")


def delegates_data(access: Access, assignment: Assignment, estate: Estate, scope: ArmId) -> bool | Unknown:
    """Whether somebody who assigns roles under a condition can give data at a scope."""

    def reaches(role: Role) -> bool:
        rights = role.rights - access.voids.below(scope).rights
        return data_access(rights, lambda row: _by_itself(rights, row) and works_below(estate, row, scope)) is not None

    return delegates(access, assignment, reaches)


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
            # What lies in a resource is asked for with it; what lies in a group is asked for by itself.
            answer = access.who_can(row.operation, scope, row.data, below=estate.find(scope) is not None)
            gaps |= dict.fromkeys(answer.gaps)
            by_role = row.void_for_roles is None or _has_target(estate, row, scope, by_role=True)
            for grant in answer.grants:
                if grant.assignment.is_role_assignment and not by_role:
                    continue
                if not row.is_of_use(access.holdings_of(grant.principal.id) if row.needs else ()):
                    continue
                key = (row.operation, grant.principal.id, grant.assignment.resource.id.key)
                if grant.principal.id not in meant:
                    found.setdefault(key, Reach(row, scope, grant))
    order = sorted(found.values(), key=lambda r: (r.escalation.rank, r.grant.principal.label, r.scope.key))
    return tuple(order), tuple(gaps)


def _has_target(estate: Estate, row: Escalation, scope: ArmId, by_role: bool = False) -> bool:
    """Whether there is something at or below a scope that the operation gives anything on."""
    targets = (*estate.seen(row.on, under=scope), *filter(None, [estate.find(scope)] if scope.type == row.on else []))
    return row.on == "*" or any(row.works_on(target, by_role) for target in targets)
