"""From a place (document and JSON pointer) to line and column, by walking only the document that is asked about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from auditor.model import ArmId, Place
from auditor.snapshot.model import Position, Snapshot
from auditor.snapshot.strict import Cursor
from auditor.snapshot.text import Text

_INDEX = re.compile("0|[1-9][0-9]{0,8}")
"""RFC 6901, section 4: digits without leading zeros; no list here is longer."""


def locate(snapshot: Snapshot, place: Place) -> Position | None:
    """Where the value stands in the snapshot's file; an absent value is at its nearest existing parent.

    `None` where the snapshot was not read from a file or has no such document.
    """
    return positions_of(snapshot, [place]).get(place)


def positions_of(snapshot: Snapshot, places: Iterable[Place]) -> dict[Place, Position]:
    """As `locate`, of many places; those that have no position are left out."""
    source = Text(snapshot.path, snapshot.text)
    offsets: dict[Place, int] = {}
    walked: dict[tuple[int, str], int | None] = {}
    for place in places:
        start = snapshot.offsets.get(place.document)
        if start is not None and place not in offsets:
            offsets[place] = offset_of(source, start, place.pointer, walked)
    at = source.positions(offsets.values())
    return {place: at[offset] for place, offset in offsets.items()}


def sources_of(snapshot: Snapshot, places: Iterable[Place]) -> dict[Place, tuple[str, int, int]]:
    """File, line and column where the source of a planned deployment states each place, or the nearest part above it.

    Places in documents of which no source is known are left out.
    """
    stated = {ArmId(read.scope): read.lines for read in snapshot.reads if read.lines}
    parts: dict[ArmId, dict[str, tuple[int, int]]] = {}
    found: dict[Place, tuple[str, int, int]] = {}
    for place in places:
        lines = stated.get(place.document)
        if lines is None:
            continue
        if place.document not in parts:
            parts[place.document] = dict(_spans(lines))
        own, pointer = parts[place.document], place.pointer
        while pointer and pointer not in own:
            pointer = pointer.rpartition("/")[0]
        if pointer in own:
            found[place] = (lines[0], *own[pointer])
    return found


def _spans(lines: Sequence[str]) -> Iterable[tuple[str, tuple[int, int]]]:
    """Pointer, line and column of each part that a read keeps."""
    for each in lines[1:]:
        position, _, pointer = each.partition(" ")
        line, _, column = position.partition(":")
        if line.isdecimal() and column.isdecimal():
            yield pointer, (int(line), int(column))


def steps_of(pointer: str) -> list[str]:
    """The steps of a JSON pointer (RFC 6901, section 4); the empty pointer is the whole document."""
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def offset_of(source: Text, start: int, pointer: str, walked: dict[tuple[int, str], int | None] | None = None) -> int:
    """Where a pointer leads in the JSON that begins at `start`, or where it ends for want of something existing.

    `walked` remembers steps from one call to the next: many places of a document begin alike.
    """
    walked = {} if walked is None else walked
    at = start
    for step in steps_of(pointer):
        if (at, step) not in walked:
            walked[at, step] = _below(source, at, step)
        below = walked[at, step]
        if below is None:
            break
        at = below
    return at


def _below(source: Text, at: int, step: str) -> int | None:
    """The offset of a member or item of what begins at `at`."""
    cursor = Cursor(source, at)
    opening = cursor.peek()
    if opening == "{":
        for key in cursor.members():
            cursor.peek()
            if key == step:
                return cursor.at
            cursor.value()
    elif opening == "[" and _INDEX.fullmatch(step):
        for index, offset in enumerate(cursor.items()):
            if index == int(step):
                return offset
            cursor.value()
    return None
