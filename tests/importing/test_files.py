"""Which files are read, and as of when."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from auditor.model import AuditorError
from auditor.snapshot.importing import gather
from auditor.snapshot.importing.files import inputs_of
from tests.builders.imports import A
from tests.builders.snapshots import written


def _tree(folder: Path) -> None:
    (folder / "sub" / "deep").mkdir(parents=True)
    for name in ("b.json", "a.JSONL", "c.txt", "sub/a.json", "sub/deep/z.ndjson", "json"):
        (folder / name).write_text("{}")


def test_a_folder_means_its_json_files_in_order_of_name(tmp_path: Path) -> None:
    _tree(tmp_path)
    names = [each.name.removeprefix(f"{tmp_path}/") for each in inputs_of([str(tmp_path)])]
    assert names == ["a.JSONL", "b.json", "sub/a.json", "sub/deep/z.ndjson"]


def test_links_are_followed_to_files_inside_and_nowhere_else(tmp_path: Path) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    _tree(inside)
    (tmp_path / "secret.json").write_text("{}")
    (inside / "loop").symlink_to(inside)
    (inside / "up.json").symlink_to(tmp_path / "secret.json")
    (inside / "away").symlink_to(tmp_path)
    (inside / "same.json").symlink_to(inside / "b.json")
    (inside / "dangling.json").symlink_to(inside / "nothing.json")
    names = [each.name.removeprefix(f"{inside}/") for each in inputs_of([str(inside)])]
    assert names == ["a.JSONL", "b.json", "same.json", "sub/a.json", "sub/deep/z.ndjson"]


def test_the_file_to_be_written_is_not_taken_from_the_folder(tmp_path: Path) -> None:
    _tree(tmp_path)
    names = [each.name for each in inputs_of([str(tmp_path)], leave_out=tmp_path / "sub" / ".." / "b.json")]
    assert str(tmp_path / "b.json") not in names
    assert len(names) == 3


def test_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    path = str(written(tmp_path))
    assert [each.name for each in inputs_of([path, "-", path, "-"])] == [path, "<stdin>"]


def test_a_folder_without_json_is_told(tmp_path: Path) -> None:
    with pytest.raises(AuditorError, match="holds no file that ends in"):
        inputs_of([str(tmp_path)])


def test_a_folder_that_cannot_be_entered_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Any) -> Any:
        raise PermissionError(13, "Permission denied", str(tmp_path))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(AuditorError, match="the folder cannot be read: Permission denied"):
        inputs_of([str(tmp_path)])


def test_a_missing_file_and_an_impossible_name_are_told(tmp_path: Path) -> None:
    for name, why in (("no.json", "there is no such file"), ("a\0b", "embedded null byte")):
        with pytest.raises(AuditorError, match=why):
            gather(inputs_of([f"{tmp_path}/{name}"]))


def test_the_time_is_that_of_the_newest_file(tmp_path: Path) -> None:
    for name, when in (("a.json", 1_700_000_000), ("b.json", 1_600_000_000)):
        (tmp_path / name).write_text(json.dumps(A))
        os.utime(tmp_path / name, (when, when))
    assert gather(inputs_of([str(tmp_path)])).snapshot.collected_at == "2023-11-14T22:13:20Z"


def test_a_time_beyond_the_calendar_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.json").write_text(json.dumps(A))
    really = Path.stat

    def late(self: Path, **named: Any) -> Any:
        found = list(really(self, **named))
        return os.stat_result([*found[:8], 10**12, found[9]]) if self.name == "a.json" else os.stat_result(found)

    monkeypatch.setattr(Path, "stat", late)
    with pytest.raises(AuditorError, match="the time of the file cannot be determined"):
        gather(inputs_of([str(tmp_path / "a.json")]))


def test_large_noise_is_refused_by_its_beginning(tmp_path: Path) -> None:
    for number, noise in enumerate((b'{"a": b', b"[" * 70_000, b"\xff\xff")):
        path = tmp_path / f"{number}.json"
        path.write_bytes(noise * (1 + (1 << 17) // len(noise)))
        with path.open("r+b") as stream:
            stream.truncate(200 << 20)
        with pytest.raises(AuditorError):
            gather(inputs_of([str(path)]))
