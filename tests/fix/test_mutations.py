"""What is proposed for every broken property of the compliant world is proven, or the report says that it is not."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable

import pytest

from auditor.audit.audit import audit, estate_of
from auditor.baseline import read_baseline
from auditor.fix.plan import Fix, fixes
from auditor.fix.prove import Prover
from auditor.model import AuditResult
from auditor.snapshot import Snapshot
from tests import worlds
from tests.mutations.every import WORLD, Mutation, every_mutation

BASELINE = read_baseline("openai-chat")
MUTATIONS = tuple(every_mutation())
AT_LEAST = 0.95
"""The share of proposed sets of changes that the proof has to hold for."""

SAMPLE = random.Random(2024).sample(range(len(MUTATIONS)), 6)


def audited(snapshot: Snapshot) -> AuditResult:
    return audit(snapshot, BASELINE)


def proposed(mutation: Mutation) -> list[Fix]:
    world = mutation.world()
    reads = (*worlds.whole(world.scope), *world.refused)
    snapshot = worlds.snapshot(world.documents, reads, WORLD)
    return fixes(Prover(snapshot, estate_of(snapshot), audited(snapshot), audited))


def share(mutations: Iterable[Mutation]) -> float:
    """The share that is proven, with what is not on standard output."""
    found: list[Fix] = []
    told: list[str] = []
    for mutation in mutations:
        for fix in proposed(mutation):
            found.append(fix)
            if not fix.proof.proven:
                assert fix.proof.because, mutation.name
                told.append(f"  {mutation.name}: {fix.proof.standing.value}: {fix.cause}: {fix.proof.because}")
    proven = sum(fix.proof.proven for fix in found) / len(found)
    sys.stdout.write("\n".join((f"{len(found)} sets of changes, {proven:.0%} proven", *told, "")))
    return proven


def test_of_a_sample_nearly_all_are_proven() -> None:
    assert share(MUTATIONS[n] for n in SAMPLE) >= AT_LEAST


@pytest.mark.fuzz
def test_of_all_nearly_all_are_proven() -> None:
    assert share(MUTATIONS) >= AT_LEAST
