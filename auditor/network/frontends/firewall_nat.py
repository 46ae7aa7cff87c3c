"""Azure Firewall: destination NAT rules, of the firewall itself and of its policy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from auditor.estate import Estate, Relation
from auditor.model import ArmId, Evidence, Resource, Unknown

_GROUPS = "microsoft.network/firewallpolicies/rulecollectiongroups"


@dataclass(frozen=True)
class Translated:
    """A rule that sends what arrives at ports of the firewall's public addresses to an inner address and port."""

    name: str
    at: tuple[ArmId, ...]
    protocol: str
    ports: tuple[str, ...]
    to: str
    to_port: str
    evidence: Evidence


def translated(estate: Estate, firewall: Resource) -> Iterator[Translated]:
    """Every destination NAT rule that acts on a firewall."""
    at = estate.targets(firewall, Relation.HAS_ADDRESS)
    for index, _ in firewall.items("properties", "natRuleCollections"):
        path: tuple[str | int, ...] = ("properties", "natRuleCollections", index, "properties", "rules")
        for place, rule in firewall.items(*path):
            yield from _rule(rule, at, firewall.at(*path, place, "name"))
    policy = firewall.ref("properties", "firewallPolicy")
    for group in estate.seen(_GROUPS, under=policy) if policy else ():
        for index, collection in group.items("properties", "ruleCollections"):
            if str(collection.get("ruleCollectionType") or "").casefold() != "firewallpolicynatrulecollection":
                continue
            path = ("properties", "ruleCollections", index, "rules")
            for place, rule in group.items(*path):
                yield from _rule(rule, at, group.at(*path, place, "name"))


def untold(estate: Estate, firewall: Resource) -> Unknown | None:
    """Why a firewall may have rules that nobody read: its policy was not read, or the rules of it were not."""
    policy = firewall.ref("properties", "firewallPolicy")
    if policy is None:
        return None
    found = estate.resolve(policy, firewall.place("properties", "firewallPolicy", "id"))
    return found if isinstance(found, Unknown) else estate.coverage.gap(_GROUPS, under=policy)


def _rule(rule: Mapping[str, Any], at: tuple[ArmId, ...], evidence: Evidence) -> Iterator[Translated]:
    protocols = rule.get("ipProtocols") or rule.get("protocols") or ["TCP"]
    to = str(rule.get("translatedAddress") or rule.get("translatedFqdn") or "").casefold()
    ports = tuple(str(port) for port in rule.get("destinationPorts") or ["*"])
    if to:
        names = [str(p) for p in protocols]
        protocol = "Tcp/Udp" if any(n.casefold() == "any" for n in names) else "/".join(names)
        yield Translated(f"NAT rule {rule.get('name')}", at, protocol, ports, to, _port(rule, ports), evidence)


def _port(rule: Mapping[str, Any], ports: tuple[str, ...]) -> str:
    return str(rule.get("translatedPort") or ports[0])
