"""What Azure itself ends, and which resources of a workload use it: told with the day, and never a failed verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from auditor.estate import Estate
from auditor.facts import load
from auditor.model import Evidence, Resource, Retirement
from auditor.workload.parts import Workload


def retirements(found: Iterable[Workload], estate: Estate) -> tuple[Retirement, ...]:
    """Every use of something that Azure ends (facts/retirements.json), by day, then by resource.

    Only what a document states counts: a setting that is absent, or a resource that was not read, is left out.
    """
    workloads = tuple(found)
    rows = [
        _found(row, resource, evidence, estate)
        for row in load("retirements")["rows"]
        for type_ in row["types"]
        for resource in estate.seen(type_)
        if any(w.may_own(resource) for w in workloads) and (evidence := _uses(resource, row["where"])) is not None
    ]
    return tuple(sorted(rows, key=lambda each: (each.on, each.resource, each.id)))


def _found(row: Mapping[str, Any], resource: Resource, evidence: tuple[Evidence, ...], estate: Estate) -> Retirement:
    taken = estate.snapshot.collected_at[:10]
    over = bool(taken) and date.fromisoformat(row["on"]).isoformat() <= taken
    return Retirement(row["id"], resource.id, row["what"], row["on"], over, row["then"], row["source"], evidence)


def _uses(resource: Resource, where: Iterable[Mapping[str, Any]]) -> tuple[Evidence, ...] | None:
    """Where a document shows that every condition holds; `None` where one does not."""
    shown: list[Evidence] = []
    for condition in where:
        evidence = _holds(resource, condition)
        if evidence is None:
            return None
        shown.append(evidence)
    return tuple(shown) or (resource.shown("id"),)


def _holds(resource: Resource, condition: Mapping[str, Any]) -> Evidence | None:
    places = list(_reached(resource, (), tuple(condition["path"])))
    if condition.get("there") is False:
        return None if any(each.value is not None for each in places) else resource.shown(*condition["path"])
    return next((each for each in places if _fits(each.value, condition)), None)


def _fits(value: object, condition: Mapping[str, Any]) -> bool:
    text = str(value).casefold()
    if value is None:
        return False
    if "in" in condition:
        return text in {word.casefold() for word in condition["in"]}
    return condition["contains"] in text if "contains" in condition else True


def _reached(resource: Resource, at: tuple[str | int, ...], left: tuple[str, ...]) -> Iterator[Evidence]:
    if not left:
        yield resource.shown(*at)
        return
    if left[0] != "*":
        yield from _reached(resource, (*at, left[0]), left[1:])
        return
    listed = resource.stated(*at)
    for index in range(len(listed) if isinstance(listed, list) else 0):
        yield from _reached(resource, (*at, index), left[1:])
