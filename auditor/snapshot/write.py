"""A snapshot to a file, whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from auditor.snapshot.atomic import replace_file
from auditor.snapshot.model import Snapshot
from auditor.snapshot.seal import envelope, record, sealed

_INDENT = "  "
_compact = json.JSONEncoder(separators=(",", ":"), allow_nan=False)
_pretty = json.JSONEncoder(indent=len(_INDENT), allow_nan=False)


def write_snapshot(snapshot: Snapshot, path: Path | str) -> str:
    """Write a snapshot atomically; answer its hash.

    Fixed order and indentation make two files comparable line by line; inside a document the keys stay as Azure
    sent them. The text is ASCII, so that a column is the same number in every editor and no control character of a
    resource's name reaches a terminal. Raises `AuditorError` where the file cannot be written, and `ValueError` where a
    document has no id, an id comes twice, or a number is not finite.
    """
    whole = sealed(snapshot)
    replace_file(Path(path), (chunk.encode("ascii") for chunk in rendered(whole)))
    return whole.sha256


def rendered(snapshot: Snapshot) -> Iterator[str]:
    """The text of a sealed snapshot, one piece a document, so that the whole text is never in memory."""
    yield "{\n"
    for name, value in {**envelope(snapshot), "sha256": snapshot.sha256}.items():
        yield f'{_INDENT}"{name}": {_indented(value, 1)},\n'
    if snapshot.provenance is not None:
        yield f'{_INDENT}"provenance": {_indented(asdict(snapshot.provenance), 1)},\n'
    yield f'{_INDENT}"reads": ['
    yield from _items(record(read) for read in snapshot.reads)
    yield f'],\n{_INDENT}"documents": ['
    yield from _items(iter(snapshot.documents))
    yield "]\n}\n"


def _items(values: Iterator[Any]) -> Iterator[str]:
    separator = "\n"
    for value in values:
        yield f"{separator}{_INDENT * 2}{_indented(value, 2)}"
        separator = ",\n"
    if separator != "\n":
        yield f"\n{_INDENT}"


def _indented(value: Any, depth: int) -> str:
    text = _compact.encode(value)
    # msgspec lays out the same text ten times quicker, but refuses halves of surrogate pairs.
    text = _pretty.encode(value) if "\\ud" in text else msgspec.json.format(text, indent=len(_INDENT))
    # Line ends inside strings are escaped, so every raw one is the encoder's own.
    return text.replace("\n", "\n" + _INDENT * depth)
