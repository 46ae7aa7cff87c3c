"""Facts about Azure as data, each file with its source and date."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

KEPT_FOR_DAYS = 365
"""How old a fact may get before it should be read again."""


@cache
def load(name: str) -> Any:
    """The JSON of `NAME.json` in this folder, read once. What it answers is shared: never change it."""
    return json.loads(files(__name__).joinpath(f"{name}.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Dated:
    """When a file of facts, or a part of it, was read at its source. `date` is as `2026-11-22`."""

    file: str
    part: str
    date: str
    source: str


def names() -> tuple[str, ...]:
    """Every file of facts by its name, sorted."""
    found = (entry.name for entry in files(__name__).iterdir() if entry.name.endswith(".json"))
    return tuple(sorted(name.removesuffix(".json") for name in found))


def dated() -> tuple[Dated, ...]:
    """Every date that the facts state, the oldest first; `part` is a JSON pointer, empty for a whole file."""
    found = (one for name in names() for one in _dated(name, "", load(name), ""))
    return tuple(sorted(found, key=lambda one: (one.date, one.file, one.part)))


def _dated(file: str, pointer: str, value: Any, source: str) -> Iterator[Dated]:
    if isinstance(value, dict):
        source = str(value.get("source") or source)
        for key, inner in value.items():
            if (key == "date" or key.endswith("_date")) and isinstance(inner, str):
                part = pointer if key == "date" else f"{pointer}/{key.removesuffix('_date')}"
                own = value.get(key.removesuffix("date") + "source") if key != "date" else source
                yield Dated(file, part, inner, str(own or source))
            else:
                yield from _dated(file, f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}", inner, source)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _dated(file, f"{pointer}/{index}", inner, source)
