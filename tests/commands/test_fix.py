"""`auditor fix`: proven changes as text and for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor.cli import run
from auditor.model import ExitCode
from auditor.snapshot import write_snapshot
from tests import worlds


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fix") / "s.json"
    write_snapshot(worlds.snapshot(), path)
    return path


@pytest.mark.parametrize("language", ["az", "bicep", "terraform", "json-patch"])
def test_a_step_is_shown_with_what_it_closes(stored: Path, language: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fix", str(stored), "--only", "MON-09", "--as", language, "-q"]) == ExitCode.HOLDS
    out = capsys.readouterr().out
    assert "Step 1: closes MON-09" in out
    assert "1 step, 1 finding closed, nothing remains." in out


def test_a_program_gets_the_proof(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fix", str(stored), "--only", "NET-09", "--only", "CMP-06", "--format", "json", "-q"]) == ExitCode.HOLDS
    made = json.loads(capsys.readouterr().out)
    assert made["format"] == "auditor-fix/1"
    assert all(step["id"].startswith("C-") and step["title"] for step in made["steps"])
    assert {step["proof"] for step in made["steps"]} == {"proven"}
    assert [f["requirement"] for f in made["without_change"]] == ["CMP-06"]
