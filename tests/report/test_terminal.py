"""What a person reads at a terminal."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

import pytest
from rich.cells import cell_len

from auditor.model import AuditResult, Outcome, WorkloadInfo
from auditor.report import Context
from auditor.report.narrow import Narrow
from auditor.report.terminal.render import render
from auditor.text.sanitise import one_line
from tests.builders.reporting_examples import (
    CLEAN,
    EVIL,
    NOTHING,
    RICH,
    hostile,
    many,
)

ALL = Context(every=True)


def test_by_default_no_finding_has_a_row() -> None:
    text = render(RICH)
    assert "Outcome" not in text
    assert "`--all` shows every problem and 1 check for a person, worst first" in " ".join(text.split())


def test_all_problems_stand_worst_first_whatever_their_family() -> None:
    lines = render(RICH, ALL).splitlines()
    start = next(n for n, text in enumerate(lines) if text.startswith("Outcome"))
    rows = [text.split()[:3] for text in lines[start + 1 :] if text[:1].isupper() and len(text.split()) > 3][:5]
    assert rows == [
        ["FAIL", "critical", "PUB-07"],
        ["FAIL", "high", "NSG-JMP-IN"],
        ["FAIL", "low", "REL-03"],
        ["ERROR", "high", "RBAC-11"],
        ["UNKNOWN", "high", "PUB-08"],
    ]


def test_a_requirement_has_one_row_which_counts_the_others() -> None:
    found = tuple(f for f in many(40).findings if f.requirement == "PUB-07")
    text = " ".join(render(replace(RICH, findings=found), Context(every=True, width=300)).split())
    assert "FAIL critical PUB-07 stchat0 and 9 more st0 is open" in text
    assert text.count("FAIL critical PUB-07") == 1


def test_the_id_of_a_requirement_is_never_cut() -> None:
    long = replace(RICH.requirements["PUB-07"], id="NSG-APPLICATION-DENY")
    findings = tuple(replace(f, requirement=long.id) for f in RICH.findings if f.requirement == "PUB-07")
    result = replace(RICH, requirements={**RICH.requirements, long.id: long}, findings=findings)
    for width in (40, 80, 120):
        for every in (True, False):
            assert long.id in render(result, Context(every=every, width=width))


@pytest.mark.parametrize(
    ("narrow", "ids"),
    [
        (Narrow(severity="high"), {"PUB-07", "NSG-JMP-IN", "PUB-08", "RBAC-11"}),
        (Narrow(only=("pub-*",)), {"PUB-07", "PUB-08"}),
        (Narrow(families=("rel",)), {"REL-03"}),
        (Narrow(parts=("jump",)), {"NSG-JMP-IN"}),
        (Narrow(severity="critical", families=("REL",)), set()),
    ],
)
def test_some_problems_are_shown_when_asked(narrow: Narrow, ids: set[str]) -> None:
    text = render(RICH, Context(narrow=narrow))
    assert {id_ for id_ in RICH.requirements if f" {id_} " in text} == ids
    assert f"{len(ids)} of 5 problems are shown" in text
    assert "2 requirements are not met" in text, "the verdict is that of the whole"


def test_quiet_is_one_line_of_verdict() -> None:
    text = render(RICH, Context(quiet=True, width=300))
    assert text.startswith(f"ERROR {RICH.snapshot.path}: The auditor itself failed on 1 check")
    assert text.count("\n") == 1
    assert render(NOTHING, Context(quiet=True, width=300)).count("\n") == 1


def test_problems_stand_in_their_family_worst_first() -> None:
    lines = render(RICH, Context(verbose=True)).splitlines()
    start = next(n for n, text in enumerate(lines) if text.startswith("Public access off"))
    assert lines[start].endswith("1 fail, 1 unknown, 2 pass")
    rows = [text.split()[:3] for text in lines[start + 1 : start + 40] if re.match("Outcome|FAIL|UNKNOWN|PASS", text)]
    assert rows[:4] == [
        ["Outcome", "Severity", "Requirement"],
        ["FAIL", "critical", "PUB-07"],
        ["UNKNOWN", "high", "PUB-08"],
        ["PASS", "critical", "PUB-07"],
    ]


def test_the_offending_value_and_the_missing_permission_are_said() -> None:
    text = " ".join(render(RICH, Context(verbose=True)).split())
    assert "networkAcls.defaultAction is Allow" in text
    assert "could not be read: AuthorizationFailed; needs Microsoft.Web/sites/read" in text
    assert "Grant Microsoft.Web/sites/read and read again: it decides 1 unknown." in text


def test_advice_is_told_from_breach() -> None:
    text = render(RICH, ALL)
    assert "recommended: srch-chat has 1 replica" in text
    assert "2 requirements are not met, 1 recommendation is not followed" in text


def test_the_end_says_what_to_do_first_and_what_was_not_checked() -> None:
    text = render(RICH)
    end = text[text.index("Do first") :]
    assert end.index("PUB-07") < end.index("NSG-JMP-IN") < end.index("REL-03")
    command = "az storage account update --name stchatui --resource-group rg-chat --public-network-access Disabled"
    assert f"    {command}\n" in end
    assert "1 requirement has no rule yet and cannot pass or fail" in end
    assert "1 read of this snapshot failed" in end
    assert "Note: which subnet serves agents" in end


def test_manual_checks_say_what_to_look_at() -> None:
    text = render(RICH, ALL)
    assert "Manual checks" in text
    assert "look at: The repository's branch rules and its pull request pipeline." in text


def test_passes_and_evidence_are_shown_when_asked() -> None:
    brief, full = render(RICH), render(RICH, Context(verbose=True, width=200))
    passed, waived = "kv-chat refuses public networks", "filtered at Medium"
    for said in (passed, waived, "(line 2040, column 33)", "witness:", "= (absent)"):
        assert said not in brief
        assert said in full
    assert "--verbose" in brief
    assert "--verbose" not in full


def test_counts_of_each_family_add_up() -> None:
    lines = render(RICH, Context(width=140)).splitlines()
    head = next(text for text in lines if "Findings by family" in text)
    said = "FAIL critical high medium low ERROR UNKNOWN WAIVED MANUAL PASS N/A NO RULE"
    assert " ".join(head.split()[3:]) == said
    assert " ".join(next(text for text in lines if text.startswith(" All ")).split()) == ("All 3 1 1 - 1 1 1 1 1 2 1 1")


def test_nothing_of_the_architecture_is_one_sentence() -> None:
    text = " ".join(render(NOTHING).split())
    assert text.endswith(
        "Nothing of this architecture is in this snapshot (2 documents); looked for: Machine Learning workspace,"
        " Azure OpenAI account, AI Search service and Application Gateway."
    )
    assert "Findings by family" not in text


def test_all_well() -> None:
    text = render(CLEAN)
    assert "PASS Every requirement that was checked holds." in text
    assert "FAIL" not in text
    assert "Do first" not in text


def test_a_world_of_waivers_and_rules_to_come_does_not_boast() -> None:
    waived = tuple(f for f in RICH.findings if f.outcome in (Outcome.WAIVED, Outcome.PASS))
    text = " ".join(render(replace(RICH, findings=waived)).split())
    assert "Every requirement that was checked holds, 1 finding waived; 1 could not be checked" in text
    nothing = " ".join(render(replace(RICH, findings=())).split())
    assert "UNKNOWN Nothing was decided: no requirement of this baseline applies or has a rule." in nothing


@pytest.mark.parametrize("width", [20, 40, 75, 76, 100, 250])
@pytest.mark.parametrize("result", [RICH, CLEAN, NOTHING])
def test_it_keeps_to_the_width_but_never_breaks_a_command(result: AuditResult, width: int) -> None:
    commands = {f"    {one_line(f.verdict.remediation)}" for f in result.findings if f.verdict.remediation}
    for every in (True, False):
        for text in render(result, Context(width=width, every=every)).splitlines():
            assert cell_len(text) <= width or text in commands
            assert text == text.rstrip()


def test_colour_is_only_there_when_asked_and_words_say_the_same_without_it() -> None:
    plain, coloured = render(RICH, ALL), render(RICH, Context(color=True, every=True))
    assert "\x1b" not in plain
    assert "\x1b[1;31mFAIL" in coloured
    bare = re.sub(r"\x1b\[[\d;]*m", "", coloured)
    assert "\n".join(each.rstrip() for each in bare.splitlines()) == plain.rstrip("\n")


def test_the_environment_does_not_change_it(monkeypatch: pytest.MonkeyPatch) -> None:
    before = render(RICH)
    for name, value in {"FORCE_COLOR": "1", "COLUMNS": "33", "TERM": "xterm-256color", "NO_COLOR": ""}.items():
        monkeypatch.setenv(name, value)
    assert render(RICH) == before


def test_two_workloads_are_told_apart() -> None:
    other = WorkloadInfo("mlw-other", "/subscriptions/x", {})
    text = render(replace(RICH, workloads=(*RICH.workloads, other)), Context(width=200, every=True))
    assert "stchatui (mlw-chat)" in text


@pytest.mark.parametrize("verbose", [False, True, None])
@pytest.mark.parametrize("width", [40, 120])
@pytest.mark.parametrize("evil", EVIL)
def test_names_cannot_act(evil: str, width: int, verbose: bool | None) -> None:
    text = render(hostile(evil), Context(width=width, verbose=bool(verbose), every=verbose is None))
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs") for c in text.replace("\n", ""))
    for written in text.splitlines():
        assert not written.lstrip().startswith("::")
        assert "##[" not in written
        assert "##vso[" not in written
    assert len(text) < 60_000
