"""What the reads of a snapshot say they brought, against what it holds."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from auditor.model import ArmId, Read
from auditor.snapshot.model import Snapshot

MISCOUNTED = "CountMismatch"
"""The error of a read that brought more documents than the snapshot holds: some were taken out since."""

_EVERYTHING = "*"
_NOT_KEPT = frozenset(
    {
        "microsoft.resources/resources",
        "microsoft.management/managementgroups/descendants",
        "microsoft.network/privatednszones/a",
    }
)
"""Types whose lists hold more than is kept: the inventory, and the records of other kinds in a zone."""


def counted(snapshot: Snapshot) -> tuple[Read, ...]:
    """The reads, with those as failed that say they brought more than the snapshot holds of their type and place."""
    if snapshot.planned:
        return snapshot.reads  # a plan deletes what reads brought
    told = snapshot.provenance
    if told is not None and (told.documents > len(snapshot.documents) or told.reads > len(snapshot.reads)):
        held = f"{len(snapshot.documents)} documents and {len(snapshot.reads)} reads"
        says = f"it was written with {told.documents} documents and {told.reads} reads, and holds {held}"
        return tuple(replace(r, error=MISCOUNTED, message=says) if r.answered else r for r in snapshot.reads)
    places = _Places(snapshot)
    return tuple(_against(read, places) for read in snapshot.reads)


def _against(read: Read, places: _Places) -> Read:
    if not read.answered or not read.count or read.about or read.covers in _NOT_KEPT or not read.covers:
        return read
    # What is inherited from above a subscription stands in its lists, and is no document below it.
    inherited = read.covers.startswith("microsoft.authorization/")
    held = places.held(read.covers, ArmId("/" if inherited else read.scope))
    if held >= read.count:
        return read
    where = "all types" if read.covers == _EVERYTHING else read.covers
    says = f"it brought {read.count} documents of {where}, and {held} are in the snapshot"
    return replace(read, error=MISCOUNTED, message=says)


class _Places:
    """How many documents of a type stand at or below a place."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._keys: dict[str, list[str]] = defaultdict(list)
        for document in snapshot.documents:
            id_ = ArmId(str(document.get("id", "")))
            self._keys[id_.type].append(id_.key)
            self._keys[_EVERYTHING].append(id_.key)
        for keys in self._keys.values():
            keys.sort()

    def held(self, type_: str, scope: ArmId) -> int:
        """Of one type, or of all."""
        keys: Sequence[str] = self._keys.get(type_, ())
        if not scope.key:
            return len(keys)
        below = bisect_left(keys, f"{scope.key}0") - bisect_left(keys, f"{scope.key}/")
        return below + (bisect_left(keys, f"{scope.key}\0") - bisect_left(keys, scope.key))
