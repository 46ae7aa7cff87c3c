"""A history for a person at a terminal: each series' audits, what is open and how long, what came back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.table import Column, Table
from rich.text import Text

from auditor.history.model import Tracked, Trend
from auditor.history.report.wording import minute, span
from auditor.model import ArmId, Outcome
from auditor.report.context import Context
from auditor.report.terminal.page import Paper
from auditor.text.sanitise import (
    OUTCOME_WORDS,
    counted,
    line,
    short_name,
)

_RUNS, _FINDINGS = 20, 15
_SHOWN = (Outcome.FAIL, Outcome.ERROR, Outcome.UNKNOWN, Outcome.WAIVED, Outcome.PASS)
_STYLES: Mapping[str, str] = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "dim"}


def render(trends: Iterable[Trend], context: Context | None = None) -> str:
    """Lay every series out for `context.width` cells; with `context.verbose` all runs and all findings."""
    wanted = context or Context()
    paper = Paper(wanted)
    found = tuple(trends)
    if not found:
        paper.put("no audit is kept in this history yet")
    for number, trend in enumerate(found):
        if number:
            paper.put("")
        for block in _blocks(trend, wanted):
            paper.put(block)
    return paper.written


def _blocks(trend: Trend, context: Context) -> Iterator[RenderableType]:
    title = Text(f"{line(trend.baseline, 80)}  ", style="bold")
    title.append(line(trend.scope, 200) or "no subscription named", style="not bold dim")
    yield title
    yield _runs(trend, context)
    yield from _open(trend, context)
    yield Text()
    mean = trend.mean_time_to_fix
    if mean is None:
        yield Text("Nothing that failed has been fixed yet.")
    else:
        yield Text(f"{counted(trend.fixed, 'finding')} fixed, after {span(mean)} on average.")
    reopened = trend.reopened
    for finding in reopened if context.verbose else reopened[:_FINDINGS]:
        state = "open again" if finding.open_since is not None else "fixed again"
        times = "once" if finding.reopened == 1 else f"{finding.reopened} times"
        yield Text(f" - came back {times}, {state}: {finding.requirement} on {_name(finding)}")


def _runs(trend: Trend, context: Context) -> RenderableType:
    points = trend.points if context.verbose else trend.points[-_RUNS:]
    shown = [o for o in _SHOWN if any(point.summary.get(o) for point in points)]
    table = Table(Column("Snapshot of (UTC)", no_wrap=True), box=SIMPLE_HEAD, header_style="dim", pad_edge=False,
                  padding=(0, 1, 0, 0))  # fmt: skip
    for outcome in shown:
        table.add_column(OUTCOME_WORDS[outcome], justify="right")
    table.add_column("")
    before: int | None = None
    for point in trend.points:
        fails = point.summary.get(Outcome.FAIL, 0)
        said = "" if before is None or fails == before else f"{fails - before:+,}"
        before = fails
        if point in points:
            note = " ".join(word for word in (said, "" if point.complete else "incomplete") if word)
            table.add_row(minute(point.at), *(f"{point.summary.get(o, 0):,}" for o in shown), note)
    return table


def _open(trend: Trend, context: Context) -> Iterator[RenderableType]:
    found = trend.open
    if not found:
        yield Text("\nNothing is open.", style="bold green")
        return
    yield Text(f"\n{counted(len(found), 'open finding')}", style="bold")
    table = Table.grid(
        Column(width=8), Column(width=12), Column(width=11), Column(overflow="fold", ratio=1),
        padding=(0, 2, 0, 0), expand=True,
    )  # fmt: skip
    shown = found if context.verbose else found[:_FINDINGS]
    for finding in shown:
        said = Text(f"{_name(finding)}: ", style="bold")
        said.append(line(finding.message, 400), style="not bold")
        again = f", open again ({finding.reopened}x)" if finding.reopened else ""
        said.append(f" (first seen {minute(finding.first_seen)}{again})", style="not bold dim")
        table.add_row(
            Text(finding.severity, style=_STYLES.get(finding.severity, "")),
            Text(span(trend.age(finding))),
            Text(finding.requirement),
            said,
        )
    yield table
    if len(found) > len(shown):
        yield Text(f"and {counted(len(found) - len(shown), 'more finding')}; --verbose shows all", style="dim")


def _name(finding: Tracked) -> str:
    return line(short_name(ArmId(finding.resource)), 80) if finding.resource else "the workload"
