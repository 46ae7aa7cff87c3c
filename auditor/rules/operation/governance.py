"""Governance: locks, policies, Defender plans, and alerts on whatever a baseline names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from auditor.documents.defender_plan import PLAN, DefenderPlan
from auditor.model import Resource, Unknown, Verdict
from auditor.rules.data.key_control import Watcher, assigned_at, definition_of
from auditor.rules.rule import Answer, broken, decides, holds, not_applicable, unknown
from auditor.text.shell import q
from auditor.workload.alerts import alerts_on
from auditor.workload.owned import group_of
from auditor.workload.parts import Workload

_LOCK = "microsoft.authorization/locks"


def _none(w: Workload) -> Iterable[Resource]:
    return ()


class LockTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The kinds of lock that will do."""

    levels: tuple[str, ...]


@decides(on=_none, part="part to be locked", terms=LockTerms)
def no_lock_guards_it(part: Resource, w: Workload, terms: LockTerms) -> Answer:
    """Nothing keeps a resource that holds state from being deleted.

    What is read: the management locks at the resource, its group and its subscription.

    Why it matters: what is deleted by mistake takes everything the agents know with it.

    What is wrong: no lock of the kinds in the terms stands at the resource or above it.

    How to put it right: `az lock create --lock-type CanNotDelete --resource <id>`.

    References: learn.microsoft.com/azure/azure-resource-manager/management/lock-resources.
    """
    wanted = {level.casefold() for level in terms.levels}
    for lock in w.estate.all(_LOCK):
        scope = lock.id.extends
        here = scope is not None and (scope == part.id or part.id.is_within(scope))
        if here and lock.text("properties", "level") in wanted:
            return holds(part, f"{lock.name} keeps {part.name} from being deleted", lock.at("properties", "level"))
    fix = f"az lock create --name keep --lock-type CanNotDelete --resource {q(part.id.text)}"
    return broken(part, f"no lock keeps {part.name} from being deleted", part.at("name"), fix=fix)


class PlanTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Plans of Microsoft Defender for Cloud, and the tier that they must be on."""

    plans: tuple[str, ...]
    tier: str


@decides(part="subscription", terms=PlanTerms)
def defender_does_not_watch(w: Workload, terms: PlanTerms) -> Iterator[Verdict]:
    """A plan of Microsoft Defender for Cloud that watches a kind of resource of the workload is off.

    What is read: `pricingTier` of the subscription's plans.

    Why it matters: attacks on a service are seen by the plan for it, or not at all.

    What is wrong: a plan of the terms is on the free tier.

    How to put it right: `az security pricing create --name AI --tier Standard`.

    References: article, "Defender for Cloud"; learn.microsoft.com/azure/defender-for-cloud.
    """
    if w.anchor is None:
        yield not_applicable(None, "there is no workload, and so no subscription of one")
        return
    subscription = w.anchor.id.subscription
    plans = {p.id.name.casefold(): DefenderPlan(p) for p in w.estate.all(PLAN) if p.id.subscription == subscription}
    for name in terms.plans:
        plan = plans.get(name.casefold())
        if plan is None:
            # Azure lists every plan that there is, those on the free tier too.
            says = f"the subscription of {w.anchor.name} shows no plan {name} of Microsoft Defender for Cloud"
            gap = Unknown(says, permission="Microsoft.Security/pricings/read", absent=True)
            yield unknown(w.anchor, gap, aspect=name)
        elif plan.tier.value == terms.tier.casefold():
            yield holds(w.anchor, f"the plan {name} is on", plan.tier.evidence, aspect=name)
        else:
            fix = f"az security pricing create --name {q(name)} --tier Standard --subscription {q(subscription)}"
            says = f"the plan {name} is {plan.tier.evidence.value}"
            yield broken(w.anchor, says, plan.tier.evidence, aspect=name, fix=fix)


class AssignedTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Policies of which one must be assigned, or with `each` every one."""

    policies: tuple[Watcher, ...]
    each: bool = False


@decides(part="resource group", terms=AssignedTerms)
def policy_is_not_assigned(w: Workload, terms: AssignedTerms) -> Iterator[Verdict]:
    """No Azure Policy watches a setting that the architecture rests on.

    What is read: the policy assignments at the resource group and above it, what they leave out (`notScopes`), the
    definition that each assigns and whether its effect is Disabled.

    Why it matters: settings are changed by hand; a policy shows it the day after, and for resources to come as well.

    What is wrong: a policy of the terms is not assigned there. Where an initiative is, whether it contains the policy
    is unknown.

    How to put it right: `az policy assignment create --policy <definition> --scope <group>`.

    References: learn.microsoft.com/azure/governance/policy/overview.
    """
    group = group_of(w)
    if group is None:
        yield not_applicable(None, "there is no workload, and so no resource group to watch")
        return
    above, doubts = assigned_at(group, w)
    bundles = [a for a in above if definition_of(a).type.endswith("/policysetdefinitions")]
    doubts += [Unknown(f"whether the initiative {a.name} contains such a policy is not read") for a in bundles]
    for watchers in [(each,) for each in terms.policies] if terms.each else [terms.policies]:
        wanted = {watcher.definition.casefold(): watcher.name for watcher in watchers}
        aspect = watchers[0].definition if terms.each else ""
        active = [a for a in above if a.text("properties", "parameters", "effect", "value") != "disabled"]
        found = [a for a in active if definition_of(a).name.casefold() in wanted]
        if found:
            evidence = found[0].at("properties", "policyDefinitionId")
            name = wanted[definition_of(found[0]).name.casefold()]
            yield holds(group, f"{found[0].name} watches {group.name}: {name}", evidence, aspect=aspect)
        elif doubts:
            yield unknown(group, doubts[0], aspect=aspect)
        else:
            first = watchers[0]
            fix = f"az policy assignment create --policy {q(first.definition)} --scope {q(group.text)}"
            says = f"no assignment at {group.name} or above it watches: {first.name}"
            yield broken(group, says, aspect=aspect, fix=fix)


class AlertTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Metrics of which an alert must watch one, or with `each` every one."""

    metrics: tuple[str, ...]
    each: bool = False


@decides(on=_none, part="part to be watched", terms=AlertTerms)
def no_alert_watches(part: Resource, w: Workload, terms: AlertTerms) -> Iterator[Verdict]:
    """No alert notifies a receiver that a resource is in trouble.

    What is read: metric alerts that are enabled, what they are about, and whether their action groups have a receiver.

    Why it matters: without an alert the first sign is a complaint of users.

    What is wrong: no alert on the resource names one of the metrics and has a receiver.

    How to put it right: `az monitor metrics alert create --scopes <id> --condition "avg <metric> > <threshold>"`.

    References: learn.microsoft.com/azure/azure-monitor/alerts/alerts-overview.
    """
    groups = [(metric,) for metric in terms.metrics] if terms.each else [terms.metrics]
    for metrics in groups:
        found = alerts_on(w, part, metrics)
        aspect = metrics[0] if terms.each else ""
        if found:
            yield holds(part, f"an alert watches {found[0].value} of {part.name}", *found[:3], aspect=aspect)
        else:
            called = " or ".join(metrics) if len(metrics) <= 3 else "anything"
            says = f"no alert with a receiver watches {called} of {part.name}"
            fix = f"az monitor metrics alert create --name watch --scopes {q(part.id.text)} --condition <condition>"
            yield broken(part, says, part.at("name"), aspect=aspect, fix=fix)
