"""`auditor check` of several snapshots: each comes out as by itself, and nothing is lost over a bad one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from auditor.cli import run
from auditor.commands.options.audit import AuditOptions
from auditor.commands.several.inputs import are_several, snapshots_in
from auditor.commands.several.joined import Joined, as_json, page
from auditor.commands.several.judge import Asked, CauseRow, Judged, WorkloadRow, result_names
from auditor.commands.several.run import in_order
from auditor.model import AuditorError, ExitCode
from auditor.snapshot import write_snapshot
from tests import worlds

NAMES = ("prod", "test")
WORLDS = {"prod": "reference-implementation", "test": "compliant"}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two snapshots in folders, with what lies beside them."""
    folder = tmp_path_factory.mktemp("fleet")
    for name in NAMES:
        (folder / "all" / name).mkdir(parents=True)
        write_snapshot(worlds.snapshot(name=WORLDS[name]), folder / "all" / name / "chat.json")
        (folder / "all" / name / "chat.json.sig.json").write_text("{}")
    (folder / "broken.json").write_text("{")
    return folder


@pytest.fixture
def here(fleet: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(fleet)
    return fleet


@pytest.fixture(scope="module")
def alone(fleet: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The result of each by itself."""
    target = tmp_path_factory.mktemp("alone") / "r.json"
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(fleet)
        for name in NAMES:
            run(["check", f"all/{name}/chat.json", "-q", "-o", str(target)])
            found[name] = target.read_bytes()
    return found


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_each_comes_out_as_by_itself(
    here: Path, alone: dict[str, bytes], jobs: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results, joined = tmp_path / "results", tmp_path / "joined.json"
    options = ["--jobs", jobs, "--results", str(results), "-o", str(joined)]
    assert run(["check", "all", *options]) == ExitCode.FAILS
    assert sorted(path.name for path in results.iterdir()) == ["all-prod-chat.result.json", "all-test-chat.result.json"]
    for name in NAMES:
        assert (results / f"all-{name}-chat.result.json").read_bytes() == alone[name]
    report = json.loads(joined.read_text())
    assert [each["path"] for each in report["snapshots"]] == ["all/prod/chat.json", "all/test/chat.json"]
    assert [each["verdict"] for each in report["snapshots"]] == ["fail", "pass"]
    assert capsys.readouterr().err == "2 snapshots: 1 hold, 1 fail\n"
    for each, name in zip(report["snapshots"], NAMES, strict=True):
        assert each["summary"] == json.loads(alone[name])["summary"]


def test_a_file_that_cannot_be_judged_is_named_and_costs_no_other(
    here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = ["broken.json", "all/test/chat.json", "missing.json"]
    assert run(["check", *files, "-q", "-o", str(tmp_path / "r.json")]) == ExitCode.USAGE
    report = json.loads((tmp_path / "r.json").read_text())
    assert [each["exit_code"] for each in report["snapshots"]] == [2, 0, 2]
    assert "broken.json:1:1" in report["snapshots"][0]["problem"]
    assert capsys.readouterr().err.count("error: ") == 2


def test_sarif_has_the_run_of_each(here: Path, tmp_path: Path) -> None:
    together, one = tmp_path / "all.sarif", tmp_path / "one.sarif"
    run(["check", "all", "-q", "--jobs", "1", "-o", str(together)])
    document = json.loads(together.read_text())
    assert document["version"] == "2.1.0"
    for name, found in zip(NAMES, document["runs"], strict=True):
        run(["check", f"all/{name}/chat.json", "-q", "-o", str(one)])
        (expected,) = json.loads(one.read_text())["runs"]
        assert found == expected


def test_options_of_one_snapshot_are_refused_in_a_sentence(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for options in (["--prove"], ["-o", "r.html"], ["--history", "h.db"]):
        assert run(["check", "all", *options]) == ExitCode.USAGE
        assert len(capsys.readouterr().err.splitlines()) <= 2
    assert run(["check", "all/test/chat.json", "--results", "x"]) == ExitCode.USAGE


def test_a_result_never_replaces_a_snapshot(here: Path, tmp_path: Path) -> None:
    shutil.copy("all/test/chat.json", tmp_path / "a.json")
    shutil.copy("all/test/chat.json", tmp_path / "a.result.json")
    files = [str(tmp_path / "a.json"), str(tmp_path / "a.result.json")]
    assert run(["check", *files, "-q", "--results", str(tmp_path)]) == ExitCode.USAGE


# --- which files ------------------------------------------------------------------------------------------------------


def test_folders_and_patterns_mean_the_snapshots_in_them(here: Path) -> None:
    both = (Path("all/prod/chat.json"), Path("all/test/chat.json"))
    assert snapshots_in([Path("all")]) == both
    assert snapshots_in([Path("all/*/*.json")]) == both
    assert snapshots_in([both[1], Path("all"), both[1]]) == (both[1], both[0])
    assert snapshots_in([here / "all" / "*" / "chat.json"]) == tuple(here / each for each in both)
    assert snapshots_in([Path("broken.json")]) == (Path("broken.json"),)
    with pytest.raises(AuditorError, match="there is no snapshot"):
        snapshots_in([Path("nothing*.json")])


def test_a_file_whose_name_reads_as_a_pattern_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("[1].json").write_text("{}")
    assert not are_several([Path("[1].json")])
    assert are_several([Path("[2].json")])
    assert are_several([Path()])


def test_names_of_results_are_all_different() -> None:
    paths = tuple(map(Path, ("a/s.json", "b/s.json", "c.json", "a-s.json", "/x/c2.json")))
    names = result_names(paths)
    assert len(set(names)) == len(paths)
    assert names[2] == "c.result.json"


# --- the seam ---------------------------------------------------------------------------------------------------------


def test_whatever_submits_will_do_and_answers_come_in_order(here: Path) -> None:
    files = [Path("all/test/chat.json"), Path("broken.json"), Path("missing.json"), Path("broken.json")]
    asked = Asked(AuditOptions(as_of=date(2026, 12, 1)))
    seen: list[tuple[int, int]] = []
    with ThreadPoolExecutor(2) as executor:
        found = list(in_order(files, asked, executor, 1, lambda done, of: seen.append((done, of))))
    assert [one.path for one in found] == [str(path) for path in files]
    assert [one.code for one in found] == [ExitCode.HOLDS, *[ExitCode.USAGE] * 3]
    assert seen == [(n, 4) for n in range(1, 5)]


def judged(path: str, code: ExitCode = ExitCode.FAILS, **fields: object) -> Judged:
    row = WorkloadRow(f"w-{path}", "openai-chat", "sub", {"high": 1}, 0, ("NET-01",))
    cause = CauseRow(f"Close {path}", "high", False, "", 1, ("NET-01",))
    made = Judged(path, code, "fail", "one fails", workloads=(row,), causes=(cause,), severities={"NET-01": "high"})
    return replace(made, **fields)  # type: ignore[arg-type]


def many() -> Iterator[Judged]:
    return (judged(f"{n}.json", run="x" * 100_000) for n in range(200))


def test_the_report_holds_no_run_of_sarif() -> None:
    joined = Joined()
    for one in many():
        joined.add(one)
    assert not any(one.run for one in joined.judged)
    (frequent,) = joined.frequent
    assert (frequent.id, frequent.workloads) == ("NET-01", 200)
    assert len(as_json(joined)["snapshots"]) == 200


def test_the_same_id_of_two_architectures_is_two_requirements() -> None:
    joined = Joined()
    joined.add(judged("a"))
    row = replace(judged("b").workloads[0], architecture="foundry-chat")
    joined.add(judged("b", workloads=(row,)))
    assert [(each.architecture, each.workloads) for each in joined.frequent] == [
        ("foundry-chat", 1),
        ("openai-chat", 1),
    ]


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ((0, 0), 0),
        ((0, 3), 3),
        ((3, 1), 1),
        ((1, 2, 0), 2),
        ((2, 4), 4),
    ],
)
def test_the_worst_exit_code_counts(codes: tuple[int, ...], expected: int) -> None:
    joined = Joined()
    for code in codes:
        joined.add(judged("s", ExitCode(code)))
    assert joined.code == expected


def test_causes_are_ranked_over_all_snapshots_as_within_one() -> None:
    joined = Joined()
    open_, optional = (
        CauseRow("open", "high", False, "internet", 1, ("A-1",)),
        CauseRow("optional", "critical", True, "internet", 9, ("B-1",)),
    )
    joined.add(judged("a", causes=(optional,)))
    joined.add(judged("b", causes=(replace(open_, exposure=""), open_)))
    assert [(one.path, cause.exposure) for one, cause in joined.causes] == [
        ("b", "internet"),
        ("b", ""),
        ("a", "internet"),
    ]


@pytest.mark.parametrize("width", [60, 80, 120, 300])
def test_lines_fit_and_figures_are_never_cut(width: int) -> None:
    joined = Joined()
    long = "folder/" * 12 + "snapshot.json"
    joined.add(judged(long))
    joined.add(Judged("bad\x1b[31m.json", ExitCode.USAGE, problem="bad\x1b[31m.json: is no snapshot"))
    lines = list(page(joined, width))
    table = lines[2:5]
    assert all(len(text) <= max(width, 96) for text in table)
    assert "snapshot.json" in table[1] or width < 100
    assert not any("\x1b" in text for text in lines)
