"""`auditor check`: a snapshot against a baseline."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.commands.reports import ReportOptions, finish, report_options
from auditor.model import ExitCode

baseline_option = click.option(
    "--baseline",
    default="openai-chat",
    show_default=True,
    metavar="NAME|FILE",
    help="The reference architecture: one that comes with the program, or a file of your own.",
)


@click.command()
@click.argument("snapshot", type=click.Path(path_type=Path))
@baseline_option
@report_options
def check(snapshot: Path, baseline: str, report: ReportOptions) -> ExitCode:
    """Check a SNAPSHOT file against the reference architecture. Reads the file and nothing else.

    \b
    auditor check s.json                                    for you, at the terminal
    auditor check s.json -o report.html --also sarif=r.sarif for a review, and for a dashboard
    auditor check s.json --strict --format junit -o r.xml   for a pipeline that must know everything

    Exit codes: 0 everything required holds, 1 something required fails (see --fail-on), 2 bad usage or bad input,
    3 incomplete, 4 the auditor itself failed.
    """
    # Late, so that `auditor check --help` does not load what only an audit needs.
    from auditor.baseline import read_baseline
    from auditor.snapshot import read_snapshot
    from auditor.workflows.audit import audit

    result = audit(read_snapshot(snapshot), read_baseline(baseline))
    return finish(result, report, inputs=(snapshot, Path(result.baseline.path)))
