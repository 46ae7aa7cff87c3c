"""Ids for role assignments whose names only the deployment tells.

The name of an assignment says nothing, but it is often made of what Azure alone knows: `guid(..., principalId)`. What a
plan states of it (who gets which role where) is known all the same. A name made of that stands for the real one, and
whoever imports hears of it. Source: learn, "Bicep: role assignments" (the name is any GUID that is unique).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from auditor.arm import guid, value_of, with_last_argument

ASSIGNMENTS = "microsoft.authorization/roleassignments"
_PATH = "/providers/Microsoft.Authorization/roleAssignments/"
_NAME = "00000000-0000-0000-0000-000000000000"


def stand_in(scope: str, document: Mapping[str, Any]) -> str:
    """An id for a role assignment on a scope: the same for the same statement."""
    stated = {key: value for key, value in document.items() if key not in ("id", "name")}
    return f"{scope}{_PATH}{guid([scope, json.dumps(stated, sort_keys=True, default=str)])}"


def scope_in(id_: str) -> str:
    """The scope of a role assignment whose id is an expression in nothing but its name; empty where it is in more."""
    at = id_.casefold().find(f"{_PATH.casefold()}[")
    if id_.startswith("/") and at > 0:
        return "" if "[" in id_[:at] else id_[:at]
    settled = with_last_argument(id_, _NAME)
    found = value_of(settled) if settled else None
    if not isinstance(found, str) or not found.casefold().endswith(f"{_PATH.casefold()}{_NAME}"):
        return ""
    return found[: -len(f"{_PATH}{_NAME}")]
