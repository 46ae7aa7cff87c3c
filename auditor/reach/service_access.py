"""The last step to a service: over its private endpoint, or over its public endpoint past its own firewall."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from auditor.documents.host_names import planned_hosts
from auditor.estate import Estate, Relation
from auditor.facts import load
from auditor.model import ArmId, NotKnown, Resource, Unknown
from auditor.network.model import (
    OUTBOUND,
    NetworkModel,
    Origin,
    Outside,
    Seat,
)
from auditor.network.private_link.private_dns import resolve
from auditor.network.private_link.private_endpoints import ENDPOINT, approval, connections
from auditor.network.routing.outbound_access import way_out
from auditor.network.routing.routes import Hop
from auditor.services.firewall_verdict import FirewallVerdict
from auditor.services.paas_firewall import FIREWALLS, open_to
from auditor.sets.address_set import AddressSet
from auditor.sets.packet_set import FlowSet, Packet
from auditor.sets.port_set import PortSet
from auditor.sets.proof import Step
from auditor.sets.protocol_set import Protocol, ProtocolSet
from auditor.sets.symbolic_addresses import Addresses

_ONLINE = "microsoft.machinelearningservices/workspaces/onlineendpoints"

SERVICES = tuple(FIREWALLS)
"""The types that have a public endpoint with a firewall of its own."""


@cache
def _facts(type_: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = load("service-endpoints")["types"].get(type_, {})
    return found


def service_ports(type_: str) -> tuple[str, ...]:
    """The ports at which a service answers, as text."""
    return tuple(str(port) for port in _facts(type_).get("ports", ["*"]))


def service_flows(type_: str, group: str = "") -> FlowSet:
    """The ports of a service, or of one of its groups."""
    facts = _facts(type_)
    ports = facts.get("group_ports", {}).get(group, facts.get("ports", ["*"]))
    return FlowSet.box(ProtocolSet.of("Tcp"), destination_ports=PortSet.of(*ports))


def endpoints_to(estate: Estate, service: Resource) -> tuple[Resource, ...]:
    """The private endpoints that lead to a service. An online endpoint answers at its workspace's."""
    target = service.id.parent if service.type == _ONLINE else service.id
    return estate.into(target or service.id, Relation.LEADS_TO, ENDPOINT)


def hosts_of(service: Resource) -> tuple[str, ...]:
    """The host names that a service's document states, lower case; those to come where it is only planned."""
    found: list[str] = list(planned_hosts(service))
    for path in _facts(service.type).get("hosts", ()):
        found += [host for value in _values(service.body, path) if (host := _host(value))]
    return tuple(dict.fromkeys(found))


def _values(value: Any, path: list[str]) -> Iterator[str]:
    if not path:
        if isinstance(value, str):
            yield value
        return
    step, rest = path[0], path[1:]
    if step == "*":
        inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
        for item in inner:
            yield from _values(item, rest)
    elif isinstance(value, Mapping):
        yield from _values(value.get(step), rest)


def _host(text: str) -> str:
    try:
        host = urlsplit(text).hostname or "" if "//" in text else text.partition(":")[0]
    except ValueError:
        return ""  # no address, such as `https://[x`: it names no host
    return host.rstrip(".").casefold()


# --- over a private endpoint ------------------------------------------------------------------------------------------


def over_endpoint(fabric: NetworkModel, origin: Origin, endpoint: Resource, service: Resource) -> Iterator[Step]:
    """Whether the endpoint's connection is approved, and whether the origin's network resolves to it."""
    target = service.id.parent if service.type == _ONLINE else service.id
    for connection in connections(endpoint):
        if connection.target == target:
            yield approval(fabric.estate, connection)
    if isinstance(origin, Outside):
        because = f"how {origin.name} resolves the names of {service.name} is not in Azure's management plane"
        yield Step("private DNS", Unknown(because), because)
        return
    found = resolve(fabric.estate, endpoint, origin.network)
    broken = [step for step in found.steps if step.name != "zone group" and step.holds is not True]
    chosen = next((step for step in broken if step.holds is False), broken[0] if broken else None)
    if chosen is not None:
        yield Step("private DNS", chosen.holds, chosen.says, chosen.evidence)
    else:
        zones = ", ".join(found.zones) or "no zone is needed"
        yield Step("private DNS", True, f"{origin.network.name} resolves {service.name} privately ({zones})")


# --- over the public endpoint -----------------------------------------------------------------------------------------


def over_public(fabric: NetworkModel, origin: Origin, service: Resource) -> tuple[tuple[Step, ...], Packet | None]:
    """The steps to a service's public endpoint, and a packet that takes them where they hold."""
    try:
        verdict = open_to(fabric.estate, service)
    except NotKnown as gap:
        return (Step("service firewall", gap.unknown, gap.unknown.because),), None
    if isinstance(origin, Outside):
        step, sources = _firewall(verdict, service, origin.addresses.possible, origin.name)
        return (step,), _packet(service, sources)
    by_endpoint = _service_endpoint(origin, service, verdict)
    out = _out_to(fabric, origin, service)
    if by_endpoint is not None:
        return (out, by_endpoint), _packet(service, origin.addresses)
    route = route_out(fabric, origin)
    way = way_out(fabric.estate, origin.resource, origin.subnet)
    if isinstance(way.addresses, Unknown):
        step, sources = _firewall_for_unknown(verdict, service, way.addresses), AddressSet.none()
    else:
        step, sources = _firewall(verdict, service, way.addresses, origin.name)
    return (out, route, way.step, step), _packet(service, sources)


def _packet(service: Resource, sources: AddressSet) -> Packet | None:
    """A packet to the public endpoint; its address is Azure's to choose, so the host name stands for it."""
    if sources.is_empty:
        return None
    host = next(iter(hosts_of(service)), service.name)
    port = _facts(service.type).get("ports", [443])[-1]
    return Packet(Protocol.TCP, sources.witness(), 50000, host, port)


def _firewall(verdict: FirewallVerdict, service: Resource, sources: AddressSet, who: str) -> tuple[Step, AddressSet]:
    name = f"firewall of {service.name}"
    let_in = verdict.addresses & sources
    if not let_in.is_empty:
        return Step(name, True, verdict.says, verdict.reasons), let_in
    if (verdict.at_most & sources).is_empty:
        says = verdict.says if verdict.addresses.is_empty else f"{verdict.says}, and not {who}"
        return Step(name, False, says, verdict.reasons), let_in
    assert verdict.gap is not None
    return Step(name, verdict.gap, verdict.gap.because, verdict.reasons), verdict.at_most & sources


def _firewall_for_unknown(verdict: FirewallVerdict, service: Resource, why: Unknown) -> Step:
    """The firewall's answer to somebody whose public address is not known."""
    name = f"firewall of {service.name}"
    if verdict.addresses.is_everything or verdict.at_most.is_empty:
        return Step(name, verdict.addresses.is_everything, verdict.says, verdict.reasons)
    gap = why if verdict.gap is None else verdict.gap
    return Step(name, gap, f"{verdict.says}, and {why.because}", verdict.reasons)


def _service_endpoint(origin: Seat, service: Resource, verdict: FirewallVerdict) -> Step | None:
    """The way past the firewall by a virtual network rule; `None` where the subnet has no such endpoint or rule."""
    wanted = {name.casefold() for name in _facts(service.type).get("service_endpoints", ())}
    for index, row in origin.subnet.items("properties", "serviceEndpoints"):
        if str(row.get("service") or "").casefold() in wanted and origin.subnet.id in verdict.subnets:
            at = (origin.subnet.at("properties", "serviceEndpoints", index, "service"), *verdict.reasons)
            says = f"the firewall of {service.name} lets in {origin.subnet.name} over its service endpoint"
            return Step(f"firewall of {service.name}", True, says, at)
    return None


def _out_to(fabric: NetworkModel, origin: Seat, service: Resource) -> Step:
    """Whether the filters let traffic out to the service, wherever in its tag it is."""
    name = f"filters out of {origin.name}"
    found = fabric.filters(origin, OUTBOUND)
    if isinstance(found, Unknown):
        return Step(name, found, f"what filters at {origin.name} is not known: {found.because}")
    tag = _facts(service.type).get("tag", "AzureCloud")
    flows = service_flows(service.type) & FlowSet.real()
    flows &= FlowSet.box(source=Addresses.known(origin.addresses), destination=fabric.view(origin.subnet).named(tag))
    getting_out = found.among(flows)
    stopped, passing = (flows - getting_out).is_empty, getting_out.is_empty
    if stopped is True:
        return Step(name, True, f"traffic to {tag} gets out of {origin.name}")
    if passing is True:
        return Step(name, False, f"no traffic to {tag} gets out of {origin.name}")
    gap = Unknown(f"some traffic to {tag} gets out of {origin.name} and some does not, and which is for {service.name}")
    why = next((answer for answer in (stopped, passing) if isinstance(answer, Unknown)), gap)
    return Step(name, why, f"whether traffic to {service.name} gets out of {origin.name} is not known: {why.because}")


def route_out(fabric: NetworkModel, origin: Seat) -> Step:
    """Where the default route leads: a service's own addresses are Azure's to choose."""
    name = f"route from {origin.name}"
    try:
        routes = fabric.routing.of(origin.subnet)
    except NotKnown as gap:
        return Step(name, gap.unknown, f"the routes of {origin.subnet.name} are not known")
    route = next((r for r in routes.active if r.length == 0 and "." in r.prefix), None)
    if route is None:
        return Step(name, False, f"{origin.subnet.name} has no route to the Internet")
    if route.hop is Hop.INTERNET:
        return Step(name, True, f"{route} leads out", route.evidence)
    if route.hop in (Hop.APPLIANCE, Hop.GATEWAY):
        because = f"{route} takes the way over {route.hop}, and what that lets through is not in Azure's control plane"
        return Step(name, Unknown(because), because, route.evidence)
    return Step(name, False, f"{route} drops what would leave", route.evidence)


def service_by_host(estate: Estate) -> dict[str, ArmId]:
    """Which service answers at a host name."""
    return {host: service.id for type_ in SERVICES for service in estate.seen(type_) for host in hosts_of(service)}
