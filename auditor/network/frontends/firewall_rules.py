"""What Azure Firewall lets through, in the order in which it asks its rules.

Translation comes first, then network rules, then application rules; a rule that matches decides, and what none matches
is dropped. Collections come by the priority of their group, then by their own; those of the policy that is inherited
from come before those of the policy that inherits, whatever their priorities. Translation is not inherited.

Facts: learn.microsoft.com/azure/firewall/rule-processing, /azure/firewall-manager/policy-overview (hierarchical
policies), /azure/firewall/snat-private-range, /azure/firewall/threat-intel.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from auditor.documents.azure_firewall import (
    RULE_GROUP,
    AzureFirewall,
    ClassicCollection,
    FirewallPolicy,
    IpGroup,
    PolicyCollection,
    Rule,
    RuleGroup,
    in_order,
)
from auditor.estate import Estate
from auditor.model import ArmId, Evidence, NotKnown, Resource, Unknown
from auditor.network.topology.service_tags import ServiceTags
from auditor.network.topology.words import unread
from auditor.sets.address_set import AddressSet
from auditor.sets.packet_set import FlowSet
from auditor.sets.port_set import PortSet
from auditor.sets.protocol_set import ProtocolSet
from auditor.sets.symbolic_addresses import Addresses
from auditor.sets.three_valued import because_of

_WEB_PORTS = {"http": 80, "https": 443, "mssql": 1433}


@dataclass(frozen=True)
class FirewallRule:
    """A rule that allows or denies. `flows` are its packets, to `destinations`; host names are known by name only.

    `names` are the host names of an application rule, lower case, with `*` for any beginning; `vague` is why it may
    match more names than these.
    """

    name: str
    allows: bool
    flows: FlowSet
    destinations: Addresses
    names: tuple[str, ...]
    vague: Unknown | None
    evidence: Evidence


@dataclass(frozen=True)
class Passing:
    """What comes of some packets at a firewall. `says` names the rule that decides an example.

    `proxied` are those that an application rule lets through: the firewall asks for them in its own name, whatever its
    ranges are (firewall/snat-private-range).
    """

    holds: bool | Unknown
    says: str
    flows: FlowSet
    evidence: tuple[Evidence, ...] = ()
    proxied: FlowSet = field(default_factory=FlowSet.none)


@dataclass
class FirewallRules:
    """The rules of one firewall in the order in which they are asked. `gaps` are the rules that were not read.

    One that `denies_known_threats` asks Microsoft's threat intelligence before them all, whose list nobody is shown
    (firewall/threat-intel): what it lets through is said with that condition.
    """

    firewall: Resource
    network: tuple[FirewallRule, ...]
    application: tuple[FirewallRule, ...]
    gaps: tuple[Unknown, ...]
    denies_known_threats: bool = False
    private: AddressSet | Unknown = field(default_factory=AddressSet.none)

    def by_address(self, flows: FlowSet) -> Passing:
        """What of these packets passes by the network rules, and by application rules for any name."""
        if self.gaps:
            return self._unknown(flows)
        left, allowed, proxied = flows, FlowSet.none(), FlowSet.none()
        deciding: FirewallRule | None = None
        for rule in (*self.network, *(r for r in self.application if "*" in r.names)):
            hit = left & rule.flows
            if rule.allows and deciding is None and hit.is_empty is not True:
                deciding = rule
            allowed |= hit if rule.allows else FlowSet.none()
            proxied |= hit if rule.allows and rule.names else FlowSet.none()
            left -= hit
        empty = allowed.is_empty
        if empty is True:
            return self._dropped(flows)
        if isinstance(empty, Unknown):
            says = f"whether {self.firewall.name} lets this through is not known: {empty.because}"
            return Passing(empty, says, allowed, proxied=proxied)
        assert deciding is not None
        says = f"{deciding.name} of {self.firewall.name} lets it through{self._unless}"
        return Passing(True, says, allowed, (deciding.evidence,), proxied)

    @property
    def _unless(self) -> str:
        return ", unless threat intelligence knows the far end as malicious" if self.denies_known_threats else ""

    def _dropped(self, flows: FlowSet) -> Passing:
        for rule in (*self.network, *self.application):
            if not rule.allows and flows.within(rule.flows) is True and (not rule.names or "*" in rule.names):
                says = f"{rule.name} of {self.firewall.name} denies it"
                return Passing(False, says, FlowSet.none(), (rule.evidence,))
        named = [rule for rule in self.application if rule.allows and (flows & rule.flows).is_empty is not True]
        if named:
            says = f"{self.firewall.name} lets it through to names only ({', '.join(named[0].names) or named[0].name})"
            return Passing(Unknown(f"{says}, and whose address this is cannot be determined"), says, flows)
        says = f"no rule of {self.firewall.name} lets it through"
        return Passing(False, says, FlowSet.none(), (self.firewall.at("name"),))

    def _unknown(self, flows: FlowSet) -> Passing:
        why = because_of(self.gaps)
        return Passing(why, f"what {self.firewall.name} lets through is not known: {why.because}", flows)

    def by_name(self, flows: FlowSet, hosts: tuple[str, ...]) -> Passing:
        """What of these packets passes on their way to a host with these names, at any of the flows' destinations.

        The destination is the address of the name, some one of those in `flows`, and Azure's to choose.
        """
        if self.gaps:
            return self._unknown(flows)
        doubts: list[Unknown] = []
        left = flows
        for rule in (*self.network, *self.application):
            matches = _matches(rule, left, hosts)
            if isinstance(matches, Unknown):
                doubts.append(matches)
                continue
            if not matches:
                continue
            verb = f"lets it through{self._unless}" if rule.allows else "denies it"
            says = f"{rule.name} of {self.firewall.name} {verb}"
            if rule.allows is not True and not doubts and left.within(rule.flows) is not True:
                left -= rule.flows  # a part is denied, the rest asks on
                continue
            if doubts:
                return Passing(because_of(doubts), f"{says}, unless an earlier rule decides otherwise", left)
            return Passing(rule.allows, says, left if rule.allows else FlowSet.none(), (rule.evidence,))
        if doubts:
            why = because_of(doubts)
            return Passing(why, f"whether {self.firewall.name} lets it through is not known: {why.because}", left)
        says = f"no rule of {self.firewall.name} lets it through"
        return Passing(False, says, FlowSet.none(), (self.firewall.at("name"),))

    def translates_source(self, destinations: AddressSet) -> bool | Unknown:
        """Whether packets to these addresses leave with the firewall's own address as their source."""
        if isinstance(self.private, Unknown):
            return self.private
        if destinations <= self.private:
            return False
        if not destinations.meets(self.private):
            return True
        return Unknown(f"{self.firewall.name} keeps the source of some of these packets and not of others")


def _matches(rule: FirewallRule, flows: FlowSet, hosts: tuple[str, ...]) -> bool | Unknown:
    """Whether a rule decides packets to a host, whichever of its possible addresses it has."""
    hit = flows & rule.flows
    if hit.is_empty is True:
        return False
    if rule.names or rule.vague is not None:
        if any(fnmatchcase(host, name) for host in hosts for name in rule.names):
            return True
        return rule.vague if rule.vague is not None else False
    if flows.within(FlowSet.box(destination=rule.destinations)) is True:
        return True
    return Unknown(f"{rule.name} covers some addresses that the name may have, and not others")


# --- reading ----------------------------------------------------------------------------------------------------------


def rules_of(estate: Estate, firewall: Resource, tags: ServiceTags) -> FirewallRules:
    """The rules that a firewall asks, of its policies or its own."""
    reader = _Reader(estate, tags)
    view = AzureFirewall(firewall)
    mode, private = "", AddressSet.of(*_PRIVATE)
    known: AddressSet | Unknown = private
    try:
        mode = view.threat_intelligence.value
        policy = view.policy.value
        if policy is None:
            if not any(view.states("properties", each) for each in _CLASSIC):
                because = f"{firewall.name} states neither a policy nor rules of its own"
                reader.gaps.append(Unknown(because, absent=True))
            reader.classic(view)
            known = _ranges(view.private_ranges.value.split(","))
        else:
            chain = reader.policies(view, policy)
            for each in chain:
                reader.policy(each)
            own = chain[-1]
            mode = own.threat_intelligence.value or mode
            known = _ranges(own.private_ranges.value)
            if own.learns_ranges.value == "enabled":
                known = Unknown(f"{firewall.name} learns which ranges are private, and they are not in this snapshot")
    except NotKnown as gap:
        reader.gaps.append(gap.unknown)
        known = gap.unknown
    return FirewallRules(
        firewall, tuple(reader.network), tuple(reader.application), tuple(reader.gaps), mode == "deny", known
    )


_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
"""Without ranges of its own a firewall keeps the source on the way to these (firewall/snat-private-range)."""

_CLASSIC = ("networkRuleCollections", "applicationRuleCollections", "natRuleCollections")

_IANA = "ianaprivateranges"


def _ranges(texts: list[str] | tuple[str, ...]) -> AddressSet:
    """The ranges to which sources are kept; 255.255.255.255/32 alone is how "to none" is written."""
    stated = [text.strip() for text in texts if text.strip()]
    words = [each for text in stated for each in (_PRIVATE if text.casefold() == _IANA else (text,))]
    try:
        return AddressSet.of(*(words or _PRIVATE))
    except ValueError as problem:
        raise NotKnown(Unknown(f"a private range of a firewall is not understood: {problem}")) from None


def sources_of(estate: Estate, tags: ServiceTags, rule: Rule) -> Addresses:
    """The addresses that a rule takes packets from."""
    return _Reader(estate, tags).sources(rule)


class _Reader:
    """Reads the rules of policies and firewalls into the two lists that are asked."""

    def __init__(self, estate: Estate, tags: ServiceTags) -> None:
        self._estate, self._tags = estate, tags
        self.network: list[FirewallRule] = []
        self.application: list[FirewallRule] = []
        self.gaps: list[Unknown] = []

    def policies(self, firewall: AzureFirewall, policy: ArmId) -> list[FirewallPolicy]:
        """A policy after those that it inherits from, the farthest first."""
        found: list[FirewallPolicy] = []
        wanted: ArmId | None = policy
        place = firewall.policy.place
        while wanted is not None and wanted not in [each.id for each in found]:
            view = FirewallPolicy(self._estate.need(wanted, place))
            found.append(view)
            wanted, place = view.base.value, view.base.place
        return found[::-1]

    def policy(self, policy: FirewallPolicy) -> None:
        """The rules of one policy, after those that were read before."""
        gap = self._estate.coverage.gap(RULE_GROUP, under=policy.id)
        if gap is not None:
            self.gaps.append(gap)
        groups = [RuleGroup(each) for each in self._estate.seen(RULE_GROUP, under=policy.id)]
        for group in in_order(groups):
            for collection in in_order(group.collections.value):
                if collection.collection_type.value == "firewallpolicyfilterrulecollection":
                    self._filtering(group, collection)
                elif collection.collection_type.value != "firewallpolicynatrulecollection":
                    self.gaps.append(
                        Unknown(f"{group.name} has a collection of a kind that this version does not know")
                    )

    def _filtering(self, group: RuleGroup, collection: PolicyCollection) -> None:
        for rule in collection.rules.value:
            named = f"{group.name}/{collection.name}/{rule.name}"
            if rule.rule_type.value == "networkrule":
                self._add(rule, named, collection, web=False)
            elif rule.rule_type.value == "applicationrule":
                self._add(rule, named, collection, web=True)
            else:
                self.gaps.append(Unknown(f"{named} is a rule of a kind that this version does not know"))

    def classic(self, firewall: AzureFirewall) -> None:
        """The rules in a firewall's own document."""
        for collection in in_order(firewall.network_collections.value):
            for rule in collection.rules.value:
                self._add(rule, f"{collection.name}/{rule.name}", collection, web=False)
        for collection in in_order(firewall.application_collections.value):
            for rule in collection.rules.value:
                self._add(rule, f"{collection.name}/{rule.name}", collection, web=True)

    def _add(self, rule: Rule, name: str, collection: PolicyCollection | ClassicCollection, *, web: bool) -> None:
        action = collection.action.value
        if action not in ("allow", "deny"):
            raise NotKnown(Unknown(f"collection {collection.name} has the action {action!r}, which is not known"))
        names, vague = _names(rule)
        ends = self._ends(rule.destinations.value, rule.destination_groups.value, rule)
        if web:
            to, sends = self._web(rule, ends)
        else:
            ends |= Addresses.union(_named(each) for each in rule.destination_names.value)
            to = self._stated(ends, "destinations", rule)
            classic = isinstance(collection, ClassicCollection)
            sends = _sends(rule, rule.classic_protocols.value if classic else rule.policy_protocols.value)
        flows = sends & FlowSet.box(source=self.sources(rule), destination=to)
        made = FirewallRule(name, action == "allow", flows, to, names, vague, rule.shown("name"))
        (self.application if web else self.network).append(made)

    @staticmethod
    def _web(rule: Rule, ends: Addresses) -> tuple[Addresses, FlowSet]:
        """Where an application rule leads, and at which ports: to the addresses of its names, unless it states some."""
        ports = [each.port.value or _WEB_PORTS.get(each.protocol.value, 0) for each in rule.web_protocols.value]
        at = PortSet.of(*(str(port) for port in ports if port)) if any(ports) else PortSet.of("*")
        states_none = not rule.destinations.value and not rule.destination_groups.value
        return Addresses.everything() if states_none else ends, FlowSet.box(ProtocolSet.of("Tcp"), destination_ports=at)

    def sources(self, rule: Rule) -> Addresses:
        """The addresses that a rule takes packets from."""
        return self._stated(self._ends(rule.sources.value, rule.source_groups.value, rule), "sources", rule)

    def _ends(self, words: tuple[str, ...], groups: tuple[str, ...], rule: Rule) -> Addresses:
        parts = [self._word(word.strip(), rule) for word in words]
        parts += [self._group(ArmId(group), rule) for group in groups]
        return Addresses.union(parts)

    @staticmethod
    def _stated(ends: Addresses, which: str, rule: Rule) -> Addresses:
        """Azure takes no rule without ends: one whose document shows none was not read whole."""
        if ends.is_empty is not True:
            return ends
        return unread(f"the {which} of rule {rule.name}", Unknown(f"rule {rule.name} states no {which}", absent=True))

    def _word(self, word: str, rule: Rule) -> Addresses:
        try:
            return Addresses.known(AddressSet.of(word))
        except ValueError:
            if word[:1].isalpha():
                return self._tags.find(word)
            why = Unknown(f"{word!r} in rule {rule.name} is no address")
            return unread(f"{word} of rule {rule.name}", why)

    def _group(self, id_: ArmId, rule: Rule) -> Addresses:
        found = self._estate.resolve(id_, rule.resource.place(*rule.path))
        if isinstance(found, Unknown):
            return unread(f"IP group {id_.name} ({id_.key})", found)
        try:
            return Addresses.known(AddressSet.of(*IpGroup(found).addresses.value))
        except (NotKnown, ValueError) as problem:
            why = problem.unknown if isinstance(problem, NotKnown) else Unknown(f"IP group {id_.name}: {problem}")
            return unread(f"IP group {id_.name} ({id_.key})", why)


def _sends(rule: Rule, protocols: tuple[str, ...]) -> FlowSet:
    """The protocols and ports of a network rule."""
    if not protocols:
        raise NotKnown(Unknown(f"rule {rule.name} states no protocols", absent=True))
    any_protocol = any(each.casefold() == "any" for each in protocols)
    known = ProtocolSet.of("*") if any_protocol else ProtocolSet.of(*protocols)
    if not rule.ports.value:
        raise NotKnown(Unknown(f"rule {rule.name} states no ports", absent=True))
    return FlowSet.box(known, destination_ports=PortSet.of(*rule.ports.value))


def _named(host: str) -> Addresses:
    """The addresses of a host name: whichever a name server answers, and known by name only."""
    why = Unknown(f"which addresses {host} has is for name servers to say, and not in this snapshot")
    return unread(f"the addresses of {host}", why)


def _names(rule: Rule) -> tuple[tuple[str, ...], Unknown | None]:
    names = tuple(name.strip().rstrip(".").casefold() for name in rule.names.value)
    more = (*rule.name_tags.value, *rule.categories.value, *rule.addresses_of_pages.value)
    if not more:
        return names, None
    return names, Unknown(f"which names are under {', '.join(more)} of rule {rule.name} is not in this snapshot")
