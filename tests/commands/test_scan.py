"""`auditor scan`: the live way and the way over a file come to the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auditor.cli import run
from auditor.commands.demo import deployment
from auditor.model import ExitCode
from tests.faulty import Fault, FaultyStandIn, Kind


@pytest.fixture(scope="module", params=["reference-implementation"])
def azure(request: pytest.FixtureRequest) -> Iterator[FaultyStandIn]:
    with FaultyStandIn(deployment(request.param)) as standin:
        yield standin


@pytest.fixture
def signed_in(azure: FaultyStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The arguments that lead there, in an empty folder with credentials in the environment."""
    return ready(azure, tmp_path, monkeypatch)


def ready(azure: FaultyStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    for name, value in azure.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return ["scan", "--cloud", "public", "--arm-endpoint", azure.url]


def verdicts(file: str) -> list[Any]:
    """What was decided, without where it stands."""
    document = json.loads(Path(file).read_text())
    for found in document["results"]:
        for evidence in found["evidence"]:
            del evidence["line"], evidence["column"]
    return [document["summary"], document["results"], document["snapshot"]["sha256"]]


def test_scan_is_snapshot_and_check(signed_in: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code = run([*signed_in, "--keep", "s.json", "-o", "scanned.json"])
    said = capsys.readouterr()
    assert code == ExitCode.FAILS
    assert said.out == ""
    assert "s.json: " in said.err
    assert run(["check", "s.json", "-o", "checked.json", "-q"]) == ExitCode.FAILS
    assert Path("scanned.json").read_bytes() == Path("checked.json").read_bytes()


def test_without_keeping_it_only_the_lines_are_missing(signed_in: list[str]) -> None:
    run([*signed_in, "--keep", "s.json", "-q", "-o", "kept.json"])
    run([*signed_in, "-q", "-o", "passing.json"])
    assert verdicts("kept.json")[:2] == verdicts("passing.json")[:2]
    assert "null" in Path("passing.json").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--keep", "a.json", "-o", "a.json"], "would both go there"),
        (["--baseline", "no-such"], "no-such"),
    ],
)
def test_mistakes_are_told_before_anything_is_read(
    azure: FaultyStandIn,
    signed_in: list[str],
    arguments: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = len(azure.requests)
    assert run([*signed_in, *arguments]) == ExitCode.USAGE
    assert said in capsys.readouterr().err
    assert len(azure.requests) == before


def test_what_could_not_be_read_makes_it_incomplete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = Fault(r"/providers/Microsoft\.Search/", Kind.FORBIDDEN, detail="Microsoft.Search/searchServices/read")
    with FaultyStandIn(deployment("reference-implementation"), faults=[refused]) as azure:
        command = ready(azure, tmp_path, monkeypatch)
        code = run([*command, "-q", "--fail-on", "never", "-o", "r.json"])
    assert code == ExitCode.INCOMPLETE
    assert capsys.readouterr().err == ""
    document = json.loads(Path("r.json").read_text())
    unknown = [found for found in document["results"] if found["outcome"] == "unknown"]
    assert "Microsoft.Search/searchServices/read" in {found["unknown"]["permission"] for found in unknown}
