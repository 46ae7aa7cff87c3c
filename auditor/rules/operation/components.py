"""Components: the parts that a deployment of this architecture must have at all."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from auditor.documents.ml_workspace import Workspace
from auditor.estate import Relation
from auditor.model import NotKnown, Resource, Unknown, Verdict
from auditor.model.change import set_to
from auditor.rules.rule import Answer, broken, decides, holds, not_applicable, unknown
from auditor.text.shell import q
from auditor.workload.model_deployments import takes_chat
from auditor.workload.parts import (
    BASTION,
    ML,
    NETWORK,
    OPENAI,
    Workload,
)
from auditor.workload.scaling import active_deployments


@decides(part="workspace")
def no_workspace(w: Workload, _terms: object) -> Answer:
    """There is no Azure Machine Learning workspace.

    What is read: the workspaces of the subscription, by kind. A hub with a project takes the workspace's place: the
    flow is authored in the project, and network, storage and vault are the hub's.

    Why it matters: the workspace is where flows are authored and from where they are deployed, and everything else of
    this architecture is found through it.

    What is wrong: there is none, or a hub without a project. A project whose hub was not read is unknown.

    How to put it right: `az ml workspace create --managed-network allow_only_approved_outbound`.

    References: article, "Components" and "Foundational components";
    learn.microsoft.com/azure/machine-learning/concept-workspace.
    """
    workspace = _workspace(w)
    if workspace is not None and Workspace(workspace).sort == "hub":
        return _hub(workspace, w)
    if workspace is not None:
        return holds(workspace, f"{workspace.name} is the workspace", workspace.at("kind"))
    others = [other for other in w.estate.seen(ML) if Workspace(other).sort == "project"]
    if others:
        because = f"{others[0].name} is a project, and its hub is not in this snapshot"
        return unknown(others[0], Unknown(because, absent=True), others[0].at("properties", "hubResourceId"))
    return broken(None, _no_workspace(w), fix="az ml workspace create")


def _hub(hub: Resource, w: Workload) -> Verdict:
    if w.projects:
        names = ", ".join(project.name for project in w.projects)
        says = f"{hub.name} is a hub, and stands for the workspace with its project {names}"
        return holds(hub, says, hub.at("kind"), *(p.at("properties", "hubResourceId") for p in w.projects))
    says = f"{hub.name} is a hub without a project: nothing can author or deploy a flow"
    fix = f"az ml workspace create --kind project --hub-id {q(hub.id.text)} --name <project>"
    return broken(hub, says, hub.at("kind"), fix=fix)


def _no_workspace(w: Workload) -> str:
    """That there is none, with what of its provider or of Foundry is there instead."""
    says = "there is no Azure Machine Learning workspace"
    seen = [f"{one.name} is of kind {one.get('kind')}" for one in w.estate.seen(ML)]
    foundry = {p.id.parent for p in w.estate.seen(f"{OPENAI}/projects")}
    seen += [f"{one.name} is an account with projects" for one in w.estate.seen(OPENAI) if one.id in foundry]
    return f"{says}; {'; '.join(seen)}" if seen else says


def _workspace(w: Workload) -> Resource | None:
    """The workspace; `None` where it is known that there is none."""
    if w.anchor is None:
        w.estate.all(ML)
    return w.anchor


@decides(part="online endpoint")
def no_endpoint_serves_the_flow(w: Workload, _terms: object) -> Answer:
    """No managed online endpoint serves the flow.

    What is read: the workspace's online endpoints, their `traffic`, and the deployments that take it with their
    compute type. Where there is no endpoint, the web apps that run a container beside the chat UI: a flow hosted there
    is the article's alternate architecture, which needs no endpoint.

    Why it matters: the chat UI calls the endpoint. Without a deployment that takes traffic it returns errors.

    What is wrong: there is no endpoint and no other host of the flow; or an endpoint without a managed deployment that
    takes traffic.

    How to put it right: `az ml online-deployment create --all-traffic`.

    References: article, "Components" (managed online endpoints) and "Zonal redundancy for flow deployments";
    learn.microsoft.com/azure/machine-learning/concept-endpoints-online.
    """
    endpoints = w.online_endpoints
    if not endpoints and w.flow_sites:
        hosts = ", ".join(site.name for site in w.flow_sites)
        return not_applicable(None, f"the flow is hosted on App Service ({hosts}), which needs no online endpoint")
    if not endpoints:
        says = "no managed online endpoint serves the flow, and no web app runs it"
        return broken(w.anchor, says, fix=f"az ml online-endpoint create --workspace-name {w.name or '<workspace>'}")
    gaps: list[Unknown] = []
    for endpoint in endpoints:
        serving = _serving(endpoint, w)
        if isinstance(serving, Unknown):
            gaps.append(serving)
        elif serving is not None:
            says = f"{endpoint.name} serves the flow from {serving.name}"
            return holds(endpoint, says, endpoint.at("properties", "traffic"), serving.at("kind"))
    endpoint = endpoints[0]
    traffic = endpoint.at("properties", "traffic")
    if gaps:
        return unknown(endpoint, gaps[0], traffic)
    fix = (
        f"az ml online-endpoint update --name {q(endpoint.name)} --workspace-name {q(w.name)}"
        f" --resource-group {q(endpoint.id.resource_group)} --traffic <deployment>=100"
    )
    says = f"no managed deployment of {endpoint.name} takes traffic: {traffic.value or 'none is set'}"
    return broken(endpoint, says, traffic, fix=fix)


def _serving(endpoint: Resource, w: Workload) -> Resource | Unknown | None:
    """A deployment that takes traffic on managed compute; unknown where its compute type does not show."""
    found = [d for d in active_deployments(w) if d.id.parent == endpoint.id]
    kinds = {d: d.text("properties", "endpointComputeType") or d.kind or endpoint.kind for d in found}
    managed = [d for d, kind in kinds.items() if kind == "managed"]
    if managed:
        return managed[0]
    unclear = [d for d, kind in kinds.items() if not kind]
    return Unknown(f"the compute type of {unclear[0].name} is not in its document", absent=True) if unclear else None


def _named_by_workspace(w: Workload, prop: str, called: str, found: tuple[Resource, ...]) -> Verdict:
    """Whether the workspace names a resource of its own, and that exists."""
    workspace = _workspace(w)
    if workspace is None:
        return broken(None, f"there is no workspace, and so no {called} of one")
    if found:
        says = f"{workspace.name} has {found[0].name} as its {called}"
        return holds(found[0], says, workspace.at("properties", prop))
    says = f"{workspace.name} names no {called}"
    fix = f"az resource update --ids {q(workspace.id.text)} --set properties.{prop}=<id of the {called}>"
    return broken(workspace, says, workspace.at("properties", prop), fix=fix)


@decides(part="workspace storage")
def workspace_has_no_storage(w: Workload, _terms: object) -> Answer:
    """The workspace has no storage account of its own.

    What is read: `properties.storageAccount` of the workspace, and the account that it leads to.

    Why it matters: the sources of the flows and the files of their authors are kept there.

    What is wrong: the workspace names no account. An account in a subscription that was not read is unknown.

    How to put it right: a workspace gets its account when it is created (`az ml workspace create --storage-account`).

    References: article, "Components" (Azure Storage);
    learn.microsoft.com/azure/machine-learning/concept-workspace#associated-resources.
    """
    return _named_by_workspace(w, "storageAccount", "storage account", w.storages)


class TierTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The tier that a registry must have."""

    tier: str


@decides(part="container registry", terms=TierTerms)
def no_private_registry(w: Workload, terms: TierTerms) -> Iterator[Verdict]:
    """The workspace has no container registry that can be private.

    What is read: `properties.containerRegistry` of the workspace, and `sku.name` of the registry that it leads to.

    Why it matters: flows are packaged as images. Private endpoints, and with them a registry that is not public, exist
    in the Premium tier only.

    What is wrong: the workspace names no registry, or the registry is of a lower tier.

    How to put it right: `az acr update --sku Premium`.

    References: article, "Components" (a private registry);
    learn.microsoft.com/azure/container-registry/container-registry-skus.
    """
    if not w.registries:
        yield _named_by_workspace(w, "containerRegistry", "container registry", ())
    for registry in w.registries:
        tier = registry.at("sku", "name")
        if tier.value is None:
            yield unknown(registry, Unknown(f"the tier of {registry.name} is not in its document", absent=True), tier)
        elif str(tier.value).casefold() == terms.tier.casefold():
            yield holds(registry, f"{registry.name} is a registry of the tier {tier.value}", tier)
        else:
            says = f"{registry.name} is of the tier {tier.value}, which cannot be private"
            change = set_to(registry.id, "sku/name", terms.tier, warning=f"{registry.name} costs more in its new tier")
            fix = f"az acr update --name {q(registry.name)} --sku {q(terms.tier)}"
            yield broken(registry, says, tier, fix=fix, changes=[change])


@decides(part="Azure OpenAI account")
def no_chat_model(w: Workload, _terms: object) -> Iterator[Verdict]:
    """No Azure OpenAI account with a chat model belongs to the workload.

    What is read: accounts of kind OpenAI or AIServices that the workload's rules, connections and endpoints lead to,
    and their deployments: `capabilities.chatCompletion`, else the name of the model.

    Why it matters: the model writes the answers.

    What is wrong: there is no account, or none of its deployments takes chat completions.

    How to put it right: `az cognitiveservices account deployment create --model-name gpt-35-turbo`.

    References: article, "Components"; learn.microsoft.com/azure/ai-services/openai/concepts/models.
    """
    if not w.openai:
        yield broken(None, "there is no Azure OpenAI account", fix="az cognitiveservices account create --kind OpenAI")
        return
    gaps: list[Unknown] = []
    for deployment in w.model_deployments:
        chat = takes_chat(deployment)
        model = deployment.at("properties", "model", "name")
        if isinstance(chat, Unknown):
            gaps.append(chat)
        elif chat:
            account = w.estate.find(deployment.id.parent)
            yield holds(account, f"{deployment.name} is a deployment of the chat model {model.value}", model)
            return
    account = w.openai[0]
    if gaps:
        yield unknown(account, gaps[0])
        return
    fix = (
        f"az cognitiveservices account deployment create --name {q(account.name)}"
        f" --resource-group {q(account.id.resource_group)} --deployment-name <name> --model-name <chat model>"
        " --model-format OpenAI --model-version <version>"
    )
    yield broken(account, f"no deployment of {account.name} takes chat", account.at("kind"), fix=fix)


@decides(part="AI Search service")
def no_search_service(w: Workload, _terms: object) -> Answer:
    """There is no Azure AI Search service.

    What is read: the search services that the workload owns, or that its rules, connections and endpoints lead to.

    Why it matters: the flow answers from the company's own data, which it finds with search. Without a service, the
    model answers from what it was trained on.

    What is wrong: there is none.

    How to put it right: `az search service create --sku standard --replica-count 3 --public-access disabled`.

    References: article, "Components"; learn.microsoft.com/azure/search/retrieval-augmented-generation-overview.
    """
    return _present(w.searches, "Azure AI Search service", "az search service create --sku standard --replica-count 3")


def _present(found: tuple[Resource, ...], called: str, fix: str) -> Verdict:
    if found:
        return holds(found[0], f"{found[0].name} is the {called}", found[0].at("name"))
    return broken(None, f"there is no {called}", fix=fix)


@decides(part="Application Insights", formerly=("workspace_reports_to_nobody",))
def workspace_has_no_application_insights(w: Workload, _terms: object) -> Answer:
    """The workspace has no Application Insights.

    What is read: `properties.applicationInsights` of the workspace, and the component that it leads to.

    Why it matters: traces of the flows and the telemetry of the online endpoint go there.

    What is wrong: the workspace names no component. One in a subscription that was not read is unknown.

    How to put it right: `az ml workspace update --application-insights <id>`.

    References: article, "Foundational components";
    learn.microsoft.com/azure/machine-learning/how-to-monitor-online-endpoints.
    """
    return _named_by_workspace(w, "applicationInsights", "Application Insights", w.insights)


@decides(part="Bastion host")
def no_bastion(w: Workload, _terms: object) -> Answer:
    """There is no Azure Bastion for those who author flows.

    What is read: Bastion hosts in the workload's networks and groups, and in the networks that these peer with, since a
    hub's Bastion serves its spokes.

    Why it matters: the workspace answers only inside the network. Bastion is how an author gets there without a public
    address on any machine.

    What is wrong: there is none.

    How to put it right: `az network bastion create` in a subnet named AzureBastionSubnet.

    References: article, "Ingress to Azure Machine Learning" and "Foundational components";
    learn.microsoft.com/azure/bastion/bastion-overview.
    """
    found = w.bastions or tuple(_bastions_of_peers(w))
    return _present(found, "Bastion host", "az network bastion create --vnet-name <vnet> --public-ip-address <address>")


def _bastions_of_peers(w: Workload) -> Iterator[Resource]:
    """Bastion hosts in networks that peer with the workload's; raises `NotKnown` where such a network was not read."""
    for network in w.networks:
        for peering in w.estate.all(f"{NETWORK}/virtualnetworkpeerings", under=network.id):
            for peer in w.estate.out(peering, Relation.PEERS_WITH):
                if isinstance(peer, Unknown):
                    raise NotKnown(peer)
                here = (b for b in w.estate.all(BASTION) if _sits_in(b, peer, w))
                yield from here


def _sits_in(resource: Resource, network: Resource, w: Workload) -> bool:
    return any(seat.is_within(network.id) for seat in w.estate.targets(resource, Relation.IN_SUBNET))


@decides(part="jump box")
def no_jump_box(w: Workload, _terms: object) -> Answer:
    """There is no jump box for those who author flows.

    What is read: virtual machines with a network interface in the workload's networks.

    Why it matters: authors work on it, since the workspace's studio answers only inside the network.

    What is wrong: there is none.

    How to put it right: `az vm create` in a subnet of its own, without a public address.

    References: article, "Ingress to Azure Machine Learning" and "Foundational components";
    learn.microsoft.com/azure/machine-learning/how-to-secure-workspace-vnet#securely-connect-to-your-workspace.
    """
    return _present(w.jump_boxes, "jump box", 'az vm create --subnet <jump box subnet> --public-ip-address ""')
