"""Role assignments that somebody allows beyond the architecture, with the reason why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from auditor.access.assignments import Assignment
from auditor.access.effective import Access
from auditor.access.principals import Principal
from auditor.model.wildcard import like

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class AllowedRole(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One assignment that is allowed: to whom, of which role, where, and why.

    `principal` is an object id, or the name of an identity, group or person with `*` for what varies; `role` the GUID
    or the name of a role definition; `scope` the ARM id of the assignment's scope, with `*` for what varies. Letter
    case counts nowhere.
    """

    principal: str
    role: str
    scope: str
    why: str

    def covers(self, access: Access, assignment: Assignment, holder: Principal | None = None) -> bool:
        """Whether this is the assignment. `holder` is who uses it, where it was given to a group."""
        holders = (access.principal_of(assignment), *([holder] if holder is not None else []))
        role = (assignment.role, access.role_name(assignment))
        return (
            any(_is(self.principal, (each.id, each.name)) for each in holders)
            and self.role.casefold() in {word.casefold() for word in role}
            and like(assignment.scope.key or "/", self.scope.rstrip("/") or "/")
        )


def allowance(
    allowed: Iterable[AllowedRole], access: Access, assignment: Assignment, holder: Principal | None = None
) -> AllowedRole | None:
    """The first that allows an assignment; `None` where none does."""
    return next((each for each in allowed if each.covers(access, assignment, holder)), None)


def unmatched(allowed: Iterable[AllowedRole], access: Access) -> Iterator[tuple[AllowedRole, str]]:
    """What is allowed and matches no assignment, with what it fails by: the role, the principal, or both together."""
    for each in allowed:
        if any(each.covers(access, a, holder) for a in access.assignments for holder in _holders(access, a)):
            continue
        role = each.role.casefold()
        known = {access.role_name(a).casefold() for a in access.assignments} | {a.role for a in access.assignments}
        if role not in known and not any(access.roles.name(guid).casefold() == role for guid in access.roles.guids()):
            yield each, f"no role here is called {each.role}"
        elif not any(_is(each.principal, (p.id, p.name)) for a in access.assignments for p in _holders(access, a)):
            yield each, f"nothing here is assigned to {each.principal}"
        else:
            yield each, "no such assignment is here"


def _holders(access: Access, assignment: Assignment) -> Iterator[Principal]:
    holder = access.principal_of(assignment)
    yield holder
    if access.may_have_members(assignment):
        yield from access.directory.members(holder.id)


def reasons(allowed: Iterable[AllowedRole]) -> str:
    """Why what was found is accepted, each reason once, to end a sentence with; empty where nothing was."""
    said = list(dict.fromkeys(_reasons(allowed)))
    return f"; allowed besides: {'; '.join(said)}" if said else ""


def _reasons(allowed: Iterable[AllowedRole]) -> Iterator[str]:
    for each in allowed:
        yield f"{each.role} for {each.principal} ({each.why})"


def _is(pattern: str, words: Iterable[str]) -> bool:
    if GUID.fullmatch(pattern):
        return pattern.casefold() in {word.casefold() for word in words}
    return any(like(word, pattern) for word in words if word)
