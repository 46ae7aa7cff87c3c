"""Expanding a template as large as the largest of Microsoft's: 3 MB, 190 nested deployments, by symbolic names.

The template is made here in the manner of what the Bicep compiler writes for verified modules: definitions, nullable
parameters, loops over role assignments and diagnostic settings, outputs that others take as parameters. Prints one JSON
object a line: seconds and peak memory of the expansion alone, and of a whole `auditor import`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

SUBSCRIPTION = "a1a1a1a1-1111-4111-8111-111111111111"
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
OUTER = 95
"""Modules of the main template; each deploys one more."""

_WORDS = "What this parameter is for, in as many words as the descriptions of modules have. "


def template() -> dict[str, Any]:
    """The main template, whose modules take the outputs of the one before."""
    resources = {f"module{n}": _deployment(f"module-{n}", _module(depth=1), n) for n in range(OUTER)}
    return {
        "$schema": SCHEMA,
        "languageVersion": "2.0",
        "contentVersion": "1.0.0.0",
        "parameters": {"prefix": {"type": "string", "defaultValue": "bench"}},
        "resources": resources,
    }


def _deployment(name: str, inside: dict[str, Any], n: int) -> dict[str, Any]:
    before = f"[reference('module{n - 1}').outputs.resourceId.value]" if n else "none"
    roles = [{"principalId": f"00000000-0000-4000-8000-{n:012d}", "role": "Reader"} for n in range(3)]
    parameters = {
        "name": {"value": f"[format('{{0}}-{{1}}', parameters('prefix'), {n})]"},
        "tags": {"value": {"after": before}},
        "roleAssignments": {"value": roles},
    }
    options = {"scope": "inner"}
    properties = {"mode": "Incremental", "expressionEvaluationOptions": options, "parameters": parameters}
    about = {"type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": name}
    return {**about, "properties": {**properties, "template": inside}}


def _module(depth: int) -> dict[str, Any]:
    definitions = {
        f"type{n}": {
            "type": "object",
            "properties": {
                f"property{m}": {"type": "string", "nullable": True, "metadata": {"description": _WORDS * 2}}
                for m in range(5)
            },
            "metadata": {"description": _WORDS},
        }
        for n in range(8)
    }
    role = {
        "type": "object",
        "properties": {"principalId": {"type": "string"}, "role": {"type": "string"}},
        "nullable": True,
    }
    parameters = {
        "name": {"type": "string"},
        "prefix": {"type": "string", "defaultValue": "inner"},
        "location": {"type": "string", "defaultValue": "[resourceGroup().location]"},
        "tags": {"type": "object", "nullable": True},
        "roleAssignments": {"type": "array", "items": role, "nullable": True},
        **{
            f"setting{n}": {"$ref": f"#/definitions/type{n % 8}", "nullable": True, "metadata": {"description": _WORDS}}
            for n in range(20)
        },
    }
    store = "Microsoft.Storage/storageAccounts"
    resources: dict[str, Any] = {
        "store": {
            "type": store,
            "apiVersion": "2023-05-01",
            "name": "[take(toLower(replace(concat(parameters('name'), variables('unique')), '-', '')), 24)]",
            "location": "[parameters('location')]",
            "tags": "[parameters('tags')]",
            "properties": {
                f"setting{n}": f"[coalesce(tryGet(parameters('setting{n}'), 'property0'), variables('default'))]"
                for n in range(20)
            },
        },
        "roles": {
            "copy": {"name": "roles", "count": "[length(coalesce(parameters('roleAssignments'), createArray()))]"},
            "type": "Microsoft.Authorization/roleAssignments",
            "apiVersion": "2022-04-01",
            "scope": f"[format('{store}/{{0}}', resourceInfo('store').name)]",
            "name": "[guid(resourceGroup().id, parameters('roleAssignments')[copyIndex()].principalId)]",
            "properties": {"principalId": "[parameters('roleAssignments')[copyIndex()].principalId]"},
        },
    }
    if depth:
        resources["module-1"] = _deployment("inner", _module(depth - 1), 0)
    return {
        "$schema": SCHEMA,
        "languageVersion": "2.0",
        "contentVersion": "1.0.0.0",
        "definitions": definitions,
        "parameters": parameters,
        "variables": {
            "default": "[if(contains(parameters('name'), '-'), 'Enabled', 'Disabled')]",
            "unique": "[uniqueString(resourceGroup().id, parameters('name'))]",
        },
        "resources": resources,
        "outputs": {"resourceId": {"type": "string", "value": f"[resourceId('{store}', resourceInfo('store').name)]"}},
    }


def _expand(path: str) -> None:
    """In a process of its own: expand, and say how it went."""
    from auditor.arm import Scope, expand

    loaded = json.loads(Path(path).read_text(encoding="utf-8"))
    began = time.perf_counter()
    found = expand(loaded, {}, Scope(subscription=SUBSCRIPTION, group="rg", location="westeurope"))
    assert not found.faults, found.faults[0]
    print(json.dumps({"seconds": round(time.perf_counter() - began, 3), "resources": len(found.resources)}))


def _measured(*command: str) -> dict[str, Any]:
    began = time.perf_counter()
    with subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        said = process.stdout.read()
        _, _, used = os.wait4(process.pid, 0)
    told = json.loads(said) if said.strip() else {"seconds": round(time.perf_counter() - began, 3)}
    return {"cpu_seconds": round(used.ru_utime + used.ru_stime, 3), **told, "peak_mib": used.ru_maxrss // 1024}


def main() -> None:
    """Measure both."""
    with tempfile.TemporaryDirectory() as folder:
        path, snapshot = Path(folder) / "main.json", Path(folder) / "s.json"
        path.write_text(json.dumps(template(), indent=1), encoding="utf-8")
        about = {"megabytes": round(path.stat().st_size / 1e6, 1), "nested": 2 * OUTER}
        print(json.dumps({"step": "expand", **about, **_measured(__file__, "--expand", str(path))}))
        place = ("--subscription", SUBSCRIPTION, "--resource-group", "rg", "--location", "westeurope")
        importing = _measured("-m", "auditor", "import", str(path), *place, "-o", str(snapshot))
        print(json.dumps({"step": "auditor import", **about, **importing}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--expand"]:
        _expand(sys.argv[2])
    else:
        main()
