"""Small estates for tables: documents written short, every list known unless a test says otherwise."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from auditor.estate import Estate, build_estate
from auditor.model import ArmId, Read, Resource
from auditor.snapshot import Snapshot

GROUP = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg"
WORLD = Path(__file__).parents[1] / "fixtures" / "worlds" / "reference-implementation.json"

WHOLE = Read(path="import", api_version="", status=200, covers="*", scope="/")


def id_of(type_: str, *names: str, group: str = GROUP) -> str:
    """The id of a resource: `id_of("Microsoft.Network/virtualNetworks/subnets", "vnet", "a")`."""
    provider, *kinds = type_.split("/")
    return f"{group}/providers/{provider}/" + "/".join(
        f"{kind}/{name}" for kind, name in zip(kinds, names, strict=True)
    )


def doc(type_: str, *names: str, group: str = GROUP, **rest: Any) -> dict[str, Any]:
    """A document; `rest` is what stands beside id, name and type."""
    return {"id": id_of(type_, *names, group=group), "name": names[-1], "type": type_, **rest}


def estate_of(
    documents: Iterable[Mapping[str, Any]], *, reads: Iterable[Read] = (WHOLE,), cloud: str = "AzurePublicCloud"
) -> Estate:
    """The estate of these documents, all of it read unless `reads` says otherwise."""
    return build_estate(Snapshot(documents=tuple(documents), reads=tuple(reads), cloud=cloud))


def world() -> list[dict[str, Any]]:
    """The documents of the reference deployment, to be changed at will."""
    documents: list[dict[str, Any]] = json.loads(WORLD.read_text(encoding="utf-8"))["documents"]
    return documents


def named(estate: Estate, type_: str, name: str) -> Resource:
    """The one resource of a type with this name."""
    found = [r for r in estate.seen(type_) if r.name.casefold() == name.casefold()]
    assert len(found) == 1, f"{len(found)} of {type_} called {name}"
    return found[0]


def need(estate: Estate, id_: str) -> Resource:
    """The resource of this id, which must be there."""
    found = estate.find(ArmId(id_))
    assert found is not None, id_
    return found
