"""Resources of Terraform's azurerm provider become the documents that they write."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from auditor.facts import load
from auditor.snapshot.importing import Imported
from tests.builders.imports import imported
from tests.importing.test_terraform import change, plan

FIXTURES = Path(__file__).parents[1] / "fixtures" / "terraform"
SUB = "11111111-2222-3333-4444-555555555555"
GROUP = f"/subscriptions/{SUB}/resourceGroups/rg"
NET = f"{GROUP}/providers/Microsoft.Network"
PROVIDER = {"azurerm": {"expressions": {"subscription_id": {"constant_value": SUB}}}}


def config(*resources: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"provider_config": PROVIDER, "root_module": {"resources": list(resources), **more}}


def refers(*references: str) -> dict[str, Any]:
    return {"references": list(references)}


def documents(made: Imported) -> dict[str, Mapping[str, Any]]:
    return {each["id"].rpartition("/providers/")[2]: each for each in made.snapshot.documents}


def of(tmp_path: Path, *changes: dict[str, Any], **more: Any) -> dict[str, Mapping[str, Any]]:
    more.setdefault("configuration", config())
    return documents(imported(tmp_path, plan(*changes, **more)))


def named(name: str = "x", **more: Any) -> dict[str, Any]:
    return {"name": name, "resource_group_name": "rg", "location": "westeurope", **more}


def without_unknowns(value: Any) -> Any:
    if isinstance(value, Mapping):
        kept = {key: without_unknowns(each) for key, each in value.items() if each != "[known after apply]"}
        return {key: each for key, each in kept.items() if each != {}}
    return [without_unknowns(each) for each in value] if isinstance(value, list) else value


def test_a_plan_and_the_state_after_it_agree(tmp_path: Path) -> None:
    """All that the plan knows stands in the state as well, but for the names that the provider makes up."""
    made = [
        documents(imported(tmp_path, json.loads((FIXTURES / f"azurerm-{form}.json").read_text(encoding="utf-8"))))
        for form in ("plan", "state")
    ]
    planned, there = made
    assert len(planned) == 12
    shared = planned.keys() & there.keys()
    assert len(planned.keys() - shared) == 3  # the role assignment, and what only Azure writes of the storage account
    for key in shared:
        less, more = without_unknowns(planned[key]), there[key]
        assert less.items() <= {**more, "type": less.get("type", more.get("type"))}.items() or _holds(less, more), key
    role = next(each for key, each in planned.items() if "roleAssignments" in key)
    assert role["properties"]["principalId"].endswith("/userAssignedIdentities/id-harbour-app').principalId]")
    assert role["properties"]["roleDefinitionId"].endswith("/roleDefinitions/ba92f5b4-2d11-453d-a403-e96b0029c9fe")
    endpoint = planned["Microsoft.Network/privateEndpoints/pe-blob"]["properties"]
    assert endpoint["subnet"]["id"].endswith("/virtualNetworks/vnet-harbour/subnets/snet-pe")
    subnet = planned["Microsoft.Network/virtualNetworks/vnet-harbour/subnets/snet-pe"]["properties"]
    assert subnet["networkSecurityGroup"]["id"].endswith("/networkSecurityGroups/nsg-harbour-pe")
    assert "subnets" not in planned["Microsoft.Network/virtualNetworks/vnet-harbour"]["properties"]


def _holds(less: Any, more: Any) -> bool:
    if isinstance(less, Mapping):
        return isinstance(more, Mapping) and all(_holds(value, more.get(key)) for key, value in less.items())
    if isinstance(less, list):
        return isinstance(more, list) and all(_holds(one, other) for one, other in zip(less, more, strict=True))
    return bool(less == more)


def test_values_are_put_into_the_form_of_azure(tmp_path: Path) -> None:
    found = of(
        tmp_path,
        change(
            "azurerm_linux_web_app.a",
            "azurerm_linux_web_app",
            named(
                "app",
                public_network_access_enabled=False,
                https_only=True,
                app_settings={"A": "b"},
                ftp_publish_basic_authentication_enabled=False,
                identity=[{"type": "UserAssigned", "identity_ids": None}],
                site_config=[
                    {
                        "minimum_tls_version": "1.0",
                        "application_stack": [{"python_version": "3.12"}],
                        "ip_restriction": [{"service_tag": "AzureFrontDoor.Backend", "action": "Allow", "priority": 1}],
                    }
                ],
            ),
            {"identity": [{"identity_ids": True}]},
        ),
        change("azurerm_user_assigned_identity.i", "azurerm_user_assigned_identity", named("id-a")),
        change(
            "azurerm_key_vault_secret.s",
            "azurerm_key_vault_secret",
            {"name": "s", "key_vault_id": f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv", "value": "hush",
             "expiration_date": "2027-01-01T00:00:00Z"},
        ),
        change("azurerm_monitor_autoscale_setting.s", "azurerm_monitor_autoscale_setting",
               named("as", profile=[{"name": "p", "capacity": [{"minimum": 3}]}])),
        change("azurerm_resource_group_policy_assignment.p", "azurerm_resource_group_policy_assignment",
               {"name": "pa", "resource_group_id": GROUP, "parameters": '{"a": {"value": 1}}', "metadata": "{"}),
        configuration=config(
            {
                "address": "azurerm_linux_web_app.a",
                "expressions": {
                    "identity": [
                        {"identity_ids": refers("azurerm_user_assigned_identity.i.id")}
                    ]
                },
            }
        ),
    )  # fmt: skip
    site = found["Microsoft.Web/sites/app"]
    assert site["properties"]["publicNetworkAccess"] == "Disabled"
    assert site["properties"]["siteConfig"] == {
        "minTlsVersion": "1.0",
        "linuxFxVersion": "PYTHON|3.12",
        "ipSecurityRestrictions": [
            {"ipAddress": "AzureFrontDoor.Backend", "tag": "ServiceTag", "action": "Allow", "priority": 1}
        ],
    }
    identity = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-a"
    assert site["identity"] == {"type": "UserAssigned", "userAssignedIdentities": {identity: {}}}
    assert found["Microsoft.Web/sites/app/config/appsettings"]["properties"] == {"A": "(redacted)"}
    assert found["Microsoft.Web/sites/app/basicPublishingCredentialsPolicies/ftp"]["properties"] == {"allow": False}
    secret = found["Microsoft.KeyVault/vaults/kv/secrets/s"]["properties"]
    assert secret["attributes"]["exp"] == 1798761600
    assert "hush" not in repr(found)
    profile = found["Microsoft.Insights/autoScaleSettings/as"]["properties"]["profiles"][0]
    assert profile["capacity"]["minimum"] == "3"
    assigned = found["Microsoft.Authorization/policyAssignments/pa"]["properties"]
    assert assigned == {"parameters": {"a": {"value": 1}}, "metadata": "[known after apply]"}


def test_names_of_parts_of_a_gateway_become_ids(tmp_path: Path) -> None:
    found = of(
        tmp_path,
        change(
            "azurerm_application_gateway.g",
            "azurerm_application_gateway",
            named(
                "agw",
                http_listener=[{"name": "l", "frontend_port_name": "p443", "protocol": "Https"}],
                request_routing_rule=[{"name": "r", "http_listener_name": "l"}],
            ),
        ),
    )
    gateway = found["Microsoft.Network/applicationGateways/agw"]["properties"]
    assert gateway["httpListeners"][0]["properties"]["frontendPort"]["id"] == (
        f"{NET}/applicationGateways/agw/frontendPorts/p443"
    )
    assert gateway["requestRoutingRules"][0]["properties"]["httpListener"]["id"].endswith("/httpListeners/l")


def test_a_manual_connection_stands_in_its_own_list(tmp_path: Path) -> None:
    stated = {"name": "c", "private_connection_resource_id": f"{GROUP}/x", "subresource_names": ["blob"]}
    found = of(
        tmp_path,
        *(
            change(
                f"azurerm_private_endpoint.{name}",
                "azurerm_private_endpoint",
                named(
                    name,
                    private_service_connection=[{**stated, "is_manual_connection": manual, "request_message": "m"}],
                ),
            )
            for name, manual in (("one", True), ("two", False))
        ),
    )
    one, two = (found[f"Microsoft.Network/privateEndpoints/{name}"]["properties"] for name in ("one", "two"))
    assert one["manualPrivateLinkServiceConnections"][0]["properties"]["requestMessage"] == "m"
    assert "privateLinkServiceConnections" not in one
    assert two["privateLinkServiceConnections"][0]["properties"]["groupIds"] == ["blob"]
    assert "manualPrivateLinkServiceConnections" not in two


def test_associations_change_the_documents_that_they_join(tmp_path: Path) -> None:
    nic = f"{NET}/networkInterfaces/nic"
    made = imported(
        tmp_path,
        plan(
            change(
                "azurerm_network_interface.n",
                "azurerm_network_interface",
                named("nic", ip_configuration=[{"name": "a", "subnet_id": f"{NET}/virtualNetworks/v/subnets/s"}]),
            ),
            change(
                "azurerm_network_interface_application_security_group_association.a",
                "azurerm_network_interface_application_security_group_association",
                {"network_interface_id": nic, "application_security_group_id": f"{NET}/applicationSecurityGroups/asg"},
            ),
            change(
                "azurerm_network_interface_security_group_association.b",
                "azurerm_network_interface_security_group_association",
                {"network_interface_id": nic, "network_security_group_id": f"{NET}/networkSecurityGroups/nsg"},
            ),
            change("azurerm_nat_gateway.n", "azurerm_nat_gateway", named("nat")),
            change(
                "azurerm_nat_gateway_public_ip_association.p",
                "azurerm_nat_gateway_public_ip_association",
                {"nat_gateway_id": f"{NET}/natGateways/nat", "public_ip_address_id": f"{NET}/publicIPAddresses/pip"},
            ),
            change("azurerm_lb.l", "azurerm_lb", named("lb")),
            change(
                "azurerm_lb_probe.p",
                "azurerm_lb_probe",
                {"name": "probe", "loadbalancer_id": f"{NET}/loadBalancers/lb", "port": 443},
            ),
            change(
                "azurerm_ip_group_cidr.c",
                "azurerm_ip_group_cidr",
                {"ip_group_id": f"{NET}/ipGroups/elsewhere", "cidr": "10.0.0.0/24"},
            ),
            change(
                "azurerm_storage_account_network_rules.r",
                "azurerm_storage_account_network_rules",
                {
                    "storage_account_id": f"{GROUP}/providers/Microsoft.Storage/storageAccounts/st",
                    "default_action": "Deny",
                },
            ),
            change("azurerm_storage_account.s", "azurerm_storage_account", named("st"), {"network_rules": True}),
            configuration=config(),
        ),
    )
    found = documents(made)
    properties = found["Microsoft.Network/networkInterfaces/nic"]["properties"]
    groups = properties["ipConfigurations"][0]["properties"]["applicationSecurityGroups"]
    assert groups == [{"id": f"{NET}/applicationSecurityGroups/asg"}]
    assert properties["networkSecurityGroup"] == {"id": f"{NET}/networkSecurityGroups/nsg"}
    nat = found["Microsoft.Network/natGateways/nat"]["properties"]
    assert nat["publicIpAddresses"] == [{"id": f"{NET}/publicIPAddresses/pip"}]
    probe = found["Microsoft.Network/loadBalancers/lb"]["properties"]["probes"][0]
    assert (probe["name"], probe["properties"]["port"]) == ("probe", 443)
    assert any(each.scope == f"{NET}/ipGroups/elsewhere" and each.error for each in made.snapshot.reads)
    rules = found["Microsoft.Storage/storageAccounts/st"]["properties"]["networkAcls"]
    assert rules["defaultAction"] == "Deny"


def test_a_storage_account_without_rules_lets_all_in(tmp_path: Path) -> None:
    found = of(
        tmp_path, change("azurerm_storage_account.s", "azurerm_storage_account", named("st"), {"network_rules": True})
    )
    rules = found["Microsoft.Storage/storageAccounts/st"]["properties"]["networkAcls"]
    assert rules == {"defaultAction": "Allow", "bypass": "AzureServices"}


def test_references_are_followed_through_modules_loops_and_data(tmp_path: Path) -> None:
    subnet = {"virtual_network_name": None, "resource_group_name": "rg", "address_prefixes": ["10.0.0.0/24"]}
    changes = (
        change("azurerm_virtual_network.v", "azurerm_virtual_network", named("vnet")),
        change('module.net.azurerm_subnet.s["a"]', "azurerm_subnet", {**subnet, "name": "snet-a"}),
        change('module.net.azurerm_subnet.s["b"]', "azurerm_subnet", {**subnet, "name": "snet-b"}),
        change("azurerm_network_security_group.g", "azurerm_network_security_group", named("nsg"),
               {"security_rule": True}),
        *(
            change(
                f'module.net.azurerm_subnet_network_security_group_association.x["{key}"]',
                "azurerm_subnet_network_security_group_association",
                {},
                {"subnet_id": True, "network_security_group_id": True},
            )
            for key in ("a", "b")
        ),
        change("azurerm_private_endpoint.p", "azurerm_private_endpoint", named("pep"), {"subnet_id": True}),
        change("azurerm_linux_web_app.w", "azurerm_linux_web_app", named("app", identity=[{"type": "SystemAssigned"}])),
        change("azurerm_role_assignment.r", "azurerm_role_assignment", {"role_definition_name": "Owner"},
               {"scope": True, "principal_id": True, "role_definition_id": True, "principal_type": True}),
        change("azurerm_role_assignment.q", "azurerm_role_assignment", {"role_definition_name": "Made up"},
               {"scope": True, "principal_id": True}),
        change("azurerm_subnet.l", "azurerm_subnet", {**subnet, "name": "snet-l"}, {"virtual_network_name": True}),
    )  # fmt: skip
    module = {
        "outputs": {
            "b": {"expression": refers('azurerm_subnet.s["b"].id', 'azurerm_subnet.s["b"]', "azurerm_subnet.s")}
        },
        "resources": [
            {"address": "azurerm_subnet.s", "expressions": {"virtual_network_name": refers("var.network")}},
            {
                "address": "azurerm_subnet_network_security_group_association.x",
                "expressions": {
                    "subnet_id": refers("azurerm_subnet.s", "each.key"),
                    "network_security_group_id": refers("var.group"),
                },
            },
        ],
    }
    group = refers("azurerm_network_security_group.g.id", "azurerm_network_security_group.g")
    network = refers("azurerm_virtual_network.v.name", "azurerm_virtual_network.v")
    configuration = config(
        {"address": "azurerm_private_endpoint.p", "expressions": {"subnet_id": refers("module.net.b", "module.net")}},
        {
            "address": "azurerm_role_assignment.r",
            "expressions": {
                "scope": refers("data.azurerm_resource_group.d.id", "data.azurerm_resource_group.d"),
                "principal_id": refers("azurerm_linux_web_app.w.identity[0].principal_id", "azurerm_linux_web_app.w"),
            },
        },
        {
            "address": "azurerm_role_assignment.q",
            "expressions": {"scope": refers("data.azurerm_resource_group.d.id"), "principal_id": refers("local.who")},
        },
        {"address": "azurerm_subnet.l", "expressions": {"virtual_network_name": refers("local.name")}},
        module_calls={"net": {"expressions": {"network": network, "group": group}, "module": module}},
    )
    data = {
        "address": "data.azurerm_resource_group.d",
        "mode": "data",
        "type": "azurerm_resource_group",
        "values": {"id": GROUP},
    }
    state = {"values": {"root_module": {"resources": [data]}}}
    made = imported(tmp_path, plan(*changes, configuration=configuration, prior_state=state))
    found = documents(made)
    for key in ("a", "b"):
        joined = found[f"Microsoft.Network/virtualNetworks/vnet/subnets/snet-{key}"]["properties"]
        assert joined["networkSecurityGroup"]["id"] == f"{NET}/networkSecurityGroups/nsg"
    assert "securityRules" not in found["Microsoft.Network/networkSecurityGroups/nsg"].get("properties", {})
    endpoint = found["Microsoft.Network/privateEndpoints/pep"]["properties"]
    assert endpoint["subnet"]["id"] == f"{NET}/virtualNetworks/vnet/subnets/snet-b"
    roles = [each for key, each in found.items() if "roleAssignments" in key]
    owner = next(each for each in roles if each["properties"]["roleDefinitionId"].startswith("/"))["properties"]
    assert owner["scope"] == GROUP
    assert owner["roleDefinitionId"].endswith("8e3af657-a8ff-443c-a75c-2fe8c4bcb635")
    assert owner["principalId"] == f"[reference('{GROUP}/providers/Microsoft.Web/sites/app').identity.principalId]"
    assert "principalType" not in owner
    other = next(each for each in roles if not each["properties"]["roleDefinitionId"].startswith("/"))["properties"]
    assert other["principalId"] == "[known after apply]"
    assert any("only apply determines the id of azurerm_subnet.l" in each for each in made.warnings)


def test_what_stands_outside_of_the_facts_is_named(tmp_path: Path) -> None:
    row = load("azurerm")["resources"]["azurerm_key_vault"]
    name = row["not_mapped"][0].split("[")[0].split(".")[0] if row.get("not_mapped") else ""
    type_, argument = ("azurerm_key_vault", name) if name else ("azurerm_machine_learning_workspace", "")
    if not argument:
        type_, argument = next(
            (one, each["not_mapped"][0].split("[")[0].split(".")[0])
            for one, each in load("azurerm")["resources"].items()
            if each.get("not_mapped") and "{rg}" in each["id"][0] and each["id"][0].endswith("{name}")
        )
    made = imported(tmp_path, plan(change(f"{type_}.x", type_, named(**{argument: "set"})), configuration=config()))
    assert any(f"{type_}.x sets what is not read: {argument}" in each for each in made.warnings)


def test_what_is_destroyed_is_gone_and_what_it_joined_is_unknown(tmp_path: Path) -> None:
    gone = ("delete",)
    made = imported(
        tmp_path,
        plan(
            change("azurerm_virtual_network.v", "azurerm_virtual_network", named("vnet"), actions=gone),
            change(
                "azurerm_subnet_route_table_association.x",
                "azurerm_subnet_route_table_association",
                {"subnet_id": f"{NET}/virtualNetworks/o/subnets/s", "route_table_id": f"{NET}/routeTables/r"},
                actions=gone,
            ),
            change("azurerm_route_table.r", "azurerm_route_table", named("rt"), actions=("no-op",)),
            configuration=config(),
        ),
    )
    assert [each["name"] for each in made.snapshot.documents] == ["rt"]
    assert any(each.scope == f"{NET}/virtualNetworks/o/subnets/s" for each in made.snapshot.reads if each.error)


def test_rows_of_facts_are_sound() -> None:
    facts = load("azurerm")
    known = load("terraform-types")["types"]
    for name, row in facts["resources"].items():
        assert row["type"].count("/") >= 1, name
        assert known.get(name), name
        for path, attribute in row["attributes"].items():
            assert attribute["pointer"].startswith("/"), (name, path)
            # Each element of the plan has a place in the document; of public addresses of a machine there is one.
            stars = path.replace("public_ip_address[*].", "").count("[*]") - ("join" in attribute)
            assert attribute["pointer"].count("*") >= stars or attribute.get("how"), (name, path)


def test_what_a_data_source_reads_is_there(tmp_path: Path) -> None:
    id_ = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv"
    data = {"address": "data.azurerm_key_vault.d", "mode": "data", "type": "azurerm_key_vault", "values": {"id": id_}}
    state = {"values": {"root_module": {"resources": [data]}}}
    made = imported(tmp_path, plan(configuration=config(), prior_state=state), complete=True)
    assert [each.scope for each in made.snapshot.reads if each.error] == [id_]


def test_ids_that_are_made_of_other_ids(tmp_path: Path) -> None:
    hub = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/hub"
    account = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/st"
    key = {"name": "d", "workspace_id": hub, "account_key": "hush", "storage_container_id": f"{account}/x"}
    found = of(
        tmp_path,
        change("azurerm_ai_foundry_project.p", "azurerm_ai_foundry_project",
               {"name": "proj", "ai_services_hub_id": hub}),
        change("azurerm_storage_account.s", "azurerm_storage_account",
               named("st", account_tier="Standard", account_replication_type="GZRS", zone="1")),
        change("azurerm_storage_container.c", "azurerm_storage_container",
               {"name": "box", "storage_account_name": "st"}),
        change("azurerm_storage_container.r", "azurerm_storage_container",
               {"name": "sea", "resource_manager_id": f"{account}/blobServices/default/containers/sea"}),
        change("azurerm_machine_learning_datastore_blobstorage.d",
               "azurerm_machine_learning_datastore_blobstorage", key),
        change("azurerm_key_vault_secret.s", "azurerm_key_vault_secret",
               {"name": "s", "key_vault_id": f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv",
                "expiration_date": "soon"}),
        change("azurerm_storage_account.m", "azurerm_storage_account",
               named("stmod", identity=[{"type": "SystemAssigned", "principal_id": "p", "tenant_id": "t"}])),
        configuration=config(
            {
                "address": "azurerm_storage_container.c",
                "expressions": {"storage_account_name": refers("azurerm_storage_account.s.name")},
            }
        ),
    )  # fmt: skip
    assert found["Microsoft.MachineLearningServices/workspaces/proj"]["kind"] == "Project"
    assert "Microsoft.Storage/storageAccounts/st/blobServices/default/containers/box" in found
    assert "Microsoft.Storage/storageAccounts/st/blobServices/default/containers/sea" in found
    assert found["Microsoft.Storage/storageAccounts/st"]["sku"]["name"] == "Standard_GZRS"
    store = found["Microsoft.MachineLearningServices/workspaces/hub/datastores/d"]["properties"]
    assert store["credentials"]["credentialsType"] == "AccountKey"
    assert "hush" not in repr(found)
    assert found["Microsoft.KeyVault/vaults/kv/secrets/s"]["properties"]["attributes"]["exp"] == "[known after apply]"
    assert found["Microsoft.Storage/storageAccounts/stmod"]["identity"]["principalId"] == "p"


def test_values_in_the_state_of_a_principal_and_of_a_variable(tmp_path: Path) -> None:
    found = of(
        tmp_path,
        change("azurerm_user_assigned_identity.i", "azurerm_user_assigned_identity", named("id", principal_id="known")),
        change("azurerm_role_assignment.r", "azurerm_role_assignment", {"name": "n"},
               {"scope": True, "principal_id": True, "role_definition_id": True}),
        configuration=config(
            {
                "address": "azurerm_role_assignment.r",
                "expressions": {
                    "scope": refers("var.scope"),
                    "principal_id": refers("azurerm_user_assigned_identity.i.principal_id"),
                    "role_definition_id": {"constant_value": f"{GROUP}/role"},
                },
            }
        ),
        variables={"scope": {"value": GROUP}},
    )  # fmt: skip
    assert found["Microsoft.Authorization/roleAssignments/n"]["properties"] == {
        "scope": GROUP,
        "principalId": "known",
        "roleDefinitionId": f"{GROUP}/role",
    }
