"""Ids as Azure and templates write them, brought to one form; children that stand inside their parent."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
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


def apart(document: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, Any]]]:
    """The document without the children that stand in its `resources`, and each of them with the steps to it.

    Templates and the exports of PSRule nest children so. Azure itself shows the extensions of a machine there, which
    stay where they are.
    """
    nested = document.get("resources")
    if not isinstance(nested, list) or not all(_is_child(each) for each in nested):
        yield (), document
        return
    children = {n: each for n, each in enumerate(nested) if not _is_extension(each)}
    stay = [each for n, each in enumerate(nested) if n not in children]
    if not children:
        yield (), document
        return
    without = {key: value for key, value in document.items() if key != "resources"}
    yield (), {**without, "resources": stay} if stay else without
    for index, child in children.items():
        for steps, each in apart({**child, "id": id_in(child) or child_id(document["id"], child)}):
            yield ("resources", index, *steps), each


def child_id(parent: str, child: Mapping[str, Any]) -> str:
    """The id of a child by its type and name, each of which may be stated whole or by its last part."""
    name = str(child["name"]).rpartition("/")[2]
    type_ = str(child["type"])
    above = ArmId(parent).type
    if type_.casefold().startswith(f"{above}/") or "." not in type_.partition("/")[0]:
        return f"{parent}/{type_.rpartition('/')[2]}/{name}"
    return f"{parent}/providers/{type_}/{name}"


def _is_extension(child: Mapping[str, Any]) -> bool:
    return str(child.get("type") or ArmId(id_in(child)).type).casefold().endswith("/extensions")


def _is_child(value: Any) -> bool:
    if not isinstance(value, Mapping):
        return False
    return bool(id_in(value)) or all(isinstance(value.get(key), str) and value[key] for key in ("type", "name"))
