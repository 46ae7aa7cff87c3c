"""Identities instead of keys: users sign in, services know each other by managed identity, local keys are off."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.documents.ml_compute import Compute
from auditor.documents.ml_connection import DATASTORE, Connection, Datastore
from auditor.documents.registry import Registry
from auditor.documents.search_service import SearchService
from auditor.documents.storage_account import StorageAccount
from auditor.documents.vault import Vault
from auditor.documents.view import View
from auditor.model import Resource, Unknown, Verdict
from auditor.model.change import Action, Change, set_to
from auditor.rules.changes import made_anew
from auditor.rules.rule import Answer, broken, decides, holds, shown, unknown
from auditor.text.shell import q
from auditor.workload.parts import ML, Workload


@decides(on=lambda w: w.registries, part="registry")
def registry_has_an_admin_user(registry: Resource, w: Workload, _terms: object) -> Answer:
    """The registry has an admin user.

    What is read: `properties.adminUserEnabled`; absent means false, the default.

    Why it matters: the admin user is one password for everything, shared by whoever may list it, with no name in the
    logs. A workspace that creates its own registry switches it on.

    What is wrong: `adminUserEnabled` is true.

    How to put it right: `az acr update --admin-enabled false`.

    References: article, "Security" (managed identities);
    learn.microsoft.com/azure/container-registry/container-registry-authentication.
    """
    admin, evidence = Registry(registry).admin_user, Registry(registry).admin_user.evidence
    if admin.value:
        fix = f"az acr update --name {q(registry.name)} --admin-enabled false"
        lost = f"whoever signs in to {registry.name} with the admin user's password cannot any more"
        change = set_to(registry.id, "properties/adminUserEnabled", False, warning=lost)
        return broken(registry, f"{registry.name} has its admin user enabled", evidence, fix=fix, changes=[change])
    return holds(registry, f"{registry.name} has no admin user", evidence)


@decides(on=lambda w: (*w.storages, *w.other_storages), part="storage account")
def storage_answers_account_keys(account: Resource, w: Workload, _terms: object) -> Iterator[Verdict]:
    """A storage account can be used with its account keys, or the workspace uses it so.

    What is read: `allowSharedKeyAccess` of each account (absent means true), `credentials.credentialsType` of the
    workspace's datastores on it, and the workspace's `systemDatastoresAuthMode`.

    Why it matters: the article leaves two services on keys, Azure OpenAI and the online endpoint. A storage key opens
    everything in the account, whatever roles say, and signs URLs that no log shows.

    What is wrong: the account takes shared keys, or a datastore holds one.

    How to put it right: `az ml workspace update --system-datastores-auth-mode identity`, then
    `az storage account update --allow-shared-key-access false`.

    References: article, "Key rotation" (two services use keys);
    learn.microsoft.com/azure/storage/common/shared-key-authorization-prevent.
    """
    shared, evidence = StorageAccount(account).shared_keys, StorageAccount(account).shared_keys.evidence
    fix = f"az storage account update --ids {q(account.id.text)} --allow-shared-key-access false"
    if not shared.value:
        yield holds(account, f"{account.name} takes no account key", evidence, aspect="account")
    else:
        stated = "is not set, which means true" if shared.absent else "is true"
        says = f"allowSharedKeyAccess of {account.name} {stated}"
        yield broken(account, says, evidence, fix=fix, aspect="account", changes=[_no_keys(account)])
    if account in w.storages:
        yield from _datastores(account, w)


def _no_keys(account: Resource) -> Change:
    lost = f"whoever uses {account.name} with its keys, or with a signature made by one, cannot any more"
    return set_to(account.id, "properties/allowSharedKeyAccess", False, warning=lost)


def _datastores(account: Resource, w: Workload) -> Iterator[Verdict]:
    owners = (owner for owner in (*w.workspaces, *w.projects) if owner.type == ML)
    stores = [Datastore(store) for workspace in owners for store in w.estate.all(DATASTORE, workspace.id)]
    here = [s for s in stores if s.account.known == account.name.casefold()]
    keyed = [s for s in here if s.credentials.known != "none" and not isinstance(s.credentials.known, Unknown)]
    gaps = [(s, s.credentials.known) for s in here if isinstance(s.credentials.known, Unknown)]
    if keyed:
        evidence = [s.credentials.evidence for s in keyed]
        names = ", ".join(sorted(s.name for s in keyed))
        says = f"datastores of {w.name} use {account.name} with {evidence[0].value}: {names}"
        fix = f"az ml workspace update --resource-group {q(account.id.resource_group)} --name {q(w.name)}"
        changes = [
            set_to(s.id, "properties/credentials", {"credentialsType": "None"}, warning=_by_identity(s.name))
            for s in keyed
        ]
        if w.anchor is not None:
            changes.append(set_to(w.anchor.id, "properties/systemDatastoresAuthMode", "identity"))
        fix = f"{fix} --system-datastores-auth-mode identity"
        yield broken(account, says, *evidence, fix=fix, aspect="datastores", changes=changes)
    elif gaps:
        store, gap = gaps[0]
        yield unknown(account, gap, store.credentials.evidence, aspect="datastores")
    elif here:
        evidence = [s.credentials.evidence for s in here]
        yield holds(
            account, f"the datastores of {w.name} hold no key of {account.name}", *evidence, aspect="datastores"
        )


def _by_identity(name: str) -> str:
    return f"who uses {name} needs a role of its own on the storage account"


@decides(on=lambda w: w.searches, part="AI Search service")
def search_answers_keys(service: Resource, w: Workload, _terms: object) -> Iterator[Verdict]:
    """The search service can be used with its keys, or the workspace is connected to it with one.

    What is read: `disableLocalAuth` of the service, and `authType` of the workspace's connections to it: which kinds
    keep something secret is data (facts/connection-authentication.json).

    Why it matters: the article leaves two services on keys, and search is not one of them. An admin key reads and
    replaces the index that grounds every answer.

    What is wrong: local authentication is not disabled, or a connection keeps a key, a token or a password.

    How to put it right: `az search service update --disable-local-auth true`.

    References: article, "Key rotation" (two services use keys);
    learn.microsoft.com/azure/search/search-security-enable-roles.
    """
    off, evidence = SearchService(service).local_keys_off, SearchService(service).local_keys_off.evidence
    if off.value:
        yield holds(service, f"{service.name} takes no key", evidence, aspect="service")
    else:
        says = f"disableLocalAuth of {service.name} is {shown(evidence.value)}"
        fix = (
            f"az search service update --resource-group {q(service.id.resource_group)} --name {q(service.name)}"
            " --disable-local-auth true"
        )
        lost = f"whoever uses {service.name} with its keys cannot any more, and needs a role on it"
        # A service takes `authOptions` only while it takes keys.
        change = [
            set_to(service.id, "properties/disableLocalAuth", True, warning=lost),
            *_without(service, "authOptions"),
        ]
        yield broken(service, says, evidence, fix=fix, aspect="service", changes=change)
    for connection in map(Connection, w.connections):
        target = connection.target.known
        by_host = isinstance(target, str) and target.startswith(f"https://{service.name.casefold()}.")
        if by_host or connection.leads_to(service.id):
            yield _connected(service, connection, w)


def _without(resource: Resource, name: str) -> list[Change]:
    stated = View(resource).states("properties", name)
    return [Change(Action.REMOVE, resource.id, f"/properties/{name}")] if stated else []


def _connected(service: Resource, connection: Connection, w: Workload) -> Verdict:
    kind = connection.authentication.evidence
    aspect = f"connection {connection.name}"
    secret = connection.keeps_a_secret
    if isinstance(secret, Unknown):
        return unknown(service, secret, kind, aspect=aspect)
    says = f"connection {connection.name} of {w.name} uses {service.name} with {kind.value}"
    if secret:
        fix = f"create connection {connection.name} again with authType AAD"
        lost = f"who uses {connection.name} needs a role of its own on {service.name}"
        changes = [
            set_to(connection.id, "properties/authType", "AAD", warning=lost),
            *_without(connection.resource, "credentials"),
        ]
        return broken(service, says, kind, fix=fix, aspect=aspect, changes=changes)
    return holds(service, says, kind, aspect=aspect)


@decides(on=lambda w: w.compute_instances, part="compute instance")
def compute_takes_local_users(compute: Resource, w: Workload, _terms: object) -> Answer:
    """A compute instance lets users in by other means than Microsoft Entra ID.

    What is read: `properties.disableLocalAuth` of the compute; absent means false.

    Why it matters: a compute instance carries an identity that reads the workspace's data; a local user gets it too.

    What is wrong: `disableLocalAuth` is not true.

    How to put it right: create the instance again with local authentication disabled; it cannot be changed.

    References: article, "Security" (managed identities where possible);
    learn.microsoft.com/azure/machine-learning/how-to-integrate-azure-policy.
    """
    off, evidence = Compute(compute).local_users_off, Compute(compute).local_users_off.evidence
    if off.value:
        return holds(compute, f"{compute.name} takes no local user", evidence)
    fix = f"create {compute.name} again with properties.disableLocalAuth true (Bicep: disableLocalAuth: true)"
    lost = f"{compute.name} is deleted and made again: files on its own disk are lost"
    says = f"disableLocalAuth of {compute.name} is {shown(evidence.value)}"
    changes = made_anew(compute, lost, {"disableLocalAuth": True})
    return broken(compute, says, evidence, fix=fix, changes=changes)


@decides(on=lambda w: w.vaults, part="key vault", formerly=("vault_goes_by_access_policies",))
def vault_uses_access_policies(vault: Resource, w: Workload, _terms: object) -> Answer:
    """The key vault grants access by its own policies, not by roles.

    What is read: `enableRbacAuthorization` (absent means false, access policies; roles in a plan that creates the vault
    with api-version 2026-02-01 or later) and `accessPolicies`.

    Why it matters: the table of roles says who may use the vault. With access policies it says nothing: roles on the
    vault's data have no effect, and whoever may write the vault may write the policies.

    What is wrong: RBAC authorization is off. Policies that are left over while it is on have no effect, but come back
    to life when it is switched off.

    How to put it right: `az keyvault update --enable-rbac-authorization true`, then delete the policies.

    References: article, "Azure Machine Learning RBAC roles"; learn.microsoft.com/azure/key-vault/general/rbac-guide.
    """
    by_roles = Vault(vault).by_roles
    switch = by_roles.evidence
    policies = Vault(vault).policies.evidence
    fix = f"az keyvault update --name {q(vault.name)} --enable-rbac-authorization true"
    if not by_roles.value:
        changes = _by_roles(vault)
        says = f"{vault.name} uses access policies, not Azure RBAC"
        return broken(vault, says, switch, policies, fix=fix, changes=changes)
    if policies.value:
        says = (
            f"{vault.name} uses Azure RBAC but keeps {len(policies.value)} access policies that would count without it"
        )
        fix = f"az keyvault delete-policy --name {q(vault.name)} --object-id <id>, for each"
        return broken(vault, says, switch, policies, fix=fix, changes=_by_roles(vault)[1:])
    return holds(vault, f"{vault.name} uses Azure RBAC", switch, policies)


def _by_roles(vault: Resource) -> list[Change]:
    lost = f"whoever reads {vault.name} by an access policy loses that, and needs a role in it"
    return [
        set_to(vault.id, "properties/enableRbacAuthorization", True, warning=lost),
        set_to(vault.id, "properties/accessPolicies", []),
    ]
