"""`auditor check`: what it prints, writes, refuses and exits with."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from auditor.baseline import read_baseline
from auditor.cli import run
from auditor.commands.options.report import (
    ReportOptions,
    Target,
    context_of,
    exit_code,
    finish,
)
from auditor.commands.options.repository import (
    azure_build,
    in_repository,
    repository_of,
    root_of,
)
from auditor.model import AuditorError, AuditResult, ExitCode, Outcome
from auditor.report import FORMATS
from auditor.snapshot import write_snapshot
from tests import worlds
from tests.builders.reporting_examples import CLEAN, NOTHING, RICH


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reference deployment as a snapshot file."""
    path = tmp_path_factory.mktemp("snapshots") / "reference.json"
    write_snapshot(worlds.snapshot(), path)
    return path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working tree to run in."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def only(*outcomes: Outcome) -> AuditResult:
    """The rich result, reduced to findings of these outcomes."""
    return replace(RICH, findings=tuple(f for f in RICH.findings if f.outcome in outcomes))


# --- exit codes -----------------------------------------------------------------------------------------------------

MUST_FAILS = only(Outcome.FAIL, Outcome.PASS, Outcome.UNKNOWN)
ADVICE_FAILS = replace(MUST_FAILS, findings=tuple(f for f in RICH.findings if f.requirement == "REL-03"))
CUT = replace(CLEAN, snapshot=replace(CLEAN.snapshot, complete=False))


@pytest.mark.parametrize(
    ("result", "fail_on", "strict", "code"),
    [
        (CLEAN, "must", False, ExitCode.HOLDS),
        (CLEAN, "must", True, ExitCode.HOLDS),  # manual checks and what does not apply are not unknowns
        (MUST_FAILS, "must", False, ExitCode.FAILS),
        (MUST_FAILS, "must", True, ExitCode.FAILS),  # what is certain outweighs what is not known
        (MUST_FAILS, "never", False, ExitCode.HOLDS),
        (MUST_FAILS, "never", True, ExitCode.INCOMPLETE),
        (MUST_FAILS, "critical", False, ExitCode.FAILS),  # PUB-07 is critical
        (ADVICE_FAILS, "must", False, ExitCode.HOLDS),
        (ADVICE_FAILS, "should", False, ExitCode.FAILS),
        (ADVICE_FAILS, "low", False, ExitCode.FAILS),  # a severity counts at any level
        (ADVICE_FAILS, "medium", False, ExitCode.HOLDS),
        (only(Outcome.UNKNOWN, Outcome.PASS), "must", False, ExitCode.HOLDS),
        (only(Outcome.UNKNOWN, Outcome.PASS), "must", True, ExitCode.INCOMPLETE),
        (only(Outcome.WAIVED), "low", True, ExitCode.HOLDS),
        (RICH, "must", False, ExitCode.BROKEN),  # a rule crashed
        (RICH, "never", False, ExitCode.BROKEN),  # and nobody can wish that away
        (NOTHING, "must", False, ExitCode.FAILS),  # what is required is not there
        (NOTHING, "never", False, ExitCode.HOLDS),
        (CUT, "must", False, ExitCode.INCOMPLETE),
    ],
)
def test_exit_codes(result: AuditResult, fail_on: str, strict: bool, code: ExitCode) -> None:
    assert exit_code(result, fail_on, strict=strict) is code


# --- the command ----------------------------------------------------------------------------------------------------


def test_it_prints_a_table_and_fails_where_the_reference_deployment_does(
    stored: Path, here: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    code = run(["check", str(stored)])
    out, err = capsysbinary.readouterr()
    assert code == ExitCode.FAILS
    assert "Findings by family" in out.decode()
    assert b"\x1b" not in out
    assert err == b""


def test_json_on_standard_output_is_nothing_but_json(
    stored: Path, here: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    run(["check", str(stored), "--format", "json"])
    out, err = capsysbinary.readouterr()
    document = json.loads(out)
    assert document["format"] == "auditor-result/1"
    assert sum(document["summary"].values()) == len(document["results"])
    lines = stored.read_text().splitlines()
    placed = [e for r in document["results"] for e in r["evidence"] if e["line"] and e["value"] is not None]
    assert len(placed) > 20
    for evidence in placed[:200]:
        last = evidence["pointer"].rpartition("/")[2].replace("~1", "/")
        line = lines[evidence["line"] - 1]
        assert last.isdigit() or f'"{last}"' in line or line[evidence["column"] - 1 :].strip()
    assert err == b""


def test_every_format_in_one_run(stored: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    also = [f"--also={name}=r.{name}" for name in FORMATS]
    assert run(["check", str(stored), "-o", "main.json", *also, "--fail-on", "never"]) == ExitCode.HOLDS
    assert json.loads(Path("main.json").read_text()) == json.loads(Path("r.json").read_text())
    assert json.loads(Path("r.sarif").read_text())["version"] == "2.1.0"
    assert len(list(csv.reader(io.StringIO(Path("r.csv").read_text())))) > 50
    said = capsys.readouterr()
    assert said.out == ""
    assert "wrote main.json (json)" in said.err
    assert not [path for path in here.iterdir() if "tmp" in path.name]


def test_the_ending_of_the_file_says_the_format(stored: Path, here: Path) -> None:
    run(["check", str(stored), "-o", "x.sarif", "-q"])
    assert json.loads(Path("x.sarif").read_text())["runs"]
    run(["check", str(stored), "-o", "report", "-q"])
    assert "Findings by family" in Path("report").read_text()


def test_an_ending_that_no_format_has_is_refused(stored: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", str(stored), "-o", "x.pdf"]) == ExitCode.USAGE
    said = capsys.readouterr().err
    assert "x.pdf: no format has this ending" in said
    assert ".html" in said
    assert not Path("x.pdf").exists()
    assert run(["check", str(stored), "-o", "x.pdf", "--format", "json", "-q"]) == ExitCode.FAILS


def test_some_findings_are_shown_and_what_can_match_nothing_is_refused(
    stored: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", str(stored), "--only", "PUB-*", "--severity", "high"]) == ExitCode.FAILS
    out = capsys.readouterr().out
    assert "PUB-07" in out
    assert "NSG-JMP-IN" not in out
    for option, word in (("--only", "FOO-*"), ("--family", "FOO"), ("--part", "no such part")):
        assert run(["check", str(stored), option, word]) == ExitCode.USAGE
        assert f"{option} {word}" in capsys.readouterr().err


def test_quiet_at_a_terminal_is_one_line(stored: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["check", str(stored), "-q"])
    out, err = capsys.readouterr()
    assert out.startswith(f"FAIL {stored}: ")
    assert out.count("\n") == 1
    assert err == ""


def test_a_dash_is_standard_output(stored: Path, here: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    run(["check", str(stored), "-o", "r.json", "--also", "csv=-"])
    assert capsysbinary.readouterr().out.startswith(b'"requirement","outcome"')
    run(["check", str(stored), "--format", "csv", "-o", "-"])
    assert capsysbinary.readouterr().out.startswith(b'"requirement","outcome"')
    assert not Path("-").exists()


def test_quiet_says_nothing(stored: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["check", str(stored), "-q", "-o", "r.json"])
    assert capsys.readouterr() == ("", "")


def test_the_same_snapshot_gives_the_same_bytes(stored: Path, here: Path) -> None:
    for name in ("a.json", "b.json"):
        run(["check", str(stored), "-q", "-o", name])
    assert Path("a.json").read_bytes() == Path("b.json").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no-such-file.json"], "no-such-file.json"),
        (["{snapshot}", "--baseline", "no-such"], "no-such"),
        (["{snapshot}", "--format", "pdf"], "pdf"),
        (["{snapshot}", "--also", "json"], "FORMAT=FILE"),
        (["{snapshot}", "--also", "pdf=x"], "FORMAT=FILE"),
        (["{snapshot}", "--also", "json="], "FORMAT=FILE"),
        (["{snapshot}", "--fail-on", "sometimes"], "sometimes"),
        (["{snapshot}", "-o", "{snapshot}"], "would replace what it is made from"),
        (["{snapshot}", "-o", "other-snapshot.json"], "is a snapshot"),
        (["{snapshot}", "-o", "a.json", "--also", "csv=./a.json"], "two reports would go there"),
        (["{snapshot}", "--also", "csv=-"], "two reports would go there"),
        (["{snapshot}", "-o", "no-such-folder/a.json"], "no-such-folder"),
        (["{snapshot}", "--anchor", "/etc/hostname"], "lies outside the repository"),
    ],
)
def test_what_cannot_be_done_is_said_and_exits_with_2(
    stored: Path, here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    before = stored.read_bytes()
    Path("other-snapshot.json").write_bytes(before)
    code = run(["check", *(a.replace("{snapshot}", str(stored)) for a in arguments)])
    out, err = capsys.readouterr()
    assert code == ExitCode.USAGE
    assert said in err
    assert "Traceback" not in err
    assert out == ""
    assert stored.read_bytes() == before
    assert Path("other-snapshot.json").read_bytes() == before


def test_a_report_may_be_replaced(stored: Path, here: Path) -> None:
    Path("r.json").write_text("old")
    Path("link.json").symlink_to("r.json")
    run(["check", str(stored), "-q", "-o", "link.json"])
    assert Path("link.json").is_symlink()
    assert json.loads(Path("r.json").read_text())["format"] == "auditor-result/1"


def test_the_reader_may_leave_early(stored: Path, here: Path) -> None:
    command = [sys.executable, "-m", "auditor", "check", str(stored), "--format", "json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.read(10)
        child.stdout.close()
        assert b"Traceback" not in child.stderr.read()


def test_a_terminal_that_knows_no_unicode_is_no_reason_to_fail(stored: Path, here: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    done = subprocess.run(
        [sys.executable, "-m", "auditor", "check", str(stored)], env=environment, capture_output=True, check=False
    )
    assert done.returncode == ExitCode.FAILS
    assert b"Findings by family" in done.stdout.replace(b"?", b"")


# --- colour and width -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False), ({"NO_COLOR": ""}, True)],
)
def test_a_terminal_gets_colour_and_its_own_width(
    monkeypatch: pytest.MonkeyPatch, here: Path, environment: dict[str, str], coloured: bool
) -> None:
    class Terminal(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"COLUMNS": "90", **environment}.items():
        monkeypatch.setenv(name, value)
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", Terminal(written, encoding="utf-8"))
    finish(RICH, ReportOptions(verbose=True))
    text = written.getvalue().decode()
    assert ("\x1b[" in text) is coloured
    rules = [line for line in text.splitlines() if "Public access off ─" in line.replace("\x1b[0m\x1b[2m", "")]
    assert rules


# --- the repository and the pipeline around -------------------------------------------------------------------------


def test_a_snapshot_in_the_working_tree_is_where_findings_are_shown(stored: Path, here: Path) -> None:
    (here / "fixtures").mkdir()
    (here / "fixtures" / "s.json").write_bytes(stored.read_bytes())
    (here / "sub").mkdir()
    os.chdir(here / "sub")
    run(["check", "../fixtures/s.json", "-q", "-o", "r.sarif"])
    uris = {r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in _results("r.sarif")}
    assert "fixtures/s.json" in uris
    assert uris <= {"fixtures/s.json", "baselines/openai-chat.yaml"}


def test_a_snapshot_elsewhere_is_not(stored: Path, here: Path) -> None:
    (here / "main.bicep").write_text("")
    run(["check", str(stored), "-q", "-o", "r.sarif", "--also", "sarif=anchored.sarif"])
    assert {_uri(r) for r in _results("r.sarif")} == {"baselines/openai-chat.yaml"}
    run(["check", str(stored), "-q", "-o", "r.sarif", "--anchor", "main.bicep"])
    assert {_uri(r) for r in _results("r.sarif")} == {"main.bicep"}


def _results(file: str) -> Any:
    return json.loads(Path(file).read_text())["runs"][0]["results"]


def _uri(result: Any) -> str:
    return str(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])


def test_the_working_tree_is_found_from_below_and_is_the_folder_itself_without_git(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert root_of(tmp_path / "a" / "b") == tmp_path / "a" / "b"
    (tmp_path / ".git").write_text("gitdir: elsewhere")
    assert root_of(tmp_path / "a" / "b") == tmp_path
    assert in_repository(tmp_path / "a" / "x.json", tmp_path) == "a/x.json"
    assert in_repository(tmp_path.parent / "x.json", tmp_path) is None


def test_a_baseline_of_the_users_own_is_shown_as_theirs(here: Path) -> None:
    own = replace(RICH, baseline=replace(RICH.baseline, path=str(here / "policies" / "mine.yaml")))
    assert repository_of(own).baseline == "policies/mine.yaml"
    far = replace(RICH, baseline=replace(RICH.baseline, path="/elsewhere/mine.yaml"))
    assert repository_of(far).baseline == "baselines/mine.yaml"
    with pytest.raises(AuditorError, match="outside the repository"):
        repository_of(RICH, Path("/etc/hostname"))


AZURE = {
    "TF_BUILD": "True",
    "SYSTEM_COLLECTIONURI": "https://dev.azure.com/contoso/",
    "SYSTEM_TEAMPROJECTID": "11111111-2222-3333-4444-555555555555",
    "BUILD_DEFINITIONID": "12",
    "BUILD_DEFINITIONNAME": "Nightly",
    "SYSTEM_PHASEID": "66666666-7777-8888-9999-000000000000",
    "SYSTEM_PHASENAME": "Audit",
    "BUILD_SOURCEBRANCH": "refs/heads/main",
    "BUILD_BUILDID": "345",
}


def test_azure_pipelines_are_recognised() -> None:
    build = azure_build(AZURE)
    assert build is not None
    assert build.automation_id == (
        "azuredevops/pipeline/build/contoso/11111111-2222-3333-4444-555555555555/12/"
        "66666666-7777-8888-9999-000000000000/refs/heads/main/345"
    )
    old = azure_build({**AZURE, "SYSTEM_COLLECTIONURI": "https://contoso.visualstudio.com/"})
    assert old == build
    job = {**AZURE, "SYSTEM_JOBID": AZURE["SYSTEM_PHASEID"], "SYSTEM_PHASEID": ""}
    assert azure_build(job) == build


@pytest.mark.parametrize(
    "change",
    [{"TF_BUILD": ""}, {"BUILD_BUILDID": ""}, {"SYSTEM_PHASEID": "no guid"}, {"SYSTEM_COLLECTIONURI": "https://x.y/"}],
)
def test_half_a_pipeline_is_none(change: dict[str, str]) -> None:
    assert azure_build({**AZURE, **change}) is None


def test_rules_explain_themselves_to_the_reports(here: Path) -> None:
    row = read_baseline().requirements["NET-07"]
    context = context_of(replace(RICH, requirements={"NET-07": row}), ReportOptions(targets=(Target("json", None),)))
    assert context.explanations["NET-07"]


def test_a_subscription_without_this_architecture_gets_a_sentence(
    here: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    kinds = ("microsoft.resources/subscriptions", "microsoft.resources/resourcegroups")
    few = [document for document in worlds.documents() if str(document.get("type", "")).casefold() in kinds]
    write_snapshot(worlds.snapshot(few), "empty.json")
    assert run(["check", "empty.json"]) == ExitCode.FAILS
    out = capsysbinary.readouterr().out.decode()
    assert "Nothing of this architecture is in this snapshot" in out
    assert "Machine Learning workspace" in out
    assert out.count("\n") < 10
    assert run(["check", "empty.json", "-q", "-o", "empty.html", "--also", "sarif=empty.sarif"]) == ExitCode.FAILS
    assert [result["ruleId"] for result in _results("empty.sarif")] == ["nothing-found"]
    assert "NOTHING FOUND" in Path("empty.html").read_text()


def test_the_page_explains_and_needs_nothing_else(stored: Path, here: Path) -> None:
    run(["check", str(stored), "-q", "-o", "report.html"])
    text = Path("report.html").read_text()
    assert text.startswith("<!doctype html>")
    assert "Why it matters" in text
    assert "default-src &#39;none&#39;" in text


def test_every_test_case_of_a_real_audit_has_a_name_of_its_own(stored: Path, here: Path) -> None:
    run(["check", str(stored), "-q", "-o", "r.xml"])
    names = [(case.get("classname"), case.get("name")) for case in ET.parse("r.xml").iter("testcase")]
    assert len(names) > 100
    assert len(names) == len(set(names))
