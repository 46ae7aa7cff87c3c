"""Records for Log Analytics, and the template that makes what takes them: one table, said in three places."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from auditor.model import AuditResult
from auditor.report import Context
from auditor.report.azure_monitor import COLUMNS, render
from tests.builders.reporting_examples import CONTROLS, EVIL, NOTHING, RICH, hostile, many

TEMPLATE = Path(__file__).parents[2] / "examples" / "log-analytics" / "deploy.json"
ALL = Context(controls=CONTROLS)


def records(result: AuditResult = RICH, context: Context = ALL) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(render(result, context))
    return found


def resources(type_: str) -> list[dict[str, Any]]:
    template = json.loads(TEMPLATE.read_text(encoding="utf-8"))
    return [r for r in template["resources"] if r["type"].endswith(type_)]


def test_a_record_says_what_was_found_and_which_controls_it_is_about() -> None:
    found = records()[2]
    assert (found["Requirement"], found["Outcome"], found["Severity"]) == ("PUB-07", "fail", "critical")
    assert found["SnapshotTime"] == "2026-11-20T06:00:00Z"
    assert found["AuditedResourceId"].endswith("/stchatui")
    assert found["Controls"]["soc-2"] == ["CC6.1", "CC6.6"]
    assert records()[3]["Permission"] == "Microsoft.Web/sites/read"


@pytest.mark.parametrize("result", [RICH, NOTHING, *(hostile(evil) for evil in EVIL)])
def test_every_record_has_the_columns_of_the_table(result: AuditResult) -> None:
    for record in records(result):
        assert list(record) == list(COLUMNS)
        for name, type_ in COLUMNS.items():
            assert isinstance(record[name], dict if type_ == "dynamic" else str), name


def test_a_thousand_findings_fit_one_call() -> None:
    assert len(render(many(1000), Context()).encode()) < 1_000_000


def test_the_template_makes_that_table_and_takes_those_records() -> None:
    (table,) = resources("workspaces/tables")
    columns = {c["name"]: c["type"] for c in table["properties"]["schema"]["columns"]}
    assert columns == {"TimeGenerated": "datetime", **COLUMNS}
    (rule,) = resources("dataCollectionRules")
    (stream,) = rule["properties"]["streamDeclarations"].values()
    assert {c["name"]: c["type"] for c in stream["columns"]} == COLUMNS
    assert "TimeGenerated" in rule["properties"]["dataFlows"][0]["transformKql"]


def test_queries_name_columns_that_there_are() -> None:
    queries = resources("queryPacks/queries")
    assert len(queries) == 6
    for query in queries:
        body = query["properties"]["body"]
        text = re.sub(r'"[^"]*"', "", body)
        made = set(re.findall(r"(\w+) =", text)) | set(re.findall(r"let (\w+) =", text))
        named = set(re.findall(r"\b[A-Z][A-Za-z0-9]+\b", text)) - {"AuditorFindings_CL"}
        assert named <= {*COLUMNS, *made}, named - {*COLUMNS, *made}
