"""What a pass of foundry-chat cites decides it: each switch or word that is cited, broken alone, ends that pass."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

import pytest

from auditor.audit.audit import audit
from auditor.baseline import Baseline, read_baseline
from auditor.estate import build_estate
from auditor.model import ArmId, Evidence, Finding, Outcome
from auditor.rules import rules_by_name
from auditor.workload.parts import workloads
from tests.worlds import documents, snapshot

WORLD = "foundry-compliant"
AT_LEAST = 400
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


@cache
def passes() -> list[Finding]:
    """The passes of the compliant world."""
    return [f for f in audit(snapshot(name=WORLD), baseline()).findings if f.outcome is Outcome.PASS]


def decided() -> list[tuple[str, Finding, Evidence]]:
    """Each pass of the compliant world with a switch or a word that it cites, once for each place."""
    found: dict[tuple[str, str, str, str], tuple[str, Finding, Evidence]] = {}
    for finding in passes():
        for evidence in finding.verdict.evidence:
            value = evidence.value
            if isinstance(value, bool) or (isinstance(value, str) and value.casefold() in WORDS):
                place = (evidence.place.document.key, evidence.place.pointer)
                key = (finding.requirement, *place, finding.verdict.aspect)
                found.setdefault(key, (finding.requirement, finding, evidence))
    return [each for key, each in found.items() if (key[0], key[2]) not in SHOWN_TWICE]


MUTATIONS = decided()


OTHERS_SUFFICE = {
    "AGT-07": "each of the stores is cited, and each is judged at its own resource",
    "EGR-08": "what is not allowed by a rule is denied: less allows less",
    "EGR-11": "as EGR-08",
    "EGR-14": "as EGR-08",
    "KEY-01": "the gateway's own reference decides; the secret is shown beside it",
    "MON-03": "two diagnostic settings, each of which captures all logs",
    "MON-04": "as MON-03",
    "MON-07": "as MON-03",
    "MON-08": "as MON-03",
    "MON-15": "two alerts, each of which suffices",
    "NET-02": "what is not there cannot be reached",
    "PL-08": "the approval stands in the endpoint, too",
    "REL-15": "the plan has instances enough without its scaling",
}
"""Passes that rightly outlive some document that they cite, each with the reason."""

LEAD_NOWHERE = {
    "AGT-12": "the connection is what is asked for; what it leads to may be of another subscription",
    "AGT-13": "as AGT-12",
    "CMP-13": "the firewall is what is asked for, its policy is judged by EGR-08 to EGR-16",
    "CMP-14": "the workspace may be of another subscription",
}
"""Passes that rightly outlive an id that leads to what was not read."""


def removals() -> list[tuple[str, Finding, ArmId]]:
    """Each pass with a document that it cites beside its own subject."""
    own = {ArmId(d["id"]) for d in documents(WORLD)}
    found: dict[tuple[object, ...], tuple[str, Finding, ArmId]] = {}
    for finding in (f for f in passes() if f.requirement not in OTHERS_SUFFICE):
        subject = finding.verdict.resource
        for document in (e.place.document for e in finding.verdict.evidence):
            if document in own and (subject is None or not subject.is_within(document)):
                key = (finding.requirement, subject, finding.verdict.aspect, document)
                found.setdefault(key, (finding.requirement, finding, document))
    return list(found.values())


def redirections() -> list[tuple[str, Finding, Evidence]]:
    """Each pass with an id that it cites."""
    own = {ArmId(d["id"]) for d in documents(WORLD)}
    found: dict[tuple[object, ...], tuple[str, Finding, Evidence]] = {}
    for finding in (f for f in passes() if f.requirement not in LEAD_NOWHERE):
        for evidence in finding.verdict.evidence:
            if evidence.place.document in own and str(evidence.value).startswith("/subscriptions/"):
                key = (finding.requirement, finding.verdict.resource, finding.verdict.aspect, evidence.place)
                found.setdefault(key, (finding.requirement, finding, evidence))
    return list(found.values())


REMOVALS, REDIRECTIONS = removals(), redirections()


def place_of(evidence: Evidence) -> tuple[list[dict[str, Any]], Any, Any]:
    """The documents of the world as a copy, and where in it a value stands: what holds it, and its key or index."""
    changed = copy.deepcopy(documents(WORLD))
    (holder,) = [d for d in changed if d["id"].casefold() == evidence.place.document.key]
    *steps, last = [s.replace("~1", "/").replace("~0", "~") for s in evidence.place.pointer.strip("/").split("/")]
    value: Any = holder
    for step in steps:
        value = value[int(step)] if isinstance(value, list) else value[step]
    return changed, value, int(last) if isinstance(value, list) else last


def broken(evidence: Evidence) -> list[dict[str, Any]]:
    """The documents of the world with the cited value turned round, or made a word that nobody knows."""
    changed, holder, key = place_of(evidence)
    holder[key] = not evidence.value if isinstance(evidence.value, bool) else "Mutated"
    return changed


def without(document: ArmId) -> list[dict[str, Any]]:
    """The documents of the world but one, and what lies within it."""
    return [d for d in documents(WORLD) if not ArmId(d["id"]).is_within(document)]


def elsewhere(evidence: Evidence) -> list[dict[str, Any]]:
    """The documents of the world with an id that is cited leading to another resource, which is not there."""
    changed, holder, key = place_of(evidence)
    holder[key] = f"{str(evidence.value).rpartition('/')[0]}/elsewhere"
    return changed


def still_passes(requirement: str, finding: Finding, changed: list[dict[str, Any]]) -> bool:
    row, terms = baseline().requirements[requirement], baseline().terms[requirement]
    estate = build_estate(snapshot(changed, name=WORLD))
    verdicts = [
        v
        for w in workloads(estate, None, baseline().architecture)
        for v in rules_by_name()[row.rule].apply(w, terms, row.on)
        if v.resource == finding.verdict.resource and v.aspect == finding.verdict.aspect
    ]
    return bool(verdicts) and all(v.outcome is Outcome.PASS for v in verdicts)


def test_there_are_many() -> None:
    assert len(MUTATIONS) + len(REMOVALS) + len(REDIRECTIONS) >= AT_LEAST


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("requirement", "finding", "evidence"),
    [pytest.param(*each, id=f"{each[0]} {each[2].place.document.name}{each[2].place.pointer}") for each in MUTATIONS],
)
def test_what_a_pass_cites_decides_it(requirement: str, finding: Finding, evidence: Evidence) -> None:
    assert not still_passes(requirement, finding, broken(evidence)), (
        f"{evidence.place.pointer} of {requirement} decides nothing"
    )


@pytest.mark.sampled(6)
@pytest.mark.parametrize(
    ("requirement", "finding", "document"),
    [pytest.param(*each, id=f"{each[0]} {each[1].verdict.aspect} {each[2].name}") for each in REMOVALS],
)
def test_a_pass_does_not_outlive_a_document_that_it_cites(requirement: str, finding: Finding, document: ArmId) -> None:
    assert not still_passes(requirement, finding, without(document)), f"{requirement} passes without {document.name}"


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("requirement", "finding", "evidence"),
    [
        pytest.param(*each, id=f"{each[0]} {each[2].place.document.name}{each[2].place.pointer}")
        for each in REDIRECTIONS
    ],
)
def test_a_pass_does_not_outlive_an_id_that_it_cites(requirement: str, finding: Finding, evidence: Evidence) -> None:
    assert not still_passes(requirement, finding, elsewhere(evidence)), f"{requirement} follows no id"
