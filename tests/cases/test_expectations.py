"""A case that expects wrongly must fail, or the cases prove nothing."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.model import ArmId, Outcome, Unknown, Verdict
from tests.cases import casefile
from tests.cases.expectation import unexpected

GROUP = "/subscriptions/s/resourceGroups/g/providers"
VAULT = ArmId(f"{GROUP}/Microsoft.KeyVault/vaults/Kv-1")
SITE = ArmId(f"{GROUP}/Microsoft.Web/sites/app")


def _verdict(outcome: Outcome, resource: ArmId | None = VAULT, aspect: str = "") -> Verdict:
    return Verdict(outcome, "said", resource, aspect=aspect, unknown=Unknown("x") if outcome == "unknown" else None)


TWO = (_verdict(Outcome.PASS), _verdict(Outcome.FAIL, SITE))
ASPECTS = (_verdict(Outcome.PASS, aspect="22"), _verdict(Outcome.FAIL, aspect="443"))


@pytest.mark.parametrize(
    ("verdicts", "expect", "why"),
    [
        (TWO, {"pass": ["kv-1"], "fail": ["app"]}, "names, in any letter case"),
        (TWO, {"pass": ["vaults/kv-1"], "fail": ["Microsoft.Web/sites/app"]}, "ends of ids"),
        (TWO, {"fail": ["app"], "others": "pass"}, "the others together"),
        (ASPECTS, {"pass": ["kv-1#22"], "fail": ["kv-1#443"]}, "aspects of one subject"),
        (ASPECTS, {"pass": ["kv-1"], "fail": ["kv-1"]}, "one subject, two ways"),
        ((_verdict(Outcome.UNKNOWN, None),), {"unknown": ["workload"]}, "the workload itself"),
    ],
)
def test_what_is_expected_holds(verdicts: tuple[Verdict, ...], expect: dict[str, Any], why: str) -> None:
    assert unexpected(verdicts, expect) == [], why


@pytest.mark.parametrize(
    ("verdicts", "expect", "says", "why"),
    [
        (TWO, {"pass": ["kv-1"]}, "expected was nothing", "a subject that nobody expected"),
        (TWO, {"pass": ["kv-1", "app"]}, "app is fail, expected was pass", "the other outcome"),
        (TWO, {"pass": ["kv-1"], "fail": ["app", "gone"]}, "no verdict on gone is fail", "a subject that is not there"),
        (
            TWO,
            {"pass": ["kv-1"], "fail": ["app"], "others": "pass"},
            "there are no others",
            "others that are not there",
        ),
        (
            TWO,
            {"fail": ["app"], "others": "unknown"},
            "kv-1 is pass, expected was unknown",
            "others that are otherwise",
        ),
        (ASPECTS, {"pass": ["kv-1#22", "kv-1#443"]}, "#443 is fail, expected was pass", "an aspect otherwise"),
        (ASPECTS, {"pass": ["kv-1#22"]}, "#443 is fail, expected was nothing", "an aspect that nobody expected"),
        (ASPECTS, {"fail": ["kv-1"]}, "#22 is pass, expected was fail", "a name is all aspects"),
        ((), {"pass": ["kv-1"]}, "no verdict on kv-1 is pass", "a rule that says nothing"),
        (TWO, {"pass": ["v-1"], "fail": ["app"]}, "no verdict on v-1", "an end of a name is no name"),
        ((_verdict(Outcome.PASS, None),), {"pass": ["kv-1"]}, "workload is pass, expected was nothing", "no resource"),
    ],
)
def test_what_is_not_expected_is_said(
    verdicts: tuple[Verdict, ...], expect: dict[str, Any], says: str, why: str
) -> None:
    assert any(says.casefold() in problem.casefold() for problem in unexpected(verdicts, expect)), why


@pytest.mark.parametrize(
    ("text", "says", "why"),
    [
        ("- expect: {pass: [a]}\n", "does not say in `case`", "no prose"),
        ("- case: x\n", "expects nothing", "no expectation"),
        ("- case: x\n  expects: {pass: [a]}\n", "['expects'] are not known", "a key nobody knows"),
        ("- case: x\n  expect: {holds: [a]}\n", "are no outcomes", "an outcome nobody knows"),
        ("- just text\n", "is no mapping", "no case"),
        ("same_as: Y-01\nwith: {zzz: b}\n", "`zzz` does not occur", "a replacement that replaces nothing"),
        ("same_as: Y-01\nother: 1\n", "not known here", "a key nobody knows"),
    ],
)
def test_a_malformed_case_file_is_refused(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, text: str, says: str, why: str
) -> None:
    monkeypatch.setattr(casefile, "CASES", tmp_path)
    (tmp_path / "X-01.yaml").write_text(text)
    (tmp_path / "Y-01.yaml").write_text("- case: a\n  expect: {pass: [a]}\n")
    with pytest.raises(AssertionError, match=r"\S") as problem:
        casefile.cases_of("X-01")
    assert says in str(problem.value), why


def test_cases_are_taken_over_with_other_words_and_added_to(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(casefile, "CASES", tmp_path)
    (tmp_path / "Y-01.yaml").write_text("- case: a vault\n  expect: {pass: [kv-1], others: fail}\n")
    (tmp_path / "X-01.yaml").write_text(
        "same_as: Y-01\nwith: {kv-1: app, a vault: a site}\ncases:\n  - {case: own, expect: {unknown: [app]}}\n"
    )
    first, second = casefile.cases_of("X-01")
    assert (str(first), first.body["expect"], first.expected) == (
        "X-01: a site",
        {"pass": ["app"], "others": "fail"},
        {"pass", "fail"},
    )
    assert (str(second), second.number, second.expected) == ("X-01: own", 2, {"unknown"})
    assert casefile.requirements_with_cases() == ["X-01", "Y-01"]
