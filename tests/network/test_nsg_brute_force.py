"""Security groups against the brute force: access and deciding rule, packet by packet and set by set."""

from __future__ import annotations

import os
from collections.abc import Mapping
from random import Random
from typing import Any

import pytest

from auditor.model import Unknown
from auditor.network.nsg.evaluation import Evaluation, evaluate
from auditor.network.nsg.rules import SecurityRule
from auditor.network.topology.service_tags import (
    ServiceTags,
    maybe_internet,
    never_in_service_tags,
    never_internet,
)
from auditor.sets.address_set import AddressSet
from auditor.sets.packet_set import Packet
from auditor.sets.protocol_set import Protocol
from tests.evaluators.brute_force_nsg import Surroundings, Walker
from tests.evaluators.random_nsg import TAGS, random_case, random_packet

pytestmark = pytest.mark.slow

GROUPS, PACKETS = 640, 160
"""Together over 100,000 packets a run: groups x packets, half of them in each direction."""

RELEASED = AddressSet.of(*(prefix for found in TAGS.values() for prefix in found)) - never_internet()
DOUBTFUL = maybe_internet() - RELEASED
"""The addresses of which only Azure knows whether they are Internet, given the release that the groups use."""

V4 = (4,)


def _packet(raw: Mapping[str, Any]) -> Packet:
    protocol = Protocol[raw["protocol"].upper()]
    ports = (raw["source_port"], raw["destination_port"]) if protocol.has_ports else (None, None)
    return Packet(protocol, str(raw["source"]), ports[0], str(raw["destination"]), ports[1])


def _check(seed: int, packets: int) -> int:
    case = random_case(seed)
    rng = Random(seed ^ 0xBEEF)
    asked = 0
    for direction in ("inbound", "outbound"):
        walker = Walker(case.document, direction, case.around)
        ours = evaluate(case.estate, case.group, direction, case.view)
        for _ in range(packets // 2):
            raw = random_packet(rng, case, DOUBTFUL)
            found = ours.decide(_packet(raw))
            wanted = walker.decide(raw)
            assert isinstance(found.rule, SecurityRule), (seed, raw, found)
            assert (found.access, found.rule.name) == wanted, (seed, raw, found)
            asked += 1
    return asked


def test_access_and_deciding_rule_are_those_of_the_brute_force() -> None:
    asked = sum(_check(seed, PACKETS) for seed in range(GROUPS))
    assert asked >= 100_000


@pytest.mark.fuzz
def test_a_million_packets_more() -> None:
    start = int(os.environ.get("AUDITOR_FUZZ_SEED", "1000000"))
    asked, seed = 0, start
    while asked < 1_000_000:
        asked += _check(seed, 400)
        seed += 1


def _decided(ours: Evaluation, packet: Packet) -> str:
    """The rule whose set holds the packet; the sets of all rules are disjoint and leave nothing out."""
    holders = [rule.name for rule, flows in ours.partition() if flows.decide(packet) is True]
    assert len(holders) == 1
    return holders[0]


@pytest.mark.parametrize("seed", range(2000, 2040))
def test_the_sets_of_the_rules_are_what_the_brute_force_finds_in_samples(seed: int) -> None:
    case = random_case(seed)
    rng = Random(seed)
    for direction in ("inbound", "outbound"):
        walker = Walker(case.document, direction, case.around)
        ours = evaluate(case.estate, case.group, direction, case.view)
        allowed = ours.allowed()
        for _ in range(12):
            raw = random_packet(rng, case, DOUBTFUL, V4)
            access, name = walker.decide(raw)
            assert _decided(ours, _packet(raw)) == name
            assert allowed.decide(_packet(raw)) is (access == "Allow")


def _placed(rng: Random) -> dict[str, list[str]]:
    """Some prefixes for each tag that honour what is known without a release: regional inside global, all public."""
    pool = ["20.38.0.0/20", "20.38.96.0/24", "52.239.1.0/24", "40.68.37.0/24", "13.69.0.0/16", "8.8.8.0/24"]
    storage = rng.sample(pool, 4)
    return {
        "storage": storage,
        "storage.westeurope": rng.sample(storage, rng.randint(1, 3)),
        "azuremonitor": rng.sample(pool, rng.randint(1, 4)),
        "sql": rng.sample(pool, rng.randint(1, 4)),
    }


@pytest.mark.parametrize("seed", range(3000, 3060))
def test_without_a_release_a_definite_answer_holds_wherever_the_tags_are(seed: int) -> None:
    case = random_case(seed, tags=ServiceTags())
    rng = Random(seed)
    doubtful = maybe_internet() | never_in_service_tags()
    for direction in ("inbound", "outbound"):
        ours = evaluate(case.estate, case.group, direction, case.view)
        packets = [random_packet(rng, case, doubtful, V4) for _ in range(30)]
        for _ in range(3):
            around = Surroundings(case.around.space, case.around.virtual_network, _placed(rng), case.around.groups)
            walker = Walker(case.document, direction, around)
            for raw in packets:
                found = ours.decide(_packet(raw))
                access, name = walker.decide(raw)
                if not isinstance(found.access, Unknown):
                    assert found.access == access, (seed, raw)
                if isinstance(found.rule, SecurityRule):
                    assert found.rule.name == name, (seed, raw)
