"""Every command of docs/guide/drift.md runs, in its order, and does what the page says."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.cli import run
from auditor.commands.diff import FAIL_ON
from auditor.drift.model import Topic
from auditor.model import ExitCode
from auditor.snapshot import write_snapshot
from tests import worlds

pytestmark = pytest.mark.slow

PAGE = (Path(__file__).parents[2] / "docs" / "guide" / "drift.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```shell\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = [shlex.split(line, comments=True) for block in BLOCKS for line in block.splitlines() if line.strip()]


def test_every_command_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, file, day in (("reference-implementation", "old.json", 15), ("compliant", "new.json", 19)):
        snapshot = replace(worlds.snapshot(name=name), collected_at=f"2024-07-{day}T09:00:00Z")
        write_snapshot(snapshot, tmp_path / file)
    monkeypatch.chdir(tmp_path)
    codes = {}
    for program, *arguments in COMMANDS:
        assert program == "auditor"
        codes[" ".join(arguments)] = run(arguments)
        assert "Traceback" not in capsys.readouterr().err
    assert len(codes) == len(COMMANDS) == 9
    # The compliant deployment differs from the other for the worse in a few ways too, but in no finding.
    assert codes["diff old.json new.json"] == ExitCode.FAILS
    assert codes["diff old.json new.json --fail-on required-findings --strict -o drift.md"] == ExitCode.HOLDS
    assert codes["check old.json --history audits.db -o report.html"] == ExitCode.FAILS
    assert codes["history audits.db"] == ExitCode.HOLDS
    assert json.loads(Path("trend.json").read_text())["series"][0]["fixed"] > 0
    assert "Over time" in Path("report.html").read_text()


def test_the_page_names_what_there_is() -> None:
    for word in (*FAIL_ON, *(topic.value for topic in Topic)):
        assert f"`{word}`" in PAGE
