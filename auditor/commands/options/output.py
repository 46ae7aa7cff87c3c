"""Plain pages of text: wrapped for a terminal, without a colour code where nobody looks at colours."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from auditor.model import AuditorError
from auditor.snapshot.atomic import replace_file

_PIPED_WIDTH = 80
_WIDEST = 110
_NARROWEST = 40

_F = TypeVar("_F", bound=Callable[..., Any])

LEVEL_COLOURS = {"critical": "red", "high": "red", "medium": "yellow"}
"""Colours of severities; what is not named keeps the terminal's own."""


def checked_output(context: click.Context, parameter: click.Parameter, value: Path | None) -> Path | None:
    """Refuse now, not after minutes of work."""
    if value is not None:
        protect(value)
    return value


def output_option(command: _F) -> _F:
    """Give a command `-o FILE` (as `output`)."""
    option = click.option(
        "-o",
        "--output",
        type=click.Path(dir_okay=False, path_type=Path),
        callback=checked_output,
        help="Write to this file instead of standard output; it appears whole or not at all.",
    )
    return option(command)


def page_options(command: _F) -> _F:
    """Give a command `--format text|json` (as `format`) and `-o FILE` (as `output`)."""
    form = click.option("--format", type=click.Choice(["text", "json"]), default="text", show_default=True)
    return form(output_option(command))


def page_width(output: Path | None) -> int:
    """How many columns a page has: the terminal's, within reason; 80 where it goes to a file or a pipe."""
    if output is not None or not sys.stdout.isatty():
        return _PIPED_WIDTH
    return min(max(shutil.get_terminal_size().columns, _NARROWEST), _WIDEST)


def write_page(lines: Iterable[str], output: Path | None) -> None:
    """Write lines to standard output or to a file."""
    _write("\n".join(lines) + "\n", output)


def write_text(text: str, output: Path | None) -> None:
    """Write text as it is to standard output or to a file."""
    _write(text, output)


def write_json(value: Any, output: Path | None) -> None:
    """Write a value as indented JSON."""
    _write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n", output)


def _write(text: str, output: Path | None) -> None:
    if output is None or output == Path("-"):
        # click takes colours out where standard output is no terminal.
        click.echo(text, nl=False, color=False if os.environ.get("NO_COLOR") else None)
        return
    protect(output)
    replace_file(output, [click.unstyle(text).encode()])


def protect(output: Path, snapshot: bool = False) -> None:
    """Refuse to replace what is no output of this program, under whatever name it is reached.

    That is a snapshot, unless another `snapshot` takes its place, a file of YAML (settings, waivers, a baseline), and
    a database (a history). Raises `AuditorError`.
    """
    if not output.is_file():
        return
    with output.open("rb") as stream:
        head = stream.read(_HEAD)
    if Path(os.path.realpath(output)).suffix in (".yaml", ".yml") and head.strip():
        what = "a baseline, settings or waivers"
    elif head.startswith(_DATABASE):
        what = "a database"
    elif _SNAPSHOT_MARK in head and not snapshot:
        what = "a snapshot"
    else:
        return
    raise AuditorError(f"{output}: is {what}, which this does not replace", "choose another file")


_HEAD = 200
_SNAPSHOT_MARK = b'"auditor-snapshot/'
_DATABASE = b"SQLite format 3\0"


def is_snapshot(path: Path) -> bool:
    """Whether a file begins as snapshots do."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return _SNAPSHOT_MARK in stream.read(_HEAD)


def wrapped(text: str, width: int, indent: str = "") -> Iterable[str]:
    """Paragraphs in lines of that width, the indent included. Lists, tables and indented lines stay as they are."""
    for number, block in enumerate(text.split("\n\n")):
        if number:
            yield ""
        lines = block.splitlines()
        if any(line[:1] in (" ", "-", "|") for line in lines):
            yield from (f"{indent}{line}" for line in lines)
        else:
            joined = " ".join(lines)
            yield from textwrap.wrap(
                joined, width, initial_indent=indent, subsequent_indent=indent,
                break_long_words=False, break_on_hyphens=False,
            )  # fmt: skip
