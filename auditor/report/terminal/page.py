"""What every report for a terminal is written on: so many cells wide, in colour or not, the same on every machine."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import NamedTuple

from rich.console import Console, RenderableType
from rich.table import Column, Table
from rich.text import Text

from auditor.model import Outcome
from auditor.report.context import Context

NARROW = 76
"""Below this many cells a table of five columns is a column of syllables; the rows become paragraphs."""

STYLES: Mapping[str, str] = {
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

_NARROWEST = 20


class Whole(NamedTuple):
    """A line that the terminal may wrap but we do not: a command must come out of the clipboard as one."""

    text: Text


def hanging(mark: Text, said: Text) -> RenderableType:
    """A mark, and a text whose further lines stand under its first."""
    table = Table.grid(Column(no_wrap=True), Column(overflow="fold", ratio=1), padding=(0, 1, 0, 0), expand=True)
    table.add_row(mark, said)
    return table


class Paper:
    """Takes blocks from top to bottom; `written` is the report, without blanks at the ends of lines."""

    def __init__(self, context: Context) -> None:
        self._out = io.StringIO()
        self._console = Console(
            file=self._out,
            width=max(context.width, _NARROWEST),
            force_terminal=context.color,
            color_system="standard" if context.color else None,
            no_color=not context.color,
            legacy_windows=False,
            markup=False,
            emoji=False,
            highlight=False,
            # Else rich looks at COLUMNS, NO_COLOR and their like, and the report would hang on who asks.
            _environ={},
        )

    def put(self, block: RenderableType, whole: bool = False) -> None:
        """Add a block; a `whole` one is left to the terminal to wrap."""
        self._console.print(block, soft_wrap=whole)

    @property
    def written(self) -> str:
        """The report."""
        return "".join(f"{line.rstrip()}\n" for line in self._out.getvalue().splitlines())


def ruled(title: str, said: str, width: int) -> Text:
    """A title with a rule behind it that ends in a few words."""
    text = Text(f"{title} ", style="bold")
    rule = width - text.cell_len - len(said) - 1
    text.append(f"{'─' * max(rule, 1)} {said}", style="not bold dim")
    return text
