"""Rights that no role assignment gives: access policies of vaults, roles of Cosmos DB, and Azure Lighthouse."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from auditor.access.assignments import Assignment, Hold
from auditor.access.principals import DELEGATED
from auditor.access.role_definitions import PermissionSet, Role, Roles
from auditor.documents.cosmos_roles import SqlRoleAssignment, SqlRoleDefinition
from auditor.documents.delegation import Authorization, Offer, OfferDocument, Registration
from auditor.documents.vault import AccessPolicy, Vault
from auditor.documents.view import Reading
from auditor.estate import Estate
from auditor.facts import load
from auditor.model import ArmId, Evidence, NotKnown, Resource, Unknown
from auditor.sets.operation_set import OperationSet, Rights


@dataclass(frozen=True)
class Unread:
    """What is not known of the rights that something gives at a place; it says nothing of other places.

    With `data`, it gives data actions and no others.
    """

    place: ArmId
    why: Unknown
    data: bool = True

    def concerns(self, scope: ArmId, below: bool) -> bool:
        """Whether it may change an answer about a scope, or with `below` about what lies in it."""
        return scope.is_within(self.place) or (below and self.place.is_within(scope))


def other_grants(estate: Estate, roles: Roles) -> tuple[tuple[Assignment, ...], tuple[Unread, ...]]:
    """Everything that gives rights beside role assignments, and what of it is not known."""
    found: list[Assignment] = []
    unread: list[Unread] = []
    for vault in estate.seen(Vault.kind):
        try:
            found += _policies_of(Vault(vault))
        except NotKnown as gap:
            unread.append(Unread(vault.id, gap.unknown))
    for assignment in estate.seen(SqlRoleAssignment.kind):
        try:
            found += _of_cosmos(estate, SqlRoleAssignment(assignment))
        except NotKnown as gap:
            unread.append(Unread(assignment.id.parent or assignment.id, gap.unknown))
    for account in estate.seen(_COSMOS):
        unread += [
            Unread(account.id, g) for g in [estate.coverage.gap(SqlRoleAssignment.kind, account.id)] if g is not None
        ]
    for registration in estate.seen(Registration.kind):
        try:
            found += _delegated(estate, Registration(registration), roles)
        except NotKnown as gap:
            unread.append(Unread(_delegated_at(registration), gap.unknown, data=False))
    return tuple(found), tuple(unread)


def _policies_of(vault: Vault) -> Iterator[Assignment]:
    """What the access policies of a vault give. Where roles decide, they give nothing."""
    if vault.by_roles.known is True:
        return
    # Where it is not known by what a vault goes, `Voids` makes what rests on it a doubt.
    if vault.policies.absent:
        # A vault that goes by roles may leave them out, and Azure shows those of any other.
        raise NotKnown(Unknown(f"the access policies of {vault.name} are absent from its document", absent=True))
    for index, policy in enumerate(vault.policies.value):
        who, part = policy.principal.value, _policy(policy)
        if who and not part.rights.is_empty:
            name = f"{vault.id.key}#accesspolicies/{index}"
            yield Assignment(
                vault.resource,
                who,
                "",
                "",
                name,
                vault.id,
                _through(policy),
                Hold.STANDING,
                Role(name, "an access policy", True, vault.resource, (part,)),
                (policy.principal.evidence, policy.shown("permissions")),
            )


def _through(policy: AccessPolicy) -> str:
    through = policy.application.value
    return f"it acts through application {through}" if through else ""


def _policy(policy: AccessPolicy) -> PermissionSet:
    """The data actions that an access policy comes to, each with the permission that gives it."""
    facts = load("vault-policies")
    assert policy.permissions.value is not None
    listed = {"secrets": policy.secrets, "keys": policy.keys, "certificates": policy.certificates}
    written = []
    for kind, reading in listed.items():
        for number, named in enumerate(reading.value):
            names = facts[kind].values() if named == "all" else [facts[kind].get(named, ())]
            evidence = policy.resource.at(*policy.path, "permissions", kind, number)
            written += [(facts["prefix"] + name, evidence) for several in names for name in several]
    rights = Rights(data=OperationSet.of(name for name, _ in written))
    return PermissionSet(policy.resource, policy.path, rights, "", tuple(written))


_COSMOS = "microsoft.documentdb/databaseaccounts"


def _of_cosmos(estate: Estate, given: SqlRoleAssignment) -> Iterator[Assignment]:
    """What a role of an account gives: data actions and nothing else, and of that account alone.

    An assignment without a principal or with a role that is not in the snapshot raises `NotKnown`.
    """
    who, role_id, account = given.principal.value, given.role.value, given.id.parent
    assert account is not None
    scope = given.scope.value or account.text
    yield Assignment(
        given.resource,
        who,
        "",
        "",
        role_id.rpartition("/")[2],
        ArmId(scope) if scope.startswith("/subscriptions/") else ArmId(account.text + scope.rstrip("/")),
        "",
        Hold.STANDING,
        _cosmos_role(estate, account, role_id.rpartition("/")[2], given),
        (given.principal.evidence, given.role.evidence, given.scope.evidence),
    )


def _cosmos_role(estate: Estate, account: ArmId, guid: str, given: SqlRoleAssignment) -> Role:
    document = estate.find(account.child("sqlRoleDefinitions", guid))
    built_in = load("cosmos-roles")["built_in"].get(guid)
    key = f"{account.key}#{guid}"
    if document is None and built_in is not None:
        names = tuple((name, given.role.evidence) for name in built_in["dataActions"])
        rights = Rights(data=OperationSet.of(built_in["dataActions"]))
        part = PermissionSet(given.resource, ("properties", "roleDefinitionId"), rights, "", names)
        return Role(key, built_in["name"], False, given.resource, (part,))
    if document is None:
        gap = estate.coverage.gap(SqlRoleDefinition.kind, account)
        why = gap if gap is not None else Unknown(f"what role {guid} of {account.name} allows is not in this snapshot")
        raise NotKnown(why)
    view = SqlRoleDefinition(document)
    parts = tuple(
        PermissionSet(document, part.path, Rights(data=OperationSet.of(part.allowed.value, part.left_out.value)))
        for part in view.permissions.value
    )
    return Role(key, view.label.value, view.kind_of_role.value != "builtinrole", document, parts)


def _delegated_at(registration: Resource) -> ArmId:
    """The subscription or resource group that a registration is at."""
    text = registration.id.text
    return ArmId(text[: text.casefold().rindex("/providers/microsoft.managedservices/")] or "/")


_ENDED = ("failed", "canceled", "deleted")


def _delegated(estate: Estate, registration: Registration, roles: Roles) -> Iterator[Assignment]:
    """What Azure Lighthouse gives to principals of another tenant at a subscription or a resource group.

    Data actions of a delegated role are not given (learn.microsoft.com/azure/lighthouse/concepts/tenants-users-roles,
    read 2026-11).
    """
    offer = _offer(estate, registration)
    if offer is None:
        return
    state = registration.state.value
    doubt = f"its registration, which is {state}, is in effect" if state in _ENDED else ""
    scope = _delegated_at(registration.resource)
    held: tuple[tuple[Reading[tuple[Authorization, ...]], Hold], ...] = (
        (offer.authorizations, Hold.STANDING),
        (offer.eligible, Hold.ELIGIBLE),
    )
    for listed, hold in held:
        for authorization in listed.value:
            made = _authorized(registration.resource, authorization, scope, hold, roles)
            if made is not None:
                yield replace(made, condition=doubt) if doubt else made


def _offer(estate: Estate, registration: Registration) -> Offer | None:
    """What is delegated: in the registration itself where Azure expanded it, else in its definition."""
    if registration.expanded.value is not None:
        return registration.expanded.value
    definition = registration.definition.value
    document = estate.find(definition) if definition is not None else None
    return OfferDocument(document).offer.value if document is not None else None


def _authorized(
    registration: Resource, authorization: Authorization, scope: ArmId, hold: Hold, roles: Roles
) -> Assignment | None:
    who, named = authorization.principal.value, authorization.role.value
    guid = named.rstrip("/").rpartition("/")[2]
    if not who or not guid:
        return None
    role = roles.get(guid)
    evidence: tuple[Evidence, ...] = (authorization.principal.evidence, authorization.role.evidence)
    assigns = guid == _USER_ACCESS_ADMINISTRATOR
    return Assignment(
        registration,
        who,
        DELEGATED,
        authorization.label.value,
        guid,
        scope,
        _only_assigns(authorization.assignable.value) if assigns else "",
        hold,
        None if isinstance(role, Unknown) else _as_delegated(role, OperationSet.of([ASSIGN]) if assigns else None),
        evidence,
    )


_USER_ACCESS_ADMINISTRATOR = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"
"""Delegated "only for the limited purpose of assigning roles to a managed identity in the customer tenant"; no other
permission of it applies. Roles that assign roles otherwise, Owner among them, cannot be delegated (same page)."""

ASSIGN = "Microsoft.Authorization/roleAssignments/write"
"""The operation that assigns roles."""


def _only_assigns(roles: Iterable[str]) -> str:
    """The bound of who may assign roles by Lighthouse, as a condition says it: these, to managed identities."""
    request = "@Request[Microsoft.Authorization/roleAssignments:"
    named = ", ".join(role.rpartition("/")[2] for role in roles)
    what = f"{request}RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {{{named}}}"
    return f"{what} AND {request}PrincipalType] StringEqualsIgnoreCase 'ServicePrincipal'"


def _as_delegated(role: Role, only: OperationSet | None) -> Role:
    parts = (
        replace(part, rights=Rights(part.rights.control if only is None else part.rights.control & only))
        for part in role.sets
    )
    return Role(f"{role.guid}#delegated", f"{role.name} by Azure Lighthouse", role.custom, role.resource, tuple(parts))


def unread_delegations(estate: Estate) -> Unknown | None:
    """Why others may hold rights by Azure Lighthouse that the snapshot does not show; `None` where it shows all."""
    for kind in (Registration.kind, OfferDocument.kind):
        gap = estate.coverage.gap(kind)
        if gap is not None:
            return gap
    for resource in estate.seen(Registration.kind):
        registration = Registration(resource)
        try:
            if _offer(estate, registration) is None:
                return Unknown(f"what delegation {registration.name} of Azure Lighthouse gives is not in this snapshot")
        except NotKnown as gap:
            return gap.unknown
    return None
