"""What a set of changes is called: one line, in the imperative, with the names of what is changed."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.model import ArmId
from auditor.model.change import Action, Change
from auditor.snapshot.locate import steps_of
from auditor.text.sanitise import counted, joined, short_name

_SHOWN = 2
"""How many names of one kind a title shows; the rest is counted."""

_NOUNS = {
    "securityrules": "rule",
    "roleassignments": "role assignment",
    "diagnosticsettings": "diagnostic setting",
    "metricalerts": "alert",
    "actiongroups": "action group",
    "autoscalesettings": "autoscale setting",
    "outboundrules": "outbound rule",
    "privateendpoints": "private endpoint",
    "policyassignments": "policy assignment",
    "budgets": "budget",
    "deployments": "deployment",
    "subnets": "subnet",
    "datastores": "datastore",
}
"""What the last segment of a type is called in a title; others are called resource."""

_VERBS = {Action.CREATE: "create", Action.DELETE: "delete"}


def title_of(changes: Sequence[Change]) -> str:
    """`Set publicNetworkAccess of st to Disabled`, `Delete rule A and create rules B and C of nsg`."""
    said = [*_made(changes, Action.DELETE), *_made(changes, Action.CREATE), *_edited(changes)]
    sentence = joined(said) if len(said) < 3 else ", ".join(said)
    return f"{sentence[:1].upper()}{sentence[1:]}"


def _made(changes: Sequence[Change], action: Action) -> list[str]:
    """What is created or deleted: by kind and by where it stands."""
    grouped: dict[tuple[str, str], list[ArmId]] = {}
    for change in changes:
        if change.action is action:
            grouped.setdefault((_noun(change.resource), _holder(change.resource)), []).append(change.resource)
    word = "in" if action is Action.CREATE else "of"
    return [
        f"{_VERBS[action]} {_named(noun, ids)}{f' {word} {holder}' if holder else ''}"
        for (noun, holder), ids in grouped.items()
    ]


def _named(noun: str, ids: Sequence[ArmId]) -> str:
    # The name of a role assignment is a number that nobody knows it by.
    if noun == "role assignment":
        return counted(len(ids), noun) if len(ids) > 1 else f"{noun} {ids[0].name[:8]}"
    names = [id_.name for id_ in ids[:_SHOWN]]
    more = [f"{len(ids) - _SHOWN} more"] if len(ids) > _SHOWN else []
    return f"{noun}{'s' if len(ids) > 1 else ''} {joined([*names, *more])}"


def _edited(changes: Sequence[Change]) -> list[str]:
    edits = [c for c in changes if c.action not in _VERBS]
    if not edits:
        return []
    names = list(dict.fromkeys(_called(c.resource) for c in edits))
    if len(edits) == 1:
        return [_one(edits[0])]
    shown = joined([*names[:_SHOWN], *([f"{len(names) - _SHOWN} more"] if len(names) > _SHOWN else [])])
    what = joined(list(dict.fromkeys(_leaf(c) for c in edits))) if len({_leaf(c) for c in edits}) <= _SHOWN else ""
    return [f"set {what or counted(len(edits), 'setting')} of {shown}"]


def _one(change: Change) -> str:
    name, leaf = _called(change.resource), _leaf(change)
    match change.action:
        case Action.REMOVE:
            return f"remove {leaf} of {name}"
        case Action.ADD:
            return f"add to {leaf} of {name}"
        case _:
            value = change.value
            if isinstance(value, dict | list) or value is None:
                return f"set {leaf} of {name}"
            said = str(value).lower() if isinstance(value, bool) else str(value)
            return f"set {leaf} of {name} to {'(a value to be decided)' if change.question else said}"


def _leaf(change: Change) -> str:
    """The setting's own name, without the numbers of lists on the way to it."""
    words = [step for step in steps_of(change.pointer) if not step.isdecimal() and step != "properties"]
    return words[-1] if words else change.pointer


def _noun(id_: ArmId) -> str:
    return _NOUNS.get(id_.type.rpartition("/")[2], "resource")


def _holder(id_: ArmId) -> str:
    """What it belongs to: its parent, or what it extends; a group only where something is assigned at it."""
    above = id_.parent
    if above is None or not above.type:
        return ""
    if above.type == "microsoft.resources/subscriptions":
        return "the subscription"
    if above.type == "microsoft.resources/resourcegroups":
        return above.name if id_.type.startswith("microsoft.authorization/") else ""
    return _called(above)


def _called(id_: ArmId) -> str:
    """The names in an id; what Azure calls `default` goes by its kind: `st/blobServices`."""
    if id_.name.casefold() == "default" and id_.parent is not None:
        return f"{short_name(id_.parent)}/{id_.text.rstrip('/').split('/')[-2]}"
    return short_name(id_)
