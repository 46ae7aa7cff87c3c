"""Writing a snapshot: one form, whole or not at all."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auditor.model import AuditorError, Read
from auditor.snapshot import read_snapshot, sealed, write_snapshot
from auditor.snapshot.atomic import replace_file
from tests.builders.snapshots import (
    NSG,
    VNET,
    S,
    snapshot,
    written,
)


def test_the_file_has_one_form_from_the_first_byte_to_the_last(tmp_path: Path) -> None:
    text = written(tmp_path, {"id": S, "z": 1, "a": ["é", {}, []]}, reads=()).read_text(encoding="ascii")
    sha256 = json.loads(text)["sha256"]
    assert text == textwrap.dedent(
        f"""\
        {{
          "format": "auditor-snapshot/1",
          "collected_at": "2026-11-22T10:00:00Z",
          "source": "azure",
          "cloud": "AzurePublicCloud",
          "tenant": "t",
          "subscriptions": [
            "0f0f0f0f-0000-4000-8000-000000000001"
          ],
          "resource_groups": [],
          "complete": true,
          "sha256": "{sha256}",
          "reads": [],
          "documents": [
            {{
              "id": "{S}",
              "z": 1,
              "a": [
                "\\u00e9",
                {{}},
                []
              ]
            }}
          ]
        }}
        """
    )


def test_documents_are_sorted_by_id_without_letter_case_and_keep_the_order_of_their_keys(tmp_path: Path) -> None:
    path = written(tmp_path, {"z": 1, "id": "/B"}, {"id": "/a", "b": 1, "a": 2}, {"id": "/C"})
    documents = read_snapshot(path).documents
    assert [each["id"] for each in documents] == ["/a", "/B", "/C"]
    assert [list(each) for each in documents] == [["id", "b", "a"], ["z", "id"], ["id"]]


def test_an_empty_snapshot_can_be_written_and_read(tmp_path: Path) -> None:
    write_snapshot(replace(snapshot(), documents=(), reads=()), tmp_path / "s.json")
    assert read_snapshot(tmp_path / "s.json").documents == ()


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"documents": tuple(reversed(snapshot().documents))}, True),
        # how long Azure took says nothing about what it answered
        ({"reads": (replace(snapshot().reads[0], seconds=99.0),)}, True),
        # reads of a parallel collection come back in any order
        ({"subscriptions": (*snapshot().subscriptions, S.rpartition("/")[2].upper())}, True),
        ({"documents": ({**snapshot().documents[0], "name": "other"}, snapshot().documents[1])}, False),
        ({"documents": snapshot().documents[:1]}, False),
        ({"reads": (replace(snapshot().reads[0], status=403, error="AuthorizationFailed"),)}, False),
        ({"reads": ()}, False),
        # the age of secrets is told by it
        ({"collected_at": "2026-11-23T10:00:00Z"}, False),
        ({"complete": False}, False),
        ({"tenant": "u"}, False),
        ({"cloud": "AzureUSGovernment"}, False),
        ({"source": "import"}, False),
        ({"resource_groups": ("rg",)}, False),
    ],
)
def test_the_hash_changes_with_what_a_verdict_can_rest_on_and_with_nothing_else(
    changes: dict[str, Any], same: bool
) -> None:
    assert (sealed(replace(snapshot(), **changes)).sha256 == sealed(snapshot()).sha256) is same


def test_reads_that_came_back_in_another_order_give_the_same_file(tmp_path: Path) -> None:
    reads = tuple(Read(path, "v", 200, covers, S) for path, covers in (("/b", "x/y"), ("/A", "x/z"), ("/a", "x/y")))
    first = written(tmp_path, reads=reads).read_bytes()
    assert written(tmp_path, reads=reads[::-1]).read_bytes() == first


def test_the_fields_that_reads_had_not_always_are_written_where_they_say_something(tmp_path: Path) -> None:
    """So files of before have the hash that they state, and what has nothing to say of principals is as it was."""
    plain, told = Read("/a", "v", 200, "x/y", S), Read("/b", "v", 200, "x/z", S, about="p", shows=("/one", "/two"))
    path = written(tmp_path, reads=(plain, told))
    first, second = json.loads(path.read_text())["reads"]
    assert not {"about", "shows"} & first.keys()
    assert (second["about"], second["shows"]) == ("p", ["/one", "/two"])
    assert read_snapshot(path).reads == (plain, told)


def test_write_snapshot_answers_the_hash_that_the_file_states(tmp_path: Path) -> None:
    sha256 = write_snapshot(snapshot(), tmp_path / "s.json")
    assert json.loads((tmp_path / "s.json").read_text())["sha256"] == sha256 == sealed(snapshot()).sha256


def test_the_hash_can_be_computed_by_anyone_who_reads_the_documentation(tmp_path: Path) -> None:
    import hashlib

    state = json.loads(written(tmp_path).read_text())
    documents, sha256 = state.pop("documents"), state.pop("sha256")
    for read in state["reads"]:
        del read["seconds"]
    lines = [json.dumps(each, sort_keys=True, separators=(",", ":")) for each in (state, *documents)]
    assert hashlib.sha256("".join(line + "\n" for line in lines).encode()).hexdigest() == sha256


@pytest.mark.parametrize(
    ("documents", "complaint"),
    [
        (({"id": NSG}, {"id": NSG.upper() + "/"}), "two documents have the id"),
        (({"name": "x"},), "a document has no id"),
        (({"id": ""},), "a document has no id"),
        (({"id": NSG, "n": float("nan")},), "not JSON compliant"),
    ],
)
def test_what_only_a_mistake_of_the_program_can_bring_is_refused(
    tmp_path: Path, documents: tuple[dict[str, Any], ...], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        write_snapshot(snapshot(*documents), tmp_path / "s.json")
    assert list(tmp_path.iterdir()) == []


def test_a_document_that_could_not_be_read_back_is_not_written(tmp_path: Path) -> None:
    deep: Any = 1
    for _ in range(101):
        deep = [deep]
    with pytest.raises(ValueError, match="deeper than 100 levels"):
        write_snapshot(snapshot({"id": NSG, "deep": deep}), tmp_path / "s.json")


# --- whole or not at all ---------------------------------------------------------------------------------------------


class _StopError(BaseException):
    """Stands for Ctrl-C, which is no `Exception`."""


def _broken() -> Iterator[bytes]:
    yield b"half a file"
    raise _StopError


def _folder_state(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def test_an_interruption_keeps_the_old_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_bytes(b"old")
    with pytest.raises(_StopError):
        replace_file(tmp_path / "s.json", _broken())
    assert _folder_state(tmp_path) == {"s.json": b"old"}


@pytest.mark.parametrize("call", ["fsync", "link", "replace"])
def test_a_failing_disk_keeps_the_old_file_and_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "s.json").write_bytes(b"old")
    monkeypatch.setattr(os, call, full)
    if call == "link" and not hasattr(os, "O_TMPFILE"):
        pytest.skip("this system has no files without a name")
    with pytest.raises(AuditorError, match=r"s\.json: cannot be written: No space left on device"):
        write_snapshot(snapshot(), tmp_path / "s.json")
    assert _folder_state(tmp_path) == {"s.json": b"old"}


def test_a_system_without_unnamed_files_is_served_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    with pytest.raises(_StopError):
        replace_file(tmp_path / "s.json", _broken())
    assert _folder_state(tmp_path) == {}
    write_snapshot(snapshot(), tmp_path / "s.json")
    assert [each.name for each in tmp_path.iterdir()] == ["s.json"]
    assert len(read_snapshot(tmp_path / "s.json").documents) == 2


def test_a_file_system_that_refuses_unnamed_files_is_served_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = os.open

    def picky(path: Any, flags: int, *rest: Any, **named: Any) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(95, "Operation not supported")
        return really(path, flags, *rest, **named)

    monkeypatch.setattr(os, "open", picky)
    write_snapshot(snapshot(), tmp_path / "s.json")
    monkeypatch.undo()
    assert len(read_snapshot(tmp_path / "s.json").documents) == 2


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="only a file without a name survives a kill unseen")
def test_a_kill_in_mid_write_keeps_the_old_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_bytes(b"old")
    script = """
        import sys, time
        from pathlib import Path
        from auditor.snapshot.atomic import replace_file
        def chunks():
            yield b"x" * (4 << 20)
            print("writing", flush=True)
            time.sleep(60)
        replace_file(Path(sys.argv[1]), chunks())
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path / "s.json")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"writing\n"
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    assert _folder_state(tmp_path) == {"s.json": b"old"}


def test_the_file_gets_the_rights_that_any_new_file_gets(tmp_path: Path) -> None:
    path = written(tmp_path)
    (tmp_path / "plain").touch()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)


@pytest.mark.parametrize("rights", [0o600, 0o640, 0o664])
def test_what_takes_the_place_of_a_file_is_readable_by_the_same_people(rights: int, tmp_path: Path) -> None:
    (tmp_path / "s.json").touch()
    (tmp_path / "s.json").chmod(rights)
    assert stat.S_IMODE(written(tmp_path).stat().st_mode) == rights


def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "s.json").symlink_to(tmp_path / "real" / "target.json")
    path = written(tmp_path)
    assert path.is_symlink()
    assert len(read_snapshot(tmp_path / "real" / "target.json").documents) == 2


def test_a_device_is_written_to_and_never_replaced() -> None:
    before = Path("/dev/null").stat()
    write_snapshot(snapshot(), "/dev/null")
    after = Path("/dev/null").stat()
    assert (before.st_ino, before.st_rdev) == (after.st_ino, after.st_rdev)


def test_a_pipe_gets_the_text(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(["cat", str(tmp_path / "pipe")], stdout=subprocess.PIPE) as reader:
        time.sleep(0.05)
        write_snapshot(snapshot(), tmp_path / "pipe")
        assert reader.stdout is not None
        text = reader.stdout.read()
    assert json.loads(text)["format"] == "auditor-snapshot/1"
    assert VNET.encode() in text


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("no/such/s.json", "cannot be written: its folder does not exist"),
        ("folder", "cannot be written: it is a folder"),
        ("a\0b", "cannot be written: .*embedded null "),
        ("n" * 300, "cannot be written: File name too long"),
        ("file/s.json", "cannot be written: Not a directory"),
    ],
)
def test_a_place_that_cannot_be_written_is_told(tmp_path: Path, where: str, message: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(AuditorError, match=message) as caught:
        write_snapshot(snapshot(), f"{tmp_path}/{where}")
    assert caught.value.tip
    assert caught.value.exit_code == 2
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file", "folder"]
