"""Which findings opened, closed, or can no longer be determined."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from auditor.drift.documents import Pair, doubted_absence
from auditor.drift.model import Change, Effect, Topic
from auditor.estate.naming import short
from auditor.model import ArmId, AuditResult, Finding, Level, Outcome, Severity, Unknown

Key = tuple[str, str]
"""Workload and fingerprint (two workloads may share a resource), or workload and requirement."""

_WORST = (
    Outcome.FAIL, Outcome.ERROR, Outcome.UNKNOWN, Outcome.WAIVED, Outcome.MANUAL, Outcome.PASS, Outcome.NOT_APPLICABLE,
)  # fmt: skip

_WORDS = {
    Outcome.FAIL: "failed", Outcome.ERROR: "could not be decided: the rule itself failed",
    Outcome.UNKNOWN: "could not be determined", Outcome.WAIVED: "was waived", Outcome.PASS: "held",
    Outcome.NOT_APPLICABLE: "did not apply", Outcome.MANUAL: "was for a person to check", None: "was not there",
}  # fmt: skip


@dataclass(frozen=True)
class Results:
    """The findings of two audits by what they are about, and how each came out; `None` where there is none."""

    pair: Pair
    old: AuditResult
    new: AuditResult

    @cached_property
    def before(self) -> Mapping[Key, Finding]:
        """The findings of the old audit."""
        return _by_key(self.old)

    @cached_property
    def after(self) -> Mapping[Key, Finding]:
        """The findings of the new audit, under the keys of the old where a workload lost or changed its name.

        A fingerprint tells the workload of a shared resource, so it changes with the name: what is said about the same
        resource by the same requirement is the same finding then.
        """
        found = _by_key(self.new)
        names = _renamed(self.old, self.new)
        if not names:
            return found
        same = {_statement(finding): key for key, finding in self.before.items()}
        return {
            same.get(_statement(finding), (names.get(workload, workload), fingerprint)): finding
            for (workload, fingerprint), finding in found.items()
        }

    def outcomes(self) -> Iterator[tuple[Finding, Outcome | None, Outcome | None]]:
        """Each finding that came out otherwise, with both outcomes; the newer finding where there are both."""
        hidden_before, hidden_after = _hidden(self.before, self.after), _hidden(self.after, self.before)
        for key in {**self.before, **self.after}:
            was, is_ = self.before.get(key), self.after.get(key)
            finding = is_ or was
            assert finding is not None
            about = (key[0], finding.requirement)
            before = was.outcome if was is not None else _absent(finding, about in hidden_before, self.pair)
            after = is_.outcome if is_ is not None else _absent(finding, about in hidden_after, self.pair.reversed)
            if before is not after:
                yield finding, before, after


def _statement(finding: Finding) -> tuple[str, ArmId | None, str]:
    return finding.requirement, finding.verdict.resource, finding.verdict.aspect


def _absent(finding: Finding, hidden: bool, pair: Pair) -> Outcome | None:
    """What it means that the audit of the pair's old side has no such finding: nothing to find, or nothing seen."""
    if hidden:
        return Outcome.UNKNOWN
    subject = finding.verdict.resource
    if subject is None or pair.old.find(subject) is not None or pair.new.find(subject) is None:
        return None
    return None if doubted_absence(pair.old, subject, pair.new) is None else Outcome.UNKNOWN


def _hidden(mine: Mapping[Key, Finding], other: Mapping[Key, Finding]) -> frozenset[Key]:
    """Workload and requirement of what could not be determined of no subject, or of one that only this audit names."""
    unknown = ((key, f) for key, f in mine.items() if f.outcome is Outcome.UNKNOWN)
    return frozenset((key[0], f.requirement) for key, f in unknown if f.verdict.resource is None or key not in other)


def _renamed(old: AuditResult, new: AuditResult) -> Mapping[str, str]:
    """Old names by new ones, of the only workload of both sides: it has none while its anchor is unread."""
    before, after = ({workload.name for workload in result.workloads} for result in (old, new))
    if len(before) == len(after) == 1 and before != after:
        return {next(iter(after)): next(iter(before))}
    return {}


def changes(results: Results) -> Iterator[Change]:
    """Every finding that came out otherwise in a way that means something."""
    if results.new.missing and not results.old.missing:
        yield _vanished("nothing of this architecture is there any more", Effect.WORSE)
    if results.old.missing and not results.new.missing:
        yield _vanished("a deployment of this architecture is there now", Effect.BETTER)
    for finding, before, after in results.outcomes():
        kind, effect = judged(before, after)
        if effect is not None:
            yield _change(finding, before, after, kind, effect)


def judged(before: Outcome | None, after: Outcome | None) -> tuple[str, Effect | None]:
    """The word for a change of outcome, and what it does; no effect where it means nothing.

    What holds, does not apply or needs a person comes and goes with its resource, and is not told.
    """
    if after is Outcome.FAIL:
        return "opened", Effect.WORSE
    if after is Outcome.ERROR:
        return "unread", Effect.UNKNOWN
    if after is Outcome.UNKNOWN:
        return "unread", Effect.UNKNOWN
    if before is Outcome.FAIL:
        return ("waived", Effect.OTHER) if after is Outcome.WAIVED else ("closed", Effect.BETTER)
    if before in (Outcome.UNKNOWN, Outcome.ERROR):
        return "told", Effect.OTHER
    if Outcome.WAIVED in (before, after):
        return "waived" if after is Outcome.WAIVED else "closed", Effect.OTHER
    return "", None


def _change(finding: Finding, before: Outcome | None, after: Outcome | None, kind: str, effect: Effect) -> Change:
    verdict = finding.verdict
    detail = {
        "requirement": finding.requirement,
        "level": finding.level,
        "severity": finding.severity,
        "workload": finding.workload,
        "part": verdict.part,
        "aspect": verdict.aspect,
        "before": before.value if before else None,
        "after": after.value if after else None,
        "message": verdict.message,
        "remediation": verdict.remediation if after is Outcome.FAIL else "",
        "unknown": _unknown(verdict.unknown) if after is Outcome.UNKNOWN else None,
        "fingerprint": finding.fingerprint,
    }
    rank = Severity(finding.severity).rank + 10 * _KINDS.index(kind)
    required = finding.level != Level.SHOULD.value
    return Change(Topic.FINDINGS, kind, effect, _says(finding, before, after), verdict.resource, detail, rank, required)


_KINDS = ("opened", "unread", "told", "waived", "closed")


def _says(finding: Finding, before: Outcome | None, after: Outcome | None) -> str:
    verdict = finding.verdict
    on = f" on {short(verdict.resource)}" if verdict.resource is not None else ""
    now = {
        Outcome.FAIL: "fails", Outcome.UNKNOWN: "can no longer be determined", Outcome.PASS: "holds now",
        Outcome.NOT_APPLICABLE: "no longer applies", Outcome.WAIVED: "is waived now", Outcome.MANUAL: "needs a person",
        Outcome.ERROR: "could not be decided: the rule itself failed", None: "is gone",
    }[after]  # fmt: skip
    if after is None:
        return f"{finding.requirement}{on} is gone ({_WORDS[before]} before): {verdict.message}"
    # Of a finding that the new audit does not have, the message speaks of the old one.
    said = "" if after is Outcome.UNKNOWN and verdict.outcome is not Outcome.UNKNOWN else f": {verdict.message}"
    return f"{finding.requirement}{on} {now} ({_WORDS[before]} before){said}"


def _vanished(says: str, effect: Effect) -> Change:
    return Change(Topic.FINDINGS, "architecture", effect, says, rank=-1)


def _unknown(gap: Unknown | None) -> dict[str, str | None] | None:
    return None if gap is None else {"because": gap.because, "permission": gap.permission}


def _by_key(result: AuditResult) -> dict[Key, Finding]:
    """Of several findings of one fingerprint the worst."""
    found: dict[Key, Finding] = {}
    for finding in result.findings:
        key = (finding.workload, finding.fingerprint)
        if key not in found or _WORST.index(finding.outcome) < _WORST.index(found[key].outcome):
            found[key] = finding
    return found
