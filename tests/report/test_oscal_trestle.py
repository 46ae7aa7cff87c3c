"""OSCAL as compliance-trestle reads it: its models are made from NIST's schemas."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from auditor.baseline import read_baseline
from auditor.frameworks.own import controls_of
from auditor.model import AuditResult
from auditor.report import Context
from auditor.report.oscal.definition import documents
from auditor.report.oscal.results import render
from tests.builders.reporting_examples import CLEAN, CONTROLS, EVIL, NOTHING, RICH, hostile
from tests.report.test_oscal import waived

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from trestle.oscal.assessment_results import AssessmentResults
    from trestle.oscal.catalog import Catalog
    from trestle.oscal.component import ComponentDefinition
    from trestle.oscal.profile import Profile

MODELS = {"component-definition.json": ComponentDefinition, "profile.json": Profile, "catalog.json": Catalog}
pytestmark = pytest.mark.filterwarnings("ignore")


def read(model: Any, text: str, folder: Path) -> Any:
    path = folder / "document.json"
    path.write_text(text, encoding="utf-8")
    return model.oscal_read(path)


@pytest.mark.parametrize("result", [RICH, CLEAN, NOTHING, waived(), *(hostile(evil) for evil in EVIL)])
@pytest.mark.parametrize(
    "context", [Context(), Context(controls=CONTROLS), Context(controls=CONTROLS, by_control=True)]
)
def test_assessment_results_are_read(result: AuditResult, context: Context, tmp_path: Path) -> None:
    found = read(AssessmentResults, render(result, context), tmp_path)
    assert len(found.results[0].observations or ()) == len(result.findings)


@pytest.mark.parametrize("framework", ["nist-800-53-r5", "cis-azure-3.0.0", "nis2"])
def test_what_a_baseline_becomes_is_read(framework: str, tmp_path: Path) -> None:
    baseline = read_baseline()
    controls = controls_of((baseline.info.name,), tuple(baseline.requirements), (framework,))
    for file, text in documents(baseline.info, baseline.requirements, controls, framework).items():
        assert read(MODELS[file], text, tmp_path) is not None


def test_trestle_does_refuse_what_is_wrong(tmp_path: Path) -> None:
    document = json.loads(render(RICH, Context(controls=CONTROLS)))
    document["assessment-results"]["results"][0]["findings"][0]["target"]["status"]["state"] = "fine"
    with pytest.raises(Exception, match="state"):
        read(AssessmentResults, json.dumps(document), tmp_path)
