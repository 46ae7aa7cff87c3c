"""A snapshot as Resource Manager would look it up: by id, by type and scope, by parent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from auditor.estate.children import children_in
from auditor.facts import load
from auditor.model import ArmId, Resource
from auditor.standin.filters import Directory
from auditor.standin.hierarchy import GROUPS, PLACED, Hierarchy

Document = Mapping[str, Any]

_AUTHORIZATION = "microsoft.authorization/"
INHERITED = frozenset(
    _AUTHORIZATION + name
    for name in (
        "roleassignments",
        "denyassignments",
        "roleassignmentscheduleinstances",
        "roleeligibilityscheduleinstances",
        "policyassignments",
    )
)
"""Types that a list at a scope shows at it, above it and below it (learn.microsoft.com, "List Azure role assignments
using the REST API")."""
ROLE_ASSIGNMENTS = _AUTHORIZATION + "roleassignments"
ROLE_DEFINITIONS = _AUTHORIZATION + "roledefinitions"


@cache
def known_versions() -> Mapping[str, tuple[str, ...]]:
    """By lower-case type: every api-version that Azure publishes it with, oldest first."""
    return {
        type_: tuple(row["versions"].split()) for row in load("arm-api-versions")["known"] for type_ in row["types"]
    }


class World:
    """The documents of a snapshot, found the way a path asks for them."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self._by_id: dict[str, Document] = {}
        self._by_type: dict[str, list[tuple[ArmId, Document]]] = defaultdict(list)
        self._by_parent: dict[tuple[str, str], list[Document]] = defaultdict(list)
        self._shown: dict[str, Document] = {}
        for document in documents:
            id_ = ArmId(str(document["id"]))
            self._by_id[id_.key] = document
            self._by_type[id_.type].append((id_, document))
            parent = id_.extends if id_.type.count("/") == 1 else id_.parent
            if parent is not None:
                self._by_parent[parent.key, id_.type].append(document)
        for key, document in tuple(self._by_id.items()):
            self._shown.update(_shown_in(key, document))
        placed = [document for _, document in self._by_type[PLACED]]
        self.hierarchy = Hierarchy([d for _, d in self._by_type[GROUPS]], placed, self.subscriptions())
        self.directory = Directory(d for d in documents if ArmId(str(d["id"])).type.startswith("microsoft.graph/"))
        self._listed: dict[tuple[str, str], list[Document]] = {}

    def get(self, id_: str) -> Document | None:
        """The document of this id, or the child that a parent's document shows."""
        key = ArmId(id_).key
        return self._by_id.get(key) or self._shown.get(key)

    def subscriptions(self) -> list[Document]:
        """Every subscription's document."""
        return [document for _, document in self._by_type["microsoft.resources/subscriptions"]]

    def groups(self, subscription: str) -> list[Document]:
        """The resource groups of a subscription."""
        wanted = subscription.casefold()
        return [d for id_, d in self._by_type["microsoft.resources/resourcegroups"] if id_.subscription == wanted]

    def below(self, scope: str, type_: str) -> list[Document]:
        """Every resource of a type that lies within a subscription or a resource group."""
        return self._once(scope, type_, lambda id_, _, place: id_.is_within(place))

    def children(self, parent: str, type_: str) -> list[Document]:
        """The children of a type, or the extensions of a resource."""
        return self._by_parent[ArmId(parent).key, type_]

    def records(self, zone: str) -> list[Document]:
        """Every record set of a private DNS zone, whatever its kind."""
        place, links = ArmId(zone), "microsoft.network/privatednszones/virtualnetworklinks"
        kinds = [type_ for type_ in self._by_type if type_.startswith("microsoft.network/privatednszones/")]
        return [d for kind in kinds if kind != links for id_, d in self._by_type[kind] if id_.parent == place]

    def assigned(self, scope: str, type_: str) -> list[Document]:
        """What is assigned at, above and below a scope."""
        return self._once(scope, type_, self._concerns)

    def _concerns(self, id_: ArmId, document: Document, place: ArmId) -> bool:
        at = _at(document, id_)
        if at.is_within(place) or place.is_within(at):
            return True
        return at.type == GROUPS and self.hierarchy.above(at, place)

    def _once(self, scope: str, type_: str, fits: Callable[[ArmId, Document, ArmId], bool]) -> list[Document]:
        """The documents of a type that fit a scope: a list of many pages is made once."""
        place = ArmId(scope)
        if (place.key, type_) not in self._listed:
            found = [document for id_, document in self._by_type[type_] if fits(id_, document, place)]
            self._listed[place.key, type_] = found
        return self._listed[place.key, type_]

    def roles(self, scope: str) -> list[Document]:
        """Every role definition: built-in ones are the same at every scope."""
        wanted = ArmId(scope).subscription
        return [d for id_, d in self._by_type[ROLE_DEFINITIONS] if id_.subscription in ("", wanted)]

    def tags(self, subscription: str) -> Document | None:
        """The service tags of a subscription's cloud."""
        found = self.below(f"/subscriptions/{subscription}", "microsoft.network/servicetags")
        return found[0] if found else None

    def inventory(self, scope: str) -> list[Document]:
        """Everything of a scope that is a resource of its own, as the generic list shows it: without properties."""
        place = ArmId(scope)
        key = (place.key, "")
        if key not in self._listed:
            self._listed[key] = [_entry(document) for document in self._listable(place)]
        return self._listed[key]

    def _listable(self, place: ArmId) -> list[Document]:
        return [
            document
            for type_, found in sorted(self._by_type.items())
            if type_.count("/") == 1 and not type_.startswith(("microsoft.resources/", _AUTHORIZATION))
            for id_, document in found
            if id_.is_within(place) and id_.resource_group and "/providers/" not in str(id_.extends and id_.extends.key)
        ]

    def exists(self, id_: str) -> bool:
        """Whether something of this id, or below it, is in the world."""
        place = ArmId(id_)
        return place.key in self._by_id or place.key in self._shown


_ENTRY = ("id", "name", "type", "kind", "location", "tags", "sku", "identity", "zones", "plan", "managedBy")
"""What an inventory shows of a resource."""


def _entry(document: Document) -> Document:
    return {key: document[key] for key in _ENTRY if key in document}


def _shown_in(key: str, document: Document) -> Iterator[tuple[str, Document]]:
    parent = Resource(ArmId(str(document["id"])), document, ArmId(key))
    for child in children_in(parent):
        yield child.id.key, {"id": child.id.text, "name": child.name, **child.body}


def _at(document: Document, id_: ArmId) -> ArmId:
    """Where an assignment applies: its `scope`, else what its id extends."""
    stated = (document.get("properties") or {}).get("scope")
    return ArmId(stated) if isinstance(stated, str) and stated else (id_.extends or ArmId("/"))
