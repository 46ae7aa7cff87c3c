"""Certificates about rights: the role assignments that count, and what each of them does or does not give."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from auditor.access.approved import allowance
from auditor.access.assignments import ASSIGNMENT, DENIAL, Assignment, Hold
from auditor.access.effective import Access, access_of
from auditor.access.escalation import reaching_data
from auditor.access.role_definitions import Role
from auditor.access.scopes import is_management_group
from auditor.model import ArmId, Finding, Outcome, Resource
from auditor.proofs.pieces import NotCertifiedError
from auditor.rules.identity.clients import ClientTerms, asks_about
from auditor.rules.identity.role_assignments import (
    OthersTerms,
    RowTerms,
    TableTerms,
    own_principals,
    rows_of,
)
from auditor.sets.operation_set import OperationSet
from auditor.workload.identities import PARTS, approved, carriers_of, identities_of
from auditor.workload.parts import Workload

_DEFINITION = "microsoft.authorization/roledefinitions"
_DELEGATION = "microsoft.managedservices/registrationassignments"
_TOLD = "/assignedto"


@dataclass(frozen=True)
class Grants:
    """Makes the certificates of the verdicts on rights in one workload."""

    workload: Workload

    @property
    def access(self) -> Access:
        """The access of the estate; raises `NotKnown` where the assignments were not read."""
        return access_of(self.workload.estate)

    def certificate(self, finding: Finding, terms: object, on: Sequence[str] = ()) -> dict[str, Any] | None:
        """The certificate of a definite verdict; `None` for a rule that is not about rights.

        `on` are the parts that the baseline asks about, in the place of the rule's own.
        Raises `NotCertifiedError` where the form does not cover it, and `NotKnown` where something was not read.
        """
        makers: dict[str, Callable[[Finding, Any], dict[str, Any]]] = {
            "role_is_not_held_as_stated": self._row,
            "identity_holds_more_than_the_table": partial(self._table, on=on or PARTS),
            "others_reach_the_data": self._others,
            "openai_callable_by_unapproved_identity": self._strangers,
        }
        make = makers.get(finding.rule)
        if make is None or finding.verdict.aspect == "network":
            return None
        if any(True for _ in self.workload.estate.seen(_DELEGATION)):
            raise NotCertifiedError("Azure Lighthouse delegates rights here, which the form does not cover")
        return {"form": "grants", **make(finding, terms)}

    # --- a row of the table -----------------------------------------------------------------------------------------

    def _row(self, finding: Finding, terms: RowTerms) -> dict[str, Any]:
        verdict = finding.verdict
        if any(True for _ in self.workload.estate.seen(DENIAL)):
            raise NotCertifiedError("there are deny assignments, which the form does not cover")
        if verdict.outcome is Outcome.PASS:
            assignment = self._shown(verdict.evidence[0].place.document)
            return {
                "claim": "holds",
                "principal": assignment.principal,
                "role": assignment.role,
                "scope": assignment.scope.text,
                "assignment": assignment.resource.id.text,
            }
        witness = verdict.witness or {}
        if "role" not in witness or witness.get("held") == "denied":
            raise NotCertifiedError("that a role is not held does not follow from the role assignments alone")
        principal = self._principal(terms.identity, verdict.resource)
        return {"claim": "lacks", "principal": principal, "role": terms.role.lower(), "scope": witness["scope"]}

    def _principal(self, part: str, identity: ArmId | None) -> str:
        for carrier in carriers_of(self.workload, part):
            for each in identities_of(self.workload.estate, carrier):
                if each.resource == identity:
                    return each.principal
        raise NotCertifiedError("the identity does not stand in one place")

    def _shown(self, id_: ArmId) -> Assignment:
        found = [each for each in self.access.assignments if each.resource.id == id_]
        if not found or found[0].resource.type != ASSIGNMENT:
            raise NotCertifiedError("what gives the right is no role assignment of the snapshot")
        return found[0]

    # --- nothing but the rows of the table --------------------------------------------------------------------------

    def _table(self, finding: Finding, terms: TableTerms, *, on: Sequence[str]) -> dict[str, Any]:
        carrier, principal, evidence = self._identity(finding, on)
        rows = rows_of(carrier, self.workload, terms)
        stated = {
            "principal": principal,
            "principal_at": {"resource": evidence.place.document.text, "pointer": evidence.place.pointer},
            "rows": [{"role": row.role, "scope": row.scope.text} for row in rows],
        }
        if finding.outcome is not Outcome.PASS:
            assignment = self._shown(finding.verdict.evidence[0].place.document)
            if assignment.principal != principal:
                raise NotCertifiedError("the identity has the role through a group")
            return {"claim": "beyond", **stated, "assignment": assignment.resource.id.text}
        self._in_no_group(principal)
        user = self.access.principal(principal)
        keys = {(row.role, row.scope) for row in rows}
        holds = []
        for each in self.access.assigned_to(principal):
            if each.resource.type != ASSIGNMENT:
                raise NotCertifiedError("the identity holds more than role assignments, which the form does not cover")
            held: dict[str, Any] = {"assignment": each.resource.id.text}
            if (each.role, each.scope) not in keys:
                allowed = allowance(terms.besides, self.access, each, user)
                held["allowed"] = allowed.why if allowed is not None else "it gives nothing beyond the rows"
            holds.append(held)
        return {"claim": "only", **stated, "holds": holds}

    def _identity(self, finding: Finding, parts: Sequence[str]) -> tuple[Resource, str, Any]:
        for part in parts:
            for carrier in carriers_of(self.workload, part):
                for identity in identities_of(self.workload.estate, carrier):
                    mine = finding.verdict.aspect.partition(":")[0] == carrier.name
                    if mine and identity.resource == finding.verdict.resource:
                        return carrier, identity.principal, identity.evidence
        raise NotCertifiedError("the identity does not stand in one place")

    def _in_no_group(self, principal: str) -> None:
        """Groups are covered where Azure told what this identity holds through groups, and that is nothing."""
        if not self.access.groups:
            return
        reads = self.workload.estate.snapshot.reads
        told = [read for read in reads if read.covers.endswith(_TOLD) and read.about == principal and read.answered]
        own = {each.resource.id for each in self.access.assigned_to(principal)}
        if not told or any(ArmId(shown) not in own for read in told for shown in read.shows):
            raise NotCertifiedError("groups hold roles, and Azure did not answer that this identity is in none of them")

    # --- nobody else ------------------------------------------------------------------------------------------------

    def _others(self, finding: Finding, terms: OthersTerms) -> dict[str, Any]:
        if finding.outcome is not Outcome.PASS:
            return self._may(finding)
        assert finding.verdict.resource is not None
        actions, data = reaching_data()
        asked = {"actions": list(actions), "dataActions": list(data), "below": False}
        return self._nobody(finding.verdict.resource, asked, own_principals(self.workload), terms.besides)

    def _strangers(self, finding: Finding, terms: ClientTerms) -> dict[str, Any]:
        if finding.outcome is not Outcome.PASS:
            return self._may(finding)
        account = self.workload.estate.find(finding.verdict.resource)
        assert account is not None
        asks = [ask for ask in asks_about(account, terms) if ask.row is None or not ask.row.needs]
        asked = {
            "actions": [ask.operation for ask in asks if not ask.data],
            "dataActions": [ask.operation for ask in asks if ask.data],
            "below": True,
        }
        return self._nobody(account.id, asked, set(approved(self.workload, terms.approved)), terms.besides)

    def _may(self, finding: Finding) -> dict[str, Any]:
        witness = finding.verdict.witness or {}
        assignment = self._shown(finding.verdict.evidence[0].place.document)
        if assignment.condition or assignment.principal != witness.get("principal"):
            raise NotCertifiedError("the right is given through a group or under a condition")
        self._defined(assignment)
        return {
            "claim": "may",
            **{k: witness[k] for k in ("principal", "action")},
            "assignment": assignment.resource.id.text,
        }

    def _nobody(
        self, scope: ArmId, asked: Mapping[str, Any], meant: set[str], besides: Iterable[Any]
    ) -> dict[str, Any]:
        """Every assignment that counts at a scope, and why it does not let a stranger do what is asked about."""
        wanted = (OperationSet.of(asked["actions"]), OperationSet.of(asked["dataActions"]))
        given = []
        for each in self.access.assignments:
            if each.resource.type != ASSIGNMENT or each.hold is not Hold.STANDING or not _counts(each, scope, asked):
                continue
            found = {"assignment": each.resource.id.text, "why": "it gives nothing of what is asked about"}
            if each.principal in meant:
                found["why"] = "the principal is meant to"
            else:
                rights = self._defined(each).rights
                if rights.control.overlaps(wanted[0]) or rights.data.overlaps(wanted[1]):
                    allowed = allowance(besides, self.access, each)
                    if allowed is None:
                        raise NotCertifiedError(f"{each.resource.id.text} gives some of it, and yet not to reach data")
                    found |= {"why": "it is allowed", "allowed": allowed.why}
            given.append(found)
        return {"claim": "nobody", "scope": scope.text, **asked, "meant": sorted(meant), "given": given}

    def _defined(self, assignment: Assignment) -> Role:
        """The role of an assignment, whose definition is in the snapshot."""
        role = self.access.role_of(assignment)
        shown = {each.id.name.casefold() for each in self.workload.estate.seen(_DEFINITION)}
        if not isinstance(role, Role) or assignment.role not in shown:
            raise NotCertifiedError(f"the definition of role {assignment.role} is not in the snapshot")
        return role


def _counts(assignment: Assignment, scope: ArmId, asked: Mapping[str, Any]) -> bool:
    """Whether an assignment counts at a scope: given there, above, in any management group, or below where asked."""
    given = assignment.scope
    above = scope.is_within(given) or is_management_group(given)
    return above or (bool(asked["below"]) and given.is_within(scope))
