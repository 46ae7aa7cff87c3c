"""Federated credentials: who outside of Azure can act as an identity, by a token of which issuer."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.estate import Estate
from auditor.model import ArmId, Evidence, Resource, Unknown

FEDERATED = "microsoft.managedidentity/userassignedidentities/federatedidentitycredentials"


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
    found = []
    for credential in estate.seen(FEDERATED, under=identity):
        expression = credential.get("properties", "claimsMatchingExpression", "value")
        name = ("subject",) if expression is None else ("claimsMatchingExpression", "value")
        subject = credential.get("properties", *name, default="")
        evidence = (credential.at("properties", "issuer"), credential.at("properties", *name))
        issuer = str(credential.get("properties", "issuer", default=""))
        found.append(Federated(credential, issuer, str(subject), evidence))
    return tuple(found)


def unread_federation(estate: Estate, identity: ArmId) -> Unknown | None:
    """Why an identity may have federated credentials that the snapshot does not show; `None` where it shows all."""
    return estate.coverage.gap(FEDERATED, identity)
