"""`auditor reach --matrix`: the answers for every pair of subnets, as a table for people, JSON or CSV."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from auditor.commands.options.output import page_width, write_json, write_page, write_text
from auditor.estate import Estate
from auditor.model import AuditorError, ExitCode, NotKnown
from auditor.network.topology.service_tags import ServiceTags
from auditor.query.matrix import NOT_KNOWN, NOT_REACHED, REACHED, Matrix, Progress, matrix_of, names_of
from auditor.text.sanitise import cell, counted, line

_MARKS = {REACHED: "+", NOT_REACHED: "-", NOT_KNOWN: "?"}
_NAME = 40


def write_matrix(estate: Estate, tags: ServiceTags | None, form: str, output: Path | None, strict: bool) -> ExitCode:
    """Work the matrix out and write it. Raises `AuditorError` where the subnets were not read."""
    try:
        made = matrix_of(estate, tags, _progress())
    except NotKnown as gap:
        tip = f"it needs {gap.unknown.permission}" if gap.unknown.permission else ""
        raise AuditorError(f"which subnets there are is not known: {gap.unknown.because}", tip) from None
    if form == "json":
        write_json(as_json(made), output)
    elif form == "csv":
        write_text(as_csv(made), output)
    else:
        write_page(_page(made, page_width(output)), output)
    return ExitCode.INCOMPLETE if strict and made.count(NOT_KNOWN) else ExitCode.HOLDS


def as_json(made: Matrix) -> dict[str, Any]:
    """The matrix as `auditor-matrix/1`: for each source the targets by answer."""
    ids = [subnet.id.text for subnet in made.subnets]
    return {
        "format": "auditor-matrix/1",
        "subnets": ids,
        "rows": [
            {
                "from": ids[number],
                **{
                    word.replace(" ", "_"): [ids[n] for n, found in enumerate(row) if found == word and n != number]
                    for word in _MARKS
                },
            }
            for number, row in enumerate(made.rows)
        ],
    }


def as_csv(made: Matrix) -> str:
    """A row for each source, a column for each target."""
    names = [cell(name) for name in names_of(made.subnets)]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(["from", *names])
    for number, row in enumerate(made.rows):
        writer.writerow([names[number], *("" if n == number else word for n, word in enumerate(row))])
    return stream.getvalue()


def _page(made: Matrix, width: int) -> Iterator[str]:
    figures = ", ".join(f"{made.count(word):,} {word}" for word in _MARKS)
    yield f"{counted(len(made.subnets), 'subnet')}, {counted(made.pairs, 'pair')}: {figures}"
    yield ""
    names = [line(name, _NAME) for name in names_of(made.subnets)]
    digits = len(str(len(names)))
    room = max(map(len, names), default=0) + digits + 2
    if room + len(names) * (digits + 1) <= width:
        yield from _grid(made, names, digits, room)
        yield ""
        yield "row reaches column: + some packet gets through, - none does, ? not known"
    else:
        yield from _lists(made, names)
    yield "`auditor reach SNAPSHOT --from ROW --to COLUMN` shows the hops, the rules and a packet."


def _grid(made: Matrix, names: list[str], digits: int, room: int) -> Iterator[str]:
    yield " " * room + "".join(f" {number:>{digits}}" for number in range(1, len(names) + 1))
    for number, row in enumerate(made.rows):
        marks = ("." if n == number else _MARKS[word] for n, word in enumerate(row))
        yield f"{number + 1:>{digits}}  {names[number]}".ljust(room) + "".join(f" {mark:>{digits}}" for mark in marks)


def _lists(made: Matrix, names: list[str]) -> Iterator[str]:
    """Where the grid does not fit: what each subnet reaches, and what it may reach."""
    for number, row in enumerate(made.rows):
        yield names[number]
        for word in (REACHED, NOT_KNOWN):
            found = [names[n] for n, answer in enumerate(row) if answer == word and n != number]
            if found:
                shown = ", ".join(found[:_SHOWN]) + (
                    f" and {len(found) - _SHOWN:,} more" if len(found) > _SHOWN else ""
                )
                yield f"  {_MARKS[word]} {word}: {shown}"


_SHOWN = 8


def _progress() -> Progress:
    if not sys.stderr.isatty():
        return lambda done, of: None

    def show(done: int, of: int) -> None:
        end = "\r" if done < of else "\r\x1b[K"
        click.echo(f"subnet {done:,} of {of:,}{end}", nl=False, err=True)

    return show
