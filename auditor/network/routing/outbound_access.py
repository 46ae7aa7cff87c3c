"""Ways out to the Internet: not only whether rules and routes allow it, but whether anything gives a public address.

"The security group allows Internet" and "the machine can reach the Internet" are two questions
(docs/azure/networks.md, section 6): without an explicit way out, only default outbound access is left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from auditor.documents.load_balancer import LOAD_BALANCER
from auditor.documents.nat_gateway import NAT_GATEWAY, NatGateway
from auditor.documents.pool_membership import SCALE_SET_INTERFACE, Pooled
from auditor.documents.subnet import SubnetDocument
from auditor.documents.view import Reading, absence
from auditor.estate import Estate, Relation
from auditor.model import ArmId, Evidence, NotKnown, Resource, Unknown
from auditor.network.frontends.load_balancer import outwards, takes_default_way_out
from auditor.network.topology.virtual_networks import NIC, SUBNET, prefixes_of
from auditor.sets.address_set import AddressSet
from auditor.sets.proof import Step


@dataclass(frozen=True)
class WayOut:
    """How packets leave for the Internet and from which public addresses; `Unknown` where Azure picks them."""

    step: Step
    addresses: AddressSet | Unknown


def way_out(estate: Estate, place: Resource, subnet: Resource) -> WayOut:
    """The way out of a place: a NAT gateway, a public address, a load balancer, or Azure's default outbound access.

    Private subnets do not apply to what hosts a service, whose ways out the service manages itself
    (virtual-network/ip-services/default-outbound-access, limitations).
    """
    explicit = chain(_nat_gateway(estate, subnet), _own_address(estate, place), _load_balancer(estate, place))
    for found in chain(explicit, _without_default(estate, place)):
        return found
    for found in _of_what_is_in(estate, place):
        return found
    default = _default_access(estate, place, subnet)
    if isinstance(default.known, Unknown):
        because = default.known.because
        return WayOut(Step("outbound access", default.known, because, (default.evidence,)), default.known)
    if not default.known:
        delegations = SubnetDocument(subnet).delegations
        if isinstance(delegations.known, Unknown) or delegations.known:
            because = (
                f"{subnet.name} is delegated to a service, and how that leaves its subnet is for the service to manage"
            )
            return WayOut(Step("outbound access", Unknown(because), because, (default.evidence,)), Unknown(because))
        says = f"{subnet.name} is a private subnet, and {place.name} has no explicit outbound access"
        return WayOut(Step("outbound access", False, says, (default.evidence,)), AddressSet.none())
    says = f"{place.name} has no explicit outbound access; default outbound access gives it an address of Azure's"
    picked = Unknown(f"which public address default outbound access gives {place.name} is not in this snapshot")
    return WayOut(Step("outbound access", True, says, (default.evidence,)), picked)


def _default_access(estate: Estate, place: Resource, subnet: Resource) -> Reading[bool]:
    """Whether default outbound access is there: by the interface's word, else by the subnet's.

    A subnet that stands in the document of a planned network is deployed with the api-version of that.
    """
    if place.type == NIC and Pooled(place).states("properties", "defaultOutboundConnectivityEnabled"):
        return Pooled(place).leaves_by_default
    stated = SubnetDocument(subnet).leaves_by_default
    network = estate.find(subnet.id.parent)
    if stated.absent and network is not None and subnet.stated("apiVersion") is None:
        version = str(network.stated("apiVersion") or "")
        _, default, _ = absence(subnet.type, ("properties", "defaultOutboundAccess"), version)
        return Reading(default is not False, stated.evidence, absent=True)
    return stated


def _nat_gateway(estate: Estate, subnet: Resource) -> Iterator[WayOut]:
    for id_, gateway in zip(
        estate.targets(subnet, Relation.LEAVES_BY), estate.out(subnet, Relation.LEAVES_BY), strict=True
    ):
        at = (subnet.at("properties", "natGateway", "id"),)
        if isinstance(gateway, Unknown):
            yield WayOut(Step("outbound access", True, f"{subnet.name} leaves by NAT gateway {id_.name}", at), gateway)
            return
        yield _by_nat(estate, subnet, gateway, at)
        return
    for gateway in estate.seen(NAT_GATEWAY):
        served = NatGateway(gateway).network
        if subnet.id.parent is not None and served.known == subnet.id.parent:
            yield _by_nat(estate, subnet, gateway, (served.evidence,))


def _by_nat(estate: Estate, subnet: Resource, gateway: Resource, at: tuple[Evidence, ...]) -> WayOut:
    """Out by a NAT gateway; one without an address translates nothing (nat-gateway/troubleshoot-nat)."""
    public = estate.targets(gateway, Relation.HAS_ADDRESS)
    if not public and gateway.properties:
        says = f"{subnet.name} leaves by NAT gateway {gateway.name}, which has no public address"
        return WayOut(Step("outbound access", False, says, at), AddressSet.none())
    step = Step("outbound access", True, f"{subnet.name} leaves by NAT gateway {gateway.name}", at)
    return WayOut(step, addresses_of(estate, public, gateway))


def _own_address(estate: Estate, place: Resource) -> Iterator[WayOut]:
    found = estate.targets(place, Relation.HAS_ADDRESS)
    if found:
        step = Step("outbound access", True, f"{place.name} has the public address {found[0].name}", (place.at("id"),))
        yield WayOut(step, addresses_of(estate, found, place))
    elif place.type == SCALE_SET_INTERFACE and Pooled(place).instance_addresses:
        says = f"each instance of {place.name} has a public address of its own"
        picked = Unknown(f"which public addresses the instances of {place.name} have is not in this snapshot")
        yield WayOut(Step("outbound access", True, says, (place.at("id"),)), picked)


def _load_balancer(estate: Estate, place: Resource) -> Iterator[WayOut]:
    """A public load balancer gives its backends a way out by an outbound rule, or by a rule that does not forbid it."""
    for balancer in estate.seen(LOAD_BALANCER):
        try:
            found = outwards(estate, balancer, place.id)
        except NotKnown as gap:
            says = f"whether {place.name} leaves by load balancer {balancer.name} is not known"
            yield WayOut(Step("outbound access", gap.unknown, says), gap.unknown)
            continue
        if found is not None:
            says = f"{place.name} leaves by load balancer {balancer.name}"
            step = Step("outbound access", True, says, (found.evidence,))
            yield WayOut(step, addresses_of(estate, found.addresses, balancer))


def _of_what_is_in(estate: Estate, place: Resource) -> Iterator[WayOut]:
    """A subnet as a whole leaves by whatever in it has an explicit way out."""
    for each in estate.into(place, Relation.IN_SUBNET) if place.type == SUBNET else ():
        yield from chain(_own_address(estate, each), _load_balancer(estate, each))


def _without_default(estate: Estate, place: Resource) -> Iterator[WayOut]:
    """A Standard load balancer takes default outbound access from its backends, whatever their subnet says."""
    for balancer in estate.seen(LOAD_BALANCER):
        try:
            at = takes_default_way_out(estate, balancer, place.id)
        except NotKnown as gap:
            says = f"whether {balancer.name} takes default outbound access from {place.name} is not known"
            yield WayOut(Step("outbound access", gap.unknown, says), gap.unknown)
            continue
        if at is not None:
            says = (
                f"{place.name} is behind the Standard load balancer {balancer.name} and has no explicit outbound access"
            )
            yield WayOut(Step("outbound access", False, says, (at,)), AddressSet.none())


def addresses_of(estate: Estate, ids: tuple[ArmId, ...], pointer: Resource) -> AddressSet | Unknown:
    """The addresses of these public addresses and prefixes; `Unknown` where one of them was not read."""
    found = AddressSet.none()
    for id_ in ids:
        public = estate.resolve(id_, pointer.place("properties"))
        if isinstance(public, Unknown):
            return public
        try:
            found |= prefixes_of(public, "properties", "ipAddress") | prefixes_of(public, "properties", "ipPrefix")
        except NotKnown as gap:
            return gap.unknown
    if found.is_empty:
        return Unknown(f"the public addresses of {pointer.name} are not in this snapshot", absent=True)
    return found
