"""The steps that an estate allows, each certain and with its proof, from the models of network and access.

Only what is known for certain is a step: a gap makes no chain, and that there is none says nothing of what was not
read. What architecture and settings allow is no step to start with, but one may lead over it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from auditor.access.blast_radius import blast_radius
from auditor.access.effective import access_of
from auditor.access.escalation import Escalation, escalations, who_reaches
from auditor.access.federation import FEDERATED, federated
from auditor.access.grants import Answer, Grant
from auditor.access.scopes import group_of, kind_of
from auditor.documents.defaults import setting
from auditor.documents.site_sign_in import SignIn
from auditor.estate import Estate, Relation
from auditor.model import ArmId, Evidence, NotKnown, Place, Resource
from auditor.network.topology.virtual_networks import NIC
from auditor.reach.reachability import Reach, Reachability, reachability_of
from auditor.workload.identities import Client, approved, identities_of
from auditor.workload.parts import SITE, Workload

INTERNET = "Internet"
_OWN: tuple[Client, ...] = ("workspace", "endpoint", "compute", "chat_ui", "flow_site", "gateway")
_TAKES = ("control", "identity", "code", "keys", "secrets", "data")
"""What a right gives that is data or control, or leads to it."""


@dataclass(frozen=True)
class Edge:
    """One step between two nodes: words with the key of what they stand for, ends begin with `data` or `control`.

    `name` is what the target is called. `touches` are the places that decide whether the step is there, the empty
    pointer for a whole document: a change to none of them cannot break it. A step that the architecture wants has none.
    """

    source: str
    target: str
    kind: str
    name: str
    resource: ArmId | None
    says: str
    evidence: tuple[Evidence, ...] = ()
    touches: frozenset[Place] = frozenset()
    assumes: str = ""
    through: tuple[ArmId, ...] = ()

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes two steps of two states of an estate the same."""
        return self.source, self.target, self.kind


def is_start(node: str) -> bool:
    """Whether a chain begins here: the Internet, an outsider, a weak identity."""
    return node == INTERNET or node.startswith(("outsider ", "takeover "))


def is_end(node: str) -> bool:
    """Whether a chain ends here: data or control."""
    return node.startswith(("data ", "control "))


def edges_of(
    w: Workload, weak: Collection[ArmId], targets: Collection[ArmId] | None = None, rights: bool = True
) -> tuple[Edge, ...]:
    """Every step of a workload.

    `weak` are role assignments and federated credentials that a finding is about: who holds one of these is where a
    chain may begin. `targets` narrows what the Internet is asked about, without `rights` nobody's rights are.
    """
    found = [*_from_internet(w, targets), *(_weak(w, weak) if rights else ())]
    carriers = {edge.resource: edge for edge in found if edge.kind == "sign-in" and edge.resource is not None}
    for id_, edge in carriers.items():
        found += _identities(w, id_, edge)
    principals = {edge.target for edge in found if edge.target.startswith("identity ") and rights}
    found += [step for node in sorted(principals) for step in _rights(w, node)]
    unique: dict[tuple[str, str, str], Edge] = {}
    for edge in found:
        unique.setdefault(edge.key, edge)
    return tuple(unique.values())


# --- the network ------------------------------------------------------------------------------------------------------


@cache
def _key_settings() -> Mapping[str, tuple[tuple[str, bool | str], ...]]:
    """By type: the settings that say whether keys open it, each with the value that means they do not."""
    rows: dict[str, tuple[tuple[str, bool | str], ...]] = {}
    for row in escalations():
        if row.gives == "keys" and row.void_if:
            rows.setdefault(row.on, row.void_if)
    return rows


def _from_internet(w: Workload, targets: Collection[ArmId] | None) -> Iterator[Edge]:
    world = reachability_of(w.estate)
    try:
        networks = [network.id for network in w.networks]
        doors = {r.id for r in (*w.gateways, *w.bastions)}
        chats = {site.id for site in w.chat_uis}
        everything = world.targets if w.anchor is None else world.targets_in(w.groups, networks)
    except NotKnown:
        return
    for target in everything:
        if (targets is None or target.id in targets) and target.type in (*_key_settings(), SITE, NIC):
            way = _way(world, target, doors, as_meant=target.id in chats)
            if way is not None:
                yield from _entered(w, target, way, meant=any(hop.id in doors for hop in way.hops))


def _way(world: Reachability, target: Resource, doors: Collection[ArmId], as_meant: bool) -> Reach | None:
    """A way from the Internet that is known to arrive without a sign-in to Azure; the one that is meant counts too."""
    try:
        for way in world.ways(world.internet, target):
            meant = any(hop.id in doors for hop in way.hops)
            if way.reaches is True and not way.needs and (as_meant or not meant):
                return way
    except NotKnown:
        return None
    return None


def _entered(w: Workload, target: Resource, way: Reach, meant: bool) -> Iterator[Edge]:
    """The step over the network, and what whoever gets there is asked for."""
    steps = [step for hop in way.hops for step in hop.steps]
    evidence = tuple(e for step in steps for e in step.evidence)
    touched = {Place(hop.id, "") for hop in way.hops if hop.id is not None and hop.id != target.id}
    touched |= {e.place if e.place.document == target.id else Place(e.place.document, "") for e in evidence}
    touched |= {Place(target.id, "/properties/publicNetworkAccess"), Place(target.id, "/properties/networkAcls")}
    says = " -> ".join(f"{hop.name} ({hop.note})" if hop.note else hop.name for hop in way.hops)
    last = steps[-1].says if steps and steps[-1].name.startswith("firewall of") else ""
    here = f"at {target.id.key}"
    yield Edge(
        INTERNET,
        here,
        "network",
        target.name,
        target.id,
        f"{says}; {last}" if last else says,
        evidence[:6],
        frozenset() if meant else frozenset(touched),
        through=tuple(hop.id for hop in way.hops if hop.id is not None),
    )
    if target.type == SITE:
        yield from _unasked(w, target, here)
    elif target.type == NIC:
        yield from _machine(w, target, here)
    else:
        yield from _by_key(target, here)


def _by_key(target: Resource, here: str) -> Iterator[Edge]:
    rows = _key_settings()[target.type]
    try:
        if any(setting(target, "properties", name).is_one_of(str(off)) for name, off in rows):
            return
    except NotKnown:
        return
    at = tuple(target.at("properties", name) for name, _ in rows)
    stated = " and ".join(f"{name} is {_shown(e.value)}" for (name, _), e in zip(rows, at, strict=True))
    says = f"{target.name} answers whoever has one of its keys: {stated}"
    assumes = f"an attacker has a key of {target.name}, or a SAS token signed with one"
    yield Edge(
        here,
        f"data {target.id.key}",
        "key",
        f"data of {target.name}",
        target.id,
        says,
        at,
        frozenset(each.place for each in at),
        assumes,
    )


def _shown(value: object) -> str:
    return "not set" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _unasked(w: Workload, site: Resource, here: str) -> Iterator[Edge]:
    """A web app that answers whoever gets there: no sign-in is required."""
    found = w.estate.child(site, "config", "authsettingsV2")
    if found is None:
        return
    sign_in = SignIn(found)
    try:
        if sign_in.file.value:
            return
        if not sign_in.enabled.value:
            at, says = sign_in.enabled.evidence, f"App Service authentication of {site.name} is off"
        elif not sign_in.required.value or sign_in.unauthenticated.value == "allowanonymous":
            at, says = sign_in.required.evidence, f"{site.name} lets anonymous requests pass"
        else:
            return
    except NotKnown:
        return
    touches = frozenset({Place(found.id, "")})
    yield Edge(
        here, f"data {site.id.key}", "sign-in", f"answers of {site.name}", site.id, f"{says}: no sign-in is required",
        (at,), touches,
    )  # fmt: skip


def _machine(w: Workload, card: Resource, here: str) -> Iterator[Edge]:
    for machine in w.estate.into(card, Relation.HAS_NIC):
        says = f"{machine.name} has the interface {card.name}"
        assumes = f"an attacker has a password or a key of {machine.name}"
        yield Edge(
            here, f"control {machine.id.key}", "sign-in", f"control of {machine.name}", machine.id, says,
            (card.at("id"),), frozenset({Place(machine.id, ""), Place(card.id, "")}), assumes,
        )  # fmt: skip


# --- identities and rights --------------------------------------------------------------------------------------------


def _identities(w: Workload, carrier: ArmId, entered: Edge) -> Iterator[Edge]:
    """From something that is got at to the identities that it runs as."""
    resource = w.estate.find(carrier)
    if resource is None:
        return
    try:
        found = identities_of(w.estate, resource)
    except NotKnown:
        return
    assumes = entered.assumes or f"a fault in what {resource.name} runs lets a caller run code of its own"
    for identity in found:
        says = f"code on {resource.name} acts as {identity.name}"
        yield Edge(
            entered.source, f"identity {identity.principal.casefold()}", "identity", identity.name, identity.resource,
            says, (identity.evidence,), entered.touches | {Place(resource.id, "/identity")}, assumes,
        )  # fmt: skip


def _rights(w: Workload, node: str) -> Iterator[Edge]:
    """The worst that an identity may do, and the worst of each further kind."""
    try:
        radius = blast_radius(w.estate, node.removeprefix("identity "))
    except NotKnown:
        return
    seen: set[str] = set()
    for step in radius.steps:
        gives = step.escalation.gives
        if step.depth == 0 and step.answer is Answer.YES and gives in _TAKES and gives not in seen:
            seen.add(gives)
            yield _right(w.estate, node, step.escalation, step.target, step.grant)


def _right(estate: Estate, source: str, row: Escalation, target: ArmId, grant: Grant) -> Edge:
    control = row.gives in ("control", "identity", "code")
    what = f"{'control' if control else row.gives} of {_called(estate, target)}"
    role = f"{grant.role.name} at {kind_of(grant.assignment.scope)}"
    says = f"{grant.principal.label} {row.why} ({row.operation}), as {role}"
    assignment = grant.assignment.resource.id
    return Edge(
        source, f"{'control' if control else 'data'} {target.key}", "right", what, target, says,
        (*grant.assignment.evidence[:2], grant.pattern), frozenset({Place(assignment, '')}),
    )  # fmt: skip


def _called(estate: Estate, id_: ArmId) -> str:
    return id_.name if estate.find(id_) is not None else kind_of(id_)


def _weak(w: Workload, weak: Collection[ArmId]) -> Iterator[Edge]:
    """Standing roles of others, and outside tokens that become an identity, where a finding is about them."""
    if w.anchor is None or not weak:
        return
    try:
        own = frozenset(approved(w, _OWN))
        found, _ = who_reaches(w.estate, [group_of(w.anchor.id)], own, frozenset(_TAKES))
    except NotKnown:
        return
    taken: set[ArmId] = set()
    for reach in found:
        assignment = reach.grant.assignment.resource.id
        if assignment in weak and assignment not in taken and reach.grant.answer is Answer.YES:
            taken.add(assignment)
            holder = reach.grant.principal
            edge = _right(w.estate, f"takeover {holder.label}", reach.escalation, reach.scope, reach.grant)
            yield Edge(
                edge.source, edge.target, edge.kind, edge.name, edge.resource, edge.says, edge.evidence, edge.touches,
                f"an attacker signs in as {holder.label}, which holds the role at all times",
            )  # fmt: skip
    yield from _federated(w.estate, weak)


def _federated(estate: Estate, weak: Iterable[ArmId]) -> Iterator[Edge]:
    access = access_of(estate)
    for id_ in sorted(weak):
        identity = estate.find(id_.parent) if id_.type == FEDERATED and id_.parent is not None else None
        if identity is None:
            continue
        principal = access.principal(str(identity.stated("properties", "principalId") or "")).id
        for token in federated(estate, identity.id):
            if token.resource.id == id_ and principal:
                yield Edge(
                    f"outsider {token.says}", f"identity {principal}", "identity", f"identity {identity.name}",
                    identity.id, f"a token with the {token.says} becomes identity {identity.name}",
                    token.evidence, frozenset({Place(id_, '')}), "an outside party obtains such a token",
                )  # fmt: skip
