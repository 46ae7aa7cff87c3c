"""`auditor graph`: the picture in three forms, and what it refuses."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import networkx as nx
import pytest

from auditor.cli import run
from auditor.model import ExitCode
from auditor.snapshot import read_snapshot, write_snapshot
from tests import worlds


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reference deployment as a snapshot file."""
    path = tmp_path_factory.mktemp("snapshots") / "reference.json"
    write_snapshot(worlds.snapshot(), path)
    return path


def test_svg_is_what_it_draws_unasked(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["graph", str(stored)]) == ExitCode.HOLDS
    root = ET.fromstring(capsys.readouterr().out.encode())
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "OPEN 443" in [element.text for element in root.iter()]


@pytest.mark.parametrize(
    ("file", "options", "begins"),
    [
        ("a.svg", [], '<?xml version="1.0" encoding="UTF-8"?>\n<svg '),
        ("a.SVG", [], '<?xml version="1.0" encoding="UTF-8"?>\n<svg '),
        ("a.mmd", [], "---\ntitle: "),
        ("a.mermaid", [], "---\ntitle: "),
        ("a.graphml", [], '<?xml version="1.0" encoding="UTF-8"?>\n<graphml '),
        ("a.txt", [], '<?xml version="1.0" encoding="UTF-8"?>\n<svg '),
        ("a.txt", ["--format", "mermaid"], "---\ntitle: "),
        ("a.svg", ["--format", "graphml"], '<?xml version="1.0" encoding="UTF-8"?>\n<graphml '),
    ],
)
def test_the_ending_of_the_file_decides_unless_a_format_is_named(
    stored: Path, tmp_path: Path, file: str, options: list[str], begins: str
) -> None:
    assert run(["graph", str(stored), "-o", str(tmp_path / file), *options]) == ExitCode.HOLDS
    assert (tmp_path / file).read_text(encoding="utf-8").startswith(begins)


def test_a_dash_is_standard_output(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["graph", str(stored), "--format", "graphml", "-o", "-"]) == ExitCode.HOLDS
    assert len(nx.parse_graphml(capsys.readouterr().out)) > 300


def test_a_baseline_of_ones_own_is_asked(stored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        "extends: openai-chat\nbaseline: {name: own, version: '1'}\n"
        "overrides: {PUB-07: {disabled: true, reason: it is closed elsewhere}}\n",
        encoding="utf-8",
    )
    assert run(["graph", str(stored), "--format", "mermaid"]) == ExitCode.HOLDS
    before = capsys.readouterr().out
    code = run(["graph", str(stored), "--format", "mermaid", "--baseline", str(own)])
    told = capsys.readouterr()
    assert code == ExitCode.HOLDS, told.err
    assert told.out != before


def test_it_replaces_neither_the_snapshot_nor_what_else_it_is_made_from(
    stored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["graph", str(stored), "-o", str(stored)]) == ExitCode.USAGE
    assert "would replace what it is made from" in capsys.readouterr().err
    waivers = tmp_path / "waivers.yaml"
    waivers.write_text("format: auditor-waivers/1\nwaivers: []\n", encoding="utf-8")
    assert run(["graph", str(stored), "--waivers", str(waivers), "-o", str(waivers)]) == ExitCode.USAGE
    assert waivers.read_text(encoding="utf-8").startswith("format")
    assert read_snapshot(stored).documents


def test_a_file_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["graph", "nothing.json"]) == ExitCode.USAGE
    assert "nothing.json" in capsys.readouterr().err


def test_a_snapshot_without_a_workload_is_drawn_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "empty.json"
    write_snapshot(worlds.snapshot([]), path)
    assert run(["graph", str(path)]) == ExitCode.HOLDS
    assert "The estate of no workload" in capsys.readouterr().out


@pytest.mark.parametrize("form", ["svg", "graphml", "mermaid"])
def test_no_client_of_azure_is_loaded(stored: Path, form: str) -> None:
    script = (
        "import sys\nfrom auditor.cli import run\n"
        f"code = run(['graph', {str(stored)!r}, '--format', {form!r}, '-o', {str(stored.parent / form)!r}])\n"
        "bad = [m for m in sys.modules if m.split('.')[0] in ('azure', 'msal', 'requests', 'aiohttp')]\n"
        "sys.exit(code or len(bad))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
