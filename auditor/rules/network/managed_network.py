"""The workspace's managed network: what leaves it, and by which ways."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import msgspec

from auditor.documents.defaults import Setting, az, setting
from auditor.documents.ml_workspace import OnlineDeployment, Workspace
from auditor.documents.outbound_rule import OutboundRule as Stated
from auditor.documents.private_endpoint import TargetSide
from auditor.model import ArmId, NotKnown, Resource, Unknown, Verdict
from auditor.model.change import Change, create, delete, set_to
from auditor.rules.rule import Answer, broken, decides, holds, not_applicable, unknown
from auditor.text.shell import q
from auditor.workload.managed_network import (
    OutboundRule,
    managed_connections,
    outbound_rules,
    private_link_targets,
)
from auditor.workload.parts import Workload


class ModeTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The isolation mode that the managed network must have."""

    mode: str


@decides(on=lambda w: w.workspaces, part="workspace", terms=ModeTerms)
def managed_network_lets_everything_out(workspace: Resource, w: Workload, terms: ModeTerms) -> Answer:
    """The workspace's managed network lets out more than has been approved.

    What is read: `managedNetwork.isolationMode` of the workspace. Absent means Disabled: no managed network at all.

    Why it matters: flows, compute instances and deployments run code that reads the company's data. In this mode they
    can send it only where an outbound rule leads.

    What is wrong: the mode is AllowInternetOutbound, or Disabled.

    How to put it right: `az ml workspace update --managed-network allow_only_approved_outbound`. Azure does not take a
    workspace from AllowInternetOutbound back to Disabled, but it does take it forward to this mode.

    References: article, "Flow from the Azure Machine Learning managed virtual network to Azure PaaS services";
    learn.microsoft.com/azure/machine-learning/how-to-managed-network.
    """
    mode = setting(workspace, "properties", "managedNetwork", "isolationMode")
    if mode.is_one_of(terms.mode):
        return holds(workspace, f"the managed network of {workspace.name} is in mode {mode}", mode.evidence)
    says = f"the managed network of {workspace.name} is in mode {mode}, not {terms.mode}"
    changes = _mode_set(workspace, terms.mode)
    return broken(workspace, says, mode.evidence, fix=_to_mode(workspace), changes=changes)


def _mode_set(workspace: Resource, mode: str) -> list[Change]:
    lost = f"what computes of {workspace.name} reach without an approved outbound rule they cannot reach any more"
    return [set_to(workspace.id, "properties/managedNetwork/isolationMode", mode, warning=lost)]


def _to_mode(workspace: Resource) -> str:
    return az("ml workspace update", workspace, "--managed-network allow_only_approved_outbound")


class StatusTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The one status that is good enough."""

    status: str


@decides(on=lambda w: w.workspaces, part="workspace", terms=StatusTerms)
def managed_network_does_not_exist(workspace: Resource, w: Workload, terms: StatusTerms) -> Answer:
    """The managed network is configured but has not been created yet, or there is none.

    What is read: `managedNetwork.status.status`, beside the isolation mode.

    Why it matters: until it is provisioned none of its private endpoints exists, and its rules stay Inactive. The
    first compute creates it, which takes its time on the very day it is needed.

    What is wrong: the status is Inactive, or the mode is Disabled.

    How to put it right: `az ml workspace provision-network`.

    References: article, introduction (a managed virtual network is created);
    learn.microsoft.com/azure/machine-learning/how-to-managed-network#manually-provision-a-managed-vnet.
    """
    mode = setting(workspace, "properties", "managedNetwork", "isolationMode")
    if mode.is_one_of("Disabled"):
        says = f"{workspace.name} has no managed network: its isolation mode is {mode}"
        return broken(workspace, says, mode.evidence, fix=_to_mode(workspace))
    status = setting(workspace, "properties", "managedNetwork", "status", "status")
    if status.is_one_of(terms.status):
        return holds(workspace, f"the managed network of {workspace.name} is {status}", status.evidence)
    says = f"the managed network of {workspace.name} is {status}, not {terms.status}"
    return broken(workspace, says, status.evidence, fix=_provision(workspace))


def _provision(workspace: Resource) -> str:
    return (
        f"az ml workspace provision-network --name {q(workspace.name)}"
        f" --resource-group {q(workspace.id.resource_group)}"
    )


_NAMED_BY = {"storage": "storageAccount", "registry": "containerRegistry", "vault": "keyVault"}
"""Targets that the workspace itself names, and the property that names them."""

_LISTED = {"openai": lambda w: w.openai, "search": lambda w: w.searches}


class OutboundTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row of the outbound rules: to which part, by which group ids, of which type, category and status."""

    target: str
    groups: tuple[str, ...]
    type: str
    category: str
    status: str

    def __post_init__(self) -> None:
        """Refuse a target that no workload has."""
        known = (*_NAMED_BY, *_LISTED)
        if self.target not in known:
            raise ValueError(f"`{self.target}` is no target; it is one of {', '.join(known)}")


@decides(on=lambda w: w.workspaces, part="workspace", terms=OutboundTerms)
def no_outbound_rule_leads_there(workspace: Resource, w: Workload, terms: OutboundTerms) -> Iterator[Verdict]:
    """The managed network has no private way to a service that the flow uses.

    What is read: the workspace's outbound rules: their type, what their destination is (`serviceResourceId` and
    `subresourceTarget`), their category and status. Names are not asked.

    Why it matters: without the rule the flow either cannot reach the service or, where the network lets it out, goes
    to its public endpoint.

    What is wrong: no rule of the type leads to the service with the group id it needs; or one does, but its category
    is another (Required rules are Azure's own, UserDefined ones yours), or its status is not Active.

    How to put it right: `az ml workspace outbound-rule set --type private_endpoint` for a service of your own;
    `az ml workspace provision-network` for the required rules, which Azure makes itself.

    References: article, "Flow from the Azure Machine Learning managed virtual network to Azure PaaS services";
    learn.microsoft.com/azure/machine-learning/how-to-managed-network#configure-outbound-rules.
    """
    targets = _targets(workspace, w, terms.target)
    if not targets:
        called = {"openai": "Azure OpenAI account", "search": "AI Search service"}.get(terms.target, terms.target)
        yield not_applicable(workspace, f"{workspace.name} has no {called} to lead a rule to")
    for target in targets:
        yield _way_to(target, workspace, w, terms, aspect=target.name if len(targets) > 1 else "")


def _targets(workspace: Resource, w: Workload, target: str) -> tuple[ArmId, ...]:
    if target in _LISTED:
        return tuple(r.id for r in _LISTED[target](w))
    named = Workspace(workspace).uses(_NAMED_BY[target]).value
    return w.pins.of(target) or ((named,) if named is not None else ())


def _way_to(target: ArmId, workspace: Resource, w: Workload, terms: OutboundTerms, aspect: str) -> Verdict:
    there = [r for r in outbound_rules(w) if r.target == target and r.type == terms.type.casefold()]
    good = [r for r in there if r.category == terms.category.casefold() and r.status == terms.status.casefold()]
    for group in terms.groups:
        if any(r.group == group.casefold() for r in good):
            continue
        fix = _add_rule(workspace, target, group) if terms.category == "UserDefined" else _provision(workspace)
        near = [r for r in there if r.group == group.casefold()]
        if near:
            return replace(_near_miss(near[0], workspace, terms, fix), aspect=aspect)
        says = f"no outbound rule of {workspace.name} leads to {target.name} ({group})"
        if workspace.plan is not None and terms.category == "Required":
            why = Unknown(f"{says} yet: Azure adds the required ones when it makes the managed network", absent=True)
            return replace(unknown(workspace, why), aspect=aspect)
        mode = workspace.shown("properties", "managedNetwork", "isolationMode")
        changes = _rule_added(workspace, target, group, terms) if terms.category == "UserDefined" else ()
        return broken(workspace, says, mode, fix=fix, aspect=aspect, changes=changes)
    says = f"outbound rules of {workspace.name} lead to {target.name} ({', '.join(terms.groups)})"
    evidence = [r.resource.shown("properties", "destination", "subresourceTarget") for r in good]
    return holds(workspace, says, *evidence, aspect=aspect)


def _near_miss(rule: OutboundRule, workspace: Resource, terms: OutboundTerms, fix: str) -> Verdict:
    """What is wrong with a rule that leads to the right place."""
    stated = rule.resource
    status, category = stated.shown("properties", "status"), stated.shown("properties", "category")
    for key, evidence in (("status", status), ("category", category)):
        if evidence.value is None:
            because = f"the outbound rule {stated.name} of {workspace.name} does not show its {key}"
            return unknown(workspace, Unknown(because, absent=True), evidence)
    says = (
        f"the outbound rule {stated.name} of {workspace.name} is {category.value} and {status.value},"
        f" not {terms.category} and {terms.status}"
    )
    return broken(workspace, says, status, category, fix=fix)


def _add_rule(workspace: Resource, target: ArmId, group: str) -> str:
    return (
        f"az ml workspace outbound-rule set --workspace-name {q(workspace.name)}"
        f" --resource-group {q(workspace.id.resource_group)} --rule {q(target.name)} --type private_endpoint"
        f" --service-resource-id {q(target.text)} --subresource-target {q(group)}"
    )


def _rule_added(workspace: Resource, target: ArmId, group: str, terms: OutboundTerms) -> list[Change]:
    id_ = workspace.id.child("outboundRules", f"{target.name}-{group}")
    destination = {"serviceResourceId": target.text, "subresourceTarget": group, "sparkEnabled": False}
    body = {"type": terms.type, "category": terms.category, "status": terms.status, "destination": destination}
    return [create(id_, {"properties": body})]


class OwnRuleTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A type of outbound rule that must not be added, and the categories of those that Azure adds itself."""

    type: str
    own: tuple[str, ...]


@decides(on=lambda w: w.workspaces, part="workspace", terms=OwnRuleTerms)
def outbound_rule_leads_outside(workspace: Resource, w: Workload, terms: OwnRuleTerms) -> Answer:
    """A user-defined outbound rule leads out of the managed network without a private endpoint.

    What is read: type, category and destination of the workspace's outbound rules. Those of category Required or
    Dependency are Azure's own (`__SYS_...`) and are left out, and so are those that deny.

    Why it matters: a host name or a service tag is shared with everybody else who uses it. Data can leave to any
    storage account of the world through the tag Storage, and to any page of a host through its name.

    What is wrong: there is a rule of this type that Azure did not add. The article names downloads of packages and
    clones of repositories as what would need one, and leaves them out.

    How to put it right: `az ml workspace outbound-rule remove`; reach Azure services by private endpoint rules instead.

    References: article, "Flow from the Azure Machine Learning managed virtual network to Azure PaaS services"
    ("Although not in this architecture");
    learn.microsoft.com/azure/machine-learning/how-to-managed-network#configure-outbound-rules.
    """
    of_type = [r for r in outbound_rules(w) if r.type == terms.type.casefold() and not Stated(r.resource).denies]
    own = {category.casefold() for category in terms.own}
    unclear = [r.resource for r in of_type if not r.category]
    added = [r.resource for r in of_type if r.category and r.category not in own]
    if added:
        evidence = [r.shown("properties", "destination") for r in added]
        names = ", ".join(f"{r.name} ({_shown(r)})" for r in added)
        fix = (
            f"az ml workspace outbound-rule remove --workspace-name {q(workspace.name)}"
            f" --resource-group {q(workspace.id.resource_group)} --rule {q(added[0].name)}"
        )
        says = f"{workspace.name} has outbound rules of type {terms.type} that were added: {names}"
        changes = [delete(r.id, f"flows that use {_shown(r)} cannot reach it any more") for r in added]
        return broken(workspace, says, *evidence, fix=fix, changes=changes)
    if unclear:
        because = f"the outbound rule {unclear[0].name} of {workspace.name} does not show its category"
        return unknown(workspace, Unknown(because), unclear[0].shown("properties", "category"))
    says = f"no user-defined outbound rule has type {terms.type} to {workspace.name}"
    return holds(workspace, says, *(r.resource.shown("properties", "category") for r in of_type))


def _shown(rule: Resource) -> str:
    return Stated(rule).shown_destination


@decides(part="target of a managed private endpoint", terms=StatusTerms)
def managed_endpoint_not_approved(w: Workload, terms: StatusTerms) -> Iterator[Verdict]:
    """A service has not approved the managed network's private endpoint that leads to it.

    What is read: for every service that an active outbound rule leads to, the connections it shows whose endpoint is
    in none of your subscriptions: managed private endpoints live in one of Microsoft's.

    Why it matters: the rule on the workspace's side says Active as soon as the endpoint exists. It carries traffic
    only when the service's side has approved it.

    What is wrong: fewer of these connections are Approved than the rules need.

    How to put it right: `az network private-endpoint-connection approve`, or give the workspace's identity the role
    that lets it approve by itself.

    References: article, "Flow from the Azure Machine Learning managed virtual network to Azure PaaS services";
    learn.microsoft.com/azure/machine-learning/how-to-managed-network#private-endpoints.
    """
    targets = private_link_targets(w)
    if not targets:
        yield not_applicable(None, "no active outbound rule leads to a service by private endpoint")
    for target, groups in targets.items():
        try:
            yield _approved(target, groups, w, terms)
        except NotKnown as gap:
            yield unknown(target, gap.unknown)


def _approved(target: ArmId, groups: frozenset[str], w: Workload, terms: StatusTerms) -> Verdict:
    found = managed_connections(w.estate, target)
    states = {c: TargetSide(c).state for c in found}
    approved = [c for c, state in states.items() if state.value == terms.status.casefold()]
    evidence = [state.evidence for state in states.values()]
    if len(approved) >= len(groups):
        return holds(target, f"{target.name} has approved the managed network's private endpoints", *evidence)
    waiting = [c for c in found if c not in approved]
    if waiting:
        says = f"a managed private endpoint is {states[waiting[0]].evidence.value} at {target.name}, not {terms.status}"
        fix = (
            f"az network private-endpoint-connection approve --id {q(waiting[0].id.text)}"
            f' --description "managed network"'
        )
        place = "properties/privateLinkServiceConnectionState/status"
        changes = [set_to(waiting[0].id, place, terms.status)] if len(waiting) == 1 else ()
        return broken(target, says, *(states[c].evidence for c in waiting), fix=fix, changes=changes)
    says = (
        f"{target.name} shows {len(found)} connections from managed private endpoints,"
        f" the outbound rules need {len(groups)} ({', '.join(sorted(groups))})"
    )
    workspace = w.anchor
    return broken(target, says, *evidence, fix=_provision(workspace) if workspace else "")


@decides(on=lambda w: w.online_deployments, part="online deployment", terms=ModeTerms)
def deployment_leaves_past_the_network(deployment: Resource, w: Workload, terms: ModeTerms) -> Iterator[Verdict]:
    """A deployment of the flow does not leave through the managed network's approved ways.

    What is read: the isolation mode of the workspace. `egressPublicNetworkAccess` of the deployment is not judged: it
    belongs to an older way of isolation and has no effect beside a managed network.

    Why it matters: calls of the deployed flow to Azure OpenAI, search, storage and the registry go through managed
    private endpoints only if the deployment is in a managed network that approves what leaves.

    What is wrong: the workspace's managed network is in another mode, or there is none.

    How to put it right: as MVN-01; deployments made before the change must be made again.

    References: article, "Network flows", 3;
    learn.microsoft.com/azure/machine-learning/concept-secure-online-endpoint#secure-outbound-access-with-workspace-managed-virtual-network.
    """
    if OnlineDeployment(deployment).on_kubernetes:
        because = f"{deployment.name} runs on a Kubernetes cluster, whose own network decides what leaves it"
        yield unknown(deployment, Unknown(because), deployment.shown("properties", "endpointComputeType"))
        return
    for workspace in w.workspaces:
        mode: Setting = setting(workspace, "properties", "managedNetwork", "isolationMode")
        if mode.is_one_of(terms.mode):
            says = f"{deployment.name} leaves through the managed network of {workspace.name}, in mode {mode}"
            yield holds(deployment, says, mode.evidence)
        else:
            says = f"{deployment.name} runs while the managed network of {workspace.name} is in mode {mode}"
            changes = _mode_set(workspace, terms.mode)
            yield broken(deployment, says, mode.evidence, fix=_to_mode(workspace), changes=changes)
