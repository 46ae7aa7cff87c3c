"""One statement of a baseline."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much the architecture wants it: it states it, it recommends it, it holds where a choice was made."""

    MUST = "must"
    SHOULD = "should"
    CONDITIONAL = "conditional"
    MANUAL = "manual"


class Severity(StrEnum):
    """How bad it is where it does not hold."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return list(Severity).index(self)


@dataclass(frozen=True)
class Requirement:
    """A requirement as its baseline states it. `look_at` tells a person what to check where no rule can decide.

    `rule` names the rule that decides it, empty where a person does; `on` names the
    parts that are its subjects where those are not the rule's own; `decided_by` names the properties that it reads;
    `line` and `column` are its place in the baseline's file.
    """

    id: str
    level: Level
    severity: Severity
    statement: str
    section: str
    family: str
    look_at: str = ""
    line: int = 0
    column: int = 0
    decided_by: str = ""
    rule: str = ""
    on: tuple[str, ...] = ()
