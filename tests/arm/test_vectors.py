"""Documented results of functions and whole templates (tests/fixtures/arm)."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from auditor.arm import Expansion, Fault, Scope, Unknown, expand, value_of

FIXTURES = Path(__file__).parents[1] / "fixtures" / "arm"
VECTORS: list[Mapping[str, Any]] = json.loads((FIXTURES / "function-vectors.json").read_text(encoding="utf-8"))[
    "vectors"
]
TEMPLATES: list[Mapping[str, Any]] = json.loads((FIXTURES / "template-vectors.json").read_text(encoding="utf-8"))[
    "templates"
]


def scope_of(stated: Mapping[str, Any] | None) -> Scope:
    told = stated or {}
    return Scope(
        kind=told.get("kind", "resourceGroup"),
        subscription=told.get("subscriptionId", ""),
        group=told.get("resourceGroup", ""),
        location=told.get("location", ""),
        tenant=told.get("tenantId", ""),
        management_group=told.get("managementGroup", ""),
    )


def plain(value: Any) -> Any:
    """The value with unknowns in the form of the fixtures."""
    if isinstance(value, Unknown):
        return {"$unknown": value.text}
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


def expanded(vector: Mapping[str, Any]) -> Expansion:
    files = vector.get("linked", {})
    return expand(
        vector["template"],
        vector["parameters"],
        scope_of(vector["scope"]),
        "main.json",
        lambda path, _: (path, files[path]) if path in files else None,
    )


def agrees(vector: Mapping[str, Any]) -> bool:
    found = value_of(vector["expression"], vector["parameters"], scope_of(vector.get("context")))
    if "error" in vector:
        return isinstance(found, Fault)
    if "unknown" in vector:
        return isinstance(found, Unknown)
    # As JSON, for 1 is no true, and keys have no order.
    return json.dumps(plain(found), sort_keys=True) == json.dumps(vector["result"], sort_keys=True)


def test_there_are_as_many_vectors_as_there_were() -> None:
    assert len(VECTORS) == 702
    assert len(TEMPLATES) == 39


def test_every_function_gives_its_documented_result() -> None:
    wrong = [each["expression"] for each in VECTORS if not agrees(each)]
    assert not wrong


@pytest.mark.parametrize("vector", TEMPLATES, ids=lambda each: each["name"])
def test_a_template_resolves_to_its_documents(vector: Mapping[str, Any]) -> None:
    expected, found = vector["expect"], expanded(vector)
    if "error" in expected:
        assert found.faults or found.missing
        return
    assert not found.faults
    bodies = [
        {**plain(each.body), **({"condition": plain(each.condition)} if each.condition else {})}
        for each in found.resources
    ]
    assert len(bodies) == len(expected.get("resources", []))
    for wanted in expected.get("resources", []):
        body = next(each for each in bodies if each["id"] == wanted["id"])
        if wanted["type"] == "Microsoft.Resources/deployments":
            # Of a deployment the fixture shows its place alone.
            assert all(body[key] == wanted[key] for key in ("id", "type", "name"))
        else:
            assert body == wanted
    assert sorted(found.skipped) == sorted(expected.get("skipped", []))
    assert sorted(found.existing) == sorted(expected.get("existing", []))
    assert plain(found.outputs) == expected.get("outputs", {})


def test_expanding_twice_is_the_same() -> None:
    for vector in TEMPLATES:
        assert expanded(vector) == expanded(vector)
