"""The filters of a list of role assignments, and the directory that one of them asks.

What each filter answers is in facts/assigned-to.json. A world states its directory as the documents of Microsoft Graph
that an import takes too (auditor/access/principals.py): groups with `members`, principals with `transitiveMemberOf`.
A group without such a document has no members that anything in the world knows of.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from auditor.model import ArmId

Document = Mapping[str, Any]

_FILTER = re.compile(
    r"(?P<here>atScope\(\))?(?P<and>\s+and\s+)?(assignedTo\('(?P<to>[^']*)'\)|principalId\s+eq\s+'(?P<exactly>[^']*)')?",
    re.IGNORECASE,
)


class NotServed(ValueError):  # noqa: N818 - the request is at fault
    """A filter that a list of role assignments does not have."""


class Directory:
    """Who is in which group, through other groups too."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self._above: dict[str, set[str]] = defaultdict(set)
        for document in documents:
            id_ = ArmId(str(document["id"]))
            for member in _ids(document, "members"):
                self._above[member].add(id_.name.casefold())
            self._above[id_.name.casefold()].update(_ids(document, "transitiveMemberOf"))

    def groups_of(self, principal: str) -> frozenset[str]:
        """The object ids of every group that a principal is in."""
        found: set[str] = set()
        waiting = [principal.casefold()]
        while waiting:
            fresh = self._above.get(waiting.pop(), set()) - found
            found |= fresh
            waiting += fresh
        return frozenset(found)


def filtered(assignments: Sequence[Document], wanted: str, scope: str, directory: Directory) -> list[Document]:
    """The assignments of a list that a filter lets through. Raises `NotServed` for one that Azure does not have."""
    asked = _FILTER.fullmatch(wanted.strip())
    if asked is None or (asked["and"] is not None) != (asked["here"] is not None and asked["to"] is not None):
        raise NotServed(wanted)
    kept = list(assignments)
    if asked["here"]:
        # At the scope or above it, as the reference says; what the guide says is narrower.
        kept = [each for each in kept if not _is_below(each, ArmId(scope))]
    if asked["exactly"] is not None:
        kept = [each for each in kept if _holder(each) == asked["exactly"].casefold()]
    if asked["to"] is not None:
        meant = {asked["to"].casefold(), *directory.groups_of(asked["to"])}
        kept = [each for each in kept if _holder(each) in meant]
    return kept


def _is_below(assignment: Document, scope: ArmId) -> bool:
    at = ArmId(str((assignment.get("properties") or {}).get("scope") or "/"))
    return at != scope and at.is_within(scope)


def _holder(assignment: Document) -> str:
    return str((assignment.get("properties") or {}).get("principalId") or "").casefold()


def _ids(document: Document, name: str) -> set[str]:
    listed = document.get(name)
    if listed is None:
        listed = (document.get("properties") or {}).get(name)
    named = [item.get("id") if isinstance(item, Mapping) else item for item in listed or ()]
    return {str(each).rpartition("/")[2].casefold() for each in named if each}
