"""The result as JSON, format `auditor-result/1`: fields may be added, never changed."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from auditor.causes.render.json_patch import entry
from auditor.model import (
    AuditResult,
    Evidence,
    Finding,
    Outcome,
    Read,
    Requirement,
    Retirement,
    SnapshotInfo,
    Unknown,
    Waiver,
)
from auditor.report.cause_text import cause_entry
from auditor.report.chain_text import chain_entries, cut_entry
from auditor.report.context import Context
from auditor.report.controls.entries import add_controls
from auditor.report.digest import Digest

FORMAT = "auditor-result/1"

# JSON lets these stand raw; printed on a terminal or in a build log they would act. Written as escapes nothing is lost.
_ACTIVE = re.compile(
    "[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\uffff\ud800-\udfff"
    "\U000e0000-\U000e0fff]|#(?=#(?:vso)?\\[)",
    re.IGNORECASE,
)

_HALF = re.compile("[\ud800-\udfff]")


def render(result: AuditResult, context: Context | None = None) -> str:
    """Everything there is to say. Keys stand in a fixed order, so that two results compare line by line."""
    digest = Digest(result)
    document: dict[str, Any] = {
        "format": FORMAT,
        "baseline": {
            "name": result.baseline.name,
            "version": result.baseline.version,
            "source": result.baseline.source,
        },
        "snapshot": {
            **snapshot_entry(result.snapshot),
            "failed_reads": [_read(read) for read in result.snapshot.failed_reads],
        },
        "summary": {outcome.value: number for outcome, number in result.summary.items()},
        "missing": list(result.missing),
        "seen": list(result.seen),
        "not_implemented": list(result.not_implemented),
        "notes": list(result.notes),
        "rests_on": list(result.rests_on),
        "retirements": [_retirement(each) for each in result.retirements],
        "workloads": [
            {
                "name": w.name,
                "anchor": w.anchor,
                "parts": {part: list(ids) for part, ids in w.parts.items()},
                "architecture": w.architecture,
                "recognised": w.why,
            }
            for w in result.workloads
        ],
        "families": dict(result.baseline.families),
        "requirements": [_requirement(requirement) for requirement in result.requirements.values()],
        "waivers": [
            _waiver(use.waiver) | {"covers": use.covers, "expired": use.expired, "undecided": use.undecided}
            for use in result.waivers
        ],
        "results": [_finding(finding, digest) for finding in result.findings],
        "causes": [cause_entry(cause, result) for cause in digest.causes],
        "chains": chain_entries(result),
        "cut": cut_entry(result),
    }
    add_controls(document, result, context or Context())
    return json_text(document, indent=2) + "\n"


def _retirement(each: Retirement) -> dict[str, Any]:
    return {
        "id": each.id,
        "resource": each.resource.text,
        "what": each.what,
        "date": each.on,
        "over": each.over,
        "then": each.then,
        "source": each.source,
        "evidence": [{"pointer": e.place.pointer, "value": e.value} for e in each.evidence],
    }


def json_text(value: Any, indent: int | None = None, *, lossless: bool = True) -> str:
    """JSON that is safe to print: what is not seen, or would be an order to a build log, is written as an escape.

    Half a surrogate pair is written as it was sent, which strict readers refuse; without `lossless` it becomes U+FFFD.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if not lossless:
        text = _HALF.sub("\ufffd", text)
    if indent is not None:
        text = _indented(text, indent)
    return _ACTIVE.sub(_escape, text)


def _indented(text: str, indent: int) -> str:
    """The same JSON over lines. msgspec is quick, but refuses halves of surrogate pairs."""
    if _HALF.search(text):
        return json.dumps(json.loads(text), ensure_ascii=False, indent=indent)
    return msgspec.json.format(text, indent=indent)


def _escape(match: re.Match[str]) -> str:
    return "\\u0023" if match.group() == "#" else json.dumps(match.group())[1:-1].replace("\x7f", "\\u007f")


def snapshot_entry(snapshot: SnapshotInfo) -> dict[str, Any]:
    """Which snapshot it was, in the words that results and comparisons share."""
    return {
        "collected_at": snapshot.collected_at,
        "sha256": snapshot.sha256,
        "subscriptions": list(snapshot.subscriptions),
        "source": snapshot.source,
        "complete": snapshot.complete,
        "path": snapshot.path,
        "documents": snapshot.documents,
    }


def _read(read: Read) -> dict[str, Any]:
    return {
        "path": read.path,
        "api_version": read.api_version,
        "status": read.status,
        "error": read.error,
        "message": read.message,
        "permission": read.permission or None,
    }


def _requirement(requirement: Requirement) -> dict[str, Any]:
    return {
        "id": requirement.id,
        "family": requirement.family,
        "level": requirement.level.value,
        "severity": requirement.severity.value,
        "statement": requirement.statement,
        "section": requirement.section,
        "decided_by": requirement.decided_by,
        "look_at": requirement.look_at,
    }


def _finding(finding: Finding, digest: Digest) -> dict[str, Any]:
    verdict, result = finding.verdict, digest.result
    cause = digest.cause_of.get(finding.fingerprint) if finding.outcome is Outcome.FAIL else None
    unknown = verdict.unknown
    return {
        "requirement": finding.requirement,
        "rule": finding.rule,
        "outcome": finding.outcome.value,
        "level": finding.level,
        "severity": finding.severity,
        "severity_reason": finding.severity_reason or None,
        "workload": finding.workload,
        "resource": verdict.resource.text if verdict.resource is not None else None,
        "part": verdict.part,
        "aspect": verdict.aspect,
        "message": verdict.message,
        "evidence": [evidence_entry(evidence, result) for evidence in verdict.evidence],
        "witness": verdict.witness,
        "unknown": _unknown(unknown) if unknown is not None else None,
        "waiver": _waiver(finding.waiver) if finding.waiver is not None else None,
        "remediation": verdict.remediation,
        "fingerprint": finding.fingerprint,
        "cause": cause.id if cause is not None else None,
        "changes": [entry(change) for change in verdict.changes],
    }


def _unknown(unknown: Unknown) -> dict[str, Any]:
    return {
        "because": unknown.because,
        "permission": unknown.permission,
        "read": unknown.read,
        "until_deployed": unknown.until_deployed,
    }


def _waiver(waiver: Waiver) -> dict[str, Any]:
    return {
        "requirement": waiver.requirement,
        "resource": waiver.resource,
        "aspect": waiver.aspect,
        "owner": waiver.owner,
        "reason": waiver.reason,
        "expires": waiver.expires.isoformat(),
        "where": waiver.where,
    }


def evidence_entry(evidence: Evidence, result: AuditResult) -> dict[str, Any]:
    """One piece of evidence; `line` and `column` are null where the snapshot did not come from a file.

    `source` is where a template states it, and is there for planned documents alone.
    """
    line, column = result.positions.get(evidence.place, (None, None))
    source = result.sources.get(evidence.place)
    stated = {"source": dict(zip(("file", "line", "column"), source, strict=True))} if source is not None else {}
    return {
        "resource": evidence.place.document.text,
        "pointer": evidence.place.pointer,
        "value": evidence.value,
        "line": line,
        "column": column,
        **stated,
    }
