"""Which built-in role gives what is needed and the least besides: for grants that are wider than what they are for."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from auditor.access.escalation import escalations_in
from auditor.access.role_definitions import PermissionSet, Role, built_in, built_in_guids, permission_sets
from auditor.sets.operation_set import OperationSet, Rights


def narrowest_role(needed: Rights) -> Role | None:
    """The built-in role that allows all of this with the least beside it; `None` where no built-in role does.

    The least: no other that does is part of it; of those that are left, the one that reaches least far by the table of
    operations that amount to more, and then the one that is written shortest. Roles with conditions are left out.
    """
    able = [role for role in _built_in_roles() if needed <= role.rights]
    least = [role for role in able if not any(_is_part(other, role) for other in able)]
    return min(least, key=_breadth, default=None)


def _is_part(inner: Role, outer: Role) -> bool:
    return inner.rights <= outer.rights and not outer.rights <= inner.rights


def _breadth(role: Role) -> tuple[int, int, int, str]:
    """How far a role reaches: operations that amount to more, patterns with wildcards, and patterns."""
    patterns = [text for part in role.sets for text in _patterns(part)]
    reaching = sum(1 for _ in escalations_in(role.rights))
    return reaching, sum("*" in text for text in patterns), len(patterns), role.name


def _patterns(part: PermissionSet) -> Iterator[str]:
    for name in ("actions", "dataActions"):
        yield from part.holder.get(*part.path, name, default=[])


def role_for(operation: str, planes: tuple[bool, ...]) -> Role | None:
    """The narrowest built-in role for one operation of one plane; `None` for several at once, and where there is none.

    `planes` as an answer has them: `True` for data actions.
    """
    if len(planes) != 1 or "*" in operation:
        return None
    asked = OperationSet.of([operation])
    return narrowest_role(Rights(data=asked) if planes[0] else Rights(asked))


@cache
def _built_in_roles() -> tuple[Role, ...]:
    found = []
    for guid in built_in_guids():
        resource = built_in(guid)
        assert resource is not None
        sets = tuple(permission_sets(resource))
        if not any(part.condition for part in sets):
            found.append(Role(guid, str(resource.get("properties", "roleName")), False, resource, sets))
    return tuple(found)
