"""What a web app reads from vaults by its settings: which secret of which vault."""

from __future__ import annotations

from auditor.documents.view import View, text, word


class VaultReference(View, kind="microsoft.web/sites/config/appsettings"):
    """One setting that refers to a secret. A reference that Azure could not parse names neither."""

    vault = word("properties", "vaultName")
    secret = text("properties", "secretName")
