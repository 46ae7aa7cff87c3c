"""Peering: which networks exchange traffic directly. It is not transitive, and both sides have a say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from auditor.estate import Estate, Relation
from auditor.model import ArmId, NotKnown, Resource, Unknown
from auditor.network.topology.virtual_networks import (
    SUBNET,
    address_space,
    prefixes_of,
    subnet_prefixes,
)
from auditor.sets.address_set import AddressSet
from auditor.sets.proof import Step, together

PEERING = "microsoft.network/virtualnetworks/virtualnetworkpeerings"


class Flag(StrEnum):
    """What one side of a peering permits; Azure's defaults are in `_DEFAULTS`."""

    ACCESS = "allowVirtualNetworkAccess"
    FORWARDED = "allowForwardedTraffic"
    GATEWAY_TRANSIT = "allowGatewayTransit"
    REMOTE_GATEWAYS = "useRemoteGateways"


_DEFAULTS = {Flag.ACCESS: True}
"""Absent means false, except this one (facts/nsg-semantics.md, section 10: default true)."""


@dataclass(frozen=True)
class Peering:
    """One side of a peering, as `local` states it.

    `back` is the other side; `None` where the other network was read and has none, `Unknown` where it was not read.
    """

    local: Resource
    remote: ArmId
    document: Resource
    back: Resource | Unknown | None

    @property
    def whole(self) -> bool:
        """Whether whole networks are peered, not chosen subnets."""
        return self.document.get("properties", "peerCompleteVnets") is not False

    def allows(self, flag: Flag) -> bool:
        """Whether this side permits it."""
        stated = self.document.get("properties", flag)
        return stated if isinstance(stated, bool) else _DEFAULTS.get(flag, False)

    def has_local_subnet(self, subnet: Resource) -> bool:
        """Whether a subnet of this side takes part."""
        return self.whole or subnet.name.casefold() in _names(self.document, "localSubnetNames")

    def has_remote_subnet(self, subnet: Resource) -> bool:
        """Whether a subnet of the other side takes part."""
        return self.whole or subnet.name.casefold() in _names(self.document, "remoteSubnetNames")


def _names(document: Resource, key: str) -> set[str]:
    return {str(name).casefold() for name in document.get("properties", key, default=[])}


def peerings_of(estate: Estate, network: Resource) -> tuple[Peering, ...]:
    """Every peering that a network states. The network's own document lists them all."""
    return tuple(_peerings_of(estate, network))


def _peerings_of(estate: Estate, network: Resource) -> Iterator[Peering]:
    for document in estate.seen(PEERING, under=network.id):
        for remote in estate.targets(document, Relation.PEERS_WITH):
            yield Peering(network, remote, document, _back(estate, network, remote, document))


def _back(estate: Estate, network: Resource, remote: ArmId, document: Resource) -> Resource | Unknown | None:
    other = estate.resolve(remote, document.place("properties", "remoteVirtualNetwork", "id"))
    if isinstance(other, Unknown):
        return other
    for candidate in estate.seen(PEERING, under=remote):
        if network.id in estate.targets(candidate, Relation.PEERS_WITH):
            return candidate
    return None


def peering_between(estate: Estate, network: Resource, remote: ArmId) -> Peering | None:
    """The peering that `network` states with `remote`; `None` where there is none."""
    return next((p for p in peerings_of(estate, network) if p.remote == remote), None)


def connected(peering: Peering) -> Step:
    """Whether the peering is up. Azure shows Connected on one side only once the other side exists."""
    state = peering.document.text("properties", "peeringState")
    evidence = (peering.document.at("properties", "peeringState"),)
    names = f"the peering of {peering.local.name} with {peering.remote.name}"
    if not state:
        return Step(
            "peering",
            Unknown(f"the state of {names} is not in this snapshot", absent=True),
            f"{names} has no state",
            evidence,
        )
    if state != "connected":
        return Step("peering", False, f"{names} is {evidence[0].value}, not Connected", evidence)
    if peering.back is None:
        return Step("peering", False, f"{peering.remote.name} has no peering back to {peering.local.name}", evidence)
    if isinstance(peering.back, Resource):
        other = peering.back.at("properties", "peeringState")
        if str(other.value or "").casefold() not in ("connected", ""):
            says = f"the peering of {peering.remote.name} with {peering.local.name} is {other.value}, not Connected"
            return Step("peering", False, says, (*evidence, other))
    return Step("peering", True, f"{names} is Connected", evidence)


def access(peering: Peering) -> Step:
    """Whether traffic between the two networks may flow: both sides have to allow it.

    Microsoft's page says that with the setting off traffic does not flow, and not whether that is for one direction
    (virtual-network-manage-peering): so either side's refusal counts for both.
    """
    evidence = [peering.document.at("properties", Flag.ACCESS)]
    for_both = f"traffic between {peering.local.name} and {peering.remote.name}"
    if not peering.allows(Flag.ACCESS):
        return Step("peering access", False, f"{peering.local.name} does not allow {for_both}", tuple(evidence))
    if isinstance(peering.back, Unknown):
        says = f"whether {peering.remote.name} allows {for_both} is not known: {peering.back.because}"
        return Step("peering access", peering.back, says, tuple(evidence))
    if peering.back is not None:
        evidence.append(peering.back.at("properties", Flag.ACCESS))
    if evidence[-1].value is False:
        return Step("peering access", False, f"{peering.remote.name} does not allow {for_both}", tuple(evidence))
    return Step("peering access", True, f"both sides allow {for_both}", tuple(evidence))


def forwards(peering: Peering) -> Step:
    """Whether `local` takes packets from `remote` that an appliance there forwards on behalf of others."""
    evidence = (peering.document.at("properties", Flag.FORWARDED),)
    holds = peering.allows(Flag.FORWARDED)
    verb = "takes" if holds else "does not take"
    says = f"{peering.local.name} {verb} traffic that {peering.remote.name} forwards"
    return Step("forwarded traffic", holds, says, evidence)


def exchanges(peering: Peering) -> tuple[Step, ...]:
    """The steps that a packet between the two networks depends on."""
    return connected(peering), access(peering)


def is_up(peering: Peering) -> bool | Unknown:
    """Whether traffic passes between the two networks."""
    return together(exchanges(peering))


def remote_space(estate: Estate, peering: Peering) -> AddressSet | Unknown:
    """The prefixes on the other side, as this side routes them.

    The peering's own copy comes first: Azure routes by the space of the last synchronisation, not by today's.
    """
    document = peering.document
    other = estate.find(peering.remote)
    try:
        if not peering.whole:
            return _remote_subnets(estate, peering, other)
        for key in ("remoteAddressSpace", "remoteVirtualNetworkAddressSpace"):
            found = prefixes_of(document, "properties", key, "addressPrefixes")
            if not found.is_empty:
                return found
        if other is not None:
            return address_space(other)
    except NotKnown as gap:
        return gap.unknown
    return Unknown(f"the address space of {peering.remote.name} is not in this snapshot", absent=True)


def _remote_subnets(estate: Estate, peering: Peering, other: Resource | None) -> AddressSet | Unknown:
    if other is None:
        stated = prefixes_of(peering.document, "properties", "remoteAddressSpace", "addressPrefixes")
        if not stated.is_empty:
            return stated
        return Unknown(f"the peered subnets of {peering.remote.name} are not in this snapshot", absent=True)
    found = AddressSet.none()
    for subnet in estate.all(SUBNET, under=other.id):
        if peering.has_remote_subnet(subnet):
            found |= subnet_prefixes(subnet)
    return found
