"""What reports say of chains, and of the fixes that break them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from auditor.causes.cause import Cause
from auditor.model import ArmId, AuditResult, Evidence
from auditor.model.chain import Chain, ChainStep
from auditor.report.cause_text import title
from auditor.report.digest import Digest
from auditor.text.sanitise import clip, counted, joined, line

_MAX_VALUE = 500


def heading(result: AuditResult) -> str:
    """`7 chains to data and control, and 2 more`."""
    more = result.cut.more if result.cut is not None else 0
    also = f", and {more:,} more" if more else ""
    return f"{counted(len(result.chains), 'chain')} to data and control{also}"


def chain_title(chain: Chain, limit: int = 300) -> str:
    """The chain in one line."""
    return line(chain.title, limit)


def cut_causes(digest: Digest) -> tuple[Cause, ...]:
    """The causes whose fixes break every chain that a fix breaks, what to do first at the front."""
    cut = digest.result.cut
    return tuple(cause for cause in digest.causes if cut is not None and cause.id in cut.causes)


def cut_sentence(digest: Digest) -> str:
    """How many fixes break how many chains, and how that is known."""
    cut = digest.result.cut
    if cut is None:
        return ""
    if not cut.causes:
        return "No proposed change breaks one of them: see what their findings say."
    size = counted(len(cut.causes), "fix breaks", "fixes break")
    all_ = "all of them" if not cut.left else f"all but {len(cut.left)}, for which no change is proposed"
    if not cut.proven:
        return f"{size} {all_} step by step; together not proven: {line(cut.because, 200)}."
    return f"{size} {all_}, proven on the changed estate; no smaller set of the proposed fixes does."


def cut_in_words(digest: Digest) -> str:
    """The fixes of the cut: by their number where they stand among the first, else by their title."""
    first = [cause.id for cause in digest.first]
    numbers = [str(first.index(c.id) + 1) for c in cut_causes(digest) if c.id in first]
    others = [title(cause, 120) for cause in cut_causes(digest) if cause.id not in first]
    numbered = [f"{joined(numbers)} below"] if numbers else []
    return "; ".join([*numbered, *others])


def token(id_: ArmId) -> str:
    """A name for a resource by which the page finds it in its picture."""
    return f"n{hashlib.sha256(id_.key.encode('utf-8', 'surrogatepass')).hexdigest()[:10]}"


INTERNET = "internet"
"""The name of the Internet in the picture."""


def lights(chain: Chain) -> str:
    """The names of everything in the picture that a chain leads over."""
    start = [INTERNET] if chain.start == "Internet" else []
    passed = [token(id_) for step in chain.steps for id_ in step.through]
    return " ".join(dict.fromkeys((*start, *passed)))


def chain_entries(result: AuditResult) -> list[dict[str, Any]]:
    """The chains for programs."""
    return [
        {
            "id": chain.id,
            "title": chain.title,
            "start": chain.start,
            "gives": chain.gives,
            "severity": chain.severity,
            "exposure": chain.exposure.value or None,
            "assumes": list(chain.assumes),
            "steps": [_step(step) for step in chain.steps],
            "findings": list(chain.findings),
            "broken_by": sorted(chain.cuts),
        }
        for chain in result.chains
    ]


def cut_entry(result: AuditResult) -> dict[str, Any] | None:
    """The cut for programs; `None` where there is no chain."""
    cut = result.cut
    if cut is None:
        return None
    return {
        "causes": list(cut.causes),
        "left": list(cut.left),
        "proven": cut.proven,
        "because": cut.because,
        "more_chains": cut.more,
    }


def _step(step: ChainStep) -> dict[str, Any]:
    return {
        "kind": step.kind,
        "from": step.source,
        "to": step.name,
        "resource": step.target.text if step.target is not None else None,
        "says": step.says,
        "assumes": step.assumes or None,
        "through": [id_.text for id_ in step.through],
        "evidence": _evidence(step.evidence),
        "broken_by": list(step.cuts),
    }


def _evidence(evidence: Sequence[Evidence]) -> list[dict[str, Any]]:
    return [
        {
            "resource": each.place.document.text,
            "pointer": each.place.pointer,
            "value": each.value if len(str(each.value)) <= _MAX_VALUE else clip(str(each.value), _MAX_VALUE),
        }
        for each in evidence
    ]
