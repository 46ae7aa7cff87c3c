"""For which identities Azure is asked what they hold through groups, where, and when it is not asked at all."""

from collections.abc import Mapping
from typing import Any

import pytest

from auditor.collect.plan.membership import about_identities
from auditor.collect.plan.plan import Plan, Scope
from auditor.facts import load
from tests.builders.access_worlds import (
    MG,
    RG,
    SUB,
    carrier,
    give,
    guid,
    identity,
)

OTHER = "/subscriptions/22222222-2222-2222-2222-222222222222"
HERE, THERE = (Scope(place.rpartition("/")[2]) for place in (SUB, OTHER))
SITE = "Microsoft.Web/sites"
OWNED = give("admins", "Owner", SUB, "Group")
APP = carrier(SITE, "app", "id-app")

Document = Mapping[str, Any]


def asked(*documents: Document, scopes: tuple[Scope, ...] = (HERE,), shown_to: Any = None) -> list[tuple[str, str]]:
    """Who is asked about, and where."""
    return [(q.about, q.scope) for q in about_identities(documents, shown_to or {}, scopes)]


def system(type_: str, name: str, principal: str, within: str = RG) -> Document:
    """A resource with an identity of its own."""
    made = carrier(type_, name, identity={"type": "SystemAssigned", "principalId": principal})
    return {**made, "id": made["id"].replace(RG, within)}


def kind_of(kind: Any) -> Document:
    return {**OWNED, "properties": {**OWNED["properties"], "principalType": kind}}


@pytest.mark.parametrize(
    ("documents", "expected", "why"),
    [
        ([APP], 0, "nothing is assigned at all"),
        ([APP, give("id-app", "Reader", RG)], 0, "nothing is assigned to a group"),
        ([APP, give("ann", "Owner", SUB, "User")], 0, "a person has no members"),
        ([OWNED], 0, "nobody could be in the group"),
        ([APP, give("admins", "Owner", SUB, "Group", list_="roleEligibilityScheduleInstances")], 0, "only eligible"),
        ([carrier("Microsoft.Compute/disks", "d", "id-app"), OWNED], 0, "no carrier of this architecture"),
        ([identity("id-app"), OWNED], 0, "an identity that nothing runs as"),
        ([APP, OWNED], 1, "a group holds a role"),
        ([APP, kind_of("foreignGroup")], 1, "a group of another tenant"),
        ([APP, kind_of(None)], 1, "who holds the role is not stated"),
        ([APP, carrier(SITE, "pf", "id-app"), OWNED], 1, "two sites run as one identity"),
        ([APP, system(SITE, "own", guid("own").upper()), OWNED], 2, "an identity of its own, in capitals"),
        ([system(SITE, "odd", "x') or true or ('"), OWNED], 0, "what is no object id becomes part of no URL"),
        ([{**APP, "identity": "none"}, OWNED], 0, "an identity block that is none"),
        ([APP, {**OWNED, "properties": None}], 0, "an assignment without properties"),
    ],
)
def test_only_where_it_can_matter(documents: list[Document], expected: int, why: str) -> None:
    assert len(asked(*documents)) == expected, why


def test_an_identity_whose_carrier_does_not_tell_the_object_id_is_found_by_its_own_document() -> None:
    told = identity("id-app")
    bare = {**APP, "identity": {"type": "UserAssigned", "userAssignedIdentities": {told["id"]: {}}}}
    assert asked(bare, OWNED) == []
    assert asked(bare, told, OWNED) == [(guid("id-app"), SUB)]
    assert asked(bare, {**told, "properties": None}, OWNED) == []


def test_the_question_is_a_filtered_list_of_assignments() -> None:
    (question,) = about_identities([APP, OWNED], {}, [HERE])
    filter_ = f"$filter=assignedTo('{guid('id-app')}')"
    assert question.path == f"{SUB}/providers/Microsoft.Authorization/roleAssignments"
    assert (question.recipe.query, question.asked) == (filter_, f"{question.path}?{filter_}")
    read = question.failed(403, "AuthorizationFailed", "no", permission=question.recipe.permission)
    assert (read.path, read.about, read.permission) == (
        question.asked,
        guid("id-app"),
        "Microsoft.Authorization/roleAssignments/read",
    )


def test_each_resource_group_that_was_named_is_asked_where_a_group_holds_something_there() -> None:
    scope = Scope(HERE.subscription, ("one", "two"))
    within = give("writers", "Contributor", f"{SUB}/resourceGroups/TWO/providers/Microsoft.Web/sites/x", "Group")
    assert asked(APP, OWNED, scopes=(scope,)) == [(guid("id-app"), f"{SUB}/resourceGroups/one")]
    both = [(guid("id-app"), f"{SUB}/resourceGroups/{name}") for name in ("one", "two")]
    assert asked(APP, OWNED, within, scopes=(scope,)) == both
    assert asked(APP, within, scopes=(scope,)) == both[1:]


def test_other_subscriptions_are_asked_only_about_groups_that_the_own_one_does_not_show() -> None:
    there = system(SITE, "there", guid("there"), within=f"{OTHER}/resourceGroups/rg")
    theirs = give("theirs", "Owner", OTHER, "Group")
    assert asked(APP, there, OWNED, scopes=(HERE, THERE)) == [(p, SUB) for p in sorted(map(guid, ("id-app", "there")))]
    assert set(asked(APP, there, OWNED, theirs, scopes=(THERE, HERE))) == {
        (guid(name), place) for name in ("id-app", "there") for place in (SUB, OTHER)
    }
    order = [place for about, place in asked(APP, OWNED, theirs, scopes=(THERE, HERE)) if about == guid("id-app")]
    assert order == [SUB, OTHER], "where it has roles of its own is asked first"


def test_what_lies_above_is_asked_where_it_was_shown() -> None:
    above = give("top", "Owner", MG, "Group")
    seen = {above["id"].casefold(): {THERE.subscription}}
    assert asked(APP, above, scopes=(HERE, THERE)) == [(guid("id-app"), SUB)], "nobody says whose lists showed it"
    assert asked(APP, above, scopes=(HERE, THERE), shown_to=seen) == [(guid("id-app"), OTHER)]


def test_a_plan_hands_such_questions_out_once_each() -> None:
    plan = Plan([HERE])
    questions = list(about_identities([APP, carrier(SITE, "b", "id-b"), OWNED], {}, [HERE]))
    assert plan.new(questions) == questions
    assert plan.new(questions) == []
    answered = questions[0].answered(200, "2022-04-01", 0, 0.0)
    assert Plan([HERE], kept=[answered]).new(questions) == questions[1:]


def test_the_facts_say_where_they_come_from_and_what_is_not_confirmed() -> None:
    facts = load("assigned-to")
    assert facts["source"]
    assert facts["date"]
    assert facts["not_confirmed"]
    assert facts["asked"]["permission"] == "Microsoft.Authorization/roleAssignments/read"
