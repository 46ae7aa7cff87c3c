"""Hubs with firewalls and machines that forward: what is answered against an evaluator of single packets."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.estate import Estate
from auditor.model import Unknown
from auditor.query.reach import reach
from tests.builders.estates import doc, estate_of, id_of
from tests.builders.networks import nic, peer, routed, subnet_id, table, vnet
from tests.evaluators.single_packet_hub import FIREWALL, MACHINE, Filter, Hub
from tests.reach.test_transit import GROUP, POLICY, collection, network_rule, web_rule

pytestmark = pytest.mark.slow

A, B = "10.1.0.4", "10.2.0.4"
PREFIXES = {"a": ["10.2.0.0/16", "10.0.0.0/8", "10.2.0.4/32"], "b": ["10.1.0.0/16", "10.0.0.0/8", "10.1.0.0/28"]}
PREFIXES["fw"] = ["10.1.0.0/16", "10.2.0.0/16", "10.2.0.4/32"]
HOPS = [("VirtualAppliance", FIREWALL), ("VirtualAppliance", FIREWALL), ("VirtualAppliance", MACHINE), ("None", "")]
ENDS = ["*", "10.1.0.0/24", "10.2.0.0/24", "10.1.0.4", "10.2.0.4", "10.0.0.0/8"]
PORTS = [22, 443]


@st.composite
def hubs(draw: st.DrawFn) -> tuple[Estate, Hub]:
    """A hub with a firewall and a machine, two spokes that may be peered, routes and rules of any kind."""
    routes = {
        place: [(prefix, *draw(st.sampled_from(HOPS))) for prefix in draw(st.lists(st.sampled_from(p), unique=True))]
        for place, p in PREFIXES.items()
    }
    if draw(st.integers(0, 2)):
        routes["fw"] = []
    sides: dict[tuple[str, str], dict[str, bool]] = {}
    for one, other in (("hub", "va"), ("hub", "vb"), *([("va", "vb")] if draw(st.integers(0, 3)) == 0 else [])):
        for x, y in ((one, other), (other, one)):
            sides[x, y] = {"access": draw(st.integers(0, 7)) > 0, "forwarded": draw(st.integers(0, 4)) > 0}
    made = Hub(routes, sides, translates=draw(st.integers(0, 3)) == 0, forwards=draw(st.booleans()))
    ordered = []
    for n in range(draw(st.integers(0, 4))):
        source, to = draw(st.sampled_from(ENDS)), draw(st.sampled_from(ENDS))
        port, allows = draw(st.sampled_from(["*", "22", "443"])), draw(st.integers(0, 2)) > 0
        inherited, group, priority = (
            draw(st.booleans()),
            draw(st.integers(100, 103)),
            100 + draw(st.integers(0, 3)) * 10,
        )
        rank = (not inherited, group, priority + n)
        web = draw(st.integers(0, 3)) == 0
        ordered.append((rank, Filter(allows, source, "*" if web else to, "443" if web else port, web)))
    made.filters = [rule for _, rule in sorted(ordered, key=lambda each: each[0])]
    return estate_of(_documents(made, ordered)), made


def _documents(made: Hub, ordered: list[tuple[tuple[bool, int, int], Filter]]) -> list[dict[str, Any]]:
    config = {"privateIPAddress": FIREWALL, "subnet": {"id": subnet_id("hub", "AzureFirewallSubnet")}}
    ranges = {"snat": {"privateRanges": ["255.255.255.255/32"]}} if made.translates else {}
    policy = {"threatIntelMode": "Alert", "basePolicy": {"id": id_of(POLICY, "base")}, **ranges}
    documents = [
        vnet("hub", "10.0.0.0/16", subnets={"AzureFirewallSubnet": routed("10.0.9.0/26", "fw"), "x": "10.0.8.0/24"}),
        vnet("va", "10.1.0.0/16", subnets={"a": routed("10.1.0.0/24", "a")}),
        vnet("vb", "10.2.0.0/16", subnets={"b": routed("10.2.0.0/24", "b")}),
        nic("na", "va", "a", A),
        nic("nb", "vb", "b", B),
        nic("nva", "hub", "x", MACHINE, enableIPForwarding=made.forwards),
        doc(
            "Microsoft.Network/azureFirewalls",
            "fw",
            properties={
                "ipConfigurations": [{"name": "c", "properties": config}],
                "firewallPolicy": {"id": id_of(POLICY, "pol")},
            },
        ),
        doc(POLICY, "pol", properties=policy),
        doc(POLICY, "base", properties={"threatIntelMode": "Alert"}),
    ]
    for place, routes in made.routes.items():
        documents.append(table(place, *((p, kind, *([at] if at else [])) for p, kind, at in routes)))
    for (one, other), flags in made.sides.items():
        peer(documents, one, other, allowVirtualNetworkAccess=flags["access"], allowForwardedTraffic=flags["forwarded"])
    groups: dict[tuple[bool, int], list[dict[str, Any]]] = {}
    for (own, group, priority), each in ordered:
        rule = network_rule("r", each.destination, each.ports, sourceAddresses=[each.source])
        if each.web:
            rule = web_rule("r", "*", sourceAddresses=[each.source])
        action = "Allow" if each.allows else "Deny"
        groups.setdefault((own, group), []).append(collection(action, rule, priority=priority, name=f"c{priority}"))
    for (own, group), found in groups.items():
        properties = {"priority": group, "ruleCollections": found}
        documents.append(doc(GROUP, "pol" if own else "base", f"g{group}", properties=properties))
    return documents


@given(hubs())
@settings(max_examples=150, deadline=None)
def test_connections_come_about_where_single_packets_say_so(made: tuple[Estate, Hub]) -> None:
    agrees(*made)


def agrees(estate: Estate, hub: Hub) -> None:
    """What is answered for each port is what one packet meets."""
    for port in PORTS:
        (found,) = reach(estate, "na", "nb", str(port))
        expected = hub.connects(A, B, port)
        said = "unsure" if isinstance(found.reaches, Unknown) else "yes" if found.reaches else "no"
        why = found.reaches if isinstance(found.reaches, Unknown) else found.stopped
        assert said == expected, (port, said, expected, why, hub)
