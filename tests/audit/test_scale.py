"""Big subscriptions: several workloads and their neighbours in one check, each judged as if it were alone."""

from __future__ import annotations

import cProfile
import json
from collections import Counter
from functools import cache
from random import Random

import pytest

from auditor.audit.audit import audit
from auditor.baseline import read_baseline
from auditor.model import AuditResult, Finding, Outcome, Read
from auditor.snapshot import Snapshot
from benchmarks.copies import Document, World, addressed, renamed
from benchmarks.worlds import COMPLIANT, REFERENCE, is_listed, neighbours, subscription

pytestmark = pytest.mark.slow

BASELINE = read_baseline("openai-chat")
NAMES = (COMPLIANT, REFERENCE)
COPIES = 2
GROUPS_MATTER = "RBAC-11"
"""The one requirement that neighbours touch: an identity may be a member of a group to which they give something."""


@cache
def world(name: str) -> World:
    return World(name)


def checked(documents: list[Document], name: str = COMPLIANT) -> AuditResult:
    """A check of a subscription that was read whole."""
    scopes = (f"/subscriptions/{world(name).subscription}", "/")
    ordered = sorted(documents, key=lambda d: d["id"].casefold())
    return audit(
        Snapshot(
            documents=tuple(ordered),
            reads=tuple(Read(path="test", api_version="", status=200, covers="*", scope=scope) for scope in scopes),
            collected_at=world(name).collected_at,
            source="import",
            subscriptions=(world(name).subscription,),
        ),
        BASELINE,
    )


def told(finding: Finding) -> str:
    """Everything that a finding says; of its evidence which documents it is in, since items of a list change places."""
    verdict = finding.verdict
    said = {
        "requirement": finding.requirement,
        "outcome": finding.outcome.value,
        "resource": verdict.resource.text if verdict.resource else None,
        "aspect": verdict.aspect,
        "message": verdict.message,
        "evidence": sorted(e.place.document.text for e in verdict.evidence),
        "witness": verdict.witness,
        "remediation": verdict.remediation,
        "unknown": verdict.unknown.because if verdict.unknown else None,
    }
    return json.dumps(said, sort_keys=True)


def findings(found: AuditResult, workload: str) -> Counter[str]:
    """The findings of a workload."""
    return Counter(told(f) for f in found.findings if f.workload == workload and f.requirement != GROUPS_MATTER)


@cache
def alone(name: str) -> AuditResult:
    return checked(world(name).documents, name)


@cache
def together(name: str) -> AuditResult:
    """About 1,000 resources: copies of a world, and other people's applications around them."""
    found = world(name).times(COPIES)
    found += neighbours(world(COMPLIANT), 1000 - sum(map(is_listed, found)), Random(2))
    assert sum(map(is_listed, found)) >= 1000
    return checked(found, name)


def as_copy(text: str, number: int, name: str) -> str:
    """What is said of a world, as it has to be said of a copy of it."""
    if number == 0:
        return text
    moved = addressed(text, rf"10.{number}.\1.").replace("20.57.", f"20.{128 + number}.")
    kept = world(COMPLIANT).kept | world(REFERENCE).kept
    return renamed(moved, f"aib{number:03}", f"rg-chat-{number:03}", kept)


@pytest.mark.parametrize("number", range(COPIES))
@pytest.mark.parametrize("name", NAMES)
def test_each_copy_among_many_is_told_what_the_one_alone_is_told(name: str, number: int) -> None:
    expected = Counter({as_copy(text, number, name): n for text, n in findings(alone(name), "mlw-aibase").items()})
    found = findings(together(name), f"mlw-aib{number:03}" if number else "mlw-aibase")
    assert found - expected == Counter()
    assert expected - found == Counter()


def test_neighbours_touch_only_what_their_groups_may_give() -> None:
    about = [f for f in together(COMPLIANT).findings if f.requirement == GROUPS_MATTER]
    assert len(about) == COPIES * 3
    assert {f.outcome for f in about} == {Outcome.UNKNOWN}
    assert all("may have it as a member" in f.verdict.message for f in about)


def calls(documents: list[Document]) -> int:
    """How many functions a check calls: a measure of its work that no other work on the machine disturbs."""
    profile = cProfile.Profile(builtins=False)
    profile.runcall(checked, documents)
    return sum(entry.callcount for entry in profile.getstats())


def test_the_work_of_a_check_grows_as_its_subscription_does() -> None:
    """From one to two and from two to three of everything it grows by the same: a square would add five thirds."""
    origin = world(COMPLIANT)
    counted = [calls(origin.times(n) + neighbours(origin, 60 * n, Random(3))) for n in (1, 2, 3)]
    first, second = counted[1] - counted[0], counted[2] - counted[1]
    assert second <= first * 1.05, counted


def test_the_same_size_and_seed_give_the_same_subscription() -> None:
    made = [subscription(100, seed)[1] for seed in (4, 4, 5)]
    assert made[0] == made[1] != made[2]
