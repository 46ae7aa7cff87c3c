"""From what az prints back to what Resource Manager answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from auditor.model import ArmId
from auditor.snapshot.importing.az_cli_form import arm_form, is_index_entry
from tests.builders.snapshots import (
    NSG,
    VNET,
    G,
    S,
)

WORLD = Path(__file__).parents[1] / "fixtures" / "worlds" / "reference-implementation.json"
SUBNET = f"{VNET}/subnets/snet"
NIC = f"{G}/providers/Microsoft.Network/networkInterfaces/nic"

AZ: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "az network vnet show: nested subnets, references with their group",
        {
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
            "etag": "e",
            "id": VNET,
            "location": "westeurope",
            "name": "vnet",
            "provisioningState": "Succeeded",
            "resourceGroup": "rg",
            "subnets": [
                {
                    "addressPrefix": "10.0.0.0/24",
                    "delegations": [
                        {"id": f"{SUBNET}/delegations/0", "name": "0", "resourceGroup": "rg", "serviceName": "x"}
                    ],
                    "etag": "e",
                    "id": SUBNET,
                    "name": "snet",
                    "networkSecurityGroup": {"id": NSG, "resourceGroup": "rg"},
                    "resourceGroup": "rg",
                    "serviceEndpoints": [{"locations": ["*"], "service": "Microsoft.Storage"}],
                    "type": "Microsoft.Network/virtualNetworks/subnets",
                }
            ],
            "tags": {"resourceGroup": "rg"},
            "type": "Microsoft.Network/virtualNetworks",
        },
        {
            "etag": "e",
            "id": VNET,
            "location": "westeurope",
            "name": "vnet",
            "tags": {"resourceGroup": "rg"},
            "type": "Microsoft.Network/virtualNetworks",
            "properties": {
                "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
                "provisioningState": "Succeeded",
                "subnets": [
                    {
                        "etag": "e",
                        "id": SUBNET,
                        "name": "snet",
                        "type": "Microsoft.Network/virtualNetworks/subnets",
                        "properties": {
                            "addressPrefix": "10.0.0.0/24",
                            "delegations": [
                                {"id": f"{SUBNET}/delegations/0", "name": "0", "properties": {"serviceName": "x"}}
                            ],
                            "networkSecurityGroup": {"id": NSG},
                            "serviceEndpoints": [{"locations": ["*"], "service": "Microsoft.Storage"}],
                        },
                    }
                ],
            },
        },
    ),
    (
        "az network nic show, older: other letter case, references with every attribute null (azure-docs, VM with az)",
        {
            "enableIpForwarding": False,
            "id": NIC,
            "ipConfigurations": [
                {
                    "id": f"{NIC}/ipConfigurations/ipconfig1",
                    "name": "ipconfig1",
                    "primary": True,
                    "privateIpAddress": "192.168.1.4",
                    "privateIpAllocationMethod": "Dynamic",
                    "publicIpAddress": {
                        "dnsSettings": None,
                        "id": f"{G}/providers/Microsoft.Network/publicIPAddresses/ip",
                        "ipAddress": None,
                        "name": None,
                        "resourceGroup": "rg",
                    },
                    "resourceGroup": "rg",
                    "subnet": {"id": SUBNET, "resourceGroup": "rg"},
                }
            ],
            "name": "nic",
            "resourceGroup": "RG",
        },
        {
            "id": NIC,
            "name": "nic",
            "properties": {
                "enableIPForwarding": False,
                "ipConfigurations": [
                    {
                        "id": f"{NIC}/ipConfigurations/ipconfig1",
                        "name": "ipconfig1",
                        "properties": {
                            "primary": True,
                            "privateIPAddress": "192.168.1.4",
                            "privateIPAllocationMethod": "Dynamic",
                            "publicIPAddress": {"id": f"{G}/providers/Microsoft.Network/publicIPAddresses/ip"},
                            "subnet": {"id": SUBNET},
                        },
                    }
                ],
            },
        },
    ),
    (
        "az network application-gateway show: its sku belongs below properties, its identity does not",
        {
            "id": f"{G}/providers/Microsoft.Network/applicationGateways/g",
            "sku": {"tier": "WAF_v2"},
            "identity": {"type": "UserAssigned"},
            "probes": [],
            "resourceGroup": "rg",
        },
        {
            "id": f"{G}/providers/Microsoft.Network/applicationGateways/g",
            "identity": {"type": "UserAssigned"},
            "properties": {"sku": {"tier": "WAF_v2"}, "probes": []},
        },
    ),
    (
        "az network private-endpoint dns-zone-group list: configurations have no id",
        {
            "id": f"{G}/providers/Microsoft.Network/privateEndpoints/p/privateDnsZoneGroups/default",
            "privateDnsZoneConfigs": [{"name": "blob", "privateDnsZoneId": "/z", "recordSets": [{"fqdn": "f"}]}],
            "resourceGroup": "rg",
        },
        {
            "id": f"{G}/providers/Microsoft.Network/privateEndpoints/p/privateDnsZoneGroups/default",
            "properties": {
                "privateDnsZoneConfigs": [
                    {"name": "blob", "properties": {"privateDnsZoneId": "/z", "recordSets": [{"fqdn": "f"}]}}
                ]
            },
        },
    ),
    (
        "az network nat gateway show: here the wire itself writes publicIpAddresses",
        {
            "id": f"{G}/providers/Microsoft.Network/natGateways/n",
            "publicIpAddresses": [{"id": "/ip"}],
            "resourceGroup": "rg",
        },
        {"id": f"{G}/providers/Microsoft.Network/natGateways/n", "properties": {"publicIpAddresses": [{"id": "/ip"}]}},
    ),
    (
        "az storage account show: names of its own, connections nested",
        {
            "enableHttpsTrafficOnly": True,
            "encryption": {"keySource": "Microsoft.Keyvault", "keyVaultProperties": {"keyVaultUri": "u"}},
            "id": f"{G}/providers/Microsoft.Storage/storageAccounts/s",
            "kind": "StorageV2",
            "networkRuleSet": {
                "defaultAction": "Deny",
                "ipRules": [{"ipAddressOrRange": "203.0.113.24"}],
                "virtualNetworkRules": [{"virtualNetworkResourceId": SUBNET, "action": "Allow"}],
            },
            "privateEndpointConnections": [
                {
                    "id": "/c",
                    "name": "c",
                    "privateEndpoint": {"id": NIC, "resourceGroup": "rg"},
                    "privateLinkServiceConnectionState": {"status": "Approved"},
                }
            ],
            "resourceGroup": "rg",
            "sku": {"name": "Standard_ZRS"},
        },
        {
            "id": f"{G}/providers/Microsoft.Storage/storageAccounts/s",
            "kind": "StorageV2",
            "sku": {"name": "Standard_ZRS"},
            "properties": {
                "supportsHttpsTrafficOnly": True,
                "encryption": {"keySource": "Microsoft.Keyvault", "keyvaultproperties": {"keyvaulturi": "u"}},
                "networkAcls": {
                    "defaultAction": "Deny",
                    "ipRules": [{"value": "203.0.113.24"}],
                    "virtualNetworkRules": [{"id": SUBNET, "action": "Allow"}],
                },
                "privateEndpointConnections": [
                    {
                        "id": "/c",
                        "name": "c",
                        "properties": {
                            "privateEndpoint": {"id": NIC},
                            "privateLinkServiceConnectionState": {"status": "Approved"},
                        },
                    }
                ],
            },
        },
    ),
    (
        "az webapp show: the plan under another name",
        {
            "appServicePlanId": "/plan",
            "httpsOnly": True,
            "id": f"{G}/providers/Microsoft.Web/sites/a",
            "kind": "app",
            "resourceGroup": "rg",
        },
        {
            "id": f"{G}/providers/Microsoft.Web/sites/a",
            "kind": "app",
            "properties": {"serverFarmId": "/plan", "httpsOnly": True},
        },
    ),
    (
        "az monitor app-insights component show: the wire writes capitals",
        {
            "disableLocalAuth": True,
            "id": f"{G}/providers/microsoft.insights/components/c",
            "kind": "web",
            "resourceGroup": "rg",
            "workspaceResourceId": "/w",
        },
        {
            "id": f"{G}/providers/microsoft.insights/components/c",
            "kind": "web",
            "properties": {"DisableLocalAuth": True, "WorkspaceResourceId": "/w"},
        },
    ),
    (
        "az role assignment list at a subscription: no group to tell it by",
        {
            "id": f"{S}/providers/Microsoft.Authorization/roleAssignments/r",
            "name": "r",
            "principalId": "p",
            "roleDefinitionName": "Owner",
            "scope": S,
        },
        {
            "id": f"{S}/providers/Microsoft.Authorization/roleAssignments/r",
            "name": "r",
            "properties": {"principalId": "p", "roleDefinitionName": "Owner", "scope": S},
        },
    ),
    (
        "az role definition list: its type is the role's, not the resource's",
        {
            "id": f"{S}/providers/Microsoft.Authorization/roleDefinitions/d",
            "name": "d",
            "permissions": [{"actions": ["*/read"]}],
            "roleName": "Reader",
            "roleType": "BuiltInRole",
            "type": "Microsoft.Authorization/roleDefinitions",
        },
        {
            "id": f"{S}/providers/Microsoft.Authorization/roleDefinitions/d",
            "name": "d",
            "type": "Microsoft.Authorization/roleDefinitions",
            "properties": {"permissions": [{"actions": ["*/read"]}], "roleName": "Reader", "type": "BuiltInRole"},
        },
    ),
    (
        "az vm show: interfaces of a machine are lifted too, its disk is not",
        {
            "id": f"{G}/providers/Microsoft.Compute/virtualMachines/v",
            "networkProfile": {"networkInterfaces": [{"id": NIC, "primary": True, "resourceGroup": "rg"}]},
            "resourceGroup": "rg",
            "storageProfile": {
                "osDisk": {
                    "managedDisk": {
                        "id": f"{G}/providers/Microsoft.Compute/disks/d",
                        "resourceGroup": "rg",
                        "storageAccountType": "Premium_LRS",
                    }
                }
            },
            "zones": ["1"],
        },
        {
            "id": f"{G}/providers/Microsoft.Compute/virtualMachines/v",
            "zones": ["1"],
            "properties": {
                "networkProfile": {"networkInterfaces": [{"id": NIC, "properties": {"primary": True}}]},
                "storageProfile": {
                    "osDisk": {
                        "managedDisk": {
                            "id": f"{G}/providers/Microsoft.Compute/disks/d",
                            "storageAccountType": "Premium_LRS",
                        }
                    }
                },
            },
        },
    ),
]


@pytest.mark.parametrize(("printed", "answered"), [each[1:] for each in AZ], ids=[each[0] for each in AZ])
def test_what_az_lifted_goes_back_below_properties(printed: dict[str, Any], answered: dict[str, Any]) -> None:
    assert arm_form(printed) == answered


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({"id": VNET, "properties": {"subnets": []}, "resourceGroup": "rg"}, "az resource show keeps properties"),
        ({"id": VNET, "properties": None, "subscriptionId": S[15:]}, "Resource Graph adds columns"),
        ({"id": VNET, "addressSpace": {}}, "nothing says that az printed it"),
        ({"id": VNET, "addressSpace": {}, "resourceGroup": "other"}, "az writes the group of the id"),
        ({"id": S, "displayName": "s", "subscriptionPolicies": {}}, "subscriptions have no properties"),
        ({"id": f"{S}/providers/Microsoft.Network/locations/l/serviceTags/t", "values": []}, "nor have lists of tags"),
    ],
)
def test_what_resource_manager_answered_is_left_as_it_is(document: dict[str, Any], why: str) -> None:
    assert arm_form(document) is document, why


@pytest.mark.parametrize(
    ("document", "bare"),
    [
        ({"id": VNET, "name": "v", "type": "t", "location": "l", "tags": {}}, True),
        ({"id": VNET, "name": "v", "resourceGroup": "rg", "provisioningState": "Succeeded", "changedTime": "t"}, True),
        ({"id": VNET, "name": "v", "etag": "e"}, False),
        ({"id": VNET, "properties": {}}, False),
        ({"id": G, "name": "rg", "location": "l"}, False),
        ({"id": S, "name": "s"}, False),
    ],
)
def test_an_entry_of_a_list_of_all_resources_is_told_by_having_nothing_else(
    document: dict[str, Any], bare: bool
) -> None:
    assert is_index_entry(document) is bare


# --- the whole world through az and back ----------------------------------------------------------------------------


def _as_az(value: Any, top: bool = True) -> Any:
    """Lift `properties` and add `resourceGroup` beside ids, as az does with network resources."""
    if isinstance(value, list):
        return [_as_az(each, False) for each in value]
    if not isinstance(value, Mapping):
        return value
    inside = value.get("properties")
    lifted = {**value, **inside} if isinstance(inside, Mapping) else value
    printed = {key: _as_az(each, False) for key, each in lifted.items() if key != "properties" or lifted is value}
    group = ArmId(str(value.get("id", ""))).resource_group
    return {**printed, "resourceGroup": group} if group else printed


def _network_documents() -> list[dict[str, Any]]:
    world = json.loads(WORLD.read_text(encoding="utf-8"))
    return [each for each in world["documents"] if ArmId(each["id"]).type.startswith("microsoft.network/")]


def test_every_network_document_of_the_world_comes_back_from_az_as_it_was() -> None:
    documents = _network_documents()
    assert len(documents) > 150
    for document in documents:
        assert arm_form(_as_az(document)) == document, document["id"]
