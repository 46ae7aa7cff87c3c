"""The pipeline examples, run: every script of theirs in bash, every command of theirs against the stand-in."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from auditor.cli import run
from auditor.commands.demo import deployment, variables
from auditor.model import ExitCode
from auditor.snapshot import write_snapshot
from tests import worlds
from tests.builders.templates import parameters, template
from tests.faulty import Fault, FaultyStandIn, Kind
from tests.house.test_pipelines import CRONJOB, DOCKERFILE, JOB, hook, instructions
from tests.runners import PIPELINES, ROOT, Azure, GitHub, Machine, Ran, load

pytestmark = pytest.mark.slow

SUBSCRIPTION = worlds.subscription().rpartition("/")[2]
VARIABLES = {
    "AZURE_CLIENT_ID": "a client",
    "AZURE_TENANT_ID": "a tenant",
    "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION,
    "AZURE_RESOURCE_GROUP": "rg-chat",
}
WAIVED = f"""waivers:
  - requirement: CMP-06
    resource: "*"
    owner: chat team
    reason: The grounding data comes from elsewhere.
    expires: {datetime.now(tz=UTC).date() + timedelta(days=300)}
"""
UNREADABLE = Fault(r"/providers/Microsoft\.Search/", Kind.FORBIDDEN, detail="Microsoft.Search/searchServices/read")


@pytest.fixture(scope="module")
def azure() -> Iterator[FaultyStandIn]:
    """The reference deployment, served."""
    with FaultyStandIn(deployment("reference-implementation")) as standin:
        yield standin


@pytest.fixture(scope="module")
def snapshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both worlds as snapshot fixtures, and a plan that closes the storage account."""
    folder = tmp_path_factory.mktemp("snapshots")
    write_snapshot(worlds.snapshot(), folder / "reference.snapshot.json")
    write_snapshot(worlds.snapshot(name="compliant"), folder / "compliant.snapshot.json")
    (folder / "plan.json").write_text(json.dumps(plan()))
    return folder


def plan() -> dict[str, Any]:
    """What-if of a template that closes the storage account `staibase`, in the form of az."""
    (before,) = [d for d in worlds.documents() if d["id"].lower().endswith("/storageaccounts/staibase")]
    closed = {"publicNetworkAccess": "Disabled", "networkAcls": {"defaultAction": "Deny", "bypass": "AzureServices"}}
    after = {**before, "properties": {**before["properties"], **closed}}
    change = {"resourceId": before["id"], "changeType": "Modify", "before": before, "after": after, "delta": []}
    return {"changes": [change], "status": "Succeeded"}


Make = Callable[..., Machine]


@pytest.fixture
def make(tmp_path: Path, snapshots: Path, azure: FaultyStandIn) -> Make:
    """How to make a machine with a checked-out repository whose fixture is one of the worlds."""

    def made(world: str = "reference", standin: FaultyStandIn = azure) -> Machine:
        machine = Machine(tmp_path / "machine", standin.url, standin.environment())
        files: Mapping[str, str | bytes] = {
            "auditor.yaml": "baseline: openai-chat\n",
            "waivers.yaml": WAIVED,
            "infra/main.bicep": "// a template\n",
            "fixtures/chat.snapshot.json": (snapshots / f"{world}.snapshot.json").read_text(),
        }
        for name, text in files.items():
            path = machine.repository / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(str(text))
        (machine.folder / "plan.json").write_text((snapshots / "plan.json").read_text())
        (machine.folder / "staging").mkdir()
        return machine

    return made


def workflow(name: str) -> dict[str, Any]:
    """The only job of a workflow."""
    (job,) = load(PIPELINES / "github" / name)["jobs"].values()
    return dict(job)


def ours(steps: list[Ran]) -> Ran:
    (found,) = [ran for ran in steps if ran.name == "auditor"]
    return found


def failing(path: Path) -> set[str]:
    """The requirements that fail in a JSON result."""
    return {r["requirement"] for r in json.loads(path.read_text())["results"] if r["outcome"] == "fail"}


def installs_what_is_locked(machine: Machine, source: Path) -> bool:
    """Whether pip was asked for what the locks name, and then for the auditor and nothing else."""
    locked, itself = (shlex.split(call) for call in machine.installed)
    locks = [source / "requirements" / f"{name}.txt" for name in ("runtime", "build")]
    assert all(lock.is_file() for lock in locks)
    assert locked[-5:] == ["--require-hashes", "-r", str(locks[0]), "-r", str(locks[1])]
    assert itself[-4:] == ["--no-index", "--no-deps", "--no-build-isolation", str(source)]
    return True


# --- GitHub Actions ---------------------------------------------------------------------------------------------------


def test_the_scheduled_scan_fails_and_still_hands_its_reports_on(make: Make) -> None:
    machine = make()
    steps = GitHub(machine, VARIABLES).job(workflow("scheduled-scan.yml"))
    audit = ours(steps)
    assert audit.code == ExitCode.FAILS, audit.said
    assert audit.outputs["outcome"] == "fails"
    assert int(audit.outputs["fail"]) > 50
    assert audit.said.count("::error ") == 10
    _, login, _, upload, keep = steps
    assert login.given["subscription-id"] == SUBSCRIPTION
    sarif = json.loads((machine.repository / upload.given["sarif_file"]).read_text())
    assert sarif["version"] == "2.1.0"
    places = {r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in sarif["runs"][0]["results"]}
    assert places == {"auditor.yaml"}, "the snapshot is not part of the repository, so findings stand at the anchor"
    for path in keep.given["path"].split():
        assert (machine.repository / path).stat().st_size > 1000
    assert "openai-chat: FAIL" in (machine.folder / "github_step_summary").read_text()
    assert installs_what_is_locked(machine, ROOT)


def test_the_check_of_a_fixture_names_its_lines(make: Make) -> None:
    steps = GitHub(make(), VARIABLES).job(workflow("fixture-check.yml"))
    audit = ours(steps)
    assert audit.code == ExitCode.FAILS
    assert re.search(r"::error file=fixtures/chat\.snapshot\.json,line=\d+,", audit.said)


def test_the_check_of_a_compliant_fixture_passes(make: Make) -> None:
    machine = make("compliant")
    (machine.repository / "waivers.yaml").write_text("waivers: []\n")
    audit = ours(GitHub(machine, VARIABLES).job(workflow("fixture-check.yml")))
    assert (audit.code, audit.outputs["outcome"], audit.outputs["fail"]) == (ExitCode.HOLDS, "holds", "0"), audit.said


def test_the_gate_judges_what_would_be(make: Make) -> None:
    machine = make()
    steps = GitHub(machine, VARIABLES).job(workflow("pull-request-gate.yml"))
    audit = ours(steps)
    assert audit.code == ExitCode.FAILS, audit.said
    now = machine.folder / "now.json"
    running = machine.temp / "auditor" / "running.json"
    run(["check", str(running), "--waivers", str(machine.repository / "waivers.yaml"), "-q", "-o", str(now)])
    planned = failing(machine.repository / audit.outputs["json"])
    assert failing(now) - planned == {"NET-02", "PUB-07"}, "the plan closes what stands open"
    assert planned
    summary = (machine.folder / "github_step_summary").read_text()
    assert "staibase no longer lets in" in summary.replace("`", "")
    assert "openai-chat: FAIL" in summary


def test_a_failing_what_if_stops_the_gate(make: Make) -> None:
    machine = make()
    (machine.folder / "plan.json").unlink()
    steps = GitHub(machine, VARIABLES).job(workflow("pull-request-gate.yml"))
    assert steps[-1].name == "Ask what would change"
    assert steps[-1].code


# --- the Action by itself ---------------------------------------------------------------------------------------------


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("given", "code", "outcome"),
    [
        ({"snapshot": "fixtures/chat.snapshot.json"}, 1, "fails"),
        ({"snapshot": "fixtures/chat.snapshot.json", "fail-on": "never"}, 0, "holds"),
        ({"snapshot": "fixtures/chat.snapshot.json", "fail-on": "never", "strict": "true"}, 3, "incomplete"),
        ({"snapshot": "fixtures/chat.snapshot.json", "baseline": "no-such"}, 2, "unusable"),
        ({"snapshot": "no-such.json"}, 2, "unusable"),
        ({"plan": "no-such.json"}, 2, "unusable"),
        ({"snapshot": "fixtures/chat.snapshot.json", "strict": "yes"}, 2, "unusable"),
        ({"snapshot": "fixtures/chat.snapshot.json", "subscription": SUBSCRIPTION}, 2, "unusable"),
        ({}, 2, "unusable"),
    ],
)
def test_the_action_ends_as_the_auditor_does(make: Make, given: dict[str, str], code: int, outcome: str) -> None:
    ran = GitHub(make(), {}).action(given)
    assert (ran.code, ran.outputs["exit-code"], ran.outputs["outcome"]) == (code, str(code), outcome), ran.said
    reports = {name: ran.outputs[name] for name in ("sarif", "html", "json")}
    assert all(reports.values()) is (code != ExitCode.USAGE)
    assert "::error" in ran.said or "error: " in ran.said or code != ExitCode.USAGE


def test_the_action_writes_where_it_is_told(make: Make) -> None:
    machine = make()
    given = {"sarif": "out/a b.sarif", "html": "out/a.html", "json": "out/a.json", "settings": "auditor.yaml"}
    (machine.repository / "out").mkdir()
    ran = GitHub(machine, {}).action({**given, "snapshot": "fixtures/chat.snapshot.json", "waivers": "waivers.yaml"})
    assert ran.code == ExitCode.FAILS, ran.said
    for name in ("sarif", "html", "json"):
        assert ran.outputs[name] == given[name]
        assert (machine.repository / given[name]).exists()
    assert ran.outputs["snapshot"] == "fixtures/chat.snapshot.json"
    assert json.loads((machine.repository / "out/a.json").read_text())["summary"]["waived"] == 1


def test_a_report_of_an_earlier_run_is_not_handed_on(make: Make) -> None:
    machine = make()
    (machine.repository / "auditor.sarif").write_text("old")
    ran = GitHub(machine, {}).action({"snapshot": "no-such.json"})
    assert ran.outputs["sarif"] == ""
    assert not (machine.repository / "auditor.sarif").exists()


def test_a_plan_by_itself_is_mostly_unknown(make: Make) -> None:
    machine = make()
    (machine.repository / "plan.json").write_text(json.dumps(plan()))
    ran = GitHub(machine, {}).action({"plan": "plan.json"})
    assert int(ran.outputs["unknown"]) > 100, ran.said


def test_a_template_is_judged_without_a_sign_in(make: Make) -> None:
    machine = make()
    with_a_template(machine)
    given = {"plan": "infra/main.json", "parameters": "infra/main.parameters.json", "framework": "nist-800-53-r5"}
    given |= {"target-subscription": SUBSCRIPTION, "target-resource-group": "rg", "target-location": "westeurope"}
    ran = GitHub(machine, {}).action({**given, "baseline": "openai-chat", "complete": "true"})
    assert ran.code == ExitCode.FAILS, ran.said
    refused = GitHub(machine, {}).action({**given, "complete": "perhaps"})
    assert refused.code == ExitCode.USAGE
    assert "complete is true or false" in refused.said


def test_what_could_not_be_read_is_told(make: Make) -> None:
    with FaultyStandIn(deployment("reference-implementation"), faults=[UNREADABLE]) as standin:
        ran = GitHub(make(standin=standin), {}).action({"subscription": SUBSCRIPTION, "fail-on": "never"})
    assert (ran.code, ran.outputs["outcome"]) == (ExitCode.INCOMPLETE, "incomplete"), ran.said
    assert "Microsoft.Search/searchServices/read" in ran.said


def test_what_could_not_be_read_does_not_stop_a_plan(make: Make, snapshots: Path) -> None:
    with FaultyStandIn(deployment("reference-implementation"), faults=[UNREADABLE]) as standin:
        given = {"subscription": SUBSCRIPTION, "plan": str(snapshots / "plan.json")}
        ran = GitHub(make(standin=standin), {}).action(given)
    assert ran.code == ExitCode.FAILS, ran.said
    assert ran.outputs["sarif"]


def with_a_template(machine: Machine) -> None:
    """A repository with a template that opens a storage account, and its parameters."""
    store = {"type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-05-01", "name": "[parameters('n')]"}
    store |= {"location": "[resourceGroup().location]", "properties": {"publicNetworkAccess": "Enabled"}}
    source = template(store, parameters={"n": {"type": "string"}})
    (machine.repository / "infra").mkdir(exist_ok=True)
    (machine.repository / "infra" / "main.json").write_text(json.dumps(source))
    (machine.repository / "infra" / "main.parameters.json").write_text(json.dumps(parameters(n="stone")))


def test_the_source_gate_judges_the_template(make: Make) -> None:
    machine = make()
    with_a_template(machine)
    (step,) = [s for s in workflow("source-gate.yml")["steps"] if s.get("uses", "").startswith("your-org/auditor@")]
    ran = GitHub(machine, {}).action(step["with"])
    assert ran.code == ExitCode.FAILS, ran.said


# --- GitLab -----------------------------------------------------------------------------------------------------------


def test_gitlab_judges_the_template_and_hands_its_reports_on(make: Make) -> None:
    machine = make()
    with_a_template(machine)
    pipeline = load(PIPELINES / "gitlab" / ".gitlab-ci.yml")
    job = pipeline["audit"]
    script = "\n".join(["set -eo pipefail", *job["before_script"], *job["script"]])
    done = machine.bash(script, {name: str(value) for name, value in pipeline["variables"].items()})
    assert done.returncode == ExitCode.FAILS, done.stdout + done.stderr
    assert machine.fetched == ["https://github.com/your-org/auditor v0.1.0"]
    assert len(machine.installed) == 2
    assert (machine.repository / job["artifacts"]["reports"]["junit"]).is_file()
    assert all((machine.repository / path).is_file() for path in job["artifacts"]["paths"])


# --- Azure Pipelines --------------------------------------------------------------------------------------------------


def test_azure_pipelines_scan_fails_and_still_hands_its_reports_on(make: Make) -> None:
    machine = make()
    pipeline = load(PIPELINES / "azure-pipelines" / "scheduled-scan.yml")
    pipeline["variables"]["scan.sub"] = SUBSCRIPTION
    steps = list(Azure(machine).pipeline(pipeline))
    (audit,) = [ran for ran in steps if ran.name == "Audit"]
    assert audit.code == ExitCode.FAILS, audit.said
    assert re.search(r"^##vso\[task\.uploadsummary\].*/audit\.md$", audit.said, re.MULTILINE)
    tests, security, tab, kept = steps[-4:]
    assert (Path(tests.given["searchFolder"]) / tests.given["testResultsFiles"]).read_text().startswith("<?xml")
    assert [p.name for p in Path(security.given["SarifsInputDirectory"]).iterdir()] == ["auditor.sarif"]
    assert tab.given == {"PathtoPublish": security.given["SarifsInputDirectory"], "ArtifactName": "CodeAnalysisLogs"}
    assert {p.name for p in Path(kept.given["PathtoPublish"]).iterdir()} == {
        "audit.html", "audit.md", "audit.xml", "sarif", "snapshot.json",
    }  # fmt: skip
    assert machine.fetched == ["https://github.com/your-org/auditor v0.1.0"]
    assert installs_what_is_locked(machine, machine.temp / "auditor" / "source")


def test_azure_pipelines_gate_judges_what_would_be(make: Make) -> None:
    machine = make()
    pipeline = load(PIPELINES / "azure-pipelines" / "pull-request-gate.yml")
    pipeline["variables"]["plan.sub"] = SUBSCRIPTION
    steps = list(Azure(machine).pipeline(pipeline))
    (audit,) = [ran for ran in steps if ran.name == "Audit what would be"]
    assert audit.code == ExitCode.FAILS, audit.said
    text = (machine.temp / "plan" / "audit.md").read_text()
    assert "NET-07" in text
    assert "PUB-07" not in text
    assert "staibase no longer lets in" in (machine.temp / "plan" / "drift.md").read_text().replace("`", "")
    assert steps[-1].name == "PublishTestResults@2"


# --- containers -------------------------------------------------------------------------------------------------------


def in_container(arguments: list[str], azure: FaultyStandIn, capsysbinary: pytest.CaptureFixture[bytes]) -> list[Any]:
    """Run the entry point with a container's arguments; the OCSF findings that come out."""
    (entry,) = [json.loads(rest) for word, rest in instructions() if word == "ENTRYPOINT"]
    assert entry == ["auditor"]
    with variables(azure.environment()):
        code = run([*arguments, "--cloud", "public", "--arm-endpoint", azure.url])
    assert code == ExitCode.FAILS
    said = capsysbinary.readouterr()
    assert said.err == b""
    return [json.loads(line) for line in said.out.decode().splitlines()]


def test_the_cron_job_logs_findings_one_a_line(
    azure: FaultyStandIn, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    _, _, settings, cron = yaml.safe_load_all(CRONJOB.read_text())
    (container,) = cron["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    for name, text in settings["data"].items():
        (tmp_path / name).write_text(text)
    (mount,) = [m["mountPath"] for m in container["volumeMounts"] if m["name"] == "settings"]
    values = {f"$({each['name']})": each["value"] for each in container["env"]}
    values |= {"$(AUDITED_SUBSCRIPTION)": SUBSCRIPTION}
    arguments = [values.get(argument, argument).replace(mount, str(tmp_path)) for argument in container["args"]]
    findings = in_container(arguments, azure, capsysbinary)
    assert len(findings) > 300
    assert {finding["class_name"] for finding in findings} == {"Compliance Finding"}


def test_the_container_apps_job_logs_findings_one_a_line(
    azure: FaultyStandIn, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    (container,) = yaml.safe_load(JOB.read_text())["properties"]["template"]["containers"]
    arguments = [SUBSCRIPTION if set(a) <= set("0-") else a for a in container["args"]]
    assert len(in_container(arguments, azure, capsysbinary)) > 300


def test_the_container_by_itself_shows_help(capsys: pytest.CaptureFixture[str]) -> None:
    (command,) = [json.loads(rest) for word, rest in instructions() if word == "CMD"]
    assert run(command) == ExitCode.HOLDS
    assert "Usage: auditor" in capsys.readouterr().out


def test_the_command_in_the_container_files_head_runs(
    snapshots: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (arguments,) = re.findall(r"^# +docker run .* auditor (.*)$", DOCKERFILE.read_text(), re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    Path("s.json").write_bytes((snapshots / "reference.snapshot.json").read_bytes())
    assert run(shlex.split(arguments)) == ExitCode.FAILS


# --- pre-commit -------------------------------------------------------------------------------------------------------


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("options", "files", "code"),
    [
        ([], ["good.snapshot.json"], 0),
        ([], ["bad.snapshot.json", "good.snapshot.json"], 1),
        ([], ["good.snapshot.json", "bad.snapshot.json"], 1),
        ([], ["broken.snapshot.json", "bad.snapshot.json"], 2),
        (["--fail-on", "never"], ["bad.snapshot.json", "good.snapshot.json"], 0),
        (["--settings", "auditor.yaml", "--waivers", "waivers.yaml"], ["bad.snapshot.json"], 1),
        ([], [], 0),
    ],
)
def test_the_hook_checks_each_file(
    make: Make, snapshots: Path, options: list[str], files: list[str], code: int
) -> None:
    machine = make()
    for name, world in (("good", "compliant"), ("bad", "reference")):
        text = (snapshots / f"{world}.snapshot.json").read_text()
        (machine.repository / f"{name}.snapshot.json").write_text(text)
    (machine.repository / "broken.snapshot.json").write_text("{")
    # pre-commit splits the entry as a shell would and hands over the options, then the files.
    script = shlex.join([*shlex.split(hook()["entry"]), *options, *files])
    done = machine.bash(script, {})
    assert done.returncode == code, done.stdout + done.stderr
    for name in files:
        assert name in done.stdout + done.stderr
