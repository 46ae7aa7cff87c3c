"""`auditor verify`: whether somebody signed snapshots, and over which time their signed results held."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.commands.options.signers import signature_of, signer_of
from auditor.model import AuditorError, ExitCode


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--key", type=click.Path(dir_okay=False, path_type=Path), metavar="PEM", help="The public key.")
@click.option("--identity", default="", metavar="NAME", help="Instead: who signed, as Sigstore's certificate names it.")
@click.option("--issuer", default="", metavar="URL", help="Who vouched for that identity.")
@click.option(
    "--signature",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The signature of the one file, where it is not beside it as FILE.sig.json.",
)
@click.option("--results", is_flag=True, help="Verify what was signed of their results, and state the interval.")
@click.option("--max-gap", type=click.FloatRange(min=0), metavar="HOURS", help="With --results: the longest gap.")
def verify(
    files: tuple[Path, ...],
    *,
    key: Path | None,
    identity: str,
    issuer: str,
    signature: Path | None,
    results: bool,
    max_gap: float | None,
) -> ExitCode:
    """Verify who signed FILES: snapshots, or anything else that has a statement beside it. Nothing is asked online.

    \b
    auditor verify s.json --key public.pem
    auditor verify snapshots/*.json --key public.pem --results --max-gap 26

    Exit codes: 0 all are signed (and their results held), 1 signed results did not hold or leave a gap, 2 not signed by
    them, changed since, or bad input.
    """
    from auditor.evidence.statement import COLLECTED, SUMMARY
    from auditor.evidence.verify import ENDING, RESULT_ENDING, interval, proven
    from auditor.text.sanitise import visible

    signer = signer_of(key, identity, issuer)
    if signer is None:
        raise click.UsageError("say whose signature: --key, or --identity and --issuer")
    if signature is not None and len(files) > 1:
        raise click.UsageError("--signature is that of one file")
    # A shell's `*.json` names the signatures too, which are read beside what they sign.
    files = tuple(path for path in files if not path.name.endswith(ENDING))
    if not files:
        raise click.UsageError("these are signatures; name the files that they sign")
    ending, kind = (RESULT_ENDING, SUMMARY) if results else (ENDING, COLLECTED)
    found = []
    for path in files:
        each = proven(path, _content(path), signature or signature_of(path, ending), signer, kind)
        found.append(each)
        click.echo(visible(f"{path}: signed, sha256:{each.sha256}"))
    span = interval(found) if results else None
    if span is None:
        return ExitCode.HOLDS
    said = "held" if span.held else "did not hold"
    click.echo(
        f"{said} from {span.first} to {span.last}: {span.passed} of {span.results} snapshots passed,"
        f" no gap longer than {span.gap:.1f} h"
    )
    too_long = max_gap is not None and span.gap > max_gap
    if too_long:
        click.echo(f"a gap of {span.gap:.1f} h is longer than {max_gap:g} h", err=True)
    return ExitCode.HOLDS if span.held and not too_long else ExitCode.FAILS


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise AuditorError(f"{path}: cannot be read: {problem.strerror}", "check the path") from problem
