"""Security admin rules of Azure Virtual Network Manager, which come before every security group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from auditor.estate import Estate
from auditor.facts import load
from auditor.model import ArmId, Resource, Unknown
from auditor.network.nsg.evaluation import Evaluation
from auditor.network.nsg.rules import RuleReader, SecurityRule, unread_rules
from auditor.network.topology.words import NetworkView, undecided
from auditor.sets.packet_set import FlowSet
from auditor.sets.symbolic_addresses import Addresses

_MANAGER = "microsoft.network/networkmanagers"
_CONFIGURATION = f"{_MANAGER}/securityadminconfigurations"
_COLLECTION = f"{_CONFIGURATION}/rulecollections"
_RULE = f"{_COLLECTION}/rules"
_MEMBER = f"{_MANAGER}/networkgroups/staticmembers"
_EFFECTIVE = ("providers", "Microsoft.Network", "effectiveSecurityAdminRules", "default")
"""What Resource Graph (table networkresources) says is deployed to a network, below the network's id."""


def admin_rules(estate: Estate, network: Resource, direction: str, view: NetworkView) -> Evaluation:
    """The admin rules that act on a network in one direction.

    Whether a configuration was deployed is no property of it. Where the snapshot holds what Resource Graph knows of
    the network (`effectiveSecurityAdminRules/default`), that decides; else each rule acts or does not, and nobody
    knows, so that only what depends on it is unknown. No configuration at all means no rules.
    """
    reader = RuleReader(estate, view)
    rules: list[SecurityRule] = []
    for rule in estate.seen(_RULE):
        collection = rule.id.parent
        acts = False if collection is None else _acts(estate, collection, network)
        if acts is False:
            continue
        made = list(reader.read(rule, direction.casefold()))
        rules += made if acts is True else [_gated(one, acts, network) for one in made]
    for gap in _gaps(estate):
        rules += unread_rules(network, gap, ("Deny", "AlwaysAllow"), unlikely="a security admin rule")
    return Evaluation(network, direction.casefold(), rules)


def _acts(estate: Estate, collection: ArmId, network: Resource) -> bool | Unknown:
    """Whether the rules of a collection are in force in a network."""
    configuration = collection.parent
    deployed = _deployed(estate, network)
    if configuration is None or (deployed is not None and configuration not in deployed):
        return False
    groups = _groups(estate, collection)
    if groups == frozenset() and estate.find(collection) is not None:
        return False
    member = any(_has_member(estate, group, network) for group in groups)
    alone = all(_groups(estate, other.id) == groups for other in estate.seen(_COLLECTION, under=configuration))
    if deployed is not None and (member or alone):
        return True
    if deployed is not None:
        return Unknown(f"whether {network.name} is in a group of rule collection {collection.name} is not known")
    if _skipped(estate, configuration, network):
        return False
    return Unknown(
        f"whether security admin configuration {configuration.name} is deployed to {network.name} is no property of"
        " either; import what Resource Graph says (networkresources, effectivesecurityadminrules)"
    )


def _deployed(estate: Estate, network: Resource) -> frozenset[ArmId] | None:
    """The configurations in force in a network, `None` where the snapshot does not say."""
    found = estate.find(network.id.child(*_EFFECTIVE))
    if found is None:
        return None
    key = next((key for key in found.properties if key.casefold() == "effectivesecurityadminconfigurations"), "")
    ids = []
    for _, item in found.items("properties", key):
        text = next((str(value) for name, value in item.items() if name.casefold() == "id"), "")
        head, snapshot, _ = text.casefold().partition("/snapshots/")
        ids.append(ArmId(text[: len(head)] if snapshot else text))
    return frozenset(ids)


def _groups(estate: Estate, collection: ArmId) -> frozenset[ArmId]:
    found = estate.find(collection)
    if found is None:
        return frozenset()
    places = [n for n, _ in found.items("properties", "appliesToGroups")]
    refs = [found.ref("properties", "appliesToGroups", n, "networkGroupId") for n in places]
    return frozenset(ref for ref in refs if ref is not None)


def _has_member(estate: Estate, group: ArmId, network: Resource) -> bool:
    return any(member.ref("properties", "resourceId") == network.id for member in estate.seen(_MEMBER, under=group))


def _skipped(estate: Estate, configuration: ArmId, network: Resource) -> bool:
    """Networks of services with intent policies are left out unless the configuration says otherwise (section 12)."""
    found = estate.find(configuration)
    stated = (
        found.get("properties", "applyOnNetworkIntentPolicyBasedServices", default=["None"])
        if found is not None
        else ["None"]
    )
    if {str(item).casefold() for item in stated} - {"none"}:
        return False
    delegations = {
        str(delegation.get("properties", {}).get("serviceName", "")).casefold()
        for subnet in estate.seen("microsoft.network/virtualnetworks/subnets", under=network.id)
        for _, delegation in subnet.items("properties", "delegations")
    }
    return not delegations.isdisjoint(load("network-laws")["intent_policies"])


def _gated(rule: SecurityRule, why: Unknown, network: Resource) -> SecurityRule:
    configuration = rule.resource.id.parent
    name = f"if {rule.name} is in force ({configuration.key if configuration else rule.name} in {network.id.key})"
    gate = FlowSet.box(destination=Addresses.symbol(undecided(name, why)))
    return replace(rule, flows=rule.flows & gate)


def _gaps(estate: Estate) -> Iterator[Unknown]:
    """Lists that failed: a manager, a configuration or a rule may exist that nobody saw."""
    for kind in (_MANAGER, _CONFIGURATION, _COLLECTION, _RULE):
        gap = estate.coverage.gap(kind)
        if gap is not None:
            yield gap
            return
