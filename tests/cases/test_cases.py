"""Every rule, shown holding, broken and unknown as small changes to a whole world (tests/fixtures/cases).

A case says with `expect` how each subject comes out: names (or ends of ids) under `pass`, `fail`, `unknown` and
`not_applicable`, `name: aspect` as `name#aspect` where a subject has several verdicts, `workload` where the workload
itself is the subject, and `others: <outcome>` for all subjects that are not named. Every subject must be accounted for.
"""

from __future__ import annotations

import inspect
from functools import cache
from typing import Any

import msgspec
import pytest

from auditor.baseline import Baseline, read_baseline
from auditor.estate import build_estate
from auditor.model import Outcome, Verdict
from auditor.rules import Rule
from auditor.workload.parts import Pins, workloads
from tests import worlds
from tests.builders.rules import rule_index
from tests.cases.casefile import Case, cases_of, requirements_with_cases
from tests.cases.change import changed
from tests.cases.expectation import label, unexpected

HEADINGS = ("What is read:", "Why it matters:", "What is wrong:", "How to put it right:", "References:")


def _all_cases() -> list[Any]:
    found: list[Any] = []
    for requirement in requirements_with_cases():
        try:
            found += [pytest.param(case, id=str(case)) for case in cases_of(requirement)]
        except Exception as problem:  # one broken file must not hide the cases of all others
            found.append(pytest.param(problem, id=f"{requirement}: the file itself"))
    return found


@pytest.mark.sampled(3)
@pytest.mark.parametrize("case", _all_cases())
def test_case(case: Case | Exception) -> None:
    if isinstance(case, Exception):
        raise case
    verdicts = answer(case)
    problems = list(unexpected(verdicts, case.body["expect"]))
    told = "\n".join(f"  {v.outcome:15} {label(v)}: {v.message}" for v in verdicts)
    assert not problems, "\n".join([*problems, "the rule answered:", told])
    _check_words(case, verdicts, told)


def answer(case: Case) -> tuple[Verdict, ...]:
    """What the rule of a case says of the case's world."""
    rule = rule_index().get(case.requirement)
    assert rule is not None, f"no rule decides {case.requirement}: does its row name one?"
    stated = {**_shipped().stated.get(case.requirement, {}), **(case.body.get("terms") or {})}
    terms = msgspec.convert(stated, rule.terms, strict=True)
    world = changed(case.body)
    reads = (*worlds.whole(world.scope), *world.refused)
    estate = build_estate(worlds.snapshot(world.documents, reads, world.name))
    pinned = {part: tuple(world.find(n) for n in names) for part, names in (case.body.get("pins") or {}).items()}
    found = workloads(estate, Pins(pinned))
    return tuple(v for w in found for v in rule.apply(w, terms))


@cache
def _shipped() -> Baseline:
    """The shipped baseline."""
    return read_baseline()


def _check_words(case: Case, verdicts: tuple[Verdict, ...], told: str) -> None:
    says = case.body.get("says") or []
    for words in [says] if isinstance(says, str) else says:
        assert any(words in v.message for v in verdicts), f"no message says `{words}`; the rule answered:\n{told}"
    if "permission" in case.body:
        named = {v.unknown.permission for v in verdicts if v.unknown is not None}
        assert case.body["permission"].casefold() in {str(p).casefold() for p in named}, f"permissions named: {named}"
    if "fix" in case.body:
        fixes = [v.remediation for v in verdicts]
        assert any(case.body["fix"] in fix for fix in fixes), f"no remediation says `{case.body['fix']}`: {fixes}"
    if "witness" in case.body:
        seen = [v.witness for v in verdicts if v.witness is not None]
        assert any(case.body["witness"].items() <= w.items() for w in seen), f"witnesses: {seen}"
    for verdict in verdicts:
        assert verdict.message, "a verdict says nothing"
        assert (verdict.outcome is Outcome.UNKNOWN) == (verdict.unknown is not None), f"{verdict}"


def _rules() -> list[Any]:
    return [pytest.param(rule, id_, id=id_) for id_, rule in rule_index().items()]


@pytest.mark.parametrize(("rule", "id_"), _rules())
def test_a_rule_is_shown_holding_broken_and_unknown(rule: Rule, id_: str) -> None:
    shown: set[str] = set()
    if id_ in requirements_with_cases():
        for case in cases_of(id_):
            shown |= case.expected
    wanted = {"pass", "fail", "unknown"}
    if "not_applicable(" in inspect.getsource(rule.decide):
        wanted.add("not_applicable")
    assert wanted <= shown, f"the cases of {id_} do not show it {' or '.join(sorted(wanted - shown))}"


@pytest.mark.parametrize(("rule", "id_"), _rules())
def test_a_rule_is_documented(rule: Rule, id_: str) -> None:
    first, *rest = inspect.cleandoc(rule.doc).splitlines()
    assert first.endswith("."), f"{rule.name}: the docstring begins with one sentence that names the fault"
    assert not rest or not rest[0], f"{rule.name}: a blank line follows the first"
    found = [line.partition(":")[0] + ":" for line in rest if line.partition(":")[0] + ":" in HEADINGS]
    assert tuple(found) == HEADINGS, f"{rule.name}: the headings are {', '.join(HEADINGS)} in this order"


def test_every_case_file_belongs_to_a_rule() -> None:
    strays = set(requirements_with_cases()) - set(rule_index())
    assert not strays, f"no rule decides {sorted(strays)}"
