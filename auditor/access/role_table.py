"""A row of a table of intended role assignments against what is really assigned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from auditor.access.assignments import Assignment, Hold
from auditor.access.deny_assignments import condition_of
from auditor.access.effective import Access
from auditor.access.escalation import worst_operation
from auditor.access.grants import Holding
from auditor.access.role_definitions import Role
from auditor.access.scopes import kind_of
from auditor.model import ArmId, Evidence, Unknown
from auditor.sets.operation_set import Rights


class Held(StrEnum):
    """How a row of the table is met, the first that applies."""

    STATED = "as stated"
    UNKNOWN = "unknown"
    DENIED = "denied"
    CONDITIONAL = "conditional"
    ACTIVATED = "activated"
    ELIGIBLE = "eligible"
    BY_GROUP = "by group"
    WIDER = "wider"
    COVERED = "covered"
    ELSEWHERE = "elsewhere"
    MISSING = "missing"


@dataclass(frozen=True)
class Row:
    """A role, by GUID, at a scope. `name` is what Azure calls it."""

    role: str
    name: str
    scope: ArmId


@dataclass(frozen=True)
class RowAnswer:
    """How a row is met. `says` ends a sentence that begins with the identity."""

    held: Held
    says: str
    evidence: tuple[Evidence, ...] = ()
    unknown: Unknown | None = None


def row_answer(access: Access, principal: str, row: Row) -> RowAnswer:
    """How a principal holds a row: exactly this role at exactly this scope, given to itself, for good, unconditionally.

    Anything else is said as what it is: an assignment that only comes near to the row is not the row.
    """
    holdings = access.holdings_of(principal)
    here = [h for h in holdings if h.assignment.role == row.role and h.assignment.scope == row.scope]
    own = [h for h in here if not h.via]
    for holding in own:
        if holding.assignment.hold is Hold.STANDING and not holding.conditional:
            return _stated(access, principal, row, holding)
    cut_short = access.cut_short_at(row.scope)
    if cut_short is not None:
        return RowAnswer(Held.UNKNOWN, cut_short.because, unknown=cut_short)
    return _weakened(own) or _roundabout(access, row, here, holdings) or _absent(access, row, holdings)


def _stated(access: Access, principal: str, row: Row, holding: Holding) -> RowAnswer:
    """The assignment is there; what is left to ask is whether a deny assignment takes it back."""
    evidence = holding.assignment.evidence
    void = access.voids.at(row.scope)
    lost = void.rights & holding.role.rights if void is not None and isinstance(holding.role, Role) else Rights()
    if void is not None and not lost.is_empty:
        if void.doubt is not None:
            return RowAnswer(Held.UNKNOWN, void.doubt.because, evidence, void.doubt)
        says = f"holds {row.name} at {kind_of(row.scope)}, where by its settings no role gives {lost.show(3)}"
        return RowAnswer(Held.DENIED, says, evidence)
    here = access.denying.at(row.scope)
    if isinstance(here, Unknown):
        return RowAnswer(Held.UNKNOWN, here.because, evidence, here)
    for denial in here:
        meant = access.denying.meant(denial, principal)
        if meant is False:
            continue
        gap = next((u for u in (holding.role, denial.sets, meant) if isinstance(u, Unknown)), None)
        if isinstance(holding.role, Role) and not isinstance(denial.sets, Unknown):
            at = access.denying.taken_at(denial, row.scope)
            taken, perhaps = at.certain & holding.role.rights, at.perhaps & holding.role.rights
            if taken.is_empty and perhaps.is_empty:
                continue
            if gap is None and not taken.is_empty:
                says = f"holds {row.name} at {kind_of(row.scope)}, but deny assignment {denial.name}"
                where = (*evidence, denial.resource.at("properties", "scope"))
                return RowAnswer(Held.DENIED, f"{says} takes {taken.show(3)} away", where)
        gap = condition_of(denial) if gap is None else gap
        return RowAnswer(Held.UNKNOWN, gap.because, evidence, gap)
    return RowAnswer(Held.STATED, f"holds {row.name} at {kind_of(row.scope)}", evidence)


def _weakened(own: list[Holding]) -> RowAnswer | None:
    """The right role at the right scope, but not for good or not for everything."""
    for kind, fits, how in (
        (Held.CONDITIONAL, Hold.STANDING, "only under a condition"),
        (Held.ACTIVATED, Hold.ACTIVATED, "only while it is activated"),
        (Held.ELIGIBLE, Hold.ELIGIBLE, "only as eligible: nothing until it is activated"),
    ):
        for holding in own:
            if holding.assignment.hold is fits:
                says = f"holds {holding.role_name} at {kind_of(holding.assignment.scope)} {how}"
                return RowAnswer(kind, says, holding.assignment.evidence)
    return None


def _roundabout(access: Access, row: Row, here: list[Holding], holdings: tuple[Holding, ...]) -> RowAnswer | None:
    """The right role, through a group or from a wider scope."""
    for holding in here:
        says = f"does not hold {row.name} itself: it has it {_through(holding)} at {kind_of(row.scope)}"
        return RowAnswer(Held.BY_GROUP, says, holding.assignment.evidence)
    above = [h for h in holdings if access.scopes.covers(h.assignment.scope, row.scope) is True]
    for holding in above:
        if holding.assignment.role == row.role:
            says = f"does not hold {row.name} at {kind_of(row.scope)} but wider: {holding.says}, inherited"
            return RowAnswer(Held.WIDER, says, holding.assignment.evidence)
    return None


def _through(holding: Holding) -> str:
    return "through " + ", ".join(group.label for group in holding.via)


def _absent(access: Access, row: Row, holdings: tuple[Holding, ...]) -> RowAnswer:
    """The role is not there; what stands for it, or looks like it, is said."""
    lost = f"does not hold {row.name} at {kind_of(row.scope)}"
    covering = _covering(access, row, holdings)
    elsewhere = [h for h in holdings if h.assignment.role == row.role]
    hints = list(_hints(access, row, [h for h in holdings if h.assignment.scope == row.scope and h is not covering]))
    named = [h.assignment for h in (covering, *elsewhere) if h is not None] + [a for _, a in hints]
    says = [lost]
    if covering is not None:
        inherited = "" if covering.assignment.scope == row.scope else ", inherited"
        says[0] += f": covered by {covering.says}{inherited}"
    if elsewhere:
        says.append(f"it holds it at {', '.join(kind_of(h.assignment.scope) for h in elsewhere)} instead")
    says += [hint for hint, _ in hints]
    held = Held.COVERED if covering is not None else Held.ELSEWHERE if elsewhere else Held.MISSING
    return RowAnswer(held, "; ".join(says), tuple(e for assignment in named for e in assignment.evidence))


def _covering(access: Access, row: Row, holdings: tuple[Holding, ...]) -> Holding | None:
    """A holding whose role includes the row's at the row's scope; the one that is assigned nearest."""
    needed = access.roles.get(row.role)
    if isinstance(needed, Unknown) or needed.rights.is_empty:
        return None
    above = (h for h in holdings if access.scopes.covers(h.assignment.scope, row.scope) is True)
    for holding in sorted(above, key=lambda h: -len(h.assignment.scope.key)):
        if isinstance(holding.role, Role) and needed.rights <= holding.role.rights:
            return holding
    return None


def _hints(access: Access, row: Row, here: Iterable[Holding]) -> Iterator[tuple[str, Assignment]]:
    """What looks like the row without being it: a role of the same name, or an assignment to somebody who is gone."""
    for holding in here:
        if holding.role_name.casefold() == row.name.casefold() and holding.assignment.role != row.role:
            yield f"another role of that name ({holding.assignment.role}) is assigned there", holding.assignment
        elif isinstance(holding.role, Unknown):
            yield f"{holding.role_name} is assigned there, and {holding.role.because}", holding.assignment
    for assignment, _ in access.covering(row.scope):
        if assignment.role == row.role and assignment.scope == row.scope:
            holder = access.principal_of(assignment)
            if holder.deleted or not (holder.name or holder.kind in ("user", "group")):
                gone = "which is deleted" if holder.deleted else "which nothing in this snapshot runs as"
                yield f"there it is assigned to {holder.id}, {gone}", assignment


@dataclass(frozen=True)
class Excess:
    """An assignment that no row of the table has, and what it allows beyond them."""

    holding: Holding
    beyond: Rights | Unknown
    worst: str | None

    @property
    def says(self) -> str:
        """`holds Owner at subscription X: beyond the table it may ...`."""
        if isinstance(self.beyond, Unknown):
            return f"holds {self.holding.says}, and {self.beyond.because}"
        if self.beyond.is_empty:
            return f"holds {self.holding.says}, which allows nothing beyond the table and is not in it"
        worst = f", at worst {self.worst}" if self.worst else ""
        return f"holds {self.holding.says}, beyond the table{worst}: {self.beyond.show(4)}"


def excess(
    access: Access, principal: str, rows: Iterable[Row], settled: frozenset[str] = frozenset()
) -> tuple[tuple[Excess, ...], tuple[Unknown, ...]]:
    """What a principal holds anywhere that is none of the rows; and the groups and lists that are not known.

    `settled` are groups of which it does not matter whether the principal is in them.
    """
    rows = tuple(rows)
    found = access.what_can(principal, settled=settled)
    extra = []
    for holding in found.holdings:
        stated = any(holding.assignment.role == r.role and holding.assignment.scope == r.scope for r in rows)
        if not stated or holding.via or holding.assignment.hold is Hold.ELIGIBLE:
            beyond = _beyond(access, holding, rows)
            worst = None if isinstance(beyond, Unknown) else worst_operation(beyond)
            extra.append(Excess(holding, beyond, worst))
    return tuple(extra), found.gaps


def _beyond(access: Access, holding: Holding, rows: Iterable[Row]) -> Rights | Unknown:
    """What a holding allows at its scope that the rows do not allow there."""
    if isinstance(holding.role, Unknown):
        return holding.role
    inside: list[Rights] = []
    for row in rows:
        role = access.roles.get(row.role)
        if isinstance(role, Role) and access.scopes.covers(row.scope, holding.assignment.scope) is True:
            inside.append(role.rights)
    return holding.role.rights - Rights.union(inside)
