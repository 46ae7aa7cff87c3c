"""Mutations of segmentation and of security groups: every rule of every group, in every field that decides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.mutations.every import Mutation, broken

GROUPS = {
    "nsg-appGatewaySubnet": ("AGW", "snet-appGateway"),
    "nsg-privateEndpointsSubnet": ("PE", "snet-privateEndpoints"),
    "nsg-appServicesSubnet": ("APP", "snet-appServicePlan"),
    "nsg-bastionSubnet": ("BAS", "AzureBastionSubnet"),
    "nsg-jumpboxSubnet": ("JMP", "snet-jumpbox"),
    "nsg-agentsSubnet": ("AGT", "snet-agents"),
    "nsg-trainingSubnet": ("TRN", "snet-training"),
    "nsg-scoringSubnet": ("SCO", "snet-scoring"),
}
_SESSION = ", PL-15 virtualMachines/vm-jmp-aibase"
_WAYS_THROUGH = {
    ("nsg-appGatewaySubnet", "Outbound.Allow.0"): ", NET-01 sites/app-aibase",
    ("nsg-appServicesSubnet", "Outbound.Allow.0"): ", PL-14 sites/app-aibase",
    ("nsg-bastionSubnet", "Inbound.Allow.0"): _SESSION,
    ("nsg-bastionSubnet", "Outbound.Allow.0"): _SESSION,
    ("nsg-jumpboxSubnet", "Outbound.Allow.0"): _SESSION,
}
"""Ways that lead through a rule."""
_FROM_THE_NETWORK = ("PE", "APP", "AGT", "TRN", "SCO")
_WAYS = {"IN": "Inbound", "OUT": "Outbound"}


def mutations() -> Iterator[Mutation]:
    """Groups, their rules, and the subnets they sit on."""
    for group, (short, subnet) in GROUPS.items():
        for way in _WAYS:
            yield from _holes(group, short, subnet, way)
        yield _without_group(group, short, subnet)
    yield from _needed_flows()
    yield from _segmentation()


def _rule(direction: str, properties: dict[str, Any]) -> dict[str, Any]:
    base = {
        "protocol": "Tcp",
        "sourcePortRange": "*",
        "sourceAddressPrefix": "*",
        "destinationAddressPrefix": "*",
        "destinationPortRange": "2222",
        "access": "Allow",
        "priority": 4000,
        "direction": direction,
    }
    return {"properties": base | properties}


def _holes(group: str, short: str, subnet: str, way: str) -> Iterator[Mutation]:
    """Doors of every shape above the deny, and a deny that does not deny."""
    direction = _WAYS[way]
    remote, here = (
        ("source", f"NSG-{short}-{way} {subnet}") if way == "IN" else ("destination", f"NSG-{short}-{way} {subnet}")
    )
    hole = f"{group}/properties/securityRules/Hole"
    address, several = f"{remote}AddressPrefix", f"{remote}AddressPrefixes"
    outside = "198.51.100.7"

    def door(name: str, **properties: Any) -> Mutation:
        # Priorities are unique within a direction, so the new rule takes one that no other has.
        changed = _rule(direction, {"priority": 101, address: outside} | properties)
        return broken(f"{group} {direction}: {name}", ("set", hole, changed), by=here)

    open_way = short == "AGW" and way == "OUT"  # the gateway may go out to the Internet anyway
    if not open_way:
        yield door("one host, one port")
        yield door("a list of ports", destinationPortRange=None, destinationPortRanges=["2222", "4444-4446"])
        yield door("a list of prefixes", **{address: None, several: ["198.51.100.0/25", "203.0.113.9"]})
        yield door("letter case", protocol="TCP", access="allow", direction=direction.upper())
        yield door("another protocol", protocol="Udp")
    deny = f"{group}/properties/securityRules/DenyAll{direction}/properties"
    # Where the row itself lets the network in, Azure's default adds nothing to it: only the explicit deny is missing.
    by = f"NSG-{short}-DENY {subnet}" + ("" if way == "IN" and short in _FROM_THE_NETWORK else f", {here}")
    yield broken(f"{group} {direction}: the deny denies one port", ("set", f"{deny}/destinationPortRange", "22"), by=by)
    yield broken(f"{group} {direction}: the deny knows Tcp only", ("set", f"{deny}/protocol", "Tcp"), by=by)
    side = "destination" if way == "IN" else "source"
    other = f"{side}AddressPrefix"
    yield broken(
        f"{group} {direction}: the deny names another subnet", ("set", f"{deny}/{other}", "10.0.200.0/24"), by=by
    )


def _without_group(group: str, short: str, subnet: str) -> Mutation:
    path = f"vnet-aibase/properties/subnets/{subnet}/properties/networkSecurityGroup"
    by = ", ".join(f"NSG-{short}-{row} {subnet}" for row in ("IN", "OUT", "DENY"))
    # The jump box's group is also the one whose rule names an application security group.
    more = ", SEG-04 vnet-aibase" if short == "JMP" else ""
    return broken(f"{subnet}: no group", ("unset", path), by=f"SEG-02 {subnet}, {by}{more}")


def _needed_flows() -> Iterator[Mutation]:
    """A rule that a service needs, denied."""
    needed = {
        "nsg-appGatewaySubnet": {"IN": (1, 2), "OUT": (0, 1)},
        "nsg-appServicesSubnet": {"OUT": (0,)},
        # GatewayManager and the load balancer come from the Internet, which Bastion's first rule lets in on 443.
        "nsg-bastionSubnet": {"IN": (0, 3), "OUT": (0, 1, 2, 3)},
        "nsg-jumpboxSubnet": {"OUT": (0,)},
        "nsg-agentsSubnet": {"OUT": (0,)},
    }
    for group, ways in needed.items():
        short, subnet = GROUPS[group]
        for way, numbers in ways.items():
            for number in numbers:
                rule = f"{_WAYS[way]}.Allow.{number}"
                path = f"{group}/properties/securityRules/{rule}/properties/access"
                by = f"NSG-{short}-{way} {subnet}{_WAYS_THROUGH.get((group, rule), '')}"
                yield broken(f"{group}: {rule} denies", ("set", path, "Deny"), by=by)


def _segmentation() -> Iterator[Mutation]:
    subnets = "vnet-aibase/properties/subnets"
    for value in ("Disabled", "RouteTableEnabled"):
        yield broken(
            f"groups do not apply to endpoints ({value})",
            ("set", f"{subnets}/snet-privateEndpoints/properties/privateEndpointNetworkPolicies", value),
            by="SEG-03 snet-privateEndpoints",
        )
    yield broken(
        "no interface is in an application group",
        ("set", "nic-jmp-aibase/properties/ipConfigurations/primary/properties/applicationSecurityGroups", []),
        by="SEG-04 vnet-aibase, PL-15 virtualMachines/vm-jmp-aibase",
    )
    for group, rule in (("nsg-appServicesSubnet", "Outbound.Allow.0"), ("nsg-jumpboxSubnet", "Outbound.Allow.0")):
        path = f"{group}/properties/securityRules/{rule}/properties"
        subnet = GROUPS[group][1]
        yield broken(
            f"{rule} of {group}: any port", ("set", f"{path}/destinationPortRange", "*"), by=f"SEG-05 {subnet}"
        )
        yield broken(f"{rule} of {group}: any protocol", ("set", f"{path}/protocol", "*"), by=f"SEG-05 {subnet}")
