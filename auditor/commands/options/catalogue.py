"""The requirements of a baseline with the rules that decide them: what `rules`, `explain` and the docs show."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from auditor.baseline import Baseline
from auditor.model import Level, Requirement
from auditor.rules import Rule, rules_by_name


@dataclass(frozen=True)
class Entry:
    """A requirement, its rule where there is one, and its terms as the baseline states them."""

    requirement: Requirement
    rule: Rule | None
    terms: Mapping[str, Any]

    @property
    def decided(self) -> str:
        """The rule's name, `manual` where a person decides, `not implemented` where nobody does yet."""
        if self.requirement.level is Level.MANUAL:
            return "manual"
        return self.rule.name if self.rule else "not implemented"

    @property
    def doc(self) -> str:
        """The rule's documentation without its indentation; empty where there is no rule."""
        return inspect.cleandoc(self.rule.doc) if self.rule and self.requirement.level is not Level.MANUAL else ""

    def as_json(self) -> dict[str, Any]:
        """What programs get of it."""
        r = self.requirement
        by_rule = self.rule is not None and r.level is not Level.MANUAL
        return {
            "id": r.id,
            "family": r.family,
            "level": r.level,
            "severity": r.severity,
            "section": r.section,
            "statement": r.statement,
            "decided_by": r.decided_by,
            "state": "rule" if by_rule else self.decided,
            "rule": self.rule.name if by_rule and self.rule else None,
            "look_at": r.look_at or None,
        }


def entries(baseline: Baseline) -> tuple[Entry, ...]:
    """Every requirement of a baseline, in its order."""
    index = rules_by_name()
    return tuple(
        Entry(requirement, index.get(requirement.rule), baseline.stated.get(id_, {}))
        for id_, requirement in baseline.requirements.items()
    )
