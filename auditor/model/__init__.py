"""Values that every room speaks in: ids, resources, unknowns, outcomes, findings."""

from auditor.model.arm_id import ArmId
from auditor.model.errors import AuditorError, ExitCode
from auditor.model.finding import Evidence, Finding, Outcome, Place, Verdict
from auditor.model.read import Read
from auditor.model.resource import JSON, Resource
from auditor.model.unknown import NotKnown, Unknown

__all__ = [
    "JSON",
    "ArmId",
    "AuditorError",
    "Evidence",
    "ExitCode",
    "Finding",
    "NotKnown",
    "Outcome",
    "Place",
    "Read",
    "Resource",
    "Unknown",
    "Verdict",
]
