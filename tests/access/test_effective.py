"""Who can do what where: inheritance, groups, conditions, eligibility, denials, and what is not known."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.access.assignments import Hold
from auditor.access.effective import access_of, what_can, who_can
from auditor.access.grants import Answer, WhoCan
from auditor.estate import Estate
from auditor.model import ArmId, NotKnown, Read, Unknown
from tests.builders.access_worlds import (
    EVERYONE,
    MG,
    RG,
    STORE,
    SUB,
    VAULT,
    Doc,
    carrier,
    deny,
    give,
    group,
    guid,
    identity,
    nested,
    role,
)
from tests.builders.estates import WHOLE, estate_of

WRITE = "Microsoft.Storage/storageAccounts/write"
SECRET = "Microsoft.KeyVault/vaults/secrets/getSecret/action"

OWNER = role("Owner", ["*"])
READER = role("Reader", ["*/read"])
WRITER = role("Writer", [WRITE])
SECRETS = role("Secrets User", data=["Microsoft.KeyVault/vaults/secrets/*"])
ROLES = (OWNER, READER, WRITER, SECRETS)


def refused(type_: str) -> Read:
    return Read("/x", "", 403, type_.casefold(), "/", error="AuthorizationFailed", permission=f"{type_}/read")


def world(*documents: Doc, reads: tuple[Read, ...] = ()) -> Estate:
    return estate_of([*ROLES, *documents], reads=(WHOLE, *reads))


def told(answer: WhoCan) -> dict[str, Answer]:
    """Each principal that can, by the name it was made of, with how certain it is."""
    return {grant.principal.id: grant.answer for grant in answer.grants}


def can(estate: Estate, action: str = WRITE, scope: str = STORE, data: bool | None = None) -> dict[str, Answer]:
    return told(who_can(estate, action, ArmId(scope), data))


@pytest.mark.parametrize(
    ("given", "asked", "expected", "why"),
    [
        (STORE, STORE, True, "at the scope itself"),
        (RG, STORE, True, "inherited from the group"),
        (SUB, STORE, True, "inherited from the subscription"),
        (MG, STORE, True, "inherited from a management group above the only subscription"),
        ("/", STORE, True, "inherited from the root"),
        (STORE.upper(), STORE, True, "in other letter case"),
        (f"{STORE}/", STORE, True, "with a slash at the end"),
        (STORE, f"{STORE}/blobServices/default/containers/c", True, "children inherit"),
        (f"{STORE}/blobServices/default/containers/c", STORE, False, "parents do not"),
        (VAULT, STORE, False, "a sibling"),
        (f"{RG}x", STORE, False, "a group whose name begins alike"),
        ("/subscriptions/22222222-2222-2222-2222-222222222222", STORE, False, "another subscription"),
        (RG, SUB, False, "a group says nothing of its subscription"),
        ("/", SUB, True, "the root is above every subscription"),
        (MG, "/", False, "a management group is not above the root"),
    ],
)
def test_an_assignment_reaches_what_lies_at_or_below_its_scope(
    given: str, asked: str, expected: bool, why: str
) -> None:
    estate = world(give("p", "Writer", given))
    assert can(estate, scope=asked) == ({guid("p"): Answer.YES} if expected else {}), why


def test_a_role_is_matched_by_its_guid_alone() -> None:
    plain = give("p", "Writer", RG)
    plain["properties"]["roleDefinitionId"] = (
        f"/providers/MICROSOFT.authorization/roleDefinitions/{guid('Writer').upper()}"
    )
    assert can(world(plain)) == {guid("p"): Answer.YES}


def test_documents_as_az_prints_them_are_read_too() -> None:
    flat = {
        "id": f"{RG}/providers/Microsoft.Authorization/roleAssignments/{guid('x')}",
        "type": "Microsoft.Authorization/roleAssignments",
        "principalId": guid("p"),
        "principalName": "ci@contoso.com",
        "principalType": "User",
        "roleDefinitionId": f"{SUB}/providers/Microsoft.Authorization/roleDefinitions/{guid('Flat')}",
        "scope": RG,
    }
    definition = {
        "id": f"{SUB}/providers/Microsoft.Authorization/roleDefinitions/{guid('Flat')}",
        "type": "Microsoft.Authorization/roleDefinitions",
        "roleName": "Flat",
        "roleType": "CustomRole",
        "permissions": [{"actions": [WRITE]}],
    }
    answer = who_can(world(flat, definition), WRITE, ArmId(STORE))
    (grant,) = answer.grants
    assert (grant.principal.label, grant.role.name, grant.role.custom) == ("user ci@contoso.com", "Flat", True)


def test_the_chain_names_assignment_role_permission_set_and_pattern() -> None:
    several = role(
        "Two", permissions=[{"actions": ["*/read"]}, {"actions": ["X/*", "Microsoft.Storage/*/write", WRITE]}]
    )
    (grant,) = who_can(world(several, give("p", "Two", RG)), WRITE, ArmId(STORE)).grants
    assert grant.chain(ArmId(STORE)) == (
        f"service principal {guid('p')}",
        "is assigned Two at resource group rg, inherited by st",
        "permission set 1, actions: Microsoft.Storage/*/write",
    )
    assert grant.pattern.place.pointer == "/properties/permissions/1/actions/1"
    assert not grant.role.custom or grant.role.name == "Two"


def test_what_one_permission_set_takes_out_another_may_give() -> None:
    trap = role("Trap", ["*"], [WRITE])
    both = role("Both", permissions=[{"actions": ["*"], "notActions": [WRITE]}, {"actions": [WRITE]}])
    estate = world(trap, both, give("trapped", "Trap", RG), give("free", "Both", RG))
    assert can(estate) == {guid("free"): Answer.YES}


def test_what_one_role_takes_out_another_assignment_may_give() -> None:
    trap = role("Trap", ["*"], [WRITE])
    estate = world(trap, give("p", "Trap", RG), give("p", "Writer", STORE))
    (grant,) = who_can(estate, WRITE, ArmId(STORE)).grants
    assert grant.role.name == "Writer"


def test_an_owner_has_no_data_action() -> None:
    estate = world(give("boss", "Owner", SUB), give("app", "Secrets User", VAULT))
    assert can(estate, SECRET, VAULT) == {guid("app"): Answer.YES}
    assert can(estate, SECRET, VAULT, data=False) == {guid("boss"): Answer.YES}


def test_an_operation_nobody_knows_is_taken_for_a_control_action_and_said_so() -> None:
    answer = who_can(
        world(give("boss", "Owner", SUB)), "Microsoft.KeyVault/vaults/secrets/getSecre/action", ArmId(VAULT)
    )
    assert answer.planes == (False,)
    assert "did you mean Microsoft.KeyVault/vaults/secrets/getSecret/action?" in answer.notes[0]


def test_an_operation_that_only_a_custom_role_knows_is_taken_as_that_role_has_it() -> None:
    custom = role("Custom", data=["Contoso.X/y/act/action"])
    answer = who_can(world(custom, give("p", "Custom", RG)), "contoso.x/y/act/action", ArmId(RG))
    assert (answer.planes, told(answer)) == ((True,), {guid("p"): Answer.YES})


def test_an_operation_that_is_both_is_asked_on_both_planes() -> None:
    crypto = role("Crypto", data=["Microsoft.KeyVault/vaults/keys/*"])
    estate = world(crypto, give("p", "Crypto", VAULT), give("r", "Reader", RG))
    answer = who_can(estate, "Microsoft.KeyVault/vaults/keys/read", ArmId(VAULT))
    assert {(g.principal.id, g.data) for g in answer.grants} == {(guid("p"), True), (guid("r"), False)}


def test_wildcards_ask_for_any_operation_that_fits() -> None:
    answer = who_can(world(give("p", "Writer", RG)), "Microsoft.Storage/*/write", ArmId(STORE))
    (grant,) = answer.grants
    assert str(grant.allows) == WRITE
    assert answer.planes == (False, True)


# --- groups ----------------------------------------------------------------------------------------------------------


def test_members_of_a_group_have_what_the_group_has() -> None:
    estate = world(
        give("admins", "Writer", RG, "Group"), group("admins", "ann", nested("robots")), group("robots", "bot")
    )
    assert can(estate) == {guid(name): Answer.YES for name in ("admins", "ann", "robots", "bot")}
    grants = {g.principal.id: g for g in who_can(estate, WRITE, ArmId(STORE)).grants}
    assert "is a member of group admins" in grants[guid("bot")].chain(ArmId(STORE))
    (held,) = what_can(estate, guid("bot")).holdings
    assert held.says == "Writer at resource group rg, through group admins"


def test_members_that_are_not_in_the_snapshot_are_a_gap() -> None:
    estate = world(give("admins", "Writer", RG, "Group"))
    answer = who_can(estate, WRITE, ArmId(STORE))
    assert told(answer) == {guid("admins"): Answer.YES}
    (gap,) = answer.gaps
    assert gap.permission == "GroupMember.Read.All"
    (gap,) = what_can(estate, guid("ann")).gaps
    assert "which holds Writer at resource group rg, may have it as a member" in gap.because


def test_groups_that_hold_nothing_at_the_scope_are_no_gap() -> None:
    estate = world(give("admins", "Writer", STORE, "Group"))
    assert what_can(estate, guid("ann"), ArmId(VAULT)).gaps == ()
    assert len(what_can(estate, guid("ann"), ArmId(RG), below=True).gaps) == 1


def test_groups_in_a_circle_come_to_an_end() -> None:
    estate = world(
        give("a", "Writer", RG, "Group"),
        group("a", nested("b")),
        group("b", nested("a"), "ann"),
        give("ann", "Reader", RG),
    )
    assert set(can(estate)) == {guid("a"), guid("b"), guid("ann")}
    assert len(what_can(estate, guid("ann")).holdings) == 2


def test_all_groups_of_a_principal_may_be_told_instead_of_all_members() -> None:
    told_above: Doc = {
        "id": f"/providers/Microsoft.Graph/servicePrincipals/{guid('app')}",
        "type": "Microsoft.Graph/servicePrincipals",
        "displayName": "app",
        "transitiveMemberOf": [{"id": guid("admins")}],
    }
    estate = world(told_above, give("admins", "Writer", RG, "Group"), give("others", "Owner", RG, "Group"))
    found = what_can(estate, guid("app"))
    assert [h.says for h in found.holdings] == [f"Writer at resource group rg, through group {guid('admins')}"]
    assert found.gaps == ()


# --- not for good, not for everything --------------------------------------------------------------------------------


def test_conditions_are_reported_and_not_evaluated() -> None:
    own = role("Delegate", permissions=[{"actions": [WRITE], "condition": "@Request[x] StringEquals 'y'"}])
    estate = world(own, give("p", "Writer", RG, condition="((x))"), give("q", "Delegate", RG))
    assert can(estate) == {guid("p"): Answer.CONDITIONAL, guid("q"): Answer.CONDITIONAL}
    chains = [g.chain(ArmId(STORE))[-1] for g in who_can(estate, WRITE, ArmId(STORE)).grants]
    assert sorted(chains) == ["if ((x))", "if @Request[x] StringEquals 'y'"]
    assert all(h.conditional for name in "pq" for h in what_can(estate, guid(name)).holdings)


def test_an_unconditional_permission_set_is_found_before_a_conditional_one() -> None:
    mixed = role("Mixed", permissions=[{"actions": ["*"], "condition": "c"}, {"actions": [WRITE]}])
    estate = world(mixed, give("p", "Mixed", RG))
    assert can(estate) == {guid("p"): Answer.YES}
    effective = access_of(estate).effective(guid("p"), ArmId(STORE))
    assert (str(effective.certain), effective.conditional.control.contains("a/b")) == (WRITE, True)


def test_eligible_is_not_standing() -> None:
    estate = world(give("p", "Writer", RG, list_="roleEligibilityScheduleInstances"))
    assert can(estate) == {guid("p"): Answer.ELIGIBLE}
    (held,) = what_can(estate, guid("p")).holdings
    assert held.says == "Writer at resource group rg, eligible only"
    effective = access_of(estate).effective(guid("p"), ArmId(STORE))
    assert (str(effective.certain), str(effective.eligible)) == ("nothing", WRITE)


def test_activated_is_told_apart_from_standing() -> None:
    assigned = give("p", "Writer", RG)
    instance: Doc = {
        "id": f"{RG}/providers/Microsoft.Authorization/roleAssignmentScheduleInstances/{guid('i')}",
        "type": "Microsoft.Authorization/roleAssignmentScheduleInstances",
        "properties": {"assignmentType": "Activated", "originRoleAssignmentId": assigned["id"].upper()},
    }
    (held,) = what_can(world(assigned, instance), guid("p")).holdings
    assert held.assignment.hold is Hold.ACTIVATED
    assert held.says.endswith("activated for a while")
    kept = dict(instance, properties={**instance["properties"], "assignmentType": "Assigned"})
    (held,) = what_can(world(assigned, kept), guid("p")).holdings
    assert held.assignment.hold is Hold.STANDING


def test_only_the_directory_tells_that_a_principal_is_deleted() -> None:
    gone: Doc = {
        "id": f"/providers/Microsoft.Graph/users/{guid('left')}",
        "type": "Microsoft.Graph/users",
        "displayName": "Left",
        "deletedDateTime": "2026-01-01T00:00:00Z",
    }
    estate = world(
        gone, give("left", "Writer", RG, "User"), give("lost", "Writer", RG, "Unknown"), give("p", "Writer", RG)
    )
    access = access_of(estate)
    gone_ones = {a.principal for a in access.assignments if access.principal_of(a).deleted}
    assert gone_ones == {guid("left")}
    # Azure writes Unknown of new guests and during outages too, so nothing follows from it.
    existence = access.principal(guid("lost")).existence
    assert existence is not None
    assert "is not known" in existence.because
    assert access.principal(guid("left")).label == "user Left (deleted)"


# --- denials ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("denial", "expected", "why"),
    [
        (deny("d", RG, ["*/write"]), "denied", "for everybody, from above"),
        (deny("d", STORE, [WRITE]), "denied", "at the scope"),
        (deny("d", VAULT, ["*"]), Answer.YES, "elsewhere"),
        (deny("d", RG, ["*/read"]), Answer.YES, "something else"),
        (deny("d", RG, data=["*"]), Answer.YES, "the other plane"),
        (deny("d", RG, ["*"], doNotApplyToChildScopes=True), Answer.YES, "the group itself only"),
        (deny("d", STORE, ["*"], doNotApplyToChildScopes=True), "denied", "this scope itself"),
        (deny("d", RG, ["*"], principals=[{"id": guid("p"), "type": "ServicePrincipal"}]), "denied", "for this one"),
        (deny("d", RG, ["*"], principals=[{"id": guid("q"), "type": "User"}]), Answer.YES, "for another"),
        (deny("d", RG, ["*"], excludePrincipals=[{"id": guid("p").upper(), "type": "x"}]), Answer.YES, "spared"),
        (deny("d", RG, ["*"], excludePrincipals=[EVERYONE]), Answer.YES, "everybody spared"),
        (deny("d", RG, ["*"], principals=[{"id": guid("team"), "type": "Group"}]), "denied", "for a group it is in"),
        (deny("d", RG, ["*"], principals=[{"id": guid("empty"), "type": "Group"}]), Answer.YES, "a group it is not in"),
        (deny("d", RG, ["*"], principals=[{"id": guid("dark"), "type": "Group"}]), Answer.UNKNOWN, "a group unread"),
        (deny("d", RG, ["*"], excludePrincipals=[{"id": guid("dark"), "type": "Group"}]), Answer.UNKNOWN, "spared?"),
        (deny("d", RG, ["*"], condition="x"), Answer.UNKNOWN, "a condition on the denial"),
        (deny("d", RG, ["a" * 400]), Answer.UNKNOWN, "a pattern that is not evaluated"),
        (
            deny("d", RG, ["a" * 400], principals=[{"id": guid("q"), "type": "User"}]),
            Answer.YES,
            "a pattern that is not evaluated, but for another",
        ),
    ],
)
def test_a_deny_assignment_takes_away_what_it_denies_from_whom_it_means(denial: Doc, expected: Any, why: str) -> None:
    estate = world(denial, give("p", "Writer", RG), group("team", "p"), group("empty"))
    answer = who_can(estate, WRITE, ArmId(STORE))
    if expected == "denied":
        assert told(answer) == {}, why
        assert [(r.grant.principal.id, r.denial.name) for r in answer.refused] == [(guid("p"), "d")], why
    else:
        assert told(answer) == {guid("p"): expected}, why


def test_a_denial_may_leave_a_part_of_what_was_asked() -> None:
    estate = world(deny("d", RG, ["Microsoft.Storage/*/delete"]), give("p", "Owner", RG))
    (grant,) = who_can(estate, "Microsoft.Storage/*", ArmId(STORE), data=False).grants
    assert "except Microsoft.Storage/*/delete" in str(grant.allows)
    effective = access_of(estate).effective(guid("p"), ArmId(STORE))
    assert str(effective.certain) == "* except Microsoft.Storage/*/delete"


# --- not known -------------------------------------------------------------------------------------------------------


def test_without_the_assignments_nothing_is_known() -> None:
    with pytest.raises(NotKnown) as caught:
        who_can(world(reads=(refused("Microsoft.Authorization/roleAssignments"),)), WRITE, ArmId(STORE))
    assert caught.value.unknown.permission == "Microsoft.Authorization/roleAssignments/read"


@pytest.mark.parametrize(
    ("documents", "reads", "permission", "why"),
    [
        ((give("p", "Gone", RG),), (), "Microsoft.Authorization/roleDefinitions/read", "the definition is not there"),
        (
            (give("p", "Gone", RG),),
            (refused("Microsoft.Authorization/roleDefinitions"),),
            "Microsoft.Authorization/roleDefinitions/read",
            "the definitions could not be read",
        ),
        ((give("p", "Odd", RG), role("Odd", ["x" * 400])), (), None, "a pattern that is not evaluated"),
        (
            (give("p", "Bare", RG), {**role("Bare"), "properties": {"roleName": "Bare"}}),
            (),
            "Microsoft.Authorization/roleDefinitions/read",
            "a definition without its permissions",
        ),
    ],
)
def test_a_role_that_is_not_known_is_a_gap_with_its_reason(
    documents: tuple[Doc, ...], reads: tuple[Read, ...], permission: str | None, why: str
) -> None:
    estate = world(*documents, reads=reads)
    answer = who_can(estate, WRITE, ArmId(STORE))
    assert told(answer) == {}, why
    assert [gap.permission for gap in answer.gaps] == [permission], why
    (held,) = what_can(estate, guid("p")).holdings
    assert isinstance(held.role, Unknown), why
    effective = access_of(estate).effective(guid("p"), ArmId(STORE))
    assert [gap.permission for gap in effective.gaps] == [permission], why


def test_unread_eligibility_and_denials_are_said() -> None:
    estate = world(
        give("p", "Writer", RG),
        reads=(
            refused("Microsoft.Authorization/roleEligibilityScheduleInstances"),
            refused("Microsoft.Authorization/denyAssignments"),
        ),
    )
    answer = who_can(estate, WRITE, ArmId(STORE))
    assert told(answer) == {guid("p"): Answer.UNKNOWN}
    assert answer.grants[0].doubts[0].permission == "Microsoft.Authorization/denyAssignments/read"
    assert [gap.permission for gap in answer.gaps] == ["Microsoft.Authorization/roleEligibilityScheduleInstances/read"]
    assert len(what_can(estate, guid("p")).gaps) == 1
    effective = access_of(estate).effective(guid("p"), ArmId(STORE))
    assert len(effective.gaps) == 2


def test_documents_that_give_nothing_are_passed_over() -> None:
    empty: Doc = {"id": f"{RG}/providers/Microsoft.Authorization/roleAssignments/x", "properties": {"scope": RG}}
    assert can(world(empty)) == {}


def test_an_assignment_without_a_scope_holds_where_it_hangs() -> None:
    bare = give("p", "Writer", RG)
    del bare["properties"]["scope"]
    assert can(world(bare)) == {guid("p"): Answer.YES}
    denial = deny("d", RG, ["*"])
    del denial["properties"]["scope"]
    assert can(world(bare, denial)) == {}


def test_the_access_of_an_estate_is_made_once() -> None:
    estate = world(give("p", "Writer", RG))
    assert access_of(estate) is access_of(estate)


def test_what_a_principal_holds_at_a_scope_and_below() -> None:
    estate = world(give("p", "Writer", STORE), give("p", "Reader", SUB))
    assert [h.role_name for h in what_can(estate, guid("p"), ArmId(RG)).holdings] == ["Reader"]
    assert [h.role_name for h in what_can(estate, guid("p"), ArmId(RG), below=True).holdings] == ["Reader", "Writer"]
    assert [h.role_name for h in what_can(estate, guid("p")).holdings] == ["Reader", "Writer"]


def test_an_identity_is_called_by_its_name() -> None:
    site = carrier("Microsoft.Web/sites", "app", "id-app")
    estate = world(identity("id-app"), site, give("id-app", "Writer", RG))
    (grant,) = who_can(estate, WRITE, ArmId(STORE)).grants
    assert grant.principal.label == "identity id-app"
    assert [c.name for c in grant.principal.carriers] == ["app"]


def test_an_identity_is_known_by_what_carries_it_where_it_is_not_in_the_snapshot_itself() -> None:
    elsewhere = carrier("Microsoft.Web/sites", "app", "id-hub")
    unfinished = {**identity("id-new"), "properties": {}}
    system = carrier("Microsoft.Compute/virtualMachines", "vm") | {
        "identity": {"type": "SystemAssigned", "principalId": guid("vm")}
    }
    nameless = carrier("Microsoft.Web/sites", "half", "id-half")
    nameless["identity"]["userAssignedIdentities"] = {identity("id-half")["id"]: {"principalId": ""}, "odd": None}
    access = access_of(world(elsewhere, unfinished, system, nameless))
    assert access.principal(guid("id-hub")).label == "identity id-hub"
    assert access.principal(guid("vm")).label == "identity vm"
    assert [p.name for p in access.directory.known()] == ["id-hub", "vm"]


def test_a_permission_set_names_no_pattern_for_what_it_does_not_allow() -> None:
    role_ = access_of(world()).roles.get(guid("Writer"))
    assert not isinstance(role_, Unknown)
    assert role_.sets[0].granting("a/b", data=False) is None


def test_a_management_group_that_may_not_be_above_is_a_doubt_and_a_gap() -> None:
    other: Doc = {
        "id": "/subscriptions/22222222-2222-2222-2222-222222222222",
        "type": "Microsoft.Resources/subscriptions",
    }
    here: Doc = {"id": SUB, "type": "Microsoft.Resources/subscriptions"}
    estate = world(here, other, give("p", "Writer", MG))
    assert can(estate) == {guid("p"): Answer.UNKNOWN}
    found = what_can(estate, guid("p"), ArmId(STORE))
    assert (found.holdings, [gap.permission for gap in found.gaps]) == (
        (),
        ["Microsoft.Management/managementGroups/read"],
    )
    assert len(what_can(estate, guid("p")).holdings) == 1
