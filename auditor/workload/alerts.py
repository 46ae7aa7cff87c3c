"""Metric alerts: whether somebody is told when a metric of a resource passes a threshold."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.documents.alert import ALERT, GROUP, ActionGroup, MetricAlert
from auditor.model import ArmId, Evidence, NotKnown, Resource, Unknown
from auditor.workload.parts import Workload


def alerts_on(w: Workload, target: Resource, metrics: tuple[str, ...]) -> tuple[Evidence, ...]:
    """Where enabled metric alerts on a resource name one of these metrics, and reach somebody.

    Raises `NotKnown` where the alerts were not read, or where only alerts are left of which it is not known whether
    they reach somebody. An alert on a group or a subscription counts if it is about resources of this type; one
    without an action group that is enabled and has receivers does not.
    """
    wanted = {metric.casefold() for metric in metrics}
    found: list[Evidence] = []
    gaps: list[Unknown] = []
    for alert in w.estate.all(ALERT):
        named = [evidence for name, evidence in _metrics(alert) if name in wanted]
        if not named or not _is_about(alert, target) or not MetricAlert(alert).enabled.value:
            continue
        reaches = _reaches_somebody(w, MetricAlert(alert))
        if isinstance(reaches, Unknown):
            gaps.append(reaches)
        elif reaches:
            found += named
    if gaps and not found:
        raise NotKnown(gaps[0])
    return tuple(found)


def _reaches_somebody(w: Workload, alert: MetricAlert) -> bool | Unknown:
    """Whether an action group of the alert is there, enabled and has a receiver."""
    gap: Unknown | None = None
    for action in alert.actions.value:
        id_ = action.group.value
        if id_ is None:
            continue
        group = w.estate.find(id_)
        if group is None:
            try:
                w.estate.all(GROUP)
            except NotKnown as unread:
                gap = unread.unknown
                continue
            if not any(one.id.subscription == id_.subscription for one in w.anchors):
                gap = Unknown(f"{id_.name}, which {alert.name} calls, is not in this snapshot", absent=True)
            continue
        view = ActionGroup(group)
        if view.has_receivers and isinstance(view.enabled.known, Unknown):
            gap = view.enabled.known
        elif view.has_receivers and view.enabled.value:
            return True
    return False if gap is None else gap


def _is_about(alert: Resource, target: Resource) -> bool:
    scopes = [ArmId(str(s)) for s in alert.get("properties", "scopes", default=[])]
    if target.id in scopes:
        return True
    of_type = alert.text("properties", "targetResourceType") == target.type
    return of_type and any(target.id.is_within(scope) for scope in scopes)


def _metrics(alert: Resource) -> Iterator[tuple[str, Evidence]]:
    for index, row in alert.items("properties", "criteria", "allOf"):
        yield str(row.get("metricName")).casefold(), alert.at("properties", "criteria", "allOf", index, "metricName")
