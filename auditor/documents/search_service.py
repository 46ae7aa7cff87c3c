"""AI Search services: their tier, their replicas, and whether keys open them."""

from __future__ import annotations

from auditor.documents.view import View, flag, number, text

SEARCH = "microsoft.search/searchservices"


class SearchService(View, kind=SEARCH):
    """A search service."""

    tier = text("sku", "name")
    replicas = number("properties", "replicaCount")
    local_keys_off = flag("properties", "disableLocalAuth")
