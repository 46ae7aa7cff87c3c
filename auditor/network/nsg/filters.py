"""Which filters act at a place: the laws of subnets, private endpoints and public addresses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from auditor.documents.pool_membership import SCALE_SET_INTERFACE, InstanceAddress, Pooled
from auditor.estate import Estate, Relation
from auditor.facts import load
from auditor.model import ArmId, Resource, Unknown
from auditor.network.frontends.in_front import balancers_before
from auditor.network.nsg.admin_rules import admin_rules
from auditor.network.nsg.evaluation import Decision, Evaluation, evaluated
from auditor.network.topology.attachment import Place
from auditor.network.topology.service_tags import ServiceTags, platform_addresses
from auditor.network.topology.words import NetworkView, network_view, undecided
from auditor.sets.packet_set import FlowSet, Packet
from auditor.sets.symbolic_addresses import Addresses

ADMIN, SUBNET_GROUP, NIC_GROUP, PUBLIC = "security admin rules", "subnet", "network interface", "public address"

_BOTH = frozenset({"Allow", "Deny"})


@cache
def _laws() -> Mapping[str, Any]:
    found: Mapping[str, Any] = load("network-laws")
    return found


@dataclass(frozen=True)
class Layer:
    """One filter. `evaluation` is a list of rules; without one the layer is `passing` (or stops) by itself.

    `gap` is set where the group that acts here could not be read: then nobody knows what passes.
    """

    name: str
    group: ArmId | None = None
    evaluation: Evaluation | None = None
    passing: FlowSet | None = None
    because: str = ""
    gap: Unknown | None = None

    @property
    def can_deliver(self) -> bool:
        """Whether an allow of this layer can end the evaluation."""
        return self.name == ADMIN

    def decide(self, packet: Packet, assumed: Mapping[int, int] | None = None) -> Decision:
        """What this layer does with a packet. Where no admin rule matches it goes on; a group denies what is left."""
        if self.gap is not None:
            return Decision(self.gap, self.gap, _BOTH)
        if self.evaluation is not None:
            found = self.evaluation.decide(packet, assumed)
            otherwise = "Allow" if self.can_deliver else "Deny"
            may = frozenset(access or otherwise for access in found.may)
            return Decision(next(iter(may)) if len(may) == 1 else found.access, found.rule, may)
        assert self.passing is not None
        passes = self.passing.decide(packet)
        if isinstance(passes, Unknown):
            return Decision(passes, passes, _BOTH)
        access = "Allow" if passes else "Deny"
        return Decision(access, None, frozenset({access}))

    def among(self, flows: FlowSet) -> FlowSet:
        """What of some packets goes on to the next layer."""
        if self.gap is not None or self.evaluation is None:
            return flows & self.passes()
        if self.can_deliver:
            return flows - self.evaluation.among(flows, "Deny")
        return self.evaluation.among(flows, "Allow", "AlwaysAllow")

    def passes(self) -> FlowSet:
        """What goes on to the next layer."""
        if self.gap is not None:
            gate = undecided(f"if {_name(self.group)} allows it ({self.group})", self.gap)
            return FlowSet.box(destination=Addresses.symbol(gate))
        if self.evaluation is None:
            assert self.passing is not None
            return self.passing
        return ~self.evaluation.with_access("Deny") if self.can_deliver else self.evaluation.allowed()


def _name(group: ArmId | None) -> str:
    return group.name if group is not None else "the group"


def layers_of(
    estate: Estate, place: Place, direction: str, tags: ServiceTags, view: NetworkView | None = None
) -> tuple[tuple[Layer, ...], tuple[str, ...], str]:
    """The filters in order, notes for the reader, and why nothing arrives here at all (empty where it may).

    `view` is that of the place's subnet, where the caller has it already.
    """
    view = network_view(estate, place.subnet, tags) if view is None else view
    notes: list[str] = []
    closed = _closed(place, direction)
    admin = _admin(estate, place, direction, view)
    if place.endpoint is not None:
        admin = []  # Admin rules do not act on private endpoints (facts/nsg-rules.json, decisions).
    groups = _groups(estate, place, direction, view, notes)
    if direction == "outbound":
        groups.reverse()
    if direction == "inbound" and not groups:
        groups = _public(estate, place, view)
    return (*admin, *groups), tuple(notes), closed


def _closed(place: Place, direction: str) -> str:
    delegations = {
        str((delegation.get("properties") or {}).get("serviceName", "")).casefold()
        for _, delegation in place.subnet.items("properties", "delegations")
    }
    laws = [law for service, law in _laws()["inbound_closed"].items() if service in delegations]
    return f"subnet {place.subnet.name} is {laws[0]}" if laws and direction == "inbound" else ""


def _admin(estate: Estate, place: Place, direction: str, view: NetworkView) -> list[Layer]:
    network = estate.find(place.network)
    if network is None:
        return []
    evaluation = admin_rules(estate, network, direction, view)
    return [Layer(ADMIN, network.id, evaluation)] if evaluation.rules else []


def _groups(estate: Estate, place: Place, direction: str, view: NetworkView, notes: list[str]) -> list[Layer]:
    """The subnet's group, then the interface's: the order of inbound traffic."""
    if place.endpoint is not None and not _policies_apply(place.subnet, notes):
        return []
    found: list[Layer] = []
    name = place.subnet.name.casefold()
    ignored, unsupported = _laws()["group_ignored"].get(name), _laws()["group_unsupported"].get(name)
    if ignored is not None:
        if estate.targets(place.subnet, Relation.GUARDED_BY):
            notes.append(ignored)
    else:
        found += _group(estate, place.subnet, direction, view, place)
        if found and unsupported is not None:
            notes.append(unsupported)
    if place.interface is not None:
        found += _group(estate, place.interface, direction, view, place)
    return found


def _group(estate: Estate, guarded: Resource, direction: str, view: NetworkView, place: Place) -> list[Layer]:
    """The group of a subnet or an interface: zero or one."""
    name = NIC_GROUP if guarded == place.interface else SUBNET_GROUP
    ids = estate.targets(guarded, Relation.GUARDED_BY)
    for id_, found in zip(ids, estate.out(guarded, Relation.GUARDED_BY), strict=True):
        if isinstance(found, Unknown):
            return [Layer(name, id_, gap=found)]
        any_port = place.endpoint is not None
        return [Layer(name, found.id, evaluated(estate, found, direction, view, any_source_port=any_port))]
    return []


def policies_on_endpoints(subnet: Resource) -> bool | None:
    """Whether security groups act on the private endpoints of a subnet; `None` where the subnet does not say.

    Azure's default is Disabled (docs/azure/networks.md, section 7).
    """
    stated = subnet.text("properties", "privateEndpointNetworkPolicies")
    return stated in {value.casefold() for value in _laws()["endpoint_policies_on"]} if stated else None


def _policies_apply(subnet: Resource, notes: list[str]) -> bool:
    applied = policies_on_endpoints(subnet)
    if applied is None:
        notes.append(
            f"subnet {subnet.name} does not state privateEndpointNetworkPolicies; Azure's default is Disabled,"
            " so security groups do not act on private endpoints"
        )
    elif not applied:
        notes.append(
            f"network policies are off in subnet {subnet.name}: security groups do not act on private endpoints"
        )
    return bool(applied)


def _public(estate: Estate, place: Place, view: NetworkView) -> list[Layer]:
    """A Standard public address or load balancer is closed to inbound traffic until a security group opens it."""
    if place.interface is None:
        return []
    inner = view.virtual_network | Addresses.known(platform_addresses("load_balancer"))
    closed = {sku.casefold() for sku in _laws()["closed_skus"]}
    shut = FlowSet.box(source=inner)
    for address in _of_instances(place.interface):
        if isinstance(address.sku.known, Unknown):
            return [Layer(PUBLIC, place.interface.id, gap=address.sku.known)]
        if address.sku.known in closed:
            return [Layer(PUBLIC, place.interface.id, passing=shut, because=_CLOSED)]
    for front, gap in _fronts(estate, place.interface):
        if gap is not None:
            return [Layer(PUBLIC, front, gap=gap)]
        found = estate.find(front)
        if found is not None and found.text("sku", "name") in closed:
            return [Layer(PUBLIC, front, passing=shut, because=_CLOSED)]
    return []


def _of_instances(interface: Resource) -> tuple[InstanceAddress, ...]:
    """The public addresses that a scale set gives its instances at this interface."""
    return Pooled(interface).instance_addresses if interface.type == SCALE_SET_INTERFACE else ()


_CLOSED = "a Standard public address is closed to inbound traffic until a security group allows it"


def _fronts(estate: Estate, interface: Resource) -> list[tuple[ArmId, Unknown | None]]:
    """The public addresses of an interface and the load balancers in front of it."""
    ids = [*estate.targets(interface, Relation.HAS_ADDRESS), *balancers_before(estate, interface.id)]
    for n, _ in interface.items("properties", "ipConfigurations"):
        where = ("properties", "ipConfigurations", n, "properties", "loadBalancerBackendAddressPools")
        for at, _ in interface.items(*where):
            pool = interface.ref(*where, at)
            if pool is not None and pool.parent is not None:
                ids.append(pool.parent)
    out: list[tuple[ArmId, Unknown | None]] = []
    for id_ in dict.fromkeys(ids):
        found = estate.resolve(id_, interface.place("properties", "ipConfigurations"))
        out.append((id_, found if isinstance(found, Unknown) else None))
    return out
