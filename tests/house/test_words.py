"""The vocabulary: what reaches a reader is said in Microsoft's and the field's words. words.yaml lists the others."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest
import yaml

from auditor.cli import auditor as program
from auditor.rules import all_rules
from auditor.settings.schema import schema_text

ROOT = Path(__file__).parents[2]
LIST: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("words.yaml").read_text(encoding="utf-8"))
WORDS: dict[str, str] = LIST["words"]
_ANY = re.compile(rf"\b({'|'.join(sorted(map(re.escape, WORDS), key=len, reverse=True))})\b", re.IGNORECASE)
_PAGES = ("*.md", "docs/*.md", "docs/guide/*.md", "docs/azure/*.md", "examples/**/*.md", "reports/examples/README.md")


class Said(NamedTuple):
    """A text that reaches a reader, and where it stands."""

    where: str
    text: str


def forbidden(said: Said) -> list[str]:
    """The words of the list that a text uses and that no exception names."""
    excused = [each for each in LIST["exceptions"] if said.where.startswith(each.get("in", ""))]
    text = " ".join(said.text.split())
    for each in excused:
        text = re.sub(re.escape(each["text"]), " ", text, flags=re.IGNORECASE)
    return [
        f"{said.where}: `{word}`, better: {WORDS[word.casefold()]}: {_around(text, word)}"
        for word in _ANY.findall(text)
    ]


def _around(text: str, word: str) -> str:
    at = text.casefold().find(word.casefold())
    return " ".join(text[max(0, at - 50) : at + 50].split())


# --- what reaches a reader --------------------------------------------------------------------------------------------


def literals(path: Path) -> Iterator[Said]:
    """The string literals of a module, without docstrings and without what an assertion says to developers."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    silent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    silent |= {id(node.msg) for node in ast.walk(tree) if isinstance(node, ast.Assert)}
    where = path.relative_to(ROOT).as_posix()
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "formerly":
            silent |= {id(each) for each in ast.walk(node.value)}
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent:
            yield Said(f"{where}:{node.lineno}", node.value)


def helps(command: click.Command, name: str = "auditor") -> Iterator[Said]:
    """The help of a command and of all below it, as a terminal shows it."""
    with click.Context(command, info_name=name) as context:
        yield Said(f"{name} --help", command.get_help(context))
        if isinstance(command, click.Group):
            for each in command.list_commands(context):
                found = command.get_command(context, each)
                assert found is not None
                yield from helps(found, f"{name} {each}")


def baselines() -> Iterator[Said]:
    """Every text of the shipped baselines, comments included."""
    for path in sorted((ROOT / "baselines").glob("*.yaml")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            yield Said(f"{path.relative_to(ROOT).as_posix()}:{number}", line)


def pages() -> Iterator[Said]:
    """Every line of the pages that people write; generated ones repeat baselines and rules."""
    for pattern in _PAGES:
        for path in sorted(ROOT.glob(pattern)):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                yield Said(f"{path.relative_to(ROOT).as_posix()}:{number}", line)


def rules() -> Iterator[Said]:
    """The names of the rules, which JSON and SARIF carry, and what `auditor explain` and the pages say of them."""
    for rule in all_rules():
        yield Said(f"rule {rule.name}", f"{rule.name.replace('_', ' ')}\n{rule.doc}")


@cache
def everything() -> tuple[Said, ...]:
    """All of it."""
    modules = (said for path in sorted((ROOT / "auditor").rglob("*.py")) for said in literals(path))
    schema = Said("auditor settings schema", schema_text())
    return (*modules, *helps(program), *baselines(), *pages(), *rules(), schema)


# --- the tests --------------------------------------------------------------------------------------------------------


def test_what_reaches_a_reader_is_said_in_the_words_of_the_field() -> None:
    found = [each for said in everything() for each in forbidden(said)]
    assert not found, "\n".join(["words that tests/house/words.yaml replaces:", *found])


@pytest.mark.parametrize("exception", LIST["exceptions"], ids=lambda each: str(each["text"]))
def test_every_exception_is_needed_and_has_a_reason(exception: dict[str, str]) -> None:
    assert exception["why"]
    texts = (said.text.casefold() for said in everything() if said.where.startswith(exception.get("in", "")))
    assert any(exception["text"].casefold() in text for text in texts)


def test_a_word_is_found() -> None:
    (found,) = forbidden(Said("a page", "Then nobody gets in."))
    assert found.startswith("a page: `nobody`, better: no principal")
    assert forbidden(Said("a page", "Azure Front Door, and a bearer token")) == []
    assert forbidden(Said("a page", "--nobody-but is the former name")) == []


def test_sources_are_read() -> None:
    kinds = {said.where.split("/")[0].split(" ")[0] for said in everything()}
    assert {"auditor", "baselines", "docs", "README.md:1", "rule"} <= kinds
