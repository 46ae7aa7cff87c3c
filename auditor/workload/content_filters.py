"""Content policies of Azure OpenAI: which one a deployment uses, and what it really keeps back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from auditor.documents.ai_account import ContentFilter, ContentPolicy, ModelDeployment
from auditor.estate import Estate
from auditor.facts import load
from auditor.model import NotKnown, Resource, Unknown
from auditor.sets.proof import Step
from auditor.workload.model_deployments import filtered_sources
from auditor.workload.parts import Workload


@dataclass(frozen=True)
class Use:
    """A content policy that model deployments use.

    `subject` is what a verdict is about: the policy, or the deployment where there is no policy to point at.
    `stated` is false where the deployment names none and has Azure's default. `sources` are the sides of the models
    that the filters apply to. `name` is what Azure calls the policy.
    """

    subject: Resource
    policy: Resource | Unknown
    stated: bool
    sources: frozenset[str]
    name: str


def plain(name: str) -> str:
    """A filter's name without what the versions of the API spell differently (`Self-Harm`, `selfharm`)."""
    return "".join(c for c in name.casefold() if c not in " _-")


def policies_in_use(w: Workload) -> Iterator[Use]:
    """Every content policy that a deployment of the workload uses, once; in order of the deployments' ids.

    Models to which no filter applies, such as those for speech, use none.
    """
    found: dict[Resource, Use] = {}
    for deployment in w.model_deployments:
        sources = filtered_sources(deployment)
        if not sources:
            continue
        policy, stated = policy_of(w.estate, deployment)
        subject = deployment if not stated or isinstance(policy, Unknown) else policy
        before = found.get(subject)
        sources |= before.sources if before is not None else frozenset()
        found[subject] = Use(subject, policy, stated, sources, _named(deployment))
    yield from found.values()


def _named(deployment: Resource) -> str:
    return ModelDeployment(deployment).policy.value or str(_facts()["unstated_policy"])


def policy_of(estate: Estate, deployment: Resource) -> tuple[Resource | Unknown, bool]:
    """The policy of a deployment, and whether the deployment names it rather than having the default."""
    stated = ModelDeployment(deployment).policy.value
    name = stated or str(_facts()["unstated_policy"])
    account = estate.find(deployment.id.parent)
    if account is None:
        return Unknown(f"the account of {deployment.name} is not in this snapshot", absent=True), bool(stated)
    try:
        found = estate.child(account, "raiPolicies", name)
    except NotKnown as gap:
        return gap.unknown, bool(stated)
    if found is None:
        because = f"the content policy {name} of {deployment.name} is not in this snapshot"
        return Unknown(because, permission="Microsoft.CognitiveServices/accounts/raiPolicies/read"), bool(stated)
    return found, bool(stated)


def system_policy(deployment: Resource, policy: Resource | Unknown) -> str:
    """What a policy of Azure's own contains, in words; empty where the policy is the customer's.

    Azure's own cannot be changed, so their contents are known even where they were not read.
    """
    known: Mapping[str, Any] = _facts()["system_policies"]
    name = _named(deployment)
    if name.casefold() in known:
        return str(known[name.casefold()]["says"])
    managed = isinstance(policy, Resource) and ContentPolicy(policy).is_azures_own
    return "a policy of Azure's own" if managed else ""


def azures_own(name: str) -> bool:
    """Whether this is the name of a policy of Azure's own, which nobody can change."""
    return name.casefold() in _facts()["system_policies"]


def azures_own_keeps_back(name: str, filter_: str, source: str, threshold: str | None) -> bool | None:
    """The same of a policy of Azure's own by its name, which nobody can change; `None` for one that is not known."""
    own = _facts()["system_policies"].get(name.casefold())
    if own is None:
        return None
    levels: list[str] = _facts()["levels"]
    for row in own["filters"]:
        if row["filter"] == plain(filter_) and row["source"] == source.casefold():
            level = row.get("threshold")
            return threshold is None or level is None or levels.index(level) <= levels.index(threshold.casefold())
    return False


def keeps_back(policy: Resource, name: str, source: str, threshold: str | None) -> Step:
    """Whether a policy blocks a kind of content in prompts or completions, from a level on.

    A filter counts only if it is enabled and blocking; a threshold only if it is as strict or stricter. Raises
    `NotKnown` where the policy does not show its filters.
    """
    rows = [f for f in ContentPolicy(policy).filters.value if _is_for(f, name, source)]
    where = f"{name} in {source.lower()}s"
    unclear = [f for f in ContentPolicy(policy).filters.value if _does_not_say(f)]
    if unclear and not any(_row(policy, row, where, threshold).holds is True for row in rows):
        because = f"a filter of {policy.name} does not show its name or its source, and may be the one for {where}"
        return Step(where, Unknown(because, absent=True), because, (unclear[0].shown(),))
    if not rows:
        says = f"{policy.name} has no filter for {where}"
        return Step(where, False, says, (policy.at("properties", "contentFilters"),))
    steps = [_row(policy, row, where, threshold) for row in rows]
    return next((s for s in steps if s.holds is True), steps[0])


def is_row_for(row: Mapping[str, Any], name: str, source: str) -> bool:
    """Whether a raw row of `contentFilters` filters this kind of content on this side."""
    return plain(str(row.get("name"))) == plain(name) and str(row.get("source")).casefold() == source.casefold()


def _is_for(row: ContentFilter, name: str, source: str) -> bool:
    return plain(str(row.filter.known)) == plain(name) and row.source.known == source.casefold()


def _does_not_say(row: ContentFilter) -> bool:
    return isinstance(row.filter.known, Unknown) or isinstance(row.source.known, Unknown)


def _row(policy: Resource, row: ContentFilter, where: str, threshold: str | None) -> Step:
    evidence = (row.shown(),)
    enabled, blocking, action = row.enabled.known, row.blocking.known, row.action.value
    if enabled is False:
        return Step(where, False, f"{policy.name} has its filter for {where} disabled", evidence)
    if action and action not in _facts()["blocking_actions"]:
        return Step(where, False, f"{policy.name} has {action} as its action on {where}, not blocking", evidence)
    if blocking is False and action == _BLOCKS:
        because = (
            f"{policy.name} states the action {_BLOCKS} on {where} and blocking false: which counts is not documented"
        )
        return Step(where, Unknown(because), because, evidence)
    if blocking is False:
        return Step(where, False, f"{policy.name} marks {where} and does not block it", evidence)
    if isinstance(enabled, Unknown) or (isinstance(blocking, Unknown) and action != _BLOCKS):
        because = f"{policy.name} does not state whether its filter for {where} is enabled and blocking"
        return Step(where, Unknown(because), because, evidence)
    if threshold is None:
        return Step(where, True, f"{policy.name} blocks {where}", evidence)
    return _strict_enough(policy, row, where, threshold)


_BLOCKS = "blocking"


def _strict_enough(policy: Resource, row: ContentFilter, where: str, threshold: str) -> Step:
    levels: list[str] = _facts()["levels"]
    level = row.threshold.value
    if level not in levels:
        because = f"{policy.name} states no threshold that is known for {where}: {level or 'nothing'}"
        return Step(where, Unknown(because), because, (row.shown(),))
    shown = level.capitalize()
    if levels.index(level) <= levels.index(threshold.casefold()):
        return Step(where, True, f"{policy.name} blocks {where} from {shown} on", (row.shown(),))
    says = f"{policy.name} blocks {where} from {shown} on only, not from {threshold}"
    return Step(where, False, says, (row.shown(),))


def _facts() -> Mapping[str, Any]:
    found: Mapping[str, Any] = load("content-filters")
    return found
