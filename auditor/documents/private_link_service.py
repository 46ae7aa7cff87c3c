"""Private link services: which front ends of load balancers they publish, and where they translate addresses."""

from __future__ import annotations

from auditor.documents.view import View, parts, reference, references
from auditor.model import ArmId, Resource, Unknown

PRIVATE_LINK_SERVICE = "microsoft.network/privatelinkservices"


class NatAddress(View):
    """An address from which the service sends on what comes over private endpoints."""

    subnet = reference("properties", "subnet")


class PrivateLinkService(View, kind=PRIVATE_LINK_SERVICE):
    """A service of one's own behind a load balancer, for private endpoints of others."""

    fronts = references("properties", "loadBalancerFrontendIpConfigurations")
    addresses = parts(NatAddress, "properties", "ipConfigurations")


def balancers_of(service: Resource) -> tuple[ArmId, ...]:
    """The load balancers whose front ends a private link service publishes; none where its document tells none."""
    fronts = PrivateLinkService(service).fronts.known
    if isinstance(fronts, Unknown):
        return ()
    owners = (front.parent for front in fronts)
    return tuple(dict.fromkeys(owner for owner in owners if owner is not None))


def nat_subnet(service: Resource) -> ArmId | None:
    """The subnet of the addresses that the service sends from; `None` where its document tells none."""
    rows = PrivateLinkService(service).addresses.known
    if isinstance(rows, Unknown):
        return None
    found = (row.subnet.known for row in rows)
    return next((subnet for subnet in found if isinstance(subnet, ArmId)), None)
