"""A second evaluator of security groups that shares no code with the product: one packet, rule after rule.

It reads the JSON of a group and says which rule decides a packet. What words stand for is given: the prefixes of each
service tag, the addresses of each application security group, the network's own space. Addresses that only Azure can
place (the doubtful part of Internet) are for the caller to avoid.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PRIVATE = [
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.2.0/24",
        "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3",
    )
]  # fmt: skip

DEFAULTS = {
    "inbound": [
        ("AllowVnetInBound", 65000, "VirtualNetwork", "VirtualNetwork", "Allow"),
        ("AllowAzureLoadBalancerInBound", 65001, "AzureLoadBalancer", "*", "Allow"),
        ("DenyAllInBound", 65500, "*", "*", "Deny"),
    ],
    "outbound": [
        ("AllowVnetOutBound", 65000, "VirtualNetwork", "VirtualNetwork", "Allow"),
        ("AllowInternetOutBound", 65001, "*", "Internet", "Allow"),
        ("DenyAllOutBound", 65500, "*", "*", "Deny"),
    ],
}

ALIASES = {
    "virtualnetwork": "virtualnetwork",
    "virtual_network": "virtualnetwork",
    "internet": "internet",
    "azureloadbalancer": "azureloadbalancer",
    "azure_loadbalancer": "azureloadbalancer",
}


@dataclass
class Surroundings:
    """What words stand for. `space` is the network's own, `virtual_network` the whole tag; both lists of prefixes."""

    space: list[str]
    virtual_network: list[str]
    tags: Mapping[str, list[str]]
    groups: Mapping[str, list[str]]


class Walker:
    """The rules of one group and direction, ready to be walked."""

    def __init__(self, document: Mapping[str, Any], direction: str, around: Surroundings) -> None:
        self.around = around
        self.inner = [ipaddress.ip_network(p) for p in around.space]
        stated = document["properties"]
        bodies = [*(stated.get("securityRules") or []), *(stated.get("defaultSecurityRules") or [])]
        rules = [b for b in bodies if b["properties"]["direction"].lower() == direction]
        if not any(b["properties"]["priority"] >= 65000 for b in rules):
            rules += [
                {
                    "name": name,
                    "properties": {
                        "priority": priority, "access": access, "protocol": "*",
                        "sourcePortRange": "*", "destinationPortRange": "*",
                        "sourceAddressPrefix": source, "destinationAddressPrefix": destination,
                    },
                }
                for name, priority, source, destination, access in DEFAULTS[direction]
            ]  # fmt: skip
        rules.sort(key=lambda b: b["properties"]["priority"])
        self.rules = [self._prepared(b) for b in rules]

    def decide(self, packet: Mapping[str, Any]) -> tuple[str, str]:
        """Access and name of the first rule that matches."""
        source, destination = packet["source"], packet["destination"]
        for name, access, protocol, sides in self.rules:
            if protocol not in ("*", packet["protocol"]):
                continue
            if self._side(sides[0], source, packet) and self._side(sides[1], destination, packet):
                return access, name
        raise AssertionError("the last default rule matches everything")

    def _prepared(self, body: Mapping[str, Any]) -> tuple[str, str, str, Any]:
        stated = body["properties"]
        protocol = stated["protocol"].lower()
        sides = []
        for side in ("source", "destination"):
            words = self._words(stated, f"{side}AddressPrefix", f"{side}AddressPrefixes")
            networks, outside = [], False
            for word in words:
                if ALIASES.get(word.lower()) == "internet":
                    outside = True
                else:
                    networks += self._networks(word)
            for group in stated.get(f"{side}ApplicationSecurityGroups") or []:
                networks += [ipaddress.ip_network(a) for a in self.around.groups[group["id"].lower()]]
            ports = []
            for text in self._words(stated, f"{side}PortRange", f"{side}PortRanges"):
                low, _, high = text.partition("-")
                ports.append((0, 65535) if text == "*" else (int(low), int(high or low)))
            sides.append((side, networks, outside, ports))
        return body["name"], stated["access"].capitalize(), protocol, sides

    @staticmethod
    def _words(stated: Mapping[str, Any], singular: str, plural: str) -> list[str]:
        return [w for w in [stated.get(singular), *(stated.get(plural) or [])] if w]

    def _networks(self, word: str) -> list[Any]:
        known = ALIASES.get(word.lower())
        if word == "*" or word.lower() == "any":
            return [ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0")]
        if known == "virtualnetwork":
            return [ipaddress.ip_network(p) for p in self.around.virtual_network]
        if known == "azureloadbalancer":
            return [ipaddress.ip_network(p) for p in ("168.63.129.16/32", "fe80::1234:5678:9abc/128")]
        if word.lower() in self.around.tags:
            return [ipaddress.ip_network(p) for p in self.around.tags[word.lower()]]
        return [ipaddress.ip_network(word, strict=False)]

    def _side(self, prepared: Any, address: Any, packet: Mapping[str, Any]) -> bool:
        side, networks, outside, ports = prepared
        if packet["protocol"] in ("tcp", "udp"):
            port = packet[f"{side}_port"]
            if not any(low <= port <= high for low, high in ports):
                return False
        elif (0, 65535) not in ports:
            return False
        if any(address in network for network in networks):
            return True
        return outside and self._is_internet(address)

    def _is_internet(self, address: Any) -> bool:
        if address.version == 6 and address not in ipaddress.ip_network("2000::/3"):
            return False
        return not any(address in network for network in (*PRIVATE, *self.inner))
