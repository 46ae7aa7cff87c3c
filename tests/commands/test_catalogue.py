"""`auditor rules`, `explain` and `baseline`: what a person and a program get to see of the requirements."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from auditor import facts
from auditor.baseline import read_baseline
from auditor.cli import run
from auditor.commands.explain import case_titles
from auditor.commands.options.output import page_width, wrapped
from auditor.model import ExitCode
from tests.builders.rules import rule_index
from tests.cases.casefile import cases_of, requirements_with_cases

OWN = """\
extends: openai-chat
baseline: {name: contoso-chat, version: "3"}
overrides:
  NET-09: {level: must, severity: high}
  OPS-04: {disabled: true, reason: We register flows elsewhere and another team looks after and audits that registry.}
"""


def _json(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert run([*arguments, "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def _text(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(list(arguments)) == 0
    return capsys.readouterr().out


@pytest.fixture
def own(tmp_path: Path) -> str:
    path = tmp_path / "own.yaml"
    path.write_text(OWN)
    return str(path)


# --- rules -----------------------------------------------------------------------------------------------------------


def test_rules_lists_every_requirement_with_what_decides_it(capsys: pytest.CaptureFixture[str]) -> None:
    told = _json(capsys, "rules")
    requirements = read_baseline().requirements
    assert told["format"] == "auditor-rules/1"
    assert told["baseline"]["name"] == "openai-chat"
    assert [row["id"] for row in told["rules"]] == list(requirements)
    for row in told["rules"]:
        rule = rule_index().get(row["id"])
        state = "manual" if row["level"] == "manual" else "rule" if rule else "not implemented"
        assert (row["state"], row["rule"]) == (state, rule.name if rule and state == "rule" else None)


def test_facts_are_listed_when_they_are_older_than_a_year(capsys: pytest.CaptureFixture[str]) -> None:
    assert _json(capsys, "rules", "--facts", "--as-of", "2026-12-01")["facts"] == []
    later = _json(capsys, "rules", "--facts", "--as-of", "2029-01-01")
    assert later["format"] == "auditor-facts/1"
    assert {row["file"] for row in later["facts"]} == set(facts.names())
    assert len(later["facts"]) == later["read"]
    assert all(row["source"] for row in later["facts"])
    assert "older than a year on 2029-01-01" in _text(capsys, "rules", "--facts", "--as-of", "2029-01-01")


@pytest.mark.parametrize("name", facts.names())
def test_every_file_of_facts_says_when_and_where_it_was_read(name: str) -> None:
    assert date.fromisoformat(facts.load(name)["date"])
    assert facts.load(name)["source"]


def test_rules_of_a_family_are_listed_alone(capsys: pytest.CaptureFixture[str]) -> None:
    text = _text(capsys, "rules", "--family", "pub")
    assert text.startswith("PUB  Public access\n  PUB-01        must         critical  ")
    assert "NET-" not in text
    assert text.rstrip().splitlines()[-1].startswith("11 requirements: ")


def test_pages_fit_80_columns_and_carry_no_colour_when_piped(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["rules"], ["explain", "NSG-BAS-IN"], ["explain", "OPS-01"], ["baseline", "show"]):
        text = _text(capsys, *arguments)
        assert "\x1b" not in text
        wide = [line for line in text.splitlines() if len(line) > 80 and " " in line.strip()]
        assert not wide, arguments


@pytest.mark.parametrize(
    ("arguments", "says", "why"),
    [
        (["rules", "--family", "MVM"], "there is no family `MVM`; did you mean `MVN`?", "a family that is near"),
        (["rules", "--family", "?"], "there is no family `?`; there is `CMP`, `NET`", "a family that is not"),
        (["explain", "NET-3"], "there is no requirement `NET-3`; did you mean `NET-", "an id that is near"),
        (["explain", "xyzzy"], "there is no requirement `xyzzy`\n", "an id that is not"),
        (["rules", "--baseline", "openai"], "`openai` is no baseline", "a baseline that is not"),
        (["baseline", "show", "gone.yaml"], "there is no file gone.yaml", "a file that is not"),
    ],
)
def test_what_is_not_there_is_said_with_what_is_near(
    capsys: pytest.CaptureFixture[str], arguments: list[str], says: str, why: str
) -> None:
    assert run(arguments) == 2
    told = capsys.readouterr()
    assert says in told.err, why
    assert told.out == ""


def test_rules_go_to_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "rules.json"
    assert run(["rules", "--family", "CF", "--format", "json", "-o", str(path)]) == 0
    assert capsys.readouterr().out == ""
    assert len(json.loads(path.read_text())["rules"]) == 9


def test_a_page_never_replaces_a_baseline(capsys: pytest.CaptureFixture[str], own: str) -> None:
    assert run(["baseline", "validate", own, "-o", own]) == 2
    assert "which this does not replace" in capsys.readouterr().err
    assert Path(own).read_text() == OWN


# --- explain ---------------------------------------------------------------------------------------------------------


def test_explain_tells_everything_of_a_requirement(capsys: pytest.CaptureFixture[str]) -> None:
    text = _text(capsys, "explain", "net-03")
    for part in (
        "NET-03  must, high\n",
        "Section     Networking\n",
        "Rule        entry_is_not_filtered\n",
        "What is read:\n",
        "Why it matters:\n",
        "What is wrong:\n",
        "How to put it right:\n",
        "References:\n",
        "\nTerms:\n  tier: WAF_v2\n",
        "\nCases:\n  - ",
        "\nSource:\n",
        "learn.microsoft.com/azure/architecture/ai-ml/architecture/baseline-openai-e2e-chat",
    ):
        assert part in text


def test_explain_gives_programs_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    told = _json(capsys, "explain", "NET-03")
    assert told["format"] == "auditor-rule/1"
    assert told["terms"]["mode"] == "Prevention"
    assert told["documentation"].splitlines()[0].endswith(".")
    assert told["cases"]


def test_explain_tells_a_person_what_to_look_at(capsys: pytest.CaptureFixture[str]) -> None:
    text = _text(capsys, "explain", "OPS-01")
    assert "Rule        manual\n" in text
    assert "\nWhat to look at:\n  The repository of the flows" in text


def test_explain_tells_the_cases_that_the_tests_run() -> None:
    for id_ in requirements_with_cases():
        assert list(case_titles(id_)) == [case.body["case"] for case in cases_of(id_)], id_


# --- baseline --------------------------------------------------------------------------------------------------------


def test_baseline_show_counts_by_family_and_level(capsys: pytest.CaptureFixture[str]) -> None:
    text = _text(capsys, "baseline", "show")
    assert text.startswith("openai-chat  version 1\n")
    rows = {
        line.split()[0]: line.split()[-4:] for line in text.splitlines() if line[:3].strip() in ("PL", "REL", "OPS")
    }
    assert rows["PL"] == ["15", "·", "1", "·"]
    assert rows["OPS"] == ["·", "4", "·", "1"]


def test_baseline_show_tells_what_an_own_baseline_changes(capsys: pytest.CaptureFixture[str], own: str) -> None:
    text = _text(capsys, "baseline", "show", own)
    assert "extends openai-chat\n" in text
    assert "\nOverridden:\n  NET-09        level and severity\n" in text
    assert "\nDisabled:\n  OPS-04        We register flows elsewhere" in text
    others = "ai-hardening, foundry-chat-landing-zone, foundry-chat, openai-chat and zone-redundant-web-app"
    assert " ".join(text.split()).endswith(f"also shipped: {others}")
    told = _json(capsys, "baseline", "show", own)
    assert told["extends"] == "openai-chat"
    assert told["disabled"].keys() == {"OPS-04"}
    assert len(told["requirements"]) == len(read_baseline().requirements) - 1


def test_a_disabled_requirement_is_explained_as_such(capsys: pytest.CaptureFixture[str], own: str) -> None:
    assert run(["explain", "ops-04", "--baseline", own]) == 2
    assert "OPS-04 is disabled in contoso-chat: We register flows" in capsys.readouterr().err


def test_validate_says_that_all_is_well(capsys: pytest.CaptureFixture[str], own: str) -> None:
    text = " ".join(_text(capsys, "baseline", "validate", own).split())
    assert "no mistakes; 176 requirements, extends openai-chat, overrides 1 and disables 1." in text
    shipped_one = " ".join(_text(capsys, "baseline", "validate", "openai-chat").split())
    assert shipped_one.endswith("openai-chat.yaml: no mistakes; 177 requirements.")
    assert _json(capsys, "baseline", "validate", own) == {
        "format": "auditor-baseline-check/1",
        "valid": True,
        "mistakes": [],
    }


def test_validate_names_every_mistake_and_ends_with_2(capsys: pytest.CaptureFixture[str], own: str) -> None:
    Path(own).write_text(OWN.replace("level: must", "level: mst").replace("OPS-04", "OPS-44"))
    assert run(["baseline", "validate", own]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("error: 2 mistakes\n")
    assert f"{own}:4:19: `level` must be" in told.err
    assert run(["baseline", "validate", own, "--format", "json"]) == 2
    mistakes = json.loads(capsys.readouterr().out)["mistakes"]
    assert [(m["line"], m["column"]) for m in mistakes] == [(4, 19), (5, 3)]


def test_what_an_own_baseline_says_cannot_steer_a_terminal(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(OWN.replace("contoso-chat", '"\\e[31mred\\u202e"'))
    text = _text(capsys, "baseline", "show", str(path))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert text.startswith("\\x1b[31mred\\u202e  version 3\n")


def test_paragraphs_are_wrapped_and_lists_are_not() -> None:
    text = "one two\nthree\n\n- a list\n- of words\n\n    code stays"
    assert list(wrapped(text, 9, "  ")) == [
        "  one two",
        "  three",
        "",
        "  - a list",
        "  - of words",
        "",
        "      code stays",
    ]


@pytest.mark.parametrize(("columns", "width"), [("60", 60), ("20", 40), ("500", 110)])
def test_a_page_is_as_wide_as_the_terminal_within_reason(
    monkeypatch: pytest.MonkeyPatch, columns: str, width: int
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", columns)
    assert page_width(None) == width
    assert page_width(Path("file.txt")) == 80


def test_a_file_of_a_hostile_name_is_refused_in_one_readable_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    own = tmp_path / "own.yaml"
    for named, says in (("\\u202Ex.yaml", "there is no file"), ("a" * 300 + ".yaml", "File name too long")):
        own.write_text(f'extends: "{named}"\nbaseline: {{name: x, version: "1"}}\n', encoding="utf-8")
        assert run(["baseline", "validate", str(own)]) == ExitCode.USAGE
        said = capsys.readouterr().err
        assert "own.yaml:1:10: " in said
        assert says in said
        assert "\u202e" not in said


@pytest.mark.parametrize("argv", [["rules", "-o"], ["history"], ["baseline", "show"]], ids=" ".join)
def test_a_name_that_is_too_long_is_no_bug_of_ours(capsys: pytest.CaptureFixture[str], argv: list[str]) -> None:
    assert run([*argv, "a" * 300 + ".txt"]) == ExitCode.USAGE
    assert "Traceback" not in capsys.readouterr().err


def _saved(folder: Path, name: str) -> Path:
    from auditor.snapshot import write_snapshot
    from tests.worlds import snapshot

    path = folder / f"{name}.json"
    write_snapshot(snapshot(name=name), path)
    return path


def test_a_baseline_is_held_against_a_snapshot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(_saved(tmp_path, "foundry-compliant"))
    body = _json(capsys, "baseline", "validate", "foundry-chat", "--against", path)
    (workload,) = body["workloads"]
    assert workload["parts"]["cosmos"][0].endswith("/cdb-ai-agent-threads-orchid")
    assert workload["subnets"]["agents_egress"][0].endswith("/snet-agentsEgress")
    page = _text(capsys, "baseline", "validate", "openai-chat", "--against", path)
    assert "no Machine Learning workspace here" in page


def test_a_started_baseline_is_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(_saved(tmp_path, "foundry-compliant"))
    own = tmp_path / "ours.yaml"
    assert run(["baseline", "new", path, "--name", "ours", "-o", str(own)]) == 0
    body = _json(capsys, "baseline", "validate", str(own), "--against", path)
    assert body["valid"]
    assert body["workloads"][0]["anchor"]
    assert run(["check", path, "--baseline", str(own), "-q"]) == 0
    assert run(["baseline", "new", path, "--name", "No Name"]) == ExitCode.USAGE
