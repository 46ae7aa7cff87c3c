"""Traffic over what stands between two places: an appliance, Azure Firewall, a virtual hub; hop by hop, as routes lead.

Routes decide where a packet goes, so there is one way for each part of the target's addresses, and it is followed until
it arrives, is dropped, or meets something whose rules are not in Azure's control plane. What that lets through is
unknown, and the answer names it.

Facts: virtual-network/virtual-networks-udr-overview, virtual-network/virtual-network-peering-overview (forwarded
traffic), firewall/rule-processing, virtual-wan/about-virtual-hub-routing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from auditor.documents.azure_firewall import FIREWALL
from auditor.documents.pool_membership import Pooled
from auditor.model import NotKnown, Resource, Unknown
from auditor.network.model import INBOUND, NetworkModel, Origin, Seat
from auditor.network.routing.routes import Hop, Route, RouteSet
from auditor.network.topology.peering import exchanges, forwards, peering_between
from auditor.network.topology.virtual_networks import NIC, assignable, network_of
from auditor.reach.appliances import appliance_at
from auditor.reach.steps import doubt, filtered, lead, split
from auditor.sets.packet_set import FlowSet
from auditor.sets.proof import Step
from auditor.sets.symbolic_addresses import Addresses


@dataclass(frozen=True)
class Transit:
    """What came of packets between two places. `flows` are those that arrive, sent by `sender` as the target sees it.

    `sender` is `None` where an appliance may have put its own address there, and anybody can be the source. `over` are
    the hops, in order.
    """

    steps: tuple[Step, ...]
    flows: FlowSet
    sender: Origin | None
    over: tuple[Resource, ...] = ()

    @property
    def stopped(self) -> bool:
        """Whether some step stops everything."""
        return any(step.holds is False for step in self.steps)


def appliance_route(routes: RouteSet, origin: Seat, target: Seat) -> Route | None:
    """The route to an appliance that packets to the target follow; `None` where a part of them goes there directly."""
    direct, other = split(routes, origin, target)
    return next((route for _, route in other if route.hop is Hop.APPLIANCE), None) if not direct else None


@dataclass
class Follower:
    """Follows packets to one target from hop to hop.

    Of a firewall that lets some through by network rules and some by application rules, which it asks for in its own
    name, the former are followed, the latter where `proxied` is set; `mixed` says that there was such a one.
    """

    fabric: NetworkModel
    target: Seat
    proxied: bool = False
    mixed: bool = False
    steps: list[Step] = field(default_factory=list)
    over: list[Resource] = field(default_factory=list)

    def follow(self, here: Seat, routes: RouteSet, sender: Origin, flows: FlowSet) -> Transit:
        """Where packets end that leave a place whose routes lead to an appliance."""
        found = self._follow(here, routes, sender, flows)
        return replace(found, steps=tuple(self.steps), over=tuple(self.over))

    def _follow(self, here: Seat, routes: RouteSet, sender: Origin, flows: FlowSet) -> Transit:
        route = appliance_route(routes, here, self.target)
        assert route is not None, "asked by callers that found one"
        why = doubt(routes, split(routes, here, self.target)[1])
        if why is not None:
            says = f"whether packets for {self.target.name} follow {route} is not known: {why.because}"
            self.steps.append(Step(f"route from {here.name}", why, says, route.evidence))
        hop = appliance_at(self.fabric, here, route)
        if isinstance(hop, Unknown):
            self.steps.append(Step(f"appliance {route.address}", hop, hop.because, route.evidence))
            return Transit((), FlowSet.box(destination=Addresses.known(self.target.addresses)), None)
        if hop.resource in self.over:
            says = f"{route} leads back to {hop.name}: the packets go round in a circle"
            return self._stop(Step(f"route to {hop.name}", False, says, route.evidence))
        self.over.append(hop.resource)
        says = f"{route} leads to {hop.name}"
        self.steps.append(Step(f"route from {here.name}", True, says, route.evidence))
        self.steps += between(self.fabric, here, hop, sender)
        if any(step.holds is False for step in self.steps):
            return self._stop()
        if hop.resource.type != FIREWALL:
            return self._over_appliance(hop, flows)
        return self._over_firewall(hop, sender, flows)

    def _stop(self, step: Step | None = None) -> Transit:
        self.steps += [step] if step is not None else []
        return Transit((), FlowSet.none(), None)

    def _over_appliance(self, hop: Seat, flows: FlowSet) -> Transit:
        """A machine or a load balancer before machines: what it does with packets is not in Azure's control plane."""
        if hop.resource.type == NIC:
            forwarding = Pooled(hop.resource).forwards
            if forwarding.known is False:
                at = (forwarding.evidence,)
                says = f"{hop.name} drops what is not for itself: IP forwarding is off"
                return self._stop(Step(f"appliance {hop.name}", False, says, at))
            step, passing = filtered(self.fabric, hop, INBOUND, flows)
            self.steps.append(step)
            if step.holds is False:
                return self._stop()
            flows = passing
        because = f"what the appliance {hop.name} lets through is not in Azure's control plane"
        self.steps.append(Step(f"appliance {hop.name}", Unknown(because), because, (hop.resource.at("name"),)))
        # It may send in its own name, and from another interface: whoever sends, the target's filters decide.
        everybody = FlowSet.box(destination=Addresses.known(self.target.addresses)) & FlowSet.real()
        return Transit((), everybody & flows.any_address(), None)

    def _over_firewall(self, hop: Seat, sender: Origin, flows: FlowSet) -> Transit:
        rules = self.fabric.firewall(hop.resource)
        passing = rules.by_address(flows)
        self.steps.append(Step(f"rules of {hop.name}", passing.holds, passing.says, passing.evidence))
        if passing.holds is False:
            return self._stop()
        flows = passing.flows - passing.proxied
        self.mixed = self.mixed or True not in (flows.is_empty, passing.proxied.is_empty)
        by_name = flows.is_empty is True or (self.proxied and passing.proxied.is_empty is not True)
        flows = passing.proxied if by_name else flows
        translates = True if by_name else rules.translates_source(self.target.addresses)
        if isinstance(translates, Unknown):
            self.steps.append(Step(f"source behind {hop.name}", translates, translates.because))
        elif translates:
            sender = hop = replace(hop, addresses=assignable(hop.subnet), anywhere=True)
            to = Addresses.known(self.target.addresses)
            flows = flows.any_address() & FlowSet.box(source=Addresses.known(hop.addresses), destination=to)
        return self._onwards(hop, sender, flows)

    def _onwards(self, hop: Seat, sender: Origin, flows: FlowSet) -> Transit:
        """From a firewall on, by the routes of its subnet."""
        try:
            routes = self.fabric.routing.of(hop.subnet)
        except NotKnown as gap:
            self.steps.append(Step(f"route from {hop.name}", gap.unknown, f"the routes of {hop.name} are not known"))
            return Transit((), flows, sender)
        if appliance_route(routes, hop, self.target) is not None:
            return self._follow(hop, routes, sender, flows)
        step, way = lead(f"route from {hop.name}", routes, hop, self.target)
        self.steps.append(step)
        self.steps += between(self.fabric, hop, self.target, sender)
        if any(step.holds is False for step in self.steps):
            return self._stop()
        return Transit((), flows & FlowSet.box(destination=Addresses.known(way)), sender)


def between(fabric: NetworkModel, here: Seat, there: Seat, sender: Origin) -> Iterator[Step]:
    """Whether packets cross from one network into another; those of a sender elsewhere are forwarded traffic."""
    if here.network == there.network:
        return
    try:
        network, other = network_of(fabric.estate, here.subnet), network_of(fabric.estate, there.subnet)
    except NotKnown as gap:
        yield Step("peering", gap.unknown, f"the peerings of {here.network.name} are not known")
        return
    peering = peering_between(fabric.estate, network, there.network)
    if peering is None:
        yield Step("peering", False, f"{network.name} is not peered with {there.network.name}")
        return
    yield from exchanges(peering)
    if isinstance(sender, Seat) and sender.network == here.network:
        return
    back = peering_between(fabric.estate, other, here.network)
    if back is not None:
        yield forwards(back)


# --- the way back -----------------------------------------------------------------------------------------------------


def returned(fabric: NetworkModel, transit: Transit, origin: Seat, target: Seat) -> Step | None:
    """Whether replies come back to whoever sent, over the same hops; `None` where the way there is not known."""
    name = f"route back from {target.name}"
    if transit.sender is None or not transit.over:
        return None
    try:
        routes = fabric.routing.of(target.subnet)
    except NotKnown as gap:
        return Step(name, gap.unknown, f"the routes of {target.subnet.name} are not known")
    if transit.sender is not origin:
        # The last firewall put its own address there: replies go to it, and it knows the connection.
        assert isinstance(transit.sender, Seat)
        return lead(name, routes, target, transit.sender)[0]
    route = appliance_route(routes, target, origin)
    if route is None:
        step, _ = lead(name, routes, target, origin)
        if step.holds is not True:
            return step
        because = f"{step.says} past {transit.over[-1].name}, which sees one side of the connection only"
        return Step(name, Unknown(because), because, step.evidence)
    back = appliance_at(fabric, target, route)
    if isinstance(back, Unknown) or back.resource != transit.over[-1]:
        other = back.because if isinstance(back, Unknown) else f"{route} leads back over {back.name}"
        because = f"{other}, and not over {transit.over[-1].name}"
        return Step(name, Unknown(because), because, route.evidence)
    return _crossing_back(fabric, transit, (origin, target), route, back)


def _onwards_back(fabric: NetworkModel, back: Seat, origin: Seat) -> Step:
    name = f"route back from {back.name}"
    try:
        return lead(name, fabric.routing.of(back.subnet), back, origin)[0]
    except NotKnown as gap:
        return Step(name, gap.unknown, f"the routes of {back.subnet.name} are not known")


def _crossing_back(fabric: NetworkModel, transit: Transit, ends: tuple[Seat, Seat], route: Route, back: Seat) -> Step:
    origin, target = ends
    name = f"route back from {target.name}"
    crossing = [*between(fabric, target, back, target)]
    if len(transit.over) == 1:
        crossing += [_onwards_back(fabric, back, origin), *between(fabric, back, origin, target)]
    failed = next((step for step in crossing if step.holds is False), None)
    failed = failed or next((step for step in crossing if step.holds is not True), None)
    if failed is not None:
        return replace(failed, says=f"replies do not come back over {back.name}: {failed.says}")
    return Step(name, True, f"{route} leads back over {back.name}", route.evidence)
