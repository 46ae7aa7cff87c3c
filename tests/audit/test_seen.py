"""Where no workload is recognised: what was looked for in vain, and what is there nevertheless."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.audit.audit import audit
from auditor.baseline import read_baseline
from auditor.model import AuditResult
from auditor.report.digest import Digest
from tests import worlds

BASELINE = read_baseline("openai-chat")
GROUP = f"{worlds.subscription()}/resourceGroups/rg"
HUB = {
    "id": f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/hub1",
    "name": "hub1",
    "kind": "Project",
    "properties": {},
}
VNET = {"id": f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet1", "name": "vnet1", "properties": {}}


def result_of(*documents: dict[str, Any]) -> AuditResult:
    return audit(worlds.snapshot(list(documents)), BASELINE)


def test_nothing_is_said_only_where_nothing_is() -> None:
    result = result_of({"id": GROUP, "name": "rg"})
    assert result.seen == ()
    assert Digest(result).headline.startswith("Nothing of this architecture is in this snapshot")


def test_the_kinds_that_are_there_are_named_and_not_looked_for() -> None:
    result = result_of(HUB, VNET)
    assert result.seen == ("Machine Learning workspace of kind Project hub1", "virtual network vnet1")
    assert "virtual network" not in result.missing
    assert "Machine Learning workspace" in result.missing
    headline = Digest(result).headline
    assert "Nothing" not in headline
    assert "hub1" in headline


@pytest.mark.parametrize(("fail_on", "word"), [("must", "fail"), ("never", "not_applicable")])
def test_the_word_is_that_of_the_exit_code(fail_on: str, word: str) -> None:
    assert Digest(result_of(HUB), fail_on).verdict == word
