"""Reliability inside one region: tiers, zones, and how many of everything there are."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from auditor.documents.autoscale import Autoscale
from auditor.documents.defaults import (
    az,
    region_has_zones,
    setting,
)
from auditor.documents.ml_workspace import OnlineDeployment
from auditor.estate import Relation
from auditor.model import Resource, Unknown, Verdict
from auditor.model.change import Action, Change, set_to
from auditor.rules.changes import scale_rules, scaling, watched
from auditor.rules.rule import Answer, broken, decides, holds, not_applicable, unknown
from auditor.text.shell import q
from auditor.workload.alerts import alerts_on
from auditor.workload.owned import registries_of, storages_of
from auditor.workload.parts import REGISTRY, Workload
from auditor.workload.scaling import (
    active_deployments,
    followed,
    lowest,
    scalers_of,
    scales_out,
    taken,
)


class TierTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The tiers that are too low."""

    below: tuple[str, ...]


@decides(on=lambda w: w.searches, part="AI Search service", terms=TierTerms)
def search_tier_too_low(service: Resource, w: Workload, terms: TierTerms) -> Answer:
    """The search service is of a tier that has no availability zones.

    What is read: `sku.name` of the service.

    Why it matters: replicas are spread over zones in the Standard tiers only, and lower tiers have no room to scale.

    What is wrong: the tier is Free or Basic.

    How to put it right: newer services change their tier with `az search service update --sku`; older ones must be
    made again and their indexes loaded again.

    References: article, "Azure AI Search - reliability"; learn.microsoft.com/azure/search/search-reliability.
    """
    tier = service.at("sku", "name")
    if tier.value is None:
        return unknown(service, Unknown(f"the tier of {service.name} is not in its document", absent=True), tier)
    if str(tier.value).casefold() in {low.casefold() for low in terms.below}:
        fix = az("search service update", service, "--sku standard")
        cost = f"{service.name} costs more in its new tier"
        change = set_to(service.id, "sku/name", "standard", warning=cost)
        return broken(service, f"{service.name} is of the tier {tier.value}", tier, fix=fix, changes=[change])
    return holds(service, f"{service.name} is of the tier {tier.value}", tier)


@decides(on=lambda w: w.searches, part="AI Search service")
def search_region_without_zones(service: Resource, w: Workload, _terms: object) -> Answer:
    """The search service is in a region without availability zones.

    What is read: `location` of the service, against the regions that have zones which search can use.

    Why it matters: replicas cannot be spread over zones that are not there.

    What is wrong: the region has no zones, or none for search. A region that this version does not know is unknown.

    How to put it right: create the service in another region and load its indexes there.

    References: article, "Azure AI Search - reliability";
    learn.microsoft.com/azure/search/search-reliability#prerequisites.
    """
    where = service.at("location")
    zones = region_has_zones(service)
    if isinstance(zones, Unknown):
        return unknown(service, zones, where)
    if zones:
        return holds(service, f"{service.name} is in {where.value}, which has availability zones", where)
    says = f"{service.name} is in {where.value}, where search has no availability zones"
    return broken(service, says, where, fix="create the service in a region with availability zones")


class ReplicaTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many replicas there must be at least."""

    replicas: int


@decides(on=lambda w: w.searches, part="AI Search service", terms=ReplicaTerms)
def too_few_replicas(service: Resource, w: Workload, terms: ReplicaTerms) -> Answer:
    """The search service has too few replicas.

    What is read: `replicaCount`; absent means one, the default.

    Why it matters: Azure spreads replicas over zones by itself. With three, queries and indexing both go on while one
    is away; that is also what the service level asks for.

    What is wrong: there are fewer than the terms ask for.

    How to put it right: `az search service update --replica-count 3`.

    References: article, "Azure AI Search - reliability"; learn.microsoft.com/azure/search/search-reliability.
    """
    replicas = setting(service, "properties", "replicaCount")
    if not isinstance(replicas.value, int):
        because = f"replicaCount of {service.name} is {replicas.value!r}, which is no number"
        return unknown(service, Unknown(because), replicas.evidence)
    if replicas.value >= terms.replicas:
        return holds(service, f"{service.name} has {replicas} replicas", replicas.evidence)
    fix = az("search service update", service, f"--replica-count {terms.replicas}")
    says = f"{service.name} has {replicas} replica(s), fewer than {terms.replicas}"
    cost = f"{service.name} costs as much again for each replica"
    change = set_to(service.id, "properties/replicaCount", terms.replicas, warning=cost)
    return broken(service, says, replicas.evidence, fix=fix, changes=[change])


class MetricTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Metrics of which one must have an alert."""

    metrics: tuple[str, ...]


@decides(
    on=lambda w: w.searches, part="AI Search service", terms=MetricTerms, formerly=("nobody_sees_search_throttle",)
)
def no_search_throttling_alert(service: Resource, w: Workload, terms: MetricTerms) -> Answer:
    """No alert fires when the search service is too small.

    What is read: enabled metric alerts on the service, which metrics they name, and the action groups that they call.

    Why it matters: too few replicas throttle queries and too few partitions throttle indexing. The metrics say so long
    before users do.

    What is wrong: no enabled metric alert names one of the metrics and calls an action group that is enabled and has a
    receiver.

    How to put it right: `az monitor metrics alert create --condition "avg ThrottledSearchQueriesPercentage > 5"`.

    References: article, "Azure AI Search - reliability";
    learn.microsoft.com/azure/search/monitor-azure-cognitive-search.
    """
    found = alerts_on(w, service, terms.metrics)
    if found:
        return holds(service, f"an alert watches {found[0].value} of {service.name}", *found)
    fix = (
        f"az monitor metrics alert create --name {q(service.name)}-throttled"
        f" --resource-group {q(service.id.resource_group)}"
        f' --scopes {q(service.id.text)} --condition "avg {q(terms.metrics[0])} > 5"'
    )
    says = f"no alert watches {' or '.join(terms.metrics)} of {service.name}"
    return broken(service, says, fix=fix, changes=watched(service, w, terms.metrics[0], "Average", 5))


class InstanceTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many instances there must be at least."""

    instances: int


@decides(on=active_deployments, part="online deployment with traffic", terms=InstanceTerms)
def too_few_instances(deployment: Resource, w: Workload, terms: InstanceTerms) -> Answer:
    """A deployment that takes traffic has too few instances, or may be scaled in to too few.

    What is read: `traffic` of the endpoint, `sku.capacity` of each deployment that takes some, and the minimum of every
    profile of the autoscale setting on it that is in force or will be; `scaleSettings.minInstances` of a deployment on
    Kubernetes that scales by itself.

    Why it matters: Machine Learning compute knows no zones; several instances are all that stands between a failing
    machine and a chat that does not answer.

    What is wrong: the capacity, or the minimum that autoscale may go down to, is below the terms.

    How to put it right: `az ml online-deployment update --set instance_count=3`, and the minimum of the profile.

    References: article, "Azure Machine Learning - reliability";
    learn.microsoft.com/azure/machine-learning/how-to-deploy-online-endpoints.
    """
    scalers = scalers_of(w, deployment)
    fewest, evidence = lowest(deployment, scalers, taken(w))
    if fewest >= terms.instances:
        return holds(deployment, f"{deployment.name} has at least {fewest} instances", *evidence)
    endpoint = deployment.id.parent
    fix = (
        f"az ml online-deployment update --name {q(deployment.name)}"
        f" --endpoint-name {q(endpoint.name if endpoint else '')}"
        f" --workspace-name {q(w.name)} --resource-group {q(deployment.id.resource_group)}"
        f" --set instance_count={terms.instances}"
    )
    says = f"{deployment.name} takes traffic with {fewest} instance(s), fewer than {terms.instances}"
    return broken(deployment, says, *evidence, fix=fix, changes=_more(deployment, scalers, terms.instances))


def _more(target: Resource, scalers: tuple[Autoscale, ...], instances: int) -> list[Change]:
    """At least this many instances: by the thing's own capacity, and by every profile that may scale it in."""
    cost = f"each further instance of {target.name} costs what the first one does"
    changes: list[Change] = []
    if OnlineDeployment(target).scales_itself:
        return [set_to(target.id, "properties/scaleSettings/minInstances", instances, warning=cost)]
    if _fewer(target.stated("sku", "capacity"), instances):
        changes.append(set_to(target.id, "sku/capacity", instances, warning=cost))
    for scaler in scalers:
        for profile in scaler.profiles.value:
            for bound in ("minimum", "default", "maximum"):
                stated = profile.shown("capacity", bound)
                if _fewer(stated.value, instances):
                    changes.append(set_to(scaler.id, stated.place.pointer, str(instances), warning=cost))
    return changes


def _fewer(stated: object, wanted: int) -> bool:
    return str(stated).isdigit() and int(str(stated)) < wanted


@decides(on=active_deployments, part="online deployment with traffic")
def deployment_does_not_scale(deployment: Resource, w: Workload, _terms: object) -> Answer:
    """A deployment that takes traffic does not scale by itself.

    What is read: autoscale settings whose `targetResourceUri` is the deployment, and whether they are enabled.

    Why it matters: demand of a chat comes in the morning and goes in the evening. Without autoscale one pays for the
    peak all day, or is throttled in it.

    What is wrong: no enabled autoscale setting targets the deployment, or none that does ever adds an instance: it has
    no rule that does, or its minimum is its maximum. `scaleSettings` of the deployment itself scales it on Kubernetes
    only.

    How to put it right: `az monitor autoscale create --resource <deployment> --min-count 3 --max-count 6 --count 3`.

    References: article, "Azure Machine Learning - reliability";
    learn.microsoft.com/azure/machine-learning/how-to-autoscale-endpoints.
    """
    own = OnlineDeployment(deployment)
    if own.on_kubernetes:
        return _scales_itself(own)
    scalers = scalers_of(w, deployment)
    for scaler in scalers:
        if scales_out(scaler, taken(w)):
            return holds(deployment, f"{scaler.name} scales {deployment.name}", scaler.target.evidence)
    if scalers:
        says = (
            f"{scalers[0].name} never adds an instance to {deployment.name}: no rule does, or its bounds leave no room"
        )
        return broken(deployment, says, scalers[0].profiles.evidence, fix=_autoscale(deployment))
    says = f"no enabled autoscale setting targets {deployment.name}"
    return broken(deployment, says, own.scaling.evidence, fix=_autoscale(deployment), changes=scaling(deployment, w))


def _scales_itself(own: OnlineDeployment) -> Verdict:
    """A deployment on Kubernetes, which Azure Monitor does not scale: its own settings do, or nothing does."""
    evidence = own.scaling.evidence
    if own.scales_itself and own.most.value > own.fewest.value:
        says = f"{own.name} scales by its own settings, from {own.fewest} to {own.most} instances"
        return holds(own.resource, says, evidence, own.fewest.evidence, own.most.evidence)
    own.scaling.value  # noqa: B018 - raises where it is not known
    says = f"{own.name} runs on Kubernetes, and its own settings do not scale it"
    return broken(own.resource, says, evidence, fix="set scale_settings of the deployment to target_utilization")


def _autoscale(deployment: Resource) -> str:
    return (
        f"az monitor autoscale create --name {q(deployment.name)}-autoscale --resource-group"
        f" {q(deployment.id.resource_group)} --resource {q(deployment.id.text)} --min-count 3 --max-count 6 --count 3"
    )


class ScaleTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The type whose metric a scaling rule must follow, and examples of such metrics for the remediation."""

    metrics_of: str
    such_as: tuple[str, ...]


@decides(on=active_deployments, part="online deployment with traffic", terms=ScaleTerms)
def nothing_scales_by_this(deployment: Resource, w: Workload, terms: ScaleTerms) -> Answer:
    """No scaling rule follows a metric of the deployment, or of its endpoint.

    What is read: the rules of the autoscale settings on the deployment: `metricTrigger` with its namespace, and the
    resource that the metric is of, which has to be this deployment or its endpoint.

    Why it matters: load of the machines shows how busy a deployment is, latency what users feel. Each misses what
    the other sees.

    What is wrong: no rule of an enabled autoscale setting follows a metric of the type that the terms name,
    or the metric is of another endpoint.

    How to put it right: `az monitor autoscale rule create --condition "CpuUtilizationPercentage > 70 avg 5m"`.

    References: article, "Azure Machine Learning - reliability";
    learn.microsoft.com/azure/machine-learning/how-to-autoscale-endpoints#create-a-rule-to-scale-out-using-metrics.
    """
    if OnlineDeployment(deployment).on_kubernetes:
        says = f"{deployment.name} runs on Kubernetes, where it scales by its own settings and not by metrics of Azure"
        return not_applicable(deployment, says, deployment.shown("properties", "endpointComputeType"))
    wanted = terms.metrics_of.casefold()
    short = terms.metrics_of.rpartition("/")[2]
    rules = [rule for scaler in scalers_of(w, deployment) for rule in followed(scaler, taken(w))]
    own = {deployment.id, deployment.id.parent}
    good = [rule.evidence for rule in rules if rule.type == wanted and rule.source in own]
    if good:
        return holds(deployment, f"{deployment.name} scales by {good[0].value}, a metric of {short}", *good)
    unclear = [r.evidence for r in rules if not r.type or (r.type == wanted and r.source is None)]
    if unclear:
        because = f"a scaling rule of {deployment.name} does not show which resource its metric is of"
        return unknown(deployment, Unknown(because), *unclear)
    others = [r.source.name for r in rules if r.type == wanted and r.source is not None]
    elsewhere = f"; one follows {others[0]}, which is another" if others else ""
    says = f"no scaling rule of {deployment.name} follows a metric of {short}, such as {terms.such_as[0]}{elsewhere}"
    fix = (
        f"az monitor autoscale rule create --autoscale-name {q(deployment.name)}-autoscale --resource-group"
        f" {q(deployment.id.resource_group)} --scale out 1 --condition {q(f'{terms.such_as[0]} > <threshold> avg 5m')}"
    )
    changes = _scaled_by(deployment, w, terms)
    return broken(deployment, says, *(rule.evidence for rule in rules), fix=fix, changes=changes)


def _scaled_by(deployment: Resource, w: Workload, terms: ScaleTerms) -> list[Change]:
    """Two rules more in the first profile that scales the deployment; where nothing does, all that it takes."""
    scalers = scalers_of(w, deployment)
    if not scalers:
        return scaling(deployment, w)
    source = deployment.id if terms.metrics_of.casefold() == deployment.type else deployment.id.parent
    if source is None or not scalers[0].profiles.value:
        return []
    metric = terms.such_as[0]
    question = f"at which {metric} {deployment.name} scales"
    return [
        Change(Action.ADD, scalers[0].id, "/properties/profiles/0/rules", rule, question)
        for rule in scale_rules(source, metric)
    ]


def _plans_of(sites: tuple[Resource, ...], w: Workload) -> tuple[Resource, ...]:
    found = [w.estate.one(site, Relation.RUNS_ON) for site in sites]
    return tuple(dict.fromkeys(plan for plan in found if plan is not None))


@decides(on=lambda w: _plans_of(w.chat_uis, w), part="plan of the chat UI", terms=InstanceTerms)
def chat_ui_falls_with_a_zone(plan: Resource, w: Workload, terms: InstanceTerms) -> Answer:
    """The plan of the chat UI is not spread over availability zones.

    What is read: `zoneRedundant` and `sku.capacity` of the plan, and the minimum of the autoscale setting on it.

    Why it matters: a plan that is not zone redundant may run all of its workers in one datacenter.

    What is wrong: `zoneRedundant` is not true, or there are, or may be after scaling in, fewer workers than the terms
    ask for.

    How to put it right: `az appservice plan update --number-of-workers 3`; a plan becomes zone redundant when it is
    made, so make a new one with `--zone-redundant` and move the site.

    References: article, "Reliability" (zonal redundancy of the App Service baseline);
    learn.microsoft.com/azure/reliability/reliability-app-service.
    """
    return _spread(plan, w, terms)


@decides(on=lambda w: _plans_of(w.flow_sites, w), part="plan of a flow web app", terms=InstanceTerms)
def flow_falls_with_a_zone(plan: Resource, w: Workload, terms: InstanceTerms) -> Answer:
    """A flow that is hosted on App Service is not spread over availability zones.

    What is read: `zoneRedundant` and `sku.capacity` of the plan that the flow's web app runs on, and the minimum of the
    autoscale setting on it. Where no web app runs the flow this does not apply.

    Why it matters: zonal redundancy is why the article hosts the flow here rather than on Machine Learning compute.

    What is wrong: `zoneRedundant` is not true, or there are fewer workers than the terms ask for.

    How to put it right: as for the chat UI (REL-10); the article puts both on one plan.

    References: article, "Zonal redundancy for flow deployments";
    learn.microsoft.com/azure/reliability/reliability-app-service.
    """
    return _spread(plan, w, terms)


def _spread(plan: Resource, w: Workload, terms: InstanceTerms) -> Verdict:
    zones = setting(plan, "properties", "zoneRedundant")
    scalers = scalers_of(w, plan)
    fewest, evidence = lowest(plan, scalers, taken(w))
    if zones.value is not True:
        fix = az("appservice plan create", plan, f"--zone-redundant --number-of-workers {terms.instances}")
        says = f"zoneRedundant of {plan.name} is {zones}"
        return broken(
            plan,
            says,
            zones.evidence,
            *evidence,
            fix=f"make a new plan: {fix}",
            changes=[*_zonal_plan(plan), *_more(plan, scalers, terms.instances)],
        )
    if fewest >= terms.instances:
        return holds(plan, f"{plan.name} is zone redundant with at least {fewest} workers", zones.evidence, *evidence)
    fix = az("appservice plan update", plan, f"--number-of-workers {terms.instances}")
    says = f"{plan.name} may have {fewest} worker(s), fewer than {terms.instances}"
    return broken(plan, says, *evidence, fix=fix, changes=_more(plan, scalers, terms.instances))


def _zonal_plan(plan: Resource) -> list[Change]:
    """Azure lets a plan be made zone redundant where its hosts take it: else the plan is made again."""
    lost = f"where the hosts of {plan.name} take no zones, a new plan is needed, and its sites move"
    return [set_to(plan.id, "properties/zoneRedundant", True, warning=lost)]


class ZoneTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Over how many zones, and with how many instances at least."""

    zones: int
    instances: int


@decides(on=lambda w: w.gateways, part="Application Gateway", terms=ZoneTerms)
def gateway_falls_with_a_zone(gateway: Resource, w: Workload, terms: ZoneTerms) -> Iterator[Verdict]:
    """The gateway or its public address is not spread over availability zones.

    What is read: `zones` of the gateway and of its public address (absent means none was asked for), and
    `autoscaleConfiguration.minCapacity`, or `sku.capacity` where the gateway does not scale.

    Why it matters: the gateway is the single entry point. It is as reliable as the least reliable thing it stands on.

    What is wrong: fewer zones than the terms ask for, or fewer instances than it takes to have one in each.

    How to put it right: `az network application-gateway update --min-capacity 3`; zones of a gateway and of an address
    are given when they are made.

    References: article, "Reliability" (the App Service baseline);
    learn.microsoft.com/azure/reliability/reliability-application-gateway-v2.
    """
    yield _in_zones(gateway, terms, aspect="zones")
    for address in w.estate.out(gateway, Relation.HAS_ADDRESS):
        if isinstance(address, Unknown):
            yield unknown(gateway, address, aspect="address")
        else:
            yield _in_zones(address, terms)
    scaled = gateway.at("properties", "autoscaleConfiguration", "minCapacity")
    count = scaled if scaled.value is not None else gateway.at("properties", "sku", "capacity")
    fix = az("network application-gateway update", gateway, f"--min-capacity {terms.instances}")
    if not isinstance(count.value, int):
        because = f"the number of instances of {gateway.name} is not in its document"
        yield unknown(gateway, Unknown(because), scaled, aspect="instances")
    elif count.value < terms.instances:
        says = f"{gateway.name} may have {count.value} instance(s), fewer than {terms.instances}"
        change = set_to(gateway.id, count.place.pointer, terms.instances)
        yield broken(gateway, says, count, fix=fix, aspect="instances", changes=[change])
    else:
        yield holds(gateway, f"{gateway.name} has at least {count.value} instances", count, aspect="instances")


def _in_zones(thing: Resource, terms: ZoneTerms, aspect: str = "") -> Verdict:
    evidence = thing.at("zones")
    zones = evidence.value if isinstance(evidence.value, list) else []
    if len(zones) >= terms.zones:
        return holds(thing, f"{thing.name} is in zones {', '.join(map(str, zones))}", evidence, aspect=aspect)
    says = f"{thing.name} is in {len(zones)} zone(s), fewer than {terms.zones}"
    return broken(thing, says, evidence, fix=f"make {thing.id.text} again with zones 1, 2 and 3", aspect=aspect)


class RedundancyTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The kinds of redundancy of storage that span zones, as in the second half of a SKU's name."""

    redundancy: tuple[str, ...]


@decides(on=lambda w: (*registries_of(w), *storages_of(w)), part="registry or storage", terms=RedundancyTerms)
def data_falls_with_a_zone(store: Resource, w: Workload, terms: RedundancyTerms) -> Answer:
    """The registry or a storage account is not zone redundant.

    What is read: `zoneRedundancy` and the region of the registry, `sku.name` of each storage account. In a region with
    zones every registry is zone redundant, whatever the property shows.

    Why it matters: instances in other zones cannot start without the image, nor answer without the data.

    What is wrong: the registry is in a region without zones, or the account's redundancy does not span zones.

    How to put it right: `az storage account update --sku Standard_ZRS` where a live conversion is possible; a registry
    in a region with zones.

    References: article, "Reliability" (the App Service baseline);
    learn.microsoft.com/azure/container-registry/zone-redundancy;
    learn.microsoft.com/azure/storage/common/storage-redundancy.
    """
    if store.type == REGISTRY:
        return _registry_in_zones(store)
    tier = store.at("sku", "name")
    if tier.value is None:
        return unknown(store, Unknown(f"the redundancy of {store.name} is not in its document", absent=True), tier)
    if str(tier.value).rpartition("_")[2].casefold() in {kind.casefold() for kind in terms.redundancy}:
        return holds(store, f"{store.name} is {tier.value}, which spans zones", tier)
    fix = az("storage account update", store, "--sku Standard_ZRS")
    cost = f"{store.name} costs more when it spans zones, and its conversion takes days"
    change = set_to(store.id, "sku/name", "Standard_ZRS", warning=cost)
    says = f"{store.name} is {tier.value}, which does not span zones"
    return broken(store, says, tier, fix=fix, changes=[change] if _convertible(str(tier.value)) else ())


def _convertible(tier: str) -> bool:
    """An account of the premium kinds does not become one of the standard kind."""
    return tier.casefold().startswith("standard_")


def _registry_in_zones(registry: Resource) -> Verdict:
    """Azure has made every registry zone redundant in regions with zones; the property stays as it was set."""
    stated = registry.at("properties", "zoneRedundancy")
    region = registry.at("location")
    if str(stated.value or "").casefold() == "enabled":
        return holds(registry, f"zoneRedundancy of {registry.name} is Enabled", stated)
    zones = region_has_zones(registry)
    if isinstance(zones, Unknown):
        return unknown(registry, zones, stated, region)
    if zones:
        says = f"{registry.name} is in {registry.location}, where every registry is zone redundant"
        return holds(registry, says, region, stated)
    says = f"{registry.name} is in {registry.location}, a region without availability zones"
    return broken(registry, says, region, stated, fix="create the registry in a region with zones, and move the images")
