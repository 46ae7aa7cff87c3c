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
_PATTERNS = "networkInterfaceConfigurations"
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
        Embedded(
            "microsoft.containerservice/managedclusters/agentpools", ("properties", "agentPoolProfiles"), "agentPools"
        ),
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
    for index, body in objects(parent.stated(*path)):
        name = str(body.get("name") or "")
        text = body.get("id")
        child = ArmId(text) if isinstance(text, str) and text else parent.id.child(segment, name or str(index))
        pointer = parent.place(*path, index).pointer
        kind = _Pattern if segment == _PATTERNS else Resource
        yield kind(child, body, parent.document, pointer, parent.plan, parent.odd)


class _Pattern(Resource):
    """What a scale set gives each of its instances: called by the scale set too, since names such as `nic` recur."""

    @property
    def name(self) -> str:
        """The name of the scale set and its own."""
        of = self.id.parent
        return f"{of.name}/{self.id.name}" if of is not None else self.id.name


class _Keyed(Resource):
    """A child of an object keyed by name: its `properties` are the value itself, so its pointers skip that step."""

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

    def place(self, *path: str | int) -> Place:
        """As `Resource.place`, without the `properties` step that the document does not have."""
        return super().place(*(path[1:] if path[:1] == ("properties",) else path))
