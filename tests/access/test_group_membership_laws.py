"""Who holds what through groups, told by answers about identities alone, against a directory that only the test sees.

The answers come from the stand-in's filter over random groups in groups; the verdicts are held against an evaluator
that walks the directory. What the answers settle must be right, and what they do not must be unknown, never a no.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.access.effective import Access, access_of
from auditor.model import ArmId, Read, Unknown
from auditor.query.access import decide
from auditor.standin.filters import Directory, filtered
from tests.access.test_access_laws import (
    ABOVE,
    GROUPS,
    MG,
    OPERATIONS,
    PEOPLE,
    RG,
    STORE,
    SUB,
    VAULT,
    Case,
    cases,
)
from tests.builders.access_worlds import group, guid, nested
from tests.builders.estates import WHOLE, estate_of

ASKED = ("p0", "p1")
"""The identities that Azure was asked about; of the third one nobody knows."""
PLACES = {SUB: {*ABOVE}, VAULT: {*ABOVE[VAULT]}}
"""By what was asked of: the scopes whose assignments the list shows."""


def assignments(case: Case) -> list[dict[str, Any]]:
    return [d for d in case.documents() if d["type"].endswith("roleAssignments")]


def answer(case: Case, principal: str, place: str) -> Read:
    """What Azure answers, with the directory at hand."""
    directory = Directory(
        group(g, *(nested(m) if m in GROUPS else m for m in inside)) for g, inside in case.members.items()
    )
    listed = [a for a in assignments(case) if a["properties"]["scope"] in PLACES[place]]
    found = filtered(listed, f"assignedTo('{guid(principal)}')", place, directory)
    shows = tuple(str(each["id"]) for each in found)
    return Read("asked", "v", 200, "", place, len(shows), about=guid(principal), shows=shows)


def access(case: Case, *reads: Read) -> Access:
    """The world without its directory."""
    documents = [d for d in case.documents() if d["type"] != "Microsoft.Graph/groups"]
    return access_of(estate_of(documents, reads=(WHOLE, *reads)))


def held_by(case: Case, holder: str, place: str) -> bool:
    """Whether somebody holds something that the list shows."""
    return any(who == holder and at in PLACES[place] for who, _, at in case.assignments)


def settled(case: Case, principal: str, name: str, place: str) -> bool:
    """Whether an answer tells of this principal and this group: the group holds something, and it is not empty."""
    return held_by(case, name, place) and any(
        held_by(case, who, place) for who in {principal, *case.groups_of(principal)}
    )


@settings(max_examples=100, deadline=None)
@given(cases, st.sampled_from(sorted(PLACES)))
def test_membership_is_what_the_directory_says(case: Case, place: str) -> None:
    told = access(case, *(answer(case, principal, place) for principal in ASKED))
    for principal in PEOPLE:
        for name in GROUPS:
            found = told.directory.is_member(guid(principal), guid(name))
            if principal in ASKED and settled(case, principal, name, place):
                assert found is (name in case.groups_of(principal))
            else:
                assert isinstance(found, Unknown)


@settings(max_examples=100, deadline=None)
@given(
    cases,
    st.sampled_from(OPERATIONS),
    st.sampled_from([RG, STORE, VAULT]),
)
def test_verdicts_are_those_of_who_sees_the_directory(case: Case, operation: str, scope: str) -> None:
    told = access(case, *(answer(case, principal, SUB) for principal in ASKED))
    question = told.who_can(operation, ArmId(scope), data=False)
    for principal in PEOPLE:
        verdict = decide(told, guid(principal), [question]).answer
        truth = case.grants(principal, operation, scope)
        assert verdict in ("unknown", "yes" if truth else "no")
        denials = {n for d in case.denials for n in (*d["principals"], *d["excluded"]) if n in GROUPS}
        groups = {*denials, *(g for g, _, _ in case.assignments if g in GROUPS)}
        if principal in ASKED and all(settled(case, principal, name, SUB) for name in groups):
            assert verdict == ("yes" if truth else "no"), "nothing was left to know"


@settings(max_examples=100, deadline=None)
@given(cases, st.sampled_from(["refused", "empty", "without its own"]), st.sampled_from([MG, SUB, VAULT]))
def test_an_answer_that_is_not_whole_is_never_a_no(case: Case, damage: str, scope: str) -> None:
    reads = []
    for principal in ASKED:
        read = answer(case, principal, SUB)
        own = {a["id"] for a in assignments(case) if a["properties"]["principalId"] == guid(principal)}
        if damage == "refused":
            read = replace(read, status=403, error="AuthorizationFailed", shows=())
        elif damage == "empty" or not own:
            read = replace(read, shows=())
        else:
            read = replace(read, shows=tuple(set(read.shows) - own))
        reads.append(read)
    told = access(case, *reads)
    for principal in ASKED:
        assert [told.directory.is_member(guid(principal), guid(name)) is False for name in GROUPS] == [False] * 3
        found = told.what_can(guid(principal), ArmId(scope))
        through = {h.assignment.principal for h in found.holdings if h.via}
        assert through <= {guid(name) for name in case.groups_of(principal)}
