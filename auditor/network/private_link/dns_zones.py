"""Private DNS zones: which one answers a network, what it answers, and whom the network asks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from auditor.estate import Estate, Relation
from auditor.model import ArmId, Evidence, NotKnown, Resource, Unknown
from auditor.sets.proof import Step

ZONE = "microsoft.network/privatednszones"
_LINK = f"{ZONE}/virtualnetworklinks"
_A = f"{ZONE}/a"
_INBOUND = "microsoft.network/dnsresolvers/inboundendpoints"
_AZURE_DNS = "168.63.129.16"

_LINKED = ("completed", "done", "")
"""States of a link that answers. The page says Completed, the REST docstring Done; older answers have none."""


@dataclass(frozen=True)
class NameServers:
    """Whom the machines of a network ask for names: `answered_for` is the network whose zone links then count."""

    answered_for: ArmId | Unknown
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class LinkedZone:
    """The zone of a name that a network is linked to, or the best candidate, with the steps that say how good it is."""

    zone: Resource | None
    steps: tuple[Step, ...]


def name_servers(estate: Estate, network: ArmId) -> NameServers:
    """Azure's own DNS unless the network names servers; a Private Resolver's inbound endpoint answers for its network.

    What a server of the owner's own forwards to is not in Azure's management plane, so that is `Unknown`.
    """
    found = estate.find(network)
    if found is None:
        gap = estate.coverage.failure(network)
        gap = Unknown(f"the network {network.name} is not in this snapshot", absent=True) if gap is None else gap
        return NameServers(gap, (Step("name server", gap, f"whom {network.name} asks for names is not known"),))
    servers = [str(ip) for ip in found.get("properties", "dhcpOptions", "dnsServers", default=[])]
    if not servers or servers == [_AZURE_DNS]:
        return NameServers(network, ())
    evidence = (found.at("properties", "dhcpOptions", "dnsServers"),)
    resolvers = {seat for ip in servers if (seat := _resolver_network(estate, ip)) is not None}
    if len(resolvers) == 1 and all(_resolver_network(estate, ip) for ip in servers):
        seat = resolvers.pop()
        says = f"{network.name} asks the private resolver in {seat.name}"
        return NameServers(seat, (Step("name server", True, says, evidence),))
    because = (
        f"{network.name} asks its own DNS servers ({', '.join(servers)}),"
        " and whether they forward to Azure DNS is not in Azure's management plane"
    )
    return NameServers(Unknown(because), (Step("name server", Unknown(because), because, evidence),))


def _resolver_network(estate: Estate, address: str) -> ArmId | None:
    for endpoint in estate.seen(_INBOUND):
        for index, _ in endpoint.items("properties", "ipConfigurations"):
            path = ("properties", "ipConfigurations", index)
            if endpoint.get(*path, "privateIpAddress") == address:
                subnet = endpoint.ref(*path, "subnet")
                return subnet.parent if subnet else None
    return None


def linked_zone(
    estate: Estate, name: str, written: ArmId | None, network: ArmId | Unknown, endpoint: Resource
) -> LinkedZone:
    """The zone called `name` that answers `network`. Azure allows one linked zone of a name per network.

    `written` is the zone that the endpoint's zone group writes to; it is the candidate where none is linked.
    """
    candidates = [zone for zone in estate.seen(ZONE) if zone.id.name.casefold() == name]
    own = next((zone for zone in candidates if zone.id == written), None)
    if not candidates:
        return LinkedZone(None, (_missing(estate, name, written, endpoint),))
    exists = Step("zone", True, f"the zone {name} exists", ((own or candidates[0]).at("id"),), name)
    if isinstance(network, Unknown):
        says = f"which zone {name} answers is not known: {network.because}"
        return LinkedZone(own or candidates[0], (exists, Step("link", network, says, subject=name)))
    states: list[tuple[Resource, bool | Unknown, tuple[Evidence, ...]]] = []
    for zone in (*filter(None, (own,)), *candidates):
        state, evidence = _link(estate, zone, network)
        if state is True:
            says = f"{name} is linked to {network.name}"
            return LinkedZone(zone, (exists, Step("link", True, says, evidence, name)))
        states.append((zone, state, evidence))
    chosen, state, evidence = next((s for s in states if isinstance(s[1], Unknown)), states[0])
    says = f"{name} is not linked to {network.name}"
    if isinstance(state, Unknown):
        says = f"whether {name} is linked to {network.name} is not known: {state.because}"
    elif evidence:
        says = f"the link of {name} to {network.name} is {evidence[0].value}, not Completed"
    return LinkedZone(chosen, (exists, Step("link", state, says, evidence or (chosen.at("id"),), name)))


def _missing(estate: Estate, name: str, written: ArmId | None, endpoint: Resource) -> Step:
    if written is not None:
        gap = estate.resolve(written, endpoint.place("id"))
        assert isinstance(gap, Unknown)
        return Step("zone", gap, f"the zone {name} that {endpoint.name} writes to was not read", subject=name)
    unread = estate.coverage.gap(ZONE)
    if unread is not None:
        return Step("zone", unread, f"whether a zone {name} exists is not known: {unread.because}", subject=name)
    says = f"there is no private DNS zone {name} in what was read"
    return Step("zone", False, says, (endpoint.at("id"),), name)


def _link(estate: Estate, zone: Resource, network: ArmId) -> tuple[bool | Unknown, tuple[Evidence, ...]]:
    try:
        links = estate.all(_LINK, under=zone.id)
    except NotKnown as gap:
        return gap.unknown, ()
    for link in links:
        if network in estate.targets(link, Relation.LINKED_TO):
            at = link.at("properties", "virtualNetworkLinkState")
            return link.text("properties", "virtualNetworkLinkState") in _LINKED, (at,)
    return False, ()


def record_step(estate: Estate, zone: Resource, name: str, address: str) -> Step:
    """Whether the zone answers `name` with `address` and nothing else. A wildcard answers where no own record does."""
    full = f"{name}.{zone.name}"
    try:
        records = estate.all(_A, under=zone.id)
    except NotKnown as gap:
        says = f"what {full} answers is not known: {gap.unknown.because}"
        return Step("record", gap.unknown, says, subject=zone.name)
    found = _answering(name, records)
    if found is None:
        return Step("record", False, f"{full} has no A record", (zone.at("id"),), zone.name)
    answers = sorted({str(row.get("ipv4Address")) for _, row in found.items("properties", "aRecords")})
    evidence = (found.at("properties", "aRecords"),)
    if answers == [address]:
        return Step("record", True, f"{full} is {address}", evidence, zone.name)
    says = f"{full} is {', '.join(answers) or 'empty'}, but the private endpoint has {address}"
    return Step("record", False, says, evidence, zone.name)


def _answering(name: str, records: Iterable[Resource]) -> Resource | None:
    by_name = {record.name.casefold(): record for record in records}
    if name in by_name or name.startswith("*"):
        return by_name.get(name)
    labels = name.split(".")
    for depth in range(1, len(labels) + 1):
        closest = ".".join(labels[depth:])
        found = by_name.get(f"*.{closest}" if closest else "*")
        if found is not None or closest in by_name:
            return found
    return None
