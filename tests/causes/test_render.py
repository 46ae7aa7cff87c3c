"""Changes in four languages: whatever names and values hold, they stay names and values."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.causes.render import LANGUAGES, rendered
from auditor.model import ArmId
from auditor.model.change import Action, Change, create, delete, set_to

GROUP = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/"
HOSTILE = "x$(touch PWNED)`touch PWNED`;touch PWNED;'\"&|>PWNED ${evil} %{evil} \\"


def site(group: str = "rg") -> ArmId:
    return ArmId(f"{GROUP}{group}/providers/Microsoft.Web/sites/app")


def changes(group: str, value: str) -> list[Change]:
    here = site(group)
    nsg = ArmId(f"{GROUP}{group}/providers/Microsoft.Network/networkSecurityGroups/nsg/securityRules/Deny")
    given = ArmId(f"{here.text}/providers/Microsoft.Authorization/roleAssignments/1")
    logs = ArmId(f"{here.text}/providers/Microsoft.Insights/diagnosticSettings/logs")
    return [
        set_to(here, "properties/httpsOnly", True, question=value, warning=value),
        set_to(here, "properties/list/0/x", value),
        Change(Action.ADD, here, "/properties/list", value),
        Change(Action.REMOVE, here, "/properties/list/1"),
        create(nsg, {"properties": {"priority": 100, "direction": "Inbound", "access": "Deny", "protocol": value}}),
        create(given, {"properties": {"principalId": value, "roleDefinitionId": f"/x/{value}"}}),
        create(logs, {"properties": {"workspaceId": value, "logs": [{"category": value, "enabled": True}]}}),
        create(ArmId(f"{GROUP}{group}/providers/Microsoft.Web/sites/new"), {"properties": {"a": [value, {"b": None}]}}),
        delete(given),
        delete(here),
    ]


def words(group: str, value: str) -> list[list[str]]:
    lines = rendered(changes(group, value), "az").split("\n")
    return [shlex.split(line) for line in lines if not line.startswith("#")]


def test_every_change_is_one_command_of_plain_words() -> None:
    found = words("rg", "v")
    assert [each[:3] for each in found] == [
        ["az", "resource", "update"],
        ["az", "resource", "update"],
        ["az", "resource", "update"],
        ["az", "resource", "update"],
        ["az", "network", "nsg"],
        ["az", "role", "assignment"],
        ["az", "monitor", "diagnostic-settings"],
        ["az", "rest", "--method"],
        ["az", "role", "assignment"],
        ["az", "resource", "delete"],
    ]
    assert found[1][-1] == "properties.list[0].x=v"


@settings(deadline=None)
@given(st.text(min_size=1), st.text(min_size=1))
def test_a_shell_gives_each_value_back(group: str, value: str) -> None:
    group = re.sub(r"[/\s]|[^\x20-\x7e]", "_", group)
    value = re.sub(r"[\r\n]", " ", value)
    found = words(group, value)
    assert found[1][-1] == f"properties.list[0].x={value}"
    assert found[2][-1] == value
    assert json.loads(found[7][-1])["properties"]["a"][0] == value


def test_a_connection_is_approved_at_its_target() -> None:
    side = ArmId(f"{GROUP}rg/providers/Microsoft.Storage/storageAccounts/st/privateEndpointConnections/c 1")
    endpoint = ArmId(f"{GROUP}rg/providers/Microsoft.Network/privateEndpoints/pep")
    status = "properties/privateLinkServiceConnectionState/status"
    approved = [
        set_to(side, status, "Approved"),
        set_to(endpoint, f"properties/privateLinkServiceConnections/0/{status}", "Approved"),
    ]
    command, told = rendered(approved, "az").splitlines()
    assert shlex.split(command) == ["az", "network", "private-endpoint-connection", "approve", "--id", side.text]
    assert told == "# pep shows the same once its target has approved"


def test_nothing_in_a_name_runs(tmp_path: Path) -> None:
    script = "az() { :; }\n" + rendered(changes(HOSTILE.replace("/", ""), HOSTILE), "az")
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=10, check=False)
    assert done.returncode == 0, done.stderr
    assert not list(tmp_path.iterdir())


def test_bicep_sets_the_properties_of_the_resource() -> None:
    text = rendered([set_to(site(), "properties/siteConfig/minTlsVersion", "1.2")], "bicep")
    assert text.splitlines()[1:] == [
        "resource app 'Microsoft.Web/sites@" + text.split("sites@")[1].split("'")[0] + "' = {",
        "  name: 'app'",
        "  properties: {",
        "    siteConfig: {",
        "      minTlsVersion: '1.2'",
        "    }",
        "  }",
        "}",
    ]


def test_terraform_patches_by_azapi() -> None:
    text = rendered([set_to(site(), "properties/httpsOnly", True)], "terraform")
    assert 'resource "azapi_update_resource" "app" {' in text
    assert f'  resource_id = "{site().text}"' in text
    assert "      httpsOnly = true" in text


@pytest.mark.parametrize("language", ["bicep", "terraform"])
def test_text_cannot_leave_its_quotes(language: str) -> None:
    text = rendered(changes("rg", HOSTILE), language)
    for line in text.splitlines():
        if not line.lstrip().startswith(("//", "#")):
            assert not re.search(r"(?<![\\$])\$\{evil\}", line), line
            assert not re.search(r"(?<!%)%\{evil\}", line) or language == "bicep", line


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_question_and_a_warning_stand_with_the_change(language: str) -> None:
    text = rendered([set_to(site(), "properties/a", 1, question="Which day?", warning="Cuts people off.")], language)
    assert "Which day?" in text
    assert "Cuts people off." in text


def test_json_patch_is_json_with_operations() -> None:
    made = json.loads(rendered(changes("rg", "v"), "json-patch"))
    assert made[0]["patch"] == [{"op": "add", "path": "/properties/httpsOnly", "value": True}]
    assert made[3]["patch"] == [{"op": "remove", "path": "/properties/list/1"}]
    assert made[-1] == {"action": "delete", "resource": site().text}
