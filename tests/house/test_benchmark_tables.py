"""The tables of docs/benchmarks.md: each measurement in its place, and other tables left alone."""

from __future__ import annotations

import re

import pytest

from benchmarks.scale import growth
from benchmarks.tables import recorded

PAGE = """# Page
<!-- measured: scale -->
old
<!-- end: scale -->
between
<!-- measured: flow -->
kept
<!-- end: flow -->
"""


def line(size: int, cpu: float) -> dict[str, object]:
    measured = {"cpu_seconds": cpu, "seconds": 2 * cpu, "peak_mib": 100, "written_kib": size}
    about = {"benchmark": "scale", "script": "scale", "size": size, "resources": size, "findings": size // 2}
    return {**about, "command": "check json", **measured}


def test_a_row_for_each_command_and_a_column_for_each_size() -> None:
    lines = [line(1000, 1.5), line(2000, 3.0)]
    lines += [{"script": "scale", **each} for each in growth(lines)]
    page = recorded(PAGE, lines)
    assert "| CPU seconds | 1,000 | 2,000 | power of growth |" in page
    assert "| `check json` | 1.5 | 3.0 | 1.0 |" in page
    assert "| findings | 500 | 1,000 |" in page
    assert re.search(r"\*Measured \d{4}-\d\d-\d\d; ", page)
    assert "old" not in page
    assert "between\n<!-- measured: flow -->\nkept\n" in page


def test_other_benchmarks_have_a_column_for_everything_they_tell() -> None:
    told = {"benchmark": "flow", "script": "flow", "rules": 1000, "flows_a_second": 12345, "ratio": 0.25}
    page = recorded(PAGE, [told, {**told, "rules": 20, "hit": True}])
    assert "| rules | flows a second | ratio | hit |" in page
    assert "| 1,000 | 12,345 | 0.25 | - |" in page
    assert "| 20 | 12,345 | 0.25 | yes |" in page
    assert "old" in page


def test_a_table_without_a_place_is_refused() -> None:
    with pytest.raises(ValueError, match="no place for reach"):
        recorded(PAGE, [{"benchmark": "reach", "script": "reach", "subnets": 1}])
