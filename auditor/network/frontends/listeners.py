"""Ways in: what listens at a front (gateway, load balancer, Bastion, firewall) and where it passes traffic on to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from auditor.documents.bastion import Bastion
from auditor.documents.pool_membership import INTERFACES
from auditor.estate import Estate, Relation
from auditor.estate.kept import once_an_estate
from auditor.model import ArmId, Evidence, NotKnown, Resource, Unknown
from auditor.network.frontends.application_gateway import listened
from auditor.network.frontends.application_gateway import unreadable as unreadable_listeners
from auditor.network.frontends.bastion import machines_near
from auditor.network.frontends.firewall_nat import translated
from auditor.network.frontends.load_balancer import Balanced, balanced
from auditor.network.frontends.load_balancer import unreadable as unreadable_rules
from auditor.network.topology.service_tags import platform_addresses
from auditor.sets.address_set import AddressSet
from auditor.sets.packet_set import FlowSet
from auditor.sets.port_set import PortSet
from auditor.sets.protocol_set import ProtocolSet
from auditor.sets.symbolic_addresses import Addresses

GATEWAY = "microsoft.network/applicationgateways"
BALANCER = "microsoft.network/loadbalancers"
BASTION = "microsoft.network/bastionhosts"
FIREWALL = "microsoft.network/azurefirewalls"
VPN = "microsoft.network/virtualnetworkgateways"
PUBLIC_ADDRESS = "microsoft.network/publicipaddresses"

FRONTS = (GATEWAY, BALANCER, BASTION, FIREWALL, VPN)
"""What can stand between an address and something else; everything else that has an address is reached at it."""


@dataclass(frozen=True)
class Exit:
    """Where a front passes traffic on to: an interface by id, an address or a host name, and with which ports.

    `relays` is true where the front opens a connection of its own, so that the source is the front; `sender` is where
    it does so from where it sits in no network. `network` is where `host` is an address of, if not of the front's own.
    `at` are the addresses of the interface that are asked, where not all are.
    `keeps` is set where packets arrive with the front's own address as their destination. `doubt` says why it is not
    known whether it passes anything on; `needs` is what a person must have besides.
    """

    host: str
    interface: ArmId | None
    sends: FlowSet
    relays: bool
    needs: str = ""
    network: ArmId | None = None
    at: AddressSet | None = None
    keeps: AddressSet | None = None
    sender: AddressSet | None = None
    doubt: Unknown | None = None


@dataclass(frozen=True)
class Entry:
    """One thing that a front listens on.

    `at` are the public addresses and subnets that it can be asked through; the front itself where Azure offers it to
    whoever signs in, at addresses of its own.
    """

    front: Resource
    name: str
    at: tuple[ArmId, ...]
    listens: FlowSet
    exits: tuple[Exit, ...]
    evidence: tuple[Evidence, ...]


def ports(protocols: str, *texts: str | int) -> FlowSet:
    """Packets to these ports; `*` for any. Protocols without ports are in it where the ports are all of them."""
    return FlowSet.box(ProtocolSet.of(*protocols.split("/")), destination_ports=PortSet.of(*texts))


@dataclass(frozen=True)
class Entries:
    """Everything that a front listens on, and why there could be more: parts of its document that cannot be read."""

    known: tuple[Entry, ...] = ()
    gaps: tuple[Unknown, ...] = ()


def entries_of(estate: Estate, front: Resource) -> Entries:
    """What a front listens on; nothing for what is not a front."""
    return _every_front(estate).get(front.id, Entries())


def unread_entries(estate: Estate) -> tuple[Unknown, ...]:
    """Why some front may pass on more than is known: parts of its document that cannot be read."""
    return tuple(dict.fromkeys(gap for entries in _every_front(estate).values() for gap in entries.gaps))


@once_an_estate
def _every_front(estate: Estate) -> Mapping[ArmId, Entries]:
    return {front.id: _read(estate, front) for type_ in FRONTS for front in estate.seen(type_)}


def _read(estate: Estate, front: Resource) -> Entries:
    made = {GATEWAY: _gateway, BALANCER: _balancer, BASTION: _bastion, FIREWALL: _firewall, VPN: _vpn}.get(front.type)
    unread = {GATEWAY: unreadable_listeners, BALANCER: unreadable_rules}.get(front.type)
    found: list[Entry] = []
    gaps: list[Unknown] = []
    if not front.properties:
        gaps.append(Unknown(f"{front.name} was listed without its properties", absent=True))
    try:
        gaps += unread(estate, front) if unread is not None else ()
        found.extend(made(estate, front) if made is not None else ())  # keeps what came before a gap
    except NotKnown as gap:
        gaps.append(gap.unknown)
    return Entries(tuple(found), tuple(gaps))


def _gateway(estate: Estate, front: Resource) -> Iterator[Entry]:
    for listener in listened(estate, front):
        exits = tuple(
            Exit(
                backend.host,
                backend.interface,
                ports("Tcp", "*" if backend.port is None else backend.port),
                relays=True,
                doubt=None if backend.port is not None else Unknown(f"{front.name} states no port for a backend"),
            )
            for backend in listener.backends
        )
        about = f"listener {listener.port}"
        yield Entry(front, about, listener.at, ports("Tcp", listener.port), exits, (listener.evidence,))


def _balancer(estate: Estate, front: Resource) -> Iterator[Entry]:
    for rule in balanced(estate, front):
        sends = ports(rule.protocol, *rule.back)
        to = [Exit("", member, sends, relays=False, at=_at(estate, rule, member)) for member in rule.members]
        to += [Exit(host.address, None, sends, relays=False, network=host.network) for host in rule.behind.hosts]
        # A regional load balancer behind is asked at the same port (cross-region-overview).
        to += [Exit("", address, ports(rule.protocol, *rule.front), relays=False) for address in rule.behind.onward]
        keeps = rule.keeps if not isinstance(rule.keeps, Unknown) else AddressSet.everything()
        doubt = rule.keeps if isinstance(rule.keeps, Unknown) else rule.doubt
        exits = tuple(replace(way, keeps=keeps, doubt=doubt) for way in to)
        yield Entry(front, rule.name, rule.at, ports(rule.protocol, *rule.front), exits, (rule.evidence,))


def _at(estate: Estate, rule: Balanced, member: ArmId) -> AddressSet | None:
    interface = estate.find(member)
    return rule.behind.addresses(interface) if interface is not None and interface.type in INTERFACES else None


def _bastion(estate: Estate, front: Resource) -> Iterator[Entry]:
    """Bastion opens a session to a machine in its own network or a peered one, for whoever signs in to Azure."""
    view = Bastion(front)
    sender: AddressSet | None = None
    if view.is_developer:
        at: tuple[ArmId, ...] = (front.id,)
        sender = platform_addresses("load_balancer")
    elif not view.configurations.value:
        raise NotKnown(Unknown(f"{front.name} states no ip-configuration, so where it sits is not known", absent=True))
    elif view.private_only.value:
        at = estate.targets(front, Relation.IN_SUBNET)
    else:
        at = estate.targets(front, Relation.HAS_ADDRESS)
    session = ports("Tcp", "*") if view.opens_any_port else ports("Tcp", 22, 3389)
    needs = "a shared link" if view.shares_links.value else "a sign-in to Azure"
    exits = tuple(
        Exit("", nic, session, relays=True, needs=needs, sender=sender) for nic in machines_near(estate, front)
    )
    yield Entry(front, "session", at, ports("Tcp", 443), exits, (view.configurations.evidence,))


def _firewall(estate: Estate, front: Resource) -> Iterator[Entry]:
    for rule in translated(estate, front):
        exits = (Exit(rule.to, None, ports(rule.protocol, rule.to_port), relays=True),)
        listens = ports(rule.protocol, *rule.ports) & FlowSet.box(source=rule.sources)
        if rule.inner:
            listens &= FlowSet.box(destination=Addresses.of(rule.inner))
        yield Entry(front, rule.name, rule.at, listens, exits, (rule.evidence,))


def _vpn(estate: Estate, front: Resource) -> Iterator[Entry]:
    at = estate.targets(front, Relation.HAS_ADDRESS)
    evidence = (front.at("properties", "gatewayType"),)
    yield Entry(front, "IKE", at, ports("Udp", 500, 4500), (), evidence)
