"""RFC 6902 operations per resource, for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from auditor.model.change import Action, Change


def render(changes: Sequence[Change]) -> str:
    """A JSON list: one object a change, with the resource, whether it is created or deleted, or the operations."""
    return json.dumps([entry(change) for change in changes], indent=2)


def entry(change: Change) -> dict[str, Any]:
    """One change for a program; `question` and `warning` only where there is one."""
    said: dict[str, Any] = {"action": change.action.value, "resource": change.resource.text}
    match change.action:
        case Action.CREATE:
            said["body"] = change.value
        case Action.DELETE:
            pass
        case Action.REMOVE:
            said["patch"] = [{"op": "remove", "path": change.pointer}]
        case Action.ADD:
            said["patch"] = [{"op": "add", "path": f"{change.pointer}/-", "value": change.value}]
        case Action.SET:
            said["patch"] = [{"op": "add", "path": change.pointer, "value": change.value}]
    if change.question:
        said["question"] = change.question
    if change.warning:
        said["warning"] = change.warning
    return said
