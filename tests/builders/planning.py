"""Makes of a deployed world what a what-if would have told of it before it was deployed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from auditor.model import ArmId
from tests import worlds

Document = dict[str, Any]

MADE_BY_AZURE = (
    "microsoft.network/privatednszones/a",
    "microsoft.network/privatednszones/soa",
    "microsoft.authorization/roledefinitions",
    "microsoft.authorization/roleassignmentscheduleinstances",
    "microsoft.authorization/roleeligibilityscheduleinstances",
    "microsoft.keyvault/vaults/secrets",
    "microsoft.web/sites/config/appsettings",
    "microsoft.machinelearningservices/workspaces/datastores",
    "microsoft.resources/subscriptions",
    "microsoft.resources/resourcegroups",
)
"""Types of which a template of the workload states nothing."""

_EVERYWHERE = {
    *("provisioningState", "resourceGuid", "etag", "systemData", "privateEndpointConnections"),
    *("privateLinkServiceConnectionState", "privateLinkConnectionProperties", "macAddress", "vmId", "instanceView"),
    *("createdOn", "updatedOn", "createdBy", "updatedBy", "lastModifiedTimeUtc"),
}
"""Properties that Azure writes, whatever holds them."""

_OF = {
    "microsoft.web/sites": {"hostNames", "defaultHostName", "hostNameSslStates", "enabledHostNames", "state"},
    "microsoft.network/privateendpoints": {"customDnsConfigs", "networkInterfaces"},
    "microsoft.network/privateendpoints/privatednszonegroups": {"recordSets"},
    "microsoft.network/privatednszones/virtualnetworklinks": {"virtualNetworkLinkState"},
    "microsoft.network/virtualnetworks": {"peeringState", "peeringSyncLevel"},
    "microsoft.network/virtualnetworks/virtualnetworkpeerings": {"peeringState", "peeringSyncLevel"},
    "microsoft.network/publicipaddresses": {"ipAddress", "ipConfiguration"},
    "microsoft.network/networksecuritygroups": {"defaultSecurityRules"},
    "microsoft.network/networkinterfaces": {"virtualMachine", "privateIPAddress"},
    "microsoft.cognitiveservices/accounts": {"endpoint", "endpoints", "capabilities", "callRateLimit", "internalId"},
    "microsoft.cognitiveservices/accounts/deployments": {"capabilities", "callRateLimit"},
    "microsoft.machinelearningservices/workspaces": {
        "workspaceId",
        "notebookInfo",
        "mlFlowTrackingUri",
        "discoveryUrl",
    },
    "microsoft.machinelearningservices/workspaces/onlineendpoints": {"scoringUri", "swaggerUri"},
    "microsoft.keyvault/vaults": {"vaultUri"},
    "microsoft.storage/storageaccounts": {"primaryEndpoints", "creationTime"},
    "microsoft.containerregistry/registries": {"loginServer", "creationDate"},
}
"""Properties that Azure writes, by lower-case type."""


def plan_of(name: str = "compliant", documents: list[Document] | None = None) -> Document:
    """The answer of what-if that would have made a world, or these documents of one."""
    docs = worlds.documents(name) if documents is None else documents
    interfaces = {ArmId(d["id"]) for d in docs if _is_endpoints_own(d)}
    wanted = [d for d in docs if _is_stated(d) and ArmId(d["id"]) not in interfaces]
    owners = _owners(docs)
    changes = []
    for document in wanted:
        after = _stated(document, owners)
        change = {"resourceId": document["id"], "changeType": "Create", "before": None, "after": after, "delta": None}
        changes.append({"deploymentId": None, "identifiers": None, "unsupportedReason": None, **change})
    return {"changes": changes, "diagnostics": [], "error": None, "potentialChanges": None, "status": "Succeeded"}


def _is_stated(document: Mapping[str, Any]) -> bool:
    type_ = ArmId(document["id"]).type
    if type_ in MADE_BY_AZURE or type_.endswith("/privateendpointconnections"):
        return False
    if type_.endswith("/outboundrules"):
        return str(document["properties"].get("category", "")).casefold() != "required"
    return True


def _is_endpoints_own(document: Mapping[str, Any]) -> bool:
    """Whether it is the interface that Azure made for a private endpoint."""
    id_ = ArmId(document["id"])
    rows = document.get("properties", {}).get("ipConfigurations", [])
    return id_.type == "microsoft.network/networkinterfaces" and any(
        row["properties"].get("privateLinkConnectionProperties") for row in rows
    )


def _owners(docs: list[Document]) -> dict[str, str]:
    """Object ids to the expression that a template has for each."""
    found = {}
    for document in docs:
        own = (document.get("properties") or {}).get("principalId")
        if ArmId(document["id"]).type == "microsoft.managedidentity/userassignedidentities" and own:
            found[own] = f"[reference('{document['id']}', '2023-01-31').principalId]"
        system = (document.get("identity") or {}).get("principalId")
        if system:
            found[system] = f"[reference('{document['id']}', '2024-04-01', 'full').identity.principalId]"
    return found


def _stated(document: Document, owners: Mapping[str, str]) -> Document:
    made: Document = json.loads(json.dumps(document))
    type_ = ArmId(document["id"]).type
    made["apiVersion"] = "2024-04-01"
    made.pop("systemData", None)
    made.pop("etag", None)
    identity = made.get("identity")
    if isinstance(identity, dict):
        identity.pop("principalId", None)
        identity.pop("tenantId", None)
        if isinstance(identity.get("userAssignedIdentities"), dict):
            identity["userAssignedIdentities"] = {key: {} for key in identity["userAssignedIdentities"]}
    properties = made.get("properties")
    if isinstance(properties, dict):
        made["properties"] = _without(properties, _EVERYWHERE | _OF.get(type_, set()))
        if type_ == "microsoft.managedidentity/userassignedidentities":
            made["properties"] = {}
        principal = properties.get("principalId")
        if type_ == "microsoft.authorization/roleassignments" and principal in owners:
            made["properties"]["principalId"] = owners[principal]
        network = made["properties"].get("managedNetwork")
        if isinstance(network, dict):
            network.pop("status", None)
            rules = network.get("outboundRules")
            if isinstance(rules, dict):
                network["outboundRules"] = {
                    name: {k: v for k, v in rule.items() if k != "status"}
                    for name, rule in rules.items()
                    if str(rule.get("category", "")).casefold() != "required"
                }
        if type_.endswith("/outboundrules"):
            made["properties"].pop("status", None)
    return made


def _without(value: Any, names: set[str]) -> Any:
    if isinstance(value, dict):
        return {key: _without(each, names) for key, each in value.items() if key not in names}
    return [_without(each, names) for each in value] if isinstance(value, list) else value


def expressions(value: Any) -> Iterator[str]:
    """Every expression that is left in a plan."""
    if isinstance(value, str) and value.startswith("[") and value.endswith("]"):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from expressions(each)
