"""A bounded part of the search in every run; `make fuzz` goes on for as long as it is told."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.fuzz.judge import try_case
from tests.fuzz.search import search

pytestmark = pytest.mark.slow

BOUNDED = range(700, 722)
"""Seeds whose cases take some three seconds together and are of many kinds."""


@pytest.mark.parametrize("seed", BOUNDED)
def test_nothing_crashes_writes_elsewhere_or_is_refused_without_a_sentence(seed: int, tmp_path: Path) -> None:
    told = try_case(seed, tmp_path)
    assert told.problems == [], f"python -m tests.fuzz.search --replay {seed}"


def test_a_case_follows_from_its_seed(tmp_path: Path) -> None:
    contents = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        told = try_case(705, tmp_path / name)
        contents.append((told.kind, told.codes, told.problems))
    assert contents[0] == contents[1]


def test_a_search_is_told_with_its_figures() -> None:
    tally = search(range(700, 703))
    lines = "\n".join(tally.lines())
    assert sum(tally.inputs.values()) == 3
    assert lines.startswith("3 inputs, ")
    assert "exit codes: " in lines
    assert lines.endswith("no problem found")


@pytest.mark.fuzz
def test_the_long_search(capsys: pytest.CaptureFixture[str]) -> None:
    minutes = float(os.environ.get("MINUTES", "10"))
    seed = int(os.environ.get("AUDITOR_FUZZ_SEED", str(int(time.time()) * 1000)))
    with capsys.disabled():
        print(f"\nsearching for {minutes:g} minutes from seed {seed}", flush=True)  # noqa: T201
        tally = search(range(seed, seed + 10**9), time.monotonic() + minutes * 60)
        print("\n".join(tally.lines()), flush=True)  # noqa: T201
    assert not tally.problems
