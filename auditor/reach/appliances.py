"""What stands at the address that a route to an appliance names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from auditor.documents.azure_firewall import FIREWALL, AzureFirewall
from auditor.documents.load_balancer import LOAD_BALANCER, LoadBalancer
from auditor.estate import Estate
from auditor.estate.kept import once_an_estate
from auditor.model import NotKnown, Resource, Unknown
from auditor.network.model import NetworkModel, Seat
from auditor.network.routing.routes import Route
from auditor.network.topology.attachment import addresses_of
from auditor.network.topology.peering import peerings_of, remote_space
from auditor.network.topology.virtual_networks import NIC
from auditor.sets.address_set import AddressSet


def appliance_at(fabric: NetworkModel, here: Seat, route: Route) -> Seat | Unknown:
    """What has the address that a route leads to, in the network of a place or one that it peers with.

    Of several that share the packets any may get one: what stands there is known where it is one and the same.
    """
    found = _at(fabric, here, route)
    if isinstance(found, Unknown):
        return found
    for address in route.sharing:
        other = _at(fabric, here, replace(route, address=address))
        if isinstance(other, Unknown) or other.resource != found.resource:
            name = address if isinstance(other, Unknown) else other.name
            return Unknown(f"{route} shares packets among {found.name} and {name}, and which gets one is not decided")
    return found


def _at(fabric: NetworkModel, here: Seat, route: Route) -> Seat | Unknown:
    network = fabric.estate.find(here.network)
    peerings = peerings_of(fabric.estate, network) if network is not None else ()
    near = {here.network, *(peering.remote for peering in peerings)}
    for resource in _standing(fabric.estate).get(route.address, ()):
        seat = fabric.seat(resource)
        if isinstance(seat, Seat) and seat.network in near:
            return seat
    what = f"the appliance at {route.address}, which {route} leads to,"
    for peering in peerings:
        space = remote_space(fabric.estate, peering)
        if isinstance(peering.back, Unknown) and not isinstance(space, Unknown) and _holds(space, route.address):
            why = peering.back
            return replace(why, because=f"{what} is in {peering.remote.name}: {why.because}")
    return Unknown(f"{what} is not in this snapshot", absent=True)


def _holds(space: AddressSet, address: str) -> bool:
    try:
        return address in space
    except ValueError:
        return False


@once_an_estate
def _standing(estate: Estate) -> Mapping[str, list[Resource]]:
    """By private address: the interfaces, firewalls and load balancers that have it."""
    found: dict[str, list[Resource]] = defaultdict(list)
    for firewall in estate.seen(FIREWALL):
        for address in _of_firewall(firewall):
            found[address].append(firewall)
    for balancer in estate.seen(LOAD_BALANCER):
        for address in _of_balancer(balancer):
            found[address].append(balancer)
    for interface in estate.seen(NIC):
        own = addresses_of(interface)
        if own.size <= _FEW:
            for prefix in own.prefixes:
                found[prefix.partition("/")[0]].append(interface)
    return found


_FEW = 256
"""An interface has at most so many addresses."""


def _of_firewall(firewall: Resource) -> tuple[str, ...]:
    try:
        return tuple(each.private_address.value for each in AzureFirewall(firewall).configurations.value)
    except NotKnown:
        return ()  # then what a route leads to is not found, which is unknown


def _of_balancer(balancer: Resource) -> tuple[str, ...]:
    try:
        return tuple(each.private_address.value for each in LoadBalancer(balancer).front_ends.value)
    except NotKnown:
        return ()
