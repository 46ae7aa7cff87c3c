"""Where permissions can differ at all: the principals and scopes at which something that grants or denies differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from auditor.access.assignments import Assignment, Denial
from auditor.access.effective import Access
from auditor.access.principals import Principal
from auditor.access.role_definitions import Role
from auditor.access.scopes import is_management_group
from auditor.drift.documents import Pair
from auditor.model import ArmId, Unknown

Point = tuple[str, ArmId]
_Held = tuple[str, ArmId, str, str, str]


@dataclass(frozen=True)
class Accesses:
    """The access of two estates."""

    old: Access
    new: Access

    @property
    def reversed(self) -> Accesses:
        """The same the other way round."""
        return Accesses(self.new, self.old)

    def known(self, principal: str) -> Principal:
        """The principal as the side that tells more of it does; the new side first."""
        now = self.new.principal(principal)
        return now if now.kind or now.name else self.old.principal(principal)

    @cached_property
    def other_roles(self) -> frozenset[str]:
        """The roles in use that allow something else than before, or can be read on one side only."""
        used = {a.role for access in (self.old, self.new) for a in access.assignments if a.is_role_assignment}
        return frozenset(role for role in used if not _same_role(self.old.roles.get(role), self.new.roles.get(role)))

    def only_new(self, principal: str, scope: ArmId) -> tuple[Assignment, ...]:
        """What the new side assigns at this scope, to the principal or a group of it, and the old does not."""
        before = {_held(a) for a in self.old.assignments}
        holders = {principal, *(g for g in self.new.groups if self.new.directory.is_member(principal, g) is True)}
        there = (a for a in self.new.assignments if a.scope == scope and a.principal in holders)
        return tuple(a for a in there if _held(a) not in before or self.gives_otherwise(a))

    def gives_otherwise(self, assignment: Assignment) -> bool:
        """Whether what is given by this means something else on the other side."""
        if assignment.is_role_assignment:
            return assignment.role in self.other_roles
        gives = [each.get(_held(assignment)) for each in self._given]
        return gives[0] is None or gives[1] is None or not _same_role(gives[0], gives[1])

    @cached_property
    def _given(self) -> tuple[Mapping[_Held, Role | Unknown], ...]:
        """What everything that is no role assignment gives, on either side."""
        return tuple(
            {_held(a): side.role_of(a) for a in side.assignments if not a.is_role_assignment}
            for side in (self.old, self.new)
        )

    def other_conditions(self) -> Iterator[tuple[Assignment, Assignment]]:
        """Assignments under a condition that have another one than before: the new one and the old one."""
        before = {_held(a)[:4]: a for a in self.old.assignments if a.condition}
        for assignment in self.new.assignments:
            other = before.get(_held(assignment)[:4])
            if other is not None and assignment.condition and _held(other) != _held(assignment):
                yield assignment, other


def points(pair: Pair, accesses: Accesses) -> tuple[Point, ...]:
    """Every principal and scope at which what is effective may differ, by principal and scope."""
    found = set(_assigned(accesses))
    found |= set(_joined(accesses))
    found |= set(_denied(pair, accesses))
    found |= set(_moved(accesses))
    found |= set(_voided(accesses))
    return tuple(sorted(found, key=lambda point: (point[0], point[1].key)))


def _assigned(accesses: Accesses) -> Iterator[Point]:
    """Where the assignments themselves differ, or the roles that they give."""
    before, after = ({_held(a): a for a in side.assignments} for side in (accesses.old, accesses.new))
    for key, assignment in (before | after).items():
        if (key in before) != (key in after) or accesses.gives_otherwise(assignment):
            yield assignment.principal, assignment.scope


def _joined(accesses: Accesses) -> Iterator[Point]:
    """Where somebody is in a group that holds something, on one side only."""
    for group in sorted({*accesses.old.groups, *accesses.new.groups}):
        before, after = _members(accesses.old, group), _members(accesses.new, group)
        if before is None or after is None:
            continue
        scopes = {a.scope for side in (accesses.old, accesses.new) for a in side.assignments if a.principal == group}
        yield from ((member, scope) for member in before ^ after for scope in scopes)


def _members(access: Access, group: str) -> frozenset[str] | None:
    """The members of a group, those of groups in it included; `None` where they are not all known."""
    found = list(access.directory.members(group))
    known = [member.id for member in found if isinstance(member, Principal)]
    return frozenset(known) if len(known) == len(found) else None


def _denied(pair: Pair, accesses: Accesses) -> Iterator[Point]:
    """Where a deny assignment differs: at its scope, and below it where something is assigned."""
    places = [d.scope for side in (accesses.old, accesses.new) for d in _denials(side) if d.resource.id in pair.touched]
    if not places:
        return
    for side in (accesses.old, accesses.new):
        for assignment in side.assignments:
            for place in places:
                if assignment.scope.is_within(place):
                    yield assignment.principal, assignment.scope
                elif side.scopes.covers(assignment.scope, place) is True:
                    yield assignment.principal, place


def _denials(access: Access) -> tuple[Denial, ...]:
    return () if isinstance(access.denying.all, Unknown) else access.denying.all


def _moved(accesses: Accesses) -> Iterator[Point]:
    """Subscriptions that lie below another management group than before, for who holds something up there."""
    sides = (accesses.old, accesses.new)
    above = [a for side in sides for a in side.assignments if is_management_group(a.scope)]
    for subscription in sorted({s for side in sides for s in side.estate.snapshot.subscriptions}):
        place = ArmId(f"/subscriptions/{subscription}")
        for assignment in above:
            if sides[0].scopes.covers(assignment.scope, place) != sides[1].scopes.covers(assignment.scope, place):
                yield assignment.principal, place


def _voided(accesses: Accesses) -> Iterator[Point]:
    """Where roles have no effect on one side only: a vault that goes by access policies now, or did."""
    sides = (accesses.old, accesses.new)
    for place in sorted({place for side in sides for place in side.voids.places}):
        if (sides[0].voids.at(place) is None) == (sides[1].voids.at(place) is None):
            continue
        for side in sides:
            yield from ((assignment.principal, place) for assignment, _ in side.covering(place))
            yield from ((assignment.principal, assignment.scope) for assignment in side.below(place))


def _held(assignment: Assignment) -> _Held:
    condition = " ".join(assignment.condition.split())
    return assignment.principal, assignment.scope, assignment.role, assignment.hold.value, condition


def _same_role(old: Role | Unknown, new: Role | Unknown) -> bool:
    if isinstance(old, Unknown) or isinstance(new, Unknown):
        return isinstance(old, Unknown) and isinstance(new, Unknown)
    if old.resource.get("properties") == new.resource.get("properties"):
        return True
    pairs = ((old.unconditional, new.unconditional), (old.conditional, new.conditional))
    return all(a <= b <= a for a, b in pairs)


__all__ = ["Accesses", "Point", "points"]
