"""The result for a person at a terminal: what is wrong, worst first; at the end the verdict and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from auditor.model import AuditResult, Finding, Outcome
from auditor.report.context import Context, is_problem, source_text
from auditor.report.controls.terminal import blocks_of
from auditor.report.digest import OPTIONAL, Digest, Family, ended
from auditor.report.terminal_page import Paper, ruled
from auditor.text.sanitise import (
    OUTCOME_WORDS,
    borne,
    clip,
    counted,
    line,
    one_line,
    outcome_counts,
    short_name,
    subject,
    value_text,
    visible,
    visible_lines,
)

NARROW = 76
"""Below this many cells a table of five columns is a column of syllables; the rows become paragraphs."""

_FIRST_STEPS = 3
_STYLES: Mapping[str, str] = {
    Outcome.FAIL: "bold red",
    Outcome.ERROR: "bold magenta",
    Outcome.UNKNOWN: "bold yellow",
    Outcome.WAIVED: "cyan",
    Outcome.MANUAL: "cyan",
    Outcome.PASS: "green",
    Outcome.NOT_APPLICABLE: "dim",
    "critical": "bold red",
    "high": "red",
    "medium": "yellow",
    "low": "dim",
}


class _Whole(NamedTuple):
    """A line that the terminal may wrap but we do not: a command must come out of the clipboard as one."""

    text: Text


def render(result: AuditResult, context: Context | None = None) -> str:
    """Lay the result out for `context.width` cells; with `context.verbose` passes and evidence too."""
    wanted = context or Context()
    digest = Digest(result, wanted.fail_on)
    paper = Paper(wanted)
    for block in _blocks(digest, wanted):
        if isinstance(block, _Whole):
            paper.put(block.text, whole=True)
        else:
            paper.put(block)
    return paper.written


def _blocks(digest: Digest, context: Context) -> Iterator[RenderableType | _Whole]:
    yield _heading(digest.result)
    if digest.result.missing:
        yield Text(f"\n{digest.headline}")
        return
    header = True
    width = max(
        [8, *(len(_subject(f, digest.result)) for f in digest.result.findings if context.verbose or is_problem(f))]
    )
    for family in digest.families:
        shown = tuple(f for f in family.rows if context.verbose or is_problem(f))
        if shown:
            yield Text()
            yield _family_title(family, context)
            yield _rows(shown, digest.result, context, header, width)
            header = False
    yield from _manual(digest, context)
    yield from _waivers(digest.result, context)
    yield from blocks_of(digest.result, context, ruled)
    yield Text()
    yield _counts(digest, context)
    yield Text()
    yield from _closing(digest, context)


def _heading(result: AuditResult) -> Text:
    baseline, snapshot = result.baseline, result.snapshot
    subscriptions = ", ".join(visible(s) for s in snapshot.subscriptions)
    parts = [
        line(snapshot.path, 200) if snapshot.path else "snapshot",
        f"collected {line(snapshot.collected_at, 40)}" if snapshot.collected_at else "",
        counted(snapshot.documents, "document"),
        f"subscription {clip(subscriptions, 120)}" if subscriptions else "",
    ]
    text = Text()
    text.append(f"{line(baseline.name, 80)} {line(baseline.version, 40)}", style="bold")
    text.append(f"  {', '.join(part for part in parts if part)}", style="dim")
    for workload in result.workloads:
        text.append(f"\nworkload {line(workload.name, 80)}", style="dim")
    return text


def _family_title(family: Family, context: Context) -> Text:
    said = outcome_counts({outcome: n for outcome, n in family.counts.items() if outcome is not Outcome.MANUAL})
    return ruled(line(family.title, 80), said, context.width)


def _rows(
    findings: tuple[Finding, ...], result: AuditResult, context: Context, header: bool, widest: int
) -> RenderableType:
    if context.width < NARROW:
        return Group(*(_paragraph(finding, result, context) for finding in findings))
    table = Table(
        Column("Outcome", width=7),
        Column("Severity", width=8),
        Column("Requirement", width=11),
        Column("Resource", width=min(widest, context.width * 3 // 10), overflow="fold"),
        Column("Why", overflow="fold", ratio=1),
        box=None,
        show_header=header,
        header_style="dim",
        expand=True,
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
    for finding in findings:
        table.add_row(
            _outcome(finding.outcome),
            Text(finding.severity, style=_STYLES[finding.severity]),
            Text(finding.requirement),
            Text(_subject(finding, result)),
            _why(finding, result, context),
        )
    return table


def _paragraph(finding: Finding, result: AuditResult, context: Context) -> RenderableType:
    head = _outcome(finding.outcome)
    head.append(f" {finding.severity} ", style=_STYLES[finding.severity])
    head.append(f"{finding.requirement} ", style="bold")
    head.append(_subject(finding, result), style="not bold")
    return Group(head, Padding(_why(finding, result, context), (0, 0, 0, 2)))


def _outcome(outcome: Outcome) -> Text:
    word = "N/A" if outcome is Outcome.NOT_APPLICABLE else OUTCOME_WORDS[outcome]
    return Text(word, style=_STYLES[outcome])


def _subject(finding: Finding, result: AuditResult) -> str:
    name = subject(finding)
    # Two workloads have resources of the same name more often than not.
    return f"{name} ({line(finding.workload, 40)})" if len(result.workloads) > 1 else name


def _why(finding: Finding, result: AuditResult, context: Context) -> Text:
    verdict = finding.verdict
    text = Text()
    if finding.outcome is Outcome.FAIL and finding.level in OPTIONAL:
        text.append("recommended: ", style="dim")
    text.append(line(verdict.message))
    if verdict.unknown is not None and verdict.unknown.permission:
        text.append(f"; needs {line(verdict.unknown.permission, 120)}", style="bold")
    if finding.waiver is not None:
        text.append(f"; {borne(finding)}", style="cyan")
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


def _manual(digest: Digest, context: Context) -> Iterator[RenderableType]:
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


def _waivers(result: AuditResult, context: Context) -> Iterator[RenderableType]:
    if not result.waivers or not context.verbose:
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


def _counts(digest: Digest, context: Context) -> RenderableType:
    shown = [o for o in OUTCOME_WORDS if digest.result.summary[o]]
    if context.width < NARROW:
        return Group(*(Text(f"{line(f.title, 60)}: {outcome_counts(f.counts)}") for f in digest.families))
    table = Table(
        Column("Findings by family", no_wrap=True, overflow="ellipsis", max_width=50),
        box=SIMPLE_HEAD,
        header_style="dim",
        pad_edge=False,
        padding=(0, 1, 0, 0),
        show_footer=True,
    )
    table.columns[0].footer = Text("All")
    for outcome in shown:
        table.add_column(_outcome(outcome), justify="right", footer=Text(f"{digest.result.summary[outcome]:,}"))
    if digest.result.not_implemented:
        table.add_column("NO RULE", justify="right", footer=Text(f"{len(digest.result.not_implemented):,}"))
    for family in digest.families:
        numbers = [Text(f"{family.counts[o]:,}" if family.counts.get(o) else "-") for o in shown]
        if digest.result.not_implemented:
            numbers.append(Text(f"{family.not_implemented:,}" if family.not_implemented else "-"))
        table.add_row(Text(line(family.title, 80)), *numbers)
    return table


def _closing(digest: Digest, context: Context) -> Iterator[RenderableType | _Whole]:
    yield _hanging(_outcome(digest.verdict), Text(digest.headline, style="bold"))
    steps = digest.steps[:_FIRST_STEPS]
    if steps:
        yield Text("\nDo first", style="bold")
    for number, step in enumerate(steps, 1):
        worst = step.findings[0]
        more = f" and {len(step.findings) - 1:,} more" if len(step.findings) > 1 else ""
        said = f"{step.requirement.id} ({worst.severity}) on {subject(worst)}{more}: {line(worst.verdict.message, 300)}"
        yield _hanging(Text(f" {number}."), Text(said))
        if worst.verdict.remediation:
            yield _Whole(Text(f"    {line(one_line(worst.verdict.remediation), 1000)}", style="cyan"))
    remarks = [*_remarks(digest, context)]
    if steps and remarks:
        yield Text()
    for remark in remarks:
        yield _hanging(Text(" -"), Text(remark))


def _hanging(mark: Text, said: Text) -> RenderableType:
    table = Table.grid(Column(no_wrap=True), Column(overflow="fold", ratio=1), padding=(0, 1, 0, 0), expand=True)
    table.add_row(mark, said)
    return table


def _remarks(digest: Digest, context: Context) -> Iterator[str]:
    result = digest.result
    for gap in digest.gaps[:_FIRST_STEPS]:
        decides = counted(len(gap.findings), "unknown")
        if "/" in gap.permission:
            yield f"Grant {line(gap.permission, 120)} and read again: it decides {decides}."
        elif gap.permission:
            # Resource Manager's operations have slashes; what has none is a permission of Microsoft Graph.
            known = f"{decides} rest on Microsoft Graph ({line(gap.permission, 120)}), which no snapshot reads"
            yield f"{known}: `auditor import` takes its answers, see `auditor explain RBAC-11`."
    if failed := len(result.snapshot.failed_reads):
        yield f"{counted(failed, 'read')} of this snapshot failed; what rests on that is unknown, never a pass."
    if absent := len(result.not_implemented):
        verb = "has" if absent == 1 else "have"
        yield f"{counted(absent, 'requirement')} {verb} no rule yet and cannot pass or fail; see `auditor rules`."
    if waived := result.summary[Outcome.WAIVED]:
        verb = "is" if waived == 1 else "are"
        more = "" if context.verbose else "; `--verbose` shows who bears each, why and until when"
        yield f"{counted(waived, 'finding')} {verb} waived{more}."
    if waiting := sum(finding.until_deployed for finding in result.findings):
        verb = "is" if waiting == 1 else "are"
        yield f"{counted(waiting, 'finding')} {verb} unknown until deployed: `--strict --until-deployed` bears these."
    for note in result.notes:
        yield f"Note: {line(note, 400)}"
    for says, names in ended(result):
        yield f"Retirement: {line(says, 300)} ({line(', '.join(names), 200)})."
    if digest.steps:
        yield f"`auditor explain {digest.steps[0].requirement.id}` tells why it matters and how to fix it."
    if not context.verbose:
        yield "`--verbose` shows passes and evidence, `-o report.html` writes everything as a page."
