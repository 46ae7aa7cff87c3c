"""The conformance corpus of tests/fixtures/nsg: one question, one answer, one reason each."""

from __future__ import annotations

from collections import Counter

import pytest

from auditor.model import Unknown
from auditor.network.nsg.effective_filters import Trace, path
from auditor.network.nsg.rules import SecurityRule
from tests.conformance import GROUPS, Case, cases, estate, packet, place, tags

ALL = list(cases())


def _trace(case: Case) -> Trace:
    found = path(estate(case), place(case), case["ask"]["direction"], tags(case))
    return found.decide(packet(case["ask"]["packet"]))


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{file}: {case['case']}") for file, case in ALL])
def test_the_answer_is_the_one_stated(case: Case) -> None:
    trace, wanted = _trace(case), case["answer"]
    access = "Unknown" if isinstance(trace.access, Unknown) else trace.access
    rule = trace.rule.name if isinstance(trace.rule, SecurityRule) else None
    assert (access, rule) == (wanted["access"], wanted.get("rule")), case["because"]
    if "group" in wanted:
        assert trace.group is not None
        assert trace.group.text == GROUPS[wanted["group"]]
    if "depends_on" in wanted:
        unknown = trace.access if isinstance(trace.access, Unknown) else trace.rule
        assert isinstance(unknown, Unknown)
        assert wanted["depends_on"] in unknown.because
    if "azure_name" in wanted:
        assert isinstance(trace.rule, SecurityRule)
        assert trace.rule.azure_name == wanted["azure_name"]
    if "note" in wanted:
        assert wanted["note"] in " ".join((*trace.notes, *(step.because for step in trace.steps)))


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{file}: {case['case']}") for file, case in ALL])
def test_the_set_of_allowed_packets_says_the_same_of_the_packet(case: Case) -> None:
    found = path(estate(case), place(case), case["ask"]["direction"], tags(case)).allowed()
    decided = found.decide(packet(case["ask"]["packet"]))
    wanted = {"Allow": True, "Deny": False}.get(case["answer"]["access"])
    assert (None if isinstance(decided, Unknown) else decided) is wanted


def test_every_case_is_whole_and_named_once() -> None:
    assert all(set(case) >= {"case", "section", "ask", "answer", "because"} for _, case in ALL)
    assert [name for name, count in Counter(case["case"] for _, case in ALL).items() if count > 1] == []


def test_there_are_at_least_a_hundred_and_twenty_over_all_sections() -> None:
    assert len(ALL) >= 120
    assert {case["section"] for _, case in ALL} >= {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13}
