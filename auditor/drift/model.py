"""What changed between two pictures of one deployment, by what it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from auditor.model.arm_id import ArmId
from auditor.model.result import BaselineInfo, SnapshotInfo


class Topic(StrEnum):
    """What a change is about, in the order in which reports tell it."""

    FLOWS = "flows"
    PERMISSIONS = "permissions"
    PUBLIC_ACCESS = "public_access"
    OUTBOUND = "outbound"
    FILTERS = "filters"
    PRIVATE_LINK = "private_link"
    FINDINGS = "findings"
    RESOURCES = "resources"
    READS = "reads"


class Effect(StrEnum):
    """What a change does to the deployment. `unknown`: whether anything changed cannot be determined from these two."""

    WORSE = "worse"
    UNKNOWN = "unknown"
    OTHER = "other"
    BETTER = "better"


@dataclass(frozen=True)
class Change:
    """One thing that is not as it was. `says` is one sentence; `detail` the same for programs, as plain JSON values.

    `kind` is a word of the topic (`allowed`, `granted`, `opened`, ...). `required` tells, of a finding, whether the
    baseline demands the requirement rather than recommends it. `rank` orders a topic's changes, 0 first.
    """

    topic: Topic
    kind: str
    effect: Effect
    says: str
    resource: ArmId | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    rank: int = 0
    required: bool = True


@dataclass(frozen=True)
class Diff:
    """Every change between two snapshots, in the order of reports.

    `documents` counts the resources whose answers differ in anything but order and letter case, whether that means
    something or not. `notes` say what a reader should know of the comparison itself.
    """

    old: SnapshotInfo
    new: SnapshotInfo
    baseline: BaselineInfo
    changes: tuple[Change, ...]
    documents: int = 0
    notes: tuple[str, ...] = ()
    crashed: bool = False

    def of(self, *topics: Topic) -> tuple[Change, ...]:
        """The changes of some topics."""
        return tuple(change for change in self.changes if change.topic in topics)

    def with_effect(self, effect: Effect) -> tuple[Change, ...]:
        """The changes of one effect."""
        return tuple(change for change in self.changes if change.effect is effect)

    @property
    def nothing(self) -> bool:
        """Whether nothing changed that means anything."""
        return not self.changes
