"""foundry-chat, row by row: small changes to its compliant world, and how each subject comes out then."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from auditor.baseline import Baseline, read_baseline
from auditor.estate import build_estate
from auditor.model import Level, Outcome, Verdict
from auditor.rules import rules_by_name
from auditor.workload.parts import workloads
from auditor.yaml_tree.compose import compose, read_text
from auditor.yaml_tree.mistakes import Mistakes
from auditor.yaml_tree.nodes import plain
from tests import worlds
from tests.cases.change import changed
from tests.cases.expectation import label, unexpected

WORLD = "foundry-compliant"
FILE = worlds.FIXTURES / "foundry-cases.yaml"


@cache
def baseline() -> Baseline:
    return read_baseline("foundry-chat")


@cache
def cases() -> dict[str, list[dict[str, Any]]]:
    mistakes = Mistakes()
    root = compose(read_text(FILE), str(FILE), mistakes)
    mistakes.speak()
    found = plain(root)
    assert isinstance(found, dict)
    return found


def every_case() -> Iterator[Any]:
    for requirement, bodies in cases().items():
        for body in bodies:
            yield pytest.param(requirement, body, id=f"{requirement}: {body['case']}")


def answer(requirement: str, body: dict[str, Any]) -> tuple[Verdict, ...]:
    """What the rule of a row says of the changed world."""
    world = changed({"world": WORLD, **body})
    estate = build_estate(worlds.snapshot(world.documents, (*worlds.whole(world.scope), *world.refused), world.name))
    row, terms = baseline().requirements[requirement], baseline().terms[requirement]
    rule = rules_by_name()[row.rule]
    return tuple(v for w in workloads(estate, None, baseline().architecture) for v in rule.apply(w, terms, row.on))


@pytest.mark.parametrize(("requirement", "body"), list(every_case()))
def test_case(requirement: str, body: dict[str, Any]) -> None:
    verdicts = answer(requirement, body)
    told = "\n".join(f"  {v.outcome:15} {label(v)}: {v.message}" for v in verdicts)
    problems = list(unexpected(verdicts, body["expect"]))
    assert not problems, "\n".join([*problems, "the rule answered:", told])
    if "says" in body:
        assert body["says"] in told


def test_each_case_holds_where_nothing_is_changed() -> None:
    """What a case breaks is well in the compliant world, so that it is the change which breaks it."""
    for requirement in cases():
        found = answer(requirement, {})
        assert {v.outcome for v in found} <= {Outcome.PASS, Outcome.NOT_APPLICABLE}, requirement


def test_every_case_belongs_to_a_row_that_a_rule_decides() -> None:
    rows = {id_ for id_, row in baseline().requirements.items() if row.level is not Level.MANUAL}
    assert not set(cases()) - rows
