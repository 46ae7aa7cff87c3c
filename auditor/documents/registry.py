"""Container registries: their tier, their zones, and who may pull without a role."""

from __future__ import annotations

from auditor.documents.view import View, flag, text, word

REGISTRY = "microsoft.containerregistry/registries"


class Registry(View, kind=REGISTRY):
    """A container registry."""

    tier = text("sku", "name")
    admin_user = flag("properties", "adminUserEnabled")
    zones = word("properties", "zoneRedundancy")
