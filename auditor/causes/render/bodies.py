"""What the languages share: api-versions, names, and changes of one resource as one nested body."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from auditor.facts import load
from auditor.model import ArmId
from auditor.model.change import Action, Change
from auditor.snapshot.locate import steps_of

FALLBACK = "2023-01-01"
"""For kinds that this program never reads: the reader is told to look the version up."""


@cache
def _versions() -> Mapping[str, str]:
    return {str(r["type"]).casefold(): str(r["api_version"]) for r in load("arm-reads")["reads"] if "api_version" in r}


def api_version(id_: ArmId) -> str:
    """The api-version in which this program reads the type (facts/arm-reads.json), or that of its nearest parent."""
    versions, type_ = _versions(), id_.type
    while type_.count("/") > 1 and type_ not in versions:
        type_ = type_.rpartition("/")[0]
    return versions.get(type_, FALLBACK)


def type_of(id_: ArmId) -> str:
    """The type as the id spells it: `Microsoft.Web/sites`."""
    tail = id_.text.rpartition("/providers/")[2].split("/")
    return "/".join([tail[0], *tail[1::2]])


def full_name(id_: ArmId) -> str:
    """The name with those of the parents: `nsg-a/rule-1`."""
    return "/".join(id_.text.rpartition("/providers/")[2].split("/")[2::2])


def extended(id_: ArmId) -> ArmId | None:
    """The resource that this one extends (a diagnostic setting, a role assignment); `None` for one of its own."""
    return id_.extends if id_.extends is not None and "/providers/" in id_.extends.text else None


def symbol(id_: ArmId) -> str:
    """A name for the resource that Bicep and Terraform take: letters, digits and underscores."""
    found = re.sub(r"\W+", "_", full_name(id_), flags=re.ASCII).strip("_").lower()
    return found if found[:1].isalpha() else f"r_{found}"


def settable(changes: Sequence[Change]) -> Mapping[ArmId, dict[str, Any]]:
    """The SETs of each resource that lead through objects alone, as one nested body."""
    bodies: dict[ArmId, dict[str, Any]] = {}
    for change in changes:
        steps = steps_of(change.pointer)
        if change.action is not Action.SET or any(step.isdecimal() for step in steps):
            continue
        at = bodies.setdefault(change.resource, {})
        for step in steps[:-1]:
            at = at.setdefault(step, {})
        at[steps[-1]] = change.value
    return bodies


def others(changes: Sequence[Change]) -> list[Change]:
    """What `settable` leaves out of edits: list items, removals."""
    edits = (Action.SET, Action.ADD, Action.REMOVE)
    within = [c for c in changes if c.action in edits]
    return [c for c in within if c.action is not Action.SET or any(s.isdecimal() for s in steps_of(c.pointer))]


def in_words(change: Change) -> str:
    """A change that a language cannot state by itself, as a sentence for a comment on one line."""
    where = f"{change.pointer.removeprefix('/')} of {full_name(change.resource)}"
    match change.action:
        case Action.REMOVE:
            return f"remove {where}"
        case Action.ADD:
            return f"add {change.value!r} to {where}"
        case Action.DELETE:
            return f"delete {change.resource.text}"
        case _:
            return f"set {where} to {change.value!r}"


def comment(text: str, mark: str) -> str:
    """A comment: whatever the text holds, it stays on its lines."""
    return "\n".join(f"{mark} {line}" for line in "".join(c if c.isprintable() else " " for c in text).splitlines())
