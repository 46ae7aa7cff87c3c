"""The guide's own examples: an architecture written from it alone judges a web app and its network."""

from __future__ import annotations

import re
from pathlib import Path

from auditor.audit.audit import audit
from auditor.baseline import read_baseline
from auditor.model import Outcome
from auditor.workload.parts import NAMED
from auditor.workload.selectors import Selector
from tests.audit.test_recognition import web_application
from tests.worlds import snapshot

GUIDE = (Path(__file__).parents[2] / "docs" / "writing-a-baseline.md").read_text(encoding="utf-8")


def whole_baseline() -> str:
    blocks = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
    return next(block for block in blocks if "anchor: site" in block)


def test_the_architecture_of_the_guide_judges_a_web_app(tmp_path: Path) -> None:
    path = tmp_path / "ours.yaml"
    path.write_text(whole_baseline(), encoding="utf-8")
    found = audit(snapshot(web_application(), name="foundry-compliant"), read_baseline(path))
    assert {f.requirement: f.verdict.outcome for f in found.findings} == {
        "WEB-01": Outcome.PASS,
        "WEB-02": Outcome.PASS,
    }
    docs = web_application()
    docs[1]["properties"]["httpsOnly"] = False
    found = audit(snapshot(docs, name="foundry-compliant"), read_baseline(path))
    assert {f.requirement for f in found.findings if f.verdict.outcome is Outcome.FAIL} == {"WEB-02"}


def test_every_field_of_a_selector_stands_in_the_guide() -> None:
    fields = {"not" if name == "but_not" else name for name in Selector.__struct_fields__}
    assert not [name for name in fields if f"`{name}" not in GUIDE]


def test_every_named_selector_stands_in_the_guide() -> None:
    text = " ".join(GUIDE.split())
    assert not [name for name in NAMED if f"`{name}`" not in text]
