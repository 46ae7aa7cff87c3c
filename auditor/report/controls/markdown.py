"""Frameworks in Markdown: a table to be opened, or each control of those that were asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from auditor.frameworks.rollup import WORDS, ControlView, FrameworkView, Status, framework_views
from auditor.model import AuditResult, Outcome
from auditor.report.context import Context
from auditor.text.sanitise import counted, line

_CONTROLS = 100
"""Controls of a framework that a comment tells of."""


def lines_of(result: AuditResult, context: Context, escape: Callable[[str], str]) -> Iterator[str]:
    """How frameworks come out: one by one where they were asked for, else a table to be opened.

    `escape` makes text that stands as it is, wherever in Markdown it stands.
    """
    views = framework_views(result, context.controls) if not result.missing else ()
    if context.by_control:
        for view in views:
            yield from _framework(view, escape)
    elif views:
        yield "<details><summary>Controls of frameworks</summary>\n"
        yield "| Framework | Not satisfied | Not determined | Satisfied | Not covered |"
        yield "| --- | --: | --: | --: | --: |"
        for view in views:
            known = view.framework.size is not None
            numbers = [str(view.counts[status]) for status in Status if status is not Status.NOT_COVERED or known]
            cells = [escape(line(view.framework.name, 120)), *numbers, *([] if known else ["not known"])]
            yield f"| {' | '.join(cells)} |"
        yield "\nA requirement that holds supports a control; it does not show that the control is met.\n\n</details>\n"


def _framework(view: FrameworkView, escape: Callable[[str], str]) -> Iterator[str]:
    yield f"### {escape(line(view.framework.name, 120))}\n"
    yield f"{escape(line(view.share, 800))}\n"
    shown = [control for control in view.controls if control.status is not Status.NOT_COVERED]
    order = list(Status)
    shown.sort(key=lambda control: order.index(control.status))
    if shown:
        yield "| Control | Title | Status | Requirements |\n| --- | --- | --- | --- |"
    yield from (_control(control, escape) for control in shown[:_CONTROLS])
    if len(shown) > _CONTROLS:
        yield f"\n_{counted(len(shown) - _CONTROLS, 'control')} not shown here; the full report has them._"
    if shown:
        yield ""


def _control(control: ControlView, escape: Callable[[str], str]) -> str:
    broken = list(dict.fromkeys(f.requirement for f in control.findings if f.outcome in (Outcome.FAIL, Outcome.WAIVED)))
    status = f"{WORDS[control.status]}{' (accepted)' if control.accepted else ''}"
    why = ", ".join(broken) if broken else counted(len(control.requirements), "requirement")
    return f"| {escape(line(control.id, 60))} | {escape(line(control.title, 200))} | {status} | {why} |"
