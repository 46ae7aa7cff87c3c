"""Answers of three kinds: yes, no, and not known for a stated reason."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.model import NotKnown, Unknown

Answer = bool | Unknown
"""`True` and `False` hold whatever the unknown parts turn out to be; `Unknown` says which part decides."""


def definite(answer: Answer) -> bool:
    """The answer for whoever needs one; raises `NotKnown` where it is not known."""
    if isinstance(answer, Unknown):
        raise NotKnown(answer)
    return answer


def because_of(unknowns: Iterable[Unknown]) -> Unknown:
    """One unknown out of several: every reason once, the first permission that would help."""
    found = list(dict.fromkeys(unknowns))
    parts = tuple(dict.fromkeys(part for unknown in found for part in unknown.parts or (unknown,)))
    reasons = "; ".join(dict.fromkeys(unknown.because for unknown in found))
    permission = next((unknown.permission for unknown in found if unknown.permission), None)
    read = next((unknown.read for unknown in found if unknown.read), None)
    absent = bool(found) and all(unknown.absent for unknown in found)
    return Unknown(reasons or "the answer depends on what is not known", permission, read, absent=absent, parts=parts)
