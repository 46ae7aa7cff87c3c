"""What no rule judges is named where it is seen."""

from __future__ import annotations

from typing import Any

from auditor.audit.beside import beside
from auditor.estate import build_estate
from auditor.facts import load
from auditor.workload.parts import workloads
from tests import worlds
from tests.cases.change import changed

ACCOUNT = "{group}/providers/Microsoft.CognitiveServices/accounts/foundry"


def notes(*added: dict[str, Any]) -> list[str]:
    world = changed({"world": "compliant", "add": [dict(document) for document in added]})
    estate = build_estate(worlds.snapshot(world.documents, worlds.whole(world.scope), world.name))
    return list(beside(workloads(estate), estate))


def account(**properties: Any) -> dict[str, Any]:
    return {"id": ACCOUNT, "kind": "AIServices", "properties": {"publicNetworkAccess": "Disabled", **properties}}


def test_a_world_of_the_architecture_has_nothing_beside_it() -> None:
    assert notes() == []


def test_projects_and_what_belongs_to_them_are_named() -> None:
    project = {"id": f"{ACCOUNT}/projects/assistant", "properties": {"displayName": "Assistant"}}
    connection = {"id": f"{ACCOUNT}/projects/assistant/connections/search", "properties": {"authType": "ApiKey"}}
    assert notes(account(allowProjectManagement=True), project, connection) == [
        "projects of Foundry (assistant) are there: they are not judged",
        "connections of Foundry projects (search) are there: they are not judged",
    ]


def test_projects_that_do_not_show_are_named_too() -> None:
    (note,) = notes(account(allowProjectManagement=True))
    assert note == "foundry may have projects, which this snapshot does not show: they are not judged"
    assert notes(account()) == []


def test_endpoints_of_other_kinds_are_named_with_what_is_judged() -> None:
    workspace = "{group}/providers/Microsoft.MachineLearningServices/workspaces/mlw-aibase"
    (note,) = notes(*({"id": f"{workspace}/batchEndpoints/b{n}", "properties": {}} for n in range(7)))
    assert note == "batch endpoints (b0, b1, b2, b3, b4 and 2 more) are there: of them only who reaches them is judged"


def test_each_kind_stands_once() -> None:
    kinds = [row["type"] for row in load("not-judged")["kinds"]]
    assert len(set(kinds)) == len(kinds)
    assert all(kind == kind.casefold() for kind in kinds)
