"""No secret leaves Azure: a world with marked secrets wherever one could be, and everything that is made of it."""

from __future__ import annotations

import functools
import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auditor.cli import run
from auditor.commands.demo import variables
from auditor.model import ExitCode
from auditor.snapshot import REDACTED, Snapshot, read_snapshot
from tests import worlds
from tests.collecting import serving, world
from tests.faulty import Fault, Kind

RG = f"{worlds.subscription()}/resourceGroups/rg-chat-prod"
MARK = re.compile(r"S3CRET\d{3}")
_numbers = itertools.count(100)


def secret() -> str:
    """A text that must not be seen anywhere; each is another, so that the one that leaks is known."""
    return f"S3CRET{next(_numbers)}marked"


S = secret


def jwt() -> str:
    return f"eyJhbGciOiJIUzI1NiJ9.eyJ{S()}AAAA.sig{S()}"


TEXTS = {
    "connection string": f"DefaultEndpointsProtocol=https;AccountName=x;AccountKey={S()};EndpointSuffix=y",
    "event hub": f"Endpoint=sb://x/;SharedAccessKeyName=Root;SharedAccessKey={S()}",
    "database": f"Server=tcp:x;User ID=u;Password={S()};Encrypt=True",
    "cache": f"redis.example:6380,password={S()},ssl=True",
    "shared access signature": f"https://x.blob.core.windows.net/c?sv=2022-11-02&se=2030&sig={S()}%3D",
    "function": f"https://f.azurewebsites.net/api/x?code={S()}==",
    "user in an address": f"https://deploy:{S()}@git.example/x",
    "token": f"Authorization: Bearer {S()}",
    "web token": jwt(),
    "header": f"curl -H 'api-key: {S()}'",
    "argument": f"start --password {S()}",
    "JSON in a text": json.dumps({"apiKey": S(), "endpoint": "e"}),
    "private key": f"-----BEGIN PRIVATE KEY-----\n{S()}\n-----END PRIVATE KEY-----",
}
"""Secrets in the midst of a text, where only their form tells."""

NAMED: dict[str, Any] = {
    "Microsoft.Web/sites/seeded": {
        "siteConfig": {
            "appSettings": [{"name": "KEY", "value": S()}],
            "connectionStrings": [{"name": "db", "connectionString": S(), "type": "SQLAzure"}],
            "azureStorageAccounts": {"a": {"accessKey": S()}},
            "appCommandLine": f"run {S()}",
            "machineKey": {"decryptionKey": S(), "validationKey": S()},
            "metadata": [{"name": "m", "value": S()}],
            "handlerMappings": [{"arguments": S()}],
            "publishingPassword": S(),
        }
    },
    "Microsoft.Web/sites/seeded/config/web": {"appCommandLine": S(), "publishingPassword": S()},
    "Microsoft.Web/sites/seeded/config/authsettingsV2": {
        "identityProviders": {"azureActiveDirectory": {"registration": {"clientId": "c", "clientSecret": S()}}}
    },
    "Microsoft.Web/sites/seeded/config/appsettings": {"KEY": S(), "type": S()},
    "Microsoft.Web/sites/seeded/config/connectionstrings": {"db": {"value": S(), "type": "SQLAzure"}},
    "Microsoft.Web/sites/seeded/config/publishingcredentials/web": {"publishingPassword": S(), "scmUri": S()},
    "Microsoft.Storage/storageAccounts/seeded": {"primaryKey": S(), "keys": [{"keyName": "key1", "accountKey": S()}]},
    "Microsoft.KeyVault/vaults/kv-aibase/secrets/seeded": {"value": S(), "attributes": {"enabled": True}},
    "Microsoft.CognitiveServices/accounts/seeded": {
        "apiProperties": {
            "qnaAzureSearchEndpointKey": S(),
            "storageAccountConnectionString": S(),
            "eventHubConnectionString": S(),
        },
        "key1": S(),
        "key2": S(),
    },
    "Microsoft.Search/searchServices/seeded": {"primaryKey": S(), "secondaryKey": S(), "apiKey": S()},
    "Microsoft.ContainerRegistry/registries/seeded": {"adminUserPassword": S(), "passwords": [{"password": S()}]},
    "Microsoft.MachineLearningServices/workspaces/mlw-aibase/connections/seeded": {
        "authType": "ApiKey",
        "category": "AzureOpenAI",
        "credentials": {"key": S(), "keys": {"any": S()}, "sas": S(), "pat": S(), "secret": S()},
        "value": S(),
        "target": f"https://x/?sig={S()}",
    },
    "Microsoft.MachineLearningServices/workspaces/mlw-aibase/datastores/seeded": {
        "credentials": {
            "credentialsType": "Sas",
            "secrets": {"secretsType": "Sas", "sasToken": S()},
            "clientSecret": S(),
        }
    },
    "Microsoft.MachineLearningServices/workspaces/mlw-aibase/computes/seeded": {
        "computeType": "ComputeInstance",
        "properties": {
            "setupScripts": {"scripts": {"creationScript": {"scriptData": S(), "scriptArguments": S()}}},
            "sslConfiguration": {"key": S()},
            "administratorAccount": {"username": "u", "password": S(), "privateKeyData": S()},
            "customServices": [{"environmentVariables": {"A": {"type": "local", "value": S()}}}],
        },
    },
    "Microsoft.MachineLearningServices/workspaces/mlw-aibase/onlineEndpoints/ept-aibase/deployments/seeded": {
        "environmentVariables": {"KEY": S(), "type": S()}
    },
    "Microsoft.Compute/virtualMachines/seeded": {
        "osProfile": {"adminUsername": "u", "adminPassword": S(), "customData": S()},
        "userData": S(),
    },
    "Microsoft.Compute/virtualMachines/seeded/extensions/script": {
        "settings": {"commandToExecute": S(), "fileUris": [f"https://x/?sig={S()}"], "any": S()},
        "protectedSettings": {"any": S()},
    },
    "Microsoft.Compute/virtualMachineScaleSets/seeded": {
        "virtualMachineProfile": {
            "osProfile": {"customData": S(), "adminPassword": S()},
            "userData": S(),
            "extensionProfile": {"extensions": [{"properties": {"settings": {"a": S()}, "protectedSettings": S()}}]},
        }
    },
    "Microsoft.Network/applicationGateways/seeded": {
        "sslCertificates": [{"name": "c", "properties": {"data": S(), "password": S()}}],
        "rewriteRuleSets": [
            {
                "properties": {
                    "rewriteRules": [
                        {"actionSet": {"requestHeaderConfigurations": [{"headerName": "X-Key", "headerValue": S()}]}}
                    ]
                }
            }
        ],
    },
    "Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies/seeded": {
        "customRules": [{"matchConditions": [{"matchValues": [S()]}]}]
    },
    "Microsoft.Network/frontDoors/seeded": {
        "rulesEngines": [{"properties": {"rules": [{"action": {"requestHeaderActions": [{"value": S()}]}}]}}]
    },
    "Microsoft.Network/trafficManagerProfiles/seeded": {
        "monitorConfig": {"customHeaders": [{"name": "X-Key", "value": S()}]}
    },
    "Microsoft.Network/connections/seeded": {"sharedKey": S(), "authorizationKey": S()},
    "Microsoft.Network/virtualNetworkGateways/seeded": {"vpnClientConfiguration": {"radiusServerSecret": S()}},
    "Microsoft.ApiManagement/service/seeded": {
        "hostnameConfigurations": [{"hostName": "h", "encodedCertificate": S(), "certificatePassword": S()}]
    },
    "Microsoft.ApiManagement/service/seeded/backends/b": {
        "url": f"https://f.azurewebsites.net/?code={S()}",
        "credentials": {"header": {"api-key": [S()]}, "authorization": {"scheme": "Basic", "parameter": S()}},
        "proxy": {"url": "u", "username": "u", "password": S()},
    },
    "Microsoft.Insights/components/seeded": {
        "InstrumentationKey": S(),
        "ConnectionString": f"InstrumentationKey={S()};IngestionEndpoint=x",
    },
    "Microsoft.Insights/actionGroups/seeded": {
        "webhookReceivers": [{"serviceUri": S()}],
        "logicAppReceivers": [{"callbackUrl": S()}],
        "azureFunctionReceivers": [{"httpTriggerUrl": S()}],
    },
    "Microsoft.Insights/autoscaleSettings/seeded": {
        "notifications": [{"webhooks": [{"serviceUri": S(), "properties": {"token": S()}}]}]
    },
    "Microsoft.Insights/metricAlerts/seeded": {"actions": [{"webHookProperties": {"token": S()}}]},
    "Microsoft.Insights/scheduledQueryRules/seeded": {
        "actions": {"customProperties": {"token": S()}, "actionProperties": {"token": S()}}
    },
    "Microsoft.Insights/dataCollectionRules/seeded": {
        "dataSources": {"extensions": [{"extensionSettings": {"any": S()}}]}
    },
    "Microsoft.AlertsManagement/smartDetectorAlertRules/seeded": {"actionGroups": {"customWebhookPayload": S()}},
    "Microsoft.OperationalInsights/workspaces/seeded": {"primarySharedKey": S(), "secondarySharedKey": S()},
    "Microsoft.App/containerApps/seeded": {
        "configuration": {"secrets": [{"name": "a", "value": S()}]},
        "template": {"containers": [{"env": [{"name": "A", "value": S()}], "args": [S()], "command": [S()]}]},
    },
    "Microsoft.Automation/automationAccounts/a/variables/seeded": {"value": S()},
    "Microsoft.Resources/deployments/seeded": {
        "parameters": {"key": {"type": "String", "value": S()}},
        "outputs": {"key": {"type": "String", "value": S()}},
    },
}
"""Secrets where a name or the place tells: by type and name of the resource, its properties."""


def documents() -> list[dict[str, Any]]:
    """The reference deployment with seeds everywhere."""
    seeded = [
        {
            "id": f"{RG}/providers/{type_and_name}",
            "name": type_and_name.rpartition("/")[2],
            "kind": "OpenAI",
            "tags": {f"tag-{name}": text for name, text in TEXTS.items()},
            "properties": {
                "description": " ; ".join(TEXTS.values()),
                "any": {"deep": list(TEXTS.values())},
                **properties,
            },
        }
        for type_and_name, properties in NAMED.items()
    ]
    assignment = next(d for d in worlds.documents() if "/roleAssignments/" in d["id"])
    group = worlds.named(worlds.documents(), "nsg-bastionSubnet")
    for rule in group["properties"]["securityRules"]:
        rule["properties"]["description"] = TEXTS["connection string"]
    others = [d for d in worlds.documents() if d["id"] not in (assignment["id"], group["id"])]
    told = {**assignment, "properties": {**assignment["properties"], "description": TEXTS["database"]}}
    return [*others, told, group, *seeded]


MESSAGES = [
    Fault("/nsg-bastionSubnet$", Kind.STATUS, detail=f"400 Odd no: https://x.blob.core.windows.net/c?sig={S()}&se=1"),
    Fault(
        "/registries$", Kind.STATUS, detail=f"403 AuthorizationFailed the header Authorization: Bearer {S()} is wrong"
    ),
    Fault("/budgets$", Kind.STATUS, detail=f"409 Odd {TEXTS['connection string']}"),
]
FORMATS = ("terminal", "json", "sarif", "html", "junit", "markdown", "csv", "ocsf", "github")


def leaks(text: str) -> set[str]:
    """The marks in a text, with what stands around them."""
    return {text[max(0, found.start() - 60) : found.end() + 10] for found in MARK.finditer(text)}


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, set[str]]]:
    """The file of a collection, and the tokens that were used for it."""
    path = tmp_path_factory.mktemp("seeded") / "s.json"
    with serving(world(documents()), MESSAGES) as standin:
        tokens: set[str] = set()
        issue = standin.authority.token

        def noted(asked: str, body: bytes) -> Any:
            reply = issue(asked, body)
            tokens.add(reply.body.get("access_token", ""))
            return reply

        standin.authority.token = noted  # type: ignore[method-assign]
        arguments = ["--cloud", "public", "--arm-endpoint", standin.url, "-o", str(path)]
        assert run(["snapshot", *arguments]) == ExitCode.INCOMPLETE
        yield path, tokens


def test_the_seeds_are_secrets_that_would_be_seen() -> None:
    whole = json.dumps(documents())
    assert len(set(MARK.findall(whole))) > 100
    assert leaks(whole)


def test_every_seed_that_is_collected_is_a_document_of_the_snapshot(collected: tuple[Path, set[str]]) -> None:
    """What the test looks at was there: the seeded resources came, and lost their secrets on the way in."""
    have = {document["id"].casefold(): document for document in read_snapshot(collected[0]).documents}
    kinds = {id_ for id_ in have if "/seeded" in id_}
    assert len(kinds) >= 30
    assert all(REDACTED in json.dumps(have[id_]) for id_ in kinds)


def test_no_secret_is_in_a_collected_snapshot(collected: tuple[Path, set[str]]) -> None:
    text = collected[0].read_text(encoding="utf-8")
    assert leaks(text) == set()
    assert not [token for token in collected[1] if token in text]
    assert "stand-in-only" not in text


def test_messages_of_azure_keep_their_sense(collected: tuple[Path, set[str]]) -> None:
    failed = [read for read in read_snapshot(collected[0]).reads if not read.answered]
    assert len(failed) >= 2
    assert all(REDACTED in read.message for read in failed)


@functools.cache
def imported(folder: Path) -> Snapshot:
    world_file, path = folder / "world.json", folder / "imported.json"
    held = {"format": "arm-world/1", "subscriptionId": "s", "tenantId": "t", "documents": documents()}
    world_file.write_text(json.dumps(held), encoding="utf-8")
    assert run(["import", str(world_file), "-o", str(path)]) == ExitCode.HOLDS
    return read_snapshot(path)


def test_no_secret_is_in_an_imported_snapshot(
    tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    found = imported(tmp_path_factory.mktemp("imported"))
    said = capsys.readouterr()
    assert len(found.documents) == len(documents())
    assert leaks(found.text) == set()
    assert leaks(said.out + said.err) == set()


@pytest.mark.parametrize("format_", FORMATS)
def test_no_secret_is_in_a_report(
    format_: str, collected: tuple[Path, set[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(["check", str(collected[0]), "--format", format_, "-v", "--fail-on", "never"])
    assert code == ExitCode.HOLDS
    said = capsys.readouterr()
    assert len(said.out) > 1000 or format_ == "github"
    assert leaks(said.out + said.err) == set()


def test_nothing_is_said_of_a_secret_that_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    guess = S()
    with serving(world(documents())) as standin, variables({"AZURE_CLIENT_SECRET": guess}):
        arguments = ["--cloud", "public", "--arm-endpoint", standin.url, "-o", str(tmp_path / "s.json")]
        assert run(["snapshot", *arguments]) == ExitCode.USAGE
    said = capsys.readouterr()
    assert "no Azure credential worked" in said.err
    assert guess not in said.err + said.out + caplog.text


def test_no_secret_is_logged_however_much_is_logged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    with serving(world(documents()), MESSAGES) as standin:
        run(["snapshot", "--cloud", "public", "--arm-endpoint", standin.url, "-o", str(tmp_path / "s.json")])
        tokens = set(standin.authority._valid)
    said = capsys.readouterr()
    everything = said.out + said.err + caplog.text
    assert leaks(everything) == set()
    assert not [token for token in tokens if token in everything]
    assert "stand-in-only" not in everything
