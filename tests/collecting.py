"""Collections from the stand-in, for the tests of the collector. Used by several folders of tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from auditor.collect import Target, collect
from auditor.commands.demo import deployment, variables
from auditor.model import ArmId, Read
from auditor.snapshot import Snapshot
from auditor.standin import Fault, StandIn

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
def serving(served: Snapshot | None = None, faults: Sequence[Fault] = (), **options: Any) -> Iterator[StandIn]:
    """A stand-in that this process's default credential signs in at."""
    with StandIn(served or reference(), faults, **options) as standin, variables(standin.environment()):
        yield standin


def taken(standin: StandIn, **target: Any) -> Snapshot:
    """Everything that the stand-in serves, collected."""
    target = {"cloud": "public", "patience": PATIENCE, **target}
    return collect(Target(arm_endpoint=standin.url, **target))


def from_standin(faults: Sequence[Fault] = (), served: Snapshot | None = None, **target: Any) -> Snapshot:
    """Serve, collect, close."""
    with serving(served, faults) as standin:
        return taken(standin, **target)


def world(documents: Sequence[Mapping[str, Any]], name: str = "reference-implementation") -> Snapshot:
    """Documents to be served, in the tenant and subscription of a world."""
    base = deployment(name)
    return Snapshot(tuple(documents), (), source="import", tenant=base.tenant, subscriptions=base.subscriptions)


def by_id(snapshot: Snapshot) -> dict[str, Mapping[str, Any]]:
    """The documents by lower-case id."""
    return {ArmId(document["id"]).key: document for document in snapshot.documents}


def failed(snapshot: Snapshot) -> list[Read]:
    """The reads that failed."""
    return [read for read in snapshot.reads if not read.answered]
