"""Private DNS zones: which one answers a network, what it answers, and whom the network asks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from auditor.documents.azure_firewall import FIREWALL, AzureFirewall, FirewallPolicy
from auditor.documents.private_dns import (
    A_RECORDS,
    INBOUND,
    LINK,
    RULE,
    RULESET_LINK,
    ZONE,
    ForwardingRule,
    InboundEndpoint,
    NamedNetwork,
    RecordSet,
    RulesetLink,
    ZoneLink,
)
from auditor.estate import Estate
from auditor.model import ArmId, Evidence, NotKnown, Resource, Unknown
from auditor.network.private_link.needed_zones import is_of_azure
from auditor.sets.proof import Step

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
    view = NamedNetwork(found)
    servers = view.servers.known
    if isinstance(servers, Unknown):
        return NameServers(servers, (Step("name server", servers, servers.because),))
    if not servers or set(servers) == {_AZURE_DNS}:
        return NameServers(network, ())
    evidence = (view.servers.evidence,)
    asked = [_asked(estate, ip) for ip in servers]
    if all(known is not None and known.is_silent for known in asked):
        says = next(known.says for known in asked if known is not None)
        silent = Unknown(says)
        return NameServers(silent, (Step("name server", False, f"{network.name} asks {says}", evidence),))
    networks = {known.network for known in asked if known is not None and not isinstance(known.network, Unknown)}
    if len(networks) == 1 and all(known is not None and not isinstance(known.network, Unknown) for known in asked):
        seat = networks.pop()
        assert isinstance(seat, ArmId)
        first = next(known for known in asked if known is not None)
        says = f"{network.name} asks {first.says}"
        return NameServers(seat, (Step("name server", True, says, evidence),))
    because = (
        f"{network.name} asks its own DNS servers ({', '.join(servers)}),"
        " and whether they forward to Azure DNS is not in Azure's management plane"
    )
    gaps = [known.network for known in asked if known is not None and isinstance(known.network, Unknown)]
    why = Unknown(because) if not gaps else gaps[0]
    return NameServers(why, (Step("name server", why, why.because, evidence),))


@dataclass(frozen=True)
class _Asked:
    """A server of names that this program knows: in which network Azure DNS is asked in the end, and what it is.

    `is_silent` is set where it answers nobody.
    """

    network: ArmId | Unknown
    says: str
    is_silent: bool = False


def _asked(estate: Estate, address: str) -> _Asked | None:
    """Who listens at an address: an inbound endpoint of a private resolver, or a firewall with a DNS proxy."""
    for found in estate.seen(INBOUND):
        for row in InboundEndpoint(found).addresses.value:
            if row.address.known == address:
                subnet = row.subnet.value
                if subnet is not None and subnet.parent is not None:
                    return _Asked(subnet.parent, f"the private resolver in {subnet.parent.name}")
    for found in estate.seen(FIREWALL):
        for at in AzureFirewall(found).configurations.value:
            if at.private_address.known == address:
                return _of_firewall(estate, AzureFirewall(found), at.subnet.value)
    return None


def _of_firewall(estate: Estate, firewall: AzureFirewall, subnet: ArmId | None) -> _Asked:
    """A firewall answers names where its policy, or the one that this inherits from, has the proxy on.

    Without servers of its own it asks Azure DNS in its network (firewall/dns-settings).
    """
    says = f"the DNS proxy of {firewall.name}"
    network = subnet.parent if subnet is not None else None
    if network is None:
        return _Asked(Unknown(f"in which network {firewall.name} sits is not in this snapshot"), says)
    try:
        policy = firewall.policy.value
        if policy is None:
            return _Asked(Unknown(f"{firewall.name} has no policy, so whether it answers names is not known"), says)
        names = FirewallPolicy(estate.need(policy, firewall.policy.place))
        base = names.base.value
        if base is not None and not names.states("properties", "dnsSettings"):
            names = FirewallPolicy(estate.need(base, names.base.place))
        servers = names.name_servers.value
        if not names.has_proxy.value:
            because = f"{firewall.name}, which has no DNS proxy, so that nothing answers names at its address"
            return _Asked(Unknown(because), because, is_silent=True)
    except NotKnown as gap:
        return _Asked(gap.unknown, says)
    if not servers or set(servers) == {_AZURE_DNS}:
        return _Asked(network, f"{says}, which asks Azure DNS in {network.name}")
    inner = [_asked(estate, ip) if ip not in _own(firewall) else None for ip in servers]
    if inner[0] is not None and all(known == inner[0] for known in inner):
        return _Asked(inner[0].network, f"{says}, which asks {inner[0].says}")
    because = f"{firewall.name} passes names on to {', '.join(servers)}, which Azure's management plane does not show"
    return _Asked(Unknown(because), says)


def _own(firewall: AzureFirewall) -> set[str]:
    """The firewall's own addresses: one that asks itself asks nobody."""
    known = (at.private_address.known for at in firewall.configurations.value)
    return {address for address in known if isinstance(address, str)}


def forwarded(estate: Estate, name: str, network: ArmId) -> ArmId | Unknown | None:
    """Where a ruleset of a private resolver sends a name that no linked zone holds; `None` where none concerns it.

    The longest matching domain decides; a rule for every name passes names of Azure's services over. A target that is
    an inbound endpoint answers as Azure DNS in its own network (dns/private-resolver-endpoints-rulesets, rules).
    """
    best: ForwardingRule | None = None
    for found in estate.seen(RULESET_LINK):
        link = RulesetLink(found)
        if link.network.known != network or found.id.parent is None:
            continue
        for row in estate.all(RULE, under=found.id.parent):
            rule = ForwardingRule(row)
            domain = rule.domain.value.strip(".")
            fits = (not domain and not is_of_azure(name)) or name == domain or name.endswith(f".{domain}")
            if rule.state.value == "enabled" and fits and (best is None or len(domain) > len(best.domain.value) - 1):
                best = rule
    if best is None:
        return None
    asked = [_asked(estate, server.address.value) for server in best.servers.value]
    networks = {known.network for known in asked if known is not None and not isinstance(known.network, Unknown)}
    if len(networks) == 1 and all(known is not None for known in asked):
        return networks.pop()
    servers = ", ".join(server.address.value for server in best.servers.value)
    return Unknown(f"{best.name} sends {name} to {servers}, and what they answer is not in Azure's management plane")


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
    if written is not None and own is None:
        return LinkedZone(None, (_missing(estate, name, written, endpoint),))
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
        link = link_to(estate, zone, network)
    except NotKnown as gap:
        return gap.unknown, ()
    if link is None:
        return False, ()
    state = link.state.known
    return state if isinstance(state, Unknown) else state in _LINKED, (link.state.evidence,)


def link_to(estate: Estate, zone: Resource, network: ArmId) -> ZoneLink | None:
    """The link of a zone to a network; raises `NotKnown` where the links were not read."""
    links = (ZoneLink(link) for link in estate.all(LINK, under=zone.id))
    return next((link for link in links if link.network.value == network), None)


def record_step(estate: Estate, zone: Resource, name: str, address: str) -> Step:
    """Whether the zone answers `name` with `address` and nothing else. A wildcard answers where no own record does."""
    full = f"{name}.{zone.name}"
    try:
        records = estate.all(A_RECORDS, under=zone.id)
    except NotKnown as gap:
        says = f"what {full} answers is not known: {gap.unknown.because}"
        return Step("record", gap.unknown, says, subject=zone.name)
    found = answering(name, records)
    if found is None:
        return Step("record", False, f"{full} has no A record", (zone.at("id"),), zone.name)
    try:
        answers = answers_of(found)
    except NotKnown as gap:
        return Step(
            "record", gap.unknown, f"what {full} answers is not known: {gap.unknown.because}", subject=zone.name
        )
    evidence = (RecordSet(found).addresses.evidence,)
    if answers == [address]:
        return Step("record", True, f"{full} is {address}", evidence, zone.name)
    says = f"{full} is {', '.join(answers) or 'empty'}, but the private endpoint has {address}"
    return Step("record", False, says, evidence, zone.name)


def answers_of(records: Resource) -> list[str]:
    """The addresses that a record set answers; raises `NotKnown` where it does not tell."""
    return sorted({row.ipv4.value for row in RecordSet(records).addresses.value})


def answering(name: str, records: Iterable[Resource]) -> Resource | None:
    """The record set that answers a name of the zone: its own, else that of the closest wildcard."""
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
