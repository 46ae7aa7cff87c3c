"""Allowed roles: their owner, their last day, and those that match nothing."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from auditor.access.approved import AllowedRole, unmatched
from auditor.access.effective import access_of
from auditor.model import AuditorError
from auditor.settings.read import read_settings
from tests.builders.access_worlds import RG, give, guid, role
from tests.builders.estates import WHOLE, estate_of


def settings(tmp_path: Path, expires: str) -> Path:
    path = tmp_path / "settings.yaml"
    row = f"{{principal: ops, role: Owner, scope: '{RG}', why: emergencies, owner: Ada, expires: '{expires}'}}"
    path.write_text(f"allow:\n  roles:\n    - {row}\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(("day", "counts"), [("2027-06-29", True), ("2027-06-30", True), ("2027-07-01", False)])
def test_it_counts_up_to_its_last_day(tmp_path: Path, day: str, counts: bool) -> None:
    found = read_settings(settings(tmp_path, "2027-06-30"), as_of=date.fromisoformat(day))
    assert bool(found.roles) is counts
    if counts:
        assert found.roles[0].why == "emergencies; Ada, until 2027-06-30"
    else:
        assert any("its last day was 2027-06-30" in remark for remark in found.baseline.remarks)


def test_its_last_day_must_be_one(tmp_path: Path) -> None:
    with pytest.raises(AuditorError) as problem:
        read_settings(settings(tmp_path, "next summer"))
    assert "`expires`" in str(problem.value)


@pytest.mark.parametrize(
    ("principal", "named", "scope", "why"),
    [
        (guid("p"), "Owner", RG, None),
        (guid("p"), "Ownr", RG, "no role here is called Ownr"),
        (guid("q"), "Owner", RG, f"nothing here is assigned to {guid('q')}"),
        (guid("p"), "Owner", f"{RG}/x", "no such assignment is here"),
    ],
)
def test_what_matches_nothing_is_named_with_what_it_fails_by(
    principal: str, named: str, scope: str, why: str | None
) -> None:
    access = access_of(estate_of([role("Owner", ["*"]), give("p", "Owner", RG)], reads=(WHOLE,)))
    found = [reason for _, reason in unmatched([AllowedRole(principal, named, scope, "why")], access)]
    assert found == ([] if why is None else [why])
