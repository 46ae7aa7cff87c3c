"""Changes applied to a snapshot in memory. Pure: the snapshot given stays as it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from auditor.estate import Estate
from auditor.estate.children import EMBEDDED, PARENT_OF
from auditor.model import ArmId, Resource
from auditor.model.change import Action, Change
from auditor.snapshot import Snapshot
from auditor.snapshot.locate import steps_of


class NotApplicableError(Exception):
    """A change that does not fit the snapshot: its resource or its list is not there."""


def applied(snapshot: Snapshot, estate: Estate, changes: Iterable[Change]) -> Snapshot:
    """The snapshot as it would be after the changes. Raises `NotApplicableError` where one does not fit.

    What a change creates or sets is taken for read: the state after it is a statement about what would be there.
    """
    documents = {ArmId(str(d.get("id", ""))): d for d in snapshot.documents}
    for change in changes:
        _apply(documents, estate, change)
    ordered = sorted(documents.items(), key=lambda item: item[0].key)
    return replace(snapshot, documents=tuple(document for _, document in ordered))


def _apply(documents: dict[ArmId, Any], estate: Estate, change: Change) -> None:
    match change.action:
        case Action.CREATE:
            _create(documents, estate, change)
        case Action.DELETE:
            _delete(documents, estate, change.resource)
        case _:
            _edit(documents, estate, change)


def _create(documents: dict[ArmId, Any], estate: Estate, change: Change) -> None:
    id_ = change.resource
    body = {"id": id_.text, "name": id_.name, "type": _type(id_), **change.value}
    parent = PARENT_OF.get(id_.type)
    holder = estate.find(id_.parent) if parent is not None and id_.parent is not None else None
    if holder is None:
        documents[id_] = body
        return
    embedded = next(e for e in EMBEDDED[holder.type] if e.child == id_.type)
    document = documents.get(holder.document)
    if document is None:
        raise NotApplicableError(f"{holder.id.text} is not in the snapshot")
    steps = [*steps_of(holder.pointer), *embedded.path]
    listed = _at(document, steps)
    if isinstance(listed, dict):
        documents[holder.document] = _put(document, [*steps, id_.name], body.get("properties", {}))
        return
    kept = [item for item in listed or [] if ArmId(str(item.get("id") or "/")) != id_]
    documents[holder.document] = _put(document, steps, [*kept, body])


def _delete(documents: dict[ArmId, Any], estate: Estate, id_: ArmId) -> None:
    found = estate.find(id_)
    if found is not None and found.document != id_ and found.document in documents:
        document = documents[found.document]
        documents[found.document] = _without(document, _steps_to(document, found))
    elif found is None and id_ not in documents:
        raise NotApplicableError(f"{id_.text} is not in the snapshot")
    for each in [each for each in documents if each == id_ or each.is_within(id_)]:
        del documents[each]


def _edit(documents: dict[ArmId, Any], estate: Estate, change: Change) -> None:
    found = estate.find(change.resource)
    holder = found.document if found is not None else change.resource
    document = documents.get(holder)
    if document is None:
        raise NotApplicableError(f"{change.resource.text} is not in the snapshot")
    above = _steps_to(document, found) if found is not None else []
    steps = [*above, *steps_of(change.pointer)]
    if change.action is Action.SET:
        documents[holder] = _put(document, steps, change.value)
    elif change.action is Action.ADD:
        listed = _at(document, steps)
        if listed is not None and not isinstance(listed, list):
            raise NotApplicableError(f"{change.pointer} of {change.resource.text} is no list")
        documents[holder] = _put(document, steps, [*(listed or []), change.value])
    else:
        documents[holder] = _without(document, steps)


def _steps_to(document: Any, found: Resource) -> list[str]:
    """Where a resource stands in its document now: earlier changes may have moved it in its list."""
    steps = list(steps_of(found.pointer))
    listed = _at(document, steps[:-1]) if steps else None
    if not isinstance(listed, list):
        return steps
    for number, item in enumerate(listed):
        if isinstance(item, dict) and _is(item, found):
            return [*steps[:-1], str(number)]
    raise NotApplicableError(f"{found.id.text} is not in the snapshot any more")


def _is(item: dict[str, Any], found: Resource) -> bool:
    stated = item.get("id")
    return ArmId(str(stated)) == found.id if stated else str(item.get("name")).casefold() == found.name.casefold()


def _at(value: Any, steps: Sequence[str]) -> Any:
    for step in steps:
        if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, dict):
            value = value.get(step)
        else:
            return None
    return value


def _put(value: Any, steps: Sequence[str], new: Any) -> Any:
    """A copy of a value with something new at a place; only what lies on the way there is copied."""
    if not steps:
        return new
    step, rest = steps[0], steps[1:]
    if isinstance(value, list):
        if not step.isdecimal() or int(step) >= len(value):
            raise NotApplicableError(f"there is no item {step}")
        items = list(value)
        items[int(step)] = _put(items[int(step)], rest, new)
        return items
    if value is not None and not isinstance(value, dict):
        raise NotApplicableError(f"{step} stands below something that holds nothing")
    return {**(value or {}), step: _put((value or {}).get(step), rest, new)}


def _without(value: Any, steps: Sequence[str]) -> Any:
    step, rest = steps[0], steps[1:]
    if isinstance(value, list):
        at = int(step)
        if at >= len(value):
            raise NotApplicableError(f"there is no item {step}")
        return [*value[:at], *([_without(value[at], rest)] if rest else []), *value[at + 1 :]]
    if not isinstance(value, dict) or step not in value:
        raise NotApplicableError(f"there is no {step}")
    if rest:
        return {**value, step: _without(value[step], rest)}
    return {key: inner for key, inner in value.items() if key != step}


def _type(id_: ArmId) -> str:
    """The type as the id spells it."""
    tail = id_.text.rpartition("/providers/")[2].split("/")
    return "/".join([tail[0], *tail[1::2]])
