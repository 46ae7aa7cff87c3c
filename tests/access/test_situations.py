"""Situations of access in a whole workload, each with what the requirements say of it and the page that decides.

Every situation is the compliant world with a few documents more. Expected is the worst outcome of each requirement.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import msgspec
import pytest

from auditor.access.role_definitions import built_in, built_in_guids
from auditor.baseline import read_baseline
from auditor.estate import Estate, build_estate
from auditor.model import Outcome
from auditor.rules import Rule
from auditor.workload.parts import Pins, workloads
from tests import worlds
from tests.builders.access_worlds import guid
from tests.builders.rules import rule_index

WORLD = "compliant"
SUB = worlds.subscription(WORLD)
RG = f"{SUB}/resourceGroups/rg-chat-prod"
VAULT = f"{RG}/providers/Microsoft.KeyVault/vaults/kv-aibase"
ACCOUNT = f"{RG}/providers/Microsoft.CognitiveServices/accounts/oai-aibase"
REGISTRY = f"{RG}/providers/Microsoft.ContainerRegistry/registries/craibase"
SITE, GATEWAY = "e0e2ef36-edfe-58f3-88bc-76fbb563e0f6", "9916cf60-d315-57f3-8eed-bf5cf116f2d2"
WORKSPACE = "86c8fa8d-47f2-5b61-9fa1-61dfb0104ea3"
AUTHORIZATION = "providers/Microsoft.Authorization"
ELIGIBLE = "roleEligibilityScheduleInstances"

Doc = dict[str, Any]
Change = Callable[[Doc], None]


@cache
def _guids() -> dict[str, str]:
    roles = {guid: built_in(guid) for guid in built_in_guids()}
    return {str(role.get("properties", "roleName")): guid for guid, role in roles.items() if role is not None}


def built_in_named(name: str) -> str:
    """The GUID of a built-in role by its name."""
    return _guids()[name]


def give(
    who: str, role: str, scope: str, kind: str | None = "User", list_: str = "roleAssignments", **more: Any
) -> Doc:
    """An assignment of a built-in role by name, or of a role of this world by GUID, to a name or an object id."""
    name = guid(f"{who} {role} {scope} {list_}")
    role_id = role if role.count("-") == 4 else built_in_named(role)
    return {
        "id": f"{scope}/{AUTHORIZATION}/{list_}/{name}",
        "type": f"Microsoft.Authorization/{list_}",
        "name": name,
        "properties": {
            "principalId": who if who.count("-") == 4 else guid(who),
            "principalType": kind,
            "roleDefinitionId": f"{SUB}/{AUTHORIZATION}/roleDefinitions/{role_id}",
            "scope": scope,
            **more,
        },
    }


def role(name: str, actions: tuple[str, ...] = (), data: tuple[str, ...] = (), **more: Any) -> Doc:
    return {
        "id": f"{SUB}/{AUTHORIZATION}/roleDefinitions/{guid(name)}",
        "type": "Microsoft.Authorization/roleDefinitions",
        "name": guid(name),
        "properties": {
            "roleName": name,
            "type": "CustomRole",
            "permissions": [{"actions": list(actions), "dataActions": list(data), **more}],
        },
    }


def deny(name: str, scope: str, condition: str = "", **lists: list[str]) -> Doc:
    return {
        "id": f"{scope}/{AUTHORIZATION}/denyAssignments/{guid(name)}",
        "type": "Microsoft.Authorization/denyAssignments",
        "name": guid(name),
        "properties": {
            "denyAssignmentName": name,
            "scope": scope,
            "permissions": [lists],
            "principals": [{"id": "00000000-0000-0000-0000-000000000000", "type": "SystemDefined"}],
            "excludePrincipals": [],
            "doNotApplyToChildScopes": False,
            "condition": condition,
        },
    }


def graph(kind: str, who: str, **more: Any) -> Doc:
    id_ = who if who.count("-") == 4 else guid(who)
    return {
        "id": f"/providers/Microsoft.Graph/{kind}/{id_}",
        "type": f"Microsoft.Graph/{kind}",
        "displayName": who,
        **more,
    }


def lighthouse(role_name: str, state: str = "Succeeded", eligible: bool = False, **more: Any) -> list[Doc]:
    offer = f"{SUB}/providers/Microsoft.ManagedServices/registrationDefinitions/{guid('offer')}"
    authorization = {"principalId": guid("msp"), "roleDefinitionId": built_in_named(role_name), **more}
    listed = ("eligibleAuthorizations", "authorizations") if eligible else ("authorizations", "eligibleAuthorizations")
    return [
        {
            "id": offer,
            "type": "Microsoft.ManagedServices/registrationDefinitions",
            "properties": {listed[0]: [authorization], listed[1]: []},
        },
        {
            "id": f"{SUB}/providers/Microsoft.ManagedServices/registrationAssignments/{guid('registration')}",
            "type": "Microsoft.ManagedServices/registrationAssignments",
            "properties": {"registrationDefinitionId": offer, "provisioningState": state},
        },
    ]


def settings_of(id_: str, **properties: Any) -> Change:
    def change(document: Doc) -> None:
        if document["id"] == id_:
            document["properties"].update(properties)

    return change


def without_setting(id_: str, name: str, **properties: Any) -> Change:
    def change(document: Doc) -> None:
        if document["id"] == id_:
            document["properties"].update(properties)
            document["properties"].pop(name, None)

    return change


def by_policies(*policies: Doc) -> Change:
    return settings_of(VAULT, enableRbacAuthorization=False, accessPolicies=list(policies))


def policy(who: str, *secrets: str, **more: Any) -> Doc:
    id_ = who if who.count("-") == 4 else guid(who)
    return {"tenantId": guid("t"), "objectId": id_, "permissions": {"secrets": list(secrets)}, **more}


OURS = (policy(SITE, "get"), policy(GATEWAY, "get"))
ACR_PULL, SECRETS_USER = built_in_named("AcrPull"), built_in_named("Key Vault Secrets User")
_TARGET = "(!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR "
_REQUESTED = "@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId]"


def may_assign(role_id: str) -> str:
    """The portal's template "constrain roles" (role-based-access-control/delegate-role-assignments-examples)."""
    return f"({_TARGET}({_REQUESTED} ForAnyOfAnyValues:GuidEquals {{{role_id}}}))"


_TYPED = "@Request[Microsoft.Authorization/roleAssignments:PrincipalType] StringEqualsIgnoreCase 'ServicePrincipal'"
PULL_TO_SERVICES = f"({_TARGET}({_REQUESTED} ForAnyOfAnyValues:GuidEquals {{{ACR_PULL}}} AND {_TYPED}))"
STORAGE_ONLY = "(!(ActionMatches{'Microsoft.Storage/*'})) OR (@Resource[Example:tag] StringEquals 'x')"
VAULT_ONLY = "(!(ActionMatches{'Microsoft.KeyVault/*'})) OR (@Resource[Example:tag] StringEquals 'x')"
DEPLOYS = ("Microsoft.KeyVault/vaults/deploy/action",)


@dataclass(frozen=True)
class Situation:
    """`page` is what decides; `docs` are added, `change` is made to every document, `gone` loses its assignments."""

    name: str
    page: str
    expected: Mapping[str, str]
    docs: list[Doc] = field(default_factory=list)
    change: Change | None = None
    gone: str = ""
    refused: str = ""


def _at_secret(kind: str) -> str:
    return f"{VAULT}/{kind}/gateway-public-cert"


SITUATIONS = [
    # --- scopes below
    Situation("a role at one container of the account that is not asked about", "overview",
              {"KEY-09": "pass", "IDN-14": "pass"},
              [give("p", "Storage Blob Data Reader", f"{RG}/providers/Microsoft.Storage/storageAccounts/stmlaibase"
                    "/blobServices/default/containers/c")]),
    Situation("a role at one deployment of the account", "overview", {"IDN-14": "fail"},
              [give("p", "Cognitive Services OpenAI User", f"{ACCOUNT}/deployments/gpt-35-turbo")]),
    Situation("a role at a key reads no secret", "key-vault/general/rbac-guide", {"KEY-09": "pass"},
              [give("p", "Key Vault Administrator", f"{VAULT}/keys/k")]),
    Situation("whether a role at a certificate reads its secret", "key-vault/general/rbac-guide", {"KEY-09": "unknown"},
              [give("p", "Key Vault Administrator", f"{VAULT}/certificates/c")]),
    Situation("the owner of one secret", "role-based-access-control/role-assignments", {"KEY-09": "fail"},
              [give("p", "Owner", f"{VAULT}/secrets/s")]),
    Situation("who assigns roles at the vault", "role-based-access-control/role-assignments", {"KEY-09": "fail"},
              [give("p", "User Access Administrator", VAULT)]),
    Situation("who assigns roles at the account", "role-based-access-control/role-assignments", {"IDN-14": "fail"},
              [give("p", "Role Based Access Control Administrator", ACCOUNT)]),
    Situation("who may assign one harmless role at the vault", "delegate-role-assignments-examples",
              {"KEY-09": "pass"},
              [give("p", "Role Based Access Control Administrator", VAULT, condition=may_assign(ACR_PULL))]),
    Situation("who may assign the role that reads, at the vault", "delegate-role-assignments-examples",
              {"KEY-09": "fail"},
              [give("p", "Role Based Access Control Administrator", VAULT, condition=may_assign(SECRETS_USER))]),
    Situation("the gateway's role at exactly its secret", "key-vault/general/rbac-guide", {"IDN-07": "pass"},
              [give(GATEWAY, "Key Vault Secrets User", _at_secret("secrets"), "ServicePrincipal")], gone=GATEWAY),
    Situation("the gateway's role at another secret", "key-vault/general/rbac-guide", {"IDN-07": "fail"},
              [give(GATEWAY, "Key Vault Secrets User", f"{VAULT}/secrets/other", "ServicePrincipal")], gone=GATEWAY),
    # --- access policies
    Situation("access policies for those who need them", "key-vault/general/assign-access-policy",
              {"KEY-09": "pass", "IDN-06": "pass", "IDN-07": "pass"}, change=by_policies(*OURS)),
    Situation("an access policy that only lists", "key-vault/general/assign-access-policy",
              {"KEY-09": "pass"}, change=by_policies(*OURS, policy("p", "list"))),
    Situation("an access policy through an application", "key-vault/general/security-features (compound identity)",
              {"KEY-09": "fail"}, change=by_policies(*OURS, policy("p", "Get", applicationId=guid("app")))),
    Situation("access policies that the document leaves out", "rest/api/keyvault/vaults",
              {"KEY-09": "unknown", "IDN-06": "unknown"},
              change=without_setting(VAULT, "accessPolicies", enableRbacAuthorization=False)),
    Situation("a role for secrets of a vault that goes by access policies", "key-vault/general/rbac-access-policy",
              {"KEY-09": "pass", "IDN-13": "pass"}, [give("p", "Key Vault Secrets Officer", RG)],
              by_policies(*OURS)),
    Situation("Contributor of a vault that goes by access policies", "key-vault/general/rbac-access-policy",
              {"KEY-09": "fail"}, [give("p", "Key Vault Contributor", VAULT)], by_policies(*OURS)),
    Situation("Contributor of a vault that goes by roles and serves no templates",
              "key-vault/general/rbac-access-policy", {"KEY-09": "pass"}, [give("p", "Key Vault Contributor", VAULT)],
              settings_of(VAULT, enabledForTemplateDeployment=False)),
    # --- templates
    Situation("deploying with the vault's secrets, with the right to deploy by another role",
              "azure-resource-manager/templates/key-vault-parameter", {"KEY-09": "fail", "IDN-13": "pass"},
              [role("use", DEPLOYS), give("p", guid("use"), VAULT), role("do", ("Microsoft.Resources/deployments/*",)),
               give("p", guid("do"), RG)]),
    Situation("deploying with the vault's secrets, without a right to deploy",
              "azure-resource-manager/templates/key-vault-parameter", {"KEY-09": "pass", "IDN-13": "pass"},
              [role("use", DEPLOYS), give("p", guid("use"), RG)]),
    # --- Lighthouse, registry modes
    Situation("delegated to assign AcrPull to managed identities", "lighthouse/concepts/tenants-users-roles",
              {"IDN-13": "pass"}, lighthouse("User Access Administrator", delegatedRoleDefinitionIds=[ACR_PULL])),
    Situation("delegated to assign Contributor to managed identities", "lighthouse/concepts/tenants-users-roles",
              {"IDN-13": "unknown"},
              lighthouse("User Access Administrator",
                         delegatedRoleDefinitionIds=[built_in_named("Contributor")])),
    Situation("delegated as eligible only", "lighthouse/how-to/create-eligible-authorizations",
              {"IDN-13": "pass", "IDN-14": "pass"}, lighthouse("Contributor", eligible=True)),
    Situation("a delegation that failed", "rest/api/managedservices/registration-assignments",
              {"IDN-13": "unknown", "IDN-14": "unknown"}, lighthouse("Contributor", "Failed")),
    Situation("AcrPush where repositories have permissions of their own",
              "container-registry/container-registry-rbac-abac-repository-permissions",
              {"IDN-13": "pass", "RBAC-05": "fail"}, [give("p", "AcrPush", RG)],
              settings_of(REGISTRY, roleAssignmentMode="AbacRepositoryPermissions")),
    # --- ways to data
    Situation("local users of storage that no SFTP lets in",
              "storage/blobs/secure-file-transfer-protocol-support-how-to", {"IDN-13": "pass"},
              [role("users", ("Microsoft.Storage/storageAccounts/localUsers/*",)), give("p", guid("users"), RG)]),
    Situation("an identity to put on an automation account", "managed-identities-status", {"IDN-13": "fail"},
              [role("put", ("Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
                            "Microsoft.Automation/automationAccounts/write")), give("p", guid("put"), RG)]),
    Situation("an identity and nothing to put it on", "managed-identities-faq", {"IDN-13": "pass"},
              [give("p", "Managed Identity Operator", RG)]),
    Situation("code from a repository for the site", "app-service/deploy-continuous-deployment", {"IDN-13": "fail"},
              [role("code", ("Microsoft.Web/sites/sourcecontrols/write",)), give("p", guid("code"), RG)]),
    # --- holders
    Situation("roles of a user that was deleted", "role-based-access-control/troubleshooting",
              {"IDN-13": "pass", "IDN-14": "pass", "KEY-09": "pass"},
              [give("p", "Owner", SUB), graph("users", "p", deletedDateTime="2026-01-01T00:00:00Z")]),
    Situation("a group of which all members need the secrets", "role-based-access-control/overview",
              {"KEY-09": "pass"}, [give("g", "Key Vault Secrets User", VAULT, "Group"),
                                   graph("groups", "g", members=[{"id": SITE}, {"id": GATEWAY}])]),
    Situation("a group with one member more", "role-based-access-control/overview",
              {"KEY-09": "fail"}, [give("g", "Key Vault Secrets User", VAULT, "Group"),
                                   graph("groups", "g", members=[{"id": SITE}, {"id": guid("p")}])]),
    Situation("a group of the table's own identities", "role-based-access-control/overview",
              {"IDN-13": "pass", "RBAC-11": "fail"},
              [give("g", "Contributor", RG, "Group"), graph("groups", "g", members=[{"id": WORKSPACE}])]),
    Situation("in a group, as the directory says of the identity", "serviceprincipal-list-transitivememberof",
              {"IDN-07": "pass"},
              [give("g", "Key Vault Secrets User", VAULT, "Group"),
               graph("servicePrincipals", GATEWAY, transitiveMemberOf=[{"id": guid("g")}])], gone=GATEWAY),
    Situation("what is eligible could not be read, and counts for nothing here", "pim-resource-roles-assign-roles",
              {"KEY-09": "pass", "IDN-14": "pass", "RBAC-11": "unknown"},
              refused="Microsoft.Authorization/roleEligibilityScheduleInstances"),
    Situation("the site lost its role, and what is eligible could not be read", "pim-resource-roles-assign-roles",
              {"IDN-06": "fail"}, refused="Microsoft.Authorization/roleEligibilityScheduleInstances", gone=SITE),
    # --- conditions
    Situation("User Access Administrator that may assign AcrPull to services", "delegate-role-assignments-examples",
              {"IDN-13": "pass"}, [give("p", "User Access Administrator", SUB, condition=PULL_TO_SERVICES)]),
    Situation("the same, with a custom role that it may widen", "role-based-access-control/custom-roles",
              {"IDN-13": "fail"},
              [give("p", "User Access Administrator", SUB, condition=PULL_TO_SERVICES),
               role("mine", ("Microsoft.Web/sites/read",)), give("p", guid("mine"), RG)]),
    Situation("a condition on reading secrets that is not decided", "conditions-format", {"KEY-09": "unknown"},
              [give("p", "Key Vault Secrets User", VAULT, condition=VAULT_ONLY)]),
    Situation("a custom role with a condition of its own", "role-based-access-control/role-definitions",
              {"KEY-09": "unknown"},
              [role("own", data=("Microsoft.KeyVault/vaults/*",), condition=VAULT_ONLY),
               give("p", guid("own"), VAULT)]),
    Situation("a denial whose condition targets other operations", "rest/api/authorization/deny-assignments",
              {"IDN-14": "pass"}, [give("p", "Cognitive Services User", ACCOUNT),
                                   deny("d", SUB, STORAGE_ONLY, actions=["Microsoft.CognitiveServices/*"],
                                        dataActions=["Microsoft.CognitiveServices/*"])]),
    Situation("a denial whose condition is not decided", "rest/api/authorization/deny-assignments",
              {"KEY-09": "unknown"}, [give("p", "Key Vault Secrets User", VAULT),
                                      deny("d", VAULT, VAULT_ONLY, dataActions=["Microsoft.KeyVault/*"])]),
    Situation("a denial of everything about secrets at the vault", "role-based-access-control/deny-assignments",
              {"KEY-09": "pass"}, [give("p", "Key Vault Secrets User", VAULT),
                                   deny("d", VAULT, dataActions=["Microsoft.KeyVault/vaults/secrets/*"])],
              settings_of(VAULT, enabledForTemplateDeployment=False)),
]  # fmt: skip


@pytest.mark.parametrize("situation", [pytest.param(s, id=s.name) for s in SITUATIONS])
def test_situation(situation: Situation) -> None:
    estate = _estate(situation)
    said = {requirement: _worst(estate, requirement) for requirement in situation.expected}
    assert {requirement: outcome.value for requirement, (outcome, _) in said.items()} == situation.expected, said


@cache
def _documents() -> tuple[Doc, ...]:
    return tuple(worlds.documents(WORLD))


def _estate(situation: Situation) -> Estate:
    documents = [d for d in _documents() if not _is_of(d, situation.gone)]
    if situation.change is not None:
        changed = [copy.deepcopy(d) if d["id"] in (VAULT, REGISTRY) else d for d in documents]
        for document in changed:
            situation.change(document)
        documents = changed
    refused = (worlds.refused(situation.refused, SUB),) if situation.refused else ()
    return build_estate(worlds.snapshot([*documents, *situation.docs], (*worlds.whole(SUB), *refused), WORLD))


@cache
def _rules() -> Mapping[str, tuple[Rule, Any]]:
    stated = read_baseline().stated
    return {
        id_: (rule, msgspec.convert(stated.get(id_, {}), rule.terms, strict=True)) for id_, rule in rule_index().items()
    }


_ORDER = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.PASS)


def _worst(estate: Estate, requirement: str) -> tuple[Outcome, list[str]]:
    rule, terms = _rules()[requirement]
    found = [v for w in workloads(estate, Pins()) for v in rule.apply(w, terms)]
    worst = min((v.outcome for v in found), key=_ORDER.index)
    return worst, [v.message for v in found if v.outcome is worst]


def _is_of(document: Doc, principal: str) -> bool:
    listed = document.get("type") == "Microsoft.Authorization/roleAssignments"
    return bool(principal) and listed and document["properties"]["principalId"] == principal


def test_every_built_in_role_is_found_by_its_name() -> None:
    assert built_in_named("Owner") in built_in_guids()
