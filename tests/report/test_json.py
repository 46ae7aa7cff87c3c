"""`auditor-result/1`: what programs rely on. Fields may be added, never changed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor.model import Outcome
from auditor.report.json_ import render
from tests.builders.reporting_examples import (
    CLEAN,
    EVIL,
    NOTHING,
    RICH,
    SUBSCRIPTION,
    UI_STORAGE,
    hostile,
)


def parsed(result: Any = RICH) -> Any:
    return json.loads(render(result))


def test_the_contract_of_the_envelope() -> None:
    document = parsed()
    assert document["format"] == "auditor-result/1"
    assert {"name", "version", "source"} <= document["baseline"].keys()
    assert document["snapshot"]["collected_at"] == "2026-11-20T06:00:00Z"
    assert document["snapshot"]["sha256"] == RICH.snapshot.sha256
    assert document["snapshot"]["subscriptions"] == [SUBSCRIPTION]
    assert document["summary"] == {
        "pass": 2, "fail": 3, "unknown": 1, "not_applicable": 1, "waived": 1, "error": 1, "manual": 1,
    }  # fmt: skip


def test_the_contract_of_a_result() -> None:
    (found,) = [r for r in parsed()["results"] if r["outcome"] == "fail" and r["requirement"] == "PUB-07"]
    assert found == {
        "requirement": "PUB-07",
        "rule": "storage_is_exposed",
        "outcome": "fail",
        "waiver": None,
        "level": "must",
        "severity": "critical",
        "severity_reason": None,
        "workload": "mlw-chat",
        "resource": UI_STORAGE.text,
        "part": "other storage",
        "aspect": "",
        "message": "stchatui is open to every network: publicNetworkAccess is absent, which means Enabled, and"
        " networkAcls.defaultAction is Allow",
        "evidence": [
            {
                "resource": UI_STORAGE.text,
                "pointer": "/properties/publicNetworkAccess",
                "value": None,
                "line": 812,
                "column": 7,
            },
            {
                "resource": UI_STORAGE.text,
                "pointer": "/properties/networkAcls/defaultAction",
                "value": "Allow",
                "line": 820,
                "column": 26,
            },
        ],
        "witness": None,
        "unknown": None,
        "remediation": "az storage account update --name stchatui --resource-group rg-chat \\\n"
        "  --public-network-access Disabled",
        "fingerprint": found["fingerprint"],
        "cause": found["cause"],
        "changes": [],
        "controls": {},
    }
    assert len(found["fingerprint"]) == 64


def test_an_unknown_names_the_permission_and_the_read() -> None:
    (found,) = [r for r in parsed()["results"] if r["outcome"] == "unknown"]
    assert found["resource"] is None
    assert found["unknown"]["permission"] == "Microsoft.Web/sites/read"
    assert found["unknown"]["read"].endswith("/Microsoft.Web/sites")


def test_a_place_without_a_file_has_no_line() -> None:
    (found,) = [r for r in parsed()["results"] if r["requirement"] == "PUB-05"]
    assert (found["evidence"][0]["line"], found["evidence"][0]["column"]) == (None, None)


def test_every_outcome_has_a_count_even_where_there_is_none() -> None:
    assert set(parsed(NOTHING)["summary"]) == {outcome.value for outcome in Outcome}
    assert parsed(NOTHING)["missing"][0] == "Machine Learning workspace"
    assert parsed(NOTHING)["results"] == []


def test_what_was_not_read_and_not_checked_is_there() -> None:
    document = parsed()
    assert document["not_implemented"] == ["REL-01"]
    assert document["snapshot"]["failed_reads"][0]["permission"] == "Microsoft.Web/sites/read"
    assert {r["id"] for r in document["requirements"]} >= {r["requirement"] for r in document["results"]}


def test_it_is_indented_in_a_fixed_order_and_ends_with_a_line_break() -> None:
    text = render(CLEAN)
    assert text.startswith('{\n  "format": "auditor-result/1",\n  "baseline": {\n    "name": "openai-chat",')
    assert text.endswith("}\n")
    assert text == render(CLEAN)


@pytest.mark.parametrize("evil", EVIL)
def test_names_come_through_unchanged(evil: str) -> None:
    document = parsed(hostile(evil))
    found = document["results"][0]
    assert found["part"] == evil
    assert found["evidence"][1]["value"] == {evil: [evil]}
    assert found["witness"] == {evil: evil}
    assert document["snapshot"]["path"] == evil
