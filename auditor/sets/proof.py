"""A proof in steps: every link of a chain says for itself whether it holds, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from auditor.model import Evidence, Unknown


@dataclass(frozen=True)
class Step:
    """One link of a chain. `says` is a whole sentence; `holds` is an `Unknown` where a needed part was not read.

    `subject` names what the step is about (a zone), where a chain has several of a kind.
    """

    name: str
    holds: bool | Unknown
    says: str
    evidence: tuple[Evidence, ...] = ()
    subject: str = ""


def together(steps: Iterable[Step]) -> bool | Unknown:
    """Whether a chain holds: one broken link breaks it, whatever else is unknown."""
    unknown: Unknown | None = None
    for step in steps:
        if step.holds is False:
            return False
        if isinstance(step.holds, Unknown) and unknown is None:
            unknown = step.holds
    return True if unknown is None else unknown
