"""Names over rulesets of a private resolver and over a firewall: who is asked, and what comes of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders.estates import doc, id_of
from tests.builders.networks import nic, peer, subnet_id, vnet, vnet_id
from tests.reach.test_reach import PE, VAULT, ask
from tests.reach.test_transit import firewall, outcome

Documents = list[dict[str, Any]]

ZONE = "Microsoft.Network/privateDnsZones"
RESOLVER = "Microsoft.Network/dnsResolvers"
RULESET = "Microsoft.Network/dnsForwardingRulesets"
NAME = "privatelink.vaultcore.azure.net"


def private_vault(*linked: str, servers: tuple[str, ...] = ()) -> Documents:
    """A vault with a private endpoint in `v`, whose zone is linked to these networks; `hub` has a private resolver."""
    connection = {
        "privateLinkServiceId": id_of(VAULT, "kv"),
        "groupIds": ["vault"],
        "privateLinkServiceConnectionState": {"status": "Approved"},
    }
    endpoint = {
        "subnet": {"id": subnet_id("v", "pe")},
        "privateLinkServiceConnections": [{"name": "c", "properties": connection}],
        "customDnsConfigs": [{"fqdn": "kv.vault.azure.net", "ipAddresses": ["10.1.1.4"]}],
        "networkInterfaces": [],
    }
    inbound = [{"privateIpAddress": "10.0.8.4", "subnet": {"id": subnet_id("hub", "in")}}]
    documents = [
        vnet(
            "v",
            "10.1.0.0/16",
            subnets={"a": "10.1.0.0/24", "pe": "10.1.1.0/24"},
            **({"dhcpOptions": {"dnsServers": list(servers)}} if servers else {}),
        ),
        vnet("hub", "10.0.0.0/16", subnets={"in": "10.0.8.0/28", "AzureFirewallSubnet": "10.0.9.0/26"}),
        nic("na", "v", "a", "10.1.0.4"),
        doc(PE, "pe", properties=endpoint),
        doc(VAULT, "kv", properties={"vaultUri": "https://kv.vault.azure.net/", "publicNetworkAccess": "Disabled"}),
        doc(ZONE, NAME, properties={}),
        doc(f"{ZONE}/A", NAME, "kv", properties={"aRecords": [{"ipv4Address": "10.1.1.4"}]}),
        doc(RESOLVER, "r", properties={"virtualNetwork": {"id": vnet_id("hub")}}),
        doc(f"{RESOLVER}/inboundEndpoints", "r", "i", properties={"ipConfigurations": inbound}),
    ]
    for network in linked:
        state = {"virtualNetwork": {"id": vnet_id(network)}, "virtualNetworkLinkState": "Completed"}
        documents.append(doc(f"{ZONE}/virtualNetworkLinks", NAME, f"to-{network}", properties=state))
    peer(documents, "v", "hub")
    peer(documents, "hub", "v")
    return documents


def ruleset(domain: str, server: str, state: str = "Enabled") -> Documents:
    rule = {"domainName": domain, "forwardingRuleState": state, "targetDnsServers": [{"ipAddress": server}]}
    return [
        doc(RULESET, "rs", properties={}),
        doc(f"{RULESET}/virtualNetworkLinks", "rs", "l", properties={"virtualNetwork": {"id": vnet_id("v")}}),
        doc(f"{RULESET}/forwardingRules", "rs", "f", properties=rule),
    ]


ELSEWHERE, INBOUND = "10.50.0.4", "10.0.8.4"


@pytest.mark.parametrize(
    ("linked", "domain", "server", "expected"),
    [
        (("v",), "vault.azure.net.", ELSEWHERE, "unknown"),
        (("v",), f"{NAME}.", ELSEWHERE, "yes"),
        (("v",), ".", ELSEWHERE, "yes"),
        (("v",), "contoso.com.", ELSEWHERE, "yes"),
        ((), f"{NAME}.", INBOUND, "no"),
        (("hub",), f"{NAME}.", INBOUND, "yes"),
        (("hub",), "vault.azure.net.", INBOUND, "yes"),
        (("v",), "vault.azure.net.", INBOUND, "no"),
    ],
)
def test_which_rule_decides(linked: tuple[str, ...], domain: str, server: str, expected: str) -> None:
    """The public name is asked for first, so its rule comes before the zone of its alias; `.` passes Azure's names over
    (docs: dns/private-resolver-endpoints-rulesets)."""
    assert outcome(ask([*private_vault(*linked), *ruleset(domain, server)], "na", "kv")) == expected


def test_a_rule_that_is_switched_off_says_nothing() -> None:
    documents = [*private_vault("v"), *ruleset("vault.azure.net.", ELSEWHERE, "Disabled")]
    assert outcome(ask(documents, "na", "kv")) == "yes"


@pytest.mark.parametrize(
    ("linked", "settings", "expected"),
    [
        ("hub", {"enableProxy": True}, "yes"),
        ("v", {"enableProxy": True}, "no"),
        ("hub", {"enableProxy": True, "servers": ["168.63.129.16"]}, "yes"),
        ("hub", {"enableProxy": True, "servers": [ELSEWHERE]}, "unknown"),
        ("hub", {"enableProxy": True, "servers": [INBOUND]}, "yes"),
        ("hub", {"enableProxy": False}, "no"),
    ],
)
def test_a_firewall_answers_names_where_its_proxy_is_on(linked: str, settings: Any, expected: str) -> None:
    """docs: firewall/dns-settings."""
    documents = [*private_vault(linked, servers=("10.0.9.4",)), *firewall(dnsSettings={"servers": [], **settings})]
    assert outcome(ask(documents, "na", "kv")) == expected
