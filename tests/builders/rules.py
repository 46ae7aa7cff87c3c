"""Rules by the requirement that they decide, as the shipped baseline names them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from auditor.baseline import read_baseline
from auditor.rules import Rule, rules_by_name


@cache
def rule_index() -> Mapping[str, Rule]:
    """The rule of each requirement of the shipped baseline."""
    rules = rules_by_name()
    return {id_: rules[row.rule] for id_, row in read_baseline().requirements.items() if row.rule}
