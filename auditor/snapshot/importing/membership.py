"""What is assigned to one principal, its groups included, as somebody asked Azure for it and said so beside the answer.

    {"assignedTo": "<object id>", "scope": "/subscriptions/<id>", "value": [...], "nextLink": null}

`value` is the list as Resource Manager answers it or as az prints it; neither says whom it is about, so a query of az
puts it there. `scope` states that it holds whatever is at, above and below that scope.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from auditor.facts import load
from auditor.model import ArmId, Read
from auditor.snapshot.importing.origin import Origin
from auditor.snapshot.text import shown

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_ASSIGNMENT = "microsoft.authorization/roleassignments"
_TIP = "write it as `auditor explain RBAC-11` shows"


def is_about_one(value: Mapping[str, Any]) -> bool:
    """Whether an object says that it is such an answer."""
    return "assignedTo" in value


def read_about_one(value: Mapping[str, Any], origin: Origin) -> Read:
    """The record of the read. Raises `AuditorError` where the object does not say whom, where and what."""
    principal, scope, listed = value["assignedTo"], value.get("scope"), value.get("value")
    if not isinstance(principal, str) or not _GUID.fullmatch(principal):
        raise origin.below("assignedTo").fault("expected the object id of an identity here", _TIP)
    if not isinstance(scope, str) or not ArmId(scope).subscription:
        raise origin.fault("this answer about one principal names no scope in a subscription", _TIP)
    if not isinstance(listed, list):
        raise origin.fault("this answer about one principal has no list under value", _TIP)
    ids = [_id_of(item, origin.below("value", index)) for index, item in enumerate(listed)]
    goes_on = bool(value.get("nextLink"))
    asked = load("assigned-to")["asked"]
    filter_ = asked["filter"].format(principal=principal.casefold())
    return Read(
        f"{asked['path'].format(scope=scope)}?{filter_}",
        "",
        200,
        str(asked["type"]).casefold(),
        scope,
        count=len(ids),
        error="ListGoesOn" if goes_on else "",
        message="the list goes on at its nextLink" if goes_on else "",
        about=principal.casefold(),
        shows=tuple(sorted(ids)),
    )


def _id_of(item: Any, origin: Origin) -> str:
    id_ = item.get("id") if isinstance(item, Mapping) else None
    if not isinstance(id_, str) or ArmId(id_).type != _ASSIGNMENT:
        raise origin.fault(f"expected a role assignment here, not {shown(str(id_))}", _TIP)
    return id_
