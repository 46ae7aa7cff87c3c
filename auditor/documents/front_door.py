"""Front Door and CDN profiles: which hosts at the edge lead to which origins, and over which private links."""

from __future__ import annotations

from auditor.documents.view import View, parts, reference, references, text, word

PROFILE = "microsoft.cdn/profiles"
EDGE = f"{PROFILE}/afdendpoints"
ROUTE = f"{EDGE}/routes"
ORIGIN_GROUP = f"{PROFILE}/origingroups"
ORIGIN = f"{ORIGIN_GROUP}/origins"
CDN_ENDPOINT = f"{PROFILE}/endpoints"
CLASSIC = "microsoft.network/frontdoors"


class Profile(View, kind=PROFILE):
    """A profile; its tier tells Front Door from the older CDN."""

    tier = word("sku", "name")


class Edge(View, kind=EDGE):
    """A host at the edge that the Internet asks."""

    host = text("properties", "hostName")
    state = word("properties", "enabledState")


class Route(View, kind=ROUTE):
    """What a host at the edge passes on to."""

    state = word("properties", "enabledState")
    origin_group = reference("properties", "originGroup")
    rule_sets = references("properties", "ruleSets")


class Origin(View, kind=ORIGIN):
    """Where requests go: a host, and a private link to it where there is one."""

    host = text("properties", "hostName")
    state = word("properties", "enabledState")
    private_target = reference("properties", "sharedPrivateLinkResource", "privateLink")
    private_state = word("properties", "sharedPrivateLinkResource", "status")


class CdnOrigin(View):
    """An origin of a CDN endpoint."""

    host = text("properties", "hostName")
    private_target = reference("properties", "privateLinkResourceId")
    private_state = word("properties", "privateEndpointStatus")


class CdnEndpoint(View, kind=CDN_ENDPOINT):
    """A host of the older CDN, with its origins."""

    host = text("properties", "hostName")
    origins = parts(CdnOrigin, "properties", "origins")


class ClassicBackend(View):
    """A backend of a classic Front Door."""

    host = text("address")
    state = word("enabledState")
    private_target = reference("privateLinkResourceId")
    private_state = word("privateEndpointStatus")


class ClassicPool(View):
    """A pool of backends of a classic Front Door."""

    backends = parts(ClassicBackend, "properties", "backends")


class ClassicFrontDoor(View, kind=CLASSIC):
    """A classic Front Door."""

    state = word("properties", "enabledState")
    host = text("properties", "cname")
    pools = parts(ClassicPool, "properties", "backendPools")
