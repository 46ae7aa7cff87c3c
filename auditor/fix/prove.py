"""A fix is a fix when a second audit says so: what it closes, what it opens, and what is not known any more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from auditor.causes.apply import NotApplicableError, applied
from auditor.estate import Estate
from auditor.model import ArmId, AuditResult, Finding, Outcome
from auditor.model.change import Change
from auditor.snapshot import Snapshot

Audit = Callable[[Snapshot], AuditResult]
Key = tuple[str, str, ArmId | None, str]


class Standing(StrEnum):
    """What the proof of a fix came to."""

    PROVEN = "proven"
    """It closes what it is for, and opens nothing."""
    OPENS = "opens"
    """It closes what it is for, and something else fails after it."""
    LEAVES = "leaves"
    """What it is for still fails after it."""
    UNKNOWN = "unknown"
    """After it, what it is for cannot be determined."""
    NOT_APPLICABLE = "not_applicable"
    """It does not fit this snapshot."""


@dataclass(frozen=True)
class Proof:
    """What an audit of the estate after the changes says."""

    standing: Standing
    closes: tuple[Finding, ...] = ()
    opens: tuple[Finding, ...] = ()
    because: str = ""
    after: AuditResult | None = field(default=None, compare=False, repr=False)
    """The audit of the state after the changes; `None` where they do not fit."""

    @property
    def proven(self) -> bool:
        """Whether this may be called a fix."""
        return self.standing is Standing.PROVEN


def key_of(finding: Finding) -> Key:
    """What makes two findings of two audits the same statement about the same thing."""
    return finding.requirement, finding.workload, finding.verdict.resource, finding.verdict.aspect


def failing(result: AuditResult) -> dict[Key, Finding]:
    """Every finding that fails."""
    return {key_of(f): f for f in result.findings if f.outcome is Outcome.FAIL}


@dataclass(frozen=True)
class Prover:
    """Proves changes on one snapshot: the audit before is made once."""

    snapshot: Snapshot
    estate: Estate
    before: AuditResult
    audit: Audit

    def after(self, changes: Iterable[Change]) -> AuditResult:
        """The audit of the estate with the changes. Raises `NotApplicableError` where one does not fit."""
        return self.audit(applied(self.snapshot, self.estate, changes))

    def prove(self, changes: Sequence[Change], wanted: Iterable[Finding]) -> Proof:
        """Hold the changes against what they are for."""
        try:
            after = self.after(changes)
        except NotApplicableError as problem:
            return Proof(Standing.NOT_APPLICABLE, because=str(problem))
        return compare(self.before, after, wanted)


def compare(before: AuditResult, after: AuditResult, wanted: Iterable[Finding]) -> Proof:
    """What became of the failing findings from one audit to the next."""
    was, now = failing(before), failing(after)
    unknown = {key_of(f): f for f in after.findings if f.outcome in (Outcome.UNKNOWN, Outcome.ERROR)}
    undetermined = {(key[0], key[2]) for key in unknown}
    gone = [(key, finding) for key, finding in was.items() if key not in now]
    closes = tuple(f for key, f in gone if (key[0], key[2]) not in undetermined and (key[0], None) not in undetermined)
    opens = tuple(f for key, f in now.items() if key not in was)
    left = [f for f in wanted if key_of(f) in now]
    if left:
        return Proof(Standing.LEAVES, closes, opens, left[0].verdict.message, after)
    doubtful = [f for f in wanted if (f.requirement, f.verdict.resource) in undetermined]
    if doubtful:
        why = next(f for key, f in unknown.items() if (key[0], key[2]) == (doubtful[0].requirement, key[2]))
        return Proof(Standing.UNKNOWN, closes, opens, why.verdict.message, after)
    if opens:
        return Proof(Standing.OPENS, closes, opens, opens[0].verdict.message, after)
    return Proof(Standing.PROVEN, closes, after=after)
