"""A history tells how long findings have been open, what was mended and what came back; and refuses what is none."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.history import record, trend_of, trends, usable
from auditor.history.model import Tracked, Trend
from auditor.history.schema import APPLICATION_ID, STEPS, migrate, version_of
from auditor.history.store import reading, writing
from auditor.model import AuditorError, AuditResult, ExitCode, Outcome, Waiver
from tests.builders.history_examples import at, audited, found
from tests.builders.reporting_examples import RICH

DAY = timedelta(days=1)
F, P, U, W, E, GONE = Outcome.FAIL, Outcome.PASS, Outcome.UNKNOWN, Outcome.WAIVED, Outcome.ERROR, None


def kept(path: Path, *results: AuditResult) -> Trend:
    for result in results:
        record(path, result, at(100))
    (trend,) = trends(path)
    return trend


def lived(path: Path, outcomes: Sequence[Outcome | None]) -> Trend:
    """One finding through a series of runs, a day apart; `GONE` leaves it out."""
    runs = [
        audited(day, *([found("PUB-05", "kv", outcome)] if outcome is not None else []))
        for day, outcome in enumerate(outcomes)
    ]
    return kept(path, *runs)


@pytest.mark.parametrize(
    ("outcomes", "open_since", "first_seen", "fixes", "reopened"),
    [
        ([F], 0, 0, [], 0),
        ([P, F], 1, 1, [], 0),
        ([F, F, F], 0, 0, [], 0),
        ([F, P], None, 0, [1], 0),
        ([F, F, P], None, 0, [2], 0),
        ([F, GONE], None, 0, [1], 0),
        ([F, Outcome.NOT_APPLICABLE], None, 0, [1], 0),
        ([F, P, F], 2, 0, [1], 1),
        ([F, P, P, F, P], None, 0, [1, 1], 1),
        ([F, P, F, P, F], 4, 0, [1, 1], 2),
        ([F, U, F], 0, 0, [], 0),  # what could not be determined neither mends nor opens
        ([F, U], 0, 0, [], 0),
        ([F, U, P], None, 0, [2], 0),
        ([F, E, F], 0, 0, [], 0),
        ([U, F], 1, 1, [], 0),
        ([W, P], None, 0, [1], 0),
        ([F, W, F], 0, 0, [], 0),  # bearing it does not mend it
    ],
)
def test_the_life_of_a_finding(
    tmp_path: Path,
    outcomes: list[Outcome | None],
    open_since: int | None,
    first_seen: int,
    fixes: list[int],
    reopened: int,
) -> None:
    trend = lived(tmp_path / "h.db", outcomes)
    (life,) = trend.findings
    assert life.first_seen == at(first_seen)
    assert life.open_since == (at(open_since) if open_since is not None else None)
    assert [fix / DAY for fix in life.fixes] == fixes
    assert life.reopened == reopened
    assert life.open is (open_since is not None)
    assert trend.fixed == len(fixes)
    assert trend.mean_time_to_fix == (sum(fixes) / len(fixes) * DAY if fixes else None)
    assert trend.age(life) == (at(len(outcomes) - 1) - at(open_since) if open_since is not None else timedelta())


def test_a_waived_finding_is_not_open_and_not_mended(tmp_path: Path) -> None:
    (life,) = lived(tmp_path / "h.db", [F, W]).findings
    assert not life.open
    assert life.accepted
    assert life.open_since == at(0)
    assert life.fixes == ()


def test_a_finding_that_never_failed_is_not_followed(tmp_path: Path) -> None:
    assert lived(tmp_path / "h.db", [P, U, P]).findings == ()


def test_a_finding_that_is_absent_while_its_requirement_could_not_be_told_is_not_mended(tmp_path: Path) -> None:
    unread = audited(1, found("PUB-05", "", U))
    trend = kept(tmp_path / "h.db", audited(0, found("PUB-05", "kv")), unread, audited(2, found("PUB-05", "kv")))
    (life,) = trend.open
    assert life.open_since == at(0)
    assert trend.fixed == 0


def test_a_finding_that_is_absent_from_an_incomplete_snapshot_is_not_mended(tmp_path: Path) -> None:
    trend = kept(tmp_path / "h.db", audited(0, found("PUB-05", "kv")), audited(1, complete=False))
    assert len(trend.open) == 1
    assert [point.complete for point in trend.points] == [True, False]


def test_runs_are_told_in_the_order_of_their_snapshots_whenever_they_were_kept(tmp_path: Path) -> None:
    trend = kept(tmp_path / "h.db", audited(2), audited(0, found("PUB-05", "kv")), audited(1, found("PUB-05", "kv")))
    assert [point.at for point in trend.points] == [at(0), at(1), at(2)]
    assert [point.summary[F] for point in trend.points] == [1, 1, 0]
    assert trend.mean_time_to_fix == 2 * DAY
    assert trend.as_of == at(2)


def test_the_same_snapshot_twice_is_one_run_and_the_newer_result_counts(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    first = audited(0, found("PUB-05", "kv"), found("PUB-07", "st"))
    kept(path, first, first)
    waived = replace(first.findings[0], waiver=Waiver("PUB-05", "*", "me", "why", at(9).date()))
    trend = kept(path, replace(first, findings=(waived,)))
    (point,) = trend.points
    assert point.summary[W] == 1
    assert [(life.requirement, life.accepted) for life in trend.findings] == [("PUB-05", True)]


def test_what_covers_something_else_is_another_series(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    whole, other, narrow = (
        audited(0, found("PUB-05", "kv")),
        audited(1, subscriptions=("sub-2",)),
        audited(2, resource_groups=("RG-chat",)),
    )
    mine = replace(audited(3), baseline=replace(whole.baseline, name="mine"))
    for result in (whole, other, narrow, mine):
        record(path, result, at(100))
    assert [(t.baseline, t.scope) for t in trends(path)] == [
        ("mine", "sub-1"), ("openai-chat", "sub-1"), ("openai-chat", "sub-1 (rg-chat)"), ("openai-chat", "sub-2"),
    ]  # fmt: skip
    # Nobody looked for the finding in the other runs, so it is open still.
    assert len(trend_of(path, whole).open) == 1
    assert trend_of(path, other).findings == ()


def test_a_snapshot_without_a_time_is_taken_for_one_of_the_moment(tmp_path: Path) -> None:
    trend = kept(tmp_path / "h.db", audited(0, collected_at=""))
    assert trend.as_of == at(100)


def test_two_workloads_that_share_a_resource_are_two(tmp_path: Path) -> None:
    one, two = (found("PUB-05", "kv", workload=name) for name in ("chat", "other"))
    trend = kept(tmp_path / "h.db", audited(0, one, two), audited(1, one))
    assert len(trend.open) == 1
    assert trend.fixed == 1


def test_of_two_findings_of_one_name_the_worse_counts(tmp_path: Path) -> None:
    for n, order in enumerate(([P, F, U], [F, U, P], [U, P, F])):
        findings = [found("PUB-05", "kv", outcome) for outcome in order]
        (life,) = kept(tmp_path / f"{n}.db", audited(0, *findings)).findings
        assert life.open
        assert life.message == "PUB-05 of kv is fail"


def test_what_is_open_is_told_worst_and_oldest_first(tmp_path: Path) -> None:
    trend = kept(
        tmp_path / "h.db",
        audited(0, found("A", "x", severity="low"), found("B", "x")),
        audited(
            1, found("A", "x", severity="low"), found("B", "x"), found("C", "x"), found("D", "x", severity="critical")
        ),
    )
    assert [life.requirement for life in trend.open] == ["D", "B", "C", "A"]


def test_a_whole_result_is_kept_with_every_outcome(tmp_path: Path) -> None:
    trend = kept(tmp_path / "h.db", RICH)
    assert trend.points[0].summary == RICH.summary
    assert len([life for life in trend.findings if life.open]) == RICH.summary[F]
    with reading(tmp_path / "h.db") as connection:
        assert connection.execute("SELECT count(*) FROM seen").fetchone()[0] == len(
            {f.fingerprint for f in RICH.findings}
        )


_OUTCOMES = st.sampled_from([F, P, U, W, GONE, Outcome.NOT_APPLICABLE])


@settings(max_examples=40, deadline=None)
@given(st.lists(_OUTCOMES, min_size=1, max_size=7), st.randoms(use_true_random=False))
def test_the_order_of_keeping_and_keeping_again_make_no_difference(
    tmp_path_factory: pytest.TempPathFactory, outcomes: list[Outcome | None], dice: object
) -> None:
    folder = tmp_path_factory.mktemp("order")
    runs = [
        audited(day, *([found("PUB-05", "kv", outcome)] if outcome is not None else []))
        for day, outcome in enumerate(outcomes)
    ]
    straight = kept(folder / "a.db", *runs)
    mixed = [*runs, *runs[:2]]
    dice.shuffle(mixed)  # type: ignore[attr-defined]
    assert kept(folder / "b.db", *mixed) == straight
    (life,) = straight.findings or (None,)
    if life is not None:
        closed = sum((fix for fix in life.fixes), timedelta())
        running = straight.age(life)
        assert closed + running <= at(len(outcomes) - 1) - at(0)
        assert life.reopened in (len(life.fixes), len(life.fixes) - 1)


# --- files ------------------------------------------------------------------------------------------------------------


def sqlite_file(path: Path, *statements: str) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    return path


def bad_files(folder: Path) -> dict[str, tuple[Path, str]]:
    text = folder / "text.db"
    text.write_text('{"format": "auditor-snapshot/1"}')
    cut = folder / "cut.db"
    record(cut, RICH, at(0))
    cut.write_bytes(cut.read_bytes()[:6000])
    return {
        "a text": (text, "is no SQLite file"),
        "another program's": (sqlite_file(folder / "foreign.db", "CREATE TABLE t (a)"), "of another program"),
        "another program's, marked": (
            sqlite_file(folder / "marked.db", "PRAGMA application_id = 7", "CREATE TABLE t (a)"),
            "of another program",
        ),
        "a newer one": (
            sqlite_file(folder / "newer.db", f"PRAGMA application_id = {APPLICATION_ID}", "PRAGMA user_version = 99"),
            "was written by a newer auditor (version 99 of its tables",
        ),
        "a damaged one": (cut, "is damaged"),
        "a folder": (folder, "is no file"),
    }


BAD = ("a text", "another program's", "another program's, marked", "a newer one", "a damaged one", "a folder")


@pytest.mark.parametrize("which", BAD)
def test_a_bad_file_is_one_sentence_and_stays_as_it_was(tmp_path: Path, which: str) -> None:
    path, says = bad_files(tmp_path)[which]
    before = path.read_bytes() if path.is_file() else b""
    for attempt in (lambda: record(path, RICH, at(1)), lambda: trends(path)):
        with pytest.raises(AuditorError) as told:
            attempt()
        assert says in told.value.message
        assert str(path) in told.value.message
        assert "\n" not in told.value.message
        assert told.value.exit_code is ExitCode.USAGE
    assert (path.read_bytes() if path.is_file() else b"") == before
    assert not list(tmp_path.glob("*-journal"))


def test_a_place_that_cannot_hold_a_file(tmp_path: Path) -> None:
    with pytest.raises(AuditorError, match="its folder does not exist"):
        usable(tmp_path / "no" / "h.db")
    with pytest.raises(AuditorError, match="there is no such file"):
        trends(tmp_path / "none.db")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_can_become_a_history(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    path.touch()
    assert trends(path) == ()
    assert path.stat().st_size == 0
    assert len(kept(path, audited(0)).points) == 1


def test_names_that_mean_something_in_an_address(tmp_path: Path) -> None:
    path = tmp_path / "a b?mode=memory#x%41.db"
    kept(path, audited(0))
    assert path.stat().st_size > 0


def test_reading_changes_nothing_and_needs_no_right_to_write(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    kept(path, audited(0, found("PUB-05", "kv")))
    before = path.read_bytes()
    path.chmod(0o444)
    tmp_path.chmod(0o555)
    try:
        assert len(trends(path)) == 1
    finally:
        tmp_path.chmod(0o755)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["h.db"]
    with reading(path) as connection, pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("DELETE FROM run")


def test_an_older_file_is_read_as_it_is_and_brought_up_to_date_by_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "h.db"
    kept(path, audited(0, found("PUB-05", "kv")))
    newer = (*STEPS, "ALTER TABLE run ADD COLUMN note TEXT; CREATE INDEX seen_by_outcome ON seen (outcome)")
    for module in ("schema", "store"):
        monkeypatch.setattr(f"auditor.history.{module}.STEPS", newer)
    monkeypatch.setattr("auditor.history.store.migrate", lambda connection: migrate(connection, newer))
    before = path.read_bytes()
    assert len(trends(path)) == 1
    assert path.read_bytes() == before
    trend = kept(path, audited(1))
    assert [point.at for point in trend.points] == [at(0), at(1)]
    with reading(path) as connection:
        assert version_of(connection) == len(newer)
        assert connection.execute("SELECT note FROM run").fetchall() == [(None,), (None,)]
    monkeypatch.undo()
    with pytest.raises(AuditorError, match="was written by a newer auditor"):
        trends(path)


def test_a_step_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    kept(path, audited(0))
    before = path.read_bytes()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError):
            migrate(connection, (*STEPS, "CREATE TABLE extra (a); CREATE TABLE run (b)"))
        connection.execute("ROLLBACK")
    assert path.read_bytes() == before


def test_a_run_that_is_broken_off_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    kept(path, audited(0))

    def broken_off() -> None:
        with writing(path) as connection:
            connection.execute("DELETE FROM run")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken_off()
    (trend,) = trends(path)
    assert len(trend.points) == 1


def test_a_writer_that_never_ends_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "h.db"
    kept(path, audited(0))
    monkeypatch.setattr("auditor.history.store.WAIT", 0.05)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(AuditorError, match="another run has been writing"):
            record(path, audited(1), at(1))
        assert len(trends(path)) == 1
        other.execute("ROLLBACK")


def test_an_empty_trend_has_no_moment() -> None:
    empty = Trend("s", "b", ())
    nothing = Tracked("f", "r", "", "low", "must", "", at(0), at(0))
    assert empty.as_of is None
    assert empty.age(nothing) == timedelta()
