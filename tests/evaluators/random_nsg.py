"""Random security groups with every construct, and packets at their edges. Deterministic by seed."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from random import Random
from typing import Any

from auditor.estate import Estate
from auditor.model import ArmId, Resource
from auditor.network.topology.service_tags import ServiceTags
from auditor.network.topology.words import NetworkView, network_view
from auditor.sets.address_set import AddressSet, number_of
from tests.azure_answers import estate_of
from tests.evaluators.brute_force_nsg import Surroundings

GROUP = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.Network"
NSG, NETWORK = f"{GROUP}/networkSecurityGroups/nsg", f"{GROUP}/virtualNetworks/net"
SPACE = ["10.0.0.0/16", "fd00:db8::/48"]
PEER, ROUTED, HOST = ["10.1.0.0/16"], ["172.20.0.0/14", "8.8.0.0/16"], "168.63.129.16/32"
TAGS = {
    "Storage": ["20.38.0.0/16", "52.239.0.0/16", "2603:1030::/32"],
    "Storage.WestEurope": ["20.38.96.0/20"],
    "AzureMonitor": ["20.38.128.0/24", "13.69.0.0/16"],
    "Sql": ["52.239.1.0/24", "40.68.37.0/24"],
}
PREFIXES = [
    "10.0.0.0/8", "10.0.0.0/16", "10.0.1.0/24", "10.0.1.128/25", "10.0.1.4", "10.0.2.0/24", "10.1.0.0/20",
    "10.1.2.3/32",
    "0.0.0.0/0", "1.2.3.4/0", "::/0", "fd00:db8::/64", "fd00:db8:0:1::5", "20.38.0.0/17", "20.38.97.0/24", "8.8.8.0/24",
    "192.168.0.0/16", "52.0.0.0/8", "10.0.1.77/26", "168.63.129.16", "128.0.0.0/1", "fe80::/10", "203.0.113.0/24",
]  # fmt: skip
TAG_WORDS = [
    "VirtualNetwork", "virtualnetwork", "VIRTUAL_NETWORK", "Internet", "INTERNET", "AzureLoadBalancer",
    "AZURE_LOADBALANCER", "Storage", "storage.westeurope", "AzureMonitor", "Sql", "*", "*", "Any",
]  # fmt: skip
PORTS = [
    "*",
    "*",
    "*",
    "22",
    "80",
    "443",
    "8080-8090",
    "0-65535",
    "1024-65535",
    "0",
    "65535",
    "443-443",
    "3389",
    "100-499",
]
ASGS = {
    f"{GROUP}/applicationSecurityGroups/web": ["10.0.1.4", "fd00:db8::7"],
    f"{GROUP}/applicationSecurityGroups/db": ["10.0.2.9"],
    f"{GROUP}/applicationSecurityGroups/none": [],
}


@dataclass
class Case:
    """A group as a document, the estate around it, and what the brute force has to know."""

    document: dict[str, Any]
    estate: Estate
    group: Resource
    view: NetworkView
    around: Surroundings
    numbers: list[Any] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)


def random_case(seed: int, rules: int = 14, tags: ServiceTags | None = None) -> Case:
    """The group of this seed. Half of the groups show their default rules, half leave them to Azure."""
    rng = Random(seed)
    document = {
        "id": NSG,
        "name": "nsg",
        "type": "Microsoft.Network/networkSecurityGroups",
        "properties": {"securityRules": _rules(rng, rng.randint(0, rules))},
    }
    if rng.random() < 0.5:
        document["properties"]["defaultSecurityRules"] = _defaults(rng)
    estate = estate_of([document, *_surroundings()])
    group, subnet = estate.find(ArmId(NSG)), estate.find(ArmId(f"{NETWORK}/subnets/a"))
    assert group is not None
    assert subnet is not None
    around = Surroundings(
        space=SPACE,
        virtual_network=[*SPACE, *PEER, *ROUTED, HOST],
        tags={name.lower(): prefixes for name, prefixes in TAGS.items()},
        groups={id_.lower(): members for id_, members in ASGS.items()},
    )
    view = network_view(estate, subnet, ServiceTags(TAGS, "test") if tags is None else tags)
    case = Case(document, estate, group, view, around)
    _edges(case)
    return case


def _rules(rng: Random, count: int) -> list[dict[str, Any]]:
    priorities = {way: rng.sample(range(100, 4097), count) for way in ("Inbound", "Outbound")}
    return [
        _rule(rng, f"rule{n}", way, priorities[way][n]) for n in range(count) for way in [rng.choice(list(priorities))]
    ]


def _rule(rng: Random, name: str, way: str, priority: int) -> dict[str, Any]:
    protocol = rng.choice(["Tcp", "TCP", "tcp", "Udp", "*", "*", "Icmp", "icmp", "Esp", "Ah"])
    stated: dict[str, Any] = {
        "priority": priority,
        "direction": rng.choice([way, way.upper(), way.lower()]),
        "access": rng.choice(["Allow", "Deny", "allow", "DENY"]),
        "protocol": protocol,
    }
    has_ports = protocol.lower() in ("tcp", "udp", "*")
    for side in ("source", "destination"):
        _spread(rng, stated, f"{side}PortRange", rng.choices(PORTS, k=rng.randint(1, 3)) if has_ports else ["*"])
        if rng.random() < 0.15:
            groups = rng.sample(list(ASGS), rng.randint(1, 2))
            stated[f"{side}ApplicationSecurityGroups"] = [{"id": rng.choice([g, g.upper()])} for g in groups]
            _unused(rng, stated, f"{side}AddressPrefix")
        else:
            words = [rng.choice(TAG_WORDS)] if rng.random() < 0.5 else rng.choices(PREFIXES, k=rng.randint(1, 3))
            _spread(rng, stated, f"{side}AddressPrefix", words)
    return {"name": name, "id": f"{NSG}/securityRules/{name}", "properties": stated}


def _spread(rng: Random, stated: dict[str, Any], field_: str, words: list[str]) -> None:
    """Singular, plural, or both together; what is unused is absent, null, empty text or an empty list."""
    plural = field_ + "es" if field_.endswith("Prefix") else field_ + "s"
    cut = rng.choice([0, 1]) if len(words) > 1 else rng.choice([0, 1, 1])
    _unused(rng, stated, field_)
    if words[:cut]:
        stated[field_] = words[0]
    if words[cut:]:
        stated[plural] = words[cut:]


def _unused(rng: Random, stated: dict[str, Any], field_: str) -> None:
    plural = field_ + "es" if field_.endswith("Prefix") else field_ + "s"
    for name, empty in ((field_, [None, ""]), (plural, [None, []])):
        if rng.random() < 0.7:
            stated[name] = rng.choice(empty)


def _defaults(rng: Random) -> list[dict[str, Any]]:
    from tests.evaluators.brute_force_nsg import DEFAULTS

    found = [
        {
            "name": name,
            "id": f"{NSG}/defaultSecurityRules/{name}",
            "properties": {
                "priority": priority, "direction": way.capitalize(), "access": access, "protocol": "*",
                "sourcePortRange": "*", "destinationPortRange": "*",
                "sourceAddressPrefix": source, "destinationAddressPrefix": destination,
                "sourceAddressPrefixes": [], "destinationAddressPrefixes": [],
            },
        }
        for way, rules in DEFAULTS.items()
        for name, priority, source, destination, access in rules
    ]  # fmt: skip
    rng.shuffle(found)
    return found


def _surroundings() -> list[dict[str, Any]]:
    table = f"{GROUP}/routeTables/t"
    routes = [
        {"name": f"r{n}", "properties": {"addressPrefix": p, "nextHopType": "None"}} for n, p in enumerate(ROUTED)
    ]
    peering = {
        "name": "p",
        "properties": {"peeringState": "Connected", "remoteAddressSpace": {"addressPrefixes": PEER}},
    }
    subnet = {"name": "a", "properties": {"addressPrefixes": ["10.0.1.0/24"], "routeTable": {"id": table}}}
    members = [(group, address) for group, addresses in ASGS.items() for address in addresses]
    interfaces = [
        {
            "id": f"{GROUP}/networkInterfaces/nic{n}",
            "properties": {
                "ipConfigurations": [
                    {"properties": {"privateIPAddress": address, "applicationSecurityGroups": [{"id": group}]}},
                    {"properties": {"privateIPAddress": "10.0.3.3"}},
                ]
            },
        }
        for n, (group, address) in enumerate(members)
    ]
    network = {
        "id": NETWORK,
        "properties": {
            "addressSpace": {"addressPrefixes": SPACE}, "subnets": [subnet], "virtualNetworkPeerings": [peering],
        },
    }  # fmt: skip
    return [network, {"id": table, "properties": {"routes": routes}}, *interfaces]


def _edges(case: Case) -> None:
    """Addresses and ports at and beside every edge of the words in play."""
    texts = [*PREFIXES, *SPACE, *PEER, *ROUTED, *(p for found in TAGS.values() for p in found)]
    networks = [ipaddress.ip_network(text, strict=False) for text in texts]
    for network in networks:
        for place in (network.network_address, network.broadcast_address):
            for step in (-1, 0, 1):
                if 0 <= int(place) + step < 2**place.max_prefixlen:
                    case.numbers.append(place + step)
    case.numbers = sorted(set(case.numbers), key=lambda a: (a.version, int(a)))
    case.ports = sorted(
        {p + d for t in PORTS if t != "*" for p in map(int, t.split("-")) for d in (-1, 0, 1)} & set(range(65536))
    )


def random_packet(
    rng: Random, case: Case, avoid: AddressSet, versions: tuple[int, ...] = (4, 4, 4, 6)
) -> dict[str, Any]:
    """A packet at the edges, or anywhere; `avoid` are the addresses that nobody but Azure can place."""
    version = rng.choice(versions)
    ends = []
    while len(ends) < 2:
        if rng.random() < 0.8:
            address = rng.choice(case.numbers)
        else:
            address = (
                ipaddress.ip_address(rng.getrandbits(32))
                if version == 4
                else ipaddress.IPv6Address(rng.getrandbits(128))
            )
        if address.version == version and not avoid.has(number_of(address)):
            ends.append(address)
    return {
        "protocol": rng.choice(["tcp", "tcp", "tcp", "udp", "icmp", "esp", "ah", "other"]),
        "source": ends[0],
        "destination": ends[1],
        "source_port": rng.choice(case.ports) if rng.random() < 0.5 else rng.randrange(65536),
        "destination_port": rng.choice(case.ports),
    }
