"""Of the several thousand service tags that Azure answers with, the ones that the deployment names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from auditor.model import ArmId

TYPE = "microsoft.network/servicetags"
_NAMING = ("microsoft.network/", "microsoft.machinelearningservices/workspaces", "microsoft.web/sites")


def only_named(documents: Sequence[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    """The same documents, the list of service tags cut to those that some other document holds as a text.

    The whole list is several megabytes that nothing would ever look at. What stays is as Azure sent it.
    """
    tags = [document for document in documents if ArmId(document["id"]).type == TYPE]
    if not tags:
        return tuple(documents)
    named = {
        text.casefold()
        for document in documents
        if ArmId(document["id"]).type.startswith(_NAMING) and ArmId(document["id"]).type != TYPE
        for text in _texts(document)
    }
    return tuple(_cut(document, named) if document in tags else document for document in documents)


def _cut(document: Mapping[str, Any], named: set[str]) -> Mapping[str, Any]:
    values = document.get("values")
    if not isinstance(values, list):
        return document
    kept = [value for value in values if isinstance(value, dict) and str(value.get("name")).casefold() in named]
    return {**document, "values": kept}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
