"""Single steps of a connection: what filters at a place let through, and where the routes of a subnet lead."""

from __future__ import annotations

from auditor.model import NotKnown, Unknown
from auditor.network.model import INBOUND, NetworkModel, Seat
from auditor.network.nsg.effective_filters import Trace
from auditor.network.nsg.rules import SecurityRule
from auditor.network.routing.routes import Hop, Route, RouteSet
from auditor.sets.address_set import AddressSet
from auditor.sets.packet_set import FlowSet
from auditor.sets.proof import Step

# --- filters ----------------------------------------------------------------------------------------------------------


def filtered(fabric: NetworkModel, seat: Seat, direction: str, flows: FlowSet) -> tuple[Step, FlowSet]:
    """What the filters at a seat let through, and the rule that decides an example."""
    found = fabric.filters(seat, direction)
    name = f"filters {'into' if direction == INBOUND else 'out of'} {seat.name}"
    if isinstance(found, Unknown):
        return Step(name, found, f"what filters at {seat.name} is not known: {found.because}"), flows
    passing = found.among(flows)
    empty = passing.is_empty
    example = (flows if empty is True else passing).witness()
    if example is None:
        return Step(name, False, f"no packet from here can have {seat.name} as its other end"), passing
    trace = found.decide(example)
    way = "into" if direction == INBOUND else "out of"
    if isinstance(empty, Unknown):
        return Step(name, empty, f"whether anything gets {way} {seat.name} is not known: {empty.because}"), passing
    rule = trace.rule
    verb = "denies all traffic" if empty else "allows traffic"
    says = f"{_decider(trace)} {verb} {way} {seat.name}"
    if not empty and rule is None and not _platform(trace):
        says = f"no security group filters {direction.lower()} traffic of {seat.name}"
    evidence = (rule.resource.at("name"),) if isinstance(rule, SecurityRule) else ()
    return Step(name, not empty, says, evidence, subject=_rule_name(trace)), passing


def _rule_name(trace: Trace) -> str:
    if not isinstance(trace.rule, SecurityRule):
        return ""
    return f"{trace.group.name}/{trace.rule.name}" if trace.group else trace.rule.name


def _decider(trace: Trace) -> str:
    if isinstance(trace.rule, SecurityRule):
        where = f" of {trace.group.name}" if trace.group else ""
        return f"{trace.rule.name}{where}"
    if isinstance(trace.rule, Unknown):
        return "one of several rules"
    because = _platform(trace)
    return f"the platform ({because})" if because else "no security group"


def _platform(trace: Trace) -> str:
    """Why the platform decided; empty where it did not."""
    return next((step.because for step in reversed(trace.steps) if step.because), "")


# --- routes -----------------------------------------------------------------------------------------------------------


def routed(fabric: NetworkModel, origin: Seat, target: Seat) -> tuple[Step, AddressSet]:
    """The route there: which of the target's addresses it leads to, and by what."""
    name = f"route from {origin.name}"
    try:
        return lead(name, fabric.routing.of(origin.subnet), origin, target)
    except NotKnown as gap:
        return Step(name, gap.unknown, f"the routes of {origin.subnet.name} are not known"), target.addresses


def lead(name: str, routes: RouteSet, origin: Seat, target: Seat) -> tuple[Step, AddressSet]:
    """Whether routes lead from one place to another, and to which of its addresses."""
    direct, other = split(routes, origin, target)
    arriving = AddressSet.none()
    for share, _ in direct:
        arriving |= share
    sure = arriving - doubted(routes, direct)
    if not sure.is_empty:
        route = next(route for share, route in direct if share.meets(sure))
        return Step(name, True, f"{route} leads to {target.name}", route.evidence), sure
    why = doubt(routes, direct or other)
    if why is not None:
        says = f"whether packets for {target.name} get there is not known: {why.because}"
        return Step(name, why, says), target.addresses
    if not other:
        return Step(name, False, f"no route of {origin.subnet.name} covers {target.name}"), AddressSet.none()
    share, route = other[0]
    if route.hop is Hop.APPLIANCE:
        because = f"{route} sends traffic to an appliance, and what that allows is not in Azure's control plane"
        return Step(name, Unknown(because), because, route.evidence), share
    return Step(name, False, f"{route} does not lead to {target.name}", route.evidence), AddressSet.none()


Shares = list[tuple[AddressSet, Route]]


def split(routes: RouteSet, origin: Seat, target: Seat) -> tuple[Shares, Shares]:
    """The parts of the target's addresses that a route leads to directly, and those that go elsewhere."""
    direct: Shares = []
    other: Shares = []
    for share, route in routes.shares:
        part = share & target.addresses
        if not part.is_empty:
            (direct if leads(route, origin, target) else other).append((part, route))
    return direct, other


def leads(route: Route, origin: Seat, target: Seat) -> bool:
    """Whether a route leads to the target directly."""
    if route.hop is Hop.VNET_LOCAL:
        return origin.network == target.network
    if route.hop is Hop.PRIVATE_ENDPOINT:
        return target.is_endpoint or origin.network == target.network
    return route.hop is Hop.PEERING and route.towards == target.network


def doubt(routes: RouteSet, shares: Shares) -> Unknown | None:
    """Why it is not known that these addresses follow these routes."""
    for each in routes.doubts:
        if any(each.touches(route) and each.where.meets(share) for share, route in shares):
            return each.why
    return None


def doubted(routes: RouteSet, direct: Shares) -> AddressSet:
    """The addresses of which it is not known that they follow these routes."""
    found = AddressSet.none()
    for each in routes.doubts:
        for share, route in direct:
            if each.touches(route):
                found |= each.where & share
    return found
