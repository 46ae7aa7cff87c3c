"""What fits a screen: what to do first, what each family comes to, what else a reader should know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from auditor.causes.cause import Cause
from auditor.model import Finding, Outcome, Severity
from auditor.report.cause_text import UNPROVEN, closes, commands, proof_of, title
from auditor.report.chain_text import chain_title, cut_in_words, cut_sentence, heading
from auditor.report.context import Context
from auditor.report.digest import Digest, Family, ended
from auditor.report.gaps import way_out
from auditor.report.terminal.page import NARROW, STYLES, Whole, hanging
from auditor.report.terminal.rows import word_of
from auditor.text.sanitise import OUTCOME_WORDS, counted, line, outcome_counts, subject
from auditor.text.shell import q

_GAPS = 3
_CHAINS = 4
"""How many chains fit a screen beside all else."""

_ROWS = 3
"""How many rows of a terminal a fix may fill before the command that prints it stands in its place."""

_WIDE = 132
"""From this width on the table shows every outcome."""

_PROBLEMS = (Outcome.FAIL, Outcome.ERROR, Outcome.UNKNOWN)


def chains(digest: Digest, context: Context) -> Iterator[RenderableType | Whole]:
    """The chains, one line each, and the fixes that break them."""
    result = digest.result
    if not result.chains:
        return
    shown = result.chains if context.every or context.verbose else result.chains[:_CHAINS]
    more = len(result.chains) - len(shown)
    head = Text(heading(result), style="bold")
    head.append(f"  {more:,} more with --all" if more else "", style="not bold dim")
    yield head
    for chain in shown:
        said = Text(f"{chain.severity:<9}", style=STYLES[chain.severity])
        assumed = f"  if {'; '.join(chain.assumes)}" if chain.assumes else ""
        said.append(chain_title(chain), style="not bold default")
        said.append(line(assumed, 300), style="not bold dim")
        said.truncate(max(context.width - 1, 30), overflow="ellipsis")
        yield Padding(said, (0, 0, 0, 1))
    yield hanging(Text(" "), Text(f"{cut_sentence(digest)} Fixes: {cut_in_words(digest)}."))
    yield Text()


def do_first(digest: Digest, context: Context) -> Iterator[RenderableType | Whole]:
    """The first causes: what to do, what that closes, what is wrong, and the fix."""
    causes = digest.first
    if not causes:
        return
    head = Text("Do first", style="bold")
    more = len(digest.causes) - len(causes)
    told = [f"{counted(more, 'more cause')} in `auditor fix {snapshot_of(digest)}`"] if more else []
    if any(proof_of(cause, digest.result) == UNPROVEN for cause in causes):
        told.append("fixes are not proven here, with `--prove` they are")
    head.append(f"  {'; '.join(told)}" if told else "", style="not bold dim")
    yield head
    for number, cause in enumerate(causes, 1):
        yield hanging(Text(f" {number}."), _headline(cause, digest, context.width - 6))
        yield from _fix(cause, digest, context)


def _headline(cause: Cause, digest: Digest, room: int) -> Text:
    worst = cause.worst
    said = Text(cause.severity, style=STYLES[cause.severity])
    exposed = f", exposed: {cause.exposure.value}" if cause.exposure.value else ""
    said.append(f"  {title(cause, 160)}", style="not bold default" if cause.changes else "")
    said.append(f"  closes {closes(cause)}{exposed}", style="bold")
    if cause.changes:
        why = line(worst.verdict.message)
        name = subject(worst)
        why = why if name in why else f"{name}: {why}"
        said.append(f"\n{why if len(why) <= room else why[: max(room - 3, 20)] + '...'}", style="not bold dim")
    proof = proof_of(cause, digest.result)
    if proof and proof != UNPROVEN:
        said.append(f"\n{proof}", style="not bold dim")
    return said


def _fix(cause: Cause, digest: Digest, context: Context) -> Iterator[RenderableType | Whole]:
    written = commands(cause)
    if not written:
        return
    room = _ROWS * max(context.width, NARROW) - 4
    if cause.changes and len(" ".join(written)) > room:
        id_ = next(iter(cause.requirements))
        yield Whole(Text(f"    auditor fix {snapshot_of(digest)} --only {id_}", style="cyan"))
        return
    for command in written:
        yield Whole(Text(f"    {command}", style="cyan"))


def snapshot_of(digest: Digest) -> str:
    """The snapshot as a word of a command."""
    path = digest.result.snapshot.path
    return q(line(path, 200)) if path else "SNAPSHOT"


def counts(digest: Digest, context: Context) -> RenderableType:
    """What each family comes to: fails by severity, then the other outcomes; families without a problem in one row."""
    whole = context.verbose or context.every
    families = [f for f in digest.families if whole or any(f.counts.get(o) for o in _PROBLEMS)]
    if context.width < NARROW:
        return Group(*(Text(f"{line(f.title, 60)}: {_narrow(f)}") for f in families))
    outcomes = [o for o in OUTCOME_WORDS if digest.result.summary[o] and (context.width >= _WIDE or o in _SHOWN)]
    table = Table(
        Column("Findings by family", no_wrap=True, overflow="ellipsis", max_width=50, footer=Text("All")),
        box=SIMPLE_HEAD,
        header_style="dim",
        pad_edge=False,
        padding=(0, 1, 0, 0),
        show_footer=True,
    )
    everything = _Counted(digest.result.findings, len(digest.result.not_implemented))
    for text, total in _numbers(everything, digest, outcomes):
        table.add_column(text, justify="right", footer=Text(total))
    for family in families:
        cells = _numbers(_Counted(family.findings, family.not_implemented), digest, outcomes)
        table.add_row(Text(line(family.title, 80)), *(Text(number) for _, number in cells))
    rest = [f for f in digest.families if f not in families and f.findings]
    if rest:
        found = [finding for family in rest for finding in family.findings]
        cells = _numbers(_Counted(found, sum(f.not_implemented for f in rest)), digest, outcomes)
        said = f"{counted(len(rest), 'more family', 'more families')} without a problem"
        table.add_row(Text(said, style="dim"), *(Text(number) for _, number in cells))
    return table


_SHOWN = (*_PROBLEMS, Outcome.WAIVED, Outcome.PASS)
"""Outcomes that a table of 80 cells has room for."""


class _Counted:
    """Findings, counted as the table shows them."""

    def __init__(self, findings: Iterable[Finding], without_rule: int) -> None:
        found = tuple(findings)
        self.outcomes = Counter(finding.outcome for finding in found)
        self.severities = Counter(finding.severity for finding in found if finding.outcome is Outcome.FAIL)
        self.without_rule = without_rule


def _numbers(of: _Counted, digest: Digest, outcomes: list[Outcome]) -> Iterator[tuple[Text, str]]:
    """The headings of the table, each with its number."""
    for outcome in outcomes:
        yield word_of(outcome), _number(of.outcomes[outcome])
        if outcome is Outcome.FAIL:
            for severity in Severity:
                yield Text(severity.value, style=STYLES[severity.value]), _number(of.severities[severity.value])
    if digest.result.not_implemented:
        yield Text("NO RULE"), _number(of.without_rule)


def _number(n: int) -> str:
    return f"{n:,}" if n else "-"


def _narrow(family: Family) -> str:
    severities = Counter(f.severity for f in family.findings if f.outcome is Outcome.FAIL)
    said = ", ".join(f"{severities[s.value]} {s.value}" for s in Severity if severities[s.value])
    return outcome_counts(family.counts) + (f" (fail: {said})" if said else "")


def remarks(digest: Digest, context: Context) -> Iterator[str]:
    """What a reader should know besides: gaps, what was not checked, waivers, notes, and how to see more."""
    result = digest.result
    for gap in digest.gaps[:_GAPS]:
        if gap.permission:
            yield way_out(gap, result)
    if failed := len(result.snapshot.failed_reads):
        yield f"{counted(failed, 'read')} of this snapshot failed; what rests on that is unknown, never a pass."
    if absent := len(result.not_implemented):
        verb = "has" if absent == 1 else "have"
        yield f"{counted(absent, 'requirement')} {verb} no rule yet and cannot pass or fail; see `auditor rules`."
    if waived := result.summary[Outcome.WAIVED]:
        verb = "is" if waived == 1 else "are"
        more = "" if context.verbose else "; `--verbose` shows who accepted each, why and until when"
        yield f"{counted(waived, 'finding')} {verb} waived{more}."
    if waiting := sum(finding.until_deployed for finding in result.findings):
        verb = "is" if waiting == 1 else "are"
        yield f"{counted(waiting, 'finding')} {verb} unknown until deployed: `--strict --until-deployed` accepts these."
    for note in result.notes:
        yield f"Note: {line(note, 400)}"
    for says, names in ended(result):
        yield f"Retirement: {line(says, 300)} ({line(', '.join(names), 200)})."
    yield from _how_to_go_on(digest, context)


def _how_to_go_on(digest: Digest, context: Context) -> Iterator[str]:
    if digest.causes:
        id_ = digest.causes[0].worst.requirement
        yield f"`auditor explain {id_}` explains why it matters and how to fix it."
        yield (
            f"To accept a finding for a while: `auditor accept {snapshot_of(digest)} --only {id_} --owner TEAM"
            " --until DATE --reason WHY`."
        )
    if not context.verbose and not context.every:
        checks = digest.result.summary[Outcome.MANUAL]
        also = f" and {counted(checks, 'check')} for a person" if checks else ""
        yield (
            f"`--all` shows every problem{also}, worst first; `--severity high`, `--only 'NSG-*'`, `--family` and"
            " `--part` some of them; `--verbose` shows passes and evidence; `-o report.html` writes everything as a"
            " page."
        )
