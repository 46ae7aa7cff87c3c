"""Secrets as the control plane shows them, without their values, and settings of web apps that refer to them."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.documents.view import View, flag, part, word
from auditor.model import Evidence

SECRET = "microsoft.keyvault/vaults/secrets"  # noqa: S105 - a type's name
REFERENCE = "microsoft.web/sites/config/appsettings"
SLOT_REFERENCE = "microsoft.web/sites/slots/config/appsettings"


class Attributes(View):
    """When a secret was made and set, until when it is good, in seconds since 1970, and whether it is on."""

    enabled = flag("enabled")


class Secret(View, kind=SECRET):
    """A secret. Those behind certificates have a content type of their own."""

    content_type = word("properties", "contentType")
    attributes = part(Attributes, "properties", "attributes")

    @property
    def is_off(self) -> bool:
        """Whether it is known to be disabled."""
        attributes = self.attributes.known
        return isinstance(attributes, Attributes) and attributes.enabled.known is False

    @property
    def shows_attributes(self) -> bool:
        """Whether its attributes are in the document at all."""
        return isinstance(self.attributes.evidence.value, Mapping)

    def dated(self, name: str) -> Evidence:
        """A date among its attributes, as it is stated. Raises `NotKnown` where it cannot be determined."""
        return self.resource.at("properties", "attributes", name)


class VaultReference(View, kind=REFERENCE):
    """A setting that a web app reads from a vault. `status` is Azure's word for how that went, such as `resolved`."""

    status = word("properties", "status")
    vault = word("properties", "vaultName")
    secret = word("properties", "secretName")
