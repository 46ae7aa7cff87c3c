"""What-if and `bicep snapshot`: what will be, until it is deployed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.model import Read
from tests.builders.imports import (
    VNETS,
    A,
    B,
    complaint,
    imported,
)
from tests.builders.snapshots import NSG, VNET, G


def _change(kind: str, **sides: Any) -> dict[str, Any]:
    return {"resourceId": VNET, "changeType": kind, "before": None, "after": None, "delta": None, **sides}


OLD, NEW = {**B, "properties": {"subnets": ["old"]}}, {**B, "apiVersion": "2024-01-01"}


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        (_change("Create", after=NEW), NEW),
        (_change("Modify", before=OLD, after=NEW), NEW),
        (_change("NoChange", before=OLD, after=NEW), NEW),
        (_change("NoChange", before=OLD), OLD),
        (_change("Ignore", before=OLD), OLD),
        (_change("Ignore", after=NEW), NEW),
        (_change("NoEffect", after=NEW), NEW),
        (_change("Deploy", after=NEW), NEW),
    ],
)
def test_a_plan_shows_what_will_be(tmp_path: Path, change: dict[str, Any], outcome: dict[str, Any]) -> None:
    for answer in ({"changes": [change], "status": "Succeeded"}, {"properties": {"changes": [change]}}):
        result = imported(tmp_path, answer)
        assert result.snapshot.documents == (outcome,)
        assert result.snapshot.source == "what-if"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_change("Unsupported", unsupportedReason="cannot be evaluated"), "cannot be evaluated"),
        (_change("Deploy"), 'what-if does not say what "deploy" leaves'),
        (_change("Modify", before=OLD), 'what-if does not say what "modify" leaves'),
        (_change("Something"), 'what-if does not say what "something" leaves'),
    ],
)
def test_what_a_plan_does_not_show_is_unread(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    result = imported(tmp_path, {"changes": [change]}, complete=True)
    assert result.snapshot.documents == ()
    assert result.snapshot.reads == (Read(VNET, "", 200, VNETS, VNET, error="NotPredicted", message=told),)


def test_what_is_there_already_is_replaced_or_deleted_by_a_plan(tmp_path: Path) -> None:
    subnet = {"id": f"{NSG}/securityRules/r", "properties": {}}
    changes = [_change("Modify", after=NEW), {"resourceId": NSG.lower(), "changeType": "Delete", "before": A}]
    kept = {"id": G, "name": "rg", "properties": {}}
    result = imported(tmp_path, [A, subnet, OLD, kept], {"changes": changes})
    assert result.snapshot.documents == (kept, NEW)
    assert result.snapshot.source == "what-if"


def test_a_plan_cannot_delete_everything(tmp_path: Path) -> None:
    for id_ in ("/", "", "[resourceId('x')]"):
        assert imported(tmp_path, A, {"changes": [{"resourceId": id_, "changeType": "Delete"}]}).snapshot.documents == (
            A,
        )


def test_a_bicep_snapshot_shows_what_will_be(tmp_path: Path) -> None:
    predicted = {"id": VNET, "type": "Microsoft.Network/virtualNetworks", "name": "vnet", "location": "l"}
    result = imported(tmp_path, {"predictedResources": [predicted], "diagnostics": []})
    # without properties it is no entry of a list: the template states none
    assert result.snapshot.documents == (predicted,)
    assert (result.snapshot.source, result.warnings) == ("what-if", ())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"changes": [7]}, "0.json:1:14: this change names no resourceId"),
        ({"changes": [{"changeType": "Create"}]}, "0.json:1:14: this change names no resourceId"),
        ({"predictedResources": [7]}, "0.json:1:25: this planned resource has no resolved id"),
    ],
)
def test_a_plan_that_names_no_ids_is_told(tmp_path: Path, content: Any, message: str) -> None:
    assert complaint(tmp_path, content) == message


SNAPSHOT_ONE = {"id": VNET, "type": "Microsoft.Network/virtualNetworks", "name": "vnet", "location": "l"}


@pytest.mark.parametrize(
    ("entry", "covers", "said"),
    [
        (
            {"type": "Microsoft.Graph/groups@v1.0", "import": {"provider": "MicrosoftGraph"}, "properties": {}},
            None,
            "Microsoft.Graph/groups of the extension MicrosoftGraph is no resource of Resource Manager and is set",
        ),
        (
            {"type": "core/Secret@v1", "extension": "kubernetes", "properties": {}},
            None,
            "core/Secret of the extension kubernetes",
        ),
        ({"id": "[format('/subscriptions/{0}', deployer().objectId)]", "type": "Microsoft.KeyVault/vaults"},
         "microsoft.keyvault/vaults", "the deployment determines"),
        ({"id": f"{G}/providers/Microsoft.KeyVault/vaults/[newGuid()]", "type": "Microsoft.KeyVault/vaults"},
         "microsoft.keyvault/vaults", "the deployment determines"),
        ({"id": "[resourceId(subscription().subscriptionId, 'rg', 'A.B/c', 'd')]", "type": "A.B/c"},
         "a.b/c", "--subscription-id and --resource-group"),
        ({"type": "Microsoft.KeyVault/vaults", "name": "[utcNow()]"}, "microsoft.keyvault/vaults", "it has no id"),
    ],
)  # fmt: skip
def test_an_entry_without_a_final_id_is_set_aside_and_the_rest_is_taken(
    tmp_path: Path, entry: dict[str, Any], covers: str | None, said: str
) -> None:
    result = imported(tmp_path, {"predictedResources": [SNAPSHOT_ONE, entry], "diagnostics": []}, complete=True)
    assert result.snapshot.documents == (SNAPSHOT_ONE,)
    (warning,) = result.warnings
    assert said in warning
    assert [r.covers for r in result.snapshot.reads if not r.answered] == ([] if covers is None else [covers])


def test_a_change_of_an_extension_is_set_aside(tmp_path: Path) -> None:
    entry = {"changeType": "Create", "symbolicName": "grp", "extension": {"name": "MicrosoftGraph"}, "after": {}}
    result = imported(tmp_path, {"changes": [_change("Create", after=NEW), entry]})
    assert result.snapshot.documents == (NEW,)
    assert "grp of the extension MicrosoftGraph" in result.warnings[0]


def test_what_hangs_on_a_condition_is_not_predicted(tmp_path: Path) -> None:
    answer = {
        "changes": [_change("Create", after=NEW)],
        "potentialChanges": [{"resourceId": NSG, "changeType": "Create"}],
    }
    result = imported(tmp_path, answer, complete=True)
    assert [r.path for r in result.snapshot.reads if not r.answered] == [NSG]


def test_a_resource_that_a_plan_deploys_twice_is_merged_in_order(tmp_path: Path) -> None:
    first = {**SNAPSHOT_ONE, "properties": {"a": 1, "b": {"x": 1, "y": [1, 2]}}}
    second = {**SNAPSHOT_ONE, "id": VNET.upper(), "properties": {"b": {"y": [3]}, "c": 4}}
    result = imported(tmp_path, {"predictedResources": [first, second]})
    (document,) = result.snapshot.documents
    assert document["properties"] == {"a": 1, "b": {"x": 1, "y": [3]}, "c": 4}
    assert "deploys" in result.warnings[0]
    assert imported(tmp_path, {"predictedResources": [first, first]}).warnings == ()


def test_children_that_stand_in_their_parent_are_resources(tmp_path: Path) -> None:
    child = {"type": "subnets", "name": "a", "properties": {"addressPrefix": "10.0.0.0/24"}}
    whole = {"type": "Microsoft.Network/virtualNetworks/subnets", "name": "vnet/b", "properties": {}}
    extension = {"type": "Microsoft.Insights/diagnosticSettings", "name": "d", "properties": {}}
    result = imported(tmp_path, {"predictedResources": [{**SNAPSHOT_ONE, "resources": [child, whole, extension]}]})
    assert sorted(str(d["id"]).removeprefix(VNET) for d in result.snapshot.documents) == [
        "",
        "/providers/Microsoft.Insights/diagnosticSettings/d",
        "/subnets/a",
        "/subnets/b",
    ]


@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize("kind", ["Modify", 5])
def test_the_what_if_of_powershell_is_taken(tmp_path: Path, kind: object, as_text: bool) -> None:
    side: Any = json.dumps(NEW) if as_text else NEW
    change = {
        "Scope": G,
        "FullyQualifiedResourceId": VNET,
        "ChangeType": kind,
        "Before": None,
        "After": side,
        "Delta": None,
    }
    result = imported(tmp_path, {"Status": "Succeeded", "Changes": [change]})
    assert result.snapshot.documents == (NEW,)
    assert result.snapshot.planned
    lost = imported(tmp_path, {"Changes": [{**change, "After": [[[[]]]]}]})
    assert lost.snapshot.documents == ()
    assert "loses its names" in lost.warnings[0]


def test_a_stack_and_a_validation_say_that_they_show_no_settings(tmp_path: Path) -> None:
    stack = {
        "id": f"{G}/providers/Microsoft.Resources/deploymentStacks/s",
        "properties": {},
        "resources": [{"id": VNET}],
    }
    result = imported(tmp_path, stack)
    assert [r.error for r in result.snapshot.reads if not r.answered] == ["NoProperties"]
    assert "a deployment stack names 1 resources" in result.warnings[0]
    made = {
        "id": f"{G}/providers/Microsoft.Resources/deployments/d",
        "properties": {"validatedResources": [{"id": VNET}]},
    }
    result = imported(tmp_path, made)
    assert result.snapshot.planned
    assert [(r.error, r.path) for r in result.snapshot.reads if not r.answered] == [("NotPredicted", VNET)]


def test_what_psrule_expands_from_a_template_is_a_plan(tmp_path: Path) -> None:
    result = imported(tmp_path, [{**SNAPSHOT_ONE, "_PSRule": {"path": "resources[0]"}}])
    assert result.snapshot.documents == (SNAPSHOT_ONE,)
    assert result.snapshot.planned


@pytest.mark.parametrize(
    "id_",
    [
        "[extensionResourceId('{G}', 'Microsoft.Authorization/roleAssignments', guid(reference('x').principalId))]",
        "[format('{G}/providers/Microsoft.Authorization/roleAssignments/{{0}}', guid(newGuid()))]",
        "[concat('{G}', '/providers/Microsoft.Authorization/roleAssignments/', guid(deployer().objectId))]",
        "{G}/providers/Microsoft.Authorization/roleAssignments/[guid(reference('x').principalId)]",
    ],
)
def test_a_role_assignment_with_a_computed_name_is_not_lost(id_: str, tmp_path: Path) -> None:
    """What it gives to whom is stated, and a breach; its name says nothing."""
    role = {
        "id": id_.replace("{G}", G).replace("{{0}}", "{0}"),
        "type": "Microsoft.Authorization/roleAssignments",
        "name": "[guid()]",
        "properties": {"roleDefinitionId": "r", "principalId": "p"},
    }
    made = imported(tmp_path, {"predictedResources": [role]})
    (document,) = made.snapshot.documents
    assert document["id"].startswith(f"{G}/providers/Microsoft.Authorization/roleAssignments/")
    assert document["properties"] == role["properties"]
    assert not [read for read in made.snapshot.reads if read.error]
    assert any("stands for it" in each for each in made.warnings)
    other = {**role, "properties": {"roleDefinitionId": "q", "principalId": "p"}}
    assert len(imported(tmp_path, {"predictedResources": [role, other]}).snapshot.documents) == 2


@pytest.mark.parametrize(
    "id_",
    [
        "[extensionResourceId(reference('x').id, 'Microsoft.Authorization/roleAssignments', guid('a'))]",
        "[reference('x').id]",
        "[broken(",
        "/subscriptions/[x]/providers/Microsoft.Authorization/roleAssignments/[guid('a')]",
    ],
)
def test_a_role_assignment_whose_scope_is_not_known_is_set_aside(id_: str, tmp_path: Path) -> None:
    role = {"id": id_, "type": "Microsoft.Authorization/roleAssignments", "name": "n", "properties": {}}
    made = imported(tmp_path, {"predictedResources": [role]})
    assert not made.snapshot.documents
    assert [read for read in made.snapshot.reads if read.error]


VAULT = f"{G}/providers/Microsoft.KeyVault/vaults/kv"


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize(
    ("id_", "key"),
    [
        (f"{G}/providers/Microsoft.Resources/deploymentStacks/s", "resources"),
        (f"{G}/providers/Microsoft.Resources/deployments/d", "outputResources"),
    ],
)
def test_what_a_stack_or_deployment_names_is_there_and_unread(id_: str, key: str, nested: bool, tmp_path: Path) -> None:
    """A stack lists what it manages where templates list children: these are no documents without settings."""
    named = {key: [{"id": VAULT, "status": "managed", "denyStatus": "none"}]}
    stated = {"id": id_, "name": "s", "type": "x", **({"properties": named} if nested else named)}
    made = imported(tmp_path, stated)
    assert [each["id"] for each in made.snapshot.documents] == [id_]
    (read,) = [each for each in made.snapshot.reads if each.error]
    assert (read.scope, read.error) == (VAULT, "NoProperties")


def test_an_object_that_powershell_took_apart_is_unknown(tmp_path: Path) -> None:
    change = {"FullyQualifiedResourceId": VAULT, "ChangeType": "Create", "After": {"CliXml": "x", "Properties": []}}
    made = imported(tmp_path, {"Changes": [change]})
    assert not made.snapshot.documents
    assert [each.scope for each in made.snapshot.reads if each.error] == [VAULT]


@pytest.mark.parametrize(
    "plan",
    [
        {"changes": [], "status": "Succeeded"},
        {"changes": None, "status": "Succeeded"},
        {"changes": [{"resourceId": VAULT, "changeType": "Delete", "before": {"id": VAULT}}]},
        {"predictedResources": [{"type": "Microsoft.Graph/applications@v1.0", "import": "MicrosoftGraph"}]},
    ],
)
def test_a_plan_that_leaves_nothing_says_so(plan: Any, tmp_path: Path) -> None:
    assert complaint(tmp_path, plan).startswith("0.json: this plan leaves no resource of its own")


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"Id": VAULT, "Name": "kv"}, "this is an object of PowerShell"),
        ({"@level": "info", "@message": "Terraform 1.9"}, "this is the log of `terraform plan -json`"),
        ({"parameters": {"a": {"value": 1}}}, "these are the parameters of a template"),
    ],
)
def test_forms_of_others_are_named(value: Any, says: str, tmp_path: Path) -> None:
    assert says in complaint(tmp_path, value)
