"""What one side cannot tell of somebody's permissions and the other can: of that no difference is certain."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.access.effective import Access
from auditor.drift.access_points import Accesses
from auditor.model import ArmId, Unknown
from auditor.sets.operation_set import OperationSet, Rights

EVERYTHING = Rights(OperationSet.of(["*"]), OperationSet.of(["*"]))

Doubt = tuple[Unknown, Rights]
"""Why it is not known whether the old side has some permissions, and which."""


def doubts(sides: Accesses, principal: str, scope: ArmId) -> Iterator[Doubt]:
    """What the old side may have after all, or the new side may not, because only the other could be read.

    What neither can tell is no reason: it was so before. That somebody may be in a group which only one side shows is
    none either; it is told beside the change.
    """
    yield from _denied(sides, principal, scope)
    yield from _roles(sides, principal, scope)
    yield from _places(sides, principal, scope)
    yield from _groups(sides, principal, scope)


def _denied(sides: Accesses, principal: str, scope: ArmId) -> Iterator[Doubt]:
    """A denial that the new side could not read or judge may take away whatever seems to be new."""
    before = {doubt.because for doubt in sides.old.denying.taken(principal, scope)[1]}
    for doubt in sides.new.denying.taken(principal, scope)[1]:
        if doubt.because not in before:
            yield doubt, EVERYTHING


def _roles(sides: Accesses, principal: str, scope: ArmId) -> Iterator[Doubt]:
    """A role whose definition only the new side shows allowed then what it allows now, for all that is known."""
    for holding in sides.old.what_can(principal, scope).holdings:
        if not holding.assignment.is_role_assignment:
            continue
        other = sides.new.roles.get(holding.assignment.role)
        if isinstance(holding.role, Unknown) and not isinstance(other, Unknown):
            yield holding.role, other.rights


def _places(sides: Accesses, principal: str, scope: ArmId) -> Iterator[Doubt]:
    """A management group of which only the new side knows whether the scope lies below it."""
    for holding in sides.old.what_can(principal).holdings:
        place = holding.assignment.scope
        covers = sides.old.scopes.covers(place, scope)
        if isinstance(covers, Unknown) and not isinstance(sides.new.scopes.covers(place, scope), Unknown):
            yield covers, EVERYTHING if isinstance(holding.role, Unknown) else holding.role.rights


def _groups(sides: Accesses, principal: str, scope: ArmId) -> Iterator[Doubt]:
    """A group of which the new side knows that somebody is in it, and the old side does not know."""
    for group in sorted({*sides.old.groups} & {*sides.new.groups}):
        inside = sides.old.directory.is_member(principal, group)
        if isinstance(inside, Unknown) and sides.new.directory.is_member(principal, group) is True:
            yield inside, _held(sides.old, group, scope)


def _held(access: Access, group: str, scope: ArmId) -> Rights:
    roles = [holding.role for holding in access.what_can(group, scope).holdings]
    return Rights.union(EVERYTHING if isinstance(role, Unknown) else role.rights for role in roles)
