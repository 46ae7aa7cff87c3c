"""Rows of findings: a table, or paragraphs where the terminal is narrow; with the proof where it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.console import Group, OverflowMethod, RenderableType
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from auditor.model import AuditResult, Finding, Outcome
from auditor.report.context import Context, source_text
from auditor.report.digest import OPTIONAL, Digest, Family
from auditor.report.terminal.page import NARROW, STYLES, ruled
from auditor.text.sanitise import (
    OUTCOME_WORDS,
    accepted_by,
    clip,
    counted,
    line,
    outcome_counts,
    short_name,
    subject,
    value_text,
    visible_lines,
)


class Row(NamedTuple):
    """A finding, and those of the same requirement and outcome that stand behind it."""

    finding: Finding
    others: tuple[Finding, ...] = ()


def folded(findings: Sequence[Finding]) -> list[Row]:
    """One row a requirement and outcome, in the order of the first of each."""
    grouped: dict[tuple[str, Outcome], list[Finding]] = {}
    for finding in findings:
        grouped.setdefault((finding.requirement, finding.outcome), []).append(finding)
    return [Row(found[0], tuple(found[1:])) for found in grouped.values()]


def family_title(family: Family, context: Context) -> Text:
    """The family with what its findings come to."""
    said = outcome_counts({outcome: n for outcome, n in family.counts.items() if outcome is not Outcome.MANUAL})
    return ruled(line(family.title, 80), said, context.width)


def table_of(rows: Sequence[Row], result: AuditResult, context: Context, header: bool, widest: int) -> RenderableType:
    """The rows; the ids of requirements are never cut."""
    if context.width < NARROW:
        return Group(*(_paragraph(row, result, context) for row in rows))
    # Where a row stands for a requirement it is one line; what it cuts is shown by `--only`.
    one_line = context.every and not context.verbose and not context.narrow.asks
    overflow: OverflowMethod = "ellipsis" if one_line else "fold"
    room = min(widest, context.width * 3 // 10)
    longest = max([11, *(len(row.finding.requirement) for row in rows)])
    table = Table(
        Column("Outcome", width=7),
        Column("Severity", width=8),
        Column("Requirement", width=longest, no_wrap=True),
        Column("Resource", width=room, overflow=overflow, no_wrap=one_line),
        Column("Why", overflow=overflow, no_wrap=one_line, ratio=1),
        box=None,
        show_header=header,
        header_style="dim",
        expand=True,
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
    for row in rows:
        finding = row.finding
        table.add_row(
            word_of(finding.outcome),
            Text(finding.severity, style=STYLES[finding.severity]),
            Text(finding.requirement),
            Text(_named(row, result, room if one_line else 0)),
            _why(finding, result, context),
        )
    return table


def _paragraph(row: Row, result: AuditResult, context: Context) -> RenderableType:
    finding = row.finding
    head = word_of(finding.outcome)
    head.append(f" {finding.severity} ", style=STYLES[finding.severity])
    head.append(f"{finding.requirement} ", style="bold")
    head.append(_named(row, result, 0), style="not bold")
    return Group(head, Padding(_why(finding, result, context), (0, 0, 0, 2)))


def word_of(outcome: Outcome) -> Text:
    """The outcome as a coloured word."""
    word = "N/A" if outcome is Outcome.NOT_APPLICABLE else OUTCOME_WORDS[outcome]
    return Text(word, style=STYLES[outcome])


def name_of(finding: Finding, result: AuditResult) -> str:
    """What a finding is about; with its workload where there are several."""
    name = subject(finding)
    # Two workloads have resources of the same name more often than not.
    return f"{name} ({line(finding.workload, 40)})" if len(result.workloads) > 1 else name


def _named(row: Row, result: AuditResult, room: int) -> str:
    """The first of them, and how many more there are, which is never cut; `room` is 0 where there is enough."""
    name = name_of(row.finding, result)
    more = f" and {len(row.others):,} more" if row.others else ""
    if room and len(name) + len(more) > room:
        name = f"{name[: max(room - len(more) - 1, 1)]}…"
    return f"{name}{more}"


def _why(finding: Finding, result: AuditResult, context: Context) -> Text:
    verdict = finding.verdict
    text = Text()
    if finding.outcome is Outcome.FAIL and finding.level in OPTIONAL:
        text.append("recommended: ", style="dim")
    text.append(line(verdict.message, 600 if context.verbose else 200))
    if verdict.unknown is not None and verdict.unknown.permission:
        text.append(f"; needs {line(verdict.unknown.permission, 120)}", style="bold")
    if finding.waiver is not None:
        text.append(f"; {accepted_by(finding)}", style="cyan")
    if context.verbose:
        for said in _proof(finding, result):
            text.append(f"\n{said}", style="dim")
    return text


def _proof(finding: Finding, result: AuditResult) -> Iterator[str]:
    verdict = finding.verdict
    for evidence in verdict.evidence:
        place = evidence.place
        at = result.positions.get(place)
        where = f" (line {at[0]}, column {at[1]})" if at else ""
        if place in result.sources:
            where = f" ({source_text(result.sources[place])})"
        name = f"{line(short_name(place.document), 80)}{line(place.pointer, 200)}"
        yield f"evidence: {name} = {value_text(evidence.value, 200)}{where}"
    if verdict.witness is not None:
        yield f"witness: {value_text(verdict.witness)}"
    if verdict.remediation:
        yield f"fix: {visible_lines(clip(verdict.remediation, 600))}"


def manual(digest: Digest) -> Iterator[RenderableType]:
    """What a person has to check."""
    checks = digest.of(Outcome.MANUAL)
    if not checks:
        return
    yield Text()
    title = Text("Manual checks", style="bold")
    title.append("  no setting decides these; look at them yourself", style="dim")
    yield title
    for finding in checks:
        requirement = digest.result.requirements[finding.requirement]
        text = Text(f"{requirement.id}  ", style="bold")
        text.append(line(requirement.statement), style="not bold")
        if finding.verdict.message:
            text.append(f"\nlook at: {line(finding.verdict.message)}", style="not bold dim")
        yield Padding(text, (0, 0, 0, 2))


def waivers(result: AuditResult) -> Iterator[RenderableType]:
    """Every waiver with what became of it."""
    if not result.waivers:
        return
    yield Text()
    yield Text("Waivers", style="bold")
    for use in result.waivers:
        waiver = use.waiver
        text = Text(f"{line(waiver.requirement, 60)}  ", style="bold")
        text.append(f"{line(waiver.resource, 200)}: {line(waiver.reason, 400)}", style="not bold")
        over = "EXPIRED" if use.expired else "until"
        said = (
            f"{line(waiver.owner, 120)}, {over} {waiver.expires.isoformat()}, covers {counted(use.covers, 'finding')}"
        )
        text.append(f"\n{said} ({line(waiver.where, 200)})", style="not bold red" if use.problem else "not bold dim")
        yield Padding(text, (0, 0, 0, 2))
