"""Collections from the stand-in, for the tests of the collector. Used by several folders of tests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import Any

from auditor.collect import Target, collect
from auditor.commands.demo import deployment, variables
from auditor.model import ArmId, Read
from auditor.snapshot import Snapshot
from tests.faulty import Fault, FaultyStandIn

PATIENCE = 0.005
"""A two-hundredth of the usual waits between retries."""


@cache
def reference() -> Snapshot:
    """The reference deployment, to be served."""
    return deployment("reference-implementation")


@cache
def small() -> Snapshot:
    """A part of the reference deployment: enough to ask every kind of question, and quick to read."""
    kinds = ("virtualnetworks/", "networksecuritygroups/", "vaults/", "sites/", "storageaccounts/staibase")
    base = reference()
    chosen = [d for d in base.documents if "/providers/" not in d["id"] or any(k in d["id"].casefold() for k in kinds)]
    return Snapshot(tuple(chosen), (), source=base.source, tenant=base.tenant, subscriptions=base.subscriptions)


@contextmanager
def serving(served: Snapshot | None = None, faults: Sequence[Fault] = (), **options: Any) -> Iterator[FaultyStandIn]:
    """A stand-in that this process's default credential signs in at."""
    with FaultyStandIn(served or reference(), faults, **options) as standin, variables(standin.environment()):
        yield standin


def target_at(standin: FaultyStandIn, **options: Any) -> Target:
    """What a collection from the stand-in is aimed at."""
    return Target(arm_endpoint=standin.url, **{"cloud": "public", "patience": PATIENCE, **options})


def taken(standin: FaultyStandIn, **options: Any) -> Snapshot:
    """Everything that the stand-in serves, collected."""
    return collect(target_at(standin, **options))


def from_standin(faults: Sequence[Fault] = (), served: Snapshot | None = None, **target: Any) -> Snapshot:
    """Serve, collect, close."""
    with serving(served, faults) as standin:
        return taken(standin, **target)


def world(documents: Sequence[Mapping[str, Any]], name: str = "reference-implementation") -> Snapshot:
    """Documents to be served, in the tenant and subscription of a world."""
    base = deployment(name)
    return Snapshot(tuple(documents), (), source="import", tenant=base.tenant, subscriptions=base.subscriptions)


TWIN = "11111111-1111-4111-8111-111111111111"
"""A second subscription."""
MANAGEMENT_GROUPS = "/providers/Microsoft.Management/managementGroups"


def moved(documents: Iterable[Mapping[str, Any]], subscription: str = TWIN) -> list[Mapping[str, Any]]:
    """The same documents in another subscription."""
    text = json.dumps(list(documents)).replace(reference().subscriptions[0], subscription)
    found: list[Mapping[str, Any]] = json.loads(text)
    return found


def management_group(name: str, parent: str = "") -> Mapping[str, Any]:
    """A management group as a world holds it."""
    details = {"parent": {"id": f"{MANAGEMENT_GROUPS}/{parent}"} if parent else None}
    return {
        "id": f"{MANAGEMENT_GROUPS}/{name}",
        "type": "Microsoft.Management/managementGroups",
        "name": name,
        "properties": {"displayName": name.title(), "details": details},
    }


def placed(group: str, subscription: str) -> Mapping[str, Any]:
    """What says that a subscription lies in a management group."""
    return {"id": f"{MANAGEMENT_GROUPS}/{group}/subscriptions/{subscription}", "name": subscription, "properties": {}}


def assignment(scope: str, name: str) -> Mapping[str, Any]:
    """A role assignment (Reader) at a scope."""
    reader = "/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"
    return {
        "id": f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}",
        "type": "Microsoft.Authorization/roleAssignments",
        "name": name,
        "properties": {"scope": scope, "roleDefinitionId": reader, "principalId": name, "principalType": "User"},
    }


def estate_of_two() -> Snapshot:
    """Two subscriptions in a tree: `top` holds `left`, with the first one in it, and `right`, with the second."""
    first = reference().subscriptions[0]
    documents = [
        *small().documents,
        *moved(small().documents),
        *(management_group("top"), management_group("left", "top"), management_group("right", "top")),
        *(placed("left", first), placed("right", TWIN)),
        *(assignment(f"{MANAGEMENT_GROUPS}/{name}", f"to-{name}") for name in ("top", "left", "right")),
    ]
    return world(documents)


def comparable(snapshot: Snapshot) -> tuple[Any, ...]:
    """Everything of a snapshot but times: documents, and reads without how long they took."""
    reads = [replace(read, seconds=0.0) for read in snapshot.reads]
    return (
        *(snapshot.documents, reads, snapshot.subscriptions, snapshot.resource_groups),
        *(snapshot.complete, snapshot.source, snapshot.cloud, snapshot.tenant),
    )


def by_id(snapshot: Snapshot) -> dict[str, Mapping[str, Any]]:
    """The documents by lower-case id."""
    return {ArmId(document["id"]).key: document for document in snapshot.documents}


def failed(snapshot: Snapshot) -> list[Read]:
    """The reads that failed."""
    return [read for read in snapshot.reads if not read.answered]
