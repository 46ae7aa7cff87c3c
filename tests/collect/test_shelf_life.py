"""What is read today is still read when Azure has retired the api-versions that this version was built with."""

from datetime import UTC, date, datetime, timedelta

import pytest

from auditor.collect.errors import lowest_above
from auditor.collect.reads.recipes import recipes
from auditor.facts import load
from tests.collecting import by_id, failed, serving, taken

NOTICE = timedelta(days=120)
"""How long before the end of an api-version a release has to be out that does without it."""


@pytest.mark.parametrize("end", load("arm-reads")["ends"], ids=lambda end: str(end["provider"]))
def test_no_read_is_pinned_to_a_version_that_ends_within_120_days(end: dict[str, str]) -> None:
    if datetime.now(UTC).date() + NOTICE < date.fromisoformat(end["ends"]):
        return
    late = [r for r in recipes() if r.covers.startswith(f"{end['provider']}/") and r.api_version[:10] < end["before"]]
    assert not late, f"Azure stops answering these on {end['ends']}: {[(r.type, r.api_version) for r in late]}"


@pytest.mark.parametrize("retired", ["2026-02-01", "2027-12-31"])
def test_every_read_is_answered_when_azure_has_retired_what_is_older(retired: str) -> None:
    with serving() as standin:
        before = taken(standin)
    with serving(retired=retired) as standin:
        after = taken(standin)
    assert not failed(after)
    assert by_id(after).keys() == by_id(before).keys()
    assert [r.covers for r in after.reads] == [r.covers for r in before.reads]
    assert [r.api_version for r in after.reads] != [r.api_version for r in before.reads]


@pytest.mark.parametrize(
    ("pinned", "offered", "chosen"),
    [
        ("2025-05-01", "2026-02-01 2026-03-01-preview 2026-05-15", "2026-02-01"),
        ("2025-05-01", "2025-05-01-preview 2026-01-01-preview", None),
        ("2025-05-01-preview", "2025-05-01", "2025-05-01"),
        ("2025-05-01", "2024-01-01 2025-05-01", None),
        ("2025-05-01", "latest ../../x", None),
    ],
)
def test_above_the_pin_the_nearest_stable_version_is_taken(pinned: str, offered: str, chosen: str | None) -> None:
    assert lowest_above(pinned, offered.split()) == chosen
