"""How many instances something has at the least, and what its number of instances follows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from auditor.documents.defaults import setting
from auditor.estate import Relation
from auditor.model import ArmId, Evidence, NotKnown, Resource, Unknown
from auditor.workload.parts import Workload

AUTOSCALE = "microsoft.insights/autoscalesettings"


def active_deployments(w: Workload) -> tuple[Resource, ...]:
    """The deployments that take some of their endpoint's traffic."""
    busy: set[tuple[ArmId, str]] = set()
    for endpoint in w.online_endpoints:
        traffic = endpoint.get("properties", "traffic", default={})
        for name, percent in traffic.items() if isinstance(traffic, dict) else ():
            if isinstance(percent, int | float) and percent > 0:
                busy.add((endpoint.id, str(name).casefold()))
    return tuple(d for d in w.online_deployments if (d.id.parent, d.id.name.casefold()) in busy)


def scalers_of(w: Workload, target: Resource) -> tuple[Resource, ...]:
    """The enabled autoscale settings of a resource; raises `NotKnown` where they were not read."""
    w.estate.all(AUTOSCALE)
    found = w.estate.into(target, Relation.SCALES, AUTOSCALE)
    return tuple(s for s in found if setting(s, "properties", "enabled").value is True)


def lowest(target: Resource, scalers: tuple[Resource, ...]) -> tuple[int, tuple[Evidence, ...]]:
    """The fewest instances that a resource can have: its own capacity, and the minimum of every profile that scales it.

    Raises `NotKnown` where one of them does not show.
    """
    stated = [target.at("sku", "capacity")]
    for scaler in scalers:
        for index, _ in scaler.items("properties", "profiles"):
            stated.append(scaler.at("properties", "profiles", index, "capacity", "minimum"))
    return min(_number(target, evidence) for evidence in stated), tuple(stated)


def _number(target: Resource, evidence: Evidence) -> int:
    # Azure writes the capacity of a profile as text.
    text = str(evidence.value)
    if not text.isdigit():
        because = f"the number of instances of {target.name} is not in its document: {evidence.value!r}"
        raise NotKnown(Unknown(because, absent=evidence.value is None))
    return int(text)


@dataclass(frozen=True)
class Followed:
    """What a rule of an autoscale setting follows: a metric, of which type and of which resource.

    `type` is lower case, and empty where the rule does not say; `source` is `None` then.
    """

    type: str
    source: ArmId | None
    evidence: Evidence


def followed(scaler: Resource) -> Iterator[Followed]:
    """By rule of an autoscale setting: the metric that it follows, and whose it is.

    The namespace may be left out, since the resource that the metric is of tells it too.
    """
    for profile, _ in scaler.items("properties", "profiles"):
        path = ("properties", "profiles", profile, "rules")
        for rule, _ in scaler.items(*path):
            trigger = (*path, rule, "metricTrigger")
            source = scaler.ref(*trigger, "metricResourceUri")
            stated = scaler.text(*trigger, "metricNamespace")
            kind = stated or (source.type if source is not None else "")
            yield Followed(kind, source, scaler.at(*trigger, "metricName"))
