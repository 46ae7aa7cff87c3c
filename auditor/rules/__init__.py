"""One module a family of requirements; the list of every rule stands below, written by hand."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.rules.rule import NoTerms, Rule, requirement

RULES: tuple[Rule, ...] = ()
"""Every rule there is."""


def rule_index() -> Mapping[str, Rule]:
    """The rule of each requirement id; raises `ValueError` where two rules claim one."""
    index: dict[str, Rule] = {}
    for rule in RULES:
        for id_ in rule.ids:
            if id_ in index:
                raise ValueError(f"{id_} is claimed by {index[id_].name} and by {rule.name}")
            index[id_] = rule
    return index


__all__ = ["RULES", "NoTerms", "Rule", "requirement", "rule_index"]
