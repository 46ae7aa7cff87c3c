"""`auditor history`: how the audits of a deployment came out over time."""

from __future__ import annotations

import importlib
from pathlib import Path

import click

from auditor.commands.options.report import (
    Target,
    fitted,
    guard,
    write_report,
)

FORMATS = {"terminal": "terminal", "json": "json_"}
"""Each format and its module in `auditor.history.report`."""


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--format",
    type=click.Choice(list(FORMATS)),
    help="Form of the answer. Without it json where -o ends so, else it is for the terminal.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to this file instead of standard output; it appears whole or not at all.",
)
@click.option("-v", "--verbose", is_flag=True, help="Show every audit and every finding.")
def history(file: Path, format: str | None, output: Path | None, verbose: bool) -> None:
    """Show a history FILE that `auditor check --history` or `auditor scan --history` keeps.

    For each deployment: the counts of every audit, what is open and since when, how long fixing took on average, and
    what came back after it had been fixed. Times are those of the snapshots; the file is only read.

    \b
    auditor check s.json --history audits.db                keep an audit
    auditor history audits.db                               for you, at the terminal
    auditor history audits.db --format json -o trend.json   for a program

    Exit codes: 0, or 2 if FILE is not a readable history.
    """
    from auditor.history import trends
    from auditor.report.context import Context

    by_ending = "json" if output is not None and output.suffix.casefold() == ".json" else "terminal"
    target = Target(format or by_ending, None if output == Path("-") else output)
    guard([target], (file,))
    form = importlib.import_module(f"auditor.history.report.{FORMATS[target.format]}")
    write_report(target, form.render(trends(file), fitted(Context(verbose=verbose), target)))
