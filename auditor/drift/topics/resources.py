"""What came and went, and what could be read before and cannot now: a lost right is not a lost resource."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from auditor.drift.documents import Pair, doubted_absence
from auditor.drift.model import Change, Effect, Topic
from auditor.drift.topics.outbound import RULE
from auditor.estate import Estate
from auditor.estate.naming import short
from auditor.model import ArmId, Read, Unknown

_NAMED = 4


def changes(pair: Pair) -> Iterator[Change]:
    """Resources by type, then reads."""
    yield from _only(pair.reversed, "appeared", "can be seen for the first time")
    yield from _only(pair, "disappeared", "cannot be seen any more")
    yield from _reads(pair)


def _only(pair: Pair, kind: str, unseen: str) -> Iterator[Change]:
    """What the old side of the pair shows and the new does not, counted by type; children go with their parents."""
    known: dict[str, list[ArmId]] = defaultdict(list)
    doubted: dict[tuple[str, str], list[ArmId]] = defaultdict(list)
    why: dict[tuple[str, str], Unknown] = {}
    for id_ in _topmost(pair):
        doubt = doubted_absence(pair.new, id_, pair.old)
        if doubt is None:
            known[id_.type].append(id_)
        else:
            doubted[id_.type, doubt.because].append(id_)
            why[id_.type, doubt.because] = doubt
    for type_, ids in sorted(known.items()):
        says = f"{len(ids):,} of {type_} {kind}: {_names(ids)}"
        yield Change(Topic.RESOURCES, kind, Effect.OTHER, says, _only_one(ids), _detail(type_, ids))
    for key, ids in sorted(doubted.items()):
        gap = why[key]
        says = f"{len(ids):,} of {key[0]} {unseen}: {_names(ids)}; {gap.because}"
        detail = {**_detail(key[0], ids), "unknown": gap.because, "permission": gap.permission}
        # Seeing more than before takes nothing from the comparison of what both see.
        effect = Effect.OTHER if kind == "appeared" else Effect.UNKNOWN
        yield Change(Topic.RESOURCES, "unread" if kind == "disappeared" else "first_read", effect, says,
                     _only_one(ids), detail, rank=5)  # fmt: skip


def _topmost(pair: Pair) -> Iterator[ArmId]:
    """What only the old side shows, without what hangs under it, and without what is told elsewhere."""
    gone = {r.id for r in pair.old.resources if pair.new.find(r.id) is None and r.type != RULE}
    yield from (id_ for id_ in sorted(gone) if not _hangs_under(id_, gone))


def _hangs_under(id_: ArmId, gone: set[ArmId]) -> bool:
    above = id_.parent
    while above is not None:
        if above in gone:
            return True
        above = above.parent
    return False


def _names(ids: list[ArmId]) -> str:
    more = f" and {len(ids) - _NAMED:,} more" if len(ids) > _NAMED else ""
    return ", ".join(_name(id_) for id_ in ids[:_NAMED]) + more


def _name(id_: ArmId) -> str:
    """What hangs on another resource is named with it: half of all diagnostic settings are called alike."""
    bearer = id_.extends
    return f"{short(bearer)}/{short(id_)}" if bearer is not None and "/providers/" in bearer.key else short(id_)


def _only_one(ids: list[ArmId]) -> ArmId | None:
    return ids[0] if len(ids) == 1 else None


def _detail(type_: str, ids: list[ArmId]) -> dict[str, object]:
    return {"type": type_, "count": len(ids), "ids": [id_.text for id_ in ids]}


def _reads(pair: Pair) -> Iterator[Change]:
    """Reads that failed on one side only."""
    before, after = _failed(pair.old), _failed(pair.new)
    for key in sorted(after.keys() - before.keys()):
        yield _read(after[key], "failed", "could be read before and cannot now", Effect.UNKNOWN)
    for key in sorted(before.keys() - after.keys()):
        yield _read(before[key], "mended", "could not be read before", Effect.OTHER)


def _failed(estate: Estate) -> dict[tuple[str, str], Read]:
    failed = (read for read in estate.snapshot.reads if not read.answered)
    return {(read.path.casefold(), read.covers.casefold()): read for read in failed}


def _read(read: Read, kind: str, says: str, effect: Effect) -> Change:
    why = f" ({read.error}{f', needs {read.permission}' if read.permission else ''})"
    detail = {
        "path": read.path, "covers": read.covers, "status": read.status, "error": read.error,
        "permission": read.permission or None,
    }  # fmt: skip
    return Change(Topic.READS, kind, effect, f"{read.path} {says}{why}", None, detail, rank=kind == "mended")
