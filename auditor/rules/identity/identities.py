"""Who the workload's parts are: an identity for each of the three, and none shared."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.access.federation import Federated, federated, unread_federation
from auditor.documents.ml_workspace import OnlineEndpoint, Workspace
from auditor.model import Resource, Verdict
from auditor.rules.rule import Answer, broken, decides, holds, not_applicable, unknown
from auditor.text.shell import q
from auditor.workload.identities import (
    PARTS,
    Identity,
    also_runs_as,
    carriers_of,
    identities_of,
)
from auditor.workload.parts import Workload


@decides(on=lambda w: w.workspaces, part="workspace")
def workspace_has_no_identity(workspace: Resource, w: Workload, _terms: object) -> Answer:
    """The workspace has no managed identity of its own.

    What is read: `identity` of the workspace, and `properties.primaryUserAssignedIdentity`, which says which of several
    it uses.

    Why it matters: without an identity, authoring uses keys or the rights of whoever is signed in, and
    nothing can be granted to the workspace alone.

    What is wrong: the workspace carries no identity, or its primary identity is one that it does not carry.

    How to put it right: `az ml workspace update --primary-user-assigned-identity <identity>`, with the identity
    assigned to the workspace.

    References: article, "Identity and access management";
    learn.microsoft.com/azure/machine-learning/how-to-identity-based-service-authentication.
    """
    stated = Workspace(workspace).primary_identity
    primary = stated.value
    carried = {identity.resource for identity in identities_of(w.estate, workspace)}
    if primary is not None and carried and primary not in carried:
        says = f"the primary identity of {workspace.name}, {primary.name}, is not among those that it carries"
        return broken(workspace, says, stated.evidence, workspace.at("identity"), fix=_fix_workspace(workspace))
    return _has_identity(workspace, w, _fix_workspace(workspace))


def _fix_workspace(workspace: Resource) -> str:
    where = f"--name {q(workspace.name)} --resource-group {q(workspace.id.resource_group)}"
    return f"az ml workspace update {where} --primary-user-assigned-identity <identity>"


@decides(on=lambda w: w.compute_instances, part="compute instance")
def compute_instance_has_no_identity(compute: Resource, w: Workload, _terms: object) -> Answer:
    """The compute instance has no managed identity of its own.

    What is read: `identity` of each compute of type ComputeInstance.

    Why it matters: flows are tested as whoever is signed in, with all that this person may do, instead of as an
    identity that may read images and blobs and nothing else.

    What is wrong: the compute instance carries no identity.

    How to put it right: `az ml compute update --identity-type UserAssigned --user-assigned-identities <identity>`, or
    create it with that identity.

    References: article, "Identity and access management";
    learn.microsoft.com/azure/machine-learning/how-to-identity-based-service-authentication.
    """
    where = f"--name {q(compute.name)} --resource-group {q(compute.id.resource_group)}"
    fix = f"az ml compute update {where} --identity-type UserAssigned --user-assigned-identities <identity>"
    return _has_identity(compute, w, fix)


@decides(on=lambda w: w.online_endpoints, part="managed online endpoint")
def endpoint_has_no_identity(endpoint: Resource, w: Workload, _terms: object) -> Answer:
    """The online endpoint has no managed identity of its own.

    What is read: `identity` of each managed online endpoint.

    Why it matters: the deployed flow acts as this identity; without it nothing can be granted to the flow alone.

    What is wrong: the endpoint carries no identity. It cannot be given one later: the endpoint is made again.

    How to put it right: `az ml online-endpoint create --file endpoint.yml` with `identity: {type: user_assigned}` and
    the identity's id.

    References: article, "Identity and access management";
    learn.microsoft.com/azure/machine-learning/how-to-access-resources-from-endpoints-managed-identities.
    """
    view = OnlineEndpoint(endpoint)
    if view.on_kubernetes:
        says = f"{endpoint.name} is served by a Kubernetes cluster: its containers act with identities of the cluster"
        return not_applicable(endpoint, says, view.compute.evidence)
    fix = f"az ml online-endpoint create --name {q(endpoint.name)} --file <endpoint with identity: user_assigned>"
    return _has_identity(endpoint, w, fix)


def _has_identity(carrier: Resource, w: Workload, fix: str) -> Verdict:
    found = identities_of(w.estate, carrier)
    kind = carrier.at("identity", "type")
    if not found:
        return broken(carrier, f"{carrier.name} has no managed identity", kind, fix=fix)
    return holds(carrier, f"{carrier.name} runs as {found[0].name}", kind, found[0].evidence)


def _lent(carrier: Resource, identity: Identity, credential: Federated) -> Verdict:
    says = f"{identity.name} of {carrier.name} can also be acted as from outside: by {credential.says}"
    where = credential.resource.id
    fix = (
        f"az identity federated-credential delete --name {q(where.name)} --identity-name {q(identity.resource.name)}"
        f" --resource-group {q(where.resource_group)}"
    )
    aspect = f"{identity.resource.name} by {where.name}"
    return broken(carrier, says, *credential.evidence, fix=fix, aspect=aspect)


@decides(
    on=lambda w: [carrier for part in PARTS for carrier in carriers_of(w, part)],
    part="carrier of one of the three identities",
)
def identity_is_shared(carrier: Resource, w: Workload, _terms: object) -> Iterator[Verdict]:
    """An identity of workspace, compute instance or online endpoint is used by something else too.

    What is read: the `identity` block of every resource in the snapshot, the object ids in it, and the federated
    credentials of user-assigned identities.

    Why it matters: what is granted to a shared identity is granted to all that carry it, so the table of roles holds
    for none of them: a flow under test gets what the workspace may do.

    What is wrong: the identity of one of the three is carried by another resource, or a federated credential lets
    something outside of Azure act as it.

    How to put it right: `az identity create` for each, and assign them apart.

    References: article, "Identity and access management" ("separate managed identities").
    """
    for identity in identities_of(w.estate, carrier):
        lent = () if identity.resource == carrier.id else federated(w.estate, identity.resource)
        yield from (_lent(carrier, identity, each) for each in lent)
        others = also_runs_as(w.estate, identity)
        if others:
            names = ", ".join(sorted(f"{other.name} ({other.type})" for other, _ in others))
            evidence = (identity.evidence, *(place for _, place in others))
            says = f"{identity.name} of {carrier.name} is also what {names} runs as"
            fix = f"az identity create --name <name> --resource-group {q(carrier.id.resource_group)}"
            yield broken(carrier, says, *evidence, fix=fix, aspect=identity.resource.name)
        elif not lent:
            own = identity.resource == carrier.id
            unread = None if own else unread_federation(w.estate, identity.resource)
            if unread is not None:
                yield unknown(carrier, unread, identity.evidence, aspect=identity.resource.name)
                continue
            says = f"nothing but {carrier.name} runs as {identity.name}"
            yield holds(carrier, says, identity.evidence, aspect=identity.resource.name)
    if not identities_of(w.estate, carrier):
        yield not_applicable(carrier, f"{carrier.name} has no identity to share", carrier.at("identity", "type"))
