"""What a virtual network gateway connects to: static networks, other virtual networks, clients, learned routes."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.documents.view import Reading
from auditor.documents.vpn_gateway import (
    CONNECTION,
    GATEWAY,
    AddressedNetwork,
    GatewayConnection,
    LocalNetwork,
    VpnGateway,
)
from auditor.estate import Estate
from auditor.model import ArmId, Resource, Unknown


def gateways_of(estate: Estate, network: Resource) -> tuple[Resource, ...]:
    """The virtual network gateways that sit in a network's subnets."""
    return tuple(gateway for gateway in estate.seen(GATEWAY) if _sits_in(gateway, network))


def _sits_in(gateway: Resource, network: Resource) -> bool:
    configurations = VpnGateway(gateway).configurations.known
    subnets = () if isinstance(configurations, Unknown) else (each.subnet.known for each in configurations)
    return any(isinstance(subnet, ArmId) and subnet.is_within(network.id) for subnet in subnets)


def unread_gateways(estate: Estate, network: Resource) -> Unknown | None:
    """Why a network may have a gateway that nobody read: it has the subnet that only a gateway uses."""
    place = estate.find(network.id.child("subnets", "GatewaySubnet"))
    return None if place is None or gateways_of(estate, network) else estate.coverage.gap(GATEWAY)


def behind_gateways(estate: Estate, network: Resource) -> Iterator[tuple[Resource, tuple[str, ...], Unknown | None]]:
    """For each gateway of a network: the prefixes behind it that are stated, and why there may be more."""
    for gateway in gateways_of(estate, network):
        prefixes = list(_stated(VpnGateway(gateway).client_pool))
        gaps: list[Unknown] = []
        missing = estate.coverage.gap(CONNECTION)
        if missing is not None:
            gaps.append(missing)
        for connection in map(GatewayConnection, estate.seen(CONNECTION)):
            if _ends_at(connection, gateway):
                found, gap = _far_side(estate, connection, gateway)
                prefixes += found
                gaps += [gap] if gap is not None else []
        yield gateway, tuple(dict.fromkeys(prefixes)), gaps[0] if gaps else None


def _stated(prefixes: Reading[tuple[str, ...]]) -> tuple[str, ...]:
    return () if isinstance(prefixes.known, Unknown) else prefixes.known


def _ends_at(connection: GatewayConnection, gateway: Resource) -> bool:
    return gateway.id in (connection.first.known, connection.second.known)


def _far_side(
    estate: Estate, connection: GatewayConnection, gateway: Resource
) -> tuple[tuple[str, ...], Unknown | None]:
    """The prefixes at the other end of a connection, or why they are not known."""
    if connection.connection_type.known == "expressroute":
        return (), Unknown(f"what connection {connection.name} learns over ExpressRoute is not in this snapshot")
    learned = None
    if connection.learns.known is True:
        learned = Unknown(f"what connection {connection.name} learns by BGP is not in this snapshot")
    stated = connection.local_network.known
    local = estate.find(stated) if isinstance(stated, ArmId) else None
    if local is not None:
        return _stated(LocalNetwork(local).prefixes), learned
    for other in (connection.first.known, connection.second.known):
        if not isinstance(other, ArmId) or other == gateway.id:
            continue
        for network in estate.seen(AddressedNetwork.kind):
            if any(found.id == other for found in gateways_of(estate, network)):
                return _stated(AddressedNetwork(network).prefixes), learned
    return (), Unknown(
        f"the network at the other end of connection {connection.name} is not in this snapshot", absent=True
    )
