"""Metric alerts: whether somebody is told when a metric of a resource passes a threshold."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.documents.defaults import setting
from auditor.model import ArmId, Evidence, Resource
from auditor.workload.parts import Workload

ALERT = "microsoft.insights/metricalerts"


def alerts_on(w: Workload, target: Resource, metrics: tuple[str, ...]) -> tuple[Evidence, ...]:
    """Where enabled metric alerts on a resource name one of these metrics.

    Raises `NotKnown` where the alerts were not read. An alert on a group or a subscription counts if it is about
    resources of this type.
    """
    wanted = {metric.casefold() for metric in metrics}
    return tuple(
        evidence
        for alert in w.estate.all(ALERT)
        if _is_about(alert, target) and setting(alert, "properties", "enabled").value is True
        for name, evidence in _metrics(alert)
        if name in wanted
    )


def _is_about(alert: Resource, target: Resource) -> bool:
    scopes = [ArmId(str(s)) for s in alert.get("properties", "scopes", default=[])]
    if target.id in scopes:
        return True
    of_type = alert.text("properties", "targetResourceType") == target.type
    return of_type and any(target.id.is_within(scope) for scope in scopes)


def _metrics(alert: Resource) -> Iterator[tuple[str, Evidence]]:
    for index, row in alert.items("properties", "criteria", "allOf"):
        yield str(row.get("metricName")).casefold(), alert.at("properties", "criteria", "allOf", index, "metricName")
