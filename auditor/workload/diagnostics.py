"""Diagnostic settings: which logs of a resource are captured, and whether what they are sent to exists."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.documents.diagnostic_setting import SETTING, DiagnosticSetting
from auditor.estate import Estate, Relation
from auditor.facts import load
from auditor.model import ArmId, Evidence, NotKnown, Resource, Unknown
from auditor.sets.proof import Step


@dataclass(frozen=True)
class Destination:
    """Something that a diagnostic setting sends to: where it says so, and the resource that must exist for it."""

    setting: Resource
    target: ArmId
    evidence: Evidence


def called(id_: ArmId) -> str:
    """A resource's name for a message; a storage service, which Azure calls `default`, by its kind and account."""
    parent = id_.parent
    if id_.name.casefold() != "default" or parent is None:
        return id_.name
    return f"{id_.type.rpartition('/')[2].removesuffix('services')} service of {parent.name}"


def settings_of(estate: Estate, subject: ArmId) -> tuple[Resource, ...]:
    """Every diagnostic setting of a resource; raises `NotKnown` where they were not read."""
    gap = estate.coverage.gap(SETTING, subject)
    if gap is not None:
        raise NotKnown(gap)
    return estate.into(subject, Relation.DESCRIBES, SETTING)


def unread_settings(estate: Estate, owns: Callable[[Resource], bool]) -> Iterator[Unknown]:
    """Why not every setting of the resources that somebody owns is known: each list that could not be read."""
    row = next(row for row in load("arm-reads")["reads"] if row["type"].casefold() == SETTING)
    kinds = [kind.casefold() for kind in row["parent"]]
    gaps = [estate.coverage.gap(kind) for kind in kinds]
    gaps += [estate.coverage.gap(SETTING, each.id) for kind in kinds for each in estate.seen(kind) if owns(each)]
    told = {gap.because: gap for gap in gaps if gap is not None and not gap.absent}
    yield from told.values()


def captured(estate: Estate, subject: ArmId, wanted: tuple[str, ...]) -> Step:
    """Whether settings with a destination capture all that is wanted: category groups or single categories.

    What several settings capture counts together. `allLogs`, or every category that exists for the type, is good for
    anything; the other groups only for themselves.
    """
    found = [DiagnosticSetting(setting) for setting in settings_of(estate, subject)]
    sending = [s for s in found if any(True for _ in s.destinations())]
    enabled = {word: evidence for s in sending for word, evidence in _enabled(s)}
    left_out = {c for s in found for c in _categories(s)} - set(enabled)
    everything = _everything(estate, subject, enabled, left_out)
    missing = [w for w in wanted if w.casefold() not in enabled]
    if everything is True or not missing:
        evidence = tuple(enabled.values())
        return Step("logs", True, f"{called(subject)} captures {_listed(enabled)}", evidence)
    if isinstance(everything, Unknown):
        return Step("logs", everything, everything.because, tuple(enabled.values()))
    if not found:
        return Step("logs", False, f"{called(subject)} has no diagnostic setting")
    if not sending:
        says = f"no diagnostic setting of {called(subject)} has a destination"
        return Step("logs", False, says, tuple(s.workspace.evidence for s in found))
    what = f"captures {_listed(enabled)}" if enabled else "captures no logs"
    says = f"{called(subject)} {what}, and not {', '.join(missing)}"
    return Step("logs", False, says, tuple(s.logs.evidence for s in sending))


def _everything(estate: Estate, subject: ArmId, enabled: Mapping[str, Evidence], left_out: set[str]) -> bool | Unknown:
    """Whether all that exists for a resource is captured. What a setting lists and does not enable is there."""
    facts, type_ = load("log-categories"), subject.type
    if str(facts["everything"]).casefold() in enabled:
        return True
    known: Mapping[str, Any] | None = facts["types"].get(type_)
    if known is None or left_out or not {c.casefold() for c in known["all"]} <= set(enabled):
        return False
    absent = {name for name, where in known.get("only_where", {}).items() if _is_elsewhere(estate, subject, where)}
    doubtful = [c for c in known.get("uncertain", ()) if c.casefold() not in enabled and c not in absent]
    if not doubtful:
        return True
    because = f"every category is captured but {', '.join(doubtful)}, of which it is not certain that {type_} has them"
    return Unknown(because)


def _is_elsewhere(estate: Estate, subject: ArmId, conditions: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the resource is known to be another than those that have a category: it fails one of the conditions."""
    resource = estate.find(subject)
    if resource is None:
        return False
    for condition in conditions:
        value = str(resource.stated(*condition["path"]) or "").casefold()
        if value and value not in {str(each).casefold() for each in condition["values"]}:
            return True
    return False


def _categories(setting: DiagnosticSetting) -> Iterator[str]:
    return (row.category.value for row in setting.logs.value if row.category.value)


def _enabled(setting: DiagnosticSetting) -> Iterator[tuple[str, Evidence]]:
    for row in setting.logs.value:
        if row.enabled.value:
            for of in (row.group, row.category):
                if of.value:
                    yield of.value, of.evidence


def _listed(enabled: Mapping[str, Evidence]) -> str:
    return ", ".join(sorted(str(e.value) for e in enabled.values()))


def destinations(setting: Resource) -> tuple[Destination, ...]:
    """What a setting sends to. Of an event hub's authorization rule, the namespace is what must exist."""
    view = DiagnosticSetting(setting)
    return tuple(
        Destination(setting, _that_must_exist(target), evidence)
        for target, evidence in view.destinations()
        if evidence != view.partner.evidence
    )


def _that_must_exist(target: ArmId) -> ArmId:
    is_rule = target.type.endswith("/authorizationrules") and target.parent is not None
    return target.parent if is_rule and target.parent is not None else target


def exists(estate: Estate, destination: Destination) -> bool | Unknown:
    """Whether a destination exists; unknown where its subscription or the list of its kind was not read."""
    target = destination.target
    if estate.find(target) is not None:
        return True
    found = estate.resolve(target, destination.evidence.place)
    if isinstance(found, Resource):
        return True
    if estate.coverage.failure(target) is not None or not estate.coverage.reaches(target):
        return found
    gap = estate.coverage.gap(target.type, target)
    return False if gap is None else gap


def storage_services(account: Resource) -> tuple[str, ...] | Unknown:
    """Which of blob, file, queue and table an account of this kind has."""
    known: Mapping[str, Any] = load("log-categories")["storage_services"]
    found = known.get(account.kind)
    if isinstance(found, list):
        return tuple(found)
    return Unknown(f"which services an account of kind {account.kind or '(not stated)'} has is not known here")
