"""Who can do what where, and why: assignments, inherited or not, groups, conditions, eligibility and denials.

Three answers besides no: yes, conditional (a condition narrows it, and this program does not evaluate conditions), and
eligible (nothing until it is activated). What cannot be told is a gap with its reason, never a no.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

from auditor.access.assignments import (
    Assignment,
    Hold,
    eligible,
    given,
    readable,
)
from auditor.access.deny_assignments import Denying, rights_of
from auditor.access.grants import (
    Effective,
    Grant,
    Holding,
    Refusal,
    WhatCan,
    WhoCan,
)
from auditor.access.known_operations import nearest, planes_of
from auditor.access.principals import Directory, Principal
from auditor.access.role_definitions import PermissionSet, Role, Roles
from auditor.access.scopes import ROOT, Hierarchy, is_management_group
from auditor.estate import Estate
from auditor.model import ArmId, Evidence, NotKnown, Unknown
from auditor.sets.operation_set import OperationSet, Rights, Term

_Allowing = tuple[PermissionSet, Evidence, OperationSet]


class _Held(NamedTuple):
    holdings: tuple[Holding, ...]
    perhaps: tuple[tuple[str, Unknown], ...]


class Access:
    """The access of one estate. Raises `NotKnown` when made, where the assignments themselves could not be read."""

    def __init__(self, estate: Estate, whole: bool = True) -> None:
        """`whole` is false where the assignments that the snapshot shows shall do: no "nobody" can be had of it."""
        self.estate = estate
        self.directory = Directory(estate)
        self.roles = Roles(estate)
        self.scopes = Hierarchy(estate)
        self.denying = Denying(estate, self.directory)
        self._given = tuple(given(estate) if whole else readable(estate))
        self._held: dict[str, _Held] = {}
        self._said: dict[tuple[str, Unknown], Unknown] = {}
        self._allowing: dict[tuple[str, tuple[Term, ...], bool], tuple[_Allowing, ...]] = {}

    @cached_property
    def eligible(self) -> tuple[Assignment, ...] | Unknown:
        """What is only eligible, or why that is not known."""
        try:
            return tuple(eligible(self.estate))
        except NotKnown as gap:
            return gap.unknown

    @cached_property
    def assignments(self) -> tuple[Assignment, ...]:
        """Everything assigned, and what is eligible as far as that is known."""
        return self._given if isinstance(self.eligible, Unknown) else (*self._given, *self.eligible)

    @cached_property
    def _by_scope(self) -> dict[ArmId, list[Assignment]]:
        found: dict[ArmId, list[Assignment]] = defaultdict(list)
        for assignment in self.assignments:
            found[assignment.scope].append(assignment)
        return found

    @cached_property
    def _management_groups(self) -> tuple[ArmId, ...]:
        return tuple(place for place in self._by_scope if is_management_group(place))

    @cached_property
    def _by_principal(self) -> dict[str, list[Assignment]]:
        found: dict[str, list[Assignment]] = defaultdict(list)
        for assignment in self.assignments:
            found[assignment.principal].append(assignment)
        return found

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """The object ids of the groups that something is assigned to."""
        return tuple(sorted({a.principal for a in self.assignments if self.principal_of(a).kind == "group"}))

    def principal(self, id_: str) -> Principal:
        """The principal of an object id, with what the snapshot or an assignment to it tells."""
        assigned = self._by_principal.get(id_.lower())
        return self.principal_of(assigned[0]) if assigned else self.directory.get(id_)

    def principal_of(self, assignment: Assignment) -> Principal:
        """To whom something is assigned."""
        return self.directory.get(assignment.principal, assignment.principal_kind, assignment.principal_name)

    def covering(self, scope: ArmId) -> Iterator[tuple[Assignment, Unknown | None]]:
        """What is assigned at a scope or above it; with the doubt, where it is not known to be above."""
        chain = [scope]
        while (above := chain[-1].parent) is not None:
            chain.append(above)
        for place in dict.fromkeys((*chain, ROOT)):
            yield from ((assignment, None) for assignment in self._by_scope.get(place, ()))
        for place in self._management_groups:
            covers = self.scopes.covers(place, scope) if place not in chain else False
            if covers is not False:
                doubt = covers if isinstance(covers, Unknown) else None
                yield from ((assignment, doubt) for assignment in self._by_scope[place])

    # --- who can -------------------------------------------------------------------------------------------------

    def who_can(self, action: str, scope: ArmId, data: bool | None = None) -> WhoCan:
        """Everybody who can do something at a scope. `action` may have wildcards: then any operation of it counts.

        Without `data`, the operation is looked up to tell whether it is a data action. Raises `PatternError`.
        """
        planes, notes = self._planes(action, data)
        asked = OperationSet.of([action])
        grants: list[Grant] = []
        refused: list[Refusal] = []
        gaps: dict[Unknown, None] = {}
        if isinstance(self.eligible, Unknown):
            gaps[self.eligible] = None
        for assignment, doubt in self.covering(scope):
            role = self.roles.get(assignment.role)
            if isinstance(role, Unknown):
                gaps[role] = None
                continue
            for plane in planes:
                for grant in self._grants(assignment, role, asked, plane, gaps):
                    self._after_denials(grant, scope, doubt, grants, refused)
        order = sorted(grants, key=_order)
        return WhoCan(action, scope, planes, tuple(order), tuple(refused), tuple(gaps), notes)

    def gaps_about(self, principal: str, answer: WhoCan) -> list[Unknown]:
        """What of an answer's gaps concerns one principal: of groups that can, only whether it is in them."""
        able = (*answer.grants, *(refusal.grant for refusal in answer.refused))
        groups = dict.fromkeys(grant.principal.id for grant in able if grant.principal.kind == "group")
        others = {gap for group in groups for gap in self.directory.unknown_members(group)}
        inside = [self.directory.is_member(principal.casefold(), group) for group in groups]
        perhaps = [each for each in inside if isinstance(each, Unknown)]
        return list(dict.fromkeys((*perhaps, *(gap for gap in answer.gaps if gap not in others))))

    def _planes(self, action: str, data: bool | None) -> tuple[tuple[bool, ...], tuple[str, ...]]:
        if data is not None:
            return (data,), ()
        known = planes_of(action)
        if known or "*" in action:
            return tuple(sorted(known)) or (False, True), ()
        named = frozenset(self.roles.planes_naming(action))
        if named:
            return tuple(sorted(named)), ()
        near = nearest(action, 1)
        meant = f"; did you mean {near[0]}?" if near else ""
        return (False,), (f"{action} is no operation that this program knows, and taken for a control action{meant}",)

    def allowing(self, role: Role, asked: OperationSet, data: bool) -> tuple[_Allowing, ...]:
        """The permission sets of a role that let some of these operations through, the unconditional ones first."""
        # By terms, not by value: the terms are at hand, and equal sets in other terms are merely looked up once more.
        key = (role.guid, asked.terms, data)
        if key not in self._allowing:
            self._allowing[key] = tuple(_allowing(role, asked, data))
        return self._allowing[key]

    def _grants(
        self, assignment: Assignment, role: Role, asked: OperationSet, data: bool, gaps: dict[Unknown, None]
    ) -> Iterator[Grant]:
        allowing = self.allowing(role, asked, data)
        if not allowing:
            return
        part, pattern, common = allowing[0]
        holder = self.principal_of(assignment)
        yield Grant(holder, assignment, role, part, pattern, common, data)
        if holder.kind == "group":
            gaps.update((gap, None) for gap in self.directory.unknown_members(holder.id))
            for member in self.directory.members(holder.id):
                yield Grant(member, assignment, role, part, pattern, common, data, via=(holder,))

    def _after_denials(
        self, grant: Grant, scope: ArmId, doubt: Unknown | None, grants: list[Grant], refused: list[Refusal]
    ) -> None:
        certain, doubts = self.denying.stops(grant.principal.id, grant.allows, grant.data, scope)
        left = grant.allows
        for denial in certain:
            left = left - rights_of(denial).plane(grant.data)
            if left.is_empty:
                refused.append(Refusal(grant, denial))
                return
        grants.append(replace(grant, allows=left, doubts=(*([] if doubt is None else [doubt]), *doubts)))

    # --- what can ------------------------------------------------------------------------------------------------

    def what_can(self, principal: str, scope: ArmId | None = None, below: bool = False) -> WhatCan:
        """What a principal holds anywhere; with a scope, what holds there, and with `below` what lies below it too."""
        held = self._held_by(principal)
        gaps: dict[Unknown, None] = {}
        for group, inside in held.perhaps:
            if scope is None or any(self._at(a, scope, below, {}) for a in self._by_principal[group]):
                gaps[self._perhaps(group, inside)] = None
        found = held.holdings
        if scope is not None:
            found = tuple(h for h in found if self._at(h.assignment, scope, below, gaps))
        if isinstance(self.eligible, Unknown):
            gaps[self.eligible] = None
        return WhatCan(self.principal(principal), scope, found, tuple(gaps))

    def holdings_of(self, principal: str) -> tuple[Holding, ...]:
        """What a principal holds anywhere, without the question which groups it may be in besides."""
        return self._held_by(principal).holdings

    def _held_by(self, principal: str) -> _Held:
        """Everything that somebody holds anywhere, and the groups that it may be in."""
        if principal not in self._held:
            found = [self._holding(a, ()) for a in self._by_principal.get(principal, ())]
            perhaps: list[tuple[str, Unknown]] = []
            for group in self.groups:
                inside = self.directory.is_member(principal, group) if group != principal else False
                if isinstance(inside, Unknown):
                    perhaps.append((group, inside))
                elif inside:
                    found += [self._holding(a, (self.principal(group),)) for a in self._by_principal[group]]
            found.sort(key=lambda h: (h.assignment.scope.key, h.role_name, h.assignment.resource.id.key))
            self._held[principal] = _Held(tuple(found), tuple(perhaps))
        return self._held[principal]

    def _perhaps(self, group: str, why: Unknown) -> Unknown:
        """That a principal may be in a group, and what it would hold then; made once for all it is said of."""
        if (group, why) not in self._said:
            self._said[group, why] = self._may_be_in(group, why)
        return self._said[group, why]

    def _may_be_in(self, group: str, why: Unknown) -> Unknown:
        held = [self._holding(a, ()).says for a in self._by_principal[group]]
        more = f" and {len(held) - 2} more" if len(held) > 2 else ""
        says = f"{self.principal(group).label}, which holds {', '.join(held[:2])}{more}, may have it as a member"
        nobody_asked = why in self.directory.unknown_members(group)
        reason = "Microsoft Graph knows, and this snapshot does not" if nobody_asked else why.because
        return Unknown(f"{says}: {reason}", why.permission, why.read, absent=why.absent)

    def _at(self, assignment: Assignment, scope: ArmId, below: bool, gaps: dict[Unknown, None]) -> bool:
        covers = self.scopes.covers(assignment.scope, scope)
        if isinstance(covers, Unknown):
            gaps[covers] = None
            return False
        return covers or (below and assignment.scope.is_within(scope))

    def _holding(self, assignment: Assignment, via: tuple[Principal, ...]) -> Holding:
        role = self.roles.get(assignment.role)
        return Holding(assignment, role, self.roles.name(assignment.role), via)

    def effective(self, principal: str, scope: ArmId) -> Effective:
        """What a principal may do at a scope: for certain, under conditions, and once it activates what it may."""
        found = self.what_can(principal, scope)
        gaps = dict.fromkeys(found.gaps)
        parts: dict[str, list[Rights]] = defaultdict(list)
        for holding in found.holdings:
            if isinstance(holding.role, Unknown):
                gaps[holding.role] = None
            elif holding.assignment.hold is Hold.ELIGIBLE:
                parts["eligible"].append(holding.role.rights)
            elif holding.assignment.condition:
                parts["conditional"].append(holding.role.rights)
            else:
                parts["certain"].append(holding.role.unconditional)
                parts["conditional"].append(holding.role.conditional)
        taken, doubts = self.denying.taken(principal, scope)
        certain, conditional, later = (
            Rights.union(parts[kind]) - taken for kind in ("certain", "conditional", "eligible")
        )
        return Effective(certain, conditional, later, tuple(dict.fromkeys((*gaps, *doubts))))


def _allowing(role: Role, asked: OperationSet, data: bool) -> Iterator[_Allowing]:
    for part in sorted(role.sets, key=lambda p: bool(p.condition)):
        allowed = part.rights.plane(data)
        common = allowed & asked
        witness = common.witness()
        pattern = part.granting(witness, data) if witness else None
        if pattern is not None:
            yield part, pattern, common


def _order(grant: Grant) -> tuple[int, str, str, str, str]:
    rank = ("yes", "conditional", "eligible", "unknown").index(grant.answer.value)
    place = grant.assignment.scope.key
    return rank, grant.principal.label.lower(), grant.principal.id, place, grant.assignment.resource.id.key


def access_of(estate: Estate) -> Access:
    """The access of an estate, made once. Raises `NotKnown` where its assignments could not be read."""
    found = estate.worked_out.get("access")
    if not isinstance(found, Access):
        found = estate.worked_out["access"] = Access(estate)
    return found


def seen_access_of(estate: Estate) -> tuple[Access, Unknown | None]:
    """The access of an estate as far as its assignments are shown, and why there may be more; `None` if there is none.

    What a shown assignment gives is given, whatever others there are: a plan that assigns a role says so for certain.
    """
    try:
        return access_of(estate), None
    except NotKnown as gap:
        found = estate.worked_out.get("access seen")
        if not isinstance(found, Access):
            found = estate.worked_out["access seen"] = Access(estate, whole=False)
        return found, gap.unknown


def who_can(estate: Estate, action: str, scope: ArmId, data: bool | None = None) -> WhoCan:
    """Everybody who can do something at a scope, each with the chain. Raises `NotKnown` and `PatternError`."""
    return access_of(estate).who_can(action, scope, data)


def what_can(estate: Estate, principal: str, scope: ArmId | None = None, below: bool = False) -> WhatCan:
    """What a principal holds, at a scope or anywhere. Raises `NotKnown`."""
    return access_of(estate).what_can(principal, scope, below)
