"""What a person reads at a terminal."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

import pytest
from rich.cells import cell_len

from auditor.model import AuditResult, Outcome, WorkloadInfo
from auditor.report import Context
from auditor.report.terminal.render import render
from auditor.text.sanitise import one_line
from tests.builders.reporting_examples import (
    CLEAN,
    EVIL,
    NOTHING,
    RICH,
    hostile,
)


def test_problems_stand_in_their_family_worst_first() -> None:
    lines = render(RICH).splitlines()
    start = next(n for n, text in enumerate(lines) if text.startswith("Public access off"))
    assert lines[start].endswith("1 fail, 1 unknown, 2 pass")
    rows = [text.split()[:3] for text in lines[start + 1 : start + 8] if text[:1].isupper()]
    assert rows == [
        ["Outcome", "Severity", "Requirement"],
        ["FAIL", "critical", "PUB-07"],
        ["UNKNOWN", "high", "PUB-08"],
    ]


def test_the_offending_value_and_the_missing_permission_are_said() -> None:
    text = " ".join(render(RICH).split())
    assert "networkAcls.defaultAction is Allow" in text
    assert "could not be read: AuthorizationFailed; needs Microsoft.Web/sites/read" in text
    assert "Grant Microsoft.Web/sites/read and read again: it decides 1 unknown." in text


def test_advice_is_told_from_breach() -> None:
    text = render(RICH)
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
    text = render(RICH)
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
    lines = render(RICH).splitlines()
    head = next(text for text in lines if "Findings by family" in text)
    assert head.split()[3:] == ["FAIL", "ERROR", "UNKNOWN", "WAIVED", "MANUAL", "PASS", "N/A", "NO", "RULE"]
    assert " ".join(next(text for text in lines if text.startswith(" All ")).split()) == "All 3 1 1 1 1 2 1 1"


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
    for text in render(result, Context(width=width)).splitlines():
        assert cell_len(text) <= width or text in commands
        assert text == text.rstrip()


def test_colour_is_only_there_when_asked_and_words_say_the_same_without_it() -> None:
    plain, coloured = render(RICH), render(RICH, Context(color=True))
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
    text = render(replace(RICH, workloads=(*RICH.workloads, other)), Context(width=200))
    assert "stchatui (mlw-chat)" in text


@pytest.mark.parametrize("verbose", [False, True])
@pytest.mark.parametrize("width", [40, 120])
@pytest.mark.parametrize("evil", EVIL)
def test_names_cannot_act(evil: str, width: int, verbose: bool) -> None:
    text = render(hostile(evil), Context(width=width, verbose=verbose))
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs") for c in text.replace("\n", ""))
    for written in text.splitlines():
        assert not written.lstrip().startswith("::")
        assert "##[" not in written
        assert "##vso[" not in written
    assert len(text) < 60_000
