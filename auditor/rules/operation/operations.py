"""Operations: agents inside the network, blue and green, a registry of flows, parts that can change alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.access.scopes import group_of
from auditor.estate import Relation
from auditor.model import ArmId, Resource, Verdict
from auditor.model.change import Change, create
from auditor.rules.rule import Answer, broken, decides, holds, not_applicable
from auditor.text.shell import q
from auditor.workload.parts import Workload

_REGISTRY = "microsoft.machinelearningservices/registries"
_AGENT_SERVICES = ("microsoft.devopsinfrastructure/pools", "microsoft.containerinstance/containergroups")


@decides(on=lambda w: w.subnet("agents"), part="subnet for build agents")
def no_agent_deploys_from_inside(subnet: Resource, w: Workload, _terms: object) -> Answer:
    """Nothing sits in the subnet for build agents, so deployments come from outside or not at all.

    What is read: what is in the agents' subnet: network interfaces of machines, scale sets, and the delegation to a
    Managed DevOps Pool or to container groups.

    Why it matters: the workspace and everything around it is private. Agents that Microsoft hosts cannot reach it, and
    the usual workaround is to open it for them.

    What is wrong: the subnet is empty.

    How to put it right: create a Managed DevOps Pool or a scale set of agents in the subnet.

    References: article, "Deployment guidance" (self-hosted agents in the network).
    """
    for kind in ("microsoft.network/networkinterfaces", "microsoft.compute/virtualmachinescalesets"):
        inside = w.estate.into(subnet, Relation.IN_SUBNET, kind)
        if inside:
            return holds(subnet, f"{inside[0].name} sits in {subnet.name}", inside[0].at("id"))
    for index, delegation in subnet.items("properties", "delegations"):
        service = str(delegation.get("properties", {}).get("serviceName", ""))
        if service.casefold() in _AGENT_SERVICES:
            evidence = subnet.at("properties", "delegations", index, "properties", "serviceName")
            return holds(subnet, f"{subnet.name} is delegated to {service}", evidence)
    w.estate.all("microsoft.network/networkinterfaces")
    w.estate.all("microsoft.compute/virtualmachinescalesets")
    says = f"no agent sits in {subnet.name}, so nothing inside the network can deploy to the workspace"
    fix = f"create a Managed DevOps Pool or a scale set of agents in {subnet.id.text}"
    return broken(subnet, says, subnet.at("properties", "delegations"), fix=fix)


@decides(on=lambda w: w.online_endpoints, part="online endpoint")
def all_traffic_goes_to_one_deployment(endpoint: Resource, w: Workload, _terms: object) -> Answer:
    """An online endpoint has one deployment only, so a release replaces what is in use.

    What is read: the deployments of the endpoint and its `traffic` and `mirrorTraffic`.

    Why it matters: a flow that answers badly is noticed by its users. With a second deployment a small share of the
    traffic tries it first, and going back is a change of a number.

    What is wrong: the endpoint has fewer than two deployments.

    How to put it right: `az ml online-deployment create`, then
    `az ml online-endpoint update --traffic blue=90 green=10`.

    References: article, "Deployment guidance" (blue/green, A/B).
    """
    deployments = [d for d in w.online_deployments if d.id.is_within(endpoint.id)]
    traffic = endpoint.at("properties", "traffic")
    names = ", ".join(sorted(d.name for d in deployments)) or "none"
    if len(deployments) >= 2:
        shares = traffic.value if isinstance(traffic.value, Mapping) else {}
        told = ", ".join(f"{name} {share}%" for name, share in sorted(shares.items()))
        return holds(endpoint, f"{endpoint.name} has deployments {names} (traffic: {told or 'none'})", traffic)
    there = f"--workspace-name {q(w.name)} --resource-group {q(endpoint.id.resource_group)}"
    fix = (
        f"az ml online-deployment create --endpoint-name {q(endpoint.name)} --name green --file <deployment.yml>"
        f" {there} && az ml online-endpoint update --name {q(endpoint.name)} --traffic '<first>=90 green=10' {there}"
    )
    says = f"{endpoint.name} has one deployment only ({names})"
    return broken(endpoint, says, traffic, fix=fix, changes=_second(endpoint, deployments))


def _second(endpoint: Resource, deployments: list[Resource]) -> list[Change]:
    """A copy of the first deployment, which takes no traffic yet: its flow is what a release changes."""
    if not deployments or deployments[0].name.casefold() == _SECOND:
        return []
    first = deployments[0]
    body = {k: first.stated(k) for k in ("location", "kind", "identity", "sku", "properties") if first.stated(k)}
    cost = f"the machines of a second deployment of {endpoint.name} cost what those of the first do"
    question = f"which version of the flow the second deployment of {endpoint.name} runs"
    return [create(endpoint.id.child("deployments", _SECOND), body, question, cost)]


_SECOND = "green"


@decides(on=lambda w: w.workspaces, part="workspace")
def flows_are_registered_nowhere(workspace: Resource, w: Workload, _terms: object) -> Answer:
    """There is no Machine Learning registry in which flows are registered.

    What is read: the Machine Learning registries of the subscriptions in the snapshot.

    Why it matters: a registry keeps the versions of a flow apart from the workspace it was authored in, so that what
    was tested is what is deployed elsewhere.

    What is wrong: no registry is there. One in another subscription is not seen unless that was read.

    How to put it right: `az ml registry create`.

    References: article, "Deployment flow", step 4a;
    learn.microsoft.com/azure/machine-learning/concept-machine-learning-registries-mlops.
    """
    registries = sorted(w.estate.all(_REGISTRY), key=w.owns, reverse=True)
    if registries:
        return holds(workspace, f"flows can be registered in {registries[0].name}", registries[0].at("id"))
    fix = f"az ml registry create --resource-group {q(workspace.id.resource_group)} --file registry.yml"
    says = "there is no Machine Learning registry to register flows in"
    return broken(workspace, says, workspace.at("id"), fix=fix, changes=[_registry(workspace)])


def _registry(workspace: Resource) -> Change:
    group = group_of(workspace.id)
    region = workspace.stated("location")
    id_ = ArmId(f"{group.text}/providers/Microsoft.MachineLearningServices/registries/{workspace.name}-flows")
    properties = {
        "publicNetworkAccess": "Disabled",
        "regionDetails": [{"location": region, "acrDetails": [], "storageAccountDetails": []}],
    }
    body = {"location": region, "identity": {"type": "SystemAssigned"}, "properties": properties}
    return create(id_, body, "what the registry of flows is called, and in which regions it is kept")


@decides(on=lambda w: w.chat_uis, part="chat UI")
def chat_ui_runs_the_flow_itself(site: Resource, w: Workload, _terms: object) -> Iterator[Verdict]:
    """The chat UI, the flow and the model are not separate parts that can change alone.

    What is read: whether the flow has an online endpoint or a web app of its own, and whether an Azure OpenAI account
    stands beside them.

    Why it matters: prompts change weekly, models yearly, the UI daily. Coupled parts change at the pace of the slowest.

    What is wrong: no online endpoint and no web app of its own runs the flow, or no account serves the model.

    How to put it right: deploy the flow to an endpoint or a web app of its own and let the UI call it.

    References: article, "Deployment guidance" (loosely coupled).
    """
    flows = [*w.online_endpoints, *(s for s in w.flow_sites if s != site)]
    if flows:
        yield holds(site, f"the flow runs in {flows[0].name}, apart from {site.name}", flows[0].at("id"), aspect="flow")
    else:
        says = f"no online endpoint and no web app but {site.name} can run the flow"
        yield broken(site, says, site.at("id"), fix="deploy the flow to an online endpoint", aspect="flow")
    if w.openai:
        says = f"the model is served by {w.openai[0].name}, apart from {site.name}"
        yield holds(site, says, w.openai[0].at("id"), aspect="model")
    else:
        yield not_applicable(site, "the workload has no Azure OpenAI account", site.at("id"))
