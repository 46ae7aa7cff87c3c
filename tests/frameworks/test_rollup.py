"""What an audit says about controls: a breach decides, a gap leaves open, and the rest is not claimed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.frameworks.model import Controls, Framework, Support
from auditor.frameworks.own import controls_of
from auditor.frameworks.rollup import Status, framework_views
from auditor.model import AuditResult, Finding, Outcome, Verdict, Waiver
from tests.builders.reporting_examples import NOTHING, RICH

FRAMEWORK = Framework("f", "F", "1", "nowhere", "2026-11-30", {"A": "a control", "B": "another"}, size=10)
WAIVER = Waiver("*", "*", "owner", "because of it", date(2030, 1, 1))


def result_of(*outcomes: Outcome, requirement: str = "PUB-07") -> AuditResult:
    found = []
    for outcome in outcomes:
        verdict = Verdict(Outcome.FAIL if outcome is Outcome.WAIVED else outcome, "said")
        waiver = WAIVER if outcome is Outcome.WAIVED else None
        found.append(Finding(requirement, "rule", "must", "high", verdict, waiver=waiver))
    return replace(RICH, findings=tuple(found), not_implemented=())


def status_of(*outcomes: Outcome) -> Status:
    controls = Controls({"f": FRAMEWORK}, {"PUB-07": Support({"f": ("A",)})})
    (view,) = framework_views(result_of(*outcomes), controls)
    return view.controls[0].status


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        ((Outcome.PASS,), Status.SATISFIED),
        ((Outcome.PASS, Outcome.NOT_APPLICABLE), Status.SATISFIED),
        ((Outcome.NOT_APPLICABLE,), Status.NOT_DETERMINED),
        ((), Status.NOT_DETERMINED),
        ((Outcome.PASS, Outcome.UNKNOWN), Status.NOT_DETERMINED),
        ((Outcome.PASS, Outcome.MANUAL), Status.NOT_DETERMINED),
        ((Outcome.PASS, Outcome.ERROR), Status.NOT_DETERMINED),
        ((Outcome.UNKNOWN, Outcome.FAIL), Status.NOT_SATISFIED),
        ((Outcome.PASS, Outcome.WAIVED), Status.NOT_SATISFIED),
    ],
)
def test_the_status_of_a_control(outcomes: tuple[Outcome, ...], status: Status) -> None:
    assert status_of(*outcomes) is status


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(list(Outcome)), max_size=5), st.sampled_from(list(Outcome)))
def test_a_gap_never_hides_a_breach_and_never_makes_a_control_satisfied(outcomes: list[Outcome], more: Outcome) -> None:
    before, after = status_of(*outcomes), status_of(*outcomes, more)
    if before is Status.NOT_SATISFIED:
        assert after is Status.NOT_SATISFIED
    if more is Outcome.UNKNOWN:
        assert after is not Status.SATISFIED


def test_a_control_that_only_waivers_break_is_accepted() -> None:
    controls = Controls({"f": FRAMEWORK}, {"PUB-07": Support({"f": ("A",)})})
    (view,) = framework_views(result_of(Outcome.WAIVED, Outcome.PASS), controls)
    assert view.controls[0].accepted
    (view,) = framework_views(result_of(Outcome.WAIVED, Outcome.FAIL), controls)
    assert not view.controls[0].accepted


def test_the_share_is_said_and_promises_nothing() -> None:
    controls = Controls({"f": FRAMEWORK}, {"PUB-07": Support({"f": ("A",)})})
    (view,) = framework_views(result_of(Outcome.PASS), controls)
    assert view.share.startswith("This audit can speak about 1 of 10 controls of F 1 (10 %). ")
    assert "does not show that the control is met" in view.share
    assert view.counts == {
        Status.SATISFIED: 1, Status.NOT_COVERED: 9, Status.NOT_SATISFIED: 0, Status.NOT_DETERMINED: 0,
    }  # fmt: skip
    assert view.not_covered == ("B",)
    unsized = Controls({"f": replace(FRAMEWORK, size=None)}, controls.supports)
    (view,) = framework_views(result_of(Outcome.PASS), unsized)
    assert "how many the framework has in all is not held here" in view.share
    assert view.counts[Status.NOT_COVERED] == 1


def test_where_no_workload_was_recognised_nothing_is_determined() -> None:
    controls = controls_of(("openai-chat",), tuple(NOTHING.requirements), ("nist-800-53-r5",))
    (view,) = framework_views(NOTHING, controls)
    assert {control.status for control in view.controls} == {Status.NOT_DETERMINED, Status.NOT_COVERED}
    assert view.counts[Status.SATISFIED] == 0
    assert len(view.not_covered) + view.covered == 970


def test_requirements_that_the_baseline_leaves_out_support_nothing() -> None:
    controls = Controls({"f": FRAMEWORK}, {"GONE-1": Support({"f": ("A",)})})
    (view,) = framework_views(RICH, controls)
    assert view.controls[0].status is Status.NOT_COVERED
