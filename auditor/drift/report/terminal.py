"""What changed for a person at a terminal: topic by topic, the worst first, the verdict at the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import RenderableType
from rich.table import Column, Table
from rich.text import Text

from auditor.drift.model import Change, Diff, Effect
from auditor.drift.report.wording import (
    WORDS,
    Section,
    about,
    headline,
    sections,
    witness_text,
)
from auditor.report.context import Context
from auditor.report.terminal.page import Paper, ruled
from auditor.text.sanitise import counted, line

_FEW = 12
"""So many changes of a topic are shown without `--verbose`."""

_LONG = 1200
_STYLES: Mapping[Effect, str] = {
    Effect.WORSE: "bold red",
    Effect.UNKNOWN: "bold yellow",
    Effect.OTHER: "cyan",
    Effect.BETTER: "green",
}


def render(diff: Diff, context: Context | None = None) -> str:
    """Lay the comparison out for `context.width` cells; with `context.verbose` all of it, with ids and fixes."""
    wanted = context or Context()
    paper = Paper(wanted)
    for block in _blocks(diff, wanted):
        paper.put(block)
    return paper.written


def _blocks(diff: Diff, context: Context) -> Iterator[RenderableType]:
    yield Text(f"{about(diff.old)}\n-> {about(diff.new)}", style="dim")
    for section in sections(diff):
        yield Text()
        yield ruled(section.title, section.said, context.width)
        yield _rows(section, context)
    yield Text()
    worst = next((effect for effect in WORDS if diff.with_effect(effect)), None)
    yield Text(headline(diff), style=f"bold {_STYLES[worst].removeprefix('bold ')}" if worst else "bold green")
    for note in diff.notes:
        yield Text(f"Note: {line(note, 400)}")
    if diff.crashed:
        yield Text("A rule of the auditor itself failed; `auditor check` says which.")


def _rows(section: Section, context: Context) -> RenderableType:
    table = Table.grid(Column(width=7), Column(overflow="fold", ratio=1), padding=(0, 2, 0, 0), expand=True)
    shown = section.changes if context.verbose else section.changes[:_FEW]
    for change in shown:
        said = Text(line(change.says, _LONG))
        for proof in _proof(change, context.verbose):
            said.append(f"\n{proof}", style="dim")
        table.add_row(Text(WORDS[change.effect], style=_STYLES[change.effect]), said)
    more = len(section.changes) - len(shown)
    if more:
        table.add_row(Text(), Text(f"and {counted(more, 'more change')}; --verbose shows all", style="dim"))
    return table


def _proof(change: Change, verbose: bool) -> Iterator[str]:
    """What a reader can try: the packet, and on demand the command that mends it and the id."""
    witness = change.detail.get("witness")
    if isinstance(witness, Mapping):
        yield f"witness: {witness_text(witness)}"
    if not verbose:
        return
    remedy = change.detail.get("remediation")
    if remedy:
        yield f"fix: {line(str(remedy), 600)}"
    if change.resource is not None:
        yield f"resource: {line(change.resource.text, 400)}"
