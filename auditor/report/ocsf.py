"""The findings as OCSF events for a SIEM: class 2003 (Compliance Finding), one JSON object a line.

Written to OCSF 1.8.0, released 2026-03-18 (github.com/ocsf/ocsf-schema: events/findings/compliance_finding.json and
the objects it names). Only attributes that are not deprecated there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from auditor import __version__
from auditor.frameworks.model import Controls
from auditor.model import AuditResult, Finding, Outcome, WaiverUse
from auditor.report.context import Context
from auditor.report.controls.entries import controls_entry
from auditor.report.json_ import evidence_entry, json_text
from auditor.text.sanitise import (
    accepted_by,
    clip,
    line,
    short_name,
    visible_lines,
)

VERSION = "1.8.0"
CLASS_UID = 2003
CATEGORY_UID = 2
_CREATE = 1

_SEVERITY: Mapping[str, tuple[int, str]] = {
    "critical": (5, "Critical"),
    "high": (4, "High"),
    "medium": (3, "Medium"),
    "low": (2, "Low"),
}
_INFORMATIONAL = (1, "Informational")

_SUBSCRIPTION: Mapping[str, Any] = {"type_id": 13, "type": "Azure Subscription"}

# compliance.status_id; a word of our own goes with 99, as the schema asks.
_STATUS: Mapping[Outcome, tuple[int, str]] = {
    Outcome.PASS: (1, "Pass"),
    Outcome.UNKNOWN: (2, "Warning"),
    Outcome.FAIL: (3, "Fail"),
    Outcome.WAIVED: (99, "Waived"),
    Outcome.NOT_APPLICABLE: (99, "Not Applicable"),
    Outcome.MANUAL: (99, "Manual"),
    Outcome.ERROR: (0, "Unknown"),
}


def render(result: AuditResult, context: Context | None = None) -> str:
    """Every finding, whatever its outcome, in the order of the baseline; then each waiver to look after.

    The time of all of them is when the snapshot was taken; where it does not say, the date the audit was made for.
    """
    wanted = context or Context()
    taken = _milliseconds(result.snapshot.collected_at or wanted.as_of)
    events = [_event(finding, result, taken, wanted.controls) for finding in result.findings]
    events += [_waiver_event(use, result, taken) for use in result.waivers if use.problem]
    return "".join(f"{json_text(event, lossless=False)}\n" for event in events)


def _milliseconds(text: str) -> int:
    """An ISO 8601 time as milliseconds since 1970; 0, OCSF's null, where nobody said when."""
    if not text:
        return 0
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _event(finding: Finding, result: AuditResult, taken: int, controls: Controls) -> dict[str, Any]:
    verdict = finding.verdict
    is_open = finding.outcome in (Outcome.FAIL, Outcome.UNKNOWN, Outcome.ERROR)
    severity_id, severity = _SEVERITY[finding.severity] if is_open else _INFORMATIONAL
    event: dict[str, Any] = {
        **_frame(taken),
        "severity_id": severity_id,
        "severity": severity,
        # The finding's life cycle, not its outcome; a waived one is what OCSF calls suppressed.
        "status_id": 3 if finding.outcome is Outcome.WAIVED else 1,
        "status": "Suppressed" if finding.outcome is Outcome.WAIVED else "New",
        "message": line(verdict.message, 2000),
        "cloud": {"provider": "Azure", "account": _account(finding, result)},
        "finding_info": _info(finding, result, taken),
        "compliance": _compliance(finding, result, controls),
        "resources": [_resource(finding)],
    }
    if verdict.remediation:
        event["remediation"] = {"desc": visible_lines(clip(verdict.remediation, 4000))}
    if verdict.evidence or verdict.witness is not None:
        entries = [evidence_entry(evidence, result) for evidence in verdict.evidence]
        event["evidences"] = [{"data": {"evidence": entries, "witness": verdict.witness}}]
    if supported := controls_entry(finding.requirement, controls):
        # By framework, since `compliance.requirements` is a flat list.
        event["unmapped"] = {"controls": supported}
    return event


def _frame(taken: int) -> dict[str, Any]:
    """What every event begins with."""
    return {
        "class_uid": CLASS_UID,
        "class_name": "Compliance Finding",
        "category_uid": CATEGORY_UID,
        "category_name": "Findings",
        "activity_id": _CREATE,
        "activity_name": "Create",
        "type_uid": CLASS_UID * 100 + _CREATE,
        "type_name": "Compliance Finding: Create",
        "time": taken,
        "metadata": {
            "version": VERSION,
            "product": {"name": "auditor", "vendor_name": "auditor", "version": __version__},
            "profiles": ["cloud"],
        },
    }


def _waiver_event(use: WaiverUse, result: AuditResult, taken: int) -> dict[str, Any]:
    """A waiver to look after: a finding about how the baseline is kept, not about a resource."""
    waiver = use.waiver
    uid = hashlib.sha256(
        f"{waiver.where} {waiver.requirement} {waiver.resource}".encode("utf-8", "replace")
    ).hexdigest()
    severity_id, severity = _SEVERITY["medium"] if use.expired or use.excess else _INFORMATIONAL
    return {
        **_frame(taken),
        "severity_id": severity_id,
        "severity": severity,
        "status_id": 1,
        "status": "New",
        "message": line(use.says, 2000),
        "cloud": {"provider": "Azure", "account": _workload_account(result)},
        "finding_info": {
            "uid": uid,
            "title": f"waiver of {line(waiver.requirement, 200)} {_became(use)}",
            "desc": line(use.says, 2000),
            "created_time": taken,
            "types": ["waiver"],
        },
        "compliance": {
            "standards": [f"{line(result.baseline.name, 80)} {line(result.baseline.version, 40)}"],
            "control": line(waiver.requirement, 200),
            "status_id": 2,
            "status": "Warning",
            "status_code": "note",
            "status_details": [line(use.says, 2000)],
        },
        "resources": [{"name": line(waiver.resource, 500), "type": "waiver"}],
    }


def _became(use: WaiverUse) -> str:
    if use.expired:
        return "expired"
    return "covers too much or for too long" if use.excess else "covers nothing"


def _info(finding: Finding, result: AuditResult, taken: int) -> dict[str, Any]:
    requirement = result.requirements[finding.requirement]
    return {
        "uid": finding.fingerprint,
        "title": f"{finding.requirement}: {line(requirement.statement, 500)}",
        "desc": line(finding.verdict.message, 2000),
        "created_time": taken,
        "types": [requirement.family],
        "analytic": {"type_id": 1, "type": "Rule", "name": finding.rule or "none", "uid": finding.requirement},
    }


def _compliance(finding: Finding, result: AuditResult, controls: Controls) -> dict[str, Any]:
    """The baseline's requirement is the control; the frameworks' controls that it supports follow as requirements."""
    status_id, status = _STATUS[finding.outcome]
    requirement = result.requirements[finding.requirement]
    why = finding.verdict.unknown
    details = [line(finding.verdict.message, 2000)]
    if why is not None and why.permission:
        details.append(f"needs the permission {line(why.permission, 200)}")
    if finding.waiver is not None:
        details.append(accepted_by(finding))
    supported = controls.of(finding.requirement).controls
    names = {id_: line(controls.frameworks[id_].name, 120) for id_ in supported}
    return {
        "standards": [f"{line(result.baseline.name, 80)} {line(result.baseline.version, 40)}", *names.values()],
        "control": finding.requirement,
        "requirements": [
            line(requirement.statement, 500),
            *(f"{names[id_]}: {line(control, 80)}" for id_, ids in supported.items() for control in ids),
        ],
        "category": line(result.baseline.families.get(requirement.family, requirement.family), 80),
        "desc": line(f"section {requirement.section} of {result.baseline.source}", 500),
        "status_id": status_id,
        "status": status,
        "status_code": finding.outcome.value,
        "status_details": details,
    }


def _resource(finding: Finding) -> dict[str, Any]:
    """The resource; where a finding is about the workload as a whole, that."""
    resource = finding.verdict.resource
    if resource is None:
        return {"name": line(finding.workload or "workload", 200), "type": "workload"}
    found: dict[str, Any] = {
        "uid": resource.text,
        "name": line(short_name(resource), 500),
        "type": resource.type,
        "provider": "Azure",
        "role_id": 1,
        "role": "Target",
    }
    if resource.resource_group:
        found["group"] = {"name": resource.resource_group}
    return found


def _account(finding: Finding, result: AuditResult) -> dict[str, Any]:
    resource = finding.verdict.resource
    if resource is not None and resource.subscription:
        return {"uid": resource.subscription, **_SUBSCRIPTION}
    return _workload_account(result)


def _workload_account(result: AuditResult) -> dict[str, Any]:
    """About the workload as a whole: its subscription is certain only where there is just one."""
    known = result.snapshot.subscriptions
    return {"uid": known[0], **_SUBSCRIPTION} if len(known) == 1 else dict(_SUBSCRIPTION)
