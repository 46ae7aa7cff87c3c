"""Each deciding property broken alone: exactly the expected requirements fail, and nothing else changes."""

from __future__ import annotations

from functools import cache

import pytest

from auditor.audit.audit import audit
from auditor.baseline import read_baseline
from auditor.model import AuditResult, Outcome
from tests.builders.rules import rule_index
from tests.cases.casefile import cases_of, requirements_with_cases
from tests.mutations.every import WORLD, Mutation, every_mutation
from tests.worlds import snapshot, whole

BASELINE = read_baseline("openai-chat")
MUTATIONS = tuple(every_mutation())
AT_LEAST = 250

Judged = dict[tuple[str, str], frozenset[str]]


@cache
def untouched() -> Judged:
    return judged(audit(snapshot(name=WORLD), BASELINE))


def judged(result: AuditResult) -> Judged:
    """By requirement and resource: every outcome there is."""
    found: dict[tuple[str, str], set[str]] = {}
    for finding in result.findings:
        resource = finding.verdict.resource
        found.setdefault((finding.requirement, resource.key if resource else ""), set()).add(finding.outcome.value)
    return {key: frozenset(outcomes) for key, outcomes in found.items()}


def fails(found: Judged) -> set[tuple[str, str]]:
    return {key for key, outcomes in found.items() if Outcome.FAIL.value in outcomes}


def meets(expected: tuple[str, str], key: tuple[str, str]) -> bool:
    return expected[0] == key[0] and key[1].endswith("/" + expected[1].casefold())


def test_there_are_many_and_each_has_a_name() -> None:
    assert len(MUTATIONS) >= AT_LEAST
    assert len({m.name for m in MUTATIONS}) == len(MUTATIONS)


def test_every_requirement_that_a_rule_decides_is_broken_somewhere() -> None:
    broken = {requirement for mutation in MUTATIONS for requirement, _ in mutation.breaks}
    never = set(rule_index()) - broken
    assert never - broken_in_a_case() <= set(NEVER_ALONE), "a requirement is broken neither here nor in a case"
    assert never >= set(NEVER_ALONE), "each that cannot be broken alone has its reason, and no other"


def broken_in_a_case() -> set[str]:
    """The requirements that a case breaks in the compliant world: a case file is all that a new rule needs."""
    return {
        id_
        for id_ in requirements_with_cases()
        for case in cases_of(id_)
        if case.body.get("world") == "compliant" and "fail" in case.expected
    }


_PART = "a part that is not there takes its own findings along; the cases show it"
_UNMET = "its condition does not hold in the compliant world; the cases show it"
NEVER_ALONE = {
    **dict.fromkeys([f"CMP-0{n}" for n in range(1, 10)], _PART),
    **dict.fromkeys(["IDN-01", "IDN-02", "IDN-03"], "without an identity its rows of the table go too; see the cases"),
    **dict.fromkeys(["KEY-10", "KEY-11", "REL-13", "REL-15", "REL-16", "REL-18", "REL-19"], _UNMET),
    "CF-09": "an exempted account makes it not applicable",
    "KEY-01": "a key that is kept nowhere leaves two places at once; see the cases",
    "KEY-07": "not applicable while accounts take no keys, and IDN-09 is what breaks when they do",
    "OPS-05": _PART,
    "PUB-09": "a public address of the jump box opens several ways at once; see the cases",
    "PUB-11": "as PUB-09",
}


@pytest.mark.slow
@pytest.mark.sampled(5)
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m.name)
def test_a_mutation_is_caught_and_disturbs_nothing(mutation: Mutation) -> None:
    world = mutation.world()
    reads = (*whole(world.scope), *world.refused)
    found = judged(audit(snapshot(world.documents, reads, WORLD), BASELINE))
    caught = fails(found)
    missed = {e for e in mutation.breaks if not any(meets(e, key) for key in caught)}
    disturbed = {key for key in caught if not any(meets(e, key) for e in mutation.breaks)}
    assert not missed, f"not caught: {sorted(missed)}"
    assert not disturbed, f"disturbed: {sorted(disturbed)}"
    bad = {key for key, outcomes in found.items() if outcomes & {"unknown", "error"}}
    bad = {key for key in bad if not any(meets(e, key) for e in mutation.unknown)}
    assert not bad, f"neither broken nor whole: {sorted(bad)}"
