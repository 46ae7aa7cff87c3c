"""The guide to baselines shows baselines that can be read and commands that run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from auditor.baseline import read_baseline
from auditor.cli import run
from auditor.model import Level
from auditor.snapshot import write_snapshot
from tests import worlds

GUIDE = (Path(__file__).parent.parent.parent / "docs" / "writing-a-baseline.md").read_text(encoding="utf-8")
BASELINES = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
COMMANDS = [line.partition("#")[0].strip() for line in re.findall(r"^auditor .*$", GUIDE, re.MULTILINE)]


@pytest.mark.parametrize("text", BASELINES, ids=lambda text: f"{len(text)} characters")
def test_its_baselines_have_no_mistake(text: str, tmp_path: Path) -> None:
    path = tmp_path / "contoso-chat.yaml"
    path.write_text(text)
    read = read_baseline(path)
    assert read.overridden if read.extends else read.architecture
    assert read.requirements


def test_its_first_baseline_does_what_it_says(tmp_path: Path) -> None:
    path = tmp_path / "contoso-chat.yaml"
    path.write_text(BASELINES[0])
    read = read_baseline(path)
    assert read.requirements["NET-09"].level is Level.MUST
    assert read.stated["REL-05"] == {**read_baseline().stated["REL-05"], "instances": 5}
    assert set(read.disabled) == {"OPS-04"}
    assert read.requirements["CST-03"].level is Level.MANUAL


@pytest.mark.parametrize("command", [c for c in COMMANDS if not c.startswith("auditor check")])
def test_its_commands_run(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("contoso-chat.yaml").write_text(BASELINES[0])
    write_snapshot(worlds.snapshot(), Path("snapshot.json"))
    if "ours.yaml" in command and "new" not in command:
        assert run(["baseline", "new", "snapshot.json", "-o", "ours.yaml"]) == 0
    assert run(shlex.split(command)[1:]) == 0
    assert capsys.readouterr().out or Path("ours.yaml").stat().st_size
