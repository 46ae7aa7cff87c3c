"""Monitoring: every service's logs are captured, and arrive somewhere that exists."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from auditor.documents.diagnostic_setting import SETTING, DiagnosticSetting
from auditor.model import ArmId, NotKnown, Resource, Unknown, Verdict
from auditor.rules.changes import log_rows, log_store, logs_captured
from auditor.rules.rule import broken, decides, holds, not_applicable, unknown
from auditor.text.shell import q
from auditor.workload.architecture import spoken_of
from auditor.workload.diagnostics import (
    called,
    captured,
    destinations,
    exists,
    storage_services,
    unread_settings,
)
from auditor.workload.owned import (
    registries_of,
    security_groups_of,
    storages_of,
    telemetry_of,
    vaults_of,
)
from auditor.workload.parts import Workload

_TARGETS: Mapping[str, Callable[[Workload], Iterable[Resource]]] = {
    "gateway": lambda w: w.gateways,
    "bastion": lambda w: w.bastions,
    "vault": vaults_of,
    "registry": registries_of,
    "openai": lambda w: w.openai,
    "search": lambda w: w.searches,
    "storage": storages_of,
    "network_security_group": security_groups_of,
    "network": lambda w: w.networks,
    "public_address": lambda w: w.public_addresses,
    "telemetry": telemetry_of,
    "workspace": lambda w: w.workspaces,
    "online_endpoint": lambda w: w.online_endpoints,
    "site": lambda w: w.sites,
}
"""What a baseline's diagnostics table can name."""


class LogTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row of the diagnostics table: whose logs, and which; `services` where an account logs by its services."""

    target: str
    logs: tuple[str, ...]
    services: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a target that no workload has."""
        known = {**_TARGETS, **spoken_of().parts}
        if self.target not in known:
            raise ValueError(f"`{self.target}` is no target; it is one of {', '.join(known)}")


@decides(part="what logs", terms=LogTerms)
def logs_are_not_captured(w: Workload, terms: LogTerms) -> Iterator[Verdict]:
    """A service's logs are not captured, or not all of those that the architecture asks for.

    What is read: the diagnostic settings of the resource: their `logs` by category group or category, which of them are
    enabled, and whether the setting names a destination. Several settings count together. The group allLogs is good
    for everything, and so is a list of every category that exists for the type.

    Why it matters: what happened earlier can only be reconstructed from what was captured.

    What is wrong: there is no setting, it has no destination, its logs are disabled, or it leaves out a category.
    Metrics are not asked for.

    How to put it right: `az monitor diagnostic-settings create` with the logs
    `[{"categoryGroup": "allLogs", "enabled": true}]`.

    References: article, "Monitoring" (all logs; Machine Learning: audit; App Service: four categories);
    learn.microsoft.com/azure/azure-monitor/essentials/diagnostic-settings.
    """
    subjects = _targets(w, terms.target)
    yield from (_captured(subject, subject.id, w, terms) for subject in subjects)
    if not subjects:
        yield _nothing_logs(terms)


def _targets(w: Workload, name: str) -> tuple[Resource, ...]:
    """What a row names: a part with what belongs to it, or a part of the architecture by its name."""
    return tuple(_TARGETS[name](w)) if name in _TARGETS else w.part(name)


def _nothing_logs(terms: LogTerms) -> Verdict:
    return not_applicable(None, f"this workload has no {terms.target.replace('_', ' ')}")


def _captured(subject: Resource, logging: ArmId, w: Workload, terms: LogTerms, aspect: str = "") -> Verdict:
    """Whether what logs, the subject or a service of it, is captured as the terms say."""
    try:
        step = captured(w.estate, logging, terms.logs)
    except NotKnown as gap:
        return unknown(subject, gap.unknown, aspect=aspect)
    match step.holds:
        case Unknown() as doubt:
            return unknown(subject, doubt, *step.evidence, aspect=aspect)
        case True:
            return holds(subject, step.says, *step.evidence, aspect=aspect)
    return broken(
        subject,
        step.says,
        *step.evidence,
        fix=_create(logging, w, terms.logs),
        aspect=aspect,
        changes=logs_captured(logging, w, terms.logs),
    )


def _create(subject: ArmId, w: Workload, logs: tuple[str, ...]) -> str:
    store = log_store(w)
    word = q(store.text) if store is not None else "<Log Analytics workspace>"
    return (
        f"az monitor diagnostic-settings create --name logs --resource {q(subject.text)} --workspace {word}"
        f" --logs {q(json.dumps(log_rows(logs)))}"
    )


@decides(on=storages_of, part="storage account", terms=LogTerms)
def storage_logs_are_not_captured(account: Resource, w: Workload, terms: LogTerms) -> Iterator[Verdict]:
    """The logs of a storage account's services are not captured, or not of all of them.

    What is read: the diagnostic settings of each service of the account: blob, file, queue and table, as far as the
    account's kind has them. The account itself logs nothing; a setting on it captures metrics only.

    Why it matters: who read or deleted what in the workspace's account can be seen in these logs alone. A service
    that is unused today is the one that an intruder uses tomorrow.

    What is wrong: a service has no setting with a destination that captures all of its logs.

    How to put it right: `az monitor diagnostic-settings create --resource <account>/queueServices/default`, for every
    service.

    References: article, "Monitoring"; learn.microsoft.com/azure/storage/blobs/monitor-blob-storage.
    """
    has = storage_services(account)
    if isinstance(has, Unknown):
        yield unknown(account, has, account.at("kind"))
        return
    for service in terms.services:
        if service in has:
            yield _captured(account, account.id.child(f"{service}Services", "default"), w, terms, aspect=service)


def _settings(w: Workload) -> tuple[Resource, ...]:
    """The diagnostic settings of the workload's resources that the snapshot shows."""
    networks = [network.id for network in w.networks]
    seen = w.estate.seen(SETTING)
    found = tuple(s for s in seen if w.owns(s) or any(s.id.is_within(network) for network in networks))
    return found or w.estate.all(SETTING)


@decides(part="diagnostic setting")
def logs_go_nowhere(w: Workload, _terms: object) -> Iterator[Verdict]:
    """A diagnostic setting sends to something that does not exist.

    What is read: `workspaceId`, `storageAccountId`, `eventHubAuthorizationRuleId` and the older `serviceBusRuleId` of
    every diagnostic setting of the workload, and whether what they name exists. What lies in a subscription that was
    not read is unknown.

    Why it matters: Azure keeps a setting whose destination was deleted, shows it as before, and drops the logs.

    What is wrong: what the setting names is known not to exist, or it names nothing.

    How to put it right: `az monitor diagnostic-settings update --workspace <Log Analytics workspace>`.

    References: article, "Monitoring"; learn.microsoft.com/azure/azure-monitor/essentials/diagnostic-settings.
    """
    yield from _each_sent(w)
    # Settings that nobody could read may go nowhere too.
    for unread in unread_settings(w.estate, w.owns):
        yield unknown(None, unread, aspect=unread.permission or unread.because)


def _each_sent(w: Workload) -> Iterator[Verdict]:
    found = _settings(w)
    if not found:
        yield not_applicable(None, "this workload has no diagnostic setting")
    for setting in found:
        try:
            yield _sent(setting, w)
        except NotKnown as gap:
            yield unknown(setting, gap.unknown)


def _sent(setting: Resource, w: Workload) -> Verdict:
    described = called(setting.id.extends) if setting.id.extends else setting.name
    named = destinations(setting)
    fix = f"az monitor diagnostic-settings update --name {q(setting.name)} --resource {q(setting.id.extends)}"
    if not named:
        view = DiagnosticSetting(setting)
        if view.partner.value is not None:
            return unknown(setting, Unknown("whether a partner's solution exists is not read"), view.partner.evidence)
        says = f"{setting.name} of {described} names no destination"
        return broken(setting, says, view.workspace.evidence, fix=fix)
    answers = [(destination, exists(w.estate, destination)) for destination in named]
    for destination, answer in answers:
        if answer is False:
            says = f"{setting.name} of {described} sends to {destination.target.name}, which does not exist"
            return broken(setting, says, destination.evidence, fix=fix)
    for destination, answer in answers:
        if isinstance(answer, Unknown):
            return unknown(setting, answer, destination.evidence)
    names = ", ".join(destination.target.name for destination in named)
    return holds(setting, f"{setting.name} of {described} sends to {names}", *(d.evidence for d in named))
