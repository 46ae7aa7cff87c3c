"""What an expansion knows, leaves unknown, refuses, and where it says that something stands."""

from collections.abc import Mapping
from typing import Any

import pytest

from auditor.arm import Expansion, Fault, Open, Scope, Unknown, expand, value_of

SUB = "a1a1a1a1-1111-4111-8111-111111111111"
GROUP = Scope(subscription=SUB, group="rg-alpha", location="westeurope")
BASE = f"/subscriptions/{SUB}/resourceGroups/rg-alpha/providers"
STORE = {"type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-05-01", "name": "st1"}


def of(template: Mapping[str, Any], files: Mapping[str, Any] | None = None, **parameters: Any) -> Expansion:
    held = files or {}
    return expand(
        template, parameters, GROUP, "main.json", lambda path, _: (path, held[path]) if path in held else None
    )


def only(template: Mapping[str, Any], **parameters: Any) -> Mapping[str, Any]:
    found = of(template, **parameters)
    assert not found.faults
    assert len(found.resources) == 1
    return found.resources[0].body


def test_what_stands_around_an_unknown_is_known() -> None:
    body = only(
        {
            "resources": [
                {
                    **STORE,
                    "properties": {
                        "a": ["[reference('x', '1').y]", 2],
                        "b": "[length(createArray(reference('x', '1')))]",
                    },
                }
            ]
        }
    )
    assert body["properties"] == {"a": [Unknown("[reference('x', '1').y]", "reference('x', '1').y"), 2], "b": 1}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("[and(false(), reference('x'))]", False),
        ("[and(reference('x').y, false())]", False),
        ("[or(reference('x').y, true())]", True),
        ("[coalesce(null(), 'a', reference('x'))]", "a"),
        ("[if(true(), 1, reference('x'))]", 1),
        ("[if(reference('x').y, 'same', 'same')]", "same"),
        ("[if(false(), fail('no'), 2)]", 2),
        ("[length(createArray(reference('x'), 1))]", 2),
        ("[contains(createArray(reference('x'), 1), 1)]", True),
        ("[equals(createArray(reference('x'), 1), createArray(reference('x'), 2))]", False),
        ("[empty(createArray(reference('x')))]", False),
        ("[first(concat(createArray(1), createArray(reference('x'))))]", 1),
        ("[union(createObject('a', reference('x')), createObject('b', 2)).b]", 2),
        ("[items(createObject('a', reference('x')))[0].key]", "a"),
        ("[tryGet(createObject('a', reference('x')), 'b')]", None),
        ("[map(createArray(1, 2), lambda('n', createObject('n', lambdaVariables('n'), 'r', reference('x'))))[1].n]", 2),
        ("[skip(createArray(reference('x'), 5), 1)[0]]", 5),
        ("[last(flatten(createArray(createArray(reference('x')), createArray(7))))]", 7),
    ],
)
def test_what_other_arguments_decide_is_known(expression: str, value: object) -> None:
    assert value_of(expression) == value


@pytest.mark.parametrize(
    "expression",
    [
        "[and(true(), reference('x').y)]",
        "[or(false(), reference('x').y)]",
        "[not(reference('x').y)]",
        "[if(reference('x').y, 1, 2)]",
        "[if(reference('x').y, fail('a'), 2)]",
        "[coalesce(reference('x').y, 'a')]",
        "[contains(createArray(reference('x'), 1), 2)]",
        "[equals(reference('x'), 1)]",
        "[concat('a', reference('x').y)]",
        "[union(createArray(1), createArray(reference('x')))]",
        "[filter(createArray(1), lambda('n', reference('x').y))]",
        "[createObject(reference('x').y, 1)]",
        "[tryGet(reference('x'), 'y')]",
        "[resourceGroup().tags]",
        "[subscription().displayName]",
        "[deployment().name]",
        "[deployer().objectId]",
        "[listKeys('x', '1').keys[0].value]",
        "[somethingNewer(1)]",
        "[json('')]",
        "[add(9223372036854775807, 1)]",
        "[dateTimeAdd('2020-04-07 14:53:14Z', 'P3Y')]",
        "[format('{0:C}', 3)]",
        "[variables(reference('x').y)]",
        "[toObject(createArray(1), lambda('n', reference('x').y))]",
        "[groupBy(createArray(1), lambda('n', reference('x').y))]",
        "[intersection(createArray(1), createArray(reference('x')))]",
        "[contains('a', createArray(reference('x')))]",
        "[toObject(createArray(1), lambda('n', createArray(reference('x'))))]",
    ],
)
def test_what_hangs_on_azure_is_unknown(expression: str) -> None:
    found = value_of(expression, scope=GROUP)
    assert isinstance(found, Unknown)
    assert found.text == expression


@pytest.mark.parametrize(
    "expression",
    [
        "[concat('a']",
        "[lambda('x', 1)]",
        "[map(createArray(1), 2)]",
        "[reference(lambda('x', 1))]",
        "[createArray(lambda('x', 1))]",
        "[concat('a') 'b']",
        "['a'.]",
        "[createArray(1)[1]",
        "[?]",
        "[parameters]",
        "[parameters('none')]",
        "[variables('none')]",
        "[copyIndex()]",
        "[copyIndex('loop')]",
        "[lambdaVariables('x')]",
        "[map(createArray(1), lambda('a', 'b', 'c', 1))]",
        "[filter(createArray(1), lambda('n', 5))]",
        "[managementGroup().id]",
        "[nowhere.function(1)]",
        "[createObject('a', 1).b]",
        "[createArray(1)[4]]",
        "[add(1, 2).x]",
        "[createObject('a', 1)[true()]]",
        "[if('yes', 1, 2)]",
        "[or('yes', true())]",
        "[concat(createArray(1), 'a')]",
        "[concat(createObject())]",
        "[resourceId('Microsoft.Web/sites')]",
        "[resourceId('a', 'b', 'c')]",
        "[guid(createArray())]",
        "[split('a', 5)]",
        "[bool('maybe')]",
        "[less('a', 1)]",
        "[dateTimeAdd('noon', 'P1D')]",
        "[dateTimeAdd('2020-01-01', 'soon')]",
        "[dateTimeFromEpoch(99999999999999)]",
        "[format('{')]",
        "[cidrHost('10.0.0.0/30', 9)]",
        "[replace('a', '', 'b')]",
        "[padLeft('a', 3, 'xy')]",
        "[json('{')]",
        "[base64ToString('!')]",
        "[parseUri('http://[')]",
        "[resourceInfo('none')]",
        "[empty(1)]",
        "[min(createArray())]",
        "[int(1.5)]",
        "[" + "not(" * 200 + "true()" + ")" * 200 + "]",
    ],
)
def test_what_azure_refuses_is_a_fault(expression: str) -> None:
    assert isinstance(value_of(expression, scope=GROUP), Fault)


def test_an_unknown_shows_its_arguments_worked_out() -> None:
    template = {
        "variables": {"id": "[resourceId('Microsoft.KeyVault/vaults', 'kv')]"},
        "resources": [
            {
                **STORE,
                "properties": {"uri": "[concat(reference(variables('id'), '2023-07-01').vaultUri, 'x''y', true())]"},
            }
        ],
    }
    found = only(template)["properties"]["uri"]
    assert (
        found.as_expression()
        == f"[concat(reference('{BASE}/Microsoft.KeyVault/vaults/kv', '2023-07-01').vaultUri, 'x''y', true())]"
    )


def test_a_symbolic_reference_shows_the_id() -> None:
    template = {
        "languageVersion": "2.0",
        "resources": {
            "kv": {"existing": True, "type": "Microsoft.KeyVault/vaults", "apiVersion": "2023-07-01", "name": "kv"},
            "st": {**STORE, "properties": {"uri": "[reference('kv').vaultUri]"}},
        },
    }
    assert (
        only(template)["properties"]["uri"].as_expression()
        == f"[reference('{BASE}/Microsoft.KeyVault/vaults/kv').vaultUri]"
    )


def test_a_fault_names_place_and_expression() -> None:
    template = {
        "variables": {"deep": {"list": [1, "[parameters('none')]"]}},
        "resources": [{**STORE, "tags": {"a": "[variables('deep').list[0]]"}}],
    }
    (fault,) = of(template).faults
    assert fault.sentence == "the template declares no parameter none"
    assert (fault.source.file, fault.source.pointer) == ("main.json", "/variables/deep/list/1")
    assert fault.expression == "[parameters('none')]"


def test_a_fault_in_a_loop_names_the_loop() -> None:
    loop = {"copy": [{"name": "items", "count": 2, "input": {"x": "[add('a', 1)]"}}]}
    (fault,) = of({"resources": [{**STORE, "properties": loop}]}).faults
    assert fault.source.pointer == "/resources/0/properties/copy/0/input/x"


@pytest.mark.parametrize(
    "template",
    [
        {"parameters": {"a": {"type": "string", "defaultValue": "[parameters('a')]"}}, "resources": []},
        {
            "variables": {"a": "[variables('b')]", "b": "[variables('a')]"},
            "resources": [{**STORE, "tags": "[variables('a')]"}],
        },
        {"resources": [{**STORE, "copy": {"name": "c", "count": 801}}]},
        {"resources": [{**STORE, "condition": "yes"}]},
        {"resources": [{**STORE, "name": "a/b"}]},
        {"parameters": {"a": {"type": "string", "minLength": 3, "defaultValue": "x"}}, "resources": []},
        {"parameters": {"a": {"type": "array", "allowedValues": [1], "defaultValue": [1, 2]}}, "resources": []},
        {"parameters": {"a": {"$ref": "#/definitions/none", "defaultValue": 1}}, "resources": []},
        {
            "parameters": {"a": {"$ref": "#/definitions/b", "defaultValue": 1}},
            "definitions": {"b": {"$ref": "#/definitions/b"}},
            "resources": [],
        },
        {"outputs": {"o": {"type": "int", "value": "text"}}, "resources": []},
    ],
)  # fmt: skip
def test_what_azure_refuses_of_a_template_is_a_fault(template: Mapping[str, Any]) -> None:
    assert of(template).faults


def test_values_that_grow_without_end_are_refused_in_time() -> None:
    variables: dict[str, Any] = {"v0": "[createArray(1, 2)]"}
    for n in range(1, 60):
        variables[f"v{n}"] = f"[createArray(variables('v{n - 1}'), variables('v{n - 1}'))]"
    template = {"variables": variables, "resources": [{**STORE, "tags": {"a": "[string(variables('v59'))]"}}]}
    assert "larger than Azure takes" in of(template).faults[0].sentence


def test_missing_parameters_are_all_named() -> None:
    template = {
        "parameters": {"a": {"type": "string"}, "b": {"type": "int", "nullable": True}, "c": {"type": "bool"}},
        "resources": [],
    }
    assert of(template).missing == ["a", "c"]


def test_secrets_given_are_unknown() -> None:
    template = {
        "parameters": {"pw": {"type": "secureString"}, "many": {"type": "secureObject"}},
        "resources": [{**STORE, "properties": {"pw": "[parameters('pw')]", "many": "[parameters('many')]"}}],
    }
    found = only(template, pw="hush", many={"list": [{"name": "one", "value": "hush"}]})["properties"]
    assert "hush" not in repr(found)
    assert found["many"]["list"][0]["name"] == "one"


def nested(template: Mapping[str, Any], scope: str = "inner", **more: Any) -> dict[str, Any]:
    options = {"expressionEvaluationOptions": {"scope": scope}}
    inside = {"mode": "Incremental", "template": template, **options, **more.pop("properties", {})}
    return {
        "type": "Microsoft.Resources/deployments",
        "apiVersion": "2022-09-01",
        "name": "child",
        "properties": inside,
        **more,
    }


def test_the_location_of_a_group_that_the_template_makes() -> None:
    child = nested({"resources": [{**STORE, "location": "[resourceGroup().location]"}]}, resourceGroup="rg-new")
    group = {
        "type": "Microsoft.Resources/resourceGroups",
        "apiVersion": "2022-09-01",
        "name": "rg-new",
        "location": "northeurope",
    }
    found = expand({"resources": [group, child]}, {}, Scope("subscription", SUB))
    assert found.resources[-1].body["location"] == "northeurope"
    elsewhere = expand({"resources": [child]}, {}, Scope("subscription", SUB))
    assert isinstance(elsewhere.resources[-1].body["location"], Unknown)


def test_a_condition_that_is_unknown_holds_for_what_is_deployed_beneath() -> None:
    child = nested({"resources": [STORE]}, condition="[reference('x').y]")
    assert [each.condition is not None for each in of({"resources": [child]}).resources] == [True, True]


def test_faults_of_a_call_stand_at_the_call() -> None:
    inside = {"parameters": {"n": {"type": "int"}}, "resources": []}
    found = of({"resources": [nested(inside, properties={"parameters": {"m": {"value": 1}}})]})
    assert {each.sentence for each in found.faults} == {
        "the template declares no parameter m",
        "the nested deployment gives no value for n",
    }
    assert {each.source.pointer for each in found.faults} == {"/resources/0/properties/parameters"}


def test_faults_in_a_nested_template_stand_there() -> None:
    found = of({"resources": [nested({"resources": [{**STORE, "tags": {"a": "[fail('no')]"}}]})]})
    assert found.faults[0].source.pointer == "/resources/0/properties/template/resources/0/tags/a"


def test_deployments_that_nest_without_end_are_refused() -> None:
    link = {"type": "Microsoft.Resources/deployments", "name": "again", "apiVersion": "2022-09-01"}
    link["properties"] = {"mode": "Incremental", "templateLink": {"relativePath": "main.json"}}
    template = {"resources": [link]}
    assert "nest deeper" in of(template, {"main.json": template}).faults[0].sentence


def test_linked_files_are_found_through_the_artifact_location() -> None:
    template = {
        "parameters": {"_base": {"type": "string", "defaultValue": "[deployment().properties.templateLink.uri]"}},
        "resources": [
            {
                "type": "Microsoft.Resources/deployments",
                "apiVersion": "2022-09-01",
                "name": "linked",
                "properties": {
                    "templateLink": {"uri": "[uri(parameters('_base'), concat('parts/', 'a.json'))]"},
                    "parametersLink": {"uri": "[uri(parameters('_base'), 'parts/p.json')]"},
                },
            }
        ],
    }
    files = {
        "parts/a.json": {
            "parameters": {"n": {"type": "string"}},
            "resources": [{**STORE, "name": "[parameters('n')]"}],
        },
        "parts/p.json": {"parameters": {"n": {"value": "stn"}}},
    }
    found = of(template, files)
    assert not found.faults
    assert found.resources[1].id == f"{BASE}/Microsoft.Storage/storageAccounts/stn"
    assert (found.resources[1].source.file, found.resources[1].source.pointer) == ("parts/a.json", "/resources/0")


def test_a_template_given_as_an_expression() -> None:
    template = {"variables": {"t": {"resources": [STORE]}}, "resources": [nested("[variables('t')]")]}  # type: ignore[arg-type]
    assert [each.type for each in of(template).resources][1:] == ["Microsoft.Storage/storageAccounts"]


def test_what_is_not_at_hand_is_a_gap() -> None:
    link = {"type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "far"}
    template = {
        "resources": [
            {**link, "properties": {"templateLink": {"uri": "https://example.org/a.json"}}},
            {**link, "name": "empty", "properties": {}},
            {**STORE, "copy": {"name": "c", "count": "[length(reference('x').list)]"}},
        ]
    }
    found = of(template)
    assert [each.because for each in found.gaps] == [
        "how often the loop runs is the expression [length(reference('x').list)]",
        "its template is not at hand",
        "it names no template",
    ]
    assert [each.type for each in found.gaps] == ["Microsoft.Storage/storageAccounts", "", ""]


def test_extensions_are_set_aside() -> None:
    template = {
        "languageVersion": "2.0",
        "resources": {
            "app": {"import": "graph", "type": "Microsoft.Graph/applications@v1.0", "properties": {}},
            "pod": {"extension": {"alias": "kubernetes"}, "type": "core/Pod@v1", "properties": {}},
        },
    }
    assert [words for words, _ in of(template).set_aside] == [
        "Microsoft.Graph/applications of the extension graph",
        "core/Pod of the extension kubernetes",
    ]


def test_old_forms_of_extension_resources() -> None:
    role = "Microsoft.Authorization/roleAssignments"
    template = {
        "resources": [
            {
                "type": "Microsoft.KeyVault/vaults/providers/roleAssignments",
                "apiVersion": "1",
                "name": "kv/Microsoft.Authorization/g",
            },
            {
                "type": "Microsoft.KeyVault/vaults",
                "apiVersion": "1",
                "name": "kv",
                "resources": [
                    {"type": "providers/roleAssignments", "apiVersion": "1", "name": "Microsoft.Authorization/h"},
                    {"type": "Microsoft.Authorization/locks", "apiVersion": "1", "name": "keep"},
                    {"type": "Microsoft.KeyVault/vaults/secrets", "apiVersion": "1", "name": "kv/s"},
                ],
            },
        ]
    }
    vault = f"{BASE}/Microsoft.KeyVault/vaults/kv"
    assert [each.id for each in of(template).resources] == [
        f"{vault}/providers/{role}/g",
        vault,
        f"{vault}/providers/{role}/h",
        f"{vault}/providers/Microsoft.Authorization/locks/keep",
        f"{vault}/secrets/s",
    ]


def test_ids_need_the_scope_to_be_told() -> None:
    found = expand({"resources": [STORE]}, {}, Scope())
    assert isinstance(found.resources[0].id, Unknown)
    assert not isinstance(value_of("[tenantResourceId('A.B/c', 'd')]", scope=Scope()), Unknown)


def test_deployments_to_management_groups_and_the_tenant() -> None:
    inside = {"resources": [{"type": "Microsoft.Authorization/policyDefinitions", "apiVersion": "1", "name": "p"}]}
    template = {
        "resources": [
            nested(inside, scope_="x") | {"scope": "Microsoft.Management/managementGroups/mg"},
            nested(inside) | {"name": "top", "scope": "/"},
        ]
    }
    found = expand(template, {}, Scope("tenant"))
    assert [each.id for each in found.resources if "policy" in each.type] == [
        "/providers/Microsoft.Management/managementGroups/mg/providers/Microsoft.Authorization/policyDefinitions/p",
        "/providers/Microsoft.Authorization/policyDefinitions/p",
    ]


def test_full_reference_of_a_deployment_and_secure_outputs() -> None:
    inside = {
        "outputs": {
            "a": {"type": "int", "value": 1},
            "s": {"type": "secureString", "value": "hush"},
            "n": {"type": "int", "condition": False, "value": 1},
        },
        "resources": [],
    }
    template = {
        "resources": [nested(inside)],
        "outputs": {
            "a": {"type": "int", "value": "[reference('child', '2022-09-01', 'full').properties.outputs.a.value]"},
            "s": {"type": "string", "value": "[reference('child').outputs.s.value]"},
            "state": {"type": "string", "value": "[reference('child').provisioningState]"},
        },
    }
    found = of(template).outputs
    assert found["a"] == 1
    assert isinstance(found["s"], Unknown)
    assert found["state"].as_expression().endswith("Microsoft.Resources/deployments/child').provisioningState]")


def test_environment_of_another_cloud_is_unknown() -> None:
    assert isinstance(value_of("[environment().portal]", scope=Scope(cloud="AzureUSGovernment")), Unknown)
    assert value_of("[environment().name]", scope=Scope(cloud="AzureUSGovernment")) == "AzureUSGovernment"
    assert isinstance(value_of("[resourceGroup()]", scope=GROUP), Open)


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        ("d", "4/7/2020"),
        ("F", "Tuesday, April 7, 2020 2:53:14 PM"),
        ("o", "2020-04-07T14:53:14.0000000Z"),
        ("r", "Tue, 07 Apr 2020 14:53:14 GMT"),
        ("yyyyMMdd", "20200407"),
        ("yy-M-d h:m:s tt", "20-4-7 2:53:14 PM"),
        ("dddd MMM", "Tuesday Apr"),
    ],
)
def test_formats_of_times(form: str, shown: str) -> None:
    assert value_of(f"[dateTimeAdd('2020-04-06T14:53:14Z', 'P1D', '{form}')]") == shown


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("[dateTimeAdd('2024-01-31', 'P1M')]", "2024-02-29T00:00:00Z"),
        ("[dateTimeToEpoch('20240101T000000Z')]", 1704067200),
        ("[format('{0,5}|{0,-5}|{1:D4}|{1:X2}|{1:F1}|{2}|{{}}', 'ab', 10, null())]", "   ab|ab   |0010|0A|10.0||{}"),
        ("[format('{0:x}', -1)]", "ffffffffffffffff"),
        ("[format('{0}', json('[1.5,null,{\"a\":\"b\"}]'))]", "[1.5,null,{'a':'b'}]"),
        ("[greater('b', 'A')]", True),
        ("[like('Hello', 'h*O')]", True),
        ("[like('a.c', 'abc')]", False),
        ("[dataUriToString('data:,a%20b')]", "a b"),
        ("[cidrHost('10.0.0.1/32', 0)]", "10.0.0.1"),
        ("[lastIndexOf('abA', 'a')]", 2),
        ("[indexOf(createArray(1, 'a'), 'a')]", 1),
        ("[distinct(createArray(1, 1, 2))]", [1, 2]),
        ("[div(-7, 2)]", -3),
        ("[mod(-7, 3)]", -1),
        ("[split('a1b2c', createArray('1', '2'))]", ["a", "b", "c"]),
        ("[intersection(createObject('a', 1, 'b', 2), createObject('A', 1, 'b', 3))]", {"a": 1}),
        ("[sys.toUpper('a')]", "A"),
        ("[tryIndexFromEnd(createArray(1), 2)]", None),
        ("[length('\U0001f600')]", 2),
    ],
)  # fmt: skip
def test_more_results(expression: str, value: object) -> None:
    assert value_of(expression) == value


def test_resource_info_is_known_in_names_scopes_and_loops() -> None:
    role = {
        "type": "Microsoft.Authorization/roleAssignments",
        "apiVersion": "1",
        "copy": {"name": "roles", "count": 2},
        "scope": "[format('Microsoft.Storage/storageAccounts/{0}', resourceInfo('st').name)]",
        "name": "[format('{0}-{1}', resourceInfo('st').name, copyIndex())]",
        "properties": {"principalId": "[reference('st').x]"},
    }
    template = {"languageVersion": "2.0", "resources": {"st": STORE, "roles": role}}
    found = of(template)
    assert not found.faults
    assert [each.id for each in found.resources][1:] == [
        f"{BASE}/Microsoft.Storage/storageAccounts/st1/providers/Microsoft.Authorization/roleAssignments/st1-{n}"
        for n in range(2)
    ]
    counted = {**role, "copy": {"name": "roles", "count": "[length(resourceInfo('st').name)]"}}
    assert of({"languageVersion": "2.0", "resources": {"st": STORE, "roles": counted}}).gaps


@pytest.mark.parametrize(
    ("scope", "expression"),
    [
        (Scope("subscription", SUB), "[resourceGroup().id]"),
        (Scope("tenant"), "[subscription().id]"),
        (GROUP, "[resourceId('one', 'two', 'three', 'A.B/c', 'd')]"),
        (GROUP, "[resourceId('none')]"),
        (GROUP, "[copyIndex('a', 'b', 'c')]"),
        (GROUP, "[if('a', 'b')]"),
        (GROUP, "[float(true())]"),
        (GROUP, "[not(1)]"),
        (GROUP, "[length(1)]"),
        (GROUP, "[items('a')]"),
        (GROUP, "[first(1)]"),
        (GROUP, "[contains(1, 2)]"),
        (GROUP, "[tryGet('a', 'b')]"),
        (GROUP, "[sort(createArray(1, 2), lambda('a', 'b', 1))]"),
        (GROUP, "[cidrSubnet('10.0.0.0/24', 26, 4)]"),
        (GROUP, "[dateTimeAdd('2024-13-01', 'P1D')]"),
        (GROUP, "[dateTimeAdd('9999-01-01', 'P9Y')]"),
        (GROUP, "[intersection(createArray(1), createObject())]"),
        (GROUP, "[uri('http://[', 'a')]"),
        (GROUP, "[padLeft('a', 99999999)]"),
        (GROUP, "[format('{0,99999999}', 'a')]"),
        (GROUP, "[json('NaN')]"),
    ],
)
def test_more_that_azure_refuses(scope: Scope, expression: str) -> None:
    assert isinstance(value_of(expression, scope=scope), Fault)


@pytest.mark.parametrize(
    ("scope", "expression"),
    [
        (Scope(), "[resourceId('A.B/c', 'd')]"),
        (Scope(), "[subscriptionResourceId('A.B/c', 'd')]"),
        (Scope("managementGroup"), "[managementGroup().id]"),
        (Scope("managementGroup"), "[managementGroupResourceId('A.B/c', 'd')]"),
        (GROUP, "[resourceId('A.B/c', reference('x').y)]"),
        (GROUP, "[lambdaVariables(reference('x').y)]"),
        (GROUP, "[parameters(reference('x').y)]"),
        (GROUP, "[resourceInfo(reference('x').y)]"),
        (GROUP, "[copyIndex(reference('x').y)]"),
        (GROUP, "[tenant().tenantId]"),
        (GROUP, "[createArray(1)[reference('x').y]]"),
        (GROUP, "[dateTimeAdd('1.2.2024', 'P1D')]"),
        (GROUP, "[dateTimeAdd('2024-01-01', 'P1D', 'k')]"),
        (GROUP, "[dateTimeAdd('2024-01-01', 'P1D', 'x yyyy')]"),
        (GROUP, "[format('{0:N0}', json('1.5'))]"),
        (GROUP, "[distinct(createArray(1, reference('x')))]"),
        (GROUP, "[intersection(createObject('a', reference('x')), createObject('a', 1))]"),
        (GROUP, "[tryIndexFromEnd(reference('x').y, 1)]"),
        (GROUP, "[reduce(reference('x').y, 0, lambda('a', 'b', 1))]"),
    ],
)
def test_more_that_hangs_on_azure(scope: Scope, expression: str) -> None:
    assert isinstance(value_of(expression, scope=scope), Unknown)


def test_ids_by_a_leading_group_or_subscription() -> None:
    at = Scope("subscription", SUB)
    assert value_of("[resourceId('other', 'A.B/c', 'd')]", scope=at) == "/subscriptions/other/providers/A.B/c/d"
    assert value_of("[resourceId('s', 'g', 'A.B/c', 'd')]", scope=GROUP) == (
        "/subscriptions/s/resourceGroups/g/providers/A.B/c/d"
    )
    assert (
        value_of("[resourceId('Microsoft.Resources/subscriptions', 's')]", scope=Scope("tenant")) == "/subscriptions/s"
    )
    assert value_of("[dateTimeAdd('2024-01-01', 'P1D', '\\a''x''yyyy')]") == "ax2024"


def test_functions_of_a_template_see_their_parameters_alone() -> None:
    def calling(value: Any) -> list[str]:
        member = {"parameters": [{"name": "a", "type": "string"}], "output": {"type": "string", "value": value}}
        functions = [{"namespace": "my", "members": {"f": member}}]
        template = {"functions": functions, "resources": [{**STORE, "tags": {"t": "[my.f('x')]"}}]}
        return [each.sentence for each in of(template).faults]

    assert calling("[parameters('a')]") == []
    assert calling("[parameters('b')]") == ["the function has no parameter b"]
    assert calling("[variables('a')]") == ["a function of a template sees no variables"]


def test_parameters_of_deployments() -> None:
    inside = {
        "parameters": {"n": {"type": "string", "defaultValue": "stdefault"}},
        "resources": [{**STORE, "name": "[parameters('n')]"}],
    }
    null = of({"resources": [nested(inside, properties={"parameters": {"n": {"value": "[null()]"}}})]})
    assert null.resources[1].body["name"] == "stdefault"
    whole = {"variables": {"p": {"n": {"value": "stwhole"}}}, "resources": [nested(inside)]}
    whole["resources"][0]["properties"]["parameters"] = "[variables('p')]"
    assert of(whole).resources[1].body["name"] == "stwhole"
    broken = of({"resources": [nested(inside, properties={"parameters": {"n": {"value": "[add('a', 1)]"}}})]})
    assert broken.faults[0].source.pointer == "/resources/0/properties/parameters/n/value"
    kept = of({"resources": [nested(inside, properties={"parameters": {"n": {"reference": {"secretName": "s"}}}})]})
    assert isinstance(kept.resources[1].body["name"], Unknown)


def test_deployments_to_scopes_that_are_not_known() -> None:
    inside = {"resources": [STORE]}
    for scope in ({"resourceGroup": "[reference('x').y]"}, {"scope": "[reference('x').y]"}):
        assert isinstance(of({"resources": [nested(inside) | scope]}).resources[1].id, Unknown)
    schema = "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#"
    group = {"type": "Microsoft.Resources/resourceGroups", "apiVersion": "2022-09-01", "name": "rg-new"}
    above = of({"resources": [nested({"$schema": schema, "resources": [group]})]})
    assert above.resources[1].id == f"/subscriptions/{SUB}/resourceGroups/rg-new"


def test_types_check_objects_deeply() -> None:
    def fits(schema: Any, value: Any) -> bool:
        return not of({"parameters": {"p": schema}, "resources": []}, p=value).faults

    row = {"type": "object", "properties": {"a": {"type": "int"}}, "additionalProperties": {"type": "string"}}
    assert fits(row, {"a": 1, "b": "x"})
    assert not fits(row, {"b": "x"})
    assert not fits(row, {"a": 1, "b": 2})
    assert not fits({"type": "array", "prefixItems": [{"type": "int"}]}, [])
    assert not fits({"type": "int", "maxValue": 3}, 4)
    assert not fits({"type": "bool"}, "true")
    choice = {
        "propertyName": "kind",
        "mapping": {"a": {"properties": {"x": {"type": "int"}}, "additionalProperties": False}},
    }
    assert fits({"type": "object", "discriminator": choice}, {"kind": "a", "x": 1})
    assert not fits({"type": "object", "discriminator": choice}, {"kind": "a", "x": 1, "y": 2})
    assert not fits({"$ref": "#/definitions/none/0"}, 1)


def test_outputs_of_a_loop_of_deployments() -> None:
    inside = {
        "parameters": {"i": {"type": "int"}},
        "outputs": {"o": {"type": "int", "value": "[mul(parameters('i'), 10)]"}},
        "resources": [],
    }
    child = nested(inside, properties={"parameters": {"i": {"value": "[copyIndex()]"}}})
    loop = {**child, "name": "[format('n{0}', copyIndex())]", "copy": {"name": "n", "count": 3}}
    loop["condition"] = "[not(equals(copyIndex(), 1))]"
    shown = "[map(references('n'), lambda('m', lambdaVariables('m').outputs.o.value))]"
    template = {
        "languageVersion": "2.0",
        "resources": {"n": loop},
        "outputs": {"all": {"type": "array", "value": shown}},
    }
    assert of(template).outputs == {"all": [0, 20]}
    loop["condition"] = "[reference('x').y]"
    assert isinstance(of(template).outputs["all"], Unknown)
