"""Changes that several rules propose: what is made anew, what scales, what watches, and where logs go."""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_URL, uuid5

from auditor.access.assignments import Hold
from auditor.access.grants import Grant
from auditor.access.scopes import group_of
from auditor.documents.alert import GROUP, ActionGroup
from auditor.estate import Relation
from auditor.estate.principals import YET_TO_BE_MADE
from auditor.facts import load
from auditor.model import ArmId, Resource
from auditor.model.change import Change, create, delete, set_to
from auditor.workload.owned import LOG_ANALYTICS
from auditor.workload.parts import SEARCH, Workload


def shut(resource: Resource) -> list[Change]:
    """The switch of a public endpoint off: findings that this one change closes have the same cause."""
    lost = f"clients that reach {resource.name} by its public endpoint lose access; private endpoints stay"
    # AI Search writes the values in small letters.
    word = "disabled" if resource.type == SEARCH else "Disabled"
    return [set_to(resource.id, "properties/publicNetworkAccess", word, warning=lost)]


_KEPT = ("location", "identity", "tags", "kind", "sku", "zones")
"""What is made anew keeps of what it was, beside its properties."""


def made_anew(resource: Resource, warning: str, properties: dict[str, Any]) -> list[Change]:
    """Delete a resource, and create it with these properties in the place of those of the same name.

    For settings that Azure takes only when a resource is made.
    """
    body = {key: resource.stated(key) for key in _KEPT if resource.stated(key) is not None}
    stated = resource.stated("properties")
    kept = dict(stated) if isinstance(stated, dict) else {}
    return [delete(resource.id, warning), create(resource.id, {**body, "properties": {**kept, **properties}})]


def log_rows(logs: tuple[str, ...]) -> list[dict[str, object]]:
    """The rows of a diagnostic setting that captures these categories or groups of them."""
    groups = load("log-categories")["groups"]
    return [{"categoryGroup" if name in groups else "category": name, "enabled": True} for name in logs]


def log_store(w: Workload) -> ArmId | None:
    """The workload's own Log Analytics workspace, where the snapshot shows one."""
    return next((store.id for store in w.estate.seen(LOG_ANALYTICS) if w.owns(store)), None)


def logs_captured(subject: ArmId, w: Workload, logs: tuple[str, ...]) -> tuple[Change, ...]:
    """A diagnostic setting beside those that there are: Azure takes five of them for a resource."""
    store = log_store(w)
    if store is None:
        return ()
    id_ = ArmId(f"{subject.text}/providers/Microsoft.Insights/diagnosticSettings/logs")
    return (create(id_, {"properties": {"workspaceId": store.text, "logs": log_rows(logs)}}),)


def _insights(resource: Resource, kind: str, name: str) -> ArmId:
    """The id of something of Azure Monitor in the group of a resource."""
    return ArmId(f"{group_of(resource.id).text}/providers/Microsoft.Insights/{kind}/{name}")


_LOAD, _LATENCY = "CpuUtilizationPercentage", "RequestLatency"
_THRESHOLDS = {_LOAD: 70, _LATENCY: 1000}
"""Examples: how busy the machines are, in percent, and what users feel, in milliseconds; the metrics are those of
learn.microsoft.com/azure/machine-learning/how-to-autoscale-endpoints (2026-11-30)."""


def scaling(deployment: Resource, w: Workload, fewest: int = 3) -> list[Change]:
    """An autoscale setting for an online deployment that follows its load and the latency of its endpoint."""
    id_ = _insights(deployment, "autoscaleSettings", f"{deployment.name}-autoscale")
    endpoint = deployment.id.parent or deployment.id
    rules = [*scale_rules(deployment.id, _LOAD), *scale_rules(endpoint, _LATENCY)]
    profile = {
        "name": "by load",
        "capacity": {"minimum": str(fewest), "maximum": str(2 * fewest), "default": str(fewest)},
        "rules": rules,
    }
    properties = {
        "enabled": True,
        "name": id_.name,
        "targetResourceUri": deployment.id.text,
        "profiles": [profile],
        "notifications": [],
    }
    question = f"between how many instances {deployment.name} scales, and at which load and latency"
    made = create(id_, {"location": deployment.stated("location"), "properties": properties}, question)
    return [made, *logs_captured(id_, w, ("allLogs",))]


def scale_rules(source: ArmId, metric: str) -> list[dict[str, Any]]:
    """The two rules that follow a metric of a deployment or of its endpoint: out above a threshold, in far below it."""
    tail = source.text.rpartition("/providers/")[2].split("/")
    threshold = _THRESHOLDS.get(metric, _THRESHOLDS[_LOAD])
    trigger = {
        "metricName": metric,
        "metricNamespace": "/".join([tail[0], *tail[1::2]]).casefold(),
        "metricResourceUri": source.text,
        "timeGrain": "PT1M",
        "statistic": "Average",
        "timeWindow": "PT5M",
        "timeAggregation": "Average",
    }
    ways = (("Increase", "GreaterThan", threshold), ("Decrease", "LessThan", threshold * 2 // 5))
    return [
        {
            "metricTrigger": {**trigger, "operator": operator, "threshold": limit},
            "scaleAction": {"direction": way, "type": "ChangeCount", "value": "1", "cooldown": "PT5M"},
        }
        for way, operator, limit in ways
    ]


def assigned(principal: str, role: str, scope: ArmId) -> list[Change]:
    """A role for a managed identity, under a name that follows from what it says, so that it is made once.

    Nothing for an identity that is yet to be made: it has no id to give a role to.
    """
    if principal.startswith(YET_TO_BE_MADE):
        return []
    name = uuid5(NAMESPACE_URL, f"{scope.key} {role} {principal}".casefold())
    definition = f"/subscriptions/{scope.subscription}/providers/Microsoft.Authorization/roleDefinitions/{role}"
    properties = {
        "roleDefinitionId": definition,
        "principalId": principal,
        "principalType": "ServicePrincipal",
        "scope": scope.text,
    }
    id_ = ArmId(f"{scope.text}/providers/Microsoft.Authorization/roleAssignments/{name}")
    return [create(id_, {"properties": properties})]


_ASSIGNMENT = "microsoft.authorization/roleassignments"


def standing_assignment(grant: Grant) -> ArmId | None:
    """The role assignment that a right comes from, where it is one that can be deleted: no schedule, no policy."""
    assignment = grant.assignment
    deletable = assignment.hold is Hold.STANDING and assignment.resource.type == _ASSIGNMENT
    return assignment.resource.id if deletable else None


_GROUP = "microsoft.network/networksecuritygroups"


def attached(subnet: Resource, w: Workload) -> list[Change]:
    """The one security group of the workload that guards nothing, attached to a subnet that has none.

    Nothing where there are several, or none: which rules a new group needs is no fact of the snapshot.
    """
    idle = [g for g in w.estate.seen(_GROUP) if w.owns(g) and not w.estate.into(g, Relation.GUARDED_BY)]
    if len(idle) != 1:
        return []
    question = f"whether {idle[0].name} is the group that {subnet.name} is to have"
    lost = f"what the rules of {idle[0].name} deny does not get into {subnet.name} or out of it any more"
    return [set_to(subnet.id, "properties/networkSecurityGroup", {"id": idle[0].id.text}, question, lost)]


_RECEIVER = {"name": "operators", "emailAddress": "operators@example.com", "useCommonAlertSchema": True}


def watched(target: Resource, w: Workload, metric: str, aggregation: str, threshold: int) -> list[Change]:
    """A metric alert on a resource that calls an action group: one of the workload's, else one to be made."""
    groups = [g for g in w.estate.seen(GROUP) if w.owns(g) and _tells(ActionGroup(g))]
    made: list[Change] = []
    if groups:
        group = groups[0].id
    else:
        group = _insights(target, "actionGroups", "operators")
        body = {"groupShortName": "operators", "enabled": True, "emailReceivers": [_RECEIVER]}
        made.append(create(group, {"location": "Global", "properties": body}, "who is notified when an alert fires"))
    id_ = _insights(target, "metricAlerts", f"{target.name}-{metric}")
    criterion = {
        "criterionType": "StaticThresholdCriterion",
        "name": metric,
        "metricName": metric,
        "operator": "GreaterThan",
        "threshold": threshold,
        "timeAggregation": aggregation,
    }
    properties = {
        "severity": 2,
        "enabled": True,
        "scopes": [target.id.text],
        "evaluationFrequency": "PT1M",
        "windowSize": "PT5M",
        "criteria": {
            "odata.type": "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
            "allOf": [criterion],
        },
        "actions": [{"actionGroupId": group.text}],
    }
    question = f"above which {metric} of {target.name} an alert fires"
    return [*made, create(id_, {"location": "global", "properties": properties}, question)]


def _tells(group: ActionGroup) -> bool:
    return group.has_receivers and group.enabled.known is True
