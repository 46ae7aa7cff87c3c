"""Where what leaves a subnet for the Internet goes: by which route, past which firewall, from which public address."""

from __future__ import annotations

from auditor.documents.azure_firewall import FIREWALL
from auditor.estate import Estate
from auditor.model import ArmId, NotKnown, Unknown
from auditor.network.model import Seat
from auditor.network.routing.routes import Hop
from auditor.picture.model import Egress, State
from auditor.reach.appliances import appliance_at
from auditor.reach.reachability import Reachability, reachability_of


def egress_of(estate: Estate, subnet: ArmId) -> Egress | None:
    """How a subnet gets out; `None` where nothing can send from it, or where that was not read."""
    found = estate.find(subnet)
    if found is None:
        return None
    world = reachability_of(estate)
    try:
        origins = world.origins(found)
    except NotKnown:
        return None
    if not origins:
        return None
    way = world.leaves_for(origins[0], world.internet)
    says = "; ".join(step.says for hop in way.hops for step in hop.steps)
    if isinstance(way.reaches, Unknown):
        return Egress(State.UNKNOWN, f"out: {_over(world, subnet) or 'not known'}", way.reaches.because)
    if not way.reaches:
        return Egress(State.HOLDS, "not out", way.stopped.says if way.stopped is not None else says)
    return Egress(State.HOLDS, f"out: {_over(world, subnet) or 'Internet'}", says)


def _over(world: Reachability, subnet: ArmId) -> str:
    """The firewall or the appliance that the default route leads to; empty where it leads straight out."""
    found = world.estate.find(subnet)
    if found is None:
        return ""
    try:
        (origin, *_) = world.origins(found)
        routes = world.fabric.routing.of(found)
    except (NotKnown, ValueError):
        return ""
    if not isinstance(origin, Seat):
        return ""
    default = next((r for r in routes.active if r.length == 0 and "." in r.prefix), None)
    if default is None or default.hop is not Hop.APPLIANCE:
        return "gateway" if default is not None and default.hop is Hop.GATEWAY else ""
    hop = appliance_at(world.fabric, origin, default)
    if isinstance(hop, Unknown):
        return "an appliance"
    return f"firewall {hop.name}" if hop.resource.type == FIREWALL else hop.name
