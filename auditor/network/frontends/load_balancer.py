"""Load balancers: which interfaces stand behind which port of which address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from auditor.estate import Estate
from auditor.model import ArmId, Evidence, Resource

_NIC = "microsoft.network/networkinterfaces"


@dataclass(frozen=True)
class Balanced:
    """A load balancing or NAT rule: from ports at an address (or subnet, for an internal one) to ports of members."""

    name: str
    at: tuple[ArmId, ...]
    protocol: str
    front: tuple[str, ...]
    back: tuple[str, ...]
    members: tuple[ArmId, ...]
    evidence: Evidence


def balanced(estate: Estate, balancer: Resource) -> Iterator[Balanced]:
    """Every rule of a load balancer that lets something in."""
    for kind in ("loadBalancingRules", "inboundNatRules"):
        for index, rule in balancer.items("properties", kind):
            path = ("properties", kind, index)
            inner = rule.get("properties")
            if not isinstance(inner, Mapping):
                continue
            members = _of_rule(estate, balancer, path) if kind == "loadBalancingRules" else _of_nat(balancer, path)
            name = f"{'rule' if kind == 'loadBalancingRules' else 'NAT rule'} {rule.get('name')}"
            yield Balanced(
                name,
                _frontend(balancer, balancer.ref(*path, "properties", "frontendIPConfiguration")),
                _protocol(inner),
                _front(inner),
                _ports(inner, "backendPort"),
                tuple(sorted(members)),
                balancer.at(*path, "name"),
            )


def _protocol(rule: Mapping[str, Any]) -> str:
    """`All` stands for TCP and UDP: a high availability rule of an internal load balancer."""
    stated = str(rule.get("protocol") or "Tcp")
    return "Tcp/Udp" if stated.casefold() == "all" else stated


def _front(rule: Mapping[str, Any]) -> tuple[str, ...]:
    start, end = rule.get("frontendPortRangeStart"), rule.get("frontendPortRangeEnd")
    return (f"{start}-{end}",) if start and end else _ports(rule, "frontendPort")


def _ports(rule: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """A port; 0 stands for all of them."""
    return (str(rule.get(key) or "*"),)


def _frontend(balancer: Resource, id_: ArmId | None) -> tuple[ArmId, ...]:
    for index, item in balancer.items("properties", "frontendIPConfigurations"):
        path = ("properties", "frontendIPConfigurations", index)
        named = id_ is not None and str(item.get("name")).casefold() == id_.name.casefold()
        if named or balancer.ref(*path) == id_:
            refs = (balancer.ref(*path, "properties", key) for key in ("publicIPAddress", "subnet"))
            return tuple(ref for ref in refs if ref is not None)
    return ()


def _of_rule(estate: Estate, balancer: Resource, path: tuple[str | int, ...]) -> frozenset[ArmId]:
    pools = [balancer.ref(*path, "properties", "backendAddressPool")]
    pools += [
        balancer.ref(*path, "properties", "backendAddressPools", at)
        for at, _ in balancer.items(*path, "properties", "backendAddressPools")
    ]
    found: frozenset[ArmId] = frozenset()
    for pool in pools:
        found |= members_of(estate, balancer, pool) if pool is not None else frozenset()
    return found


def _of_nat(balancer: Resource, path: tuple[str | int, ...]) -> frozenset[ArmId]:
    configuration = balancer.ref(*path, "properties", "backendIPConfiguration")
    return frozenset() if configuration is None else frozenset({_interface(configuration)})


def members_of(estate: Estate, balancer: Resource, pool: ArmId) -> frozenset[ArmId]:
    """The interfaces in a backend pool, whichever side states it."""
    found = {nic.id for nic in estate.seen(_NIC) if pool in _pools_of(nic)}
    for index, item in balancer.items("properties", "backendAddressPools"):
        if str(item.get("name")).casefold() != pool.name.casefold():
            continue
        path = ("properties", "backendAddressPools", index, "properties", "backendIPConfigurations")
        refs = (balancer.ref(*path, at) for at, _ in balancer.items(*path))
        found |= {_interface(ref) for ref in refs if ref is not None}
    return frozenset(found)


def backends_of(estate: Estate, balancer: Resource) -> frozenset[ArmId]:
    """Every interface behind a load balancer."""
    found: frozenset[ArmId] = frozenset()
    for index, pool in balancer.items("properties", "backendAddressPools"):
        own = balancer.ref("properties", "backendAddressPools", index)
        named = balancer.id.child("backendAddressPools", str(pool.get("name")))
        found |= members_of(estate, balancer, own or named)
    return found


def _pools_of(nic: Resource) -> frozenset[ArmId]:
    found = []
    for index, _ in nic.items("properties", "ipConfigurations"):
        path = ("properties", "ipConfigurations", index, "properties", "loadBalancerBackendAddressPools")
        found += [nic.ref(*path, at) for at, _ in nic.items(*path)]
    return frozenset(ref for ref in found if ref is not None)


def _interface(configuration: ArmId) -> ArmId:
    """The interface that an ip-configuration belongs to."""
    parent = configuration.parent
    return parent if parent is not None and configuration.type.endswith("/ipconfigurations") else configuration
