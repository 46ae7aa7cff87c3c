"""Proof of the fixes that a report names first: a second audit each, where that is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from auditor.model import AuditResult

if TYPE_CHECKING:
    from auditor.commands.options.audit import Terms
    from auditor.snapshot import Snapshot

prove_option: Callable[..., Callable[..., object]] = click.option(
    "--prove",
    is_flag=True,
    help="Audit the estate again with each of the fixes that the report names first, and say what came of it. Takes as"
    " long as so many audits; `auditor fix` proves all.",
)


def proven(snapshot: Snapshot, result: AuditResult, terms: Terms) -> AuditResult:
    """The result with a proof of each of the causes that reports name first."""
    from auditor.audit.audit import estate_of
    from auditor.commands.options.audit import audited
    from auditor.fix.prove import Prover
    from auditor.model.result import ProofOf
    from auditor.report.digest import Digest

    # The estate of `terms` is that of the last snapshot it was asked for, and every proof asks for another one.
    estate = estate_of(snapshot, terms.service_tags)
    prover = Prover(snapshot, estate, result, lambda state: audited(state, terms))
    proofs: dict[str, ProofOf] = {}
    for cause in Digest(result).first:
        if cause.changes:
            proof = prover.prove(cause.changes, cause.findings)
            closes, opens = (tuple(f.fingerprint for f in found) for found in (proof.closes, proof.opens))
            proofs[cause.id] = ProofOf(proof.standing.value, closes, opens, proof.because)
    return replace(result, proofs=proofs)
