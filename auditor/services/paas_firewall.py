"""Who may reach a service over its public endpoint: one function a resource type, in one table.

    verdict = open_to(estate, account)
    verdict.closed            True, False or Unknown
    verdict.addresses         the exact set that is let in for certain

The defaults of absent settings are data: auditor/facts/public-access.json.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from auditor.documents.api_management import ApiManagement
from auditor.documents.ml_compute import COMPUTE
from auditor.documents.ml_workspace import OnlineEndpoint
from auditor.documents.network_rules import PublicEndpoint
from auditor.estate import Estate
from auditor.facts import load
from auditor.model import Evidence, NotKnown, Resource, Unknown
from auditor.services.app_service import site_open_to
from auditor.services.firewall_verdict import (
    FirewallVerdict,
    everybody,
    nobody,
    undecided,
)
from auditor.services.ml_compute import compute_open_to
from auditor.services.network_rules import by_network_rules, rules_of, trusted
from auditor.services.perimeter import beside_perimeter, by_perimeter
from auditor.services.public_doors import by_table, doors, is_accounted_for, sign_of_a_door
from auditor.services.publishers import FRONT_DOORS, front_door_open_to

_WORKSPACE = "microsoft.machinelearningservices/workspaces"


def open_to(estate: Estate, resource: Resource) -> FirewallVerdict:
    """Who may use the public endpoint of this resource.

    Raises `NotKnown` for a type that this version knows nothing about (see `FIREWALLS`); where its document shows that
    it can be a door, the reason says by what.
    """
    decide = FIREWALLS.get(resource.type)
    if decide is None:
        sign = sign_of_a_door(resource)
        shown = (
            ""
            if sign is None
            else f" ({sign.place.pointer.removeprefix('/')} of {resource.name} shows that it has one)"
        )
        raise NotKnown(Unknown(f"how {resource.type} decides who may use its public endpoint is not known here{shown}"))
    return beside_perimeter(estate, resource, decide(estate, resource))


def has_a_door(resource: Resource) -> bool:
    """Whether a resource has, or seems to have, a public endpoint that has to be judged."""
    return resource.type in FIREWALLS or sign_of_a_door(resource) is not None


def unjudged(estate: Estate) -> Mapping[str, int]:
    """How many resources of which kinds were neither judged as doors nor are known to be none, by lower-case type.

    Parts of other resources, and what the model of networks follows, are judged where they belong.
    """
    found: dict[str, int] = {}
    asked = {row["type"].casefold() for row in load("arm-reads")["reads"]}
    harmless = tuple(load("unfollowed-kinds")["harmless"])
    for resource in estate.resources:
        if resource.type in asked or any(fnmatchcase(resource.type, kind) for kind in harmless):
            continue  # it is read for what other rules ask of it, or carries nothing
        if resource.type and not has_a_door(resource) and not is_accounted_for(resource):
            found[resource.type] = found.get(resource.type, 0) + 1
    return dict(sorted(found.items()))


def public_access(resource: Resource) -> tuple[str, Evidence]:
    """The public access switch: `enabled`, `disabled`, `perimeter`, the unheard-of word, or empty where Azure
    does not define what its absence means; and the value that says so."""
    switch = PublicEndpoint(resource).public_access
    if switch.value in load("public-access")["perimeter"]:
        return "perimeter", switch.evidence
    return switch.value or _facts(resource).get("absent") or "", switch.evidence


def _facts(resource: Resource) -> Mapping[str, Any]:
    found: Mapping[str, Any] = load("public-access")["types"][resource.type]
    return found


def _switched(estate: Estate, resource: Resource) -> FirewallVerdict | None:
    """The verdict where the switch alone decides; `None` where the endpoint is on."""
    access, evidence = public_access(resource)
    facts = _facts(resource)
    if access == "enabled":
        return None
    if access == "disabled":
        survives = bool(facts.get("bypass_survives")) and trusted(resource, facts)
        says = f"public network access of {resource.name} is disabled"
        return nobody(resource.id, says, evidence, trusted=survives)
    if access == "perimeter":
        return by_perimeter(estate, resource)
    because = f"publicNetworkAccess of {resource.name} is {evidence.value!r}, a value that this version does not know"
    return undecided(resource.id, Unknown(because), evidence)


def _by_rules(estate: Estate, resource: Resource) -> FirewallVerdict:
    """Storage, key vault, registry, Azure AI services and search: a switch, then a list of rules."""
    decided = _switched(estate, resource)
    if decided is not None:
        return decided
    return by_network_rules(resource, _facts(resource), public_access(resource)[1])


def _by_switch(estate: Estate, resource: Resource) -> FirewallVerdict:
    """A switch and nothing else."""
    says = f"public network access of {resource.name} is enabled"
    return _switched(estate, resource) or everybody(resource.id, says, public_access(resource)[1])


def _online_endpoint(estate: Estate, resource: Resource) -> FirewallVerdict:
    """An online endpoint on managed machines; on a Kubernetes cluster its ingress decides, and the switch says nothing.

    learn.microsoft.com/azure/machine-learning/how-to-secure-kubernetes-inferencing-environment.
    """
    endpoint = OnlineEndpoint(resource)
    if endpoint.on_kubernetes:
        because = f"{resource.name} is served by a Kubernetes cluster, whose ingress decides who reaches it"
        return undecided(resource.id, Unknown(because), endpoint.compute.evidence)
    return _by_switch(estate, resource)


def _api_management(estate: Estate, resource: Resource) -> FirewallVerdict:
    """API Management: a switch; injected, the network decides (api-management/virtual-network-concepts)."""
    service = ApiManagement(resource)
    mode = service.network_mode.value
    if mode == "internal":
        says = f"{resource.name} is injected into a network in Internal mode and has no public gateway"
        return nobody(resource.id, says, service.network_mode.evidence)
    found = _by_switch(estate, resource)
    if mode == "external" and service.subnet.value is not None:
        why = (
            f"{resource.name} is injected in External mode, and the security group of its subnet decides who reaches it"
        )
        return found.but_not_read(Unknown(why))
    return found


def _workspace(estate: Estate, resource: Resource) -> FirewallVerdict:
    """A workspace: the switch, or the flag before it; then rules that only preview versions of the API show."""
    verdict = _switched(estate, resource) if public_access(resource)[0] else _workspace_by_flag(estate, resource)
    if verdict is not None:
        return verdict
    facts = _facts(resource)
    switch = PublicEndpoint(resource).public_access.evidence
    if rules_of(resource, facts).value is not None:
        return by_network_rules(resource, facts, switch)
    says = f"public network access of {resource.name} is enabled"
    opened = everybody(resource.id, says, switch)
    if _shows_preview_properties(estate):
        return opened
    hidden = f"{says}, but rules may narrow it: {facts['hidden_rules']}"
    return opened.but_not_read(Unknown(hidden))


def _workspace_by_flag(estate: Estate, resource: Resource) -> FirewallVerdict | None:
    flag = resource.at("properties", "allowPublicAccessWhenBehindVnet")
    if flag.value is True:
        return None
    ends = estate.seen(f"{_WORKSPACE}/privateendpointconnections", under=resource.id)
    if ends:
        says = f"{resource.name} is behind a private endpoint and does not allow public access"
        return nobody(resource.id, says, flag, ends[0].at("id"))
    return None


def _shows_preview_properties(estate: Estate) -> bool:
    """Whether workspaces were read through a version of the API that would have shown networkAcls."""
    versions = [read.api_version for read in estate.snapshot.reads if read.covers.casefold() == _WORKSPACE]
    return bool(versions) and all(v.endswith("-preview") and v >= "2024-10-01" for v in versions)


def _site(estate: Estate, resource: Resource) -> FirewallVerdict:
    return site_open_to(estate, resource)


def _by_table(estate: Estate, resource: Resource) -> FirewallVerdict:
    return by_table(estate, resource, open_to)


FIREWALLS: Mapping[str, Callable[[Estate, Resource], FirewallVerdict]] = {
    "microsoft.storage/storageaccounts": _by_rules,
    "microsoft.keyvault/vaults": _by_rules,
    "microsoft.containerregistry/registries": _by_rules,
    "microsoft.cognitiveservices/accounts": _by_rules,
    "microsoft.search/searchservices": _by_rules,
    _WORKSPACE: _workspace,
    f"{_WORKSPACE}/onlineendpoints": _online_endpoint,
    "microsoft.web/sites": _site,
    "microsoft.web/sites/slots": _site,
    "microsoft.apimanagement/service": _api_management,
    COMPUTE: compute_open_to,
    **dict.fromkeys(FRONT_DOORS, front_door_open_to),
    **dict.fromkeys(doors(), _by_table),
}
"""By lower-case ARM type."""
