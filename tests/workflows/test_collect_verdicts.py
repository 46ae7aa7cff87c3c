"""The two ways into a snapshot, a collection and an import, come to the same verdicts."""

import pytest

from auditor.baseline import read_baseline
from auditor.commands.demo import collected_from_standin, deployment
from auditor.model import AuditResult
from auditor.workflows.audit import audit
from tests import worlds


def told(result: AuditResult) -> dict[tuple[str, str, str], tuple[str, str]]:
    """Every verdict with its words."""
    return {
        (finding.requirement, str(finding.verdict.resource), finding.verdict.aspect): (
            finding.outcome.value,
            finding.verdict.message,
        )
        for finding in result.findings
    }


@pytest.mark.parametrize("world", ["reference-implementation", "compliant"])
def test_a_collection_and_an_import_are_judged_alike(world: str) -> None:
    baseline = read_baseline("openai-chat")
    collected = audit(collected_from_standin(deployment(world), quiet=True), baseline)
    imported = audit(worlds.snapshot(name=world), baseline)
    assert told(collected) == told(imported)
    assert collected.not_implemented == imported.not_implemented
    assert [workload.parts for workload in collected.workloads] == [workload.parts for workload in imported.workloads]
