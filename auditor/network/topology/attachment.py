"""Where a resource sits in a network: its subnet, its network interface, its addresses."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.documents.pool_membership import INTERFACES
from auditor.estate import Estate, Relation
from auditor.model import ArmId, NotKnown, Resource, Unknown
from auditor.sets.address_set import AddressSet

SUBNET = "microsoft.network/virtualnetworks/subnets"
ENDPOINT = "microsoft.network/privateendpoints"


class NoPlaceError(Exception):
    """A resource that has no place in a virtual network, or that the snapshot does not hold at all."""


@dataclass(frozen=True)
class Place:
    """A place in a network. `interface` is `None` for a subnet as a whole, `endpoint` set for a private endpoint's."""

    resource: Resource
    subnet: Resource
    interface: Resource | None = None
    endpoint: Resource | None = None
    addresses: AddressSet = AddressSet.none()  # noqa: RUF009 - immutable

    @property
    def network(self) -> ArmId:
        """The id of the virtual network."""
        return self.subnet.id.parent or self.subnet.id


def place_of(estate: Estate, where: ArmId) -> Place:
    """The place of a subnet, interface, private endpoint, virtual machine, or anything that sits in a subnet.

    Of a machine with several interfaces the first. Raises `NotKnown` where a reference on the way leads nowhere or an
    address cannot be read, and `NoPlaceError` where the resource is not in the snapshot or has no place in a network.
    """
    found = estate.find(where)
    if found is None:
        raise NoPlaceError(f"{where.text} is not in this snapshot")
    if found.type == SUBNET:
        return Place(found, found)
    interface = _interface(estate, found)
    seat = interface if interface is not None else found
    subnet = _first(estate, seat, Relation.IN_SUBNET) or _first(estate, found, Relation.IN_SUBNET)
    if subnet is None and not found.properties:
        raise NotKnown(Unknown(f"{where.text} was listed without its properties, so its place is not known"))
    if subnet is None:
        raise NoPlaceError(f"{where.text} has no place in a virtual network")
    return Place(found, subnet, interface, _endpoint(estate, found, interface), addresses_of(interface))


def _first(estate: Estate, source: Resource, relation: Relation) -> Resource | None:
    """The first thing pointed at; raises `NotKnown` if it dangles."""
    found = estate.out(source, relation)
    if found and isinstance(found[0], Unknown):
        raise NotKnown(found[0])
    return found[0] if found and isinstance(found[0], Resource) else None


def _interface(estate: Estate, resource: Resource) -> Resource | None:
    return resource if resource.type in INTERFACES else _first(estate, resource, Relation.HAS_NIC)


def _endpoint(estate: Estate, resource: Resource, interface: Resource | None) -> Resource | None:
    """The private endpoint that an interface serves: it points at the interface, or the interface names it."""
    if resource.type == ENDPOINT:
        return resource
    if interface is None:
        return None
    owners = estate.into(interface, Relation.HAS_NIC, ENDPOINT)
    return owners[0] if owners else estate.find(interface.ref("properties", "privateEndpoint"))


def addresses_of(interface: Resource | None) -> AddressSet:
    """The private addresses of an interface; empty where none is stated. Raises `NotKnown` where one is no address."""
    found = AddressSet.none()
    if interface is not None:
        for n, _ in interface.items("properties", "ipConfigurations"):
            stated = interface.get("properties", "ipConfigurations", n, "properties", "privateIPAddress", default="")
            try:
                found |= AddressSet.of(str(stated)) if stated else AddressSet.none()
            except ValueError:
                says = f"network interface {interface.name} states {stated!r}, which is no private address"
                raise NotKnown(Unknown(says)) from None
    return found
