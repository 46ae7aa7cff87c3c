"""What lists and tables among the files are whole for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from auditor.estate.coverage import Coverage
from auditor.model import ArmId, Unknown
from auditor.snapshot.importing import Imported
from tests.builders.imports import SUBSCRIPTION, VNETS, A, B, imported
from tests.builders.snapshots import NSG, VNET, G, S

OTHER = {**B, "id": VNET.replace("/rg/", "/rg2/")}
ACCOUNTS = "microsoft.cognitiveservices/accounts"
ACCOUNT = {"id": f"{G}/providers/Microsoft.CognitiveServices/accounts/a", "name": "a", "properties": {}}
DEPLOYMENT = {"id": f"{ACCOUNT['id']}/deployments/d", "name": "d", "properties": {}}


def gap(result: Imported, type_: str, under: str = "") -> Unknown | None:
    return Coverage(result.snapshot.reads).gap(type_, ArmId(under) if under else None)


@pytest.mark.parametrize("content", [[B, OTHER], {"value": [B, OTHER]}, {"value": [B, OTHER], "nextLink": None}])
def test_a_list_of_one_type_is_whole_for_it_and_for_nothing_else(tmp_path: Path, content: Any) -> None:
    result = imported(tmp_path, content)
    assert gap(result, VNETS, S) is None
    assert gap(result, VNETS) is None
    assert gap(result, "microsoft.network/bastionhosts") is not None
    assert result.whole == ()
    assert [read.covers for read in result.lists] == [VNETS]


def test_a_list_that_shows_one_group_may_be_of_that_group_alone(tmp_path: Path) -> None:
    result = imported(tmp_path, [B])
    assert gap(result, VNETS, G) is None
    assert gap(result, VNETS, S) is not None


def test_a_list_of_children_is_whole_for_their_parent(tmp_path: Path) -> None:
    result = imported(tmp_path, [ACCOUNT], [DEPLOYMENT])
    assert gap(result, f"{ACCOUNTS}/deployments", ACCOUNT["id"]) is None
    assert gap(result, f"{ACCOUNTS}/deployments", f"{ACCOUNT['id']}2") is not None


@pytest.mark.parametrize(
    "content", [B, [A, B], {"value": [B], "nextLink": "https://x/y"}, {"data": [B]}, f"{B}".replace("'", '"')]
)
def test_what_is_no_whole_list_of_one_type_proves_nothing(tmp_path: Path, content: Any) -> None:
    assert gap(imported(tmp_path, content), VNETS, G) is not None


def row(document: dict[str, Any]) -> dict[str, Any]:
    return {**document, "subscriptionId": SUBSCRIPTION, "tenantId": "t"}


@pytest.mark.parametrize("as_rows", [False, True])
def test_what_resource_graph_cannot_hold_is_unknown_whatever_is_stated(tmp_path: Path, as_rows: bool) -> None:
    rows = [row(B), row(ACCOUNT)]
    result = imported(tmp_path, rows if as_rows else {"data": rows}, complete=True)
    assert gap(result, VNETS, S) is None
    assert gap(result, "microsoft.network/bastionhosts") is None
    for type_ in (
        "microsoft.insights/diagnosticsettings",
        f"{ACCOUNTS}/deployments",
        "microsoft.authorization/roleassignments",
    ):
        assert type_ in result.not_held
        assert gap(result, type_) is not None, type_
    # there is no workspace, so nothing of one is missed
    assert "microsoft.machinelearningservices/workspaces/computes" not in result.not_held


def test_a_table_that_was_asked_and_a_kind_that_another_file_shows_are_not_missed(tmp_path: Path) -> None:
    role = {"id": f"{S}/providers/Microsoft.Authorization/roleAssignments/r", "properties": {}}
    result = imported(tmp_path, {"data": [row(ACCOUNT), row(role)]}, [DEPLOYMENT], complete=True)
    for type_ in (
        "microsoft.authorization/roleassignments",
        "microsoft.authorization/roledefinitions",
        f"{ACCOUNTS}/deployments",
    ):
        assert type_ not in result.not_held
        assert gap(result, type_) is None, type_


def test_an_inventory_keeps_what_nothing_else_reads(tmp_path: Path) -> None:
    strange = {"id": f"{G}/providers/Contoso.Odd/things/t", "name": "t", "type": "Contoso.Odd/things", "location": "l"}
    bare = {"id": NSG, "name": "nsg", "type": "Microsoft.Network/networkSecurityGroups", "location": "l"}
    result = imported(tmp_path, {"value": [strange, bare]}, complete=True)
    assert result.snapshot.documents == (strange,)
    assert [read.path for read in result.snapshot.reads if read.error] == [NSG]
