"""Audits made by hand for histories, and times to make them at."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from auditor.model import ArmId, AuditResult, Finding, Outcome, SnapshotInfo, Unknown, Verdict
from auditor.model.fingerprint import fingerprint
from tests.builders.reporting_examples import BASELINE, GROUP

START = datetime(2026, 11, 1, 6, 0, tzinfo=UTC)


def at(day: int) -> datetime:
    """A day of the example, counted from its first."""
    return START + timedelta(days=day)


def found(requirement: str, name: str, outcome: Outcome = Outcome.FAIL, **more: str) -> Finding:
    """A finding on a resource of that name; without a name, on no resource."""
    resource = ArmId(f"{GROUP}/providers/Microsoft.KeyVault/vaults/{name}") if name else None
    unknown = Unknown("nobody knows") if outcome is Outcome.UNKNOWN else None
    verdict = Verdict(outcome, f"{requirement} of {name} is {outcome.value}", resource, unknown=unknown)
    return Finding(
        requirement, "rule", more.get("level", "must"), more.get("severity", "high"), verdict,
        more.get("workload", "chat"), fingerprint(requirement, resource),
    )  # fmt: skip


def audited(day: int, *findings: Finding, **snapshot: object) -> AuditResult:
    """An audit of a snapshot taken that day."""
    info = SnapshotInfo(f"{at(day):%Y-%m-%dT%H:%M:%SZ}", f"{day:064x}", ("sub-1",), "azure", True, "", 1, ())
    return AuditResult(BASELINE, replace(info, **snapshot), {}, findings)  # type: ignore[arg-type]
