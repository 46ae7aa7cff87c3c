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


def merged(found: Iterable[Found]) -> list[Found]:
    """Every id once: of two documents that agree, the one that says more (a list often says less than a GET).

    Raises `AuditorError` naming both places where two documents of one id contradict each other.
    """
    by_id: dict[str, Found] = {}
    for each in found:
        first = by_id.setdefault(each.id.key, each)
        if first is not each:
            by_id[each.id.key] = _fuller(first, each)
    return list(by_id.values())


def _fuller(first: Found, second: Found) -> Found:
    one, other = without_additions(first.document), without_additions(second.document)
    first_holds, second_holds = says_no_more(other, one), says_no_more(one, other)
    if first_holds and second_holds:
        # They differ in letter case and nulls alone; which one is kept may not hang on the order of the files.
        return min(first, second, key=lambda each: json.dumps(each.document, sort_keys=True))
    if first_holds or second_holds:
        return first if first_holds else second
    raise AuditorError(
        f"{second.origin}: {shown(second.id.text, 400)} differs from the document with the same id at {first.origin}",
        _TIP,
    )


def says_no_more(less: Any, more: Any) -> bool:
    """Whether everything that one value states stands in the other; letter case, null and empty text do not count."""
    if less is None or less == "":
        return True
    if isinstance(less, Mapping):
        return isinstance(more, Mapping) and all(says_no_more(value, more.get(key)) for key, value in less.items())
    if isinstance(less, list):
        return isinstance(more, list) and len(less) == len(more) and all(map(says_no_more, less, more))
    if isinstance(less, str):
        return isinstance(more, str) and less.casefold() == more.casefold()
    return type(less) is type(more) and bool(less == more)
