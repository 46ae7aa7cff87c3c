"""The pipeline examples, as files: each is what its reader's schema wants, pins what it uses and holds no secret."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.runners import ACTION, OURS, PIPELINES, ROOT, load, scripts_of

WORKFLOWS = sorted(PIPELINES.glob("github/*.yml"))
OWN = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
"""The workflows of this repository itself."""
AZURE = sorted(PIPELINES.glob("azure-pipelines/*.yml"))
GITLAB = PIPELINES / "gitlab" / ".gitlab-ci.yml"
CRONJOB = PIPELINES / "kubernetes" / "cronjob.yaml"
JOB = PIPELINES / "container-apps" / "job.yaml"
PRE_COMMIT = PIPELINES / "pre-commit" / ".pre-commit-config.yaml"
DOCKERFILE = ROOT / "Dockerfile"
EVERY = [*WORKFLOWS, *AZURE, GITLAB, CRONJOB, JOB, PRE_COMMIT, DOCKERFILE, ACTION, ROOT / ".pre-commit-hooks.yaml"]
BY_PATH = pytest.mark.parametrize("path", EVERY, ids=lambda path: str(path.relative_to(ROOT)))

INPUTS = {
    "actions/checkout": {"persist-credentials"},
    "actions/setup-python": {"python-version", "update-environment"},
    "azure/login": {"client-id", "tenant-id", "subscription-id"},
    "actions/upload-artifact": {"name", "path", "if-no-files-found", "retention-days"},
    "github/codeql-action/upload-sarif": {"sarif_file", "category"},
    OURS.rstrip("@"): set(load(ACTION)["inputs"]),
}
"""The inputs that the examples use of each action, found in its action.yml at the commit that they pin (2026-08)."""


def program(name: str) -> str:
    """A linter that was installed beside this Python."""
    return str(Path(sys.executable).parent / name)


def test_every_example_is_tested_here() -> None:
    found = {path for path in PIPELINES.rglob("*") if path.is_file() and path.suffix != ".md"}
    assert found <= set(EVERY)
    assert len(WORKFLOWS) == 4
    assert len(AZURE) == 2


@BY_PATH
def test_examples_hold_no_secret_and_nobodys_ids(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"secrets\.|password|client.secret|sas.?token|account.?key", text, re.IGNORECASE)
    guids = set(re.findall(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", text))
    assert guids <= {"00000000-0000-0000-0000-000000000000"}


@BY_PATH
def test_examples_say_of_what_time_their_facts_are(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    uses_others = re.search(r"uses: (actions|azure|github)/|task: |apiVersion|Microsoft\.App|^FROM", text, re.MULTILINE)
    assert not uses_others or "2026" in text


# --- GitHub -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.github-workflows", [*WORKFLOWS, *OWN]),
        ("vendor.github-actions", [ACTION]),
        ("vendor.gitlab-ci", [GITLAB]),
    ],
)
def test_github_takes_the_form(schema: str, files: list[Path]) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_workflows_have_no_weakness_that_zizmor_knows(tmp_path: Path) -> None:
    # Ours is pinned to a tag because the example cannot know the commit under which somebody else keeps it.
    config = tmp_path / "zizmor.yml"
    config.write_text('rules: {unpinned-uses: {config: {policies: {"*": hash-pin, "your-org/auditor": ref-pin}}}}')
    command = [program("zizmor"), "--offline", "--no-progress", "--persona=pedantic", "--config", str(config)]
    files = map(str, [*WORKFLOWS, *OWN, ACTION])
    done = subprocess.run([*command, *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", [*WORKFLOWS, ACTION], ids=lambda path: path.name)
def test_actions_are_pinned_and_given_inputs_that_they_have(path: Path) -> None:
    document = load(path)
    jobs = document["jobs"].values() if "jobs" in document else [document["runs"]]
    steps = [step for job in jobs for step in job["steps"] if "uses" in step]
    assert steps
    for step in steps:
        name, _, pin = step["uses"].partition("@")
        assert set(step.get("with", {})) <= INPUTS[name]
        assert f"{name}@" == OURS or re.fullmatch("[0-9a-f]{40}", pin)
    for line in path.read_text().splitlines():
        assert not re.search(r"uses: .*@[0-9a-f]{40}$", line), f"{line.strip()}: says no version beside the commit"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_jobs_ask_for_no_right_that_they_do_not_need(path: Path) -> None:
    workflow = load(path)
    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        used = {step["uses"].partition("@")[0] for step in job["steps"] if "uses" in step}
        written = {name for name, right in job["permissions"].items() if right == "write"}
        assert ("id-token" in written) == ("azure/login" in used)
        assert ("security-events" in written) == ("github/codeql-action/upload-sarif" in used)
        assert written <= {"id-token", "security-events"}
        (checkout,) = [step for step in job["steps"] if "actions/checkout@" in step.get("uses", "")]
        assert checkout["with"]["persist-credentials"] is False


# --- Azure Pipelines --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", AZURE, ids=lambda path: path.name)
def test_azure_pipelines_takes_the_form(path: Path) -> None:
    from check_jsonschema.builtin_schemas import get_builtin_schema

    schema = get_builtin_schema("vendor.azure-pipelines")
    pipeline = load(path)
    # The schema is older than the task. Its inputs: learn, "AdvancedSecurity-Publish@1", read in 2026.
    newer = [step for step in pipeline["steps"] if step.get("task") == "AdvancedSecurity-Publish@1"]
    for step in newer:
        assert set(step["inputs"]) <= {"SarifsInputDirectory", "EnableRecursiveScanning", "Category"}
        pipeline["steps"].remove(step)
    jsonschema.validators.validator_for(schema)(schema).validate(pipeline)


# --- scripts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*WORKFLOWS, *AZURE, ACTION], ids=lambda path: path.name)
def test_scripts_have_no_mistake_that_shellcheck_knows(path: Path, tmp_path: Path) -> None:
    for number, script in enumerate(scripts_of(load(path))):
        file = tmp_path / f"{number}.sh"
        file.write_text(script)
        command = [program("shellcheck"), "--shell=bash", str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


# --- containers -------------------------------------------------------------------------------------------------------


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions with their arguments, continued lines joined."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE.read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines if line.strip())]


def test_the_container_file_is_one() -> None:
    known = {"ARG", "FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "ENTRYPOINT", "CMD"}
    words = [word for word, _ in instructions()]
    assert set(words) <= known
    assert words[0] == "ARG"
    assert words.count("FROM") == 2
    for word, rest in instructions():
        if word in ("ENTRYPOINT", "CMD"):
            assert all(isinstance(part, str) for part in json.loads(rest)), "the exec form, so that signals arrive"


def test_the_container_is_not_root_and_its_image_is_no_moving_target() -> None:
    found = dict(instructions())
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", found["USER"]), "Kubernetes sees only of a number that it is not root"
    assert re.fullmatch(r"PYTHON=python:\d+\.\d+-slim-\w+", found["ARG"])
    last = [word for word, _ in instructions()]
    assert last.index("USER") > len(last) - last[::-1].index("FROM") - 1


@pytest.mark.slow
def test_what_the_container_file_copies_is_enough_for_a_whole_wheel(tmp_path: Path) -> None:
    source = tmp_path / "src"
    for word, rest in instructions():
        if word == "COPY" and not rest.startswith("--from"):
            *origins, target = rest.split()
            for origin in origins:
                copy(ROOT / origin, source / (origin if target == "./" else target))
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q", "-w", str(tmp_path)]
    subprocess.run([*command, str(source)], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = {name for name in zipfile.ZipFile(wheel).namelist() if "_shipped/" in name}
    for shipped in ("baselines/openai-chat.yaml", "worlds/compliant.json", "reports/templates/report.html"):
        assert f"auditor/_shipped/{shipped}" in names


def copy(origin: Path, target: Path) -> None:
    """Copy a file or a folder, as `COPY` would with the patterns of .dockerignore."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if origin.is_dir():
        shutil.copytree(origin, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(origin, target)


def test_the_ignored_is_not_copied() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split()
    copied = {path.split("/")[0] for word, rest in instructions() if word == "COPY" for path in rest.split()[:-1]}
    assert not copied & set(ignored)
    assert ".git" in ignored


def test_the_cron_job_is_confined() -> None:
    _, account, _, cron = yaml.safe_load_all(CRONJOB.read_text())
    assert (cron["apiVersion"], cron["kind"]) == ("batch/v1", "CronJob")
    pod = cron["spec"]["jobTemplate"]["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    assert pod["metadata"]["labels"]["azure.workload.identity/use"] == "true"
    assert "azure.workload.identity/client-id" in account["metadata"]["annotations"]
    assert pod["spec"]["serviceAccountName"] == account["metadata"]["name"]
    assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
    assert f"{pod['spec']['securityContext']['runAsUser']}" in dict(instructions())["USER"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    volumes = {volume["name"] for volume in pod["spec"]["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == volumes


def test_the_container_apps_job_runs_on_a_schedule_as_its_own_identity() -> None:
    job = yaml.safe_load(JOB.read_text())
    configuration = job["properties"]["configuration"]
    assert job["type"] == "Microsoft.App/jobs"
    assert configuration["triggerType"] == "Schedule"
    assert len(configuration["scheduleTriggerConfig"]["cronExpression"].split()) == 5
    assert {registry["identity"] for registry in configuration["registries"]} == set(
        job["identity"]["userAssignedIdentities"]
    )
    assert "secrets" not in configuration


# --- pre-commit -------------------------------------------------------------------------------------------------------


def hook() -> dict[str, Any]:
    """The one hook that this repository offers."""
    (found,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    return dict(found)


def test_the_hook_has_the_form_that_pre_commit_reads() -> None:
    # Field names: pre-commit.com, "Creating new hooks", read in 2026.
    assert {"id", "name", "entry", "language", "files"} <= set(hook())
    assert set(hook()) <= {
        "id", "name", "description", "entry", "language", "language_version", "files", "types", "require_serial",
        "minimum_pre_commit_version",
    }  # fmt: skip
    assert hook()["language"] == "python"


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("fixtures/chat.snapshot.json", True),
        ("chat.snapshot.json", True),
        ("chat.json", False),
        ("chat.snapshot.json.bak", False),
    ],
)
def test_the_hook_runs_for_snapshot_fixtures(path: str, wanted: bool) -> None:
    assert bool(re.search(hook()["files"], path)) is wanted


def test_the_example_uses_the_hook() -> None:
    (repo,) = yaml.safe_load(PRE_COMMIT.read_text())["repos"]
    assert [used["id"] for used in repo["hooks"]] == [hook()["id"]]
    assert set(repo) == {"repo", "rev", "hooks"}


def test_the_examples_name_our_action_in_one_way() -> None:
    used = {line.split("uses:")[1].strip() for p in WORKFLOWS for line in p.read_text().splitlines() if OURS in line}
    assert len(used) == 1
