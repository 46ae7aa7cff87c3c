"""`auditor accept`: findings become waivers, and files that people wrote stay theirs."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.cli import run
from auditor.model import ExitCode, Outcome
from auditor.settings.accepting import entry_of, with_waivers
from auditor.settings.waivers import read_waivers
from auditor.snapshot import write_snapshot
from tests import worlds
from tests.builders.reporting_examples import RICH

WHO = ("--owner", "web team", "--until", "2099-12-31", "--reason", "The redirect comes in May.")


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("accept") / "s.json"
    write_snapshot(worlds.snapshot(), path)
    return path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def outcomes(stored: Path, *options: str) -> dict[str, set[str]]:
    run(["check", str(stored), "-q", "-o", "r.json", *options])
    found: dict[str, set[str]] = {}
    for result in json.loads(Path("r.json").read_text())["results"]:
        found.setdefault(result["requirement"], set()).add(result["outcome"])
    return found


def test_what_is_accepted_is_waived_and_nothing_else(
    stored: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["accept", str(stored), "--only", "NET-07", *WHO]) == ExitCode.HOLDS
    err = capsys.readouterr().err
    assert "accepted 2 findings of NET-07 until 2099-12-31 in waivers.yaml" in err
    assert f"auditor check {stored} --waivers waivers.yaml" in err
    found = outcomes(stored, "--waivers", "waivers.yaml")
    assert found["NET-07"] == {"waived"}
    assert "waived" not in {each for id_, every in found.items() if id_ != "NET-07" for each in every}


def test_comments_stay_and_the_settings_come_to_name_the_file(stored: Path, here: Path) -> None:
    Path("auditor.yaml").write_text("# ours\nbaseline: openai-chat\nstrict: false  # for now\n")
    assert run(["accept", str(stored), "--only", "NET-07", "--settings", "auditor.yaml", *WHO]) == ExitCode.HOLDS
    assert Path("auditor.yaml").read_text().startswith("# ours\nbaseline: openai-chat\nstrict: false  # for now\n")
    text = Path("waivers.yaml").read_text()
    commented = text.replace("waivers:\n", "# agreed on Monday\nwaivers:\n", 1) + "  # the end\n"
    Path("waivers.yaml").write_text(commented)
    assert run(["accept", str(stored), "--only", "MON-09", "--settings", "auditor.yaml", *WHO]) == ExitCode.HOLDS
    assert Path("waivers.yaml").read_text().startswith(commented.rstrip())
    found = outcomes(stored, "--settings", "auditor.yaml")
    assert found["NET-07"] == found["MON-09"] == {"waived"}


def test_a_whole_deployment_is_adopted_for_a_start(stored: Path, here: Path) -> None:
    assert run(["accept", str(stored), "--from-findings", *WHO]) == ExitCode.HOLDS
    found = outcomes(stored, "--waivers", "waivers.yaml")
    assert "fail" not in {each for every in found.values() for each in every}
    assert run(["check", str(stored), "-q", "--waivers", "waivers.yaml"]) == ExitCode.HOLDS


def test_a_dry_run_writes_nothing(stored: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["accept", str(stored), "--only", "NET-07", "--resource", "*/sites/app-aibase", "--dry-run", *WHO]
    assert run(arguments) == ExitCode.HOLDS
    out = capsys.readouterr().out
    assert out.count("- requirement:") == 1
    assert not Path("waivers.yaml").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--owner", "a", "--until", "2099-01-01", "--reason", "Known and planned."], "which findings are meant"),
        (["--only", "FOO-1", *WHO], "no such requirement"),
        (["--only", "CF-01", *WHO], "nothing to accept"),
        (["--only", "NET-07", "--owner", "a", "--until", "2001-01-01", "--reason", "Known."], "that day is over"),
        (["--only", "NET-07", "--owner", "a", "--until", "soon", "--reason", "Known."], "is no day"),
        (["--only", "NET-07", "--owner", "a", "--until", "2099-01-01", "--reason", "later"], "is no reason"),
    ],
)
def test_what_cannot_be_accepted_is_refused(
    stored: Path, here: Path, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    assert run(["accept", str(stored), *options]) == ExitCode.USAGE
    assert said in capsys.readouterr().err
    assert not Path("waivers.yaml").exists()


@pytest.mark.parametrize(
    ("before", "said"),
    [("waivers: []\n", "in brackets"), ("baseline: x\n", "no file of waivers"), ("- a\n", "no file of waivers")],
)
def test_a_file_that_takes_no_waiver_stays_as_it_is(
    stored: Path, here: Path, capsys: pytest.CaptureFixture[str], before: str, said: str
) -> None:
    Path("waivers.yaml").write_text(before)
    assert run(["accept", str(stored), "--only", "NET-07", *WHO]) == ExitCode.USAGE
    assert said in capsys.readouterr().err
    assert Path("waivers.yaml").read_text() == before


WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1).filter(str.strip)
ROWS = ("resource: '*'", "owner: me", "reason: Planned for June.", "expires: 2099-01-01")


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(owner=WORDS, reason=WORDS, indent=st.sampled_from([0, 2, 4]))
def test_whatever_the_words_are_they_are_read_back(owner: str, reason: str, indent: int, tmp_path: Path) -> None:
    path, pad = tmp_path / "w.yaml", " " * indent
    rows = "".join(f"{pad}  {row}\n" for row in ROWS)
    path.write_text(f"waivers:\n{pad}- requirement: REL-03\n{rows}", encoding="utf-8")
    failing = [f for f in RICH.findings if f.outcome is Outcome.FAIL]
    owner, reason = owner.strip(), f"Agreed in the review of May: {reason.strip()}"
    entries = [entry_of(f, owner, reason, date(2099, 1, 1)) for f in failing]
    path.write_text(with_waivers(path, entries, RICH.requirements), encoding="utf-8")
    found = read_waivers(path, RICH.requirements)
    assert len(found) == 1 + len(failing)
    for waiver, finding in zip(found[1:], failing, strict=True):
        assert (waiver.owner, waiver.reason) == (owner, reason)
        assert waiver.covers(finding.requirement, finding.verdict.resource, finding.verdict.aspect)
