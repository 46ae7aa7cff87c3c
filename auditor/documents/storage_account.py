"""Storage accounts: what they say of their transport."""

from __future__ import annotations

from auditor.documents.view import View, flag


class StorageAccount(View, kind="microsoft.storage/storageaccounts"):
    """A storage account (`Microsoft.Storage/storageAccounts`)."""

    https_only = flag("properties", "supportsHttpsTrafficOnly")
