"""One module a family of requirements; every rule that stands in one of these modules is a rule of the program."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module

from auditor.rules.rule import NoTerms, Rule, decides

MODULES = (
    "network.reachability",
    "operation.cost",
    "operation.operations",
    "network.entry",
    "network.transport",
    "network.private_link",
    "network.segmentation",
    "network.security_groups",
    "identity.identities",
    "identity.role_assignments",
    "identity.sign_in",
    "identity.keyless",
    "identity.clients",
    "network.public_access",
    "network.managed_network",
    "data.content_filter",
    "operation.components",
    "operation.monitoring",
    "operation.reliability",
    "operation.resilience",
    "data.account_hardening",
    "data.keys",
    "data.key_control",
    "declared.parts",
    "declared.settings",
    "agents.connections",
    "agents.network",
    "agents.roles",
    "network.egress",
    "operation.governance",
)
"""The modules of rules."""


@cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule, in the order in which they stand."""
    modules = (import_module(f"auditor.rules.{name}") for name in MODULES)
    return tuple(value for module in modules for value in vars(module).values() if isinstance(value, Rule))


@cache
def rules_by_name() -> Mapping[str, Rule]:
    """The rules by name, and by the names that they had; raises `ValueError` where two rules claim one."""
    index: dict[str, Rule] = {}
    for rule in all_rules():
        for name in (rule.name, *rule.formerly):
            if name in index:
                raise ValueError(f"two rules are called {name}")
            index[name] = rule
    return index


__all__ = ["MODULES", "NoTerms", "Rule", "all_rules", "decides", "rules_by_name"]
