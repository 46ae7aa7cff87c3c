"""Clients: the chat UI and the gateway read the vault by identity, and Azure OpenAI knows who calls it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from auditor.access.approved import AllowedRole, reasons
from auditor.access.effective import access_of, seen_access_of
from auditor.access.escalation import escalations
from auditor.access.grants import Answer as May
from auditor.access.grants import Grant
from auditor.access.strangers import Ask, strangers, ways_to
from auditor.documents.application_gateway import ApplicationGateway
from auditor.documents.defaults import az_set
from auditor.documents.vault_reference import VaultReference
from auditor.model import ArmId, Evidence, NotKnown, Resource, Unknown, Verdict
from auditor.model.change import Change, delete, set_to
from auditor.rules.changes import assigned, standing_assignment
from auditor.rules.rule import broken, decides, holds, not_applicable, unknown
from auditor.services.paas_firewall import open_to
from auditor.text.shell import q
from auditor.workload.identities import Client, check_client, principals_of
from auditor.workload.identities import approved as approved_identities
from auditor.workload.parts import VAULT, Workload


class ReaderTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The data action that reading needs, and the role that grants it and no more (for the remediation)."""

    action: str
    role: str


@decides(on=lambda w: w.chat_uis, part="chat UI", terms=ReaderTerms)
def chat_ui_reads_without_an_identity(site: Resource, w: Workload, terms: ReaderTerms) -> Iterator[Verdict]:
    """The chat UI does not read the vault with a managed identity of its own.

    What is read: the site's `identity`, `keyVaultReferenceIdentity` (absent means the system-assigned one), the state
    of its Key Vault references, and whether that identity's roles let it read secrets of each vault it refers to.

    Why it matters: without an identity the site can only read secrets that were copied into its settings.

    What is wrong: no identity, references resolved by an identity the site does not carry, or an identity without the
    right to read secrets.

    How to put it right: `az webapp identity assign`, then give the identity Key Vault Secrets User on the vault.

    References: article, "Security" (managed identities where possible);
    learn.microsoft.com/azure/app-service/app-service-key-vault-references.
    """
    carried = principals_of(w.estate, site)
    kind = site.at("identity", "type")
    if not carried:
        fix = f"az webapp identity assign --ids {q(site.id.text)}"
        change = set_to(site.id, "identity/type", "SystemAssigned")
        says = f"{site.name} has no managed identity"
        yield broken(site, says, kind, fix=fix, aspect="identity", changes=[change])
        return
    named = site.get("properties", "keyVaultReferenceIdentity", default="SystemAssigned")
    where = site.at("properties", "keyVaultReferenceIdentity")
    reader = site.id if str(named).casefold() == "systemassigned" else ArmId(str(named))
    if reader not in carried:
        says = f"{site.name} resolves its vault references with {reader.name}, an identity that it does not carry"
        fix = f"az webapp identity assign --ids {q(site.id.text)} --identities {q(reader.text)}"
        yield broken(site, says, where, kind, fix=fix, aspect="identity")
        return
    yield holds(site, f"{site.name} reads with the identity {reader.name}", where, kind, aspect="identity")
    for vault in _vaults_referred_to(site, w):
        yield _may_read(site, carried[reader], vault, _secrets_of(site, vault, w), w, terms)


def _secrets_of(site: Resource, vault: Resource, w: Workload) -> tuple[str, ...]:
    """The secrets of a vault that a site refers to; nothing where one of its references names none."""
    found = [each.secret.value for each in _references(site, w) if each.vault.value == vault.name.casefold()]
    return tuple(sorted(set(found))) if all(found) else ()


def _references(site: Resource, w: Workload) -> list[VaultReference]:
    return [VaultReference(resource) for resource in w.estate.all(VaultReference.kind, under=site.id)]


def _vaults_referred_to(site: Resource, w: Workload) -> Iterator[Resource]:
    names = {each.vault.value for each in _references(site, w) if each.vault.value}
    vaults = w.estate.all(VAULT)
    yield from (vault for vault in vaults if vault.name.casefold() in names)
    strangers = sorted(names - {vault.name.casefold() for vault in vaults})
    if strangers:
        raise NotKnown(
            Unknown(f"{site.name} refers to the vault {strangers[0]}, which is not in this snapshot", absent=True)
        )


def _may_read(  # noqa: PLR0917 - who, what, where
    subject: Resource, principal: str, vault: Resource, secrets: tuple[str, ...], w: Workload, terms: ReaderTerms
) -> Verdict:
    """Whether a principal may, standing and without a condition, do the data action at a vault, or at its secrets.

    A right on exactly the secrets that are needed is enough; where they are not known, it must hold for the vault.
    """
    access = access_of(w.estate)
    places = [vault.id.child("secrets", secret) for secret in secrets] or [vault.id]
    answers = [access.who_can(terms.action, place, data=True) for place in places]
    own = []
    lacking = answers[0]
    for answer in answers:
        own = [grant for grant in answer.grants if grant.principal.id == principal.casefold()]
        lacking = answer
        if not any(grant.answer is May.YES for grant in own):
            break
    certain = [grant for grant in own if grant.answer is May.YES]
    aspect = vault.name
    if certain:
        evidence = certain[0].assignment.evidence
        says = f"{subject.name} may read {vault.name} as {certain[0].role.name}"
        return holds(subject, says, *evidence, aspect=aspect)
    answer = lacking
    # What is only eligible is not enough, whether it is known or not.
    gaps = [gap for gap in access.gaps_about(principal, answer) if gap != access.eligible]
    doubts = [doubt for grant in own for doubt in grant.doubts] + gaps
    if doubts:
        return unknown(subject, doubts[0], aspect=aspect)
    how = {May.CONDITIONAL: "only under a condition", May.ELIGIBLE: "only after activation"}
    limit = how[own[0].answer] if own else "not at all"
    fix = (
        f"az role assignment create --assignee-object-id {q(principal)} --role {q(terms.role)}"
        f" --scope {q(vault.id.text)} --assignee-principal-type ServicePrincipal"
    )
    if access.voids.at(vault.id) is not None:
        # Roles would have no effect there: the vault has to go by them first.
        fix = az_set(vault.id, "properties.enableRbacAuthorization", "true") + f" && {fix}"
    says = f"the identity of {subject.name} may read {vault.name} {limit}"
    changes: list[Change] = []
    if access.voids.at(vault.id) is not None:
        lost = f"whoever reads {vault.name} by an access policy loses that, and needs a role in it"
        changes.append(set_to(vault.id, "properties/enableRbacAuthorization", True, warning=lost))
    changes += assigned(principal, terms.role, vault.id)
    return broken(subject, says, vault.at("id"), fix=fix, aspect=aspect, changes=changes)


@decides(on=lambda w: w.gateways, part="Application Gateway", terms=ReaderTerms)
def gateway_carries_its_certificate(gateway: Resource, w: Workload, terms: ReaderTerms) -> Iterator[Verdict]:
    """The gateway does not read its certificate from the vault with a managed identity.

    What is read: `keyVaultSecretId` of each certificate, the gateway's `identity`, and whether that identity's roles
    let it read secrets of the vault.

    Why it matters: a certificate that was uploaded is a private key that passed through a person's hands, and it
    expires without being renewed.

    What is wrong: a certificate without a vault behind it, no identity, or an identity that may not read the vault.

    How to put it right: `az network application-gateway identity assign` and
    `az network application-gateway ssl-cert update --key-vault-secret-id <secret>`.

    References: article, "Security" (managed identities where possible);
    learn.microsoft.com/azure/application-gateway/key-vault-certs.
    """
    certificates = ApplicationGateway(gateway).certificates
    if not certificates.value:
        yield not_applicable(gateway, f"{gateway.name} has no certificate", certificates.evidence)
    carried = principals_of(w.estate, gateway)
    for certificate in certificates.value:
        name, evidence = certificate.name, certificate.secret.evidence
        if not evidence.value:
            fix = (
                f"az network application-gateway ssl-cert update --resource-group {q(gateway.id.resource_group)}"
                f" --gateway-name {q(gateway.name)} --name {q(name)} --key-vault-secret-id <secret>"
            )
            yield broken(
                gateway, f"certificate {name} was uploaded, not read from a vault", evidence, fix=fix, aspect=name
            )
        elif not carried:
            fix = (
                f"az network application-gateway identity assign --resource-group {q(gateway.id.resource_group)}"
                f" --gateway-name {q(gateway.name)} --identity <identity>"
            )
            says = f"{gateway.name} has no identity to read certificate {name} with"
            yield broken(gateway, says, evidence, gateway.at("identity"), fix=fix, aspect=name)
        else:
            yield _reads_certificate(gateway, name, evidence, w, terms)


def _reads_certificate(gateway: Resource, name: str, secret: Evidence, w: Workload, terms: ReaderTerms) -> Verdict:
    parts = str(secret.value).split("/")
    host = parts[2].split(".")[0].casefold()
    names = tuple(parts[4:5]) if parts[3:4] == ["secrets"] else ()
    vault = next((v for v in w.estate.all(VAULT) if v.name.casefold() == host), None)
    if vault is None:
        why = Unknown(f"the vault {host}, which holds certificate {name}, is not in this snapshot", absent=True)
        return unknown(gateway, why, secret, aspect=name)
    carried = principals_of(w.estate, gateway)
    answers = [_may_read(gateway, principal, vault, names, w, terms) for principal in carried.values()]
    if len({answer.outcome for answer in answers}) > 1:
        # A gateway takes one identity; a document with several does not say which of them it is.
        several = ", ".join(sorted(identity.name for identity in carried))
        why = Unknown(
            f"{gateway.name} carries several identities ({several}), and not all of them may read {vault.name}"
        )
        return unknown(gateway, why, secret, aspect=vault.name)
    return answers[0]


class ClientTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What makes a client of Azure OpenAI, and whose identities are approved ones.

    `actions` list keys, `data_actions` call a model. `approved` are parts of the workload whose identities may;
    `besides` are further assignments that are allowed.
    """

    actions: tuple[str, ...]
    data_actions: tuple[str, ...]
    approved: tuple[Client, ...]
    besides: tuple[AllowedRole, ...] = ()

    def __post_init__(self) -> None:
        """Refuse parts that the architecture has not."""
        for part in self.approved:
            check_client(part)


@decides(
    on=lambda w: w.openai, part="Azure OpenAI account", terms=ClientTerms, formerly=("strangers_may_call_the_models",)
)
def openai_callable_by_unapproved_identity(account: Resource, w: Workload, terms: ClientTerms) -> Iterator[Verdict]:
    """A principal that is no approved client can use the models: by the network, by a key, or by a role.

    What is read: who is let in by the account's public endpoint, and who holds, standing, a role that lists the
    account's keys, makes new ones or calls its models, at the account, above or below it, through groups as far as they
    are known; what Azure Lighthouse delegates counts too. Where the account takes no keys, they count nothing. Who may
    assign roles at the account itself counts as well.

    Why it matters: a key of the account is full access without a name in the logs, and every token it is spent on is
    paid by the workload.

    What is wrong: an address is let in, or a principal that belongs to no approved part of the workload may list keys
    or call a model. Owners and contributors of the subscription may list keys: make them eligible instead of standing.

    How to put it right: `az role assignment delete --ids <assignment>`, or approve the principal in the settings.

    References: article, "Azure OpenAI" (control clients) and "Security".
    """
    door = open_to(w.estate, account)
    if door.gap is not None:
        yield unknown(account, door.gap, *door.reasons, aspect="network")
    elif not door.addresses.is_empty:
        yield broken(account, door.says, *door.reasons, aspect="network")
    else:
        yield holds(account, door.says, *door.reasons, aspect="network")
    yield from _by_role(account, w, terms)


def _by_role(account: Resource, w: Workload, terms: ClientTerms) -> Iterator[Verdict]:
    access, more = seen_access_of(w.estate)
    answer = strangers(
        access, account, asks_about(account, terms), approved_identities(w, terms.approved), terms.besides
    )
    seen: set[tuple[str, str]] = set()
    for ask, grant in answer.found:
        key = (grant.principal.id, ask.operation if ask.data else "keys")
        if key not in seen:
            seen.add(key)
            yield _stranger(account, grant, ask.operation)
    if more is not None:
        yield unknown(account, more, aspect="roles")
    elif answer.gaps and (answer.cut_short or not seen):
        yield unknown(account, next(iter(answer.gaps)), aspect="roles")
    elif not seen:
        says = f"only approved identities may list keys of {account.name} or call its models{reasons(answer.allowed)}"
        yield holds(account, says, aspect="roles")


def asks_about(account: Resource, terms: ClientTerms) -> list[Ask]:
    """The operations that get at the keys or the models of an account, as it is set."""
    void = {row.operation.casefold() for row in escalations() if not row.works_on(account)}
    asks = [Ask(a, False) for a in terms.actions if a.casefold() not in void]
    asks += [ask for ask in ways_to(account, frozenset({"keys"})) if ask.operation not in terms.actions]
    return [*asks, *(Ask(a, True) for a in terms.data_actions)]


def _stranger(account: Resource, grant: Grant, action: str) -> Verdict:
    chain = grant.chain(account.id)
    says = f"{grant.principal.label} may {action}: {'; '.join(chain[1:3])}"
    assignment = grant.assignment
    witness = {"principal": grant.principal.id, "action": action, "scope": account.id.text, "chain": list(chain)}
    fix = f"az role assignment delete --ids {q(assignment.resource.id.text)}"
    taken = standing_assignment(grant)
    changes = [delete(taken, f"whoever holds it loses it: {says}")] if taken is not None else ()
    aspect = f"{grant.principal.id} {action}"
    return broken(account, says, *assignment.evidence, fix=fix, aspect=aspect, witness=witness, changes=changes)
