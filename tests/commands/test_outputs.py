"""What a command writes never takes the place of what it, or another one, was given."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from auditor.cli import run
from auditor.snapshot import write_snapshot
from tests import worlds
from tests.collecting import serving, small


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a snapshot, a link and a second name of it, settings and a database."""
    monkeypatch.chdir(tmp_path)
    write_snapshot(worlds.snapshot(worlds.documents()), "s.json")
    Path("link.json").symlink_to("s.json")
    Path("second.json").hardlink_to("s.json")
    Path("settings.yaml").write_text("fail_on: must\n")
    Path("settings.json").symlink_to("settings.yaml")
    Path("h.db").write_bytes(b"SQLite format 3\0")
    return tmp_path


PAGES = (
    ["fix", "s.json"],
    ["explain", "NET-01"],
    ["rules"],
    ["permissions"],
    ["nsg", "s.json"],
    ["check", "s.json"],
)


@pytest.mark.parametrize("command", PAGES, ids=lambda command: command[0])
@pytest.mark.parametrize("output", ["s.json", "link.json", "second.json", "settings.yaml", "settings.json", "h.db"])
def test_no_page_replaces_what_is_none(here: Path, command: list[str], output: str) -> None:
    before = Path(output).read_bytes()
    assert run([*command, "-o", output]) == 2
    assert Path(output).read_bytes() == before


@pytest.mark.parametrize("output", ["settings.yaml", "settings.json", "h.db"])
def test_no_snapshot_replaces_what_is_none(here: Path, output: str) -> None:
    before = Path(output).read_bytes()
    assert run(["import", "s.json", "-o", output]) == 2
    assert run(["snapshot", "--arm-endpoint", "https://127.0.0.1:1", "-o", output]) == 2
    assert run(["scan", "--arm-endpoint", "https://127.0.0.1:1", "--keep", output]) == 2
    assert Path(output).read_bytes() == before


def test_a_snapshot_may_be_taken_anew(here: Path) -> None:
    shutil.copy("s.json", "t.json")
    assert run(["import", "s.json", "-o", "t.json"]) == 0


@pytest.mark.parametrize("planted", ["link", "file"])
def test_what_stands_where_a_run_is_kept_is_left_alone(
    here: Path, planted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if planted == "link":
        Path("n.json.part").symlink_to("settings.yaml")
    else:
        Path("n.json.part").write_text("mine")
    with serving(small()) as standin:
        assert run(["snapshot", "--arm-endpoint", standin.url, "-o", "n.json"]) == 2
    assert "already exists" in capsys.readouterr().err
    assert Path("settings.yaml").read_text() == "fail_on: must\n"
    assert Path("n.json.part").read_text() in ("mine", "fail_on: must\n")


@pytest.mark.skipif(os.name != "posix", reason="signals are sent as POSIX has them")
def test_ctrl_c_while_it_starts_leaves_no_traceback(here: Path) -> None:
    # Python itself takes some 20 ms before a line of ours runs.
    for wait in (0.06, 0.09, 0.12, 0.16, 0.2):
        started = subprocess.Popen(
            [sys.executable, "-m", "auditor", "check", "s.json", "-o", "r.json"], stderr=subprocess.PIPE, text=True
        )
        time.sleep(wait)
        started.send_signal(signal.SIGINT)
        _, errors = started.communicate(timeout=60)
        assert "auditor/" not in errors.replace("\\", "/"), errors
        assert started.returncode in (-signal.SIGINT, 0, 1, 3)
