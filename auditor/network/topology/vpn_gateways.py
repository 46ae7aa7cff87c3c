"""What a network reaches by virtual network gateways: its own, and those of a peer that lends them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from auditor.documents.peering import PeeringDocument
from auditor.documents.vpn_gateway import GATEWAY, VpnGateway
from auditor.estate import Estate
from auditor.model import Resource, Unknown
from auditor.network.topology.gateway_connections import behind_gateways
from auditor.network.topology.peering import Flag, Peering, peerings_of
from auditor.network.topology.virtual_networks import NETWORK
from auditor.sets.address_set import AddressSet


@dataclass(frozen=True)
class Behind:
    """The prefixes behind one gateway, as far as they are stated."""

    gateway: Resource
    prefixes: AddressSet


@dataclass(frozen=True)
class Beyond:
    """Everything known behind the gateways of a network, and why more may be there."""

    parts: tuple[Behind, ...]
    gaps: tuple[Unknown, ...]


def beyond(estate: Estate, network: Resource) -> Beyond:
    """What a network reaches by its own gateways, and by those of a peer whose gateways it uses."""
    gaps: list[Unknown] = []
    unlisted = estate.coverage.gap(GATEWAY)
    if unlisted is not None:
        gaps.append(unlisted)
    parts = list(_behind(estate, network, gaps))
    for peering in peerings_of(estate, network):
        if peering.allows(Flag.REMOTE_GATEWAYS):
            parts.extend(_from_peer(estate, peering, gaps))
    # It is unlikely that a gateway of which nothing else is known draws traffic away from where it would go.
    found = () if estate.is_likely else (replace(gap, unless=_ANNOUNCES.format(network.name)) for gap in gaps)
    return Beyond(tuple(parts), tuple(dict.fromkeys(found)))


_ANNOUNCES = "a gateway of {} or of a peer announces a route for it"


def _from_peer(estate: Estate, peering: Peering, gaps: list[Unknown]) -> Iterator[Behind]:
    hub = estate.resolve(peering.remote, peering.document.place("properties", "remoteVirtualNetwork", "id"))
    if isinstance(hub, Unknown):
        gaps.append(hub)
    elif hub.type != NETWORK:
        gaps.append(Unknown(f"{hub.name} is not a virtual network, and its routes are not in this snapshot"))
    elif isinstance(peering.back, Resource) and PeeringDocument(peering.back).gateway_transit.value:
        yield from _behind(estate, hub, gaps)


def _behind(estate: Estate, network: Resource, gaps: list[Unknown]) -> Iterator[Behind]:
    for gateway, texts, gap in behind_gateways(estate, network):
        if VpnGateway(gateway).gateway_type.known == "expressroute":
            gaps.append(Unknown(f"what ExpressRoute advertises to {gateway.name} is not in Azure's management plane"))
        elif gap is not None:
            gaps.append(gap)
        try:
            yield Behind(gateway, AddressSet.of(*texts))
        except ValueError as problem:
            gaps.append(Unknown(f"what lies behind {gateway.name} is not understood: {problem}"))
