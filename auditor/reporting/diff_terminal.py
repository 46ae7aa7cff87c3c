"""What changed for a person at a terminal: topic by topic, the worst first, the verdict at the end."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping

from rich.console import Console, RenderableType
from rich.table import Column, Table
from rich.text import Text

from auditor.model.drift import Change, Diff, Effect
from auditor.reporting.context import Context
from auditor.reporting.diff_words import WORDS, Section, about, headline, sections
from auditor.reporting.words import counted, line

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
    """Lay the comparison out for `context.width` cells; with `context.verbose` all of it, with witnesses."""
    wanted = context or Context()
    out = io.StringIO()
    console = Console(
        file=out,
        width=max(wanted.width, 20),
        force_terminal=wanted.color,
        color_system="standard" if wanted.color else None,
        no_color=not wanted.color,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
        _environ={},
    )
    for block in _blocks(diff, wanted):
        console.print(block)
    return "".join(f"{written.rstrip()}\n" for written in out.getvalue().splitlines())


def _blocks(diff: Diff, context: Context) -> Iterator[RenderableType]:
    yield Text(f"{about(diff.old)}\n-> {about(diff.new)}", style="dim")
    for section in sections(diff):
        yield Text()
        yield _title(section, context)
        yield _rows(section, context)
    yield Text()
    worst = next((effect for effect in WORDS if diff.with_effect(effect)), None)
    yield Text(headline(diff), style=f"bold {_STYLES[worst].removeprefix('bold ')}" if worst else "bold green")
    for note in diff.notes:
        yield Text(f"Note: {line(note, 400)}")
    if diff.crashed:
        yield Text("A rule of the auditor itself failed; `auditor check` says which.")


def _title(section: Section, context: Context) -> Text:
    title = Text(f"{section.title} ", style="bold")
    rule = context.width - title.cell_len - len(section.said) - 1
    title.append(f"{'─' * max(rule, 1)} {section.said}", style="not bold dim")
    return title


def _rows(section: Section, context: Context) -> RenderableType:
    table = Table.grid(Column(width=7), Column(overflow="fold", ratio=1), padding=(0, 2, 0, 0), expand=True)
    shown = section.changes if context.verbose else section.changes[:_FEW]
    for change in shown:
        said = Text(line(change.says, _LONG))
        if context.verbose:
            for proof in _proof(change):
                said.append(f"\n{proof}", style="dim")
        table.add_row(Text(WORDS[change.effect], style=_STYLES[change.effect]), said)
    more = len(section.changes) - len(shown)
    if more:
        table.add_row(Text(), Text(f"and {counted(more, 'more change')}; --verbose shows all", style="dim"))
    return table


def _proof(change: Change) -> Iterator[str]:
    """What a reader can try: the packet, the whole set where the sentence shows its beginning, the id."""
    witness = change.detail.get("witness")
    if isinstance(witness, Mapping):
        yield f"witness: {witness_text(witness)}"
    remedy = change.detail.get("remediation")
    if remedy:
        yield f"fix: {line(str(remedy), 600)}"
    if change.resource is not None:
        yield f"resource: {line(change.resource.text, 400)}"


def witness_text(witness: Mapping[str, object]) -> str:
    """`Tcp 203.0.113.10:50000 -> 10.0.0.4:22`, and what has to be so for that."""
    ends = []
    for side in ("source", "destination"):
        host, port = str(witness[side]), witness[f"{side}_port"]
        bracketed = f"[{host}]" if ":" in host and port is not None else host
        ends.append(f"{bracketed}:{port}" if port is not None else host)
    given = witness.get("given")
    if_ = f" if {', '.join(line(str(each), 200) for each in given)}" if isinstance(given, list) and given else ""
    return f"{witness['protocol']} {' -> '.join(ends)}{if_}"
