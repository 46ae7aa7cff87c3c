"""Ids of resources as Azure writes them, brought to one form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from auditor.model import ArmId

_BEGINNING = re.compile(r"(subscriptions|providers|resourcegroups)/", re.IGNORECASE)


def id_in(value: Any) -> str:
    """The id of a resource with the slash in front that budgets, cost exports and the diagnostic settings of a
    subscription lack in Azure's own answers; empty where the value has none.

    Seen in the specification's sample of Microsoft.Consumption/budgets (2024-08-01) and in recorded answers.
    """
    id_ = value.get("id") if isinstance(value, Mapping) else None
    if not isinstance(id_, str):
        return ""
    if id_.startswith("/"):
        return id_
    slashed = f"/{id_}"
    return slashed if _BEGINNING.match(id_) and ArmId(slashed).type else ""


def with_slash(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document with its id as `id_in` gives it."""
    id_ = id_in(value)
    return value if not id_ or id_ == value["id"] else {**value, "id": id_}
