"""The page: whole, safe and readable without its script."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import jinja2
import pytest

from auditor.model import AuditResult, Outcome, WorkloadInfo
from auditor.report import Context
from auditor.report.explained import parts, spans
from auditor.report.html import _environment, render
from auditor.report.witness_text import told
from tests.builders.reporting_examples import (
    CLEAN,
    EVIL,
    NOTHING,
    RICH,
    hostile,
    many,
)

DOC = """A storage account is open.

    What is read: `publicNetworkAccess`,
    `networkAcls`.

    Why it matters: the <b>data</b> is in it.
    """
FULL = Context(explanations={"PUB-07": DOC})


class Page(HTMLParser):
    """What a browser would make of it: elements with their attributes, and the text outside script and style."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.inside: list[str] = []
        self.blocks: dict[str, str] = {"script": "", "style": ""}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self.text += " "
        if tag in self.blocks:
            self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.inside and self.inside[-1] == tag:
            self.inside.pop()

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.blocks[self.inside[-1]] += data
        else:
            self.text += data

    def all(self, tag: str, **attributes: str) -> list[dict[str, str]]:
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [a for t, a in self.elements if t == tag and wanted.items() <= a.items()]


def page(result: AuditResult = RICH, context: Context | None = None) -> Page:
    return Page(render(result, context))


def words(found: Page) -> str:
    return " ".join(found.text.split())


@pytest.mark.parametrize("result", [RICH, CLEAN, NOTHING, hostile(EVIL[0])])
def test_the_policy_lets_only_the_pages_own_style_and_script_through(result: AuditResult) -> None:
    found = page(result)
    (policy,) = [meta["content"] for meta in found.all("meta", http_equiv="Content-Security-Policy")]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    for kind in ("style", "script"):
        if kind == "script" and result is NOTHING:
            assert not found.all("script")
            continue
        digest = base64.b64encode(hashlib.sha256(found.blocks[kind].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
        assert len(found.all(kind)) == 1


@pytest.mark.parametrize("result", [RICH, CLEAN, NOTHING, *(hostile(evil) for evil in EVIL)])
def test_nothing_is_loaded_from_anywhere(result: AuditResult) -> None:
    found = page(result)
    for tag, attributes in found.elements:
        assert tag not in ("iframe", "object", "embed", "base", "img", "video", "audio")
        assert "src" not in attributes
        assert "style" not in attributes, "the policy would block it"
        assert not [name for name in attributes if name.startswith("on")]
        href = attributes.get("href", "#")
        assert href.startswith("#") or href == "data:," or (tag == "a" and href == RICH.baseline.source)
    assert "url(" not in found.blocks["style"]
    assert "@import" not in found.blocks["style"]


@pytest.mark.parametrize("evil", EVIL)
def test_names_are_text(evil: str) -> None:
    harmless, attacked = page(hostile("name")), page(hostile(evil))
    # A remedy of several lines is set as a command, in `pre` instead of `p`.
    shape = [[tag.replace("pre", "p") for tag, _ in found.elements] for found in (attacked, harmless)]
    assert shape[0] == shape[1]
    assert len(attacked.all("script")) == 1
    text = render(hostile(evil))
    text.encode("utf-8")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]", text)
    assert "49" not in re.findall(r"is open: ([^<]{0,20})", text)
    assert len(text) < 200_000


def test_the_verdict_and_what_to_do_first_come_first() -> None:
    text = words(page())
    order = ["ERROR The auditor itself failed on 1 check", "Do first", "PUB-07 stchatui", "Microsoft.Web/sites/read",
             "By family", "Public access off"]  # fmt: skip
    assert [text.index(said) for said in order] == sorted(text.index(said) for said in order)
    assert (
        "az storage account update --name stchatui --resource-group rg-chat \\ --public-network-access Disabled" in text
    )


def test_every_finding_is_there_without_the_script() -> None:
    found = page()
    assert len(found.all("tr", class_="finding")) == len(RICH.findings) - 1  # the manual check has a list of its own
    assert found.all("form", id="filters")[0].get("hidden") == ""
    assert not [a for t, a in found.elements if "hidden" in a and t != "form"]


def test_a_finding_shows_its_proof() -> None:
    text = words(page())
    assert "Evidence stchatui/properties/publicNetworkAccess is (absent) line 812, column 7" in text
    assert 'stchatui/properties/networkAcls/defaultAction is "Allow" line 820, column 26' in text
    assert "destination port 22" in text
    assert "Rule storage_is_exposed" in text


def test_a_fail_without_a_value_to_cite_says_why() -> None:
    failing = next(f for f in RICH.findings if f.outcome is Outcome.FAIL)
    absent = replace(
        failing, verdict=replace(failing.verdict, evidence=(), message="kv-chat has no diagnostic setting")
    )
    text = words(page(replace(RICH, findings=(absent,))))
    assert "Evidence an absence: no document of this snapshot holds what is asked for" in text
    assert "an absence" not in words(page(replace(RICH, findings=(failing,))))


def test_a_witness_is_told_in_lines_and_what_is_empty_is_left_out() -> None:
    hops = [{"name": "Internet", "id": None, "note": ""}, {"name": "st\u202e", "id": "/s", "note": "public endpoint"}]
    witness = {"source_port": 50000, "hops": hops, "rules": [], "given": ["a is in b", "c"], "seen": None,
               "box": {"ports": [1, 2]}}  # fmt: skip
    assert told(witness) == (
        ("source port", ("50000",)),
        ("hops", ("Internet → st\\u202e (public endpoint)",)),
        ("given", ("a is in b", "c")),
        ("box", ('{"ports": [1, 2]}',)),
    )
    assert told(None) == ()


@pytest.mark.parametrize(
    ("stated", "shown"),
    [
        ("2024-07-15T09:00:00Z", "2024-07-15 09:00 UTC"),
        ("2024-07-15T09:00:00.123+00:00", "2024-07-15 09:00 UTC"),
        ("2024-07-15T09:00:00+02:00", "2024-07-15T09:00:00+02:00"),
        ("yesterday", "yesterday"),
    ],
)
def test_the_time_is_written_for_people_and_never_changed(stated: str, shown: str) -> None:
    found = page(replace(RICH, snapshot=replace(RICH.snapshot, collected_at=stated)))
    assert shown in words(found)
    assert found.all("time")[0]["datetime"] == stated


def test_findings_can_be_narrowed_to_one_family() -> None:
    found = page()
    sections = [section["id"] for section in found.all("section", class_="family")]
    assert [option["value"] for option in found.all("option")] == ["", *sections]


def test_a_requirement_explains_itself() -> None:
    text = words(page(RICH, FULL))
    assert "The fault A storage account is open. What is read publicNetworkAccess, networkAcls." in text
    assert "Why it matters the <b>data</b> is in it." in text
    assert "Section Ingress to Azure Machine Learning" in text


def test_what_was_not_read_checked_or_decided_is_said() -> None:
    text = words(page())
    assert "HTTP 403, AuthorizationFailed: The client does not have authorization" in text
    assert "1 requirement of this baseline without a rule yet" in text
    assert "Look at: The repository's branch rules and its pull request pipeline." in text
    assert "which subnet serves agents" in text
    cut = replace(RICH, snapshot=replace(RICH.snapshot, complete=False, collected_at="", subscriptions=(), path=""))
    assert "The collection of this snapshot was interrupted" in words(page(cut))


def test_nothing_found_is_one_sentence_and_a_list() -> None:
    found = page(NOTHING)
    assert "NOTHING FOUND Nothing of this architecture is in this snapshot (2 documents)" in words(found)
    assert "Application Gateway" in words(found)
    assert not found.all("table")


def test_all_well_filters_nothing_away() -> None:
    boxes = page(CLEAN).all("input", name="outcome")
    assert boxes
    assert all("checked" in box for box in boxes)
    assert ["checked" in box for box in page().all("input", name="outcome")] == [True, True, True, False, False, False]


def test_two_workloads_keep_their_findings_apart() -> None:
    other = replace(RICH.findings[2], workload="mlw-other")
    both = replace(
        RICH, findings=(*RICH.findings, other), workloads=(*RICH.workloads, WorkloadInfo("mlw-other", "/x", {}))
    )
    found = page(both)
    assert "stchatui other storage in mlw-other" in words(found)
    ids = [attributes["id"] for _, attributes in found.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_ids_are_unique_and_links_lead_somewhere() -> None:
    found = page(RICH, FULL)
    ids = [attributes["id"] for _, attributes in found.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {a["href"][1:] for a in found.all("a") if a["href"].startswith("#")} <= set(ids)
    named = [v for _, a in found.elements for k in ("aria-labelledby", "for") for v in a.get(k, "").split()]
    assert set(named) <= set(ids)


def test_a_picture_and_a_trend_have_their_place() -> None:
    assert not page().all("section", aria_labelledby="picture")
    drawn = page(RICH, Context(picture='<svg class="estate"><rect/></svg>', trend='<svg class="trend"></svg>'))
    assert drawn.all("svg", class_="estate")
    assert drawn.all("svg", class_="trend")


def test_a_missing_value_is_a_mistake_and_not_an_empty_place() -> None:
    with pytest.raises(jinja2.UndefinedError):
        _environment().from_string("{{ nothing }}").render()


def test_the_same_result_gives_the_same_bytes_and_much_is_bounded() -> None:
    assert render(RICH, FULL) == render(RICH, FULL)
    assert len(render(many(1000))) < 3_000_000
    huge: Any = replace(RICH.findings[2].verdict, witness={"x": "y" * 1_000_000}, remediation="z" * 1_000_000)
    assert len(render(replace(RICH, findings=(replace(RICH.findings[2], verdict=huge),)))) < 60_000


def test_documentation_is_taken_apart() -> None:
    assert parts(DOC) == (
        ("", "A storage account is open."),
        ("What is read", "`publicNetworkAccess`, `networkAcls`."),
        ("Why it matters", "the <b>data</b> is in it."),
    )
    assert parts("") == ()
    assert spans("set `a` to `b`") == (("set ", False), ("a", True), (" to ", False), ("b", True))
    assert spans("an odd ` one") == (("an odd ` one", False),)
