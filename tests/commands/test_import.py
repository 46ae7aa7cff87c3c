"""`auditor import` as a person runs it."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.cli import run
from auditor.snapshot import read_snapshot
from auditor.snapshot.atomic import replace_file
from tests.builders.snapshots import NSG, VNET, S

WORLD = Path(__file__).parents[1] / "fixtures" / "worlds" / "reference-implementation.json"
A = {"id": NSG, "name": "nsg", "properties": {"securityRules": []}}
B = {"id": VNET, "name": "vnet", "properties": {"subnets": []}}


def _put(path: Path, content: Any) -> str:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(path)


def test_the_reference_world_imports_whole_and_again_to_the_same_bytes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    assert run(["import", str(WORLD), "-o", str(first), "--as-of", "2026-11-22"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        f"imported 324 documents of 69 types from 1 file into {first}; 8 values redacted;"
        " whole: c65cdfc1-1be1-5ea1-99b9-17e05eaf5f13\n"
    )
    assert run(["import", str(first), "-o", str(second)]) == 0
    assert (
        capsys.readouterr().err == f"imported 324 documents of 69 types from 1 file into {second}; 0 values redacted\n"
    )
    assert second.read_bytes() == first.read_bytes()
    snapshot = read_snapshot(first)
    assert len(snapshot.documents) == 324
    assert (snapshot.collected_at, snapshot.source) == ("2026-11-22T00:00:00Z", "import")
    world = json.loads(WORLD.read_text(encoding="utf-8"))
    assert {each["id"] for each in snapshot.documents} == {each["id"] for each in world["documents"]}


def test_a_shuffled_world_in_pieces_gives_the_same_documents(tmp_path: Path) -> None:
    documents = json.loads(WORLD.read_text(encoding="utf-8"))["documents"]
    (tmp_path / "in").mkdir()
    for number in range(7):
        _put(tmp_path / "in" / f"{number}.json", documents[number::7][::-1])
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    assert run(["import", str(WORLD), "-o", str(first)]) == 0
    assert run(["import", str(tmp_path / "in"), "-o", str(second), "--complete"]) == 0
    assert read_snapshot(second).documents == read_snapshot(first).documents
    assert read_snapshot(second).reads == read_snapshot(first).reads


def test_what_the_files_do_not_prove_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bare = {"id": VNET, "name": "vnet", "type": "Microsoft.Network/virtualNetworks"}
    path = _put(tmp_path / "a.json", [A, bare])
    assert run(["import", path, "-o", str(tmp_path / "s.json")]) == 0
    warning, summary = capsys.readouterr().err.splitlines()
    assert warning.startswith(f"warning: {path}:1:{len(json.dumps(A)) + 4}: {VNET}: only its entry")
    assert summary == (
        f"imported 1 document of 1 type from 1 file into {tmp_path}/s.json; 0 values redacted;"
        " taken for whole lists: microsoft.network/networksecuritygroups;"
        " other absences prove nothing without --complete"
    )


def test_files_folders_and_standard_input_go_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    _put(tmp_path / "in" / "a.json", A)
    other = {**A, "id": NSG + "2"}
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps([other]).encode())))
    arguments = [str(tmp_path / "in"), _put(tmp_path / "b.json", B), "-", "-o", str(tmp_path / "s.json")]
    assert run(["import", *arguments, "--complete", "--as-of", "2026-01-02T03:04:05+01:00"]) == 0
    snapshot = read_snapshot(tmp_path / "s.json")
    assert [each["id"] for each in snapshot.documents] == [NSG, NSG + "2", VNET]
    assert snapshot.collected_at == "2026-01-02T02:04:05Z"
    assert "3 documents of 2 types from 3 files" in capsys.readouterr().err


def test_standard_input_is_as_old_as_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(A).encode())))
    assert run(["import", "-", "-o", str(tmp_path / "s.json")]) == 0
    assert read_snapshot(tmp_path / "s.json").collected_at > "2026"


@pytest.mark.parametrize("moment", ["yesterday", "2026-13-01", "", "2026-11-22T25:00:00", "0001-01-01T00:00:00+23:00"])
def test_a_time_that_is_none_is_bad_usage(tmp_path: Path, moment: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = _put(tmp_path / "a.json", A)
    assert run(["import", path, "-o", str(tmp_path / "s.json"), "--as-of", moment]) == 2
    assert "is no time such as 2026-11-22" in capsys.readouterr().err
    assert not (tmp_path / "s.json").exists()


@pytest.mark.parametrize("arguments", [[], ["x.json"], ["-o", "s.json"]])
def test_a_missing_argument_is_bad_usage(arguments: list[str]) -> None:
    assert run(["import", *arguments]) == 2


def test_a_bad_file_ends_with_2_one_sentence_and_a_tip_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "s.json").write_text("old")
    path = _put(tmp_path / "a.json", '[{"id": "/x"},\n {"id": ')
    assert run(["import", path, "-o", str(tmp_path / "s.json")]) == 2
    assert capsys.readouterr().err == (
        f"error: {path}:2:9: the file ends before the object of line 2 is closed\n"
        "  tip: the file was cut off: collect or export it again\n"
    )
    assert (tmp_path / "s.json").read_text() == "old"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.json", "s.json"]


def test_many_whole_subscriptions_are_counted_not_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    groups = [{"id": f"/subscriptions/{n}/resourceGroups/g", "properties": {}} for n in range(5)]
    path = _put(tmp_path / "a.json", groups)
    assert run(["import", path, "-o", str(tmp_path / "s.json"), "--complete"]) == 0
    assert capsys.readouterr().err.endswith("; whole: 5 subscriptions\n")


def test_an_export_is_not_overwritten_by_the_snapshot_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _put(tmp_path / "a.json", A)
    assert run(["import", path, "-o", str(tmp_path / "." / "a.json")]) == 2
    assert "this is one of the files to import" in capsys.readouterr().err
    assert json.loads((tmp_path / "a.json").read_text()) == A


def test_a_snapshot_may_be_put_right_in_its_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _put(tmp_path / "a.json", A)
    out = str(tmp_path / "s.json")
    assert run(["import", path, "-o", out]) == 0
    text = (tmp_path / "s.json").read_text()
    _put(tmp_path / "s.json", text.replace('"nsg"', '"renamed"'))
    capsys.readouterr()
    assert run(["import", out, "-o", out]) == 0
    assert capsys.readouterr().err.startswith(f"warning: {out}:1:1: this snapshot was edited since it was written\n")
    assert read_snapshot(out).documents[0]["name"] == "renamed"


def test_importing_a_folder_into_itself_twice_gives_the_same(tmp_path: Path) -> None:
    _put(tmp_path / "a.json", A)
    command = ["import", str(tmp_path), "-o", str(tmp_path / "s.json"), "--as-of", "2026-11-22"]
    assert run(command) == 0
    first = (tmp_path / "s.json").read_bytes()
    assert run(command) == 0
    assert (tmp_path / "s.json").read_bytes() == first


def test_an_output_that_cannot_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _put(tmp_path / "a.json", A)
    assert run(["import", path, "-o", str(tmp_path / "no" / "s.json")]) == 2
    assert "its folder does not exist" in capsys.readouterr().err


def test_progress_is_shown_on_a_terminal_and_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _put(tmp_path / "a.json", A)
    assert run(["import", path, "-o", str(tmp_path / "s.json")]) == 0
    assert "reading" not in capsys.readouterr().err
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert run(["import", path, "-o", str(tmp_path / "s.json")]) == 0
    err = capsys.readouterr().err
    assert err.startswith(f"\r\x1b[Kreading file 1: {path}\r\x1b[K")
    assert err.endswith("--complete\n")


def test_help_says_what_complete_means(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["import", "--help"]) == 0
    assert "These files hold everything of the subscriptions they mention" in " ".join(capsys.readouterr().out.split())


SHAPES = [
    json.dumps({"value": [A, B], "nextLink": "https://x" + S + "/providers/Microsoft.Network/virtualNetworks"}),
    json.dumps({"data": {"columns": [{"name": "id"}, {"name": "properties"}], "rows": [[NSG, {}]]}}),
    json.dumps({"changes": [{"resourceId": VNET, "changeType": "Modify", "after": B, "before": None}]}),
    json.dumps([{**A, "resourceGroup": "rg", "subnets": [{"id": VNET, "resourceGroup": "rg"}]}]),
    json.dumps({"format": "arm-world/1", "subscriptionId": "s", "documents": [A]}),
]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shape=st.sampled_from(SHAPES), data=st.data())
def test_whatever_is_damaged_there_is_never_a_traceback(tmp_path: Path, shape: str, data: st.DataObject) -> None:
    text = shape.encode()
    start, end = sorted(data.draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
    piece = data.draw(st.one_of(st.binary(max_size=6), st.sampled_from([b"null", b"[]", b"{}", b"0", b'"x"'])))
    replace_file(tmp_path / "a.json", [text[:start], piece, text[end if end - start < 40 else start :]])
    assert run(["import", str(tmp_path / "a.json"), "-o", str(tmp_path / "s.json"), "--complete"]) in (0, 2)
    if (tmp_path / "s.json").exists():
        read_snapshot(tmp_path / "s.json")
