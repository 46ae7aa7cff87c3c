"""Findings joined by what closes them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.audit.audit import audit
from auditor.baseline import read_baseline
from auditor.causes.cause import cause_id, causes_of
from auditor.causes.titles import title_of
from auditor.model import ArmId, AuditResult, Finding, Outcome, Severity, Verdict
from auditor.model.chain import Chain
from auditor.model.change import Action, Change, create, delete, set_to
from auditor.model.exposure import Exposure
from tests import worlds
from tests.builders.reporting_examples import GROUP, RICH, STORAGE, finding

NSG = ArmId(f"{GROUP}/providers/Microsoft.Network/networkSecurityGroups/nsg")
RULE = NSG.child("securityRules", "Any")
OTHER = NSG.child("securityRules", "B")
LOGS = STORAGE.child("blobServices", "default", "providers", "Microsoft.Insights", "diagnosticSettings", "l")
SHUT = set_to(STORAGE, "properties/publicNetworkAccess", "Disabled")
KEYS = set_to(STORAGE, "properties/allowSharedKeyAccess", False)


def failing(requirement: str, *changes: Change, advice: str = "", name: str = "a") -> Finding:
    verdict = Verdict(Outcome.FAIL, f"{name} is open", STORAGE, aspect=name, changes=changes, remediation=advice)
    return finding(requirement, "rule", verdict)


def result(*findings: Finding) -> AuditResult:
    return replace(RICH, findings=findings)


@cache
def reference() -> AuditResult:
    return audit(worlds.snapshot(), read_baseline("openai-chat"))


def test_findings_with_equal_changes_share_a_cause() -> None:
    (cause,) = causes_of(result(failing("PUB-07", SHUT), failing("PUB-05", SHUT)))
    assert dict(cause.requirements) == {"PUB-07": 1, "PUB-05": 1}
    assert cause.severity == "critical"
    assert cause.id == cause_id((SHUT,))
    assert cause.title == "Set publicNetworkAccess of stchat to Disabled"


def test_a_cause_that_holds_the_changes_of_another_takes_its_findings_along() -> None:
    (cause,) = causes_of(result(failing("PUB-07", SHUT), failing("PUB-05", SHUT, KEYS)))
    assert cause.changes == (SHUT, KEYS)
    assert [f.requirement for f in cause.findings] == ["PUB-07", "PUB-05"]
    assert [f.requirement for f in cause.contained] == ["PUB-07"]


def test_what_is_deleted_need_not_be_changed() -> None:
    edit = set_to(RULE, "properties/protocol", "Tcp")
    (cause,) = causes_of(result(failing("REL-03", edit), failing("NSG-JMP-IN", delete(RULE))))
    assert cause.changes == (delete(RULE),)
    assert dict(cause.requirements) == {"NSG-JMP-IN": 1, "REL-03": 1}


def test_what_is_deleted_and_made_anew_is_still_to_be_changed() -> None:
    edit = set_to(RULE, "properties/protocol", "Tcp")
    anew = (delete(RULE), create(RULE, {"properties": {}}))
    assert len(causes_of(result(failing("REL-03", edit), failing("NSG-JMP-IN", *anew)))) == 2


def test_the_example_of_a_question_makes_no_other_cause() -> None:
    one, other = (set_to(STORAGE, "properties/x", n, question="how many") for n in (1, 2))
    assert len(causes_of(result(failing("PUB-07", one), failing("PUB-05", other)))) == 1


def test_without_changes_the_same_command_or_the_same_requirement_is_one_cause() -> None:
    same = [failing("PUB-07", advice="az x"), failing("PUB-05", advice="az x")]
    apart = [failing("REL-03", name="a"), failing("REL-03", name="b"), failing("NSG-JMP-IN")]
    found = causes_of(result(*same, *apart))
    assert sorted(len(cause.findings) for cause in found) == [1, 2, 2]
    assert found[0].remediation == "az x"
    assert found[0].title == "a is open"


def test_what_does_not_fail_has_no_cause() -> None:
    kept = [f for f in RICH.findings if f.outcome is not Outcome.FAIL]
    assert causes_of(result(*kept)) == ()


def chain(of: Finding, exposure: Exposure) -> Chain:
    return Chain("c", "t", "Internet", "data", "high", exposure, (), (of.fingerprint,))


def test_the_worst_comes_first_then_what_is_exposed_then_what_closes_more() -> None:
    a, b = failing("PUB-05", SHUT, name="a"), failing("PUB-05", KEYS, name="b")
    c = failing("NSG-JMP-IN", delete(RULE), name="c")
    d = failing("NSG-JMP-IN", delete(RULE), name="d")
    worst = failing("PUB-07", set_to(STORAGE, "x", 1), name="e")
    advice = failing("REL-03", set_to(STORAGE, "y", 1), name="f")
    found = replace(
        result(advice, a, b, c, d, worst), chains=(chain(b, Exposure.INTERNET), chain(a, Exposure.TAKEOVER))
    )
    order = [cause.worst.verdict.aspect for cause in causes_of(found)]
    assert order == ["e", "b", "a", "c", "f"]
    assert [cause.exposure for cause in causes_of(found)][1:3] == [Exposure.INTERNET, Exposure.TAKEOVER]


@settings(deadline=None, max_examples=40)
@given(st.permutations(range(6)))
def test_the_order_of_findings_changes_nothing(order: list[int]) -> None:
    edit = set_to(RULE, "properties/protocol", "Tcp")
    every = [
        failing("PUB-07", SHUT, name="a"),
        failing("PUB-05", SHUT, KEYS, name="b"),
        failing("NSG-JMP-IN", delete(RULE), name="c"),
        failing("REL-03", edit, name="d"),
        failing("REL-03", advice="az x", name="e"),
        failing("PUB-05", name="f"),
    ]
    told = [(cause.id, cause.findings) for cause in causes_of(result(*(every[n] for n in order)))]
    assert told == [(cause.id, cause.findings) for cause in causes_of(result(*every))]


def test_of_the_reference_deployment_every_failing_finding_has_one_cause() -> None:
    found = causes_of(reference())
    fails = [f for f in reference().findings if f.outcome is Outcome.FAIL]
    told = [f for cause in found for f in cause.findings]
    assert len(told) == len(fails)
    assert {id(f) for f in told} == {id(f) for f in fails}
    assert len({cause.id for cause in found}) == len(found) < len(fails)
    ranks = [(cause.optional, Severity(cause.severity).rank) for cause in found]
    assert ranks == sorted(ranks)
    staibase = found[[c.title for c in found].index("Set publicNetworkAccess of staibase to Disabled")]
    assert dict(staibase.requirements) == {"NET-02": 1, "PUB-07": 1}


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ([KEYS], "Set allowSharedKeyAccess of stchat to false"),
        ([set_to(STORAGE, "properties/x", {"a": 1})], "Set x of stchat"),
        ([set_to(STORAGE, "properties/x", 1, question="how many")], "Set x of stchat to (a value to be decided)"),
        ([Change(Action.REMOVE, STORAGE, "/properties/list/1")], "Remove list of stchat"),
        ([Change(Action.ADD, STORAGE, "/properties/list", 1)], "Add to list of stchat"),
        ([SHUT, KEYS], "Set publicNetworkAccess and allowSharedKeyAccess of stchat"),
        ([SHUT, KEYS, set_to(STORAGE, "z", 1)], "Set 3 settings of stchat"),
        (
            [delete(RULE), create(NSG.child("securityRules", "B"), {})],
            "Delete rule Any of nsg and create rule B in nsg",
        ),
        (
            [create(NSG.child("securityRules", name), {}) for name in "ABCD"],
            "Create rules A, B and 2 more in nsg",
        ),
        (
            [delete(ArmId(f"{GROUP}/providers/Microsoft.Authorization/roleAssignments/01234567-89ab"))],
            "Delete role assignment 01234567 of rg-chat",
        ),
        (
            [
                create(
                    STORAGE.child(
                        "blobServices", "default", "providers", "Microsoft.Insights", "diagnosticSettings", "l"
                    ),
                    {},
                )
            ],
            "Create diagnostic setting l in stchat/blobServices",
        ),
    ],
)
def test_a_title_says_what_to_do(changes: list[Change], title: str) -> None:
    assert title_of(changes) == title
