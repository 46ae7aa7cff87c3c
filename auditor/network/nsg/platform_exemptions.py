"""Traffic of Azure's own that security groups do not stop (facts/platform-addresses.json, `exempt`)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from auditor.facts import load
from auditor.sets.packet_set import FlowSet
from auditor.sets.port_set import PortSet
from auditor.sets.protocol_set import ProtocolSet
from auditor.sets.symbolic_addresses import Addresses


@dataclass(frozen=True)
class PlatformService:
    """A service of the host: outbound flows, and the tag by which a rule can stop them (empty where there is none)."""

    name: str
    tag: str
    flows: FlowSet


@cache
def platform_services() -> tuple[PlatformService, ...]:
    """DNS, DHCP, the host's agent, instance metadata and Windows activation."""
    return tuple(
        PlatformService(
            fact["name"],
            fact["tag"] or "",
            FlowSet.box(
                ProtocolSet.of(*fact["protocols"]),
                destination=Addresses.of(*fact["addresses"]),
                destination_ports=PortSet.of(*fact["ports"]),
            ),
        )
        for fact in load("platform-addresses")["exempt"]
    )
