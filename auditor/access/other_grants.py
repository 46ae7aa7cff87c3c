"""Rights that no role assignment gives: access policies of vaults, and what Azure Lighthouse delegates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from auditor.access.assignments import Assignment, Hold
from auditor.access.principals import DELEGATED
from auditor.access.role_definitions import PermissionSet, Role, Roles
from auditor.documents.defaults import setting
from auditor.estate import Estate
from auditor.facts import load
from auditor.model import ArmId, NotKnown, Resource, Unknown
from auditor.sets.operation_set import OperationSet, Rights

VAULT = "microsoft.keyvault/vaults"
REGISTRATION = "microsoft.managedservices/registrationassignments"
OFFER = "microsoft.managedservices/registrationdefinitions"
_KINDS = ("secrets", "keys", "certificates")


def access_policies(estate: Estate) -> Iterator[Assignment]:
    """What the access policies of every vault that goes by them give. Where roles decide, they give nothing."""
    for vault in estate.seen(VAULT):
        try:
            if setting(vault, "properties", "enableRbacAuthorization").value is True:
                continue
        except NotKnown:
            pass  # `Voids` makes what rests on it a doubt
        for index, policy in vault.items("properties", "accessPolicies"):
            who = str(policy.get("objectId") or "").casefold()
            part = _policy(vault, index, policy)
            if who and not part.rights.is_empty:
                through = str(policy.get("applicationId") or "")
                yield Assignment(
                    vault,
                    who,
                    "",
                    "",
                    f"{vault.id.key}#accesspolicies/{index}",
                    vault.id,
                    f"it acts through application {through}" if through else "",
                    Hold.STANDING,
                    Role(f"{vault.id.key}#accesspolicies/{index}", "an access policy", True, vault, (part,)),
                    tuple(
                        vault.at("properties", "accessPolicies", index, name) for name in ("objectId", "permissions")
                    ),
                )


def _policy(vault: Resource, index: int, policy: Mapping[str, Any]) -> PermissionSet:
    """The data actions that an access policy comes to, each with the permission that gives it."""
    facts = load("vault-policies")
    path = ("properties", "accessPolicies", index)
    permissions = policy.get("permissions")
    written = []
    for kind in _KINDS:
        listed = permissions.get(kind) if isinstance(permissions, Mapping) else None
        for number, word in enumerate(listed if isinstance(listed, list) else ()):
            named = str(word).casefold()
            names = facts[kind].values() if named == "all" else [facts[kind].get(named, ())]
            evidence = vault.at(*path, "permissions", kind, number)
            written += [(facts["prefix"] + name, evidence) for several in names for name in several]
    rights = Rights(data=OperationSet.of(name for name, _ in written))
    return PermissionSet(vault, path, rights, "", tuple(written))


def delegated(estate: Estate, roles: Roles) -> Iterator[Assignment]:
    """What Azure Lighthouse gives to principals of other tenants at a subscription or a resource group.

    Data actions of a delegated role are not given, and assigning roles only to managed identities and only of the
    roles that the offer names (learn.microsoft.com/azure/lighthouse/concepts/tenants-users-roles, read 2026-11).
    """
    for registration in estate.seen(REGISTRATION):
        offer, path = _offer(estate, registration)
        if offer is None:
            continue
        text = registration.id.text
        scope = ArmId(text[: text.casefold().rindex("/providers/microsoft.managedservices/")] or "/")
        for name, hold in (("authorizations", Hold.STANDING), ("eligibleAuthorizations", Hold.ELIGIBLE)):
            for index, body in offer.items(*path, name):
                made = _authorization(registration, offer, (*path, name, index), body, scope, hold, roles)
                if made is not None:
                    yield made


def _offer(estate: Estate, registration: Resource) -> tuple[Resource | None, tuple[str, ...]]:
    """Where the authorizations of a registration stand: in its definition, or in itself where Azure expanded it."""
    if registration.get("properties", "registrationDefinition", "properties", "authorizations") is not None:
        return registration, ("properties", "registrationDefinition", "properties")
    return estate.find(registration.ref("properties", "registrationDefinitionId")), ("properties",)


def _authorization(  # noqa: PLR0917 - one row of a table
    registration: Resource,
    offer: Resource,
    path: tuple[str | int, ...],
    body: Mapping[str, Any],
    scope: ArmId,
    hold: Hold,
    roles: Roles,
) -> Assignment | None:
    who = str(body.get("principalId") or "").casefold()
    guid = str(body.get("roleDefinitionId") or "").casefold().rstrip("/").rpartition("/")[2]
    if not who or not guid:
        return None
    role = roles.get(guid)
    limited = bool(body.get("delegatedRoleDefinitionIds"))
    return Assignment(
        registration,
        who,
        DELEGATED,
        str(body.get("principalIdDisplayName") or ""),
        guid,
        scope,
        "it assigns only the roles that the delegation names, and only to managed identities" if limited else "",
        hold,
        None if isinstance(role, Unknown) else _without_data(role),
        (offer.at(*path, "principalId"), offer.at(*path, "roleDefinitionId")),
    )


def _without_data(role: Role) -> Role:
    parts = (replace(part, rights=Rights(part.rights.control)) for part in role.sets)
    return Role(f"{role.guid}#delegated", f"{role.name} by Azure Lighthouse", role.custom, role.resource, tuple(parts))


def unread_delegations(estate: Estate) -> Unknown | None:
    """Why others may hold rights by Azure Lighthouse that the snapshot does not show; `None` where it shows all."""
    for kind in (REGISTRATION, OFFER):
        gap = estate.coverage.gap(kind)
        if gap is not None:
            return gap
    for registration in estate.seen(REGISTRATION):
        if _offer(estate, registration)[0] is None:
            return Unknown(f"what delegation {registration.name} of Azure Lighthouse gives is not in this snapshot")
    return None
