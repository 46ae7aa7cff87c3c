"""What a deployment would make: the answers of what-if and `bicep snapshot`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.model import ArmId, Read
from auditor.snapshot.intake.origin import Origin
from auditor.snapshot.text import shown

PLAN_TIP = (
    "import what `az deployment group what-if --no-pretty-print -o json` or `bicep snapshot` makes of it,"
    " or the deployed resources"
)

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
    return _untold(change, kind)


def _untold(change: Mapping[str, Any], kind: str) -> Read:
    id_ = ArmId(change["resourceId"])
    reason = change.get("unsupportedReason")
    told = reason if isinstance(reason, str) and reason else f"what-if does not say what {shown(kind)} leaves"
    return Read(id_.text, "", 200, id_.type, id_.text, error="NotPredicted", message=told)
