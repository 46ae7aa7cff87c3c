"""Settings name the frameworks whose controls reports show."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor.cli import run
from auditor.model import ExitCode
from auditor.settings.read import read_settings
from auditor.snapshot import write_snapshot
from tests import worlds

OWN = """framework: {id: house, name: House rules, version: "1"}
"""


def test_a_name_is_a_name_and_a_file_is_beside_the_settings(tmp_path: Path) -> None:
    (tmp_path / "house.yaml").write_text(OWN)
    (tmp_path / "auditor.yaml").write_text("frameworks: [nist-800-53-r5, house.yaml]\n")
    found = read_settings(tmp_path / "auditor.yaml").frameworks
    assert found == ("nist-800-53-r5", str(tmp_path / "house.yaml"))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_snapshot(worlds.snapshot(), tmp_path / "s.json")
    return tmp_path


def test_reports_show_its_controls_and_the_command_line_overrides_it(here: Path) -> None:
    Path("auditor.yaml").write_text("frameworks: [nist-800-53-r5]\n")
    run(["check", "s.json", "-q", "--settings", "auditor.yaml", "-o", "r.json"])
    controls = json.loads(Path("r.json").read_text())["frameworks"]
    assert [each["id"] for each in controls] == ["nist-800-53-r5"]
    other = ["--framework", "soc-2"]
    run(["check", "s.json", "-q", "--settings", "auditor.yaml", *other, "-o", "r.json"])
    controls = json.loads(Path("r.json").read_text())["frameworks"]
    assert [each["id"] for each in controls] == ["soc-2"]


def test_a_name_that_is_none_is_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("auditor.yaml").write_text("frameworks: [nist-800-54]\n")
    assert run(["check", "s.json", "--settings", "auditor.yaml"]) == ExitCode.USAGE
    assert "nist-800-54" in capsys.readouterr().err
