"""The findings for a spreadsheet, one a row. No cell can become a formula."""

from __future__ import annotations

import csv
import io

from auditor.model import AuditResult, Finding
from auditor.reporting.context import Context
from auditor.reporting.words import clip, one_line, value_text, visible

COLUMNS = (
    "requirement",
    "outcome",
    "level",
    "severity",
    "family",
    "statement",
    "workload",
    "part",
    "resource",
    "message",
    "permission",
    "evidence",
    "witness",
    "remediation",
    "rule",
    "fingerprint",
)

# What spreadsheets start a formula with (owasp.org/www-community/attacks/CSV_Injection), full-width forms included:
# some locales take them for the plain ones.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")

_MAX_CELL = 8000
"""Excel holds 32,767 characters a cell; what is cut is in the JSON report."""


def render(result: AuditResult, context: Context | None = None) -> str:
    """A header line and one line a finding, in the order of the baseline; RFC 4180, every cell quoted."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for finding in result.findings:
        writer.writerow([_cell(text) for text in _row(finding, result)])
    return out.getvalue()


def _row(finding: Finding, result: AuditResult) -> tuple[str, ...]:
    verdict = finding.verdict
    requirement = result.requirements[finding.requirement]
    return (
        finding.requirement,
        finding.outcome.value,
        finding.level,
        finding.severity,
        requirement.family,
        requirement.statement,
        finding.workload,
        verdict.part,
        verdict.resource.text if verdict.resource is not None else "",
        verdict.message,
        (verdict.unknown.permission or "") if verdict.unknown is not None else "",
        "; ".join(f"{e.place.document.text}#{e.place.pointer} = {value_text(e.value)}" for e in verdict.evidence),
        value_text(verdict.witness) if verdict.witness is not None else "",
        one_line(verdict.remediation),
        finding.rule,
        finding.fingerprint,
    )


def _cell(text: str) -> str:
    shown = visible(clip(text, _MAX_CELL))
    return f"'{shown}" if shown.lstrip().startswith(_FORMULA) else shown
