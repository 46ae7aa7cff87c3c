"""The operations that Azure's providers are known to have: for real witnesses and for guessing what was meant."""

from __future__ import annotations

import gzip
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import NamedTuple


class Operation(NamedTuple):
    """An operation as its provider spells it, and whether it is a data action."""

    name: str
    is_data: bool


@cache
def known_operations() -> tuple[Operation, ...]:
    """Every operation of `facts/operations.txt.gz` (source and date stand in it), sorted. The list is not complete."""
    raw = files("auditor.facts").joinpath("operations.txt.gz").read_bytes()
    lines = gzip.decompress(raw).decode("utf-8").splitlines()
    rows = (line.partition("\t") for line in lines if line and not line.startswith("#"))
    return tuple(Operation(name, mark == "D") for name, _, mark in rows)


@cache
def names(data: bool) -> tuple[str, ...]:
    """The names of one plane."""
    return tuple(operation.name for operation in known_operations() if operation.is_data == data)


@cache
def _planes() -> dict[str, frozenset[bool]]:
    found: dict[str, frozenset[bool]] = {}
    for operation in known_operations():
        lowered = operation.name.lower()
        found[lowered] = found.get(lowered, frozenset()) | {operation.is_data}
    return found


def planes_of(operation: str) -> frozenset[bool]:
    """Whether an operation is a data action (`True`), a control action (`False`), both, or not known (empty)."""
    return _planes().get(operation.strip().lower(), frozenset())


def nearest(operation: str, most: int = 3) -> tuple[str, ...]:
    """Known operations that look like this one, the likeliest first."""
    spelled = {known.name.lower(): known.name for known in known_operations()}
    lowered = operation.strip().lower()
    namespaces = {name.partition("/")[0] for name in spelled}
    # A misspelt provider is mended first: comparing with all operations of all providers would take seconds.
    likely = get_close_matches(lowered.partition("/")[0], sorted(namespaces), 1, cutoff=0.6)
    close = [name for name in spelled if name.partition("/")[0] in likely]
    return tuple(spelled[name] for name in get_close_matches(lowered, close, most, cutoff=0.6))
