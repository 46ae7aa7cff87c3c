"""For each list that Azure refuses, what rests on it becomes unknown, naming the permission; nothing else changes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache

import pytest

from auditor.baseline import read_baseline
from auditor.facts import load
from auditor.graph.embedded import PARENT_OF
from auditor.model import AuditResult, Outcome
from auditor.workflows.audit import audit
from tests.worlds import documents, refused, snapshot, subscription, told, whole

WORLD = "compliant"
BASELINE = read_baseline("openai-chat")
GROUP = "77777777-0000-4000-8000-000000000001"
ROLE = "/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"
RIGHT = "Microsoft.Authorization/roleAssignments/read"


def lists() -> list[str]:
    """Every type that a collection reads, and that is not read with its parent."""
    found = {str(row["type"]).casefold() for row in load("arm-reads")["reads"]}
    return sorted(found - set(PARENT_OF))


@cache
def untouched() -> AuditResult:
    return audit(snapshot(name=WORLD), BASELINE)


def without(type_: str) -> AuditResult:
    """The compliant world whose list of one type was refused: neither it nor what is asked of it is there."""
    gone = {type_} | {child for child, parent in _parents().items() if _leads_to(parent, type_)}
    kept = [d for d in documents(WORLD) if str(d.get("type", "")).casefold() not in gone]
    reads = (*whole(subscription(WORLD)), *(refused(t, subscription(WORLD), f"{type_}/read") for t in sorted(gone)))
    return audit(snapshot(kept, reads, WORLD), BASELINE)


def _parents() -> dict[str, str]:
    """By child type: the type whose answers its reads start from."""
    own = {str(row["type"]).casefold(): str(row.get("parent", "")).casefold() for row in load("arm-reads")["reads"]}
    return own | dict(PARENT_OF)


def _leads_to(parent: str, type_: str) -> bool:
    """Whether a chain of parents comes to a type; some types are read from answers of their own kind."""
    parents, seen = _parents(), set()
    while parent and parent != type_ and parent not in seen:
        seen.add(parent)
        parent = parents.get(parent, "")
    return parent == type_


def outcomes(result: AuditResult) -> dict[str, set[Outcome]]:
    found: dict[str, set[Outcome]] = {}
    for finding in result.findings:
        found.setdefault(finding.requirement, set()).add(finding.outcome)
    return found


@pytest.mark.parametrize("type_", lists())
def test_a_refused_list_makes_unknown_and_nothing_else(type_: str) -> None:
    result = without(type_)
    before, after = outcomes(untouched()), outcomes(result)
    assert set(before) == set(after)
    worse = {r for r, found in after.items() if found - before[r] - {Outcome.UNKNOWN}}
    assert not worse, "what was not read is judged as if it were not there"
    was, now = _counts(untouched()), _counts(result)
    fewer = {r for r in after if Outcome.UNKNOWN not in after[r] and was[r] != now[r]}
    assert not fewer, "findings are gone and nothing says that they are not known"


def _counts(result: AuditResult) -> Counter[str]:
    return Counter(finding.requirement for finding in result.findings)


def test_an_unknown_names_what_would_mend_it() -> None:
    result = without("microsoft.keyvault/vaults")
    named = {f.verdict.unknown.permission for f in result.findings if f.verdict.unknown is not None}
    assert named == {"microsoft.keyvault/vaults/read"}


def test_a_refused_question_about_identities_makes_unknown_and_nothing_else() -> None:
    """A list that is asked for one identity each: a group holds a role here, and Azure does not say who is in it."""
    assigned = {"principalId": GROUP, "principalType": "Group", "roleDefinitionId": ROLE, "scope": subscription(WORLD)}
    given = {"id": f"{subscription(WORLD)}/providers/Microsoft.Authorization/roleAssignments/g", "properties": assigned}
    docs = [*documents(WORLD), given]
    identities = [d["properties"]["principalId"] for d in docs if "/userAssignedIdentities/" in d["id"]]
    answered = [told(docs, identity, subscription(WORLD)) for identity in identities]
    lost = [replace(read, shows=(), status=403, error="AuthorizationFailed", permission=RIGHT) for read in answered]
    having, without = (
        audit(snapshot(docs, (*whole(subscription(WORLD)), *r), WORLD), BASELINE) for r in (answered, lost)
    )
    differing = {r for r, found in outcomes(having).items() if found != outcomes(without)[r]}
    assert differing == {"RBAC-11"}
    assert outcomes(having)["RBAC-11"] == {Outcome.PASS}
    assert outcomes(without)["RBAC-11"] == {Outcome.UNKNOWN}
    named = {f.verdict.unknown.permission for f in without.findings if f.verdict.unknown is not None}
    assert named == {RIGHT}
