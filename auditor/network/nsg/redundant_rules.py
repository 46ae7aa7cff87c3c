"""Rules of a security group that do nothing, and the rules that make them so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from auditor.network.nsg.evaluation import Evaluation
from auditor.network.nsg.rules import SecurityRule
from auditor.sets import decision_diagram as dd
from auditor.sets.packet_set import FlowSet


class Useless(StrEnum):
    """Why a rule does nothing."""

    NEVER_MATCHES = "never matches"
    SHADOWED = "shadowed"
    REDUNDANT = "redundant"


@dataclass(frozen=True)
class UselessRule:
    """A rule without effect. `by` are the rules that leave it nothing, or that would do the same without it."""

    rule: SecurityRule
    kind: Useless
    by: tuple[SecurityRule, ...]

    def __str__(self) -> str:
        others = ", ".join(rule.name for rule in self.by)
        if self.kind is Useless.NEVER_MATCHES:
            return f"{self.rule.name} never matches a packet that can be there"
        verb = "shadowed by" if self.kind is Useless.SHADOWED else "redundant, the same is done by"
        return f"{self.rule.name} is {verb} {others}"


def useless_rules(evaluation: Evaluation, scope: FlowSet | None = None) -> tuple[UselessRule, ...]:
    """The custom rules that change nothing for the packets of `scope` (every real packet, if not given), in order.

    A rule *never matches* where no packet of the scope fits it (a deny whose source is another subnet's prefix, say),
    is *shadowed* where earlier rules decide all that fits it, and *redundant* where without it every packet would be
    treated the same. Only what holds whatever the unknown parts turn out to be is said.
    """
    inside = FlowSet.real() if scope is None else scope
    found = []
    rules = evaluation.rules
    for number, rule in enumerate(rules):
        if rule.is_default or rule.unknowns:
            continue
        matched = rule.flows & inside
        left = _left(matched, rules[:number])
        if matched == FlowSet.none():
            found.append(UselessRule(rule, Useless.NEVER_MATCHES, ()))
        elif left == FlowSet.none():
            found.append(UselessRule(rule, Useless.SHADOWED, _touching(rules[:number], matched)))
        elif _same_without(rule, left, rules[number + 1 :]):
            by = _taking_over(rules[number + 1 :], left)
            found.append(UselessRule(rule, Useless.REDUNDANT, by))
    return tuple(found)


def _left(matched: FlowSet, earlier: Sequence[SecurityRule]) -> FlowSet:
    """What earlier rules leave of a rule's packets."""
    for rule in reversed(earlier):
        if dd.meets(matched.diagram, rule.flows.diagram):
            matched -= rule.flows
            if matched == FlowSet.none():
                break
    return matched


def _touching(earlier: Sequence[SecurityRule], matched: FlowSet) -> tuple[SecurityRule, ...]:
    """The earlier rules that take something of a rule's packets, one that takes all of them first and alone."""
    whole = [rule for rule in earlier if dd.within(matched.diagram, rule.flows.diagram)]
    if whole:
        return (whole[0],)
    taking = []
    for rule in earlier:
        if dd.meets(matched.diagram, rule.flows.diagram):
            taking.append(rule)
            matched -= rule.flows
    return tuple(taking)


def _same_without(rule: SecurityRule, left: FlowSet, later: Sequence[SecurityRule]) -> bool:
    """Whether the later rules treat what is left of a rule's packets as the rule does."""
    for other in later:
        if not dd.meets(left.diagram, other.flows.diagram):
            continue
        if other.allows != rule.allows:
            return False
        left -= other.flows
        if left == FlowSet.none():
            return True
    return False


def _taking_over(later: Sequence[SecurityRule], left: FlowSet) -> tuple[SecurityRule, ...]:
    """The later rules that would decide what is left of a rule's packets."""
    taking = []
    for other in later:
        if dd.meets(left.diagram, other.flows.diagram):
            taking.append(other)
            left -= other.flows
    return tuple(taking)
