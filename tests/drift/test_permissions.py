"""Permissions gained and lost, by small worlds of assignments: what is effective is compared, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.access.effective import access_of
from auditor.drift.access_points import Accesses
from auditor.drift.documents import Pair
from auditor.drift.model import Change, Effect
from auditor.drift.topics.permissions import changes, rights_changes
from auditor.estate import build_estate
from auditor.model import Read
from auditor.snapshot import Snapshot
from tests import worlds
from tests.builders.access_worlds import (
    MG,
    RG,
    STORE,
    SUB,
    VAULT,
    deny,
    give,
    group,
    guid,
    identity,
    role,
)
from tests.builders.estates import WHOLE

Doc = dict[str, Any]

READER = role("Reader", ["*/read"])
OWNER = role("Owner", ["*"])
EDITOR = role("Editor", ["*"], ["Microsoft.Authorization/*/write", "Microsoft.Authorization/*/delete"])
SECRETS = role("Secrets", data=["Microsoft.KeyVault/vaults/secrets/getSecret/action"])
ROLES = (READER, OWNER, EDITOR, SECRETS)
LATER = "roleEligibilityScheduleInstances"
RIGHTS = "*/read"
ASSIGN = "Microsoft.Authorization/roleAssignments/write"


def pair(old: Sequence[Doc], new: Sequence[Doc], reads: Sequence[Read] = (WHOLE,), **named: Any) -> Pair:
    """Two small estates, with the roles above unless a document has the same id; `reads` are those of the new one."""

    def estate(documents: Sequence[Doc], asked: Sequence[Read]) -> Any:
        by_id = {d["id"]: d for d in (*ROLES, *documents)}
        return build_estate(Snapshot(tuple(by_id.values()), tuple(asked), subscriptions=(SUB.rpartition("/")[2],)))

    return Pair(estate(old, named.get("old_reads", (WHOLE,))), estate(new, reads))


def told(two: Pair) -> list[tuple[str, str, str]]:
    """What happened, how surely, and what: `("granted", "standing", "*/read")`."""
    found = []
    for change in changes(two):
        allows = change.detail.get("allows", {})
        what = "; ".join(text for text in (allows.get("actions"), allows.get("dataActions")) if text)
        found.append((change.kind, change.detail.get("hold", ""), what))
    return found


GRANTED, LOST = ("granted", "standing"), ("lost", "standing")

READS = "Microsoft.KeyVault/vaults/secrets/getSecret/action, Microsoft.KeyVault/vaults/secrets/readMetadata/action"


def by_policies(*policies: tuple[str, list[str]]) -> Doc:
    """The vault by access policies for secrets."""
    listed = [{"objectId": guid(who), "permissions": {"secrets": given}} for who, given in policies]
    return vault(enableRbacAuthorization=False, accessPolicies=listed)


def by_roles() -> Doc:
    """The vault by roles."""
    return vault(enableRbacAuthorization=True, accessPolicies=[])


def vault(**properties: Any) -> Doc:
    """The vault with these properties."""
    return {"id": VAULT, "type": "Microsoft.KeyVault/vaults", "name": "kv", "properties": properties}


def lighthouse(principal: str, role_name: str) -> list[Doc]:
    """The subscription delegated to a principal of another tenant."""
    kind = "Microsoft.ManagedServices/registration"
    offer = f"{SUB}/providers/{kind}Definitions/{guid('offer')}"
    given = {"principalId": guid(principal), "roleDefinitionId": guid(role_name)}
    return [
        {"id": offer, "type": f"{kind}Definitions", "properties": {"authorizations": [given]}},
        {
            "id": f"{SUB}/providers/{kind}Assignments/{guid('sale')}",
            "type": f"{kind}Assignments",
            "properties": {"registrationDefinitionId": offer},
        },
    ]


CASES: dict[str, tuple[list[Doc], list[Doc], list[tuple[str, str, str]]]] = {
    "somebody is given a role": ([], [give("p", "Reader", RG)], [(*GRANTED, RIGHTS)]),
    "somebody loses a role": ([give("p", "Secrets", VAULT)], [], [
        (*LOST, "Microsoft.KeyVault/vaults/secrets/getSecret/action")]),
    "the same held above already is nothing new": (
        [give("p", "Owner", SUB)], [give("p", "Owner", SUB), give("p", "Reader", RG)], []),
    "moved down: lost above, still there below": (
        [give("p", "Reader", SUB)], [give("p", "Reader", RG)], [(*LOST, RIGHTS)]),
    "moved up: more is granted above, nothing below": (
        [give("p", "Reader", RG)], [give("p", "Reader", SUB)], [(*GRANTED, RIGHTS)]),
    "another role instead: what is more, and what is less": (
        [give("p", "Secrets", VAULT)], [give("p", "Reader", VAULT)],
        [(*GRANTED, RIGHTS), (*LOST, "Microsoft.KeyVault/vaults/secrets/getSecret/action")]),
    "eligible, then standing": (
        [give("p", "Reader", RG, list_=LATER)], [give("p", "Reader", RG)], [(*GRANTED, RIGHTS)]),
    "standing, then eligible": (
        [give("p", "Reader", RG)], [give("p", "Reader", RG, list_=LATER)], [(*LOST, RIGHTS)]),
    "eligible for more than it holds": (
        [give("p", "Reader", RG)], [give("p", "Reader", RG), give("p", "Editor", RG, list_=LATER)],
        [("granted", "eligible",
          "* except */read, Microsoft.Authorization/*/delete, Microsoft.Authorization/*/write")]),
    "a condition takes certainty": (
        [give("p", "Reader", RG)], [give("p", "Reader", RG, condition="@Resource[x] StringEquals 'y'")],
        [(*LOST, RIGHTS)]),
    "a condition is added to what is new": (
        [], [give("p", "Reader", RG, condition="@Resource[x] StringEquals 'y'")],
        [("granted", "conditional", RIGHTS)]),
    "a group that somebody is in": (
        [group("g", "p")], [group("g", "p"), give("g", "Reader", RG, "Group")], [(*GRANTED, RIGHTS)]),
    "somebody joins a group": (
        [group("g"), give("g", "Reader", RG, "Group")], [group("g", "p"), give("g", "Reader", RG, "Group")],
        [(*GRANTED, RIGHTS)]),
    "somebody leaves a group but holds the same": (
        [group("g", "p"), give("g", "Reader", RG, "Group"), give("p", "Reader", SUB)],
        [group("g"), give("g", "Reader", RG, "Group"), give("p", "Reader", SUB)], []),
    "a custom role grows": (
        [role("Mine", ["A.B/c/read"]), give("p", "Mine", RG)],
        [role("Mine", ["A.B/c/read", "A.B/c/write"]), give("p", "Mine", RG)], [(*GRANTED, "A.B/c/write")]),
    "a custom role is written otherwise and means the same": (
        [role("Mine", ["A.B/c/read", "A.B/c/write"]), give("p", "Mine", RG)],
        [role("Mine", ["a.b/C/*"], ["A.B/c/*/*"], permissions=[
            {"actions": ["a.b/C/READ"]}, {"actions": ["A.B/c/write", "A.B/c/read"]}]), give("p", "Mine", RG)], []),
    "a denial at the scope": (
        [give("p", "Reader", RG)], [give("p", "Reader", RG), deny("d", RG, ["A.B/*"])], [
            (*LOST, "A.B/*/read")]),
    "a denial above": (
        [give("p", "Reader", RG)], [give("p", "Reader", RG), deny("d", SUB, ["*"])], [(*LOST, RIGHTS)]),
    "a denial below is felt there": (
        [give("p", "Reader", RG)], [give("p", "Reader", RG), deny("d", VAULT, ["*"])], [(*LOST, RIGHTS)]),
    "a denial is lifted": (
        [give("p", "Reader", RG), deny("d", RG, ["*"])], [give("p", "Reader", RG)], [(*GRANTED, RIGHTS)]),
    "the same assignment under another name": (
        [give("p", "Reader", RG)],
        [give("p", "Reader", RG) | {"id": f"{RG}/providers/Microsoft.Authorization/roleAssignments/other"}], []),
    "an access policy is added": (
        [by_policies()], [by_policies(("p", ["get"]))], [(*GRANTED, READS)]),
    "an access policy allows more": (
        [by_policies(("p", ["get"]))], [by_policies(("p", ["get", "delete"]))], [
            (*GRANTED, "Microsoft.KeyVault/vaults/secrets/delete")]),
    "access policies in another order are the same": (
        [by_policies(("p", ["get"]), ("q", ["get"]))], [by_policies(("q", ["get"]), ("p", ["get"]))], []),
    "a vault goes by roles now": (
        [by_policies(("q", ["get"])), give("p", "Secrets", RG)], [by_roles(), give("p", "Secrets", RG)], [
            (*LOST, READS), (*GRANTED, "Microsoft.KeyVault/vaults/secrets/getSecret/action")]),
    "a subscription is delegated by Azure Lighthouse": (
        [], lighthouse("p", "Reader"), [(*GRANTED, RIGHTS)]),
    "another role is delegated by Azure Lighthouse": (
        lighthouse("p", "Reader"), lighthouse("p", "Owner"),
        [(*GRANTED, "* except */read")]),
    "two at once: the worst first": (
        [], [give("a", "Reader", RG), give("p", "Owner", RG)],
        [(*GRANTED, "*"), (*GRANTED, RIGHTS)]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_was_gained_and_lost(name: str) -> None:
    old, new, expected = CASES[name]
    assert told(pair(old, new)) == expected


@pytest.mark.parametrize("name", CASES)
def test_the_other_way_round_gains_what_was_lost(name: str) -> None:
    old, new, expected = CASES[name]
    swapped = {"granted": "lost", "lost": "granted"}
    assert sorted(told(pair(new, old))) == sorted((swapped[kind], hold, what) for kind, hold, what in expected)


def one(two: Pair) -> Change:
    (found,) = changes(two)
    return found


def test_the_sentence_names_who_where_what_and_why_it_matters() -> None:
    found = one(pair([identity("id-app")], [identity("id-app"), give("id-app", "Owner", RG)]))
    assert found.effect is Effect.WORSE
    where, why = "at resource group rg (Owner)", "which gives itself or others any role"
    assert found.says == f"identity id-app may now {where}: {ASSIGN}, {why}; in all *"
    assert found.detail["worst"] == {"operation": ASSIGN, "gives": "control", "why": "gives itself or others any role"}
    assert found.detail["principal"]["id"] == guid("id-app")
    assert [a["role"]["name"] for a in found.detail["assignments"]] == ["Owner"]


def test_what_it_could_do_before_and_can_do_still_is_told() -> None:
    later = [give("p", "Secrets", VAULT, list_=LATER)]
    up = one(pair(later, [give("p", "Secrets", VAULT)]))
    assert up.says.endswith("; it could do so by activating a role")
    assert up.detail["otherwise"] == "eligible"
    down = one(pair([give("p", "Secrets", VAULT)], later))
    assert down.says.endswith("; it still can do so by activating a role")


def test_another_condition_cannot_be_judged() -> None:
    def under(text: str) -> list[Doc]:
        return [give("p", "Reader", RG, condition=text)]

    assert not list(changes(pair(under("a  StringEquals 'b'"), under("a StringEquals 'b'"))))
    found = one(pair(under("a StringEquals 'b'"), under("a StringEquals 'c'")))
    assert (found.kind, found.effect) == ("condition", Effect.UNKNOWN)
    assert (found.detail["before"], found.detail["after"]) == ("a StringEquals 'b'", "a StringEquals 'c'")


REFUSED = Read(
    "roleAssignments", "", 403, "microsoft.authorization/roleassignments", SUB, error="AuthorizationFailed",
    permission="Microsoft.Authorization/roleAssignments/read",
)  # fmt: skip


def test_assignments_that_one_side_could_not_read_are_not_compared() -> None:
    two = pair([give("p", "Reader", RG)], [], reads=(WHOLE, REFUSED))
    found = one(two)
    assert (found.kind, found.effect) == ("unread", Effect.UNKNOWN)
    assert found.detail["permission"] == "Microsoft.Authorization/roleAssignments/read"
    assert one(two.reversed).effect is Effect.UNKNOWN
    neither = pair([], [], reads=(WHOLE, REFUSED), old_reads=(WHOLE, REFUSED))
    assert not list(changes(neither))


def test_eligible_assignments_that_one_side_could_not_read_leave_the_rest_compared() -> None:
    unread = replace(REFUSED, covers="microsoft.authorization/roleeligibilityscheduleinstances")
    two = pair([give("p", "Reader", RG, list_=LATER)], [give("q", "Reader", RG)], reads=(WHOLE, unread))
    kinds = [(change.kind, change.detail.get("hold")) for change in changes(two)]
    assert sorted(kinds, key=str) == [("granted", "standing"), ("unread", None)]


def test_a_role_that_one_side_could_not_read_is_no_loss() -> None:
    unread = replace(REFUSED, covers="microsoft.authorization/roledefinitions")
    mine, held = role("Mine", ["A.B/c/write"]), give("p", "Mine", RG)
    two = pair([mine, held], [held], reads=(WHOLE, unread))
    found = one(two)
    assert (found.kind, found.effect) == ("lost", Effect.UNKNOWN)
    assert "but that is not certain: what role" in found.says
    assert one(two.reversed).effect is Effect.UNKNOWN


def test_a_denial_that_only_one_side_could_read_makes_what_is_new_uncertain() -> None:
    unread = replace(REFUSED, covers="microsoft.authorization/denyassignments")
    two = pair([], [give("p", "Reader", RG)], reads=(WHOLE, unread))
    assert one(two).effect is Effect.UNKNOWN
    # The other way round: whether it could do so at all was not known.
    assert one(two.reversed).effect is Effect.UNKNOWN


def test_members_that_one_side_does_not_know_make_what_the_group_holds_uncertain_and_no_more() -> None:
    held = give("g", "Reader", RG, "Group")
    two = pair([held], [group("g", "p"), held, give("p", "Owner", VAULT)])
    found = {change.effect: change.detail["allows"]["actions"] for change in changes(two)}
    assert found == {Effect.UNKNOWN: "*/read", Effect.WORSE: "* except */read"}
    lost = {change.effect: change.detail["allows"]["actions"] for change in changes(two.reversed)}
    assert lost == {Effect.UNKNOWN: "*/read", Effect.BETTER: "* except */read"}


def test_a_management_group_whose_place_one_side_does_not_know() -> None:
    held = give("p", "Reader", MG)
    other = {"id": "/subscriptions/2", "type": "Microsoft.Resources/subscriptions", "properties": {}}
    chain = [{"name": "chat"}]
    known = {"id": SUB, "type": other["type"], "properties": {"managementGroupAncestorsChain": chain}}
    found = one(pair([other, held], [other, known, held]))
    assert found.effect is Effect.UNKNOWN
    assert "is not in this snapshot" in found.says


def test_a_group_that_may_hold_as_much_is_a_doubt_and_no_more() -> None:
    held = give("g", "Owner", SUB, "Group")
    found = one(pair([held], [held, give("p", "Reader", RG)]))
    assert found.effect is Effect.WORSE
    assert any("may have it as a member" in doubt["because"] for doubt in found.detail["doubts"])


def test_a_subscription_that_moves_below_another_management_group() -> None:
    def below(name: str) -> Doc:
        chain = [{"name": name}]
        return {
            "id": SUB,
            "type": "Microsoft.Resources/subscriptions",
            "properties": {"managementGroupAncestorsChain": chain},
        }

    held = give("p", "Reader", MG)
    found = one(pair([below("other"), held], [below("chat"), held]))
    assert (found.kind, found.resource) == ("granted", found.resource)
    assert found.says.startswith(f"service principal {guid('p')} may now at subscription")


# --- laws over random worlds ------------------------------------------------------------------------------------------

_assignments = st.lists(
    st.builds(
        lambda who, what, where, later: give(who, what, where, **({"list_": LATER} if later else {})),
        st.sampled_from(["p", "q"]),
        st.sampled_from(["Reader", "Owner", "Editor", "Secrets"]),
        st.sampled_from([SUB, RG, VAULT, STORE]),
        st.booleans(),
    ),
    max_size=4,
)
_denials = st.lists(
    st.builds(lambda where, what: deny(f"{where}{what}", where, [what]), st.sampled_from([SUB, RG, VAULT]),
              st.sampled_from(["*/read", "Microsoft.KeyVault/*"])), max_size=1)  # fmt: skip
_worlds = st.builds(lambda given_, denied: [*given_, *denied], _assignments, _denials)
_PROBES = ("A.B/c/read", ASSIGN, "Microsoft.KeyVault/vaults/write", "Microsoft.Storage/storageAccounts/read")


@settings(max_examples=60, deadline=None)
@given(_worlds, _worlds)
def test_every_difference_of_effective_access_is_told_at_its_scope_or_above(old: list[Doc], new: list[Doc]) -> None:
    """Asked operation by operation: whoever may do something now and could not, was told so, here or further up."""
    two = pair(old, new)
    accesses = Accesses(access_of(two.old), access_of(two.new))
    found = list(rights_changes(two, accesses))
    for who in ("p", "q"):
        for scope in (SUB, RG, VAULT, STORE):
            place = give("x", "Reader", scope)["properties"]["scope"]
            for operation in _PROBES:
                before, after = (_may(access, who, place, operation) for access in (accesses.old, accesses.new))
                said = {
                    change.granted
                    for change in found
                    if change.principal.id == guid(who)
                    and place.startswith(change.scope.text)
                    and change.hold == "standing"
                    and operation in change.rights.control
                }
                if before != after:
                    assert after in said, (who, scope, operation)


def _may(access: Any, who: str, scope: str, operation: str) -> bool:
    from auditor.model import ArmId

    return operation in access.effective(guid(who), ArmId(scope)).certain.control


@settings(max_examples=60, deadline=None)
@given(_worlds)
def test_a_world_compared_with_itself_in_another_order_says_nothing(world: list[Doc]) -> None:
    assert not list(changes(pair(world, world[::-1])))


def test_an_identity_that_azure_says_has_joined_a_group_gains_what_the_group_holds() -> None:
    """The documents are the same: nothing but what Azure answers about the identity has changed."""
    held = [give("p", "Reader", VAULT), give("g", "Owner", RG, "Group")]
    outside, inside = (worlds.told(held, guid("p"), SUB, *groups) for groups in ((), (guid("g"),)))
    gained = pair(held, held, (WHOLE, inside), old_reads=(WHOLE, outside))
    assert told(gained) == [(*GRANTED, "*")]
    lost = pair(held, held, (WHOLE, outside), old_reads=(WHOLE, inside))
    assert told(lost) == [(*LOST, "*")]
    assert told(pair(held, held, (WHOLE, inside), old_reads=(WHOLE, inside))) == []


def test_what_only_one_side_was_asked_is_no_gain() -> None:
    held = [give("p", "Reader", VAULT), give("g", "Owner", RG, "Group")]
    inside = worlds.told(held, guid("p"), SUB, guid("g"))
    assert [change.effect for change in changes(pair(held, held, (WHOLE, inside)))] == [Effect.UNKNOWN]
