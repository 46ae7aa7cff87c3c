"""OSCAL: what an audit and a baseline say in it, by our own reading of the schemas."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from auditor.baseline import read_baseline
from auditor.cli import run
from auditor.frameworks.own import controls_of
from auditor.model import AuditResult, Outcome, Waiver
from auditor.report import Context
from auditor.report.oscal.definition import documents
from auditor.report.oscal.parts import control_id, moment
from auditor.report.oscal.results import render
from tests.builders.reporting_examples import CONTROLS, EVIL, NOTHING, RICH, hostile

ALL = Context(controls=CONTROLS)
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[45][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def waived() -> AuditResult:
    """The rich example, with a waiver for the storage account that is open."""
    waiver = Waiver("PUB-07", "*", "ai-team", "a partner needs it for a while", date(2027, 1, 31))
    found = tuple(
        replace(f, waiver=waiver) if f.requirement == "PUB-07" and f.outcome is Outcome.FAIL else f
        for f in RICH.findings
    )
    return replace(RICH, findings=found)


def results(result: AuditResult = RICH, context: Context = ALL) -> Any:
    (found,) = json.loads(render(result, context))["assessment-results"]["results"]
    return found


def values(node: Any, wanted: str) -> Iterator[str]:
    """Every value of a key, wherever it stands."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == wanted:
                yield value
            else:
                yield from values(value, wanted)
    elif isinstance(node, list):
        for value in node:
            yield from values(value, wanted)


def outcome_of(observation: Any) -> str:
    return next(p["value"] for p in observation["props"] if p["name"] == "outcome")


def test_every_finding_is_an_observation_with_subject_and_evidence() -> None:
    found = results()
    assert [outcome_of(o) for o in found["observations"]] == [f.outcome.value for f in RICH.findings]
    open_storage = found["observations"][2]
    (subject,) = open_storage["subjects"]
    items = {item["uuid"]: item for item in found["local-definitions"]["inventory-items"]}
    assert items[subject["subject-uuid"]]["props"][0]["value"].endswith("/storageAccounts/stchatui")
    assert open_storage["relevant-evidence"][0]["description"] == "stchatui/properties/publicNetworkAccess is (absent)"
    assert {p["name"] for p in open_storage["relevant-evidence"][0]["props"]} >= {"pointer", "line", "column"}


def test_what_is_unknown_is_an_observation_and_no_finding() -> None:
    found = results()
    unknown = {o["uuid"] for o in found["observations"] if outcome_of(o) in ("unknown", "error", "manual")}
    assert unknown
    assert not unknown & set(values(found["findings"], "observation-uuid"))
    remark = next(o["remarks"] for o in found["observations"] if outcome_of(o) == "unknown")
    assert remark.endswith("needs Microsoft.Web/sites/read")


def test_findings_have_a_target_status_and_their_risks() -> None:
    found = results()
    by_target = {f["target"]["target-id"]: f for f in found["findings"]}
    boundary = by_target["sc-7.3_smt"]
    assert boundary["target"]["type"] == "statement-id"
    assert boundary["target"]["status"] == {"state": "not-satisfied", "reason": "fail"}
    risks = {r["uuid"]: r for r in found["risks"]}
    assert len(risks) == sum(f.outcome in (Outcome.FAIL, Outcome.WAIVED) for f in RICH.findings)
    assert {r["risk-uuid"] for r in boundary["related-risks"]} <= set(risks)
    assert all(r["status"] == "open" for r in risks.values() if "accepted-until" not in str(r))


def test_a_waiver_is_an_approved_deviation_with_a_deadline() -> None:
    found = results(waived())
    (risk,) = [r for r in found["risks"] if r["status"] == "deviation-approved" and "deadline" in r]
    assert risk["deadline"] == "2027-01-31T23:59:59+00:00"
    assert risk["risk-log"]["entries"][0]["status-change"] == "deviation-approved"
    assert risk["risk-log"]["entries"][0]["description"] == "a partner needs it for a while"
    assert {p["value"] for p in risk["props"]} >= {"ai-team", "2027-01-31"}


@pytest.mark.parametrize("result", [RICH, waived(), NOTHING, *(hostile(evil) for evil in EVIL)])
def test_names_are_unique_and_whatever_is_referred_to_is_there(result: AuditResult) -> None:
    document = json.loads(render(result, ALL))
    found = [*values(document, "uuid")]
    assert len(found) == len(set(found))
    assert all(UUID.fullmatch(each) for each in found)
    for key in ("observation-uuid", "risk-uuid", "subject-uuid", "actor-uuid"):
        assert set(values(document, key)) <= set(found), key
    for href in values(document, "href"):
        assert not href.startswith("#") or href[1:] in found
    for value in (*values(document, "value"), *values(document, "title"), *values(document, "description")):
        assert value == value.strip() != ""
    lists = [v for n in ("observations", "risks", "findings", "props", "inventory-items") for v in values(document, n)]
    assert all(lists), "OSCAL allows no empty list"


def test_names_stay_from_audit_to_audit_and_the_bytes_too() -> None:
    assert render(RICH, ALL) == render(RICH, ALL)
    later = replace(RICH, snapshot=replace(RICH.snapshot, collected_at="2026-11-21T06:00:00Z", sha256="0" * 64))
    assert [o["uuid"] for o in results(later)["observations"]] == [o["uuid"] for o in results()["observations"]]
    assert results(later)["uuid"] != results()["uuid"]


def test_without_a_framework_there_are_observations_and_risks_alone() -> None:
    found = results(RICH, Context())
    assert "findings" not in found
    assert found["observations"]


def test_ids_of_controls_are_nists_own_or_have_the_frameworks_name_before_them() -> None:
    known = CONTROLS.frameworks
    assert control_id(known["nist-800-53-r5"], "AC-17(3)") == "ac-17.3"
    assert control_id(known["nis2"], "21(2)(b)") == "nis2_21-2-b"
    for framework in known.values():
        ids = [control_id(framework, control) for control in framework.controls]
        assert len(ids) == len(set(ids)), framework.id
        assert all(re.fullmatch(r"[a-z_][a-z0-9._-]*", id_) for id_ in ids), framework.id


def test_a_time_that_is_none_is_the_beginning_of_time() -> None:
    assert moment("yesterday") == "1970-01-01T00:00:00+00:00"
    assert moment("2026-11-20") == "2026-11-20T00:00:00+00:00"


def test_a_baseline_is_a_component_definition_and_a_profile() -> None:
    baseline = read_baseline()
    controls = controls_of((baseline.info.name,), tuple(baseline.requirements), ("nist-800-53-r5", "soc-2"))
    made = documents(baseline.info, baseline.requirements, controls, "nist-800-53-r5")
    assert set(made) == {"component-definition.json", "profile.json"}
    (selected,) = json.loads(made["profile.json"])["profile"]["imports"]
    ids = selected["include-controls"][0]["with-ids"]
    (component,) = json.loads(made["component-definition.json"])["component-definition"]["components"]
    (implementation,) = component["control-implementations"]
    assert [r["control-id"] for r in implementation["implemented-requirements"]] == ids
    rules = {p["value"] for p in component["props"] if p["name"] == "Rule_Id"}
    assert rules == set(baseline.requirements)
    assert set(documents(baseline.info, baseline.requirements, controls, "soc-2")) == {*made, "catalog.json"}


def test_the_command_writes_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["baseline", "oscal", "--framework", "soc-2", "-o", str(tmp_path / "new")]) == 0
    assert {path.name for path in (tmp_path / "new").iterdir()} == {
        "component-definition.json", "profile.json", "catalog.json",
    }  # fmt: skip
    assert "wrote" in capsys.readouterr().err
    assert run(["baseline", "oscal", "--framework", "nist", "-o", str(tmp_path / "new")]) == 2
