"""Large networks made up for measuring: peered networks of guarded subnets, the same ones for the same seed."""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from auditor.estate import Estate, build_estate
from auditor.model import Read
from auditor.snapshot import Snapshot

PROVIDER = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.Network"
WHOLE = Read(path="made up", api_version="", status=200, covers="*", scope="/")

Document = dict[str, Any]


def documents(subnets: int, networks: int = 20, groups: int = 200, rules: int = 100, seed: int = 1) -> list[Document]:
    """Networks that are all peered with each other, their subnets, and groups that guard the subnets in turn.

    Rules name every address, tags, networks, subnets and single machines; half of them are inbound, half allow.
    """
    rng = Random(seed)
    each = subnets // networks
    prefixes = [f"10.{v}.{s}.0/24" for v in range(networks) for s in range(each)]
    made = [_network(v, networks, each, groups) for v in range(networks)]
    return [*made, *(_group(g, rules, networks, prefixes, rng) for g in range(groups))]


def estate(found: list[Document]) -> Estate:
    """The estate of these documents, all of it read."""
    return build_estate(Snapshot(documents=tuple(found), reads=(WHOLE,)))


def _network(v: int, networks: int, each: int, groups: int) -> Document:
    name = f"{PROVIDER}/virtualNetworks/v{v}"
    subnets = [
        {
            "id": f"{name}/subnets/s{s}",
            "name": f"s{s}",
            "properties": {
                "addressPrefix": f"10.{v}.{s}.0/24",
                "networkSecurityGroup": {"id": f"{PROVIDER}/networkSecurityGroups/g{(v * each + s) % groups}"},
            },
        }
        for s in range(each)
    ]
    peerings = [
        {
            "id": f"{name}/virtualNetworkPeerings/to{w}",
            "name": f"to{w}",
            "properties": {
                "peeringState": "Connected",
                "allowVirtualNetworkAccess": True,
                "remoteVirtualNetwork": {"id": f"{PROVIDER}/virtualNetworks/v{w}"},
                "remoteAddressSpace": {"addressPrefixes": [f"10.{w}.0.0/16"]},
            },
        }
        for w in range(networks)
        if w != v
    ]
    space = {"addressPrefixes": [f"10.{v}.0.0/16"]}
    properties = {"addressSpace": space, "subnets": subnets, "virtualNetworkPeerings": peerings}
    return {"id": name, "name": f"v{v}", "type": "Microsoft.Network/virtualNetworks", "properties": properties}


def _group(g: int, rules: int, networks: int, prefixes: list[str], rng: Random) -> Document:
    name = f"{PROVIDER}/networkSecurityGroups/g{g}"
    listed = [_rule(name, n, networks, prefixes, rng) for n in range(rules)]
    return {
        "id": name,
        "name": f"g{g}",
        "type": "Microsoft.Network/networkSecurityGroups",
        "properties": {"securityRules": listed},
    }


def _rule(group: str, n: int, networks: int, prefixes: list[str], rng: Random) -> Document:
    def side() -> str:
        machine = f"{rng.choice(prefixes)[:-4]}{rng.randrange(256)}/32"
        subnet, network = rng.choice(prefixes), f"10.{rng.randrange(networks)}.0.0/16"
        return rng.choice(["*", "VirtualNetwork", "Internet", subnet, subnet, subnet, machine, network])

    low = rng.randrange(1, 60000)
    port = rng.choice(["*", str(low), "443", "22", "3389", f"{low}-{low + rng.randrange(1, 500)}"])
    stated = {
        "priority": 100 + n,
        "direction": rng.choice(["Inbound", "Outbound"]),
        "access": rng.choice(["Allow", "Deny"]),
        "protocol": rng.choice(["Tcp", "Tcp", "Udp", "*"]),
        "sourceAddressPrefix": side(),
        "destinationAddressPrefix": side(),
        "sourcePortRange": "*",
        "destinationPortRange": port,
    }
    return {"id": f"{group}/securityRules/r{n}", "name": f"r{n}", "properties": stated}
