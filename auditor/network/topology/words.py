"""What a network's own words mean at one subnet: VirtualNetwork, Internet, and everything else a rule can name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from auditor.documents.peering import PeeringDocument
from auditor.estate import Estate, Relation
from auditor.estate.kept import once_an_estate
from auditor.model import ArmId, Resource, Unknown
from auditor.network.topology.gateway_connections import behind_gateways, unread_gateways
from auditor.network.topology.peering import CONNECTED, IPV6
from auditor.network.topology.service_tags import (
    INTERNET,
    LOAD_BALANCER,
    VIRTUAL_NETWORK,
    ServiceTags,
    canonical,
    platform_addresses,
)
from auditor.sets.address_set import AddressSet
from auditor.sets.symbolic_addresses import Addresses
from auditor.sets.symbols import Symbol

_NETWORK = "microsoft.network/virtualnetworks"


@dataclass(frozen=True)
class Part:
    """One reason why addresses belong to VirtualNetwork: `address space`, `peering X`, `route table Y` ..."""

    origin: str
    addresses: Addresses
    routed: bool = False
    """Whether only a user route of the subnet makes these addresses belong."""


@dataclass(frozen=True)
class NetworkView:
    """The meaning of address words at one subnet. `space` is the network's own address space.

    `parts` together are the VirtualNetwork tag: docs/azure/networks.md, sections 4 and 13. `evaluations` keeps what was
    worked out by this view, words and groups, so that places which share it do not do it twice.
    """

    space: Addresses
    parts: tuple[Part, ...]
    tags: ServiceTags
    foreign: Addresses = field(default_factory=Addresses.none)
    evaluations: dict[object, Any] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def virtual_network(self) -> Addresses:
        """The VirtualNetwork tag."""
        return Addresses.union(part.addresses for part in self.parts)

    @cached_property
    def network(self) -> Addresses:
        """The VirtualNetwork tag without what user routes add: what a person means by "the virtual network"."""
        return Addresses.union(part.addresses for part in self.parts if not part.routed)

    @cached_property
    def internet(self) -> Addresses:
        """The Internet tag: public addresses outside the network; of connected networks' ones nobody can say."""
        found = Addresses.symbol(self.tags.internet) - self.space
        doubtful = found & self.foreign
        if doubtful == Addresses.none():
            return found
        why = Unknown("Azure does not say whether Internet leaves out public addresses of connected networks")
        return (found - doubtful) | (doubtful & Addresses.symbol(undecided("Internet over connected networks", why)))

    @cached_property
    def names(self) -> Mapping[str, Addresses]:
        """What a reader of text about this network knows by name, for `Addresses.text`."""
        return {
            INTERNET: self.internet,
            VIRTUAL_NETWORK: self.virtual_network,
            LOAD_BALANCER: self.named(LOAD_BALANCER),
        }

    def named(self, word: str) -> Addresses:
        """The addresses of a service tag, whatever its spelling."""
        name = canonical(word.strip())
        if name == VIRTUAL_NETWORK:
            return self.virtual_network
        return self.internet if name == INTERNET else self.tags.find(name)

    def resolve(self, word: str) -> Addresses:
        """What `*`, `Any`, an address, a prefix or a tag stands for.

        Raises `ValueError` for what is neither: a tag begins with a letter and holds letters, digits, dots and `_`.
        """
        found: Addresses | None = self.evaluations.get(word)
        if found is None:
            found = self.evaluations[word] = self._resolve(word.strip())
        return found

    def _resolve(self, text: str) -> Addresses:
        if text == "*" or text.casefold() == "any":
            return Addresses.everything()
        if text[:1].isalpha() and ":" not in text and text.replace(".", "").replace("_", "").isalnum():
            return self.named(text)
        return Addresses.of(text)


def undecided(name: str, why: Unknown) -> Symbol:
    """A symbol that may hold anything: it stands for a yes or no that nobody knows, or for addresses not understood."""
    return Symbol(name, AddressSet.none(), AddressSet.everything(), why)


def unread(name: str, why: Unknown, at_least: AddressSet | None = None) -> Addresses:
    """Addresses that were not read, `at_least` those that were."""
    known = AddressSet.none() if at_least is None else at_least
    return Addresses.symbol(Symbol(name, known, AddressSet.everything(), why))


def prefixes_of(resource: Resource, *paths: tuple[str, ...]) -> tuple[str, ...]:
    """The texts at these paths, lists and single ones alike."""
    found: list[str] = []
    for path in paths:
        value = resource.get(*path)
        found += [str(item) for item in value if item] if isinstance(value, list) else [str(value)] if value else []
    return tuple(dict.fromkeys(found))


def subnet_prefix(subnet: Resource) -> Addresses:
    """The addresses of a subnet, singular and plural property together; unknown where it states none."""
    paths = (("properties", "addressPrefix"), ("properties", "addressPrefixes"))
    return _known_or_unread(subnet, f"the prefix of subnet {subnet.name}", prefixes_of(subnet, *paths))


def _known_or_unread(resource: Resource, what: str, prefixes: tuple[str, ...]) -> Addresses:
    try:
        if prefixes:
            return Addresses.of(*prefixes)
    except ValueError as error:
        return unread(f"{what} ({resource.id.key})", Unknown(f"{what} could not be understood: {error}"))
    return unread(f"{what} ({resource.id.key})", Unknown(f"{what} is not in this snapshot", absent=True))


def network_view(estate: Estate, subnet: Resource, tags: ServiceTags | None = None) -> NetworkView:
    """The view from a subnet: the network's space, what is peered and connected, and the subnet's own routes."""
    tags = tags or ServiceTags.of_estate(estate)
    network_id = subnet.id.parent or subnet.id
    network = estate.find(network_id)
    if network is None:
        why = estate.resolve(network_id, subnet.place("id"))
        assert isinstance(why, Unknown)
        space = unread(f"the address space of {network_id.name} ({network_id.key})", why) | subnet_prefix(subnet)
        connected: tuple[Part, ...] = (Part("what the network is connected to", space),)
    else:
        space = address_space(network)
        connected = (*_peered(estate, network), *_gateways(estate, network))
    foreign = Addresses.union(part.addresses for part in connected)
    fixed = Part("host of the virtual machine", Addresses.known(platform_addresses("virtual_network")))
    parts = (Part("address space", space), *connected, *_routes(estate, subnet, tags), fixed)
    return NetworkView(space, parts, tags, foreign - space)


def view_of(estate: Estate, subnet: Resource) -> NetworkView:
    """The view from a subnet with the tags that the snapshot brought, made once an estate."""
    views = _views(estate)
    found = views.get(subnet.id)
    if found is None:
        found = views[subnet.id] = network_view(estate, subnet)
    return found


@once_an_estate
def _views(estate: Estate) -> dict[ArmId, NetworkView]:
    return {}


def address_space(network: Resource) -> Addresses:
    """The address space of a virtual network; unknown where its document states none."""
    path = ("properties", "addressSpace", "addressPrefixes")
    return _known_or_unread(network, f"the address space of {network.name}", prefixes_of(network, path))


def _peered(estate: Estate, network: Resource) -> Iterator[Part]:
    """Peered spaces that count: connected, and with access allowed (facts/nsg-rules.json, decisions).

    Where either cannot be determined, whether the space counts is not known.
    """
    for document in estate.seen(PeeringDocument.kind, under=network.id):
        counts = _counts(document)
        if counts is False:
            continue
        for part in _through(estate, document):
            yield part if counts is True else _doubted(part, document, counts)


def _counts(document: Resource) -> bool | Unknown:
    """Whether a peering lets its other side's space belong to VirtualNetwork, by this side's word."""
    stated = PeeringDocument(document)
    if stated.access.known is False:
        return False
    if isinstance(stated.state.known, Unknown):
        return stated.state.known
    return stated.state.known == CONNECTED and stated.access.known


def _doubted(part: Part, document: Resource, why: Unknown) -> Part:
    """A part that counts only where the peering is up, which is not known."""
    gate = undecided(f"if the peering {document.name} is up ({document.id.key})", why)
    return Part(part.origin, part.addresses & Addresses.symbol(gate))


def _through(estate: Estate, document: Resource) -> Iterator[Part]:
    stated = PeeringDocument(document)
    yield Part(f"peering {document.name}", remote_space(estate, document))
    if stated.remote_gateways.known is not True:
        return
    remote_id = stated.remote_network.known
    remote = estate.find(remote_id) if isinstance(remote_id, ArmId) else None
    if remote is not None:
        yield from _gateways(estate, remote)
    elif isinstance(remote_id, ArmId) and not estate.is_likely:
        why = Unknown(f"what is connected to {remote_id.name}, whose gateway this network uses, is unread", absent=True)
        what = f"what is behind the gateway of {remote_id.name} ({remote_id.key})"
        yield Part(
            f"gateway of {remote_id.name}", unread(what, _unless_behind(why, f"the gateway of {remote_id.name}"))
        )


def remote_space(estate: Estate, peering: Resource) -> Addresses:
    """The addresses on the other side of a peering, as synchronised; of some subnets where only those are peered."""
    found = _remote_space(estate, peering)
    return found & Addresses.known(IPV6) if PeeringDocument(peering).only_ipv6.value else found


def _remote_space(estate: Estate, peering: Resource) -> Addresses:
    stated = prefixes_of(peering, ("properties", "remoteAddressSpace", "addressPrefixes")) or prefixes_of(
        peering, ("properties", "remoteVirtualNetworkAddressSpace", "addressPrefixes")
    )
    document = PeeringDocument(peering)
    remote_id = peering.ref("properties", "remoteVirtualNetwork")
    subnets = document.remote_subnets.value
    if not document.whole_networks.value and remote_id is not None and subnets:
        return Addresses.union(_remote_subnet(estate, remote_id.child("subnets", name)) for name in subnets)
    if stated:
        return _known_or_unread(peering, f"the address space behind peering {peering.name}", stated)
    remote = estate.find(remote_id)
    if remote is not None:
        return address_space(remote)
    why = Unknown(f"the network behind peering {peering.name} is not in this snapshot", absent=True)
    if remote_id is not None:
        found = estate.resolve(remote_id, peering.place("properties", "remoteVirtualNetwork", "id"))
        assert isinstance(found, Unknown)
        why = found
    return unread(f"the network behind peering {peering.name} ({peering.id.key})", why)


def _remote_subnet(estate: Estate, id_: ArmId) -> Addresses:
    found = estate.find(id_)
    if found is not None:
        return subnet_prefix(found)
    why = Unknown(f"subnet {id_.name}, which alone is peered, is not in this snapshot", absent=True)
    return unread(f"subnet {id_.name} ({id_.key})", why)


def _gateways(estate: Estate, network: Resource) -> Iterator[Part]:
    unread_gateway = unread_gateways(estate, network)
    if unread_gateway is not None:
        why = _unless_behind(unread_gateway, f"a gateway of {network.name}")
        yield Part("gateway", unread(f"what is behind a gateway of {network.name} ({network.id.key})", why))
    for gateway, addresses, gap in behind_gateways(estate, network):
        if addresses:
            text = f"what gateway {gateway.name} is connected to"
            yield Part(f"gateway {gateway.name}", _known_or_unread(gateway, text, addresses))
        if gap is not None and not estate.is_likely:
            what = f"what is behind gateway {gateway.name} ({gateway.id.key})"
            yield Part(f"gateway {gateway.name}", unread(what, _unless_behind(gap, f"gateway {gateway.name}")))


def _unless_behind(why: Unknown, gateway: str) -> Unknown:
    """Of one address it is unlikely that it is behind a gateway of which nothing else is known."""
    return replace(why, unless=f"the far end is behind {gateway}")


def _routes(estate: Estate, subnet: Resource, tags: ServiceTags) -> Iterator[Part]:
    """Prefixes of user routes belong to VirtualNetwork too, a default route included (section 4)."""
    for table in estate.out(subnet, Relation.ROUTED_BY):
        if isinstance(table, Unknown):
            yield Part("route table", unread(f"the routes of {subnet.name} ({subnet.id.key})", table), routed=True)
            continue
        for route in estate.seen("microsoft.network/routetables/routes", under=table.id):
            prefix = str(route.get("properties", "addressPrefix", default=""))
            if prefix[:1].isalpha() and ":" not in prefix:
                yield Part(f"route {route.name}", tags.find(prefix), routed=True)
            else:
                yield Part(
                    f"route {route.name}",
                    _known_or_unread(route, f"the prefix of route {route.name}", (prefix,) if prefix else ()),
                    routed=True,
                )
