"""Every shape that az, Resource Manager and Resource Graph print gives its resources, and any other is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.snapshot.importing.merge import says_no_more
from tests.builders.imports import (
    SUBSCRIPTION,
    A,
    B,
    complaint,
    imported,
)
from tests.builders.snapshots import (
    NSG,
    VNET,
    G,
    S,
)

ML = f"{G}/providers/Microsoft.MachineLearningServices/workspaces/w"


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
            "0.json: this template needs --subscription and --resource-group",
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


def test_answers_that_do_not_contradict_each_other_are_one(tmp_path: Path) -> None:
    rules = [{"name": "x", "etag": "1", "properties": {"a": 1}}, {"name": "y", "properties": {}}]
    one = {**A, "etag": "1", "properties": {"securityRules": rules, "shown": {"old": True}}}
    again = [rules[1], {**rules[0], "etag": "2"}]
    other = {**A, "etag": "2", "properties": {"securityRules": again, "shown": {"new": [1]}}}
    both = {"securityRules": [{**rules[0], "etag": "2"}, rules[1]], "shown": {"new": [1], "old": True}}
    (document,) = imported(tmp_path, one, other).snapshot.documents
    assert document["properties"] == both
    assert document["etag"] == "2"


@pytest.mark.parametrize(
    "id_",
    [
        S[1:] + "/providers/Microsoft.Consumption/budgets/b",
        S[1:] + "/providers/microsoft.insights/diagnosticSettings/d",
        G[1:] + "/providers/Microsoft.CostManagement/exports/e",
    ],
)
def test_an_id_without_its_first_slash_is_one(tmp_path: Path, id_: str) -> None:
    budget = {"id": id_, "name": "b", "properties": {"amount": 1}}
    for content in ({"value": [budget]}, [budget], budget, {"predictedResources": [budget]}):
        assert [d["id"] for d in imported(tmp_path, content).snapshot.documents] == ["/" + id_]


def test_of_two_answers_that_contradict_each_other_both_places_are_named(tmp_path: Path) -> None:
    other = {**A, "id": NSG.upper(), "properties": {"securityRules": [{"name": "x"}]}}
    assert complaint(tmp_path, [B, A], f"\n {json.dumps(other)}") == (
        f'1.json:2:2: "{NSG.upper()}" differs from the document with the same id at 0.json:1:{len(json.dumps(B)) + 4}'
        " in properties/securityRules"
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
