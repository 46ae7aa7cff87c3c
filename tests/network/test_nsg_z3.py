"""Equivalence and containment of random security groups, against Z3."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

import pytest
import z3

from auditor.estate import Estate
from auditor.model import ArmId
from auditor.network.nsg.evaluation import evaluate
from auditor.network.topology.service_tags import maybe_internet, never_internet
from auditor.sets.address_set import AddressSet
from auditor.sets.packet_set import FlowSet
from auditor.sets.symbolic_addresses import Addresses
from tests.azure_answers import estate_of
from tests.evaluators import z3_nsg
from tests.evaluators.brute_force_nsg import Walker
from tests.evaluators.random_nsg import (
    NSG,
    TAGS,
    Case,
    random_case,
)

pytestmark = pytest.mark.slow

RELEASED = AddressSet.of(*(prefix for found in TAGS.values() for prefix in found)) - never_internet()
PLACED = (AddressSet.of("0.0.0.0/0") - (maybe_internet() - RELEASED)).v4
"""The IPv4 addresses of which it is known whether they are Internet."""


def _changed(rng: Random, document: dict[str, Any]) -> dict[str, Any]:
    """A group that means the same, or a little less, or a little more."""
    found = copy.deepcopy(document)
    rules = found["properties"]["securityRules"]
    kind = rng.choice(["drop", "swap", "split", "turn", "same"])
    if kind == "drop" and rules:
        rules.pop(rng.randrange(len(rules)))
    elif kind == "swap" and len(rules) > 1:
        one, other = rng.sample(rules, 2)
        one["properties"]["priority"], other["properties"]["priority"] = (
            other["properties"]["priority"],
            one["properties"]["priority"],
        )
    elif kind == "split" and rules:
        rule = rng.choice(rules)
        taken = {r["properties"]["priority"] for r in rules}
        twin = copy.deepcopy(rule) | {"name": "twin", "id": f"{NSG}/securityRules/twin"}
        twin["properties"]["priority"] = next(p for p in range(rule["properties"]["priority"], 5000) if p not in taken)
        rules.append(twin)
    elif kind == "turn" and rules:
        rule = rng.choice(rules)["properties"]
        rule["access"] = "Deny" if rule["access"].lower() == "allow" else "Allow"
    rng.shuffle(rules)
    return found


def _allowed(case: Case, estate: Estate, direction: str) -> FlowSet:
    group = estate.find(ArmId(NSG))
    assert group is not None
    side = Addresses.known(PLACED)
    return evaluate(estate, group, direction, case.view).allowed() & FlowSet.box(source=side, destination=side)


@pytest.mark.parametrize("seed", range(5000, 5036))
def test_containment_and_equivalence_are_what_z3_proves(seed: int) -> None:
    rng = Random(seed)
    case = random_case(seed, rules=10)
    direction = rng.choice(["inbound", "outbound"])
    other = _changed(rng, case.document)
    around = [r.body for r in case.estate.resources if r.id != ArmId(NSG) and r.document == r.id]
    ours = _allowed(case, case.estate, direction), _allowed(case, estate_of([other, *around]), direction)
    scope = z3.And(*(z3_nsg.among(side, PLACED.pairs) for side in (z3_nsg.SOURCE, z3_nsg.DESTINATION)))
    theirs = [z3.And(scope, z3_nsg.allowed(Walker(d, direction, case.around))) for d in (case.document, other)]
    assert ours[0].within(ours[1]) is z3_nsg.holds(z3.Implies(theirs[0], theirs[1]))
    assert ours[1].within(ours[0]) is z3_nsg.holds(z3.Implies(theirs[1], theirs[0]))
    assert (ours[0] == ours[1]) is z3_nsg.holds(theirs[0] == theirs[1])
