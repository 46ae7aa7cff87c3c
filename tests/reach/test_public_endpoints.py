"""Public endpoints as seen from inside a network and from Microsoft's side: names, service endpoints, publishers."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.model import Read, Unknown
from auditor.query.reach import reach
from auditor.reach.reachability import Reach
from tests.builders.estates import WHOLE, doc, estate_of, id_of
from tests.builders.networks import nic, subnet_id, vnet, vnet_id

Documents = list[dict[str, Any]]

VAULT = "Microsoft.KeyVault/vaults"
STORAGE = "Microsoft.Storage/storageAccounts"
SITE = "Microsoft.Web/sites"
PIP = "Microsoft.Network/publicIPAddresses"
ZONES = "Microsoft.Network/privateDnsZones"
ZONE = "privatelink.vaultcore.azure.net"
RESOLVER = "Microsoft.Network/dnsResolvers"
RULESETS = "Microsoft.Network/dnsForwardingRulesets"
FIREWALL = "Microsoft.Network/azureFirewalls"
POLICY = "Microsoft.Network/firewallPolicies"
CDN = "Microsoft.Cdn/profiles"
PLS = "Microsoft.Network/privateLinkServices"
APIM = "Microsoft.ApiManagement/service"


def ask(documents: Documents, source: str, target: str, port: str | None = None) -> Reach:
    (found,) = reach(estate_of(documents, reads=[WHOLE]), source, target, port)
    return found


def machine(**subnet: Any) -> Documents:
    """A machine with a public address of its own, in a network in westeurope."""
    card = nic("a", "v", "s", "10.1.0.4")
    card["properties"]["ipConfigurations"][0]["properties"]["publicIPAddress"] = {"id": id_of(PIP, "pip")}
    public = {"ipAddress": "20.61.3.3", "ipConfiguration": {"id": f"{card['id']}/ipConfigurations/c"}}
    return [
        {
            **vnet("v", "10.1.0.0/16", subnets={"s": {"addressPrefix": "10.1.0.0/24", **subnet}}),
            "location": "westeurope",
        },
        card,
        doc(PIP, "pip", sku={"name": "Standard"}, properties=public),
    ]


# --- names ------------------------------------------------------------------------------------------------------------


def vault(*, endpoint: bool = True) -> Documents:
    properties = {"vaultUri": "https://kv.vault.azure.net/", "publicNetworkAccess": "Enabled"}
    side = {"privateLinkServiceConnectionState": {"status": "Approved"}, "groupIds": ["vault"]}
    sides = [doc(f"{VAULT}/privateEndpointConnections", "kv", "c", properties=side)] if endpoint else []
    return [doc(VAULT, "kv", properties=properties), *sides]


def zone(*records: str, network: str = "v", **link: Any) -> Documents:
    return [
        doc(ZONES, ZONE),
        doc(f"{ZONES}/virtualNetworkLinks", ZONE, "l", properties={"virtualNetwork": {"id": vnet_id(network)}, **link}),
        *(
            doc(f"{ZONES}/A", ZONE, record, properties={"aRecords": [{"ipv4Address": "10.9.0.4"}]})
            for record in records
        ),
    ]


NAMES = [
    ([], True, "", "no zone: the public name"),
    (zone(), False, "NXDOMAIN", "a linked zone without the record"),
    (zone("other"), False, "NXDOMAIN", "a record of something else"),
    (zone(resolutionPolicy="Default"), False, "NXDOMAIN", "the default said aloud"),
    (zone(resolutionPolicy="NxDomainRedirect"), True, "", "the link falls back to the Internet"),
    (zone("kv"), False, "not to its public address", "the record leads to the private address"),
    (zone("kv", resolutionPolicy="NxDomainRedirect"), False, "not to its public address", "a record is no gap"),
    (zone("*"), False, "not to its public address", "a wildcard answers"),
    (zone(network="elsewhere"), True, "", "the zone is linked to another network"),
]


@pytest.mark.parametrize(("names", "reached", "says", "why"), NAMES)
def test_a_name_leads_to_the_public_endpoint_or_does_not(names: Documents, reached: bool, says: str, why: str) -> None:
    found = ask([*machine(), *vault(), *names], "a", "kv", "443")
    assert found.reaches is reached, why
    if says:
        assert says in str(found.stopped)


def test_without_a_private_endpoint_no_zone_matters() -> None:
    assert ask([*machine(), *vault(endpoint=False), *zone()], "a", "kv", "443").reaches is True


def test_own_name_servers_are_unknown_and_a_resolver_or_a_proxy_answers_for_its_network() -> None:
    documents = [*machine(), *vault(), *zone(network="hub"), vnet("hub", "10.9.0.0/16", subnets={"fw": "10.9.1.0/26"})]
    documents[0]["properties"]["dhcpOptions"] = {"dnsServers": ["10.9.1.4"]}
    found = ask(documents, "a", "kv", "443")
    assert isinstance(found.reaches, Unknown)
    assert "10.9.1.4" in found.reaches.because
    config = {"privateIPAddress": "10.9.1.4", "subnet": {"id": subnet_id("hub", "fw")}}
    firewall = doc(
        FIREWALL,
        "fw",
        properties={"ipConfigurations": [{"properties": config}], "firewallPolicy": {"id": id_of(POLICY, "p")}},
    )
    on = {"enableProxy": True}
    # Without a proxy nothing listens for names at a firewall's address (docs: firewall/dns-settings).
    for settings, answer in ((on, False), ({}, False), ({**on, "servers": ["10.8.8.8"]}, None)):
        policy = doc(POLICY, "p", properties={"dnsSettings": settings})
        reaches = ask([*documents, firewall, policy], "a", "kv", "443").reaches
        assert (None if isinstance(reaches, Unknown) else reaches) is answer
    row = {"privateIpAddress": "10.9.1.4", "subnet": {"id": subnet_id("hub", "fw")}}
    inbound = doc(f"{RESOLVER}/inboundEndpoints", "r", "in", properties={"ipConfigurations": [row]})
    assert ask([*documents, inbound], "a", "kv", "443").reaches is False


def test_a_ruleset_sends_the_name_to_servers_that_nobody_knows() -> None:
    rule = {"domainName": "vaultcore.azure.net.", "targetDnsServers": [{"ipAddress": "192.168.0.5"}]}
    ruleset = [
        doc(RULESETS, "rs"),
        doc(f"{RULESETS}/virtualNetworkLinks", "rs", "l", properties={"virtualNetwork": {"id": vnet_id("v")}}),
        doc(f"{RULESETS}/forwardingRules", "rs", "r", properties={**rule, "domainName": "vault.azure.net."}),
    ]
    found = ask([*machine(), *vault(), *ruleset], "a", "kv", "443")
    assert isinstance(found.reaches, Unknown)
    ruleset[-1]["properties"]["forwardingRuleState"] = "Disabled"
    assert ask([*machine(), *vault(), *ruleset], "a", "kv", "443").reaches is True
    assert ask([*machine(), *vault(), *ruleset, *zone()], "a", "kv", "443").reaches is False


# --- service endpoints and regions ------------------------------------------------------------------------------------


def storage(*addresses: str, region: str = "northeurope", **rest: Any) -> Documents:
    rules = {"defaultAction": "Deny", "ipRules": [{"value": a} for a in addresses], **rest}
    return [doc(STORAGE, "st", location=region, properties={"publicNetworkAccess": "Enabled", "networkAcls": rules})]


SERVED = {"serviceEndpoints": [{"service": "Microsoft.Storage.Global", "locations": ["*"]}]}
NEAR_ONLY = {"serviceEndpoints": [{"service": "Microsoft.Storage", "locations": ["westeurope"]}]}
BY_SUBNET = {"virtualNetworkRules": [{"id": subnet_id("v", "s")}]}


@pytest.mark.parametrize(
    ("subnet", "account", "reached", "why"),
    [
        ({}, storage("20.61.3.3"), True, "the public address matches"),
        ({}, storage("20.61.3.4"), False, "another address does not"),
        (SERVED, storage("20.61.3.3"), False, "a service endpoint shows the private address"),
        (SERVED, storage(**BY_SUBNET), True, "and the subnet"),
        (NEAR_ONLY, storage("20.61.3.3"), True, "an endpoint for another region is not in force"),
        ({}, storage("20.61.3.3", region="westeurope"), False, "in one region the address rule is void"),
        ({}, storage("0.0.0.0/0", region="westeurope", defaultAction="Allow"), True, "everybody is let in"),
        ({**SERVED, "serviceEndpointPolicies": [{"id": "/x"}]}, storage(**BY_SUBNET), None, "policies may narrow it"),
    ],
)  # fmt: skip
def test_address_rules_see_what_the_service_sees(
    subnet: dict[str, Any], account: Documents, reached: bool | None, why: str
) -> None:
    reaches = ask([*machine(**subnet), *account], "a", "st", "443").reaches
    assert (None if isinstance(reaches, Unknown) else reaches) is reached, why


# --- a site's deployment host -----------------------------------------------------------------------------------------


def site(**config: Any) -> Documents:
    hosts = ["app.azurewebsites.net", "app.scm.azurewebsites.net"]
    only = [{"ipAddress": "145.97.1.0/24", "action": "Allow", "priority": 1}]
    return [
        doc(SITE, "app", properties={"publicNetworkAccess": "Enabled", "enabledHostNames": hosts}),
        doc(f"{SITE}/config", "app", "web", properties={"ipSecurityRestrictions": only, **config}),
    ]


def test_the_deployment_host_is_an_endpoint_of_its_own() -> None:
    found = ask(site(), "93.184.216.34", "app", "443")
    assert found.reaches is True
    assert found.hops[-1].note == "deployment endpoint"
    assert "app.scm.azurewebsites.net" in str(found.witness)
    assert ask(site(scmIpSecurityRestrictionsUseMain=True), "93.184.216.34", "app").reaches is False
    assert ask(site(), "145.97.1.7", "app").hops[-1].note == "public endpoint"


# --- publishers -------------------------------------------------------------------------------------------------------


def front_door(status: str | None = "Approved", *, route: str = "Enabled", edge: str = "Enabled") -> Documents:
    """A closed site behind a Front Door's private link."""
    link = {"privateLink": {"id": id_of(SITE, "app")}, "groupId": "sites", **({"status": status} if status else {})}
    group = id_of(f"{CDN}/originGroups", "afd", "og")
    origin = {"hostName": "app.azurewebsites.net", "sharedPrivateLinkResource": link}
    return [
        doc(SITE, "app", properties={"publicNetworkAccess": "Disabled", "defaultHostName": "app.azurewebsites.net"}),
        doc(f"{SITE}/config", "app", "web", properties={}),
        doc(CDN, "afd", sku={"name": "Premium_AzureFrontDoor"}, properties={}),
        doc(f"{CDN}/afdEndpoints", "afd", "e", properties={"hostName": "e.azurefd.net", "enabledState": edge}),
        doc(
            f"{CDN}/afdEndpoints/routes", "afd", "e", "r",
            properties={"originGroup": {"id": group}, "enabledState": route},
        ),
        doc(f"{CDN}/originGroups", "afd", "og", properties={}),
        doc(f"{CDN}/originGroups/origins", "afd", "og", "o", properties=origin),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("documents", "reached"),
    [
        (front_door(), True),
        (front_door("Pending"), False),
        (front_door("Disconnected"), False),
        (front_door(None), None),
        (front_door(route="Disabled"), False),
        (front_door(edge="Disabled"), False),
    ],
)
def test_a_private_link_of_front_door_publishes_a_closed_site(documents: Documents, reached: bool | None) -> None:
    reaches = ask(documents, "Internet", "app").reaches
    assert (None if isinstance(reaches, Unknown) else reaches) is reached
    published = ask(documents, "Internet", "afd").reaches
    assert published is (not any(d.get("properties", {}).get("enabledState") == "Disabled" for d in documents))


def test_a_front_door_whose_routes_were_not_read_may_publish_anything() -> None:
    documents = [d for d in front_door() if not d["type"].startswith(f"{CDN}/afd")]
    kinds = (SITE, f"{SITE}/config", f"{SITE}/slots", CDN, f"{CDN}/originGroups", "Microsoft.Network/privateEndpoints")
    reads = [Read(path="x", api_version="1", status=200, covers=kind, scope="/", count=1) for kind in kinds]
    (found,) = reach(estate_of(documents, reads=reads), "Internet", "app")
    assert isinstance(found.reaches, Unknown)
    assert "afd" in found.reaches.because


def test_what_goes_by_the_public_host_meets_the_firewall_of_the_origin() -> None:
    documents = front_door()
    del documents[-1]["properties"]["sharedPrivateLinkResource"]
    assert ask(documents, "Internet", "app").reaches is False


def test_api_management_in_front_of_a_closed_service_publishes_nothing_by_its_public_address() -> None:
    gateway = doc(APIM, "apim", properties={"gatewayUrl": "https://apim.azure-api.net"})
    backend = doc(f"{APIM}/backends", "apim", "b", properties={"url": "https://app.azurewebsites.net/"})
    found = ask([*site(), gateway, backend], "1.2.3.4", "app")
    assert found.reaches is True, "the deployment host"
    assert ask([*front_door("Pending"), gateway, backend], "Internet", "app").reaches is False


def test_front_door_reaches_machines_behind_a_private_link_service() -> None:
    balancer = "Microsoft.Network/loadBalancers"
    front = id_of(f"{balancer}/frontendIPConfigurations", "lb", "f")
    pool = id_of(f"{balancer}/backendAddressPools", "lb", "p")
    rule = {
        "protocol": "Tcp",
        "frontendPort": 443,
        "backendPort": 443,
        "frontendIPConfiguration": {"id": front},
        "backendAddressPool": {"id": pool},
    }
    inner = {"subnet": {"id": subnet_id("v", "s")}, "privateIPAddress": "10.1.0.10"}
    machine_ = nic("n", "v", "s", "10.1.0.5")
    machine_["properties"]["ipConfigurations"][0]["properties"]["loadBalancerBackendAddressPools"] = [{"id": pool}]
    documents = [
        *front_door()[2:],
        vnet("v", "10.1.0.0/16", subnets={"s": "10.1.0.0/24", "nat": "10.1.1.0/24"}),
        machine_,
        doc(
            balancer,
            "lb",
            sku={"name": "Standard"},
            properties={
                "frontendIPConfigurations": [{"id": front, "name": "f", "properties": inner}],
                "backendAddressPools": [{"id": pool, "name": "p", "properties": {}}],
                "loadBalancingRules": [{"name": "r", "properties": rule}],
            },
        ),
        doc(
            PLS,
            "pls",
            properties={
                "loadBalancerFrontendIpConfigurations": [{"id": front}],
                "ipConfigurations": [{"properties": {"subnet": {"id": subnet_id("v", "nat")}}}],
            },
        ),
    ]
    origin = next(d for d in documents if d["name"] == "o")
    origin["properties"]["sharedPrivateLinkResource"]["privateLink"]["id"] = id_of(PLS, "pls")
    found = ask(documents, "Internet", "n")
    assert found.reaches is True
    assert [hop.name for hop in found.hops][:4] == ["Internet", "afd", "pls", "lb"]
    origin["properties"]["sharedPrivateLinkResource"]["status"] = "Pending"
    assert ask(documents, "Internet", "n").reaches is not True
