"""`auditor sign`: a statement about a snapshot, or about the result of its check, signed with a key."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from auditor.commands.options.signers import signature_of
from auditor.model import AuditorError


@click.command()
@click.argument("snapshot", type=click.Path(path_type=Path))
@click.option(
    "--key",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="PEM",
    help="The private key (Ed25519, PKCS 8): openssl genpkey -algorithm ed25519 -out key.pem",
)
@click.option(
    "--result",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Sign this result of the snapshot (check --format json) too: what was asked, and whether it holds.",
)
@click.option("--baseline", default="", metavar="NAME|FILE", help="The baseline of that result, if it is not shipped.")
def sign(snapshot: Path, key: Path, result: Path | None, baseline: str) -> None:
    """Sign a SNAPSHOT file: who read it and when becomes a statement (in-toto, DSSE) beside it, SNAPSHOT.sig.json.

    \b
    auditor sign s.json --key key.pem                      s.json.sig.json
    auditor sign s.json --key key.pem --result r.json      s.json.result.sig.json too: a verification summary
    auditor verify s.json --key public.pem                 for whoever gets it
    """
    from auditor.evidence.envelope import Private
    from auditor.evidence.statement import about_result, about_snapshot, sha256
    from auditor.evidence.verify import ENDING, RESULT_ENDING
    from auditor.snapshot import read_snapshot
    from auditor.snapshot.atomic import replace_file

    private = Private(key)
    found = read_snapshot(snapshot)
    file_sha256 = sha256(found.text.encode("utf-8"))
    statements = {ENDING: about_snapshot(found, snapshot.name, file_sha256)}
    if result is not None:
        document = _result(result, found.sha256)
        statements[RESULT_ENDING] = about_result(
            document,
            passed=_passed(document),
            name=snapshot.name,
            file_sha256=file_sha256,
            policy_sha256=_policy(baseline or document["baseline"]["name"]),
            verified_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        )
    for ending, statement in statements.items():
        target = signature_of(snapshot, ending)
        replace_file(target, [private.sign(statement).encode("ascii")])
        click.echo(f"wrote {target}", err=True)


def _result(path: Path, snapshot: str) -> dict[str, Any]:
    """A result of this snapshot. Raises `AuditorError` where it is none, or another's."""
    try:
        found = json.loads(path.read_bytes())
        mine = found["format"] == "auditor-result/1" and found["snapshot"]["sha256"] == snapshot
        whole = (
            isinstance(found["results"], list)
            and isinstance(found["summary"], dict)
            and isinstance(found["baseline"]["name"], str)
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as problem:
        raise AuditorError(
            f"{path}: is no result of a check", "auditor check SNAPSHOT --format json -o FILE"
        ) from problem
    if not mine or not whole:
        raise AuditorError(f"{path}: is the result of another snapshot", "check this one: auditor check --format json")
    assert isinstance(found, dict)
    return found


def _passed(result: dict[str, Any]) -> bool:
    """Whether everything required holds, and all of it is known: no fail, no unknown, no error, nothing missing."""
    rows = result["results"]
    open_ = [row for row in rows if row.get("level") == "must" and row.get("outcome") in ("fail", "unknown", "error")]
    return not open_ and not result.get("missing") and not result["summary"].get("error")


def _policy(baseline: str) -> str:
    """The hash of the baseline's file."""
    from auditor.baseline.read import locate
    from auditor.evidence.statement import sha256

    return sha256(locate(baseline, Path()).read_bytes())
