"""What reports say of a cause: what it closes, its fix, and whether that is proven."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.causes.cause import Cause
from auditor.causes.render import LANGUAGES, rendered
from auditor.causes.render.json_patch import entry
from auditor.model import AuditResult, Finding
from auditor.text.sanitise import counted, line, one_line

NOT_PROVEN = "not_proven_here"
"""The standing of a cause whose changes nobody audited for this report."""

UNPROVEN = "not proven here"
"""The same in words."""

_MANY = 6
"""How many requirements a line names; the rest is counted."""


def closes(cause: Cause) -> str:
    """`NET-02, PUB-07 (2)`: the requirements that it closes findings of."""
    said = [id_ if n == 1 else f"{id_} ({n})" for id_, n in cause.requirements.items()]
    more = len(said) - _MANY
    return ", ".join(said[:_MANY]) + (f" and {more} more" if more > 0 else "")


def title(cause: Cause, limit: int = 300) -> str:
    """The title in one line of a report."""
    return line(cause.title, limit)


def commands(cause: Cause) -> tuple[str, ...]:
    """The fix as commands, each in one line, comments left out; what the rule says where there is no change."""
    if not cause.changes:
        return tuple(filter(None, (line(one_line(cause.remediation), 1000),)))
    lines = rendered(cause.changes, "az").splitlines()
    return tuple(line(each, 4000) for each in lines if not each.startswith("#"))


def proof_of(cause: Cause, result: AuditResult) -> str:
    """Whether the fix is proven, as one sentence."""
    proof = result.proofs.get(cause.id)
    if proof is None:
        return "" if not cause.changes else UNPROVEN
    if proof.standing == "proven":
        return f"proven: a second audit with it closes {counted(len(proof.closes), 'finding')} and opens none"
    return f"not proven ({proof.standing.replace('_', ' ')}): {line(proof.because, 300)}"


def cause_entry(cause: Cause, result: AuditResult, languages: bool = True) -> dict[str, Any]:
    """A cause for programs. `proof` says `not_proven_here` where no second audit was made for this report."""
    made: dict[str, Any] = {
        "id": cause.id,
        "title": cause.title,
        "severity": cause.severity,
        "optional": cause.optional,
        "exposure": cause.exposure.value or None,
        "closes": [_finding(finding) for finding in cause.findings],
        "proof": _proof(cause, result),
        "changes": [entry(change) for change in cause.changes],
        "remediation": cause.remediation or None,
        "warnings": list(cause.warnings),
        "questions": list(cause.questions),
    }
    if languages:
        made["fix"] = texts(cause)
    return made


def texts(cause: Cause) -> Mapping[str, str]:
    """The fix in every language; nothing where no change is proposed."""
    return {language: rendered(cause.changes, language) for language in LANGUAGES} if cause.changes else {}


def _proof(cause: Cause, result: AuditResult) -> dict[str, Any]:
    proof = result.proofs.get(cause.id)
    if proof is None:
        return {"standing": NOT_PROVEN, "closes": [], "opens": [], "because": ""}
    return {
        "standing": proof.standing,
        "closes": list(proof.closes),
        "opens": list(proof.opens),
        "because": proof.because,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    resource = finding.verdict.resource
    return {
        "requirement": finding.requirement,
        "resource": resource.text if resource is not None else None,
        "aspect": finding.verdict.aspect,
        "fingerprint": finding.fingerprint,
    }
