"""Reliability beyond one region, and of the models: balancers, throughput, circuit breakers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import msgspec

from auditor.documents.api_management import SERVICE as API_MANAGEMENT
from auditor.documents.defaults import az
from auditor.model import NotKnown, Resource, Unknown, Verdict
from auditor.model.change import set_to
from auditor.rules.changes import watched
from auditor.rules.rule import Answer, broken, decides, holds, not_applicable, unknown
from auditor.text.shell import q
from auditor.workload.alerts import alerts_on
from auditor.workload.load_spreading import (
    backends_to,
    host_of,
    hosts_of_account,
    spread_over,
)
from auditor.workload.model_deployments import fine_tuned, provisioned
from auditor.workload.parts import ML, Workload

Regions = Mapping[str, frozenset[str]]


@decides(part="online endpoints")
def endpoints_of_regions_stand_alone(w: Workload, _terms: object) -> Answer:
    """Online endpoints stand in several regions, and nothing with health checks spreads requests over them.

    What is read: the regions of all online endpoints in the snapshot; where there is more than one, the gateways, Front
    Door origins, Traffic Manager profiles and API Management pools that name their hosts, and their health checks.

    Why it matters: Machine Learning compute knows no zones. Who wants the flow to outlive a datacenter puts it in
    several regions, and that helps only if requests find the one that is well.

    What is wrong: no balancer names endpoints of two regions, or it checks the health of none. With endpoints in one
    region only this does not apply: the article leaves the choice to how much a loss would cost.

    How to put it right: put the scoring hosts behind Front Door, API Management or a gateway with a health probe.

    References: article, "Zonal redundancy for flow deployments";
    learn.microsoft.com/azure/machine-learning/how-to-high-availability-machine-learning.
    """
    regions: dict[str, set[str]] = defaultdict(set)
    for endpoint in w.estate.all(f"{ML}/onlineendpoints"):
        regions[endpoint.location].add(host_of(endpoint.get("properties", "scoringUri")))
    if len(regions) < 2:
        where = next(iter(regions), "no region")
        return not_applicable(None, f"online endpoints stand in one region ({where}); several are a choice")
    return _spread({region: frozenset(hosts - {""}) for region, hosts in regions.items()}, w)


@decides(part="Azure OpenAI accounts")
def accounts_of_regions_stand_alone(w: Workload, _terms: object) -> Answer:
    """Azure OpenAI accounts stand in several regions, and nothing with health checks spreads requests over them.

    What is read: the regions of the workload's Azure OpenAI accounts; where there is more than one, what names their
    hosts (gateways, Front Door, Traffic Manager, API Management) and how it checks their health.

    Why it matters: Azure OpenAI knows no zones. A second account in another region takes over only if requests are sent
    there when the first one fails.

    What is wrong: no balancer names accounts of two regions, or it checks the health of none. With accounts in one
    region only this does not apply.

    How to put it right: put both accounts into a backend pool of API Management with a circuit breaker.

    References: article, "Azure OpenAI - reliability";
    learn.microsoft.com/azure/architecture/ai-ml/guide/azure-openai-gateway-multi-backend.
    """
    regions: dict[str, set[str]] = defaultdict(set)
    for account in w.openai:
        regions[account.location] |= {account.name}
    if len(regions) < 2:
        where = next(iter(regions), "no region")
        return not_applicable(None, f"Azure OpenAI stands in one region ({where}); several are a choice")
    hosts: dict[str, set[str]] = defaultdict(set)
    for account in w.openai:
        hosts[account.location] |= hosts_of_account(account)
    return _spread({region: frozenset(found) for region, found in hosts.items()}, w)


def _spread(regions: Regions, w: Workload) -> Verdict:
    step = spread_over(w.estate, regions)
    match step.holds:
        case Unknown() as gap:
            return unknown(None, gap, *step.evidence)
        case True:
            return holds(None, step.says, *step.evidence)
    hosts = ", ".join(sorted(host for found in regions.values() for host in found))
    return broken(None, step.says, *step.evidence, fix=f"put {hosts} behind a balancer with a health probe")


class RedundancyTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The kinds of redundancy of storage that reach a second region, as in the second half of a SKU's name."""

    redundancy: tuple[str, ...]


@decides(part="Azure OpenAI account", terms=RedundancyTerms)
def tuning_files_fall_with_a_region(w: Workload, terms: RedundancyTerms) -> Answer:
    """Files for fine-tuning exist in one Azure OpenAI account only.

    What is read: whether a fine-tuned model is deployed; then the storage that the account owns the files in
    (`userOwnedStorage`) and its redundancy. Files elsewhere are a matter of the data plane, which is not read.

    Why it matters: another region can be tuned again only with the same files.

    What is wrong: a model is fine-tuned, the account keeps its files itself, and no storage account of the workload is
    geo-redundant. Where one is, whether the files are in it is unknown. Without a fine-tuned model this does not apply.

    How to put it right: keep the training files in a geo-redundant account (`az storage account create --sku
    Standard_GZRS`) and upload them from there.

    References: article, "Azure OpenAI - reliability"; learn.microsoft.com/azure/ai-services/openai/how-to/fine-tuning.
    """
    tuned = fine_tuned(w)
    if not tuned:
        return not_applicable(None, "no fine-tuned model is deployed")
    wide = {kind.casefold() for kind in terms.redundancy}
    account = w.estate.find(tuned[0].id.parent) or tuned[0]
    owned = account.at("properties", "userOwnedStorage")
    for index, _ in account.items("properties", "userOwnedStorage"):
        target = account.ref("properties", "userOwnedStorage", index, "resourceId")
        if target is not None:
            store = w.estate.need(target, account.place("properties", "userOwnedStorage", index, "resourceId"))
            if _redundancy(store) in wide:
                return holds(account, f"{account.name} keeps its files in {store.name}, which is geo-redundant", owned)
            fix = az("storage account update", store, "--sku Standard_GZRS")
            says = f"{account.name} keeps its files in {store.name}, which is not geo-redundant"
            cost = f"{store.name} costs more when it is kept in two regions"
            change = set_to(store.id, "sku/name", "Standard_GZRS", warning=cost)
            return broken(account, says, owned, store.at("sku", "name"), fix=fix, changes=[change])
    candidates = [s for s in (*w.storages, *w.other_storages) if _redundancy(s) in wide]
    if candidates:
        because = f"whether the training files of {tuned[0].name} are in {candidates[0].name} is on the data plane"
        return unknown(account, Unknown(because), owned)
    says = f"{tuned[0].name} is fine-tuned, and no storage account of the workload is geo-redundant"
    return broken(account, says, owned, fix="az storage account create --sku Standard_GZRS, for the training files")


def _redundancy(store: Resource) -> str:
    return store.text("sku", "name").rpartition("_")[2]


class ThroughputTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Metrics of requests, and of tokens; one of each must have an alert."""

    requests: tuple[str, ...]
    tokens: tuple[str, ...]


@decides(
    on=lambda w: w.openai, part="Azure OpenAI account", terms=ThroughputTerms, formerly=("nobody_sees_models_throttle",)
)
def no_model_throttling_alert(account: Resource, w: Workload, terms: ThroughputTerms) -> Answer:
    """No alert fires when requests or tokens per minute come close to what is assigned.

    What is read: enabled metric alerts on the account that call an action group with a receiver, and the metrics they
    name; `sku.capacity` of its deployments.

    Why it matters: a deployment that is out of tokens answers 429, and the chat stands still for everybody.

    What is wrong: no alert names a metric of requests, or none names one of tokens; or a deployment has no capacity at
    all. Whether the capacity is enough only the metrics can show.

    How to put it right: `az monitor metrics alert create --condition "total AzureOpenAIRequests > 200"`, and likewise
    for TokenTransaction.

    References: article, "Azure OpenAI - reliability"; learn.microsoft.com/azure/ai-services/openai/how-to/monitoring.
    """
    for deployment in w.model_deployments:
        capacity = deployment.at("sku", "capacity")
        if deployment.id.parent == account.id and capacity.value == 0:
            says = f"{deployment.name} of {account.name} has no capacity assigned"
            question = f"how much capacity {deployment.name} gets (thousands of tokens per minute)"
            change = set_to(deployment.id, "sku/capacity", 10, question)
            return broken(account, says, capacity, fix=f"raise sku.capacity of {deployment.id.text}", changes=[change])
    watched_now = {kind: alerts_on(w, account, metrics) for kind, metrics in _kinds(terms).items()}
    for kind, metrics in _kinds(terms).items():
        if not watched_now[kind]:
            fix = _watch(account, metrics[0])
            says = f"no alert watches the {kind} of {account.name} ({metrics[0]})"
            unwatched = [each[0] for each_kind, each in _kinds(terms).items() if not watched_now[each_kind]]
            # Both may want the one action group made.
            changes = {c.resource: c for metric in unwatched for c in watched(account, w, metric, "Total", 200)}
            return broken(account, says, fix=fix, changes=changes.values())
    evidence = [e for found in watched_now.values() for e in found]
    return holds(account, f"alerts watch the requests and the tokens of {account.name}", *evidence)


def _kinds(terms: ThroughputTerms) -> Mapping[str, tuple[str, ...]]:
    return {"requests": terms.requests, "tokens": terms.tokens}


def _watch(account: Resource, metric: str) -> str:
    return (
        f"az monitor metrics alert create --name {q(account.name)}-{metric}"
        f" --resource-group {q(account.id.resource_group)}"
        f' --scopes {q(account.id.text)} --condition "total {metric} > <threshold>"'
    )


@decides(part="API Management")
def gateway_does_not_break_the_circuit(w: Workload, _terms: object) -> Answer:
    """API Management stands before Azure OpenAI and does not break the circuit.

    What is read: the API Management services of the workload, their backends, which of them lead to an Azure OpenAI
    account, and the rules of the circuit breaker there. Retry is written in policies, which are not read.

    Why it matters: a service that is throttled recovers when it is left alone, and does not while every client tries
    again.

    What is wrong: no backend leads to the accounts, or one that does has no circuit breaker. Without API Management
    this does not apply: the article says it can be deployed.

    How to put it right: `properties.circuitBreaker.rules` of the backend, in Bicep.

    References: article, "Azure OpenAI - reliability";
    learn.microsoft.com/azure/api-management/backends#circuit-breaker.
    """
    services = [s for s in w.estate.all(API_MANAGEMENT) if w.owns(s)]
    if not services:
        return not_applicable(None, "no API Management service belongs to the workload; one is a choice")
    hosts = frozenset(host for account in w.openai for host in hosts_of_account(account))
    gaps: list[Unknown] = []
    for service in services:
        try:
            leading = backends_to(w.estate, service, hosts)
        except NotKnown as gap:
            gaps.append(gap.unknown)
            continue
        careless = [b for b in leading if not b.asks]
        if careless:
            says = f"{careless[0].resource.name} of {service.name} leads to Azure OpenAI without a circuit breaker"
            fix = f"set properties.circuitBreaker.rules of {careless[0].resource.id.text}"
            return broken(service, says, careless[0].checks, fix=fix)
        if leading:
            says = f"{service.name} breaks the circuit to Azure OpenAI"
            return holds(service, says, *(b.checks for b in leading))
    if gaps:
        return unknown(services[0], gaps[0])
    says = f"no backend of {services[0].name} leads to the workload's Azure OpenAI accounts"
    return broken(services[0], says, services[0].at("name"), fix=f"add a backend to {services[0].id.text}")


class MetricTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Metrics of which one must have an alert."""

    metrics: tuple[str, ...]


@decides(
    on=provisioned,
    part="deployment on provisioned throughput",
    terms=MetricTerms,
    formerly=("nobody_sees_provisioned_use",),
)
def no_provisioned_utilization_alert(deployment: Resource, w: Workload, terms: MetricTerms) -> Answer:
    """Provisioned throughput is paid for, and no alert watches how much of it is used.

    What is read: whether a deployment's tier (`sku.name`) is a provisioned one; then the enabled metric alerts on its
    account. Without such a deployment this does not apply: it is for demand that can be predicted.

    Why it matters: provisioned throughput costs the same whether it is used or not, and rejects what goes beyond it.

    What is wrong: no enabled alert names a metric of its utilization.

    How to put it right: `az monitor metrics alert create --condition "avg
    AzureOpenAIProvisionedManagedUtilizationV2 > 80"`.

    References: article, "Azure OpenAI - performance efficiency" and "Azure OpenAI" (cost);
    learn.microsoft.com/azure/ai-services/openai/how-to/monitoring.
    """
    account = w.estate.find(deployment.id.parent) or deployment
    found = alerts_on(w, account, terms.metrics, falling=True)
    if found:
        return holds(deployment, f"an alert watches how much of {deployment.name} is used", *found)
    says = f"no alert watches how much of {deployment.name} ({deployment.get('sku', 'name')}) is used"
    fix = _watch(account, terms.metrics[0])
    changes = watched(account, w, terms.metrics[0], "Average", 80)
    return broken(deployment, says, deployment.at("sku", "name"), fix=fix, changes=changes)
