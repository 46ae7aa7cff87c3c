"""Assignments of Azure Policy: which definition, at which scope, without what, and with which effect."""

from __future__ import annotations

from auditor.documents.view import View, reference, references, word


class PolicyAssignment(View, kind="microsoft.authorization/policyassignments"):
    """One assignment. `effect` is that of its parameter of that name, where it has one."""

    definition = reference("properties", "policyDefinitionId")
    scope = reference("properties", "scope")
    left_out = references("properties", "notScopes")
    effect = word("properties", "parameters", "effect", "value")
