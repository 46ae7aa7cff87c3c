"""Findings and waivers to findings of which some are accepted. A waived finding stays in sight."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from auditor.model import AuditResult, Finding, Outcome, Waiver, WaiverUse


def waive(result: AuditResult, waivers: Sequence[Waiver], today: date) -> AuditResult:
    """Apply waivers to the fails of a result, as of a day.

    An expired waiver waives nothing and is reported beside the finding it would have covered; one that covers
    nothing is reported too, so that no waiver outlives its reason unseen. One that covers everything, or lasts more
    than a year, waives as any other and is reported.
    """
    valid = [w for w in waivers if not w.expired(today)]
    findings = tuple(_borne(finding, valid) for finding in result.findings)
    uses = tuple(_uses(result, waivers, today))
    notes = (*result.notes, *(use.says for use in uses if use.problem))
    return replace(result, findings=findings, notes=notes, waivers=uses)


def _borne(finding: Finding, waivers: Sequence[Waiver]) -> Finding:
    if finding.outcome is not Outcome.FAIL:
        return finding
    covering = [w for w in waivers if _covers(w, finding)]
    return replace(finding, waiver=max(covering, key=lambda w: w.expires)) if covering else finding


def _covers(waiver: Waiver, finding: Finding) -> bool:
    return waiver.covers(finding.requirement, finding.verdict.resource, finding.verdict.aspect)


def _wide(waiver: Waiver, result: AuditResult) -> int:
    """How many requirements a waiver takes out of the check, found or not: those that its pattern names, two or more.

    What it leaves of them is next to nothing: whoever names a subscription in the place of a star waives as much.
    """
    named = set(waiver.wide(result.requirements))
    of = [f for f in result.findings if f.requirement in named and f.outcome is not Outcome.NOT_APPLICABLE]
    shared = {f.requirement for f in of}
    if len(shared) < _SEVERAL or sum(_covers(waiver, finding) for finding in of) < _NEARLY_ALL * len(of):
        return 0
    return len(shared)


_SEVERAL = 2
_NEARLY_ALL = 0.9


def _uses(result: AuditResult, waivers: Sequence[Waiver], today: date) -> Iterator[WaiverUse]:
    fails = [finding for finding in result.findings if finding.outcome is Outcome.FAIL]
    undecided = [finding for finding in result.findings if finding.outcome in (Outcome.UNKNOWN, Outcome.ERROR)]
    for waiver in waivers:
        covered, open_ = (sum(_covers(waiver, finding) for finding in of) for of in (fails, undecided))
        yield WaiverUse(
            waiver,
            covered,
            waiver.expired(today),
            open_,
            everything=waiver.everything(result.requirements),
            wide=_wide(waiver, result),
            days=(waiver.expires - today).days,
        )
