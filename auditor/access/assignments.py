"""Who was given what, and where: role assignments, eligible ones, and deny assignments, as values."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from auditor.access.role_definitions import (
    PermissionSet,
    Role,
    field_of,
    lists_something,
    path_of,
    permission_sets,
)
from auditor.estate import Estate
from auditor.model import ArmId, Evidence, NotKnown, Resource, Unknown
from auditor.sets.operation_patterns import PatternError

ASSIGNMENT = "microsoft.authorization/roleassignments"
ELIGIBLE = "microsoft.authorization/roleeligibilityscheduleinstances"
ACTIVE = "microsoft.authorization/roleassignmentscheduleinstances"
DENIAL = "microsoft.authorization/denyassignments"


EVERYONE = "00000000-0000-0000-0000-000000000000"
"""The principal of a deny assignment that is meant for all (docs/azure/access.md, section 3)."""


class Hold(StrEnum):
    """How an assignment is held: for good, activated for a while, or only to be activated (PIM)."""

    STANDING = "standing"
    ACTIVATED = "activated"
    ELIGIBLE = "eligible"


@dataclass(frozen=True)
class Assignment:
    """A role given to a principal at a scope. `principal` and `role` are GUIDs in lower case."""

    resource: Resource
    principal: str
    principal_kind: str
    principal_name: str
    role: str
    scope: ArmId
    condition: str
    hold: Hold
    granted: Role | None = None
    """What it gives, where that is no role definition: an access policy, or a role as Azure Lighthouse delegates it."""
    told: tuple[Evidence, ...] = ()
    """What says so, where that is no role assignment."""

    @property
    def is_role_assignment(self) -> bool:
        """Whether it is a role assignment of Azure, active or eligible, and nothing else that gives rights."""
        return not self.told

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Whom, what and where, and the condition if there is one."""
        if self.told:
            return self.told
        names = ("principalId", "roleDefinitionId", "scope", *(("condition",) if self.condition else ()))
        return tuple(self.resource.at(*path_of(self.resource, name)) for name in names)


@dataclass(frozen=True)
class Denial:
    """A deny assignment: it ends a decision before any role is looked at (docs/azure/access.md, section 1)."""

    resource: Resource
    name: str
    principals: tuple[tuple[str, str], ...]
    excluded: tuple[tuple[str, str], ...]
    scope: ArmId
    here_only: bool
    condition: str
    sets: tuple[PermissionSet, ...] | Unknown

    def reaches(self, scope: ArmId) -> bool:
        """Whether it holds at this scope."""
        return self.scope == scope or (not self.here_only and scope.is_within(self.scope))


def given(estate: Estate) -> Iterator[Assignment]:
    """Every role assignment. Raises `NotKnown` where the list could not be read."""
    activated = {
        str(field_of(r, "originRoleAssignmentId") or "").casefold()
        for r in estate.seen(ACTIVE)
        if str(field_of(r, "assignmentType") or "").casefold() == "activated"
    }
    for resource in estate.all(ASSIGNMENT):
        hold = Hold.ACTIVATED if resource.id.key in activated else Hold.STANDING
        made = _assignment(resource, hold)
        if made is not None:
            yield made


def readable(estate: Estate) -> Iterator[Assignment]:
    """Every role assignment that the snapshot shows and whose principal and role it tells."""
    for resource in estate.seen(ASSIGNMENT):
        with suppress(NotKnown):  # an expression of a plan
            made = _assignment(resource, Hold.STANDING)
            if made is not None:
                yield made


def shown(estate: Estate) -> Iterator[Assignment]:
    """Every role assignment that the snapshot shows; says nothing of what it might not show, nor how it is held."""
    for resource in estate.seen(ASSIGNMENT):
        made = _assignment(resource, Hold.STANDING)
        if made is not None:
            yield made


def eligible(estate: Estate) -> Iterator[Assignment]:
    """Every assignment that is only eligible. Raises `NotKnown` where the list could not be read."""
    for resource in estate.all(ELIGIBLE):
        made = _assignment(resource, Hold.ELIGIBLE)
        if made is not None:
            yield made


def unnamed(estate: Estate) -> Iterator[tuple[ArmId, Unknown]]:
    """The assignments that do not state to whom or of which role they are, each with the place that it is at.

    Azure states both; a document without them was cut short, and may stand for any right at its place.
    """
    for kind in (ASSIGNMENT, ELIGIBLE):
        for resource in estate.seen(kind):
            with suppress(NotKnown):  # an expression of a plan
                if _assignment(resource, Hold.STANDING) is None:
                    because = f"whom {resource.name} gives which role is absent from its document"
                    yield resource.id.extends or ArmId("/"), Unknown(because, absent=True)


def _assignment(resource: Resource, hold: Hold) -> Assignment | None:
    """An assignment, or `None` for a document that names no principal or no role and so gives nothing."""
    principal, role = (str(field_of(resource, name) or "").lower() for name in ("principalId", "roleDefinitionId"))
    if not principal or not role:
        return None
    scope = field_of(resource, "scope")
    return Assignment(
        resource,
        principal,
        str(field_of(resource, "principalType") or ""),
        str(field_of(resource, "principalName") or ""),
        role.rstrip("/").rpartition("/")[2],
        ArmId(scope) if isinstance(scope, str) and scope else resource.id.extends or ArmId("/"),
        str(field_of(resource, "condition") or ""),
        hold,
    )


def denials(estate: Estate) -> tuple[Denial, ...]:
    """Every deny assignment. Raises `NotKnown` where the list could not be read."""
    return tuple(_denial(resource) for resource in estate.all(DENIAL))


def _denial(resource: Resource) -> Denial:
    scope = field_of(resource, "scope")
    name = str(field_of(resource, "denyAssignmentName") or resource.name)
    sets: tuple[PermissionSet, ...] | Unknown
    try:
        sets = tuple(permission_sets(resource))
    except PatternError as problem:
        sets = Unknown(f"what deny assignment {name} denies is not known: {problem}")
    principals = tuple(_people(resource, "principals"))
    named = field_of(resource, "principals") is not None and all(id_ for id_, _ in principals)
    cut = "what" if named else "whom"
    if cut == "whom" or not _denies_something(resource, sets):
        # Azure names somebody in every one, be it everybody, and lists what it denies: this document was cut short.
        sets = Unknown(f"{cut} deny assignment {name} denies is absent from its document", absent=True)
        principals = principals if cut == "what" else ((EVERYONE, ""),)
    return Denial(
        resource,
        name,
        principals,
        tuple(_people(resource, "excludePrincipals")),
        ArmId(scope) if isinstance(scope, str) and scope else resource.id.extends or ArmId("/"),
        field_of(resource, "doNotApplyToChildScopes") is True,
        str(field_of(resource, "condition") or ""),
        sets,
    )


def _denies_something(resource: Resource, sets: tuple[PermissionSet, ...] | Unknown) -> bool:
    """Whether each permission set lists what it denies; one that is not understood is left as that."""
    if isinstance(sets, Unknown):
        return True
    return field_of(resource, "permissions") is not None and all(lists_something(resource, p.path) for p in sets)


def _people(resource: Resource, name: str) -> Iterator[tuple[str, str]]:
    for _, body in resource.items(*path_of(resource, name)):
        yield str(body.get("id") or "").lower(), str(body.get("type") or "").lower()
