"""Templates and Bicep files become snapshots, and say where they state what."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor.audit.audit import audit
from auditor.baseline import read_baseline
from auditor.cli import run
from auditor.model import ArmId, AuditorError, Place
from auditor.report import json_
from auditor.report.context import Context
from auditor.report.sarif import render as sarif
from auditor.report.terminal import render as terminal
from auditor.snapshot import read_snapshot, sources_of, write_snapshot
from auditor.snapshot.importing.templates import Target
from tests.builders.imports import imported
from tests.builders.templates import azapi_plan_of, of_world, parameters, template

SUB = "a1a1a1a1-1111-4111-8111-111111111111"
HERE = Target(SUB, "rg-alpha", "westeurope")
BASE = f"/subscriptions/{SUB}/resourceGroups/rg-alpha/providers"
STORE: dict[str, Any] = {"type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-05-01", "name": "st1"}
ROLE = {"type": "Microsoft.Authorization/roleAssignments", "apiVersion": "2022-04-01"}
OWNER = "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '8e3af657-a8ff-443c-a75c-2fe8c4bcb635')]"
WORLDS = Path(__file__).parents[1] / "fixtures" / "worlds"


def refusal(folder: Path, *contents: Any, target: Target = HERE) -> str:
    with pytest.raises(AuditorError) as caught:
        imported(folder, *contents, target=target)
    return caught.value.message.replace(f"{folder}/", "")


def test_a_template_is_expanded_with_its_parameters(tmp_path: Path) -> None:
    stated = template(
        {**STORE, "name": "[parameters('n')]", "location": "[resourceGroup().location]", "tags": {"a": "[[x]"}},
        parameters={"n": {"type": "string"}},
    )
    made = imported(tmp_path, stated, parameters(n="stone"), target=HERE)
    (document,) = made.snapshot.documents
    assert document["id"] == f"{BASE}/Microsoft.Storage/storageAccounts/stone"
    assert (document["name"], document["location"], document["tags"]) == ("stone", "westeurope", {"a": "[[x]"})
    assert made.snapshot.planned


def test_all_that_is_needed_is_named_in_one_sentence(tmp_path: Path) -> None:
    stated = template(parameters={"a": {"type": "string"}, "b": {"type": "int"}})
    assert refusal(tmp_path, stated, target=Target()) == (
        "0.json: this template needs --subscription, --resource-group and --parameters with a value for the parameters"
        " a, b"
    )
    stated["$schema"] = "https://schema.management.azure.com/schemas/2019-08-01/managementGroupDeploymentTemplate.json#"
    assert "needs --management-group" in refusal(tmp_path, stated, target=Target())
    assert "is no id of a subscription" in refusal(tmp_path, template(STORE), target=Target("prod", "rg"))


def test_what_azure_would_refuse_names_place_and_expression(tmp_path: Path) -> None:
    stated = json.dumps(template({**STORE, "tags": {"a": "[add('x', 1)]"}}), indent=1)
    assert refusal(tmp_path, stated) == (
        "0.json:10:10: expected a whole number and not 'x', in the expression [add('x', 1)]"
    )


def test_parameters_alone_are_no_resources(tmp_path: Path) -> None:
    assert "these are the parameters of a template" in refusal(tmp_path, parameters(a=1))


def test_a_file_of_parameters_is_found_by_its_name(tmp_path: Path) -> None:
    stated = template({**STORE, "name": "[parameters('n')]"}, parameters={"n": {"type": "string"}})
    (tmp_path / "main.json").write_text(json.dumps(stated))
    (tmp_path / "main.parameters.json").write_text(json.dumps(parameters(n="stprod")))
    (tmp_path / "main.parameters.test.json").write_text(json.dumps(parameters(n="sttest")))
    made = imported(tmp_path, target=HERE)
    assert [each["name"] for each in made.snapshot.documents] == ["stprod"]
    (tmp_path / "main.parameters.json").rename(tmp_path / "main.parameters.prod.json")
    assert "there are several files of parameters" in refusal(tmp_path)
    chosen = Target(SUB, "rg-alpha", parameters=(str(tmp_path / "main.parameters.test.json"),))
    assert [each["name"] for each in imported(tmp_path, target=chosen).snapshot.documents] == ["sttest"]


def test_linked_templates_are_read_once(tmp_path: Path) -> None:
    link = {"type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "part"}
    link["properties"] = {"mode": "Incremental", "templateLink": {"relativePath": "parts/store.json"}}  # type: ignore[assignment]
    (tmp_path / "azuredeploy.json").write_text(json.dumps(template(link)))
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "store.json").write_text(json.dumps(template(STORE), indent=1))
    made = imported(tmp_path, target=HERE)
    assert [each["name"] for each in made.snapshot.documents] == ["st1"]
    place = Place(ArmId(f"{BASE}/Microsoft.Storage/storageAccounts/st1"), "/name")
    (source,) = sources_of(made.snapshot, [place]).values()
    assert source == ((tmp_path / "parts" / "store.json").as_posix(), 8, 12)


def test_what_is_not_at_hand_is_unknown(tmp_path: Path) -> None:
    link = {"type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "far"}
    link["properties"] = {"mode": "Incremental", "templateLink": {"uri": "https://example.org/a.json"}}  # type: ignore[assignment]
    made = imported(tmp_path, template(link, STORE), target=HERE)
    (read,) = [each for each in made.snapshot.reads if each.error]
    assert (read.covers, read.scope) == ("*", f"/subscriptions/{SUB}/resourceGroups/rg-alpha")
    assert any("its template is not at hand" in each for each in made.warnings)


def test_what_may_be_deployed_and_what_has_no_name_yet_are_named(tmp_path: Path) -> None:
    made = imported(
        tmp_path,
        template(
            {**STORE, "condition": "[reference('x').y]"},
            {**STORE, "name": "[parameters('n')]"},
            {**STORE, "name": "loop", "copy": {"name": "c", "count": "[length(reference('x').list)]"}},
            parameters={"n": {"type": "string", "defaultValue": "[newGuid()]"}},
        ),
        target=HERE,
    )
    assert not made.snapshot.documents
    lists = {(each.covers, each.scope) for each in made.snapshot.reads if each.error}
    group = f"/subscriptions/{SUB}/resourceGroups/rg-alpha"
    assert ("microsoft.storage/storageaccounts", group) in {(covers.casefold(), scope) for covers, scope in lists}
    assert ("microsoft.storage/storageaccounts", f"{BASE}/Microsoft.Storage/storageAccounts/st1") in lists


def test_a_role_assignment_whose_name_only_azure_can_tell_is_kept(tmp_path: Path) -> None:
    identity = {"type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2023-01-31", "name": "id-a"}
    principal = (
        "reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'id-a'), '2023-01-31').principalId"
    )
    role = {
        **ROLE,
        "name": f"[guid({principal})]",
        "properties": {"principalId": f"[{principal}]", "roleDefinitionId": OWNER},
    }
    made = imported(tmp_path, template(identity, role), target=HERE)
    (assignment,) = [each for each in made.snapshot.documents if "roleAssignments" in each["id"]]
    assert assignment["properties"]["principalId"] == (
        f"[reference('{BASE}/Microsoft.ManagedIdentity/userAssignedIdentities/id-a', '2023-01-31').principalId]"
    )
    assert any("stands for it" in each for each in made.warnings)
    again = imported(tmp_path, template(identity, role), target=HERE)
    assert again.snapshot.documents == made.snapshot.documents


def test_secrets_do_not_reach_the_snapshot(tmp_path: Path) -> None:
    stated = template(
        {**STORE, "properties": {"whatever": "[concat('a', parameters('s'))]"}},
        parameters={"s": {"type": "secureString"}},
    )
    made = imported(tmp_path, stated, parameters(s="hush"), target=HERE)
    assert "hush" not in repr(made)


def test_the_region_is_asked_for_where_it_counts(tmp_path: Path) -> None:
    made = imported(
        tmp_path, template({**STORE, "location": "[resourceGroup().location]"}), target=Target(SUB, "rg-alpha")
    )
    assert any("--location would give" in each for each in made.warnings)


def test_lines_follow_loops_of_properties(tmp_path: Path) -> None:
    rule = {"name": "[concat('r', copyIndex('securityRules'))]", "properties": {"access": "Allow"}}
    group = {
        "type": "Microsoft.Network/networkSecurityGroups",
        "apiVersion": "2023-11-01",
        "name": "nsg",
        "properties": {"copy": [{"name": "securityRules", "count": 2, "input": rule}]},
    }
    made = imported(tmp_path, json.dumps(template(group), indent=1), target=HERE)
    id_ = ArmId(f"{BASE}/Microsoft.Network/networkSecurityGroups/nsg")
    wanted = {
        "/properties/securityRules/1/properties/access": (17, 18),
        "/properties/securityRules/0/name": (15, 16),
        "/properties/securityRules/0": (14, 14),
        "/properties/none/of/these": (10, 18),
        "": (6, 3),
    }
    text = (tmp_path / "0.json").read_text().splitlines()
    found = sources_of(made.snapshot, [Place(id_, pointer) for pointer in wanted])
    assert text[16].strip() == '"access": "Allow"'
    for pointer in wanted:
        file, line, column = found[Place(id_, pointer)]
        assert file == (tmp_path / "0.json").as_posix()
        if pointer.endswith("access"):
            assert text[line - 1][column - 1 :].startswith('"Allow"')
        if pointer.endswith("name"):
            assert text[line - 1][column - 1 :].startswith('"[concat')


def test_sources_survive_the_file_and_reach_the_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = json.loads((WORLDS / "reference-implementation.json").read_text(encoding="utf-8"))
    monkeypatch.chdir(tmp_path)
    Path("main.json").write_text(json.dumps(of_world(world), indent=1))
    assert run(["import", str(tmp_path / "main.json"), "--subscription", world["subscriptionId"], "-o", "s.json"]) == 0
    made = read_snapshot("s.json")
    write_snapshot(made, "again.json")
    assert read_snapshot("again.json").reads == made.reads
    result = audit(made, read_baseline("openai-chat"))
    found = json.loads(sarif.render(result))["runs"][0]["results"]
    places = [each["locations"][0]["physicalLocation"] for each in found]
    assert "main.json" in {each["artifactLocation"]["uri"] for each in places}
    results = json.loads(json_.render(result))["results"]
    stated = [each["source"] for one in results for each in one["evidence"] if "source" in each]
    assert {each["file"] for each in stated} == {"main.json"}
    assert "main.json:" in terminal.render(result, Context(verbose=True))


@pytest.mark.parametrize(
    ("name", "form"),
    [("compliant", of_world), ("reference-implementation", of_world), ("compliant", azapi_plan_of)],
    ids=["compliant", "reference", "compliant-azapi"],
)
def test_a_world_as_source_has_the_verdicts_of_the_deployed_one(
    name: str, form: Callable[[Any], Any], tmp_path: Path
) -> None:
    """But for what only the deployment decides: no pass becomes a fail, and no fail a pass."""
    world = json.loads((WORLDS / f"{name}.json").read_text(encoding="utf-8"))
    here = Target(world["subscriptionId"], location="westeurope")
    made = imported(tmp_path, form(world), target=here, complete=True)
    deployed = imported(tmp_path, world)
    baseline = read_baseline("openai-chat")
    one, other = (
        {
            (each.requirement, each.verdict.resource, each.verdict.aspect): each.outcome.value
            for each in audit(snapshot, baseline).findings
        }
        for snapshot in (made.snapshot, deployed.snapshot)
    )
    shared = one.keys() & other.keys()
    assert len(shared) > 250
    turned = {key for key in shared if {one[key], other[key]} == {"pass", "fail"}}
    assert not turned
    # A requirement without any finding of its own in the plan is unknown there for some other reason.
    decided = {requirement for requirement, _, _ in one}
    assert not {requirement for requirement, _, _ in other} - decided


BICEP = """\
param name string = 'st1'
// resource comment 'Microsoft.Storage/storageAccounts@2023-05-01' = {
resource store 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: name
  properties: { // { unbalanced
    allowSharedKeyAccess: true
    networkAcls: {
      'defaultAction': 'Allow'
    }
  }
}

resource known 'Microsoft.KeyVault/vaults@2023-07-01' existing = {
  name: 'kv'
}

module part 'parts/net.bicep' = {
  name: 'net'
}

module far 'br/public:avm/res/key-vault/vault:0.9.0' = {
  name: 'far'
}
"""
NET = """\
resource nsg 'Microsoft.Network/networkSecurityGroups@2023-11-01' = [for i in range(0, 2): {
  name: 'nsg-${i}'
  properties: {
    securityRules: []
  }
}]
"""


def compiled(symbolic: bool) -> dict[str, Any]:
    """What the compiler makes of it."""

    def nested(name: str, inside: dict[str, Any]) -> dict[str, Any]:
        options = {"scope": "inner"}
        properties = {"mode": "Incremental", "expressionEvaluationOptions": options, "template": inside}
        return {
            "type": "Microsoft.Resources/deployments",
            "apiVersion": "2022-09-01",
            "name": name,
            "properties": properties,
        }

    group = {
        "type": "Microsoft.Network/networkSecurityGroups",
        "apiVersion": "2023-11-01",
        "copy": {"name": "nsg", "count": 2},
        "name": "[format('nsg-{0}', copyIndex())]",
        "properties": {"securityRules": []},
    }
    store = {
        **STORE,
        "properties": {"allowSharedKeyAccess": True, "networkAcls": {"defaultAction": "Allow"}},
    }
    vault = {"type": "Microsoft.KeyVault/vaults", "apiVersion": "2023-07-01", "name": "kv-far"}
    if not symbolic:
        return template(store, nested("net", template(group)), nested("far", template(vault)))
    inside = {**template(), "languageVersion": "2.0", "resources": {"nsg": group}}
    far = {**template(), "languageVersion": "2.0", "resources": {"vault": vault}}
    known = {"existing": True, "type": "Microsoft.KeyVault/vaults", "apiVersion": "2023-07-01", "name": "kv"}
    resources = {"known": known, "store": store, "part": nested("net", inside), "far": nested("far", far)}
    return {**template(), "languageVersion": "2.0", "resources": resources}


def bicep(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A Bicep CLI that is a script of ours, and the files that it compiles."""
    (folder / "bin").mkdir()
    program = folder / "bin" / "bicep"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder / 'bin'}:/usr/bin:/bin")
    (folder / "main.bicep").write_text(BICEP)
    (folder / "parts").mkdir()
    (folder / "parts" / "net.bicep").write_text(NET)


def import_(folder: Path, *args: str) -> int:
    return run(["import", *args, "-o", str(folder / "s.json")])


@pytest.mark.parametrize("symbolic", [True, False])
def test_bicep_is_compiled_and_its_lines_are_found(
    symbolic: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "out.json").write_text(json.dumps(compiled(symbolic)))
    bicep(
        tmp_path, monkeypatch, f'[ "$1" = build ] && [ "$3 $4" = "--stdout --no-restore" ] && cat {tmp_path}/out.json'
    )
    options = ["--subscription", SUB, "--resource-group", "rg-alpha"]
    assert import_(tmp_path, str(tmp_path / "main.bicep"), *options) == 0
    made = read_snapshot(tmp_path / "s.json")
    store = ArmId(f"{BASE}/Microsoft.Storage/storageAccounts/st1")
    group = ArmId(f"{BASE}/Microsoft.Network/networkSecurityGroups/nsg-1")
    vault = ArmId(f"{BASE}/Microsoft.KeyVault/vaults/kv-far")
    places = {
        Place(store, ""): ("main.bicep", 3),
        Place(store, "/properties/allowSharedKeyAccess"): ("main.bicep", 6),
        Place(store, "/properties/networkAcls/defaultAction"): ("main.bicep", 8),
        Place(store, "/properties/networkAcls/bypass"): ("main.bicep", 7),
        Place(group, "/properties/securityRules"): ("net.bicep", 4),
        Place(vault, "/name"): ("main.bicep", 21),
    }
    found = sources_of(made, places)
    if not symbolic:
        # Two modules and no names: which of them a deployment is, nothing tells.
        del places[Place(group, "/properties/securityRules")], places[Place(vault, "/name")]
    assert {place: (Path(found[place][0]).name, found[place][1]) for place in places} == places


def test_parameters_of_bicep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stated = template({**STORE, "name": "[parameters('n')]"}, parameters={"n": {"type": "string"}})
    both = {"parametersJson": json.dumps(parameters(n="stbicep")), "templateJson": json.dumps(stated)}
    (tmp_path / "both.json").write_text(json.dumps(both))
    (tmp_path / "one.json").write_text(json.dumps(stated))
    script = f'case "$1" in build-params) cat {tmp_path}/both.json;; *) cat {tmp_path}/one.json;; esac'
    bicep(tmp_path, monkeypatch, script)
    (tmp_path / "main.bicepparam").write_text("using 'main.bicep'\nparam n = 'stbicep'\n")
    options = ["--subscription", SUB, "--resource-group", "rg-alpha"]
    given = str(tmp_path / "main.bicepparam")
    assert import_(tmp_path, given, *options) == 0
    assert import_(tmp_path, str(tmp_path / "main.bicep"), "--parameters", given, *options) == 0
    assert [each["name"] for each in read_snapshot(tmp_path / "s.json").documents] == ["stbicep"]


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("echo 'main.bicep(1,1) : Error BCP057: no such name' >&2; exit 1", "Error BCP057"),
        ("echo 'Error BCP190: the artifact br:x has not been restored' >&2; exit 1", "run `bicep restore` first"),
        ("exit 0", "it printed nothing"),
        ("echo '[]'", "expected an object here"),
    ],
)
def test_what_the_bicep_cli_says_is_passed_on(
    script: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bicep(tmp_path, monkeypatch, script)
    assert import_(tmp_path, str(tmp_path / "main.bicep")) == 2
    assert says in capsys.readouterr().err


def test_without_a_bicep_cli_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bicep(tmp_path, monkeypatch, "exit 1")
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert import_(tmp_path, str(tmp_path / "main.bicep")) == 2
    assert "no program `bicep` is installed" in capsys.readouterr().err
    assert import_(tmp_path, str(tmp_path / "none.bicep")) == 2
    assert "there is no such file" in capsys.readouterr().err


def test_the_bicep_cli_that_az_installed_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bicep(tmp_path, monkeypatch, "exit 1")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("HOME", str(tmp_path))
    own = tmp_path / ".azure" / "bin" / "bicep"
    own.parent.mkdir(parents=True)
    own.write_text("#!/bin/sh\necho '{}'\n")
    assert import_(tmp_path, str(tmp_path / "main.bicep")) == 2
    assert "could not be run" in capsys.readouterr().err
    own.chmod(0o755)
    (tmp_path / "main.bicepparam").write_text("using 'main.bicep'\n")
    assert import_(tmp_path, str(tmp_path / "main.bicepparam")) == 2
    assert "did not print a template and parameters" in capsys.readouterr().err


def test_what_the_bicep_cli_printed_is_taken_too(tmp_path: Path) -> None:
    stated = template({**STORE, "name": "[parameters('n')]"}, parameters={"n": {"type": "string"}})
    both = {"templateJson": json.dumps(stated), "parametersJson": json.dumps(parameters(n="stboth"))}
    assert [each["name"] for each in imported(tmp_path, both, target=HERE).snapshot.documents] == ["stboth"]
    exported = {"template": template(STORE)}
    assert [each["name"] for each in imported(tmp_path, exported, target=HERE).snapshot.documents] == ["st1"]


def test_what_a_template_takes_to_be_there_exists(tmp_path: Path) -> None:
    """Even where the template is said to be complete: it states nothing of it, and it is there all the same."""
    vault = {"existing": True, "type": "Microsoft.KeyVault/vaults", "apiVersion": "2023-07-01", "name": "kv"}
    group = {"existing": True, "type": "Microsoft.Resources/resourceGroups", "apiVersion": "2023-07-01", "name": "rg"}
    stated = {**template(), "languageVersion": "2.0", "resources": {"kv": vault, "st": STORE, "rg": group}}
    made = imported(tmp_path, stated, target=HERE, complete=True)
    id_ = f"{BASE}/Microsoft.KeyVault/vaults/kv"
    assert [each.scope for each in made.snapshot.reads if each.error] == [id_]
    assert any("import it as well" in each for each in made.warnings)
    runs = {"id": id_, "name": "kv", "properties": {}}
    assert not [each for each in imported(tmp_path, stated, [runs], target=HERE).snapshot.reads if each.error]


def test_a_template_that_bicep_wrote_beside_its_source_points_at_the_source(tmp_path: Path) -> None:
    stated = {**compiled(symbolic=True), "metadata": {"_generator": {"name": "bicep", "version": "0.1"}}}
    (tmp_path / "main.json").write_text(json.dumps(stated))
    (tmp_path / "main.bicep").write_text(BICEP)
    (tmp_path / "bicepconfig.json").write_text('{"analyzers": {}}')
    made = imported(tmp_path, target=HERE)
    place = Place(ArmId(f"{BASE}/Microsoft.Storage/storageAccounts/st1"), "/properties/allowSharedKeyAccess")
    (source,) = sources_of(made.snapshot, [place]).values()
    assert source == ((tmp_path / "main.bicep").as_posix(), 6, 5)
    (tmp_path / "main.bicep").unlink()
    (source,) = sources_of(imported(tmp_path, target=HERE).snapshot, [place]).values()
    assert source[0].endswith("main.json")


def test_a_folder_of_bicep_alone_is_its_main_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bicep(tmp_path, monkeypatch, f"cat {tmp_path}/bin/out")
    (tmp_path / "bin" / "out").write_text(json.dumps(template(STORE)))
    options = ["--subscription", SUB, "--resource-group", "rg-alpha", "-o", str(tmp_path / "s.json")]
    assert run(["import", str(tmp_path), *options]) == 0
    assert [each["name"] for each in read_snapshot(tmp_path / "s.json").documents] == ["st1"]
