"""What Azure Firewall says: its addresses, its classic rules, its policy with the groups of rules, and IP groups.

A rule of a policy and a classic rule say the same under names that differ a little; each view reads both.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from auditor.documents.view import View, flag, number, part, parts, reference, text, texts, word

FIREWALL = "microsoft.network/azurefirewalls"
POLICY = "microsoft.network/firewallpolicies"
RULE_GROUP = f"{POLICY}/rulecollectiongroups"
IP_GROUP = "microsoft.network/ipgroups"


class Configuration(View):
    """An address of a firewall in a network, with the public address that it takes in and gives out by."""

    private_address = text("properties", "privateIPAddress")
    subnet = reference("properties", "subnet")
    public_address = reference("properties", "publicIPAddress")


class WebProtocol(View):
    """A protocol and port of an application rule: http, https or mssql."""

    protocol = word("protocolType")
    port = number("port")


class Rule(View):
    """A rule of a policy: of the network, of applications, or of translation, as `rule_type` says."""

    rule_type = word("ruleType")
    sources = texts("sourceAddresses")
    source_groups = texts("sourceIpGroups")
    destinations = texts("destinationAddresses")
    destination_groups = texts("destinationIpGroups")
    destination_names = texts("destinationFqdns")
    ports = texts("destinationPorts")
    policy_protocols = texts("ipProtocols")
    names = texts("targetFqdns")
    name_tags = texts("fqdnTags")
    addresses_of_pages = texts("targetUrls")
    categories = texts("webCategories")
    translated_address = text("translatedAddress")
    translated_name = text("translatedFqdn")
    translated_port = text("translatedPort")
    web_protocols = parts(WebProtocol, "protocols")
    classic_protocols = texts("protocols")


class PolicyCollection(View):
    """A collection of rules of one kind in a group of a policy."""

    collection_type = word("ruleCollectionType")
    priority = number("priority")
    action = word("action", "type")
    rules = parts(Rule, "rules")


class ClassicCollection(View):
    """A collection of rules in a firewall's own document."""

    priority = number("properties", "priority")
    action = word("properties", "action", "type")
    rules = parts(Rule, "properties", "rules")


class HubPublicAddress(View):
    """A public address of a firewall in a virtual hub; no document of its own need show it."""

    address = text("address")


class HubAddresses(View):
    """The addresses of a firewall in a virtual hub."""

    private_address = text("privateIPAddress")
    public_addresses = parts(HubPublicAddress, "publicIPs", "addresses")


class AzureFirewall(View, kind=FIREWALL):
    """An Azure Firewall, in a network or in a virtual hub."""

    configurations = parts(Configuration, "properties", "ipConfigurations")
    management = part(Configuration, "properties", "managementIpConfiguration")
    policy = reference("properties", "firewallPolicy")
    hub = reference("properties", "virtualHub")
    hub_addresses = part(HubAddresses, "properties", "hubIPAddresses")
    threat_intelligence = word("properties", "threatIntelMode")
    private_ranges = text("properties", "additionalProperties", "Network.SNAT.PrivateRanges")
    network_collections = parts(ClassicCollection, "properties", "networkRuleCollections")
    application_collections = parts(ClassicCollection, "properties", "applicationRuleCollections")
    translating_collections = parts(ClassicCollection, "properties", "natRuleCollections")


class FirewallPolicy(View, kind=POLICY):
    """A firewall policy. `base` is the policy that it inherits from."""

    base = reference("properties", "basePolicy")
    threat_intelligence = word("properties", "threatIntelMode")
    private_ranges = texts("properties", "snat", "privateRanges")
    learns_ranges = word("properties", "snat", "autoLearnPrivateRanges")
    has_proxy = flag("properties", "dnsSettings", "enableProxy")
    name_servers = texts("properties", "dnsSettings", "servers")


class RuleGroup(View, kind=RULE_GROUP):
    """A group of rule collections; groups of lower priority numbers come first."""

    priority = number("properties", "priority")
    collections = parts(PolicyCollection, "properties", "ruleCollections")


class IpGroup(View, kind=IP_GROUP):
    """Addresses with a name, that rules of firewalls refer to."""

    addresses = texts("properties", "ipAddresses")


Ranked = TypeVar("Ranked", PolicyCollection, ClassicCollection, RuleGroup)


def in_order(items: Iterable[Ranked]) -> tuple[Ranked, ...]:
    """Groups or collections in the order in which they are asked. One alone needs no priority to be the first.

    Raises `NotKnown` where one of several states none.
    """
    found = tuple(items)
    return found if len(found) < 2 else tuple(sorted(found, key=lambda each: each.priority.value))
