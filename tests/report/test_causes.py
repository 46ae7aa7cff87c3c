"""What to do first is the same in every format, and the terminal fits a screen."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from auditor.audit.audit import audit
from auditor.baseline import read_baseline
from auditor.model import AuditResult
from auditor.model.result import ProofOf
from auditor.report import Context, html, json_, markdown
from auditor.report.digest import DO_FIRST, Digest
from auditor.report.sarif import render as sarif
from auditor.report.terminal.render import render as terminal
from tests import worlds


@cache
def reference() -> AuditResult:
    found = audit(worlds.snapshot(), read_baseline("openai-chat"))
    return replace(found, snapshot=replace(found.snapshot, path="snapshot.json"))


def flat(text: str) -> str:
    return " ".join(text.split())


def test_every_format_names_the_same_causes_first() -> None:
    causes = Digest(reference()).first
    assert len(causes) == DO_FIRST
    titles = [cause.title for cause in causes]
    texts = {
        "terminal": flat(terminal(reference(), Context(width=400))),
        "markdown": markdown.render(reference()).replace("\\", ""),
        "html": flat(html.render(reference())),
    }
    for name, text in texts.items():
        places = [text.index(title, text.index("Do first")) for title in titles]
        assert places == sorted(places), name
    document = json.loads(json_.render(reference()))
    assert [cause["title"] for cause in document["causes"][:DO_FIRST]] == titles
    (run,) = json.loads(sarif.render(reference()))["runs"]
    assert run["properties"]["doFirst"] == [cause.id for cause in causes]


def test_a_program_gets_each_cause_once_and_every_finding_its_cause() -> None:
    document = json.loads(json_.render(reference()))
    causes = {cause["id"]: cause for cause in document["causes"]}
    assert len(causes) == len(document["causes"])
    for found in document["results"]:
        assert (found["cause"] in causes) == (found["outcome"] == "fail")
    closed = [one["fingerprint"] for cause in causes.values() for one in cause["closes"]]
    assert sorted(closed) == sorted(r["fingerprint"] for r in document["results"] if r["outcome"] == "fail")
    for cause in causes.values():
        assert cause["proof"]["standing"] == "not_proven_here"
        assert set(cause["fix"]) == ({"az", "bicep", "terraform", "json-patch"} if cause["changes"] else set())


def test_sarif_has_each_cause_once_and_its_id_at_every_result_that_it_closes() -> None:
    (run,) = json.loads(sarif.render(reference()))["runs"]
    causes = {cause["id"]: cause for cause in run["properties"]["causes"]}
    assert len(causes) == len(run["properties"]["causes"])
    for each in run["results"]:
        cause = causes[each["properties"]["cause"]["id"]]
        fingerprints = [one["fingerprint"] for one in cause["closes"]]
        assert each["partialFingerprints"]["auditor/v1"] in fingerprints
        assert each["properties"]["cause"]["title"] == cause["title"]


def test_the_page_shows_a_cause_once_and_links_to_it_from_its_findings() -> None:
    text = html.render(reference())
    for cause in Digest(reference()).causes:
        assert text.count(f'id="{cause.id}"') == 1
        if cause.changes:
            assert text.count(f'href="#{cause.id}"') == len(cause.findings)


def test_a_proof_is_told_where_there_is_one() -> None:
    first, second = Digest(reference()).causes[:2]
    proofs = {
        first.id: ProofOf("proven", tuple(f.fingerprint for f in first.findings)),
        second.id: ProofOf("opens", because="something else fails"),
    }
    proven = replace(reference(), proofs=proofs)
    for text in (terminal(proven, Context(width=300)), markdown.render(proven), html.render(proven)):
        said = flat(text.replace("\\", ""))
        assert "proven: a second audit with it closes 2 findings and opens none" in said
        assert "not proven (opens): something else fails" in said
    document = json.loads(json_.render(proven))
    assert [cause["proof"]["standing"] for cause in document["causes"][:3]] == ["proven", "opens", "not_proven_here"]


@pytest.mark.parametrize(("width", "brief", "every", "was"), [(120, 55, 130, 345), (80, 70, 150, 655)])
def test_it_fits_a_screen(width: int, brief: int, every: int, was: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Rows of a terminal of that width, wrapped commands included; `was` is what the first edition filled."""

    def rows(text: str) -> int:
        return sum(max(1, -(-len(each) // width)) for each in text.splitlines())

    short = rows(terminal(reference(), Context(width=width)))
    long = rows(terminal(reference(), Context(width=width, every=True)))
    with capsys.disabled():
        print(f"\n{width} columns: {short} rows, {long} with --all, {was} before")  # noqa: T201
    assert short <= brief
    assert long <= every


def test_no_fix_says_more_than_its_screen(tmp_path: Path) -> None:
    text = terminal(reference(), Context(width=100))
    assert max(len(each) for each in text.splitlines()) < 400
