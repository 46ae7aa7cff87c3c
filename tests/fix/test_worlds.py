"""Fixes for whole worlds: every proposed change is proven or says why not, and a plan opens nothing."""

from __future__ import annotations

import sys
from functools import cache

import pytest

from auditor.audit.audit import audit, estate_of
from auditor.baseline import read_baseline
from auditor.causes.apply import applied
from auditor.estate import Estate
from auditor.fix.plan import Fix, Plan, Planner, fixes
from auditor.fix.prove import Prover, failing, key_of
from auditor.model import AuditResult, Outcome
from auditor.snapshot import Snapshot
from tests import worlds

pytestmark = pytest.mark.slow

BASELINE = read_baseline("openai-chat")
AT_LEAST = 0.9
"""The share of proposed changes that the proof has to hold for."""


def audited(snapshot: Snapshot) -> AuditResult:
    return audit(snapshot, BASELINE, estate=built(snapshot))


@cache
def first() -> Estate:
    """The estate of the world as it is, which every changed one shares nearly all with."""
    return estate_of(worlds.snapshot())


def built(snapshot: Snapshot) -> Estate:
    return estate_of(snapshot, like=first())


@cache
def before() -> tuple[Snapshot, AuditResult]:
    snapshot = worlds.snapshot()
    return snapshot, audited(snapshot)


@cache
def proposed() -> tuple[Fix, ...]:
    snapshot, result = before()
    return tuple(fixes(Prover(snapshot, built(snapshot), result, audited)))


@cache
def plan() -> Plan:
    snapshot, result = before()
    return Planner(audit=audited, build=built).plan(snapshot, result)


def test_every_proposed_change_is_proven_or_says_why_not() -> None:
    found = proposed()
    share = sum(fix.proof.proven for fix in found) / len(found)
    told = [f"{len(found)} sets of changes for {len(failing(before()[1]))} findings, {share:.0%} proven"]
    for each in found:
        if not each.proof.proven:
            told.append(f"  {each.proof.standing.value}: {each.cause}: {each.proof.because}")
            assert each.proof.because
    sys.stdout.write("\n".join((*told, "")))
    assert share >= AT_LEAST


def test_a_plan_leaves_only_what_no_rule_proposes_a_change_for() -> None:
    made = plan()
    assert made.steps
    assert not made.unproven
    assert made.remaining == made.without_change


def test_applying_the_plan_step_by_step_opens_no_finding() -> None:
    state, result = before()
    was = set(failing(result))
    for step in plan().steps:
        state = applied(state, estate_of(state), step.changes)
        now = audited(state)
        assert set(failing(now)) <= was, step.cause
        assert not {key_of(f) for f in step.wanted} & set(failing(now)), step.cause
        was = set(failing(now))
    assert was == {key_of(f) for f in plan().remaining}


def test_no_rule_breaks_off_on_the_way() -> None:
    """A rule that raises while it works out its changes would be outcome `error`, and look like a finding closed."""
    state, result = before()
    assert not [f for f in result.findings if f.outcome is Outcome.ERROR]
    for step in plan().steps:
        state = applied(state, estate_of(state), step.changes)
    assert not [f for f in audited(state).findings if f.outcome is Outcome.ERROR]


def test_what_a_change_takes_from_its_users_is_told() -> None:
    """A deletion, and a public endpoint that is shut, are never proposed without a word on who loses what."""
    for each in proposed():
        for change in each.changes:
            if change.action.value == "delete" or change.pointer.endswith("/publicNetworkAccess"):
                assert change.warning, each.cause
