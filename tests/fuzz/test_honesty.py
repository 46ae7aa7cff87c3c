"""An unusable value never becomes a silent pass."""

from __future__ import annotations

import pytest

from tests.fuzz.honesty import WORLDS, Spoiling, excused, passes_still, spoilings

pytestmark = pytest.mark.slow

STEP = 59
"""Every so many of some 1,700 replaced values are tried in every run, and all of them by `make fuzz`."""


def silent(spoiling: Spoiling) -> list[str]:
    """The verdicts that pass although what they rest on is unusable."""
    return [
        f"{found.requirement} {spoiling.kind} = {spoiling.garbage!r}: {found.verdict.message}"
        for found in passes_still(spoiling)
        if not excused(found, spoiling)
    ]


@pytest.mark.parametrize("world", WORLDS)
def test_what_rests_on_an_unusable_value_does_not_pass(world: str) -> None:
    some = list(spoilings(world))[::STEP]
    assert len(some) > 10
    assert [said for spoiling in some for said in silent(spoiling)] == []


@pytest.mark.fuzz
@pytest.mark.parametrize("world", WORLDS)
def test_nothing_at_all_that_rests_on_an_unusable_value_passes(world: str) -> None:
    assert [said for spoiling in spoilings(world) for said in silent(spoiling)] == []
