"""Federated credentials of user-assigned identities: tokens of which issuer, for whom, become the identity."""

from __future__ import annotations

from auditor.documents.view import View, text


class FederatedCredential(View, kind="microsoft.managedidentity/userassignedidentities/federatedidentitycredentials"):
    """One credential; a flexible one states an expression in place of a subject (learn.microsoft.com/entra/workload-id/
    workload-identities-flexible-federated-identity-credentials).
    """

    issuer = text("properties", "issuer")
    subject = text("properties", "subject")
    expression = text("properties", "claimsMatchingExpression", "value")
