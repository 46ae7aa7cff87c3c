"""What a pass of foundry-chat cites decides it: each switch or word that is cited, broken alone, ends that pass."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

import pytest

from auditor.audit.audit import audit
from auditor.baseline import Baseline, read_baseline
from auditor.estate import build_estate
from auditor.model import Evidence, Finding, Outcome
from auditor.rules import rules_by_name
from auditor.workload.parts import workloads
from tests.worlds import documents, snapshot

WORLD = "foundry-compliant"
AT_LEAST = 140
WORDS = {
    *("disabled", "enabled", "approved", "standard", "cannotdelete", "aad", "prevention", "https", "succeeded"),
    *("continuous", "tls12", "tls1_2", "agents", "virtualappliance", "alert", "noautoupgrade", "userassigned"),
    *("standard_gzrs", "standard_zrs", "globalstandard", "datazonestandard", "none", "deny"),
}
"""Values that a rule compares; names and ids decide by what they lead to."""

SHOWN_TWICE = {("NET-01", "/properties/publicNetworkAccess")}
"""Azure shows the switch of a site in its configuration too, and either closes it."""


@cache
def baseline() -> Baseline:
    return read_baseline("foundry-chat")


def decided() -> list[tuple[str, Finding, Evidence]]:
    """Each pass of the compliant world with a switch or a word that it cites, once for each place."""
    found: dict[tuple[str, str, str, str], tuple[str, Finding, Evidence]] = {}
    for finding in audit(snapshot(name=WORLD), baseline()).findings:
        if finding.verdict.outcome is not Outcome.PASS:
            continue
        for evidence in finding.verdict.evidence:
            value = evidence.value
            if isinstance(value, bool) or (isinstance(value, str) and value.casefold() in WORDS):
                place = (evidence.place.document.key, evidence.place.pointer)
                key = (finding.requirement, *place, finding.verdict.aspect)
                found.setdefault(key, (finding.requirement, finding, evidence))
    return [each for key, each in found.items() if (key[0], key[2]) not in SHOWN_TWICE]


MUTATIONS = decided()


def broken(evidence: Evidence) -> list[dict[str, Any]]:
    """The documents of the world with the cited value turned round, or made a word that nobody knows."""
    changed = copy.deepcopy(documents(WORLD))
    (holder,) = [d for d in changed if d["id"].casefold() == evidence.place.document.key]
    *steps, last = [s.replace("~1", "/").replace("~0", "~") for s in evidence.place.pointer.strip("/").split("/")]
    value: Any = holder
    for step in steps:
        value = value[int(step)] if isinstance(value, list) else value[step]
    key: Any = int(last) if isinstance(value, list) else last
    value[key] = not evidence.value if isinstance(evidence.value, bool) else "Mutated"
    return changed


def still_passes(requirement: str, finding: Finding, evidence: Evidence) -> bool:
    row, terms = baseline().requirements[requirement], baseline().terms[requirement]
    estate = build_estate(snapshot(broken(evidence), name=WORLD))
    verdicts = [
        v
        for w in workloads(estate, None, baseline().architecture)
        for v in rules_by_name()[row.rule].apply(w, terms, row.on)
        if v.resource == finding.verdict.resource and v.aspect == finding.verdict.aspect
    ]
    return bool(verdicts) and all(v.outcome is Outcome.PASS for v in verdicts)


def test_there_are_many() -> None:
    assert len(MUTATIONS) >= AT_LEAST


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("requirement", "finding", "evidence"),
    [pytest.param(*each, id=f"{each[0]} {each[2].place.document.name}{each[2].place.pointer}") for each in MUTATIONS],
)
def test_what_a_pass_cites_decides_it(requirement: str, finding: Finding, evidence: Evidence) -> None:
    assert not still_passes(requirement, finding, evidence), (
        f"{evidence.place.pointer} of {requirement} decides nothing"
    )
