"""Which findings a report for a person shows; nothing here changes what an audit comes to."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from auditor.model import AuditorError, AuditResult, Finding, Severity


@dataclass(frozen=True)
class Narrow:
    """What was asked for: patterns of requirement ids, families, words of parts, and the least severity."""

    only: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    severity: str = ""

    @property
    def asks(self) -> bool:
        """Whether anything was asked for."""
        return bool(self.only or self.families or self.parts or self.severity)

    def takes(self, finding: Finding, result: AuditResult) -> bool:
        """Whether a finding is among what was asked for."""
        family = result.requirements[finding.requirement].family
        part = finding.verdict.part.casefold()
        return (
            (not self.only or any(fnmatchcase(finding.requirement, p.upper()) for p in self.only))
            and (not self.families or family in {f.upper() for f in self.families})
            and (not self.parts or any(word.casefold() in part for word in self.parts))
            and (not self.severity or Severity(finding.severity).rank <= Severity(self.severity).rank)
        )


def check(narrow: Narrow, result: AuditResult) -> None:
    """Refuse what can match nothing. Raises `AuditorError` that names what there is."""
    for pattern in narrow.only:
        if not any(fnmatchcase(id_, pattern.upper()) for id_ in result.requirements):
            raise AuditorError(f"--only {pattern}: the baseline has no such requirement", "see `auditor rules`")
    families = {requirement.family for requirement in result.requirements.values()}
    for family in narrow.families:
        if family.upper() not in families:
            there = ", ".join(sorted(families))
            raise AuditorError(f"--family {family}: the baseline has no such family", f"families are {there}")
    parts = {finding.verdict.part for finding in result.findings} - {""}
    for part in narrow.parts:
        if result.findings and not any(part.casefold() in each.casefold() for each in parts):
            there = ", ".join(sorted(parts))
            raise AuditorError(f"--part {part}: no finding is about such a part", f"parts are {there}")
