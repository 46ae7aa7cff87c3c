"""What a network security group does with a packet, and which of its rules decides."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from auditor.estate import Estate
from auditor.facts import load
from auditor.model import Place, Resource, Unknown
from auditor.network.nsg.rules import (
    DefaultRules,
    RuleReader,
    SecurityRule,
    unread_rules,
)
from auditor.network.topology.words import NetworkView, undecided
from auditor.sets import decision_diagram as dd
from auditor.sets.packet_set import FlowSet, Packet
from auditor.sets.symbolic_addresses import Addresses
from auditor.sets.symbols import Symbol, symbols_in
from auditor.sets.three_valued import because_of

_GROUP = "microsoft.network/networksecuritygroups"
_WALKS = 8
"""So many packets are decided rule by rule before the diagram of the whole group pays."""


@dataclass(frozen=True)
class Decision:
    """What a list of rules does with a packet.

    `access` is `Allow`, `Deny` or `AlwaysAllow`; `Unknown` where the rules that may decide disagree. `rule` is the
    deciding one, `Unknown` where it may be one of several, `None` where no rule matches (`access` is then empty).
    `may` holds every access that is possible.
    """

    access: str | Unknown
    rule: SecurityRule | Unknown | None
    may: frozenset[str]


class Evaluation:
    """The rules of one group and direction, in the order in which Azure asks them."""

    def __init__(self, group: Resource, direction: str, rules: Sequence[SecurityRule]) -> None:
        self.group = group
        self.direction = direction
        self.rules: tuple[SecurityRule, ...] = tuple(_untied(sorted(rules, key=_order)))
        self._walks = 0
        self._allowed: FlowSet | None = None

    @property
    def unknowns(self) -> tuple[Unknown, ...]:
        """What of the rules could not be understood."""
        return tuple(dict.fromkeys(why for rule in self.rules for why in rule.unknowns))

    @cached_property
    def diagram(self) -> dd.Diagram:
        """Which rule decides each packet: its number from 1, 0 for none."""
        parts: list[dd.Diagram] = [
            dd.mapped(rule.flows.diagram, {dd.FULL: number}) for number, rule in enumerate(self.rules, 1)
        ]
        while len(parts) > 1:
            pairs = zip(parts[::2], [*parts[1::2], dd.EMPTY], strict=False)
            parts = [dd.first(earlier, later) for earlier, later in pairs]
        return parts[0] if parts else dd.EMPTY

    def decide(self, packet: Packet, assumed: Mapping[int, int] | None = None) -> Decision:
        """The first matching rule; raises `ValueError` for a packet with a bad address or a port too few.

        `assumed` gives the bits of symbols that are taken for known, by level.
        """
        numbers = {**packet.numbers, **(assumed or {})}
        if "diagram" not in self.__dict__ and self._walks < _WALKS:
            self._walks += 1
            return self._walk(numbers)
        found = dd.at(self.diagram, numbers)
        whys = [symbol.why for symbol in symbols_in(found)]
        return _decision([self.rules[n - 1] if n else None for n in sorted(dd.leaves(found))], whys)

    def _walk(self, numbers: dict[int, int]) -> Decision:
        candidates: list[SecurityRule | None] = []
        whys: list[Unknown] = []
        left: dd.Diagram = dd.FULL
        for rule in self.rules:
            found = dd.keep(dd.at(rule.flows.diagram, numbers), left)
            if found == dd.EMPTY:
                continue
            candidates.append(rule)
            whys += [symbol.why for symbol in symbols_in(found)]
            left = dd.drop(left, found)
            if left == dd.EMPTY:
                return _decision(candidates, whys)
        return _decision([*candidates, None], whys)

    def partition(self) -> tuple[tuple[SecurityRule, FlowSet], ...]:
        """Each rule with the packets that it decides; rules that decide none are there with the empty set."""
        found = dd.separated(self.diagram)
        return tuple((rule, FlowSet(found.get(number, dd.EMPTY))) for number, rule in enumerate(self.rules, 1))

    def deciding(
        self, among: FlowSet, chosen: Callable[[SecurityRule], bool]
    ) -> Iterator[tuple[SecurityRule, FlowSet]]:
        """For each chosen rule what it decides among some packets, where that is anything.

        Cheaper than `partition` where the answer is little or nothing: a rule is looked at only where it meets the
        packets, and earlier rules only where they meet what is then left.
        """
        for number, rule in enumerate(self.rules):
            if not chosen(rule) or not dd.meets(rule.flows.diagram, among.diagram):
                continue
            left = dd.keep(rule.flows.diagram, among.diagram)
            # The last rules before it first: groups end with their widest ones, and those soon leave nothing.
            for earlier in reversed(self.rules[:number]):
                if dd.meets(left, earlier.flows.diagram):
                    left = dd.drop(left, earlier.flows.diagram)
                    if left == dd.EMPTY:
                        break
            if left != dd.EMPTY:
                yield rule, FlowSet(left)

    def with_access(self, *access: str) -> FlowSet:
        """The packets that a rule with such an access decides."""
        return FlowSet(dd.mapped(self.diagram, {n: dd.FULL for n, r in enumerate(self.rules, 1) if r.access in access}))

    def allowed(self) -> FlowSet:
        """The packets that go on."""
        if self._allowed is None:
            self._allowed = self.with_access("Allow", "AlwaysAllow")
        return self._allowed

    def among(self, flows: FlowSet, *access: str) -> FlowSet:
        """Those of some packets that a rule with such an access decides; few packets need no diagram of the whole."""
        if "diagram" in self.__dict__ or self._walks >= _WALKS:
            return flows & (self.allowed() if set(access) == {"Allow", "AlwaysAllow"} else self.with_access(*access))
        self._walks += 1
        left: dd.Diagram = flows.diagram
        found: dd.Diagram = dd.EMPTY
        for rule in self.rules:
            if dd.meets(left, rule.flows.diagram):
                if rule.access in access:
                    found = dd.first(found, dd.keep(left, rule.flows.diagram))
                left = dd.drop(left, rule.flows.diagram)
                if left == dd.EMPTY:
                    break
        return FlowSet(found)

    def doubts(self, packet: Packet) -> tuple[Symbol, ...]:
        """The symbols that what happens to a packet depends on."""
        return symbols_in(dd.at(self.diagram, packet.numbers))


def _decision(candidates: Iterable[SecurityRule | None], whys: Iterable[Unknown]) -> Decision:
    rules = list(candidates)
    may = frozenset(rule.access if rule is not None else "" for rule in rules)
    if len(rules) == 1:
        return Decision(next(iter(may)), rules[0], may)
    why = because_of(whys)
    return Decision(next(iter(may)) if len(may) == 1 else why, why, may)


def _order(rule: SecurityRule) -> tuple[int, bool, str]:
    """Of one rule that stands for several (an access nobody can read) the order in which they were read stays."""
    return (rule.priority, rule.is_default, rule.name.casefold())


def _untied(rules: list[SecurityRule]) -> list[SecurityRule]:
    """Two rules of one priority, which Azure refuses: where both match and disagree, nobody knows which is first."""
    out: list[SecurityRule] = []
    for n, rule in enumerate(rules):
        for other in rules[n + 1 :]:
            if other.priority != rule.priority or not _clash(rule, other):
                continue
            why = Unknown(f"rules {rule.name} and {other.name} have the same priority {rule.priority}")
            gate = undecided(f"if {rule.name} comes before {other.name} ({rule.resource.id.key})", why)
            first = FlowSet.box(destination=Addresses.symbol(gate))
            rule = replace(  # noqa: PLW2901 - each twin takes its share of what is left
                rule, flows=(rule.flows - other.flows) | (rule.flows & first), unknowns=(*rule.unknowns, why)
            )
        out.append(rule)
    return out


def _clash(rule: SecurityRule, other: SecurityRule) -> bool:
    same = rule.resource.id == other.resource.id
    return not same and rule.access != other.access and dd.meets(rule.flows.diagram, other.flows.diagram)


def evaluate(
    estate: Estate, group: Resource, direction: str, view: NetworkView, *, any_source_port: bool = False
) -> Evaluation:
    """The rules of a group in one direction (`inbound` or `outbound`), as they mean something at one subnet.

    Default rules are the document's own; where it shows none, those that every group has (facts/nsg-rules.json).
    A group that was only listed, without its properties, may hold any rule: what it does is then unknown.
    """
    way = direction.casefold()
    reader = RuleReader(estate, view, any_source_port)
    custom = estate.seen(f"{_GROUP}/securityrules", under=group.id)
    shown = estate.seen(f"{_GROUP}/defaultsecurityrules", under=group.id)
    refused = _more_than_azure_takes(group, custom)
    known = shown if refused is not None else (*custom, *shown)
    rules = [made for rule in known for made in reader.read(rule, way)]
    if refused is not None:
        rules += unread_rules(group, refused, ("Deny", "Allow"))
    if group.get("properties", "securityRules") is None and not custom:
        why = Unknown(
            f"the rules of {group.name} are not in this snapshot: it was listed without its properties", absent=True
        )
        rules += unread_rules(group, why, ("Deny", "Allow"))
    if not any(rule.is_default for rule in rules):
        rules += [
            replace(made, assumed=True, resource=group, is_default=True)
            for rule in DefaultRules().of(group)
            for made in reader.read(rule, way)
        ]
    return Evaluation(group, way, rules)


def _more_than_azure_takes(group: Resource, custom: Sequence[Resource]) -> Unknown | None:
    """Why a group is none that Azure ever had; reading such a file could take hours, so nobody does."""
    limits = load("nsg-rules")["limits"]
    if len(custom) > limits["rules"]:
        return Unknown(f"{group.name} has {len(custom):,} rules, and Azure takes {limits['rules']:,} in a group")
    for rule in custom:
        for side in ("sourceAddressPrefixes", "destinationAddressPrefixes"):
            listed = rule.stated("properties", side)
            if isinstance(listed, list) and len(listed) > limits["addresses"]:
                says = f"rule {rule.name} of {group.name} has {len(listed):,} addresses on one side"
                return Unknown(f"{says}, and Azure takes {limits['addresses']:,}")
    return None


def evaluated(
    estate: Estate, group: Resource, direction: str, view: NetworkView, *, any_source_port: bool = False
) -> Evaluation:
    """As `evaluate`, worked out once for a view."""
    key = (group.id, direction.casefold(), any_source_port)
    found: Evaluation | None = view.evaluations.get(key)
    if found is None:
        found = evaluate(estate, group, direction, view, any_source_port=any_source_port)
        view.evaluations[key] = found
    return found


__all__ = ["Decision", "Evaluation", "Place", "evaluate", "evaluated"]
