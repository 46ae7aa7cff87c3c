"""The table of role assignments: what each of the three identities must hold, and that nobody holds more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import msgspec

from auditor.access.approved import AllowedRole, allowance, reasons
from auditor.access.assignments import Assignment, Hold
from auditor.access.effective import Access, access_of, seen_access_of
from auditor.access.escalation import (
    Escalation,
    data_access,
    delegates_data,
    escalations_in,
    works_below,
)
from auditor.access.grants import Holding
from auditor.access.other_grants import ASSIGN, unread_delegations
from auditor.access.role_table import (
    Excess,
    Held,
    Row,
    excess,
    row_answer,
)
from auditor.access.scopes import group_of, kind_of
from auditor.access.strangers import all_meant
from auditor.documents.ml_workspace import OnlineEndpoint
from auditor.estate.principals import YET_TO_BE_MADE
from auditor.model import ArmId, NotKnown, Resource, Unknown, Verdict
from auditor.model.change import Change, delete
from auditor.rules.changes import assigned
from auditor.rules.rule import Answer, broken, decides, holds, not_applicable, unknown
from auditor.sets.operation_set import Rights
from auditor.text.shell import q
from auditor.workload.identities import (
    PARTS,
    Identity,
    carriers_of,
    check_client,
    identities_of,
    identity_in_use,
)
from auditor.workload.parts import Workload


class RowTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row of the article's table. `role` is the GUID that decides, `article` the article's own spelling."""

    identity: str
    scope: str
    role: str
    name: str
    article: str = ""

    def __post_init__(self) -> None:
        """Refuse parts that the architecture has not."""
        check_client(self.identity)
        if self.scope != "resource_group":
            check_client(self.scope)


class TableTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All rows of the table: what the three identities may hold; and what they may hold `besides`."""

    allowed: tuple[RowTerms, ...]
    besides: tuple[AllowedRole, ...] = ()


class OthersTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What others may hold at or above the resource group, `besides` what reaches no data."""

    besides: tuple[AllowedRole, ...] = ()


@decides(
    by_terms=lambda w, terms: carriers_of(w, terms.identity), part="part that this identity is for", terms=RowTerms
)
def role_is_not_held_as_stated(carrier: Resource, w: Workload, terms: RowTerms) -> Answer:
    """An identity does not hold a role of the article's table as the table states it.

    What is read: role assignments at, above and below the resource group, role definitions, deny assignments, and
    eligible assignments; the identities of workspace, endpoints and compute instances.

    Why it matters: a missing assignment stops the flow, often only on the next deployment. One that is wider, comes
    from another role or through a group lets the identity do more than the table says.

    What is wrong: the role with this GUID is not assigned to the identity that the part acts as (a workspace: its
    primary one, else its system-assigned one) at exactly this scope, for good and without a condition, or a deny
    assignment takes it back. Names do not count: a custom role may have any name.

    How to put it right: `az role assignment create --role <guid> --scope <scope> --assignee-object-id <identity>`.

    References: article, "Azure Machine Learning RBAC roles";
    learn.microsoft.com/azure/role-based-access-control/overview.
    """
    scopes = _scopes(w, terms.scope)
    if not scopes:
        return not_applicable(carrier, f"there is no {terms.scope.replace('_', ' ')} to hold {terms.name} on")
    row = Row(terms.role.lower(), terms.name, scopes[0])
    found = identities_of(w.estate, carrier)
    if not found and OnlineEndpoint.kind == carrier.type and OnlineEndpoint(carrier).on_kubernetes:
        says = f"{carrier.name} is served by a Kubernetes cluster: its containers act with identities of the cluster"
        return not_applicable(carrier, says, carrier.at("kind"))
    if not found:
        says = f"{carrier.name} has no managed identity that could hold {terms.name} at {kind_of(row.scope)}"
        return broken(carrier, says, carrier.at("identity", "type"), fix="give it an identity of its own first")
    verdict = _row_verdict(access_of(w.estate), found, identity_in_use(w.estate, carrier), row)
    # What is given to an identity that another part runs as too is beyond that part's rows: each needs its own first.
    others = [part for part in PARTS if part != terms.identity and carrier not in carriers_of(w, part)]
    shared = any(_runs_as(w, part, identity.principal) for identity in found for part in others)
    return replace(verdict, changes=()) if shared else verdict


def _scopes(w: Workload, part: str) -> tuple[ArmId, ...]:
    if part == "resource_group":
        return tuple(group_of(anchor.id) for anchor in w.anchors)
    return tuple(resource.id for resource in w.part(part))


def _row_verdict(access: Access, found: tuple[Identity, ...], used: Identity | Unknown | None, row: Row) -> Verdict:
    """The identity that a carrier acts as must hold the row; what it carries besides does not count.

    Where it is not known which it acts as, all must hold it for a pass, and none for a fail.
    """
    asked = (used,) if isinstance(used, Identity) else found
    answers = [(identity, row_answer(access, identity.principal, row)) for identity in asked]
    lacking = [pair for pair in answers if pair[1].held is not Held.STATED]
    identity, answer = (lacking or answers)[0]
    if isinstance(used, Unknown) and lacking and len(lacking) < len(answers):
        return unknown(identity.resource, used, identity.evidence)
    evidence = answer.evidence or (identity.evidence,)
    says = f"{identity.name} {answer.says}"
    if answer.held is Held.STATED:
        return holds(identity.resource, says, *evidence)
    if answer.unknown is not None:
        return unknown(identity.resource, answer.unknown, *evidence)
    return broken(
        identity.resource,
        says,
        *evidence,
        fix=_create(identity, row),
        witness=_witness(answer.held, row),
        changes=assigned(identity.principal, row.role, row.scope),
    )


def _create(identity: Identity, row: Row) -> str:
    return (
        f"az role assignment create --assignee-object-id {q(identity.principal)}"
        f" --assignee-principal-type ServicePrincipal --role {q(row.role)} --scope {q(row.scope.text)}"
    )


def _witness(held: Held, row: Row) -> dict[str, str]:
    return {"held": held.value, "role": row.role, "scope": row.scope.text}


@decides(
    on=lambda w: [carrier for part in PARTS for carrier in carriers_of(w, part)],
    part="part that has one of the three identities",
    terms=TableTerms,
)
def identity_holds_more_than_the_table(carrier: Resource, w: Workload, terms: TableTerms) -> Iterator[Verdict]:
    """One of the three identities holds a role that the article's table does not give it.

    What is read: every role assignment and eligible assignment of the three identities, from the root and the
    management groups down to single resources, directly and through groups; role definitions, for what it allows.
    Where a group holds a role, the list of role assignments is asked once more for each identity, filtered by
    `assignedTo`: Azure then answers what its groups hold too, and groups in which these are.

    Why it matters: whoever gets into the flow, the endpoint or the notebook acts as its identity. What it holds beyond
    the table is what such a person gets for nothing.

    What is wrong: an assignment that is no row of the table. What it allows beyond the table is said in as few
    operations as it takes, with the worst one first. Where a group holds a role and Azure did not answer for an
    identity, or with nothing, or was not asked because the snapshot is an import, this stays unknown.

    How to put it right: `az role assignment delete --ids <assignment>`. Where an import leaves open who is in a group,
    add for each identity what this prints: `az role assignment list --all --assignee <object id> --include-groups
    --query "{assignedTo:'<object id>', scope:'/subscriptions/<id>', value:@}" -o json`. The answer of `az rest` to the
    same list with `$filter=assignedTo('<object id>')` will do in its place, with `value:value, nextLink:nextLink`. Or
    add what Microsoft Graph knows, as `az ad group member list` prints it: a document with the id
    `/providers/Microsoft.Graph/groups/<object id>` and a list `members` of objects with an `id`; or, for one identity,
    `/providers/Microsoft.Graph/servicePrincipals/<object id>` with the list `transitiveMemberOf`.

    References: article, "Azure Machine Learning RBAC roles" ("only assigning roles ... where they're required");
    learn.microsoft.com/azure/role-based-access-control/role-assignments-list-rest.
    """
    rows = rows_of(carrier, w, terms)
    found = identities_of(w.estate, carrier)
    access, more = seen_access_of(w.estate)
    for identity in found:
        # A role that is a row of another part which runs as the same identity cannot be taken without breaking that.
        others = {row.identity for row in terms.allowed if carrier not in carriers_of(w, row.identity)}
        shared = {part for part in others if _runs_as(w, part, identity.principal)}
        needed = _rows(w, [row for row in terms.allowed if row.identity in shared])
        for verdict in _excess_verdicts(access, identity, rows, terms.besides, more):
            yield _without_what_is_needed(verdict, needed, carrier, access)
    if not found:
        yield not_applicable(carrier, f"{carrier.name} has no identity", carrier.at("identity", "type"))


def _runs_as(w: Workload, part: str, principal: str) -> bool:
    """Whether something that plays a part runs as a principal; not, where that is not known."""
    try:
        found = [identity for carrier in carriers_of(w, part) for identity in identities_of(w.estate, carrier)]
    except NotKnown:
        return False
    return any(identity.principal == principal for identity in found)


def rows_of(carrier: Resource, w: Workload, terms: TableTerms) -> tuple[Row, ...]:
    """The rows of the table that a part's identity shall hold."""
    return _rows(w, [row for row in terms.allowed if carrier in carriers_of(w, row.identity)])


def _rows(w: Workload, terms: Iterable[RowTerms]) -> tuple[Row, ...]:
    return tuple(Row(t.role.lower(), t.name, scope) for t in terms for scope in _scopes(w, t.scope)[:1])


def _excess_verdicts(
    access: Access,
    identity: Identity,
    rows: tuple[Row, ...],
    besides: Iterable[AllowedRole],
    more: Unknown | None,
) -> Iterator[Verdict]:
    """`more` is why there may be assignments that are not shown."""
    everything, gaps = excess(access, identity.principal, rows, _settled(access, besides))
    gaps = gaps if more is None else (more, *gaps)
    user = access.principal(identity.principal)
    accepted = [(item, allowance(besides, access, item.holding.assignment, user)) for item in everything]
    found = [item for item, allowed in accepted if allowed is None]
    runs = identity.carrier.name
    for item in found:
        yield _excess_verdict(identity, item)
    if gaps:
        yield unknown(
            identity.resource, _all_of(gaps, identity, bool(found)), identity.evidence, aspect=f"{runs}: not known"
        )
    elif not found:
        besides_said = reasons(allowed for _, allowed in accepted if allowed is not None)
        says = f"{identity.name} holds nothing beyond the {len(rows)} rows of the table{besides_said}"
        yield holds(identity.resource, says, identity.evidence, aspect=runs)


def _without_what_is_needed(verdict: Verdict, needed: Iterable[Row], carrier: Resource, access: Access) -> Verdict:
    deleted = {change.resource for change in verdict.changes}
    kept = {(row.role, row.scope) for row in needed}
    if not any((a.role.lower(), a.scope) in kept for a in access.assignments if a.resource.id in deleted):
        return verdict
    return replace(verdict, changes=(), remediation=f"give {carrier.name} an identity of its own")


def _settled(access: Access, besides: Iterable[AllowedRole]) -> frozenset[str]:
    """The groups all of whose roles are allowed: whether an identity is in one of them changes nothing."""
    allowed = tuple(besides)
    if not allowed:
        return frozenset()
    groups = (g for g in access.groups if all(allowance(allowed, access, a) for a in access.assigned_to(g)))
    return frozenset(groups)


def _excess_verdict(identity: Identity, item: Excess) -> Verdict:
    assignment = item.holding.assignment
    beyond = None if isinstance(item.beyond, Unknown) else item.beyond
    witness = {
        "principal": identity.principal,
        "action": item.worst,
        "scope": assignment.scope.text,
        "actions": str(beyond.control) if beyond else None,
        "dataActions": str(beyond.data) if beyond else None,
    }
    return broken(
        identity.resource,
        f"{identity.name} {item.says}",
        *assignment.evidence,
        fix=_delete(assignment),
        aspect=f"{identity.carrier.name}: {assignment.role} at {assignment.scope.key}{_aspect(item)}",
        witness=witness,
        changes=_deleted(assignment, f"whoever holds it loses what it allows: {identity.name} {item.says}"),
    )


def _aspect(item: Excess) -> str:
    through = "".join(f" by {group.id}" for group in item.holding.via)
    return through + (" eligible" if item.holding.assignment.hold is Hold.ELIGIBLE else "")


def _delete(assignment: Assignment) -> str:
    if assignment.hold is Hold.ELIGIBLE:
        return f"remove the eligible assignment {assignment.resource.id.text} in Privileged Identity Management"
    return f"az role assignment delete --ids {q(assignment.resource.id.text)}"


def _deleted(assignment: Assignment, warning: str) -> list[Change]:
    """Nothing for what is eligible, which is kept by schedules of Privileged Identity Management."""
    standing = assignment.hold is Hold.STANDING and assignment.resource.type == _ASSIGNMENT
    return [delete(assignment.resource.id, warning)] if standing else []


_ASSIGNMENT = "microsoft.authorization/roleassignments"


def _all_of(gaps: tuple[Unknown, ...], identity: Identity, more: bool) -> Unknown:
    start = "besides, " if more else f"{identity.name} holds nothing else directly, but "
    rest = f" (and {len(gaps) - 1} more like this)" if len(gaps) > 1 else ""
    # Who is yet to be made is in no group before: whoever puts it into one does so after the deployment.
    absent = identity.principal.startswith(YET_TO_BE_MADE) or all(gap.absent for gap in gaps)
    return Unknown(f"{start}{gaps[0].because}{rest}", gaps[0].permission, gaps[0].read, absent=absent)


@decides(part="role assignment", terms=OthersTerms)
def others_reach_the_data(w: Workload, terms: OthersTerms) -> Iterator[Verdict]:
    """Another principal holds a standing role at or above the resource group that reaches the workload's data.

    What is read: role assignments at the resource group, the subscription, management groups and the root, whose
    principal is none of the three identities, and what their roles allow.

    Why it matters: at this height a role holds for every store of the workload at once, and for those to come.

    What is wrong: a standing role that reads or writes data, lists or makes keys, reads secrets, takes over an
    identity or code that runs as one, or can give itself such a role; Azure Lighthouse counts as roles do. Eligible and
    activated roles are not counted: they are activated with a reason, for a while. A condition counts for the
    operations that it targets: where it is not known whether it is met, this is unknown.

    How to put it right: assign the role at the one resource where it is needed, or make it eligible:
    `az role assignment delete --ids <assignment>`. Where it has to stay, as for a pipeline or for emergencies, allow it
    in the settings, under `allow: roles:`, with `principal`, `role`, `scope`, `why`, and an `owner` and a last day
    (`expires`).

    References: article, "Azure Machine Learning RBAC roles" (least privilege);
    learn.microsoft.com/azure/role-based-access-control/best-practices.
    """
    if not w.anchors or w.anchor is None:
        yield not_applicable(None, "this workload has no workspace, so no resource group of its own")
        return
    group = group_of(w.anchor.id)
    own = own_principals(w)
    access, more = seen_access_of(w.estate)
    answers = []
    accepted = []
    counted = Counter[str]()
    for assignment, doubt in access.covering(group):
        if assignment.principal not in own and not all_meant(access, access.principal_of(assignment), own):
            counted[_how_held(access, assignment)] += 1
            if _how_held(access, assignment) == Hold.STANDING:
                found = list(_other_verdict(w, group, assignment, doubt))
                allowed = allowance(terms.besides, access, assignment) if found else None
                answers += found if allowed is None else []
                accepted += [allowed] if allowed is not None else []
    yield from answers
    if more is not None:
        raise NotKnown(more)
    cut_short = next(iter(access.unread_at(group)), None)
    unread = unread_delegations(w.estate)
    if cut_short is not None:
        yield unknown(group, cut_short)
    elif not answers and unread is not None:
        yield unknown(group, unread)
    elif not answers:
        each = ", ".join(f"{number} {how}" for how, number in sorted(counted.items())) or "none"
        others = f"(others: {each}){reasons(accepted)}"
        says = f"no standing role of others at or above {kind_of(group)} reaches data {others}"
        yield holds(group, says)


def own_principals(w: Workload) -> set[str]:
    """The object ids of the identities that the article's table is about."""
    return {i.principal for part in PARTS for c in carriers_of(w, part) for i in identities_of(w.estate, c)}


def _how_held(access: Access, assignment: Assignment) -> str:
    """`standing`, `activated`, `eligible`, or `orphaned`: nobody can use what is assigned to a deleted principal."""
    return "orphaned" if access.principal_of(assignment).deleted else assignment.hold.value


def _other_verdict(w: Workload, group: ArmId, assignment: Assignment, doubt: Unknown | None) -> Iterator[Verdict]:
    access = access_of(w.estate)
    holder = access.principal_of(assignment)
    role = access.role_of(assignment)
    aspect = f"{holder.id} {assignment.role} at {assignment.scope.key}"
    if isinstance(role, Unknown):
        yield unknown(group, role, *assignment.evidence, aspect=aspect)
        return

    holdings = access.holdings_of(assignment.principal)

    def works(row: Escalation) -> bool:
        return row.is_of_use(holdings) and works_below(w.estate, row, group)

    name = access.role_name(assignment)
    taken, doubts = access.denying.taken(assignment.principal, group)
    void = access.voids.below(group)
    lost = taken | (void.rights if assignment.is_role_assignment else Rights())
    certain, narrowed = access.split(Holding(assignment, role, name), group)
    operation = data_access(certain - lost, works)
    open_by_condition: Unknown | None = None
    if operation is not None and data_access(certain - lost - void.perhaps, works) is None:
        doubts = (*doubts, *([void.doubt] if void.doubt is not None else []))
    if operation is None:
        operation, open_by_condition = _under_a_condition(w, assignment, narrowed - lost, works, group)
    if operation is None:
        return
    says = f"{holder.label} holds {name} at {kind_of(assignment.scope)} and so reaches data: {operation}"
    if open_by_condition is not None:
        because = f"{says}, under a condition: {open_by_condition.because}"
        yield unknown(group, Unknown(because), *assignment.evidence, aspect=aspect)
        return
    gap = next((u for u in (doubt, holder.existence, *doubts) if u is not None), None)
    if gap is not None:
        yield unknown(group, gap, *assignment.evidence, aspect=aspect)
    else:
        witness = {"principal": holder.id, "action": operation, "scope": assignment.scope.text}
        warning = f"whoever holds it loses it: {holder.label} holds {name} at {kind_of(assignment.scope)}"
        yield broken(
            group,
            says,
            *assignment.evidence,
            fix=_delete(assignment),
            aspect=aspect,
            witness=witness,
            changes=_deleted(assignment, warning),
        )


def _under_a_condition(
    w: Workload, assignment: Assignment, narrowed: Rights, works: Callable[[Escalation], bool], group: ArmId
) -> tuple[str | None, Unknown | None]:
    """By what rights that hang on a condition reach data, and why that is not certain; `None` where it is."""
    open_ = Unknown("whether it is met is not known")
    assigns = next((row for row in escalations_in(narrowed) if row.operation == ASSIGN), None)
    given: bool | Unknown = False
    if assigns is not None:
        given = delegates_data(access_of(w.estate), assignment, w.estate, group)
        if given is True:
            return assigns.operation, None

    def also(row: Escalation) -> bool:
        return row.operation != ASSIGN and works(row)

    operation = data_access(narrowed, also)
    if operation is not None:
        return operation, open_
    return (ASSIGN, given) if isinstance(given, Unknown) else (None, None)
