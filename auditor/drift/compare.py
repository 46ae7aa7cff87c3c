"""Two snapshots to what changed between them: not their text but what it means."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.drift.documents import Pair
from auditor.drift.model import (
    Change,
    Diff,
    Effect,
    Topic,
)
from auditor.drift.topics import (
    content_filters as diff_filters,
)
from auditor.drift.topics import (
    findings as diff_findings,
)
from auditor.drift.topics import (
    flows as diff_flows,
)
from auditor.drift.topics import (
    outbound as diff_outbound,
)
from auditor.drift.topics import (
    permissions as diff_access,
)
from auditor.drift.topics import (
    private_link as diff_private,
)
from auditor.drift.topics import (
    public_access as diff_public,
)
from auditor.drift.topics import (
    resources as diff_resources,
)
from auditor.estate import build_estate
from auditor.model import AuditResult, NotKnown, Outcome
from auditor.snapshot import Snapshot

_PARTS = {
    Topic.FLOWS: diff_flows,
    Topic.PERMISSIONS: diff_access,
    Topic.PUBLIC_ACCESS: diff_public,
    Topic.OUTBOUND: diff_outbound,
    Topic.FILTERS: diff_filters,
    Topic.PRIVATE_LINK: diff_private,
    Topic.RESOURCES: diff_resources,
}
_WORDS = {topic: topic.value.replace("_", " ") for topic in _PARTS}
_LAST = 9
_ORDER = {topic: n for n, topic in enumerate(Topic)}


def diff(old: Snapshot, new: Snapshot, before: AuditResult, after: AuditResult) -> Diff:
    """What changed from one snapshot to the other, given what the same baseline says of each. Pure.

    Only what is touched is compared: where no answer of Azure's differs and both sides were asked the same, nothing
    that follows from them can.
    """
    pair = Pair(build_estate(old), build_estate(new))
    found = _changes(pair, before, after) if pair.touched or not pair.same_reads else ()
    return Diff(
        before.snapshot,
        after.snapshot,
        after.baseline,
        tuple(sorted(found, key=_key)),
        len(pair.touched),
        tuple(_notes(old, new)),
        crashed=any(result.summary[Outcome.ERROR] for result in (before, after)),
    )


def _changes(pair: Pair, before: AuditResult, after: AuditResult) -> Iterator[Change]:
    for topic, part in _PARTS.items():
        try:
            yield from tuple(part.changes(pair))
        except NotKnown as gap:
            because = gap.unknown.because
            detail = {"unknown": because, "permission": gap.unknown.permission}
            says = f"{_WORDS[topic]} cannot be compared: {because}"
            yield Change(topic, "unread", Effect.UNKNOWN, says, detail=detail, rank=_LAST)
    yield from diff_findings.changes(diff_findings.Results(pair, before, after))


def _key(change: Change) -> tuple[int, int, str, str]:
    return _ORDER[change.topic], change.rank, change.resource.key if change.resource else "", change.says


def _notes(old: Snapshot, new: Snapshot) -> Iterator[str]:
    """What a reader should know of the two snapshots before believing a comparison."""
    if old.collected_at and new.collected_at and old.collected_at > new.collected_at:
        yield f"the first snapshot ({old.collected_at}) is younger than the second ({new.collected_at}): swapped?"
    for name in ("subscriptions", "resource_groups"):
        was, is_ = ({each.casefold() for each in getattr(side, name)} for side in (old, new))
        if was != is_:
            words = name.replace("_", " ")
            yield f"the two do not cover the same {words}: {_listed(was)} before, {_listed(is_)} now"
    for side, word in ((old, "first"), (new, "second")):
        if not side.complete:
            yield f"the {word} snapshot is marked incomplete: its collection was interrupted"
        if side.source == "what-if":
            yield f"the {word} snapshot is of a deployment that is only planned"


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "all that there is"
