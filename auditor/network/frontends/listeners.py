"""Ways in: what listens at a front (gateway, load balancer, Bastion, firewall) and where it passes traffic on to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from auditor.estate import Estate, Relation
from auditor.model import ArmId, Evidence, Resource
from auditor.network.frontends.application_gateway import listened
from auditor.network.frontends.bastion import machines_near
from auditor.network.frontends.firewall_nat import translated
from auditor.network.frontends.load_balancer import balanced
from auditor.sets.packet_set import FlowSet
from auditor.sets.port_set import PortSet
from auditor.sets.protocol_set import ProtocolSet

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

    `relays` is true where the front opens a connection of its own, so that the source is the front.
    """

    host: str
    interface: ArmId | None
    sends: FlowSet
    relays: bool
    needs: str = ""


@dataclass(frozen=True)
class Entry:
    """One thing that a front listens on. `at` are the public addresses and subnets it can be asked through."""

    front: Resource
    name: str
    at: tuple[ArmId, ...]
    listens: FlowSet
    exits: tuple[Exit, ...]
    evidence: tuple[Evidence, ...]


def ports(protocols: str, *texts: str | int) -> FlowSet:
    """Packets to these ports; `*` for any. Protocols without ports are in it where the ports are all of them."""
    return FlowSet.box(ProtocolSet.of(*protocols.split("/")), destination_ports=PortSet.of(*texts))


def entries_of(estate: Estate, front: Resource) -> tuple[Entry, ...]:
    """Everything that a front listens on; nothing for what is not a front."""
    made = {GATEWAY: _gateway, BALANCER: _balancer, BASTION: _bastion, FIREWALL: _firewall, VPN: _vpn}.get(front.type)
    return tuple(made(estate, front)) if made else ()


def _gateway(estate: Estate, front: Resource) -> Iterator[Entry]:
    for listener in listened(front):
        exits = tuple(
            Exit(host, None, ports("Tcp", port), relays=True) for host, port in listener.backends if port is not None
        )
        about = f"listener {listener.port}"
        yield Entry(front, about, listener.at, ports("Tcp", listener.port), exits, (listener.evidence,))


def _balancer(estate: Estate, front: Resource) -> Iterator[Entry]:
    for rule in balanced(estate, front):
        sends = ports(rule.protocol, *rule.back)
        exits = tuple(Exit("", member, sends, relays=False) for member in rule.members)
        yield Entry(front, rule.name, rule.at, ports(rule.protocol, *rule.front), exits, (rule.evidence,))


def _bastion(estate: Estate, front: Resource) -> Iterator[Entry]:
    """Bastion opens a session to a machine in its own network or a peered one, for whoever signs in to Azure."""
    at = estate.targets(front, Relation.HAS_ADDRESS)
    if front.get("properties", "enablePrivateOnlyBastion") is True:
        at = estate.targets(front, Relation.IN_SUBNET)
    session = ports("Tcp", 22, 3389)
    exits = tuple(
        Exit("", nic, session, relays=True, needs="a sign-in to Azure") for nic in machines_near(estate, front)
    )
    yield Entry(front, "session", at, ports("Tcp", 443), exits, (front.at("properties", "ipConfigurations"),))


def _firewall(estate: Estate, front: Resource) -> Iterator[Entry]:
    for rule in translated(estate, front):
        exits = (Exit(rule.to, None, ports(rule.protocol, rule.to_port), relays=True),)
        yield Entry(front, rule.name, rule.at, ports(rule.protocol, *rule.ports), exits, (rule.evidence,))


def _vpn(estate: Estate, front: Resource) -> Iterator[Entry]:
    at = estate.targets(front, Relation.HAS_ADDRESS)
    evidence = (front.at("properties", "gatewayType"),)
    yield Entry(front, "IKE", at, ports("Udp", 500, 4500), (), evidence)
