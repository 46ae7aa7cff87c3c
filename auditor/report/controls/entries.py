"""Controls of frameworks as the values of JSON."""

from __future__ import annotations

from typing import Any

from auditor.frameworks.model import Controls
from auditor.frameworks.rollup import ControlView, FrameworkView, framework_views
from auditor.model import AuditResult, Outcome
from auditor.report.context import Context


def add_controls(document: dict[str, Any], result: AuditResult, context: Context) -> None:
    """Add what frameworks have to say to a result: `controls` of each requirement and result, and `frameworks`."""
    for row in document["requirements"]:
        row["controls"] = controls_entry(row["id"], context.controls)
    for row in document["results"]:
        row["controls"] = controls_entry(row["requirement"], context.controls)
    views = framework_views(result, context.controls)
    document["frameworks"] = [framework_entry(view, by_control=context.by_control) for view in views]


def controls_entry(requirement: str, controls: Controls) -> dict[str, list[str]]:
    """The controls that a requirement supports: ids by framework."""
    return {framework: list(ids) for framework, ids in controls.of(requirement).controls.items()}


def framework_entry(view: FrameworkView, *, by_control: bool) -> dict[str, Any]:
    """How a framework comes out; its controls one by one where it was asked for, else null."""
    framework = view.framework
    return {
        "id": framework.id,
        "title": framework.title,
        "version": framework.version,
        "source": framework.source,
        "date": framework.date,
        "quality": framework.quality,
        "size": framework.size,
        "size_source": framework.size_source,
        "covered": view.covered,
        "counts": {status.value: number for status, number in view.counts.items()},
        "share": view.share,
        "controls": [_control(control) for control in view.controls] if by_control else None,
        "not_covered": list(view.not_covered) if by_control else None,
    }


def _control(control: ControlView) -> dict[str, Any]:
    return {
        "id": control.id,
        "title": control.title,
        "status": control.status.value,
        "accepted": control.accepted,
        "requirements": list(control.requirements),
        "undecided": list(control.undecided),
        "why": control.why,
        "counts": {outcome.value: number for outcome in Outcome if (number := control.counts.get(outcome, 0))},
        "findings": [finding.fingerprint for finding in control.findings],
    }
