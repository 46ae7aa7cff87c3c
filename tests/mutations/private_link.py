"""Mutations of private endpoints, of the names that lead to them, and of the managed network."""

from __future__ import annotations

from collections.abc import Iterator

from tests.mutations.every import Mutation, broken

ENDPOINTS = {
    "pep-mlw-aibase": ("PL-01", "workspaces/mlw-aibase", "privatelink.api.azureml.ms"),
    "pep-app-aibase": ("PL-02", "sites/app-aibase", "privatelink.azurewebsites.net"),
    "pep-oai-aibase": ("PL-03", "accounts/oai-aibase", "privatelink.openai.azure.com"),
    "pep-srch-aibase": ("PL-04", "searchServices/srch-aibase", "privatelink.search.windows.net"),
    "pep-kv-aibase": ("PL-05", "vaults/kv-aibase", "privatelink.vaultcore.azure.net"),
    "pep-craibase": ("PL-06", "registries/craibase", "privatelink.azurecr.io"),
    "pep-blob-stmlaibase": ("PL-07", "storageAccounts/stmlaibase", "privatelink.blob.core.windows.net"),
    "pep-file-stmlaibase": ("PL-07", "storageAccounts/stmlaibase", "privatelink.file.core.windows.net"),
    "pep-staibase": ("PL-08", "storageAccounts/staibase", "privatelink.blob.core.windows.net"),
}
_NEEDED_BY = {
    "pep-mlw-aibase": ", PL-14 sites/app-aibase, PL-15 virtualMachines/vm-jmp-aibase",
    "pep-app-aibase": ", NET-01 sites/app-aibase",
}
"""Ways that lead through an endpoint."""
FOR_THE_FLOW = {"pep-craibase", "pep-oai-aibase", "pep-srch-aibase"}


def mutations() -> Iterator[Mutation]:
    """Each endpoint's approval, target, group, seat and name; then the managed network."""
    for endpoint, (row, target, zone) in ENDPOINTS.items():
        yield from _endpoint(endpoint, row, target, zone)
    yield from _managed_network()


def _endpoint(endpoint: str, row: str, target: str, zone: str) -> Iterator[Mutation]:
    link = f"privateEndpoints/{endpoint}/properties/privateLinkServiceConnections/0/properties"
    flow = ", PL-16 sites/app-aibase-pf" if endpoint in FOR_THE_FLOW else ""
    reached = f"{row} {target}{flow}{_NEEDED_BY.get(endpoint, '')}"
    for state in ("Pending", "Rejected", "Disconnected"):
        yield broken(
            f"{endpoint}: {state}",
            ("set", f"{link}/privateLinkServiceConnectionState/status", state),
            by=f"{reached}, PL-09 {endpoint}",
        )
    seat = "{group}/providers/Microsoft.Network/virtualNetworks/vnet-aibase/subnets/snet-training"
    yield broken(
        f"{endpoint}: in the training subnet",
        ("set", f"privateEndpoints/{endpoint}/properties/subnet/id", seat),
        by=f"PL-10 {endpoint}, SEG-01 vnet-aibase",
    )
    group = "default" if endpoint != "pep-mlw-aibase" else "amlworkspace-PrivateDnsZoneGroup"
    more = ", PL-12 workspaces/mlw-aibase" if endpoint == "pep-mlw-aibase" else ""
    yield broken(
        f"{endpoint}: no zone group",
        ("drop", f"privateEndpoints/{endpoint}/privateDnsZoneGroups/{group}"),
        by=f"PL-11 {endpoint}{more}",
    )


def _managed_network() -> Iterator[Mutation]:
    network = "workspaces/mlw-aibase/properties/managedNetwork"
    used = "MVN-11 deployments/ept-aibase, MVN-11 deployments/ept-aibase-green"
    for mode, more in (("AllowInternetOutbound", ""), ("Disabled", ", MVN-02 mlw-aibase")):
        by = f"MVN-01 mlw-aibase, {used}{more}"
        yield broken(f"isolation {mode}", ("set", f"{network}/isolationMode", mode), by=by)
    yield broken("not provisioned", ("set", f"{network}/status/status", "Inactive"), by="MVN-02 mlw-aibase")
    required = {
        "__SYS_PE_stmlaibase_blob_77a966c7": "MVN-03 mlw-aibase",
        "__SYS_PE_stmlaibase_file_77a966c7": "MVN-03 mlw-aibase",
        "__SYS_PE_craibase_registry_ecd7e5f7": "MVN-04 mlw-aibase",
        "__SYS_PE_kv-aibase_vault_59a07d29": "MVN-05 mlw-aibase",
        "OpenAI": "MVN-06 mlw-aibase",
        "AISearch": "MVN-07 mlw-aibase",
    }
    for rule, by in required.items():
        path = f"{network}/outboundRules/{rule}"
        yield broken(f"outbound rule {rule} is inactive", ("set", f"{path}/status", "Inactive"), by=by)
        yield broken(f"outbound rule {rule} is gone", ("drop", f"outboundRules/{rule}"), by=by)
    added = {
        "MVN-08": {"type": "FQDN", "destination": "pypi.example", "category": "UserDefined", "status": "Active"},
        "MVN-09": {
            "type": "ServiceTag", "category": "UserDefined", "status": "Active",
            "destination": {"serviceTag": "Storage", "protocol": "TCP", "portRanges": "443", "action": "Allow"},
        },
    }  # fmt: skip
    for row, rule in added.items():
        yield broken(f"a rule of {row}", ("set", f"{network}/outboundRules/added", rule), by=f"{row} mlw-aibase")
