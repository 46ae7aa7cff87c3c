"""A whole deployment while it is only planned: what is decided then is decided alike once it is there."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auditor.audit.audit import audit
from auditor.baseline import read_baseline
from auditor.cli import run
from auditor.model import AuditResult, ExitCode, Finding, Outcome
from auditor.snapshot import Snapshot, write_snapshot
from auditor.snapshot.importing import Imported, gather
from auditor.snapshot.importing.files import inputs_of
from tests import worlds
from tests.builders.planning import expressions, plan_of

pytestmark = pytest.mark.slow

BASELINE = read_baseline()
PLANS = worlds.FIXTURES / "plans"
GROUP = f"{worlds.subscription()}/resourceGroups/rg-chat-prod"
LATER = "[reference(resourceId('Microsoft.Resources/deployments', 'm')).outputs.x.value]"


def imported(folder: Path, *contents: Any, complete: bool = True) -> Imported:
    for number, content in enumerate(contents):
        (folder / f"{number}.json").write_text(json.dumps(content), encoding="utf-8")
    paths = [str(folder / f"{number}.json") for number in range(len(contents))]
    return gather(inputs_of(paths), complete, as_of="2024-07-15T09:00:00Z")


def change(document: dict[str, Any], kind: str = "Create") -> dict[str, Any]:
    return {"resourceId": document["id"], "changeType": kind, "before": None, "after": document, "delta": None}


@pytest.fixture(scope="module", params=["compliant", "reference-implementation"])
def world(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def planned(world: str, tmp_path_factory: pytest.TempPathFactory) -> AuditResult:
    """The world while it is planned, as one what-if that makes all of it."""
    found = imported(tmp_path_factory.mktemp(world), plan_of(world))
    assert (found.snapshot.source, found.warnings) == ("what-if", ())
    return audit(found.snapshot, BASELINE)


@pytest.fixture(scope="module")
def deployed(world: str) -> AuditResult:
    return audit(worlds.snapshot(name=world), BASELINE)


def by_subject(result: AuditResult) -> dict[tuple[str, str, str], Finding]:
    return {
        (f.requirement, f.verdict.resource.key if f.verdict.resource else "", f.verdict.aspect): f
        for f in result.findings
    }


# --- one plan that makes everything -----------------------------------------------------------------------------------


def test_the_plan_leaves_what_a_template_leaves(world: str) -> None:
    plan = plan_of(world)
    found = set(expressions(plan))
    assert any("principalId" in text for text in found)
    text = json.dumps(plan)
    for written in (
        "privateLinkServiceConnectionState",
        "privateEndpointConnections",
        "provisioningState",
    ):
        assert f'"{written}"' not in text


def test_a_plan_never_fails_what_will_hold_and_never_passes_what_will_not(
    planned: AuditResult, deployed: AuditResult
) -> None:
    later = by_subject(deployed)
    wrong = [
        (f.requirement, f.outcome, f.verdict.message)
        for subject, f in by_subject(planned).items()
        for then in [later.get(subject)]
        if then is not None
        and {f.outcome, then.outcome} & {Outcome.FAIL}
        and f.outcome is not then.outcome
        and f.outcome is not Outcome.UNKNOWN
    ]
    assert not wrong
    assert not planned.summary[Outcome.ERROR]


def test_whatever_is_unknown_of_a_whole_plan_is_so_until_deployed(planned: AuditResult) -> None:
    unknowns = [f for f in planned.findings if f.outcome is Outcome.UNKNOWN]
    assert unknowns
    for finding in unknowns:
        assert finding.until_deployed, finding
        assert "until deployed" in finding.verdict.message
        assert finding.verdict.unknown is not None
        assert finding.verdict.unknown.because == finding.verdict.message
        assert finding.verdict.unknown.permission is None


def test_a_plan_decides_most_of_it(planned: AuditResult) -> None:
    decided = planned.summary[Outcome.PASS] + planned.summary[Outcome.FAIL]
    assert decided > 2 * planned.summary[Outcome.UNKNOWN]


def test_what_waits_is_what_only_azure_and_its_people_decide(planned: AuditResult) -> None:
    waiting = {f.requirement for f in planned.findings if f.until_deployed}
    assert {"PL-01", "PL-09", "MVN-02", "RBAC-01", "RBAC-11", "IDN-13", "KEY-06"} <= waiting
    settled = {f.requirement for f in planned.findings} - waiting
    # NSG-AGW-OUT waits: whether the gateway gets to the chat UI hangs on the address that Azure gives its endpoint.
    assert {"NSG-BAS-IN", "NSG-PE-IN", "PUB-03", "PUB-07", "SEG-02", "CF-01", "REL-03", "MON-03"} <= settled


# --- the gate of a pull request ---------------------------------------------------------------------------------------


def without(plan: dict[str, Any], end: str) -> dict[str, Any]:
    changes = [c for c in plan["changes"] if not c["resourceId"].endswith(end)]
    assert len(changes) < len(plan["changes"])
    return {**plan, "changes": changes}


def setting(plan: dict[str, Any], end: str, **properties: Any) -> dict[str, Any]:
    for each in plan["changes"]:
        if each["resourceId"].endswith(end):
            each["after"]["properties"] |= properties
    return plan


def test_a_private_endpoint_that_is_not_planned_fails(tmp_path: Path) -> None:
    plan = without(without(plan_of(), "pep-kv-aibase"), "pep-kv-aibase/privateDnsZoneGroups/default")
    result = audit(imported(tmp_path, plan).snapshot, BASELINE)
    (finding,) = [f for f in result.findings if f.requirement == "PL-05"]
    assert finding.outcome is Outcome.FAIL
    assert "no private endpoint in the workload's network leads to kv-aibase" in finding.verdict.message


def test_an_approval_that_is_not_given_is_unknown(tmp_path: Path) -> None:
    result = audit(imported(tmp_path, plan_of()).snapshot, BASELINE)
    (finding,) = [f for f in result.findings if f.requirement == "PL-05"]
    assert finding.verdict.message == (
        "the state of the connection of pep-kv-aibase is not in its document; this is unknown until deployed"
    )


@pytest.mark.parametrize(
    ("end", "properties", "requirement"),
    [
        ("/vaults/kv-aibase", {"publicNetworkAccess": "Enabled", "networkAcls": {"defaultAction": "Allow"}}, "PUB-05"),
        ("/searchServices/srch-aibase", {"replicaCount": 1}, "REL-03"),
        ("/subnets/none", {}, ""),
    ],
)
def test_what_a_change_breaks_fails_before_it_is_deployed(
    tmp_path: Path, end: str, properties: dict[str, Any], requirement: str
) -> None:
    result = audit(imported(tmp_path, setting(plan_of(), end, **properties)).snapshot, BASELINE)
    assert {f.requirement for f in result.findings if f.outcome is Outcome.FAIL} >= ({requirement} - {""})
    assert bool(result.summary[Outcome.FAIL]) is bool(requirement)


def test_a_plan_that_states_nothing_of_absences_decides_little_and_fails_nothing(tmp_path: Path) -> None:
    result = audit(imported(tmp_path, plan_of(), complete=False).snapshot, BASELINE)
    assert result.summary[Outcome.FAIL] == 0
    undecided = [f for f in result.findings if f.outcome is Outcome.UNKNOWN]
    unread = [f for f in undecided if "is not in this snapshot" in f.verdict.message and "list of" in f.verdict.message]
    assert any(not f.until_deployed for f in unread)
    # What hangs under a resource of the plan cannot be there before it.
    assert all(" of mlw-aibase " in f.verdict.message for f in unread if f.until_deployed)


@pytest.mark.parametrize(
    "diagnostics",
    [
        [
            {
                "code": "NestedDeploymentShortCircuited",
                "level": "Warning",
                "message": "A nested deployment got short-circuited and all its resources got skipped from validation.",
                "target": f"{GROUP}/providers/Microsoft.Resources/deployments/net",
            }
        ],
        [{"code": "NestedDeploymentSkippedFromInternalExpansion", "level": "Warning", "message": "m", "target": None}],
        ["net Warning NestedDeploymentShortCircuited: A nested deployment got short-circuited"],
    ],
)
def test_a_plan_that_gave_up_on_a_module_claims_no_absence(tmp_path: Path, diagnostics: list[Any]) -> None:
    plan = without(plan_of(), "pep-kv-aibase") | {"diagnostics": diagnostics}
    found = imported(tmp_path, plan)
    assert any("leaves out what the nested deployment" in warning for warning in found.warnings)
    result = audit(found.snapshot, BASELINE)
    (finding,) = [f for f in result.findings if f.requirement == "PL-05"]
    assert finding.outcome is Outcome.UNKNOWN
    assert finding.until_deployed
    assert "the plan does not state what is nested in" in finding.verdict.message


def test_other_diagnostics_leave_the_plan_as_it_is(tmp_path: Path) -> None:
    said = [{"code": "ResourceNotSupported", "level": "Info", "message": "m", "target": None}, 7]
    assert imported(tmp_path, plan_of() | {"diagnostics": said}).warnings == ()


# --- a plan over what is there ----------------------------------------------------------------------------------------


def storage(name: str, **properties: Any) -> dict[str, Any]:
    id_ = f"{worlds.subscription()}/resourceGroups/rg-chat-prod/providers/Microsoft.Storage/storageAccounts/{name}"
    return {
        "id": id_,
        "name": name,
        "type": "Microsoft.Storage/storageAccounts",
        "apiVersion": "2023-05-01",
        "location": "eastus2",
        "kind": "StorageV2",
        "sku": {"name": "Standard_ZRS"},
        "properties": properties,
    }


def over_what_is_there(folder: Path, *changes: dict[str, Any]) -> AuditResult:
    running = folder / "running.json"
    write_snapshot(worlds.snapshot(name="compliant"), running)
    (folder / "what-if.json").write_text(json.dumps({"changes": list(changes)}), encoding="utf-8")
    found = gather(inputs_of([str(running), str(folder / "what-if.json")]))
    assert found.snapshot.source == "what-if"
    return audit(found.snapshot, BASELINE)


def test_a_plan_of_nothing_leaves_every_verdict_but_what_nobody_can_foretell(tmp_path: Path) -> None:
    before = by_subject(audit(worlds.snapshot(name="compliant"), BASELINE))
    after = by_subject(over_what_is_there(tmp_path))
    assert {s: f.outcome for s, f in after.items()} == {s: f.outcome for s, f in before.items()}


@pytest.mark.parametrize("kind", ["NoChange", "Ignore", "NoEffect"])
def test_what_a_plan_leaves_alone_is_as_it_is(tmp_path: Path, kind: str) -> None:
    everything = [{**each, "changeType": kind, "before": each["after"]} for each in plan_of()["changes"]]
    before = by_subject(audit(worlds.snapshot(name="compliant"), BASELINE))
    after = by_subject(over_what_is_there(tmp_path, *everything))
    assert {s: f.outcome for s, f in after.items()} == {s: f.outcome for s, f in before.items()}


def test_what_a_plan_changes_waits_for_its_deployment(tmp_path: Path) -> None:
    (endpoint,) = [c for c in plan_of()["changes"] if c["resourceId"].endswith("privateEndpoints/pep-kv-aibase")]
    result = over_what_is_there(tmp_path, {**endpoint, "changeType": "Modify"})
    waiting = {f.requirement for f in result.findings if f.until_deployed}
    assert {"PL-05", "PL-09"} <= waiting
    assert all(f.until_deployed for f in result.findings if f.outcome is Outcome.UNKNOWN)
    assert result.summary[Outcome.FAIL] == 0


def test_a_planned_snapshot_stays_one_whatever_it_is_imported_with(tmp_path: Path) -> None:
    first = imported(tmp_path, plan_of()).snapshot
    write_snapshot(first, tmp_path / "planned.json")
    again = gather(inputs_of([str(tmp_path / "planned.json")])).snapshot
    assert (again.source, again.sha256) == ("what-if", first.sha256)
    (tmp_path / "more.json").write_text(json.dumps(storage("stmore")), encoding="utf-8")
    mixed = gather(inputs_of([str(tmp_path / "planned.json"), str(tmp_path / "more.json")])).snapshot
    assert mixed.planned


def test_a_plan_over_what_is_there_is_judged_with_it(tmp_path: Path) -> None:
    open_to_all = storage("stnew", publicNetworkAccess="Enabled", networkAcls={"defaultAction": "Allow"})
    result = over_what_is_there(tmp_path, change(open_to_all))
    failing = {(f.requirement, f.verdict.resource.name if f.verdict.resource else "") for f in result.findings
               if f.outcome is Outcome.FAIL}  # fmt: skip
    assert ("PUB-07", "stnew") in failing
    assert {name for _, name in failing} <= {"stnew", "blob", "file", "queue", "table", "default", ""}
    assert ("PUB-07", "staibase") not in failing


# --- expressions wherever they may be left ----------------------------------------------------------------------------


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for key, each in value.items():
            if path or key not in ("id", "name", "type", "kind", "apiVersion", "tags"):
                yield from leaves(each, (*path, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from leaves(each, (*path, index))
    else:
        yield path


@pytest.mark.parametrize("seed", range(4))
def test_an_expression_anywhere_never_makes_a_fail_or_a_crash(tmp_path: Path, seed: int) -> None:
    snapshot = imported(tmp_path, plan_of()).snapshot
    for document, path in random.Random(seed).sample(_places(snapshot), 6):
        changed = json.loads(json.dumps(snapshot.documents[document]))
        holder = changed
        for step in path[:-1]:
            holder = holder[step]
        holder[path[-1]] = LATER
        documents = (*snapshot.documents[:document], changed, *snapshot.documents[document + 1 :])
        result = audit(replace(snapshot, documents=documents), BASELINE)
        where = f"{changed['id']} {path}"
        assert not [f for f in result.findings if f.outcome in (Outcome.FAIL, Outcome.ERROR)], where
        assert all(f.until_deployed for f in result.findings if f.outcome is Outcome.UNKNOWN), where


def _places(snapshot: Snapshot) -> list[tuple[int, tuple[Any, ...]]]:
    return [(n, path) for n, document in enumerate(snapshot.documents) for path in leaves(document)]


# --- the forms that tools print ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["what-if.json", "main.snapshot.json"])
def test_what_tools_print_is_judged(name: str) -> None:
    found = gather(inputs_of([str(PLANS / name)]), complete=True)
    assert found.snapshot.planned
    assert found.warnings
    assert all("the deployment determines" in warning for warning in found.warnings)
    result = audit(found.snapshot, BASELINE)
    outcomes: dict[str, set[str]] = {}
    for finding in result.findings:
        outcomes.setdefault(finding.requirement, set()).add(finding.outcome.value)
        assert finding.outcome is not Outcome.ERROR, finding
        assert finding.outcome is not Outcome.UNKNOWN or finding.until_deployed, finding
    assert outcomes["PUB-07"] == {"pass"}  # planned to be closed, though it is open now
    assert outcomes["PL-08"] == {"unknown"}  # nobody approved it yet
    assert "unknown" in outcomes["IDN-14"]  # who may call it is assigned elsewhere
    assert outcomes["SEG-03"] == {"fail"}


def test_a_role_assignment_whose_id_is_to_come_opens_the_list_of_them() -> None:
    found = gather(inputs_of([str(PLANS / "what-if.json")]), complete=True)
    (read,) = [r for r in found.snapshot.reads if not r.answered]
    assert (read.covers, read.scope, read.error) == ("microsoft.authorization/roleassignments", "/", "NotPredicted")


def test_a_setting_that_is_an_expression_is_unknown() -> None:
    result = audit(gather(inputs_of([str(PLANS / "main.snapshot.json")]), complete=True).snapshot, BASELINE)
    (finding,) = [f for f in result.findings if f.requirement == "PUB-05"]
    assert finding.until_deployed
    assert "publicNetworkAccess of kv-chat is the expression [if(equals(reference(" in finding.verdict.message


# --- the commands -----------------------------------------------------------------------------------------------------


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("what-if.json").write_text(json.dumps(plan_of()), encoding="utf-8")
    return tmp_path


def test_strict_bears_with_what_waits_where_it_is_told_to(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["import", "what-if.json", "--complete", "-o", "planned.json"]) == ExitCode.HOLDS
    check = ["check", "planned.json", "-q", "-o", "r.json"]
    assert run(check) == ExitCode.HOLDS
    assert run([*check, "--strict"]) == ExitCode.INCOMPLETE
    assert run([*check, "--strict", "--until-deployed"]) == ExitCode.HOLDS
    Path("auditor.yaml").write_text("strict: until-deployed\n", encoding="utf-8")
    assert run([*check, "--settings", "auditor.yaml"]) == ExitCode.HOLDS
    assert (
        run([*check, "--settings", "auditor.yaml", "--strict"]) == ExitCode.INCOMPLETE
    )  # what is said now is stricter
    report = json.loads(Path("r.json").read_text(encoding="utf-8"))
    assert report["snapshot"]["source"] == "what-if"
    assert all(r["unknown"]["until_deployed"] for r in report["results"] if r["outcome"] == "unknown")
    capsys.readouterr()


def test_strict_bears_with_nothing_else(here: Path) -> None:
    found = gather(inputs_of(["what-if.json"]), complete=True).snapshot
    refused = worlds.refused("Microsoft.Search/searchServices", worlds.subscription())
    write_snapshot(replace(found, reads=(*found.reads, refused)), Path("planned.json"))
    code = run(["check", "planned.json", "-q", "-o", "r.json", "--strict", "--until-deployed"])
    assert code == ExitCode.INCOMPLETE


def test_strict_does_not_bear_with_what_a_plan_says_nothing_of(here: Path) -> None:
    one = [change for change in plan_of()["changes"] if "/storageaccounts/" in change["resourceId"].casefold()]
    Path("what-if.json").write_text(json.dumps({"status": "Succeeded", "changes": one}), encoding="utf-8")
    assert run(["import", "what-if.json", "-o", "planned.json"]) == ExitCode.HOLDS
    code = run(["check", "planned.json", "-q", "-o", "r.json", "--strict", "--until-deployed"])
    assert code == ExitCode.INCOMPLETE


def test_what_breaks_fails_the_gate(here: Path) -> None:
    plan = setting(
        plan_of(), "/vaults/kv-aibase", publicNetworkAccess="Enabled", networkAcls={"defaultAction": "Allow"}
    )
    Path("what-if.json").write_text(json.dumps(plan), encoding="utf-8")
    assert run(["import", "what-if.json", "--complete", "-o", "planned.json"]) == ExitCode.HOLDS
    code = run(["check", "planned.json", "-q", "-o", "r.json", "--strict", "--until-deployed"])
    assert code == ExitCode.FAILS
