"""A witness for people: a packet, a path or a chain of rights in short lines, where programs get it as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from auditor.text.sanitise import line, value_text

_MAX = 500


class Said(NamedTuple):
    """What a witness says of one thing, in a line or several."""

    name: str
    lines: tuple[str, ...]


def told(witness: Mapping[str, Any] | None) -> tuple[Said, ...]:
    """Each field in order; what is empty says nothing and is left out."""
    said = (Said(line(str(key), 80).replace("_", " "), _lines(value)) for key, value in (witness or {}).items())
    return tuple(each for each in said if each.lines)


def _lines(value: Any) -> tuple[str, ...]:
    if value is None or value in ("", [], {}):
        return ()
    if isinstance(value, list) and all(isinstance(each, Mapping) and "name" in each for each in value):
        return (" → ".join(_hop(each) for each in value),)
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return tuple(line(each, _MAX) for each in value)
    return (line(value, _MAX) if isinstance(value, str) else value_text(value, _MAX),)


def _hop(hop: Mapping[str, Any]) -> str:
    """A stop of a path: its name, and what is to say of it."""
    note = hop.get("note")
    return f"{line(str(hop['name']), 200)} ({line(str(note), 200)})" if note else line(str(hop["name"]), 200)
