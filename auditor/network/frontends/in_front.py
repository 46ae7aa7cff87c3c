"""Which load balancers stand in front of which interface, whichever side says so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from auditor.documents.load_balancer import LOAD_BALANCER
from auditor.documents.pool_membership import INTERFACES, SCALE_SET_INTERFACE
from auditor.estate import Estate
from auditor.estate.kept import once_an_estate
from auditor.model import ArmId, NotKnown
from auditor.network.frontends.load_balancer import Host, balanced
from auditor.network.topology.attachment import NoPlaceError, Place, place_of
from auditor.network.topology.virtual_networks import assignable


def balancers_before(estate: Estate, interface: ArmId) -> tuple[ArmId, ...]:
    """The load balancers that pass something on to an interface, as far as their rules can be read, by id."""
    return _before(estate).get(interface, ())


@once_an_estate
def _before(estate: Estate) -> Mapping[ArmId, tuple[ArmId, ...]]:
    found: dict[ArmId, set[ArmId]] = defaultdict(set)
    for balancer in estate.seen(LOAD_BALANCER):
        for rule in balanced(estate, balancer):
            for host in rule.behind.hosts:
                for interface in _at(estate, host):
                    found[interface].add(balancer.id)
            for interface in rule.behind.interfaces:
                found[interface].add(balancer.id)
    return {interface: tuple(sorted(balancers)) for interface, balancers in found.items()}


def _at(estate: Estate, host: Host) -> Iterator[ArmId]:
    """Who has an address, or may have it."""
    for place in _placed(estate).get(host.network, ()) if host.network is not None else ():
        anywhere = place.addresses.is_empty and place.resource.type == SCALE_SET_INTERFACE
        try:
            if host.address in (assignable(place.subnet) if anywhere else place.addresses):
                yield place.resource.id
        except ValueError:
            return  # no address stands there: nothing has it


@once_an_estate
def _placed(estate: Estate) -> Mapping[ArmId, list[Place]]:
    """By network: the interfaces whose place is known."""
    found: dict[ArmId, list[Place]] = defaultdict(list)
    for interface in (resource for type_ in INTERFACES for resource in estate.seen(type_)):
        try:
            place = place_of(estate, interface.id)
        except (NotKnown, NoPlaceError):
            continue  # whether a load balancer is in front of it is asked of its own document
        found[place.network].append(place)
    return found
