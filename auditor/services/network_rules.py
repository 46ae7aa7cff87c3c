"""`networkAcls` and `networkRuleSet`: the rule lists that storage, key vaults, registries, AI and search share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.model import ArmId, Evidence, Resource, Unknown
from auditor.services.firewall_verdict import (
    EVERYBODY,
    NOBODY,
    FirewallVerdict,
    everybody,
)
from auditor.sets.address_set import AddressSet


def trusted(resource: Resource, facts: Mapping[str, Any]) -> bool:
    """Whether Microsoft's trusted services pass the rules. The setting may be a comma list (`Logging, Metrics`)."""
    stated = resource.text(*facts["bypass"]) if "bypass" in facts else ""
    words = {word.strip() for word in (stated or str(facts["bypass_absent"])).split(",")}
    return "azureservices" in words


def by_network_rules(resource: Resource, facts: Mapping[str, Any], switch: Evidence) -> FirewallVerdict:
    """Who gets in by the rules, the public endpoint being on."""
    path: tuple[str, ...] = tuple(facts["rules"])
    if _lets_everybody(resource, facts, path):
        at = resource.at(*path, "defaultAction") if resource.get(*path) else resource.at(*path)
        return everybody(resource.id, f"{resource.name} takes connections from every address", switch, at)
    action = resource.text(*path, "defaultAction")
    reasons = [switch, resource.at(*path, "defaultAction")]
    let_in, gap = _ip_rules(resource, path, reasons)
    if action != "deny" and "empty_rules_mean" not in facts:
        stated = repr(reasons[1].value) if action else "not stated"
        gap = Unknown(f"defaultAction of {resource.name} is {stated}, and Azure does not define what that does")
    subnets = _subnets(resource, path, reasons)
    instances = tuple(str(row.get("resourceId")) for _, row in resource.items(*path, "resourceAccessRules"))
    bypass = trusted(resource, facts)
    if bypass and "bypass" in facts:
        reasons.append(resource.at(*facts["bypass"]))
    return FirewallVerdict(
        resource.id,
        let_in,
        let_in if gap is None else EVERYBODY,
        _says(resource, let_in, subnets),
        tuple(reasons),
        bypass,
        subnets,
        instances,
        gap,
    )


def _lets_everybody(resource: Resource, facts: Mapping[str, Any], path: tuple[str, ...]) -> bool:
    """No rules object, or one that allows by default; search has no default action and counts its rules instead."""
    if facts.get("empty_rules_mean") == "allow":
        return not any(True for _ in resource.items(*path, "ipRules"))
    action = resource.text(*path, "defaultAction")
    return resource.get(*path) is None or action == "allow"


def _ip_rules(resource: Resource, path: tuple[str, ...], reasons: list[Evidence]) -> tuple[AddressSet, Unknown | None]:
    let_in, gap = NOBODY, None
    for kind in ("ipRules", "ipv6Rules"):
        for index, rule in resource.items(*path, kind):
            value = str(rule.get("value") or "")
            if str(rule.get("action") or "Allow").casefold() != "allow":
                continue
            at = resource.at(*path, kind, index, "value")
            try:
                let_in |= AddressSet.of(value)
            except ValueError:
                gap = Unknown(f"the rule {value!r} of {resource.name} is not an address or a range of addresses")
            reasons.append(at)
    return let_in, gap


def _subnets(resource: Resource, path: tuple[str, ...], reasons: list[Evidence]) -> tuple[ArmId, ...]:
    found = []
    for index, rule in resource.items(*path, "virtualNetworkRules"):
        text = rule.get("id") or rule.get("subnet")
        text = text.get("id") if isinstance(text, Mapping) else text
        if isinstance(text, str) and str(rule.get("action") or "Allow").casefold() == "allow":
            found.append(ArmId(text))
            reasons.append(resource.at(*path, "virtualNetworkRules", index, "id"))
    return tuple(found)


def _says(resource: Resource, let_in: AddressSet, subnets: tuple[ArmId, ...]) -> str:
    parts = [] if let_in.is_empty else [str(let_in)]
    parts += [f"subnet {subnet.name}" for subnet in subnets]
    if not parts:
        return f"the firewall of {resource.name} denies every address"
    return f"the firewall of {resource.name} lets in {', '.join(parts)}"
