"""What virtual hubs of a virtual WAN say: which networks they connect, and by which route tables."""

from __future__ import annotations

from auditor.documents.view import View, flag, part, parts, reference, references, text, texts, word

HUB = "microsoft.network/virtualhubs"
CONNECTION = f"{HUB}/hubvirtualnetworkconnections"
ROUTE_TABLE = f"{HUB}/hubroutetables"
ROUTING_INTENT = f"{HUB}/routingintent"
WAN = "microsoft.network/virtualwans"


class Propagated(View):
    """The tables that learn a connection's routes, by id or by label."""

    tables = references("ids")
    labels = texts("labels")


class StaticRoute(View):
    """A route of a connection to an address in its own network."""

    prefixes = texts("addressPrefixes")
    next_address = text("nextHopIpAddress")


class Routing(View):
    """How a connection takes part in routing. `table` is the one that its traffic follows."""

    table = reference("associatedRouteTable")
    propagated = part(Propagated, "propagatedRouteTables")
    static_routes = parts(StaticRoute, "vnetRoutes", "staticRoutes")


class HubConnection(View, kind=CONNECTION):
    """A network that is connected to a hub."""

    network = reference("properties", "remoteVirtualNetwork")
    takes_default_route = flag("properties", "enableInternetSecurity")
    routing = part(Routing, "properties", "routingConfiguration")


class HubRoute(View):
    """A static route of a hub's table."""

    destinations = texts("destinations")
    destination_kind = word("destinationType")
    next_hop = text("nextHop")


class HubRouteTable(View, kind=ROUTE_TABLE):
    """A route table of a hub, with the labels that name it across hubs."""

    labels = texts("properties", "labels")
    routes = parts(HubRoute, "properties", "routes")


class IntentPolicy(View):
    """What is sent to a next hop whatever the tables say: `PrivateTraffic`, `Internet`."""

    destinations = texts("destinations")
    next_hop = text("nextHop")


class RoutingIntent(View, kind=ROUTING_INTENT):
    """The routing intent of a hub."""

    policies = parts(IntentPolicy, "properties", "routingPolicies")


class VirtualHub(View, kind=HUB):
    """A virtual hub."""

    wan = reference("properties", "virtualWan")


class VirtualWan(View, kind=WAN):
    """A virtual WAN; one of type Basic connects no network with another."""

    wan_type = word("properties", "type")
