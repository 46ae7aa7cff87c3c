"""Control over keys and data: who watches, who may read, and whose key encrypts."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from auditor.access.approved import AllowedRole, reasons
from auditor.access.effective import seen_access_of
from auditor.access.grants import Grant
from auditor.access.other_grants import ASSIGN
from auditor.access.scopes import Hierarchy
from auditor.access.strangers import Ask, each_once, strangers, ways_to
from auditor.documents.ai_account import Account
from auditor.documents.defaults import az, az_set, setting
from auditor.documents.policy_assignment import PolicyAssignment
from auditor.model import ArmId, Resource, Unknown, Verdict
from auditor.model.change import create, delete, set_to
from auditor.network.private_link.private_endpoints import approval, connections
from auditor.rules.changes import standing_assignment
from auditor.rules.rule import Answer, broken, decides, holds, not_applicable, unknown
from auditor.text.shell import q
from auditor.workload.identities import Client, check_client
from auditor.workload.identities import approved as approved_identities
from auditor.workload.model_deployments import fine_tuned
from auditor.workload.owned import group_of, storages_of, vaults_of
from auditor.workload.parts import OPENAI, STORAGE, Workload


class Watcher(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A built-in policy that watches keys: the GUID of its definition, and what Azure calls it."""

    definition: str
    name: str


class PolicyTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The policies of which one must be assigned."""

    policies: tuple[Watcher, ...]


@decides(part="resource group", terms=PolicyTerms, formerly=("nobody_watches_rotation",))
def no_key_rotation_policy(w: Workload, terms: PolicyTerms) -> Answer:
    """No Azure Policy watches whether keys are rotated.

    What is read: the policy assignments at the resource group and above it, what they leave out (`notScopes`), the
    definition that each assigns and whether its effect is Disabled.

    Why it matters: keys that are rotated by hand are rotated as long as a person remembers it. A policy shows those
    that are overdue.

    What is wrong: none of the policies named in the terms is assigned there. Where only an initiative is, whether it
    contains one of them is unknown.

    How to put it right: `az policy assignment create --policy 98728c90-32c7-4049-8429-847dc0f4fe37 --scope <group>`.

    References: article, "Key rotation"; learn.microsoft.com/azure/key-vault/general/azure-policy.
    """
    group = group_of(w)
    if group is None:
        return not_applicable(None, "there is no workspace, and so no resource group to watch")
    wanted = {watcher.definition.casefold(): watcher.name for watcher in terms.policies}
    above, doubts = assigned_at(group, w)
    for assignment in above:
        name = wanted.get(definition_of(assignment).name.casefold())
        if name and PolicyAssignment(assignment).effect.value != "disabled":
            evidence = assignment.at("properties", "policyDefinitionId")
            return holds(group, f"{assignment.name} watches {group.name}: {name}", evidence)
    bundles = [a for a in above if definition_of(a).type.endswith("/policysetdefinitions")]
    doubts += [Unknown(f"whether the initiative {a.name} contains such a policy is not read") for a in bundles]
    if doubts:
        return unknown(group, doubts[0])
    first = terms.policies[0]
    fix = f"az policy assignment create --name watch-secrets --policy {q(first.definition)} --scope {q(group.text)}"
    says = f"no policy that watches keys is assigned at {group.name} or above it"
    id_ = ArmId(f"{group.text}/providers/Microsoft.Authorization/policyAssignments/watch-secrets")
    properties = {
        "displayName": first.name,
        "policyDefinitionId": f"/providers/Microsoft.Authorization/policyDefinitions/{first.definition}",
        "scope": group.text,
        "notScopes": [],
    }
    question = f"with which parameters {first.name} is assigned"
    return broken(group, says, fix=fix, changes=[create(id_, {"properties": properties}, question)])


def definition_of(assignment: Resource) -> ArmId:
    """What a policy assignment assigns; an empty id where it does not say."""
    return PolicyAssignment(assignment).definition.value or ArmId("")


def assigned_at(group: ArmId, w: Workload) -> tuple[list[Resource], list[Unknown]]:
    """The policy assignments that hold at a group, and those of which that is not known."""
    tree = Hierarchy(w.estate)
    found: list[Resource] = []
    doubts: list[Unknown] = []
    for assignment in w.estate.all(PolicyAssignment.kind):
        view = PolicyAssignment(assignment)
        scope = assignment.id.extends or view.scope.value
        if scope is None or any(group.is_within(each) for each in view.left_out.value):
            continue
        covers = tree.covers(scope, group)
        if isinstance(covers, Unknown):
            doubts.append(covers)
        elif covers:
            found.append(assignment)
    return found, doubts


class ReaderTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The data action that reads a secret, the parts of the workload whose identities need it, and who else may."""

    action: str
    approved: tuple[Client, ...]
    besides: tuple[AllowedRole, ...] = ()

    def __post_init__(self) -> None:
        """Refuse parts that the architecture has not."""
        for part in self.approved:
            check_client(part)


@decides(on=vaults_of, part="key vault", terms=ReaderTerms, formerly=("strangers_may_read_the_keys",))
def keys_readable_by_unapproved_identity(vault: Resource, w: Workload, terms: ReaderTerms) -> Iterator[Verdict]:
    """A principal that needs no key may read keys from the vault.

    What is read: everybody who holds, standing, a role with the data action that reads secrets, at the vault, above it
    or inside it, through groups as far as they are known; the vault's access policies where it still uses them; who
    may write them there; who may use the vault in a template and deploy one; and who may assign roles at the vault.

    Why it matters: on-demand access from authorized clients is the reason to keep keys in a vault.

    What is wrong: a principal that belongs to none of the parts named in the terms may read secrets, or give itself
    that right. Who may assign roles higher up is counted with the whole group, not here.

    How to put it right: `az role assignment delete --ids <assignment>`, or make it eligible instead of standing.

    References: article, "Key rotation" (authorized clients); learn.microsoft.com/azure/key-vault/general/rbac-guide;
    learn.microsoft.com/azure/azure-resource-manager/templates/key-vault-parameter.
    """
    access, more = seen_access_of(w.estate)
    asks = (Ask(terms.action, True), *ways_to(vault, frozenset({"secrets"})))
    answer = strangers(access, vault, asks, approved_identities(w, terms.approved), terms.besides)
    found = tuple(each_once(answer.found))
    yield from (_stranger(vault, ask, grant) for ask, grant in found)
    if more is not None:
        yield unknown(vault, more)
    elif answer.gaps and (answer.cut_short or not found):
        yield unknown(vault, next(iter(answer.gaps)))
    elif not found:
        says = f"only approved identities may read secrets of {vault.name}{reasons(answer.allowed)}"
        yield holds(vault, says, vault.at("id"))


def _stranger(vault: Resource, ask: Ask, grant: Grant) -> Verdict:
    """Who may read, or give itself, the vault's secrets; an access policy is taken back as such."""
    who = grant.principal.id
    may = "give itself" if ask.operation == ASSIGN else "read"
    says = f"{grant.principal.label} may {may} secrets of {vault.name}: {'; '.join(grant.chain(vault.id)[1:3])}"
    if ask.row is not None and not ask.row.data:
        says += f"; so it {ask.row.why} ({ask.row.operation})"
    if grant.assignment.resource == vault:
        fix = f"az keyvault delete-policy --name {q(vault.name)} --object-id {q(who)}"
    else:
        fix = f"az role assignment delete --ids {q(grant.assignment.resource.id.text)}"
    lost = f"whoever holds it loses it: {says}"
    taken = standing_assignment(grant)
    changes = [delete(taken, lost)] if taken is not None else ()
    return broken(vault, says, *grant.assignment.evidence, fix=fix, aspect=who, changes=changes)


def _tuned_accounts(w: Workload) -> tuple[Resource, ...]:
    """Azure OpenAI accounts with a fine-tuned model."""
    parents = {d.id.parent for d in fine_tuned(w)}
    return tuple(a for a in w.estate.seen(OPENAI) if a.id in parents)


@decides(on=_tuned_accounts, part="Azure OpenAI account with a fine-tuned model")
def tuning_data_under_microsofts_key(account: Resource, w: Workload, _terms: object) -> Answer:
    """Training data in Azure OpenAI is encrypted with Microsoft's key instead of the customer's own.

    What is read: whether a fine-tuned model is deployed (its name holds `.ft-`), and `encryption.keySource` of the
    account. Without a fine-tuned model this does not apply.

    Why it matters: training data stays in the account. With a key of one's own, withdrawing the key withdraws the data.

    What is wrong: `encryption.keySource` is Microsoft.CognitiveServices, or absent, which means the same.

    How to put it right: `az cognitiveservices account update --encryption` with a key of the vault.

    References: article, "OpenAI model fine-tuning"; learn.microsoft.com/azure/ai-services/openai/encrypt-data-at-rest.
    """
    source = setting(account, "properties", "encryption", "keySource")
    if source.is_one_of("Microsoft.KeyVault"):
        return holds(account, f"{account.name} is encrypted with a key of the customer's vault", source.evidence)
    fix = az_set(account.id, "properties.encryption.keySource", "Microsoft.KeyVault")
    return broken(account, f"the key of {account.name} is Microsoft's: keySource is {source}", source.evidence, fix=fix)


def _training_stores(w: Workload) -> tuple[Resource, ...]:
    """Where training data may be: the storage that the tuned accounts own it in, else the workload's storage."""
    accounts = _tuned_accounts(w)
    if not accounts:
        return ()
    owned = {store.account.value for account in accounts for store in Account(account).owned_storage.value}
    found = tuple(s for s in w.estate.all(STORAGE) if s.id in owned)
    return found or storages_of(w)


@decides(on=_training_stores, part="storage account that may hold training data")
def training_blobs_unprotected(account: Resource, w: Workload, _terms: object) -> Iterator[Verdict]:
    """Training data in blob storage lacks a key of the customer's, an identity to read it with, or a private way to it.

    What is read: whether a fine-tuned model is deployed; then, of the storage that the account names as its own, or of
    the workload's storage where it names none: `encryption.keySource`, `allowSharedKeyAccess`, and the private
    endpoints that lead to its blobs. Without a fine-tuned model this does not apply.

    Why it matters: training data is a selection of the company's data, cleaned and labelled: the best of it.

    What is wrong: the key is Microsoft's, account keys open the data past every identity, or no approved private
    endpoint leads to it.

    How to put it right: `az storage account update --encryption-key-source Microsoft.Keyvault`,
    `--allow-shared-key-access false`, `az network private-endpoint create --group-id blob`.

    References: article, "OpenAI model fine-tuning";
    learn.microsoft.com/azure/storage/common/customer-managed-keys-overview.
    """
    source = setting(account, "properties", "encryption", "keySource")
    if source.is_one_of("Microsoft.Keyvault"):
        says = f"{account.name} is encrypted with a key of the customer's vault"
        yield holds(account, says, source.evidence, aspect="key")
    else:
        says = f"the key of {account.name} is Microsoft's: keySource is {source}"
        fix = az("storage account update", account, "--encryption-key-source Microsoft.Keyvault")
        yield broken(account, says, source.evidence, aspect="key", fix=fix)
    shared = setting(account, "properties", "allowSharedKeyAccess")
    if shared.value is False:
        yield holds(account, f"{account.name} is read with identities only", shared.evidence, aspect="identity")
    else:
        fix = az("storage account update", account, "--allow-shared-key-access false")
        says = f"account keys open {account.name}: allowSharedKeyAccess is {shared}"
        lost = f"whoever uses {account.name} with its keys, or with a signature made by one, cannot any more"
        change = set_to(account.id, "properties/allowSharedKeyAccess", False, warning=lost)
        yield broken(account, says, shared.evidence, aspect="identity", fix=fix, changes=[change])
    yield _private_way(account, w)


def _private_way(account: Resource, w: Workload) -> Verdict:
    ways = [c for e in w.endpoints_to(account) for c in connections(e) if c.target == account.id and "blob" in c.groups]
    for way in ways:
        if approval(w.estate, way).holds is True:
            says = f"{way.endpoint.name} leads to the blobs of {account.name}"
            return holds(account, says, way.evidence, aspect="endpoint")
    fix = (
        f"az network private-endpoint create --resource-group {q(account.id.resource_group)}"
        f" --name pep-{q(account.name)}"
        f" --private-connection-resource-id {q(account.id.text)} --group-id blob"
        f" --connection-name pep-{q(account.name)}"
        " --vnet-name <vnet> --subnet <private endpoints subnet>"
    )
    says = f"no approved private endpoint leads to the blobs of {account.name}"
    return broken(account, says, *(way.evidence for way in ways), aspect="endpoint", fix=fix)
