"""Flow queries a second, as `auditor flow --batch` puts them, beside a naive first-match walk over the rules.

Prints one JSON object a line: questions at many subnets, inbound and outbound, each answered with access, rule and
trace. The naive walk (tests/evaluators/brute_force_nsg.py) shares no code with the product, has its rules prepared, and
answers access and rule only; both must agree. `python benchmarks/flow.py [QUESTIONS]`
"""

from __future__ import annotations

import ipaddress
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from auditor.model import ArmId, Resource
from auditor.query.flow import End, FlowBook, Question
from auditor.sets.protocol_set import Protocol
from benchmarks.synthetic import PROVIDER, documents, estate
from tests.evaluators.brute_force_nsg import Surroundings, Walker

_NETWORKS = 4
_SPACES = [f"10.{v}.0.0/16" for v in range(_NETWORKS)]


def measure(rules: int, count: int) -> dict[str, Any]:
    """Questions about 20 subnets that 20 groups of so many rules guard."""
    made = documents(20, networks=_NETWORKS, groups=20, rules=rules)
    found = estate(made)
    subnets = found.seen("microsoft.network/virtualnetworks/subnets")
    rng = Random(3)
    asked = [_question(rng.choice(subnets), rng) for _ in range(count)]
    book = FlowBook(found)
    began = time.perf_counter()
    answers = [book.answer(question) for question in asked]
    first = time.perf_counter() - began
    began = time.perf_counter()
    for question in asked:
        book.answer(question)
    warm = time.perf_counter() - began
    walkers = _walkers(made)
    packets = [(_key(question), _packet(question)) for question in asked]
    began = time.perf_counter()
    walked = [walkers[key].decide(packet) for key, packet in packets]
    naive = time.perf_counter() - began
    mine = [(a.access, a.rule.name if a.rule else "") for a in answers]
    assert mine == walked, "the two must agree on access and rule"
    return {
        "benchmark": "flow",
        "rules": rules,
        "questions": count,
        "first_a_second": round(count / first),
        "flows_a_second": round(count / warm),
        "naive_flows_a_second": round(count / naive),
        "ratio": round(naive / warm, 2),
    }


def _question(subnet: Resource, rng: Random) -> Question:
    own = subnet.get("properties", "addressPrefix")[:-4]
    far = f"10.{rng.randrange(_NETWORKS)}.{rng.randrange(5)}.{rng.randrange(256)}"
    return Question(
        subnet,
        rng.choice(["inbound", "outbound"]),
        rng.choice([Protocol.TCP, Protocol.UDP]),
        End(f"{own}{rng.randrange(4, 250)}", rng.choice([22, 443, 3389, rng.randrange(1, 65536)])),
        End(rng.choice([far, far, "8.8.8.8"]), rng.choice([443, rng.randrange(1, 65536)])),
    )


def _key(question: Question) -> tuple[str, str]:
    group = question.at.ref("properties", "networkSecurityGroup")
    assert isinstance(group, ArmId)
    return group.name, question.direction


def _packet(question: Question) -> dict[str, Any]:
    ends = [question.remote, question.local] if question.direction == "inbound" else [question.local, question.remote]
    return {
        "protocol": question.protocol.label.lower(),
        "source": ipaddress.ip_address(ends[0].host),
        "source_port": ends[0].port,
        "destination": ipaddress.ip_address(ends[1].host),
        "destination_port": ends[1].port,
    }


def _walkers(made: list[dict[str, Any]]) -> dict[tuple[str, str], Walker]:
    around = Surroundings(_SPACES, [*_SPACES, "168.63.129.16/32"], {}, {})
    groups = [d for d in made if d["id"].startswith(f"{PROVIDER}/networkSecurityGroups/")]
    return {(d["name"], way): Walker(d, way, around) for d in groups for way in ("inbound", "outbound")}


def results(count: int = 20000) -> Iterator[dict[str, Any]]:
    """Groups of growing size."""
    for rules in (20, 100, 1000):
        yield measure(rules, count)


if __name__ == "__main__":
    for line in results(int(sys.argv[1]) if len(sys.argv) > 1 else 20000):
        print(json.dumps(line))
