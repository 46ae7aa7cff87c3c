"""The answers about access, as values: each with the chain that leads to it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from auditor.access.assignments import Assignment, Denial, Hold
from auditor.access.principals import Principal
from auditor.access.role_definitions import PermissionSet, Role
from auditor.access.scopes import kind_of, place_of
from auditor.model import ArmId, Evidence, Unknown
from auditor.sets.operation_set import OperationSet, Rights


class Answer(StrEnum):
    """Whether somebody can do something, where the answer is not a plain no."""

    YES = "yes"
    CONDITIONAL = "conditional"
    ELIGIBLE = "eligible"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Grant:
    """That a principal can do something at a scope: by which assignment, role, permission set and pattern.

    `via` are the groups between the principal and the assignment. `allows` is the part of what was asked that this
    grant lets through. `doubts` say why it may not hold after all.
    """

    principal: Principal
    assignment: Assignment
    role: Role
    permission: PermissionSet
    pattern: Evidence
    allows: OperationSet
    data: bool
    via: tuple[Principal, ...] = ()
    doubts: tuple[Unknown, ...] = ()
    met: bool = False
    """Whether the conditions are known to let all of `allows` through."""

    @property
    def answer(self) -> Answer:
        """How certain it is."""
        if self.doubts:
            return Answer.UNKNOWN
        if self.assignment.hold is Hold.ELIGIBLE:
            return Answer.ELIGIBLE
        return Answer.CONDITIONAL if self.conditions else Answer.YES

    @property
    def conditions(self) -> tuple[str, ...]:
        """The conditions that narrow it, and of which it is not known whether they are met."""
        if self.met:
            return ()
        return tuple(text for text in (self.assignment.condition, self.permission.condition) if text)

    def chain(self, scope: ArmId) -> tuple[str, ...]:
        """Why, link by link: who, through which group, assignment, role, permission set, pattern."""
        held = {Hold.STANDING: "is assigned", Hold.ACTIVATED: "has activated", Hold.ELIGIBLE: "may activate"}
        at = self.assignment.scope
        inherited = "" if at.is_within(scope) else f", inherited by {kind_of(scope)}"
        links = [self.principal.label]
        links += [f"is a member of {group.label}" for group in self.via]
        links.append(f"{held[self.assignment.hold]} {self.role.name} at {place_of(at, scope)}{inherited}")
        if self.permission.written:
            links.append(f"permission {self.pattern.value}")
        else:
            plane = "dataActions" if self.data else "actions"
            links.append(f"permission set {self.permission.path[-1]}, {plane}: {self.pattern.value}")
        links += [f"if {text}" for text in self.conditions]
        return (*links, *(doubt.because for doubt in self.doubts))


@dataclass(frozen=True)
class Refusal:
    """That a deny assignment stops what a grant would allow."""

    grant: Grant
    denial: Denial


@dataclass(frozen=True)
class WhoCan:
    """Who can do something at a scope. `gaps` are what else might: roles, groups or lists that are not known."""

    action: str
    scope: ArmId
    planes: tuple[bool, ...]
    grants: tuple[Grant, ...]
    refused: tuple[Refusal, ...]
    gaps: tuple[Unknown, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Holding:
    """A role that somebody holds somewhere, through groups or directly, whatever it comes to."""

    assignment: Assignment
    role: Role | Unknown
    role_name: str
    via: tuple[Principal, ...] = ()

    @property
    def conditional(self) -> bool:
        """Whether a condition on the assignment, or on every permission set of the role, narrows it."""
        by_role = not isinstance(self.role, Unknown) and all(part.condition for part in self.role.sets)
        return bool(self.assignment.condition) or by_role

    @property
    def says(self) -> str:
        """`Reader at subscription X, through group Y, eligible only`."""
        text = f"{self.role_name} at {kind_of(self.assignment.scope)}"
        text += "".join(f", through {group.label}" for group in self.via)
        extra = {Hold.ELIGIBLE: ", eligible only", Hold.ACTIVATED: ", activated for a while", Hold.STANDING: ""}
        return text + extra[self.assignment.hold] + (", under a condition" if self.conditional else "")


@dataclass(frozen=True)
class WhatCan:
    """What a principal holds, at a scope and above or anywhere. `gaps` are groups that it may be in."""

    principal: Principal
    scope: ArmId | None
    holdings: tuple[Holding, ...]
    gaps: tuple[Unknown, ...]


@dataclass(frozen=True)
class Effective:
    """What a principal may do at one scope: for certain, more under conditions, more once activated."""

    certain: Rights
    conditional: Rights
    eligible: Rights
    gaps: tuple[Unknown, ...] = ()
