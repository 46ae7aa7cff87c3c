"""OCSF as others read it: py-ocsf-models, which Prowler uses."""

from __future__ import annotations

import json
import warnings

import pytest

from auditor.model import AuditResult
from auditor.report import Context
from auditor.report.ocsf import render
from tests.builders.reporting_examples import CLEAN, CONTROLS, EVIL, RICH, hostile

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from py_ocsf_models.events.findings.compliance_finding import ComplianceFinding

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize("result", [RICH, CLEAN, *(hostile(evil) for evil in EVIL)])
@pytest.mark.parametrize("context", [Context(), Context(controls=CONTROLS)])
def test_every_event_is_read(result: AuditResult, context: Context) -> None:
    lines = render(result, context).splitlines()
    assert len(lines) == len(result.findings)
    for line in lines:
        event = ComplianceFinding.model_validate(json.loads(line))
        assert event.compliance.control


def test_an_event_without_its_finding_is_refused() -> None:
    event = json.loads(render(RICH).splitlines()[0])
    del event["finding_info"]
    with pytest.raises(ValueError, match="finding_info"):
        ComplianceFinding.model_validate(event)
