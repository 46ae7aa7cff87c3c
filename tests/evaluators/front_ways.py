"""A second evaluator of what gets in by load balancers and public addresses, which shares no code with the product.

It walks single packets of two sources to every port that a front end passes on, past both security groups, for each
address that an interface has; an interface of a scale set may have any address of its subnet but those Azure keeps.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.evaluators.brute_force_nsg import Surroundings, Walker

SOURCES = ("203.0.113.10", "93.184.216.34")
PORTS = (22, 80, 443, 8443, 50000)


@dataclass
class Interface:
    """An interface, or the pattern of those of a scale set where it has no address."""

    name: str
    subnet: str
    address: str | None
    group: Mapping[str, Any] | None
    public: bool


@dataclass
class Rule:
    """What a load balancer passes on: ports of its front end to a port of members, or to the same port."""

    front: range
    back: int
    members: list[str]
    hosts: list[str]
    floating: bool


@dataclass
class World:
    """A network of subnets with one load balancer in front."""

    space: str
    subnets: dict[str, tuple[str, Mapping[str, Any] | None]]
    interfaces: list[Interface]
    front: str
    rules: list[Rule] = field(default_factory=list)

    def reached(self, name: str) -> tuple[bool, bool]:
        """Whether the Internet surely reaches an interface, and whether it can: at all, or at none of its addresses."""
        interface = next(i for i in self.interfaces if i.name == name)
        every = set(self._addresses(interface))
        sure, some = False, False
        for way in self._ways(interface):
            through = {address for address, arrives in way if arrives}
            sure = sure or through >= every
            some = some or bool(through)
        return sure, some

    def _addresses(self, interface: Interface) -> list[str]:
        if interface.address is not None:
            return [interface.address]
        hosts = list(ipaddress.ip_network(self.subnets[interface.subnet][0]))
        return [str(address) for address in hosts[4:-1]]

    def _ways(self, interface: Interface) -> Iterator[list[tuple[str, bool]]]:
        """By each way: the addresses that the interface may have, and whether a packet arrives at it."""
        addresses = self._addresses(interface)
        if interface.public:
            kinds = [("tcp", port) for port in PORTS] + [("udp", port) for port in PORTS] + [("icmp", 0)]
            yield [(a, any(self._passes(interface, a, port, name) for name, port in kinds)) for a in addresses]
        for rule in self.rules:
            ports = [rule.back] if rule.back else [port for port in PORTS if port in rule.front]
            if interface.name in rule.members:
                ends = [(a, self.front if rule.floating else a) for a in addresses]
                yield [(a, any(self._passes(interface, to, port) for port in ports)) for a, to in ends]
            for host in (h for h in rule.hosts if h in addresses):
                to = self.front if rule.floating else host
                yield [(host, any(self._passes(interface, to, port) for port in ports))]

    def _passes(self, interface: Interface, destination: str, port: int, protocol: str = "tcp") -> bool:
        around = Surroundings([self.space], [self.space, "168.63.129.16/32"], {}, {})
        groups = [g for g in (self.subnets[interface.subnet][1], interface.group) if g is not None]
        if not groups:
            return False  # a Standard front end is closed until a group opens it
        walkers = [Walker(group, "inbound", around) for group in groups]
        for source in SOURCES:
            packet = {
                "protocol": protocol,
                "source": ipaddress.ip_address(source),
                "source_port": 50001,
                "destination": ipaddress.ip_address(destination),
                "destination_port": port,
            }
            if all(walker.decide(packet)[0] == "Allow" for walker in walkers):
                return True
        return False
