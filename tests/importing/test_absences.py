"""What an import proves to be absent, and what comes of snapshots that are imported again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.estate.coverage import Coverage
from auditor.model import ArmId, AuditorError, Read, Unknown
from auditor.snapshot import read_snapshot, write_snapshot
from auditor.snapshot.importing import Imported, gather
from auditor.snapshot.importing.files import inputs_of
from auditor.snapshot.importing.gather import INHERITED
from tests.builders.imports import (
    SUBSCRIPTION,
    VNETS,
    A,
    B,
    imported,
)
from tests.builders.snapshots import (
    NSG,
    VNET,
    G,
    S,
    snapshot,
    written,
)

NEXT = "https://management.azure.com" + S + "/providers/Microsoft.Network/virtualNetworks?$skiptoken=x"
ML = f"{G}/providers/Microsoft.MachineLearningServices/workspaces/w"
ML_TYPE = "microsoft.machinelearningservices/workspaces"


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
