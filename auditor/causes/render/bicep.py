"""Bicep: a snippet per resource with the properties to set, to be merged into the resource that deploys it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from auditor.causes.render.bodies import (
    api_version,
    comment,
    extended,
    full_name,
    in_words,
    others,
    settable,
    symbol,
    type_of,
)
from auditor.model import ArmId
from auditor.model.change import Action, Change


def render(changes: Sequence[Change]) -> str:
    """Snippets in the order of the changes; what Bicep cannot state stands in a comment."""
    said = [comment(note, "//") for c in changes for note in (c.question, c.warning) if note]
    for id_, body in settable(changes).items():
        said.append(comment(f"merge into the resource {full_name(id_)}", "//"))
        said.append(_resource(id_, body))
    for change in changes:
        if change.action is Action.CREATE:
            said.append(_resource(change.resource, change.value))
        elif change.action is Action.DELETE:
            said.append(comment(f"take the resource out of the template, and {in_words(change)}", "//"))
    said += [comment(in_words(change), "//") for change in others(changes)]
    return "\n".join(said)


def _resource(id_: ArmId, body: Mapping[str, Any]) -> str:
    lines = [
        f"resource {symbol(id_)} {_text(f'{type_of(id_)}@{api_version(id_)}')} = {{",
        f"  name: {_text(full_name(id_))}",
    ]
    above = extended(id_)
    if above is not None:
        lines.append(f"  scope: {symbol(above)}")
        lines[:0] = [f"resource {symbol(above)} {_text(f'{type_of(above)}@{api_version(above)}')} existing = {{"]
        lines[1:1] = [f"  name: {_text(full_name(above))}", "}"]
    lines += [f"  {_key(key)}: {_literal(value, 1)}" for key, value in body.items()]
    return "\n".join([*lines, "}"])


def _literal(value: Any, depth: int) -> str:
    pad = "  " * (depth + 1)
    if isinstance(value, bool) or value is None:
        return "null" if value is None else str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Mapping):
        if not value:
            return "{}"
        rows = [f"{pad}{_key(key)}: {_literal(inner, depth + 1)}" for key, inner in value.items()]
        return "\n".join(["{", *rows, "  " * depth + "}"])
    if isinstance(value, list):
        if not value:
            return "[]"
        return "\n".join(["[", *(f"{pad}{_literal(inner, depth + 1)}" for inner in value), "  " * depth + "]"])
    return _text(str(value))


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z_]\w*", key, flags=re.ASCII) else _text(key)


def _text(value: str) -> str:
    """A string of Bicep: quotes, backslashes and interpolation are escaped."""
    said = value.replace("\\", "\\\\").replace("'", "\\'").replace("${", "\\${")
    return "'" + "".join(c if c.isprintable() else f"\\u{{{ord(c):x}}}" for c in said) + "'"
