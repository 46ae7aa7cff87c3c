"""What makes a green run worth less is warned of and noted, and a gate bounds what it takes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auditor.cli import run
from auditor.model import ExitCode
from auditor.snapshot import read_snapshot, write_snapshot
from tests import worlds

WAIVER = """\
waivers:
  - requirement: "{requirement}"
    resource: "{resource}"
    owner: dana.whitfield@contoso.com
    reason: the release after the next one closes it
    expires: {expires}
"""
DAY = "2024-07-20"
"""The day of these audits; the snapshot is from 2024-07-15."""


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reference deployment as a snapshot file of a stated time."""
    path = tmp_path_factory.mktemp("snapshots") / "s.json"
    write_snapshot(replace(worlds.snapshot(), collected_at="2024-07-15T09:00:00Z"), path)
    return path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to run in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def waived(requirement: str, resource: str, expires: str) -> None:
    text = WAIVER.format(requirement=requirement, resource=resource, expires=expires)
    Path("w.yaml").write_text(text, encoding="utf-8")


def notes() -> list[str]:
    found: dict[str, Any] = json.loads(Path("r.json").read_text(encoding="utf-8"))
    said: list[str] = found["notes"]
    return said


def check(stored: Path, *arguments: str) -> int:
    return run(["check", str(stored), "--as-of", DAY, "-o", "r.json", *arguments])


EVERYTHING = "every requirement on every resource is waived"


@pytest.mark.parametrize(
    ("requirement", "resource", "warned"),
    [
        ("*", "*", True),
        ("**", "/subscriptions/*", True),
        ("*-*", "*/providers/*", True),
        ("*", "*/subnets/snet-jumpbox", False),
    ],
)
def test_a_waiver_of_everything_is_warned_of_and_noted(
    stored: Path, here: Path, capsys: pytest.CaptureFixture[str], requirement: str, resource: str, warned: bool
) -> None:
    waived(requirement, resource, "2024-09-30")
    check(stored, "--waivers", "w.yaml")
    errors = capsys.readouterr().err
    assert (EVERYTHING in errors) is warned
    assert ("warning: " in errors) is warned
    assert any(EVERYTHING in note for note in notes()) is warned


@pytest.mark.parametrize(
    ("requirement", "resource", "warned"),
    [("NSG-*", "*", True), ("*", f"{worlds.subscription()}/*", True), ("NSG-JMP-OUT", "*", False)],
)
def test_a_pattern_that_takes_many_requirements_out_is_warned_of_and_noted(
    stored: Path, here: Path, capsys: pytest.CaptureFixture[str], requirement: str, resource: str, warned: bool
) -> None:
    waived(requirement, resource, "2024-09-30")
    check(stored, "--waivers", "w.yaml")
    assert ("requirements are waived by one pattern" in capsys.readouterr().err) is warned
    assert any("requirements are waived by one pattern" in note for note in notes()) is warned


@pytest.mark.parametrize("day", ["20240930", "2024-W40-1", "2024-09-30T00:00:00+14:00", "9-9-9", "\uff12024-09-30"])
def test_a_day_has_one_form(stored: Path, here: Path, capsys: pytest.CaptureFixture[str], day: str) -> None:
    waived("NSG-JMP-OUT", "*", f'"{day}"')
    assert check(stored, "--waivers", "w.yaml") == 2
    assert "must be a day such as" in capsys.readouterr().err
    assert run(["check", str(stored), "--as-of", day]) == 2


def test_a_snapshot_that_is_yet_to_come_is_warned_of_and_no_history_holds_it(
    stored: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = read_snapshot(stored)
    write_snapshot(replace(whole, collected_at="9998-12-31T00:00:00Z", path="", text="", offsets={}), here / "f.json")
    run(["check", "f.json", "-o", "r.json"])
    assert "after the day of this audit" in capsys.readouterr().err
    assert any("after the day of this audit" in note for note in notes())
    assert run(["check", "f.json", "--history", "h.db", "-o", "r.json"]) == 2
    assert "which is yet to come" in capsys.readouterr().err


@pytest.mark.parametrize(("expires", "warned"), [("2025-07-21", False), ("2025-07-22", True), ("9999-12-31", True)])
def test_a_waiver_for_more_than_a_year_is_warned_of_and_noted(
    stored: Path, here: Path, capsys: pytest.CaptureFixture[str], expires: str, warned: bool
) -> None:
    waived("NSG-JMP-OUT", "*/subnets/snet-jumpbox", expires)
    check(stored, "--waivers", "w.yaml")
    assert ("which is more than a year" in capsys.readouterr().err) is warned
    assert any("which is more than a year" in note for note in notes()) is warned


def test_no_format_with_waivers_in_it_hides_one_of_everything(stored: Path, here: Path) -> None:
    waived("*", "*", "2024-09-30")
    formats = ("csv", "github", "html", "junit", "markdown", "ocsf", "sarif", "terminal")
    also = [f"--also={name}=r.{name}.txt" for name in formats]
    assert check(stored, "--waivers", "w.yaml", *also) == ExitCode.HOLDS
    for name in formats:
        text = " ".join(Path(f"r.{name}.txt").read_text(encoding="utf-8").split())
        assert EVERYTHING in text, name


def test_a_long_owner_does_not_push_the_warning_out_of_a_report(stored: Path, here: Path) -> None:
    waived("*", "*", "9999-12-31")
    text = Path("w.yaml").read_text(encoding="utf-8").replace("dana.whitfield", "d" * 3000)
    Path("w.yaml").write_text(text, encoding="utf-8")
    check(stored, "--waivers", "w.yaml", "--also", "markdown=r.md", "--also", "terminal=r.txt")
    for name in ("r.md", "r.txt"):
        said = " ".join(Path(name).read_text(encoding="utf-8").split())
        assert EVERYTHING in said
        assert "which is more than a year" in said


def test_a_check_that_nothing_fails_says_so_wherever_that_was_asked(
    stored: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = "nothing makes this check fail (fail_on: never)"
    Path("auditor.yaml").write_text("fail_on: never\n", encoding="utf-8")
    for arguments in (["--fail-on", "never"], ["--settings", "auditor.yaml"]):
        assert check(stored, *arguments) == ExitCode.HOLDS
        assert f"warning: {said}" in capsys.readouterr().err
        assert notes()[0].startswith(said)
    check(stored, "--settings", "auditor.yaml", "--fail-on", "must")
    assert said not in capsys.readouterr().err


def test_what_settings_leave_out_is_warned_of(stored: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = "{OPS-04: {disabled: true, reason: the platform team registers flows}}"
    Path("auditor.yaml").write_text(f"requirements: {rows}\n", encoding="utf-8")
    check(stored, "--settings", "auditor.yaml")
    assert "warning: OPS-04 is not checked: the settings disable it" in capsys.readouterr().err
    assert any(note.startswith("OPS-04 is not checked") for note in notes())
    check(stored, "--settings", "auditor.yaml", "-q")
    assert capsys.readouterr().err == ""


def test_a_gate_bounds_how_long_waivers_may_last(stored: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    waived("NSG-JMP-OUT", "*/subnets/snet-jumpbox", "2024-09-30")
    assert check(stored, "--waivers", "w.yaml", "--max-waiver-days", "72") == ExitCode.FAILS
    capsys.readouterr()
    Path("r.json").unlink()
    assert check(stored, "--waivers", "w.yaml", "--max-waiver-days", "71") == ExitCode.USAGE
    errors = capsys.readouterr().err
    assert "w.yaml:2:5: the waiver of NSG-JMP-OUT on */subnets/snet-jumpbox lasts until 2024-09-30" in errors
    assert "72 more days; --max-waiver-days allows 71" in errors
    assert not Path("r.json").exists()
    # Neither a file of settings nor an expired waiver is a way round it.
    Path("auditor.yaml").write_text("waivers: w.yaml\n", encoding="utf-8")
    assert check(stored, "--settings", "auditor.yaml", "--max-waiver-days", "0") == ExitCode.USAGE
    waived("NSG-JMP-OUT", "*/subnets/snet-jumpbox", "2024-07-19")
    assert check(stored, "--waivers", "w.yaml", "--max-waiver-days", "0") == ExitCode.FAILS


def test_a_scan_is_bounded_before_it_reads_anything(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    waived("NSG-JMP-OUT", "*/subnets/snet-jumpbox", "2024-09-30")
    asked = ["scan", "--subscription", "00000000-0000-4000-8000-000000000001", "--as-of", DAY, "--waivers", "w.yaml"]
    assert run([*asked, "--max-waiver-days", "7"]) == ExitCode.USAGE
    assert "72 more days; --max-waiver-days allows 7" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("as_of", "most", "said"),
    [
        ("2024-07-20", "5", ""),
        ("2024-07-20", "4", "was collected on 2024-07-15T09:00:00Z, 5 days before 2024-07-20; --max-age allows 4"),
        ("2024-07-15", "0", ""),
        ("2024-07-14", "9", "was collected on 2024-07-15T09:00:00Z, after the day of this check, 2024-07-14"),
    ],
)
def test_a_gate_bounds_how_old_a_snapshot_may_be(
    stored: Path, here: Path, capsys: pytest.CaptureFixture[str], as_of: str, most: str, said: str
) -> None:
    code = run(["check", str(stored), "-q", "-o", "r.json", "--as-of", as_of, "--max-age", most])
    assert code == (ExitCode.USAGE if said else ExitCode.FAILS)
    assert said in capsys.readouterr().err
    assert Path("r.json").exists() is not bool(said)


def test_a_snapshot_without_a_time_is_not_young(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_snapshot(replace(worlds.snapshot(), collected_at=""), Path("s.json"))
    assert run(["check", "s.json", "--max-age", "9999"]) == ExitCode.USAGE
    assert "does not say when it was collected" in capsys.readouterr().err


def test_one_place_says_what_a_result_rests_on(stored: Path, here: Path) -> None:
    waived("NSG-JMP-OUT", "*/subnets/snet-jumpbox", "2024-09-30")
    Path("settings.yaml").write_text(
        "fail_on: high\n"
        "waivers: w.yaml\n"
        "parts: {storage: ['*/storageAccounts/stmlaibase']}\n"
        "requirements: {NET-02: {disabled: true, reason: another team owns the account and checks it}}\n"
    )
    check(stored, "--settings", "settings.yaml")
    found = json.loads(Path("r.json").read_text(encoding="utf-8"))
    assert any(note.startswith("what this result rests on") for note in found["notes"]), found["notes"]
    said = " | ".join(found["rests_on"])
    for word in ("is high", "NSG-JMP-OUT", "plays the part storage", "NET-02 is not checked"):
        assert word in said, word
    check(stored)
    assert json.loads(Path("r.json").read_text(encoding="utf-8"))["rests_on"] == []
