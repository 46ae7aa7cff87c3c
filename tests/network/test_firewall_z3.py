"""What an Azure Firewall lets through, against Z3: random policies with inheritance, IP groups, web rules."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
import z3

from auditor.network.frontends.firewall_rules import rules_of
from auditor.network.topology.service_tags import ServiceTags
from auditor.sets.packet_set import FlowSet
from auditor.sets.protocol_set import ProtocolSet
from auditor.sets.symbolic_addresses import Addresses
from tests.builders.estates import doc, estate_of, id_of, need
from tests.evaluators import z3_firewall
from tests.evaluators.z3_nsg import DESTINATION, DESTINATION_PORT, NUMBERS, PROTOCOL, SOURCE, among, holds
from tests.reach.test_transit import FIREWALL, GROUP, POLICY, collection

WORDS = ["*", "10.1.0.0/16", "10.1.0.0/24", "10.1.0.4", "10.2.0.0/23", "10.0.0.10-10.1.0.9", "0.0.0.0/0", "20.0.0.0/8"]
PORTS = [["*"], ["443"], ["22", "80-443"], ["8000-9000"]]
PROTOCOLS = [["TCP"], ["UDP"], ["TCP", "UDP"], ["ICMP"], ["Any"]]
IP_GROUPS = {
    id_of("Microsoft.Network/ipGroups", name): words for name, words in (("g1", WORDS[2:4]), ("g2", WORDS[4:6]))
}


def _ends(rng: Random, side: str) -> dict[str, Any]:
    if rng.random() < 0.2:
        return {f"{side}Addresses": [], f"{side}IpGroups": [rng.choice(sorted(IP_GROUPS))]}
    return {f"{side}Addresses": rng.sample(WORDS, rng.randint(1, 2))}


def _rule(rng: Random, name: str) -> dict[str, Any]:
    if rng.random() < 0.25:
        ports = [{"protocolType": "Https", "port": rng.choice([443, 8443])} for _ in range(rng.randint(1, 2))]
        return {
            "name": name,
            "ruleType": "ApplicationRule",
            "targetFqdns": ["*"],
            "protocols": ports,
            **_ends(rng, "source"),
        }
    named = {"name": name, "ruleType": "NetworkRule", "destinationPorts": rng.choice(PORTS)}
    return {**named, "ipProtocols": rng.choice(PROTOCOLS), **_ends(rng, "source"), **_ends(rng, "destination")}


def _policy(rng: Random, name: str) -> list[dict[str, Any]]:
    priorities = rng.sample(range(100, 120), 3)
    groups = []
    for n in range(rng.randint(0, 2)):
        ranks = rng.sample(range(100, 200), 3)
        collections = [
            collection(
                rng.choice(["Allow", "Allow", "Deny"]), _rule(rng, f"r{m}"), _rule(rng, f"s{m}"), priority=ranks[m]
            )
            for m in range(rng.randint(1, 3))
        ]
        groups.append(doc(GROUP, name, f"g{n}", properties={"priority": priorities[n], "ruleCollections": collections}))
    rng.shuffle(groups)
    return groups


def _formula(flows: FlowSet) -> Any:
    """A set of packets as a formula, box by box."""
    found = []
    for box in flows.boxes():
        named = [number for name, number in NUMBERS.items() if ProtocolSet.of(name).meets(box.protocols)]
        parts = [z3.Or([number == PROTOCOL for number in named])]
        parts.append(among(SOURCE, box.source.possible.v4.pairs))
        parts.append(among(DESTINATION, box.destination.possible.v4.pairs))
        parts.append(among(DESTINATION_PORT, box.destination_ports.pairs))
        found.append(z3.And(parts))
    return z3.Or(found)


@pytest.mark.parametrize("seed", range(60))
def test_what_passes_is_what_z3_proves(seed: int) -> None:
    rng = Random(seed)
    base, own = _policy(rng, "base"), _policy(rng, "pol")
    documents = [
        doc(FIREWALL, "fw", properties={"ipConfigurations": [], "firewallPolicy": {"id": id_of(POLICY, "pol")}}),
        doc(POLICY, "pol", properties={"threatIntelMode": "Alert", "basePolicy": {"id": id_of(POLICY, "base")}}),
        doc(POLICY, "base", properties={"threatIntelMode": "Alert"}),
        *(doc("Microsoft.Network/ipGroups", id_.rpartition("/")[2], properties={"ipAddresses": words})
          for id_, words in IP_GROUPS.items()),
        *base,
        *own,
    ]  # fmt: skip
    estate = estate_of(documents)
    rules = rules_of(estate, need(estate, id_of(FIREWALL, "fw")), ServiceTags.of_estate(estate))
    everything = FlowSet.box(
        ProtocolSet.of("Tcp", "Udp", "Icmp"), Addresses.of("0.0.0.0/0"), None, Addresses.of("0.0.0.0/0"), None
    )
    found = rules.by_address(everything & FlowSet.real())
    theirs = z3_firewall.allowed([[g["properties"] for g in base], [g["properties"] for g in own]], IP_GROUPS)
    scope = z3.ULE(PROTOCOL, 2)
    assert (found.holds is True) is not holds(z3.Implies(scope, z3.Not(theirs)))
    ours = _formula(found.flows) if found.holds is True else z3.BoolVal(False)
    assert holds(z3.Implies(scope, ours == theirs))
