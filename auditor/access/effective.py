"""Who can do what where, and why: assignments, inherited or not, groups, conditions, eligibility and denials.

Three answers besides no: yes, conditional (a condition narrows it, and whether it is met is not known), and eligible
(nothing until it is activated). What cannot be determined is a gap with its reason, never a no.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

from auditor.access.assignments import (
    Assignment,
    Denial,
    Hold,
    eligible,
    given,
    readable,
    unnamed,
)
from auditor.access.conditions import Attributes, attributes_of, decided, split
from auditor.access.deny_assignments import Denying
from auditor.access.grants import (
    Effective,
    Grant,
    Holding,
    Refusal,
    WhatCan,
    WhoCan,
)
from auditor.access.known_operations import nearest, planes_of
from auditor.access.other_grants import Unread, other_grants
from auditor.access.principals import Directory, Principal
from auditor.access.role_definitions import PermissionSet, Role, Roles
from auditor.access.scopes import ROOT, Hierarchy, has_operation, is_asked_inside, is_management_group
from auditor.access.void import Voids
from auditor.estate import Estate
from auditor.estate.kept import once_an_estate
from auditor.model import ArmId, Evidence, NotKnown, Unknown
from auditor.sets.operation_set import NO_OPERATIONS, OperationSet, Rights, Term

_Allowing = tuple[PermissionSet, Evidence, OperationSet]
_Piece = tuple[PermissionSet, Evidence, OperationSet, bool]


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
        self.voids = Voids(estate)
        others, unread = other_grants(estate, self.roles)
        cut_short = (Unread(place, why, data=False) for place, why in unnamed(estate))
        self._unread = (*unread, *cut_short)
        self._given = (*(given(estate) if whole else readable(estate)), *others)
        self._tables: dict[ArmId, Attributes] = {}
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
        return tuple(sorted({a.principal for a in self.assignments if self.may_have_members(a)}))

    def assigned_to(self, principal: str) -> tuple[Assignment, ...]:
        """What is assigned to a principal itself."""
        return tuple(self._by_principal.get(principal, ()))

    def may_have_members(self, assignment: Assignment) -> bool:
        """Whether the holder is a group, or may be one: a type that is not stated, or Unknown, tells nothing."""
        holder = self.principal_of(assignment)
        if holder.kind in ("group", "foreigngroup"):
            # A group of another tenant has no identity of this one in it.
            return holder.kind == "group"
        return not holder.kind

    def principal(self, id_: str) -> Principal:
        """The principal of an object id, with what the snapshot or an assignment to it tells."""
        assigned = self._by_principal.get(id_.lower())
        return self.principal_of(assigned[0]) if assigned else self.directory.get(id_)

    def principal_of(self, assignment: Assignment) -> Principal:
        """To whom something is assigned. A type that it does not state may stand in another assignment."""
        kind = assignment.principal_kind or self._stated_kinds.get(assignment.principal, "")
        return self.directory.get(assignment.principal, kind, assignment.principal_name)

    @cached_property
    def _stated_kinds(self) -> dict[str, str]:
        return {a.principal: a.principal_kind for a in self.assignments if a.principal_kind}

    def role_of(self, assignment: Assignment) -> Role | Unknown:
        """What an assignment gives, or why that is not known."""
        return assignment.granted or self.roles.get(assignment.role)

    def role_name(self, assignment: Assignment) -> str:
        """What a sentence calls that which an assignment gives."""
        return assignment.granted.name if assignment.granted is not None else self.roles.name(assignment.role)

    @cached_property
    def _places(self) -> list[ArmId]:
        return sorted(self._by_scope, key=lambda place: place.key)

    @cached_property
    def _place_keys(self) -> list[str]:
        return [place.key for place in self._places]

    def below(self, scope: ArmId) -> Iterator[Assignment]:
        """What is assigned at something inside a scope: a secret of a vault, a container, a child of a workspace."""
        first = bisect_left(self._place_keys, scope.key + "/")
        for place in self._places[first : bisect_left(self._place_keys, scope.key + "0")]:
            yield from self._by_scope[place]

    def _inside(self, scope: ArmId, action: str) -> Iterator[tuple[Assignment, Unknown | None]]:
        """What is assigned inside a scope, where an operation can be done there; with the doubt, where it may not."""
        for assignment in self.below(scope):
            fits = has_operation(assignment.scope, action)
            if fits is not False:
                yield assignment, fits if isinstance(fits, Unknown) else None

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

    def cut_short_at(self, scope: ArmId) -> Unknown | None:
        """Why exactly at a scope some role may be assigned that is not known."""
        return next((unread.why for unread in self._unread if unread.place == scope and not unread.data), None)

    def unread_at(self, scope: ArmId) -> tuple[Unknown, ...]:
        """Why something may be given at a scope, or above it, that is not known to be."""
        return tuple(unread.why for unread in self._unread if unread.concerns(scope, below=False))

    # --- who can -------------------------------------------------------------------------------------------------

    def who_can(self, action: str, scope: ArmId, data: bool | None = None, below: bool = False) -> WhoCan:
        """Everybody who can do something at a scope. `action` may have wildcards: then any operation of it counts.

        With `below`, who can do it at something inside the scope counts too. Without `data`, the operation is looked
        up to tell whether it is a data action. Raises `PatternError`.
        """
        planes, notes = self._planes(action, data)
        asked = OperationSet.of([action])
        grants: list[Grant] = []
        refused: list[Refusal] = []
        gaps: dict[Unknown, None] = {}
        if isinstance(self.eligible, Unknown):
            gaps[self.eligible] = None
        gaps |= {u.why: None for u in self._unread if u.concerns(scope, below) and (True in planes or not u.data)}
        inside = self._inside(scope, action) if below else ()
        for assignment, doubt in (*self.covering(scope), *inside):
            role = self.role_of(assignment)
            if isinstance(role, Unknown):
                gaps[role] = None
                continue
            place = assignment.scope if below and assignment.scope.is_within(scope) else scope
            for plane in planes:
                pieces = self._pieces(assignment, role, asked, plane, place)
                for holder, via in self._holders(assignment, gaps) if pieces else ():
                    self._after_denials(
                        [
                            Grant(holder, assignment, role, part, pattern, allows, plane, via, met=met)
                            for part, pattern, allows, met in pieces
                        ],
                        place,
                        doubt,
                        grants,
                        refused,
                        inside=below and is_asked_inside(place, action),
                    )
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

    def _pieces(
        self, assignment: Assignment, role: Role, asked: OperationSet, data: bool, place: ArmId
    ) -> tuple[_Piece, ...]:
        """What an assignment lets through of what is asked, at a place: first what no condition leaves open."""
        void = self.voids.at(place) if assignment.is_role_assignment else None
        certain: list[_Piece] = []
        narrowed: list[_Piece] = []
        for part, pattern, common in self.allowing(role, asked, data):
            left = common if void is None or void.doubt is not None else common - void.rights.plane(data)
            met, stopped = left, NO_OPERATIONS
            for text in filter(None, (assignment.condition, part.condition)):
                found = decided(text, self._attributes(place))
                met, stopped = met & found.met, stopped | found.failed
            for pieces, allows in ((certain, met), (narrowed, left - met - stopped)):
                witness = allows.witness()
                shown = pattern if allows is common else part.granting(witness, data) if witness else None
                if witness and shown is not None:
                    pieces.append((part, shown, allows, pieces is certain))
        return (*certain, *narrowed)

    def _attributes(self, place: ArmId) -> Attributes:
        """What a place tells of the attributes that conditions ask for: the names of what it lies in."""
        if place not in self._tables:
            self._tables[place] = attributes_of(place)
        return self._tables[place]

    def _holders(
        self, assignment: Assignment, gaps: dict[Unknown, None]
    ) -> Iterator[tuple[Principal, tuple[Principal, ...]]]:
        """To whom an assignment gives something: the principal itself, and who is in it where it is a group.

        What is assigned to a principal that was deleted stays, and nobody can use it (docs/azure/access.md, section 3).
        """
        holder = self.principal_of(assignment)
        if holder.deleted:
            return
        yield holder, ()
        if self.may_have_members(assignment):
            gaps.update((gap, None) for gap in self.directory.unknown_members(holder.id))
            for member in self.directory.members(holder.id):
                if not member.deleted:
                    yield member, (holder,)

    def _after_denials(
        self,
        pieces: Iterable[Grant],
        place: ArmId,
        doubt: Unknown | None,
        grants: list[Grant],
        refused: list[Refusal],
        *,
        inside: bool,
    ) -> None:
        """The firmest piece of one assignment that denials leave; where they leave none, the first that they stop."""
        stopped: list[Refusal] = []
        for grant in pieces:
            left, denial, doubts = self._left(grant, place, inside)
            if denial is not None:
                stopped.append(Refusal(grant, denial))
                continue
            more = (doubt, grant.principal.existence, self._void_doubt(grant, place))
            every = (*(each for each in more if each is not None), *doubts)
            grants.append(replace(grant, allows=left, doubts=every))
            return
        refused.extend(stopped[:1])

    def _left(
        self, grant: Grant, place: ArmId, inside: bool
    ) -> tuple[OperationSet, Denial | None, tuple[Unknown, ...]]:
        """What denials leave of a grant, or the one that takes the last of it."""
        certain, doubts = self.denying.stops(grant.principal.id, grant.allows, grant.data, place, inside)
        left = grant.allows
        for denial in certain:
            left = left - self.denying.taken_at(denial, place).certain.plane(grant.data)
            if left.is_empty:
                return left, denial, doubts
        return left, None, doubts

    def _void_doubt(self, grant: Grant, place: ArmId) -> Unknown | None:
        """Why a grant may have no effect: whether roles or access policies decide there is not known."""
        void = self.voids.at(place)
        if void is None or void.doubt is None or not void.rights.plane(grant.data).overlaps(grant.allows):
            return None
        return void.doubt

    # --- what can ------------------------------------------------------------------------------------------------

    def what_can(
        self, principal: str, scope: ArmId | None = None, below: bool = False, settled: frozenset[str] = frozenset()
    ) -> WhatCan:
        """What a principal holds anywhere; with a scope, what holds there, and with `below` what lies below it too.

        `settled` are groups of which it does not matter whether the principal is in them.
        """
        held = self._held_by(principal)
        gaps: dict[Unknown, None] = {}
        for group, inside in held.perhaps:
            if group in settled:
                continue
            if scope is None or any(self._at(a, scope, below, {}) for a in self._by_principal[group]):
                gaps[self._perhaps(group, inside)] = None
        found = held.holdings
        if scope is not None:
            found = tuple(h for h in found if self._at(h.assignment, scope, below, gaps))
        if isinstance(self.eligible, Unknown):
            gaps[self.eligible] = None
        gaps |= {u.why: None for u in self._unread if scope is None or u.concerns(scope, below)}
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
        return Holding(assignment, self.role_of(assignment), self.role_name(assignment), via)

    def split(self, holding: Holding, scope: ArmId) -> tuple[Rights, Rights]:
        """What a holding gives at a scope for certain, and what hangs on conditions that are not known to be met."""
        certain: list[Rights] = []
        narrowed: list[Rights] = []
        assert not isinstance(holding.role, Unknown)
        for part in holding.role.sets:
            texts = (holding.assignment.condition, part.condition)
            met, left = split(part.rights, texts, self._attributes(scope))
            certain.append(met)
            narrowed.append(left)
        return Rights.union(certain), Rights.union(narrowed)

    def effective(self, principal: str, scope: ArmId) -> Effective:
        """What a principal may do at a scope: for certain, under conditions, and once it activates what it may."""
        found = self.what_can(principal, scope)
        gaps = dict.fromkeys(found.gaps)
        parts: dict[str, list[Rights]] = defaultdict(list)
        void = self.voids.at(scope)
        for holding in found.holdings:
            if isinstance(holding.role, Unknown):
                gaps[holding.role] = None
                continue
            certain, narrowed = self.split(holding, scope)
            if void is not None and holding.assignment.is_role_assignment:
                if void.doubt is not None:
                    gaps[void.doubt] = None
                else:
                    certain, narrowed = certain - void.rights, narrowed - void.rights
            if holding.assignment.hold is Hold.ELIGIBLE:
                parts["eligible"].append(certain | narrowed)
            else:
                parts["certain"].append(certain)
                parts["conditional"].append(narrowed)
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


@once_an_estate
def access_of(estate: Estate) -> Access:
    """The access of an estate, made once. Raises `NotKnown` where its assignments could not be read."""
    return Access(estate)


def seen_access_of(estate: Estate) -> tuple[Access, Unknown | None]:
    """The access of an estate as far as its assignments are shown, and why there may be more; `None` if there is none.

    What a shown assignment gives is given, whatever others there are: a plan that assigns a role says so for certain.
    """
    try:
        return access_of(estate), None
    except NotKnown as gap:
        return _shown_access_of(estate), gap.unknown


@once_an_estate
def _shown_access_of(estate: Estate) -> Access:
    return Access(estate, whole=False)


def who_can(estate: Estate, action: str, scope: ArmId, data: bool | None = None) -> WhoCan:
    """Everybody who can do something at a scope, each with the chain. Raises `NotKnown` and `PatternError`."""
    return access_of(estate).who_can(action, scope, data)


def what_can(estate: Estate, principal: str, scope: ArmId | None = None, below: bool = False) -> WhatCan:
    """What a principal holds, at a scope or anywhere. Raises `NotKnown`."""
    return access_of(estate).what_can(principal, scope, below)
