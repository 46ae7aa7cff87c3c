"""Peering: which networks exchange traffic directly. It is not transitive, and both sides have a say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from auditor.documents.peering import PeeringDocument
from auditor.documents.view import Reading
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

PEERING = PeeringDocument.kind
CONNECTED = "connected"
"""The one state in which traffic passes, in lower case."""

IPV6 = AddressSet.of("::/0")


class Flag(StrEnum):
    """What one side of a peering permits; Azure's defaults are in facts/absent-settings.json."""

    ACCESS = "allowVirtualNetworkAccess"
    FORWARDED = "allowForwardedTraffic"
    GATEWAY_TRANSIT = "allowGatewayTransit"
    REMOTE_GATEWAYS = "useRemoteGateways"


_READ: Mapping[Flag, Callable[[PeeringDocument], Reading[bool]]] = {
    Flag.ACCESS: lambda stated: stated.access,
    Flag.FORWARDED: lambda stated: stated.forwarded,
    Flag.GATEWAY_TRANSIT: lambda stated: stated.gateway_transit,
    Flag.REMOTE_GATEWAYS: lambda stated: stated.remote_gateways,
}


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
        return self.stated.whole_networks.value

    @property
    def is_partial(self) -> bool:
        """Whether only chosen subnets, or only IPv6, are peered."""
        return not self.whole or self.stated.only_ipv6.value

    @property
    def stated(self) -> PeeringDocument:
        """What this side's document says."""
        return PeeringDocument(self.document)

    def allows(self, flag: Flag) -> bool:
        """Whether this side permits it. Raises `NotKnown` where the document says nothing that can be understood."""
        return _READ[flag](self.stated).value

    def has_local_subnet(self, subnet: Resource) -> bool:
        """Whether a subnet of this side takes part."""
        return self.whole or subnet.name.casefold() in _names(self.stated.local_subnets)

    def has_remote_subnet(self, subnet: Resource) -> bool:
        """Whether a subnet of the other side takes part."""
        return self.whole or subnet.name.casefold() in _names(self.stated.remote_subnets)


def _names(stated: Reading[tuple[str, ...]]) -> set[str]:
    return {name.casefold() for name in stated.value}


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
    state = peering.stated.state
    evidence = (state.evidence,)
    names = f"the peering of {peering.local.name} with {peering.remote.name}"
    if isinstance(state.known, Unknown):
        if state.evidence.value is not None:
            return Step("peering", state.known, f"the state of {names} is not understood", evidence)
        gap = Unknown(f"the state of {names} is not in this snapshot", absent=True)
        return Step("peering", gap, f"{names} has no state", evidence)
    if state.value != CONNECTED:
        return Step("peering", False, f"{names} is {evidence[0].value}, not Connected", evidence)
    if peering.back is None:
        return Step("peering", False, f"{peering.remote.name} has no peering back to {peering.local.name}", evidence)
    if isinstance(peering.back, Resource):
        other = PeeringDocument(peering.back).state
        # Azure says Connected on one side only while both sides are there, so that this side's word is enough.
        if other.known != CONNECTED and not isinstance(other.known, Unknown):
            says = f"the peering of {peering.remote.name} with {peering.local.name} is"
            raw = other.evidence.value
            return Step("peering", False, f"{says} {raw}, not Connected", (*evidence, other.evidence))
    return Step("peering", True, f"{names} is Connected", evidence)


def access(peering: Peering) -> Step:
    """Whether traffic between the two networks may flow: both sides have to allow it.

    Microsoft's page says that with the setting off traffic does not flow, and not whether that is for one direction
    (virtual-network-manage-peering): so either side's refusal counts for both.
    """
    mine = peering.stated.access
    evidence = [mine.evidence]
    for_both = f"traffic between {peering.local.name} and {peering.remote.name}"
    if isinstance(mine.known, Unknown):
        says = f"whether {peering.local.name} allows {for_both} is not known: {mine.known.because}"
        return Step("peering access", mine.known, says, tuple(evidence))
    if not mine.known:
        return Step("peering access", False, f"{peering.local.name} does not allow {for_both}", tuple(evidence))
    if isinstance(peering.back, Unknown):
        says = f"whether {peering.remote.name} allows {for_both} is not known: {peering.back.because}"
        return Step("peering access", peering.back, says, tuple(evidence))
    if peering.back is not None:
        theirs = PeeringDocument(peering.back).access
        evidence.append(theirs.evidence)
        if isinstance(theirs.known, Unknown):
            says = f"whether {peering.remote.name} allows {for_both} is not known: {theirs.known.because}"
            return Step("peering access", theirs.known, says, tuple(evidence))
        if not theirs.known:
            return Step("peering access", False, f"{peering.remote.name} does not allow {for_both}", tuple(evidence))
    return Step("peering access", True, f"both sides allow {for_both}", tuple(evidence))


def forwards(peering: Peering) -> Step:
    """Whether `local` takes packets from `remote` that an appliance there forwards on behalf of others."""
    stated = peering.stated.forwarded
    evidence = (stated.evidence,)
    if isinstance(stated.known, Unknown):
        says = f"whether {peering.local.name} takes traffic that {peering.remote.name} forwards is not known"
        return Step("forwarded traffic", stated.known, says, evidence)
    holds = stated.known
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

    The peering's own copy comes first: Azure routes by the space of the last synchronisation, not by today's. A peering
    for IPv6 only exchanges no IPv4 routes, of whole networks too (virtual-network/configure-ipv6-only-vnet-peering).
    """
    try:
        found = _stated_space(estate, peering)
        return found & IPV6 if isinstance(found, AddressSet) and peering.stated.only_ipv6.value else found
    except NotKnown as gap:
        return gap.unknown


def _stated_space(estate: Estate, peering: Peering) -> AddressSet | Unknown:
    document = peering.document
    other = estate.find(peering.remote)
    if not peering.whole:
        return _remote_subnets(estate, peering, other)
    for key in ("remoteAddressSpace", "remoteVirtualNetworkAddressSpace"):
        found = prefixes_of(document, "properties", key, "addressPrefixes")
        if not found.is_empty:
            return found
    if other is not None:
        return address_space(other)
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
