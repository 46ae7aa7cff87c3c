"""The public endpoint of a platform service: its switch, and the rules that storage, vaults and their like share."""

from __future__ import annotations

from auditor.documents.view import View, part, parts, reference, text, word


class IpRule(View):
    """A range of addresses that a rule lets in, or denies."""

    value = text("value")
    action = word("action")


class SubnetRule(View):
    """A subnet that a rule lets in over its service endpoint; registries and older forms write it as an object."""

    subnet = reference("id")
    older = reference("subnet")
    action = word("action")


class InstanceRule(View):
    """A resource that a rule lets in by its identity."""

    instance = text("resourceId")


class NetworkRules(View):
    """`networkAcls` or `networkRuleSet`. An empty action of a rule is Allow, the only one there was at first."""

    default_action = word("defaultAction")
    bypass = word("bypass")
    ip_rules = parts(IpRule, "ipRules")
    ipv6_rules = parts(IpRule, "ipv6Rules")
    subnet_rules = parts(SubnetRule, "virtualNetworkRules")
    instance_rules = parts(InstanceRule, "resourceAccessRules")


class PublicEndpoint(View):
    """What a service's document says of its public endpoint."""

    public_access = word("properties", "publicNetworkAccess")
    network_acls = part(NetworkRules, "properties", "networkAcls")
    network_rule_set = part(NetworkRules, "properties", "networkRuleSet")
    registry_bypass = word("properties", "networkRuleBypassOptions")
