"""Content filtering: what prompts and completions may hold, and that nobody is exempt by accident."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Literal

import msgspec

from auditor.documents.ai_account import AbusePenalty, Account, ContentPolicy
from auditor.documents.defaults import setting
from auditor.facts import load
from auditor.model import Evidence, NotKnown, Resource, Unknown, Verdict
from auditor.model.change import Change, set_to
from auditor.rules.rule import Answer, broken, decides, holds, not_applicable, unknown
from auditor.sets.proof import Step, together
from auditor.workload.content_filters import (
    Use,
    azures_own,
    azures_own_keeps_back,
    is_row_for,
    keeps_back,
    policies_in_use,
    policy_of,
    system_policy,
)
from auditor.workload.model_deployments import filtered_sources
from auditor.workload.parts import Workload

_NONE = "no model is deployed in this workload's Azure OpenAI accounts"


class FilterTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row of the content filter table: what is filtered, where, and from which level on (none for some)."""

    filter: str
    sources: tuple[str, ...]
    threshold: Literal["Low", "Medium", "High"] | None


@decides(part="content policy", terms=FilterTerms)
def harmful_content_gets_through(w: Workload, terms: FilterTerms) -> Iterator[Verdict]:
    """A content policy in use lets a kind of harmful content through.

    What is read: the content policy of every model deployment (`raiPolicyName`, resolved in `raiPolicies`; a deployment
    that names none has Azure's default) and its `contentFilters`: name, source, `enabled`, `blocking`, `action` and
    `severityThreshold`, which older versions of the API call `allowedContentLevel`.

    Why it matters: the model repeats what it is fed. The article takes a stringent approach, and the threshold runs
    against intuition: Low is the strictest, since it blocks low, medium and high; High blocks only the worst.

    What is wrong: the filter is missing, disabled, only annotates, or begins at a higher level than the terms ask for,
    in prompts or in completions.

    How to put it right: change the policy, for instance with `Microsoft.CognitiveServices/accounts/raiPolicies` in
    Bicep: `{name: 'hate', enabled: true, blocking: true, severityThreshold: 'Low', source: 'Prompt'}`.

    References: article, "Content filtering and abuse monitoring";
    learn.microsoft.com/azure/ai-services/openai/concepts/content-filter.
    """
    uses = tuple(policies_in_use(w))
    if not uses:
        yield not_applicable(None, _NONE)
    for use in uses:
        yield _judged(use, terms)


def _judged(use: Use, terms: FilterTerms) -> Verdict:
    sources = [source for source in terms.sources if source.casefold() in use.sources]
    if not sources:
        return not_applicable(use.subject, f"{use.subject.name} is for models without {' and '.join(terms.sources)}s")
    if isinstance(use.policy, Unknown):
        return _judged_by_name(use, use.policy, sources, terms)
    steps = [keeps_back(use.policy, terms.filter, source, terms.threshold) for source in sources]
    evidence = [e for step in steps for e in step.evidence]
    match together(steps):
        case True if not use.stated:
            because = f"{use.subject.name} names no content policy, and which of Azure's it has is not documented"
            return unknown(use.subject, Unknown(because), use.subject.at("properties", "raiPolicyName"))
        case True:
            return holds(use.subject, "; ".join(step.says for step in steps), *evidence)
        case Unknown() as gap:
            return unknown(use.subject, gap, *evidence)
    wrong = [step for step in steps if step.holds is False]
    says = "; ".join(step.says for step in wrong)
    evidence = [e for step in wrong for e in step.evidence]
    changes = _stricter(use.policy, [(terms, source) for source in sources])
    return broken(use.subject, says, *evidence, fix=_fix(use.policy, terms), changes=changes)


def _judged_by_name(use: Use, gap: Unknown, sources: list[str], terms: FilterTerms) -> Verdict:
    """A policy that was not read: what Azure's own hold is known by their names."""
    named = use.subject.at("properties", "raiPolicyName")
    held = {source: azures_own_keeps_back(use.name, terms.filter, source, terms.threshold) for source in sources}
    weak = [source.lower() for source, holds_ in held.items() if holds_ is False]
    if weak and use.stated:
        level = f" from {terms.threshold} on" if terms.threshold else ""
        says = f"{use.name} of {use.subject.name} does not block {terms.filter} in {' and '.join(weak)}s{level}"
        fix = f"set properties.raiPolicyName of {use.subject.id.text} to a policy of yours with this filter"
        return broken(use.subject, says, named, fix=fix)
    if use.stated and all(held.values()):
        return holds(use.subject, f"{use.name} of {use.subject.name} blocks {terms.filter}", named)
    return unknown(use.subject, gap, named)


def _steps(policy: Resource, terms: FilterTerms, applied: frozenset[str]) -> list[Step]:
    sources = (source for source in terms.sources if source.casefold() in applied)
    return [keeps_back(policy, terms.filter, source, terms.threshold) for source in sources]


def _fix(policy: Resource, terms: FilterTerms) -> str:
    level = f", severityThreshold: '{terms.threshold}'" if terms.threshold else ""
    sources = " and ".join(terms.sources)
    return (
        f"in contentFilters of {policy.id.text}, for source {sources}:"
        f" {{name: '{terms.filter}', enabled: true, blocking: true{level}}}"
    )


def _stricter(policy: Resource, wanted: list[tuple[FilterTerms, str]]) -> list[Change]:
    """A policy of the customer's own with these filters as asked; Azure's own policies cannot be changed."""
    view = ContentPolicy(policy)
    if view.is_azures_own or azures_own(policy.name):
        return []
    rows: list[Mapping[str, Any]] = [row.shown().value for row in view.filters.value]
    for terms, source in wanted:
        if keeps_back(policy, terms.filter, source, terms.threshold).holds is not True:
            row: dict[str, object] = {"name": terms.filter, "source": source, "enabled": True, "blocking": True}
            if terms.threshold:
                row["severityThreshold"] = terms.threshold
            rows = [r for r in rows if not is_row_for(r, terms.filter, source)] + [row]
    lost = f"prompts and answers that {policy.name} let pass are refused from then on"
    return [set_to(policy.id, "properties/contentFilters", rows, warning=lost)]


class PolicyTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that a policy must filter to be such a policy as the article describes.

    `system_policies`: whether one of Azure's own will do where it filters so.
    """

    filters: tuple[FilterTerms, ...]
    system_policies: bool = False


@decides(on=lambda w: w.model_deployments, part="model deployment", terms=PolicyTerms)
def deployment_is_not_filtered_so(deployment: Resource, w: Workload, terms: PolicyTerms) -> Answer:
    """A model is deployed under a content policy that is less strict than the architecture's.

    What is read: `raiPolicyName` of every model deployment, and all filters of the policy it leads to.

    Why it matters: a policy protects only the deployments that name it. A deployment made in the portal gets Azure's
    default, which begins at Medium and does not know profanity.

    What is wrong: the deployment has one of Azure's own policies, or one of yours that lacks a filter.

    How to put it right: set `properties.raiPolicyName` of the deployment to a policy that filters as CF-01 to CF-06
    ask.

    References: article, "Content filtering and abuse monitoring";
    learn.microsoft.com/azure/ai-services/openai/how-to/content-filters.
    """
    sources = filtered_sources(deployment)
    if not sources:
        model = deployment.at("properties", "model", "name")
        return not_applicable(deployment, f"content filters do not apply to {model.value}", model)
    policy, stated = policy_of(w.estate, deployment)
    named = deployment.at("properties", "raiPolicyName")
    fix = (
        f"set properties.raiPolicyName of {deployment.id.text} to a policy of yours that filters as CF-01 to CF-06 ask"
    )
    own = system_policy(deployment, policy)
    if own and terms.system_policies:
        return _by_azures_own(deployment, str(named.value or ""), terms, sources, fix)
    if own:
        what = f"uses {named.value}" if stated else "names no content policy and has Azure's default"
        return broken(deployment, f"{deployment.name} {what}: {own}", named, fix=fix)
    if isinstance(policy, Unknown):
        return unknown(deployment, policy, named)
    steps = [step for row in terms.filters for step in _steps(policy, row, sources)]
    wrong = [step for step in steps if step.holds is False]
    if wrong:
        says = f"{deployment.name} uses {policy.name}, which is too weak: {'; '.join(s.says for s in wrong)}"
        weak = [(row, source) for row in terms.filters for source in row.sources if source.casefold() in sources]
        changes = _stricter(policy, weak)
        return broken(deployment, says, named, *_evidence(wrong), fix=fix, changes=changes)
    gaps = [step.holds for step in steps if isinstance(step.holds, Unknown)]
    if gaps:
        return unknown(deployment, gaps[0], named)
    return holds(deployment, f"{deployment.name} uses {policy.name}, which has every filter", named, *_evidence(steps))


def _by_azures_own(deployment: Resource, named: str, terms: PolicyTerms, sources: frozenset[str], fix: str) -> Verdict:
    """Whether one of Azure's own policies, whose contents are known by its name, filters as the terms ask."""
    evidence = deployment.at("properties", "raiPolicyName")
    name = named or str(load("content-filters")["unstated_policy"])
    asked = [(row, s) for row in terms.filters for s in row.sources if s.casefold() in sources]
    known = [(row, s, azures_own_keeps_back(name, row.filter, s, row.threshold)) for row, s in asked]
    lacking = [f"{row.filter} in {s.lower()}s" for row, s, kept in known if kept is False]
    if lacking:
        says = f"{deployment.name} uses {name}, which does not block {', '.join(lacking)}"
        return broken(deployment, says, evidence, fix=fix)
    if any(kept is None for _, _, kept in known):
        return unknown(deployment, Unknown(f"what {name} filters is not known to this version"), evidence)
    return holds(deployment, f"{deployment.name} uses {name}, which has every filter", evidence)


def _evidence(steps: list[Step]) -> Iterator[Evidence]:
    return (e for step in steps for e in step.evidence)


class ModeTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The modes in which text leaves before it has been filtered."""

    asynchronous: tuple[str, ...]


@decides(part="content policy", terms=ModeTerms)
def text_leaves_before_it_is_filtered(w: Workload, terms: ModeTerms) -> Iterator[Verdict]:
    """A content policy in use filters asynchronously: what is streamed is shown before it has been judged.

    What is read: `mode` of the content policy of every model deployment.

    Why it matters: the article wants harmful content detected and prevented. An asynchronous filter detects it, and
    asks the client afterwards to take back what the user has read.

    What is wrong: the mode is Deferred or Asynchronous_filter, which are two names for the same.

    How to put it right: set `properties.mode` of the policy to Default or Blocking.

    References: article, "Content filtering and abuse monitoring";
    learn.microsoft.com/azure/ai-services/openai/concepts/content-streaming.
    """
    uses = tuple(policies_in_use(w))
    if not uses:
        yield not_applicable(None, _NONE)
    for use in uses:
        yield _mode_of(use, terms)


def _mode_of(use: Use, terms: ModeTerms) -> Verdict:
    if isinstance(use.policy, Unknown):
        return unknown(use.subject, use.policy, use.subject.at("properties", "raiPolicyName"))
    evidence = use.policy.at("properties", "mode")
    try:
        mode = setting(use.policy, "properties", "mode")
    except NotKnown as gap:
        return unknown(use.subject, gap.unknown, evidence)
    if mode.is_one_of(*terms.asynchronous):
        says = f"{use.policy.name} is in mode {mode}: text is shown before it has been filtered"
        fix = f"set properties.mode of {use.policy.id.text} to Default or Blocking"
        lost = f"answers filtered by {use.policy.name} are shown in pieces that have been filtered, a little later"
        change = set_to(use.policy.id, "properties/mode", "Blocking", warning=lost)
        return broken(use.subject, says, evidence, fix=fix, changes=[change])
    return holds(use.subject, f"{use.policy.name} is in mode {mode}: text waits for its filter", evidence)


class ExemptionTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether an account may be exempt from abuse monitoring, because its exemption was asked for and granted."""

    exemption: bool


@decides(on=lambda w: w.openai, part="Azure OpenAI account", terms=ExemptionTerms)
def abuse_is_not_monitored(account: Resource, w: Workload, terms: ExemptionTerms) -> Answer:
    """Abuse monitoring is off for an account although no exemption is meant to exist.

    What is read: the account's `capabilities`; `abusePenalty`, which says that Azure limits the account because it has
    seen abuse, and `raiMonitorConfig`, where its own monitoring writes to, are shown beside the answer. Microsoft marks
    an account whose exemption it has granted with `ContentLogging` = false; other accounts do not have that capability.

    Why it matters: abuse monitoring keeps prompts for people to review. Whether it is on or off is a decision about
    the data, and should be a known one.

    What is wrong: the account is exempt and the terms say that none may be. Where they allow it (`exemption`), the
    requirement does not apply to an exempt account: the article leaves the exemption to whoever needs it.

    How to put it right: ask Microsoft to withdraw the exemption, or allow it in the baseline and note who asked for it.

    References: article, "Content filtering and abuse monitoring";
    learn.microsoft.com/legal/cognitive-services/openai/data-privacy.
    """
    view = Account(account)
    capabilities, penalty = view.capabilities, view.abuse_penalty
    seen = penalty.known if isinstance(penalty.known, AbusePenalty) else None
    limited: tuple[Evidence, ...] = (penalty.evidence,) if seen is not None else ()
    # Where an account's own monitoring writes to is shown beside the answer: prompts go there.
    limited += (view.monitor.evidence,) if view.monitor.evidence.value else ()
    if isinstance(capabilities.known, Unknown):
        because = f"the capabilities of {account.name} are not in its document"
        # Of a plan it stays absent: Azure sets the capabilities when it makes the account.
        unread = replace(capabilities.known, because=because, permission="Microsoft.CognitiveServices/accounts/read")
        return unknown(account, unread, capabilities.evidence)
    for capability in capabilities.value:
        if (capability.of.known, capability.value.known) == ("contentlogging", "false"):
            mark = capability.shown()
            if terms.exemption:
                return not_applicable(account, f"{account.name} is exempt: ContentLogging is false", mark)
            says = f"{account.name} is exempt from abuse monitoring: ContentLogging is false"
            return broken(account, says, mark, fix="ask Microsoft to withdraw the exemption of this account")
    says = f"{account.name} is not exempt from abuse monitoring"
    if seen is not None:
        action = seen.action.known
        says += f", and Azure limits it for abuse: {action or 'see there'}"
    return holds(account, says, capabilities.evidence, *limited)
