"""What a deployment would make: the answers of what-if and `bicep snapshot`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from auditor.model import ArmId, Read
from auditor.snapshot.intake.origin import Origin
from auditor.snapshot.model import NOT_PREDICTED
from auditor.snapshot.text import shown

PLAN_TIP = (
    "import what `az deployment group what-if --no-pretty-print -o json` or `bicep snapshot` makes of it,"
    " or the deployed resources"
)

# A type as an expression names it: 'Microsoft.Authorization/roleAssignments', or in the middle of an id.
_TYPE = re.compile(r"(?<=['/])(Microsoft\.\w+(?:/\w+)+?)(?=['/]\{|'|/\{)", re.IGNORECASE)
_ASKS = "reference("
_AFTERWARDS = ("create", "deploy", "modify", "nochange", "noeffect")


def changes_in(value: Mapping[str, Any]) -> tuple[list[Any], tuple[str, ...]] | None:
    """The changes of a what-if answer and the steps to them: az prints them at the top, REST below `properties`."""
    if isinstance(value.get("changes"), list):
        return value["changes"], ("changes",)
    inside = value.get("properties")
    if isinstance(inside, Mapping) and isinstance(inside.get("changes"), list):
        return inside["changes"], ("properties", "changes")
    return None


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


def not_predicted(id_: str, told: str) -> Read:
    """The failed read of a resource that a plan names and does not show.

    Where its id waits for the deployment too, it may be any resource of its type: no list of these is whole.
    """
    if id_.startswith("/"):
        return Read(id_, "", 200, ArmId(id_).type, id_, error=NOT_PREDICTED, message=told)
    types = _TYPE.findall(_without_references(id_))
    return Read(id_, "", 200, types[-1].casefold() if types else "", "/", error=NOT_PREDICTED, message=told)


def _without_references(expression: str) -> str:
    """The expression without what it asks of other resources, which names their types."""
    kept: list[str] = []
    at = 0
    while (start := expression.find(_ASKS, at)) >= 0:
        kept.append(expression[at:start])
        at, depth = start + len(_ASKS), 1
        while depth and at < len(expression):
            depth += {"(": 1, ")": -1}.get(expression[at], 0)
            at += 1
    return "".join((*kept, expression[at:]))


def waits_for(id_: object) -> bool:
    """Whether an id is an expression that only the deployment evaluates, and not one that lacks a subscription."""
    return isinstance(id_, str) and id_.startswith("[") and _ASKS in id_
