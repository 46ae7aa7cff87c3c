"""Which permissions somebody gained or lost: exact differences of what is effective, not of assignments.

What somebody can do at a scope follows from what is assigned there and above, so a difference anywhere shows at a scope
where an assignment, the role that it gives, the group that holds it or a denial differs. Only these are compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from auditor.access.assignments import Assignment, Hold
from auditor.access.effective import Access, access_of
from auditor.access.escalation import Escalation, worst
from auditor.access.grants import Effective
from auditor.access.principals import Principal
from auditor.access.scopes import kind_of
from auditor.drift.access_doubts import doubts
from auditor.drift.access_points import Accesses, points
from auditor.drift.documents import Pair
from auditor.drift.model import Change, Effect, Topic
from auditor.drift.topics.outside_tokens import changes as outside_changes
from auditor.model import ArmId, NotKnown, Unknown
from auditor.query.access_json import principal_json, rights_json
from auditor.sets.operation_set import Rights

HOLDS = ("standing", "conditional", "eligible")
"""How surely something may be done: at once, where a condition is met, after activating a role."""

_SHOWN = 6


@dataclass(frozen=True)
class RightsChange:
    """What a principal may do at a scope and could not, or the other way round.

    `hold` is the surest way in which it has the operations where it has them; `else_` the surest on the other side,
    empty where it has none there. `given` are the assignments at this very scope that only that side has. `doubts` are
    what is not known on either side: the principal may have had, or still have, the same through a group. `unknown` is
    set where the side that lacks the operations could not be read as the other was, so that nothing is certain.
    """

    principal: Principal
    scope: ArmId
    granted: bool
    hold: str
    else_: str
    rights: Rights
    given: tuple[Assignment, ...]
    given_names: tuple[str, ...]
    doubts: tuple[Unknown, ...] = ()
    unknown: Unknown | None = None

    @property
    def worst(self) -> Escalation | None:
        """The operation among them that reaches furthest."""
        return worst(self.rights)

    def as_change(self) -> Change:
        """The change as reports tell it."""
        effect = Effect.UNKNOWN if self.unknown is not None else Effect.WORSE if self.granted else Effect.BETTER
        row = self.worst
        rank = (row.rank if row is not None else 20) + 30 * HOLDS.index(self.hold) + (0 if self.granted else 200)
        kind = "granted" if self.granted else "lost"
        return Change(Topic.PERMISSIONS, kind, effect, self._says, self.scope, self._detail, rank)

    @property
    def _says(self) -> str:
        how, verb = _HOW[self.hold], "may now" if self.granted else "may no longer"
        by = f" ({', '.join(self.given_names)})" if self.given_names else ""
        text = f"{self.principal.label} {verb}{how} at {kind_of(self.scope)}{by}: "
        row, everything = self.worst, self.rights.show(_SHOWN)
        if row is not None:
            more = "" if everything.removeprefix("data: ") == row.operation else f"; in all {everything}"
            text += f"{row.operation}, which {row.why}{more}"
        else:
            text += everything
        if self.else_:
            text += f"; {'it could' if self.granted else 'it still can'} {_ELSE[self.else_]}"
        return text + (f"; but that is not certain: {self.unknown.because}" if self.unknown is not None else "")

    @property
    def _detail(self) -> dict[str, Any]:
        row = self.worst
        return {
            "principal": principal_json(self.principal),
            "hold": self.hold,
            "otherwise": self.else_ or None,
            "allows": rights_json(self.rights),
            "worst": {"operation": row.operation, "gives": row.gives, "why": row.why} if row else None,
            "assignments": [
                {"id": a.resource.id.text, "role": {"id": a.role, "name": name}, "hold": a.hold.value}
                for a, name in zip(self.given, self.given_names, strict=True)
            ],
            "doubts": [{"because": doubt.because, "permission": doubt.permission} for doubt in self.doubts],
            "unknown": self.unknown.because if self.unknown is not None else None,
        }


_HOW = {"standing": "", "conditional": " under a condition", "eligible": " once it activates the role"}
_ELSE = {"conditional": "do so under a condition", "eligible": "do so by activating a role"}


def changes(pair: Pair) -> Iterator[Change]:
    """Everything gained and lost, the worst first; what cannot be compared is said once."""
    yield from outside_changes(pair)
    sides: list[Access | Unknown] = []
    for estate in (pair.old, pair.new):
        try:
            sides.append(access_of(estate))
        except NotKnown as gap:
            sides.append(gap.unknown)
    old, new = sides
    if isinstance(old, Unknown) or isinstance(new, Unknown):
        if not (isinstance(old, Unknown) and isinstance(new, Unknown)):
            why = old if isinstance(old, Unknown) else new
            assert isinstance(why, Unknown)
            yield _unread("who may do what cannot be compared", why)
        return
    accesses = Accesses(old, new)
    yield from _unread_parts(accesses)
    for found in rights_changes(pair, accesses):
        yield found.as_change()


def rights_changes(pair: Pair, accesses: Accesses) -> Iterator[RightsChange]:
    """Every difference of effective permissions, by principal and scope."""
    for principal, scope in points(pair, accesses):
        before, after = accesses.old.effective(principal, scope), accesses.new.effective(principal, scope)
        yield from _differences(accesses, principal, scope, before, after, granted=True)
        yield from _differences(accesses.reversed, principal, scope, after, before, granted=False)


def _differences(
    sides: Accesses, principal: str, scope: ArmId, without: Effective, having: Effective, *, granted: bool
) -> Iterator[RightsChange]:
    """What the new side of `sides` has and the old one has not, each operation once, at the surest hold."""
    eligible_known = not any(isinstance(access.eligible, Unknown) for access in (sides.old, sides.new))
    told, less, more = Rights(), _ladder(without), _ladder(having)
    who = sides.known(principal)
    notes = tuple(d for d in without.gaps if d not in (sides.old.eligible, sides.new.eligible))
    for step, hold in enumerate(HOLDS if eligible_known else HOLDS[:2]):
        rights = more[step] - less[step] - told
        told = told | rights
        for else_, wide in _by_other_side(rights, less, step):
            for gap, part in _by_doubt(wide, sides, principal, scope):
                given = tuple(a for a in sides.only_new(principal, scope) if _brings(sides, a, hold, part))
                names = tuple(sides.new.role_name(a) for a in given)
                yield RightsChange(who, scope, granted, hold, else_, part, given, names, notes, gap)


def _brings(sides: Accesses, assignment: Assignment, hold: str, rights: Rights) -> bool:
    """Whether an assignment of the new side is why something of these rights is held so."""
    role = sides.new.role_of(assignment)
    if isinstance(role, Unknown) or (assignment.hold is Hold.ELIGIBLE) != (hold == "eligible"):
        return False
    return not (role.rights & rights).is_empty


def _ladder(found: Effective) -> tuple[Rights, Rights, Rights]:
    """What is held standing; that and conditional; all that and eligible."""
    conditional = found.certain | found.conditional
    return found.certain, conditional, conditional | found.eligible


def _by_other_side(rights: Rights, less: tuple[Rights, Rights, Rights], step: int) -> Iterator[tuple[str, Rights]]:
    """The rights by how the other side has them after all, though less surely."""
    left = rights
    for lower in range(step + 1, len(HOLDS)):
        part = left & less[lower]
        if not part.is_empty:
            yield HOLDS[lower], part
            left = left - part
    if not left.is_empty:
        yield "", left


def _by_doubt(rights: Rights, sides: Accesses, principal: str, scope: ArmId) -> Iterator[tuple[Unknown | None, Rights]]:
    """The rights by what makes the difference uncertain; the last part is certain."""
    left = rights
    if not left.is_empty:
        for gap, doubtful in doubts(sides, principal, scope):
            part = left & doubtful
            if not part.is_empty:
                yield gap, part
                left = left - doubtful
    if not left.is_empty:
        yield None, left


def _unread_parts(accesses: Accesses) -> Iterator[Change]:
    """Parts that one side knows and the other does not; and conditions, which are not evaluated."""
    eligible = (accesses.old.eligible, accesses.new.eligible)
    if isinstance(eligible[0], Unknown) != isinstance(eligible[1], Unknown):
        why = eligible[0] if isinstance(eligible[0], Unknown) else eligible[1]
        assert isinstance(why, Unknown)
        yield _unread("who is eligible for what cannot be compared", why)
    for assignment, before in accesses.other_conditions():
        who = accesses.known(assignment.principal).label
        role = accesses.new.role_name(assignment)
        says = (
            f"{role} of {who} at {kind_of(assignment.scope)} is under another condition than before;"
            " conditions are not evaluated"
        )
        detail = {"before": before.condition, "after": assignment.condition, "id": assignment.resource.id.text}
        yield Change(Topic.PERMISSIONS, "condition", Effect.UNKNOWN, says, assignment.scope, detail, rank=450)


def _unread(what: str, why: Unknown) -> Change:
    detail = {"unknown": why.because, "permission": why.permission}
    return Change(Topic.PERMISSIONS, "unread", Effect.UNKNOWN, f"{what}: {why.because}", None, detail, rank=500)
