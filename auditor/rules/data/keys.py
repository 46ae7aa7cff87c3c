"""Keys: where they are kept, when they expire, and whether they are rotated."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from auditor.documents.ai_account import Account
from auditor.documents.app_settings import settings_in
from auditor.documents.defaults import az
from auditor.documents.ml_connection import Connection
from auditor.documents.ml_workspace import OnlineEndpoint
from auditor.documents.storage_account import KeyTimes, StorageAccount
from auditor.model import Evidence, NotKnown, Resource, Unknown
from auditor.model.change import set_to
from auditor.rules.rule import Answer, broken, decides, holds, not_applicable, unknown
from auditor.text.shell import q
from auditor.workload.load_spreading import host_of, hosts_of_account
from auditor.workload.owned import SLOT, sites_and_slots, storages_of
from auditor.workload.parts import Workload
from auditor.workload.secrets import (
    Reference,
    as_of,
    attribute,
    keys_kept,
    parse_moment,
    references_of,
    secret_of,
    vault_name,
)


class ConnectionTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a connection of the workspace authenticates: with a key that its vault keeps, or without any."""

    with_key: tuple[str, ...]
    without_key: tuple[str, ...]


@decides(on=lambda w: w.openai, part="Azure OpenAI account", terms=ConnectionTerms)
def openai_key_is_kept_nowhere_safe(account: Resource, w: Workload, terms: ConnectionTerms) -> Answer:
    """Nothing shows that the key of Azure OpenAI is kept in a vault.

    What is read: whether the account takes keys (`disableLocalAuth`), the workspace's connections to it and their
    `authType` (the workspace keeps such keys in its vault), and the vault references of web apps that run the flow.

    Why it matters: the flow has to get the key from somewhere. What is not in a vault is in code, in a setting, or in
    a person's notes.

    What is wrong: the account takes keys, and no connection with a key and no vault reference of a flow holds one.

    How to put it right: `az ml connection create --file connection.yml` with type azure_open_ai, or store the key with
    `az keyvault secret set` and refer to it.

    References: article, "Key rotation"; learn.microsoft.com/azure/machine-learning/prompt-flow/concept-connections.
    """
    local = Account(account).local_keys_off
    if local.value:
        return not_applicable(account, f"{account.name} takes no keys: disableLocalAuth is true", local.evidence)
    leading = [Connection(c) for c in w.connections if _leads_to(c, account)]
    ways = [c.authentication.evidence for c in leading]
    kinds = {str(e.value).casefold(): e for e in ways}
    for auth in terms.with_key:
        if auth.casefold() in kinds:
            says = f"the key of {account.name} is in a connection of {w.name}, whose vault keeps it"
            return holds(account, says, kinds[auth.casefold()])
    flows = [r for site in w.flow_sites for r in references_of(w, site) if r.resolved]
    if flows:
        says = f"the flow reads its key from {flows[0].vault}, secret {flows[0].secret}"
        return holds(account, says, *(r.evidence for r in flows))
    if any(auth.casefold() in kinds for auth in terms.without_key):
        says = f"{w.name} reaches {account.name} without a key"
        return not_applicable(account, says, *ways)
    unclear = [c.keeps_a_secret for c in leading if isinstance(c.keeps_a_secret, Unknown)]
    if unclear:
        return unknown(account, unclear[0], *ways)
    says = (
        f"no connection of {w.name or 'a workspace'} and no vault reference of a flow holds the key of {account.name}"
    )
    fix = f"az ml connection create --file <azure_open_ai connection to {q(account.name)}> --workspace-name {q(w.name)}"
    return broken(account, says, local.evidence, *ways, fix=fix)


def _leads_to(connection: Resource, account: Resource) -> bool:
    view = Connection(connection)
    if view.leads_to(account.id):
        return True
    try:
        hosts = hosts_of_account(account)
    except NotKnown:
        return False
    target = view.target.known
    return isinstance(target, str) and host_of(target) in hosts


def _keyed_endpoints(w: Workload) -> tuple[Resource, ...]:
    """Online endpoints that are called with a key."""
    return tuple(e for e in w.online_endpoints if OnlineEndpoint(e).authentication.value == "key")


@decides(on=lambda w: w.chat_uis, part="chat UI")
def endpoint_key_is_not_in_a_vault(site: Resource, w: Workload, _terms: object) -> Answer:
    """The chat UI does not read the key of the online endpoint from a vault.

    What is read: `authMode` of the endpoints; where one takes keys, the vault references among the chat UI's settings
    (their state, not their values), and the secrets that they name.

    Why it matters: whoever has the key talks to the flow past the chat UI and everything that stands before it.

    What is wrong: the chat UI has no vault reference, one that could not be resolved, or one to a secret that the vault
    does not have. Without an endpoint that takes keys this does not apply.

    How to put it right: `az webapp config appsettings set --settings
    chatApiKey=@Microsoft.KeyVault(SecretUri=<secret>)`.

    References: article, "Key rotation" and "Ephemeral components";
    learn.microsoft.com/azure/app-service/app-service-key-vault-references.
    """
    keyed = _keyed_endpoints(w)
    if not keyed:
        return not_applicable(site, "no online endpoint of the workload takes keys")
    references = references_of(w, site)
    fix = az("webapp config appsettings set", site, '--settings "<name>=@Microsoft.KeyVault(SecretUri=<secret>)"')
    if not references:
        says = f"{site.name} reads no setting from a vault, and {keyed[0].name} takes keys"
        return broken(site, says, OnlineEndpoint(keyed[0]).authentication.evidence, fix=fix)
    failed = [r for r in references if not r.resolved]
    if failed:
        return broken(site, _unresolved(site, failed[0]), failed[0].evidence, fix=fix)
    for reference in references:
        if secret_of(w, reference) is None:
            says = f"{reference.resource.name} of {site.name} names {reference.secret}, which {reference.vault} has not"
            return broken(site, says, reference.resource.shown("properties", "secretName"), fix=fix)
    names = ", ".join(f"{r.resource.name} from {r.vault}" for r in references)
    return holds(site, f"{site.name} reads {names}", *(r.evidence for r in references))


def _unresolved(site: Resource, reference: Reference) -> str:
    status = reference.evidence.value
    return f"the vault reference {reference.resource.name} of {site.name} is {status}, not Resolved"


@decides(on=sites_and_slots, part="web app")
def key_in_plain_settings(site: Resource, w: Workload, _terms: object) -> Answer:
    """A web app's settings hold a key in plain text, as far as that can be determined.

    What is read: the vault references among the settings of the site and of its slots, and their state. The
    settings themselves take more than read rights and are not read, so of what runs, what is not a reference cannot
    be seen. A plan states them: then the names of settings that have a value and no reference to a vault.

    Why it matters: everybody who may list the settings reads the key, and it stays in every template and every export.

    What is wrong: a plan states a setting that is called a key, a secret, a password or the like, and no reference. Or
    a reference is not resolved: then the setting holds the text of the reference or what was put there instead. A
    site without any reference is unknown.

    How to put it right: fix the reference, `az webapp config appsettings set --settings
    NAME=@Microsoft.KeyVault(SecretUri=<secret>)`.

    References: article, "Key rotation"; learn.microsoft.com/azure/app-service/app-service-key-vault-references.
    """
    stated = settings_in(
        site,
        w.estate.find(site.id.child("config", "appsettings")),
        w.estate.find(site.id.child("config", "connectionstrings")),
    )
    plain = [setting for setting in stated if setting.names_a_secret and not setting.refers]
    if plain:
        names = ", ".join(sorted(setting.name for setting in plain))
        says = f"{site.name} states {names} in plain text, not as a reference to a vault"
        fix = _refer(site, w, plain[0].name)
        return broken(site, says, *(setting.evidence for setting in plain), fix=fix)
    references = references_of(w, site)
    failed = [r for r in references if not r.resolved]
    if failed:
        fix = _refer(site, w, failed[0].resource.name)
        return broken(site, _unresolved(site, failed[0]), failed[0].evidence, fix=fix)
    if references:
        names = ", ".join(r.resource.name for r in references)
        return holds(site, f"{site.name} reads {names} from a vault", *(r.evidence for r in references))
    # Names no permission: the operation that lists settings hands out their values, and the auditor never asks for it.
    because = (
        f"no setting of {site.name} refers to a vault, and settings, which hold secrets, are never read: check them"
    )
    return unknown(site, Unknown(because))


def _refer(site: Resource, w: Workload, name: str) -> str:
    """The command that makes a setting of a web app or of a slot refer to a vault."""
    app = w.estate.find(site.id.parent) if site.type == SLOT and site.id.parent is not None else None
    slot = f" --slot {q(site.name)}" if app is not None else ""
    setting_ = q(f"{name}=@Microsoft.KeyVault(...)")
    return az("webapp config appsettings set", app or site, f"--settings {setting_}{slot}")


@decides(on=keys_kept, part="secret of the vault")
def secret_never_expires(secret: Resource, w: Workload, _terms: object) -> Answer:
    """A secret that may hold a key has no expiry date.

    What is read: `attributes.exp` of every secret of the workload's vaults that is enabled and is not a certificate.
    Which key a secret holds does not show, so each of them counts.

    Why it matters: a date is the reminder to rotate the key, and what Azure Policy and Event Grid watch.

    What is wrong: `exp` is absent.

    How to put it right: `az keyvault secret set-attributes --expires <date>`.

    References: article, "Key rotation" (a key expiration policy);
    learn.microsoft.com/azure/key-vault/secrets/tutorial-rotation-dual.
    """
    expires, evidence = attribute(secret, "exp")
    if expires is not None:
        return holds(secret, f"{secret.name} expires on {expires:%Y-%m-%d}", evidence)
    fix = (
        f"az keyvault secret set-attributes --vault-name {q(vault_name(secret))} --name {q(secret.name)}"
        f" --expires <date>"
    )
    question = f"on which day {secret.name} expires (seconds since 1970)"
    lost = f"from that day on whoever reads {secret.name} needs its next version"
    # Whole days, so that two snapshots of one day propose the same.
    in_a_year = (int(as_of(w).timestamp()) // 86_400 + 365) * 86_400
    change = set_to(secret.id, "properties/attributes/exp", in_a_year, question, lost)
    says = f"{secret.name} of {vault_name(secret)} never expires"
    return broken(secret, says, evidence, fix=fix, changes=[change])


class AgeTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How old a key may get before it must have been rotated, in days."""

    max_age_days: int


@decides(on=keys_kept, part="secret of the vault", terms=AgeTerms)
def key_was_not_rotated(secret: Resource, w: Workload, terms: AgeTerms) -> Answer:
    """A secret that may hold a key is past its expiry, or older than keys may get.

    What is read: `attributes.exp` and `attributes.updated` of every secret as in KEY-04, against the moment that the
    snapshot was taken.

    Why it matters: a key that is never changed is known to everybody who ever had it.

    What is wrong: the expiry date has passed, or the secret was last set longer ago than the terms allow.

    How to put it right: make a new key at its service, `az keyvault secret set` it, and withdraw the old one.

    References: article, "Key rotation";
    learn.microsoft.com/azure/storage/common/storage-account-keys-manage (rotate, expire, watch).
    """
    now = as_of(w)
    expires, expiry = attribute(secret, "exp")
    updated, last = attribute(secret, "updated")
    fix = f"az keyvault secret set --vault-name {q(vault_name(secret))} --name {q(secret.name)} --value <new key>"
    if expires is not None and expires <= now:
        return broken(secret, f"{secret.name} expired on {expires:%Y-%m-%d}", expiry, fix=fix)
    if updated is None:
        return unknown(secret, Unknown(f"when {secret.name} was last set is not in its document", absent=True), last)
    age = (now - updated).days
    if age > terms.max_age_days:
        says = (
            f"{secret.name} was last set {age} days ago, on {updated:%Y-%m-%d}; keys may get {terms.max_age_days} days"
        )
        return broken(secret, says, last, fix=fix)
    return holds(secret, f"{secret.name} was last set {age} days ago", last, expiry)


@decides(on=storages_of, part="storage account")
def storage_keys_never_expire(account: Resource, w: Workload, _terms: object) -> Answer:
    """A storage account that takes keys has no policy for their expiry.

    What is read: `keyPolicy.keyExpirationPeriodInDays` of the account, when its keys were made (`keyCreationTime`),
    and whether it takes keys at all (`allowSharedKeyAccess`).

    Why it matters: with a period, Azure shows when the keys are due and Azure Policy can say which are overdue.

    What is wrong: there is no period, or a key is older than it. An account that takes no keys needs none.

    How to put it right: `az storage account update --key-exp-days 90`.

    References: article, "Key rotation" (the linked page);
    learn.microsoft.com/azure/storage/common/storage-account-keys-manage#create-a-key-expiration-policy.
    """
    view = StorageAccount(account)
    days, shared = view.key_period, view.shared_keys
    if days.value > 0:
        overdue = _overdue(view, days.value, w) if shared.known is not False else None
        if overdue is not None:
            says = f"a key of {account.name} was made on {str(overdue.value)[:10]}, and keys are due every {days} days"
            fix = az("storage account keys renew", account, "--key <primary or secondary>")
            return broken(account, says, overdue, days.evidence, fix=fix)
        return holds(account, f"the keys of {account.name} are due every {days} days", days.evidence)
    if not shared.value:
        return not_applicable(account, f"{account.name} takes no account keys", shared.evidence)
    fix = az("storage account update", account, "--key-exp-days 90")
    change = set_to(account.id, "properties/keyPolicy/keyExpirationPeriodInDays", 90)
    says = f"{account.name} has no expiration period for its keys"
    return broken(account, says, days.evidence, shared.evidence, fix=fix, changes=[change])


def _overdue(account: StorageAccount, days: int, w: Workload) -> Evidence | None:
    """Where a key stands that is older than the period; `None` where none is known to be."""
    times = account.key_times.known
    if not isinstance(times, KeyTimes):
        return None
    for made in (times.first, times.second):
        moment = parse_moment(made.known) if isinstance(made.known, str) else None
        if moment is not None and (as_of(w) - moment).days > days:
            return made.evidence
    return None


@decides(on=lambda w: w.online_endpoints, part="online endpoint")
def vault_has_the_old_key(endpoint: Resource, w: Workload, _terms: object) -> Answer:
    """The chat UI's vault was not updated since the online endpoint was created.

    What is read: `systemData.createdAt` of each endpoint that takes keys, and `attributes.updated` of the secrets that
    the chat UI's vault references name.

    Why it matters: an endpoint that is made anew has new keys. Until the vault has them the chat UI is turned away.

    What is wrong: every secret that the chat UI reads is older than the endpoint. An endpoint without keys is left out.

    How to put it right: `az ml online-endpoint get-credentials`, then `az keyvault secret set`.

    References: article, "Ephemeral components";
    learn.microsoft.com/azure/machine-learning/how-to-authenticate-online-endpoint.
    """
    mode = OnlineEndpoint(endpoint).authentication
    if mode.value != "key":
        return not_applicable(
            endpoint, f"{endpoint.name} takes no keys: its authMode is {mode.evidence.value}", mode.evidence
        )
    born = endpoint.at("systemData", "createdAt")
    created = parse_moment(born.value)
    if created is None:
        return unknown(endpoint, Unknown(f"when {endpoint.name} was created is not in its document", absent=True), born)
    secrets = list(_read_by_the_chat_ui(w))
    dated = [(attribute(secret, "updated"), secret) for secret in secrets]
    fresh = [(evidence, s) for (updated, evidence), s in dated if updated is not None and updated >= created]
    if fresh:
        evidence, secret = fresh[0]
        return holds(endpoint, f"{secret.name} was set after {endpoint.name} was created", born, evidence)
    names = ", ".join(s.name for s in secrets) or "none"
    says = f"no secret that the chat UI reads ({names}) was set after {endpoint.name} was created on {created:%Y-%m-%d}"
    fix = (
        f"az ml online-endpoint get-credentials --name {q(endpoint.name)} --workspace-name {q(w.name)}"
        f" --resource-group {q(endpoint.id.resource_group)}"
        "  # put it into the vault: az keyvault secret set"
    )
    return broken(endpoint, says, born, *(e for (_, e), _ in dated), fix=fix)


def _read_by_the_chat_ui(w: Workload) -> Iterator[Resource]:
    for site in w.chat_uis:
        for reference in references_of(w, site):
            secret = secret_of(w, reference)
            if isinstance(secret, Unknown):
                raise NotKnown(secret)
            if secret is not None:
                yield secret
