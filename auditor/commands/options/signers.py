"""Whose signatures are believed: the options, and a snapshot that has to have one."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.evidence.verify import ENDING, Signer, proven

if TYPE_CHECKING:
    from auditor.snapshot import Snapshot

__all__ = ["Signer", "signature_of", "signed", "signer_of", "signer_options"]


def signer_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that require a signature; it receives them as `signer`, `None` where none is."""

    @functools.wraps(command)
    def gathered(
        *args: Any, require_signature: Path | None, require_identity: str, require_issuer: str, **others: Any
    ) -> Any:
        return command(*args, signer=signer_of(require_signature, require_identity, require_issuer), **others)

    for option in reversed(_OPTIONS):
        gathered = option(gathered)
    return gathered


_OPTIONS: tuple[Callable[[Callable[..., Any]], Callable[..., Any]], ...] = (
    click.option(
        "--require-signature",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="PEM",
        help="Refuse (exit code 2) a snapshot that this public key did not sign (FILE.sig.json, of `auditor sign`).",
    ),
    click.option(
        "--require-identity",
        default="",
        metavar="NAME",
        help="The same for a signature of Sigstore by this identity, such as a workflow's URL.",
    ),
    click.option("--require-issuer", default="", metavar="URL", help="Who vouched for that identity."),
)


def signer_of(key: Path | None, identity: str, issuer: str) -> Signer | None:
    """Whose signatures are asked for. Raises `UsageError` where that is half said, or twice."""
    if key is not None and (identity or issuer):
        raise click.UsageError("a key or an identity signs, not both")
    if bool(identity) is not bool(issuer):
        raise click.UsageError("an identity is only one by its issuer: give both")
    if key is not None:
        from auditor.evidence.envelope import Public

        return Public(key)
    if identity:
        from auditor.evidence.keyless import Keyless

        return Keyless(identity, issuer)
    return None


def signature_of(path: Path, ending: str = ENDING) -> Path:
    """Where the signature of a file stands: beside it."""
    return path.with_name(path.name + ending)


def signed(snapshot: Snapshot, path: Path, signer: Signer) -> None:
    """Hold a snapshot, as it was read, to its signature. Raises `AuditorError` where it has none that counts."""
    proven(path, snapshot.text.encode("utf-8"), signature_of(path), signer)
