"""Cost: somebody is warned, quota is used by the workload, and model and machine were chosen."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from auditor.access.scopes import group_of
from auditor.documents.ai_account import ModelDeployment
from auditor.documents.budget import BUDGET, Budget, Notification
from auditor.documents.ml_connection import Connection
from auditor.documents.ml_workspace import OnlineDeployment
from auditor.model import ArmId, NotKnown, Resource, Unknown, Verdict
from auditor.model.change import Change, create, delete, set_to
from auditor.rules.rule import Answer, broken, decides, holds, not_applicable, unknown
from auditor.text.shell import q
from auditor.workload.alerts import reaches_somebody
from auditor.workload.model_deployments import filtered_sources, takes_chat
from auditor.workload.parts import Workload
from auditor.workload.secrets import as_of, parse_moment

_BUDGETS = "Microsoft.Consumption/budgets"


@decides(on=lambda w: w.workspaces, part="workspace", formerly=("nobody_is_warned_of_cost",))
def no_budget_alert(workspace: Resource, w: Workload, _terms: object) -> Answer:
    """No budget that covers the workload sends a notification.

    What is read: the budgets of the subscription and of the workload's resource groups: their period, what they are
    narrowed to, and their notifications with the action groups that these name.

    Why it matters: tokens are paid by use. A loop in a flow, or a leaked key, is first seen on the bill.

    What is wrong: no budget covers the workload's resource group, or it has expired or has not begun, or none of its
    notifications is enabled and has a recipient. One narrowed by tags or other dimensions is unknown.

    How to put it right: `az consumption budget create-with-rg`, with a notification.

    References: article, "Cost optimization";
    learn.microsoft.com/azure/cost-management-billing/costs/tutorial-acm-create-budgets.
    """
    over = [b for b in w.estate.all(BUDGET) if b.id.extends is not None and workspace.id.is_within(b.id.extends)]
    gaps: list[Unknown] = []
    idle: list[tuple[Budget, str]] = []
    for budget in map(Budget, over):
        try:
            why = _warns_nobody(budget, workspace, w)
        except NotKnown as gap:
            gaps.append(gap.unknown)
            continue
        if not why:
            says = f"budget {budget.name} notifies a contact"
            return holds(workspace, says, budget.notifications.evidence)
        idle.append((budget, why))
    if gaps:
        raise NotKnown(gaps[0])
    fix = f"az consumption budget create-with-rg --resource-group {q(workspace.id.resource_group)} --budget-name <name>"
    if idle:
        budget, why = idle[0]
        says = f"budget {budget.name} covers {workspace.name} but {why}"
        question = f"who is warned by {budget.name}, and from which share of it on"
        changes = (
            [set_to(budget.id, "properties/notifications/at80", _WARNING, question)]
            if why == _NOBODY
            else [_budget(workspace, w)]
        )
        return broken(workspace, says, budget.notifications.evidence, budget.ends.evidence, fix=fix, changes=changes)
    says = f"no budget covers {workspace.name}"
    return broken(workspace, says, workspace.at("id"), fix=fix, changes=[_budget(workspace, w)])


_NOBODY = "notifies no one"


def _warns_nobody(budget: Budget, workspace: Resource, w: Workload) -> str:
    """Why a budget warns nobody of this workload's cost, in words; empty where it does."""
    now = as_of(w)
    starts, ends = parse_moment(budget.starts.value), parse_moment(budget.ends.value)
    if ends is not None and ends < now:
        return f"ended on {ends:%Y-%m-%d}"
    if starts is not None and starts > now:
        return f"begins on {starts:%Y-%m-%d} only"
    if not _covers(budget, workspace):
        return "is narrowed to other resource groups"
    gap: Unknown | None = None
    for notification in budget.notifications.value.values():
        reaches = _tells_somebody(notification, w)
        if reaches is True:
            return ""
        gap = reaches if isinstance(reaches, Unknown) else gap
    if gap is not None:
        raise NotKnown(gap)
    return _NOBODY


def _covers(budget: Budget, workspace: Resource) -> bool:
    """Whether a budget counts what the workload's group costs; raises `NotKnown` where it is narrowed otherwise."""
    narrowed = budget.filter.value
    if narrowed is None:
        return True
    by = narrowed.dimensions.value
    others = [key for key in ("and", "tags", "not", "or") if narrowed.states(key)]
    if by is None or others or by.of.value not in _BY_GROUP or by.operator.value != "in":
        raise NotKnown(Unknown(f"budget {budget.name} is narrowed by a filter, which is not followed"))
    return workspace.id.resource_group in {value.casefold() for value in by.values.value}


_BY_GROUP = ("resourcegroup", "resourcegroupname")


def _tells_somebody(notification: Notification, w: Workload) -> bool | Unknown:
    if notification.enabled.value is not True:
        return False
    people = notification.tells_people
    if people is True:
        return True
    found = [reaches_somebody(w, group, notification.name) for group in notification.groups]
    if any(each is True for each in found):
        return True
    return next((each for each in (*found, people) if isinstance(each, Unknown)), False)


_WARNING = {
    "enabled": True,
    "operator": "GreaterThanOrEqualTo",
    "threshold": 80,
    "thresholdType": "Actual",
    "contactEmails": ["operators@example.com"],
}


def _budget(workspace: Resource, w: Workload) -> Change:
    group = group_of(workspace.id)
    start = as_of(w).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    properties = {
        "category": "Cost",
        "amount": 1000,
        "timeGrain": "Monthly",
        "timePeriod": {"startDate": f"{start:%Y-%m-%dT00:00:00Z}"},
        "notifications": {"at80": _WARNING},
    }
    question = f"how much {group.name} may cost a month, in the currency of the account, and who is warned"
    return create(ArmId(f"{group.text}/providers/{_BUDGETS}/{group.name}"), {"properties": properties}, question)


@decides(on=lambda w: w.openai, part="Azure OpenAI account")
def quota_serves_no_model_of_the_workload(account: Resource, w: Workload, _terms: object) -> Iterator[Verdict]:
    """Quota is provisioned for something that the workload does not use.

    What is read: the model deployments of the account, their capacity and whether they were made successfully; and the
    workspace's connections to the account, since a flow reaches its models through one.

    Why it matters: quota belongs to a subscription and a region; what an idle deployment holds no other can have, and
    provisioned throughput is paid whether it is used or not.

    What is wrong: an account with deployments that nothing in the workspace is connected to, or a deployment that
    failed and still holds capacity.

    How to put it right: `az cognitiveservices account deployment delete`.

    References: article, "Azure OpenAI" (set provisioning limits).
    """
    deployments = [d for d in w.model_deployments if d.id.is_within(account.id)]
    if not deployments:
        yield not_applicable(account, f"{account.name} has no deployment")
        return
    connected = [c for c in map(Connection, w.connections) if c.leads_to(account.id)]
    hosted = bool(w.flow_sites)
    for deployment in deployments:
        view = ModelDeployment(deployment)
        state, capacity = view.state.evidence, view.capacity.evidence
        fix = (
            f"az cognitiveservices account deployment delete --resource-group {q(account.id.resource_group)}"
            f" --name {q(account.name)} --deployment-name {q(deployment.name)}"
        )
        if str(state.value or "Succeeded").casefold() != "succeeded":
            says = f"deployment {deployment.name} is {state.value} and holds a capacity of {capacity.value}"
            gone = [delete(deployment.id, f"{deployment.name} and the capacity that it holds are gone")]
            yield broken(account, says, state, capacity, fix=fix, aspect=deployment.name, changes=gone)
        elif not connected and not hosted:
            says = f"{deployment.name} holds a capacity of {capacity.value} and nothing is connected to {account.name}"
            gone = [delete(deployment.id, f"who calls {deployment.name} without a connection cannot any more")]
            yield broken(account, says, capacity, fix=fix, aspect=deployment.name, changes=gone)
        else:
            says = f"deployment {deployment.name} serves the workload"
            yield holds(account, says, capacity, *[c.target.evidence for c in connected], aspect=deployment.name)


class ModelTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The models whose price is the least, any of which may do; `read` is the day on which prices were compared.

    `model` is the older way to name a single one.
    """

    models: tuple[str, ...] = ()
    model: str = ""
    read: str = ""

    @property
    def cheap(self) -> tuple[str, ...]:
        """Every model named, the first one first."""
        return (*self.models, *((self.model,) if self.model else ()))

    def __post_init__(self) -> None:
        """Refuse terms that name no model."""
        if not self.cheap:
            raise ValueError("`models` names no model")


@decides(
    on=lambda w: w.model_deployments,
    part="model deployment",
    terms=ModelTerms,
    formerly=("dearer_model_than_the_article_takes",),
)
def model_costlier_than_baseline(deployment: Resource, w: Workload, terms: ModelTerms) -> Answer:
    """A deployment uses a more expensive model than those that may suffice.

    What is read: `properties.model.name` of every model deployment. Models that take no chat, for embeddings, speech or
    images, are not compared; of one that this version does not know it is unknown whether it takes chat.

    Why it matters: prices of models differ by more than an order of magnitude; the article takes the least expensive
    one whose results suffice. Its own choice of 2024 is retired by now: the terms name the small models of the day on
    which their prices were read.

    What is wrong: the model is none of these. It may be the right one for this workload: then say so in a baseline of
    your own, or waive this with the reason.

    How to put it right: deploy the less expensive model beside it, compare the results, shift the traffic.

    References: article, "Azure OpenAI" (select the right AI model);
    learn.microsoft.com/azure/ai-foundry/openai/concepts/model-retirements.
    """
    view = ModelDeployment(deployment)
    name, evidence = view.model, view.model.evidence
    if isinstance(name.known, Unknown) or not name.known:
        raise NotKnown(Unknown(f"deployment {deployment.name} does not say which model it serves"))
    speaks = filtered_sources(deployment) == {"prompt", "completion"}
    chat = takes_chat(deployment)
    if not speaks or chat is False:
        return not_applicable(deployment, f"{evidence.value} is no chat model", evidence)
    if name.known in {model.casefold() for model in terms.cheap}:
        return holds(deployment, f"{deployment.name} serves {evidence.value}", evidence)
    if isinstance(chat, Unknown):
        return unknown(deployment, chat, evidence)
    smaller = terms.cheap[0]
    says = f"{deployment.name} serves {evidence.value}, where a smaller model such as {smaller} may suffice"
    fix = f"deploy {smaller}, compare the results, shift the traffic"
    return broken(deployment, says, evidence, fix=fix)


@decides(on=lambda w: w.online_deployments, part="online deployment")
def machine_size_was_not_chosen(deployment: Resource, w: Workload, _terms: object) -> Answer:
    """The machines behind the online endpoint are of the size that Azure takes by default.

    What is read: `properties.instanceType` of every online deployment on managed machines. Resource Manager shows the
    choice, not the test that it rests on.

    Why it matters: too small a machine throttles, too large a one is paid for around the clock, three times over.

    What is wrong: no instance type is stated.

    How to put it right: `az ml online-deployment update --set instance_type=<size>`, after a load test.

    References: article, "Azure Machine Learning - performance efficiency".
    """
    view = OnlineDeployment(deployment)
    evidence = view.machine.evidence
    if view.on_kubernetes:
        says = f"{deployment.name} runs on a Kubernetes cluster, whose nodes are not chosen here"
        return not_applicable(deployment, says, view.compute_type.evidence)
    if evidence.value:
        return holds(deployment, f"{deployment.name} runs on {evidence.value}", evidence)
    fix = f"az ml online-deployment update --name {q(deployment.name)} --set instance_type=<size>"
    question = f"which machine size {deployment.name} needs, by a load test"
    change = set_to(deployment.id, "properties/instanceType", "Standard_DS3_v2", question)
    return broken(deployment, f"{deployment.name} states no instance type", evidence, fix=fix, changes=[change])
