"""Frameworks on the command line: listed, explained, and how the controls of one come out."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auditor.baseline import read_baseline
from auditor.cli import run
from auditor.commands.options.frameworks import controls_for, controls_of_result
from auditor.snapshot import write_snapshot
from tests import worlds
from tests.builders.reporting_examples import RICH

OWN = """\
framework: {id: contoso, title: Contoso security standard, version: "3"}
size: 5
controls:
  N-1: {title: Nothing answers the Internet, requirements: [PUB-*]}
  N-2: {title: TLS of today, requirements: [NET-05]}
  H-1: {title: Background checks, why: no setting of Azure shows it}
"""


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("snapshots") / "reference.json"
    write_snapshot(worlds.snapshot(), path)
    return path


@pytest.fixture
def own(tmp_path: Path) -> str:
    path = tmp_path / "own.yaml"
    path.write_text(OWN)
    return str(path)


def shown(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert run([*arguments]) == code
    return capsys.readouterr().out


def parsed(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    return json.loads(shown(capsys, *arguments, "--format", "json"))


def test_frameworks_are_listed_with_how_much_of_them_can_be_spoken_about(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, "frameworks")
    assert "nist-800-53-r5      NIST SP 800-53 Rev. 5: 48 of 970 controls" in text
    assert "cis-azure-6.0.0     CIS Microsoft Azure Foundations Benchmark 6.0.0: 27 controls" in text
    assert "it does not show that the control is" in text
    told = parsed(capsys, "frameworks")
    assert told["format"] == "auditor-frameworks/1"
    assert len(told["frameworks"]) == 23
    assert told["frameworks"][0]["controls"] is None


def test_one_framework_shows_the_requirements_behind_each_control(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, "frameworks", "soc-2")
    assert text.startswith("SOC 2 Trust Services Criteria 2017\n")
    assert "A1.1                capacity\n                    REL-04, REL-06" in text
    assert "49 controls that nothing here speaks about" in text
    (told,) = parsed(capsys, "frameworks", "soc-2")["frameworks"]
    control = next(c for c in told["controls"] if c["id"] == "CC6.6")
    assert {"id": "PUB-07", "by": "judgement"} in control["requirements"]
    assert "CC1.1" in told["not_covered"]


def test_a_framework_of_ones_own_is_shown_and_its_mistakes_are_named(
    capsys: pytest.CaptureFixture[str], own: str
) -> None:
    assert "no setting of Azure shows it" in shown(capsys, "frameworks", own)
    Path(own).write_text(OWN.replace("NET-05", "NET-5"))
    assert run(["frameworks", own]) == 2
    assert "own.yaml:5:45: the baseline has no requirement `NET-5`; did you mean `NET-0" in capsys.readouterr().err


def test_explain_names_controls_whose_word_they_are_and_azures_policies(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, "explain", "PUB-07")
    assert "  nist-800-53-r5        AC-3, AC-4*, AC-17*" in text
    assert "narrower: Storage accounts should disable public network access" in text
    told = parsed(capsys, "explain", "PUB-07", "--framework", "soc-2")
    assert told["controls"] == {"soc-2": ["CC6.1", "CC6.6"]}
    assert told["controls_by"] == "policy"
    assert told["policies"][0]["relation"] == "narrower"
    assert "no framework asks for it" in shown(capsys, "explain", "CMP-01")


def test_check_tells_how_the_controls_of_a_framework_come_out(
    stored: Path, own: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    also = [f"--also=json={tmp_path / 'r.json'}", f"--also=csv={tmp_path / 'r.csv'}"]
    text = shown(capsys, "check", str(stored), "--framework", own, "--framework", "soc-2", *also, code=1)
    assert "not satisfied  N-1  Nothing answers the Internet" in text
    assert "This audit can speak about 2 of 5 controls of Contoso security standard 3 (40 %)." in text
    contoso, soc = json.loads((tmp_path / "r.json").read_text())["frameworks"]
    assert contoso["counts"]["not_covered"] == 3
    assert {c["id"]: c["status"] for c in contoso["controls"]}["H-1"] == "not_covered"
    assert soc["covered"] == 8
    with (tmp_path / "r.csv").open(newline="") as file:
        assert list(next(csv.reader(file)))[-2:] == ["contoso", "soc-2"]


def test_a_report_never_replaces_the_framework_it_is_made_from(
    stored: Path, own: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", str(stored), "--framework", own, "-o", own, "--format", "json"]) == 2
    assert "would replace what it is made from" in capsys.readouterr().err


TWO_ROWS = """
baseline: {name: two-rows, version: "1", source: {title: Two rows, url: https://example.org, date: "2024"}}
families: {PUB: Public access, OPS: Operations}
requirements:
  PUB-07:
    level: must
    severity: critical
    section: Ingress to Azure Machine Learning
    statement: Storage accounts are not exposed to the public internet, let no address in and serve no anonymous blobs.
    decided_by: storageAccounts publicNetworkAccess (absent means Enabled), networkAcls and allowBlobPublicAccess
    terms: {rules_suffice: true, trusted_services: true}
  OPS-01:
    level: manual
    severity: low
    section: Operations
    statement: Flows live in a safe.
    decided_by: process
    look_at: The safe.
"""


def test_a_baseline_of_ones_own_that_extends_none_has_the_mapping_of_the_same_requirements(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    own = tmp_path / "own.yaml"
    statement = read_baseline("openai-chat").requirements["PUB-07"].statement
    own.write_text(re.sub("Storage accounts are not .*", statement, TWO_ROWS))
    assert "nist-800-53-r5" in shown(capsys, "explain", "PUB-07", "--baseline", str(own))
    assert "no mapping was made" in " ".join(shown(capsys, "explain", "OPS-01", "--baseline", str(own)).lower().split())


def test_where_workloads_of_several_baselines_are_each_has_its_own_mapping() -> None:
    first, second = read_baseline("openai-chat"), read_baseline("foundry-chat")
    both = {**first.requirements, **{f"foundry-chat/{id_}": row for id_, row in second.requirements.items()}}
    found = controls_of_result(replace(RICH, requirements=both), first, ("nist-800-53-r5",), anything=True)
    assert list(found.frameworks) == ["nist-800-53-r5"]
    alone = controls_for(second, ("nist-800-53-r5",))
    for id_ in ("NET-12", "IDN-17", "PL-17"):
        assert found.of(f"foundry-chat/{id_}") == alone.of(id_)
        assert found.of(f"foundry-chat/{id_}").controls
    assert found.of("PUB-07") == controls_for(first, ("nist-800-53-r5",)).of("PUB-07")


def test_a_snapshot_that_is_recognised_is_told_in_the_controls_of_its_own_baseline(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, own = tmp_path / "s.json", tmp_path / "own.yaml"
    write_snapshot(worlds.snapshot(worlds.documents("foundry-compliant")), path)
    own.write_text(OWN.replace("NET-05", "IDN-17"))
    told = json.loads(
        shown(capsys, "check", str(path), "--framework", str(own), "--format", "json", "--fail-on", "never")
    )
    assert told["baseline"]["name"] == "foundry-chat"
    assert {c["id"]: c["requirements"] for c in told["frameworks"][0]["controls"]}["N-2"] == ["IDN-17"]
