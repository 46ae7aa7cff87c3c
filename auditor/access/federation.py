"""Federated credentials: who outside of Azure can act as an identity, by a token of which issuer."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.documents.federated_credential import FederatedCredential as CredentialView
from auditor.estate import Estate
from auditor.model import ArmId, Evidence, Resource, Unknown

FEDERATED = CredentialView.kind


@dataclass(frozen=True)
class Federated:
    """Who can become an identity: the subject of a token of an issuer, or all subjects that an expression matches."""

    resource: Resource
    issuer: str
    subject: str
    evidence: tuple[Evidence, ...]

    @property
    def says(self) -> str:
        """`subject repo:org/app:ref:refs/heads/main of https://token.actions.githubusercontent.com`."""
        several = ", which stands for several subjects" if "*" in self.subject else ""
        return f"subject {self.subject or '(not stated)'} of {self.issuer or '(not stated)'}{several}"


def federated(estate: Estate, identity: ArmId) -> tuple[Federated, ...]:
    """The federated credentials of an identity that the snapshot shows (source: learn.microsoft.com/entra/workload-id/
    workload-identity-federation; a flexible credential states `claimsMatchingExpression` in place of a subject)."""
    return tuple(_federated(CredentialView(credential)) for credential in estate.seen(FEDERATED, under=identity))


def _federated(credential: CredentialView) -> Federated:
    flexible = credential.states("properties", "claimsMatchingExpression", "value")
    subject = credential.expression if flexible else credential.subject
    named = "" if isinstance(subject.known, Unknown) else subject.known
    issuer = "" if isinstance(credential.issuer.known, Unknown) else credential.issuer.known
    return Federated(credential.resource, issuer, named, (credential.issuer.evidence, subject.evidence))


def unread_federation(estate: Estate, identity: ArmId) -> Unknown | None:
    """Why an identity may have federated credentials that the snapshot does not show; `None` where it shows all."""
    return estate.coverage.gap(FEDERATED, identity)
