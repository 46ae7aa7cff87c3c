"""JSON, read strictly and item by item, so that the offset of each is known at no cost.

The standard library's decoder does the work; what it lets pass (a key given twice, NaN, endless depth) is refused here.
Where it stops, `diagnose` walks the text once more, slowly, to say what is wrong and where.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from auditor.snapshot.diagnose import TRUNCATED_TIP, diagnose
from auditor.snapshot.model import MAX_DEPTH, too_deep
from auditor.snapshot.text import Text, shown

_BLANKS = " \t\r\n"


class _RefusedError(ValueError):
    """Something in the value is not allowed; `diagnose` finds out what."""


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _RefusedError
    return found


def _refuse(_: str) -> Any:
    raise _RefusedError


def _finite(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise _RefusedError
    return value


_DECODER = json.JSONDecoder(object_pairs_hook=_without_repetition, parse_constant=_refuse, parse_float=_finite)


class Cursor:
    """A place in a text of JSON. Every step raises `AuditorError` with line and column where the text is wrong."""

    def __init__(self, source: Text, at: int = 0) -> None:
        self.source = source
        self.at = at
        self.key_at = at
        """Where the key begins that `members` gave last."""

    def peek(self) -> str:
        """The next character that is no blank, empty at the end; the cursor then stands on it."""
        text, at = self.source.text, self.at
        while text[at : at + 1] and text[at] in _BLANKS:
            at += 1
        self.at = at
        return text[at : at + 1]

    def value(self) -> Any:
        """The value that begins here; the cursor then stands behind it."""
        self.peek()
        text = self.source.text
        try:
            value, end = _DECODER.raw_decode(text, self.at)
        except (ValueError, RecursionError) as problem:
            raise diagnose(self.source, self.at, str(problem)) from problem
        # What has few brackets cannot nest deep; counting them takes a tenth of the time of a walk.
        if text.count("{", self.at, end) + text.count("[", self.at, end) > MAX_DEPTH and too_deep(value):
            raise diagnose(self.source, self.at, "nested too deep")
        self.at = end
        return value

    def members(self) -> Iterator[str]:
        """The keys of the object that begins here. Take each value before asking for the next key."""
        seen: set[str] = set()
        for at in self._separated("{", "}"):
            if self.source.text[at] != '"':
                raise self.expected("a key in double quotes")
            key = self.value()
            if key in seen:
                raise self.source.fault(at, f"the key {shown(key)} comes twice", "remove one of the two")
            seen.add(key)
            self.key_at = at
            if self.peek() != ":":
                raise self.expected("a colon")
            self.at += 1
            yield key

    def items(self) -> Iterator[int]:
        """The offset of each item of the list that begins here. Take each value before asking for the next."""
        return self._separated("[", "]")

    def _separated(self, opening: str, closing: str) -> Iterator[int]:
        if self.peek() != opening:
            raise self.expected(f"a {opening}")
        self.at += 1
        if self.peek() == closing:
            self.at += 1
            return
        while True:
            if not self.peek():
                raise self.expected("a value")
            yield self.at
            following = self.peek()
            self.at += 1
            if following == closing:
                return
            if following != ",":
                self.at -= 1
                raise self.expected(f"a comma or {closing}")

    def expected(self, what: str) -> Exception:
        """The error for anything but `what` at the cursor."""
        found = self.peek()
        if not found:
            return self.source.fault(self.at, f"the file ends here, where {what} has to follow", TRUNCATED_TIP)
        return self.source.fault(self.at, f"expected {what} here, but found {shown(found)}", "put the JSON right")
