"""Mutations of whole parts, of identities, keys and reliability: what the other files leave."""

from __future__ import annotations

from collections.abc import Iterator

from tests.mutations.every import Mutation, broken

_KV, _GROUP = "vaults/kv-aibase", "resourceGroups/rg-chat-prod"
_SECRETS = ("apiKey", "openai-key", "chatApiKey")
_PLAN = "serverfarms/asp-app-aibase6y4uogomg42iq"
_DEPLOYMENTS = ("ept-aibase", "ept-aibase-green")


def mutations() -> Iterator[Mutation]:
    """Family by family."""
    yield from _keys()
    yield from _reliability()
    yield from _identities()
    yield from _approvals()


def _keys() -> Iterator[Mutation]:
    for name in _SECRETS:
        path, by = f"{_KV}/secrets/{name}", f"{_KV}/secrets/{name}"
        yield broken(f"secret {name} never expires", ("unset", f"{path}/properties/attributes/exp"), by=f"KEY-04 {by}")
        expired = ("set", f"{path}/properties/attributes/exp", 1717200000)  # 2024-06-01
        yield broken(f"secret {name} is past its expiry", expired, by=f"KEY-05 {by}")
    old = ("set", f"{_KV}/secrets/chatApiKey/properties/attributes/updated", 1719237000)
    yield broken("the endpoint's key is older than the endpoint", old, by="KEY-08 onlineEndpoints/ept-aibase")
    status = "app-aibase/config/configreferences/appsettings/chatApiKey/properties/status"
    refused = ("set", status, "AccessToKeyVaultDenied")
    yield broken("the vault refuses the chat UI", refused, by="KEY-02 sites/app-aibase, KEY-03 sites/app-aibase")
    watch = [
        ("drop", f"policyAssignments/{n}")
        for n in ("watch-secret-expiry", "watch-secret-validity", "watch-storage-keys")
    ]
    yield broken("no policy watches rotation", *watch, by=f"KEY-06 {_GROUP}")


def _reliability() -> Iterator[Mutation]:
    service = "searchServices/srch-aibase"
    yield broken("search without zones", ("set", f"{service}/location", "Japan West"), by=f"REL-02 {service}")
    yield broken("nobody sees search throttle", ("drop", "metricAlerts/search-throttled"), by=f"REL-04 {service}")
    for alert in ("openai-tokens", "openai-requests"):
        yield broken(f"no alert {alert}", ("drop", f"metricAlerts/{alert}"), by="REL-17 accounts/oai-aibase")
    for name in _DEPLOYMENTS:
        machine, scaler = f"deployments/{name}", f"autoscalesettings/{name}-autoscale"
        one = ("set", f"onlineEndpoints/ept-aibase/deployments/{name}/sku/capacity", 1)
        least = ("set", f"{scaler}/properties/profiles/0/capacity/minimum", "1")
        yield broken(f"{name}: one instance", one, least, by=f"REL-05 {machine}")
        off = ("set", f"{scaler}/properties/enabled", False)
        yield broken(f"{name}: does not scale", off, by=f"REL-06 {machine}, REL-07 {machine}, REL-08 {machine}")
        for number, row in ((0, "REL-07"), (1, "REL-08")):
            trigger = f"{scaler}/properties/profiles/0/rules/{number}/metricTrigger/metricNamespace"
            yield broken(f"{name}: nothing scales for {row}", ("set", trigger, "other"), by=f"{row} {machine}")
    flat = ("set", f"{_PLAN}/properties/zoneRedundant", False)
    yield broken("plan in one zone", flat, by=f"REL-10 {_PLAN}, REL-14 {_PLAN}")
    for resource, zone in (("applicationGateways/agw-aibase", "1"), ("publicIPAddresses/pip-aibase", "2")):
        yield broken(f"{resource} in one zone", ("set", f"{resource}/zones", [zone]), by=f"REL-11 {resource}")
    single = ("set", "registries/craibase/properties/zoneRedundancy", "Disabled")
    elsewhere = ("set", "registries/craibase/location", "westus")
    yield broken("registry in a region without zones", single, elsewhere, by="REL-12 registries/craibase")
    for account in ("staibase", "stmlaibase"):
        path = f"storageAccounts/{account}"
        yield broken(f"{account}: one datacenter", ("set", f"{path}/sku/name", "Standard_LRS"), by=f"REL-12 {path}")
    gone = ("drop", "onlineEndpoints/ept-aibase/deployments/ept-aibase-green")
    all_blue = ("set", "onlineEndpoints/ept-aibase/properties/traffic", {"ept-aibase": 100})
    yield broken("blue only", gone, all_blue, by="OPS-03 onlineEndpoints/ept-aibase")


def _identities() -> Iterator[Mutation]:
    assignment = "roleAssignments/043a7fd4-bacf-5195-af67-229085e969f8"
    yield broken("the chat UI may not read the vault", ("drop", assignment), by="IDN-06 sites/app-aibase")
    shared = {
        "type": "UserAssigned",
        "userAssignedIdentities": {
            "{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-amlworkspace": {
                "principalId": "86c8fa8d-47f2-5b61-9fa1-61dfb0104ea3",
                "clientId": "f5bc393c-a874-55c3-8131-8479ba497f48",
            }
        },
    }
    by = ", ".join(f"IDN-04 {one}" for one in ("computes/amli-aibase", "workspaces/mlw-aibase"))
    by += "".join(f", {row} userAssignedIdentities/id-amlworkspace" for row in ("RBAC-09", "RBAC-10", "RBAC-11"))
    yield broken("compute works as the workspace", ("set", "computes/amli-aibase/identity", shared), by=by)
    for name, more in (("app-aibase", ", NET-01 sites/app-aibase"), ("app-aibase-pf", "")):
        site = f"sites/{name}"
        doors = [("set", f"{path}/properties/publicNetworkAccess", "Enabled") for path in (site, f"{site}/config/web")]
        yield broken(f"{name}: public", *doors, by=f"PUB-08 {site}, NET-02 {site}{more}")
    stranger = {
        "id": "{group}/providers/Microsoft.KeyVault/"
        f"{_KV}/providers/Microsoft.Authorization/roleAssignments/{'1' * 8}",
        "properties": {
            "roleDefinitionId": "{subscription}/providers/Microsoft.Authorization/roleDefinitions/"
            "4633458b-17de-408a-b874-0445c86b69e6",
            "principalId": "99999999-0000-0000-0000-000000000009",
            "principalType": "User",
            "scope": "{group}/providers/Microsoft.KeyVault/" + _KV,
        },
    }
    yield broken("a stranger reads the keys", ("add", stranger), by=f"KEY-09 {_KV}")
    data = {**stranger, "id": "{group}/providers/Microsoft.Authorization/roleAssignments/" + "2" * 8}
    data["properties"] = {**stranger["properties"], "scope": "{group}"}  # type: ignore[dict-item]
    yield broken("a stranger reads all keys of the group", ("add", data), by=f"IDN-13 {_GROUP}, KEY-09 {_KV}")
    failed = ("set", "deployments/gpt35/properties/provisioningState", "Failed")
    yield broken("quota held by what failed", failed, by="CST-02 accounts/oai-aibase")


def _approvals() -> Iterator[Mutation]:
    """Connections of the managed network, refused where they lead."""
    for target in (_KV, "registries/craibase", "accounts/oai-aibase", "searchServices/srch-aibase"):
        status = "properties/privateLinkServiceConnectionState/status"
        change = ("set", f"{target}/properties/privateEndpointConnections/1/{status}", "Pending")
        yield broken(f"{target}: the managed endpoint waits", change, by=f"MVN-10 {target}")
