"""`--history` of check and scan, `auditor history`, and the trend on the page."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from auditor.cli import run
from auditor.commands.demo import deployment
from auditor.history.model import Tracked, Trend, TrendPoint
from auditor.history.report import json_ as trend_json
from auditor.history.report import terminal as trend_terminal
from auditor.history.report.svg import described, draw
from auditor.history.report.wording import span
from auditor.model import ExitCode, Outcome
from auditor.report import Context
from auditor.snapshot import write_snapshot
from auditor.standin import StandIn
from tests import worlds
from tests.builders.history_examples import at
from tests.builders.reporting_examples import EVIL, VAULT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two snapshots of one deployment: as it was, and mended four days later."""
    folder = tmp_path_factory.mktemp("snapshots")
    for name, file, day in (("reference-implementation", "first.json", "15"), ("compliant", "second.json", "19")):
        snapshot = replace(worlds.snapshot(name=name), collected_at=f"2024-07-{day}T09:00:00Z")
        write_snapshot(snapshot, folder / file)
    return folder


@pytest.fixture
def here(stored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("first", "second"):
        (tmp_path / f"{name}.json").symlink_to(stored / f"{name}.json")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def checked(file: str, *more: str) -> int:
    return run(["check", file, "--history", "audits.db", "-q", "-o", "report.html", *more])


def test_two_audits_become_a_trend(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert checked("first.json") == ExitCode.FAILS
    assert checked("second.json") == ExitCode.HOLDS
    assert checked("second.json") == ExitCode.HOLDS
    assert run(["history", "audits.db"]) == ExitCode.HOLDS
    out, err = capsys.readouterr()
    assert err == ""
    assert "2024-07-15 09:00" in out
    assert "2024-07-19 09:00" in out
    assert "Nothing is open." in out
    assert re.search(r"\d+ findings fixed, after 4 days on average\.", out)
    run(["history", "audits.db", "--format", "json"])
    (series,) = json.loads(capsys.readouterr().out)["series"]
    assert [one["at"] for one in series["runs"]] == ["2024-07-15T09:00:00Z", "2024-07-19T09:00:00Z"]
    assert series["open"] == []
    assert series["fixed"] == series["runs"][0]["summary"]["fail"]
    assert series["mean_time_to_fix"] == 4 * 86_400


def test_the_page_shows_the_trend_only_where_a_history_is_kept(here: Path) -> None:
    checked("first.json")
    assert "Over time" in Path("report.html").read_text()
    run(["check", "first.json", "-q", "-o", "plain.html"])
    assert "Over time" not in Path("plain.html").read_text()


def test_what_is_open_has_an_age_and_an_order(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checked("first.json")
    run(["history", "audits.db", "-o", "trend.json"])
    (series,) = json.loads(Path("trend.json").read_text())["series"]
    assert series["open"][0]["severity"] == "critical"
    assert {one["age"] for one in series["open"]} == {0}
    run(["history", "audits.db", "-v"])
    assert f"{len(series['open'])} open findings" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["history", "none.db"], "there is no such file"),
        (["history", "first.json"], "is no history of this program"),
        (["check", "first.json", "--history", "second.json"], "is no history of this program"),
        (["check", "first.json", "--history", "no/audits.db"], "its folder does not exist"),
        (["check", "first.json", "--history", "a.html", "-o", "a.html"], "would replace what it is made from"),
    ],
)
def test_bad_files_are_one_sentence_and_stay(
    here: Path, arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = Path("second.json").read_bytes()
    assert run(arguments) == ExitCode.USAGE
    err = capsys.readouterr().err
    assert says in err
    assert "Traceback" not in err
    assert Path("second.json").read_bytes() == before
    assert sorted(file.name for file in here.iterdir()) == ["first.json", "second.json"]


def test_a_report_does_not_replace_its_history(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checked("first.json")
    before = Path("audits.db").read_bytes()
    assert run(["history", "audits.db", "-o", "audits.db"]) == ExitCode.USAGE
    assert "would replace what it is made from" in capsys.readouterr().err
    assert Path("audits.db").read_bytes() == before


def test_scan_keeps_a_history_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with StandIn(deployment("reference-implementation")) as azure:
        for name, value in azure.environment().items():
            monkeypatch.setenv(name, value)
        command = ["scan", "--cloud", "public", "--arm-endpoint", azure.url, "--history", "audits.db", "-q"]
        before = len(azure.requests)
        Path("bad.db").write_text("nothing")
        assert run([*command[:-3], "--history", "bad.db"]) == ExitCode.USAGE
        assert len(azure.requests) == before, "told before anything is read"
        assert run([*command, "-o", "r.json"]) == ExitCode.FAILS
    run(["history", "audits.db", "-o", "trend.json"])
    (series,) = json.loads(Path("trend.json").read_text())["series"]
    assert series["runs"][0]["summary"] == json.loads(Path("r.json").read_text())["summary"]


# --- reports ----------------------------------------------------------------------------------------------------------


def tracked(text: str = "kv is open", **more: object) -> Tracked:
    life = Tracked("f" * 64, "PUB-05", VAULT.text, "high", "must", text, at(0), at(0))
    return replace(life, **more)  # type: ignore[arg-type]


def points(*fails: int) -> tuple[TrendPoint, ...]:
    return tuple(TrendPoint(at(day), f"{day}", {Outcome.FAIL: number}) for day, number in enumerate(fails))


def test_the_terminal_tells_of_every_part() -> None:
    findings = (
        tracked(reopened=2, fixes=(timedelta(days=1), timedelta(days=3))),
        tracked(requirement="CF-01", open_since=None, fixes=(timedelta(days=2),), reopened=1),
    )
    series = Trend("sub-1", "openai-chat", (*points(3, 1), replace(points(2)[0], at=at(2), complete=False)), findings)
    out = trend_terminal.render([series, Trend("sub-2", "openai-chat", points(0))])
    assert "+1 incomplete" in out
    assert "1 open finding\n" in out
    assert "open again (2x)" in out
    assert "3 findings fixed, after 2 days on average." in out
    assert " - came back 2 times, open again: PUB-05 on kv-chat" in out
    assert " - came back once, fixed again: CF-01 on kv-chat" in out
    assert "Nothing that failed has been fixed yet." in out


def test_the_terminal_shows_the_newest_runs_and_the_worst_findings_unless_told() -> None:
    series = Trend("", "b", points(*range(30)), tuple(tracked(f"message {n}") for n in range(20)))
    short, full = trend_terminal.render([series]), trend_terminal.render([series], Context(verbose=True, color=True))
    assert "2026-11-01" not in short.partition("open findings")[0]
    assert "and 5 more findings; --verbose shows all" in short
    assert "no subscription named" in short
    assert "message 19" in full
    assert "\x1b" in full
    assert trend_terminal.render([]) == "no audit is kept in this history yet\n"


def test_a_finding_on_no_resource_and_a_waived_one() -> None:
    series = Trend("s", "b", points(1), (tracked(resource=""), tracked(accepted=True)))
    assert "the workload: kv is open" in trend_terminal.render([series])
    document = json.loads(trend_json.render([series]))["series"][0]
    assert (len(document["open"]), len(document["waived"])) == (1, 1)
    assert document["open"][0]["resource"] is None


@pytest.mark.parametrize(
    ("time", "says"),
    [
        (timedelta(), "0 minutes"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(minutes=119), "1 hour"),
        (timedelta(hours=47), "1 day"),
        (timedelta(days=1200), "1,200 days"),
    ],
)
def test_spans_in_words(time: timedelta, says: str) -> None:
    assert span(time) == says


def test_the_picture_is_sound_and_says_itself_in_words() -> None:
    series = Trend("s", "b", points(4, 0, 2), (tracked(fixes=(timedelta(days=1),)),))
    root = ET.fromstring(draw(series))
    label = "3 audits from 2026-11-01 to 2026-11-03: 4 failed at first, 2 fail now; fixing took 1 day on average"
    assert root.attrib["aria-label"] == label
    bars = [part.attrib for group in root.iter("g") for part in group.iter("rect")]
    assert [bar["class"] for bar in bars] == ["fill-fail", "fill-pass", "fill-fail"]
    assert float(bars[0]["height"]) == 2 * float(bars[2]["height"])
    titles = [title.text for title in root.iter("title")]
    assert titles == ["2026-11-01: 4 fail", "2026-11-02: nothing wrong", "2026-11-03: 2 fail"]
    assert "style" not in draw(series)


def test_the_picture_of_many_audits_shows_the_newest_and_of_none_is_none() -> None:
    assert draw(Trend("s", "b", ())) == ""
    assert draw(Trend("s", "b", points(*range(1, 90)))).count("<title>") == 60


@pytest.mark.parametrize("number", [1, 2, 3, 8, 20, 60])
def test_days_under_the_picture_neither_overlap_nor_leave_it(number: int) -> None:
    root = ET.fromstring(draw(Trend("s", "b", points(*range(number)))))
    days = sorted(float(text.attrib["x"]) for text in root.iter("text") if (text.text or "").startswith("2026"))
    assert days
    assert all(later - earlier >= 66 for earlier, later in pairwise(days))
    assert days[0] - 33 >= 0
    assert days[-1] + 33 <= float(root.attrib["width"])


def test_one_audit_is_no_development() -> None:
    assert described(Trend("s", "b", points(4))) == "1 audit, of 2026-11-01: 4 fail"


@pytest.mark.parametrize("evil", EVIL)
def test_names_cannot_steer_a_history(evil: str) -> None:
    series = Trend(evil, evil, points(1), (tracked(evil, resource=f"/x/{evil}", reopened=1),))
    for text in (trend_terminal.render([series]), trend_json.render([series]), draw(series)):
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "##vso[" not in text
    assert json.loads(trend_json.render([series]))["series"][0]["scope"] == evil
    ET.fromstring(draw(series))
