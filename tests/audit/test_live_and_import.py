"""The two ways in lead to one result: collected over TLS through the SDK, or imported from the same documents."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from auditor.audit.audit import audit
from auditor.baseline import read_baseline
from auditor.cli import run
from auditor.commands.demo import collected_from_standin, deployment
from auditor.estate import build_estate
from auditor.model import AuditResult, Read
from auditor.snapshot import Snapshot, read_snapshot, write_snapshot
from auditor.snapshot.seal import sealed
from tests.worlds import WORLDS, snapshot

pytestmark = pytest.mark.slow

WORLD_NAMES = ("reference-implementation", "compliant")
AS_OF = "2024-07-15T09:00:00Z"

NOT_ASKED = {
    "microsoft.machinelearningservices/workspaces/environments": "no requirement rests on what flows run in",
    "microsoft.machinelearningservices/workspaces/models": "no requirement rests on registered models",
    "microsoft.insights/datacollectionruleassociations": "an extension of a machine that no requirement rests on",
    "microsoft.compute/virtualmachines/extensions": "no requirement rests on what runs inside the jump box",
    "microsoft.network/privatednszones/soa": "A records and links prove a name; the zone's own record does not",
    "microsoft.storage/storageaccounts/blobservices/containers": "data plane of the accounts",
    "microsoft.storage/storageaccounts/fileservices/shares": "data plane of the accounts",
    "microsoft.devopsinfrastructure/pools": "the delegation of its subnet says that it is there",
    "microsoft.web/sites/networkconfig": "the site's own document names its subnet",
}
"""Types whose documents a collection does not ask for, and why: nothing below them is compared."""


@pytest.fixture(scope="module")
def ways(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Snapshot, Snapshot]]:
    """By world: what was collected and what was imported."""
    found = {}
    for name in WORLD_NAMES:
        target = tmp_path_factory.mktemp("imported") / f"{name}.json"
        assert run(["import", str(WORLDS / f"{name}.json"), "-o", str(target), "--as-of", AS_OF]) == 0
        found[name] = (collected_from_standin(deployment(name), quiet=True), read_snapshot(target))
    return found


@pytest.mark.parametrize("name", WORLD_NAMES)
def test_document_by_document(ways: dict[str, tuple[Snapshot, Snapshot]], name: str) -> None:
    live, imported = (build_estate(s) for s in ways[name])
    theirs = {r.id: r for r in imported.resources}
    read = [r for r in live.resources if not any(r.type.startswith(kind) for kind in NOT_ASKED)]
    different = [r.id.text for r in read if r.body != theirs[r.id].body]
    assert not different
    missing = [r for r in imported.resources if live.find(r.id) is None]
    unexplained = [r.id.text for r in missing if not any(r.type.startswith(kind) for kind in NOT_ASKED)]
    assert not unexplained


def verdicts(result: AuditResult) -> list[tuple[str, str, str, str]]:
    return [
        (f.requirement, f.verdict.resource.key if f.verdict.resource else "", f.outcome.value, f.verdict.message)
        for f in result.findings
    ]


ONLY_LIVE = {"reference-implementation": ["RBAC-11"] * 3, "compliant": []}
"""By world: what only Azure can tell of it. The file of a world states no directory, so an import knows no members."""


@pytest.fixture(scope="module")
def audits(ways: dict[str, tuple[Snapshot, Snapshot]]) -> dict[str, tuple[AuditResult, AuditResult]]:
    """By world: the audit of what was collected and of what was imported."""
    return {name: (audited(live), audited(imported)) for name, (live, imported) in ways.items()}


def audited(snapshot: Snapshot) -> AuditResult:
    return audit(replace(snapshot, collected_at=AS_OF), read_baseline("openai-chat"))


@pytest.mark.parametrize("name", WORLD_NAMES)
def test_verdict_by_verdict(audits: dict[str, tuple[AuditResult, AuditResult]], name: str) -> None:
    live, imported = (verdicts(result) for result in audits[name])
    told = [verdict for verdict in live if verdict not in imported]
    open_ = [verdict for verdict in imported if verdict not in live]
    assert [(v[0], v[2]) for v in told] == [(requirement, "pass") for requirement in ONLY_LIVE[name]]
    assert [(v[0], v[2]) for v in open_] == [(requirement, "unknown") for requirement in ONLY_LIVE[name]]
    assert [v[:2] for v in told] == [v[:2] for v in open_]
    assert imported == verdicts(audited(snapshot(name=name)))


@pytest.mark.parametrize("name", WORLD_NAMES)
def test_the_import_of_what_was_collected_says_the_same(
    ways: dict[str, tuple[Snapshot, Snapshot]],
    audits: dict[str, tuple[AuditResult, AuditResult]],
    name: str,
    tmp_path: Path,
) -> None:
    """The reads that tell who is in a group come along."""
    write_snapshot(ways[name][0], tmp_path / "collected.json")
    assert run(["import", str(tmp_path / "collected.json"), "-o", str(tmp_path / "imported.json")]) == 0
    again = read_snapshot(tmp_path / "imported.json")
    assert [read.shows for read in again.reads] == [read.shows for read in sorted_reads(ways[name][0])]
    assert verdicts(audited(again)) == verdicts(audits[name][0])


def sorted_reads(snapshot: Snapshot) -> tuple[Read, ...]:
    return sealed(snapshot).reads


def test_the_reasons_for_not_asking_are_needed() -> None:
    types = {str(d.get("type", "")).casefold() for name in WORLD_NAMES for d in snapshot(name=name).documents}
    assert {kind for kind in NOT_ASKED if not any(t.startswith(kind) for t in types)} == set()


def test_the_imported_file_stays_where_it_was_asked_for(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "s.json"
    assert run(["import", str(WORLDS / "compliant.json"), "-o", str(target)]) == 2
    assert not target.exists()
