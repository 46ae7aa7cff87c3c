"""Names, tags and descriptions are what others chose: they cannot run, write elsewhere, or keep a check from ending."""

from __future__ import annotations

import csv
import json
import re
import time
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from auditor.cli import run
from auditor.model import ExitCode, Read
from auditor.snapshot import read_snapshot, write_snapshot
from tests import worlds
from tests.collecting import failed, serving, taken, world

pytestmark = pytest.mark.slow

HOSTILE = {
    "orders to a terminal": "\x1b[2J\x1b]0;pwned\x07\x9b31m\x08",
    "right to left": "\u202egnp.exe\u2066",
    "ten thousand characters": "x" * 10_000,
    "a zero byte": "a\x00b",
    "lines": "a\r\nb\n::error file=x::y",
    "a script": "</script><script>alert(1)</script><img src=x onerror=alert(1)>",
    "a template": "{{7*7}}{% include '/etc/passwd' %}${7*7}",
    "a formula": "=cmd|' /C calc'!A0",
    "an order to GitHub": "::set-output name=a::b%0A::error::x",
    "an order to Azure Pipelines": "##vso[task.setvariable variable=x]y",
    "the end of a section of XML": "]]><x/>&amp;<!--",
    "half a character": "a\ud800b",
    "no character": "\uffff\ufdd0",
    "a way out": "../../../../tmp/pwned",
    "a way out, encoded": "..%2f..%2f..%2ftmp%2fpwned",
    "a way out of Windows": "..\\..\\pwned",
    "quotes": "a'\"`b",
    "a link": "[x](javascript:alert(1)) | **b** `c` <b>",
    "steps of a pointer": "a~b~1c",
    "a format": "%s%n%d{0}{x}",
    "half an address": "https://[x",
    "nothing": "",
}
FORMATS = {
    "terminal": "txt",
    "json": "json",
    "sarif": "sarif",
    "html": "html",
    "junit": "xml",
    "markdown": "md",
    "csv": "csv",
    "ocsf": "ocsf",
    "github": "log",
}
WORLD = "reference-implementation"
LONGEST = 20.0
"""Seconds in which a check of the world ends, with every report, on a slow machine; it takes about one."""


def marred(text: str) -> list[dict[str, Any]]:
    """The reference deployment with a text in every name and id, every tag, description and address."""
    # A slash ends a step of an id, and an id of other steps is another thing.
    inside = json.dumps(text.replace("/", "%2f"))[1:-1]
    documents = json.loads(json.dumps(worlds.documents(WORLD)).replace("aibase", inside))
    unique = {document["id"].rstrip("/").casefold(): strewn(document, text) for document in documents}
    return list(unique.values())


def strewn(value: Any, text: str) -> Any:
    """JSON with the text wherever people write."""
    if isinstance(value, list):
        return [strewn(item, text) for item in value]
    if not isinstance(value, dict):
        return value
    changed = {key: strewn(inner, text) for key, inner in value.items()}
    if "id" in changed:
        changed["tags"] = {text or "e": text}
        if "id" in value and "/" in text:
            changed["name"] = text
    for key in ("description", "displayName", "location", "defaultHostName", "target", "kind"):
        if key in changed:
            changed[key] = text
    return changed


def reads(text: str) -> tuple[Read, ...]:
    """Everything was read but one list, whose failure is told in the hostile text."""
    told = {"path": text, "api_version": text, "error": text or "Odd", "message": text, "permission": text}
    scope = worlds.subscription(WORLD)
    return (*worlds.whole(scope), Read(**told, status=403, covers="microsoft.web/sites", scope=f"{scope}/{text}"))


@pytest.fixture(scope="module", params=HOSTILE.values(), ids=HOSTILE)
def reports(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Every report of a check of the marred world, by format. That nothing else was written is checked here."""
    folder = tmp_path_factory.mktemp("hostile")
    write_snapshot(worlds.snapshot(marred(request.param), reads(request.param), WORLD), folder / "s.json")
    also = [f"--also={name}={folder / f'r.{ending}'}" for name, ending in FORMATS.items() if name != "json"]
    begun = time.monotonic()
    code = run(["check", str(folder / "s.json"), "-v", "-q", "-o", str(folder / "r.json"), *also])
    assert time.monotonic() - begun < LONGEST
    assert code in (ExitCode.HOLDS, ExitCode.FAILS)
    assert {path.name for path in folder.iterdir()} == {"s.json", *(f"r.{ending}" for ending in FORMATS.values())}
    return {name: (folder / f"r.{ending}").read_text(encoding="utf-8") for name, ending in FORMATS.items()}


UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufdd0\uffff]")
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def test_no_rule_crashes(reports: Mapping[str, str]) -> None:
    errors = [found["message"] for found in json.loads(reports["json"])["results"] if found["outcome"] == "error"]
    assert errors == []


@pytest.mark.parametrize("format_", ["terminal", "markdown", "csv", "github", "html", "junit"])
def test_nothing_unseen_reaches_an_eye(reports: Mapping[str, str], format_: str) -> None:
    # Markdown is kept from mentioning people by a space of no width after the @.
    told = reports[format_].replace("\r\n", "\n").replace("\u200b" if format_ == "markdown" else "\r", "")
    assert not UNSEEN.search(told)


@pytest.mark.parametrize("format_", ["json", "sarif", "ocsf"])
def test_what_machines_read_is_json(reports: Mapping[str, str], format_: str) -> None:
    text = reports[format_]
    text.encode("utf-8")
    if format_ == "ocsf":
        values = [json.loads(line) for line in text.splitlines()] if text.lstrip()[:1] == "{" else json.loads(text)
        assert values
    else:
        assert json.loads(text)


def test_junit_is_xml(reports: Mapping[str, str]) -> None:
    assert ET.fromstring(reports["junit"]).tag in ("testsuites", "testsuite")


def test_no_cell_is_a_formula(reports: Mapping[str, str]) -> None:
    rows = list(csv.reader(reports["csv"].splitlines(keepends=True)))
    assert len(rows) > 50
    assert len({len(row) for row in rows}) == 1
    assert not [cell for row in rows for cell in row if cell.startswith(FORMULA) and not re.fullmatch(r"-?\d+", cell)]


@pytest.mark.parametrize("format_", ["terminal", "github"])
def test_no_text_is_an_order_to_a_pipeline(reports: Mapping[str, str], format_: str) -> None:
    lines = reports[format_].splitlines()
    assert not [line for line in lines if re.search(r"##(vso)?\[", line)]
    assert not [line for line in lines if re.match(r"\s*::(?!(error|warning|notice) )", line)]
    orders = [line for line in lines if line.lstrip().startswith("::")]
    assert len(orders) <= (30 if format_ == "github" else 0)


class Page(HTMLParser):
    """Collects what a page could run or load."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts = 0
        self.handlers: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.scripts += tag == "script"
        self.handlers += [name for name, _ in attributes if name.startswith("on")]
        self.links += [value or "" for name, value in attributes if name in ("href", "src", "action", "formaction")]


def test_a_page_runs_and_loads_nothing_that_a_name_holds(reports: Mapping[str, str]) -> None:
    page, usual = Page(), Page()
    page.feed(reports["html"])
    usual.feed(reports["html"].split("<body", 1)[0])
    assert page.handlers == []
    assert page.tags.isdisjoint({"iframe", "object", "embed", "base", "x"})
    assert not [
        link for link in page.links if not link.startswith(("#", "https://learn.microsoft.com/", "https://", "data:"))
    ]
    assert not [link for link in page.links if "javascript" in link.casefold()]
    assert "alert(1)</script>" not in reports["html"]
    assert "49" not in re.findall(r"\{\{7\*7\}\}|(?<![\d])49(?=\{%)", reports["html"])


# --- from Azure ------------------------------------------------------------------------------------------------------


IN_URLS = (
    "orders to a terminal",
    "right to left",
    "lines",
    "half a character",
    "a way out",
    "a way out, encoded",
    "a format",
)


@pytest.mark.parametrize("name", IN_URLS)
def test_hostile_names_come_through_a_collection_unharmed(name: str, tmp_path: Path) -> None:
    text = HOSTILE[name]
    with serving(world(marred(text))) as standin:
        found = taken(standin)
        assert {request.method for request in standin.requests} == {"GET", "POST"}
        assert standin.refused == []
    assert found.documents
    # Half of a character can stand in no path: what a list shows under such a name is not found there, and is missed.
    assert found.complete is (name != "half a character")
    # What is missed at its own path leaves a record of its own beside the refused reads below it.
    assert len(failed(found)) < 100
    write_snapshot(found, tmp_path / "s.json")
    assert [document["id"] for document in read_snapshot(tmp_path / "s.json").documents]
    assert (tmp_path / "s.json").read_text(encoding="ascii").isprintable() is False  # line ends, and nothing else
    assert not UNSEEN.search((tmp_path / "s.json").read_text(encoding="ascii"))
    assert [path.name for path in tmp_path.iterdir()] == ["s.json"]


# --- from a file that somebody shared --------------------------------------------------------------------------------


def sound() -> str:
    """A small snapshot as text, to be spoiled."""
    return json.dumps(
        {
            "format": "auditor-snapshot/1",
            "collected_at": "2024-07-15T09:00:00Z",
            "source": "azure",
            "cloud": "AzurePublicCloud",
            "tenant": "",
            "subscriptions": [],
            "resource_groups": [],
            "complete": True,
            "sha256": "0" * 64,
            "reads": [],
            "documents": [{"id": "/subscriptions/s", "properties": {"a": 1}}],
        }
    )


SPOILED = {
    "deep lists": ('{"a": 1}', "[" * 200_000, "nested deeper"),
    "deep objects": ('{"a": 1}', '{"a":' * 200_000, "nested deeper"),
    "deep and closed": ('{"a": 1}', "[" * 5_000 + "]" * 5_000, "nested deeper"),
    "a key twice": ('{"a": 1}', '{"a": 1, "a": 2}', "comes twice"),
    "a part twice": ('"documents"', '"reads": [], "documents"', "comes twice"),
    "a document twice": ('"documents": [', '"documents": [{"id": "/Subscriptions/S/"},', "already"),
    "no number": ('{"a": 1}', '{"a": NaN}', "no JSON number"),
    "a number without end": ('{"a": 1}', '{"a": 1e999}', "too large"),
    "a number of a million digits": ('{"a": 1}', f'{{"a": {"9" * 1_000_000}}}', "too large"),
    "a text of ten megabytes": ('{"a": 1}', f'{{"a": "{"x" * 10_000_000}"}}', "its hash differs"),
    "a million items": ('{"a": 1}', "[" + "0," * 999_999 + "0]", "its hash differs"),
    "an id that is a path": ('"/subscriptions/s"', '"/../../../etc/passwd"', "its hash differs"),
    "an id that is none": ('"/subscriptions/s"', '"../../x"', "no id that begins with /"),
    "a format of another": ("auditor-snapshot/1", "../../x", "no snapshot|does not know"),
    "a zero byte": ('{"a": 1}', '"\x00"', "zero byte"),
    "a raw order to a terminal": ('{"a": 1}', '"\x1b[2J"', "control character"),
    "half a file": ('{"a": 1}}]}', '{"a": ', "the file ends"),
}


@pytest.mark.parametrize(("old", "new", "said"), SPOILED.values(), ids=SPOILED)
@pytest.mark.parametrize("command", ["check", "import"])
def test_a_spoiled_file_is_refused_in_a_sentence(
    command: str, old: str, new: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert old in sound()
    (tmp_path / "s.json").write_text(sound().replace(old, new), encoding="utf-8")
    begun = time.monotonic()
    code = run([command, str(tmp_path / "s.json"), "-o", str(tmp_path / "out.json")])
    assert time.monotonic() - begun < LONGEST
    err = capsys.readouterr().err
    assert "Traceback" not in err
    assert len(err) < 1000
    assert not UNSEEN.search(err)
    if command == "check" or "hash" not in said:
        assert code == ExitCode.USAGE, err
        assert re.search(said, err), err
        assert not (tmp_path / "out.json").exists()


def test_a_file_of_the_size_of_a_disk_is_refused_without_being_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (tmp_path / "s.json").open("wb") as stream:
        stream.write(sound()[:-1].encode() + b" ")
        stream.truncate(1 << 40)
    begun = time.monotonic()
    assert run(["check", str(tmp_path / "s.json")]) == ExitCode.USAGE
    assert time.monotonic() - begun < LONGEST
    assert "s.json" in capsys.readouterr().err
