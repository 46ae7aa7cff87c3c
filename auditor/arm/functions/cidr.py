"""Functions of address ranges. Source: learn, "CIDR functions for ARM templates"."""

from __future__ import annotations

import ipaddress

from auditor.arm.functions.table import function, text_in, whole_in
from auditor.arm.values import TemplateError, Value

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _network(value: Value) -> _Network:
    try:
        return ipaddress.ip_network(text_in(value).strip(), strict=False)
    except ValueError:
        raise TemplateError(f"{value!r} is no address range"[:200]) from None


@function("parseCidr", 1)
def _parse(value: Value) -> Value:
    network = _network(value)
    first, last = network.network_address, network.broadcast_address
    host = network.num_addresses == 1
    if isinstance(network, ipaddress.IPv6Network):
        return {
            "network": str(first),
            "netmask": str(network.netmask),
            "firstUsable": str(first),
            "lastUsable": str(last),
            "cidr": network.prefixlen,
        }
    return {
        "network": str(first),
        "netmask": str(network.netmask),
        "broadcast": str(last),
        "firstUsable": str(first if host else first + 1),
        "lastUsable": str(last if host else last - 1),
        "cidr": network.prefixlen,
    }


@function("cidrSubnet", 3)
def _subnet(value: Value, prefix: Value, index: Value) -> str:
    network, size, number = _network(value), whole_in(prefix), whole_in(index)
    if not network.prefixlen <= size <= network.max_prefixlen:
        raise TemplateError(f"a range of /{size} does not fit into {network}")
    if not 0 <= number < 1 << (size - network.prefixlen):
        raise TemplateError(f"{network} holds no range number {number} of /{size}")
    return f"{network.network_address + (number << (network.max_prefixlen - size))}/{size}"


@function("cidrHost", 2)
def _host(value: Value, index: Value) -> str:
    network, number = _network(value), whole_in(index)
    if not 0 <= number < max(network.num_addresses - 1, 1):
        raise TemplateError(f"{network} holds no host number {number}")
    return str(network.network_address + (number + 1 if network.num_addresses > 1 else 0))
