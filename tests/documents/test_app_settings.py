"""App settings that plans and exports state."""

from __future__ import annotations

import pytest

from auditor.documents.app_settings import settings_in
from auditor.model import ArmId, Resource
from auditor.snapshot import redact
from tests.builders.snapshots import G

SITE = ArmId(f"{G}/providers/Microsoft.Web/sites/app")
REFERENCE = "@Microsoft.KeyVault(SecretUri=https://kv.vault.azure.net/secrets/s)"
LATER = "[format('@Microsoft.KeyVault(SecretUri={0})', reference('/x').secretUri)]"


@pytest.mark.parametrize(
    ("name", "value", "secret", "refers"),
    [
        ("OPENAI_API_KEY", "sk-abcdefghijkl", True, False),
        ("openAiKey", "[listKeys('x').key1]", True, False),
        ("DbPassword", "p", True, False),
        ("chatApiKey", REFERENCE, True, True),
        ("chatApiKey", LATER, True, True),
        ("APPLICATIONINSIGHTS_CONNECTION_STRING", "InstrumentationKey=1", False, False),
        ("APPINSIGHTS_INSTRUMENTATIONKEY", "1", False, False),
        ("KEY_VAULT_NAME", "kv", False, False),
        ("MAX_TOKENS", "5", False, False),
        ("ENDPOINT", "https://x", False, False),
    ],
)
def test_what_a_setting_is_shows_in_its_name_and_value(name: str, value: str, secret: bool, refers: bool) -> None:
    inside = {"id": SITE.text, "properties": {"siteConfig": {"appSettings": [{"name": name, "value": value}]}}}
    id_ = SITE.child("config", "appsettings")
    own = {"id": id_.text, "properties": {name: value}}
    site, settings = (Resource(ArmId(str(b["id"])), redact(b), ArmId(str(b["id"]))) for b in (inside, own))
    bare = Resource(SITE, {}, SITE)
    for found in (list(settings_in(site, None, None)), list(settings_in(bare, settings, None))):
        assert [(s.name, s.names_a_secret, s.refers) for s in found] == [(name, secret, refers)]
        assert "sk-" not in str(found[0].evidence.value)


def test_connection_strings_are_settings_too() -> None:
    body = {"properties": {"siteConfig": {"connectionStrings": [{"name": "Db", "connectionString": "Pwd=x"}]}}}
    (found,) = settings_in(Resource(SITE, body, SITE), None, None)
    assert (found.name, found.refers) == ("Db", False)
    assert found.evidence.place.pointer == "/properties/siteConfig/connectionStrings/0/connectionString"
