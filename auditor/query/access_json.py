"""Answers about access as plain JSON values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from auditor.access.blast_radius import BlastRadius, Blow
from auditor.access.escalation import Reach
from auditor.access.federation import Federated
from auditor.access.grants import (
    Effective,
    Grant,
    Holding,
    Refusal,
    WhatCan,
    WhoCan,
)
from auditor.access.principals import Principal
from auditor.access.role_definitions import Role
from auditor.model import ArmId, Resource, Unknown
from auditor.sets.operation_set import Rights

FORMAT = "auditor-access/1"


def principal_json(principal: Principal) -> dict[str, Any]:
    """Who: object id, kind, name, the identity's or carrier's ARM id."""
    resource = principal.resource.id.text if principal.resource else None
    return {"id": principal.id, "kind": principal.kind or None, "name": principal.name or None, "resource": resource}


def unknown_json(gap: Unknown) -> dict[str, Any]:
    """Why something is not known, and what would resolve it."""
    return {"because": gap.because, "permission": gap.permission}


def grant_json(grant: Grant, scope: ArmId) -> dict[str, Any]:
    """A grant with its chain."""
    assignment = grant.assignment
    return {
        "principal": principal_json(grant.principal),
        "answer": grant.answer.value,
        "hold": assignment.hold.value,
        "assignment": assignment.resource.id.text,
        "role": {"id": grant.role.guid, "name": grant.role.name, "custom": grant.role.custom},
        "scope": assignment.scope.text,
        "inherited": assignment.scope != scope,
        "via": [principal_json(group) for group in grant.via],
        "permission_set": grant.permission.path[-1],
        "plane": "data" if grant.data else "control",
        "pattern": grant.pattern.value,
        "allows": str(grant.allows),
        "conditions": list(grant.conditions),
        "doubts": [unknown_json(doubt) for doubt in grant.doubts],
        "chain": list(grant.chain(scope)),
    }


def who_json(answer: WhoCan) -> dict[str, Any]:
    """Who can do something at a scope."""
    return {
        "action": answer.action,
        "scope": answer.scope.text,
        "planes": ["data" if data else "control" for data in answer.planes],
        "grants": [grant_json(grant, answer.scope) for grant in answer.grants],
        "denied": [refusal_json(refusal, answer.scope) for refusal in answer.refused],
        "gaps": [unknown_json(gap) for gap in answer.gaps],
        "notes": list(answer.notes),
    }


def narrowest_json(role: Role | None) -> dict[str, Any]:
    """The narrowest built-in role that would do, where the question has one."""
    return {"narrowest_role": {"id": role.guid, "name": role.name}} if role is not None else {}


def refusal_json(refusal: Refusal, scope: ArmId) -> dict[str, Any]:
    """A grant that a deny assignment stops, and which one."""
    by = {"name": refusal.denial.name, "id": refusal.denial.resource.id.text}
    return {"by": by, **grant_json(refusal.grant, scope)}


def holding_json(holding: Holding) -> dict[str, Any]:
    """A role held somewhere, with what it allows."""
    role = holding.role
    allows = {"unknown": unknown_json(role)} if isinstance(role, Unknown) else rights_json(role.rights)
    return {
        "role": {"id": holding.assignment.role, "name": holding.role_name},
        "scope": holding.assignment.scope.text,
        "hold": holding.assignment.hold.value,
        "conditional": holding.conditional,
        "assignment": holding.assignment.resource.id.text,
        "via": [principal_json(group) for group in holding.via],
        "allows": allows,
    }


def rights_json(rights: Rights) -> dict[str, Any]:
    """Both planes, in as few patterns as it takes; `None` where nothing is allowed."""
    return {
        "actions": str(rights.control) if rights.control else None,
        "dataActions": str(rights.data) if rights.data else None,
    }


def what_json(
    answer: WhatCan, effective: Effective | None, outside: Iterable[Federated] = (), unread: Unknown | None = None
) -> dict[str, Any]:
    """What a principal holds, what it comes to where a scope was asked, and who outside can act as it."""
    body = {
        "principal": principal_json(answer.principal),
        "scope": answer.scope.text if answer.scope else None,
        "holdings": [holding_json(holding) for holding in answer.holdings],
        "gaps": [unknown_json(gap) for gap in (*answer.gaps, *([unread] if unread is not None else []))],
        "federated": [federated_json(each) for each in outside],
    }
    if effective is not None:
        body["effective"] = {
            "certain": rights_json(effective.certain),
            "conditional": rights_json(effective.conditional),
            "eligible": rights_json(effective.eligible),
            "gaps": [unknown_json(gap) for gap in effective.gaps],
        }
    return body


def federated_json(each: Federated) -> dict[str, Any]:
    """Who outside can act as an identity."""
    return {"id": each.resource.id.text, "issuer": each.issuer, "subject": each.subject}


def blast_json(radius: BlastRadius, part: Resource | None) -> dict[str, Any]:
    """Every step that an identity leads to."""
    return {
        "part": part.id.text if part else None,
        "start": principal_json(radius.start),
        "reached": [principal_json(principal) for principal in radius.reached],
        "steps": [_blow_json(step) for step in radius.steps],
        "gaps": [unknown_json(gap) for gap in radius.gaps],
        "cut_short": radius.cut_short,
    }


def _blow_json(step: Blow) -> dict[str, Any]:
    return {
        "depth": step.depth,
        "as": principal_json(step.principal),
        "operation": step.escalation.operation,
        "gives": step.escalation.gives,
        "why": step.escalation.why,
        "target": step.target.text,
        "answer": step.answer.value,
        "becomes": [principal_json(principal) for principal in step.becomes],
        "chain": list(step.grant.chain(step.target)),
    }


def reach_json(reach: Reach) -> dict[str, Any]:
    """Somebody who holds an operation that reaches far."""
    row = reach.escalation
    return {"operation": row.operation, "gives": row.gives, "why": row.why, **grant_json(reach.grant, reach.scope)}
