"""One packet at a time through a hub with a firewall and a machine that forwards: plain loops, nothing of the product.

Says `yes`, `no`, or `unsure` where what decides is not in Azure's control plane (a machine that forwards), or where
replies pass the firewall by.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

FIREWALL, MACHINE = "10.0.9.4", "10.0.8.4"
SPACES = {"hub": "10.0.0.0/16", "va": "10.1.0.0/16", "vb": "10.2.0.0/16"}


@dataclass
class Filter:
    """A network rule of the firewall for TCP, or an application rule for any name, which is asked after those."""

    allows: bool
    source: str
    destination: str
    ports: str
    web: bool = False


@dataclass
class Hub:
    """Three networks. `routes` is by place: `a` and `b` in the spokes, `fw` for the firewall's subnet."""

    routes: dict[str, list[tuple[str, str, str]]]
    sides: dict[tuple[str, str], dict[str, bool]]
    filters: list[Filter] = field(default_factory=list)
    translates: bool = False
    forwards: bool = True

    def next_hop(self, place: str, network: str, to: str) -> tuple[str, str]:
        """The kind of hop and where it leads: the longest prefix wins, a user's route before the system's."""
        found = [(ip_network(p).prefixlen, 1, kind, at) for p, kind, at in self.routes.get(place, ()) if _in(to, p)]
        if _in(to, SPACES[network]):
            found.append((ip_network(SPACES[network]).prefixlen, 0, "VnetLocal", network))
        for one, other in self.sides:
            if one == network and _in(to, SPACES[other]) and (other, one) in self.sides:
                found.append((ip_network(SPACES[other]).prefixlen, 0, "VNetPeering", other))
        if not found:
            return "None", ""
        _, _, kind, at = max(found)
        return kind, at

    def crosses(self, network: str, other: str, sender: str) -> bool:
        """Whether packets get from one network into another; `sender` is the network that they were sent in."""
        if network == other:
            return True
        there, back = self.sides.get((network, other)), self.sides.get((other, network))
        if there is None or back is None or not there["access"] or not back["access"]:
            return False
        return sender == network or back["forwarded"]

    def passes(self, source: str, to: str, port: int) -> Filter | None:
        """The rule by which the firewall lets a packet through: the first one that matches, network rules first."""
        for each in (*(f for f in self.filters if not f.web), *(f for f in self.filters if f.web)):
            if _in(source, each.source) and _in(to, each.destination) and each.ports in ("*", str(port)):
                return each if each.allows else None
        return None

    def walk(self, place: str, network: str, source: str, to: str, port: int) -> tuple[str, str, list[str]]:
        """How a packet fares: the outcome, the address that it comes from in the end, and the firewalls on its way."""
        sender, over = network, []
        while True:
            kind, at = self.next_hop(place, network, to)
            if kind in ("VnetLocal", "VNetPeering"):
                end = network if kind == "VnetLocal" else at
                if not _in(to, SPACES[end]) or not self.crosses(network, end, sender):
                    return "no", source, over
                return "yes", source, over
            if kind != "VirtualAppliance":
                return "no", source, over
            if at in over or not self.crosses(network, "hub", sender):
                return "no", source, over
            if at == MACHINE:
                return ("unsure" if self.forwards else "no"), source, over
            rule = self.passes(source, to, port)
            if rule is None:
                return "no", source, over
            if self.translates or rule.web:
                source, sender = FIREWALL, "hub"
            over.append(at)
            place, network = "fw", "hub"

    def connects(self, source: str, to: str, port: int) -> str:
        """Whether a connection comes about between the machine in `a` and that in `b`."""
        outcome, seen_as, over = self.walk("a", "va", source, to, port)
        if outcome != "yes":
            return outcome
        kind, at = self.next_hop("b", "vb", seen_as)
        if seen_as == FIREWALL or not over:
            if kind == "VirtualAppliance":
                return "unsure"
            end = "hub" if seen_as == FIREWALL else "va"
            leads = (kind == "VNetPeering" and at == end) or (kind == "VnetLocal" and end == "vb")
            return "yes" if leads else "no"
        if kind == "VNetPeering" and at == "va":
            return "unsure"
        if kind != "VirtualAppliance":
            return "no"
        if at != FIREWALL:
            return "unsure"
        if not self.crosses("vb", "hub", "vb"):
            return "no"
        onwards, end = self.next_hop("fw", "hub", source)
        if onwards == "VirtualAppliance":
            return "unsure"
        return "yes" if onwards == "VNetPeering" and end == "va" and self.crosses("hub", "va", "vb") else "no"


def _in(address: str, prefix: str) -> bool:
    return prefix == "*" or ip_address(address) in ip_network(prefix)
