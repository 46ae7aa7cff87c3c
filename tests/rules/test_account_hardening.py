"""Rows beyond the architecture: outbound hosts, versions, storage, block lists, Defender, further guardrails."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from auditor.baseline import Baseline, read_baseline
from auditor.estate import build_estate
from auditor.model import Outcome, Verdict
from auditor.rules import rules_by_name
from auditor.workload.parts import workloads
from tests import worlds
from tests.cases.change import changed

POLICY = "raiPolicies/blocking-filter/properties"
LIST = {"id": "{group}/providers/Microsoft.CognitiveServices/accounts/oai-aibase/raiBlocklists/names", "properties": {}}
STORE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/files"
BOTH = [{"blocklistName": "names", "blocking": True, "source": source} for source in ("Prompt", "Completion")]


@cache
def hardening() -> Baseline:
    return read_baseline("ai-hardening")


def answers(requirement: str, terms: dict[str, Any] | None = None, **changes: Any) -> list[Verdict]:
    world = changed({"world": "compliant", **changes})
    reads = (*worlds.whole(world.scope), *world.refused)
    (w,) = workloads(build_estate(worlds.snapshot(world.documents, reads, world.name)))
    rule = rules_by_name()[hardening().requirements[requirement].rule]
    stated = hardening().terms[requirement] if terms is None else rule.terms(**terms)
    return list(rule.apply(w, stated))


def outcomes(requirement: str, terms: dict[str, Any] | None = None, **changes: Any) -> set[Outcome]:
    return {verdict.outcome for verdict in answers(requirement, terms, **changes)}


def plan(tier: str) -> dict[str, Any]:
    return {
        "id": "{subscription}/providers/Microsoft.Security/pricings/AI",
        "properties": {"pricingTier": tier},
    }


@pytest.mark.parametrize(
    ("requirement", "changes", "outcome"),
    [
        ("AIH-01", {}, Outcome.FAIL),
        ("AIH-01", {"set": {"oai-aibase/properties/restrictOutboundNetworkAccess": True}}, Outcome.PASS),
        ("AIH-02", {}, Outcome.FAIL),
        ("AIH-02", {"set": {"deployments/gpt35/properties/versionUpgradeOption": "NoAutoUpgrade"}}, Outcome.PASS),
        ("AIH-02", {"unset": ["deployments/gpt35/properties/versionUpgradeOption"]}, Outcome.FAIL),
        ("AIH-03", {}, Outcome.FAIL),
        (
            "AIH-03",
            {"set": {"oai-aibase/properties/userOwnedStorage": [{"resourceId": STORE}]}},
            Outcome.PASS,
        ),
        ("AIH-04", {}, Outcome.UNKNOWN),
        ("AIH-04", {"add": [plan("Free")]}, Outcome.FAIL),
        ("AIH-04", {"add": [plan("Standard")]}, Outcome.PASS),
        ("GRD-01", {}, Outcome.FAIL),
        (
            "GRD-01",
            {
                "set": {
                    f"{POLICY}/contentFilters": [
                        {"name": "Indirect Attack", "enabled": True, "blocking": True, "source": "Prompt"}
                    ]
                }
            },
            Outcome.PASS,
        ),
        ("GRD-04", {}, Outcome.FAIL),
        ("GRD-04", {"set": {f"{POLICY}/customBlocklists": BOTH}, "add": [LIST]}, Outcome.PASS),
        ("GRD-04", {"set": {f"{POLICY}/customBlocklists": BOTH[:1]}, "add": [LIST]}, Outcome.FAIL),
        ("GRD-04", {"set": {f"{POLICY}/customBlocklists": BOTH}}, Outcome.FAIL),
        (
            "GRD-04",
            {
                "set": {f"{POLICY}/customBlocklists": BOTH},
                "refuse": ["Microsoft.CognitiveServices/accounts/raiBlocklists"],
            },
            Outcome.UNKNOWN,
        ),
        (
            "GRD-04",
            {
                "set": {
                    f"{POLICY}/promptBlocklists": [{"blocklistName": "names", "blocking": True}],
                    f"{POLICY}/completionBlocklists": [{"blocklistName": "names", "blocking": True}],
                },
                "add": [LIST],
            },
            Outcome.PASS,
        ),
        ("GRD-04", {"set": {"deployments/gpt35/properties/raiPolicyName": "Microsoft.Nil"}}, Outcome.FAIL),
        ("GRD-04", {"set": {"deployments/gpt35/properties/raiPolicyName": "unread"}}, Outcome.UNKNOWN),
        ("GRD-04", {"drop": ["deployments/gpt35"]}, Outcome.NOT_APPLICABLE),
    ],
)
def test_what_each_row_comes_to(requirement: str, changes: dict[str, Any], outcome: Outcome) -> None:
    assert outcomes(requirement, **changes) == {outcome}


def test_hosts_beyond_the_terms_are_named() -> None:
    stated = {
        "oai-aibase/properties/restrictOutboundNetworkAccess": True,
        "oai-aibase/properties/allowedFqdnList": ["files.contoso.com", "pastebin.example"],
    }
    (verdict,) = answers("AIH-01", {"hosts": ("*.contoso.com",)}, set=stated)
    assert verdict.outcome is Outcome.FAIL
    assert "pastebin.example" in verdict.message
    assert "files.contoso.com" not in verdict.message


@pytest.mark.parametrize("requirement", ["AIH-01", "AIH-02"])
def test_the_fix_of_a_row_is_data(requirement: str) -> None:
    (verdict,) = answers(requirement)
    assert verdict.changes


def test_every_row_has_a_rule_and_a_page() -> None:
    rules = rules_by_name()
    for row in hardening().requirements.values():
        assert "References:" in rules[row.rule].doc, row.id
