"""Connections of Foundry projects and accounts: where they lead, how they sign in, and who else may use them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from auditor.documents.foundry import CONNECTION, CapabilityHost, FoundryConnection
from auditor.model import ArmId, Evidence, NotKnown, Resource, Unknown, Verdict
from auditor.model.change import delete, set_to
from auditor.rules.rule import Answer, broken, decides, holds, not_applicable, unknown
from auditor.text.shell import q
from auditor.workload.architecture import spoken_of
from auditor.workload.parts import Workload

_HOST = "capability_host"


def _connections(w: Workload) -> Iterable[Resource]:
    return w.connections


class HostTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a capability host must be: its kind, its state, and whether it names one connection for each store."""

    kind: str
    state: str
    stores: bool = False


def _projects(w: Workload) -> Iterable[Resource]:
    return w.projects


@decides(on=_projects, part="project", terms=HostTerms)
def agents_have_no_host(owner: Resource, w: Workload, terms: HostTerms) -> Iterator[Verdict]:
    """Agents have no capability host, or one that does not say where it keeps what they remember.

    What is read: the capability hosts below the project or the account: `capabilityHostKind`, `provisioningState`, and
    for a project the names under `threadStorageConnections`, `storageConnections` and `vectorStoreConnections`.

    Why it matters: without a host of its own, what agents receive and what they find is kept in a store of
    Microsoft's that several customers share. A host cannot be changed once it is made.

    What is wrong: there is no host of the kind, it did not succeed, or it names none or several connections for one of
    the three stores.

    How to put it right: make the three connections, then `PUT .../capabilityHosts/<name>` with them.

    References: learn.microsoft.com/azure/foundry/agents/concepts/standard-agent-setup.
    """
    found = w.estate.all(f"{owner.type}/capabilityhosts", under=owner.id)
    hosts = [host for host in found if CapabilityHost(host).host_kind.value == terms.kind.casefold()]
    if not hosts:
        yield broken(owner, f"{owner.id.name} has no capability host of kind {terms.kind}", owner.at("name"))
        return
    for host in hosts:
        view = CapabilityHost(host)
        aspect = host.id.name
        if view.state.value != terms.state.casefold():
            says = f"the capability host {aspect} of {owner.id.name} is {view.state.evidence.value}, not {terms.state}"
            yield broken(owner, says, view.state.evidence, aspect=aspect)
        elif wrong := list(_not_one(view)) if terms.stores else []:
            yield broken(
                owner,
                f"{aspect} of {owner.id.name} names {', '.join(s for s, _ in wrong)}",
                *(e for _, e in wrong),
                aspect=aspect,
            )
        else:
            yield holds(owner, f"{aspect} lets agents run in {owner.id.name}", view.state.evidence, aspect=aspect)


def _not_one(host: CapabilityHost) -> Iterator[tuple[str, Evidence]]:
    for called, reading in (("threads", host.threads), ("files", host.files), ("vectors", host.vectors)):
        names = reading.value
        if len(names) != 1:
            yield f"{len(names) or 'no'} connections for {called}", reading.evidence


class StoreTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which connections of a capability host lead to a store, and the part that the store must play.

    `kind` is the kind that it must be of, `without` are capabilities that it must not have.
    """

    listed: str
    part: str
    kind: str = ""
    without: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a part that the architecture has not."""
        if self.part not in spoken_of().parts:
            raise ValueError(f"`{self.part}` is no part of this architecture")


@decides(on=lambda w: w.part(_HOST), part="capability host of a project", terms=StoreTerms)
def agents_store_is_elsewhere(host: Resource, w: Workload, terms: StoreTerms) -> Answer:
    """A store of the agents is none of the workload's.

    What is read: the names of connections in the capability host, the connections of its project that have them, and
    the resource under `metadata.ResourceId` of each.

    Why it matters: what the agents receive stays where the connection leads.

    What is wrong: the host names a connection that the project has not, or that leads to no resource of the workload;
    or a Cosmos DB account speaks another API than that for NoSQL.

    How to put it right: make the connection to the workload's own store, and the capability host anew.

    References: learn.microsoft.com/azure/foundry/agents/concepts/standard-agent-setup.
    """
    evidence = host.at("properties", terms.listed)
    named = evidence.value if isinstance(evidence.value, list) else []
    label = w.architecture.parts[terms.part].label
    if not named:
        return broken(host, f"{host.id.name} names no connection under {terms.listed}", evidence)
    own = {r.id for r in w.part(terms.part)}
    project = host.id.parent
    below = w.estate.all(CONNECTION, under=project) if project is not None else ()
    for name in map(str, named):
        connection = next((c for c in below if c.id.name.casefold() == name.casefold()), None)
        if connection is None:
            return broken(host, f"{host.id.name} names the connection {name}, which its project has not", evidence)
        target = FoundryConnection(connection).resource_id
        if not target.value:
            return unknown(host, Unknown(f"connection {name} does not name the resource that it leads to", absent=True))
        if ArmId(target.value) not in own:
            says = f"{name} leads to {target.value}, which is no {label} of this workload"
            found = w.estate.find(ArmId(target.value))
            if found is None:
                return unknown(
                    host, Unknown(f"{target.value}, which {name} leads to, is not in this snapshot"), target.evidence
                )
            return broken(host, says, target.evidence)
    for store in w.part(terms.part):
        kind = store.at("kind")
        if terms.kind and store.kind != terms.kind.casefold():
            return broken(host, f"{store.name}, the {label}, is of kind {kind.value or 'not stated'}", kind)
        for index, _ in store.items("properties", "capabilities") if terms.without else ():
            at = ("properties", "capabilities", index, "name")
            if store.text(*at) in {each.casefold() for each in terms.without}:
                return broken(host, f"{store.name}, the {label}, has the capability {store.get(*at)}", store.at(*at))
    return holds(host, f"{', '.join(map(str, named))} leads to the {label}", evidence)


class SignInTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Categories of connections: those that must sign in with Entra ID, or those alone that may keep a key."""

    categories: tuple[str, ...] = ()
    may_keep: tuple[str, ...] = ()


@decides(on=_connections, part="connection", terms=SignInTerms)
def connection_keeps_a_key(connection: Resource, w: Workload, terms: SignInTerms) -> Answer:
    """A connection signs in with a key where an identity would do.

    What is read: `category` and `authType` of the connection; which kinds keep something secret is data
    (facts/connection-authentication.json).

    Why it matters: a key is read by whoever may use the connection, and opens the service past every role.

    What is wrong: a connection of a category that can sign in with Microsoft Entra ID keeps a key.

    How to put it right: make the connection again with authType AAD, and give the project's identity a role.

    References: article, "Connections"; learn.microsoft.com/azure/foundry/how-to/connections-add.
    """
    view = FoundryConnection(connection)
    category, kind = view.category.value, view.authentication.evidence
    about = {each.casefold() for each in terms.categories}
    if (about and category not in about) or category in {each.casefold() for each in terms.may_keep}:
        said = f"{connection.id.name} is of the category {view.category.evidence.value}, which this is not asked of"
        return not_applicable(connection, said, view.category.evidence)
    secret = view.keeps_a_secret
    if isinstance(secret, Unknown):
        return unknown(connection, secret, kind)
    if not secret:
        return holds(connection, f"{connection.id.name} signs in with {kind.value}", kind)
    lost = f"what uses {connection.id.name} needs a role of its own on what it leads to"
    change = set_to(connection.id, "properties/authType", "AAD", warning=lost)
    says = f"{connection.id.name} ({view.category.evidence.value}) signs in with {kind.value}"
    return broken(connection, says, kind, fix=f"make {q(connection.id.name)} again with authType AAD", changes=[change])


class OwnTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Categories of connections that may be what others may not."""

    unless: tuple[str, ...] = ()


@decides(on=lambda w: w.part("account_connection"), part="connection of an account", terms=OwnTerms)
def connection_is_for_all_projects(connection: Resource, w: Workload, terms: OwnTerms) -> Answer:
    """A connection stands at the account, where every project uses it.

    What is read: the connections of the account itself, and their category.

    Why it matters: what one project's agents may reach, those of every other project may reach as well.

    What is wrong: there is such a connection, of another category than the terms leave out.

    How to put it right: make it in the project that needs it, and delete it at the account.

    References: article, "Project role assignments and connections".
    """
    category = FoundryConnection(connection).category
    if category.value in {each.casefold() for each in terms.unless}:
        said = f"{connection.id.name} is of the category {category.evidence.value}, which stands at the account"
        return holds(connection, said, category.evidence)
    says = f"{connection.id.name} ({category.evidence.value}) stands at the account: every project uses it"
    lost = f"projects that use {connection.id.name} lose it"
    return broken(connection, says, category.evidence, changes=[delete(connection.id, lost)])


@decides(on=_connections, part="connection", terms=OwnTerms)
def connection_is_shared(connection: Resource, w: Workload, terms: OwnTerms) -> Answer:
    """A connection is shared with other projects or users.

    What is read: `isSharedToAll` and `sharedUserList` of the connection.

    Why it matters: whoever it is shared with reaches what it leads to.

    What is wrong: it is shared to all, or its list names a user.

    How to put it right: make it again for its project alone.

    References: article, "Project role assignments and connections".
    """
    view = FoundryConnection(connection)
    if view.category.value in {each.casefold() for each in terms.unless}:
        return not_applicable(connection, f"{connection.id.name} may be shared", view.category.evidence)
    everybody, some = view.shared_to_all, view.shared_with
    if everybody.known is True:
        change = set_to(connection.id, "properties/isSharedToAll", False)
        return broken(connection, f"{connection.id.name} is shared to all", everybody.evidence, changes=[change])
    if isinstance(some.known, tuple) and some.known:
        says = f"{connection.id.name} is shared with {len(some.known)} users"
        return broken(connection, says, some.evidence, changes=[set_to(connection.id, "properties/sharedUserList", [])])
    everybody.value, some.value  # noqa: B018 - raises where one of them cannot be determined
    return holds(connection, f"{connection.id.name} is its project's alone", everybody.evidence, some.evidence)


class LeadsTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A category of connection that a project or an account must have, and how many at most."""

    category: str
    at_most: int = 0


@decides(on=_projects, part="project", terms=LeadsTerms)
def no_connection_leads_there(owner: Resource, w: Workload, terms: LeadsTerms) -> Answer:
    """A project or an account lacks a connection that the architecture asks for.

    What is read: the connections below it, their category, and the resource that each names.

    Why it matters: what would be reached through the connection is not used, or is used past the workload.

    What is wrong: no connection of the category is there, or more than the terms allow, or it leads to nothing that
    this snapshot shows.

    How to put it right: make the connection in the project (or at the account) to the workload's own resource.

    References: article, "Connections"; learn.microsoft.com/azure/foundry/how-to/set-up-key-vault-connection.
    """
    below = [c for c in w.estate.all(f"{owner.type}/connections", under=owner.id) if c.id.parent == owner.id]
    found = [c for c in below if FoundryConnection(c).category.value == terms.category.casefold()]
    if not found:
        return broken(owner, f"{owner.id.name} has no connection of the category {terms.category}", owner.at("name"))
    if terms.at_most and len(found) > terms.at_most:
        says = f"{owner.id.name} has {len(found)} connections of the category {terms.category}"
        return broken(owner, says, *(c.at("properties", "category") for c in found))
    target = target_of(found[0])
    evidence = found[0].at("properties", "target")
    if target is None:
        raise NotKnown(Unknown(f"connection {found[0].id.name} names no resource that it leads to", absent=True))
    resource = w.estate.find(target)
    if resource is None:
        w.estate.all(target.type)
        if not w.estate.coverage.reaches(target):
            raise NotKnown(Unknown(f"{target.text}, which {found[0].id.name} leads to, is in a subscription not read"))
        return broken(owner, f"{found[0].id.name} leads to {target.text}, which does not exist", evidence)
    return holds(owner, f"{found[0].id.name} leads to {resource.name}", evidence)


def target_of(connection: Resource) -> ArmId | None:
    """The resource that a connection leads to: by `metadata.ResourceId`, else by a target that is an id."""
    view = FoundryConnection(connection)
    for reading in (view.resource_id, view.target):
        stated = reading.known
        if isinstance(stated, str) and stated.startswith("/"):
            return ArmId(stated)
    return None


@decides(on=lambda w: w.part("connections_vault"), part="vault of connections")
def vault_serves_more_than_connections(vault: Resource, w: Workload, _terms: object) -> Iterator[Verdict]:
    """The vault that keeps the keys of connections serves others too.

    What is read: the certificates of gateways that name the vault, and the vault references of web apps.

    Why it matters: Foundry writes into the vault and may delete what it wrote; who reads it for another purpose reads
    the keys of connections.

    What is wrong: a gateway or a web app of the workload reads the vault.

    How to put it right: give them a vault of their own.

    References: learn.microsoft.com/azure/foundry/how-to/set-up-key-vault-connection.
    """
    users = list(_users_of(vault, w))
    for user, evidence in users:
        says = f"{user.name} reads {vault.name}, which keeps the keys of connections"
        yield broken(vault, says, evidence, aspect=user.id.key)
    if not users:
        yield holds(vault, f"no gateway and no web app reads {vault.name}", vault.at("name"))


def _users_of(vault: Resource, w: Workload) -> Iterator[tuple[Resource, Evidence]]:
    host = f"https://{vault.name.casefold()}."
    for gateway in w.gateways:
        for index, _ in gateway.items("properties", "sslCertificates"):
            at = ("properties", "sslCertificates", index, "properties", "keyVaultSecretId")
            if gateway.text(*at).startswith(host):
                yield gateway, gateway.at(*at)
    from auditor.workload.secrets import references_of

    for site in w.sites:
        for reference in references_of(w, site):
            if reference.vault == vault.name.casefold():
                yield site, reference.evidence


@decides(
    on=lambda w: [store for name in ("cosmos", "storage", "search") for store in w.part(name)], part="store of agents"
)
def others_use_the_agents_store(store: Resource, w: Workload, _terms: object) -> Iterator[Verdict]:
    """A store of the agents is used by another project or account.

    What is read: every connection of the accounts and projects that the snapshot shows, and what each names.

    Why it matters: the agents manage their stores themselves, and what another writes there they may delete or answer
    with.

    What is wrong: a connection of another account, or of another project of this one, leads to the store.

    How to put it right: give the other project stores of its own.

    References: article, "Isolate dependencies".
    """
    own = {project.id for project in w.projects}
    every = (*w.estate.all(CONNECTION), *w.estate.all("microsoft.cognitiveservices/accounts/connections"))
    using = [c for c in every if target_of(c) == store.id]
    projects = sorted({c.id.parent for c in using if c.id.parent is not None})
    foreign = [c for c in using if c.id.parent not in own]
    for connection in foreign:
        says = f"{connection.id.text} leads to {store.name}, which keeps what this workload's agents remember"
        yield broken(store, says, connection.at("properties", "metadata", "ResourceId"), aspect=connection.id.key)
    if not foreign and len(projects) > 1:
        names = ", ".join(project.name for project in projects)
        yield broken(store, f"{len(projects)} projects use {store.name}: {names}", *(c.at("name") for c in using))
    elif not foreign:
        names = ", ".join(c.id.name for c in using) or "no connection"
        yield holds(store, f"{names} of the workload alone leads to {store.name}", *(c.at("name") for c in using))


@decides(on=lambda w: w.vaults, part="key vault")
def vault_holds_more_than_certificates(vault: Resource, w: Workload, _terms: object) -> Answer:
    """The vault of the gateway's certificate holds secrets or keys beside certificates.

    What is read: the secrets of the vault that are enabled, with their content type, and its keys.

    Why it matters: whoever reads the certificate reads whatever lies beside it.

    What is wrong: there is a secret that is no certificate, or a key that belongs to none.

    How to put it right: move it into a vault of its own.

    References: article, "Components" (Key Vault).
    """
    certificates = ("application/x-pkcs12", "application/x-pem-file")
    secrets = w.estate.all("microsoft.keyvault/vaults/secrets", under=vault.id)
    others = [s for s in secrets if s.text("properties", "contentType") not in certificates]
    named = {secret.id.name.casefold() for secret in secrets}
    if others:
        names = ", ".join(secret.id.name for secret in others[:3])
        says = f"{vault.name} holds {names} beside certificates"
        return broken(vault, says, *(secret.at("properties", "contentType") for secret in others[:3]))
    keys = [
        k for k in w.estate.all("microsoft.keyvault/vaults/keys", under=vault.id) if k.id.name.casefold() not in named
    ]
    if keys:
        return broken(vault, f"{vault.name} holds the key {keys[0].id.name} beside certificates", keys[0].at("name"))
    return holds(vault, f"{vault.name} holds certificates alone", *(secret.at("name") for secret in secrets[:3]))
