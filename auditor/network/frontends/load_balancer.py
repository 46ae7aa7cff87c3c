"""Load balancers: who stands behind which port of which address, and to whom they give a way out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from auditor.documents.load_balancer import BalancingRule, FrontEnd, LoadBalancer, NatRule, Pool, PoolAddress
from auditor.documents.pool_membership import Pooled
from auditor.documents.public_address import PublicAddress
from auditor.estate import Estate
from auditor.model import ArmId, Evidence, NotKnown, Resource, Unknown
from auditor.network.frontends.pools import interface_of, pooled
from auditor.sets.address_set import AddressSet


@dataclass(frozen=True)
class Host:
    """A member of a pool that is known by its address in a network; `network` is `None` where none is stated."""

    address: str
    network: ArmId | None


@dataclass(frozen=True)
class Members:
    """Who is in a pool: ip-configurations (of scale sets the pattern of them), addresses, and other load balancers.

    `onward` are the public addresses of regional load balancers behind a cross-region one.
    """

    configurations: frozenset[ArmId] = frozenset()
    hosts: tuple[Host, ...] = ()
    onward: tuple[ArmId, ...] = ()

    def __or__(self, other: Members) -> Members:
        return Members(
            self.configurations | other.configurations,
            tuple(dict.fromkeys((*self.hosts, *other.hosts))),
            tuple(dict.fromkeys((*self.onward, *other.onward))),
        )

    @property
    def interfaces(self) -> frozenset[ArmId]:
        """The interfaces that the configurations are of."""
        return frozenset(map(interface_of, self.configurations))

    def addresses(self, interface: Resource) -> AddressSet | None:
        """The private addresses by which an interface is a member; `None` where its document states none."""
        own = frozenset(each.name.casefold() for each in self.configurations if interface_of(each) == interface.id)
        try:
            found = AddressSet.of(*Pooled(interface).at(own))
        except ValueError:
            return None
        return None if found.is_empty else found


@dataclass(frozen=True)
class Balanced:
    """A load balancing or NAT rule: from ports at an address (or subnet, for an internal one) to ports of members.

    `keeps` is set under floating IP: the addresses of the front end, which packets still have as their destination
    when they arrive at a member (learn.microsoft.com/azure/load-balancer/load-balancer-floating-ip). `doubt` says why
    it is not known whether what arrives at the front end gets on at all.
    """

    name: str
    at: tuple[ArmId, ...]
    protocol: str
    front: tuple[str, ...]
    back: tuple[str, ...]
    behind: Members
    evidence: Evidence
    keeps: AddressSet | Unknown | None = None
    doubt: Unknown | None = None

    @property
    def members(self) -> tuple[ArmId, ...]:
        """The interfaces behind the rule, by id."""
        return tuple(sorted(self.behind.interfaces))


def balanced(estate: Estate, balancer: Resource) -> Iterator[Balanced]:
    """Every rule of a load balancer that lets something in, as far as it can be read."""
    yield from _read(estate, balancer)[0]


def unreadable(estate: Estate, balancer: Resource) -> tuple[Unknown, ...]:
    """Why a load balancer may let in more than `balanced` says: rules and pools of it that cannot be read."""
    return _read(estate, balancer)[1]


def _read(estate: Estate, balancer: Resource) -> tuple[list[Balanced], tuple[Unknown, ...]]:
    view = LoadBalancer(balancer)
    found: list[Balanced] = []
    gaps: list[Unknown] = [*pooled(estate).gaps]
    for make in _rules(estate, view, gaps):
        try:
            found.append(make())
        except NotKnown as gap:
            gaps.append(gap.unknown)
    return found, tuple(gaps)


def _rules(estate: Estate, view: LoadBalancer, gaps: list[Unknown]) -> Iterator[Callable[[], Balanced]]:
    kinds = (
        (view.rules, lambda rule: _of_rule(estate, view, rule)),
        (view.nat_rules, lambda rule: _of_nat(estate, view, rule)),
        (view.nat_pools, lambda rule: _of_nat_pool(estate, view, rule)),
    )
    for rules, make in kinds:
        if isinstance(rules.known, Unknown):
            gaps.append(rules.known)
            continue
        for rule in rules.known:
            yield lambda make=make, rule=rule: make(rule)  # type: ignore[misc]


def _of_rule(estate: Estate, view: LoadBalancer, rule: BalancingRule) -> Balanced:
    stated = rule.pool.value
    pools = dict.fromkeys((*([stated] if stated is not None else []), *rule.pools.value))
    if not pools:
        raise NotKnown(Unknown(f"rule {rule.name} of {view.name} states no backend pool", absent=True))
    behind = Members()
    for pool in pools:
        behind |= _members(estate, view, pool)
    return replace(_made(estate, view, rule, f"rule {rule.name}", _port(rule.front_port.value)), behind=behind)


def _of_nat(estate: Estate, view: LoadBalancer, rule: NatRule) -> Balanced:
    configuration, pool = rule.configuration.value, rule.pool.value
    behind = _members(estate, view, pool) if pool is not None else Members()
    own = rule.resource.ref(*rule.path) or view.id.child("inboundNatRules", rule.name)
    # An interface names the rule as well; in a template it is the only one that does.
    behind |= Members(pooled(estate).configurations(own))
    if configuration is not None:
        behind |= Members(frozenset({configuration}))
    return replace(_made(estate, view, rule, f"NAT rule {rule.name}", _front(rule)), behind=behind)


def _of_nat_pool(estate: Estate, view: LoadBalancer, rule: NatRule) -> Balanced:
    """The interfaces of a scale set say which NAT pool they are in; the load balancer does not."""
    id_ = rule.resource.ref(*rule.path) or view.id.child("inboundNatPools", rule.name)
    behind = Members(pooled(estate).configurations(id_))
    return replace(_made(estate, view, rule, f"NAT pool {rule.name}", _front(rule)), behind=behind)


def _made(estate: Estate, view: LoadBalancer, rule: BalancingRule | NatRule, name: str, front_port: str) -> Balanced:
    """A rule without those behind it."""
    front = _front_end(view, rule.front_end.value)
    return Balanced(
        name,
        _at(front),
        _protocol(rule.protocol.value),
        (front_port,),
        (_port(rule.back_port.value),),
        Members(),
        rule.shown("name"),
        _addresses_of(estate, front) if rule.keeps_destination.value else None,
        _doubt(front),
    )


def _protocol(stated: str) -> str:
    """`All` stands for TCP and UDP: a high availability rule of an internal load balancer."""
    return "Tcp/Udp" if stated == "all" else stated.capitalize()


def _front(rule: NatRule) -> str:
    first, last = rule.first_port.value, rule.last_port.value
    return f"{first}-{last}" if first and last else _port(rule.front_port.value)


def _port(number: int) -> str:
    """A port; 0 stands for all of them."""
    return str(number) if number else "*"


# --- front ends -------------------------------------------------------------------------------------------------------


def _front_end(view: LoadBalancer, id_: ArmId | None) -> FrontEnd | None:
    if id_ is None:
        return None
    for front in view.front_ends.value:
        if front.resource.ref(*front.path) == id_ or front.name.casefold() == id_.name.casefold():
            return front
    return None


def _at(front: FrontEnd | None) -> tuple[ArmId, ...]:
    """The public address or the subnet of a front end; raises `NotKnown` where it states neither."""
    found = (front.public_address.value, front.subnet.value) if front is not None else ()
    stated = tuple(id_ for id_ in found if id_ is not None)
    if not stated:
        what = f"front end {front.name}" if front is not None else "the front end of a rule"
        raise NotKnown(Unknown(f"{what} states no address and no subnet", absent=True))
    return stated


def _addresses_of(estate: Estate, front: FrontEnd | None) -> AddressSet | Unknown:
    """The addresses at which a front end is asked."""
    if front is None:
        return Unknown("the front end of a rule with floating IP is not in its load balancer")
    public = front.public_address.value
    if public is None:
        stated = front.private_address.value
        return AddressSet.of(stated) if stated else Unknown(f"front end {front.name} states no address", absent=True)
    found = estate.resolve(public, front.public_address.place)
    if isinstance(found, Unknown):
        return found
    stated = PublicAddress(found).address.value
    return AddressSet.of(stated) if stated else Unknown(f"{found.name} states no address", absent=True)


def _doubt(front: FrontEnd | None) -> Unknown | None:
    """A gateway load balancer sends everything through appliances first, which may stop it."""
    gateway = front.gateway.value if front is not None else None
    if gateway is None:
        return None
    says = f"what arrives goes through the appliances behind gateway load balancer {gateway.name}"
    return Unknown(f"{says}, and what those let through is not in Azure's control plane")


# --- members ----------------------------------------------------------------------------------------------------------


def backends_of(estate: Estate, balancer: Resource) -> frozenset[ArmId]:
    """Every interface in a pool of a load balancer."""
    view = LoadBalancer(balancer)
    found: frozenset[ArmId] = frozenset()
    for pool in view.pools.value:
        found |= _members(estate, view, pool.own_id).interfaces
    return found


def _members(estate: Estate, view: LoadBalancer, pool: ArmId) -> Members:
    found, down = Members(pooled(estate).configurations(pool)), Members()
    for item in view.pools.value:
        if item.name.casefold() == pool.name.casefold():
            found |= Members(frozenset(item.configurations.value))
            for address in item.addresses.value:
                member = _by_address(estate, item, address)
                found, down = (found, down | member) if address.is_down else (found | member, down)
    return replace(found, configurations=found.configurations - down.configurations)


def _by_address(estate: Estate, pool: Pool, member: PoolAddress) -> Members:
    """A member that is an interface's configuration is that interface, whatever address stands beside it."""
    configuration, front = member.configuration.value, member.front_end.value
    if configuration is not None:
        return Members(frozenset({configuration}))
    if front is not None:
        return Members(onward=_of_region(estate, front, member))
    address = member.address.value
    if not address:
        return Members()
    subnet = member.subnet.value
    network = member.network.value or pool.network.value or (subnet.parent if subnet is not None else None)
    return Members(hosts=(Host(address, network),))


def _of_region(estate: Estate, front: ArmId, member: PoolAddress) -> tuple[ArmId, ...]:
    """The public address of a front end of a regional load balancer; raises `NotKnown` where it was not read."""
    owner = front.parent
    regional = estate.need(owner, member.front_end.place) if owner is not None else None
    found = _front_end(LoadBalancer(regional), front) if regional is not None else None
    address = found.public_address.value if found is not None else None
    return (address,) if address is not None else ()


# --- outwards ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outwards:
    """That an interface leaves by a load balancer: the rule that gives it, and the public addresses it leaves by."""

    balancer: Resource
    evidence: Evidence
    addresses: tuple[ArmId, ...]


def outwards(estate: Estate, balancer: Resource, interface: ArmId) -> Outwards | None:
    """The way out that a public load balancer gives an interface; `None` where it gives none.

    An outbound rule of a pool that the interface is in, else a balancing rule of one that does not switch it off
    (learn.microsoft.com/azure/load-balancer/load-balancer-outbound-connections).
    """
    view = LoadBalancer(balancer)
    for rule in view.outbound_rules.value:
        pool = rule.pool.value
        if pool is not None and interface in _members(estate, view, pool).interfaces:
            return _leaving(view, rule.shown("name"), rule.front_ends.value)
    for balancing in view.rules.value:
        if not balancing.gives_no_way_out.value and interface in _of_rule(estate, view, balancing).behind.interfaces:
            front = balancing.front_end.value
            found = _leaving(view, balancing.gives_no_way_out.evidence, () if front is None else (front,))
            if found is not None:
                return found
    return None


def _leaving(view: LoadBalancer, evidence: Evidence, fronts: tuple[ArmId, ...]) -> Outwards | None:
    found = [front for front in (_front_end(view, id_) for id_ in fronts) if front is not None]
    addresses = [front.public_address.value or front.prefix.value for front in found]
    public = tuple(address for address in addresses if address is not None)
    return Outwards(view.resource, evidence, public) if public else None


def takes_default_way_out(estate: Estate, balancer: Resource, interface: ArmId) -> Evidence | None:
    """Whether being in a pool of a Standard load balancer takes default outbound access from an interface.

    learn.microsoft.com/azure/virtual-network/ip-services/default-outbound-access: behind an internal Standard load
    balancer there is no way out that is not explicit.
    """
    if interface not in backends_of(estate, balancer):
        return None
    sku = LoadBalancer(balancer).sku
    return sku.evidence if sku.value == "standard" else None
