"""The findings for a spreadsheet, one a row. No cell can become a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping

from auditor.frameworks.model import Controls
from auditor.model import AuditResult, Finding, WaiverUse
from auditor.report.context import Context
from auditor.text.sanitise import (
    cell,
    one_line,
    value_text,
)

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
    "waiver_owner",
    "waiver_reason",
    "waiver_expires",
    "until_deployed",
)


def render(result: AuditResult, context: Context | None = None) -> str:
    """A header line, one line a finding in the baseline's order, one a waiver to look after; RFC 4180, all quoted.

    After the columns that every file has comes one for each framework, with the ids of controls.
    """
    controls = (context or Context()).controls
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([*COLUMNS, *(cell(id_) for id_ in controls.frameworks)])
    for finding in result.findings:
        writer.writerow([cell(text) for text in row_of(finding, result, controls)])
    for use in result.waivers:
        if use.problem:
            nothing = [""] * len(controls.frameworks)
            writer.writerow([*(cell(_note(use).get(column, "")) for column in COLUMNS), *nothing])
    return out.getvalue()


def row_of(finding: Finding, result: AuditResult, controls: Controls) -> tuple[str, ...]:
    """The cells of a finding, as they are: `COLUMNS`, then one for each framework."""
    verdict = finding.verdict
    requirement = result.requirements[finding.requirement]
    waiver = finding.waiver
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
        *((waiver.owner, waiver.reason, waiver.expires.isoformat()) if waiver is not None else ("", "", "")),
        "yes" if finding.until_deployed else "",
        *_supported(finding.requirement, controls),
    )


def _supported(requirement: str, controls: Controls) -> Iterator[str]:
    """A cell for each framework: the controls of it that a requirement supports."""
    found = controls.of(requirement).controls
    yield from (", ".join(found.get(framework, ())) for framework in controls.frameworks)


def _note(use: WaiverUse) -> Mapping[str, str]:
    """What is said of a waiver that somebody must look after, in the columns that fit."""
    waiver = use.waiver
    return {
        "requirement": waiver.requirement,
        "outcome": "note",
        "resource": waiver.resource,
        "message": use.says,
        "waiver_owner": waiver.owner,
        "waiver_reason": waiver.reason,
        "waiver_expires": waiver.expires.isoformat(),
    }
