"""Values that every room speaks in: ids, resources, unknowns, outcomes, findings."""

from auditor.model.arm_id import ArmId
from auditor.model.errors import AuditorError, ExitCode
from auditor.model.finding import Evidence, Finding, Outcome, Place, Verdict
from auditor.model.read import Read
from auditor.model.requirement import Level, Requirement, Severity
from auditor.model.resource import JSON, Resource
from auditor.model.result import AuditResult, BaselineInfo, Retirement, SnapshotInfo, WorkloadInfo
from auditor.model.unknown import NotKnown, Unknown
from auditor.model.waiver import Waiver, WaiverUse

__all__ = [
    "JSON",
    "ArmId",
    "AuditResult",
    "AuditorError",
    "BaselineInfo",
    "Evidence",
    "ExitCode",
    "Finding",
    "Level",
    "NotKnown",
    "Outcome",
    "Place",
    "Read",
    "Requirement",
    "Resource",
    "Retirement",
    "Severity",
    "SnapshotInfo",
    "Unknown",
    "Verdict",
    "Waiver",
    "WaiverUse",
    "WorkloadInfo",
]
