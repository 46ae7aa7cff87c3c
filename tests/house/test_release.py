"""A release is built the same twice, lists what is inside, and its workflow keeps no secret."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOW = ROOT / ".github" / "workflows" / "release.yml"


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-I", "release/dry_run.py", "--out", str(out)], cwd=ROOT, check=True)
    return out


@pytest.mark.slow
def test_a_release_can_be_built_and_its_hashes_are_right(dist: Path) -> None:
    sums = dict(reversed(line.split("  ")) for line in (dist / "SHA256SUMS").read_text().splitlines())
    assert {path.suffix for path in dist.iterdir()} == {".whl", ".gz", ".json", ""}
    assert sums.keys() == {path.name for path in dist.iterdir()} - {"SHA256SUMS"}
    for name, value in sums.items():
        assert hashlib.sha256((dist / name).read_bytes()).hexdigest() == value


@pytest.mark.slow
def test_the_list_of_what_is_inside_names_every_locked_package(dist: Path) -> None:
    found = json.loads((dist / "sbom.cdx.json").read_text())
    named = {(part["name"], part["version"]) for part in found["components"]}
    lock = (ROOT / "requirements" / "runtime.txt").read_text()
    assert named == set(re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", lock, re.MULTILINE))
    assert all(part["hashes"] for part in found["components"])
    assert (found["bomFormat"], found["specVersion"]) == ("CycloneDX", "1.6")


def steps() -> list[dict[str, Any]]:
    jobs = yaml.safe_load(WORKFLOW.read_text())["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


def test_actions_are_pinned_by_commit() -> None:
    used = [step["uses"] for step in steps() if "uses" in step]
    assert used
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", each) for each in used)


def test_the_workflow_keeps_no_secret_and_runs_no_word_of_a_tag() -> None:
    text = WORKFLOW.read_text()
    assert "secrets." not in text
    assert not [step for step in steps() if "${{" in step.get("run", "")]
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {}
    assert all(
        "write" not in v or k in ("id-token", "attestations")
        for j in workflow["jobs"].values()
        for k, v in j["permissions"].items()
    )
