"""A group's evaluation asked in its several ways: packet by packet, as a partition, for a part of the packets."""

from __future__ import annotations

import pytest

from auditor.model import Unknown
from auditor.network.nsg.evaluation import Evaluation, evaluate
from auditor.network.nsg.rules import SecurityRule
from auditor.sets import decision_diagram as dd
from auditor.sets.packet_set import FlowSet
from tests.azure_answers import canonical_name
from tests.conformance import packet
from tests.evaluators.random_nsg import random_case

NAMES = [
    ("securityRules/web", "web"),
    ("defaultSecurityRules/DenyAllInBound", "DenyAllInBound"),
    ("UserRule_web", "web"),
    ("DefaultRule_AllowVnetInBound", "AllowVnetInBound"),
    ("DefaultInboundDenyAll", "DenyAllInBound"),
    ("defaultsecurityrules/DefaultInboundDenyAll", "DenyAllInBound"),
    ("DefaultOutboundDenyAll", "DenyAllOutBound"),
    ("web", "web"),
    ("securityRules", "securityRules"),
]


@pytest.mark.parametrize(("spelled", "name"), NAMES)
def test_every_spelling_of_a_rule_is_one_name(spelled: str, name: str) -> None:
    assert canonical_name(spelled) == name


def _case(seed: int) -> Evaluation:
    case = random_case(seed)
    return evaluate(case.estate, case.group, "Inbound", case.view)


@pytest.mark.parametrize("seed", range(5))
def test_the_walk_and_the_diagram_say_the_same(seed: int) -> None:
    asked = [packet(f"tcp 203.0.113.9:50000 -> 10.0.1.{n}:443") for n in range(3, 12)]
    walking, drawn = _case(seed), _case(seed)
    assert drawn.diagram != dd.EMPTY
    for one in asked:
        first, second = walking.decide(one), drawn.decide(one)
        assert (first.access, first.may) == (second.access, second.may)
        assert isinstance(first.rule, SecurityRule)
        assert isinstance(second.rule, SecurityRule)
        assert first.rule.name == second.rule.name


@pytest.mark.parametrize("seed", range(5))
def test_what_rules_decide_is_a_partition_of_all_packets(seed: int) -> None:
    found = _case(seed)
    parts = found.partition()
    assert [rule for rule, _ in parts] == list(found.rules)
    assert FlowSet.union(flows for _, flows in parts) == FlowSet.everything()
    allowed = FlowSet.union(flows for rule, flows in parts if rule.allows)
    assert found.allowed() == allowed
    assert found.with_access("Deny") == ~allowed


@pytest.mark.parametrize("seed", range(8))
def test_asking_for_a_part_of_the_packets_is_the_partition_of_that_part(seed: int) -> None:
    found = _case(seed)
    among = FlowSet.box(destination=random_case(seed).view.space)
    wanted = {rule.name: flows & among for rule, flows in found.partition() if rule.allows}
    asked = {rule.name: flows for rule, flows in found.deciding(among, lambda rule: rule.allows)}
    assert asked == {name: flows for name, flows in wanted.items() if flows != FlowSet.none()}


def test_an_evaluation_without_rules_decides_nothing() -> None:
    empty = Evaluation(random_case(1).group, "inbound", [])
    asked = packet("icmp 10.0.0.1 -> 10.0.0.2")
    assert (empty.decide(asked).access, empty.decide(asked).rule) == ("", None)
    assert empty.allowed() == FlowSet.none()
    assert empty.diagram == dd.EMPTY


def test_rules_show_where_they_stand_and_what_they_match() -> None:
    case = random_case(4)
    found = evaluate(case.estate, case.group, "inbound", case.view)
    assert all(rule.place.document == case.group.id for rule in found.rules)
    assert "SecurityRule(" in repr(found.rules[0])
    assert found.unknowns == ()
    assumed = [rule for rule in found.rules if rule.assumed]
    assert all(rule.place.pointer.endswith("/defaultSecurityRules") for rule in assumed)


def test_a_decision_among_rules_that_agree_has_an_access_but_no_rule() -> None:
    from auditor.network.nsg.effective_filters import path
    from tests.conformance import cases, estate, place, tags

    name = "an unknown rule does not matter where all that may decide agree"
    case = next(case for _, case in cases() if case["case"] == name)
    found = path(estate(case), place(case), "Inbound", tags(case)).evaluations[0]
    decision = found.decide(packet(case["ask"]["packet"]))
    assert (decision.access, decision.may) == ("Deny", frozenset({"Deny"}))
    assert isinstance(decision.rule, Unknown)
    assert found.diagram != dd.EMPTY
    drawn = found.decide(packet(case["ask"]["packet"]))
    assert (drawn.access, drawn.may) == ("Deny", frozenset({"Deny"}))
