"""What could carry a secret is removed before a document is kept, for collections and imports alike.

What and why is data: facts/redaction.json, a reason a line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import translate
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from auditor.model import ArmId

REDACTED = "(redacted)"

_FACTS = Path(__file__).parent.parent / "facts" / "redaction.json"
Steps = tuple[str, ...]


def redact(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document without what could be a secret; itself where there was nothing to remove.

    A removed value becomes `(redacted)`, or has that in place of its secret part; null and empty text stay.
    """
    return redacted(document)[0]


def redacted(document: Mapping[str, Any]) -> tuple[Mapping[str, Any], int]:
    """As `redact`, with the number of values that were removed."""
    work = _Work(_table())
    return work.cleaned(document, _Where()), work.removed


@dataclass(frozen=True)
class _PathRow:
    """A path that holds secrets in documents of some type, or whose id ends so."""

    type: re.Pattern[str] | None
    id_ends: str
    steps: Steps

    def applies(self, type_: str, key: str) -> bool:
        if self.type is not None:
            return self.type.fullmatch(type_) is not None
        return key.endswith(self.id_ends)


class _Table:
    """The rows of facts/redaction.json, ready for use."""

    def __init__(self, rows: Mapping[str, Any]) -> None:
        names = [row["name"] for row in rows["names"]]
        self._exact = frozenset(name for name in names if not name.startswith("*"))
        self._endings = tuple(name[1:] for name in names if name.startswith("*"))
        keep = rows["keep"]
        self.kept_names = frozenset(row["name"] for row in keep["names"])
        self.kept_below = frozenset(row["name"] for row in keep["below"])
        self.kept_values = re.compile("|".join(row["pattern"] for row in keep["values"]), re.IGNORECASE)
        self.patterns = tuple(re.compile(row["pattern"], re.IGNORECASE) for row in rows["patterns"])
        self._paths = tuple(_path_row(row) for row in rows["paths"])
        self._known: dict[tuple[str, str], tuple[Steps, ...]] = {}

    @cached_property
    def hints(self) -> re.Pattern[str]:
        """Matches wherever one of the patterns could: most texts hold neither."""
        return re.compile(r"=|://|eyJ|-----BEGIN")

    def names(self, name: str) -> bool:
        """Whether what is below a key of this name goes."""
        return name in self._exact or name.endswith(self._endings)

    def paths(self, id_: str, type_: str) -> tuple[Steps, ...]:
        """The paths of a document that hold secrets."""
        key = ArmId(id_).key
        return tuple(row.steps for row in self._paths if row.applies(type_, key))


def _path_row(row: Mapping[str, str]) -> _PathRow:
    type_ = re.compile(translate(row["type"])) if "type" in row else None
    return _PathRow(type_, row.get("id_ends", ""), tuple(row["path"].casefold().split("/")))


@cache
def _table() -> _Table:
    return _Table(json.loads(_FACTS.read_text(encoding="utf-8")))


@dataclass(frozen=True)
class _Where:
    """What is known of a value by the way that led to it."""

    paths: tuple[Steps, ...] = ()
    secret: bool = False
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
        if isinstance(value, str):
            return self._text(value, where.secret)
        if where.secret and value is not None and not isinstance(value, bool):
            self.removed += 1
            return REDACTED
        return value

    def _object(self, value: Mapping[str, Any], where: _Where) -> Mapping[str, Any]:
        where = _Where((*where.paths, *self._own_paths(value)), where.secret, where.plain)
        changed: dict[str, Any] = {}
        for key, old in value.items():
            new = self.cleaned(old, self._below(where, str(key).casefold()))
            if new is not old:
                changed[key] = new
        return {**value, **changed} if changed else value

    def _own_paths(self, value: Mapping[str, Any]) -> tuple[Steps, ...]:
        """The paths of a resource that begins here: the document itself, or one that it holds."""
        id_, type_ = value.get("id"), value.get("type")
        if not isinstance(id_, str) or not id_.startswith("/"):
            id_ = ""
        if not isinstance(type_, str) or "/" not in type_:
            type_ = ArmId(id_).type
        return self.table.paths(id_, type_.casefold()) if id_ or type_ else ()

    def _below(self, where: _Where, step: str) -> _Where:
        ahead, arrived = _advanced(where.paths, step) if where.paths else ((), False)
        plain = where.plain or step in self.table.kept_below
        named = not plain and self.table.names(step)
        secret = (where.secret or arrived or named) and step not in self.table.kept_names
        if not ahead and secret == where.secret and plain == where.plain and not where.paths:
            return where
        return _Where(ahead, secret, plain)

    def _text(self, value: str, secret: bool) -> str:
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


def _without_secret(match: re.Match[str]) -> str:
    start, end = match.span("secret")
    whole, offset = match.group(), match.start()
    return whole[: start - offset] + REDACTED + whole[end - offset :]


def _advanced(paths: tuple[Steps, ...], step: str) -> tuple[tuple[Steps, ...], bool]:
    """What remains of the paths after one step, and whether one of them has arrived."""
    ahead: list[Steps] = []
    arrived = False
    pending = list(paths)
    while pending:
        path = pending.pop()
        first, rest = path[0], path[1:]
        if first == "**":
            # Any number of steps: stay, or go on with what follows from here.
            ahead.append(path)
            if rest:
                pending.append(rest)
            else:
                arrived = True
        elif first in ("*", step):
            if rest:
                ahead.append(rest)
                arrived = arrived or rest == ("**",)
            else:
                arrived = True
    return tuple(ahead), arrived
