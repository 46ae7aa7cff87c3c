"""What the workload's firewalls let out: every rule that allows, with its sources, whichever document it stands in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from auditor.documents.azure_firewall import (
    RULE_GROUP,
    AzureFirewall,
    ClassicCollection,
    FirewallPolicy,
    IpGroup,
    PolicyCollection,
    Rule,
    RuleGroup,
)
from auditor.model import ArmId, Evidence, NotKnown, Resource, Unknown
from auditor.network.topology.virtual_networks import subnet_prefixes
from auditor.sets.address_set import AddressSet
from auditor.workload.parts import Workload

LISTS: Mapping[str, str] = {
    "targetFqdns": "names", "fqdnTags": "name_tags", "targetUrls": "addresses_of_pages", "webCategories": "categories",
    "destinationAddresses": "destinations", "destinationFqdns": "destination_names",
    "destinationIpGroups": "destination_groups",
}  # fmt: skip
"""By the property of a rule that says where it leads: the field of its view."""


@dataclass(frozen=True)
class Let:
    """A rule of the firewall that allows: of the network or of applications; `denied` where an earlier one denies."""

    rule: Rule
    sources: AddressSet | Unknown
    of_names: bool
    perhaps_denied: bool

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Where the rule stands."""
        return (self.rule.shown("name"), self.rule.sources.evidence)


def lets_of(w: Workload) -> list[Let]:
    """Every rule of the workload's firewalls that allows something out. Raises `NotKnown` where rules were not read."""
    found: list[Let] = []
    for firewall in w.part("firewall"):
        view = AzureFirewall(firewall)
        classic = (*view.network_collections.value, *view.application_collections.value)
        found += _of_collections(classic, w)
        policy = view.policy.value
        while policy is not None:
            document = w.estate.need(policy, firewall.place("properties", "firewallPolicy"))
            groups = [RuleGroup(g) for g in w.estate.all(RULE_GROUP, under=policy)]
            ordered = sorted(groups, key=lambda g: g.priority.value)
            found += _of_collections([c for g in ordered for c in g.collections.value], w)
            base = FirewallPolicy(document).base
            policy = (
                None
                if isinstance(base.known, Unknown) and not base.absent and base.evidence.value is None
                else base.value
            )
    return found


def _of_collections(collections: Iterable[PolicyCollection | ClassicCollection], w: Workload) -> Iterator[Let]:
    denies = False
    for collection in sorted(collections, key=lambda c: c.priority.value):
        if isinstance(collection, PolicyCollection) and "nat" in collection.collection_type.value:
            continue
        if collection.action.value == "deny":
            denies = True
            continue
        for rule in collection.rules.value:
            yield Let(rule, _sources(rule, w), _is_of_names(rule), denies)


def _is_of_names(rule: Rule) -> bool:
    return any(rule.states(key) for key in ("targetFqdns", "fqdnTags", "targetUrls", "webCategories"))


def _sources(rule: Rule, w: Workload) -> AddressSet | Unknown:
    """The addresses that a rule is about. A group of addresses that was not read makes them unknown."""
    try:
        texts = list(rule.sources.value if rule.states("sourceAddresses") else ())
        for group in rule.source_groups.value if rule.states("sourceIpGroups") else ():
            document = w.estate.need(ArmId(group), rule.source_groups.place)
            texts += IpGroup(document).addresses.value
        return (
            AddressSet.of(*("0.0.0.0/0" if t.strip() == "*" else t.strip() for t in texts))
            if texts
            else AddressSet.none()
        )
    except NotKnown as gap:
        return gap.unknown
    except ValueError as problem:
        return Unknown(f"the sources of rule {rule.name} are not understood: {problem}")


def meets(let: Let, subnet: Resource) -> bool | Unknown:
    """Whether a rule is about addresses of a subnet."""
    if isinstance(let.sources, Unknown):
        return let.sources
    return not (let.sources & subnet_prefixes(subnet)).is_empty
