"""Which identity the workspace, its endpoints and its computes run as, and what else runs as it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from auditor.access.principals import identities_in
from auditor.estate import Estate
from auditor.estate.kept import once_an_estate
from auditor.model import ArmId, Evidence, NotKnown, Resource, Unknown
from auditor.workload.architecture import spoken_of
from auditor.workload.parts import (
    ML,
    SITE,
    VM,
    Workload,
)
from auditor.yaml_tree.mistakes import meant

CARRIERS = (ML, f"{ML}/computes", f"{ML}/onlineendpoints", SITE, VM, "microsoft.network/applicationgateways")
"""Types of this architecture that carry identities: their lists must be whole before anything is called unshared."""

PARTS = ("workspace", "endpoint", "compute")
"""The parts of the article's table that have an identity of their own."""

Client = str
"""A part of the workload that calls others by an identity of its own."""

_AS_PART = {"endpoint": "online_endpoint", "compute": "compute_instance"}
"""Parts by the names that the article's table of roles has for them."""


@dataclass(frozen=True)
class Identity:
    """An identity that a resource runs as. `resource` is the user-assigned identity, or the carrier itself."""

    principal: str
    resource: ArmId
    carrier: Resource
    evidence: Evidence

    @property
    def name(self) -> str:
        """What a sentence calls it."""
        own = self.resource == self.carrier.id
        return f"the system-assigned identity of {self.carrier.name}" if own else f"identity {self.resource.name}"


def carriers_of(w: Workload, part: str) -> tuple[Resource, ...]:
    """What plays a part that has an identity, by its name or by that which the article's table has for it."""
    return w.part(_AS_PART.get(part, part))


def check_client(part: str) -> None:
    """Raise `ValueError` for a part that the architecture has not."""
    known = (*_AS_PART, *spoken_of().parts)
    if part not in known:
        raise ValueError(f"`{part}` is no part of this architecture{meant(part, known) or _has(known)}")


def _has(known: Iterable[str]) -> str:
    return f"; it has {', '.join(known)}"


def approved(w: Workload, parts: Iterable[Client]) -> set[str]:
    """The object ids, in small letters, of the identities that these parts run as."""
    found = [carrier for part in parts for carrier in carriers_of(w, part)]
    return {id_.casefold() for carrier in found for id_ in principals_of(w.estate, carrier).values()}


def identities_of(estate: Estate, carrier: Resource) -> tuple[Identity, ...]:
    """The identities of a resource, the one that it uses first. Raises `NotKnown` where one cannot be followed.

    A workspace uses its `primaryUserAssignedIdentity`, else its system-assigned identity where it has one
    (learn.microsoft.com/azure/machine-learning/how-to-identity-based-service-authentication).
    """
    found = sorted(_identities(estate, carrier), key=lambda i: i.resource.key)
    primary = carrier.ref("properties", "primaryUserAssignedIdentity")
    first = [i for i in found if i.resource == primary] or [i for i in found if i.resource == carrier.id]
    return tuple(dict.fromkeys((*first, *found)))


def identity_in_use(estate: Estate, carrier: Resource) -> Identity | Unknown | None:
    """The identity that a resource acts as; `None` where it has none, unknown where it carries several that may be it.

    A workspace states it; where something else carries several, its code chooses. Raises `NotKnown` as `identities_of`.
    """
    found = identities_of(estate, carrier)
    primary = carrier.ref("properties", "primaryUserAssignedIdentity")
    if not found or len(found) == 1:
        return found[0] if found else None
    if carrier.type == ML and found[0].resource in (primary, carrier.id):
        return found[0]
    names = ", ".join(sorted(identity.resource.name for identity in found))
    return Unknown(f"{carrier.name} carries several identities ({names}), and which of them it acts as is not stated")


def _identities(estate: Estate, carrier: Resource) -> Iterator[Identity]:
    stated = identities_in(carrier)
    if carrier.id in stated:
        yield Identity(stated[carrier.id], carrier.id, carrier, carrier.at("identity", "principalId"))
    assigned = carrier.get("identity", "userAssignedIdentities", default={})
    for text in assigned if isinstance(assigned, Mapping) else ():
        id_ = ArmId(str(text))
        at = ("identity", "userAssignedIdentities", str(text), "principalId")
        if id_ in stated:
            yield Identity(stated[id_], id_, carrier, carrier.at(*at))
            continue
        identity = estate.need(id_, carrier.place(*at[:3]))
        principal = identity.text("properties", "principalId")
        yield Identity(principal, id_, carrier, identity.at("properties", "principalId"))


def principals_of(estate: Estate, carrier: Resource) -> Mapping[ArmId, str]:
    """The object ids of a resource's identities. Raises `NotKnown` where one of them is planned and not made yet."""
    if carrier.plan is None:
        return identities_in(carrier)
    return {identity.resource: identity.principal for identity in identities_of(estate, carrier)}


def also_runs_as(estate: Estate, identity: Identity) -> tuple[tuple[Resource, Evidence], ...]:
    """Whatever else carries an identity, with the place that says so. Raises `NotKnown` where lists are not whole."""
    for kind in CARRIERS:
        estate.all(kind)
    return _carrying_of(estate).others(identity)


@dataclass
class _Carrying:
    """Every identity that something carries, found by what it is and by whom it stands for; in the order of carriers.

    `gaps` are carriers one of whose identities cannot be followed.
    """

    found: list[Identity] = field(default_factory=list)
    by_resource: dict[ArmId, list[int]] = field(default_factory=lambda: defaultdict(list))
    by_principal: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    gaps: list[tuple[Resource, NotKnown]] = field(default_factory=list)

    @classmethod
    def of(cls, estate: Estate) -> _Carrying:
        made = cls()
        for carrier in estate.resources:
            try:
                if carrier.get("identity") is not None:
                    made.take(identities_of(estate, carrier))
            except NotKnown as gap:
                made.gaps.append((carrier, gap))
        return made

    def take(self, identities: tuple[Identity, ...]) -> None:
        for identity in identities:
            self.by_resource[identity.resource].append(len(self.found))
            if identity.principal:
                self.by_principal[identity.principal].append(len(self.found))
            self.found.append(identity)

    def others(self, identity: Identity) -> tuple[tuple[Resource, Evidence], ...]:
        for carrier, gap in self.gaps:
            if carrier != identity.carrier:
                raise NotKnown(gap.unknown)
        alike = (self.by_resource.get(identity.resource, ()), self.by_principal.get(identity.principal, ()))
        theirs = (self.found[n] for n in sorted({n for places in alike for n in places}))
        return tuple((i.carrier, i.evidence) for i in theirs if i.carrier != identity.carrier)


@once_an_estate
def _carrying_of(estate: Estate) -> _Carrying:
    """Who carries what in an estate, gathered once."""
    return _Carrying.of(estate)
