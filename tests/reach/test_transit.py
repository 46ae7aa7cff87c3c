"""Hub and spoke: traffic over appliances and Azure Firewall, hop by hop, there and back, and out to the Internet."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from auditor.model import Unknown
from auditor.query.reach import reach
from tests.builders.estates import doc, estate_of, id_of
from tests.builders.networks import nic, peer, routed, subnet_id, table, vnet
from tests.reach.test_reach import ask, group, guarded, public, says

Documents = list[dict[str, Any]]

FIREWALL = "Microsoft.Network/azureFirewalls"
POLICY = "Microsoft.Network/firewallPolicies"
GROUP = f"{POLICY}/ruleCollectionGroups"
APPLIANCE = "10.0.9.4"


def spokes(*more: dict[str, Any], forwarded: bool = True, **changes: Any) -> Documents:
    """A hub with two spokes whose subnets route to each other over 10.0.9.4."""
    settings = {
        "a": (("10.2.0.0/16", "VirtualAppliance", APPLIANCE),),
        "b": (("10.1.0.0/16", "VirtualAppliance", APPLIANCE),),
        **changes,
    }
    documents = [
        vnet(
            "hub",
            "10.0.0.0/16",
            subnets={"AzureFirewallSubnet": settings.get("hub", "10.0.9.0/26"), "x": "10.0.8.0/24"},
        ),
        vnet("va", "10.1.0.0/16", subnets={"a": routed("10.1.0.0/24", "ta")}),
        vnet("vb", "10.2.0.0/16", subnets={"b": settings.get("guard") or routed("10.2.0.0/24", "tb")}),
        table("ta", *settings["a"]),
        table("tb", *settings["b"]),
        nic("na", "va", "a", "10.1.0.4"),
        nic("nb", "vb", "b", "10.2.0.4"),
        *more,
    ]
    for spoke in ("va", "vb"):
        peer(documents, "hub", spoke)
        peer(documents, spoke, "hub", allowForwardedTraffic=forwarded)
    return documents


def machine(**rest: Any) -> dict[str, Any]:
    return nic("nva", "hub", "AzureFirewallSubnet", APPLIANCE, **{"enableIPForwarding": True, **rest})


def network_rule(name: str, to: str = "10.2.0.0/16", port: str = "443", **rest: Any) -> dict[str, Any]:
    ends = {"sourceAddresses": ["*"], "destinationAddresses": [to], "destinationPorts": [port], "ipProtocols": ["TCP"]}
    return {"name": name, "ruleType": "NetworkRule", **ends, **rest}


def web_rule(name: str, *hosts: str, **rest: Any) -> dict[str, Any]:
    return {
        "name": name,
        "ruleType": "ApplicationRule",
        "sourceAddresses": ["*"],
        "targetFqdns": list(hosts),
        "protocols": [{"protocolType": "Https", "port": 443}],
        **rest,
    }


def collection(action: str, *rules: dict[str, Any], priority: int = 100, name: str = "c") -> dict[str, Any]:
    kind = "FirewallPolicyFilterRuleCollection"
    return {
        "name": name,
        "ruleCollectionType": kind,
        "priority": priority,
        "action": {"type": action},
        "rules": list(rules),
    }


def rule_group(policy: str, name: str, *collections: dict[str, Any], priority: int = 100) -> dict[str, Any]:
    return doc(GROUP, policy, name, properties={"priority": priority, "ruleCollections": list(collections)})


def firewall(*collections: dict[str, Any], address: bool = True, **policy: Any) -> Documents:
    """A firewall at 10.0.9.4 with a policy of one group of rules."""
    config: dict[str, Any] = {"privateIPAddress": APPLIANCE, "subnet": {"id": subnet_id("hub", "AzureFirewallSubnet")}}
    if address:
        config["publicIPAddress"] = {"id": public("pip", "20.9.9.9")["id"]}
    properties = {
        "ipConfigurations": [{"name": "c", "properties": config}],
        "firewallPolicy": {"id": id_of(POLICY, "pol")},
    }
    return [
        doc(FIREWALL, "fw", properties=properties),
        doc(POLICY, "pol", properties={"threatIntelMode": "Alert", **policy}),
        rule_group("pol", "g", *collections),
        public("pip", "20.9.9.9"),
    ]


def outcome(found: Any) -> str:
    return "unknown" if isinstance(found.reaches, Unknown) else "yes" if found.reaches else "no"


# --- appliances -------------------------------------------------------------------------------------------------------


def test_over_a_machine_it_depends_on_the_machine() -> None:
    assert says(ask(spokes(machine()), "na", "nb")) == (
        "unknown: what the appliance nva lets through is not in Azure's control plane"
    )


def test_a_machine_without_forwarding_drops() -> None:
    assert "IP forwarding is off" in says(ask(spokes(machine(enableIPForwarding=False)), "na", "nb"))


def test_an_appliance_that_is_not_there_is_unknown() -> None:
    assert "is not in this snapshot" in says(ask(spokes(), "na", "nb"))


def test_the_filters_of_the_target_decide_whoever_sends() -> None:
    guard = {**guarded("10.2.0.0/24", "g"), "routeTable": routed("", "tb")["routeTable"]}
    documents = spokes(machine(), group("g", ("Inbound", "Deny", "*", "*", "*")), guard=guard)
    assert outcome(ask(documents, "na", "nb")) == "no"


def test_a_route_to_nowhere_stops() -> None:
    documents = spokes(machine(), a=(("10.2.0.0/16", "None"),))
    assert outcome(ask(documents, "na", "nb")) == "no"


def test_without_a_route_nothing_crosses_two_peerings() -> None:
    documents = spokes(machine(), a=(("10.9.0.0/16", "VirtualAppliance", APPLIANCE),))
    assert says(ask(documents, "na", "nb")) == "va is not peered with vb"


# --- Azure Firewall ---------------------------------------------------------------------------------------------------


def test_a_firewall_that_allows_both_ways_of_a_connection() -> None:
    found = ask(spokes(*firewall(collection("Allow", network_rule("web")))), "na", "nb", "443")
    assert outcome(found) == "yes"
    assert str(found.witness) == "Tcp 10.1.0.4:50000 -> 10.2.0.4:443"


@pytest.mark.parametrize(
    ("collections", "port", "expected"),
    [
        ([collection("Allow", network_rule("web"))], "22", "no rule of fw lets it through"),
        ([collection("Allow", network_rule("web", "10.3.0.0/16"))], "443", "no rule of fw lets it through"),
        ([collection("Allow", network_rule("web", sourceAddresses=["10.9.0.0/16"]))], "443", "no rule of fw"),
        (
            [
                collection("Allow", network_rule("web"), priority=200, name="allow"),
                collection("Deny", network_rule("no"), priority=100, name="deny"),
            ],
            "443",
            "g/deny/no of fw denies it",
        ),
        (
            [
                collection("Allow", network_rule("web"), priority=100, name="allow"),
                collection("Deny", network_rule("no"), priority=200, name="deny"),
            ],
            "443",
            "reached",
        ),
        (
            [collection("Allow", web_rule("site", "www.example.net"))],
            "443",
            "unknown: fw lets it through to names only",
        ),
        ([collection("Allow", network_rule("web", "Storage"))], "443", "no rule of fw lets it through"),
    ],
)
def test_the_rules_of_a_firewall(collections: Documents, port: str, expected: str) -> None:
    assert says(ask(spokes(*firewall(*collections)), "na", "nb", port)).startswith(expected)


def test_network_rules_come_before_application_rules_whatever_the_priorities() -> None:
    rules = [
        collection("Deny", web_rule("all", "*"), priority=100, name="web"),
        collection("Allow", network_rule("web"), priority=200, name="net"),
    ]
    assert outcome(ask(spokes(*firewall(*rules)), "na", "nb", "443")) == "yes"


def test_groups_come_by_their_priority_and_inherited_policies_first() -> None:
    allow = collection("Allow", network_rule("web"))
    deny = rule_group("pol", "later", collection("Deny", network_rule("no")), priority=300)
    assert outcome(ask(spokes(*firewall(allow), deny), "na", "nb", "443")) == "yes"
    base = doc(POLICY, "base", properties={"threatIntelMode": "Alert"})
    inherited = rule_group("base", "theirs", collection("Deny", network_rule("no")), priority=60000)
    documents = spokes(*firewall(allow, basePolicy={"id": base["id"]}), base, inherited)
    assert says(ask(documents, "na", "nb", "443")) == "theirs/c/no of fw denies it"


def test_ip_groups_stand_for_their_addresses() -> None:
    ips = doc("Microsoft.Network/ipGroups", "ips", properties={"ipAddresses": ["10.1.0.0/24", "10.7.0.1-10.7.0.9"]})
    rule = network_rule("web", sourceAddresses=[], sourceIpGroups=[ips["id"]])
    documents = spokes(*firewall(collection("Allow", rule)))
    assert outcome(ask([*documents, ips], "na", "nb", "443")) == "yes"
    assert "ips" in says(ask(documents, "na", "nb", "443"))
    ips["properties"]["ipAddresses"] = ["10.7.0.0/24"]
    assert outcome(ask([*documents, ips], "na", "nb", "443")) == "no"


def test_a_policy_that_was_not_read_is_unknown() -> None:
    documents = spokes(*(d for d in firewall() if d["type"] != POLICY))
    assert outcome(ask(documents, "na", "nb", "443")) == "unknown"


def test_classic_rules() -> None:
    rule = {k: v for k, v in network_rule("web", protocols=["TCP"]).items() if k not in ("ruleType", "ipProtocols")}
    properties = {"priority": 100, "action": {"type": "Allow"}, "rules": [rule]}
    documents = spokes(*firewall())
    wall = next(d for d in documents if d["type"] == FIREWALL)
    del wall["properties"]["firewallPolicy"]
    wall["properties"]["networkRuleCollections"] = [{"name": "c", "properties": properties}]
    assert outcome(ask(documents, "na", "nb", "443")) == "yes"
    assert outcome(ask(documents, "na", "nb", "22")) == "no"


def test_spokes_take_what_the_hub_forwards_only_where_they_say_so() -> None:
    documents = spokes(*firewall(collection("Allow", network_rule("web"))), forwarded=False)
    assert says(ask(documents, "na", "nb", "443")) == "vb does not take traffic that hub forwards"


def test_a_firewall_that_translates_sends_in_its_own_name() -> None:
    """Then nothing is forwarded in the eyes of the spoke, and replies need no route over the firewall."""
    always = {"snat": {"privateRanges": ["255.255.255.255/32"]}}
    documents = spokes(*firewall(collection("Allow", network_rule("web")), **always), forwarded=False, b=())
    found = ask(documents, "na", "nb", "443")
    assert outcome(found) == "yes"


ALWAYS = {"snat": {"privateRanges": ["255.255.255.255/32"]}}


@pytest.mark.parametrize(
    ("rule", "policy", "taken", "expected"),
    [
        (web_rule("w", "*"), {}, "10.1.0.0/16", "no"),
        (web_rule("w", "*"), {}, "10.0.9.0/26", "yes"),
        (web_rule("w", "*"), {}, "10.0.9.4/32", "unknown"),
        (network_rule("w"), {}, "10.1.0.0/16", "yes"),
        (network_rule("w"), {}, "10.0.9.0/26", "no"),
        (network_rule("w"), ALWAYS, "10.0.9.0/26", "yes"),
        (network_rule("w"), ALWAYS, "10.0.9.4/32", "unknown"),
    ],
)
def test_whom_the_target_sees(rule: dict[str, Any], policy: dict[str, Any], taken: str, expected: str) -> None:
    """An application rule sends in the name of some instance in the firewall's subnet (firewall/snat-private-range)."""
    rules = group("g", ("Inbound", "Allow", taken, "*", "443"), ("Inbound", "Deny", "*", "*", "*"))
    guard = {**guarded("10.2.0.0/24", "g"), "routeTable": routed("", "tb")["routeTable"]}
    documents = spokes(*firewall(collection("Allow", rule), **policy), rules, guard=guard)
    assert outcome(ask(documents, "na", "nb", "443")) == expected


def test_of_two_kinds_of_rules_the_one_that_the_target_takes_counts() -> None:
    rules = group("g", ("Inbound", "Allow", "10.0.9.0/26", "*", "*"), ("Inbound", "Deny", "*", "*", "*"))
    guard = {**guarded("10.2.0.0/24", "g"), "routeTable": routed("", "tb")["routeTable"]}
    both = [
        collection("Allow", network_rule("n", port="22"), priority=100, name="net"),
        collection("Allow", web_rule("w", "*"), priority=200, name="web"),
    ]
    assert outcome(ask(spokes(*firewall(*both), rules, guard=guard), "na", "nb")) == "yes"
    assert outcome(ask(spokes(*firewall(*both), rules, guard=guard), "na", "nb", "22")) == "no"


@pytest.mark.parametrize(("at", "over", "outside"), [("10.0.9.4", "na -> fw", "no"), ("20.9.9.9", "na -> pip", "yes")])
def test_translation_at_a_private_or_a_public_address(at: str, over: str, outside: str) -> None:
    """docs: firewall/destination-nat-rules. To the public address a machine goes over the Internet."""
    ends = {"sourceAddresses": ["*"], "destinationAddresses": [at], "destinationPorts": ["8443"]}
    to = {"translatedAddress": "10.2.0.4", "translatedPort": "443", "ipProtocols": ["TCP"]}
    rule = {"name": "n", "ruleType": "NatRule", **ends, **to}
    made = {**collection("DNAT", rule), "ruleCollectionType": "FirewallPolicyNatRuleCollection"}
    documents = spokes(*firewall(made), group("g", ("Inbound", "Allow", "*", "*", "443")), a=(), b=())
    found = ask(documents, "na", "nb")
    assert outcome(found) == "yes"
    assert " -> ".join(hop.name for hop in found.hops).startswith(over)
    assert outcome(ask(documents, "Internet", "nb")) == outside


def test_replies_past_the_firewall_are_not_certain() -> None:
    documents = spokes(*firewall(collection("Allow", network_rule("web"))), b=())
    assert outcome(ask(documents, "na", "nb", "443")) == "no"
    for one, other in (("va", "vb"), ("vb", "va")):
        peer(documents, one, other)
    assert "sees one side of the connection only" in says(ask(documents, "na", "nb", "443"))


def test_routes_in_a_circle_stop() -> None:
    back = table("th", ("10.2.0.0/16", "VirtualAppliance", APPLIANCE))
    documents = spokes(*firewall(collection("Allow", network_rule("web"))), back, hub=routed("10.0.9.0/26", "th"))
    assert "go round in a circle" in says(ask(documents, "na", "nb", "443"))


# --- out to the Internet ----------------------------------------------------------------------------------------------


def storage() -> dict[str, Any]:
    properties = {
        "primaryEndpoints": {"blob": "https://st.blob.core.windows.net/"},
        "publicNetworkAccess": "Enabled",
        "networkAcls": {"bypass": "None", "defaultAction": "Allow", "ipRules": [], "virtualNetworkRules": []},
    }
    return doc("Microsoft.Storage/storageAccounts", "st", properties=properties)


def out_over(*collections: dict[str, Any], **rest: Any) -> str:
    private = {"defaultOutboundAccess": False}
    documents = spokes(storage(), *firewall(*collections, **rest), a=(("0.0.0.0/0", "VirtualAppliance", APPLIANCE),))
    for network in documents:
        for subnet in network["properties"].get("subnets", ()) if network["name"] == "va" else ():
            subnet["properties"].update(private)
    return says(ask(documents, "na", "st", "443"))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (network_rule("any", "*"), "reached"),
        (network_rule("tag", "Storage"), "reached"),
        (network_rule("other", "10.0.0.0/8"), "no rule of fw lets it through"),
        (web_rule("name", "st.blob.core.windows.net"), "reached"),
        (web_rule("names", "*.blob.core.windows.net"), "reached"),
        (web_rule("foreign", "*.example.net"), "no rule of fw lets it through"),
        (web_rule("tags", fqdnTags=["WindowsUpdate"]), "unknown: which names are under WindowsUpdate"),
        (network_rule("some", "20.60.0.0/24"), "unknown: "),
    ],
)
def test_a_private_subnet_leaves_over_the_firewall_by_its_rules(rule: dict[str, Any], expected: str) -> None:
    found = out_over(collection("Allow", rule))
    assert expected in found


def test_a_denied_name_is_denied() -> None:
    deny = collection("Deny", web_rule("no", "st.blob.core.windows.net"), priority=100, name="deny")
    allow = collection("Allow", web_rule("all", "*"), priority=200, name="allow")
    assert "g/deny/no of fw denies it" in out_over(deny, allow)
    assert "g/deny/no" not in out_over(collection("Allow", network_rule("any", "*"), name="net"), deny)


def test_a_firewall_without_a_public_address_gives_no_way_out() -> None:
    assert (
        out_over(collection("Allow", network_rule("any", "*")), address=False)
        == "fw has no public address to send from"
    )


# --- to an address ----------------------------------------------------------------------------------------------------


def outcomes(documents: Documents, source: str, target: str, port: str | None = None) -> list[tuple[str, str]]:
    return [(each.target.name, outcome(each)) for each in reach(estate_of(documents), source, target, port)]


def test_an_address_is_what_has_it_or_the_subnet_that_holds_it() -> None:
    documents = spokes(*firewall(collection("Allow", network_rule("web"))))
    assert outcomes(documents, "na", "10.2.0.4", "443") == [("nb", "yes")]
    assert outcomes(documents, "na", "10.2.0.4", "22") == [("nb", "no")]
    assert outcomes(documents, "na", "10.2.0.9", "443") == [("b", "yes")]
    assert outcomes(documents, "na", "20.9.9.9", "443") == [("pip", "no")]


def test_the_internet_and_its_addresses_by_the_routes_for_them() -> None:
    routes = (("0.0.0.0/0", "VirtualAppliance", APPLIANCE), ("1.1.1.1/32", "None"), ("8.8.8.8/32", "Internet"))
    documents = spokes(*firewall(collection("Allow", network_rule("any", "*"))), a=routes)
    assert outcomes(documents, "na", "Internet", "443") == [("Internet", "yes")]
    assert outcomes(documents, "na", "Internet", "22") == [("Internet", "no")]
    assert outcomes(documents, "na", "1.1.1.1", "443") == [("1.1.1.1", "no")]
    assert outcomes(documents, "na", "8.8.8.8", "22") == [("8.8.8.8", "yes")]
    assert outcomes(documents, "na", "9.9.9.9", "22") == [("9.9.9.9", "no")]


def test_what_is_behind_no_route_is_not_reached_on_premises() -> None:
    documents = spokes(machine())
    assert outcomes(documents, "na", "192.168.7.7") == [("192.168.7.7", "no")]
    documents = spokes(machine(), a=(("192.168.0.0/16", "VirtualAppliance", APPLIANCE),))
    assert outcomes(documents, "na", "192.168.7.7") == [("192.168.7.7", "unknown")]


# --- the open world ---------------------------------------------------------------------------------------------------


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        if isinstance(key, str):
            yield (*path, key)
        yield from _paths(item, (*path, key))


READ_HERE = (FIREWALL, POLICY, GROUP, "Microsoft.Network/routeTables")


def test_what_is_taken_away_from_a_document_never_turns_an_answer_round() -> None:
    """Of firewalls, policies, rules and route tables; a reference that is gone is as if it had never been there."""
    whole = spokes(*firewall(collection("Allow", network_rule("web"))))
    expected = {port: outcome(ask(whole, "na", "nb", port)) for port in ("443", "22")}
    for index, document in enumerate(whole):
        for path in _paths(document["properties"]) if document["type"] in READ_HERE else ():
            documents = copy.deepcopy(whole)
            at: Any = documents[index]["properties"]
            for step in path[:-1]:
                at = at[step]
            del at[path[-1]]
            for port, answer in expected.items():
                assert outcome(ask(documents, "na", "nb", port)) in (answer, "unknown"), (document["name"], path, port)


# --- several appliances at one route, known threats -------------------------------------------------------------------


@pytest.mark.parametrize(("addresses", "expected"), [([APPLIANCE], "yes"), ([APPLIANCE, "10.0.8.9"], "unknown")])
def test_appliances_that_share_packets_are_all_asked(addresses: list[str], expected: str) -> None:
    """docs: virtual-network/virtual-networks-udr-overview, next hops of equal cost."""
    documents = [d for d in spokes(*firewall(collection("Allow", network_rule("w")))) if d["name"] != "ta"]
    hop = {"addressPrefix": "10.2.0.0/16", "nextHopType": "VirtualApplianceEcmp"}
    shared = table("ta")
    shared["properties"]["routes"] = [
        {"name": "r0", "properties": {**hop, "nextHop": {"nextHopIpAddresses": addresses}}}
    ]
    assert outcome(ask([*documents, shared], "na", "nb", "443")) == expected


def test_what_threat_intelligence_denies_is_said() -> None:
    """docs: firewall/threat-intel: it is asked before every rule."""
    rules = firewall(collection("Allow", network_rule("any", "*")), threatIntelMode="Deny")
    found = ask(spokes(*rules, a=(("0.0.0.0/0", "VirtualAppliance", APPLIANCE),)), "na", "Internet", "443")
    assert outcome(found) == "yes"
    assert any("unless threat intelligence" in step.says for hop in found.hops for step in hop.steps)
