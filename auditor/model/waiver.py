"""A decision to bear a finding for a while: who took it, why, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase

from auditor.model.arm_id import ArmId


@dataclass(frozen=True)
class Waiver:
    """Says which findings are borne. `requirement`, `resource` and `aspect` are patterns with `*`, without letter case.

    It holds up to and including the day it `expires`. `path`, `line` and `column` say where it is written.
    """

    requirement: str
    resource: str
    owner: str
    reason: str
    expires: date
    aspect: str = "*"
    path: str = ""
    line: int = 0
    column: int = 0

    @property
    def where(self) -> str:
        """`waivers.yaml:12:5`."""
        return f"{self.path}:{self.line}:{self.column}"

    def covers(self, requirement: str, resource: ArmId | None, aspect: str) -> bool:
        """Whether it speaks of this finding, expired or not."""
        return (
            fnmatchcase(requirement.casefold(), self.requirement.casefold())
            and fnmatchcase(resource.key if resource else "", self.resource.casefold())
            and fnmatchcase(aspect.casefold(), self.aspect.casefold())
        )

    def expired(self, today: date) -> bool:
        """Whether its last day is over."""
        return today > self.expires
