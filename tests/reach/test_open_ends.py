"""What publishes and what draws traffic from Microsoft's side: lists that were refused, rules that are not read."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.baseline import read_baseline
from auditor.model import Outcome
from auditor.rules import rules_by_name
from auditor.rules.network.reachability import SightTerms
from tests import worlds
from tests.builders.estates import doc, id_of
from tests.builders.networks import nic, subnet_id, vnet, vnet_id
from tests.reach.test_reach import STORAGE, ask
from tests.reach.test_transit import FIREWALL, POLICY, collection, network_rule, outcome, rule_group

Documents = list[dict[str, Any]]

SUBSCRIPTION = worlds.subscription("compliant")
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg-chat-prod"


def worst(requirement: str, *more: dict[str, Any], refused: str = "") -> Outcome:
    """The worst outcome of a requirement in the compliant world with these documents, or without this list."""
    reads = worlds.whole(SUBSCRIPTION)
    if refused:
        reads = (*reads, worlds.refused(refused, SUBSCRIPTION))
    w = worlds.workload([*worlds.documents("compliant"), *more], reads, name="compliant")
    baseline = read_baseline()
    rule = rules_by_name()[baseline.requirements[requirement].rule]
    found = {verdict.outcome for verdict in rule.apply(w, baseline.terms[requirement])}
    return next(each for each in (Outcome.FAIL, Outcome.UNKNOWN, Outcome.PASS) if each in found)


@pytest.mark.parametrize(
    ("requirement", "kind"),
    [
        ("NET-01", "Microsoft.Cdn/profiles"),
        ("NET-01", "Microsoft.Network/frontDoors"),
        ("NET-01", "Microsoft.ApiManagement/service"),
        ("NET-02", "Microsoft.Cdn/profiles"),
        ("PUB-11", "Microsoft.ContainerService/managedClusters"),
        ("PUB-11", "Microsoft.Compute/virtualMachineScaleSets"),
    ],
)
def test_a_list_that_was_refused_leaves_no_only_certain(requirement: str, kind: str) -> None:
    assert worst(requirement, refused=kind) is Outcome.UNKNOWN


CDN = "Microsoft.Cdn/profiles"


def _front_door(*, rules: bool, status: str = "Approved") -> Documents:
    """A Front Door whose route leads elsewhere, with a group beside it that leads to the chat UI."""
    site = next(d for d in worlds.documents("compliant") if d["type"] == "Microsoft.Web/sites")
    link = {"privateLink": {"id": site["id"]}, "status": status, "groupId": "sites"}
    route = {"originGroup": {"id": id_of(f"{CDN}/originGroups", "fd", "g", group=GROUP)}, "enabledState": "Enabled"}
    if rules:
        route["ruleSets"] = [{"id": id_of(f"{CDN}/ruleSets", "fd", "rs", group=GROUP)}]
    origin = {"enabledState": "Enabled", "hostName": "www.example.org"}

    def made(kind: str, *names: str, **properties: Any) -> dict[str, Any]:
        return doc(f"{CDN}{kind}", "fd", *names, group=GROUP, properties=properties)

    return [
        doc(CDN, "fd", group=GROUP, sku={"name": "Premium_AzureFrontDoor"}, properties={}),
        made("/afdEndpoints", "e", hostName="e.z01.azurefd.net", enabledState="Enabled"),
        made("/afdEndpoints/routes", "e", "r", **route),
        made("/originGroups", "g"),
        made("/originGroups", "h"),
        made("/originGroups/origins", "g", "o", **origin),
        made("/originGroups/origins", "h", "o", **{**origin, "sharedPrivateLinkResource": link}),
    ]


@pytest.mark.parametrize(
    ("rules", "status", "expected"),
    [
        (False, "Approved", Outcome.PASS),
        (True, "Approved", Outcome.UNKNOWN),
        (True, "Rejected", Outcome.PASS),
    ],
)
def test_a_rule_of_front_door_may_lead_to_another_group(rules: bool, status: str, expected: Outcome) -> None:
    """docs: frontdoor/front-door-rules-engine-actions, route configuration override."""
    assert worst("NET-01", *_front_door(rules=rules, status=status)) is expected


# --- perimeters (private-link/network-security-perimeter-concepts) ---

NSP = "Microsoft.Network/networkSecurityPerimeters"


def _perimeter(mode: str, account: dict[str, Any], *rules: dict[str, Any]) -> Documents:
    member = {"accessMode": mode, "privateLinkResource": {"id": id_of(STORAGE, "st")}}
    rows = {"defaultAction": "Deny", "ipRules": [], "virtualNetworkRules": [], "bypass": "None", **account}
    return [
        doc(STORAGE, "st", properties={"publicNetworkAccess": "Enabled", "networkAcls": rows}),
        doc(NSP, "n", properties={}),
        doc(f"{NSP}/profiles", "n", "p", properties={}),
        doc(
            f"{NSP}/resourceAssociations",
            "n",
            "a",
            properties={**member, "profile": {"id": id_of(f"{NSP}/profiles", "n", "p")}},
        ),
        *(
            doc(f"{NSP}/profiles/accessRules", "n", "p", f"r{n}", properties={"direction": "Inbound", **rule})
            for n, rule in enumerate(rules)
        ),
    ]


BAD = {"ipRules": [{"value": "junk", "action": "Allow"}]}


@pytest.mark.parametrize(
    ("mode", "account", "rule", "expected"),
    [
        ("Enforced", {"defaultAction": "Allow"}, {"addressPrefixes": []}, "no"),
        ("Enforced", {}, {"addressPrefixes": ["8.8.8.0/24"]}, "yes"),
        ("Enforced", {}, {"serviceTags": ["AzureActiveDirectory"]}, "unknown"),
        ("Learning", {}, {"serviceTags": ["AzureActiveDirectory"]}, "unknown"),
        ("Learning", BAD, {"serviceTags": ["AzureActiveDirectory"]}, "unknown"),
        ("Learning", {}, {"addressPrefixes": []}, "no"),
    ],
)
def test_inbound_rules_of_a_perimeter(mode: str, account: dict[str, Any], rule: Any, expected: str) -> None:
    assert outcome(ask(_perimeter(mode, account, rule), "Internet", "st")) == expected


# --- the default route of a virtual hub (virtual-wan/how-to-routing-policies) ---

HUB = "Microsoft.Network/virtualHubs"
WAN = "Microsoft.Network/virtualWans"


def _wan(security: bool | None, *rules: dict[str, Any], intent: bool = True, table: bool = True) -> Documents:
    """A network at a hub whose firewall takes what is for the Internet."""
    route = {"id": id_of(f"{HUB}/hubRouteTables", "h", "defaultRouteTable")}
    routing = {"associatedRouteTable": route, "propagatedRouteTables": {"ids": [route], "labels": ["default"]}}
    connection: dict[str, Any] = {"remoteVirtualNetwork": {"id": vnet_id("v")}, "routingConfiguration": routing}
    if security is not None:
        connection["enableInternetSecurity"] = security
    addresses = {"privateIPAddress": "10.100.0.4", "publicIPs": {"addresses": [{"address": "20.8.8.8"}]}}
    firewall = {"virtualHub": {"id": id_of(HUB, "h")}, "hubIPAddresses": addresses}
    to = id_of(FIREWALL, "fw")
    static = {"name": "r", "destinationType": "CIDR", "destinations": ["0.0.0.0/0"], "nextHop": to}
    documents = [
        vnet("v", "10.1.0.0/16", subnets={"a": "10.1.0.0/24"}),
        nic("na", "v", "a", "10.1.0.4"),
        doc(WAN, "w", properties={"type": "Standard"}),
        doc(HUB, "h", properties={"virtualWan": {"id": id_of(WAN, "w")}}),
        doc(f"{HUB}/hubVirtualNetworkConnections", "h", "c", properties=connection),
        doc(FIREWALL, "fw", properties={**firewall, "firewallPolicy": {"id": id_of(POLICY, "pol")}}),
        doc(POLICY, "pol", properties={"threatIntelMode": "Alert"}),
        rule_group("pol", "g", *rules),
    ]
    if intent:
        policies = [{"name": "p", "destinations": ["Internet"], "nextHop": to}]
        documents.append(doc(f"{HUB}/routingIntent", "h", "i", properties={"routingPolicies": policies}))
    elif table:
        made = {"labels": ["default"], "routes": [static]}
        documents.append(doc(f"{HUB}/hubRouteTables", "h", "defaultRouteTable", properties=made))
    return documents


ANY = collection("Allow", network_rule("any", "*"))


@pytest.mark.parametrize(
    ("security", "rules", "intent", "expected"),
    [
        (True, (ANY,), True, "yes"),
        (True, (), True, "no"),
        (False, (), True, "yes"),
        (None, (), True, "unknown"),
        (True, (), False, "no"),
        (True, (ANY,), False, "yes"),
    ],
)
def test_what_a_hub_draws_for_the_internet(security: bool | None, rules: Any, intent: bool, expected: str) -> None:
    assert outcome(ask(_wan(security, *rules, intent=intent), "na", "Internet", "443")) == expected


def test_a_hub_that_draws_nothing_leaves_the_way_as_it_is() -> None:
    assert outcome(ask(_wan(True, intent=False, table=False), "na", "Internet", "443")) == "yes"


def test_a_firewall_of_a_hub_without_public_addresses_gives_no_way_out() -> None:
    documents = _wan(True, ANY)
    documents[5]["properties"]["hubIPAddresses"]["publicIPs"]["addresses"] = []
    assert outcome(ask(documents, "na", "Internet", "443")) == "no"


# --- what may answer by the baseline ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("telemetry", "expected"), [(True, Outcome.PASS), (False, Outcome.FAIL)])
def test_logs_may_be_sent_from_the_internet_where_the_baseline_says_so(telemetry: bool, expected: Outcome) -> None:
    w = worlds.workload(None, None, name="compliant")
    rule = rules_by_name()["internet_reaches_more_than_the_chat"]
    found = {verdict.outcome for verdict in rule.apply(w, SightTerms(telemetry=telemetry))}
    assert (Outcome.FAIL in found) is (expected is Outcome.FAIL)


# --- public addresses on premises (vpn-gateway/vpn-gateway-vpn-faq: any address space of one's own) ---

VPN = "Microsoft.Network/virtualNetworkGateways"
CONNECTION = "Microsoft.Network/connections"
LOCAL = "Microsoft.Network/localNetworkGateways"


def _premises(kind: str = "Vpn", *prefixes: str) -> Documents:
    place = {"subnet": {"id": subnet_id("v", "GatewaySubnet")}}
    far = {"localNetworkGateway2": {"id": id_of(LOCAL, "l")}} if kind == "Vpn" else {}
    ends = {"connectionType": "IPsec" if kind == "Vpn" else "ExpressRoute", "enableBgp": False}
    return [
        vnet("v", "10.1.0.0/16", subnets={"a": "10.1.0.0/24", "GatewaySubnet": "10.1.9.0/27"}),
        nic("na", "v", "a", "10.1.0.4"),
        doc(VPN, "gw", properties={"gatewayType": kind, "ipConfigurations": [{"name": "c", "properties": place}]}),
        doc(LOCAL, "l", properties={"localNetworkAddressSpace": {"addressPrefixes": list(prefixes)}}),
        doc(CONNECTION, "c", properties={**ends, "virtualNetworkGateway1": {"id": id_of(VPN, "gw")}, **far}),
    ]


@pytest.mark.parametrize(
    ("kind", "source", "expected"),
    [
        ("Vpn", "203.0.113.5", "yes"),
        ("Vpn", "203.0.0.0/16", "yes"),
        ("Vpn", "8.8.8.8", "no"),
        ("Vpn", "Internet", "no"),
        ("ExpressRoute", "203.0.113.5", "unknown"),
        ("ExpressRoute", "Internet", "no"),
        ("ExpressRoute", "AzureCloud", "no"),
    ],
)
def test_public_addresses_may_be_on_premises(kind: str, source: str, expected: str) -> None:
    assert outcome(ask(_premises(kind, "203.0.113.0/24"), source, "na")) == expected


# --- Bastion without a subnet, and without a public address -----------------------------------------------------------


def outcomes_of(requirement: str, documents: Documents, about: str = "") -> set[Outcome]:
    w = worlds.workload(documents, None, name="compliant")
    baseline = read_baseline()
    rule = rules_by_name()[baseline.requirements[requirement].rule]
    found = rule.apply(w, baseline.terms[requirement])
    return {verdict.outcome for verdict in found if about in f"{verdict.aspect} {verdict.message}"}


def _without(documents: Documents, *parts: str) -> Documents:
    return [d for d in documents if not any(part in d["id"].casefold() for part in parts)]


def test_a_private_bastion_is_asked_from_where_it_stands() -> None:
    """docs: bastion/private-only. Its row takes 443 from the network in the place of the Internet."""
    documents = _without(worlds.documents("compliant"), "/publicipaddresses/pip-ab-")
    host = worlds.named(documents, "ab-aibase", "Microsoft.Network/bastionHosts")
    host["sku"] = {"name": "Premium"}
    host["properties"]["enablePrivateOnlyBastion"] = True
    for each in host["properties"]["ipConfigurations"]:
        each["properties"].pop("publicIPAddress")
    assert outcomes_of("PL-15", documents, "session") == {Outcome.PASS}


def test_bastion_developer_has_no_subnet() -> None:
    """docs: bastion/quickstart-developer."""
    documents = _without(worlds.documents("compliant"), "/pip-ab-", "azurebastionsubnet", "nsg-bastionsubnet")
    network = worlds.named(documents, "vnet-aibase", "Microsoft.Network/virtualNetworks")
    subnets = network["properties"]["subnets"]
    network["properties"]["subnets"] = [s for s in subnets if s["name"] != "AzureBastionSubnet"]
    host = worlds.named(documents, "ab-aibase", "Microsoft.Network/bastionHosts")
    host["sku"] = {"name": "Developer"}
    host["properties"] = {"virtualNetwork": {"id": network["id"]}}
    assert outcomes_of("SEG-01", documents, "bastion") == {Outcome.NOT_APPLICABLE}


def test_what_a_row_needs_is_no_ipv6() -> None:
    documents = worlds.documents("compliant")
    network = worlds.named(documents, "vnet-aibase", "Microsoft.Network/virtualNetworks")
    network["properties"]["addressSpace"]["addressPrefixes"].append("fd00:10::/48")
    for n, subnet in enumerate(network["properties"]["subnets"]):
        prefix = subnet["properties"].pop("addressPrefix")
        subnet["properties"]["addressPrefixes"] = [prefix, f"fd00:10:0:{n}::/64"]
    assert outcomes_of("NSG-AGW-OUT", documents) == {Outcome.PASS}
