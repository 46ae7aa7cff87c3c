"""Management groups as Resource Manager shows them: what lies below each, and whether one is above a place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from auditor.model import ArmId, Resource

Document = Mapping[str, Any]

GROUPS = "microsoft.management/managementgroups"
PLACED = f"{GROUPS}/subscriptions"
"""Which subscription lies in which group: documents of this type in a world, as Azure has them."""


class Hierarchy:
    """The tree that documents of management groups (`details.parent`) and of subscriptions in them describe."""

    def __init__(
        self, groups: Sequence[Document], placed: Sequence[Document], subscriptions: Sequence[Document]
    ) -> None:
        self._names = {ArmId(d["id"]).key: str(d.get("displayName") or d["id"]) for d in subscriptions}
        self._parent: dict[str, ArmId] = {}
        self._ids: dict[str, ArmId] = {}
        for document in groups:
            group = Resource(ArmId(document["id"]), document, ArmId(document["id"]))
            self._add(group.id, group.ref("properties", "details", "parent"))
            self._names[group.id.key] = str(group.get("properties", "displayName", default=group.id.name))
        for document in placed:
            id_ = ArmId(document["id"])
            self._add(ArmId(f"/subscriptions/{id_.name}"), id_.parent)

    def _add(self, id_: ArmId, parent: ArmId | None) -> None:
        self._ids[id_.key] = id_
        if parent is not None:
            self._parent[id_.key] = parent

    def children(self, group: str) -> list[Document]:
        """What lies directly in a group, as its GET shows it with `$expand=children`."""
        return [
            {"id": id_.text, "type": _type(id_), "name": id_.name, "displayName": self._names.get(id_.key, id_.name)}
            for id_ in self._in(ArmId(group))
        ]

    def descendants(self, group: str) -> list[Document]:
        """What lies below a group at any depth."""
        return [self._descendant(id_) for id_ in self._below(ArmId(group))]

    def above(self, group: ArmId, place: ArmId) -> bool:
        """Whether a place lies below a group; one whose own place nobody states is taken to."""
        inner = place if place.type == GROUPS else ArmId(f"/subscriptions/{place.subscription}")
        if inner.key not in self._parent:
            return True
        return any(found.key == group.key for found in self._ancestors(inner))

    def _ancestors(self, inner: ArmId) -> Iterator[ArmId]:
        at = inner
        while at.key in self._parent:
            at = self._parent[at.key]
            yield at

    def _in(self, group: ArmId) -> Iterator[ArmId]:
        yield from (self._ids[key] for key, parent in self._parent.items() if parent == group)

    def _below(self, group: ArmId) -> Iterator[ArmId]:
        for id_ in self._in(group):
            yield id_
            yield from self._below(id_)

    def _descendant(self, id_: ArmId) -> Document:
        stated = {"displayName": self._names.get(id_.key, id_.name), "parent": {"id": self._parent[id_.key].text}}
        return {"id": id_.text, "type": _type(id_), "name": id_.name, "properties": stated}


def _type(id_: ArmId) -> str:
    return "Microsoft.Management/managementGroups" if id_.type == GROUPS else "/subscriptions"
