"""Rights that no role assignment gives: access policies of vaults against a list of what they allow, and Lighthouse."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.access.blast_radius import blast_radius
from auditor.access.effective import access_of, who_can
from auditor.access.escalation import data_access, who_reaches
from auditor.access.federation import federated
from auditor.access.grants import Answer
from auditor.access.paths_to import paths_to
from auditor.access.role_definitions import Roles, built_in_guids
from auditor.estate import Estate
from auditor.model import ArmId, Unknown
from tests.builders.access_worlds import RG, SUB, VAULT, deny, give, guid, identity, role
from tests.builders.estates import WHOLE, estate_of

GET, SET, DECRYPT = (
    f"Microsoft.KeyVault/vaults/{name}"
    for name in ("secrets/getSecret/action", "secrets/setSecret/action", "keys/decrypt/action")
)
OPERATIONS = (GET, SET, DECRYPT)
ROLES = (
    role("Secrets", data=["Microsoft.KeyVault/vaults/secrets/*"]),
    role("Writer", ["Microsoft.KeyVault/vaults/write"]),
)
SECRET = f"{VAULT}/secrets/db"


def vault(rbac: object, *policies: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = {"accessPolicies": list(policies)}
    if rbac is not None:
        body["enableRbacAuthorization"] = rbac
    return {"id": VAULT, "type": "Microsoft.KeyVault/vaults", "name": "kv", "properties": body}


def policy(principal: str, **permissions: list[str]) -> dict[str, Any]:
    return {"objectId": guid(principal), "tenantId": guid("t"), "permissions": permissions}


def able(estate: Estate, operation: str, scope: str = VAULT, below: bool = False) -> dict[str, Answer]:
    answer = access_of(estate).who_can(operation, ArmId(scope), True, below)
    return {grant.principal.id: grant.answer for grant in answer.grants}


# --- the law ---------------------------------------------------------------------------------------------------------

_WORDS = {"get": {GET}, "Get": {GET}, "set": {SET}, "all": {GET, SET}, "list": set()}
_KEYS = {"decrypt": {DECRYPT}, "all": {DECRYPT}, "get": set()}
_PEOPLE = ("p0", "p1")
_SCOPES = (SUB, RG, VAULT, SECRET)


@settings(max_examples=60, deadline=None)
@given(
    st.booleans(),
    st.lists(
        st.tuples(
            st.sampled_from(_PEOPLE),
            st.lists(st.sampled_from(sorted(_WORDS))),
            st.lists(st.sampled_from(sorted(_KEYS))),
        ),
        max_size=3,
    ),
    st.lists(st.tuples(st.sampled_from(_PEOPLE), st.sampled_from(_SCOPES)), max_size=3),
    st.sampled_from([None, VAULT, RG]),
)
def test_who_can_at_a_vault_is_what_its_mode_its_policies_and_its_roles_come_to(
    rbac: bool, policies: list[tuple[str, list[str], list[str]]], roles: list[tuple[str, str]], denied: str | None
) -> None:
    held = [give(who, "Secrets", scope, description=str(number)) for number, (who, scope) in enumerate(roles)]
    for number, document in enumerate(held):
        document["id"] += f"-{number}"
    stops = [deny("d", denied, data=[SET])] if denied else []
    made = [policy(who, secrets=words, keys=keys) for who, words, keys in policies]
    estate = estate_of([*ROLES, vault(rbac, *made), *held, *stops], reads=(WHOLE,))
    for below in (False, True):
        for operation in OPERATIONS:
            found = able(estate, operation, below=below)
            for who in _PEOPLE:
                by_policy = not rbac and any(
                    p == who
                    and operation in {o for w in words for o in _WORDS[w]} | {o for k in keys for o in _KEYS[k]}
                    for p, words, keys in policies
                )
                places = {VAULT, RG, SUB} | ({SECRET} if below else set())
                by_role = rbac and operation in (GET, SET) and any(p == who and at in places for p, at in roles)
                stopped = denied is not None and operation == SET
                assert (found.get(guid(who)) is Answer.YES) == ((by_policy or by_role) and not stopped)


# --- cases -----------------------------------------------------------------------------------------------------------


def test_a_vault_that_does_not_state_its_mode_goes_by_access_policies() -> None:
    estate = estate_of([*ROLES, vault(None, policy("p", secrets=["get"])), give("q", "Secrets", RG)], reads=(WHOLE,))
    assert able(estate, GET) == {guid("p"): Answer.YES}


def test_a_mode_that_is_not_known_makes_roles_and_policies_doubtful() -> None:
    estate = estate_of([*ROLES, vault("maybe", policy("p", secrets=["get"])), give("q", "Secrets", RG)], reads=(WHOLE,))
    assert able(estate, GET) == {guid("p"): Answer.UNKNOWN, guid("q"): Answer.UNKNOWN}


@pytest.mark.parametrize(("rbac", "expected"), [(False, {"w"}), (True, set())])
def test_who_writes_a_vault_with_access_policies_gives_itself_its_secrets(rbac: bool, expected: set[str]) -> None:
    estate = estate_of([*ROLES, vault(rbac), give("w", "Writer", RG)], reads=(WHOLE,))
    found, _ = who_reaches(estate, [ArmId(VAULT)], kinds=frozenset({"secrets"}))
    assert {reach.grant.principal.id for reach in found} == {guid(name) for name in expected}


def test_a_policy_stands_in_the_chain() -> None:
    estate = estate_of([*ROLES, vault(False, policy("p", secrets=["all"]))], reads=(WHOLE,))
    (grant,) = who_can(estate, GET, ArmId(VAULT), True).grants
    assert grant.chain(ArmId(VAULT))[1:] == ("is assigned an access policy at kv", "permission all")
    assert str(grant.assignment.evidence[0].place.pointer) == "/properties/accessPolicies/0/objectId"


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("AbacRepositoryPermissions", {}),
        ("LegacyRegistryPermissions", {guid("p"): Answer.YES}),
        (None, {guid("p"): Answer.YES}),
    ],
)
def test_a_registry_that_goes_by_repositories_does_not_honour_its_old_roles(
    mode: str | None, expected: dict[str, Answer]
) -> None:
    registry = f"{RG}/providers/Microsoft.ContainerRegistry/registries/cr"
    body = {"roleAssignmentMode": mode} if mode else {}
    pull = "Microsoft.ContainerRegistry/registries/pull/read"
    documents = [
        role("Pull", [pull]),
        {"id": registry, "type": "Microsoft.ContainerRegistry/registries", "properties": body},
    ]
    answer = who_can(estate_of([*documents, give("p", "Pull", RG)], reads=(WHOLE,)), pull, ArmId(registry), False)
    assert {grant.principal.id: grant.answer for grant in answer.grants} == expected


def lighthouse(*authorizations: dict[str, Any]) -> list[dict[str, Any]]:
    offer = f"{SUB}/providers/Microsoft.ManagedServices/registrationDefinitions/{guid('offer')}"
    registration = f"{SUB}/providers/Microsoft.ManagedServices/registrationAssignments/{guid('registration')}"
    return [
        {
            "id": offer,
            "type": "Microsoft.ManagedServices/registrationDefinitions",
            "properties": {"authorizations": list(authorizations)},
        },
        {
            "id": registration,
            "type": "Microsoft.ManagedServices/registrationAssignments",
            "properties": {"registrationDefinitionId": offer},
        },
    ]


def test_what_lighthouse_delegates_counts_on_the_control_plane_and_never_on_the_data_plane() -> None:
    everything = role("Everything", ["*"], data=["*"])
    documents = lighthouse(
        {"principalId": guid("msp"), "principalIdDisplayName": "ops", "roleDefinitionId": guid("Everything")}
    )
    estate = estate_of([everything, vault(True), *documents], reads=(WHOLE,))
    (grant,) = who_can(estate, "Microsoft.KeyVault/vaults/write", ArmId(VAULT), False).grants
    assert grant.principal.label == "principal of another tenant ops"
    assert able(estate, GET) == {}


# --- roles of Cosmos DB ----------------------------------------------------------------------------------------------

COSMOS = f"{RG}/providers/Microsoft.DocumentDB/databaseAccounts/cosmos"
READ_ITEMS = "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/items/read"
CREATE_ITEMS = "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/items/create"
READER, CONTRIBUTOR = (f"00000000-0000-0000-0000-00000000000{n}" for n in (1, 2))
ACCOUNT = {"id": COSMOS, "type": "Microsoft.DocumentDB/databaseAccounts", "name": "cosmos", "properties": {}}


def sql_role(name: str, *data: str) -> dict[str, Any]:
    return {
        "id": f"{COSMOS}/sqlRoleDefinitions/{guid(name)}",
        "type": "Microsoft.DocumentDB/databaseAccounts/sqlRoleDefinitions",
        "properties": {"roleName": name, "type": "CustomRole", "permissions": [{"dataActions": list(data)}]},
    }


def sql_given(who: str, role_id: str, scope: str = COSMOS) -> dict[str, Any]:
    return {
        "id": f"{COSMOS}/sqlRoleAssignments/{guid(who + role_id + scope)}",
        "type": "Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments",
        "properties": {
            "principalId": guid(who),
            "roleDefinitionId": f"{COSMOS}/sqlRoleDefinitions/{role_id}",
            "scope": scope,
        },
    }


@pytest.mark.parametrize(
    ("given_role", "documents", "operation", "expected"),
    [
        (READER, [], READ_ITEMS, Answer.YES),
        (READER, [], CREATE_ITEMS, None),
        (CONTRIBUTOR, [], CREATE_ITEMS, Answer.YES),
        (guid("Own"), [sql_role("Own", READ_ITEMS)], READ_ITEMS, Answer.YES),
        (guid("Own"), [sql_role("Own", READ_ITEMS)], CREATE_ITEMS, None),
    ],
)
def test_roles_of_cosmos_db_give_its_data(
    given_role: str, documents: list[dict[str, Any]], operation: str, expected: Answer | None
) -> None:
    estate = estate_of([ACCOUNT, *documents, sql_given("p", given_role)], reads=(WHOLE,))
    assert able(estate, operation, COSMOS) == ({guid("p"): expected} if expected else {})
    assert able(estate, operation, RG) == {}


def test_a_role_of_cosmos_db_at_a_container_is_seen_from_the_account() -> None:
    place = f"{COSMOS}/dbs/chat/colls/history"
    estate = estate_of([ACCOUNT, sql_given("p", CONTRIBUTOR, place)], reads=(WHOLE,))
    assert able(estate, READ_ITEMS, COSMOS) == {}
    assert able(estate, READ_ITEMS, COSMOS, below=True) == {guid("p"): Answer.YES}
    reaches, _ = who_reaches(estate, [ArmId(COSMOS)])
    assert {reach.grant.principal.id for reach in reaches} == {guid("p")}


def test_no_role_of_azure_gives_data_of_cosmos_db() -> None:
    owner = role("Data", data=["*"])
    estate = estate_of([ACCOUNT, owner, give("p", "Data", RG)], reads=(WHOLE,))
    assert able(estate, READ_ITEMS, COSMOS) == {}


def test_a_role_of_cosmos_db_that_is_not_read_leaves_open_who_reads_the_data() -> None:
    estate = estate_of([ACCOUNT, sql_given("p", guid("gone"))], reads=(WHOLE,))
    answer = access_of(estate).who_can(READ_ITEMS, ArmId(COSMOS), True)
    assert [gap.because for gap in answer.gaps] == [
        f"what role {guid('gone')} of cosmos allows is not in this snapshot"
    ]
    control = access_of(estate).who_can("Microsoft.DocumentDB/databaseAccounts/listKeys/action", ArmId(COSMOS), False)
    assert not control.gaps


def test_built_in_roles_are_known_without_their_definitions() -> None:
    roles = Roles(estate_of([], reads=(WHOLE,)))
    owner = roles.get("8e3af657-a8ff-443c-a75c-2fe8c4bcb635")
    assert not isinstance(owner, Unknown)
    assert owner.name == "Owner"
    assert len(built_in_guids()) > 900
    assert isinstance(roles.get(guid("unheard of")), Unknown)


def test_the_snapshots_own_definition_goes_before_azures() -> None:
    own = role("Owner")
    own["id"] = own["id"].replace(guid("Owner"), "8e3af657-a8ff-443c-a75c-2fe8c4bcb635")
    own["properties"]["permissions"] = [{"actions": ["a.b/c/read"]}]
    found = Roles(estate_of([own], reads=(WHOLE,))).get("8e3af657-a8ff-443c-a75c-2fe8c4bcb635")
    assert not isinstance(found, Unknown)
    assert not found.rights.control.contains("a.b/c/write")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Key Vault Reader", False), ("Reader", False), ("Managed Identity Contributor", True), ("AcrPush", True),
        ("AzureML Compute Operator", True), ("Virtual Machine Administrator Login", True),
        ("Container Registry Repository Writer", True), ("Container Registry Tasks Contributor", True),
        ("Monitoring Reader", False), ("Cognitive Services User", True),
    ],
)  # fmt: skip
def test_which_built_in_roles_reach_data(name: str, expected: bool) -> None:
    roles = Roles(estate_of([], reads=(WHOLE,)))
    found = next(r for r in map(roles.get, built_in_guids()) if not isinstance(r, Unknown) and r.name == name)
    assert (data_access(found.rights) is not None) == expected


def test_who_outside_can_act_as_an_identity() -> None:
    own = identity("id-app")
    credential = {
        "id": f"{own['id']}/federatedIdentityCredentials/gh",
        "type": "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
        "properties": {
            "issuer": "https://i",
            "claimsMatchingExpression": {"value": "claims['sub'] matches 'repo:o/*'"},
        },
    }
    (found,) = federated(estate_of([own, credential], reads=(WHOLE,)), ArmId(own["id"]))
    assert found.says == "subject claims['sub'] matches 'repo:o/*' of https://i, which stands for several subjects"


# --- ways to a place --------------------------------------------------------------------------------------------

FEDERATE = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write"


def chained() -> Estate:
    taking = role("Taking", [FEDERATE])
    held = [give("id-app", "Secrets", SECRET), give("dev", "Taking", RG, "User")]
    return estate_of([*ROLES, taking, vault(True), identity("id-app"), *held], reads=(WHOLE,))


def test_every_way_to_a_place_counts_who_can_take_over_one_that_reaches_it() -> None:
    paths, _ = paths_to(chained(), ArmId(VAULT))
    starts = {(path.start.id, tuple(step.escalation.operation for step in path.steps)) for path in paths}
    assert (guid("id-app"), (GET,)) in starts
    assert (guid("dev"), (FEDERATE, GET)) in starts


def test_a_way_to_a_place_is_a_step_of_the_blast_radius() -> None:
    estate = chained()
    for path in paths_to(estate, ArmId(VAULT))[0]:
        taken = {step.escalation.operation for step in blast_radius(estate, path.start.id).steps}
        assert {step.escalation.operation for step in path.steps} <= taken
