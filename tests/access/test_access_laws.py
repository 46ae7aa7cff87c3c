"""Who can do what, against an evaluator that walks Azure's steps for one principal, one operation and one scope."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.access.effective import access_of, who_can
from auditor.access.grants import Answer
from auditor.model import ArmId
from tests.builders.access_worlds import (
    EVERYONE,
    MG,
    RG,
    STORE,
    SUB,
    VAULT,
    deny,
    give,
    group,
    guid,
    nested,
    role,
)
from tests.builders.estates import estate_of
from tests.strategies.permissions import naive

CONTAINER = f"{STORE}/blobServices/default/containers/c"
SCOPES = ("/", MG, SUB, RG, STORE, VAULT, CONTAINER)
ABOVE = {
    "/": ("/",),
    MG: ("/", MG),
    SUB: ("/", MG, SUB),
    RG: ("/", MG, SUB, RG),
    STORE: ("/", MG, SUB, RG, STORE),
    VAULT: ("/", MG, SUB, RG, VAULT),
    CONTAINER: ("/", MG, SUB, RG, STORE, CONTAINER),
}
OPERATIONS = ("a.b/c/read", "a.b/c/write", "a.b/c/d/write", "a.b/write", "x.y/c/list/action")
PEOPLE, GROUPS = ("p0", "p1", "p2"), ("g0", "g1", "g2")

patterns = st.lists(
    st.sampled_from(["*", "a.b/*", "*/read", "*/write", "a.b/*/write", "a.b/c/d*", "x.y/c/list/action"]), max_size=2
)


@dataclass
class Case:
    """A random world: permission sets by role, who is in which group, what is assigned and denied."""

    roles: dict[str, list[tuple[list[str], list[str]]]]
    members: dict[str, list[str]]
    assignments: list[tuple[str, str, str]]
    denials: list[dict[str, Any]] = field(default_factory=list)

    def groups_of(self, principal: str) -> set[str]:
        found: set[str] = set()
        waiting = [principal]
        while waiting:
            now = waiting.pop()
            for name, inside in self.members.items():
                if now in inside and name not in found:
                    found.add(name)
                    waiting.append(name)
        return found

    def grants(self, principal: str, operation: str, scope: str) -> bool:
        """Steps 1 to 3 of Azure's decision: collect, refuse, grant."""
        who = {principal, *self.groups_of(principal)}
        for denial in self.denials:
            here = denial["scope"] == scope or (denial["scope"] in ABOVE[scope] and not denial["here_only"])
            meant = denial["everyone"] or who & set(denial["principals"])
            if here and meant and not who & set(denial["excluded"]) and operation in naive(tuple(denial["actions"])):
                return False
        return any(
            holder in who
            and at in ABOVE[scope]
            and any(operation in naive(tuple(plus), tuple(minus)) for plus, minus in self.roles[name])
            for holder, name, at in self.assignments
        )

    def documents(self) -> list[dict[str, Any]]:
        made = [
            role(
                name, permissions=[{"actions": plus, "notActions": minus} for plus, minus in sets] or [{"actions": []}]
            )
            for name, sets in self.roles.items()
        ]
        made += [group(g, *(nested(m) if m in GROUPS else m for m in inside)) for g, inside in self.members.items()]
        for holder, name, at in dict.fromkeys(self.assignments):
            made.append(give(holder, name, at, "Group" if holder in GROUPS else "User"))
        return made + [_denial(n, denial) for n, denial in enumerate(self.denials)]


def _denial(number: int, denial: dict[str, Any]) -> dict[str, Any]:
    def people(names: list[str]) -> list[dict[str, str]]:
        return [{"id": guid(n), "type": "Group" if n in GROUPS else "User"} for n in names]

    return deny(
        f"d{number}",
        denial["scope"],
        denial["actions"],
        principals=[EVERYONE] if denial["everyone"] else people(denial["principals"]),
        excludePrincipals=people(denial["excluded"]),
        doNotApplyToChildScopes=denial["here_only"],
    )


_anybody = st.sampled_from(PEOPLE + GROUPS)
# Much is given high up and much is denied, so that what spares from a denial decides something.
_scopes = st.sampled_from([*SCOPES, MG, SUB, RG])
_denials = st.fixed_dictionaries(
    {
        "scope": st.sampled_from([SUB, RG, STORE, VAULT]),
        "actions": st.sampled_from([["*"], ["*/write"], ["a.b/*"], ["*/read", "x.y/*"], []]),
        "everyone": st.booleans(),
        "principals": st.lists(_anybody, max_size=2),
        "excluded": st.lists(_anybody, max_size=2),
        "here_only": st.booleans(),
    }
)
cases = st.builds(
    Case,
    roles=st.fixed_dictionaries(
        {
            "r0": st.just([(["*"], [])]),
            "r1": st.lists(st.tuples(patterns, patterns), max_size=2),
            "r2": st.lists(st.tuples(patterns, patterns), min_size=1, max_size=2),
        }
    ),
    members=st.fixed_dictionaries({g: st.lists(_anybody.filter(lambda m, g=g: m != g), max_size=2) for g in GROUPS}),
    assignments=st.lists(st.tuples(_anybody, st.sampled_from(["r0", "r1", "r2"]), _scopes), min_size=2, max_size=6),
    denials=st.lists(_denials, max_size=2),
)


@settings(max_examples=150, deadline=None)
@given(cases)
def test_every_answer_is_that_of_the_evaluator(case: Case) -> None:
    estate = estate_of(case.documents())
    for scope in (RG, STORE, CONTAINER, MG):
        for operation in OPERATIONS:
            answer = who_can(estate, operation, ArmId(scope), data=False)
            assert all(grant.answer is Answer.YES for grant in answer.grants)
            told = {grant.principal.id for grant in answer.grants}
            assert told == {guid(p) for p in PEOPLE + GROUPS if case.grants(p, operation, scope)}, (operation, scope)


@settings(max_examples=75, deadline=None)
@given(cases, st.sampled_from(PEOPLE), st.sampled_from([RG, STORE, VAULT, CONTAINER]))
def test_effective_access_holds_exactly_what_can_be_done(case: Case, principal: str, scope: str) -> None:
    effective = access_of(estate_of(case.documents())).effective(guid(principal), ArmId(scope))
    assert effective.gaps == ()
    for operation in OPERATIONS:
        assert effective.certain.control.contains(operation) == case.grants(principal, operation, scope)
