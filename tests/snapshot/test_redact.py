"""What could carry a secret goes on the way in; what requirements need stays."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from auditor.snapshot import REDACTED, redact, redacted
from tests.builders.snapshots import G

FACTS = json.loads((Path(__file__).parents[2] / "auditor" / "facts" / "redaction.json").read_text(encoding="utf-8"))
REFERENCE = "@Microsoft.KeyVault(SecretUri=https://kv.vault.azure.net/secrets/key)"
SECRET = "S3CRET"
WEB = f"{G}/providers/Microsoft.Web/sites/app"
ML = f"{G}/providers/Microsoft.MachineLearningServices/workspaces/w"
VM = f"{G}/providers/Microsoft.Compute/virtualMachines/vm"


def properties(id_: str, **values: Any) -> Any:
    return redact({"id": id_, "properties": values})["properties"]


@pytest.mark.parametrize(
    ("id_", "before", "after", "why"),
    [
        (f"{WEB}/config/appsettings", {"KEY": SECRET, "type": SECRET}, {"KEY": REDACTED, "type": REDACTED}, "values"),
        (f"{WEB}/config/appsettings", {"KEY": REFERENCE}, {"KEY": REFERENCE}, "a reference holds no secret"),
        (f"{WEB}/config/appsettings", {"K": REFERENCE + SECRET}, {"K": REDACTED}, "only a reference and nothing else"),
        (f"{WEB}/slots/s/Config/AppSettings", {"KEY": SECRET}, {"KEY": REDACTED}, "slots, in any letter case"),
        (
            f"{WEB}/config/configreferences/appsettings/KEY",
            {"reference": REFERENCE, "status": "Resolved", "secretName": "key", "vaultName": "kv"},
            {"reference": REFERENCE, "status": "Resolved", "secretName": "key", "vaultName": "kv"},
            "the status of a reference decides KEY-02",
        ),
        (
            f"{WEB}/config/connectionstrings",
            {"db": {"value": SECRET, "type": "SQLAzure"}},
            {"db": {"value": REDACTED, "type": "SQLAzure"}},
            "the kind of a connection string is none of its secrets",
        ),
        (
            WEB,
            {"siteConfig": {"appSettings": [{"name": "K", "value": SECRET}, {"name": "R", "value": REFERENCE}]}},
            {"siteConfig": {"appSettings": [{"name": "K", "value": REDACTED}, {"name": "R", "value": REFERENCE}]}},
            "what-if fills what a GET leaves null",
        ),
        (
            f"{WEB}/config/web",
            {"publishingPassword": None, "appSettings": None, "publishingUsername": "$app"},
            {"publishingPassword": None, "appSettings": None, "publishingUsername": "$app"},
            "null stays null",
        ),
        (f"{WEB}/config/web", {"publishingPassword": ""}, {"publishingPassword": ""}, "an empty text holds nothing"),
        (
            f"{WEB}/config/publishingcredentials/web",
            {"scmUri": "https://$app:pw@app.scm.azurewebsites.net"},
            {"scmUri": REDACTED},
            "user and password in an address",
        ),
        (
            f"{ML}/connections/c",
            {"authType": "ApiKey", "target": "https://x.openai.azure.com/", "credentials": {"key": SECRET}},
            {"authType": "ApiKey", "target": "https://x.openai.azure.com/", "credentials": {"key": REDACTED}},
            "which kind of credential stays",
        ),
        (
            f"{ML}/connections/c",
            {"authType": "ManagedIdentity", "credentials": {"clientId": "c", "resourceId": "/r"}},
            {"authType": "ManagedIdentity", "credentials": {"clientId": "c", "resourceId": "/r"}},
            "whose identity it is stays",
        ),
        (
            f"{ML}/connections/c",
            {"credentials": {"type": {"key": SECRET}}},
            {"credentials": {"type": {"key": REDACTED}}},
            "a harmless name shelters nothing below it",
        ),
        (
            f"{ML}/datastores/d",
            {"credentials": {"credentialsType": "AccountKey", "secrets": {"secretsType": "AccountKey", "key": SECRET}}},
            {"credentials": {"credentialsType": "AccountKey", "secrets": {"secretsType": REDACTED, "key": REDACTED}}},
            "the kind decides, the key does not",
        ),
        (
            f"{ML}/onlineEndpoints/e/deployments/d",
            {
                "environmentVariables": {
                    "A": SECRET,
                    "B": "${{azureml://connections/c/credentials/key}}",
                    "tenantId": "x",
                }
            },
            {
                "environmentVariables": {
                    "A": REDACTED,
                    "B": "${{azureml://connections/c/credentials/key}}",
                    "tenantId": REDACTED,
                }
            },
            "secret injection is a reference; the names are chosen by people",
        ),
        (
            f"{G}/providers/Microsoft.ContainerInstance/containerGroups/c",
            {
                "containers": [
                    {"properties": {"environmentVariables": [{"name": "A", "value": SECRET, "secureValue": 7}]}}
                ]
            },
            {
                "containers": [
                    {
                        "properties": {
                            "environmentVariables": [{"name": REDACTED, "value": REDACTED, "secureValue": REDACTED}]
                        }
                    }
                ]
            },
            "a list of pairs goes as a whole",
        ),
        (
            VM,
            {"osProfile": {"adminUsername": "a", "adminPassword": SECRET, "customData": "IyE=", "secrets": []}},
            {"osProfile": {"adminUsername": "a", "adminPassword": REDACTED, "customData": REDACTED, "secrets": []}},
            "start scripts hold secrets; osProfile.secrets are references to a vault",
        ),
        (
            f"{VM}/extensions/e",
            {"publisher": "p", "type": "t", "settings": {"workspaceId": "w", "fileUris": ["u"], "n": 1, "on": True}},
            {
                "publisher": "p",
                "type": "t",
                "settings": {"workspaceId": "w", "fileUris": [REDACTED], "n": REDACTED, "on": True},
            },
            "what an extension is stays, what it was given goes",
        ),
        (f"{VM}/extensions/e", {"protectedSettings": {"a": SECRET}}, {"protectedSettings": {"a": REDACTED}}, "by name"),
        (
            f"{G}/providers/Microsoft.Insights/actionGroups/a",
            {"webhookReceivers": [{"name": "n", "serviceUri": "https://x/?code=y"}]},
            {"webhookReceivers": [{"name": "n", "serviceUri": REDACTED}]},
            "the address opens the webhook",
        ),
        (
            f"{G}/providers/Microsoft.Storage/storageAccounts/s",
            {"keyCreationTime": {"key1": "2024-06-24T14:11:11Z"}, "allowSharedKeyAccess": True},
            {"keyCreationTime": {"key1": "2024-06-24T14:11:11Z"}, "allowSharedKeyAccess": True},
            "key1 is a time here, and key rotation is judged by it",
        ),
        (
            f"{G}/providers/Microsoft.CognitiveServices/accounts/a",
            {"callRateLimit": {"rules": [{"key": "openai.dalle.post"}]}, "keys": {"key1": SECRET, "key2": None}},
            {"callRateLimit": {"rules": [{"key": "openai.dalle.post"}]}, "keys": {"key1": REDACTED, "key2": None}},
            "a rule's key is a name",
        ),
        (
            f"{G}/providers/Microsoft.Network/applicationGateways/g",
            {"sslCertificates": [{"properties": {"keyVaultSecretId": "https://kv/secrets/c", "data": SECRET}}]},
            {"sslCertificates": [{"properties": {"keyVaultSecretId": "https://kv/secrets/c", "data": REDACTED}}]},
            "where a certificate is kept decides; the certificate itself is a secret",
        ),
        (
            f"{G}/providers/Microsoft.KeyVault/vaults/kv/secrets/s",
            {"value": SECRET, "secretUri": "https://kv/secrets/s", "attributes": {"exp": 1}},
            {"value": REDACTED, "secretUri": "https://kv/secrets/s", "attributes": {"exp": 1}},
            "a template holds the value, Azure never answers it",
        ),
        (
            f"{G}/providers/Microsoft.Search/searchServices/s",
            {"authOptions": {"aadOrApiKey": {"aadAuthFailureMode": "http403"}}, "disableLocalAuth": False},
            {"authOptions": {"aadOrApiKey": {"aadAuthFailureMode": "http403"}}, "disableLocalAuth": False},
            "a name that ends in key may be a setting",
        ),
        (
            f"{G}/providers/Microsoft.Insights/components/c",
            {"ConnectionString": "InstrumentationKey=1;IngestionEndpoint=https://x/", "DisableLocalAuth": False},
            {"ConnectionString": REDACTED, "DisableLocalAuth": False},
            "whoever has it can write telemetry",
        ),
    ],
)
def test_secrets_go_and_settings_stay(id_: str, before: dict[str, Any], after: dict[str, Any], why: str) -> None:
    assert properties(id_, **before) == after, why


SAMPLES: list[tuple[str, str]] = [
    (
        "https://s.blob.core.windows.net/c?sv=2021&sig=aB%2Bc%3D&se=1",
        "https://s.blob.core.windows.net/c?sv=2021&sig=(redacted)&se=1",
    ),
    ("https://f.azurewebsites.net/api/x?code=abc==", "https://f.azurewebsites.net/api/x?code=(redacted)"),
    (
        "DefaultEndpointsProtocol=https;AccountName=s;AccountKey=abc==;EndpointSuffix=x",
        "DefaultEndpointsProtocol=https;AccountName=s;AccountKey=(redacted);EndpointSuffix=x",
    ),
    ("Server=tcp:x;User ID=u;Password=p w!;Encrypt=True", "Server=tcp:x;User ID=u;Password=(redacted);Encrypt=True"),
    ("git clone https://user:token@dev.azure.com/x", "git clone https://user:(redacted)@dev.azure.com/x"),
    ("Bearer eyJhbGciOiJSUzI1.eyJzdWIiOiIxMjM0.c2lnbmF0dXJl", "Bearer (redacted)"),
    ('{"apiKey": "abc", "model": "gpt"}', '{"apiKey": "(redacted)", "model": "gpt"}'),
    ("key: " + "A" * 86 + "==", "key: (redacted)"),
    ("A" * 52 + "JQQJ99" + "B" + "ACYeBjFXJ3w3AAABACOGabcdE" + ".", "(redacted)."),
    ("x " + "a" * 42 + "AzSeA12345", "x (redacted)"),
    ("abc8Q~" + "d" * 34, "(redacted)"),
    (
        "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----(redacted)-----END RSA PRIVATE KEY-----",
    ),
    ("redis.example:6380,password=abc,ssl=True", "redis.example:6380,password=(redacted)"),
    ("curl -H 'Authorization: Bearer abcdefgh1234'", "curl -H 'Authorization: Bearer (redacted)'"),
    ("curl -H 'api-key: abcdefgh1234' x", "curl -H 'api-key: (redacted)' x"),
    ("x-functions-key=abcdefgh1234", "x-functions-key=(redacted)"),
    ("run --password abcd1234 --port 80", "run --password (redacted) --port 80"),
    ("run --api-key=abcd1234", "run --api-key=(redacted)"),
]


@pytest.mark.parametrize(("before", "after"), SAMPLES)
def test_only_the_secret_part_of_a_text_goes_wherever_it_stands(before: str, after: str) -> None:
    assert redact({"id": G, "tags": {"note": before}, "x": [before]}) == {
        "id": G,
        "tags": {"note": after},
        "x": [after],
    }


def test_every_pattern_has_a_sample() -> None:
    import re

    unused = [
        row["pattern"]
        for row in FACTS["patterns"]
        if not any(re.search(row["pattern"], before, re.IGNORECASE) for before, _ in SAMPLES)
    ]
    assert unused == []


@pytest.mark.parametrize(
    "text",
    [
        "https://kv.vault.azure.net/secrets/gateway-cert/06eef0261be2",
        "https://x.openai.azure.com:443/deployments?api-version=1",
        "Allow design=blue and code=red",
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v",
        "InstrumentationKey",
        "a" * 200 + "==",
        "ssh-rsa AAAAB3NzaC1yc2E" + "A" * 340 + "==",
        "user:name@example.com",
    ],
)
def test_a_text_without_a_secret_stays(text: str) -> None:
    assert redact({"id": G, "x": text}) == {"id": G, "x": text}


def test_tags_stay_whatever_they_are_called() -> None:
    document = {"id": G, "tags": {"password": "rotate monthly", "key1": "owner"}}
    assert redact(document) is document


def test_a_document_without_secrets_is_itself() -> None:
    document = {"id": G, "properties": {"a": [1, {"b": "c"}]}}
    assert redact(document) is document


def test_a_document_is_never_changed_in_place() -> None:
    document = {"id": G, "properties": {"a": [{"password": SECRET}]}, "other": {"x": 1}}
    before = json.dumps(document)
    clean = redact(document)
    assert json.dumps(document) == before
    assert clean["other"] is document["other"]
    assert list(clean) == list(document)


def test_what_was_removed_is_counted() -> None:
    assert redacted({"id": G, "key1": "a", "key2": None, "x": "?sig=y", "z": 1})[1] == 2


def test_a_resource_inside_another_is_judged_by_its_own_type() -> None:
    inner = {
        "id": f"{VM}/extensions/e",
        "type": "Microsoft.Compute/virtualMachines/extensions",
        "properties": {"settings": {"x": SECRET}},
    }
    document = {"id": VM, "resources": [inner], "properties": {"settings": {"x": "kept"}}}
    clean = redact(document)
    assert clean["resources"][0]["properties"]["settings"] == {"x": REDACTED}
    assert clean["properties"]["settings"] == {"x": "kept"}


# --- the table itself -----------------------------------------------------------------------------------------------


def _rows() -> list[dict[str, Any]]:
    keep = FACTS["keep"]
    return [*FACTS["names"], *FACTS["paths"], *FACTS["patterns"], *keep["values"], *keep["names"], *keep["below"]]


def test_every_row_says_why() -> None:
    assert [row for row in _rows() if not row["reason"]] == []
    assert FACTS["source"]
    assert FACTS["date"] == "2026-11-22"


@pytest.mark.parametrize("row", FACTS["names"], ids=lambda row: row["name"])
def test_every_name_removes_what_stands_under_it(row: dict[str, Any]) -> None:
    name = row["name"].replace("*", "some").title()
    assert properties(G, inner={name: SECRET}) == {"inner": {name: REDACTED}}
    assert properties(G, inner={name: {"deep": [SECRET, 7, True, None]}})["inner"][name] == {
        "deep": [REDACTED, REDACTED, True, None]
    }


@pytest.mark.parametrize("row", FACTS["paths"], ids=lambda row: row["path"])
def test_every_path_removes_what_stands_at_its_end(row: dict[str, Any]) -> None:
    value: Any = SECRET
    for step in reversed(row["path"].replace("**", "deep/deeper").split("/")):
        value = [value] if step == "*" else {step: value}
    id_ = f"{WEB}{row['id_ends']}" if "id_ends" in row else "/x"
    document = {**value, "id": id_, "type": row.get("type", "microsoft.web/sites/config").replace("*", "things")}
    assert SECRET not in json.dumps(redact(document))


@pytest.mark.parametrize(
    "hostile",
    [
        "=" + "a" * 200_000,
        "://" * 70_000,
        "eyJ" * 70_000,
        " " * 200_000 + "=",
        "-----BEGIN PRIVATE KEY-----" * 8_000,
        "?sig=" * 40_000,
        '"password" ' * 20_000 + ":",
        ";Password" * 25_000 + "=",
        "A=" * 100_000,
        "8Q~" * 70_000,
        "AzSeA" * 40_000,
        "JQQJ99" * 30_000,
    ],
    ids=lambda text: text[:12].strip(),
)
def test_hostile_texts_take_no_time(hostile: str) -> None:
    start = time.process_time()
    redact({"id": G, "x": hostile})
    assert time.process_time() - start < 2
