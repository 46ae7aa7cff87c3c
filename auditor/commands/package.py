"""`auditor package`: a snapshot with its result, and all that the result rests on, as one file."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.commands.options.audit import AuditOptions, audit_options, audited, settled, terms_of, warn
from auditor.commands.options.output import protect
from auditor.commands.options.report import ReportOptions, context_of
from auditor.commands.options.signers import signature_of
from auditor.commands.options.snapshots import snapshot_of
from auditor.model import AuditorError

_REPORTS = {
    "json": "result.json",
    "sarif": "result.sarif",
    "html": "report.html",
    "markdown": "report.md",
    "csv": "findings.csv",
    "junit": "junit.xml",
    "ocsf": "findings.ocsf.json",
}


@click.command()
@click.argument("snapshot", type=click.Path(path_type=Path))
@audit_options
@click.option(
    "-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), metavar="ZIP", help="Where to."
)
@click.option("-q", "--quiet", is_flag=True, help="Say nothing on standard error but errors.")
def package(snapshot: Path, asked: AuditOptions, *, output: Path, quiet: bool) -> None:
    """Put a SNAPSHOT, its result in every form, the baseline, settings, waivers and signatures into one ZIP file.

    \b
    auditor package s.json --waivers w.yaml --as-of 2026-12-01 -o audit.zip

    A manifest has the hash of each file, and a page says how to verify. The same input on the same day gives the same
    bytes. A package is made whatever the verdict is.
    """
    from auditor.evidence.package import packed
    from auditor.evidence.verify import ENDING, RESULT_ENDING
    from auditor.report import renderer
    from auditor.snapshot.atomic import replace_file

    protect(output)
    if output.exists() and output.suffix.casefold() != ".zip":
        raise AuditorError(f"{output}: is there already, and no .zip", "choose another file")
    terms = terms_of(asked)
    report = settled(ReportOptions(quiet=quiet), terms)
    found = snapshot_of(snapshot)
    result = audited(found, terms, report.fail_on)
    context = context_of(result, report)
    files = {"snapshot.json": found.text.encode("utf-8")}
    files |= {name: _bytes(renderer(form)(result, context)) for form, name in _REPORTS.items()}
    for ending in (ENDING, RESULT_ENDING):
        signature = signature_of(snapshot, ending)
        if signature.is_file():
            files[f"snapshot.json{ending}"] = signature.read_bytes()
    for path in terms.files:
        name = f"inputs/{path.name}"
        if name in files:
            raise AuditorError(f"{path}: two inputs have this name", "rename one of them")
        files[name] = path.read_bytes()
    replace_file(output, [packed(files)])
    warn(result, terms, quiet, report.fail_on)
    if not quiet:
        click.echo(f"wrote {output}: {len(files)} files", err=True)


def _bytes(report: str | bytes) -> bytes:
    return report if isinstance(report, bytes) else report.encode("utf-8")
