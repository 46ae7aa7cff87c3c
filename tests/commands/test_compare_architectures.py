"""`auditor compare-architectures`: what a deployment has and lacks for another architecture."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor.audit.migration import compared
from auditor.baseline import read_baseline
from auditor.cli import run
from auditor.model import ExitCode
from auditor.snapshot import write_snapshot
from auditor.workload.architecture import default_architecture
from tests.worlds import estate, refused, snapshot, subscription, whole


def saved(folder: Path, name: str) -> str:
    path = folder / f"{name}.json"
    write_snapshot(snapshot(name=name), path)
    return str(path)


def test_what_is_there_and_what_is_lacking(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(tmp_path, "compliant")
    assert run(["compare-architectures", path, "--format", "json"]) == ExitCode.HOLDS
    (workload,) = json.loads(capsys.readouterr().out)["workloads"]
    parts = {each["part"]: each for each in workload["parts"]}
    assert {name for name, each in parts.items() if not each["candidates"]} == {
        "account",
        "project",
        "cosmos",
        "firewall",
    }
    assert parts["gateway"]["candidates"][0].endswith("/agw-aibase")
    assert "PUB-02" in parts["cosmos"]["requirements"]
    assert "NSG-AGW-IN" not in parts["gateway"]["requirements"], "that row speaks of a subnet"
    assert run(["compare-architectures", path]) == ExitCode.HOLDS
    page = capsys.readouterr().out
    assert "mlw-aibase: from openai-chat to foundry-chat" in page
    assert "To be built: 4 of 14 parts." in page


def test_a_list_that_was_refused_is_not_lacking() -> None:
    scope, kind = subscription("compliant"), "Microsoft.DocumentDB/databaseAccounts"
    made = estate(None, [*whole(scope), refused(kind, scope)], "compliant")
    (workload,) = compared(made, default_architecture(), read_baseline("foundry-chat"))
    (cosmos,) = [part for part in workload.parts if part.part == "cosmos"]
    assert cosmos.unknown
    assert not cosmos.lacking


def test_what_is_of_another_architecture_is_a_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(tmp_path, "foundry-compliant")
    assert run(["compare-architectures", path]) == ExitCode.USAGE
    assert "nothing in it is a deployment of openai-chat" in capsys.readouterr().err
    assert run(["compare-architectures", path, "--from", "foundry-chat", "--to", "openai-chat"]) == ExitCode.HOLDS
