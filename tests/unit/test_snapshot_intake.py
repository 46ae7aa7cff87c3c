"""Files to one snapshot: every shape that az, Resource Manager and Resource Graph print, and what proves an absence."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from auditor.graph.coverage import Coverage
from auditor.model import ArmId, AuditorError, Read, Unknown
from auditor.snapshot import read_snapshot, write_snapshot
from auditor.snapshot.intake import Imported, gather
from auditor.snapshot.intake.files import inputs_of
from auditor.snapshot.intake.gather import INHERITED
from auditor.snapshot.intake.merge import says_no_more
from tests.unit.snapshots import NSG, VNET, G, S, snapshot, written

SUBSCRIPTION = S.rpartition("/")[2]
A: dict[str, Any] = {"id": NSG, "name": "nsg", "properties": {"securityRules": []}}
B: dict[str, Any] = {"id": VNET, "name": "vnet", "properties": {"subnets": []}}
NEXT = "https://management.azure.com" + S + "/providers/Microsoft.Network/virtualNetworks?$skiptoken=x"
VNETS = "microsoft.network/virtualnetworks"
ML = f"{G}/providers/Microsoft.MachineLearningServices/workspaces/w"
ML_TYPE = "microsoft.machinelearningservices/workspaces"


def imported(folder: Path, *contents: Any, **options: Any) -> Imported:
    """Import files with these contents: JSON values, texts as they are, or bytes."""
    for number, content in enumerate(contents):
        data = content if isinstance(content, bytes) else _text(content).encode()
        (folder / f"{number}.json").write_bytes(data)
    return gather(inputs_of([str(folder)]), **{"as_of": "2026-11-22T00:00:00Z", **options})


def _text(content: Any) -> str:
    return content if isinstance(content, str) else json.dumps(content)


def complaint(folder: Path, *contents: Any) -> str:
    """The message that importing them ends in, without the folder."""
    with pytest.raises(AuditorError) as caught:
        imported(folder, *contents)
    assert caught.value.tip
    return caught.value.message.replace(f"{folder}/", "").replace(str(folder), "")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ([A, B], "a list"),
        ([[A], [[B]]], "lists of lists, as `--query` gives them"),
        ({"value": [A, B]}, "a page"),
        ({"value": [A, B], "nextLink": None}, "the last page"),
        ([{"value": [A]}, {"value": [B]}], "pages in a list"),
        ({"documents": [A, B]}, "documents without a format"),
        ({"count": 2, "data": [A, B], "skip_token": None, "total_records": 2}, "az graph query"),
        ({"data": [A, B], "resultTruncated": "false"}, "Resource Graph by REST"),
        (
            {
                "data": {
                    "columns": [{"name": "id"}, {"name": "name"}, {"name": "properties"}],
                    "rows": [list(A.values()), list(B.values())],
                }
            },
            "Resource Graph as a table",
        ),
        (f"{json.dumps(A)}\n{json.dumps(B)}\n", "one a line"),
        (f"{json.dumps(A, indent=2)}{json.dumps([B], indent=2)}", "one after another"),
        (f"\ufeff{json.dumps([A, B])}", "a byte order mark, as editors on Windows write it"),
        (json.dumps([A, B]).encode("utf-16"), "UTF-16, as PowerShell writes it"),
        ({"format": "arm-world/1", "subscriptionId": SUBSCRIPTION, "tenantId": "T", "documents": [A, B]}, "a world"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 60 else "",
)
def test_every_shape_gives_its_resources(tmp_path: Path, content: Any, why: str) -> None:
    assert list(imported(tmp_path, content).snapshot.documents) == [A, B], why


def test_one_resource_is_enough(tmp_path: Path) -> None:
    result = imported(tmp_path, A)
    assert result.snapshot.documents == (A,)
    assert (result.snapshot.source, result.snapshot.subscriptions) == ("import", (SUBSCRIPTION,))
    assert (result.types, result.files, result.redacted) == (1, 1, 0)


def test_a_subscription_as_az_account_prints_it_is_one(tmp_path: Path) -> None:
    account = {
        "id": SUBSCRIPTION,
        "name": "Contoso",
        "state": "Enabled",
        "tenantId": "T",
        "isDefault": True,
        "user": {},
    }
    result = imported(tmp_path, [account], A)
    assert result.snapshot.documents[0] == {
        "id": S,
        "subscriptionId": SUBSCRIPTION,
        "tenantId": "T",
        "displayName": "Contoso",
        "state": "Enabled",
    }
    assert result.snapshot.tenant == "T"


def test_what_could_be_a_secret_is_removed_and_counted(tmp_path: Path) -> None:
    result = imported(tmp_path, {**A, "properties": {"password": "x", "tip": "?sig=y"}})
    assert result.snapshot.documents[0]["properties"] == {"password": "(redacted)", "tip": "?sig=(redacted)"}
    assert result.redacted == 2


def test_a_resource_of_az_is_redacted_where_resource_manager_keeps_the_setting(tmp_path: Path) -> None:
    vault = f"{G}/providers/Microsoft.KeyVault/vaults/kv/secrets/s"
    result = imported(tmp_path, {"id": vault, "resourceGroup": "rg", "value": "S3CRET"})
    assert result.snapshot.documents[0]["properties"] == {"value": "(redacted)"}


NO_ID = "0.json:1:1: this is no resource, for it has no id that begins with /, nor a list of resources"
NO_ROWS = "0.json:1:10: expected the rows of a Resource Graph answer here"
TEMPLATE = "https://schema.management.azure.com/2019-04-01/deploymentTemplate.json#"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "0.json: the file is empty"),
        (" \n", "0.json: the file is empty"),
        ("ERROR: please run az login", '0.json:1:1: expected { or [ here, but found "E"'),
        ('"text"', '0.json:1:1: expected { or [ here, but found """'),
        (b"\x89PNG\r\n\x1a\n\0", "0.json: byte 8: this is no text file: it holds a zero byte"),
        (b"\xff\xfe{\x00\x00\xd8", "0.json: byte 4: this is no UTF-16, though the file begins with its mark"),
        ('[{"id": "/x",', "0.json:1:14: the file ends before the object of line 1 is closed"),
        ('{"id": "/x"}\nWARNING', '0.json:2:1: expected a value here, but found "W"'),
        ("[1]", "0.json:1:2: expected a resource or a list of resources here"),
        ([A, None], f"0.json:1:{len(json.dumps(A)) + 4}: expected a resource or a list of resources here"),
        ("[]", "0.json: there is no resource to import"),
        ({"value": []}, "0.json: there is no resource to import"),
        ({"name": "x"}, NO_ID),
        ({"value": {"a": 1}}, NO_ID),
        ('[{\n "x": 1},\n  {"id": "x"}]', NO_ID.replace("1:1", "1:2")),
        ({"id": "/"}, "0.json:1:1: this resource has an empty id"),
        ({"id": None}, NO_ID),
        (
            {"error": {"code": "AuthorizationFailed", "message": "m"}},
            '0.json:1:1: this is no resource but an error that Azure answered: "AuthorizationFailed"',
        ),
        (
            {"$schema": TEMPLATE, "resources": []},
            "0.json:1:1: this is a template, which holds no resources as they are",
        ),
        ({"data": 7}, NO_ROWS),
        ({"data": {"columns": [], "rows": 7}}, NO_ROWS),
        ({"data": {"columns": 7, "rows": []}}, NO_ROWS),
        (
            {"data": [{"id": NSG, "name": "n"}]},
            "0.json:1:11: this row of Resource Graph lacks the column id or properties",
        ),
        (
            {"data": {"columns": ["name"], "rows": [["n"]]}},
            "0.json:1:41: this row of Resource Graph lacks the column id or properties",
        ),
        ({"format": "other/1"}, '0.json:1:12: "other/1" is a format that this auditor does not know'),
        (
            {"format": "arm-world/2", "documents": []},
            '0.json:1:12: "arm-world/2" is a format that this auditor does not know',
        ),
        ({"format": "arm-world/1", "documents": []}, "0.json:1:1: this world names no subscriptionId"),
        (
            {"format": "arm-world/1", "subscriptionId": "s", "documents": [{}]},
            "0.json:1:64: this document of a world has no id that begins with /",
        ),
        (
            {"format": "auditor-snapshot/9"},
            '0.json:1:12: this snapshot has the format "auditor-snapshot/9"; this auditor reads "auditor-snapshot/1"',
        ),
        ({"format": "auditor-snapshot/1"}, '0.json:1:1: the snapshot has no field "collected_at"'),
        (
            {
                "id": f"{G}/providers/Microsoft.MachineLearningServices/workspaces/w",
                "resource_group": "rg",
                "creation_context": {},
            },
            f'0.json:1:1: "{ML[:119]}…" is not in the form of Resource Manager',
        ),
        ("[" * 100_000, "0.json:1:101: objects and lists are nested deeper than 100 levels"),
        ("[NaN]", "0.json:1:2: NaN is no JSON number"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_holds_no_resources_is_told(tmp_path: Path, content: Any, message: str) -> None:
    assert complaint(tmp_path, content) == message


def test_a_resource_that_becomes_too_deep_is_told(tmp_path: Path) -> None:
    deep: Any = 1
    for _ in range(98):
        deep = [deep]
    lifted = {"id": VNET, "resourceGroup": "rg", "etag": "e", "x": {"y": deep}}
    assert complaint(tmp_path, lifted) == "0.json:1:1: this resource nests deeper than 100 levels"


# --- the same resource twice ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("less", "more", "why"),
    [
        (A, A, "the same"),
        ({**A, "properties": {}}, A, "a list says less than a GET"),
        ({**A, "kind": None, "managedBy": ""}, {**A, "kind": "k"}, "null and empty say nothing"),
        ({**A, "id": NSG.lower(), "properties": None}, A, "letter case is no difference"),
        ({**A, "subscriptionId": SUBSCRIPTION, "tenantId": "t"}, {**A, "etag": "e"}, "columns of Resource Graph"),
        ({**A, "resourceGroup": "rg"}, {**A, "etag": "e"}, "what az adds"),
        ({"id": NSG, "name": "nsg", "type": "t", "location": "l"}, A, "an entry of the list of all resources"),
    ],
)
def test_of_two_answers_that_agree_the_fuller_is_kept(
    tmp_path: Path, less: dict[str, Any], more: dict[str, Any], why: str
) -> None:
    assert imported(tmp_path, less, more).snapshot.documents == (more,), why
    assert imported(tmp_path, more, less).snapshot.documents == (more,), why


@pytest.mark.parametrize("other", [{**A, "kind": None, "managedBy": ""}, {**A, "id": NSG.lower()}])
def test_of_two_that_say_the_same_the_same_one_is_kept_whatever_the_order(
    tmp_path: Path, other: dict[str, Any]
) -> None:
    kept = imported(tmp_path, A, other).snapshot.documents
    assert kept in ((A,), (other,))
    assert imported(tmp_path, other, A).snapshot.documents == kept


def test_of_two_answers_that_contradict_each_other_both_places_are_named(tmp_path: Path) -> None:
    other = {**A, "id": NSG.upper(), "properties": {"securityRules": [{"name": "x"}]}}
    assert complaint(tmp_path, [B, A], f"\n {json.dumps(other)}") == (
        f'1.json:2:2: "{NSG.upper()}" differs from the document with the same id at 0.json:1:{len(json.dumps(B)) + 4}'
    )


@pytest.mark.parametrize(
    ("less", "more", "so"),
    [
        ([], None, False),
        ({}, None, False),
        (None, [1], True),
        ([1], [1, 2], False),
        ([{"a": 1}], [{"a": 1, "b": 2}], True),
        ({"a": 1}, [], False),
        ([1], None, False),
        ("Tcp", "TCP", True),
        ("1", 1, False),
        (1, True, False),
        (1, 1.0, False),
        (False, False, True),
        ({"a": {"b": 1}}, {"a": None}, False),
    ],
)
def test_saying_no_more_is_told_value_by_value(less: Any, more: Any, so: bool) -> None:
    assert says_no_more(less, more) is so


# --- what an absence proves -----------------------------------------------------------------------------------------


def _gap(result: Imported, type_: str, under: str = "") -> Unknown | None:
    return Coverage(result.snapshot.reads).gap(type_, ArmId(under) if under else None)


def test_files_prove_no_absence_but_of_nothing_is_said_to_lie_elsewhere(tmp_path: Path) -> None:
    result = imported(tmp_path, {"value": [A, B]})
    assert _gap(result, "microsoft.network/bastionhosts") is not None
    assert _gap(result, VNETS, S) is not None
    assert Coverage(result.snapshot.reads).reaches(ArmId(NSG))
    assert result.whole == ()


@pytest.mark.parametrize("how", ["a world", "--complete"])
def test_a_whole_subscription_answers_for_everything_in_it_and_for_what_it_inherits(tmp_path: Path, how: str) -> None:
    world = {"format": "arm-world/1", "subscriptionId": SUBSCRIPTION.upper(), "documents": [A, B]}
    result = imported(tmp_path, world) if how == "a world" else imported(tmp_path, [A, B], complete=True)
    assert result.whole == (SUBSCRIPTION,)
    assert result.snapshot.reads[0] == Read("import", "", 200, "*", S, 2)
    for type_, under in [("microsoft.network/bastionhosts", ""), (VNETS, S), (f"{VNETS}/subnets", VNET)]:
        assert _gap(result, type_, under) is None
    for type_ in INHERITED:
        assert _gap(result, type_, "/providers/Microsoft.Management/managementGroups/m") is None
    assert _gap(result, VNETS, "/subscriptions/other") is not None


@pytest.mark.parametrize(
    ("link", "type_", "scope"),
    [
        (NEXT, VNETS, S),
        (NEXT.replace("/providers/", "/resourceGroups/rg/providers/"), VNETS, G),
        (f"https://x{ML}/computes?api-version=1", ML_TYPE + "/computes", ML),
        (f"https://x{S}/resourcegroups?x", "microsoft.resources/resourcegroups", S),
        # a link that tells nothing: then more of what came so far
        (f"https://x{S}/resources?x", VNETS, S),
        ("http://[", VNETS, S),
        # the path of a resource is no list
        (f"https://x{VNET}?x", VNETS, S),
        ("skip", VNETS, S),
    ],
)
def test_a_list_that_goes_on_elsewhere_is_unknown_even_when_all_is_said_to_be_there(
    tmp_path: Path, link: str, type_: str, scope: str
) -> None:
    result = imported(tmp_path, {"value": [B], "nextLink": link}, complete=True)
    assert not result.snapshot.complete
    gap = _gap(result, type_, scope)
    assert gap is not None
    assert gap.because == f"{type_} could not be read: Azure answered 200 (ListGoesOn)"
    assert len(result.warnings) == 1
    assert f"the list of {type_} goes on at its nextLink, which is not among the files" in result.warnings[0]


def test_the_last_page_beside_the_first_closes_the_list(tmp_path: Path) -> None:
    other = {**B, "id": VNET + "2"}
    result = imported(tmp_path, {"value": [B], "nextLink": NEXT}, {"value": [other]}, complete=True)
    assert result.snapshot.complete
    assert result.warnings == ()
    assert _gap(result, VNETS) is None


def test_the_end_of_another_list_closes_nothing(tmp_path: Path) -> None:
    elsewhere = {**B, "id": VNET.replace(SUBSCRIPTION, "other")}
    for last in ([elsewhere], [A], []):
        assert not imported(tmp_path, {"value": [B], "nextLink": NEXT}, {"value": last}).snapshot.complete


def test_an_open_list_of_children_hangs_on_their_parent(tmp_path: Path) -> None:
    subnet = {"id": f"{VNET}/subnets/a", "properties": {}}
    result = imported(tmp_path, {"value": [subnet], "nextLink": "x"}, complete=True)
    assert _gap(result, f"{VNETS}/subnets", VNET) is not None
    assert len(result.warnings) == 1
    # the network itself shows all its subnets
    result = imported(tmp_path, {"value": [subnet], "nextLink": "x"}, B, complete=True)
    assert [(each.covers, each.scope) for each in result.snapshot.reads if each.error] == [(f"{VNETS}/subnets", VNET)]
    assert _gap(result, VNETS) is None


def test_an_open_list_above_subscriptions_hangs_on_the_root(tmp_path: Path) -> None:
    role = {"id": "/providers/Microsoft.Authorization/roleDefinitions/r", "properties": {}}
    result = imported(tmp_path, {"value": [role], "nextLink": "x"})
    assert [each.scope for each in result.snapshot.reads] == ["/"]


@pytest.mark.parametrize("more", [{"skip_token": "x"}, {"$skipToken": "x"}, {"resultTruncated": "true"}])
def test_a_resource_graph_answer_that_was_cut_is_unknown(tmp_path: Path, more: dict[str, Any]) -> None:
    result = imported(tmp_path, {"data": [B], **more}, complete=True)
    assert _gap(result, VNETS) is not None
    assert not result.snapshot.complete


def test_a_resource_whose_settings_are_not_there_is_unread_not_set_to_defaults(tmp_path: Path) -> None:
    bare = {
        "id": VNET,
        "name": "vnet",
        "type": "Microsoft.Network/virtualNetworks",
        "location": "l",
        "resourceGroup": "rg",
    }
    result = imported(tmp_path, [A, bare], complete=True)
    assert result.snapshot.documents == (A,)
    failure = Coverage(result.snapshot.reads).failure(ArmId(VNET))
    assert failure is not None
    assert failure.because == f"{VNETS} could not be read: Azure answered 200 (NoProperties)"
    assert not result.snapshot.complete
    assert result.warnings[0].endswith("without its properties; read it with `az resource show --ids`")


# --- snapshots again ------------------------------------------------------------------------------------------------


def test_importing_a_snapshot_gives_the_same_file(tmp_path: Path) -> None:
    path = written(tmp_path, resource_groups=("rg",), complete=False, cloud="AzureUSGovernment", tenant="T")
    before = path.read_bytes()
    result = gather(inputs_of([str(path)]))
    assert result.remade
    write_snapshot(result.snapshot, path)
    assert path.read_bytes() == before


def test_an_edited_snapshot_becomes_a_sound_one_that_says_so(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.write_text(path.read_text().replace('"nsg"', '"renamed"'))
    result = gather(inputs_of([str(path)]))
    assert result.snapshot.source == "import"
    assert result.warnings == (f"{path}:1:1: this snapshot was edited since it was written",)
    write_snapshot(result.snapshot, path)
    assert read_snapshot(path).reads == snapshot().reads


def test_a_snapshot_with_sorted_keys_is_taken_too(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.write_text(json.dumps(json.loads(path.read_text()), sort_keys=True))
    assert gather(inputs_of([str(path)])).snapshot.source == "azure"


def test_a_snapshot_and_files_together_keep_the_reads_and_the_older_time(tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / "more.json").write_text(json.dumps({**A, "id": NSG + "2"}))
    result = gather(inputs_of([str(tmp_path)]))
    assert (result.snapshot.source, result.snapshot.collected_at) == ("import", "2026-11-22T10:00:00Z")
    assert set(snapshot().reads) < set(result.snapshot.reads)
    assert not result.remade
    assert len(result.snapshot.documents) == 3


def test_snapshots_of_two_clouds_are_not_mixed(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    written(tmp_path / "x", {**A, "id": NSG + "2"}, cloud="AzureChinaCloud")
    written(tmp_path)
    with pytest.raises(AuditorError, match="of different clouds: AzureChinaCloud, AzurePublicCloud"):
        gather(inputs_of([str(tmp_path)]))


def test_tenants_that_differ_are_not_made_one(tmp_path: Path) -> None:
    rows = [{**each, "subscriptionId": SUBSCRIPTION, "tenantId": tenant} for each, tenant in ((A, "t1"), (B, "T2"))]
    assert imported(tmp_path, rows).snapshot.tenant == ""
    assert imported(tmp_path, rows[:1]).snapshot.tenant == "t1"


# --- plans ----------------------------------------------------------------------------------------------------------


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
        (
            {"changes": [_change("Create", after={"name": "x"})]},
            f"0.json:1:{len(VNET) + 82}: this planned resource has no resolved id",
        ),
        ({"predictedResources": [{"id": "[format('x')]"}]}, "0.json:1:25: this planned resource has no resolved id"),
        ({"predictedResources": [7]}, "0.json:1:25: this planned resource has no resolved id"),
    ],
)
def test_a_plan_that_names_no_ids_is_told(tmp_path: Path, content: Any, message: str) -> None:
    assert complaint(tmp_path, content) == message


# --- which files ----------------------------------------------------------------------------------------------------


def _tree(folder: Path) -> None:
    (folder / "sub" / "deep").mkdir(parents=True)
    for name in ("b.json", "a.JSONL", "c.txt", "sub/a.json", "sub/deep/z.ndjson", "json"):
        (folder / name).write_text("{}")


def test_a_folder_means_its_json_files_in_order_of_name(tmp_path: Path) -> None:
    _tree(tmp_path)
    names = [each.name.removeprefix(f"{tmp_path}/") for each in inputs_of([str(tmp_path)])]
    assert names == ["a.JSONL", "b.json", "sub/a.json", "sub/deep/z.ndjson"]


def test_links_are_followed_to_files_inside_and_nowhere_else(tmp_path: Path) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    _tree(inside)
    (tmp_path / "secret.json").write_text("{}")
    (inside / "loop").symlink_to(inside)
    (inside / "up.json").symlink_to(tmp_path / "secret.json")
    (inside / "away").symlink_to(tmp_path)
    (inside / "same.json").symlink_to(inside / "b.json")
    (inside / "dangling.json").symlink_to(inside / "nothing.json")
    names = [each.name.removeprefix(f"{inside}/") for each in inputs_of([str(inside)])]
    assert names == ["a.JSONL", "b.json", "same.json", "sub/a.json", "sub/deep/z.ndjson"]


def test_the_file_to_be_written_is_not_taken_from_the_folder(tmp_path: Path) -> None:
    _tree(tmp_path)
    names = [each.name for each in inputs_of([str(tmp_path)], leave_out=tmp_path / "sub" / ".." / "b.json")]
    assert str(tmp_path / "b.json") not in names
    assert len(names) == 3


def test_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    path = str(written(tmp_path))
    assert [each.name for each in inputs_of([path, "-", path, "-"])] == [path, "<stdin>"]


def test_a_folder_without_json_is_told(tmp_path: Path) -> None:
    with pytest.raises(AuditorError, match="holds no file that ends in"):
        inputs_of([str(tmp_path)])


def test_a_folder_that_cannot_be_entered_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Any) -> Any:
        raise PermissionError(13, "Permission denied", str(tmp_path))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(AuditorError, match="the folder cannot be read: Permission denied"):
        inputs_of([str(tmp_path)])


def test_a_missing_file_and_an_impossible_name_are_told(tmp_path: Path) -> None:
    for name, why in (("no.json", "there is no such file"), ("a\0b", "embedded null byte")):
        with pytest.raises(AuditorError, match=why):
            gather(inputs_of([f"{tmp_path}/{name}"]))


def test_the_time_is_that_of_the_newest_file(tmp_path: Path) -> None:
    for name, when in (("a.json", 1_700_000_000), ("b.json", 1_600_000_000)):
        (tmp_path / name).write_text(json.dumps(A))
        os.utime(tmp_path / name, (when, when))
    assert gather(inputs_of([str(tmp_path)])).snapshot.collected_at == "2023-11-14T22:13:20Z"


def test_a_time_beyond_the_calendar_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.json").write_text(json.dumps(A))
    really = Path.stat

    def late(self: Path, **named: Any) -> Any:
        found = list(really(self, **named))
        return os.stat_result([*found[:8], 10**12, found[9]]) if self.name == "a.json" else os.stat_result(found)

    monkeypatch.setattr(Path, "stat", late)
    with pytest.raises(AuditorError, match="the time of the file cannot be told"):
        gather(inputs_of([str(tmp_path / "a.json")]))


def test_large_noise_is_refused_by_its_beginning(tmp_path: Path) -> None:
    for number, noise in enumerate((b'{"a": b', b"[" * 70_000, b"\xff\xff")):
        path = tmp_path / f"{number}.json"
        path.write_bytes(noise * (1 + (1 << 17) // len(noise)))
        with path.open("r+b") as stream:
            stream.truncate(200 << 20)
        with pytest.raises(AuditorError):
            gather(inputs_of([str(path)]))
