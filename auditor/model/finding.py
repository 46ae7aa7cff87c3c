"""What a rule says of one subject."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from auditor.model.arm_id import ArmId
from auditor.model.change import Change
from auditor.model.unknown import Unknown
from auditor.model.waiver import Waiver


class Outcome(StrEnum):
    """The seven ways a requirement can come out on one resource."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"
    WAIVED = "waived"
    ERROR = "error"
    MANUAL = "manual"


@dataclass(frozen=True)
class Place:
    """A value in a document of the snapshot: the document's id and a JSON pointer (RFC 6901) into it."""

    document: ArmId
    pointer: str


@dataclass(frozen=True)
class Evidence:
    """A value that decided, and where it stands."""

    place: Place
    value: Any


@dataclass(frozen=True)
class Verdict:
    """What a rule answers for one subject; who asked, and under which requirement, is added by the workflow.

    `message` is one sentence that names the offending value. `aspect` tells several verdicts on one resource apart
    (a port, a filter, a role); it is part of the fingerprint, so it must not contain what may change between runs.
    """

    outcome: Outcome
    message: str
    resource: ArmId | None = None
    part: str = ""
    aspect: str = ""
    evidence: tuple[Evidence, ...] = ()
    witness: dict[str, Any] | None = None
    unknown: Unknown | None = None
    remediation: str = ""
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Finding:
    """One requirement on one resource: a verdict with the requirement it answers.

    `waiver` is set where a fail is accepted: the outcome is then `waived`, and the verdict still says what is wrong.
    `severity` is the requirement's, unless a proof raised it: `severity_reason` then says which.
    """

    requirement: str
    rule: str
    level: str
    severity: str
    verdict: Verdict
    workload: str = ""
    fingerprint: str = field(default="")
    waiver: Waiver | None = None
    severity_reason: str = ""

    @property
    def outcome(self) -> Outcome:
        """The verdict's outcome, unless it is accepted by a waiver."""
        return Outcome.WAIVED if self.waiver is not None else self.verdict.outcome

    @property
    def until_deployed(self) -> bool:
        """Whether it is unknown for no other reason than that a plan is not deployed yet."""
        why = self.verdict.unknown
        return self.outcome is Outcome.UNKNOWN and why is not None and why.until_deployed
