"""Every format says who bears a finding, until when and why, and which waiver somebody must look after."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import date
from xml.etree import ElementTree as ET

import pytest

from auditor.audit.waivers import waive
from auditor.model import AuditResult, Outcome, Unknown, Waiver
from auditor.report import (
    FORMATS,
    Context,
    csv_,
    github,
    html,
    json_,
    junit,
    markdown,
)
from auditor.report.sarif import render as sarif
from auditor.report.terminal.render import render as terminal
from tests.builders.reporting_examples import EVIL, RICH, told
from tests.report.test_forms import SCHEMA, conform, events
from tests.report.test_html import Page

DAY = date(2026, 11, 22)


def waiver(requirement: str, resource: str, until: date, owner: str = "dana@contoso.com", why: str = "") -> Waiver:
    where = {"path": "waivers.yaml", "line": 2, "column": 5}
    return Waiver(requirement, resource, owner, why or "the mirror is being built", until, **where)  # type: ignore[arg-type]


BORNE = waiver("PUB-07", "*/stchatui", date(2027, 1, 31))
LATE = waiver("NSG-JMP-IN", "*/snet-jumpbox", date(2026, 11, 1), "lee@contoso.com")
IDLE = waiver("KEY-*", "*", date(2027, 1, 31), "kim@contoso.com")
RESULT = waive(RICH, [BORNE, LATE, IDLE], DAY)
WHOSE = "accepted by dana@contoso.com until 2027-01-31: the mirror is being built"
LATE_SAYS = "(waivers.yaml:2:5, owner lee@contoso.com) expired on 2026-11-01: 1 finding fails again"
IDLE_SAYS = "(waivers.yaml:2:5, owner kim@contoso.com) covers no finding: delete it, or correct its patterns"


def flat(text: str) -> str:
    return " ".join(text.split())


def test_json_holds_the_waiver_and_what_became_of_all_of_them() -> None:
    found = json.loads(json_.render(RESULT))
    (waived,) = [r for r in found["results"] if r["outcome"] == "waived" and r["waiver"]]
    assert waived["waiver"] == {
        "requirement": "PUB-07",
        "resource": "*/stchatui",
        "aspect": "*",
        "owner": "dana@contoso.com",
        "reason": "the mirror is being built",
        "expires": "2027-01-31",
        "where": "waivers.yaml:2:5",
    }
    assert [(w["owner"], w["covers"], w["expired"]) for w in found["waivers"]] == [
        ("dana@contoso.com", 1, False),
        ("lee@contoso.com", 1, True),
        ("kim@contoso.com", 0, False),
    ]
    assert sum(found["summary"].values()) == len(found["results"])
    assert found["summary"]["waived"] == len([r for r in found["results"] if r["outcome"] == "waived"])


def test_the_terminal_counts_them_and_tells_more_when_asked() -> None:
    short, long = (flat(terminal(RESULT, Context(width=200, verbose=v))) for v in (False, True))
    assert "2 findings are waived; `--verbose` shows who accepted each, why and until when." in short
    assert "Waivers" not in short
    assert WHOSE in long
    assert "PUB-07 */stchatui: the mirror is being built dana@contoso.com, until 2027-01-31, covers 1 finding" in long
    assert "lee@contoso.com, EXPIRED 2026-11-01, covers 1 finding (waivers.yaml:2:5)" in long
    assert "kim@contoso.com, until 2027-01-31, covers 0 findings" in long


def test_markdown_lists_them() -> None:
    text = markdown.render(RESULT).replace("\\", "").replace("\u200b", "")
    assert "### Waived" in text
    assert f"- **PUB-07** on `stchatui`: {WHOSE}; stchatui is open to every network" in text


def test_csv_has_a_column_for_each_word_and_a_line_for_each_note() -> None:
    rows = list(csv.DictReader(io.StringIO(csv_.render(RESULT))))
    (waived,) = [r for r in rows if r["waiver_owner"] and r["outcome"] == "waived"]
    assert (waived["requirement"], waived["waiver_expires"]) == ("PUB-07", "2027-01-31")
    assert waived["waiver_reason"] == "the mirror is being built"
    assert [r["waiver_owner"] for r in rows if r["outcome"] == "note"] == ["lee@contoso.com", "kim@contoso.com"]
    assert len(rows) == len(RESULT.findings) + 2


def test_junit_skips_them_and_says_why() -> None:
    root = ET.fromstring(junit.render(RESULT))
    skipped = {case.get("name"): case.find("skipped") for case in root.iter("testcase")}
    (borne,) = [s for name, s in skipped.items() if s is not None and "dana" in str(s.get("message"))]
    assert str(borne.get("message")).startswith(f"WAIVED: {WHOSE}; stchatui is open")
    (suite,) = [s for s in root if s.get("name") == "waivers"]
    assert [case.get("classname") for case in suite] == ["waivers", "waivers"]


def test_sarif_suppresses_with_the_reason_where_it_carries_them() -> None:
    def suppressions(context: Context) -> list[str]:
        results = json.loads(sarif.render(RESULT, context))["runs"][0]["results"]
        return [s["justification"] for r in results for s in r.get("suppressions", [])]

    assert suppressions(Context()) == []
    assert WHOSE in suppressions(Context(sarif_include=frozenset({"waived"})))


def test_ocsf_tells_who_bears_it_and_reports_the_waivers_themselves() -> None:
    found = events(RESULT)
    assert len(found) == len(RESULT.findings) + 2
    (borne,) = [e for e in found if WHOSE in e["compliance"]["status_details"]]
    assert (borne["status"], borne["compliance"]["status"]) == ("Suppressed", "Waived")
    late, idle = found[-2:]
    assert (late["severity"], late["compliance"]["status"]) == ("Medium", "Warning")
    assert late["finding_info"]["title"] == "waiver of NSG-JMP-IN expired"
    assert (idle["severity"], idle["finding_info"]["title"]) == ("Informational", "waiver of KEY-* covers nothing")
    for event in found:
        conform(event, SCHEMA["class"], "compliance_finding")


def test_annotations_warn_of_waivers_to_look_after() -> None:
    lines = github.render(RESULT).splitlines()
    assert next(line for line in lines if "waiver" in line and line.startswith("::warning")).startswith(
        "::warning title=NSG-JMP-IN%3A waiver::the waiver of NSG-JMP-IN"
    )
    assert not any(line.startswith("::error") and "PUB-07" in line for line in lines)


def test_the_page_says_who_bears_it() -> None:
    assert WHOSE in flat(Page(html.render(RESULT)).text)


@pytest.mark.parametrize("name", sorted({*FORMATS} - {"azure-monitor"}))  # findings alone
def test_every_format_tells_of_expired_and_idle_waivers(name: str) -> None:
    text = flat(told(name, RESULT, Context(width=400))).replace("\\", "").replace("\u200b", "")
    assert LATE_SAYS in text
    assert IDLE_SAYS in text


@pytest.mark.parametrize("evil", EVIL)
@pytest.mark.parametrize("name", FORMATS)
def test_nothing_in_a_waiver_can_steer_a_report(name: str, evil: str) -> None:
    hostile = [
        waiver("PUB-07", "*/stchatui", date(2027, 1, 31), evil, evil),
        waiver(f"NSG-JMP-IN{evil}", evil, date(2026, 11, 1), evil, evil),
    ]
    result = waive(RICH, [replace(w, path=evil) for w in hostile], DAY)
    text = told(name, result, Context(verbose=True))
    text.encode("utf-8", "surrogatepass")
    checks = {"json": json.loads, "sarif": json.loads, "oscal": json.loads, "junit": ET.fromstring}
    checks.get(name, len)(text)
    if name == "csv":
        assert {len(row) for row in csv.reader(io.StringIO(text))} == {len(csv_.COLUMNS)}
    if name == "ocsf":
        assert all(json.loads(line) for line in text.splitlines())
    if name in ("html", "markdown", "junit"):
        assert "<script>alert(1)" not in text
    if name in ("terminal", "github", "markdown", "csv", "xlsx"):
        assert "\x1b[31m" not in text
        assert "\n::error file=a" not in text
        assert "\u202e" not in text


def waiting() -> AuditResult:
    """The rich result, its one unknown waiting for a deployment."""
    later = Unknown("the list of web apps is no part of this plan: unknown until deployed", until_deployed=True)
    findings = (
        replace(f, verdict=replace(f.verdict, unknown=later)) if f.outcome is Outcome.UNKNOWN else f
        for f in RICH.findings
    )
    return replace(RICH, findings=tuple(findings))


def test_what_waits_for_a_deployment_is_told_apart() -> None:
    result = waiting()
    (unknown,) = [r for r in json.loads(json_.render(result))["results"] if r["unknown"]]
    assert unknown["unknown"]["until_deployed"] is True
    assert "1 finding is unknown until deployed: `--strict --until-deployed` accepts these." in flat(
        terminal(result, Context(width=200))
    )
    rows = list(csv.DictReader(io.StringIO(csv_.render(result))))
    assert [r["requirement"] for r in rows if r["until_deployed"]] == ["PUB-08"]
    assert not any(r["until_deployed"] for r in csv.DictReader(io.StringIO(csv_.render(RICH))))


@pytest.mark.parametrize(
    "name", sorted({*FORMATS} - {"azure-monitor", "csv", "json", "junit", "ocsf", "oscal", "sarif"})
)
def test_a_verdict_for_people_counts_what_is_borne(name: str) -> None:
    said = flat(told(name, RESULT, Context(width=200)))
    assert ", 2 findings waived." in said


def test_github_counts_the_waivers_that_it_has_no_room_for() -> None:
    idle = [replace(IDLE, line=number) for number in range(1, 15)]
    said, before = github.render(waive(RICH, idle, DAY)).splitlines(), github.render(RICH).splitlines()
    warnings = sum(text.startswith("::warning ") for text in before)
    assert [text for text in said if text.startswith("::warning ") and "covers no finding" not in text] == []
    assert sum(text.startswith("::warning ") for text in said) == github.SHOWN
    assert f" {4 + warnings} more are not annotated" in said[-1]
