"""Who is who: managed identities and what carries them, groups and who is in them, as far as the snapshot tells.

Azure Resource Manager knows principals by object id only. Of identities it tells which groups they are in
(`auditor.access.group_membership`); names and all other members come from Microsoft Graph, which a snapshot need
not hold. Where it does, each Graph answer is a document of its own, as Graph sent it, with `id` made a path:

    {"id": "/providers/Microsoft.Graph/groups/<object id>", "type": "Microsoft.Graph/groups", "displayName": "...",
     "members": [{"id": "<object id>", "@odata.type": "#microsoft.graph.servicePrincipal", "displayName": "..."}]}
    {"id": "/providers/Microsoft.Graph/servicePrincipals/<object id>", "type": "Microsoft.Graph/servicePrincipals",
     "displayName": "...", "transitiveMemberOf": [{"id": "<object id>"}]}

`members` are the direct ones (`GET /groups/{id}/members`), all of them; `transitiveMemberOf` are all groups that a
principal is in, directly or not (`GET /servicePrincipals/{id}/transitiveMemberOf`). Plain lists of ids will do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from auditor.access.group_membership import Membership
from auditor.estate import Estate
from auditor.model import ArmId, Resource, Unknown

DELEGATED = "delegated"
"""The kind of a principal of another tenant, to which Azure Lighthouse delegates."""

IDENTITY = "microsoft.managedidentity/userassignedidentities"
_GRAPH = ("microsoft.graph/groups", "microsoft.graph/users", "microsoft.graph/serviceprincipals")
MEMBERSHIP_RIGHT = "GroupMember.Read.All"
"""The Microsoft Graph permission that listing members takes. No Azure role holds it, and no snapshot reads by it."""


@dataclass(frozen=True)
class Principal:
    """A user, group or service principal. `id` is its object id in lower case.

    `resource` is the user-assigned identity, or what carries the system-assigned one; `None` for people, groups and
    applications. `carriers` run as it.
    """

    id: str
    kind: str = ""
    name: str = ""
    resource: Resource | None = None
    carriers: tuple[Resource, ...] = ()
    deleted: bool = False

    @property
    def existence(self) -> Unknown | None:
        """Why it is not known that there is such a principal at all; `None` where nothing speaks against it.

        Azure writes the type Unknown where the directory did not tell: of a principal that is gone, a guest that is
        new, or by an outage (learn.microsoft.com/azure/role-based-access-control/troubleshooting).
        """
        if self.kind != "unknown":
            return None
        return Unknown(f"whether principal {self.name or self.id} still exists is not known: its type is Unknown")

    @property
    def label(self) -> str:
        """What a sentence calls it: `identity id-app`, `group Admins`, `user 0f3c...`."""
        kind = _KINDS.get(self.kind, self.kind)
        shown = self.name or self.id
        return f"{kind or 'principal'} {shown}" + (" (deleted)" if self.deleted else "")


_KINDS = {
    "serviceprincipal": "service principal",
    "foreigngroup": "foreign group",
    "unknown": "principal of unknown type",
    DELEGATED: "principal of another tenant",
}


class _Inside(NamedTuple):
    members: tuple[Principal, ...]
    ids: frozenset[str]
    gaps: tuple[Unknown, ...]


class Directory:
    """The principals of an estate. Never changed once made."""

    def __init__(self, estate: Estate) -> None:
        self._found: dict[str, Principal] = {}
        self._closures: dict[str, _Inside] = {}
        self._asked = Membership(estate, MEMBERSHIP_RIGHT)
        self._documents = {_object_id(r): r for kind in _GRAPH for r in estate.seen(kind)}
        for resource in self._documents.values():
            kind = {"groups": "group", "users": "user"}.get(resource.type.rpartition("/")[2], "serviceprincipal")
            gone = _field(resource, "deletedDateTime") is not None
            name = str(_field(resource, "displayName") or "")
            self._add(Principal(_object_id(resource), kind, name, deleted=gone))
        self._add_identities(estate)
        self._members = {g: _ids(r, "members") for g, r in self._documents.items() if _ids(r, "members") is not None}
        self._said_in: dict[str, set[str]] = defaultdict(set)
        for id_, resource in self._documents.items():
            for group in _ids(resource, "transitiveMemberOf") or ():
                self._said_in[group].add(id_)

    def _add_identities(self, estate: Estate) -> None:
        carriers: dict[str, list[Resource]] = defaultdict(list)
        owners: dict[str, tuple[str, Resource]] = {}
        for resource in estate.resources:
            if resource.type == IDENTITY:
                own = str(resource.stated("properties", "principalId") or "").casefold()
                if own:
                    owners[own] = (resource.name, resource)
                continue
            system = str(resource.stated("identity", "principalId") or "").casefold()
            if system:
                owners.setdefault(system, (resource.name, resource))
            for id_, principal in identities_stated(resource).items():
                carriers[principal].append(resource)
                known = estate.find(id_)
                if known is None and id_ != resource.id:
                    owners.setdefault(principal, (id_.name, Resource(id_, {}, resource.document)))
        for principal, (name, owner) in owners.items():
            self._add(Principal(principal, "identity", name, owner, tuple(carriers.get(principal, ()))))

    def _add(self, principal: Principal) -> None:
        if principal.id:
            self._found[principal.id] = principal

    def get(self, id_: str, kind: str = "", name: str = "") -> Principal:
        """The principal of an object id; what nothing describes has the kind and name that its assignment gives."""
        found = self._found.get(id_.lower())
        if found is None:
            kind = "group" if id_.lower() in self._asked.members else kind
            return Principal(id_.lower(), kind.lower(), name)
        return found

    def known(self) -> tuple[Principal, ...]:
        """Every principal that the snapshot describes, by name."""
        return tuple(sorted(self._found.values(), key=lambda p: (p.name.lower(), p.id)))

    def is_member(self, principal: str, group: str) -> bool | Unknown:
        """Whether a principal is in a group, directly or through other groups."""
        asked = self._asked.is_in(principal, self.get(principal).label, group)
        above = _ids(self._documents.get(principal), "transitiveMemberOf")
        inside = self._inside(group)
        if asked is True or group in (above or ()) or principal in inside.ids:
            return True
        if asked is False or above is not None or not inside.gaps:
            return False
        return inside.gaps[0] if asked is None else asked

    def members(self, group: str) -> tuple[Principal, ...]:
        """Everybody who is known to be in a group, groups in it and their members included."""
        return self._inside(group).members

    def unknown_members(self, group: str) -> tuple[Unknown, ...]:
        """Why others may be in a group: one reason for each group in it whose members are not known."""
        return self._inside(group).gaps

    def _inside(self, group: str) -> _Inside:
        if group not in self._closures:
            self._closures[group] = self._close(group)
        return self._closures[group]

    def _close(self, group: str) -> _Inside:
        found: dict[str, Principal] = {}
        gaps: list[Unknown] = []
        seen: set[str] = set()
        waiting = [group]
        while waiting:
            current = waiting.pop()
            if current in seen:
                continue
            seen.add(current)
            inside = self._members.get(current)
            if inside is None:
                gaps.append(self._unknown_members(current))
            kinds = {} if inside is None else _kinds(self._documents[current])
            told = self._asked.members.get(current, frozenset()) | self._said_in.get(current, set())
            for member in sorted((inside or frozenset()) | told):
                principal = self.get(member, kinds.get(member, ""))
                found.setdefault(member, principal)
                if principal.kind == "group":
                    waiting.append(member)
        found.pop(group, None)
        return _Inside(tuple(found.values()), frozenset(found), tuple(gaps))

    def _unknown_members(self, group: str) -> Unknown:
        name = self.get(group, "group").label
        besides = " besides identities that Azure was asked about" if self._asked.tells_of(group) else ""
        because = f"who is in {name}{besides} is not in this snapshot: Microsoft Graph knows, Resource Manager does not"
        return Unknown(because, permission=MEMBERSHIP_RIGHT)


def identities_in(carrier: Resource) -> Mapping[ArmId, str]:
    """The identities in a resource's `identity` block with their object ids; the system-assigned one by the carrier.

    Raises `NotKnown` where the carrier is only planned and has an identity of its own, which is not made yet.
    """
    carrier.get("identity", "principalId")
    return identities_stated(carrier)


def identities_stated(carrier: Resource) -> Mapping[ArmId, str]:
    """As `identities_in`, as far as the document tells object ids: one that is to be made is left out."""
    found: dict[ArmId, str] = {}
    system = str(carrier.stated("identity", "principalId") or "").strip().casefold()
    if system:
        found[carrier.id] = system
    assigned = carrier.stated("identity", "userAssignedIdentities")
    for text, body in assigned.items() if isinstance(assigned, Mapping) else ():
        principal = body.get("principalId") if isinstance(body, Mapping) else None
        if isinstance(principal, str):
            found[ArmId(str(text))] = principal.lower()
    return found


def _object_id(resource: Resource) -> str:
    return resource.id.name.lower()


def _field(resource: Resource, name: str) -> Any:
    found = resource.get(name)
    return resource.get("properties", name) if found is None else found


def _ids(resource: Resource | None, name: str) -> frozenset[str] | None:
    """The object ids of a list of Graph objects or of plain ids; `None` where there is no list."""
    listed = _field(resource, name) if resource is not None else None
    if not isinstance(listed, list):
        return None
    named = (item.get("id") if isinstance(item, Mapping) else item for item in listed)
    return frozenset(str(item).rpartition("/")[2].lower() for item in named if item)


def _kinds(group: Resource) -> Mapping[str, str]:
    """What each member of a group is, where Graph says so: `user`, `group`, `serviceprincipal`."""
    return {
        str(item.get("id") or "").rpartition("/")[2].lower(): str(item.get("@odata.type") or "")
        .rpartition(".")[2]
        .lower()
        for item in _field(group, "members") or ()
        if isinstance(item, Mapping)
    }
