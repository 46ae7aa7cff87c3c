"""JUnit, CSV, Markdown, annotations and OCSF: each takes its own kind of harm from a name, and must not."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from auditor.model import AuditResult, Outcome
from auditor.report import (
    FORMATS,
    Context,
    Repository,
    csv_,
    format_of,
    github,
    junit,
    markdown,
    ocsf,
    renderer,
)
from auditor.report.context import spot
from auditor.report.sarif import render as sarif
from tests.builders.reporting_examples import (
    CLEAN,
    EVIL,
    NOTHING,
    RICH,
    SUBSCRIPTION,
    UI_STORAGE,
    hostile,
    many,
    told,
)

IN_TREE = Context(repository=Repository(snapshot="fixtures/chat.json", baseline="baselines/openai-chat.yaml"))
ELSEWHERE = Context(repository=Repository(baseline="baselines/openai-chat.yaml"))


# --- all of them ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("result", [RICH, CLEAN, NOTHING])
def test_the_same_result_gives_the_same_bytes(name: str, result: AuditResult) -> None:
    first, second = renderer(name)(result, Context()), renderer(name)(result, Context())
    assert first == second
    if isinstance(first, str):
        first.encode("utf-8")


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("r.html", "html"),
        ("R.SARIF", "sarif"),
        ("r.sarif.json", "sarif"),
        ("r.ocsf.json", "ocsf"),
        ("r.json", "json"),
        ("TEST-r.xml", "junit"),
        ("r.md", "markdown"),
        ("r.csv", "csv"),
        ("r.xlsx", "xlsx"),
        ("r.monitor.json", "azure-monitor"),
        ("r.oscal.json", "oscal"),
        ("r.txt", "terminal"),
        ("r.pdf", None),
        ("report", None),
    ],
)
def test_a_files_ending_says_its_format(file: str, name: str | None) -> None:
    assert format_of(file) == name


def test_a_finding_is_shown_where_the_repository_has_something_to_show() -> None:
    on_storage, on_sites = RICH.findings[2], RICH.findings[3]
    anchored = Repository(anchor="infra/main.bicep", baseline="baselines/openai-chat.yaml")
    assert spot(on_storage, RICH, IN_TREE.repository) == ("fixtures/chat.json", 812, 7)
    assert spot(on_sites, RICH, IN_TREE.repository) == ("baselines/openai-chat.yaml", 44, 5)
    assert spot(on_storage, RICH, anchored) == ("infra/main.bicep", 1, 1)
    assert spot(on_storage, RICH, ELSEWHERE.repository) == ("baselines/openai-chat.yaml", 31, 5)


# --- JUnit ----------------------------------------------------------------------------------------------------------


def suites(result: AuditResult, context: Context = IN_TREE) -> ET.Element:
    return ET.fromstring(junit.render(result, context))


def test_junit_has_a_case_for_each_requirement_on_each_resource() -> None:
    root = suites(RICH)
    counts = {name: root.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "12", "failures": "2", "errors": "1", "skipped": "7"}
    for suite in root:
        assert int(suite.get("tests", "")) == len(suite)
    case = root.find(".//testcase[@name='PUB-07 stchatui']")
    assert case is not None
    assert (case.get("classname"), case.get("file"), case.get("line")) == ("PUB-07", "fixtures/chat.json", "812")
    failure = case.find("failure")
    assert failure is not None
    assert failure.get("type") == "must critical"
    assert "publicNetworkAccess = (absent)" in (failure.text or "")


def test_junit_never_passes_what_was_not_decided() -> None:
    root = suites(RICH)
    for name in ("PUB-08 mlw-chat", "CF-01 oai-chat [prompt]", "OPS-01 mlw-chat", "REL-01 (no rule yet)"):
        case = root.find(f".//testcase[@name='{name}']")
        assert case is not None
        assert case.find("skipped") is not None
    skipped = root.find(".//testcase[@name='PUB-08 mlw-chat']/skipped")
    assert skipped is not None
    assert skipped.get("message", "").endswith("; needs Microsoft.Web/sites/read")


def test_junit_names_are_unique() -> None:
    cases = [(c.get("classname"), c.get("name")) for c in suites(RICH).iter("testcase")]
    assert len(cases) == len(set(cases))


def test_junit_fails_what_makes_the_check_fail_and_nothing_else() -> None:
    for fail_on, failures in (("must", "2"), ("should", "3"), ("never", "0")):
        root = suites(RICH, Context(fail_on=fail_on))
        assert root.get("failures") == failures
        assert root.get("tests") == "12"


def test_junit_of_nothing_is_one_failed_case() -> None:
    root = suites(NOTHING)
    assert root.get("tests") == root.get("failures") == "1"
    assert suites(NOTHING, Context(fail_on="never")).get("skipped") == "1"


@pytest.mark.parametrize("evil", EVIL)
def test_junit_stays_well_formed(evil: str) -> None:
    root = suites(hostile(evil))
    assert [len(suite) for suite in root] == [2, 1, 1, 1, 1, 1]


# --- CSV ------------------------------------------------------------------------------------------------------------


def rows(result: AuditResult) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(csv_.render(result), newline="")))


def test_csv_has_a_row_for_each_finding() -> None:
    found = rows(RICH)
    assert len(found) == len(RICH.findings)
    assert found[2]["resource"] == UI_STORAGE.text
    assert found[2]["evidence"].endswith('#/properties/networkAcls/defaultAction = "Allow"')
    assert found[3]["permission"] == "Microsoft.Web/sites/read"
    assert csv_.render(NOTHING).count("\r\n") == 1


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\r=1", "＝1", "\n@x"])
def test_csv_cells_are_never_formulas(start: str) -> None:
    for row in rows(hostile(start)):
        for cell in row.values():
            assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "＝"))


@pytest.mark.parametrize("evil", EVIL)
def test_csv_keeps_its_columns(evil: str) -> None:
    text = csv_.render(hostile(evil))
    assert {len(row) for row in csv.reader(io.StringIO(text, newline=""))} == {len(csv_.COLUMNS)}
    assert len(text.split("\r\n")) == 7
    assert "\n" not in text.replace("\r\n", "")


# --- Markdown -------------------------------------------------------------------------------------------------------


def tokens(text: str) -> list[Token]:
    """What a reader of GitHub's dialect makes of it: tables, HTML and all."""
    flat: list[Token] = []
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        flat += [token, *(token.children or [])]
    return flat


def test_markdown_shows_problems_and_what_to_do_first() -> None:
    text = markdown.render(RICH)
    assert text.startswith("## openai-chat: ERROR\n\n**The auditor itself failed on 1 check")
    assert re.search(
        r"^1\. \*\*PUB-07\*\* \(critical\) on `stchatui`: .*\n   Fix: `az storage account update", text, re.MULTILINE
    )
    assert "| UNKNOWN | high | PUB-08 | `mlw-chat` |" in text
    assert "needs `Microsoft.Web/sites/read`" in text
    assert "kv-chat" not in text
    assert "kv-chat" in markdown.render(RICH, Context(verbose=True))


def test_markdown_of_nothing_has_no_table() -> None:
    text = markdown.render(NOTHING)
    assert "Nothing of this architecture is in this snapshot" in text
    assert "|" not in text


def test_markdown_of_very_much_fits_a_comment_and_counts_the_rest() -> None:
    text = markdown.render(many(3000))
    assert len(text.encode()) < 65_536
    shown = text.count("| FAIL |")
    left = re.search(r"_([\d,]+) findings not shown here", text)
    assert left is not None
    assert shown + int(left.group(1).replace(",", "")) == 3000
    assert "| FAIL | critical |" in text


def test_markdown_counts_the_notes_that_it_leaves_out() -> None:
    text = markdown.render(replace(CLEAN, notes=tuple(f"said {n}" for n in range(23))))
    assert "note: said 19\n" in text
    assert "said 20" not in text
    assert "- 3 more notes: see the JSON report" in text


def test_markdown_keeps_the_worst_of_every_family_where_not_all_fits() -> None:
    everything = many(3000)
    rank = {"critical": 0, "high": 1, "medium": 2, "low": 3}
    there = sorted(rank[f.severity] + 10 * (f.level == "should") for f in everything.findings)
    shown = re.findall(r"^\| FAIL \| (\w+) \| .*\| (_recommended:_)?", markdown.render(everything), re.MULTILINE)
    kept = sorted(rank[severity] + 10 * bool(advice) for severity, advice in shown)
    assert 100 < len(kept) < 3000
    assert kept == there[: len(kept)]
    families = {f.requirement.split("-")[0] for f in everything.findings if rank[f.severity] < max(kept)}
    assert families <= set(re.findall(r"\| ([A-Z]+)-\d+ \|", markdown.render(everything)))


@pytest.mark.parametrize("verbose", [False, True])
@pytest.mark.parametrize("evil", EVIL)
def test_markdown_of_names_is_only_text(evil: str, verbose: bool) -> None:
    text = markdown.render(hostile(evil), Context(verbose=verbose))
    kinds = {token.type for token in tokens(text)}
    assert not kinds & {"link_open", "image", "html_inline", "fence", "code_block", "hr", "blockquote_open"}
    blocks = [t.content.strip() for t in tokens(text) if t.type == "html_block"]
    assert blocks == ["<details><summary>1 manual check</summary>", "</details>"]
    widths = [len(re.findall(r"(?<!\\)\|", each)) for each in text.splitlines() if each.startswith("| ")]
    assert set(widths) == {6}
    assert len(text.encode()) < 65_536


def test_markdown_cannot_mention_refer_or_link() -> None:
    text = markdown.render(hostile("@team #12 GH-3 https://evil.example www.evil.example"))
    outside = re.sub(r"`[^`]*`", "", text)
    for sign in ("@team", "#12", "GH-3", "https://", "www."):
        assert sign not in outside


@pytest.mark.parametrize("name", ["a`b", "``", "`", "a|b", " ", "a``b`", "\n"])
def test_markdown_code_holds_whatever_it_is_given(name: str) -> None:
    cell = next(t for t in tokens(f"| a |\n| - |\n| {markdown.code(name)} |\n") if t.type == "code_inline")
    assert cell.content == (name.replace("\n", " ") if name.strip() else " ")


# --- annotations ----------------------------------------------------------------------------------------------------


def test_annotations_stand_at_the_line_worst_first() -> None:
    lines = github.render(RICH, IN_TREE).splitlines()
    assert lines[0].startswith(
        "::error file=fixtures/chat.json,line=812,col=7,title=PUB-07 (critical)%3A stchatui::stchatui is open"
    )
    assert [text.split()[0] for text in lines[:-1]] == ["::error", "::error", "::warning", "::error", *["::notice"] * 2]
    assert "%0ANeeds Microsoft.Web/sites/read." in lines[5]
    assert not lines[-1].startswith("::")


def test_annotations_beyond_what_github_shows_are_counted() -> None:
    lines = github.render(many(100)).splitlines()
    assert len(lines) == 22
    assert lines[-1].endswith("80 more are not annotated: GitHub shows 10 of a kind.")


def test_annotation_of_nothing() -> None:
    assert github.render(NOTHING).startswith("::notice title=auditor::Nothing of this architecture")


@pytest.mark.parametrize("evil", EVIL)
def test_annotations_carry_one_command_each(evil: str) -> None:
    lines = github.render(hostile(evil), IN_TREE).splitlines()
    assert len(lines) == 5
    for text in lines[:4]:
        at = r"file=[^:,]*,line=\d+,col=\d+,"
        assert re.fullmatch(rf"::(error|notice) ({at})?title=[^:,]*::.*", text)
        assert "##[" not in text


# --- OCSF -----------------------------------------------------------------------------------------------------------

SCHEMA = json.loads((Path(__file__).parents[1] / "fixtures" / "ocsf-1.8.0-compliance-finding.json").read_text())


def events(result: AuditResult, context: Context | None = None) -> list[Any]:
    return [json.loads(text) for text in ocsf.render(result, context).splitlines()]


def conform(value: Any, shape: Any, where: str) -> None:
    """Hold an object against OCSF: known attributes, required ones there, enums in range, nothing deprecated."""
    attributes = shape["attributes"]
    assert not value.keys() - attributes.keys(), where
    for name, attribute in attributes.items():
        here = f"{where}.{name}"
        if name not in value:
            assert attribute["requirement"] != "required", here
            continue
        assert "deprecated" not in attribute, here
        for each in value[name] if attribute.get("array") else [value[name]]:
            if attribute["type"] in SCHEMA["objects"]:
                conform(each, SCHEMA["objects"][attribute["type"]], here)
            elif attribute["type"] in ("string_t", "resource_uid_t"):
                assert isinstance(each, str), here
            elif attribute["type"] in ("integer_t", "long_t", "timestamp_t"):
                assert isinstance(each, int), here
            if "enum" in attribute and isinstance(each, int) and name.endswith("_id"):
                assert str(each) in attribute["enum"], here
                said = value.get(attribute.get("sibling", ""))
                if said is not None and each != 99:
                    assert said == attribute["enum"][str(each)], here
    options = shape.get("constraints", {}).get("at_least_one")
    assert options is None or set(options) & value.keys(), where


@pytest.mark.parametrize("result", [RICH, CLEAN, *(hostile(evil) for evil in EVIL)])
def test_ocsf_events_conform(result: AuditResult) -> None:
    found = events(result)
    assert len(found) == len(result.findings)
    for event in found:
        conform(event, SCHEMA["class"], "compliance_finding")
        assert (event["class_uid"], event["category_uid"], event["type_uid"]) == (2003, 2, 200301)


def test_ocsf_tells_outcome_severity_and_time() -> None:
    found = events(RICH)
    assert [event["compliance"]["status"] for event in found] == [
        "Pass", "Pass", "Fail", "Warning", "Fail", "Unknown", "Waived", "Fail", "Not Applicable", "Manual",
    ]  # fmt: skip
    assert {event["time"] for event in found} == {1795154400000}
    assert [event["severity"] for event in found][:4] == ["Informational", "Informational", "Critical", "High"]
    assert found[3]["compliance"]["status_details"][1] == "needs the permission Microsoft.Web/sites/read"
    assert found[6]["status"] == "Suppressed"
    assert found[2]["cloud"]["account"]["uid"] == SUBSCRIPTION
    assert found[4]["evidences"][0]["data"]["witness"]["destination_port"] == 22


def test_ocsf_takes_the_date_of_the_audit_where_the_snapshot_has_none() -> None:
    from dataclasses import replace

    undated = replace(RICH, snapshot=replace(RICH.snapshot, collected_at="", subscriptions=("a", "b")))
    assert events(undated, Context(as_of="1970-01-02"))[0]["time"] == 86_400_000
    assert events(undated)[0]["time"] == 0
    assert "uid" not in events(undated)[3]["cloud"]["account"]


@pytest.mark.parametrize("name", sorted({*FORMATS} - {"azure-monitor", "csv", "ocsf"}))  # these hold findings alone
def test_every_form_tells_what_the_settings_allow(name: str) -> None:
    said = "allowed by the settings (auditor.yaml:9): Owner for g at /, because the platform team owns it"
    result = replace(RICH, notes=(*RICH.notes, said))
    text = " ".join(told(name, result, Context(width=200)).replace("\\", "").split())
    assert "because the platform team owns it" in text


def test_sarif_names_a_rule_by_its_fault_and_keeps_its_former_names() -> None:
    (id_, *_) = (f.requirement for f in RICH.findings if f.outcome is Outcome.FAIL)
    named = Context(
        titles={id_: "A storage account can be reached from the Internet."}, former_names={id_: ("old_name",)}
    )
    (rule,) = [r for r in json.loads(sarif.render(RICH, named))["runs"][0]["tool"]["driver"]["rules"] if r["id"] == id_]
    assert rule["shortDescription"] == {"text": "A storage account can be reached from the Internet."}
    assert rule["fullDescription"]["text"].startswith(RICH.requirements[id_].statement.rstrip("."))
    assert rule["deprecatedNames"] == ["OldName"]
    plain = json.loads(sarif.render(RICH, Context()))["runs"][0]["tool"]["driver"]["rules"]
    assert all(r["shortDescription"]["text"].startswith("Not met: ") for r in plain if r["id"] in RICH.requirements)
    assert not any("deprecatedNames" in r for r in plain)
