"""How many instances something has at the least, and what its number of instances follows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from auditor.documents.autoscale import AUTOSCALE, Autoscale, Profile
from auditor.documents.ml_workspace import OnlineDeployment, OnlineEndpoint
from auditor.estate import Relation
from auditor.model import ArmId, Evidence, NotKnown, Resource, Unknown
from auditor.workload.parts import Workload
from auditor.workload.secrets import parse_moment


def active_deployments(w: Workload) -> tuple[Resource, ...]:
    """The deployments that take some of their endpoint's traffic; raises `NotKnown` where an endpoint does not show."""
    busy: set[tuple[ArmId, str]] = set()
    for endpoint in w.online_endpoints:
        traffic = OnlineEndpoint(endpoint).traffic
        if isinstance(traffic, Unknown):
            raise NotKnown(traffic)
        busy |= {(endpoint.id, name) for name, share in traffic.items() if share > 0}
    return tuple(d for d in w.online_deployments if (d.id.parent, d.id.name.casefold()) in busy)


def taken(w: Workload) -> datetime | None:
    """The moment of the snapshot; `None` where it does not say."""
    return parse_moment(w.estate.snapshot.collected_at)


def scalers_of(w: Workload, target: Resource) -> tuple[Autoscale, ...]:
    """The enabled autoscale settings of a resource.

    Raises `NotKnown` where they were not read, or where one does not show what it scales.
    """
    every = [Autoscale(found) for found in w.estate.all(AUTOSCALE)]
    for each in every:
        if isinstance(each.target.known, Unknown) and each.id.subscription == target.id.subscription:
            raise NotKnown(each.target.known)
    found = w.estate.into(target, Relation.SCALES, AUTOSCALE)
    return tuple(each for each in map(Autoscale, found) if each.enabled.value)


def scales_out(scaler: Autoscale, as_of: datetime | None) -> bool | Unknown:
    """Whether an autoscale setting ever adds an instance: by a rule that does, between bounds that leave room."""
    for profile in profiles_of(scaler, as_of):
        lowest_, highest = _number(profile, "minimum"), _number(profile, "maximum")
        if highest > lowest_ and any(rule.direction.value == "increase" for rule in profile.rules.value):
            return True
    return False


def profiles_of(scaler: Autoscale, as_of: datetime | None) -> Iterator[Profile]:
    """The profiles that are in force now or will be; one for a date that has passed never is again.

    `as_of` is the moment of the snapshot. The dates of a profile are in a zone of its own: within a day of its end it
    counts.
    """
    for profile in scaler.profiles.value:
        fixed = profile.fixed_date.value
        end = parse_moment(fixed.end.value) if fixed is not None else None
        if end is None or as_of is None or (as_of - end).days < 1:
            yield profile


def lowest(
    target: Resource, scalers: tuple[Autoscale, ...], as_of: datetime | None = None
) -> tuple[int, tuple[Evidence, ...]]:
    """The fewest instances that a resource can have: its own capacity, and the minimum of every profile that scales it.

    A deployment on Kubernetes that scales by itself has the minimum of its own settings. Raises `NotKnown` where one of
    them does not show.
    """
    own = OnlineDeployment(target)
    if own.scales_itself:
        return own.fewest.value, (own.fewest.evidence,)
    stated = [target.at("sku", "capacity")]
    fewest = [_capacity(target, stated[0])]
    for scaler in scalers:
        for profile in profiles_of(scaler, as_of):
            stated.append(profile.lowest.evidence)
            fewest.append(_number(profile, "minimum"))
    return min(fewest), tuple(stated)


def _number(profile: Profile, bound: str) -> int:
    return _capacity(profile.resource, profile.resource.at(*profile.path, "capacity", bound))


def _capacity(target: Resource, evidence: Evidence) -> int:
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


def followed(scaler: Autoscale, as_of: datetime | None = None) -> Iterator[Followed]:
    """By rule of an autoscale setting: the metric that it follows, and whose it is.

    The namespace may be left out, since the resource that the metric is of tells it too.
    """
    for profile in profiles_of(scaler, as_of):
        for rule in profile.rules.value:
            trigger = rule.trigger.value
            if trigger is None:
                continue
            source, namespace = trigger.source.known, trigger.namespace.known
            whose = None if isinstance(source, Unknown) else source
            stated = "" if isinstance(namespace, Unknown) else namespace
            yield Followed(stated or (whose.type if whose is not None else ""), whose, trigger.metric.evidence)
