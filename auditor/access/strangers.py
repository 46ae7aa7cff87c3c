"""Who, other than those meant to, can get at what a resource holds: one reading for every rule that asks it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from auditor.access.approved import AllowedRole, allowance
from auditor.access.assignments import Hold
from auditor.access.effective import Access
from auditor.access.escalation import Escalation, delegates, escalations
from auditor.access.grants import Answer, Grant
from auditor.access.other_grants import ASSIGN, unread_delegations
from auditor.access.principals import MEMBERSHIP_RIGHT, Principal
from auditor.access.role_definitions import Role
from auditor.documents.vault import Vault
from auditor.model import Resource, Unknown


@dataclass(frozen=True)
class Ask:
    """An operation that gets at something. `row` is what the table of escalations says of it, where it is there."""

    operation: str
    data: bool
    row: Escalation | None = None


@dataclass
class Strangers:
    """Who can, by what; who settings allow to; and why there may be others."""

    found: list[tuple[Ask, Grant]] = field(default_factory=list)
    allowed: list[AllowedRole] = field(default_factory=list)
    gaps: dict[Unknown, None] = field(default_factory=dict)


def ways_to(resource: Resource, kinds: frozenset[str]) -> tuple[Ask, ...]:
    """The operations of the table that give one of these on a resource, as it is set."""
    rows = (r for r in escalations() if r.on == resource.type and r.gives in kinds)
    return tuple(Ask(row.operation, row.data, row) for row in rows if row.works_on(resource))


def strangers(
    access: Access, place: Resource, asks: Iterable[Ask], approved: Iterable[str], besides: Iterable[AllowedRole] = ()
) -> Strangers:
    """Who holds one of these operations at a resource, above it or inside it, standing, and is not meant to.

    `approved` are object ids in lower case, `besides` assignments that settings allow. A condition that is not decided
    leaves it open; a group all of whose members are known and meant to is no stranger. Who assigns roles at the
    resource itself gives itself what it wants: higher up, that is control of more than this resource, and asked apart.
    """
    meant = frozenset(approved)
    allowed = tuple(besides)
    asked = tuple(asks)
    result = Strangers()
    for ask in asked:
        answer = access.who_can(ask.operation, place.id, data=ask.data, below=True)
        # Who is in a group does not matter: one that may is a stranger as it stands. Nor does what is only eligible.
        result.gaps |= {g: None for g in answer.gaps if g.permission != MEMBERSHIP_RIGHT and g != access.eligible}
        for grant in answer.grants:
            if _counts(access, grant, meant) and (ask.row is None or _is_of_use(access, ask.row, grant)):
                _take(access, ask, grant, allowed, result)
    for grant in access.who_can(ASSIGN, place.id, data=False, below=True).grants:
        if _counts(access, grant, meant) and grant.assignment.scope.is_within(place.id):
            _take_control(access, grant, asked, allowed, result)
    unread = unread_delegations(access.estate)
    if unread is not None:
        result.gaps[unread] = None
    return result


def _counts(access: Access, grant: Grant, meant: frozenset[str]) -> bool:
    standing = grant.assignment.hold is Hold.STANDING
    return standing and grant.principal.id not in meant and not all_meant(access, grant.principal, meant)


def all_meant(access: Access, principal: Principal, meant: Collection[str]) -> bool:
    """Whether somebody is a group whose members are all known, and all of them meant to."""
    members = [m for m in access.directory.members(principal.id) if m.kind != "group" and not m.deleted]
    if not members or access.directory.unknown_members(principal.id):
        return False
    return all(member.id in meant for member in members)


def _is_of_use(access: Access, row: Escalation, grant: Grant) -> bool:
    return row.is_of_use(access.holdings_of(grant.principal.id) if row.needs else ())


def _take(access: Access, ask: Ask, grant: Grant, allowed: tuple[AllowedRole, ...], into: Strangers) -> None:
    """Sort a grant: one that is certain is found or allowed, one that is not leaves a gap."""
    reason = allowance(allowed, access, grant.assignment, grant.principal)
    if reason is not None:
        into.allowed.append(reason)
    elif grant.answer is Answer.UNKNOWN:
        into.gaps |= dict.fromkeys(grant.doubts)
    elif grant.answer is Answer.CONDITIONAL and grant.assignment.resource.type != Vault.kind:
        into.gaps[_open(access, grant, ask)] = None
    else:
        # An access policy that counts through an application lets the principal in all the same.
        into.found.append((ask, grant))


def _take_control(
    access: Access, grant: Grant, asked: tuple[Ask, ...], allowed: tuple[AllowedRole, ...], into: Strangers
) -> None:
    ask = Ask(ASSIGN, False)
    if grant.answer is Answer.CONDITIONAL:

        def reaches(role: Role) -> bool:
            return any(role.rights.plane(each.data).contains(each.operation) for each in asked)

        given = delegates(access, grant.assignment, reaches)
        if given is False or grant.doubts:
            return
        if isinstance(given, Unknown):
            into.gaps[given] = None
            return
        reason = allowance(allowed, access, grant.assignment, grant.principal)
        if reason is None:
            into.found.append((ask, grant))
        else:
            into.allowed.append(reason)
        return
    _take(access, ask, grant, allowed, into)


def _open(access: Access, grant: Grant, ask: Ask) -> Unknown:
    role = access.role_name(grant.assignment)
    where = f"{grant.principal.label} holds {role}, which gives {ask.operation} under a condition"
    return Unknown(f"{where}, and whether it is met is not known")


def each_once(found: Iterable[tuple[Ask, Grant]]) -> Iterator[tuple[Ask, Grant]]:
    """The first that is found of each principal."""
    seen: set[str] = set()
    for ask, grant in found:
        if grant.principal.id not in seen:
            seen.add(grant.principal.id)
            yield ask, grant
