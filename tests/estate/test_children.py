"""Children that a parent's document shows: where one stands decides what it belongs to."""

from __future__ import annotations

from typing import Any

from auditor.audit.audit import audit
from auditor.baseline import read_baseline
from auditor.estate import build_estate
from auditor.model import ArmId, Outcome
from tests import worlds

GROUP = "microsoft.network/networksecuritygroups"
RULES = f"{GROUP}/securityrules"
HOLE = {
    "protocol": "Tcp", "access": "Allow", "direction": "Inbound", "priority": 100, "sourceAddressPrefix": "Internet",
    "sourcePortRange": "*", "destinationAddressPrefix": "*", "destinationPortRange": "3389",
}  # fmt: skip


def world(*more: dict[str, Any]) -> tuple[list[worlds.Document], worlds.Document]:
    """The compliant world with more rules in the group of the jump box."""
    documents = worlds.documents("compliant")
    group = next(d for d in documents if d["id"].endswith("networkSecurityGroups/nsg-jumpboxSubnet"))
    group["properties"]["securityRules"] += more
    return documents, group


def test_a_rule_whose_id_names_another_group_filters_where_it_stands() -> None:
    foreign = "/subscriptions/x/resourceGroups/y/providers/Microsoft.Network/networkSecurityGroups/z/securityRules/Hole"
    documents, group = world({"id": foreign, "name": "Hole", "properties": HOLE})
    estate = build_estate(worlds.snapshot(documents, name="compliant"))
    rule = estate.find(ArmId(f"{group['id']}/securityRules/Hole"))
    assert rule is not None
    assert estate.find(ArmId(foreign)) is None
    assert any("it is taken for where it stands" in says for says in estate.contradictions)


def test_rules_that_share_an_id_are_both_read() -> None:
    documents, group = world()
    first = group["properties"]["securityRules"][0]
    group["properties"]["securityRules"].append({**first, "properties": HOLE})
    estate = build_estate(worlds.snapshot(documents, name="compliant"))
    under = estate.seen(RULES, under=ArmId(group["id"]))
    assert len(under) == len(group["properties"]["securityRules"])
    assert any("each of them counts" in says for says in estate.contradictions)


def test_a_report_fails_by_it_and_says_so() -> None:
    foreign = "/subscriptions/x/resourceGroups/y/providers/Microsoft.Network/networkSecurityGroups/z/securityRules/Hole"
    documents, _ = world({"id": foreign, "name": "Hole", "properties": HOLE})
    found = audit(worlds.snapshot(documents, name="compliant"), read_baseline())
    assert any(f.requirement == "NSG-JMP-IN" and f.outcome is Outcome.FAIL for f in found.findings)
    assert any("names another place" in note for note in found.notes)


def test_ids_that_agree_are_no_contradiction() -> None:
    assert not build_estate(worlds.snapshot()).contradictions
