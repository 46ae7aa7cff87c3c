"""Private endpoints: what they lead to, at which addresses, and whether both ends agreed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from auditor.documents.private_endpoint import ENDPOINT, PrivateEndpoint, TargetSide
from auditor.estate import Estate, Relation
from auditor.model import ArmId, Evidence, NotKnown, Place, Resource, Unknown
from auditor.sets.proof import Step

Address = IPv4Address | IPv6Address

__all__ = ["ENDPOINT", "Connection", "EndpointAddress", "addresses", "approval", "connections"]


@dataclass(frozen=True)
class Connection:
    """One connection of a private endpoint, as the endpoint's side states it. `groups` and `state` are lower case."""

    endpoint: Resource
    target: ArmId
    groups: tuple[str, ...]
    state: str
    evidence: Evidence
    place: Place


@dataclass(frozen=True)
class EndpointAddress:
    """An address of a private endpoint and the public names that are served there, as its interface tells them."""

    address: Address
    names: tuple[str, ...]
    evidence: Evidence


def connections(endpoint: Resource) -> tuple[Connection, ...]:
    """Every connection that an endpoint has or asks for, the automatic and the manual ones alike."""
    return tuple(_connections(endpoint))


def _connections(endpoint: Resource) -> Iterator[Connection]:
    view = PrivateEndpoint(endpoint)
    for row in (*view.connections.value, *view.manual_connections.value):
        target = row.target.value
        if target is None:
            continue
        state = row.state.known
        yield Connection(
            endpoint,
            target,
            tuple(group.casefold() for group in row.groups.value),
            state if isinstance(state, str) else "",
            row.state.evidence,
            row.target.place,
        )


def approval(estate: Estate, connection: Connection) -> Step:
    """Whether a connection is approved, seen from both of its ends.

    Only Approved carries traffic (docs/azure/paas-and-monitoring.md, section 6). The target's side is asked where the
    snapshot shows it, and is unknown where it could not be read; where nobody tried (it is in another subscription),
    the endpoint's own word stands, since Azure mirrors the state to it.
    """
    name = connection.endpoint.name
    if connection.state != "approved":
        stated = connection.evidence.value or "not stated"
        unstated = Unknown(f"the state of the connection of {name} is not in its document", absent=True)
        return Step(
            "approval",
            False if connection.state else unstated,
            f"the connection of {name} to {connection.target.name} is {stated}, not Approved",
            (connection.evidence,),
        )
    evidence: tuple[Evidence, ...] = (connection.evidence,)
    for side in estate.into(connection.endpoint, Relation.CONNECTED_FROM):
        if side.id.parent != connection.target:
            continue
        state = TargetSide(side).state
        evidence = (*evidence, state.evidence)
        if isinstance(state.known, Unknown) and not state.known.absent:
            return Step("approval", state.known, state.known.because, evidence)
        if state.known != "approved":
            held = state.evidence.value
            says = f"{connection.target.name} holds the connection of {name} as {held}, not Approved"
            return Step("approval", False, says, evidence)
    unread = estate.coverage.failure(connection.target)
    if unread is not None:
        return Step("approval", unread, unread.because, evidence)
    return Step("approval", True, f"the connection of {name} to {connection.target.name} is Approved", evidence)


def addresses(estate: Estate, endpoint: Resource) -> tuple[EndpointAddress, ...] | Unknown:
    """The private addresses of an endpoint, from its network interfaces, else from its own `customDnsConfigs`."""
    found: list[EndpointAddress] = []
    gap: Unknown | None = None
    for nic in estate.out(endpoint, Relation.HAS_NIC):
        if isinstance(nic, Unknown):
            gap = nic
        else:
            found.extend(_of_interface(nic))
    if not found:
        try:
            found.extend(_of_custom_configs(endpoint))
        except NotKnown as unread:
            return unread.unknown
    if found:
        return tuple(found)
    if gap is not None:
        return gap
    return Unknown(
        f"no network interface of {endpoint.name} and none of its addresses is in this snapshot", absent=True
    )


def _of_interface(nic: Resource) -> Iterator[EndpointAddress]:
    for index, _ in nic.items("properties", "ipConfigurations"):
        path = ("properties", "ipConfigurations", index, "properties")
        address = _address(nic.get(*path, "privateIPAddress"))
        if address is not None:
            names = nic.get(*path, "privateLinkConnectionProperties", "fqdns", default=[])
            yield EndpointAddress(address, _lower(names), nic.at(*path, "privateIPAddress"))


def _of_custom_configs(endpoint: Resource) -> Iterator[EndpointAddress]:
    for row in PrivateEndpoint(endpoint).names.value:
        for n, stated in enumerate(row.addresses.value):
            address = _address(stated)
            if address is not None:
                at = Evidence(Place(row.addresses.place.document, f"{row.addresses.place.pointer}/{n}"), stated)
                yield EndpointAddress(address, _lower([row.fqdn.value]), at)


def _address(text: object) -> Address | None:
    try:
        return ip_address(str(text))
    except ValueError:
        return None


def _lower(names: object) -> tuple[str, ...]:
    listed = names if isinstance(names, list) else []
    return tuple(str(name).rstrip(".").casefold() for name in listed if name)
