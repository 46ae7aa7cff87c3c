"""Is a security group contained in a contract? Ours beside Z3, in one run. And packets a second beside a naive walk.

Prints one JSON object a line. Both sides begin with rules that are read already. `z3_seconds` is the formula and the
answer, as a caller would put it; `z3_solve_seconds` the answer alone. `python benchmarks/contract.py [RUNS]`
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import z3

sys.path.insert(0, str(Path(__file__).parent.parent))

from auditor.model import ArmId, Unknown
from auditor.network.nsg.evaluation import Evaluation, evaluate
from auditor.network.topology.service_tags import ServiceTags
from auditor.network.topology.words import network_view
from auditor.sets import decision_diagram as dd
from auditor.sets.packet_set import FlowSet, Packet
from auditor.sets.protocol_set import Protocol
from auditor.workload.nsg_table import flow_terms
from tests.azure_answers import estate_of
from tests.evaluators import z3_nsg
from tests.evaluators.brute_force_nsg import Surroundings, Walker

ROOT = "/subscriptions/0/resourceGroups/g/providers/Microsoft.Network"
GROUP, NETWORK = f"{ROOT}/networkSecurityGroups/n", f"{ROOT}/virtualNetworks/v"
PORTS = ("22", "80", "443", "1433", "3389", "5432", "8080-8090")
TERMS = [{"from": "10.0.0.0/8", "to": "10.0.0.0/16", "ports": [port], "protocol": "Tcp"} for port in PORTS]
"""The contract: inside 10.0.0.0/8, to the network, over TCP on these ports."""


def group(size: int, seed: int, stray: bool) -> dict[str, Any]:
    """A group of so many rules, most of them narrow, that keeps the contract but for one `stray` rule if asked."""
    rng = Random(seed)
    rules = [_rule(rng, n) for n in range(size - 1)]
    if stray:
        rules[rng.randrange(size // 2, size - 1)]["properties"] |= {
            "access": "Allow", "sourceAddressPrefix": "203.0.113.0/24", "destinationPortRange": "443"
        }  # fmt: skip
    deny = {"protocol": "*", "sourcePortRange": "*", "destinationPortRange": "*", "access": "Deny", "priority": 4096}
    deny |= {"sourceAddressPrefix": "*", "destinationAddressPrefix": "*", "direction": "Inbound"}
    return {"id": GROUP, "properties": {"securityRules": [*rules, {"name": "deny", "properties": deny}]}}


def _rule(rng: Random, number: int) -> dict[str, Any]:
    source, length = rng.getrandbits(24), rng.choice((16, 20, 24, 24, 28, 32))
    target, width = rng.getrandbits(16), rng.choice((20, 24, 24, 28, 32))
    stated = {
        "priority": 100 + number,
        "direction": "Inbound",
        "access": "Allow" if rng.random() < 0.75 else "Deny",
        "protocol": "Tcp",
        "sourcePortRange": "*",
        "destinationPortRange": rng.choice(PORTS),
        "sourceAddressPrefix": f"10.{source >> 16}.{source >> 8 & 255}.{source & 255}/{length}",
        "destinationAddressPrefix": f"10.0.{target >> 8}.{target & 255}/{width}",
    }
    return {"name": f"r{number}", "id": f"{GROUP}/securityRules/r{number}", "properties": stated}


def read(document: dict[str, Any]) -> tuple[Evaluation, FlowSet]:
    """The rules of a group and the contract, as the product reads them."""
    subnet = {"name": "s", "properties": {"addressPrefix": "10.0.0.0/16"}}
    network = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": [subnet]}
    estate = estate_of([document, {"id": NETWORK, "properties": network}])
    found, place = estate.find(ArmId(GROUP)), estate.find(ArmId(f"{NETWORK}/subnets/s"))
    assert found is not None
    assert place is not None
    view = network_view(estate, place, ServiceTags())
    return evaluate(estate, found, "inbound", view), flow_terms(TERMS, view.resolve)


def ours(evaluation: Evaluation, contract: FlowSet) -> bool:
    """Whether nothing but the contract is let through; rules left over say what is and by which rule."""
    excess = evaluation.deciding(~contract, lambda rule: rule.allows)
    return next(excess, None) is None


def theirs(walker: Walker) -> tuple[bool, float]:
    """The same by Z3, and the seconds that the answer alone took."""
    import ipaddress

    inside, outside = ipaddress.ip_network("10.0.0.0/16"), ipaddress.ip_network("10.0.0.0/8")
    ports = [tuple(int(n) for n in (p.split("-") * 2)[:2]) for p in PORTS]
    allowed_port = z3.Or(
        [z3.And(z3.UGE(z3_nsg.DESTINATION_PORT, a), z3.ULE(z3_nsg.DESTINATION_PORT, b)) for a, b in ports]
    )
    contract = z3.And(
        z3_nsg.PROTOCOL == 0,
        z3_nsg.within(z3_nsg.SOURCE, outside),
        z3_nsg.within(z3_nsg.DESTINATION, inside),
        allowed_port,
    )
    formula = z3.Implies(z3_nsg.allowed(walker), contract)
    began = time.perf_counter()
    answer = z3_nsg.holds(formula)
    return answer, time.perf_counter() - began


def containment(size: int, stray: bool, runs: int) -> dict[str, Any]:
    """Medians over groups of this size."""
    times: dict[str, list[float]] = {"ours": [], "z3": [], "solve": []}
    for seed in range(runs):
        document = group(size, seed, stray)
        evaluation, contract = read(document)
        walker = Walker(document, "inbound", Surroundings(["10.0.0.0/16"], ["10.0.0.0/16"], {}, {}))
        began = time.perf_counter()
        mine = ours(evaluation, contract)
        times["ours"].append(time.perf_counter() - began)
        began = time.perf_counter()
        other, solving = theirs(walker)
        times["z3"].append(time.perf_counter() - began)
        times["solve"].append(solving)
        assert mine is other is (not stray)
    middle = {name: statistics.median(found) for name, found in times.items()}
    return {
        "benchmark": "contract",
        "rules": size,
        "contained": not stray,
        "seconds": round(middle["ours"], 6),
        "z3_seconds": round(middle["z3"], 6),
        "z3_solve_seconds": round(middle["solve"], 6),
        "ratio": round(middle["z3"] / middle["ours"], 1),
        "ratio_to_solving": round(middle["solve"] / middle["ours"], 1),
    }


def decisions(size: int, packets: int) -> dict[str, Any]:
    """Packets a second through the diagram of the group, and through its rules one after the other."""
    evaluation, _ = read(group(size, 1, False))
    rng = Random(2)
    asked = [
        Packet(
            Protocol.TCP, f"10.{rng.randrange(256)}.{rng.randrange(256)}.9", 50000, f"10.0.{rng.randrange(256)}.9", port
        )
        for port in (rng.choice((22, 80, 443, 1433, 8085)) for _ in range(packets))
    ]
    began = time.perf_counter()
    diagram = evaluation.diagram
    building = time.perf_counter() - began
    fast, slow = _rate(evaluation.decide, asked), _rate(lambda p: _naive(evaluation, p), asked[: packets // 20])
    assert all(not isinstance(evaluation.decide(p).access, Unknown) for p in asked[:10])
    assert diagram is evaluation.diagram
    return {
        "benchmark": "decisions",
        "rules": size,
        "packets_a_second": round(fast),
        "naive_packets_a_second": round(slow),
        "ratio": round(fast / slow, 1),
        "building_seconds": round(building, 4),
    }


def _rate(decide: Callable[[Packet], Any], packets: list[Packet]) -> float:
    began = time.perf_counter()
    for packet in packets:
        decide(packet)
    return len(packets) / (time.perf_counter() - began)


def _naive(evaluation: Evaluation, packet: Packet) -> Any:
    """First match: every rule in turn until one matches."""
    numbers = packet.numbers
    return next(rule for rule in evaluation.rules if dd.at(rule.flows.diagram, numbers) == dd.FULL)


def results(runs: int) -> Iterator[dict[str, Any]]:
    """Every measurement."""
    for size in (200, 1000):
        for stray in (False, True):
            yield containment(size, stray, runs)
    for size in (200, 1000):
        yield decisions(size, 20000)


if __name__ == "__main__":
    for line in results(int(sys.argv[1]) if len(sys.argv) > 1 else 9):
        print(json.dumps(line))
