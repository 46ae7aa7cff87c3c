"""The findings as records for Azure Monitor's Logs Ingestion API: one JSON array, as a data collection rule takes it.

The columns are those of examples/log-analytics/deploy.json, which makes the table, the rule and a pack of queries. One
call takes 1 MB (learn.microsoft.com/azure/azure-monitor/service-limits, read 2026-11): texts are cut to stay below
it for a thousand findings, and the JSON report has them whole.
"""

from __future__ import annotations

from typing import Any

from auditor.model import AuditResult, Finding
from auditor.report.context import Context
from auditor.report.controls.entries import controls_entry
from auditor.report.json_ import json_text
from auditor.text.sanitise import clip, line, visible_lines

COLUMNS = {
    "SnapshotTime": "datetime",
    "SnapshotSha256": "string",
    "Baseline": "string",
    "Workload": "string",
    "Requirement": "string",
    "Family": "string",
    "Statement": "string",
    "Outcome": "string",
    "Level": "string",
    "Severity": "string",
    "Message": "string",
    "Permission": "string",
    "Fix": "string",
    "AuditedResourceId": "string",
    "AuditedSubscription": "string",
    "Fingerprint": "string",
    "AcceptedBy": "string",
    "AcceptedUntil": "string",
    "Controls": "dynamic",
}
"""The columns of a record and their types in the table; `_ResourceId` and its like are Azure's own names."""

_UNDATED = "1970-01-01T00:00:00Z"


def render(result: AuditResult, context: Context | None = None) -> str:
    """Every finding, whatever its outcome, in the order of the baseline: one record a line."""
    wanted = context or Context()
    rows = [json_text(_record(finding, result, wanted), lossless=False) for finding in result.findings]
    return "[\n" + ",\n".join(rows) + "\n]\n" if rows else "[]\n"


def _record(finding: Finding, result: AuditResult, context: Context) -> dict[str, Any]:
    verdict, requirement = finding.verdict, result.requirements[finding.requirement]
    resource, waiver = verdict.resource, finding.waiver
    known = result.snapshot.subscriptions
    return {
        "SnapshotTime": line(result.snapshot.collected_at or context.as_of or _UNDATED, 40),
        "SnapshotSha256": result.snapshot.sha256,
        "Baseline": f"{line(result.baseline.name, 80)} {line(result.baseline.version, 40)}",
        "Workload": line(finding.workload, 200),
        "Requirement": finding.requirement,
        "Family": requirement.family,
        "Statement": line(requirement.statement, 300),
        "Outcome": finding.outcome.value,
        "Level": finding.level,
        "Severity": finding.severity,
        "Message": line(verdict.message, 600),
        "Permission": line((verdict.unknown.permission or "") if verdict.unknown is not None else "", 200),
        "Fix": visible_lines(clip(verdict.remediation, 600)),
        "AuditedResourceId": line(resource.text, 1000) if resource is not None else "",
        "AuditedSubscription": (resource.subscription if resource is not None else "")
        or (known[0] if len(known) == 1 else ""),
        "Fingerprint": finding.fingerprint,
        "AcceptedBy": line(waiver.owner, 120) if waiver is not None else "",
        "AcceptedUntil": waiver.expires.isoformat() if waiver is not None else "",
        "Controls": controls_entry(finding.requirement, context.controls),
    }
