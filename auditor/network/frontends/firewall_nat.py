"""Azure Firewall: destination NAT rules, of the firewall itself and of its policy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from auditor.documents.azure_firewall import (
    RULE_GROUP,
    AzureFirewall,
    ClassicCollection,
    Configuration,
    PolicyCollection,
    Rule,
    RuleGroup,
    in_order,
)
from auditor.estate import Estate
from auditor.model import ArmId, Evidence, NotKnown, Resource, Unknown
from auditor.network.frontends.firewall_rules import sources_of
from auditor.network.topology.service_tags import ServiceTags, never_internet
from auditor.network.topology.virtual_networks import prefixes_of
from auditor.sets.address_set import AddressSet
from auditor.sets.symbolic_addresses import Addresses


@dataclass(frozen=True)
class Translated:
    """A rule that sends what arrives at ports of an address of the firewall to an inner address and port.

    `at` are the public addresses that it takes packets at, or the subnet where it does so at the private address
    `inner`; `sources` whose packets it takes.
    """

    name: str
    at: tuple[ArmId, ...]
    sources: Addresses
    protocol: str
    ports: tuple[str, ...]
    to: str
    to_port: str
    evidence: Evidence
    inner: str = ""


def translated(estate: Estate, firewall: Resource) -> Iterator[Translated]:
    """Every destination NAT rule that acts on a firewall, in the order in which they are asked.

    Raises `NotKnown` where a rule cannot be read; whether all were read says `untold`.
    """
    view = AzureFirewall(firewall)
    own = view.configurations.value
    for classic in in_order(view.translating_collections.value):
        yield from _collection(estate, classic, own)
    policy = view.policy.value
    groups = [RuleGroup(each) for each in estate.seen(RULE_GROUP, under=policy)] if policy is not None else []
    for group in in_order(groups):
        for collection in in_order(group.collections.value):
            if collection.collection_type.value == "firewallpolicynatrulecollection":
                yield from _collection(estate, collection, own)


def untold(estate: Estate, firewall: Resource) -> Unknown | None:
    """Why a firewall may have rules that were not read: its policy was not read, or the rules of it were not."""
    reading = AzureFirewall(firewall).policy
    policy = reading.known
    if policy is None or isinstance(policy, Unknown):
        return policy
    found = estate.resolve(policy, reading.place)
    return found if isinstance(found, Unknown) else estate.coverage.gap(RULE_GROUP, under=policy)


def _collection(
    estate: Estate, collection: ClassicCollection | PolicyCollection, own: tuple[Configuration, ...]
) -> Iterator[Translated]:
    classic = isinstance(collection, ClassicCollection)
    for rule in collection.rules.value:
        protocols = rule.classic_protocols.value if classic else rule.policy_protocols.value
        to = (rule.translated_address.value or rule.translated_name.value).casefold()
        ports = rule.ports.value or ("*",)
        if to:
            any_protocol = any(name.casefold() == "any" for name in protocols)
            protocol = "Tcp/Udp" if any_protocol else "/".join(protocols or ("TCP",))
            public = (each.public_address.value for each in own)
            at = tuple(id_ for id_ in public if id_ is not None and _takes(estate, rule, id_))
            at = () if _is_private(rule) else at
            sources = sources_of(estate, ServiceTags.of_estate(estate), rule)
            name, port = f"NAT rule {rule.name}", rule.translated_port.value or ports[0]
            found = Translated(name, at, sources, protocol, ports, to, port, rule.shown("name"))
            if at:
                yield found
            # Rules of a policy may name a private address of the firewall (firewall/destination-nat-rules).
            for each in () if classic else own:
                inner, subnet = each.private_address.known, each.subnet.known
                if isinstance(inner, str) and isinstance(subnet, ArmId) and inner in _stated(rule):
                    yield replace(found, at=(subnet,), inner=inner)


def _is_private(rule: Rule) -> bool:
    """Whether a rule names private addresses only, so that it takes nothing at a public one, read or not."""
    stated = _stated(rule)
    return not stated.is_empty and stated <= never_internet()


def _stated(rule: Rule) -> AddressSet:
    try:
        return AddressSet.of(*rule.destinations.value)
    except ValueError:
        return AddressSet.none()


def _takes(estate: Estate, rule: Rule, public: ArmId) -> bool:
    """Whether a rule takes packets to a public address; one that was not read may be the one that the rule names."""
    words = rule.destinations.value
    found = estate.find(public)
    try:
        own = prefixes_of(found, "properties", "ipAddress") if found is not None else AddressSet.none()
        return not words or own.is_empty or own.meets(AddressSet.of(*words))
    except (NotKnown, ValueError):
        return True
