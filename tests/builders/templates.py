"""Templates in tests: small ones, and one that deploys a whole world."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

SCHEMAS = "https://schema.management.azure.com/schemas"
GROUP_SCHEMA = f"{SCHEMAS}/2019-04-01/deploymentTemplate.json#"
SUBSCRIPTION_SCHEMA = f"{SCHEMAS}/2018-05-01/subscriptionDeploymentTemplate.json#"
PARAMETERS_SCHEMA = f"{SCHEMAS}/2019-04-01/deploymentParameters.json#"

_ID = re.compile(r"/subscriptions/[^/]+/resourceGroups/([^/]+)(/providers/.+)?", re.IGNORECASE)
_MADE_BY_AZURE = ("id", "name", "type", "etag", "systemData", "resources")


def template(*resources: Any, **sections: Any) -> dict[str, Any]:
    """A template for a resource group."""
    return {"$schema": GROUP_SCHEMA, "contentVersion": "1.0.0.0", "resources": list(resources), **sections}


def parameters(**values: Any) -> dict[str, Any]:
    """A file of parameters."""
    stated = {name: {"value": value} for name, value in values.items()}
    return {"$schema": PARAMETERS_SCHEMA, "contentVersion": "1.0.0.0", "parameters": stated}


def of_world(world: Mapping[str, Any]) -> dict[str, Any]:
    """A template for the subscription that deploys every resource of a world that stands in a resource group."""
    groups: dict[str, list[Any]] = {}
    made: list[Any] = []
    for document in world["documents"]:
        found = _ID.fullmatch(document["id"])
        if found is None:
            continue
        if found[2] is None:
            about = {"name": found[1], "location": document.get("location")}
            made.append({"type": "Microsoft.Resources/resourceGroups", "apiVersion": "2022-09-01", **about})
        elif (resource := _resource(document, found[2])) is not None:
            groups.setdefault(found[1].casefold(), []).append(resource)
    made += [_deployment(name, resources) for name, resources in groups.items()]
    return {"$schema": SUBSCRIPTION_SCHEMA, "contentVersion": "1.0.0.0", "resources": made}


def azapi_plan_of(world: Mapping[str, Any]) -> dict[str, Any]:
    """A plan of Terraform that makes the same with the azapi provider."""
    changes = []
    for n, document in enumerate(world["documents"]):
        found = _ID.fullmatch(document["id"])
        if found is None or found[2] is None:
            continue
        scope, _, tail = document["id"].rpartition("/providers/")
        namespace, *pairs = tail.split("/")
        if len(pairs) % 2:
            continue
        parent = scope if len(pairs) == 2 else f"{scope}/providers/{namespace}/{'/'.join(pairs[:-2])}"
        body = {key: value for key, value in document.items() if key not in (*_MADE_BY_AZURE, *_OF_AZAPI)}
        values = {"type": f"{namespace}/{'/'.join(pairs[::2])}@2024-01-01", "name": pairs[-1], "parent_id": parent}
        values |= {key: document[key] for key in ("location", "tags") if document.get(key)}
        if document.get("identity"):
            body["identity"] = document["identity"]
        change = {
            "actions": ["create"],
            "before": None,
            "after": {**values, "body": body},
            "after_unknown": {"id": True},
        }
        about = {"address": f"azapi_resource.r{n}", "mode": "managed", "type": "azapi_resource"}
        changes.append({**about, "change": change})
    return {"format_version": "1.2", "terraform_version": "1.13.4", "resource_changes": changes}


_OF_AZAPI = ("location", "tags", "identity")


def _resource(document: Mapping[str, Any], path: str) -> dict[str, Any] | None:
    scope, _, tail = path.rpartition("/providers/")
    namespace, *pairs = tail.split("/")
    if len(pairs) % 2:
        return None
    body = {key: _escaped(value) for key, value in document.items() if key not in _MADE_BY_AZURE}
    type_, name = f"{namespace}/{'/'.join(pairs[::2])}", "/".join(pairs[1::2])
    stated = {"scope": scope.removeprefix("/providers/")} if scope else {}
    return {"type": type_, "apiVersion": "2024-01-01", "name": name, **stated, **body}


def _deployment(group: str, resources: list[Any]) -> dict[str, Any]:
    inside = {
        "mode": "Incremental",
        "expressionEvaluationOptions": {"scope": "inner"},
        "template": template(*resources),
    }
    about = {"type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": f"in-{group}"}
    return {**about, "resourceGroup": group, "properties": inside}


def _escaped(value: Any) -> Any:
    if isinstance(value, str):
        return f"[{value}" if value.startswith("[") and value.endswith("]") else value
    if isinstance(value, Mapping):
        return {key: _escaped(each) for key, each in value.items()}
    return [_escaped(each) for each in value] if isinstance(value, list) else value
