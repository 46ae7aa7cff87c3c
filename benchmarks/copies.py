"""Further copies of a whole deployment in its subscription: other names, groups, addresses and principals.

What belongs to the subscription (itself, role definitions, assignments at its scope) is there once. Copies share
nothing else, so a check of several must find for each what it finds for the first.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "tests" / "fixtures" / "worlds"
GROUP, BASE = "rg-chat-prod", "aibase"

Document = dict[str, Any]

_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_PUBLISHED = re.compile(rf"(?:policyDefinitions|roleDefinitions)/({_GUID.pattern})", re.IGNORECASE)


class World:
    """A deployment of tests/fixtures/worlds that can be had more than once."""

    def __init__(self, name: str) -> None:
        held = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
        self.subscription: str = held["subscriptionId"]
        self.tenant: str = held["tenantId"]
        self.collected_at: str = held.get("collectedAt", "2024-07-15T09:00:00Z")
        self.documents: list[Document] = held["documents"]

    @cached_property
    def shared(self) -> list[Document]:
        """What belongs to the subscription."""
        return [d for d in self.documents if not _in_group(d)]

    @cached_property
    def own(self) -> list[Document]:
        """What belongs to the deployment."""
        return [d for d in self.documents if _in_group(d)]

    @cached_property
    def kept(self) -> frozenset[str]:
        """Ids that are the same in every copy: those of the subscription and the tenant, and Microsoft's own."""
        published = _PUBLISHED.findall(json.dumps(self.documents))
        above = _GUID.findall(json.dumps(self.shared))
        return frozenset(guid.casefold() for guid in (self.tenant, *published, *above))

    def copy(self, number: int) -> list[Document]:
        """The deployment once more; number 0 is itself. There are 64, since each has a /16 of 10.0.0.0/10."""
        if number == 0:
            return self.own
        if not 0 <= number < 64:
            raise ValueError(f"there are copies 0 to 63, and not {number}")
        text = addressed(json.dumps(self.own), rf"10.{number}.\1.")
        # The workload's own public addresses; those of its platform (20.119.128.14, 20.22.*) are shared by many.
        text = re.sub(r"(?<![\d.])20\.57\.", f"20.{128 + number}.", text)
        return json.loads(renamed(text, f"aib{number:03}", f"rg-chat-{number:03}", self.kept))  # type: ignore[no-any-return]

    def times(self, count: int) -> list[Document]:
        """The subscription with so many copies."""
        return [*self.shared, *(document for number in range(count) for document in self.copy(number))]


def copies(worlds: Iterable[World], count: int) -> Iterator[list[Document]]:
    """Copies of worlds by turns."""
    chosen = list(worlds)
    for number in range(count):
        yield chosen[number % len(chosen)].copy(number)


def renamed(text: str, base: str, group: str, kept: frozenset[str], salt: str = "") -> str:
    """Documents with other names, another group and other ids; upper case stays upper case."""
    text = re.sub(BASE, lambda found: base.upper() if found[0].isupper() else base, text, flags=re.IGNORECASE)
    text = re.sub(GROUP, lambda found: group.upper() if found[0].isupper() else group, text, flags=re.IGNORECASE)
    return _GUID.sub(lambda found: found[0] if found[0].casefold() in kept else other_id(found[0], base + salt), text)


def addressed(text: str, pattern: str) -> str:
    r"""Documents with other private addresses: `10.7.\1.` for 10.0.x.y."""
    return re.sub(r"(?<![\d.])10\.0\.(\d+)\.", pattern, text)


def other_id(guid: str, by: str) -> str:
    """Another id for this one, the same one every time."""
    return str(uuid.uuid5(uuid.UUID(guid), by))


def _in_group(document: Document) -> bool:
    return "/resourcegroups/" in str(document["id"]).casefold()
