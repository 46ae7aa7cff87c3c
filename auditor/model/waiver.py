"""A decision to bear a finding for a while: who took it, why, and until when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from auditor.model.arm_id import ArmId
from auditor.model.wildcard import like

LONG = 366
"""Days after which a waiver lasts longer than somebody can answer for: a year, leap years included."""

_ANY = "/subscriptions/\ufffd/resourcegroups/\ufffd/providers/\ufffd/\ufffd/\ufffd"
"""An id that no pattern matches which names anything: what matches it matches every resource."""


@dataclass(frozen=True)
class Waiver:
    """Says which findings are accepted. `requirement`, `resource` and `aspect` are patterns with `*`, in any case.

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
            like(requirement, self.requirement)
            and like(resource.key if resource else "", self.resource)
            and like(aspect, self.aspect)
        )

    def expired(self, today: date) -> bool:
        """Whether its last day is over."""
        return today > self.expires

    def wide(self, requirements: Iterable[str]) -> tuple[str, ...]:
        """The requirements that it covers where a pattern names several of them; none where it names one."""
        return tuple(id_ for id_ in requirements if like(id_, self.requirement)) if "*" in self.requirement else ()

    def everything(self, requirements: Iterable[str]) -> bool:
        """Whether it covers all of these requirements on whatever resource: no decision about a finding."""
        wild = "*" in self.requirement and like(_ANY, self.resource) and like("\ufffd", self.aspect)
        return wild and all(like(id_, self.requirement) for id_ in requirements)


@dataclass(frozen=True)
class WaiverUse:
    """What became of a waiver on the day of the audit: how many fails it `covers`, and whether its time is over.

    `undecided` are the findings that it speaks of and of which nobody knows whether they fail. `everything` says that
    it covers every requirement on every resource, `wide` how many requirements it takes nearly all findings of (0 for
    fewer than two), `days` how many days it goes on after the day of the audit.
    """

    waiver: Waiver
    covers: int
    expired: bool
    undecided: int = 0
    everything: bool = False
    wide: int = 0
    days: int = 0

    @property
    def problem(self) -> bool:
        """Whether somebody must look after it: it is over, has nothing to cover, or covers too much or for too long."""
        return self.expired or not self.covers or bool(self.excess)

    @property
    def excess(self) -> str:
        """What is too much about a waiver that still holds; empty where it is about something, for a while."""
        if self.expired:
            return ""
        said = []
        if self.everything:
            said.append("every requirement on every resource is waived")
        elif self.wide:
            said.append(f"nearly all findings of {self.wide} requirements are waived by one pattern")
        if self.days > LONG:
            said.append(f"waived for {self.days:,} more days, which is more than a year")
        return "; ".join(said)

    @property
    def says(self) -> str:
        """One sentence that names the waiver, its place and its owner, and what became of it.

        What is too much comes first: reports cut long sentences, and the waiver's own words are as long as you like.
        """
        return f"{self.excess}: {self._became}" if self.excess else self._became

    @property
    def _became(self) -> str:
        waiver = self.waiver
        what = f"the waiver of {waiver.requirement} on {waiver.resource} ({waiver.where}, owner {waiver.owner})"
        if self.expired and self.covers:
            again = "1 finding fails" if self.covers == 1 else f"{self.covers} findings fail"
            return f"{what} expired on {waiver.expires.isoformat()}: {again} again"
        if self.undecided and not self.covers:
            over = f"expired on {waiver.expires.isoformat()} and " if self.expired else ""
            them = "the finding" if self.undecided == 1 else f"{self.undecided} findings"
            return f"{what} {over}covers no finding: {them} that it speaks of could not be decided"
        if self.expired:
            return f"{what} expired on {waiver.expires.isoformat()}: it covers nothing any more: delete it"
        if not self.covers:
            return f"{what} covers no finding: delete it, or correct its patterns"
        return f"{what} covers {self.covers} until {waiver.expires.isoformat()}"
