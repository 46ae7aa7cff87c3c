"""What a snapshot holds once it is in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from auditor.model import ArmId, Read

FORMAT = "auditor-snapshot/1"

LATER_FIELDS = frozenset({"about", "shows", "lines", "request_id", "body_sha256"})
"""Fields of a read that snapshots of the same format have not always had, and lack where they would be empty."""

PLANNED = "what-if"
"""The `source` of a snapshot that some plan has a part in."""

FORETOLD = "plan"
"""The path of a read that was not made: the answer is a plan's. Of one resource, it says that its document is foretold;
of all types, that somebody states the plan to be whole."""

NOT_PREDICTED = "NotPredicted"
"""The error of a read that stands for a resource which a plan names and does not show."""

MAX_DEPTH = 100
"""How deep objects and lists may nest inside a document. Azure's deepest answers have about twenty levels."""


@dataclass(frozen=True)
class Position:
    """Where a value stands in a text file; both count from 1, columns in Unicode code points."""

    line: int
    column: int


@dataclass(frozen=True)
class Provenance:
    """Who read a deployment, with what, and when, by the clock of the machine that read.

    `tenant`, `principal` (object id) and `application` are what the access token said of its bearer; the token itself
    is nowhere. `auditor` and `auditor_sha256` are the version and the digest of the program. Times are UTC, ISO 8601.
    """

    tenant: str = ""
    principal: str = ""
    application: str = ""
    auditor: str = ""
    auditor_sha256: str = ""
    begun_at: str = ""
    ended_at: str = ""
    documents: int = 0
    reads: int = 0


@dataclass(frozen=True)
class Snapshot:
    """Raw documents as Azure sent them, the reads that brought them, and where they came from.

    `source` is `azure` for a collection, `import` for files and `what-if` for a deployment that is only planned;
    `complete` is false where a run was interrupted. `documents` are sorted by id without letter case and hold no id
    twice. `provenance` says who read it, where that is known, and is no part of the hash.
    `collected_at` is UTC, ISO 8601. `offsets` gives, for a snapshot read from a file, where each document
    begins in its `text`.
    """

    documents: tuple[Mapping[str, Any], ...]
    reads: tuple[Read, ...]
    collected_at: str = ""
    source: str = "azure"
    cloud: str = "AzurePublicCloud"
    tenant: str = ""
    subscriptions: tuple[str, ...] = ()
    resource_groups: tuple[str, ...] = ()
    complete: bool = True
    sha256: str = ""
    provenance: Provenance | None = field(default=None, compare=False)
    path: str = ""
    text: str = field(default="", repr=False, compare=False)
    offsets: Mapping[ArmId, int] = field(default_factory=dict, repr=False, compare=False)

    @property
    def planned(self) -> bool:
        """Whether it shows what a deployment would leave, not what is there."""
        return self.source == PLANNED


def too_deep(value: Any, limit: int = MAX_DEPTH) -> bool:
    """Whether objects and lists nest deeper than the limit."""
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > limit + 1:
            return True
        level = [
            child
            for each in level
            if isinstance(each, (dict, list))
            for child in (each.values() if isinstance(each, dict) else each)
        ]
    return False
