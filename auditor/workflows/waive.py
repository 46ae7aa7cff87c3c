"""Findings and waivers to findings of which some are borne. Nothing is taken away: a waived finding stays in sight."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from auditor.model import AuditResult, Finding, Outcome, Waiver


def waive(result: AuditResult, waivers: Sequence[Waiver], today: date) -> AuditResult:
    """Apply waivers to the fails of a result, as of a day.

    An expired waiver waives nothing and is reported beside the finding it would have covered; one that covers
    nothing is reported too, so that no waiver outlives its reason unseen.
    """
    valid = [w for w in waivers if not w.expired(today)]
    findings = tuple(_borne(finding, valid) for finding in result.findings)
    notes = (*result.notes, *_notes(result, waivers, today))
    return replace(result, findings=findings, notes=notes)


def _borne(finding: Finding, waivers: Sequence[Waiver]) -> Finding:
    if finding.outcome is not Outcome.FAIL:
        return finding
    covering = [w for w in waivers if _covers(w, finding)]
    return replace(finding, waiver=max(covering, key=lambda w: w.expires)) if covering else finding


def _covers(waiver: Waiver, finding: Finding) -> bool:
    return waiver.covers(finding.requirement, finding.verdict.resource, finding.verdict.aspect)


def _notes(result: AuditResult, waivers: Sequence[Waiver], today: date) -> Iterator[str]:
    fails = [finding for finding in result.findings if finding.outcome is Outcome.FAIL]
    covered = Counter(w for w in waivers for finding in fails if _covers(w, finding))
    for waiver in waivers:
        count = covered[waiver]
        what = f"the waiver of {waiver.requirement} on {waiver.resource} ({waiver.where}, owner {waiver.owner})"
        if waiver.expired(today):
            then = f"{count} finding{'s' if count != 1 else ''} fail{'s' if count == 1 else ''} again" if count else (
                "it covers nothing any more: delete it"
            )  # fmt: skip
            yield f"{what} expired on {waiver.expires.isoformat()}: {then}"
        elif not count:
            yield f"{what} covers no finding: delete it, or correct its patterns"
