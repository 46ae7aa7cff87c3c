"""Children that a parent's document already shows, so that nobody has to ask Azure for them again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from auditor.estate.value_kinds import kind_of
from auditor.model import ArmId, Place, Resource, Unknown
from auditor.model.resource import objects


class Embedded(NamedTuple):
    """Where a parent's document lists its children. A list is read by item, an object by key."""

    child: str
    path: tuple[str, ...]
    segment: str


_NETWORK = "microsoft.network"
_PATTERNS, _POOLS = "networkInterfaceConfigurations", "agentPools"
_ML = "microsoft.machinelearningservices/workspaces"

EMBEDDED: Mapping[str, tuple[Embedded, ...]] = {
    f"{_NETWORK}/virtualnetworks": (
        Embedded(f"{_NETWORK}/virtualnetworks/subnets", ("properties", "subnets"), "subnets"),
        Embedded(
            f"{_NETWORK}/virtualnetworks/virtualnetworkpeerings",
            ("properties", "virtualNetworkPeerings"),
            "virtualNetworkPeerings",
        ),
    ),
    f"{_NETWORK}/networksecuritygroups": (
        Embedded(f"{_NETWORK}/networksecuritygroups/securityrules", ("properties", "securityRules"), "securityRules"),
        Embedded(
            f"{_NETWORK}/networksecuritygroups/defaultsecurityrules",
            ("properties", "defaultSecurityRules"),
            "defaultSecurityRules",
        ),
    ),
    f"{_NETWORK}/routetables": (Embedded(f"{_NETWORK}/routetables/routes", ("properties", "routes"), "routes"),),
    "microsoft.containerservice/managedclusters": (
        Embedded("microsoft.containerservice/managedclusters/agentpools", ("properties", "agentPoolProfiles"), _POOLS),
    ),
    "microsoft.compute/virtualmachinescalesets": (
        Embedded(
            "microsoft.compute/virtualmachinescalesets/networkinterfaceconfigurations",
            ("properties", "virtualMachineProfile", "networkProfile", "networkInterfaceConfigurations"),
            _PATTERNS,
        ),
    ),
    _ML: (Embedded(f"{_ML}/outboundrules", ("properties", "managedNetwork", "outboundRules"), "outboundRules"),),
}
"""By parent type. `GET` of the parent answers them whole (facts/ai-services.md 1, facts/nsg-semantics.md)."""

_CONNECTIONS = ("properties", "privateEndpointConnections")

PARENT_OF: Mapping[str, str] = {e.child: parent for parent, kinds in EMBEDDED.items() for e in kinds}
"""By child type: the parent type whose list covers it."""


def children_in(parent: Resource) -> Iterator[Resource]:
    """Every child that this resource's own document shows, private endpoint connections of any type included."""
    for kind in EMBEDDED.get(parent.type, ()):
        found = parent.stated(*kind.path)
        if isinstance(found, Mapping):
            for name, body in found.items():
                if isinstance(body, Mapping):
                    yield _Keyed(parent, kind, name, body)
        else:
            yield from _listed(parent, kind.path, kind.segment)
    yield from _listed(parent, _CONNECTIONS, "privateEndpointConnections")


def unlisted_in(parent: Resource) -> Iterator[tuple[str, Unknown]]:
    """The types of children whose list in this resource's document is no list of objects, so that some may lack."""
    connections = Embedded(f"{parent.type}/privateendpointconnections", _CONNECTIONS, "")
    for kind in (*EMBEDDED.get(parent.type, ()), connections):
        value = parent.stated(*kind.path)
        items = list(value.values()) if isinstance(value, Mapping) else value if isinstance(value, list) else [value]
        if value is not None and not all(isinstance(item, Mapping) for item in items):
            odd = next(item for item in items if not isinstance(item, Mapping))
            says = f"{'/'.join(kind.path)} of {parent.name} holds {kind_of(odd)}, which is no resource"
            yield kind.child, Unknown(f"the list of {kind.child} is not whole: {says}")


def _listed(parent: Resource, path: tuple[str, ...], segment: str) -> Iterator[Resource]:
    """The children of a list. Where a child stands decides what it belongs to, not what its own id says.

    A child whose id names another parent, or that shares its id with one before it, is read here under an id of its
    place: Azure sends no such document, but fixtures that were made anonymous by hand hold them.
    """
    taken: set[ArmId] = set()
    for index, body in objects(parent.stated(*path)):
        child = _own_id(parent, segment, body, index)
        if child in taken:
            child = parent.id.child(segment, f"{child.name}~{index}")
        taken.add(child)
        pointer = parent.place(*path, index).pointer
        shown = {"name": str(body.get("name") or child.name), "properties": body} if segment == _POOLS else body
        kind = {_PATTERNS: _Pattern, _POOLS: _Flat}.get(segment, Resource)
        yield kind(child, shown, parent.document, pointer, parent.plan, parent.odd)


def _own_id(parent: Resource, segment: str, body: Mapping[str, Any], index: int) -> ArmId:
    stated = _stated_id(body)
    if stated is not None and _is_below(stated, parent):
        return stated
    name = str(body.get("name") or "") or (stated.name if stated is not None else "")
    return parent.id.child(segment, name or str(index))


def _stated_id(body: Mapping[str, Any]) -> ArmId | None:
    text = body.get("id")
    return ArmId(text) if isinstance(text, str) and text.startswith("/") else None


def _is_below(id_: ArmId, parent: Resource) -> bool:
    return id_.parent == parent.id


def contradictions_in(parent: Resource) -> Iterator[str]:
    """Children whose own ids contradict the place where they stand, each as a sentence for a report."""
    lists = ((kind.path, kind.segment) for kind in EMBEDDED.get(parent.type, ()))
    for path, segment in (*lists, (_CONNECTIONS, "privateEndpointConnections")):
        seen: set[ArmId] = set()
        for index, body in objects(parent.stated(*path)):
            stated = _stated_id(body)
            what = f"{segment} {body.get('name') or index} in the document of {parent.name}"
            if stated is None:
                continue
            if not _is_below(stated, parent):
                yield f"the id of {what} names another resource ({stated.text}): it is read where it stands"
            elif stated in seen:
                yield f"{what} has the id of another one in the same list: both are read"
            seen.add(stated)


class _Pattern(Resource):
    """What a scale set gives each of its instances: called by the scale set too, since names such as `nic` recur."""

    @property
    def name(self) -> str:
        """The name of the scale set and its own."""
        of = self.id.parent
        return f"{of.name}/{self.id.name}" if of is not None else self.id.name


class _Flat(Resource):
    """A child whose `properties` are what stands in its parent's document, so its pointers skip that step."""

    def place(self, *path: str | int) -> Place:
        """As `Resource.place`, without the `properties` step that the document does not have."""
        return super().place(*(path[1:] if path[:1] == ("properties",) else path))


class _Keyed(_Flat):
    """A child of an object keyed by name."""

    def __init__(self, parent: Resource, kind: Embedded, name: str, value: Mapping[str, Any]) -> None:
        body = {"name": name, "properties": value}
        super().__init__(
            parent.id.child(kind.segment, name),
            body,
            parent.document,
            parent.place(*kind.path, name).pointer,
            parent.plan,
            parent.odd,
        )
