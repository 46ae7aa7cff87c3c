"""One document for each id, out of what several files say."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from auditor.model import AuditorError
from auditor.snapshot.importing.az_cli_form import without_additions
from auditor.snapshot.importing.origin import Found
from auditor.snapshot.text import shown

_TIP = "they were read at different times, or one was edited: leave the older file out"

_MARKS = frozenset({"etag", "apiversion"})
"""What says of which version an answer is and holds no setting, in lower case."""


def merged(found: Iterable[Found]) -> list[Found]:
    """Every id once: of two documents that agree, all that either says (a list often says less than a GET, and one
    api-version shows what another lacks).

    Raises `AuditorError` naming both places where two documents of one id contradict each other.
    """
    by_id: dict[str, Found] = {}
    for each in found:
        first = by_id.setdefault(each.id.key, each)
        if first is not each:
            by_id[each.id.key] = _fuller(first, each)
    return list(by_id.values())


def laid_over(found: Iterable[Found]) -> tuple[list[Found], list[Found]]:
    """Every id once: what a plan deploys twice is what its deployments make one after another, property by property.

    The second list is of the documents that say something else than one before them.
    """
    by_id: dict[str, Found] = {}
    again: list[Found] = []
    for each in found:
        first = by_id.setdefault(each.id.key, each)
        if first is not each:
            if not each.partial and not says_no_more(each.document, first.document):
                again.append(each)
            both = overlaid(first.document, each.document)
            by_id[each.id.key] = Found(both, each.origin, each.kept, first.partial and each.partial)
    return list(by_id.values()), again


def overlaid(under: Any, over: Any) -> Any:
    """A value with another one laid over it: objects by key, anything else is replaced."""
    if isinstance(under, Mapping) and isinstance(over, Mapping):
        return {**under, **{key: overlaid(under.get(key), value) for key, value in over.items()}}
    return under if over is None else over


def _fuller(first: Found, second: Found) -> Found:
    one, other = without_additions(first.document), without_additions(second.document)
    first_holds, second_holds = says_no_more(other, one), says_no_more(one, other)
    if first_holds and second_holds:
        # They differ in letter case and nulls alone; which one is kept may not hang on the order of the files.
        return min(first, second, key=lambda each: json.dumps(each.document, sort_keys=True))
    if first_holds or second_holds:
        return first if first_holds else second
    try:
        both = _union(first.document, second.document, "")
    except _ContradictionError as found:
        raise AuditorError(
            f"{second.origin}: {shown(second.id.text, 400)} differs from the document with the same id at"
            f" {first.origin} in {found}",
            _TIP,
        ) from None
    return Found(both, first.origin)


class _ContradictionError(Exception):
    """Two values of one place that cannot both hold; the message is the place."""


def _union(one: Any, other: Any, at: str) -> Any:
    """What either value says. Raises `_ContradictionError` where they do not agree."""
    if one is None or one == "" or (isinstance(other, Mapping) and one == {}):
        return other
    if other is None or other == "":
        return one
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        keys = dict.fromkeys((*one, *other))
        return {key: _of_key(key, one.get(key), other.get(key), f"{at}/{key}") for key in sorted(keys)}
    if isinstance(one, list) and isinstance(other, list):
        return _union_of_lists(one, other, at)
    if says_no_more(one, other):
        return min(one, other, key=str)
    raise _ContradictionError(at.removeprefix("/") or "its whole")


def _of_key(key: str, one: Any, other: Any, at: str) -> Any:
    if key.casefold() in _MARKS and one is not None and other is not None:
        return max(one, other, key=str)
    return _union(one, other, at)


def _union_of_lists(one: list[Any], other: list[Any], at: str) -> list[Any]:
    pairs = _paired(one, other)
    if pairs is None:
        raise _ContradictionError(at.removeprefix("/"))
    return [_union(each, match, f"{at}/{n}") for n, (each, match) in enumerate(pairs)]


def says_no_more(less: Any, more: Any) -> bool:
    """Whether everything that one value states stands in the other.

    Letter case, null, empty text, marks of the version and the order of things that have names do not count.
    """
    if less is None or less == "":
        return True
    if isinstance(less, Mapping):
        return isinstance(more, Mapping) and all(
            key.casefold() in _MARKS or says_no_more(value, more.get(key)) for key, value in less.items()
        )
    if isinstance(less, list):
        if not isinstance(more, list) or len(less) != len(more):
            return False
        pairs = _paired(less, more)
        return pairs is not None and all(says_no_more(each, match) for each, match in pairs)
    if isinstance(less, str):
        return isinstance(more, str) and less.casefold() == more.casefold()
    return type(less) is type(more) and bool(less == more)


def _paired(one: list[Any], other: list[Any]) -> list[tuple[Any, Any]] | None:
    """The items of two lists that stand for the same, in the order of the first; `None` where there is no such order.

    Azure orders a list by name in one answer and by age in another. Items without names keep their order.
    """
    if len(one) != len(other):
        return None
    names = [_name_of(item) for item in one]
    by_name = {_name_of(item): item for item in other}
    if "" in names or len(set(names)) != len(names) or set(names) != set(by_name):
        return list(zip(one, other, strict=True))
    return [(item, by_name[name]) for item, name in zip(one, names, strict=True)]


def _name_of(item: Any) -> str:
    """What tells an item of a list from the others: its id or name, or itself where it is text; else empty."""
    if isinstance(item, str):
        return item.casefold()
    if not isinstance(item, Mapping):
        return ""
    stated = item.get("id") or item.get("name")
    return stated.rstrip("/").casefold() if isinstance(stated, str) else ""
