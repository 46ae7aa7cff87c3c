"""What could carry a secret is removed before a document is kept, for collections and imports alike.

What and why is data: facts/redaction.json, a reason a line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from fnmatch import translate
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from auditor.model import ArmId

REDACTED = "(redacted)"

_FACTS = Path(__file__).parents[1] / "facts" / "redaction.json"


def redact(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document without what could be a secret; itself where there was nothing to remove.

    A removed value becomes `(redacted)`, or has that in place of its secret part; null and empty text stay.
    """
    return redacted(document)[0]


def redacted(document: Mapping[str, Any]) -> tuple[Mapping[str, Any], int]:
    """As `redact`, with the number of values that were removed."""
    work = _Work(_table())
    return work.cleaned(document, _NOWHERE), work.removed


def redact_text(text: str) -> str:
    """A text of Azure's, such as the message of an error, without the parts that look like a secret."""
    return _Work(_table()).text(text, secret=False)


class _Secret(IntEnum):
    """How much of what lies below goes."""

    NO = 0
    YES = 1
    """All but the names of `keep.names`."""
    ALL = 2


@dataclass(frozen=True)
class _Path:
    """The steps that are left of a path, and how much goes at its end."""

    steps: tuple[str, ...]
    secret: _Secret


def _path(row: Mapping[str, Any]) -> _Path:
    return _Path(tuple(row["path"].casefold().split("/")), _how_much(row))


def _how_much(row: Mapping[str, Any]) -> _Secret:
    return _Secret.ALL if row.get("all") else _Secret.YES


class _Table:
    """The rows of facts/redaction.json, ready for use."""

    def __init__(self, rows: Mapping[str, Any]) -> None:
        self._exact = {row["name"]: _how_much(row) for row in rows["names"] if not row["name"].startswith("*")}
        self._endings = tuple(row["name"][1:] for row in rows["names"] if row["name"].startswith("*"))
        keep = rows["keep"]
        self.kept_names = frozenset(row["name"] for row in keep["names"])
        self.kept_below = frozenset(row["name"] for row in keep["below"])
        self.kept_values = re.compile("|".join(row["pattern"] for row in keep["values"]), re.IGNORECASE)
        self.patterns = tuple(re.compile(row["pattern"], re.IGNORECASE) for row in rows["patterns"])
        self.hints = re.compile("|".join(map(re.escape, rows["hints"])))
        self._by_type = [(re.compile(translate(row["type"])), _path(row)) for row in rows["paths"] if "type" in row]
        self._by_ending = [(row["id_ends"], _path(row)) for row in rows["paths"] if "id_ends" in row]
        self.by_name = lru_cache(maxsize=1 << 14)(self._by_name)
        self._of_type = lru_cache(maxsize=1 << 10)(self._paths_of_type)

    def _by_name(self, name: str) -> _Secret:
        """How much of what is below a key of this name goes."""
        return self._exact.get(name, _Secret.YES if name.endswith(self._endings) else _Secret.NO)

    def paths(self, id_: str, type_: str) -> tuple[_Path, ...]:
        """The paths of a document that hold secrets."""
        key = id_.rstrip("/").casefold()
        return (*self._of_type(type_), *(path for ending, path in self._by_ending if key.endswith(ending)))

    def _paths_of_type(self, type_: str) -> tuple[_Path, ...]:
        return tuple(path for pattern, path in self._by_type if pattern.fullmatch(type_))


@cache
def _table() -> _Table:
    return _Table(json.loads(_FACTS.read_text(encoding="utf-8")))


@dataclass(frozen=True)
class _Where:
    """What is known of a value by the way that led to it."""

    paths: tuple[_Path, ...] = ()
    secret: _Secret = _Secret.NO
    named: bool = False
    """Under a key of `keep.names`: text that stands right here stays."""
    plain: bool = False
    """Below a key of `keep.below`: names no longer count."""


@dataclass
class _Work:
    """One pass over one document."""

    table: _Table
    removed: int = field(default=0)

    def cleaned(self, value: Any, where: _Where) -> Any:
        if isinstance(value, Mapping):
            return self._object(value, where)
        if isinstance(value, list):
            items = [self.cleaned(item, self._below(where, "*")) for item in value]
            return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
        goes = where.secret and not (where.named and where.secret is _Secret.YES)
        if isinstance(value, str):
            return self.text(value, bool(goes))
        if goes and value is not None and not isinstance(value, bool):
            self.removed += 1
            return REDACTED
        return value

    def _object(self, value: Mapping[str, Any], where: _Where) -> Mapping[str, Any]:
        own = self._own_paths(value)
        where = replace(where, paths=(*where.paths, *own)) if own else where
        changed: dict[str, Any] = {}
        for key, old in value.items():
            new = self.cleaned(old, self._below(where, str(key).casefold()))
            if new is not old:
                changed[key] = new
        return {**value, **changed} if changed else value

    def _own_paths(self, value: Mapping[str, Any]) -> tuple[_Path, ...]:
        """The paths of a resource that begins here: the document itself, or one that it holds."""
        id_, type_ = value.get("id"), value.get("type")
        if not isinstance(id_, str) or not id_.startswith("/"):
            id_ = ""
        if not isinstance(type_, str) or "/" not in type_:
            type_ = ArmId(id_).type
        return self.table.paths(id_, type_.casefold()) if id_ or type_ else ()

    def _below(self, where: _Where, step: str) -> _Where:
        if where is _NOWHERE and step not in self.table.kept_below and not self.table.by_name(step):
            return _NOWHERE
        ahead, arrived = _advanced(where.paths, step) if where.paths else ((), _Secret.NO)
        plain = where.plain or step in self.table.kept_below
        by_name = _Secret.NO if plain else self.table.by_name(step)
        secret = max(where.secret, arrived, by_name)
        if not (secret or plain or ahead or arrived):
            return _NOWHERE
        return _Where(ahead, secret, step in self.table.kept_names, plain)

    def text(self, value: str, secret: bool) -> str:
        """A text without its secret parts, or without all of it where what led to it says so."""
        if not value or value == REDACTED:
            return value
        if secret:
            if self.table.kept_values.fullmatch(value):
                return value
            self.removed += 1
            return REDACTED
        if self.table.hints.search(value) is None:
            return value
        clean = value
        for pattern in self.table.patterns:
            clean = pattern.sub(_without_secret, clean)
        if clean == value:
            return value
        self.removed += 1
        return clean


_NOWHERE = _Where()


def _without_secret(match: re.Match[str]) -> str:
    start, end = match.span("secret")
    whole, offset = match.group(), match.start()
    return whole[: start - offset] + REDACTED + whole[end - offset :]


@lru_cache(maxsize=1 << 14)
def _advanced(paths: tuple[_Path, ...], step: str) -> tuple[tuple[_Path, ...], _Secret]:
    """What remains of the paths after one step, and how much goes because one of them has arrived."""
    ahead: list[_Path] = []
    arrived = _Secret.NO
    pending = list(paths)
    while pending:
        path = pending.pop()
        first, rest = path.steps[0], _Path(path.steps[1:], path.secret)
        if first == "**":
            # Any number of steps: stay, or go on from here with what follows.
            ahead.append(path)
            if rest.steps:
                pending.append(rest)
        elif first in ("*", step):
            if rest.steps:
                ahead.append(rest)
            else:
                arrived = max(arrived, path.secret)
    return tuple(ahead), arrived
