"""Role definitions: what each of their permission sets allows, and which pattern of it allows one operation."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

from auditor.estate import Estate
from auditor.model import ArmId, Evidence, Resource, Unknown
from auditor.sets.operation_patterns import PatternError, expand, matches
from auditor.sets.operation_set import MOST_GLOBS, OperationSet, Rights

DEFINITION = "microsoft.authorization/roledefinitions"
_READ = "Microsoft.Authorization/roleDefinitions/read"


@dataclass(frozen=True)
class PermissionSet:
    """One element of a definition's `permissions`: its own exclusions cut its own patterns and no other's."""

    holder: Resource
    path: tuple[str | int, ...]
    rights: Rights
    condition: str = ""
    written: tuple[tuple[str, Evidence], ...] = ()
    """For a grant that is no role: each operation that it gives, with the place that gives it."""

    def granting(self, operation: str, data: bool) -> Evidence | None:
        """The pattern that lets an operation through, where one does; the first as written."""
        if not self.rights.plane(data).contains(operation):
            return None
        lowered = operation.strip().lower()
        for given, evidence in self.written:
            if any(matches(glob, lowered) for glob in expand(given)):
                return evidence
        for index, pattern in enumerate(self.holder.get(*self.path, _LISTS[data][0], default=[])):
            if any(matches(glob, lowered) for glob in expand(str(pattern))):
                return self.holder.at(*self.path, _LISTS[data][0], index)
        raise AssertionError("a set that contains an operation has a pattern that matches it")


_LISTS = {False: ("actions", "notActions"), True: ("dataActions", "notDataActions")}


@dataclass(frozen=True)
class Role:
    """A role definition. `guid` is the last segment of its id in lower case: the same in every tenant and cloud."""

    guid: str
    name: str
    custom: bool
    resource: Resource
    sets: tuple[PermissionSet, ...]

    @cached_property
    def rights(self) -> Rights:
        """Everything that some permission set allows, conditions left aside."""
        return Rights.union(part.rights for part in self.sets)

    @cached_property
    def unconditional(self) -> Rights:
        """What the permission sets without a condition of their own allow."""
        return Rights.union(part.rights for part in self.sets if not part.condition)

    @cached_property
    def conditional(self) -> Rights:
        """What the permission sets with a condition of their own allow, where it is met."""
        return Rights.union(part.rights for part in self.sets if part.condition)


class Roles:
    """The role definitions that a snapshot shows, by GUID."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._documents = {resource.id.name.lower(): resource for resource in estate.seen(DEFINITION)}
        self._read: dict[str, Role | Unknown] = {}

    def get(self, guid: str) -> Role | Unknown:
        """The role, or why what it allows is not known, naming the permission that would tell."""
        if guid not in self._read:
            self._read[guid] = self._make(guid)
        return self._read[guid]

    def name(self, guid: str, otherwise: str = "") -> str:
        """What a sentence calls the role, whether it could be read or not."""
        resource = self._documents.get(guid) or built_in(guid)
        return _role_name(resource) if resource else otherwise or f"role {guid}"

    def guids(self) -> tuple[str, ...]:
        """Every role that could be assigned, as far as it is known: the snapshot's, and Azure's own."""
        return tuple(dict.fromkeys((*sorted(self._documents), *built_in_guids())))

    def planes_naming(self, operation: str) -> Iterator[bool]:
        """The planes in which some role writes out an operation: `True` for data actions."""
        lowered = operation.strip().lower()
        for guid in self._documents:
            role = self.get(guid)
            for part in () if isinstance(role, Unknown) else role.sets:
                for data in (False, True):
                    if any(lowered in term.included.literals for term in part.rights.plane(data).terms):
                        yield data

    def _make(self, guid: str) -> Role | Unknown:
        resource = self._documents.get(guid) or built_in(guid)
        if resource is None:
            gap = self._estate.coverage.gap(DEFINITION)
            because = gap.because if gap is not None else "it is not in this snapshot"
            return Unknown(
                f"what role {guid} allows is not known: {because}",
                permission=_READ,
                read=gap.read if gap is not None else None,
                absent=gap is not None and gap.absent,
            )
        try:
            sets = tuple(permission_sets(resource))
        except PatternError as problem:
            return Unknown(f"what role {_role_name(resource)} allows is not known: {problem}")
        if not sets or any(not lists_something(resource, part.path) for part in sets):
            return Unknown(f"the definition of role {_role_name(resource)} has no permissions in this snapshot", _READ)
        kind = str(field_of(resource, "type") or field_of(resource, "roleType") or "").lower()
        return Role(guid, _role_name(resource), kind == "customrole", resource, sets)


def built_in(guid: str) -> Resource | None:
    """Azure's own definition of a built-in role, which is the same in every tenant; `None` for any other GUID.

    From `facts/built-in-roles.json.gz`, which has its source and its date.
    """
    found = _built_in().get(guid)
    if found is None:
        return None
    name, permissions = found
    id_ = ArmId(f"/providers/Microsoft.Authorization/roleDefinitions/{guid}")
    body = {"roleName": name, "type": "BuiltInRole", "permissions": permissions}
    return Resource(id_, {"id": id_.text, "name": guid, "properties": body}, id_)


def built_in_guids() -> tuple[str, ...]:
    """The GUIDs of all built-in roles."""
    return tuple(_built_in())


@cache
def _built_in() -> Mapping[str, tuple[str, Any]]:
    raw = files("auditor.facts").joinpath("built-in-roles.json.gz").read_bytes()
    return {guid: (name, permissions) for guid, name, permissions in json.loads(gzip.decompress(raw))["roles"]}


def permission_sets(holder: Resource) -> Iterator[PermissionSet]:
    """Each permission set of a role definition or deny assignment. Raises `PatternError`."""
    base = path_of(holder, "permissions")
    found = tuple(holder.items(*base))
    written = sum(len(_texts(body, key)) for _, body in found for keys in _LISTS.values() for key in keys)
    if written > MOST_GLOBS:
        raise PatternError(f"it writes {written:,} operations, more than all built-in roles together")
    for index, body in found:
        control, data = (OperationSet.of(_texts(body, plus), _texts(body, minus)) for plus, minus in _LISTS.values())
        yield PermissionSet(holder, (*base, index), Rights(control, data), str(body.get("condition") or ""))


def lists_something(resource: Resource, path: tuple[str | int, ...]) -> bool:
    """Whether a permission set says what it allows, be it nothing: Azure shows both lists."""
    return any(resource.get(*path, allowed) is not None for allowed, _ in _LISTS.values())


def path_of(resource: Resource, name: str) -> tuple[str, ...]:
    """Where a property stands: under `properties` as Resource Manager sends it, or flat as `az role` prints it."""
    return (
        (name,) if resource.get("properties", name) is None and resource.get(name) is not None else ("properties", name)
    )


def field_of(resource: Resource, name: str) -> Any:
    """The value of a property that may stand in either place; under `properties` first, `type` only there."""
    return resource.get("properties", name) if name == "type" else resource.get(*path_of(resource, name))


def _texts(body: Mapping[str, Any], key: str) -> list[str]:
    found = body.get(key)
    return [text for text in found if isinstance(text, str)] if isinstance(found, list) else []


def _role_name(resource: Resource) -> str:
    return str(field_of(resource, "roleName") or resource.id.name)
