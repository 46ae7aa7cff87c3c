"""What a deployment would make: the answers of what-if and `bicep snapshot`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from auditor.model import ArmId, Read
from auditor.snapshot.importing.origin import Origin
from auditor.snapshot.model import NOT_PREDICTED
from auditor.snapshot.text import shown

PLAN_TIP = (
    "import what `az deployment group what-if --no-pretty-print -o json` or `bicep snapshot` makes of it,"
    " or the deployed resources"
)

_TYPE = re.compile(r"\w+(\.\w+)+(/\w+)+")
_PIECE = re.compile(r"'(?:[^']|'')*'|[()]")
_GAVE_UP = "NestedDeployment"
"""What the codes of diagnostics begin with that say so: NestedDeploymentShortCircuited, ...SkippedFrom..."""

_UNTOUCHED = ("ignore", "nochange", "noeffect")
_AFTERWARDS = ("create", "deploy", "modify", "nochange", "noeffect")


def changes_in(value: Mapping[str, Any]) -> tuple[list[Any], tuple[str, ...]] | None:
    """The changes of a what-if answer and the steps to them: az prints them at the top, REST below `properties`."""
    if isinstance(value.get("changes"), list):
        return value["changes"], ("changes",)
    if "changes" in value and value["changes"] is None and "status" in value:
        return [], ()
    inside = value.get("properties")
    if isinstance(inside, Mapping) and isinstance(inside.get("changes"), list):
        return inside["changes"], ("properties", "changes")
    return None


def extension_of(value: object) -> str:
    """What an entry of a plan is that belongs to an extension and so is no resource of Resource Manager.

    Empty where it is one. Bicep writes `import` or `extension` beside such an entry, and a version into its type;
    what-if names the extension and has no resourceId.
    """
    if not isinstance(value, Mapping):
        return ""
    stated = next((value[key] for key in ("extension", "import", "Extension") if value.get(key)), None)
    name = (
        stated.get("name") or stated.get("provider") or stated.get("alias") if isinstance(stated, Mapping) else stated
    )
    type_ = value.get("type")
    if not name and not (isinstance(type_, str) and "@" in type_):
        return ""
    what = str(type_).partition("@")[0] if isinstance(type_, str) else str(value.get("symbolicName") or "an entry")
    return f"{what} of the extension {name}" if name else what


def outcome_of(change: Any, origin: Origin) -> str | Read:
    """Which side of a change will hold: `after`, `before`, neither (empty); a failed read where nobody can tell.

    Source of the kinds: learn, "Bicep deployment what-if: change types" (Azure Resource Manager, 2025-04-01).
    """
    if not isinstance(change, Mapping) or not isinstance(change.get("resourceId"), str):
        raise origin.fault("this change names no resourceId", PLAN_TIP)
    kind = str(change.get("changeType", "")).casefold()
    if kind == "delete":
        return ""
    if kind in (*_AFTERWARDS, "ignore") and isinstance(change.get("after"), Mapping):
        return "after"
    if kind in ("ignore", "nochange") and isinstance(change.get("before"), Mapping):
        return "before"
    reason = change.get("unsupportedReason")
    told = reason if isinstance(reason, str) and reason else f"what-if does not say what {shown(kind)} leaves"
    return not_predicted(change["resourceId"], told)


def potential_changes(value: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The changes that hang on a condition which only the deployment evaluates."""
    inside = value.get("properties")
    stated = value.get("potentialChanges") or (inside.get("potentialChanges") if isinstance(inside, Mapping) else None)
    return [each for each in stated if isinstance(each, Mapping)] if isinstance(stated, list) else []


def leaves_alone(change: Mapping[str, Any]) -> bool:
    """Whether a change is none: what is there stays."""
    return str(change.get("changeType", "")).casefold() in _UNTOUCHED


def not_predicted(id_: str, told: str, type_: str = "") -> Read:
    """The failed read of a resource that a plan names and does not show.

    Where its id waits for the deployment too, it may be any resource of its type (`type_`, or the one that the
    expression names): no list of these is whole.
    """
    if is_final(id_):
        return Read(id_, "", 200, ArmId(id_).type, id_, error=NOT_PREDICTED, message=told)
    return Read(id_, "", 200, type_.casefold() or _type_in(id_) or "*", "/", error=NOT_PREDICTED, message=told)


def is_final(id_: object) -> bool:
    """Whether this is an id of Resource Manager in its final form, without any expression left in it."""
    return isinstance(id_, str) and id_.startswith("/") and not _EXPRESSION.search(id_)


_EXPRESSION = re.compile(r"(^|/)\[|\$\{|[()]'|'[()]")
"""A segment that begins as an expression, or the quotes of one: a name in an id has neither."""


def _type_in(expression: str) -> str:
    """The lower-case type that an expression for an id names last; empty where it names none.

    Only what the outermost function is called with counts: inside there are ids and types of other resources.
    """
    types = (
        ArmId(text).type if text.startswith("/") else text.casefold() if _TYPE.fullmatch(text) else ""
        for text in _outer_literals(expression)
    )
    return next((found for found in reversed(list(types)) if found), "")


def _outer_literals(expression: str) -> Iterator[str]:
    """The literals in the arguments of the outermost function; a quote inside of one is doubled."""
    depth = 0
    for piece in _PIECE.findall(expression):
        if piece in "()":
            depth += 1 if piece == "(" else -1
        elif depth == 1:
            yield piece[1:-1].replace("''", "'")


def left_out(value: Mapping[str, Any]) -> list[Read]:
    """The nested deployments that a prediction gave up on, by its diagnostics: whatever they make is not in it.

    Codes: learn, "Bicep deployment what-if: short-circuiting" (aka.ms/WhatIfEvalStopped).
    """
    inside = value.get("properties")
    stated = value.get("diagnostics") or (inside.get("diagnostics") if isinstance(inside, Mapping) else None)
    return [_gap(each) for each in stated or () if _GAVE_UP in str(each)] if isinstance(stated, list) else []


def _gap(diagnostic: Any) -> Read:
    target = str(diagnostic.get("target") or "") if isinstance(diagnostic, Mapping) else ""
    told = diagnostic.get("message") if isinstance(diagnostic, Mapping) else diagnostic
    id_ = ArmId(target)
    scope = (id_.extends or ArmId("/")) if target.startswith("/") else ArmId("/")
    return Read(target or _GAVE_UP, "", 200, "*", scope.text, error=NOT_PREDICTED, message=str(told))
