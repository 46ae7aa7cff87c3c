"""Key vaults: by what they decide who may use them, and what their own access policies let whom do."""

from __future__ import annotations

from auditor.documents.view import View, flag, part, parts, word, words


class AccessPolicy(View):
    """What one principal may do with a vault that goes by access policies.

    With an application named, only while that application acts for the principal (learn.microsoft.com/azure/key-vault/
    general/security-features, compound identity).
    """

    principal = word("objectId")
    application = word("applicationId")
    permissions = part(View, "permissions")
    secrets = words("permissions", "secrets")
    keys = words("permissions", "keys")
    certificates = words("permissions", "certificates")


class Vault(View, kind="microsoft.keyvault/vaults"):
    """A vault. Access goes by roles or by policies of its own; what an absence means hangs on the api-version."""

    by_roles = flag("properties", "enableRbacAuthorization")
    policies = parts(AccessPolicy, "properties", "accessPolicies")
