"""Key vaults: by what they decide who may use them."""

from __future__ import annotations

from auditor.documents.view import View, flag, parts


class AccessPolicy(View):
    """What somebody may do in a vault that goes by policies of its own."""


class Vault(View, kind="microsoft.keyvault/vaults"):
    """A vault. Access goes by roles or by policies of its own; what an absence means hangs on the api-version."""

    by_roles = flag("properties", "enableRbacAuthorization")
    policies = parts(AccessPolicy, "properties", "accessPolicies")
