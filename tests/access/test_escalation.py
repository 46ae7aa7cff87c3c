"""Operations that reach further than they look: who holds them, and what an identity leads to."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.access.blast_radius import BlastRadius, blast_radius
from auditor.access.escalation import (
    data_access,
    escalations,
    who_reaches,
    worst,
    worst_operation,
)
from auditor.access.grants import Answer
from auditor.access.known_operations import planes_of
from auditor.estate import Estate
from auditor.facts import load
from auditor.model import ArmId, Read
from auditor.sets.operation_set import OperationSet, Rights
from tests.builders.access_worlds import (
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
    role,
)
from tests.builders.estates import WHOLE, estate_of

ROLES = (
    role("Owner", ["*"]),
    role("Contributor", ["*"], ["Microsoft.Authorization/*/write", "Microsoft.Authorization/*/delete"]),
    role("Reader", ["*/read"]),
    role("Runner", ["Microsoft.Compute/virtualMachines/runCommand/action"]),
    role("Deployer", ["Microsoft.Web/sites/config/write"]),
    role("Pusher", ["Microsoft.ContainerRegistry/registries/push/write"]),
    role("Scientist", ["Microsoft.MachineLearningServices/workspaces/*/write"]),
    role("Assigner", ["Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action"]),
    role("Hoster", ["Microsoft.Web/sites/write"]),
    role("Secrets", data=["Microsoft.KeyVault/vaults/secrets/*"]),
    role("Keys", ["Microsoft.Storage/storageAccounts/listKeys/action"]),
)
ML = "Microsoft.MachineLearningServices/workspaces"
REGISTRY = f"{RG}/providers/Microsoft.ContainerRegistry/registries/cr"
VM = f"{RG}/providers/Microsoft.Compute/virtualMachines/vm"
PARTS: tuple[Doc, ...] = (
    carrier("Microsoft.Compute/virtualMachines", "vm", "id-vm"),
    carrier("Microsoft.Web/sites", "app", "id-app"),
    carrier(
        "Microsoft.Web/sites",
        "boxed",
        "id-boxed",
        properties={"siteConfig": {"linuxFxVersion": "DOCKER|cr.azurecr.io/x"}},
    ),
    carrier(ML, "mlw", "id-mlw", properties={"containerRegistry": REGISTRY}),
    carrier(f"{ML}/computes", "mlw/ci", "id-ci"),
    carrier(f"{ML}/onlineEndpoints", "mlw/ept", "id-ept"),
    {"id": REGISTRY, "type": "Microsoft.ContainerRegistry/registries", "name": "cr", "properties": {}},
    {"id": VAULT, "type": "Microsoft.KeyVault/vaults", "name": "kv", "properties": {"enableRbacAuthorization": True}},
    {"id": STORE, "type": "Microsoft.Storage/storageAccounts", "name": "st", "properties": {}},
    *(identity(name) for name in ("id-vm", "id-app", "id-boxed", "id-mlw", "id-ci", "id-ept", "id-other")),
)


def world(*documents: Doc, reads: tuple[Read, ...] = (), parts: tuple[Doc, ...] = PARTS) -> Estate:
    return estate_of([*ROLES, *parts, *documents], reads=(WHOLE, *reads))


def steps(radius: BlastRadius) -> list[tuple[int, str, str, str]]:
    """Depth, who, what it gives, on what."""
    return [(s.depth, s.principal.name or "start", s.escalation.gives, s.target.name) for s in radius.steps]


def reached(radius: BlastRadius) -> set[str]:
    return {principal.name for principal in radius.reached}


# --- the table -------------------------------------------------------------------------------------------------------


def test_every_row_of_the_table_is_an_operation_of_its_plane() -> None:
    for row in escalations():
        planes = planes_of(row.operation)
        assert not planes or row.data in planes, row.operation
        assert row.gives in load("escalation")["gives"]
        assert row.on == "*" or row.operation.lower().startswith(row.on), row.operation
        assert row.why
    assert len({(row.operation, row.data) for row in escalations()}) == len(escalations())
    assert [row.rank for row in escalations()] == sorted(row.rank for row in escalations())


@pytest.mark.parametrize(
    ("actions", "data", "expected", "why"),
    [
        (["*"], [], "Microsoft.Authorization/roleAssignments/write", "control is the worst"),
        (["*/read"], [], None, "reading gives nothing of the table"),
        (["Microsoft.Storage/*"], [], "Microsoft.Storage/storageAccounts/listKeys/action", "keys"),
        ([], ["Microsoft.KeyVault/vaults/*"], "Microsoft.KeyVault/vaults/secrets/getSecret/action", "secrets"),
        ([], ["*"], "Microsoft.Compute/virtualMachines/login/action", "a data action is one of the data plane"),
        (["Microsoft.KeyVault/vaults/secrets/getSecret/action"], [], None, "as a control action it gives nothing"),
    ],
)
def test_the_worst_operation_comes_first(actions: list[str], data: list[str], expected: str | None, why: str) -> None:
    row = worst(Rights(OperationSet.of(actions), OperationSet.of(data)))
    assert (row.operation if row else None) == expected, why


@pytest.mark.parametrize(
    ("rights", "expected", "why"),
    [
        (Rights(OperationSet.of(["Microsoft.Web/*"])), "Microsoft.Web/sites/config/write", "the table's"),
        (Rights(OperationSet.of(["Microsoft.Support/*"])), "Microsoft.Support/operationresults/read", "else a change"),
        (Rights(OperationSet.of(["Microsoft.Network/*/read"])), None, "else a known one"),
        (Rights(OperationSet.of(["Contoso.X/y"])), "contoso.x/y", "else any"),
        (Rights(data=OperationSet.of(["Contoso.X/y"])), "contoso.x/y", "of the data plane too"),
        (Rights(), None, "nothing of nothing"),
    ],
)
def test_something_is_named_even_where_the_table_has_nothing(rights: Rights, expected: str | None, why: str) -> None:
    operation = worst_operation(rights)
    if why == "else a change":
        assert operation is not None
        assert not operation.lower().endswith("/read")
    elif why == "else a known one":
        assert operation is not None
        assert planes_of(operation) == {False}
    else:
        assert operation == expected, why


@pytest.mark.parametrize(
    ("actions", "data", "expected", "why"),
    [
        (["*/read"], [], None, "a Reader reads settings"),
        (["*"], [], "Microsoft.Authorization/roleAssignments/write", "whoever can give itself a role"),
        (["Microsoft.Search/*"], [], "Microsoft.Search/searchServices/listAdminKeys/action", "keys open data"),
        ([], ["Microsoft.Storage/storageAccounts/queueServices/queues/messages/read"], None, "any data action counts"),
        ([], ["Contoso.X/*"], None, "of the workload's services"),
        (["Microsoft.CognitiveServices/accounts/raiPolicies/write"], [], None, "a filter is no data"),
    ],
)
def test_what_reaches_data(actions: list[str], data: list[str], expected: str | None, why: str) -> None:
    found = data_access(Rights(OperationSet.of(actions), OperationSet.of(data)))
    if why == "any data action counts":
        assert found == data[0]
    else:
        assert found == expected, why


# --- who reaches -----------------------------------------------------------------------------------------------------


def test_who_reaches_a_part_and_by_which_grant() -> None:
    estate = world(
        give("boss", "Owner", SUB),
        give("app", "Secrets", VAULT),
        give("key", "Keys", RG),
        give("viewer", "Reader", SUB),
    )
    found, gaps = who_reaches(estate, [ArmId(VAULT), ArmId(STORE)], meant=frozenset({guid("app")}))
    assert {r.grant.principal.id for r in found} == {guid("boss"), guid("key")}
    assert found[0].escalation.operation == "Microsoft.Authorization/roleAssignments/write"
    assert {r.escalation.operation for r in found if r.grant.principal.id == guid("key")} == {
        "Microsoft.Storage/storageAccounts/listKeys/action"
    }
    assert gaps == ()
    only, _ = who_reaches(estate, [ArmId(VAULT)], kinds=frozenset({"secrets"}))
    assert {r.grant.principal.id for r in only} == {guid("app")}


def test_a_row_counts_where_it_has_something_to_work_on() -> None:
    estate = world(give("runner", "Runner", SUB))
    assert who_reaches(estate, [ArmId(VAULT)])[0] == ()
    (reach,) = who_reaches(estate, [ArmId(RG)])[0]
    assert (reach.scope, reach.escalation.gives) == (ArmId(RG), "code")


def test_what_could_not_be_read_is_said() -> None:
    _, gaps = who_reaches(world(give("p", "Nobody knows", RG), give("g", "Owner", RG, "Group")), [ArmId(RG)])
    assert {gap.permission for gap in gaps} == {"Microsoft.Authorization/roleDefinitions/read", "GroupMember.Read.All"}


# --- blast radius ----------------------------------------------------------------------------------------------------


def test_an_identity_that_reads_secrets_leads_there_and_no_further() -> None:
    radius = blast_radius(world(give("id-app", "Secrets", VAULT)), guid("id-app"))
    assert steps(radius) == [(0, "id-app", "secrets", "kv")]
    assert reached(radius) == set()
    assert radius.start.label == "identity id-app"


def test_control_of_a_scope_implies_what_is_in_it() -> None:
    radius = blast_radius(world(give("id-app", "Owner", RG)), guid("id-app"))
    assert steps(radius) == [(0, "id-app", "control", "rg")]


def test_code_on_a_machine_is_its_identity() -> None:
    estate = world(give("id-app", "Runner", VM), give("id-vm", "Deployer", RG), give("id-boxed", "Secrets", VAULT))
    radius = blast_radius(estate, guid("id-app"))
    assert steps(radius) == [
        (0, "id-app", "code", "vm"),
        (1, "id-vm", "code", "app"),
        (1, "id-vm", "code", "boxed"),
        (2, "id-boxed", "secrets", "kv"),
    ]
    assert reached(radius) == {"id-vm", "id-boxed"}


def test_images_and_jobs_run_as_what_pulls_and_computes() -> None:
    radius = blast_radius(world(give("p", "Pusher", REGISTRY)), guid("p"))
    assert reached(radius) == {"id-ci", "id-ept", "id-boxed"}
    radius = blast_radius(world(give("p", "Scientist", RG)), guid("p"))
    assert reached(radius) == {"id-ci", "id-ept"}


def test_assigning_an_identity_takes_something_to_assign_it_to() -> None:
    assert blast_radius(world(give("p", "Assigner", RG)), guid("p")).steps == ()
    radius = blast_radius(world(give("p", "Assigner", RG), give("p", "Hoster", RG)), guid("p"))
    assert reached(radius) == {"id-vm", "id-app", "id-boxed", "id-mlw", "id-ci", "id-ept", "id-other"}


@pytest.mark.parametrize(
    ("kind", "name", "properties", "role_name", "leads", "why"),
    [
        ("Microsoft.Storage/storageAccounts", "st", {}, "Keys", True, "keys are taken unless that is switched off"),
        ("Microsoft.Storage/storageAccounts", "st", {"allowSharedKeyAccess": False}, "Keys", False, "switched off"),
        ("Microsoft.Storage/storageAccounts", "st", {"allowSharedKeyAccess": True}, "Keys", True, "said to be on"),
    ],
)
def test_keys_that_nothing_takes_lead_nowhere(
    kind: str, name: str, properties: dict[str, Any], role_name: str, leads: bool, why: str
) -> None:
    account = {"id": STORE, "type": kind, "name": name, "properties": properties}
    radius = blast_radius(world(give("p", role_name, RG), parts=(account,)), guid("p"))
    assert bool(radius.steps) is leads, why


def test_a_step_is_as_certain_as_its_grant() -> None:
    conditional = give("p", "Runner", RG, condition="x")
    later = give("q", "Runner", RG, list_="roleEligibilityScheduleInstances")
    estate = world(conditional, later, give("id-vm", "Secrets", VAULT))
    radius = blast_radius(estate, guid("p"))
    assert [s.answer for s in radius.steps] == [Answer.CONDITIONAL, Answer.YES]
    radius = blast_radius(estate, guid("q"))
    assert ([s.answer for s in radius.steps], reached(radius)) == ([Answer.ELIGIBLE], set()), "listed, not gone on from"


def test_a_deny_assignment_stops_a_step() -> None:
    stopped = deny("d", VM, ["Microsoft.Compute/*"])
    assert blast_radius(world(stopped, give("p", "Runner", RG)), guid("p")).steps == ()


def test_steps_through_a_group_are_its_members_too() -> None:
    estate = world(give("team", "Runner", RG, "Group"), group("team", "id-app"))
    (step,) = blast_radius(estate, guid("id-app")).steps
    assert "is a member of group team" in step.grant.chain(step.target)


def test_going_in_circles_ends() -> None:
    estate = world(give("id-vm", "Deployer", RG), give("id-app", "Runner", RG))
    radius = blast_radius(estate, guid("id-vm"))
    assert [(s.depth, s.principal.name, s.target.name) for s in radius.steps] == [
        (0, "id-vm", "app"),
        (0, "id-vm", "boxed"),
        (1, "id-app", "vm"),
    ]


def test_an_assignment_inside_of_a_target_is_a_step_there() -> None:
    container = f"{STORE}/blobServices/default/containers/c"
    reader = role("Blobs", data=["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"])
    (step,) = blast_radius(world(reader, give("p", "Blobs", container)), guid("p")).steps
    assert step.target == ArmId(container)


def test_gaps_of_every_identity_on_the_way_are_told() -> None:
    estate = world(give("p", "Runner", RG), give("id-vm", "Nobody knows", RG), give("g", "Owner", RG, "Group"))
    permissions = {gap.permission for gap in blast_radius(estate, guid("p")).gaps}
    assert permissions == {"Microsoft.Authorization/roleDefinitions/read", "GroupMember.Read.All"}
    assert not blast_radius(estate, guid("p")).cut_short
