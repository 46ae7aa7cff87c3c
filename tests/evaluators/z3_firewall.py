"""A firewall policy put to Z3: its rules as a formula over one IPv4 packet. Shares no code with the product."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_address, ip_network
from typing import Any

import z3

from tests.evaluators.z3_nsg import DESTINATION, DESTINATION_PORT, NUMBERS, PROTOCOL, SOURCE, among, within


def allowed(policies: Sequence[Sequence[Mapping[str, Any]]], ip_groups: Mapping[str, Sequence[str]]) -> Any:
    """True for the packets that pass: farthest policies first, then by priority, network rules first."""
    rules = [rule for policy in policies for rule in _in_order(policy)]
    ordered = [rule for rule in rules if not _is_web(rule[1])] + [rule for rule in rules if _is_web(rule[1])]
    found = z3.BoolVal(False)
    for allows, rule in reversed(ordered):
        found = z3.If(_matches(rule, ip_groups), z3.BoolVal(allows), found)
    return found


def _is_web(rule: Mapping[str, Any]) -> bool:
    return bool(rule["ruleType"] == "ApplicationRule")


def _in_order(groups: Sequence[Mapping[str, Any]]) -> list[tuple[bool, Mapping[str, Any]]]:
    found = []
    for group in sorted(groups, key=lambda each: each["priority"]):
        for collection in sorted(group["ruleCollections"], key=lambda each: each["priority"]):
            found += [(collection["action"]["type"] == "Allow", rule) for rule in collection["rules"]]
    return found


def _matches(rule: Mapping[str, Any], ip_groups: Mapping[str, Sequence[str]]) -> Any:
    parts = [_ends(rule, "source", SOURCE, ip_groups)]
    if _is_web(rule):
        return z3.And(
            *parts, NUMBERS["tcp"] == PROTOCOL, z3.Or([p["port"] == DESTINATION_PORT for p in rule["protocols"]])
        )
    parts.append(_ends(rule, "destination", DESTINATION, ip_groups))
    protocols = [name.lower() for name in rule["ipProtocols"]]
    if "any" not in protocols:
        parts.append(z3.Or([NUMBERS[name] == PROTOCOL for name in protocols]))
    bounds = [(0, 65535) if text == "*" else _bounds(text) for text in rule["destinationPorts"]]
    ported = z3.Or([z3.And(z3.UGE(DESTINATION_PORT, low), z3.ULE(DESTINATION_PORT, high)) for low, high in bounds])
    whole = z3.BoolVal((0, 65535) in bounds)
    return z3.And(*parts, z3.If(z3.ULE(PROTOCOL, 1), ported, whole))


def _bounds(text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    return int(low), int(high or low)


def _ends(rule: Mapping[str, Any], side: str, address: Any, ip_groups: Mapping[str, Sequence[str]]) -> Any:
    words = [*rule.get(f"{side}Addresses", ())]
    words += [word for group in rule.get(f"{side}IpGroups", ()) for word in ip_groups[group]]
    return z3.Or([_inside(address, word) for word in words])


def _inside(address: Any, word: str) -> Any:
    if word == "*":
        return z3.BoolVal(True)
    first, dash, last = word.partition("-")
    if dash:
        return among(address, [(int(ip_address(first)), int(ip_address(last)))])
    return within(address, ip_network(word, strict=False))
