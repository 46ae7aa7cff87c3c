"""What Azure's answers about an identity prove of the groups it may be in, and what they do not."""

from collections.abc import Sequence
from typing import Any

import pytest

from auditor.access.effective import Access
from auditor.access.principals import MEMBERSHIP_RIGHT
from auditor.estate import Estate
from auditor.model import ArmId, Read, Unknown
from auditor.query.access import decide
from tests.builders.access_worlds import (
    MG,
    RG,
    SUB,
    VAULT,
    deny,
    give,
    group,
    guid,
    nested,
    role,
)
from tests.builders.estates import WHOLE, estate_of

OWN = give("app", "Reader", RG)
ADMINS = give("admins", "Owner", SUB, "Group")
ROLES = [role("Owner", ["*"]), role("Reader", ["*/read"])]
RIGHT = "Microsoft.Authorization/roleAssignments/read"


def answer(*shown: Any, about: str = "app", scope: str = SUB, **more: Any) -> Read:
    """An answer to what is assigned to somebody, his groups included."""
    shows = tuple(each["id"] for each in shown)
    path = f"{scope}/providers/Microsoft.Authorization/roleAssignments?$filter=assignedTo('{guid(about)}')"
    covers = "microsoft.authorization/roleassignments/assignedto"
    return Read(
        path, "2022-04-01", **{"status": 200, **more}, covers=covers, scope=scope, about=guid(about), shows=shows
    )


def estate(documents: Sequence[Any], *reads: Read) -> Estate:
    return estate_of([*ROLES, *documents], reads=(WHOLE, *reads))


def is_member(documents: Sequence[Any], *reads: Read, who: str = "app", of: str = "admins") -> bool | Unknown:
    return Access(estate(documents, *reads)).directory.is_member(guid(who), guid(of))


BOTH = [OWN, ADMINS]
DENIED = answer(status=403, error="AuthorizationFailed", permission=RIGHT)


@pytest.mark.parametrize(
    ("documents", "reads", "expected", "why"),
    [
        (BOTH, [answer(OWN, ADMINS)], True, "the answer holds what the group holds"),
        (BOTH, [answer(OWN)], False, "the answer is whole and does not"),
        (BOTH, [answer(ADMINS)], True, "what is shown is there, whatever else is lacking"),
        (BOTH, [answer(OWN, scope=f"{SUB}/resourceGroups/rg")], False, "a resource group's list shows what is above"),
        ([OWN, give("admins", "Owner", MG, "Group")], [answer(OWN)], False, "a subscription's, what is above too"),
        ([OWN, give("admins", "Owner", "/", "Group")], [answer(OWN)], False, "and the root"),
        ([OWN, give("admins", "Owner", VAULT, "Group")], [answer(OWN)], False, "and what is below"),
        ([*BOTH, group("admins", "ann")], [answer(OWN, ADMINS)], True, "Azure acts on it, whatever Graph says"),
        ([*BOTH, group("admins", "app")], [answer(OWN)], True, "one of the two knows it"),
        (BOTH, [DENIED, answer(OWN)], False, "one of two answers arrived"),
        (BOTH, [answer(OWN), answer(OWN, ADMINS)], True, "one of two answers shows it"),
    ],
)
def test_what_is_proved(documents: list[Any], reads: list[Read], expected: bool, why: str) -> None:
    assert is_member(documents, *reads) is expected, why


@pytest.mark.parametrize(
    ("documents", "reads", "says", "permission"),
    [
        (BOTH, [], "who is in group", MEMBERSHIP_RIGHT),
        (BOTH, [answer(OWN, about="other")], "who is in group", MEMBERSHIP_RIGHT),
        (BOTH, [DENIED], "Azure did not answer what principal", RIGHT),
        (BOTH, [answer(status=0, error="Interrupted")], "through groups: no answer came (Interrupted)", None),
        (BOTH, [answer()], "is empty, which proves nothing", MEMBERSHIP_RIGHT),
        ([ADMINS], [answer()], "is empty, which proves nothing", MEMBERSHIP_RIGHT),
        (
            [*BOTH, give("app", "Reader", VAULT)],
            [answer(OWN)],
            "lacks what it holds at kv, so it is not",
            MEMBERSHIP_RIGHT,
        ),
        ([OWN, give("app", "Owner", "/"), ADMINS], [answer(OWN)], "lacks what it holds at the root", MEMBERSHIP_RIGHT),
        (
            [OWN, give("admins", "Owner", "/subscriptions/2", "Group")],
            [answer(OWN)],
            "who is in group",
            MEMBERSHIP_RIGHT,
        ),
        (
            [OWN, give("admins", "Owner", SUB, "Group", list_="roleEligibilityScheduleInstances")],
            [answer(OWN)],
            "who is in group",
            MEMBERSHIP_RIGHT,
        ),
    ],
)
def test_what_is_not(documents: list[Any], reads: list[Read], says: str, permission: str | None) -> None:
    found = is_member(documents, *reads)
    assert isinstance(found, Unknown)
    assert says in found.because
    assert found.permission == permission
    assert found.read == (reads[0].path if reads and not reads[0].answered else None)


def test_a_person_is_not_decided_by_what_azure_says_of_an_identity() -> None:
    assert isinstance(is_member(BOTH, answer(OWN), who="ann"), Unknown)
    assert is_member([*BOTH, give("ann", "Reader", RG, "User")], answer(OWN, ADMINS)) is True


def test_a_group_that_only_such_an_answer_names_is_one() -> None:
    unnamed = give("odd", "Owner", SUB, "")
    access = Access(estate([OWN, unnamed], answer(OWN, unnamed)))
    assert access.principal(guid("odd")).kind == "group"
    assert access.what_can(guid("app")).holdings[0].says.startswith("Owner at subscription")


def test_an_assignment_to_somebody_else_proves_nothing() -> None:
    """An answer that shows what a person holds is not the answer it says it is."""
    person = give("ann", "Owner", SUB, "User")
    for shown in ((OWN, person), (OWN, person, ADMINS)):
        access = Access(estate([OWN, ADMINS, person], answer(*shown)))
        assert access.principal(guid("ann")).kind == "user"
        found = access.what_can(guid("app"))
        assert [h.role_name for h in found.holdings] == ["Reader"]
        assert f"lists what User {guid('ann')} holds, so it is another list" in found.gaps[0].because


def test_what_it_holds_then_is_definite() -> None:
    out = Access(estate(BOTH, answer(OWN))).what_can(guid("app"))
    assert ([h.role_name for h in out.holdings], out.gaps) == (["Reader"], ())
    inside = Access(estate(BOTH, answer(OWN, ADMINS))).what_can(guid("app"))
    assert ([h.role_name for h in inside.holdings], inside.gaps) == (["Owner", "Reader"], ())
    (through,) = (h.via for h in inside.holdings if h.role_name == "Owner")
    assert [each.id for each in through] == [guid("admins")]


def test_what_it_may_hold_says_why_that_is_not_known() -> None:
    (gap,) = Access(estate(BOTH, DENIED)).what_can(guid("app")).gaps
    assert "may have it as a member: Azure did not answer what" in gap.because
    assert (gap.permission, gap.read) == (RIGHT, DENIED.path)


def test_a_question_about_it_is_decided_and_one_about_everybody_stays_open() -> None:
    access = Access(estate(BOTH, answer(OWN)))
    found = access.who_can("Microsoft.KeyVault/vaults/write", ArmId(VAULT))
    assert [gap.permission for gap in found.gaps] == [MEMBERSHIP_RIGHT]
    assert access.gaps_about(guid("app"), found) == []
    assert access.gaps_about(guid("ann"), found) == list(found.gaps)
    assert "besides identities that Azure was asked about is not in this snapshot" in found.gaps[0].because
    assert decide(access, guid("app"), [found]).answer == "no"
    assert decide(access, guid("ann"), [found]).answer == "unknown"


def test_who_is_proved_to_be_in_a_group_is_named_among_those_who_can() -> None:
    access = Access(estate(BOTH, answer(OWN, ADMINS)))
    found = access.who_can("Microsoft.KeyVault/vaults/write", ArmId(VAULT))
    assert [(g.principal.id, [v.id for v in g.via]) for g in found.grants if g.via] == [(guid("app"), [guid("admins")])]
    assert [gap.permission for gap in found.gaps] == [MEMBERSHIP_RIGHT], "there may be others"
    assert decide(access, guid("app"), [found]).answer == "yes"


def test_a_denial_for_a_group_is_decided_too() -> None:
    denied = deny("guard", SUB, ["*"], principals=[{"id": guid("admins"), "type": "Group"}])
    for shown, answered in ((OWN, False), (ADMINS, True)):
        access = Access(estate([*BOTH, denied], answer(OWN, shown)))
        (denial,) = access.denying.at(ArmId(VAULT))  # type: ignore[misc]
        assert access.denying.meant(denial, guid("app")) is answered


def test_a_group_in_a_group_needs_no_directory() -> None:
    documents = [OWN, ADMINS, group("admins", nested("inner"))]
    assert isinstance(is_member(documents), Unknown)
    assert is_member(documents, answer(OWN)) is False
    assert is_member(documents, answer(OWN, ADMINS)) is True
