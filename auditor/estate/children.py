"""Children that a parent's document already shows, so that nobody has to ask Azure for them again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from auditor.estate.planned import is_expression
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
"""By parent type. `GET` of the parent answers them whole.

docs/azure/ai-services.md, section 1; docs/azure/networks.md, section 3.
"""

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
    """Where a child stands decides what it belongs to: its own id counts only where it agrees with that."""
    taken: set[ArmId] = set()
    for index, body in objects(parent.stated(*path)):
        child = _identity(parent, segment, index, body, taken)
        taken.add(child)
        pointer = parent.place(*path, index).pointer
        shown = {"name": str(body.get("name") or child.name), "properties": body} if segment == _POOLS else body
        kind = {_PATTERNS: _Pattern, _POOLS: _Flat}.get(segment, Resource)
        yield kind(child, shown, parent.document, pointer, parent.plan, parent.odd)


def _identity(parent: Resource, segment: str, index: int, body: Mapping[str, Any], taken: set[ArmId]) -> ArmId:
    """The id that a child goes by: its own where it is one below this parent and no sibling has it."""
    name = str(body.get("name") or "")
    text = body.get("id")
    own = ArmId(text) if isinstance(text, str) and text else None
    if own is not None and own not in taken and (_belongs(own, parent, segment) or is_expression(own.text)):
        return own
    here = parent.id.child(segment, name or (own.name if own is not None else "") or str(index))
    return here if here not in taken else parent.id.child(segment, f"{here.name} ({index})")


def _belongs(own: ArmId, parent: Resource, segment: str) -> bool:
    return own.parent == parent.id and own.type == parent.id.child(segment, "any").type


def contradictions_in(parent: Resource) -> Iterator[str]:
    """Children whose own id says that they belong elsewhere, or which share an id with a sibling, in a sentence each.

    Azure never answers so: such documents were edited, half anonymised or put together by hand.
    """
    kinds = [(kind.path, kind.segment) for kind in EMBEDDED.get(parent.type, ())]
    for path, segment in (*kinds, (_CONNECTIONS, "privateEndpointConnections")):
        seen: set[ArmId] = set()
        for index, body in objects(parent.stated(*path)):
            text = body.get("id")
            if not isinstance(text, str) or not text or is_expression(text):
                continue
            own, where = ArmId(text), parent.place(*path, index).pointer
            what = f"{own.name} ({segment}) stands in {parent.name} at {where}"
            if not _belongs(own, parent, segment):
                yield f"{what}, and its own id {own.text} names another place; it is taken for where it stands"
            elif own in seen:
                yield f"{what}, and something before it has the same id; each of them counts"
            seen.add(own)


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
