"""Who is in a group that holds a role, asked of a live Resource Manager: decided by its answers, else unknown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.audit.audit import audit
from auditor.baseline import read_baseline
from auditor.cli import run
from auditor.collect import Progress, collect
from auditor.model import Finding, Outcome
from auditor.snapshot import Snapshot, read_snapshot
from tests import worlds
from tests.collecting import failed, serving, taken, target_at, world
from tests.faulty import Fault, Kind

RIGHT = "Microsoft.Authorization/roleAssignments/read"
OWNERS = "8a24795b-6eef-5f8c-9032-a709cae05c4d"
"""The group that holds Owner at the subscription of the reference deployment."""
NESTED = "99999999-0000-4000-8000-000000000009"
WORKSPACE = "86c8fa8d-47f2-5b61-9fa1-61dfb0104ea3"
KINDS = (
    "microsoft.resources/",
    "microsoft.authorization/",
    "microsoft.managedidentity/",
    "microsoft.machinelearningservices/",
    *("microsoft.storage/storageaccounts", "microsoft.keyvault/vaults", "microsoft.containerregistry/registries"),
    *("microsoft.web/sites", "microsoft.insights/components"),
)
"""Types enough for the requirements on roles, and quick to read."""

NOBODY_ASKED = Fault(r"assignedTo\(", Kind.FORBIDDEN, detail=RIGHT)


def small(*directory: dict[str, Any]) -> Snapshot:
    """The part of the reference deployment that roles are about, and a directory, which nothing lists."""
    chosen = [d for d in worlds.documents() if str(d["type"]).casefold().startswith(KINDS)]
    return world([*chosen, *directory])


def group(id_: str, *members: dict[str, str]) -> dict[str, Any]:
    return {
        "id": f"/providers/Microsoft.Graph/groups/{id_}",
        "type": "Microsoft.Graph/groups",
        "members": list(members),
    }


def excess(snapshot: Snapshot) -> dict[str, Finding]:
    """What is said of each identity that a role of the table is for."""
    found = audit(snapshot, read_baseline("openai-chat")).findings
    return {str(f.verdict.resource).rpartition("/")[2]: f for f in found if f.requirement == "RBAC-11"}


IDENTITIES = {"id-amlworkspace", "id-amlonlineendpoint", "id-amlinstancecompute"}


@pytest.fixture(scope="module")
def refused() -> tuple[Snapshot, Snapshot]:
    """A collection whose questions about identities were refused, and its continuation with the right."""
    with serving(small(), [NOBODY_ASKED]) as standin:
        first = taken(standin)
    with serving(small()) as standin:
        second = collect(target_at(standin), earlier=first)
        assert {r.filter for r in standin.requests if r.path.endswith("/roleAssignments")} == {
            f"assignedTo('{read.about}')" for read in first.reads if read.about
        }
    return first, second


def test_whoever_is_in_no_group_holds_its_rows_and_nothing_else(refused: tuple[Snapshot, Snapshot]) -> None:
    found = excess(refused[1])
    assert {name: f.outcome for name, f in found.items()} == dict.fromkeys(IDENTITIES, Outcome.PASS)


def test_a_refusal_is_unknown_and_names_the_right(refused: tuple[Snapshot, Snapshot]) -> None:
    lost = failed(refused[0])
    assert {(read.permission, read.status) for read in lost} == {(RIGHT, 403)}
    assert all(read.about for read in lost)
    found = excess(refused[0])
    assert {name: f.outcome for name, f in found.items()} == dict.fromkeys(IDENTITIES, Outcome.UNKNOWN)
    for finding in found.values():
        told = finding.verdict.unknown
        assert told is not None
        assert (told.permission, told.read in {read.path for read in lost}) == (RIGHT, True)
        assert "may have it as a member: Azure did not answer what" in told.because


def test_nothing_else_changes_with_it(refused: tuple[Snapshot, Snapshot]) -> None:
    first, second = (audit(each, read_baseline("openai-chat")).findings for each in refused)
    without, having = (
        {(f.requirement, f.verdict.resource, f.outcome) for f in findings} for findings in (first, second)
    )
    assert {requirement for requirement, *_ in without ^ having} == {"RBAC-11"}


@pytest.fixture(scope="module")
def inside() -> Snapshot:
    """The workspace's identity is in a group that is in the group of owners."""
    nested = {"id": NESTED, "@odata.type": "#microsoft.graph.group"}
    with serving(small(group(OWNERS, nested), group(NESTED, {"id": WORKSPACE})), page_size=2) as standin:
        return taken(standin)


def test_a_role_through_a_group_in_a_group_is_excess(inside: Snapshot) -> None:
    found = excess(inside)
    assert {name: f.outcome for name, f in found.items()} == {
        **dict.fromkeys(IDENTITIES, Outcome.PASS),
        "id-amlworkspace": Outcome.FAIL,
    }
    message = found["id-amlworkspace"].verdict.message
    assert f"holds Owner at subscription {inside.subscriptions[0]}, through group {OWNERS}" in message


def test_the_answer_stays_what_azure_sent(inside: Snapshot) -> None:
    """What is new is who an answer was about and which assignments it held; the directory is not in it."""
    assert not [d for d in inside.documents if "Graph" in str(d["id"])]
    (read,) = (read for read in inside.reads if read.about == WORKSPACE)
    assert read.count == len(read.shows) == 6
    assert set(read.shows) <= {str(d["id"]) for d in inside.documents}


def test_an_import_of_what_az_prints_tells_the_same(inside: Snapshot, tmp_path: Path) -> None:
    """The answers of az rest, wrapped as the page of the requirement shows, beside the documents."""
    by_id = {str(d["id"]): d for d in inside.documents}
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "all.json").write_text(json.dumps(list(inside.documents)), encoding="utf-8")
    for read in inside.reads:
        if read.about:
            said = {"assignedTo": read.about, "scope": read.scope, "value": [by_id[id_] for id_ in read.shows]}
            (folder / f"{read.about}.json").write_text(json.dumps(said), encoding="utf-8")
    assert run(["import", str(folder), "--complete", "-o", str(tmp_path / "s.json")]) == 0
    imported, live = excess(read_snapshot(tmp_path / "s.json")), excess(inside)
    assert {n: (f.outcome, f.verdict.message) for n, f in imported.items()} == {
        n: (f.outcome, f.verdict.message) for n, f in live.items()
    }


def test_a_run_that_ends_in_between_leaves_them_to_be_resumed() -> None:
    """Told to stop by whoever watches, when the first of them is answered and no other was asked yet."""

    def stop(progress: Progress) -> None:
        if progress.reading.endswith("/assignedTo"):
            raise KeyboardInterrupt

    with serving(small()) as standin:
        first = collect(target_at(standin, concurrency=1), stop)
        assert not first.complete
        assert {(read.error, bool(read.about)) for read in failed(first) if read.about} == {("Interrupted", True)}
        second = collect(target_at(standin), earlier=first)
    assert second.complete
    assert sorted(read.about for read in second.reads) == sorted(read.about for read in first.reads)
    assert {f.outcome for f in excess(second).values()} == {Outcome.PASS}


def test_nobody_is_asked_about_where_no_group_holds_a_role() -> None:
    people = [d for d in small().documents if (d.get("properties") or {}).get("principalType") != "Group"]
    with serving(world(people)) as standin:
        taken(standin)
        assert [r for r in standin.requests if r.filter] == []
