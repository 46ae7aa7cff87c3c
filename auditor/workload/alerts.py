"""Metric alerts: whether somebody is told when a metric of a resource passes a threshold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from auditor.documents.ai_account import DEPLOYMENT
from auditor.documents.alert import (
    ALERT,
    GROUP,
    LOG_ALERT,
    PROCESSING,
    ActionGroup,
    Criterion,
    LogAlert,
    MetricAlert,
    ProcessingRule,
)
from auditor.model import ArmId, Evidence, NotKnown, Resource, Unknown
from auditor.workload.parts import Workload

_BY_DEPLOYMENT = "modeldeploymentname"
"""The dimension by which metrics of an account tell its model deployments apart."""

_FALLING = ("lessthan", "lessthanorequal")
_MUTES, _ADDS = "removeallactiongroups", "addactiongroups"


def alerts_on(
    w: Workload, target: Resource, metrics: tuple[str, ...], *, falling: bool = False
) -> tuple[Evidence, ...]:
    """Where enabled metric alerts on a resource name one of these metrics, and reach somebody.

    An alert on a group or a subscription counts if it is about resources of this type and region. One without an action
    group that is enabled and has receivers does not, nor one whose group a processing rule takes away at all times, nor
    one that fires when the metric falls, unless `falling` is set. Alerts narrowed to model deployments count where
    together they name every one of the account.

    Raises `NotKnown` where the alerts were not read, where only alerts are left of which it is not known whether they
    count, and where only an alert on logs is there, whose query is not judged.
    """
    wanted = {metric.casefold() for metric in metrics}
    whole: list[Evidence] = []
    narrowed: dict[str, list[Evidence]] = {}
    gaps: list[Unknown] = []
    for alert in map(MetricAlert, w.estate.all(ALERT)):
        try:
            found = tuple(_named(alert, wanted, target, falling))
            counts = bool(found) and alert.enabled.value and _counts(w, alert, target)
        except NotKnown as gap:
            gaps.append(gap.unknown)
            continue
        for each in found if counts else ():
            if each.deployments is None:
                whole.append(each.evidence)
            for name in each.deployments or ():
                narrowed.setdefault(name, []).append(each.evidence)
    if whole:
        return tuple(whole)
    if narrowed:
        deployed = {d.id.name.casefold() for d in w.estate.all(DEPLOYMENT, under=target.id)}
        if deployed and deployed <= set(narrowed):
            return tuple(dict.fromkeys(e for found in narrowed.values() for e in found))
    gaps += _by_logs(w, target, wanted)
    if gaps:
        raise NotKnown(gaps[0])
    return ()


@dataclass(frozen=True)
class _Watched:
    """A criterion on a metric: where it names it, and which model deployments it is narrowed to, if to any."""

    evidence: Evidence
    deployments: frozenset[str] | None


def _named(alert: MetricAlert, wanted: set[str], target: Resource, falling: bool) -> Iterator[_Watched]:
    """The criteria that watch one of the metrics, of an alert that is about the target and switched on."""
    if alert.watches_a_web_test or alert.enabled.known is False or not _is_about(alert, target):
        return
    for criterion in alert.criteria.value:
        if criterion.metric.value in wanted and (falling or criterion.operator.known not in _FALLING):
            yield _Watched(criterion.metric.evidence, _narrowed_to(criterion))


def _narrowed_to(criterion: Criterion) -> frozenset[str] | None:
    for dimension in criterion.dimensions.value:
        if dimension.of.value == _BY_DEPLOYMENT:
            values = frozenset(value.casefold() for value in dimension.values.value)
            if dimension.operator.value == "exclude":
                because = f"the alert {criterion.resource.name} leaves out {', '.join(sorted(values))}"
                raise NotKnown(Unknown(f"{because}, and whether what is left is every deployment is not determined"))
            return None if "*" in values else values
    return None


def _is_about(alert: MetricAlert, target: Resource) -> bool:
    scopes = [ArmId(scope) for scope in alert.scopes.value]
    if target.id in scopes:
        return True
    region = alert.region.known
    elsewhere = isinstance(region, str) and region.replace(" ", "") not in ("", "global", target.location)
    within = any(target.id.is_within(scope) for scope in scopes)
    return within and alert.of_type.known == target.type and not elsewhere


def _counts(w: Workload, alert: MetricAlert, target: Resource) -> bool:
    """Whether an alert reaches somebody; raises `NotKnown` where that cannot be determined."""
    rules = [rule for rule in map(ProcessingRule, w.estate.all(PROCESSING)) if _is_over(rule, target, alert.id)]
    muted = _in_force(rules, _MUTES)
    if muted is True:
        return False
    if isinstance(muted, Unknown):
        raise NotKnown(muted)
    groups = [action.group.value for action in alert.actions.value]
    reaches = _reaches_somebody(w, alert, groups)
    if reaches is True:
        return True
    if _in_force(rules, _ADDS) is not False:
        added = [group for rule in rules for action in rule.actions.value for group in action.groups.value]
        reached = _reaches_somebody(w, alert, added)
        reaches = reached if reached is not False else reaches
    if isinstance(reaches, Unknown):
        raise NotKnown(reaches)
    return reaches


def _is_over(rule: ProcessingRule, target: Resource, alert: ArmId) -> bool:
    scopes = [ArmId(scope) for scope in rule.scopes.value]
    return rule.enabled.value and any(target.id.is_within(s) or alert.is_within(s) for s in scopes)


def _in_force(rules: list[ProcessingRule], action: str) -> bool | Unknown:
    """Whether one of the rules does this with every alert at all times; unknown where it does so with some."""
    gap: Unknown | None = None
    for rule in rules:
        if not any(each.type.value == action for each in rule.actions.value) or rule.always is False:
            continue
        if rule.always is True and not rule.conditions.value:
            return True
        gap = Unknown(f"the alert processing rule {rule.name} narrows what it does by conditions that are not followed")
    return False if gap is None else gap


def _reaches_somebody(w: Workload, alert: MetricAlert, groups: Iterable[ArmId | None]) -> bool | Unknown:
    """Whether one of the action groups is there, enabled and has a receiver that listens."""
    gap: Unknown | None = None
    for id_ in groups:
        if id_ is None:
            continue
        found = reaches_somebody(w, id_, alert.name)
        if found is True:
            return True
        gap = found if isinstance(found, Unknown) else gap
    return False if gap is None else gap


def reaches_somebody(w: Workload, id_: ArmId, caller: str) -> bool | Unknown:
    """Whether an action group is there, enabled and has a receiver that listens. `caller` is what calls it."""
    group = w.estate.find(id_)
    if group is None:
        try:
            w.estate.all(GROUP)
        except NotKnown as unread:
            return unread.unknown
        if not any(one.id.subscription == id_.subscription for one in w.anchors):
            return Unknown(f"{id_.name}, which {caller} calls, is not in this snapshot", absent=True)
        return False
    view = ActionGroup(group)
    if not view.states("properties"):
        return Unknown(f"the action group {id_.name} shows nothing of itself", absent=True)
    return view.enabled.known if view.has_receivers else False


def _by_logs(w: Workload, target: Resource, wanted: set[str]) -> Iterator[Unknown]:
    """Alerts on logs that may watch the target in the place of an alert on a metric."""
    for alert in map(LogAlert, w.estate.seen(LOG_ALERT)):
        if alert.enabled.known is False:
            continue
        criteria = alert.criteria.known
        queries = [row.query.known for row in criteria] if not isinstance(criteria, Unknown) else []
        names = any(isinstance(q, str) and any(metric in q.casefold() for metric in wanted) for q in queries)
        scopes = alert.scopes.known
        on_it = not isinstance(scopes, Unknown) and target.id in [ArmId(scope) for scope in scopes]
        if names or on_it:
            because = f"{alert.name}, an alert on logs, may watch {target.name}: what its query finds is not judged"
            yield Unknown(because)
