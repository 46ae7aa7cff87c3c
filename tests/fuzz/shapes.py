"""Documents in every form that `auditor import` takes."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from auditor.model import ArmId
from tests import worlds
from tests.fuzz.junk import Document


def exported(rng: Random, documents: Sequence[Document], spoil: bool = True) -> bytes:
    """The documents as somebody's file. With `spoil`, what stands around them may be odd too."""
    shape = rng.choice(
        (_world, _world, _list, _page, _lines, _rows, _table, _what_if, _predicted, _az, _az, _many, _documents)
    )
    value = shape(rng, list(documents))
    if isinstance(value, bytes):
        return value
    if spoil and isinstance(value, dict) and rng.random() < 0.3:
        from tests.fuzz.junk import junk

        value[rng.choice((*value, "nextLink", "$skipToken", "format", "error", "id", "diagnostics"))] = junk(rng)
    return json.dumps(value, indent=rng.choice((None, 1))).encode()


def _world(_: Random, documents: list[Document]) -> Any:
    held = {"format": "arm-world/1", "subscriptionId": worlds.subscription().rpartition("/")[2], "tenantId": "t"}
    return {**held, "documents": documents}


def _list(_: Random, documents: list[Document]) -> Any:
    return documents


def _documents(_: Random, documents: list[Document]) -> Any:
    return {"documents": documents}


def _page(rng: Random, documents: list[Document]) -> Any:
    links = ("https://management.azure.com/subscriptions/s/providers/A.B/c?x=1", "https://[x", 5, "//[::", "x" * 3000)
    return {"value": documents, "nextLink": rng.choice((None, *links))}


def _lines(_: Random, documents: list[Document]) -> Any:
    return b"\n".join(json.dumps(each).encode() for each in documents)


def _many(rng: Random, documents: list[Document]) -> Any:
    return rng.choice((b"", b"\n", b" ")).join(json.dumps(each, indent=1).encode() for each in documents)


def _rows(rng: Random, documents: list[Document]) -> Any:
    rows = [{**each, "subscriptionId": ArmId(str(each.get("id"))).subscription, "tenantId": "t"} for each in documents]
    return {"count": len(rows), "data": rows, "skip_token": rng.choice((None, "x")), "total_records": len(rows)}


def _table(_: Random, documents: list[Document]) -> Any:
    names = ("id", "name", "type", "location", "properties", "kind", "sku", "identity")
    rows = [[each.get(name) for name in names] for each in documents]
    return {"data": {"columns": [{"name": name, "type": "string"} for name in names], "rows": rows}}


def _what_if(rng: Random, documents: list[Document]) -> Any:
    kinds = ("Create", "Delete", "Ignore", "NoChange", "Modify", "Unsupported", "Deploy", "NoEffect", "x", None)
    changes = [
        {
            "resourceId": each.get("id"),
            "changeType": rng.choice(kinds),
            "before": rng.choice((each, None)),
            "after": rng.choice((each, each, each, None, 5)),
            "unsupportedReason": rng.choice((None, "because", 5)),
        }
        for each in documents
    ]
    left_out = [{"code": "NestedDeploymentShortCircuited", "target": documents[0].get("id"), "message": "m"}]
    diagnostics = rng.choice(([], None, 5, left_out))
    return rng.choice(({"changes": changes, "diagnostics": diagnostics}, {"properties": {"changes": changes}}))


def _predicted(_: Random, documents: list[Document]) -> Any:
    return {"predictedResources": documents, "diagnostics": [], "outputs": {}}


def _az(_: Random, documents: list[Document]) -> Any:
    """The settings lifted to the top and the group beside every id, as most commands of az print."""
    return [_lifted(copy.deepcopy(each)) for each in documents]


def _lifted(value: Any) -> Any:
    if isinstance(value, list):
        return [_lifted(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    flat: dict[str, Any] = {}
    for key, each in value.items():
        lowered = _lifted(each)
        if key == "properties" and isinstance(lowered, dict) and "id" in value:
            flat.update({name: inner for name, inner in lowered.items() if name not in value})
        else:
            flat[key] = lowered
    id_ = value.get("id")
    if isinstance(id_, str) and ArmId(id_).resource_group:
        flat["resourceGroup"] = ArmId(id_).resource_group
    return flat
