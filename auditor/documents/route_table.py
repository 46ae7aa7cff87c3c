"""What a route table says: its routes, and which routes of others it keeps out."""

from __future__ import annotations

from auditor.documents.view import View, flag, text, texts, word

ROUTE_TABLE = "microsoft.network/routetables"
ROUTE = f"{ROUTE_TABLE}/routes"


class UserRoute(View, kind=ROUTE):
    """A route that somebody made: a prefix or a service tag, and where it leads."""

    prefix = text("properties", "addressPrefix")
    hop = word("properties", "nextHopType")
    address = text("properties", "nextHopIpAddress")
    shared_addresses = texts("properties", "nextHop", "nextHopIpAddresses")

    @property
    def appliance(self) -> str:
        """The appliance's address; of several that share the load the first one stands for all. Raises `NotKnown`."""
        return self.address.value or next(iter(self.shared_addresses.value), "")

    @property
    def others(self) -> tuple[str, ...]:
        """The other appliances that share the load; none where the route names a single one. Raises `NotKnown`."""
        return () if self.address.value else self.shared_addresses.value[1:]


class RouteTable(View, kind=ROUTE_TABLE):
    """A route table. It keeps out routes that gateways learn, and those of peers where the word is `all`."""

    keeps_gateways_out = flag("properties", "disableBgpRoutePropagation")
    keeps_peers_out = word("properties", "disablePeeringRoute")
