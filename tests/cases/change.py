"""Small changes to a whole world, addressed by names: what the files under tests/fixtures/cases are written in.

An address is the end of an ARM id followed by a path into the document: `kv-aibase/properties/publicNetworkAccess`,
`app-aibase/config/web/properties/minTlsVersion`, `nsg-jumpboxSubnet/securityRules/DenyAllOutBound/properties/access`.
Where several resources end alike, the one that is no child of another wins; else say more of the id
(`vaults/kv-aibase`) or the type (`microsoft.keyvault/vaults:kv-aibase`). A step into a list is an item's name or its
index. A `/` inside a step is written `~1`. What Azure shows in two documents is changed in both.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from auditor.estate.children import EMBEDDED, PARENT_OF, children_in
from auditor.model import ArmId, Read, Resource
from tests import worlds

Document = dict[str, Any]


@cache
def _originals(name: str) -> tuple[_Shown, ...]:
    return tuple(_Shown(document, _ids_in(document)) for document in worlds.documents(name))


def _ids_in(document: Document) -> frozenset[ArmId]:
    """The resources that a document shows: itself, and children that Azure embeds in it."""
    resource = Resource(ArmId(document["id"]), document, ArmId(document["id"]))
    return frozenset((resource.id, *(child.id for child in children_in(resource))))


@dataclass
class _Shown:
    """A document and what it shows. It is shared with every other case until it is changed."""

    document: Document
    ids: frozenset[ArmId]
    own: bool = False

    @property
    def id(self) -> ArmId:
        return ArmId(self.document["id"])

    def mine(self) -> _Shown:
        """The same, free to be changed."""
        return self if self.own else _Shown(copy.deepcopy(self.document), self.ids, own=True)

    def body(self, id_: ArmId) -> Document | None:
        """What the document says of one of the resources that it shows."""
        if self.id == id_:
            return self.document
        children = children_in(Resource(self.id, self.document, self.id))
        return next((child.body for child in children if child.id == id_), None)  # type: ignore[return-value]


class World:
    """The documents of a world while they are being changed, and the reads that failed or tell of one principal."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.refused: list[Read] = []
        self.scope = worlds.subscription(name)
        self._shown: list[_Shown] = list(_originals(name))
        self._ids: frozenset[ArmId] = frozenset()
        self.group = next(s.id.text for s in self._shown if s.id.type == "microsoft.resources/resourcegroups")

    @property
    def documents(self) -> list[Document]:
        """The documents as they are now."""
        return [shown.document for shown in self._shown]

    # --- the changes -------------------------------------------------------------------------------------------------

    def set(self, address: str, value: Any) -> None:
        """Give a value, making the objects on the way; a list gets a new item of that name where it has none."""
        id_, path = self._resolve(address)
        for body in self.bodies(id_):
            _set(body, path, self._filled(value), address)
        self._look_again()

    def unset(self, address: str) -> None:
        """Take a value away. It must be there."""
        id_, path = self._resolve(address)
        for body in self.bodies(id_):
            holder: Any = body
            for step in path[:-1]:
                holder = _step(holder, step, address)
            del holder[_key(holder, path[-1], address)]
        self._look_again()

    def drop(self, name: str) -> None:
        """Take a resource away with everything below it, as if it did not exist."""
        self._remove(self.find(name))

    def add(self, document: Document) -> None:
        """Add a resource, also to its parent's document where Azure shows it there.

        `{group}` and `{subscription}` stand for the world's; `name` and `type` follow from the id.
        """
        document = self._filled(document)
        id_ = ArmId(document["id"])
        document.setdefault("name", id_.name)
        document.setdefault("type", id_.type)
        if any(id_ in shown.ids for shown in self._shown):
            raise ValueError(f"there is a {id_} already; use `set`")
        for holder in self.bodies(id_.parent) if id_.parent else []:
            for kind in EMBEDDED.get(ArmId(holder["id"]).type, ()):
                if kind.child == id_.type:
                    _embed(holder, kind.path, document)
        self._shown.append(_Shown(document, _ids_in(document), own=True))
        self._look_again()

    def refuse(self, what: str) -> None:
        """Let Azure refuse to list a type, or to show one resource: neither is in the snapshot, and the read failed."""
        if what.casefold().startswith("microsoft.") and ":" not in what:
            if what.casefold() in PARENT_OF:
                raise ValueError(f"nobody asks for {what}: its parents show it; refuse {PARENT_OF[what.casefold()]}")
            self.refused.append(worlds.refused(what, self.scope))
            for id_ in [shown.id for shown in self._shown if shown.id.type == what.casefold()]:
                self._remove(id_)
            return
        id_ = self.find(what)
        self.refused.append(worlds.refused(id_.type, id_.text))
        self._remove(id_)

    def tell(self, principal: str, groups: list[str] | str) -> None:
        """Let Azure say what is assigned to somebody in these groups; `refused` and `nothing` are answers too."""
        said = worlds.told(self.documents, principal, self.scope, *([] if isinstance(groups, str) else groups))
        if groups == "nothing":
            said = replace(said, shows=())
        elif groups == "refused":
            right = "Microsoft.Authorization/roleAssignments/read"
            said = replace(said, shows=(), status=403, error="AuthorizationFailed", permission=right)
        self.refused.append(said)

    # --- finding -----------------------------------------------------------------------------------------------------

    def find(self, name: str) -> ArmId:
        """The one resource that a name, the end of an id, or `type:name` stands for."""
        found = self._candidates(name)
        if len(found) != 1:
            say = "\n  ".join(id_.text for id_ in found) or "nothing"
            raise ValueError(f"`{name}` stands for {len(found)} resources of {self.name}:\n  {say}")
        return found[0]

    def _candidates(self, name: str) -> list[ArmId]:
        type_, _, end = name.rpartition(":") if name.casefold().startswith("microsoft.") else ("", "", name)
        ids = self._ids = self._ids or frozenset().union(*(shown.ids for shown in self._shown))
        found = sorted(
            id_
            for id_ in ids
            if (id_.key == end.casefold() or id_.key.endswith("/" + end.casefold().lstrip("/")))
            and (not type_ or id_.type == type_.casefold())
        )
        shallowest = min((id_.text.count("/") for id_ in found), default=0)
        return [id_ for id_ in found if id_.text.count("/") == shallowest]

    def _resolve(self, address: str) -> tuple[ArmId, list[str]]:
        """The addressed resource and the path into it."""
        steps = address.split("/")
        for length in range(len(steps) - 1, 0, -1):
            name = "/".join(steps[:length])
            if self._candidates(name):
                path = [step.replace("~1", "/").replace("~0", "~") for step in steps[length:]]
                return self.find(name), path
        raise ValueError(f"`{address}` begins with the name of no resource of {self.name}")

    def bodies(self, id_: ArmId) -> list[Document]:
        """What every document that shows a resource says of it, free to be changed."""
        self._shown = [shown.mine() if id_ in shown.ids else shown for shown in self._shown]
        found = (shown.body(id_) for shown in self._shown if id_ in shown.ids)
        return [body for body in found if body is not None]

    def _look_again(self) -> None:
        self._ids = frozenset()
        for shown in self._shown:
            if shown.own:
                shown.ids = _ids_in(shown.document)

    def _remove(self, id_: ArmId) -> None:
        self._shown = [shown for shown in self._shown if not shown.id.is_within(id_)]
        self._shown = [shown.mine() if id_.is_within(shown.id) else shown for shown in self._shown]
        for shown in self._shown:
            if id_.is_within(shown.id):
                paths = [kind.path for kind in EMBEDDED.get(shown.id.type, ())]
                for path in (*paths, ("properties", "privateEndpointConnections")):
                    _forget(shown.document, path, id_)
        self._look_again()

    def _filled(self, value: Any) -> Any:
        text = json.dumps(value)
        text = text.replace("{group}", self.group).replace("{subscription}", self.scope)
        return json.loads(text)


def _set(body: Any, path: list[str], value: Any, address: str) -> None:
    holder = body
    for step in path[:-1]:
        if isinstance(holder, dict) and holder.get(step) is None:
            holder[step] = {}
        holder = _step(holder, step, address)
    last = path[-1]
    if isinstance(holder, list) and not _has(holder, last):
        like = next((item for item in holder if isinstance(item, dict) and "id" in item), None)
        item = {"name": last, **({"id": f"{ArmId(like['id']).parent}/{_kind(like['id'])}/{last}"} if like else {})}
        holder.append({**item, **value} if isinstance(value, dict) else value)
        return
    holder[_key(holder, last, address)] = value


def _kind(id_: str) -> str:
    return id_.split("/")[-2]


def _has(items: list[Any], step: str) -> bool:
    return any(isinstance(i, dict) and str(i.get("name", "")).casefold() == step.casefold() for i in items) or (
        step.isdigit() and int(step) < len(items)
    )


def _key(holder: Any, step: str, address: str) -> Any:
    """What to index the holder with to get to a step: a key, or an item's index by its name."""
    if isinstance(holder, dict):
        return step
    if isinstance(holder, list):
        for index, item in enumerate(holder):
            if isinstance(item, dict) and str(item.get("name", "")).casefold() == step.casefold():
                return index
        if step.isdigit() and int(step) < len(holder):
            return int(step)
    raise ValueError(f"`{address}`: there is no `{step}`")


def _step(holder: Any, step: str, address: str) -> Any:
    try:
        return holder[_key(holder, step, address)]
    except KeyError:
        raise ValueError(f"`{address}`: there is no `{step}`") from None


def _embed(holder: Document, path: Iterable[str], document: Document) -> None:
    place: Any = holder
    *way, last = path
    for step in way:
        place = place.setdefault(step, {})
    if isinstance(place.get(last), Mapping):
        place[last][document["name"]] = document["properties"]
    else:
        place.setdefault(last, []).append(document)


def _forget(holder: Document, path: Iterable[str], id_: ArmId) -> None:
    place: Any = holder
    *way, last = path
    for step in way:
        place = place.get(step) if isinstance(place, Mapping) else None
    held = place.get(last) if isinstance(place, Mapping) else None
    if isinstance(held, list):
        place[last] = [item for item in held if not (isinstance(item, dict) and _is(item, id_))]
    elif isinstance(held, dict) and id_.parent == ArmId(holder["id"]):
        place[last] = {name: value for name, value in held.items() if name.casefold() != id_.name.casefold()}


def _is(item: Document, id_: ArmId) -> bool:
    return ArmId(str(item.get("id", ""))) == id_


def changed(case: Mapping[str, Any]) -> World:
    """The world of a case, with its changes made in the order set, unset, drop, add, refuse, tell."""
    world = World(case.get("world") or "reference-implementation")
    for address, value in (case.get("set") or {}).items():
        world.set(address, value)
    for change in ("unset", "drop", "add", "refuse"):
        for item in case.get(change) or ():
            getattr(world, change)(item)
    for principal, groups in (case.get("tell") or {}).items():
        world.tell(principal, groups)
    return world
