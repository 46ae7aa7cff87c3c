"""Peerings of virtual networks, as one side states them."""

from __future__ import annotations

from auditor.documents.view import View, flag, reference, texts, word


class PeeringDocument(View, kind="microsoft.network/virtualnetworks/virtualnetworkpeerings"):
    """One side of a peering. A state that the document does not show is unknown: Azure always shows one."""

    state = word("properties", "peeringState")
    access = flag("properties", "allowVirtualNetworkAccess")
    forwarded = flag("properties", "allowForwardedTraffic")
    gateway_transit = flag("properties", "allowGatewayTransit")
    remote_gateways = flag("properties", "useRemoteGateways")
    remote_network = reference("properties", "remoteVirtualNetwork")
    whole_networks = flag("properties", "peerCompleteVnets")
    only_ipv6 = flag("properties", "enableOnlyIPv6Peering")
    local_subnets = texts("properties", "localSubnetNames")
    remote_subnets = texts("properties", "remoteSubnetNames")
