"""Reading a snapshot: every fault ends in one sentence with file, line, column, and what to do."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.model import ArmId
from auditor.snapshot import read_snapshot
from auditor.snapshot.diagnose import fault_in_beginning
from auditor.snapshot.text import Text, shown
from tests.builders.snapshots import (
    NSG,
    VNET,
    message,
    refusal,
    snapshot,
    written,
)

Edit = Callable[[str], str]


def test_what_was_written_is_read(tmp_path: Path) -> None:
    read = read_snapshot(written(tmp_path))
    assert read.documents == tuple(sorted(snapshot().documents, key=lambda each: each["id"].casefold()))
    assert read.reads == snapshot().reads
    assert (read.collected_at, read.source, read.cloud, read.tenant) == (
        "2026-11-22T10:00:00Z",
        "azure",
        "AzurePublicCloud",
        "t",
    )
    assert (read.subscriptions, read.resource_groups, read.complete) == (snapshot().subscriptions, (), True)
    assert read.path == str(tmp_path / "s.json")
    assert {read.text[offset] for offset in read.offsets.values()} == {"{"}
    assert set(read.offsets) == {ArmId(NSG), ArmId(VNET)}


def _change(old: str, new: str) -> Edit:
    def edit(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return edit


def _cut(before: str) -> Edit:
    return lambda text: text[: text.index(before)]


FAULTS: list[tuple[str, Edit, str]] = [
    # what is no snapshot is told by its beginning, with the way on
    ("nothing", lambda _: "", "s.json: the file is empty"),
    ("blanks", lambda _: " \n\t\r\n", "s.json: the file is empty"),
    ("prose", lambda _: "hello", "s.json:1:1: this is no JSON"),
    (
        "a list",
        lambda _: "[1]",
        's.json:1:1: this is no snapshot: it does not begin with "format": "auditor-snapshot/1"',
    ),
    (
        "an answer of az",
        lambda _: '{"value": []}',
        's.json:1:1: this is no snapshot: it does not begin with "format": "auditor-snapshot/1"',
    ),
    ("a world", _change("auditor-snapshot/1", "arm-world/1"), 's.json:2:14: this is no snapshot but "arm-world/1"'),
    (
        "a later version",
        _change("auditor-snapshot/1", "auditor-snapshot/2"),
        's.json:2:14: this snapshot has the format version "2"; this auditor reads version 1',
    ),
    (
        "no version",
        _change("auditor-snapshot/1", "auditor-snapshot"),
        's.json:2:14: this snapshot has the format version ""; this auditor reads version 1',
    ),
    # a copy that ended early
    (
        "cut in a key",
        _cut('llected_at"'),
        "s.json:3:6: the file ends in the middle of the string that begins on line 3",
    ),
    ("cut before a colon", _cut(': "azure"'), "s.json:4:11: the file ends here, where a colon has to follow"),
    ("cut in a word", _cut("ue,\n"), "s.json:11:17: the file ends too early"),
    (
        "cut in a document",
        _cut(',\n      "properties": {\n        "securityRules"'),
        "s.json:30:20: the file ends before the object of line 28 is closed",
    ),
    (
        "cut in a list",
        _cut("\n          ]"),
        "s.json:41:26: the file ends before the list of line 40 is closed",
    ),
    (
        "cut between documents",
        _cut(f'    {{\n      "id": "{VNET}"'),
        "s.json:35:1: the file ends here, where a value has to follow",
    ),
    ("cut at the end", lambda text: text[:-2], "s.json:47:1: the file ends here, where a comma or } has to follow"),
    (
        "cut in an escape",
        lambda text: text[: text.index('"nsg"')] + '"\\u00',
        "s.json:30:20: the file ends in the middle of the string that begins on line 30",
    ),
    # JSON that is none
    ("a missing comma", _change('"nsg",', '"nsg"'), 's.json:31:7: expected a comma or } here, but found """'),
    (
        "a comma too many",
        _change('"nsg",', '"nsg",,'),
        's.json:30:21: expected a key in double quotes here, but found ","',
    ),
    (
        "a comma at the end",
        _change('[\n            "10', '[,\n            "10'),
        's.json:40:31: expected a value here, but found ","',
    ),
    (
        "a comma before the end",
        _change("]\n      }", "],\n      }"),
        's.json:33:7: expected a key in double quotes here, but found "}"',
    ),
    ("a missing colon", _change('"name": "nsg"', '"name" "nsg"'), 's.json:30:14: expected a colon here, but found """'),
    (
        "a key without quotes",
        _change('"name": "nsg"', 'name: "nsg"'),
        's.json:30:7: expected a key in double quotes here, but found "n"',
    ),
    ("the wrong bracket", _change("]\n      }", "}\n      }"), 's.json:32:27: expected a value here, but found "}"'),
    ("an unknown word", _change('"nsg",', "nsg,"), 's.json:30:15: expected a value here, but found "n"'),
    (
        "a first key without quotes",
        _change('"id": "/', 'id: "/'),
        's.json:29:7: expected a key in double quotes here, but found "i"',
    ),
    (
        "a key of the envelope without quotes",
        _change('"tenant"', "tenant"),
        's.json:6:3: expected a key in double quotes here, but found "t"',
    ),
    ("a single quote", _change('"nsg",', "'nsg',"), 's.json:30:15: expected a value here, but found "\'"'),
    (
        "a comment",
        _change('"nsg",', '"nsg", // hm'),
        's.json:30:22: expected a key in double quotes here, but found "/"',
    ),
    ("a leading zero", _change('"nsg",', "01,"), 's.json:30:16: expected a comma or } here, but found "1"'),
    (
        "a line end in a string",
        _change('"nsg",', '"n\nsg",'),
        "s.json:30:17: a string holds a raw control character or line end",
    ),
    ("an unknown escape", _change('"nsg",', '"n\\sg",'), 's.json:30:17: "\\s" is no escape that JSON knows'),
    ("NaN", _change('"nsg",', "NaN,"), "s.json:30:15: NaN is no JSON number"),
    ("minus infinity", _change('"nsg",', "-Infinity,"), "s.json:30:15: -Infinity is no JSON number"),
    (
        "a number beyond floats",
        _change('"nsg",', "1e999,"),
        "s.json:30:15: this number is too large to be one of Azure's",
    ),
    (
        "a number of 5,000 digits",
        _change('"nsg",', "9" * 5000 + ","),
        "s.json:30:15: this number is too large to be one of Azure's",
    ),
    (
        "a key twice",
        _change('"name": "nsg",', '"name": "nsg",\n      "x": 1, "name": "nsg",'),
        's.json:31:15: the key "name" comes twice; it is on line 30 already',
    ),
    (
        "a key twice, escaped once",
        _change('"name": "nsg",', '"name": "nsg", "n\\u0061me": 1,'),
        's.json:30:22: the key "name" comes twice; it is on line 30 already',
    ),
    (
        "an envelope key twice",
        _change('"cloud"', '"source": "azure",\n  "cloud"'),
        's.json:5:3: the key "source" comes twice',
    ),
    (
        "a bomb of lists",
        _change('"nsg",', "[" * 100_000),
        "s.json:30:112: objects and lists are nested deeper than 100 levels",
    ),
    (
        "a closed bomb of objects",
        _change('"nsg",', '{"a":' * 150 + "1" + "}" * 150 + ","),
        "s.json:30:510: objects and lists are nested deeper than 100 levels",
    ),
    ("something behind", lambda text: text + "{}", "s.json:48:1: something follows after the end of the snapshot"),
    # fields
    ("a missing field", _change('  "tenant": "t",\n', ""), 's.json:1:1: the snapshot has no field "tenant"'),
    (
        "no documents",
        lambda text: re.sub(r',\n  "documents": .*', "\n}\n", text, flags=re.DOTALL),
        's.json:1:1: the snapshot has no field "documents"',
    ),
    ("an unknown field", _change('"tenant"', '"tenat"'), 's.json:6:3: a snapshot has no field "tenat"'),
    (
        "text for a list",
        _change('"resource_groups": []', '"resource_groups": "rg"'),
        's.json:10:22: "resource_groups" has to be a list of texts',
    ),
    (
        "numbers in a list",
        _change('"resource_groups": []', '"resource_groups": [1]'),
        's.json:10:22: "resource_groups" has to be a list of texts',
    ),
    (
        "text for a truth value",
        _change('"complete": true', '"complete": "yes"'),
        's.json:11:15: "complete" has to be true or false',
    ),
    ("a number for a text", _change('"tenant": "t"', '"tenant": 7'), 's.json:6:13: "tenant" has to be text'),
    ("null for a text", _change('"tenant": "t"', '"tenant": null'), 's.json:6:13: "tenant" has to be text'),
    (
        "a time in another form",
        _change("2026-11-22T10:00:00Z", "22.11.2026"),
        's.json:3:19: "collected_at" has to be a time in UTC such as 2026-11-22T10:00:00Z',
    ),
    (
        "documents that are an object",
        lambda text: text[: text.index('"documents": [')] + '"documents": {}}',
        's.json:27:16: expected a [ here, but found "{"',
    ),
    (
        "reads that are a number",
        lambda text: text[: text.index('"reads": [')] + '"reads": 3}',
        's.json:13:12: expected a [ here, but found "3"',
    ),
    (
        "a read that is a text",
        _change('"reads": [\n    {', '"reads": [\n    "x", {'),
        's.json:14:5: expected a { here, but found """',
    ),
    ("an unknown field of a read", _change('"covers"', '"cover"'), 's.json:18:7: a read has no field "cover"'),
    (
        "a missing field of a read",
        _change('      "covers": "microsoft.network/virtualnetworks",\n', ""),
        's.json:14:5: this read has no field "covers"',
    ),
    (
        "a status in words",
        _change('"status": 200', '"status": "200"'),
        's.json:17:17: "status" has to be a whole number',
    ),
    (
        "a status that is a truth value",
        _change('"status": 200', '"status": true'),
        's.json:17:17: "status" has to be a whole number',
    ),
    ("a negative count", _change('"count": 1', '"count": -1'), 's.json:20:16: "count" has to be a whole number'),
    ("seconds in words", _change('"seconds": 0.25', '"seconds": "0.25"'), 's.json:21:18: "seconds" has to be a number'),
    (
        "a principal that is a number",
        _change('"seconds": 0.25', '"seconds": 0.25, "about": 1'),
        's.json:21:33: "about" has to be text',
    ),
    (
        "what an answer shows as a text",
        _change('"seconds": 0.25', '"seconds": 0.25, "shows": "/a"'),
        's.json:21:33: "shows" has to be a list of texts',
    ),
    # documents
    (
        "a document that is a number",
        _change('"documents": [', '"documents": [1,'),
        "s.json:27:17: a document has to be an object",
    ),
    (
        "a document without an id",
        _change(f'"id": "{NSG}"', '"ID": "x"'),
        "s.json:28:5: this document has no id that begins with /",
    ),
    (
        "an id that is null",
        _change(f'"id": "{NSG}"', '"id": null'),
        "s.json:28:5: this document has no id that begins with /",
    ),
    (
        "an id without a slash",
        _change(f'"id": "{NSG}"', '"id": "nsg"'),
        "s.json:28:5: this document has no id that begins with /",
    ),
    (
        "an id twice",
        _change(VNET, NSG.upper() + "/"),
        f's.json:35:5: the document "{NSG.upper()}/" is on line 28 already (letter case does not count)',
    ),
    # what was changed by hand
    (
        "another value",
        _change('"nsg"', '"other"'),
        "s.json:12:13: the content is not what was written: its hash differs",
    ),
    (
        "a document less",
        lambda text: re.sub(r",\n    \{\n      \"id\": \"[^\"]*vnet\".*?\n    \}", "", text, flags=re.DOTALL),
        "s.json:12:13: the content is not what was written: its hash differs",
    ),
    (
        "another hash",
        lambda text: re.sub(r'"[0-9a-f]{64}"', '"0"', text),
        "s.json:12:13: the content is not what was written: its hash differs",
    ),
]


@pytest.mark.parametrize(("edit", "expected"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
def test_a_fault_is_told_with_file_line_and_column(tmp_path: Path, edit: Edit, expected: str) -> None:
    path = written(tmp_path)
    path.write_text(edit(path.read_text()))
    problem = refusal(path)
    assert problem.message.replace(f"{tmp_path}/", "") == expected
    assert problem.tip
    assert problem.exit_code == 2
    assert "\n" not in problem.message + problem.tip


BYTES: list[tuple[str, bytes, str]] = [
    ("a picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "s.json: byte 8: this is no text file: it holds a zero byte"),
    (
        "Latin 1",
        b'{"format": "caf\xe9"}',
        "s.json: byte 15: this is no text file: it holds the byte 0xe9, which is no UTF-8",
    ),
    ("a surrogate", b"\xed\xa0\x80", "s.json: byte 0: this is no text file: it holds the byte 0xed, which is no UTF-8"),
    (
        "a cut character",
        b'{"a": "\xe2\x82',
        "s.json: byte 7: this is no text file: it holds the byte 0xe2, which is no UTF-8",
    ),
    ("a UTF-8 mark", b"\xef\xbb\xbf{}", "s.json:1:1: the file begins with the byte order mark of UTF-8"),
    (
        "UTF-16, little end first",
        "{}".encode("utf-16-le").join([b"\xff\xfe", b""]),
        "s.json:1:1: the file begins with the byte order mark of UTF-16",
    ),
    ("UTF-16, big end first", b"\xfe\xff\0{\0}", "s.json:1:1: the file begins with the byte order mark of UTF-16"),
]


@pytest.mark.parametrize(("data", "expected"), [each[1:] for each in BYTES], ids=[each[0] for each in BYTES])
def test_bytes_that_are_no_snapshot_are_told(tmp_path: Path, data: bytes, expected: str) -> None:
    (tmp_path / "s.json").write_bytes(data)
    assert message(tmp_path / "s.json") == expected


def test_a_bad_byte_far_behind_is_found_too(tmp_path: Path) -> None:
    path = written(tmp_path, {"id": NSG, "x": "a" * 100_000})
    data = path.read_bytes()
    path.write_bytes(data[:90_000] + b"\xff" + data[90_001:])
    assert message(path) == "s.json: byte 90000: this is no text file: it holds the byte 0xff, which is no UTF-8"


def test_a_character_that_the_first_piece_cuts_is_none_the_worse(tmp_path: Path) -> None:
    path = written(tmp_path, {"id": NSG, "x": "a" * 100_000})
    text = path.read_text()
    for shift in range(4):
        # the head ends within the euro sign, whichever of its bytes that is
        at = 65_534 - shift
        path.write_text(text[:at] + "€" + text[at + 1 :], encoding="utf-8")
        assert "its hash differs" in message(path)


def test_the_beginning_of_sound_json_is_sound_wherever_it_ends() -> None:
    sound = r"""{"a": [0.051, -1.5e-05, 1E+3, -0, true, false, null, "\u00e9\ud83d\n\"", {"k": {}, "e": [], "": 12}]}"""
    wrong = [sound[:end] for end in range(1, len(sound)) if fault_in_beginning(Text("s.json", sound[:end]))]
    assert wrong == []


@pytest.mark.parametrize(
    "noise", [b"\xde\xad\xbe\xef", b"A", b" ", b'{"a": ', b"[", b'{"format": "auditor-snapshot/1" ']
)
def test_200_megabytes_of_noise_are_refused_without_being_read(tmp_path: Path, noise: bytes) -> None:
    path = tmp_path / "s.json"
    size = 200 << 20
    with path.open("wb") as stream:
        stream.write(noise * ((1 << 17) // len(noise)))
        stream.truncate(size)
    start = time.process_time()
    problem = refusal(path)
    assert time.process_time() - start < 0.5
    assert problem.exit_code == 2


def test_an_endless_device_is_refused() -> None:
    assert refusal(Path("/dev/zero")).message == "/dev/zero: byte 0: this is no text file: it holds a zero byte"


def test_a_file_larger_than_any_snapshot_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditor.snapshot.text.LARGEST", 1 << 20)
    path = written(tmp_path, {"id": NSG, "x": "a" * (1 << 20)})
    assert message(path) == "s.json: the file is larger than 1 MiB, more than any deployment needs"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("missing.json", "missing.json: there is no such file"),
        ("folder", "folder: this is a folder"),
        ("file/s.json", "file/s.json: the file cannot be read: Not a directory"),
        ("loop", "loop: the file cannot be read: Too many levels of symbolic links"),
        ("n" * 300, "n" * 300 + ": the file cannot be read: File name too long"),
        ("a\0b", "a\\x00b: the file cannot be read: embedded null byte"),
    ],
)
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, name: str, expected: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    problem = refusal(tmp_path / name)
    assert problem.message.replace(f"{tmp_path}/", "") == expected
    assert problem.tip


def test_a_file_without_the_right_to_read_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = written(tmp_path)
    monkeypatch.setattr(Path, "open", refuse)
    assert message(path) == "s.json: you have no right to read this file"


# --- what may differ ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "form",
    [
        lambda text: text.replace("\n", "\r\n"),  # git on Windows
        lambda text: json.dumps(json.loads(text), ensure_ascii=False),
        lambda text: json.dumps(json.loads(text), indent=7) + "\n\n",
        lambda text: re.sub(r'"seconds": [0-9.]+', '"seconds": 12', text),
    ],
)
def test_another_layout_is_the_same_snapshot(tmp_path: Path, form: Edit) -> None:
    path = written(tmp_path, {"id": NSG, "name": "gruß €"})
    path.write_text(form(path.read_text()), encoding="utf-8", newline="")
    assert read_snapshot(path).documents == ({"id": NSG, "name": "gruß €"},)


def test_numbers_and_odd_texts_survive(tmp_path: Path) -> None:
    odd = {"id": NSG, "values": [0, -1, 10**40, 1.5, 1e-7, -0.0, True, None, "\ud800", "\u2028", '"\\', "\x1b[31m", ""]}
    again = read_snapshot(written(tmp_path, odd)).documents[0]
    assert again == odd
    assert str(again["values"][5]) == "-0.0"
    assert again["values"][6] is True


def test_a_thousand_levels_inside_the_limit_of_each_document_are_no_bomb(tmp_path: Path) -> None:
    deep: object = "end"
    for _ in range(98):
        deep = {"a": [deep]} if isinstance(deep, str) else [deep]
    assert read_snapshot(written(tmp_path, {"id": NSG, "deep": deep})).documents[0]["deep"] == deep


def test_a_message_can_neither_act_on_the_terminal_nor_fill_it() -> None:
    assert shown("a\x1b[2Jb\u202ec\n") == '"a\\x1b[2Jb\\u202ec\\n"'
    assert len(shown("x" * 10_000)) == 122


def test_a_file_name_cannot_act_on_the_terminal_either(tmp_path: Path) -> None:
    (tmp_path / "a\x1b[2J.json").touch()
    assert message(tmp_path / "a\x1b[2J.json") == "a\\x1b[2J.json: the file is empty"


def test_positions_count_code_points_from_one() -> None:
    text = Text("t", "é€😀x\n\ny")
    assert [(text.position(at).line, text.position(at).column) for at in (0, 3, 5, 6)] == [
        (1, 1),
        (1, 4),
        (2, 1),
        (3, 1),
    ]


def test_reading_a_snapshot_loads_nothing_heavy() -> None:
    code = "import auditor.snapshot, sys; print(' '.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout.split()
    assert not {"networkx", "rich", "click", "jinja2", "yaml", "azure"} & set(loaded)


def test_a_pipe_is_read_like_a_file(tmp_path: Path) -> None:
    text = written(tmp_path).read_bytes()
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(["tee", str(tmp_path / "pipe")], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as writer:
        assert writer.stdin is not None
        writer.stdin.write(text)
        writer.stdin.close()
        assert len(read_snapshot(tmp_path / "pipe").documents) == 2
