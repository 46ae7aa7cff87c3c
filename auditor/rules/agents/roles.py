"""Roles of the identities of agents, and who else may get at what agents keep."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from auditor.access.approved import AllowedRole, allowance, reasons
from auditor.access.assignments import Hold
from auditor.access.effective import access_of, seen_access_of
from auditor.access.grants import Answer as May
from auditor.access.other_grants import unread_delegations
from auditor.access.principals import MEMBERSHIP_RIGHT
from auditor.access.role_table import Held, Row, row_answer
from auditor.documents.foundry import Project
from auditor.model import Evidence, NotKnown, Resource, Unknown, Verdict
from auditor.rules.changes import assigned
from auditor.rules.rule import Answer, broken, decides, holds, not_applicable, unknown
from auditor.text.shell import q
from auditor.workload.identities import approved, check_client, identities_of, identity_in_use
from auditor.workload.parts import Workload

COSMOS = "microsoft.documentdb/databaseaccounts"
DATA_ASSIGNMENT = f"{COSMOS}/sqlroleassignments"


class NamedRole(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A role by the GUID that decides, and what Azure calls it."""

    role: str
    name: str


class DataRoleTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A data role of Cosmos DB: the end of its definition's id, its name, and the database that it is for."""

    role: str
    name: str
    database: str


@decides(on=lambda w: w.projects, part="project", terms=DataRoleTerms)
def data_role_is_not_held(carrier: Resource, w: Workload, terms: DataRoleTerms) -> Iterator[Verdict]:
    """A project's identity does not hold its data role in Cosmos DB as the set-up states it.

    What is read: `sqlRoleAssignments` of the accounts that keep the agents' threads: role, principal and scope. Azure's
    own role assignments say nothing about data here.

    Why it matters: without the role no agent remembers; with one for the whole account it reads what is none of its.

    What is wrong: the identity holds the role nowhere, only at single containers, or for the whole account.

    How to put it right: `az cosmosdb sql role assignment create --scope /dbs/enterprise_memory`.

    References: learn.microsoft.com/azure/foundry/agents/concepts/standard-agent-setup;
    learn.microsoft.com/azure/cosmos-db/how-to-connect-role-based-access-control.
    """
    accounts = w.part("cosmos")
    if not accounts:
        yield not_applicable(carrier, "this workload has no Cosmos DB account")
        return
    used = identity_in_use(w.estate, carrier)
    if isinstance(used, Unknown):
        raise NotKnown(used)
    if used is None:
        yield broken(carrier, f"{carrier.id.name} has no identity that could hold {terms.name}", carrier.at("identity"))
        return
    for account in accounts:
        wanted = f"{account.id.key}/dbs/{terms.database.casefold()}"
        held = dict(_held(account, used.principal, w, terms.role))
        if wanted in held:
            yield holds(carrier, f"{used.name} holds {terms.name} on {terms.database}", *held[wanted])
        elif account.id.key in held:
            says = f"{used.name} holds {terms.name} on all of {account.name}, not on {terms.database} alone"
            yield broken(carrier, says, *held[account.id.key], aspect=account.name)
        else:
            says = f"{used.name} does not hold {terms.name} on {terms.database} of {account.name}"
            evidence = next(iter(held.values()), (used.evidence,))
            fix = (
                f"az cosmosdb sql role assignment create --account-name {q(account.name)} --resource-group"
                f" {q(account.id.resource_group)} --role-definition-id {q(terms.role)} --scope"
                f" {q('/dbs/' + terms.database)} --principal-id {q(used.principal)}"
            )
            yield broken(carrier, says, *evidence, aspect=account.name, fix=fix)


def _held(account: Resource, principal: str, w: Workload, role: str = "") -> Iterator[tuple[str, tuple[Evidence, ...]]]:
    """The scopes, in lower case, at which a principal holds a data role of an account."""
    for assignment in w.estate.all(DATA_ASSIGNMENT, under=account.id):
        mine = assignment.text("properties", "principalId") == principal.casefold()
        definition = assignment.text("properties", "roleDefinitionId").rpartition("/")[2]
        if mine and (not role or definition == role.casefold()):
            places = tuple(assignment.at("properties", key) for key in ("principalId", "roleDefinitionId", "scope"))
            yield assignment.text("properties", "scope").rstrip("/"), places


class AnyRoleTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Roles of which an identity must hold one, at one of some parts; with `below`, something in a part will do."""

    scopes: tuple[str, ...]
    roles: tuple[NamedRole, ...]
    below: bool = False

    def __post_init__(self) -> None:
        """Refuse parts that the architecture has not."""
        for part in self.scopes:
            check_client(part)


@decides(on=lambda w: w.projects, part="part with an identity", terms=AnyRoleTerms)
def no_role_lets_it_in(carrier: Resource, w: Workload, terms: AnyRoleTerms) -> Answer:
    """An identity holds none of the roles by which the architecture lets it use a service.

    What is read: the role assignments of the identity that the part acts as, at the parts that the terms name.

    Why it matters: without the role the call is refused, and keys are the next thing that is tried.

    What is wrong: none of the roles is assigned to the identity there for good.

    How to put it right: `az role assignment create --role <guid> --scope <id> --assignee-object-id <identity>`.

    References: article, "Identity"; learn.microsoft.com/azure/role-based-access-control/overview.
    """
    scopes = [resource.id for part in terms.scopes for resource in w.part(part)]
    if not scopes:
        return not_applicable(carrier, f"this workload has no {' and no '.join(terms.scopes)}")
    used = identity_in_use(w.estate, carrier)
    if isinstance(used, Unknown):
        raise NotKnown(used)
    if used is None:
        says = f"{carrier.id.name} has no identity that could hold {terms.roles[0].name}"
        return broken(carrier, says, carrier.at("identity"))
    wanted = {each.role.casefold() for each in terms.roles}
    access = access_of(w.estate)
    doubts: list[Unknown] = []
    for scope in scopes:
        answers = [row_answer(access, used.principal, Row(each.role.lower(), each.name, scope)) for each in terms.roles]
        for answer in answers:
            if answer.held in (Held.STATED, Held.BY_GROUP):
                return holds(used.resource, f"{used.name} {answer.says}", *answer.evidence)
            doubts += [answer.unknown] if answer.unknown is not None else []
        if terms.below:
            for holding in access.holdings_of(used.principal):
                inside = holding.assignment.scope.is_within(scope)
                if inside and holding.assignment.role in wanted and holding.assignment.hold is Hold.STANDING:
                    says = f"{used.name} holds {holding.role_name} at {holding.assignment.scope.name}"
                    return holds(used.resource, says, *holding.assignment.evidence)
    if doubts:
        raise NotKnown(doubts[0])
    names = " or ".join(each.name for each in terms.roles)
    says = f"{used.name} does not hold {names} at {' or '.join(s.name for s in scopes)}"
    fix = (
        f"az role assignment create --assignee-object-id {q(used.principal)} --assignee-principal-type"
        f" ServicePrincipal --role {q(terms.roles[0].role)} --scope {q(scopes[0].text)}"
    )
    return broken(
        used.resource, says, used.evidence, fix=fix, changes=assigned(used.principal, terms.roles[0].role, scopes[0])
    )


class ConditionTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A role that must be held by a condition to the project's own containers: GUID and name."""

    role: str
    name: str
    container: str


_NAMED = re.compile(r"containers:name\]\s*(\w+)\s*\{?\s*'([^']*)'", re.IGNORECASE)


@decides(on=lambda w: w.projects, part="project", terms=ConditionTerms)
def role_reaches_other_containers(project: Resource, w: Workload, terms: ConditionTerms) -> Answer:
    """A project's identity may do more in the agents' storage than in the project's own containers.

    What is read: the assignments of the role to the project's identity at the agents' storage account and its
    containers, their condition, and the project's `internalId`, whose GUID begins the names of its containers.

    Why it matters: whoever owns every blob reads what the agents of every other project were given.

    What is wrong: the role is not held; it is held at the account without a condition that compares the container's
    name with the project's id; or with one that names another id.

    How to put it right: assign the role with the condition that the set-up's page shows.

    References: learn.microsoft.com/azure/foundry/agents/concepts/standard-agent-setup.
    """
    used = identity_in_use(w.estate, project)
    if isinstance(used, Unknown):
        raise NotKnown(used)
    if used is None:
        return broken(
            project, f"{project.id.name} has no identity that could hold {terms.name}", project.at("identity")
        )
    guid = Project(project).guid
    stores = {store.id: store for store in w.storages}
    if not stores:
        return not_applicable(project, "this workload has no storage account of its agents")
    held = [h.assignment for h in access_of(w.estate).holdings_of(used.principal) if h.assignment.role == terms.role]
    own = f"{guid}{terms.container}".casefold()
    for assignment in held:
        if any(assignment.scope.is_within(id_) and assignment.scope.name.casefold() == own for id_ in stores):
            return holds(project, f"{used.name} holds {terms.name} on {own} alone", *assignment.evidence)
    there = [a for a in held if a.scope in stores]
    if not there:
        return broken(project, f"{used.name} does not hold {terms.name} on the agents' storage", used.evidence)
    assignment = there[0]
    if not assignment.condition:
        says = f"{used.name} holds {terms.name} on all of {assignment.scope.name}, without a condition"
        return broken(project, says, *assignment.evidence)
    named = _NAMED.findall(assignment.condition)
    starts = [value.casefold() for how, value in named if how.casefold().startswith("stringstartswith")]
    others = [value for how, value in named if not how.casefold().startswith(("stringstartswith", "stringlike"))]
    if not starts or any(not value.startswith(guid) for value in starts):
        where = f"{terms.name} at {assignment.scope.name}"
        says = f"the condition of {where} does not hold {used.name} to containers of {guid}"
        return broken(project, says, *assignment.evidence)
    if others or assignment.condition.upper().count(" OR ") + assignment.condition.upper().count("\nOR") > 1:
        because = f"the condition of {terms.name} at {assignment.scope.name} has a form that this version does not know"
        return unknown(project, Unknown(because), *assignment.evidence)
    says = f"{used.name} holds {terms.name} at {assignment.scope.name} for containers of {guid} alone"
    return holds(project, says, *assignment.evidence)


class StrangerTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What only some parts may do: operations, operations on data, whose identities may, and who may besides."""

    approved: tuple[str, ...]
    actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    besides: tuple[AllowedRole, ...] = ()


def _none(w: Workload) -> Iterable[Resource]:
    return ()


@decides(on=_none, part="part with data", terms=StrangerTerms, formerly=("strangers_may_do_this",))
def operation_allowed_to_unapproved_identity(part: Resource, w: Workload, terms: StrangerTerms) -> Iterator[Verdict]:
    """A principal outside the parts that may do something holds a role that allows it.

    What is read: who holds, standing, a role with one of the operations at the resource, above or below it, through
    groups as far as they are known; what Azure Lighthouse delegates; data roles of Cosmos DB. Operations of other types
    than the resource's are not asked about, nor the keys of one that takes none.

    Why it matters: the agents manage these stores themselves; whoever else reads them sees what users wrote, and
    whoever else writes them decides what agents answer.

    What is wrong: a principal that belongs to none of the parts named in the terms may do it.

    How to put it right: `az role assignment delete --ids <assignment>`, or make it eligible instead of standing.

    References: article, "Isolate dependencies" and "Identity".
    """
    own = approved(w, terms.approved)
    access, more = seen_access_of(w.estate)
    gaps: dict[Unknown, None] = {} if more is None else {more: None}
    accepted_by: list[AllowedRole] = []
    seen: set[str] = set()
    actions = [a for a in terms.actions if not _keys_off(part) or "key" not in a.casefold()]
    asked = (*((a, False) for a in actions), *((a, True) for a in terms.data_actions))
    for action, data in ((a, data) for a, data in asked if a.casefold().startswith(f"{part.type}/")):
        answer = access.who_can(action, part.id, data=data, below=True)
        gaps |= {gap: None for gap in answer.gaps if gap.permission != MEMBERSHIP_RIGHT}
        for grant in answer.grants:
            who = grant.principal.id
            if grant.assignment.hold is not Hold.STANDING or who in own or who in seen:
                continue
            if grant.answer is May.UNKNOWN:
                gaps |= dict.fromkeys(grant.doubts)
                continue
            allowed = allowance(terms.besides, access, grant.assignment, grant.principal)
            if allowed is not None:
                accepted_by.append(allowed)
                continue
            seen.add(who)
            says = f"{grant.principal.label} may {action}: {'; '.join(grant.chain(part.id)[1:3])}"
            fix = f"az role assignment delete --ids {q(grant.assignment.resource.id.text)}"
            yield broken(part, says, *grant.assignment.evidence, aspect=who, fix=fix)
    if part.type == COSMOS:
        for assignment in w.estate.all(DATA_ASSIGNMENT, under=part.id):
            who = assignment.text("properties", "principalId")
            if who not in own and who not in seen:
                seen.add(who)
                role = assignment.text("properties", "roleDefinitionId").rpartition("/")[2]
                says = f"{who} holds the data role {role} of {part.name}"
                yield broken(part, says, assignment.at("properties", "principalId"), aspect=who)
    unread = unread_delegations(w.estate)
    if unread is not None:
        gaps[unread] = None
    if gaps:
        yield unknown(part, next(iter(gaps)), aspect="roles")
    elif not seen:
        yield holds(part, f"none but {', '.join(terms.approved)} may do this with {part.name}{reasons(accepted_by)}")


def _keys_off(part: Resource) -> bool:
    """Whether a resource is known to take no keys, so that whoever may list them gets nothing."""
    off = part.stated("properties", "disableLocalAuth") is True
    return off or part.stated("properties", "allowSharedKeyAccess") is False


@decides(on=_none, part="part with an identity")
def identity_serves_nothing(carrier: Resource, w: Workload, _terms: object) -> Iterator[Verdict]:
    """A resource has an identity that holds no role at all.

    What is read: the identities of the resource, role assignments everywhere, and data roles of Cosmos DB.

    Why it matters: an identity that signs in nowhere is one more that can be given a role, unseen.

    What is wrong: an identity holds no role, neither of Azure nor of Cosmos DB.

    How to put it right: take the identity off the resource.

    References: article, "Identity".
    """
    access, more = seen_access_of(w.estate)
    found = identities_of(w.estate, carrier)
    if not found:
        yield not_applicable(carrier, f"{carrier.id.name} has no identity", carrier.at("identity"))
    for identity in found:
        data = [s for account in w.estate.all(COSMOS) for s, _ in _held(account, identity.principal, w)]
        if access.holdings_of(identity.principal) or data:
            yield holds(carrier, f"{identity.name} holds roles", identity.evidence, aspect=identity.resource.name)
        elif more is not None:
            yield unknown(carrier, more, identity.evidence, aspect=identity.resource.name)
        else:
            says = f"{identity.name} holds no role anywhere"
            yield broken(carrier, says, identity.evidence, aspect=identity.resource.name)
