"""`auditor scan`: read a deployment and check it in one go."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click

from auditor.commands.options.audit import (
    AuditOptions,
    audit_options,
    audited,
    chained,
    control_option,
    pictured,
    settled,
    terms_of,
    warn,
)
from auditor.commands.options.bounds import hold_to_days, max_waiver_days_option
from auditor.commands.options.collection import (
    collected,
    collection_options,
    target_of,
    tell,
)
from auditor.commands.options.history import check_history, history_option, kept_in
from auditor.commands.options.output import protect
from auditor.commands.options.report import (
    ReportOptions,
    finish,
    guard,
    report_options,
)
from auditor.model import AuditorError, ExitCode


@click.command()
@collection_options
@click.option(
    "--keep",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keep the snapshot in this file; findings then cite its lines.",
)
@audit_options
@control_option
@max_waiver_days_option
@history_option
@report_options
def scan(
    keep: Path | None,
    asked: AuditOptions,
    *,
    max_waiver_days: int | None,
    history: Path | None,
    report: ReportOptions,
    **arguments: Any,
) -> ExitCode:
    """Read a deployment and check it: `auditor snapshot` and `auditor check` in one.

    Exit codes are those of `check`; where everything decided holds but something could not be read, it is 3.
    """
    from auditor.snapshot import read_snapshot, sealed, write_snapshot

    # A mistake in a baseline, in settings or in a file name is told now, not after minutes of reading.
    check_history(history)
    terms = terms_of(asked)
    hold_to_days(terms, max_waiver_days)
    report = settled(report, terms)
    if keep is not None and any(target.path == keep for target in report.targets):
        raise AuditorError(f"{keep}: the snapshot and a report would both go there", "name two files")
    if keep is not None:
        protect(keep, snapshot=True)
    inputs = (*terms.files, *(path for path in (keep, history) if path is not None))
    guard(report.targets, inputs)
    found = sealed(collected(target_of(arguments, terms.settings), report.quiet))
    if keep is not None:
        write_snapshot(found, keep)
        found = read_snapshot(keep)
    if not report.quiet:
        tell(found, str(keep or "scan"))
    result = chained(found, audited(found, terms, report.fail_on), terms)
    code = finish(result, report, inputs, kept_in(history, result), partial(pictured, found, result, terms))
    warn(result, terms, report.quiet, report.fail_on)
    whole = found.complete and all(read.answered for read in found.reads)
    return ExitCode.INCOMPLETE if code is ExitCode.HOLDS and not whole else code
