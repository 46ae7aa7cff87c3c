"""Private DNS: links and records of zones, resolvers, forwarding rules, and whom a network asks."""

from __future__ import annotations

from auditor.documents.view import View, parts, reference, text, texts, word

ZONE = "microsoft.network/privatednszones"
LINK = f"{ZONE}/virtualnetworklinks"
A_RECORDS = f"{ZONE}/a"
INBOUND = "microsoft.network/dnsresolvers/inboundendpoints"
RULESET = "microsoft.network/dnsforwardingrulesets"
RULE = f"{RULESET}/forwardingrules"
RULESET_LINK = f"{RULESET}/virtualnetworklinks"


class ZoneLink(View, kind=LINK):
    """A zone's link to a network. `resolution_policy`: what happens where the zone has no record of a name."""

    state = word("properties", "virtualNetworkLinkState")
    network = reference("properties", "virtualNetwork")
    resolution_policy = word("properties", "resolutionPolicy")


class Address(View):
    """One address of a record set."""

    ipv4 = text("ipv4Address")


class RecordSet(View, kind=A_RECORDS):
    """The A records of one name."""

    addresses = parts(Address, "properties", "aRecords")


class ResolverAddress(View):
    """Where a resolver's inbound endpoint listens."""

    address = text("privateIpAddress")
    subnet = reference("subnet")


class InboundEndpoint(View, kind=INBOUND):
    """An inbound endpoint of a private resolver: it answers as Azure DNS does in its own network."""

    addresses = parts(ResolverAddress, "properties", "ipConfigurations")


class TargetServer(View):
    """A server that a forwarding rule sends to."""

    address = text("ipAddress")


class ForwardingRule(View, kind=RULE):
    """Names that go to other servers. `domain` ends in a dot; a lone dot is every name."""

    domain = word("properties", "domainName")
    state = word("properties", "forwardingRuleState")
    servers = parts(TargetServer, "properties", "targetDnsServers")


class RulesetLink(View, kind=RULESET_LINK):
    """A network that uses a ruleset."""

    network = reference("properties", "virtualNetwork")


class NamedNetwork(View, kind="microsoft.network/virtualnetworks"):
    """Whom a network's machines ask for names; none are named where Azure answers."""

    servers = texts("properties", "dhcpOptions", "dnsServers")
