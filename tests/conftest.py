"""Which of the many cases of a test belong to the gate: see `sampled` under the markers in pyproject.toml."""

from __future__ import annotations

import zlib

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the option of `make test-whole`."""
    parser.addoption("--whole", action="store_true", help="run every case, also of the tests that are sampled")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what the sample leaves out. The draw hangs on the name of a case alone: it is the same everywhere."""
    if config.getoption("--whole") or any("::" in argument for argument in config.args):
        return
    kept = [item for item in items if _is_drawn(item)]
    drawn = set(kept)
    config.hook.pytest_deselected(items=[item for item in items if item not in drawn])
    items[:] = kept


def _is_drawn(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("sampled")
    # What stands in brackets names the case, so all that one function asks of one world is drawn together.
    case = item.name.partition("[")[2].rpartition("]")[0] if marker else ""
    return not case or zlib.crc32(case.encode()) % marker.args[0] == 0
