"""Frameworks on the page: the sums, and each framework control by control."""

from __future__ import annotations

from typing import Any

from auditor.frameworks.model import Controls
from auditor.frameworks.rollup import WORDS, ControlView, FrameworkView, Status, framework_views
from auditor.model import Outcome
from auditor.report.context import Context
from auditor.report.digest import Digest
from auditor.text.sanitise import line

_STATUS_STYLES = {
    Status.NOT_SATISFIED: "fail",
    Status.NOT_DETERMINED: "unknown",
    Status.SATISFIED: "pass",
    Status.NOT_COVERED: "not_applicable",
}


def view_of(digest: Digest, context: Context) -> dict[str, Any]:
    """How each framework comes out, with a page of its controls; none where there was nothing to check."""
    statuses = [{"word": WORDS[status], "style": _STATUS_STYLES[status]} for status in Status]
    if digest.result.missing:
        return {"frameworks": [], "statuses": statuses}
    shown = {finding.requirement for family in digest.families for finding in family.rows}
    views = framework_views(digest.result, context.controls)
    return {"frameworks": [_framework(view, shown, context) for view in views], "statuses": statuses}


def _framework(view: FrameworkView, shown: set[str], context: Context) -> dict[str, Any]:
    framework = view.framework
    size = framework.size
    covered = [control for control in view.controls if control.status is not Status.NOT_COVERED]
    others = view.not_covered if context.by_control else ()
    return {
        "id": framework.id,
        "name": line(framework.name, 120),
        "counts": [
            {
                "style": _STATUS_STYLES[status],
                "count": view.counts[status] if status is not Status.NOT_COVERED or size is not None else None,
            }
            for status in Status
        ],
        "share": line(view.share, 800),
        "source": line(framework.source, 500),
        "quality": line(framework.quality, 500),
        "controls": [
            _control(control, shown) for control in sorted(covered, key=lambda c: list(Status).index(c.status))
        ],
        "others": [line(each, 60) for each in others],
        "open": context.by_control,
    }


def _control(control: ControlView, shown: set[str]) -> dict[str, Any]:
    word = WORDS[control.status] + (" (accepted)" if control.accepted else "")
    broken = {finding.requirement for finding in control.findings if finding.outcome in (Outcome.FAIL, Outcome.WAIVED)}
    return {
        "id": line(control.id, 60),
        "title": line(control.title, 200),
        "word": word,
        "style": _STATUS_STYLES[control.status],
        "requirements": [
            {"id": each, "linked": each in shown, "broken": each in broken} for each in control.requirements
        ],
    }


def supported(requirement: str, controls: Controls) -> list[dict[str, Any]]:
    """The controls that a requirement supports, by framework."""
    return [{"id": id_, "ids": line(", ".join(ids), 400)} for id_, ids in controls.of(requirement).controls.items()]
