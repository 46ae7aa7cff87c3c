"""Waivers: read with every mistake placed, applied to fails only, loud when they expire or cover nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from auditor.audit.audit import audit
from auditor.audit.waivers import waive
from auditor.baseline import read_baseline
from auditor.model import ArmId, AuditorError, AuditResult, Outcome, Waiver
from auditor.settings.waivers import read_waivers
from tests.worlds import snapshot

BASELINE = read_baseline("openai-chat")
IDS = tuple(BASELINE.requirements)
TODAY = date(2024, 7, 15)
GOOD = """\
waivers:
  - requirement: NSG-JMP-OUT
    resource: "*/subnets/snet-jumpbox"
    owner: dana.whitfield@contoso.com
    reason: authors download packages until the mirror is there
    expires: 2024-09-30
"""


@pytest.fixture(scope="module")
def result() -> AuditResult:
    return audit(snapshot(), BASELINE)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "waivers.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_waiver_is_read_with_its_place(tmp_path: Path) -> None:
    (waiver,) = read_waivers(written(tmp_path, GOOD), IDS)
    assert (waiver.requirement, waiver.expires, waiver.aspect) == ("NSG-JMP-OUT", date(2024, 9, 30), "*")
    assert waiver.where.endswith("waivers.yaml:2:5")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "NSG-JMP-OUT",
            "NSG-JMP-OT",
            "2:18: the baseline has no requirement `NSG-JMP-OT`; did you mean `NSG-JMP-OUT`?",
        ),
        ("2024-09-30", "soon", "6:14: `expires` of a waiver must be a day such as 2025-06-30, not `soon`"),
        ("    owner: dana.whitfield@contoso.com\n", "", "2:5: a waiver lacks `owner`"),
        ("authors download packages until the mirror is there", "later", "5:13: `later` is no reason"),
        ("owner:", "owners:", "4:5: a waiver has no field `owners`"),
        ("waivers:", "waiver:", "1:1: a file of waivers lacks `waivers`"),
    ],
)
def test_a_mistake_is_said_with_line_and_column(tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(AuditorError) as problem:
        read_waivers(written(tmp_path, GOOD.replace(old, new)), IDS)
    assert says in problem.value.message


def test_waivers_must_be_a_list(tmp_path: Path) -> None:
    with pytest.raises(AuditorError, match="1:10: `waivers` must be a list"):
        read_waivers(written(tmp_path, "waivers: none\n"), IDS)


def the_waiver(**changes: object) -> Waiver:
    base = Waiver("NSG-JMP-OUT", "*/subnets/snet-jumpbox", "dana", "a mirror is being built", date(2024, 9, 30))
    return replace(base, path="w.yaml", line=2, column=5, **changes)  # type: ignore[arg-type]


def test_a_valid_waiver_changes_the_outcome_and_nothing_else(result: AuditResult) -> None:
    waived = waive(result, [the_waiver()], TODAY)
    changed = [(a, b) for a, b in zip(result.findings, waived.findings, strict=True) if a != b]
    assert changed
    assert {b.outcome for _, b in changed} == {Outcome.WAIVED}
    assert {b.requirement for _, b in changed} == {"NSG-JMP-OUT"}
    assert all(a.verdict == b.verdict for a, b in changed)
    assert sum(waived.summary.values()) == sum(result.summary.values())
    assert waived.summary[Outcome.FAIL] == result.summary[Outcome.FAIL] - len(changed)
    assert waived.notes == result.notes


def test_an_expired_waiver_waives_nothing_and_says_so(result: AuditResult) -> None:
    waived = waive(result, [the_waiver()], date(2024, 10, 1))
    assert waived.findings == result.findings
    assert any("expired on 2024-09-30: 1 finding fails again" in note for note in waived.notes)


def test_the_last_day_still_counts(result: AuditResult) -> None:
    assert waive(result, [the_waiver()], date(2024, 9, 30)).summary[Outcome.WAIVED] > 0


def test_a_waiver_that_covers_nothing_is_reported(result: AuditResult) -> None:
    notes = waive(result, [the_waiver(resource="*/nobody")], TODAY).notes
    assert any("covers no finding" in note and "w.yaml:2:5" in note for note in notes)
    late = waive(result, [the_waiver(resource="*/nobody")], date(2025, 1, 1)).notes
    assert any("covers nothing any more" in note for note in late)


def test_a_pass_is_never_waived(result: AuditResult) -> None:
    waived = waive(result, [the_waiver(requirement="*", resource="*")], TODAY)
    assert waived.summary[Outcome.PASS] == result.summary[Outcome.PASS]
    assert waived.summary[Outcome.UNKNOWN] == result.summary[Outcome.UNKNOWN]
    assert waived.summary[Outcome.FAIL] == 0


def test_of_two_waivers_the_longer_one_is_named(result: AuditResult) -> None:
    waived = waive(result, [the_waiver(), the_waiver(owner="lee", expires=date(2025, 1, 1))], TODAY)
    assert {f.waiver.owner for f in waived.findings if f.waiver is not None} == {"lee"}


def test_patterns_know_no_letter_case_and_an_aspect_narrows() -> None:
    subnet = ArmId("/subscriptions/S/x/subnets/SNET-JUMPBOX")
    assert the_waiver().covers("nsg-jmp-out", subnet, "excess a")
    assert the_waiver(aspect="excess *").covers("NSG-JMP-OUT", subnet, "Excess A")
    assert not the_waiver(aspect="missing *").covers("NSG-JMP-OUT", subnet, "excess a")
    assert not the_waiver().covers("NSG-JMP-OUT", None, "")


def test_a_waiver_of_what_nobody_could_decide_is_not_told_to_be_deleted(result: AuditResult) -> None:
    (use,) = waive(result, [the_waiver(requirement="RBAC-11", resource="*")], TODAY).waivers
    assert (use.covers, use.undecided, use.problem) == (0, 3, True)
    assert use.says.endswith("covers no finding: 3 findings that it speaks of could not be decided")
    (late,) = waive(result, [the_waiver(requirement="RBAC-11", resource="*workspace")], date(2025, 1, 1)).waivers
    assert "expired on 2024-09-30 and covers no finding: the finding that it speaks of" in late.says


@pytest.mark.parametrize(
    ("pattern", "covered"),
    [
        ("*/SITES/app-?", False),  # a question mark is itself
        ("*/sites/app-[a]", True),  # and so are brackets
        ("*/sites/*]", True),
        ("*/sites/app-a", False),
        ("sites/app-[a]", False),  # a pattern means the whole id
    ],
)
def test_only_a_star_is_special_in_a_pattern(pattern: str, covered: bool) -> None:
    site = ArmId("/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/app-[a]")
    assert the_waiver(requirement="NSG-*-OUT", resource=pattern).covers("NSG-JMP-OUT", site, "") is covered
