"""The script that writes the mapping: what it refuses, and that the files are what it writes."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("control_frameworks", ROOT / "scripts" / "control_frameworks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Initiatives:
    """Stands for a clone of Azure's policies: one initiative that gives NS-2 to one policy."""

    def controls(self, framework: str) -> list[str]:
        return ["NS-1", "NS-2", "NS-3"]

    def of_policy(self, id_: str, policy: str) -> set[str]:
        return {"NS-2"} if (id_, policy) == ("set-mcsb-1", "p1") else set()


def data(**row: Any) -> dict[str, Any]:
    whole = {
        "by": "policy", "why": "the service does not answer", "policies": [{"id": "p1", "relation": "equal"}],
        "controls": {"mcsb-1": ["NS-2"]}, "from_policy": {"mcsb-1": ["NS-2"]}, **row,
    }  # fmt: skip
    source = {"id": "set-mcsb-1", "title": "Initiative", "version": "1", "url": "x@1/y", "date": "2026-04-29"}
    framework = {
        "title": "MCSB", "version": "1", "sources": ["set-mcsb-1"], "quality": "policy", "controls": {"NS-2": "secure"},
    }  # fmt: skip
    return {
        "about": "about", "relation": {}, "by": {}, "generated": "2026-11-30", "sources": [source], "policies": {},
        "frameworks": {"mcsb-1": framework}, "requirements": {"PUB-07": whole}, "baselines": {},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"why": ""}, "PUB-07: says no reason"),
        ({"controls": {"mcsb-1": ["NS-9"]}}, "PUB-07: mcsb-1 has no NS-9"),
        ({"from_policy": {"mcsb-1": ["NS-1"]}}, "PUB-07: mcsb-1 gives NS-1 to none of its policies"),
        ({"policies": [{"id": "p1", "relation": "related"}]}, "gives NS-2 to none of its policies"),
    ],
)
def test_it_refuses_what_azures_initiatives_do_not_say(script: ModuleType, row: dict[str, Any], says: str) -> None:
    assert [*script.faults(data(), Initiatives())] == []
    (fault,) = script.faults(data(**row), Initiatives())
    assert says in fault


def test_it_writes_frameworks_with_what_they_list_beside(script: ModuleType) -> None:
    framework = script.frameworks(data(), Initiatives())["frameworks"]["mcsb-1"]
    assert (framework["size"], framework["others"]) == (3, ["NS-1", "NS-3"])
    row = script.mapping(data(), "openai-chat", data()["requirements"])["requirements"]["PUB-07"]
    assert (row["source"], row["date"]) == ("set-mcsb-1 judgement", "2026-11-30")


@pytest.mark.parametrize(
    "name", ["control-frameworks", "controls-openai-chat", "controls-foundry-chat", "controls-ai-hardening"]
)
def test_the_files_are_as_it_writes_them(script: ModuleType, name: str) -> None:
    text = (script.FACTS / f"{name}.json").read_text(encoding="utf-8")
    assert script._text(json.loads(text), 0) + "\n" == text


def test_without_arguments_it_says_what_it_wants(script: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert script.main([]) == 2
    assert "DATASET AZURE_POLICY" in capsys.readouterr().err
