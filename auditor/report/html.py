"""The result as one page that needs nothing but itself: no network, no file beside it, no script to be read.

What is shown is arranged here; the template lays it out and escapes all of it; the style sheet and the script are put
into the page and named by their hashes in its content security policy, so that nothing else can ever run in it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from auditor import __version__
from auditor.causes.cause import Cause
from auditor.model import AuditResult, Evidence, Finding, Outcome, Read, Requirement, WorkloadInfo
from auditor.model.chain import Chain
from auditor.report.cause_text import proof_of, texts, title
from auditor.report.chain_text import chain_title, cut_causes, cut_sentence, heading, lights
from auditor.report.context import PROBLEMS, Context, is_problem, source_text
from auditor.report.controls.page import supported, view_of
from auditor.report.digest import (
    FROM_AZURE,
    Digest,
    Family,
    Gap,
    anchor,
)
from auditor.report.explained import Part, parts, spans
from auditor.report.gaps import way_out
from auditor.report.witness_text import told
from auditor.shipped import shipped
from auditor.text.sanitise import (
    OUTCOME_WORDS,
    accepted_by,
    address,
    clip,
    counted,
    line,
    one_line,
    outcome_counts,
    short_name,
    subject,
    value_text,
    visible_lines,
)

_MAX_FIX = 8000
_MAX_VALUE = 4000
_EXPECTED = {
    "must": "required",
    "should": "recommended",
    "conditional": "required where it applies",
    "manual": "manual",
}


def render(result: AuditResult, context: Context | None = None) -> str:
    """The whole page. `context.picture` and `context.trend` are SVG of our own making and go in as they are."""
    wanted = context or Context()
    style = _asset("report.css") + (_asset("picture.css") if wanted.picture else "")
    script = _asset("report.js")
    page = _environment().get_template("report.html")
    return page.render(
        style=Markup(style),  # noqa: S704 - ours
        script=Markup(script),  # noqa: S704
        policy=_policy(style, script),
        picture=Markup(wanted.picture),  # noqa: S704
        picture_words=wanted.picture_words,
        trend=Markup(wanted.trend),  # noqa: S704
        trend_words=wanted.trend_words,
        version=__version__,
        **_view(result, wanted),
    )


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(shipped("reports/templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["spans"] = spans
    environment.filters["counted"] = counted
    return environment


def _asset(name: str) -> str:
    return (shipped("reports/assets") / name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """Nothing may be loaded, sent or run but the one style sheet and the one script that stand in the page."""
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; img-src data:;"
        " base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _view(result: AuditResult, context: Context) -> dict[str, Any]:
    digest = Digest(result, context.fail_on)
    return {
        "verdict": _chip(digest.verdict) if not result.missing else {"word": "NOTHING FOUND", "style": "unknown"},
        "headline": digest.headline,
        "missing": [line(part) for part in result.missing],
        "baseline": {
            "name": line(result.baseline.name, 80),
            "version": line(result.baseline.version, 40),
            "source": line(result.baseline.source, 500),
            "link": address(result.baseline.source),
        },
        "snapshot": _snapshot(result),
        "bar": _bar(digest),
        "chains": _chains(digest),
        "first": [_cause(cause, digest) for cause in digest.first],
        "causes": [_cause(cause, digest) for cause in digest.causes[len(digest.first) :]],
        "proven_here": bool(result.proofs),
        "gaps": [_gap(gap, result) for gap in digest.gaps],
        **_outcomes(result),
        "families": [_family(family, digest, context) for family in digest.families],
        "manual": [_manual(finding, result) for finding in digest.of(Outcome.MANUAL)],
        "without_rule": [_requirement(result.requirements[id_], result, context) for id_ in result.not_implemented],
        "failed_reads": [_read(read) for read in result.snapshot.failed_reads],
        "notes": [line(note, 1000) for note in result.notes],
        "workloads": [_workload(workload) for workload in result.workloads],
        "has_problems": any(is_problem(finding) for finding in result.findings),
        "total": sum(len(family.rows) for family in digest.families),
        **view_of(digest, context),
    }


def _outcomes(result: AuditResult) -> dict[str, Any]:
    """What there is to count, and what of it can be filtered; problems are what the page begins with."""
    there = [_chip(o) | {"count": result.summary[o], "on": o in PROBLEMS} for o in OUTCOME_WORDS if result.summary[o]]
    return {"outcomes": there, "filters": [each for each in there if each["style"] != Outcome.MANUAL.value]}


def _gap(gap: Gap, result: AuditResult) -> dict[str, Any]:
    return {
        "says": way_out(gap, result),
        "requirements": list(dict.fromkeys(finding.requirement for finding in gap.findings)),
    }


def _read(read: Read) -> dict[str, Any]:
    return {
        "path": line(read.path, 1000),
        "status": read.status,
        "error": line(read.error, 200),
        "message": line(read.message, 500),
        "permission": line(read.permission, 200),
    }


def _workload(workload: WorkloadInfo) -> dict[str, Any]:
    parts_of = [{"name": line(p, 80), "ids": [line(id_, 1000) for id_ in ids]} for p, ids in workload.parts.items()]
    return {"name": line(workload.name, 200), "parts": parts_of}


def _snapshot(result: AuditResult) -> dict[str, Any]:
    snapshot = result.snapshot
    return {
        "path": line(snapshot.path, 300),
        "collected_at": line(snapshot.collected_at, 40),
        "by_import": snapshot.source not in ("", FROM_AZURE),
        "taken": _moment(line(snapshot.collected_at, 40)),
        "subscriptions": [line(each, 80) for each in snapshot.subscriptions],
        "documents": snapshot.documents,
        "sha256": line(snapshot.sha256, 64),
        "source": line(snapshot.source, 40),
        "complete": snapshot.complete,
    }


def _moment(text: str) -> str:
    """An ISO 8601 time as people write it; anything else as it is."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d(?:\.\d+)?)?(?:Z|\+00:00)", text)
    return f"{found[1]} {found[2]} UTC" if found else text


def _chip(outcome: Outcome) -> dict[str, Any]:
    return {"word": OUTCOME_WORDS[outcome], "style": outcome.value}


def _bar(digest: Digest) -> list[dict[str, Any]]:
    """The outcomes as parts of a line 1,000 units long; a part too thin to be seen is given what can be seen."""
    counts = {o: digest.result.summary[o] for o in OUTCOME_WORDS if digest.result.summary[o]}
    total = sum(counts.values())
    widths = {outcome: max(8, round(1000 * number / total)) for outcome, number in counts.items()}
    scale = 1000 / sum(widths.values()) if widths else 1
    bar, at = [], 0.0
    for outcome, width in widths.items():
        bar.append({"style": outcome.value, "x": f"{at:.1f}", "width": f"{width * scale:.1f}"})
        at += width * scale
    return bar


def _chains(digest: Digest) -> dict[str, Any] | None:
    result = digest.result
    if not result.chains:
        return None
    by_id = {cause.id: cause for cause in digest.causes}
    findings = {finding.fingerprint: finding for finding in result.findings if finding.outcome is Outcome.FAIL}
    return {
        "heading": heading(result),
        "all": [_chain(chain, by_id, findings, digest) for chain in result.chains],
        "sentence": cut_sentence(digest),
        "cut": [{"id": cause.id, "title": title(cause)} for cause in cut_causes(digest)],
    }


def _chain(chain: Chain, by_id: Mapping[str, Cause], findings: Mapping[str, Finding], digest: Digest) -> dict[str, Any]:
    return {
        "id": chain.id,
        "title": chain_title(chain),
        "severity": chain.severity,
        "exposure": chain.exposure.value,
        "assumes": [line(said, 300) for said in chain.assumes],
        "lights": lights(chain),
        "steps": [
            {
                "kind": step.kind,
                "says": line(step.says, 1000),
                "assumes": line(step.assumes, 300),
                "evidence": [_evidence(each, digest.result) for each in step.evidence],
                "cuts": [{"id": id_, "title": title(by_id[id_])} for id_ in step.cuts if id_ in by_id],
            }
            for step in chain.steps
        ],
        "findings": [
            {
                "id": findings[each].requirement,
                "subject": subject(findings[each]),
                "anchor": digest.anchors[each],
            }
            for each in chain.findings
            if each in findings and each in digest.anchors
        ],
    }


def _cause(cause: Cause, digest: Digest) -> dict[str, Any]:
    worst = cause.worst
    return {
        "id": cause.id,
        "title": title(cause),
        "severity": cause.severity,
        "optional": cause.optional,
        "exposure": cause.exposure.value,
        "subject": subject(worst),
        "message": line(worst.verdict.message) if cause.changes else "",
        "closes": [
            {"id": finding.requirement, "subject": subject(finding), "anchor": digest.anchors[finding.fingerprint]}
            for finding in cause.findings
        ],
        "proof": proof_of(cause, digest.result),
        "warnings": [line(said, 500) for said in cause.warnings],
        "questions": [line(said, 500) for said in cause.questions],
        "languages": [
            {"name": name, "text": clip(visible_lines(text), _MAX_FIX)} for name, text in texts(cause).items()
        ],
        **_fix_of(cause.remediation),
    }


def _fix(finding: Finding) -> dict[str, Any]:
    """What a rule says to do where it proposes no change; the change itself is shown once, at its cause."""
    return _fix_of("" if finding.verdict.changes else finding.verdict.remediation)


def _fix_of(remediation: str) -> dict[str, Any]:
    """A command keeps its lines and is set as code; a sentence is a sentence."""
    remedy = visible_lines(clip(remediation, 2000)).strip()
    is_command = "\n" in remedy or remedy.startswith("az ")
    return {"fix": remedy if is_command else one_line(remedy), "is_command": is_command}


def _closed_by(finding: Finding, digest: Digest) -> dict[str, str] | None:
    """The cause that closes a failing finding, where that is more than the finding's own advice."""
    cause = digest.cause_of.get(finding.fingerprint) if finding.outcome is Outcome.FAIL else None
    if cause is None or not cause.changes:
        return None
    more = len(cause.findings) - 1
    return {"id": cause.id, "title": title(cause), "more": counted(more, "other finding") if more else ""}


def _family(family: Family, digest: Digest, context: Context) -> dict[str, Any]:
    grouped: dict[str, list[dict[str, Any]]] = {}
    for finding in family.rows:
        found = grouped.setdefault(finding.requirement, [])
        found.append(_finding(finding, digest) | {"anchor": anchor(finding, len(found) + 1)})
    return {
        "key": family.key,
        "title": line(family.title, 80),
        "counts": [_chip(o) | {"count": family.counts.get(o, 0)} for o in OUTCOME_WORDS if digest.result.summary[o]],
        "said": outcome_counts({o: n for o, n in family.counts.items() if o is not Outcome.MANUAL}),
        "without_rule": family.not_implemented,
        "requirements": [
            _requirement(digest.result.requirements[id_], digest.result, context) | {"findings": found}
            for id_, found in grouped.items()
        ],
    }


def _requirement(requirement: Requirement, result: AuditResult, context: Context) -> dict[str, Any]:
    return {
        "id": requirement.id,
        "statement": line(requirement.statement),
        "severity": requirement.severity.value,
        "expected": _EXPECTED[requirement.level.value],
        "section": line(requirement.section, 200),
        "controls": supported(requirement.id, context.controls),
        "explanation": [
            Part(p.heading, visible_lines(p.text)) for p in parts(context.explanations.get(requirement.id, ""))
        ],
    }


def _finding(finding: Finding, digest: Digest) -> dict[str, Any]:
    verdict, result = finding.verdict, digest.result
    return {
        **_chip(finding.outcome),
        "severity": finding.severity,
        "subject": subject(finding),
        "part": line(verdict.part, 80) if verdict.resource is not None else "",
        "workload": line(finding.workload, 80) if len(result.workloads) > 1 else "",
        "message": line(verdict.message, 1000),
        "severity_reason": line(finding.severity_reason, 300),
        "permission": line(verdict.unknown.permission or "", 200) if verdict.unknown is not None else "",
        "accepted": accepted_by(finding),
        "resource": line(verdict.resource.text, 1000) if verdict.resource is not None else "",
        "evidence": [_evidence(e, result) for e in verdict.evidence],
        "witness": told(verdict.witness),
        "rule": line(finding.rule, 100),
        "closed_by": _closed_by(finding, digest),
        **_fix(finding),
    }


def _evidence(evidence: Evidence, result: AuditResult) -> dict[str, Any]:
    at = result.positions.get(evidence.place)
    return {
        "document": line(short_name(evidence.place.document), 200),
        "pointer": line(evidence.place.pointer, 500),
        "value": value_text(evidence.value, _MAX_VALUE),
        "where": source_text(result.sources[evidence.place])
        if evidence.place in result.sources
        else f"line {at[0]:,}, column {at[1]:,}"
        if at
        else "",
    }


def _manual(finding: Finding, result: AuditResult) -> dict[str, Any]:
    requirement = result.requirements[finding.requirement]
    return {
        "id": requirement.id,
        "statement": line(requirement.statement),
        "section": line(requirement.section, 200),
        "look_at": line(finding.verdict.message, 1000),
        "workload": line(finding.workload, 80) if len(result.workloads) > 1 else "",
    }
