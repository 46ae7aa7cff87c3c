"""Children that stand inside their parent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from auditor.model import ArmId
from auditor.snapshot.ids import id_in

STACKS = "microsoft.resources/deploymentstacks"


def apart(document: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, Any]]]:
    """The document without the children that stand in its `resources`, and each of them with the steps to it.

    Templates and the exports of PSRule nest children so. Azure itself shows the extensions of a machine there, which
    stay where they are.
    """
    nested = document.get("resources")
    if ArmId(str(document["id"])).type == STACKS:
        nested = None  # it names there what it manages, wherever that stands
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
