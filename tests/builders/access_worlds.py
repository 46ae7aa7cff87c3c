"""Small worlds of assignments, written short: `estate_of([role("Reader", ["*/read"]), give("p1", "Reader", RG)])`."""

from __future__ import annotations

import uuid
from typing import Any

from tests.builders.estates import GROUP

SUB = "/subscriptions/11111111-1111-1111-1111-111111111111"
RG = GROUP
VAULT = f"{RG}/providers/Microsoft.KeyVault/vaults/kv"
STORE = f"{RG}/providers/Microsoft.Storage/storageAccounts/st"
MG = "/providers/Microsoft.Management/managementGroups/chat"
EVERYONE = {"id": "00000000-0000-0000-0000-000000000000", "type": "SystemDefined"}
_AUTHORIZATION = "providers/Microsoft.Authorization"

Doc = dict[str, Any]


def guid(name: str) -> str:
    """A GUID for a name, the same every time."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name))


def role(name: str, actions: Any = (), without: Any = (), data: Any = (), without_data: Any = (), **more: Any) -> Doc:
    """A role definition with one permission set, or with the `permissions` given."""
    sets = more.pop("permissions", None) or [
        {
            "actions": list(actions),
            "notActions": list(without),
            "dataActions": list(data),
            "notDataActions": list(without_data),
        }
    ]
    return {
        "id": f"{SUB}/{_AUTHORIZATION}/roleDefinitions/{guid(name)}",
        "type": "Microsoft.Authorization/roleDefinitions",
        "name": guid(name),
        "properties": {"roleName": name, "type": "CustomRole", "permissions": sets, **more},
    }


def give(principal: str, role_name: str, scope: str, kind: str = "ServicePrincipal", **more: Any) -> Doc:
    """A role assignment; `list_="roleEligibilityScheduleInstances"` makes it an eligible one."""
    listed = more.pop("list_", "roleAssignments")
    id_ = guid(f"{principal} {role_name} {scope} {listed}")
    return {
        "id": f"{scope.rstrip('/')}/{_AUTHORIZATION}/{listed}/{id_}",
        "type": f"Microsoft.Authorization/{listed}",
        "name": id_,
        "properties": {
            "principalId": guid(principal),
            "principalType": kind,
            "roleDefinitionId": f"{SUB}/{_AUTHORIZATION}/roleDefinitions/{guid(role_name)}",
            "scope": scope,
            **more,
        },
    }


def deny(name: str, scope: str, actions: Any = (), data: Any = (), principals: Any = (EVERYONE,), **more: Any) -> Doc:
    """A deny assignment, for everybody unless told."""
    return {
        "id": f"{scope}/{_AUTHORIZATION}/denyAssignments/{guid(name)}",
        "type": "Microsoft.Authorization/denyAssignments",
        "name": guid(name),
        "properties": {
            "denyAssignmentName": name,
            "scope": scope,
            "permissions": [{"actions": list(actions), "dataActions": list(data)}],
            "principals": list(principals),
            "excludePrincipals": [],
            "doNotApplyToChildScopes": False,
            **more,
        },
    }


def group(name: str, *members: Any) -> Doc:
    """A group as Microsoft Graph tells it."""
    return {
        "id": f"/providers/Microsoft.Graph/groups/{guid(name)}",
        "type": "Microsoft.Graph/groups",
        "displayName": name,
        "members": [m if isinstance(m, dict) else {"id": guid(m)} for m in members],
    }


def nested(name: str) -> Doc:
    """A group as a member of another."""
    return {"id": guid(name), "@odata.type": "#microsoft.graph.group", "displayName": name}


def identity(name: str) -> Doc:
    """A user-assigned identity."""
    return {
        "id": f"{RG}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}",
        "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
        "name": name,
        "properties": {"principalId": guid(name), "clientId": guid(name + " client")},
    }


def carrier(type_: str, name: str, *identities: str, **rest: Any) -> Doc:
    """A resource that carries user-assigned identities."""
    provider, *kinds = type_.split("/")
    path = "/".join(f"{kind}/{part}" for kind, part in zip(kinds, name.split("/"), strict=True))
    assigned = {identity(i)["id"]: {"principalId": guid(i)} for i in identities}
    block = {"type": "UserAssigned", "userAssignedIdentities": assigned} if identities else None
    id_ = f"{RG}/providers/{provider}/{path}"
    return {"id": id_, "type": type_, "name": name.split("/")[-1], "identity": block, **rest}
