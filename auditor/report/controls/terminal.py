"""Frameworks at the terminal: each control of those that were asked for, worst first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from auditor.frameworks.rollup import WORDS, ControlView, FrameworkView, Status, framework_views
from auditor.model import AuditResult, Outcome
from auditor.report.context import Context
from auditor.text.sanitise import OUTCOME_WORDS, line

_STATUS_STYLES: Mapping[Status, str] = {
    Status.NOT_SATISFIED: "bold red",
    Status.NOT_DETERMINED: "bold yellow",
    Status.SATISFIED: "green",
    Status.NOT_COVERED: "dim",
}


def blocks_of(
    result: AuditResult, context: Context, ruled: Callable[[str, str, int], Text]
) -> Iterator[RenderableType]:
    """Each framework that was asked for; nothing where none was. `ruled` makes a title with a rule behind it."""
    if context.by_control:
        for view in framework_views(result, context.controls):
            yield from _framework(view, context, ruled)


def _framework(
    view: FrameworkView, context: Context, ruled: Callable[[str, str, int], Text]
) -> Iterator[RenderableType]:
    """Every control that the audit can speak about, worst first; then how much of the framework that is."""
    said = ", ".join(f"{view.counts[status]:,} {WORDS[status]}" for status in Status if view.counts[status])
    yield Text()
    yield ruled(line(view.framework.name, 80), said, context.width)
    order = list(Status)
    shown = [control for control in view.controls if control.status is not Status.NOT_COVERED]
    for control in sorted(shown, key=lambda each: order.index(each.status)):
        head = Text(f"{WORDS[control.status]:15}", style=_STATUS_STYLES[control.status])
        head.append(f"{line(control.id, 60)}  ", style="bold")
        head.append(line(control.title, 200), style="not bold")
        yield head
        yield Padding(Text(_of_control(control), style="dim"), (0, 0, 0, 15))
    yield Text()
    yield Text(line(view.share, 800))
    if context.verbose and view.not_covered:
        yield Text(f"Not covered: {line(', '.join(view.not_covered), 12_000)}", style="dim")


def _of_control(control: ControlView) -> str:
    """What makes a control come out so: the findings that break it or leave it open, else how many support it."""
    by_outcome: dict[str, dict[str, None]] = {}
    for finding in control.findings:
        if finding.outcome not in (Outcome.PASS, Outcome.NOT_APPLICABLE):
            by_outcome.setdefault(OUTCOME_WORDS[finding.outcome], {})[finding.requirement] = None
    said = [f"{word} {', '.join(ids)}" for word, ids in by_outcome.items()]
    if control.undecided:
        said.append(f"not decided {', '.join(control.undecided)}")
    if said:
        return "; ".join(said)
    if control.status is Status.NOT_DETERMINED:
        return f"nothing here that it applies to: {', '.join(control.requirements)}"
    return f"PASS {', '.join(control.requirements)}"
