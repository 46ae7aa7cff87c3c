"""Storage accounts: what they say of their transport, their redundancy and their keys."""

from __future__ import annotations

from auditor.documents.view import View, flag, number, part, text


class KeyTimes(View):
    """When each of the two account keys was made, ISO 8601; nothing for keys that are older than this property."""

    first = text("key1")
    second = text("key2")


class StorageAccount(View, kind="microsoft.storage/storageaccounts"):
    """A storage account (`Microsoft.Storage/storageAccounts`)."""

    tier = text("sku", "name")
    shared_keys = flag("properties", "allowSharedKeyAccess")
    key_period = number("properties", "keyPolicy", "keyExpirationPeriodInDays")
    key_times = part(KeyTimes, "properties", "keyCreationTime")
    https_only = flag("properties", "supportsHttpsTrafficOnly")
