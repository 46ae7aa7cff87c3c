"""Where the source of a deployment states what a planned document holds: lines of a template, or of a Bicep file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from auditor.model.resource import escape
from auditor.snapshot.locate import steps_of
from auditor.snapshot.strict import Cursor
from auditor.snapshot.text import Text


class Lines(NamedTuple):
    """A file, and the places in it of the parts of one document: `12:5 /properties/x`, that of the whole first."""

    file: str
    places: tuple[str, ...]


class Offsets:
    """Offsets in the JSON of a text: each object and list is walked once, however many of its parts are asked for."""

    def __init__(self, text: Text) -> None:
        self.text = text
        self._children: dict[int, Mapping[str, int]] = {}

    def below(self, at: int) -> Mapping[str, int]:
        """Where each member or item of the value that begins here begins, by key or index."""
        if at not in self._children:
            self._children[at] = dict(self._walk(at))
        return self._children[at]

    def _walk(self, at: int) -> Iterator[tuple[str, int]]:
        cursor = Cursor(self.text, at)
        opening = cursor.peek()
        if opening == "{":
            for key in cursor.members():
                cursor.peek()
                yield key, cursor.at
                cursor.value()
        elif opening == "[":
            for index, offset in enumerate(cursor.items()):
                yield str(index), offset
                cursor.value()

    def of(self, pointer: str, start: int = 0) -> int:
        """Where a pointer leads, or where it ends for want of something existing."""
        at = start
        for step in steps_of(pointer):
            found = self.below(at).get(step)
            if found is None:
                break
            at = found
        return at


def lines_of(body: Mapping[str, Any], pointer: str, offsets: Offsets, file: str, start: int = 0) -> Lines:
    """Where the parts of a resolved document stand in the resource of a template that the pointer leads to.

    `start` is where the template begins in its text.
    """
    whole = offsets.of(pointer, start)
    found = [(whole, "")]
    keys = {key.casefold(): at for key, at in offsets.below(whole).items()}
    for key, value in body.items():
        at = keys.get(key.casefold())
        if at is not None and key != "id":
            _collect(value, at, f"/{escape(key)}", offsets, found)
    places: list[str] = []
    lines: dict[str, int] = {}
    for offset, part in found:
        place = offsets.text.position(offset)
        above = part.rpartition("/")[0]
        lines[part] = place.line
        if part and lines.get(above) == place.line:
            continue  # what stands on one line with its parent is found through it
        places.append(f"{place.line}:{place.column} {part}".rstrip())
    return Lines(file, tuple(places))


def _collect(value: Any, at: int, pointer: str, offsets: Offsets, found: list[tuple[int, str]]) -> None:
    found.append((at, pointer))
    if not isinstance(value, (Mapping, list)):
        return
    stated = offsets.below(at)
    if isinstance(value, list):
        for n, each in enumerate(value):
            inside = stated.get(str(n))
            if inside is not None:
                _collect(each, inside, f"{pointer}/{n}", offsets, found)
        return
    for key, each in value.items():
        inside = stated.get(key)
        if inside is not None:
            _collect(each, inside, f"{pointer}/{escape(key)}", offsets, found)
        elif "copy" in stated:
            loop = _input_of(key, stated["copy"], offsets)
            if loop is not None and isinstance(each, list):
                found.append((loop, f"{pointer}/{escape(key)}"))
                for n, item in enumerate(each):
                    _collect(item, loop, f"{pointer}/{escape(key)}/{n}", offsets, found)


def _input_of(name: str, copy: int, offsets: Offsets) -> int | None:
    """Where the input of a loop of properties stands."""
    for each in offsets.below(copy).values():
        loop = offsets.below(each)
        if "name" in loop and "input" in loop and Cursor(offsets.text, loop["name"]).value() == name:
            return loop["input"]
    return None
