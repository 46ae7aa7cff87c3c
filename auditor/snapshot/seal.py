"""The order of a snapshot and the hash that tells whether its content is the one that was written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

from auditor.model import ArmId, Read
from auditor.snapshot.model import FORMAT, LATER_FIELDS, MAX_DEPTH, Snapshot, too_deep

_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode


def sealed(snapshot: Snapshot) -> Snapshot:
    """The same snapshot in its one order, with its hash.

    Documents are sorted by id and reads by path, without letter case; subscriptions and groups are sorted and
    without repetition. The same answers give the same snapshot in whatever order they arrived. Raises `ValueError`
    where a document has no id or nests too deep, or an id comes twice: whoever gathered them has to decide that.
    """
    ordered = replace(
        snapshot,
        documents=_ordered(snapshot.documents),
        reads=tuple(sorted(snapshot.reads, key=_place_of_read)),
        subscriptions=tuple(sorted({each.casefold() for each in snapshot.subscriptions})),
        resource_groups=tuple(sorted(set(snapshot.resource_groups), key=lambda each: (each.casefold(), each))),
    )
    return replace(ordered, sha256=digest(ordered, ordered.documents))


def digest(snapshot: Snapshot, documents: Iterable[Mapping[str, Any]]) -> str:
    """SHA-256, in hexadecimal, over everything that a verdict can rest on.

    What is hashed is one line of canonical JSON (keys sorted, no blanks, ASCII) for the envelope, without
    `sha256`, `provenance`, `documents` and of its reads the `seconds`, `request_id` and `body_sha256`, and then one
    such line for each document in the file's order. So indentation, line ends and the order of keys may change, and how
    long Azure took does not count.
    """
    total = hashlib.sha256()
    for line in _lines(snapshot, documents):
        total.update(line.encode("ascii"))
        total.update(b"\n")
    return total.hexdigest()


def envelope(snapshot: Snapshot) -> dict[str, Any]:
    """Everything but hash, provenance, reads and documents, under the names and in the order of the file."""
    return {
        "format": FORMAT,
        "collected_at": snapshot.collected_at,
        "source": snapshot.source,
        "cloud": snapshot.cloud,
        "tenant": snapshot.tenant,
        "subscriptions": list(snapshot.subscriptions),
        "resource_groups": list(snapshot.resource_groups),
        "complete": snapshot.complete,
    }


def record(read: Read) -> dict[str, Any]:
    """A read under the names and in the order of the file; the fields that came later only where they say something."""
    return {name: value for name, value in asdict(read).items() if value or name not in LATER_FIELDS}


def _lines(snapshot: Snapshot, documents: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    yield _canonical({**envelope(snapshot), "reads": [_timeless(read) for read in snapshot.reads]})
    for document in documents:
        yield _canonical(document)


def _timeless(read: Read) -> dict[str, Any]:
    return {name: value for name, value in record(read).items() if name not in _OF_THE_DAY}


_OF_THE_DAY = frozenset({"seconds", "request_id", "body_sha256"})
"""What differs between two reads that were answered alike."""


def _ordered(documents: Iterable[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    by_key: dict[str, Mapping[str, Any]] = {}
    for document in documents:
        text = document.get("id")
        if not isinstance(text, str) or not text:
            raise ValueError(f"a document has no id: {str(document)[:200]}")
        key = ArmId(text).key
        if key in by_key:
            raise ValueError(f"two documents have the id {text}")
        if too_deep(document):
            raise ValueError(f"{text} nests deeper than {MAX_DEPTH} levels")
        by_key[key] = document
    return tuple(by_key[key] for key in sorted(by_key))


def _place_of_read(read: Read) -> tuple[tuple[str, ...], str]:
    """Sorts reads by what they asked for; the rest decides between reads of the same."""
    places = (read.path, read.api_version, read.covers, read.scope)
    return tuple(place.casefold() for place in places), repr(read)
