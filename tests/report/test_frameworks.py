"""Controls of frameworks in every form of report."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

from auditor.report import Context, renderer
from tests.builders.reporting_examples import CONTROLS, NOTHING, RICH

ALL = Context(controls=CONTROLS)
CHOSEN = Context(
    controls=replace(CONTROLS, frameworks={"soc-2": CONTROLS.frameworks["soc-2"]}, supports={
        id_: replace(support, controls={k: v for k, v in support.controls.items() if k == "soc-2"})
        for id_, support in CONTROLS.supports.items()
    }),
    by_control=True,
)  # fmt: skip


def text(name: str, context: Context, result: Any = RICH) -> str:
    return " ".join(renderer(name)(result, context).split())


def test_json_names_controls_of_requirements_and_results_and_sums_up_frameworks() -> None:
    document = json.loads(renderer("json")(RICH, ALL))
    row = next(r for r in document["requirements"] if r["id"] == "PUB-07")
    assert row["controls"]["nist-800-53-r5"] == ["AC-3", "AC-4", "AC-17", "AC-17(1)", "SC-7", "SC-7(3)"]
    assert all(r["controls"] == row["controls"] for r in document["results"] if r["requirement"] == "PUB-07")
    nist = next(f for f in document["frameworks"] if f["id"] == "nist-800-53-r5")
    assert nist["controls"] is None
    assert sum(nist["counts"].values()) == nist["size"] == 970


def test_json_tells_each_control_of_a_framework_that_was_asked_for() -> None:
    (soc,) = json.loads(renderer("json")(RICH, CHOSEN))["frameworks"]
    control = next(c for c in soc["controls"] if c["id"] == "CC6.1")
    assert control["status"] == "not_satisfied"
    assert "PUB-07" in control["requirements"]
    failing = {f.fingerprint for f in RICH.findings if f.requirement == "PUB-07"}
    assert failing <= set(control["findings"])
    assert "CC1.1" in soc["not_covered"]


def test_csv_has_a_column_for_each_framework() -> None:
    rows = list(csv.DictReader(io.StringIO(renderer("csv")(RICH, ALL), newline="")))
    found = next(row for row in rows if row["requirement"] == "PUB-07")
    assert found["cis-azure-3.0.0"] == "4.6, 4.7, 4.17"
    assert list(rows[0])[-len(CONTROLS.frameworks) :] == list(CONTROLS.frameworks)


def test_ocsf_lists_standards_and_requirements() -> None:
    events = [json.loads(row) for row in renderer("ocsf")(RICH, ALL).splitlines()]
    event = next(e for e in events if e["compliance"]["control"] == "PUB-07")
    assert event["compliance"]["standards"][0] == "openai-chat 2024-04"
    assert "SOC 2 Trust Services Criteria 2017" in event["compliance"]["standards"]
    assert "SOC 2 Trust Services Criteria 2017: CC6.1" in event["compliance"]["requirements"]
    assert event["unmapped"]["controls"]["soc-2"] == ["CC6.1", "CC6.6"]


def test_junit_carries_controls_as_properties() -> None:
    root = ET.fromstring(renderer("junit")(RICH, ALL))
    case = root.find(".//testcase[@name='PUB-07 stchatui']")
    assert case is not None
    found = {p.get("name"): p.get("value") for p in case.iter("property")}
    assert found["control:soc-2"] == "CC6.1, CC6.6"


def test_markdown_and_terminal_tell_the_controls_of_a_framework_that_was_asked_for() -> None:
    assert "| CC6.1 | logical access security | not satisfied | PUB-07, NSG-JMP-IN |" in text("markdown", CHOSEN)
    assert "<details><summary>Controls of frameworks</summary>" in text("markdown", ALL)
    shown = text("terminal", CHOSEN)
    assert "not satisfied CC6.1 logical access security FAIL PUB-07, NSG-JMP-IN" in shown
    assert "of 61 controls of SOC 2 Trust Services Criteria 2017" in shown
    assert "Not covered: " in text("terminal", replace(CHOSEN, verbose=True))
    assert "CC6.1" not in text("terminal", ALL)


def test_the_page_sums_up_frameworks_filters_by_them_and_shows_each_control() -> None:
    page = text("html", ALL)
    assert '<option value="soc-2">' in page
    assert '<dd data-framework="soc-2"><i>soc-2</i> CC6.1, CC6.6</dd>' in page
    assert 'id="framework-nist-800-53-r5"' in page
    assert "that this audit cannot speak about" in text("html", CHOSEN)
    assert "By framework" not in text("html", Context())


def test_where_nothing_was_found_no_control_is_told() -> None:
    assert "By framework" not in text("html", ALL, NOTHING)
    assert "Controls of frameworks" not in text("markdown", ALL, NOTHING)
