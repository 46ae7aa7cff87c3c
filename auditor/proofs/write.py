"""A file of certificates for the verdicts of an audit (docs/proofs.md says what stands in it)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from auditor.baseline import Baseline
from auditor.estate import Estate
from auditor.model import ArmId, AuditResult, Finding, NotKnown, Outcome
from auditor.proofs import cut, settings
from auditor.proofs.grants import Grants
from auditor.proofs.partition import Partitions, group_rules
from auditor.proofs.pieces import NotCertifiedError
from auditor.rules.network.security_groups import GroupRow
from auditor.snapshot import Snapshot
from auditor.workload.parts import Workload

FORMAT = "auditor-proofs/1"
FAMILIES = ("NSG", "SEG", "NET", "PL", "PUB", "RBAC", "IDN", "MVN", "EGR", "CF")
"""The families whose verdicts are certified."""

_DEFINITE = (Outcome.PASS, Outcome.FAIL, Outcome.WAIVED)


@dataclass(frozen=True)
class Judged:
    """A workload as it was judged: `prefix` is what its findings' ids begin with (`foundry-chat/`), mostly nothing."""

    workload: Workload
    baseline: Baseline
    prefix: str = ""


def proofs_of(result: AuditResult, snapshot: Snapshot, judged: Iterable[Judged]) -> dict[str, Any]:
    """The certificates of all verdicts of the families, and why those are missing that have none."""
    documents = {ArmId(str(each.get("id", ""))): each for each in snapshot.documents}
    certifiers = [_Certifier(each, documents) for each in judged]
    made: list[dict[str, Any]] = []
    without: list[dict[str, Any]] = []
    for finding in result.findings:
        family = finding.requirement.rpartition("/")[2].partition("-")[0]
        mine = [each for each in certifiers if each.judges(finding)]
        if family not in FAMILIES or not mine or finding.outcome not in (*_DEFINITE, Outcome.UNKNOWN):
            continue
        about = _about(finding, mine[0].estate)
        try:
            made.append({**about, **mine[0].certificate(finding)})
        except NotCertifiedError as refused:
            without.append({**about, "because": str(refused)})
        except NotKnown as gap:
            without.append({**about, "because": gap.unknown.because})
    partitions = {key: value for each in certifiers for key, value in each.partitions.made.items()}
    return {
        "format": FORMAT,
        "snapshot": {"sha256": result.snapshot.sha256, "documents": result.snapshot.documents},
        "baseline": {"name": result.baseline.name, "version": result.baseline.version},
        "partitions": partitions,
        "certificates": made,
        "without": without,
    }


def _about(finding: Finding, estate: Estate) -> Mapping[str, Any]:
    verdict = finding.verdict
    resource = estate.find(verdict.resource)
    inline = resource is not None and resource.document != resource.id
    stands = {"resource": resource.document.text, "pointer": resource.pointer} if resource and inline else None
    return {
        "requirement": finding.requirement,
        "rule": finding.rule,
        "resource": verdict.resource.text if verdict.resource is not None else None,
        "aspect": verdict.aspect,
        "outcome": verdict.outcome.value,
        "fingerprint": finding.fingerprint,
        **({"stands_at": stands} if stands is not None else {}),
    }


class _Certifier:
    """Makes the certificates of one workload."""

    def __init__(self, judged: Judged, documents: Mapping[ArmId, Mapping[str, Any]]) -> None:
        self.judged, self.documents = judged, documents
        self.estate = judged.workload.estate
        self.partitions, self.grants = Partitions(judged.workload), Grants(judged.workload)

    def judges(self, finding: Finding) -> bool:
        """Whether a finding is about this workload, by this baseline."""
        id_ = finding.requirement
        mine = id_.startswith(self.judged.prefix) and id_.removeprefix(self.judged.prefix) in self.judged.baseline.terms
        return mine and finding.workload == self.judged.workload.name

    def certificate(self, finding: Finding) -> dict[str, Any]:
        verdict = finding.verdict
        if verdict.outcome is Outcome.UNKNOWN:
            return settings.missing(verdict)
        terms = self.judged.baseline.terms[finding.requirement.removeprefix(self.judged.prefix)]
        if finding.rule in group_rules() and isinstance(terms, GroupRow) and not _unguarded(finding):
            return self.partitions.certificate(finding, terms)
        target = self.estate.find(verdict.resource)
        passes = verdict.outcome is Outcome.PASS
        if finding.rule == cut.RULE and passes and target is not None and cut.covers(target):
            with suppress(NotCertifiedError):  # what it rests on can be said all the same
                return cut.certificate(target, self.judged.workload)
        about_rights = self.grants.certificate(finding, terms)
        return about_rights or settings.certificate(verdict, finding.rule, self.documents)


def _unguarded(finding: Finding) -> bool:
    """Whether the verdict is that a subnet has no group at all."""
    return any(e.place.pointer.endswith("/networkSecurityGroup") for e in finding.verdict.evidence)
