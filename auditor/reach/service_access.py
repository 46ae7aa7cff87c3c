"""The last step to a service: over its private endpoint, or over its public endpoint past its own firewall."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from auditor.documents.api_management import SERVICE as API_MANAGEMENT
from auditor.documents.api_management import ApiManagement
from auditor.documents.host_names import planned_hosts
from auditor.estate import Estate, Relation
from auditor.facts import load
from auditor.model import ArmId, Evidence, NotKnown, Resource, Unknown
from auditor.network.model import (
    OUTBOUND,
    NetworkModel,
    Origin,
    Outside,
    Seat,
)
from auditor.network.private_link.private_dns import resolve
from auditor.network.private_link.private_endpoints import ENDPOINT, approval, connections
from auditor.network.private_link.public_names import public_name
from auditor.reach.outward import way_to_name
from auditor.services.app_service import scm_open_to
from auditor.services.firewall_verdict import FirewallVerdict
from auditor.services.paas_firewall import FIREWALLS, open_to
from auditor.services.public_doors import doors, rows_at
from auditor.sets.address_set import AddressSet
from auditor.sets.packet_set import FlowSet, Packet
from auditor.sets.port_set import PortSet
from auditor.sets.proof import Step, together
from auditor.sets.protocol_set import Protocol, ProtocolSet
from auditor.sets.symbolic_addresses import Addresses

_ONLINE = "microsoft.machinelearningservices/workspaces/onlineendpoints"

SITES = ("microsoft.web/sites", "microsoft.web/sites/slots")

SERVICES = tuple(FIREWALLS)
"""The types that have a public endpoint with a firewall of its own."""


@cache
def _facts(type_: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] | None = load("service-endpoints")["types"].get(type_)
    if found is not None:
        return found
    door = doors().get(type_)
    if door is None:
        return {}
    ports = [str(port).removesuffix("/udp") for port in door.ports] or ["*"]
    return {"ports": ports, "hosts": [path.split("/") for path in door.hosts], "tag": "AzureCloud"}


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


@dataclass(frozen=True)
class PublicWay:
    """The steps to one public endpoint of a service, and a packet that takes them where they hold."""

    note: str
    steps: tuple[Step, ...]
    packet: Packet | None

    @property
    def holds(self) -> bool | Unknown:
        """Whether the endpoint is reached."""
        return together(self.steps)


def over_public(fabric: NetworkModel, origin: Origin, service: Resource, *, beside: bool = False) -> PublicWay:
    """The way to a service's public endpoint: of several endpoints the one that is reached, or comes closest.

    `beside` takes in endpoints that stand beside the service's own, such as a web app's deployment host: who reaches
    that can replace the app.
    """
    ways = [_public_way(fabric, origin, service, door) for door in _doors(service, beside=beside)]
    return min(ways, key=lambda way: (way.holds is not True, way.holds is False))


_Verdict = Callable[[Estate, Resource], FirewallVerdict]


@dataclass(frozen=True)
class _Door:
    """One public endpoint of a service: what it is called, whom it lets in, and the hosts that it answers at."""

    note: str
    open_to: _Verdict
    hosts: tuple[str, ...]


def _doors(service: Resource, *, beside: bool) -> Iterator[_Door]:
    hosts = hosts_of(service)
    scm = tuple(host for host in hosts if ".scm." in host)
    yield _Door("public endpoint", open_to, tuple(host for host in hosts if host not in scm))
    if beside and service.type in SITES:
        yield _Door("deployment endpoint", scm_open_to, scm)


def _public_way(fabric: NetworkModel, origin: Origin, service: Resource, door: _Door) -> PublicWay:
    try:
        verdict = door.open_to(fabric.estate, service)
    except NotKnown as gap:
        return PublicWay(door.note, (Step("service firewall", gap.unknown, gap.unknown.because),), None)
    if isinstance(origin, Outside):
        step, sources = _firewall(verdict, service, origin.addresses.possible, origin.name)
        return PublicWay(door.note, (step,), _packet(service, sources, door))
    name = _name(fabric, origin, service, door)
    named = () if name is None else (name,)
    out = _out_to(fabric, origin, service)
    by_endpoint = _service_endpoint(origin, service, verdict)
    if by_endpoint is not None:
        return PublicWay(door.note, (out, by_endpoint, *named), _packet(service, origin.addresses, door))
    ends = fabric.tags.exact(_tag_of(service))
    route, way = way_to_name(fabric, origin, _flows_to(fabric, origin, service), door.hosts, ends)
    near = _same_region(fabric.estate, origin, service, verdict)
    if near is not None:
        step, sources = near, origin.addresses
    elif isinstance(way.addresses, Unknown):
        step, sources = _firewall_for_unknown(verdict, service, way.addresses), AddressSet.none()
    else:
        step, sources = _firewall(verdict, service, way.addresses, origin.name)
    return PublicWay(door.note, (out, route, way.step, step, *named), _packet(service, sources, door))


def published_step(fabric: NetworkModel, publisher: Resource, service: Resource) -> Step:
    """Whether a publisher gets in to a service by the service's public endpoint, from addresses that Microsoft has."""
    name = f"firewall of {service.name}"
    try:
        verdict = open_to(fabric.estate, service)
    except NotKnown as gap:
        return Step(name, gap.unknown, gap.unknown.because)
    inside = ApiManagement(publisher).subnet.known if publisher.type == API_MANAGEMENT else None
    if not verdict.addresses.is_everything and inside is not None and endpoints_to(fabric.estate, service):
        because = f"{publisher.name} passes on to {service.name} inside a network, and its policies are not followed"
        return Step(name, Unknown(because), because, (ApiManagement(publisher).subnet.evidence,))
    if verdict.addresses.is_everything or verdict.at_most.is_empty:
        return Step(name, verdict.addresses.is_everything, verdict.says, verdict.reasons)
    because = f"{verdict.says}, and from which addresses {publisher.name} asks is not in its document"
    return Step(name, Unknown(because), because, verdict.reasons)


def _name(fabric: NetworkModel, origin: Seat, service: Resource, door: _Door) -> Step | None:
    """What keeps the origin from finding the public endpoint by name; `None` where nothing does."""
    target = fabric.estate.find(service.id.parent) if service.type == _ONLINE else service
    if target is None:
        return None
    try:
        return public_name(fabric.estate, service, target, door.hosts, origin.network)
    except NotKnown as gap:
        return Step("private DNS", gap.unknown, gap.unknown.because)


def _packet(service: Resource, sources: AddressSet, door: _Door) -> Packet | None:
    """A packet to the public endpoint; its address is Azure's to choose, so the host name stands for it."""
    if sources.is_empty:
        return None
    host = next(iter(door.hosts), service.name)
    return Packet(Protocol.TCP, sources.witness(), 50000, host, _port(service))


def _port(service: Resource) -> int:
    """A port at which the service answers: 443 where it does, else the first of those that are known."""
    door = doors().get(service.type)
    stated: list[str] = []
    with suppress(NotKnown):  # what the document does not tell is not what the answer hangs on
        stated = [str(e.value) for path in door.ports_from for e in rows_at(service, path)] if door is not None else []
    listed = [*stated, *map(str, _facts(service.type).get("ports", ()))]
    numbers = [int(port.partition("-")[0]) for port in listed if port.partition("-")[0].isdecimal()]
    return 443 if 443 in numbers or not numbers else numbers[0]


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
    """The way past the firewall over a service endpoint of the origin's subnet; `None` where it has none.

    With a service endpoint the service sees the private address and the subnet, so its address rules match nothing, and
    only a virtual network rule or a firewall that lets everybody in does (virtual-network-service-endpoints-overview).
    """
    wanted = {name.casefold() for name in _facts(service.type).get("service_endpoints", ())}
    for index, row in origin.subnet.items("properties", "serviceEndpoints"):
        if str(row.get("service") or "").casefold() not in wanted or not _serves(row, service):
            continue
        name = f"firewall of {service.name}"
        at = (origin.subnet.at("properties", "serviceEndpoints", index, "service"), *verdict.reasons)
        if origin.subnet.get("properties", "serviceEndpointPolicies"):
            why = Unknown(f"service endpoint policies of {origin.subnet.name} narrow what it reaches, and are not read")
            return Step(name, why, why.because, at)
        if origin.subnet.id in verdict.subnets:
            return Step(name, True, f"{name} lets in {origin.subnet.name} over its service endpoint", at)
        because = f"{origin.subnet.name} has a service endpoint, so {service.name} sees its private addresses"
        return _by_no_address(name, service, verdict, because, at)
    return None


def _serves(row: Mapping[str, Any], service: Resource) -> bool:
    """Whether a service endpoint is in force in the service's region; one that names none is taken to be."""
    listed = row.get("locations")
    places = {str(place).replace(" ", "").casefold() for place in (listed if isinstance(listed, list) else ())}
    return not places or "*" in places or not service.location or service.location in places


def _same_region(estate: Estate, origin: Seat, service: Resource, verdict: FirewallVerdict) -> Step | None:
    """The firewall's answer where the service and the origin are in one region, whose traffic keeps private addresses.

    Said of storage accounts only (storage/common/storage-network-security, "restrictions for IP network rules").
    """
    if not _facts(service.type).get("same_region_is_private"):
        return None
    network = estate.find(origin.network)
    if network is None or not network.location or network.location != service.location:
        return None
    name = f"firewall of {service.name}"
    because = f"{origin.name} is in the region of {service.name}, which sees its private addresses"
    return _by_no_address(name, service, verdict, because, (network.at("location"), *verdict.reasons))


def _by_no_address(
    name: str, service: Resource, verdict: FirewallVerdict, because: str, at: tuple[Evidence, ...]
) -> Step:
    """What a firewall answers to somebody whom none of its address rules can match."""
    if verdict.addresses.is_everything:
        return Step(name, True, verdict.says, at)
    if verdict.gap is not None:
        return Step(name, verdict.gap, verdict.gap.because, at)
    says = f"{because}: no address rule matches them, and no virtual network rule names the subnet"
    return Step(name, False, verdict.says if verdict.at_most.is_empty else says, at)


def _tag_of(service: Resource) -> str:
    """The service tag that holds the service's public addresses."""
    return str(_facts(service.type).get("tag", "AzureCloud"))


def _flows_to(fabric: NetworkModel, origin: Seat, service: Resource) -> FlowSet:
    """The packets from an origin to a service, whichever of its tag's addresses it has."""
    tag = _tag_of(service)
    from_, to = Addresses.known(origin.addresses), fabric.view(origin.subnet).named(tag)
    return service_flows(service.type) & FlowSet.real() & FlowSet.box(source=from_, destination=to)


def _out_to(fabric: NetworkModel, origin: Seat, service: Resource) -> Step:
    """Whether the filters let traffic out to the service, wherever in its tag it is."""
    name = f"filters out of {origin.name}"
    found = fabric.filters(origin, OUTBOUND)
    if isinstance(found, Unknown):
        return Step(name, found, f"what filters at {origin.name} is not known: {found.because}")
    tag = _tag_of(service)
    flows = _flows_to(fabric, origin, service)
    getting_out = found.among(flows)
    stopped, passing = (flows - getting_out).is_empty, getting_out.is_empty
    if stopped is True:
        return Step(name, True, f"traffic to {tag} gets out of {origin.name}")
    if passing is True:
        return Step(name, False, f"no traffic to {tag} gets out of {origin.name}")
    gap = Unknown(f"some traffic to {tag} gets out of {origin.name} and some does not, and which is for {service.name}")
    why = next((answer for answer in (stopped, passing) if isinstance(answer, Unknown)), gap)
    return Step(name, why, f"whether traffic to {service.name} gets out of {origin.name} is not known: {why.because}")


def service_by_host(estate: Estate) -> dict[str, ArmId]:
    """Which service answers at a host name."""
    return {host: service.id for type_ in SERVICES for service in estate.seen(type_) for host in hosts_of(service)}
