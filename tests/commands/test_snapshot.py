"""`auditor snapshot` and `auditor demo`, from the command line to the exit code."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.cli import run
from auditor.collect import Progress
from auditor.commands.demo import variables
from auditor.commands.options.collection import progress_on, tell
from auditor.model import Read
from auditor.snapshot import Snapshot, read_snapshot
from tests import worlds
from tests.collecting import serving, small
from tests.faulty import Fault, Kind

SUB = worlds.subscription()
VAULTS = Fault("/vaults$", Kind.FORBIDDEN, detail="Microsoft.KeyVault/vaults/read")


def snapshot(url: str, path: Path, *arguments: str) -> int:
    return run(["snapshot", "--arm-endpoint", url, "--cloud", "public", "-o", str(path), *arguments])


def test_a_whole_collection_ends_with_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "s.json"
    with serving(small()) as standin:
        assert snapshot(standin.url, path) == 0
    found = read_snapshot(path)
    out, err = capsys.readouterr()
    assert (found.complete, found.source, out) == (True, "azure", "")
    assert err == f"{path}: {len(found.documents)} documents from {len(found.reads)} reads\n"


def test_a_refused_read_ends_with_3_and_names_what_would_mend_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "s.json"
    with serving(small(), [VAULTS]) as standin:
        assert snapshot(standin.url, path) == 3
    err = capsys.readouterr().err
    assert "1 read failed:" in err
    assert "needs Microsoft.KeyVault/vaults/read" in err
    assert f"{SUB}/providers/Microsoft.KeyVault/vaults" in err
    assert "auditor permissions" in err
    assert [read.covers for read in read_snapshot(path).reads if not read.answered] == ["microsoft.keyvault/vaults"]


def test_a_time_limit_ends_with_3_and_a_written_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "s.json"
    with serving(small(), latency=0.2) as standin:
        assert snapshot(standin.url, path, "--timeout", "0.9", "--concurrency", "8") == 3
    assert not read_snapshot(path).complete
    err = capsys.readouterr().err
    assert "Interrupted: the run ended before this was read" in err
    assert "more of the kind" in err
    assert "marked incomplete" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--subscription", "3333"], "the credential does not see subscription 3333"),
        (["--resource-group", "rg-nix"], "there is no resource group rg-nix"),
        (["--ca-file", "/nix.pem"], "--ca-file names /nix.pem, which does not exist"),
        (["--timeout", "0"], "Invalid value for '--timeout'"),
        (["--timeout", "nan"], "Invalid value for '--timeout'"),
        (["--timeout", "1e999"], "Invalid value for '--timeout'"),
        (["--concurrency", "1000"], "Invalid value for '--concurrency'"),
        (["--cloud", "germany"], "Invalid value for '--cloud'"),
        (["--arm-endpoint", "http://plain"], "http://plain is not an https URL"),
    ],
)
def test_what_the_user_can_change_ends_with_2_and_one_sentence(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(small()) as standin:
        assert snapshot(standin.url, tmp_path / "s.json", *arguments) == 2
    err = capsys.readouterr().err
    assert words in err
    assert "Traceback" not in err
    assert not (tmp_path / "s.json").exists()


def test_without_a_file_there_is_nothing_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["snapshot"]) == 2
    assert "Missing option '-o'" in capsys.readouterr().err


def test_a_resource_group_is_read_alone(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    with serving(small()) as standin:
        assert snapshot(standin.url, path, "--resource-group", "rg-chat-prod") == 0
    assert read_snapshot(path).resource_groups == ("rg-chat-prod",)


def test_the_file_says_the_same_whatever_the_order_of_the_answers(tmp_path: Path) -> None:
    hashes = set()
    with serving(small()) as standin:
        for workers in ("1", "16"):
            snapshot(standin.url, tmp_path / workers, "--concurrency", workers)
            found = read_snapshot(tmp_path / workers)
            hashes.add((found.documents[0]["id"], tuple((r.path, r.count, r.error) for r in found.reads)))
    assert len(hashes) == 1


# --- progress --------------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    """A stream that somebody looks at."""

    def isatty(self) -> bool:
        return True


STATE = Progress(done=3, known=9, documents=7, failed=0, reading="Microsoft.Web/sites")


def test_a_terminal_shows_how_far_the_run_is_and_is_left_clean() -> None:
    terminal = Terminal()
    with progress_on(terminal, quiet=False) as watch:
        assert watch is not None
        watch(STATE)
    assert "3/9 reads, 7 documents: Microsoft.Web/sites" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_failures_are_counted() -> None:
    terminal = Terminal()
    with progress_on(terminal, quiet=False) as watch:
        assert watch is not None
        watch(Progress(3, 9, 7, 2, "x"))
    assert "2 failed" in terminal.getvalue()


def test_a_terminal_is_not_flooded() -> None:
    terminal = Terminal()
    with progress_on(terminal, quiet=False) as watch:
        assert watch is not None
        for _ in range(50):
            watch(STATE)
    assert terminal.getvalue().count("3/9") == 1


def test_a_line_fits_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    terminal = Terminal()
    with progress_on(terminal, quiet=False) as watch:
        assert watch is not None
        watch(STATE)
    assert "3/9 reads, 7 docume\r" in terminal.getvalue()


@pytest.mark.parametrize(("stream", "quiet"), [(io.StringIO(), False), (Terminal(), True)])
def test_nothing_is_shown_where_nobody_looks(stream: io.StringIO, quiet: bool) -> None:
    with progress_on(stream, quiet) as watch:
        assert watch is None
    assert stream.getvalue() == ""


def test_causes_are_told_once_each(capsys: pytest.CaptureFixture[str]) -> None:
    reads = [Read(f"/p{n}", "v", 500, "t", "/", error="Down", message="try later") for n in range(8)]
    reads += [
        Read("/q", "v", 0, "t", "/", error="Odd"),
        Read("/r", "v", 403, "t", "/", error="No", permission="a/read"),
    ]
    assert tell(Snapshot((), tuple(reads)), "s.json") == 3
    err = capsys.readouterr().err
    assert err.count("Down (HTTP 500): try later") == 1
    assert "and 3 more of the kind" in err
    assert "\n  Odd\n" in err
    assert "\n  needs a/read\n    /r\n" in err


# --- the demo --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("world", ["reference-implementation", "compliant"])
def test_the_demo_ends_with_0_whatever_it_finds(world: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["demo", "--world", world, "--out", str(tmp_path / "out"), "--quiet"]) == 0
    found = json.loads((tmp_path / "out/result.json").read_text(encoding="utf-8"))
    sarif = json.loads((tmp_path / "out/result.sarif").read_text(encoding="utf-8"))
    kept = read_snapshot(tmp_path / "out/snapshot.json")
    assert found["format"] == "auditor-result/1"
    assert found["summary"]["pass"] > 0
    assert sarif["version"] == "2.1.0"
    assert kept.complete
    out, err = capsys.readouterr()
    assert "Findings by family" in out
    assert f"{world}: {len(kept.documents)} documents" in err


def test_the_demo_leaves_the_environment_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    before = dict(os.environ)
    assert run(["demo", "--quiet"]) == 0
    assert dict(os.environ) == before
    assert capsys.readouterr().out


def test_variables_are_set_for_a_while_and_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDITOR_A", "old")
    monkeypatch.delenv("AUDITOR_B", raising=False)
    with variables({"AUDITOR_A": "new", "AUDITOR_B": "new"}):
        assert (os.environ["AUDITOR_A"], os.environ["AUDITOR_B"]) == ("new", "new")
    assert os.environ["AUDITOR_A"] == "old"
    assert "AUDITOR_B" not in os.environ


# --- the whole process -----------------------------------------------------------------------------------------------


def test_the_installed_command_signs_in_by_the_environment_alone(tmp_path: Path) -> None:
    with serving(small()) as standin:
        arguments = ["snapshot", "--arm-endpoint", standin.url, "-o", str(tmp_path / "s.json")]
        done = subprocess.run(
            [sys.executable, "-m", "auditor", *arguments],
            env={"PATH": "", **standin.environment()},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert read_snapshot(tmp_path / "s.json").cloud.startswith("custom (127.0.0.1:")
