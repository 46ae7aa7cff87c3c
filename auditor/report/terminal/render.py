"""The result for a person at a terminal: the verdict, what to do first, what the families come to; all of it on demand.

By default it fits a screen. `every` adds the problems, worst first and one row a requirement; `narrow` shows some of
them, each in a row of its own; `verbose` shows the families with passes and evidence.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from auditor.model import AuditResult, Finding
from auditor.report.context import Context, is_problem
from auditor.report.controls.terminal import blocks_of
from auditor.report.digest import Digest, moment_of
from auditor.report.terminal.brief import chains, counts, do_first, remarks
from auditor.report.terminal.page import NARROW, Paper, Whole, hanging, ruled
from auditor.report.terminal.rows import Row, family_title, folded, manual, name_of, table_of, waivers, word_of
from auditor.text.sanitise import clip, counted, line, visible

_AND_MORE = len(" and 99 more")


def render(result: AuditResult, context: Context | None = None) -> str:
    """Lay the result out for `context.width` cells."""
    wanted = context or Context()
    digest = Digest(result, wanted.fail_on)
    paper = Paper(wanted)
    for block in _blocks(digest, wanted):
        if isinstance(block, Whole):
            paper.put(block.text, whole=True)
        else:
            paper.put(block)
    return paper.written


def _blocks(digest: Digest, context: Context) -> Iterator[RenderableType | Whole]:
    if context.quiet:
        # A hook, or a loop in a shell, checks one file after another: each line says of which it speaks.
        path = digest.result.snapshot.path
        said = Text.assemble(f"{line(path, 200)}: " if path else "", (digest.headline, "bold"))
        yield Whole(said if digest.result.missing else Text.assemble(word_of(digest.verdict), " ", said))
        return
    yield _heading(digest.result)
    if digest.result.missing:
        yield Text(f"\n{digest.headline}")
        return
    yield Text()
    yield _verdict(digest)
    if context.narrow.asks:
        yield Text()
        yield from _narrowed(digest, context)
        return
    yield Text()
    yield from chains(digest, context)
    yield from do_first(digest, context)
    if context.verbose:
        yield from _families(digest, context)
    elif context.every:
        yield from _worst_first(digest, context)
    if context.verbose or context.every:
        yield from manual(digest)
    if context.verbose:
        yield from waivers(digest.result)
    yield from blocks_of(digest.result, context, ruled)
    # The table brings a blank line of its own, above and below; paragraphs do not.
    if context.width < NARROW:
        yield Text()
    yield counts(digest, context)
    for remark in remarks(digest, context):
        yield hanging(Text(" -"), Text(remark))


def _verdict(digest: Digest) -> RenderableType:
    if digest.result.missing:
        return Text(digest.headline)
    return hanging(word_of(digest.verdict), Text(digest.headline, style="bold"))


def _heading(result: AuditResult) -> Text:
    baseline, snapshot = result.baseline, result.snapshot
    subscriptions = ", ".join(visible(s) for s in snapshot.subscriptions)
    parts = [
        line(snapshot.path, 200) if snapshot.path else "snapshot",
        moment_of(result, line(snapshot.collected_at, 40)),
        counted(snapshot.documents, "document"),
        f"subscription {clip(subscriptions, 120)}" if subscriptions else "",
    ]
    text = Text()
    text.append(f"{line(baseline.name, 80)} {line(baseline.version, 40)}", style="bold")
    text.append(f"  {', '.join(part for part in parts if part)}", style="dim")
    for workload in result.workloads:
        text.append(f"\nworkload {line(workload.name, 80)}", style="dim")
    return text


def _families(digest: Digest, context: Context) -> Iterator[RenderableType]:
    """Everything, by family, each finding in a row of its own."""
    widest, header = _widest(digest.result, digest.result.findings), True
    for family in digest.families:
        if family.rows:
            yield Text()
            yield family_title(family, context)
            yield table_of([Row(f) for f in family.rows], digest.result, context, header, widest)
            header = False


def _worst_first(digest: Digest, context: Context) -> Iterator[RenderableType]:
    """The problems of all families, one row a requirement."""
    found = sorted(filter(is_problem, digest.result.findings), key=digest.weight)
    if found:
        rows = folded(found)
        yield Text()
        widest = _widest(digest.result, [row.finding for row in rows]) + _AND_MORE
        yield table_of(rows, digest.result, context, True, widest)


def _narrowed(digest: Digest, context: Context) -> Iterator[RenderableType]:
    """What was asked for, worst first, each finding in a row of its own; passes only where all is asked for."""
    problems = sorted((f for f in digest.result.findings if context.verbose or is_problem(f)), key=digest.weight)
    found = [finding for finding in problems if context.narrow.takes(finding, digest.result)]
    if found:
        yield table_of([Row(f) for f in found], digest.result, context, True, _widest(digest.result, found))
        yield Text()
    what = "findings" if context.verbose else "problems"
    passes = "" if context.verbose else "; `--verbose` shows what passes too, with the evidence"
    yield hanging(Text(" -"), Text(f"{len(found):,} of {len(problems):,} {what} are shown{passes}."))


def _widest(result: AuditResult, findings: tuple[Finding, ...] | list[Finding]) -> int:
    return max([8, *(len(name_of(finding, result)) for finding in findings)])
