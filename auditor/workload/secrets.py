"""Secrets of the workload's vaults, what reads them, and what day it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from auditor.documents.application_gateway import ApplicationGateway
from auditor.documents.vault_secret import REFERENCE, SECRET, SLOT_REFERENCE, Secret, VaultReference
from auditor.model import ArmId, Evidence, NotKnown, Resource, Unknown
from auditor.workload.owned import SLOT, vaults_of
from auditor.workload.parts import Workload

_CERTIFICATES = ("application/x-pkcs12", "application/x-pem-file")
"""Content types that Key Vault gives the secrets behind its certificates."""


@dataclass(frozen=True)
class Reference:
    """An app setting that a web app reads from a vault. Status, vault and secret are lower case."""

    resource: Resource
    status: str
    vault: str
    secret: str

    @property
    def resolved(self) -> bool:
        """Whether the web app got the secret."""
        return self.status == "resolved"

    @property
    def evidence(self) -> Evidence:
        """Where the state stands."""
        return VaultReference(self.resource).status.evidence


def references_of(w: Workload, site: Resource) -> tuple[Reference, ...]:
    """The vault references in the settings of a web app or of a deployment slot, each of which has its own.

    Raises `NotKnown` where they were not read, or where one does not show how it went or what it names.
    """
    kind = SLOT_REFERENCE if site.type == SLOT else REFERENCE
    found = map(VaultReference, w.estate.all(kind, under=site.id))
    return tuple(Reference(r.resource, r.status.value, r.vault.value, r.secret.value) for r in found)


def secret_of(w: Workload, reference: Reference) -> Resource | Unknown | None:
    """The secret that a reference names; `None` where its vault was read and does not have it."""
    vault = next((v for v in vaults_of(w) if v.name.casefold() == reference.vault), None)
    if vault is None:
        return Unknown(f"the vault {reference.vault or '(not stated)'} is not in this snapshot", absent=True)
    for secret in w.estate.all(SECRET, under=vault.id):
        if secret.id.name.casefold() == reference.secret:
            return secret
    return None


def keys_kept(w: Workload) -> tuple[Resource, ...]:
    """Every secret of the workload's vaults that may hold a key: enabled, and not behind a certificate.

    Which key a secret holds does not show. Raises `NotKnown` where a vault's secrets were not read.
    """
    certificates = {host_and_name(c) for c in _certificates(w)}
    return tuple(
        secret
        for vault in vaults_of(w)
        for secret in w.estate.all(SECRET, under=vault.id)
        if Secret(secret).content_type.known not in _CERTIFICATES
        and not Secret(secret).is_off
        and (vault.name.casefold(), secret.id.name.casefold()) not in certificates
    )


def _certificates(w: Workload) -> Iterator[str]:
    for gateway in map(ApplicationGateway, w.gateways):
        yield from (certificate.secret.value for certificate in gateway.certificates.value)


def host_and_name(secret_id: str) -> tuple[str, str]:
    """The vault and the name in `https://VAULT.vault.azure.net/secrets/NAME/VERSION`; empty where it is no such URL."""
    parts = secret_id.split("/")
    is_url = len(parts) > 4 and parts[3].casefold() == "secrets"
    return (parts[2].split(".")[0].casefold(), parts[4].casefold()) if is_url else ("", "")


def as_of(w: Workload) -> datetime:
    """The moment that the snapshot was taken; raises `NotKnown` where it does not say."""
    stated = w.estate.snapshot.collected_at
    moment = parse_moment(stated)
    if moment is None:
        raise NotKnown(Unknown("the snapshot does not say when it was taken, so ages cannot be determined"))
    return moment


def parse_moment(text: object) -> datetime | None:
    """ISO 8601 as Azure writes it, with as many digits of a second as it likes; `None` where it is no such text."""
    try:
        moment = datetime.fromisoformat(str(text or "").strip())
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def attribute(secret: Resource, name: str) -> tuple[datetime | None, Evidence]:
    """A date among a secret's attributes (epoch seconds), `None` where it has none, and where it stands.

    Raises `NotKnown` where the attributes do not show at all.
    """
    view = Secret(secret)
    if not view.shows_attributes:
        raise NotKnown(Unknown(f"the attributes of {secret.name} are not in its document", absent=True))
    evidence = view.dated(name)
    if evidence.value is None:
        return None, evidence
    try:
        return datetime.fromtimestamp(int(evidence.value), UTC), evidence
    except (TypeError, ValueError, OverflowError, OSError):
        raise NotKnown(Unknown(f"{name} of {secret.name} is {evidence.value!r}, which is no date")) from None


def vault_name(secret: Resource) -> str:
    """The name of the vault that holds a secret."""
    parent: ArmId | None = secret.id.parent
    return parent.name if parent is not None else ""
