"""`networkAcls` and `networkRuleSet`: the rule lists that storage, key vaults, registries, AI and search share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.documents.network_rules import NetworkRules, PublicEndpoint
from auditor.documents.view import Reading
from auditor.model import ArmId, Evidence, NotKnown, Resource, Unknown
from auditor.services.firewall_verdict import (
    EVERYBODY,
    NOBODY,
    FirewallVerdict,
    everybody,
)
from auditor.sets.address_set import AddressSet


def trusted(resource: Resource, facts: Mapping[str, Any]) -> bool:
    """Whether Microsoft's trusted services pass the rules. The setting may be a comma list (`Logging, Metrics`)."""
    setting = _bypass(resource, facts)
    stated = setting.value if setting is not None else ""
    words = {word.strip() for word in (stated or str(facts["bypass_absent"])).split(",")}
    return "azureservices" in words


def _bypass(resource: Resource, facts: Mapping[str, Any]) -> Reading[str] | None:
    """The exception for trusted services, where this kind has one."""
    if "bypass" not in facts:
        return None
    if facts["bypass"][-1] == "networkRuleBypassOptions":
        return PublicEndpoint(resource).registry_bypass
    return NetworkRules(resource, tuple(facts["rules"])).bypass


def rules_of(resource: Resource, facts: Mapping[str, Any]) -> Reading[NetworkRules | None]:
    """The rules of a service, under the name that its kind has for them; `None` where it states none."""
    endpoint = PublicEndpoint(resource)
    return endpoint.network_acls if facts["rules"][-1] == "networkAcls" else endpoint.network_rule_set


def by_network_rules(resource: Resource, facts: Mapping[str, Any], switch: Evidence) -> FirewallVerdict:
    """Who gets in by the rules, the public endpoint being on. Raises `NotKnown` where they cannot be read."""
    stated = rules_of(resource, facts)
    rules = stated.value
    if rules is None or _lets_everybody(rules, facts):
        at = stated.evidence if rules is None else rules.default_action.evidence
        return everybody(resource.id, f"{resource.name} takes connections from every address", switch, at)
    action = rules.default_action
    reasons = [switch, action.evidence]
    let_in, gap = _ip_rules(rules, reasons)
    if action.value != "deny" and "empty_rules_mean" not in facts:
        said = repr(action.evidence.value) if action.value else "not stated"
        gap = Unknown(f"defaultAction of {resource.name} is {said}, and Azure does not define what that does")
    subnets = _subnets(rules, reasons)
    instances = tuple(rule.instance.value for rule in rules.instance_rules.value)
    bypass = trusted(resource, facts)
    setting = _bypass(resource, facts)
    if bypass and setting is not None:
        reasons.append(setting.evidence)
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


def _lets_everybody(rules: NetworkRules, facts: Mapping[str, Any]) -> bool:
    """Rules that allow by default; search has no default action and counts its rules instead."""
    if facts.get("empty_rules_mean") == "allow":
        return not rules.ip_rules.value
    return rules.default_action.value == "allow"


def _ip_rules(rules: NetworkRules, reasons: list[Evidence]) -> tuple[AddressSet, Unknown | None]:
    let_in, gap = NOBODY, None
    for rule in (*rules.ip_rules.value, *rules.ipv6_rules.value):
        if rule.action.value not in ("allow", ""):
            continue
        reasons.append(rule.value.evidence)
        try:
            let_in |= AddressSet.of(rule.value.value)
        except NotKnown as unread:
            gap = unread.unknown
        except ValueError:
            said = rule.value.evidence.value
            gap = Unknown(f"the rule {said!r} of {rules.resource.name} is not an address or a range of addresses")
    return let_in, gap


def _subnets(rules: NetworkRules, reasons: list[Evidence]) -> tuple[ArmId, ...]:
    found = []
    for rule in rules.subnet_rules.value:
        stated = rule.subnet if rule.subnet.value is not None else rule.older
        if stated.value is not None and rule.action.value in ("allow", ""):
            found.append(stated.value)
            reasons.append(stated.evidence)
    return tuple(found)


def _says(resource: Resource, let_in: AddressSet, subnets: tuple[ArmId, ...]) -> str:
    parts = [] if let_in.is_empty else [str(let_in)]
    parts += [f"subnet {subnet.name}" for subnet in subnets]
    if not parts:
        return f"the firewall of {resource.name} denies every address"
    return f"the firewall of {resource.name} lets in {', '.join(parts)}"
