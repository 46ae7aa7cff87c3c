"""Whether somebody signed a file, and over which time signed results say that requirements held."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

from auditor.evidence.statement import COLLECTED, SUMMARY, sha256
from auditor.model import AuditorError

ENDING = ".sig.json"
"""What the name of a signature has beside that of its file."""
RESULT_ENDING = ".result.sig.json"
"""What that of a signed result has."""


class Signer(Protocol):
    """Somebody whose signatures are believed."""

    def opened(self, path: Path) -> dict[str, Any]:
        """The statement in a signed file. Raises `AuditorError` where it is not theirs."""


@dataclass(frozen=True)
class Proven:
    """A file that a statement speaks of: its hash, and what was stated."""

    path: Path
    sha256: str
    kind: str
    predicate: Mapping[str, Any]


def proven(path: Path, content: bytes, signature: Path, signer: Signer, kind: str = COLLECTED) -> Proven:
    """Verify that a signer stated this kind of thing of these bytes. Raises `AuditorError` where not."""
    if not signature.exists():
        raise AuditorError(
            f"{path}: is not signed: there is no {signature.name} beside it", "sign it where it is made: auditor sign"
        )
    statement = signer.opened(signature)
    found = sha256(content)
    if statement["predicateType"] != kind:
        raise AuditorError(f"{signature}: states something else than is asked for: {statement['predicateType']}")
    if found not in {subject["digest"]["sha256"] for subject in statement["subject"]}:
        raise AuditorError(
            f"{path}: is not the file that was signed: its SHA-256 is {found}",
            "it was changed since; take the file that was signed, or collect again",
        )
    return Proven(path, found, kind, statement["predicate"])


@dataclass(frozen=True)
class Interval:
    """From when to when signed results say what came out; `gap` is the longest time, in hours, between two."""

    first: str
    last: str
    results: int
    passed: int
    gap: float

    @property
    def held(self) -> bool:
        """Whether every one of them passed."""
        return self.passed == self.results


def interval(results: Iterable[Proven]) -> Interval | None:
    """The interval that signed results span, by the time that their snapshots were collected; `None` of none.

    Raises `AuditorError` for one that does not say when.
    """
    rows: list[tuple[datetime, bool]] = []
    for each in results:
        assert each.kind == SUMMARY
        try:
            taken = datetime.fromisoformat(str(each.predicate["collectedAt"]))
        except (KeyError, ValueError) as problem:
            raise AuditorError(f"{each.path}: its result does not say when the snapshot was collected") from problem
        aware = taken if taken.tzinfo else taken.replace(tzinfo=UTC)
        rows.append((aware.astimezone(UTC), each.predicate.get("verificationResult") == "PASSED"))
    if not rows:
        return None
    rows.sort()
    hours = [(after[0] - before[0]).total_seconds() / 3600 for before, after in pairwise(rows)]
    first, last = (row[0].strftime("%Y-%m-%dT%H:%M:%SZ") for row in (rows[0], rows[-1]))
    return Interval(first, last, len(rows), sum(passed for _, passed in rows), max(hours, default=0.0))
