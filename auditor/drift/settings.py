"""Settings whose values have an order: which let more through than before, and which less (facts/drift.json)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from auditor.documents.defaults import Setting, setting
from auditor.drift.documents import Pair
from auditor.drift.model import Change, Effect, Topic
from auditor.estate.naming import short
from auditor.facts import load
from auditor.model import NotKnown, Resource, Unknown


def changes(pair: Pair, topic: Topic) -> Iterator[Change]:
    """Every setting of a topic that has another value in force, of resources that both sides show."""
    for row in load("drift")["switches"]:
        if row["topic"] == topic:
            for before, after in pair.both(row["type"]):
                yield from _compared(row, topic, before, after)


def _compared(row: dict[str, Any], topic: Topic, before: Resource, after: Resource) -> Iterator[Change]:
    path = row["path"].split("/")
    was, is_ = _value(before, path), _value(after, path)
    where = f"{path[-1]} of {short(after.id)}"
    if isinstance(was, Unknown) or isinstance(is_, Unknown):
        if not (isinstance(was, Unknown) and isinstance(is_, Unknown)):
            gap = was if isinstance(was, Unknown) else is_
            assert isinstance(gap, Unknown)
            says = f"whether {where} changed ({row['what']}) cannot be determined: {gap.because}"
            yield Change(
                topic, "unread", Effect.UNKNOWN, says, after.id, {"setting": row["path"], "unknown": gap.because}
            )
        return
    old, new = _rank(row, was), _rank(row, is_)
    if old == new:
        return
    effect = Effect.WORSE if new > old else Effect.BETTER
    says = f"{where} is {is_} now, was {was} ({row['what']})"
    detail = {"setting": row["path"], "before": was.value, "after": is_.value, "what": row["what"]}
    yield Change(topic, "loosened" if new > old else "tightened", effect, says, after.id, detail, rank=new <= old)


def _value(resource: Resource, path: list[str]) -> Setting | Unknown:
    try:
        return setting(resource, *path)
    except NotKnown as gap:
        return gap.unknown


def _rank(row: dict[str, Any], value: Setting) -> int:
    """How much a value lets through; `setting` answers none that the table does not know."""
    return next(n for n, same in enumerate(row["order"]) if value.is_one_of(*(str(each) for each in same)))
