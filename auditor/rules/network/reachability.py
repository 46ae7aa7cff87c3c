"""Ways: what the Internet reaches and by which door, and whether those who must reach something do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import msgspec

from auditor.documents.bastion import Bastion
from auditor.documents.ml_workspace import OnlineEndpoint
from auditor.estate import Relation
from auditor.model import Evidence, NotKnown, Outcome, Resource, Unknown, Verdict
from auditor.network.model import Seat
from auditor.reach.reachability import Reach, Reachability, reachability_of
from auditor.rules.changes import shut
from auditor.rules.rule import Answer, broken, decides, holds, not_applicable, unknown
from auditor.services.paas_firewall import FIREWALLS, open_to, public_access
from auditor.services.public_doors import takes_telemetry
from auditor.services.publishers import FRONT_DOORS
from auditor.sets.packet_set import FlowSet
from auditor.sets.port_set import PortSet
from auditor.sets.protocol_set import ProtocolSet
from auditor.text.shell import q
from auditor.workload.architecture import spoken_of
from auditor.workload.parts import (
    BASTION,
    ENDPOINT,
    GATEWAY,
    ML,
    NIC,
    OPENAI,
    REGISTRY,
    SEARCH,
    SITE,
    STORAGE,
    VAULT,
    Workload,
)

ADDRESS = "microsoft.network/publicipaddresses"
_DOORS = (
    ADDRESS,
    "microsoft.network/loadbalancers",
    REGISTRY,
    OPENAI,
    SEARCH,
    ML,
    f"{ML}/onlineendpoints",
    GATEWAY,
    BASTION,
    NIC,
    ENDPOINT,
    SITE,
    STORAGE,
    VAULT,
)
"""Types of which one that was not listed could be an open path."""


_INVENTORY = "microsoft.resources/resources"
"""The list of everything that a subscription holds, which leads to the kinds that are not listed one by one."""


def _all_read(w: Workload, *types: str) -> None:
    """Make sure that what a way could lead through was listed: a hop that nobody read is not a hop that is missing."""
    for kind in types:
        w.estate.all(kind)


def _witness(way: Reach) -> dict[str, Any]:
    packet = way.witness
    hops = [{"name": hop.name, "id": hop.id.text if hop.id else None, "note": hop.note} for hop in way.hops]
    return {"from": way.source, "packet": str(packet) if packet else None, "hops": hops, "rules": list(way.deciding)}


def _told(way: Reach) -> str:
    return " -> ".join(f"{hop.name} ({hop.note})" if hop.note else hop.name for hop in way.hops)


def _why_not(way: Reach) -> str:
    return way.stopped.says if way.stopped is not None else f"{way.source} does not reach {way.target.name}"


def _evidence(way: Reach) -> tuple[Evidence, ...]:
    if way.stopped is not None:
        return way.stopped.evidence
    return tuple(e for hop in way.hops for step in hop.steps for e in step.evidence)[:6]


def _passes(way: Reach, through: tuple[Resource, ...]) -> bool:
    return bool({hop.id for hop in way.hops} & {resource.id for resource in through})


@decides(on=lambda w: w.chat_uis, part="chat UI", formerly=("chat_ui_has_another_door",))
def chat_ui_reachable_past_gateway(site: Resource, w: Workload, _terms: object) -> Answer:
    """The chat UI cannot be reached through the Application Gateway, or can be reached past it.

    What is read: public frontends, listeners and backend pools of the gateways, the security groups, routes and private
    endpoint on the way to the chat UI, and the chat UI's own public endpoint.

    Why it matters: one entry point can be watched, filtered and closed. The firewall does not see any other.

    What is wrong: no path leads from the Internet through a gateway to the chat UI, more than one gateway does, the
    chat UI answers the Internet directly, or something beside the gateway publishes it (Front Door over its private
    link, API Management), which no gateway's firewall sees.

    How to put it right: put the site into the gateway's backend pool and disable its public network access.

    References: article, "Networking" (a single secure entry point) and "Security".
    """
    door = open_to(w.estate, site)
    if door.closed is False:
        fix = f"az resource update --ids {q(site.id.text)} --set properties.publicNetworkAccess=Disabled"
        says = f"{site.name} can be reached past the gateway: {door.says}"
        return broken(site, says, *door.reasons, fix=fix, changes=shut(site))
    if isinstance(door.closed, Unknown):
        return unknown(site, door.closed, *door.reasons)
    _all_read(w, ADDRESS, NIC, ENDPOINT)
    world = reachability_of(w.estate)
    beside = _beside_the_gateways(world, site, w)
    if beside is not None and beside.outcome is Outcome.FAIL:
        return beside
    way = world.reach(world.internet, site)
    if isinstance(way.reaches, Unknown):
        return unknown(site, way.reaches)
    if not way.reaches or not _passes(way, w.gateways):
        says = f"there is no path from the Internet through an Application Gateway to {site.name}: {_why_not(way)}"
        return broken(site, says, *_evidence(way), fix="add the site to the gateway's backend pool")
    if beside is not None:
        return beside
    public = [g for g in w.gateways if w.estate.targets(g, Relation.HAS_ADDRESS)]
    if len(public) > 1:
        names = ", ".join(sorted(g.name for g in public))
        return broken(site, f"more than one gateway has a public address: {names}", *[g.at("id") for g in public])
    past = [other for other in world.ways(world.internet, site) if not _passes(other, w.gateways)]
    open_way = next((other for other in past if other.reaches is True), None)
    if open_way is not None:
        says = f"{site.name} can be reached past the gateway: {_told(open_way)}"
        return broken(site, says, *_evidence(open_way), witness=_witness(open_way))
    doubts = [other.reaches for other in past if isinstance(other.reaches, Unknown)]
    doubts += world.unfollowed(world.internet, site)
    if doubts:
        return unknown(site, doubts[0])
    return holds(site, f"{_told(way)} is the only path from the Internet", *_evidence(way), *door.reasons)


def _beside_the_gateways(world: Reachability, site: Resource, w: Workload) -> Verdict | None:
    """A way in that passes no gateway, such as over Front Door's private link: known to be one, or possibly one."""
    ways = [other for other in world.ways(world.internet, site) if not _passes(other, w.gateways)]
    other = next((way for way in ways if way.reaches is True), None)
    if other is not None:
        says = f"{site.name} can be reached past the gateway: {_told(other)}"
        return broken(site, says, *_evidence(other), witness=_witness(other), fix=_unpublish(other))
    gap = next((way.reaches for way in ways if isinstance(way.reaches, Unknown)), None)
    if gap is None:
        gap = next(iter(world.stations.unread_publishers), None)
    return unknown(site, gap) if gap is not None else None


def _unpublish(way: Reach) -> str:
    first = way.hops[1].name if len(way.hops) > 1 else way.target.name
    return f"take {way.target.name} out of the origins of {first}, or publish the gateway there instead"


def _within_sight(w: Workload) -> Iterator[Resource]:
    """Everything of the workload that could be reached; known to be everything that could be a door.

    Kinds beside those of the architecture are asked for where the inventory shows one: what could not be read of them,
    or of the inventory, could be an open path too.
    """
    unread = {read.covers.casefold() for read in w.estate.snapshot.reads if not read.answered}
    _all_read(w, *_DOORS, *sorted(kind for kind in unread if kind in FIREWALLS or kind == _INVENTORY))
    world = reachability_of(w.estate)
    own = [network.id for network in w.networks]
    yield from world.targets if w.anchor is None else world.targets_in(w.groups, own)


class SightTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What else may answer the Internet.

    `telemetry`: whether Log Analytics and Application Insights may, which take logs and queries with a token.
    """

    telemetry: bool = False


@decides(on=_within_sight, part="part that could be reached", terms=SightTerms)
def internet_reaches_more_than_the_chat(target: Resource, w: Workload, terms: SightTerms) -> Answer:
    """Something besides the chat UI behind its gateway, and Bastion, can be reached from the Internet.

    What is read: for each subnet, interface, private endpoint, public address and service of the workload every way
    from the Internet to it: public addresses, load balancers and gateways, security groups and admin rules, routes,
    peerings, private endpoints with their names, and the service's own firewall.

    Why it matters: the article allows the Internet one thing, the chat UI behind the gateway. Whatever else answers is
    found by scanners within minutes.

    What is wrong: a way exists that goes neither through the gateway nor through Bastion. The finding shows the hops,
    the rules that let it pass, and one packet. Where the baseline says so (`telemetry`), Log Analytics and Application
    Insights may take logs and queries with a token over public endpoints, as the article leaves them. A kind of
    resource that is not known here, whose document shows a public endpoint, an address or rules is unknown.

    How to put it right: close the way at its first hop: the public address, the rule, or the service's firewall.

    References: article, "Security" (the only thing accessible from the internet).
    """
    world = reachability_of(w.estate)
    way = world.reach(world.internet, target)
    if way.reaches is False:
        return holds(target, f"the Internet does not reach {target.name}: {_why_not(way)}", *_evidence(way))
    # One way as it should be says nothing of the others.
    others = [o for o in world.ways(world.internet, target) if not _passes(o, (*w.gateways, *w.bastions))]
    open_way = next((other for other in others if other.reaches is True), None)
    if open_way is not None and terms.telemetry and takes_telemetry(target.type):
        says = f"{target.name} takes logs and queries from the Internet, with a token, as the architecture leaves it"
        return holds(target, says, *_evidence(open_way))
    if open_way is not None and target.type in FRONT_DOORS and _publishes_gateways_only(world, target, w):
        says = f"{target.name} publishes nothing but the gateway"
        return holds(target, says, *_evidence(open_way))
    if open_way is not None:
        says = f"the Internet reaches {target.name}: {_told(open_way)}{_let_in_by(open_way)}"
        changes = shut(target) if target.type in _SWITCHED else ()
        return broken(
            target, says, *_evidence(open_way), witness=_witness(open_way), fix=_close(target), changes=changes
        )
    gap = next((other.reaches for other in (*others, way) if isinstance(other.reaches, Unknown)), None)
    if gap is None:
        gap = next(iter(world.unfollowed(world.internet, target)), None)
    if gap is not None:
        return unknown(target, gap)
    return holds(target, f"the Internet reaches {target.name} as it should: {_told(way)}", *_evidence(way))


def _let_in_by(way: Reach) -> str:
    """What the last hop's own firewall lets in, where that is not everybody."""
    last = way.hops[-1].steps[-1:] if way.hops else ()
    return next((f"; {step.says}" for step in last if step.name.startswith("firewall of")), "")


def _publishes_gateways_only(world: Reachability, publisher: Resource, w: Workload) -> bool:
    """Whether everything that a publisher passes on to is a public address of a gateway."""
    addresses = {id_ for gateway in w.gateways for id_ in w.estate.targets(gateway, Relation.HAS_ADDRESS)}
    leads = [tuple(world.stations.leads(one)) for one in world.stations.publications(publisher)]
    return bool(leads) and all(targets and set(targets) <= addresses for targets in leads)


_SWITCHED = (REGISTRY, OPENAI, SEARCH, ML, f"{ML}/onlineendpoints", SITE, STORAGE, VAULT)
"""Types with a switch `publicNetworkAccess` of their own."""


def _close(target: Resource) -> str:
    if target.type == "microsoft.network/publicipaddresses":
        return f"az network public-ip delete --ids {q(target.id.text)}, after taking it off what has it"
    if target.type.startswith("microsoft.network/"):
        return f"remove the public address, or deny the Internet in the security group, of {target.name}"
    return f"az resource update --ids {q(target.id.text)} --set properties.publicNetworkAccess=Disabled"


def _private_way(world: Reachability, sender: Resource, target: Resource) -> tuple[Reach, bool]:
    """The best way from where something sits to a service, and whether it goes over a private endpoint."""
    origins = world.origins(sender)
    if not origins:
        raise NotKnown(Unknown(f"where {sender.name} sends from is not known: it sits in no virtual network"))
    ways = [world.reach(origin, target) for origin in origins]
    best = min(ways, key=lambda way: (way.reaches is not True, way.reaches is False))
    endpoints = {e.id for e in world.estate.into(target, Relation.LEADS_TO, ENDPOINT)}
    return best, bool({hop.id for hop in best.hops} & endpoints)


@decides(on=lambda w: w.chat_uis, part="chat UI")
def chat_ui_calls_the_flow_past_the_endpoint(site: Resource, w: Workload, _terms: object) -> Iterator[Verdict]:
    """The chat UI does not reach the online endpoint over the workspace's private endpoint.

    What is read: the subnet the site is integrated into, its security group and routes, the workspace's private
    endpoint with its approval, names and addresses, and whether the online endpoint's public access is disabled.

    Why it matters: an online endpoint has no private endpoint of its own: it answers at the workspace's, or at a public
    address. If the private path is blocked the UI fails, or the public one is opened.

    What is wrong: a hop of the private path does not hold, or the online endpoint answers publicly.

    How to put it right: integrate the site, approve the endpoint, link the zone, allow 443 to the private endpoints
    subnet, disable public access of the online endpoint.

    References: article, "Network flows", step 1;
    learn.microsoft.com/azure/machine-learning/concept-secure-online-endpoint.
    """
    if not w.online_endpoints:
        yield not_applicable(site, "the flow has no managed online endpoint", site.at("id"))
        return
    yield from _reached_privately(site, site, w)
    for endpoint in w.online_endpoints:
        access, evidence = public_access(endpoint)
        if OnlineEndpoint(endpoint).on_kubernetes:
            because = f"{endpoint.name} is served by a Kubernetes cluster, whose ingress decides how it is reached"
            yield unknown(site, Unknown(because), endpoint.at("kind"), aspect=endpoint.name)
        elif access == "disabled":
            yield holds(site, f"{endpoint.name} answers at the workspace's private endpoint only", evidence,
                        aspect=endpoint.name)  # fmt: skip
        elif access == "enabled":
            fix = f"az ml online-endpoint update --name {q(endpoint.name)} --set public_network_access=disabled"
            says = f"{endpoint.name}, which {site.name} calls, answers publicly"
            yield broken(site, says, evidence, fix=fix, aspect=endpoint.name, changes=shut(endpoint))
        else:
            because = f"publicNetworkAccess of {endpoint.name} is {evidence.value!r}: who reaches it is not known"
            yield unknown(site, Unknown(because), evidence, aspect=endpoint.name)


def _reached_privately(
    subject: Resource, sender: Resource, w: Workload, targets: Iterable[Resource] | None = None
) -> Iterator[Verdict]:
    """Whether a sender gets to the workload's anchor, or to other targets, over their private endpoints."""
    _all_read(w, NIC, ENDPOINT)
    world = reachability_of(w.estate)
    for workspace in w.anchors if targets is None else targets:
        if world.fabric.seat(sender) is None:
            says = f"{sender.name} sits in no virtual network, so it cannot reach {workspace.name} privately"
            yield broken(subject, says, sender.at("properties", "virtualNetworkSubnetId"), aspect="way")
            continue
        way, private = _private_way(world, sender, workspace)
        if isinstance(way.reaches, Unknown):
            yield unknown(subject, way.reaches, aspect="way")
        elif way.reaches and private:
            yield holds(subject, f"{_told(way)}", *_evidence(way), aspect="way")
        else:
            why = _why_not(way) if not way.reaches else f"{_told(way)} is not private"
            says = f"{sender.name} does not reach {workspace.name} over its private endpoint: {why}"
            yield broken(subject, says, *_evidence(way), aspect="way", fix=f"fix the failing hop: {why}")


@decides(on=lambda w: w.jump_boxes, part="jump box", formerly=("authors_do_not_get_through",))
def bastion_path_to_workspace_broken(machine: Resource, w: Workload, _terms: object) -> Iterator[Verdict]:
    """Authors cannot get from Bastion to the jump box, or from there to the workspace's private endpoint.

    What is read: Bastion's subnet (a private-only one is not asked from the Internet) and the jump box's with their
    security groups and routes, and the workspace's private endpoint with its approval and names.

    Why it matters: if the private path for authors is broken, the next thing that happens is that public access to the
    workspace is switched on for a day.

    What is wrong: a hop from Bastion to the jump box, or from the jump box to the workspace, does not hold.

    How to put it right: allow 22 and 3389 out of Bastion's subnet and into the jump box's, and 443 out of that to the
    private endpoints.

    References: article, "Ingress to Azure Machine Learning" (figure 3).
    """
    world = reachability_of(w.estate)
    for id_ in w.nics_of(machine):
        nic = w.estate.need(id_, machine.place("properties", "networkProfile"))
        yield from _session(machine, nic, world, w)
        yield from _reached_privately(machine, nic, w)


class WayTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The parts that a sender must reach privately."""

    targets: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse parts that the architecture has not."""
        if strange := sorted(set(self.targets) - set(spoken_of().parts)):
            raise ValueError(f"`{strange[0]}` is no part of this architecture")


@decides(on=lambda w: w.chat_uis, part="sender", terms=WayTerms)
def sender_gets_there_past_the_endpoint(sender: Resource, w: Workload, terms: WayTerms) -> Iterator[Verdict]:
    """A part does not reach another over its private endpoint.

    What is read: the subnet that the sender sends from, its security group and routes, and the private endpoints of
    the targets with their approval, names and addresses.

    Why it matters: if the private path is blocked the workload fails, or the public one is opened.

    What is wrong: a hop of the private path does not hold.

    How to put it right: integrate the sender, approve the endpoint, link the zone, allow 443 to the endpoints' subnet.

    References: article, "Network flows".
    """
    for name in terms.targets:
        found = w.part(name)
        if not found:
            yield not_applicable(sender, f"this workload has no {w.architecture.parts[name].label}")
        for target in found:
            for verdict in _reached_privately(sender, sender, w, (target,)):
                yield replace(verdict, aspect=f"{target.type} {target.name}")


_SESSION = FlowSet.box(ProtocolSet.of("Tcp"), destination_ports=PortSet.of(22, 3389))


def _by_bastion(nic: Resource, world: Reachability, w: Workload) -> tuple[Reach, bool]:
    """The way of a session from the Internet, or from where a private Bastion stands, and whether it is Bastion's.

    A private-only one is reached over the company's own connections (learn.microsoft.com/azure/bastion/private-only).
    """
    if all(Bastion(host).private_only.known is True for host in w.bastions):
        seats = [seat for host in w.bastions if isinstance(seat := world.fabric.seat(host), Seat)]
        origins = [origin for seat in seats for origin in world.origins(seat.subnet)]
        found = [world.reach(origin, nic, _SESSION) for origin in origins]
        return (_best(found), True) if found else (world.reach(world.internet, nic), False)
    ways = [way for way in world.ways(world.internet, nic) if _passes(way, w.bastions) and way.reaches is not False]
    return (_best(ways), True) if ways else (world.reach(world.internet, nic), False)


def _best(ways: list[Reach]) -> Reach:
    return min(ways, key=lambda way: (way.reaches is not True, way.reaches is False))


def _session(machine: Resource, nic: Resource, world: Reachability, w: Workload) -> Iterator[Verdict]:
    _all_read(w, ADDRESS)
    if not w.bastions:
        yield not_applicable(machine, "the workload has no Bastion host", machine.at("id"))
        return
    way, over = _by_bastion(nic, world, w)
    if isinstance(way.reaches, Unknown):
        yield unknown(machine, way.reaches, aspect="session")
    elif way.reaches and over:
        yield holds(machine, f"{_told(way)}", *_evidence(way), aspect="session")
    else:
        says = f"no session leads through Bastion to {machine.name}: {_why_not(way)}"
        yield broken(machine, says, *_evidence(way), aspect="session", fix=f"fix the failing hop: {_why_not(way)}")
