"""Mutations of monitoring: every diagnostic setting switched off, sent nowhere, or gone."""

from __future__ import annotations

from collections.abc import Iterator

from tests.mutations.every import WORLD, Mutation, broken
from tests.worlds import documents

_ROWS = {
    "microsoft.network/applicationgateways": "MON-01",
    "microsoft.network/bastionhosts": "MON-02",
    "microsoft.keyvault/vaults": "MON-03",
    "microsoft.containerregistry/registries": "MON-04",
    "microsoft.cognitiveservices/accounts": "MON-05",
    "microsoft.search/searchservices": "MON-06",
    "microsoft.storage/storageaccounts": "MON-07",
    "microsoft.network/networksecuritygroups": "MON-08",
    "microsoft.network/virtualnetworks": "MON-09",
    "microsoft.network/publicipaddresses": "MON-10",
    "microsoft.insights/components": "MON-11",
    "microsoft.insights/autoscalesettings": "MON-11",
    "microsoft.operationalinsights/workspaces": "MON-11",
    "microsoft.machinelearningservices/workspaces": "MON-12",
    "microsoft.machinelearningservices/workspaces/onlineendpoints": "MON-13",
    "microsoft.web/sites": "MON-14",
}


def mutations() -> Iterator[Mutation]:
    """Three of each setting."""
    for document in documents(WORLD):
        target, found, _ = document["id"].casefold().partition("/providers/microsoft.insights/diagnosticsettings/")
        if not found:
            continue
        after = target.rpartition("/providers/")[2].split("/")
        kind, subject = "/".join((after[0], *after[1::2])), "/".join(target.split("/")[-2:])
        if kind not in _ROWS:
            kind = "/".join(kind.split("/")[:2])  # a service of a storage account
            subject = "/".join(after[1:3])
        by, id_ = f"{_ROWS[kind]} {subject}", document["id"]
        name = "/".join(after[1:])
        yield broken(f"{name}: no logs", ("drop", id_), by=by)
        yield broken(f"{name}: switched off", ("set", f"{id_}/properties/logs/0/enabled", False), by=by)
        nowhere = ("set", f"{id_}/properties/workspaceId", None)
        setting = id_.casefold().rpartition("/providers/")[2].partition("/")[2]
        yield broken(f"{name}: sent nowhere", nowhere, by=f"{by}, MON-15 {setting}")
