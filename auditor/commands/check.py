"""`auditor check`: a snapshot against a baseline."""

from __future__ import annotations

from functools import partial
from pathlib import Path

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
from auditor.commands.options.bounds import hold_to_age, hold_to_days, max_age_option, max_waiver_days_option
from auditor.commands.options.certificates import proofs_option, write_proofs
from auditor.commands.options.history import check_history, history_option, kept_in
from auditor.commands.options.proving import prove_option, proven
from auditor.commands.options.report import (
    ReportOptions,
    Target,
    finish,
    guard,
    report_options,
)
from auditor.commands.options.signers import Signer, signed, signer_options
from auditor.commands.options.snapshots import snapshot_of
from auditor.commands.several.inputs import are_several
from auditor.model import ExitCode


@click.command()
@click.argument("snapshots", metavar="SNAPSHOT...", nargs=-1, required=True, type=click.Path(path_type=Path))
@audit_options
@control_option
@max_waiver_days_option
@max_age_option
@signer_options
@history_option
@prove_option
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Of several snapshots: how many at a time.")
@click.option(
    "--results",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Of several snapshots: write the result of each (JSON) into this folder.",
)
@proofs_option
@report_options
def check(
    snapshots: tuple[Path, ...],
    asked: AuditOptions,
    *,
    prove: bool,
    proofs: Path | None,
    max_waiver_days: int | None,
    max_age: int | None,
    signer: Signer | None,
    history: Path | None,
    jobs: int | None,
    results: Path | None,
    report: ReportOptions,
) -> ExitCode:
    """Check SNAPSHOT files against the reference architecture. Reads the files and nothing else.

    Of several files, of a folder or of a pattern it writes one report of all, and judges some at a time.

    \b
    auditor check s.json                                      for you, at the terminal: what to do first
    auditor check s.json --all                                every problem, worst first
    auditor check s.json --only 'NSG-*' -v                    the security groups, with passes and evidence
    auditor check s.json -o report.html --also sarif=r.sarif  for a review, and for a dashboard
    auditor check s.json --strict --format junit -o r.xml     for a pipeline that must know everything
    auditor check s.json --settings auditor.yaml              with pins, thresholds, allowances and waivers of your own
    auditor check s.json --max-age 2 --max-waiver-days 90     for a gate that whoever it judges cannot widen
    auditor check s.json --require-signature team.pem         only a snapshot that the team's key signed
    auditor check s.json --framework nist-800-53-r5           how the controls of a framework come out
    auditor check s.json --history audits.db -o report.html   keep the findings, show how they came out over time
    auditor check snapshots --also sarif=all.sarif            every snapshot of a folder: one report, one run each

    Exit codes: 0 everything required holds, 1 something required fails (see --fail-on), 2 bad usage or bad input,
    3 incomplete, 4 the auditor itself failed.
    """
    if are_several(snapshots):
        from auditor.commands.several.check import Several, check_several

        alone = {"--prove": prove, "--proofs": proofs, "--history": history, "--require-signature": signer}
        refused = tuple(name for name, given in alone.items() if given)
        return check_several(snapshots, asked, report, Several(jobs, results, max_waiver_days, max_age, refused))
    if results is not None:
        raise click.UsageError("--results is for several snapshots; -o writes the report of one")
    (snapshot,) = snapshots
    terms = terms_of(asked)
    hold_to_days(terms, max_waiver_days)
    report = settled(report, terms)
    check_history(history)
    inputs = (snapshot, *terms.files, *([history] if history else []))
    guard((*report.targets, *([Target("json", proofs)] if proofs is not None else [])), inputs)
    found = snapshot_of(snapshot)
    if signer is not None:
        signed(found, snapshot, signer)
    hold_to_age(found, str(snapshot), terms.as_of, max_age)
    result = chained(found, audited(found, terms, report.fail_on), terms)
    if prove:
        result = proven(found, result, terms)
    if proofs is not None:
        write_proofs(proofs, found, result, terms)
    code = finish(result, report, inputs, kept_in(history, result), partial(pictured, found, result, terms))
    warn(result, terms, report.quiet, report.fail_on)
    return code
