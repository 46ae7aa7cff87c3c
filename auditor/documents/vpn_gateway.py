"""Virtual network gateways, for VPN or ExpressRoute, with their connections and the networks at the other end."""

from __future__ import annotations

from auditor.documents.view import View, flag, parts, reference, texts, word

GATEWAY = "microsoft.network/virtualnetworkgateways"
CONNECTION = "microsoft.network/connections"
LOCAL_NETWORK = "microsoft.network/localnetworkgateways"


class GatewayConfiguration(View):
    """Where a gateway sits."""

    subnet = reference("properties", "subnet")


class VpnGateway(View, kind=GATEWAY):
    """A gateway. `client_pool` are the addresses that it gives to people who connect from their own machines."""

    gateway_type = word("properties", "gatewayType")
    configurations = parts(GatewayConfiguration, "properties", "ipConfigurations")
    client_pool = texts("properties", "vpnClientConfiguration", "vpnClientAddressPool", "addressPrefixes")


class GatewayConnection(View, kind=CONNECTION):
    """A connection of a gateway with another gateway, a network on premises, or a circuit."""

    connection_type = word("properties", "connectionType")
    learns = flag("properties", "enableBgp")
    first = reference("properties", "virtualNetworkGateway1")
    second = reference("properties", "virtualNetworkGateway2")
    local_network = reference("properties", "localNetworkGateway2")


class LocalNetwork(View, kind=LOCAL_NETWORK):
    """A network on premises, as far as somebody stated its prefixes."""

    prefixes = texts("properties", "localNetworkAddressSpace", "addressPrefixes")


class AddressedNetwork(View, kind="microsoft.network/virtualnetworks"):
    """A virtual network's own space."""

    prefixes = texts("properties", "addressSpace", "addressPrefixes")
