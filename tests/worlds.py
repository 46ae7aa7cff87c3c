"""The worlds that tests stand on, and small ways to change them. Used by every folder of tests."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from auditor.estate import Estate, build_estate
from auditor.model import ArmId, Read
from auditor.snapshot import Snapshot
from auditor.workload.parts import Pins, Workload, workloads

FIXTURES = Path(__file__).parent / "fixtures"
WORLDS = FIXTURES / "worlds"
REFERENCE = WORLDS / "reference-implementation.json"
COMPLIANT = WORLDS / "compliant.json"

Document = dict[str, Any]


@cache
def _raw(name: str) -> Mapping[str, Any]:
    return json.loads((WORLDS / f"{name}.json").read_text(encoding="utf-8"))


def documents(name: str = "reference-implementation") -> list[Document]:
    """The documents of a world, free to be changed."""
    return copy.deepcopy(list(_raw(name)["documents"]))


def subscription(name: str = "reference-implementation") -> str:
    """The world's subscription as an ARM id."""
    return f"/subscriptions/{_raw(name)['subscriptionId']}"


def whole(scope: str) -> tuple[Read, ...]:
    """Reads that are complete for everything: below the subscription, and above it."""
    return (
        Read(path="test", api_version="", status=200, covers="*", scope=scope),
        Read(path="test", api_version="", status=200, covers="*", scope="/"),
    )


def refused(type_: str, scope: str, permission: str = "") -> Read:
    """A list that Azure did not let us read."""
    return Read(
        path=f"{scope}/providers/{type_}",
        api_version="2024-01-01",
        status=403,
        covers=type_.casefold(),
        scope=scope,
        error="AuthorizationFailed",
        permission=permission or f"{type_}/read",
    )


def told(docs: Iterable[Mapping[str, Any]], principal: str, scope: str, *groups: str) -> Read:
    """What Azure answers when asked what is assigned to somebody who is in these groups and in no others."""
    holders = {each.casefold() for each in (principal, *groups)}
    assigned = [d for d in docs if ArmId(str(d["id"])).type == "microsoft.authorization/roleassignments"]
    shows = [str(d["id"]) for d in assigned if str(d["properties"]["principalId"]).casefold() in holders]
    covers, path = "microsoft.authorization/roleassignments/assignedto", f"what {principal} holds"
    return Read(path, "v", 200, covers, scope, len(shows), about=principal.casefold(), shows=tuple(sorted(shows)))


def snapshot(
    docs: Iterable[Mapping[str, Any]] | None = None,
    reads: Iterable[Read] | None = None,
    name: str = "reference-implementation",
) -> Snapshot:
    """A snapshot of documents, complete unless `reads` says otherwise."""
    scope = subscription(name)
    found = documents(name) if docs is None else list(docs)
    ordered = sorted(found, key=lambda d: ArmId(str(d["id"])).key)
    return Snapshot(
        documents=tuple(ordered),
        reads=tuple(whole(scope) if reads is None else reads),
        collected_at=str(_raw(name).get("collectedAt", "2024-07-15T09:00:00Z")),
        source="import",
        subscriptions=(scope.rpartition("/")[2],),
        sha256="0" * 64,
    )


def estate(
    docs: Iterable[Mapping[str, Any]] | None = None,
    reads: Iterable[Read] | None = None,
    name: str = "reference-implementation",
) -> Estate:
    """The estate of a world."""
    return build_estate(snapshot(docs, reads, name))


def workload(
    docs: Iterable[Mapping[str, Any]] | None = None,
    reads: Iterable[Read] | None = None,
    name: str = "reference-implementation",
    pins: Pins | None = None,
) -> Workload:
    """The one workload of a world."""
    (found,) = workloads(estate(docs, reads, name), pins)
    return found


def named(docs: Iterable[Document], name: str, type_: str = "") -> Document:
    """The one document of this name (and type)."""
    found = [
        d
        for d in docs
        if d["id"].rpartition("/")[2].casefold() == name.casefold()
        and (not type_ or str(d.get("type", "")).casefold() == type_.casefold())
    ]
    assert len(found) == 1, f"{name}: {len(found)} documents"
    return found[0]
