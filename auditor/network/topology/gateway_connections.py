"""What a virtual network gateway connects to: static networks, other virtual networks, clients, learned routes."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.estate import Estate
from auditor.model import Resource, Unknown

_GATEWAY = "microsoft.network/virtualnetworkgateways"
_CONNECTION = "microsoft.network/connections"


def gateways_of(estate: Estate, network: Resource) -> tuple[Resource, ...]:
    """The virtual network gateways that sit in a network's subnets."""
    return tuple(gateway for gateway in estate.seen(_GATEWAY) if _sits_in(gateway, network))


def _sits_in(gateway: Resource, network: Resource) -> bool:
    for n, _ in gateway.items("properties", "ipConfigurations"):
        subnet = gateway.ref("properties", "ipConfigurations", n, "properties", "subnet")
        if subnet is not None and subnet.is_within(network.id):
            return True
    return False


def unread_gateways(estate: Estate, network: Resource) -> Unknown | None:
    """Why a network may have a gateway that nobody read: it has the subnet that only a gateway uses."""
    place = estate.find(network.id.child("subnets", "GatewaySubnet"))
    return None if place is None or gateways_of(estate, network) else estate.coverage.gap(_GATEWAY)


def behind_gateways(estate: Estate, network: Resource) -> Iterator[tuple[Resource, tuple[str, ...], Unknown | None]]:
    """For each gateway of a network: the prefixes behind it that are stated, and why there may be more."""
    for gateway in gateways_of(estate, network):
        prefixes = list(_client_pool(gateway))
        gaps: list[Unknown] = []
        missing = estate.coverage.gap(_CONNECTION)
        if missing is not None:
            gaps.append(missing)
        for connection in estate.seen(_CONNECTION):
            if _ends_at(connection, gateway):
                found, gap = _far_side(estate, connection, gateway)
                prefixes += found
                gaps += [gap] if gap is not None else []
        yield gateway, tuple(dict.fromkeys(prefixes)), gaps[0] if gaps else None


def _client_pool(gateway: Resource) -> tuple[str, ...]:
    path = ("properties", "vpnClientConfiguration", "vpnClientAddressPool", "addressPrefixes")
    return tuple(str(prefix) for prefix in gateway.get(*path, default=[]))


_ENDS = ("virtualNetworkGateway1", "virtualNetworkGateway2")


def _ends_at(connection: Resource, gateway: Resource) -> bool:
    return any(connection.ref("properties", end) == gateway.id for end in _ENDS)


def _far_side(estate: Estate, connection: Resource, gateway: Resource) -> tuple[tuple[str, ...], Unknown | None]:
    """The prefixes at the other end of a connection, or why they are not known."""
    if connection.text("properties", "connectionType") == "expressroute":
        return (), Unknown(f"what connection {connection.name} learns over ExpressRoute is not in this snapshot")
    learned = None
    if connection.get("properties", "enableBgp") is True:
        learned = Unknown(f"what connection {connection.name} learns by BGP is not in this snapshot")
    local = estate.find(connection.ref("properties", "localNetworkGateway2"))
    if local is not None:
        path = ("properties", "localNetworkAddressSpace", "addressPrefixes")
        return tuple(str(prefix) for prefix in local.get(*path, default=[])), learned
    for end in _ENDS:
        other = connection.ref("properties", end)
        if other is None or other == gateway.id:
            continue
        for network in estate.seen("microsoft.network/virtualnetworks"):
            if any(found.id == other for found in gateways_of(estate, network)):
                path = ("properties", "addressSpace", "addressPrefixes")
                return tuple(str(prefix) for prefix in network.get(*path, default=[])), learned
    return (), Unknown(
        f"the network at the other end of connection {connection.name} is not in this snapshot", absent=True
    )
