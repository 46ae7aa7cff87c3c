"""A hostile file ends in one sentence, quickly, whatever it holds."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml

from auditor.baseline import read_baseline
from auditor.model import AuditorError
from auditor.shipped import shipped
from auditor.yaml_tree.compose import MAX_BYTES, MAX_DEPTH, compose
from auditor.yaml_tree.mistakes import Mistakes
from auditor.yaml_tree.nodes import (
    Fields,
    Items,
    Node,
    Scalar,
    plain,
)
from tests.builders.baselines import SMALL, mistakes_of

BOMB = "a: &a [x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(24)
)


@pytest.mark.parametrize(
    ("raw", "says", "why"),
    [
        (BOMB.encode(), "with its aliases written out this is more than 100,000 values", "an alias bomb"),
        (b"a: &a [*a]", ":1:8: `*a` stands inside of what it names", "a list in itself"),
        (b"&a {b: *a}", ":1:8: `*a` stands inside of what it names", "a mapping in itself"),
        (b"[" * 200, f":1:{MAX_DEPTH + 1}: lists and mappings stand more than {MAX_DEPTH} deep", "depth"),
        (b"[" * 200_000, "x.yaml:1:", "a depth at which libyaml may stop first, and for reasons of its own"),
        (b"- " * 100_000, f"stand more than {MAX_DEPTH} deep", "depth of a block"),
        (b"x" * (MAX_BYTES + 1), "is larger than 1,000,000 bytes, which no baseline is", "size"),
        (b"a: b\n\xff\xfe", ":2:1: this is not UTF-8 text", "no text"),
        (b"a: b\n c: \x00", "this is not YAML", "a null byte"),
        (b"a: b\n\x1b[31mred", ":2:1: this is not YAML", "an escape sequence"),
        (b"a: [b", "this is not YAML", "no end"),
        (b"a: b: c", ":1:5: this is not YAML: mapping values are not allowed", "no YAML"),
        (b"\tx: 1", "this is not YAML", "a tab"),
        (b"", "is empty", "nothing"),
        (b"# only a comment\n", "is empty", "a comment"),
        (b"a: 1\n---\nb: 2\n", ":3:1: a second document begins; a baseline is one", "two documents"),
        (b"%TAG ! tag:x,2000:\n---\na: 1\n", "", "a directive"),
        (b"- 1\n", "the baseline must be a mapping of fields, not a list", "a list"),
        (b"just text", "the baseline must be a mapping of fields, not text", "a text"),
        ("\ufeffa: 1".encode(), "the baseline has no field `a`", "a byte order mark is no part of the text"),
    ],
)
def test_hostile_text_is_refused_in_a_sentence(tmp_path: Path, raw: bytes, says: str, why: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(raw)
    began = time.process_time()
    with pytest.raises(AuditorError) as problem:
        read_baseline(path)
    assert says in problem.value.message, why
    assert problem.value.message.count(str(path)) >= 1
    assert time.process_time() - began < 1, f"{why} took too long"


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system [echo]", "!!str x", "!own x", "!!binary eA==", "! x"])
def test_tags_are_refused_and_nothing_is_made_of_them(tmp_path: Path, tag: str) -> None:
    found = mistakes_of(tmp_path, SMALL.replace("statement: It holds.", f"statement: {tag}"))
    assert any(says.startswith("16:16: the tag `") and "plain data" in says for says in found), found


def test_a_key_that_is_no_word_is_named(tmp_path: Path) -> None:
    assert "1:3: a key must be a word" in mistakes_of(tmp_path, "? [a]\n: b\n" + SMALL)


def test_an_anchor_that_is_given_twice_is_named(tmp_path: Path) -> None:
    text = SMALL.replace("requirements:", "    - &way {from: a, ports: '1', needed: true}\nrequirements:")
    assert "11:7: the anchor `&way` is given twice" in mistakes_of(tmp_path, text)


@pytest.mark.parametrize("name", ["folder.yaml"])
def test_what_is_no_file_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(AuditorError, match="cannot be read: Is a directory"):
        read_baseline(tmp_path / name)


@pytest.mark.parametrize(
    ("text", "value", "why"),
    [
        ("no", "no", "Norway"),
        ("on", "on", "a switch"),
        ("off", "off", "a switch"),
        ("yes", "yes", "a word"),
        ("y", "y", "a letter"),
        ("2024-06-20", "2024-06-20", "a date"),
        ("12:30", "12:30", "a time"),
        ("true", True, "a truth"),
        ("FALSE", False, "a truth"),
        ("tRue", "tRue", "only three spellings"),
        ("null", None, "nothing"),
        ("~", None, "nothing"),
        ("''", "", "an empty text"),
        ("'1'", "1", "quoted"),
        ('"true"', "true", "quoted"),
        ("1", 1, "a number"),
        ("-7", -7, "a negative"),
        ("+7", 7, "a sign"),
        ("007", 7, "no octal"),
        ("0o17", 15, "octal"),
        ("0x1F", 31, "hexadecimal"),
        ("1_000", "1_000", "no number in 1.2"),
        ("1.5", 1.5, "a fraction"),
        (".5", 0.5, "a fraction"),
        ("1e3", 1000.0, "an exponent"),
        ("1.2.3", "1.2.3", "a version"),
        ("8311e382-0749", "8311e382-0749", "a GUID"),
        ("-", None, "an empty item"),
        ("9" * 41, "9" * 41, "too long"),
        ("443-445", "443-445", "a range"),
        ("|-\n  no", "no", "a block"),
        (">-\n  1", "1", "a folded block"),
        ("0b1", "0b1", "no binary"),
        (".", ".", "a dot"),
        ("+", "+", "a sign alone"),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, value: object, why: str) -> None:
    mistakes = Mistakes()
    root = compose(f"a: {text}" if text != "-" else "a: [~]", "x.yaml", mistakes)
    found = plain(root)["a"]
    assert not mistakes.found
    assert (found if text != "-" else found[0]) == value, why
    assert type(found if text != "-" else found[0]) is type(value), why


def test_an_alias_is_what_it_names() -> None:
    root = compose("a: &x [1]\nb: *x\n", "x.yaml", Mistakes())
    assert isinstance(root, Fields)
    assert root.get("a") is root.get("b")
    assert plain(root) == {"a": [1], "b": [1]}


def test_nodes_know_their_places() -> None:
    root = compose("é: [1,\n  ü, 3]\n", "x.yaml", Mistakes())
    assert isinstance(root, Fields)
    items = root.get("é")
    assert isinstance(items, Items)
    second = items.items[1]
    assert isinstance(second, Scalar)
    assert (second.path, second.line, second.column) == ("x.yaml", 2, 3)


def test_without_libyaml_the_tree_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (shipped("baselines") / "openai-chat.yaml").read_text(encoding="utf-8")
    quick = compose(text, "x.yaml", Mistakes())
    monkeypatch.setattr("auditor.yaml_tree.compose._Loader", yaml.SafeLoader)
    slow = compose(text, "x.yaml", Mistakes())
    assert _flat(quick) == _flat(slow)


def _flat(node: Node) -> list[tuple[int, int, object]]:
    if isinstance(node, Items):
        return [(node.line, node.column, "list"), *(place for item in node.items for place in _flat(item))]
    if isinstance(node, Fields):
        inner = [place for key, value in node.pairs.values() for place in (*_flat(key), *_flat(value))]
        return [(node.line, node.column, "mapping"), *inner]
    assert isinstance(node, Scalar)
    return [(node.line, node.column, node.value)]
