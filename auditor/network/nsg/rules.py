"""One security rule as Azure stores it, and the packets that it matches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from auditor.estate import Estate
from auditor.facts import load
from auditor.model import ArmId, Place, Resource, Unknown
from auditor.network.nsg.application_groups import group_members
from auditor.network.topology.words import NetworkView, prefixes_of, undecided
from auditor.sets.packet_set import FlowSet
from auditor.sets.port_set import PortSet
from auditor.sets.protocol_set import WITH_PORTS, ProtocolSet
from auditor.sets.symbolic_addresses import Addresses

DIRECTIONS = ("inbound", "outbound")
_ACCESS = {"allow": "Allow", "deny": "Deny", "alwaysallow": "AlwaysAllow"}


@dataclass(frozen=True, eq=False)
class SecurityRule:
    """A rule with what it matches. `access` is `Allow`, `Deny` or, of security admin rules, `AlwaysAllow`.

    `unknowns` say what of the rule could not be understood; its `flows` depend on that. `assumed` marks a default rule
    that the document did not show and that every group has.
    """

    name: str
    priority: int
    access: str
    is_default: bool
    resource: Resource
    protocols: ProtocolSet
    source: Addresses
    source_ports: PortSet
    destination: Addresses
    destination_ports: PortSet
    flows: FlowSet
    names_tags: frozenset[str] = frozenset()
    unknowns: tuple[Unknown, ...] = ()
    assumed: bool = False

    @property
    def allows(self) -> bool:
        """Whether its packets go on."""
        return self.access != "Deny"

    @property
    def azure_name(self) -> str:
        """The name as IP flow verify gives it: `securityRules/x` or `defaultSecurityRules/x`."""
        return f"{'defaultSecurityRules' if self.is_default else 'securityRules'}/{self.name}"

    @property
    def place(self) -> Place:
        """Where the rule stands in the snapshot; for an assumed rule, where it would stand."""
        return self.resource.place("properties", "defaultSecurityRules") if self.assumed else self.resource.place()

    def __repr__(self) -> str:
        return f"SecurityRule({self.name}, {self.priority}, {self.access}, {self.flows})"


@dataclass(frozen=True)
class RuleReader:
    """Reads the rules of one group as they mean something at one subnet.

    `any_source_port` reads every source port as `*`, as rules on a private endpoint are (docs/azure/networks.md,
    section 7).
    """

    estate: Estate
    view: NetworkView
    any_source_port: bool = False

    def read(self, rule: Resource, direction: str) -> Iterator[SecurityRule]:
        """The rule, if it is one of this direction. A rule with an unreadable access comes as one of each kind."""
        stated = rule.text("properties", "direction")
        if stated in DIRECTIONS and stated != direction:
            return
        sides = _Sides(self, rule)
        made = sides.rule()
        if stated not in DIRECTIONS:
            made = _gated(made, _problem(rule, "direction", rule.get("properties", "direction")))
        if not isinstance(rule.get("properties", "priority"), int):
            made = _gated(made, _problem(rule, "priority", rule.get("properties", "priority")))
        if made.access:
            yield made
            return
        why = _problem(rule, "access", rule.get("properties", "access"))
        yield replace(_gated(made, why), access="Deny")
        yield replace(made, access="Allow", unknowns=(*made.unknowns, why))


class _Sides:
    """The fields of one rule, singular and plural together, with the problems met on the way."""

    def __init__(self, reader: RuleReader, rule: Resource) -> None:
        self.reader = reader
        self.resource = rule
        self.problems: list[Unknown] = []
        self.tags: set[str] = set()

    def rule(self) -> SecurityRule:
        rule = self.resource
        protocols, whether_protocol = self._protocols()
        source_ports, whether_sport = self._ports("source")
        if self.reader.any_source_port:
            source_ports, whether_sport = PortSet.everything(), None
        destination_ports, whether_dport = self._ports("destination")
        source, destination = self._addresses("source"), self._addresses("destination")
        flows = FlowSet.box(protocols, source, source_ports, destination, destination_ports)
        flows |= self._portless(protocols, source, source_ports, destination, destination_ports)
        for why in (whether_protocol, whether_sport, whether_dport):
            if why is not None:
                flows &= _whether(rule, why)
        return SecurityRule(
            name=rule.name,
            priority=_priority(rule),
            access=_ACCESS.get(rule.text("properties", "access"), ""),
            is_default=rule.type.endswith("/defaultsecurityrules"),
            resource=rule,
            protocols=protocols,
            source=source,
            source_ports=source_ports,
            destination=destination,
            destination_ports=destination_ports,
            flows=flows,
            names_tags=frozenset(self.tags),
            unknowns=tuple(self.problems),
        )

    def _protocols(self) -> tuple[ProtocolSet, Unknown | None]:
        stated = self.resource.get("properties", "protocol")
        try:
            return ProtocolSet.of(str(stated)), None
        except ValueError:
            return ProtocolSet.everything(), self._problem("protocol", stated)

    def _ports(self, side: str) -> tuple[PortSet, Unknown | None]:
        singular, plural = f"{side}PortRange", f"{side}PortRanges"
        stated = prefixes_of(self.resource, ("properties", singular), ("properties", plural))
        if not stated:
            return PortSet.everything(), self._problem(singular, None)
        try:
            return PortSet.of(*(part for text in stated for part in text.split(","))), None
        except ValueError:
            return PortSet.everything(), self._problem(singular, ",".join(stated))

    def _addresses(self, side: str) -> Addresses:
        rule = self.resource
        groups = [
            group
            for n, _ in rule.items("properties", f"{side}ApplicationSecurityGroups")
            if (group := rule.ref("properties", f"{side}ApplicationSecurityGroups", n)) is not None
        ]
        parts = [group_members(self.reader.estate, group) for group in groups]
        singular, plural = f"{side}AddressPrefix", f"{side}AddressPrefixes"
        stated = (*prefixes_of(rule, ("properties", singular), ("properties", plural)), *self._items(side))
        for text in stated:
            parts += [self._address(word, singular) for word in text.split(",")]
        if not parts:
            return _open(rule, self._problem(singular, None))
        return Addresses.union(parts)

    def _items(self, side: str) -> tuple[str, ...]:
        """Sources or destinations as security admin rules state them."""
        found = []
        for _, item in self.resource.items("properties", f"{side}s"):
            kind = str(item.get("addressPrefixType", "")).casefold()
            if kind == "networkgroup":
                self._problem(f"{side}s", item.get("addressPrefix"))
                found.append("network-group")
            else:
                found.append(str(item.get("addressPrefix", "")))
        return tuple(found)

    def _address(self, word: str, field: str) -> Addresses:
        text = word.strip()
        if text == "network-group":
            return _open(
                self.resource, Unknown(f"rule {self.resource.name} names a network group, and its members are unread")
            )
        try:
            found = self.reader.view.resolve(text)
        except ValueError:
            return _open(self.resource, self._problem(field, text))
        if text[:1].isalpha():
            self.tags.add(text.casefold())
        return found

    def _portless(
        self, protocols: ProtocolSet, source: Addresses, sport: PortSet, destination: Addresses, dport: PortSet
    ) -> FlowSet:
        """A rule for ICMP, ESP or AH by name that narrows ports: nobody says whether the ports count."""
        named = ProtocolSet.none() if protocols.is_everything else protocols - WITH_PORTS
        if named.is_empty or (sport.is_everything and dport.is_everything):
            return FlowSet.none()
        why = self._problem("destinationPortRange", f"{dport} for {protocols}, which has no ports")
        return FlowSet.box(named, source, None, destination, None) & _whether(self.resource, why)

    def _problem(self, field: str, value: object) -> Unknown:
        why = _problem(self.resource, field, value)
        self.problems.append(why)
        return why


def _priority(rule: Resource) -> int:
    found = rule.get("properties", "priority")
    return found if isinstance(found, int) else 0


def _problem(rule: Resource, field: str, value: object) -> Unknown:
    pointer = rule.place("properties", field).pointer
    what = f"{value!r}, which is not understood" if value is not None else "nothing"
    return Unknown(f"rule {rule.name} of {_group(rule.id)} states {what} at {pointer}")


def _group(rule: ArmId) -> str:
    return rule.parent.name if rule.parent is not None else rule.name


def _open(rule: Resource, why: Unknown) -> Addresses:
    """Addresses of a rule that could be any."""
    return Addresses.symbol(undecided(f"what {rule.name} names ({rule.id.key}: {why.because})", why))


def _whether(rule: Resource, why: Unknown) -> FlowSet:
    """A yes or no that nobody knows, asked of every packet."""
    gate = undecided(f"if {rule.name} matches ({rule.id.key}: {why.because})", why)
    return FlowSet.box(destination=Addresses.symbol(gate))


def _gated(rule: SecurityRule, why: Unknown) -> SecurityRule:
    """The rule if it counts at all, which nobody knows."""
    return replace(rule, flows=rule.flows & _whether(rule.resource, why), unknowns=(*rule.unknowns, why))


def unread_rules(
    resource: Resource, why: Unknown, accesses: tuple[str, ...], *, unlikely: str = ""
) -> list[SecurityRule]:
    """Stand-ins for rules that were not read: for each access one that may match anything, before all others.

    `unlikely` names such a rule where most have none, `a security admin rule`: the likeliest answer is without it.
    """
    found = []
    everything = Addresses.everything()
    for access in accesses:
        gap = replace(why, unless=f"{unlikely} says {access}") if unlikely else why
        gate = undecided(f"if an unread rule says {access} ({resource.id.key})", gap)
        rule = SecurityRule(
            name=f"a rule of {resource.name} that was not read",
            priority=0,
            access=access,
            is_default=False,
            resource=resource,
            protocols=ProtocolSet.everything(),
            source=everything,
            source_ports=PortSet.everything(),
            destination=everything,
            destination_ports=PortSet.everything(),
            flows=FlowSet.box(destination=Addresses.symbol(gate)),
            unknowns=(why,),
        )
        found.append(rule)
    return found


@dataclass(frozen=True)
class DefaultRules:
    """The default rules as facts, for a group whose document does not show them."""

    @cached_property
    def bodies(self) -> tuple[Mapping[str, object], ...]:
        """Each as the API would write it."""
        return tuple(
            {
                "name": fact["name"],
                "properties": {
                    "protocol": "*",
                    "sourcePortRange": "*",
                    "destinationPortRange": "*",
                    "sourceAddressPrefix": fact["source"],
                    "destinationAddressPrefix": fact["destination"],
                    "access": fact["access"],
                    "priority": fact["priority"],
                    "direction": fact["direction"],
                },
            }
            for fact in load("nsg-rules")["defaults"]
        )

    def of(self, group: Resource) -> tuple[Resource, ...]:
        """The six rules as resources below a group."""
        return tuple(
            Resource(group.id.child("defaultSecurityRules", str(body["name"])), body, group.document, group.pointer)
            for body in self.bodies
        )
