"""A GET path and what Resource Manager answers to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import parse_qs, quote, unquote, urlsplit

from auditor.model import ArmId
from auditor.standin import replies
from auditor.standin.filters import NotServed, filtered
from auditor.standin.hierarchy import GROUPS
from auditor.standin.replies import Reply
from auditor.standin.world import INHERITED, ROLE_ASSIGNMENTS, ROLE_DEFINITIONS, Document, World, known_versions


class Asked(NamedTuple):
    """A request's path, taken apart. `path` is decoded and has no trailing slash."""

    path: str
    version: str
    filter: str
    expand: str
    skip: int

    @staticmethod
    def of(target: str) -> Asked:
        """Take a request target apart."""
        parts = urlsplit(target)
        query = {key.casefold(): values[0] for key, values in parse_qs(parts.query).items()}
        token = query.get("$skiptoken", "0")
        return Asked(
            unquote(parts.path).rstrip("/") or "/",
            query.get("api-version", ""),
            query.get("$filter", ""),
            query.get("$expand", ""),
            int(token) if token.isdigit() else 0,
        )

    @property
    def question(self) -> str:
        """The path, with the filter where there is one."""
        return f"{self.path}?$filter={self.filter}" if self.filter else self.path


def _answered(versions: tuple[str, ...], retired: str) -> tuple[str, ...]:
    stable = [version for version in versions if len(version) == len("2024-01-01")]
    newest = {*versions[-1:], *stable[-1:]}
    return tuple(version for version in versions if version[:10] >= retired or version in newest)


class Routes:
    """Answers for a world. `base` is the URL under which nextLinks are made.

    `retired` is the date before which api-versions are not answered any more; the newest one and the newest stable
    one of each type still are.
    """

    def __init__(self, world: World, base: str, page_size: int, unregistered: Sequence[str], retired: str = "") -> None:
        self._world = world
        self._base = base
        self._page_size = page_size
        self._unregistered = {namespace.casefold() for namespace in unregistered}
        self._versions = {type_: _answered(versions, retired) for type_, versions in known_versions().items()}

    def answer(self, asked: Asked) -> Reply:
        """What Resource Manager answers to this GET."""
        if not asked.version:
            return replies.missing_version()
        segments = [part for part in asked.path.split("/") if part]
        lowered = [part.casefold() for part in segments]
        refused = self._missing_scope(segments, lowered)
        if refused is not None:
            return refused
        places = [n for n, part in enumerate(lowered[:-1]) if part == "providers" and "." in lowered[n + 1]]
        if not places:
            return self._core(asked, segments, lowered)
        at = places[-1]
        scope = "/" + "/".join(segments[:at])
        return self._provider(asked, scope, segments[at + 1 :])

    def _missing_scope(self, segments: list[str], lowered: list[str]) -> Reply | None:
        if lowered[:1] == ["subscriptions"] and len(segments) > 1:
            if not self._world.exists(f"/subscriptions/{segments[1]}"):
                return replies.subscription_not_found(segments[1])
            inside = lowered[2:3] == ["resourcegroups"] and len(segments) > 3
            if inside and not self._world.exists(f"/subscriptions/{segments[1]}/resourceGroups/{segments[3]}"):
                return replies.group_not_found(segments[3])
        return None

    def _core(self, asked: Asked, segments: list[str], lowered: list[str]) -> Reply:
        """Resource Manager's own types: subscriptions, groups, the inventory, providers."""
        if lowered[:1] != ["subscriptions"]:
            return replies.error(404, "NotFound", f"The path '{asked.path}' is not one of Resource Manager's.")
        type_ = "microsoft.resources/subscriptions" if len(lowered) < 3 else "microsoft.resources/resourcegroups"
        known = self._versions[type_]
        if asked.version not in known:
            return replies.unknown_version(asked.version, known)
        if lowered == ["subscriptions"]:
            return self._page(asked, self._world.subscriptions())
        if lowered[-1] == "resources" and len(lowered) in (3, 5):
            return self._page(asked, _filtered(self._world.inventory(asked.path[: -len("/resources")]), asked.filter))
        if lowered[2:] == ["resourcegroups"]:
            return self._page(asked, self._world.groups(segments[1]))
        found = self._world.get(asked.path)
        return replies.ok(found) if found is not None else replies.resource_not_found(asked.path)

    def _registration(self, subscription: str, namespace: str) -> Reply:
        state = "NotRegistered" if namespace.casefold() in self._unregistered else "Registered"
        types = [
            {"resourceType": type_.partition("/")[2], "apiVersions": list(reversed(versions))}
            for type_, versions in sorted(self._versions.items())
            if type_.startswith(f"{namespace.casefold()}/")
        ]
        id_ = f"/subscriptions/{subscription}/providers/{namespace}"
        body = {"id": id_, "namespace": namespace, "registrationState": state, "resourceTypes": types}
        return replies.ok(body)

    def _provider(self, asked: Asked, scope: str, rest: list[str]) -> Reply:
        """A path of a provider: the namespace, then types and names by turns."""
        namespace, kinds = rest[0], rest[1::2]
        if not kinds and ArmId(scope).subscription:
            return self._registration(ArmId(scope).subscription, namespace)
        if namespace.casefold() in self._unregistered:
            return replies.not_registered(namespace, ArmId(scope).subscription)
        type_ = "/".join((namespace, *kinds)).casefold()
        if type_ == "microsoft.network/locations/servicetags":
            type_ = "microsoft.network/servicetags"
        known = self._versions.get(type_)
        if known is None:
            return replies.unknown_type(namespace, "/".join(kinds), asked.version)
        if asked.version not in known:
            return replies.unknown_version(asked.version, known)
        if type_ == GROUPS and len(rest) == 3:
            return self._group(asked)
        if len(rest) % 2:
            found = self._world.get(asked.path)
            return replies.ok(found) if found is not None else replies.resource_not_found(asked.path)
        return self._list(asked, scope, rest, type_)

    def _group(self, asked: Asked) -> Reply:
        """A management group; its children only where they are asked for."""
        found = self._world.get(asked.path)
        if found is None:
            return replies.error(404, "NotFound", f"'{asked.path}' not found")
        properties = {key: value for key, value in found.get("properties", {}).items() if key != "children"}
        if asked.expand.casefold() == "children":
            properties["children"] = self._world.hierarchy.children(asked.path)
        return replies.ok({**found, "properties": properties})

    def _list(self, asked: Asked, scope: str, rest: list[str], type_: str) -> Reply:
        parent = asked.path.rpartition("/")[0]
        if type_ == "microsoft.network/servicetags":
            tags = self._world.tags(ArmId(scope).subscription)
            return replies.ok(tags) if tags is not None else replies.resource_not_found(asked.path)
        if type_ == f"{GROUPS}/descendants" and self._world.exists(parent):
            return self._page(asked, self._world.hierarchy.descendants(parent))
        if len(rest) > 2:
            owner = f"{scope}/providers/{'/'.join(rest[:3])}"
            if not self._world.exists(owner):
                return replies.resource_not_found(owner)
            records = type_ == "microsoft.network/privatednszones/all"
            return self._page(asked, self._world.records(parent) if records else self._world.children(parent, type_))
        return self._top(asked, scope, type_)

    def _top(self, asked: Asked, scope: str, type_: str) -> Reply:
        """A list of a whole type: over a scope, or of what extends one resource."""
        # Below a resource there are parts that exist without a document, such as a storage account's blob service.
        if ArmId(scope).type.count("/") == 1 and ArmId(scope).resource_group and not self._world.exists(scope):
            return replies.resource_not_found(scope)
        if type_ == ROLE_DEFINITIONS:
            return self._page(asked, self._world.roles(scope))
        if type_ in INHERITED:
            return self._assigned(asked, scope, type_)
        if "/providers/" in scope.casefold() or type_ == "microsoft.consumption/budgets":
            return self._page(asked, self._world.children(scope, type_))
        return self._page(asked, self._world.below(scope, type_))

    def _assigned(self, asked: Asked, scope: str, type_: str) -> Reply:
        found = self._world.assigned(scope, type_)
        if not asked.filter or type_ != ROLE_ASSIGNMENTS:
            return self._page(asked, found)
        try:
            return self._page(asked, filtered(found, asked.filter, scope, self._world.directory))
        except NotServed:
            return replies.error(400, "BadRequest", f"The filter '{asked.filter}' is not supported.")

    def _page(self, asked: Asked, documents: Sequence[Document]) -> Reply:
        last = asked.skip + self._page_size
        body: dict[str, object] = {"value": list(documents[asked.skip : last])}
        if last < len(documents):
            wanted = f"&$filter={quote(asked.filter)}" if asked.filter else ""
            path = quote(asked.path, safe="/")
            body["nextLink"] = f"{self._base}{path}?api-version={asked.version}{wanted}&%24skiptoken={last}"
        return replies.ok(body)


def _filtered(documents: list[Document], wanted: str) -> list[Document]:
    """The one filter that is served: `resourceType eq 'Namespace/type'`."""
    if not wanted:
        return documents
    left, _, right = wanted.partition(" eq ")
    type_ = right.strip().strip("'").casefold()
    if left.strip().casefold() != "resourcetype":
        return []
    return [document for document in documents if str(document.get("type")).casefold() == type_]
