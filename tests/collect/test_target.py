"""Which cloud, which certificates, and whom a token may be sent to."""

import logging
from pathlib import Path

import pytest
import requests
from azure.core import AzureClouds
from azure.mgmt.core.tools import get_arm_endpoints
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from auditor.collect import CLOUDS, Target
from auditor.collect.connection.credential import default_credential
from auditor.collect.connection.transport import connections, trusted
from auditor.collect.pacing.retry import Deadline
from auditor.collect.session import Session
from auditor.model import AuditorError
from auditor.standin import StandIn
from tests.collecting import failed, serving, small, taken


@pytest.mark.parametrize(
    ("name", "sdk"),
    [
        ("public", AzureClouds.AZURE_PUBLIC_CLOUD),
        ("usgovernment", AzureClouds.AZURE_US_GOVERNMENT),
        ("china", AzureClouds.AZURE_CHINA_CLOUD),
    ],
)
def test_each_cloud_is_where_the_sdk_says(name: str, sdk: AzureClouds) -> None:
    known = get_arm_endpoints(sdk)
    cloud = Target(cloud=name).where()
    assert cloud.endpoint == known["resource_manager"].rstrip("/")
    assert [cloud.scope] == [scope.replace("//.default", "/.default") for scope in known["credential_scopes"]]


def test_the_public_cloud_is_meant_if_none_is_named() -> None:
    assert Target().where() == CLOUDS["public"]


def test_a_clouds_name_has_no_letter_case() -> None:
    assert Target(cloud="USGovernment").where() == CLOUDS["usgovernment"]


def test_a_cloud_that_there_is_not() -> None:
    with pytest.raises(AuditorError, match="no cloud named 'germany'") as told:
        Target(cloud="germany").where()
    assert "usgovernment" in told.value.tip


@pytest.mark.parametrize("endpoint", ["http://arm.local", "arm.local", "https://", "ftp://x", ""])
def test_a_token_is_sent_over_https_only(endpoint: str) -> None:
    if not endpoint:
        assert Target(arm_endpoint=endpoint).where() == CLOUDS["public"]
        return
    with pytest.raises(AuditorError, match="not an https URL"):
        Target(arm_endpoint=endpoint).where()


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://arm.local/?key=hunter2",
        "https://arm.local/#hunter2",
        "https://user:hunter2@arm.local",
        "https://:hunter2@arm.local",
        "user:hunter2@arm.local",
    ],
)
@pytest.mark.parametrize("field", ["arm_endpoint", "audience"])
def test_what_may_be_a_secret_is_refused_and_not_repeated(field: str, endpoint: str) -> None:
    with pytest.raises(AuditorError) as told:
        Target(**{"arm_endpoint": "https://arm.local", field: endpoint}).where()
    assert "hunter2" not in f"{told.value} {told.value.tip}"


@pytest.mark.parametrize(
    "endpoint",
    [
        *("https://[::1", "https://arm.local:99999", "https://arm.local:0", "https://ho st", "https:///x"),
        *("https://arm.local/x/..", "https://arm.local\\evil", "https://arm.local/%2e%2e", "https://arm.local/\x1b[2J"),
    ],
)
def test_what_is_no_address_is_told_in_a_sentence(endpoint: str) -> None:
    with pytest.raises(AuditorError, match="not an https URL"):
        Target(arm_endpoint=endpoint).where()


@pytest.mark.parametrize(
    ("target", "name", "scope", "why"),
    [
        (
            Target(arm_endpoint="https://arm.local/"),
            "custom (arm.local)",
            "https://arm.local/.default",
            "an endpoint of its own is a cloud of its own, and its own audience",
        ),
        (
            Target(arm_endpoint="https://arm.local", cloud="public"),
            "AzurePublicCloud",
            "https://arm.local/.default",
            "unless somebody says for which cloud it stands",
        ),
        (
            Target(arm_endpoint="https://arm.local", audience="https://management.stack/guid"),
            "custom (arm.local)",
            "https://management.stack/guid/.default",
            "a stack's audience is another than its endpoint",
        ),
        (
            Target(arm_endpoint="https://arm.local", audience="https://management.stack/.default"),
            "custom (arm.local)",
            "https://management.stack/.default",
            "a scope is taken as it is",
        ),
    ],
)
def test_an_endpoint_of_ones_own(target: Target, name: str, scope: str, why: str) -> None:
    cloud = target.where()
    assert (cloud.name, cloud.endpoint, cloud.scope) == (name, "https://arm.local", scope), why


@pytest.mark.parametrize(
    ("link", "trusted", "why"),
    [
        ("https://management.azure.com/subscriptions?x=1", True, "the endpoint itself"),
        ("https://MANAGEMENT.azure.com:443/subscriptions", True, "hosts have no letter case, 443 is the usual port"),
        ("https://westeurope.management.azure.com/x", True, "a region of it"),
        ("http://management.azure.com/x", False, "not over TLS"),
        ("https://management.azure.com:8443/x", False, "another port"),
        ("https://management.azure.com.evil.example/x", False, "a name that only begins alike"),
        ("https://evilmanagement.azure.com/x", False, "a name that only ends alike"),
        ("https://management.azure.com@evil.example/x", False, "a user name that looks like a host"),
        ("/subscriptions?x=1", False, "no host at all"),
        ("https://management.azure.com:99999/x", False, "a port that there is not"),
        ("https://[management.azure.com/x", False, "half an address"),
        ("", False, "nothing"),
    ],
)
def test_whom_the_token_may_be_sent_to(link: str, trusted: bool, why: str) -> None:
    session = Session(Target(), Deadline(None))
    assert session.trusts(link) is trusted, why
    session.close()


@pytest.mark.parametrize(
    ("variables", "ca_file", "trust", "why"),
    [
        ({}, "", DEFAULT_CA_BUNDLE_PATH, "the usual authorities"),
        ({"SSL_CERT_FILE": "a.pem"}, "", "a.pem", "as Python's ssl and the aio clients read it"),
        ({"SSL_CERT_FILE": "a.pem", "REQUESTS_CA_BUNDLE": "b.pem"}, "", "b.pem", "as requests reads it"),
        ({"REQUESTS_CA_BUNDLE": "b.pem"}, "c.pem", "c.pem", "what was said outweighs the environment"),
        ({"REQUESTS_CA_BUNDLE": ""}, "", DEFAULT_CA_BUNDLE_PATH, "an empty variable says nothing"),
    ],
)
def test_which_certificates_are_trusted(
    variables: dict[str, str], ca_file: str, trust: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.pem", "b.pem", "c.pem"):
        (tmp_path / name).touch()
    assert trusted(ca_file, variables) == trust, why


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_certificates_that_are_not_there(variable: str) -> None:
    with pytest.raises(AuditorError, match=f"{variable} names /nix.pem, which does not exist"):
        trusted("", {variable: "/nix.pem"})
    with pytest.raises(AuditorError, match="--ca-file names /nix"):
        trusted("/nix.pem", {})


def test_a_file_that_holds_no_certificate(tmp_path: Path) -> None:
    (tmp_path / "odd.pem").write_text("no certificate", encoding="utf-8")
    with pytest.raises(AuditorError, match=r"odd\.pem holds no certificate"):
        connections(str(tmp_path / "odd.pem"), 1)


def test_a_folder_of_certificates_is_taken_too(tmp_path: Path) -> None:
    connections(str(tmp_path), 1).close()


def test_the_environment_cannot_switch_verifying_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURL_CA_BUNDLE", "/nix.pem")
    with StandIn(small()) as standin:
        session = connections(DEFAULT_CA_BUNDLE_PATH, 1)
        for verify in (False, True, None):
            with pytest.raises(requests.exceptions.SSLError):
                session.get(standin.url, verify=verify)
        session.close()


def test_a_proxy_does_not_loosen_what_is_trusted() -> None:
    session = connections(DEFAULT_CA_BUNDLE_PATH, 1)
    adapter = session.get_adapter("https://management.azure.com")
    manager = adapter.proxy_manager_for("http://proxy.example:3128")
    assert manager.connection_pool_kw["ssl_context"] is adapter.poolmanager.connection_pool_kw["ssl_context"]
    session.close()


def test_netrc_does_not_take_the_place_of_the_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password else", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with serving(small()) as standin:
        assert failed(taken(standin)) == []


def test_the_sdks_warnings_do_not_reach_stderr() -> None:
    Session(Target(), Deadline(None)).close()
    for name in ("azure.identity", "msal", "urllib3.connectionpool"):
        assert logging.getLogger(name).hasHandlers()


@pytest.mark.parametrize(
    ("host", "authority", "discovers", "why"),
    [
        ("", "https://login.microsoftonline.us", True, "the cloud's own authority"),
        ("login.chinacloudapi.cn", "https://login.chinacloudapi.cn", True, "the environment outweighs the cloud"),
        ("https://127.0.0.1:8443", "https://127.0.0.1:8443", False, "an authority nobody could look up"),
    ],
)
def test_who_is_asked_for_a_token(
    host: str, authority: str, discovers: bool, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
    for name in ("TENANT_ID", "CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.setenv(f"AZURE_{name}", "00000000-0000-4000-8000-000000000000")
    if host:
        monkeypatch.setenv("AZURE_AUTHORITY_HOST", host)
    else:
        monkeypatch.delenv("AZURE_AUTHORITY_HOST", raising=False)
    (chained,) = default_credential(CLOUDS["usgovernment"], DEFAULT_CA_BUNDLE_PATH)().credentials  # type: ignore[attr-defined]
    inner = chained._credential
    assert (inner._authority, inner._instance_discovery is not False) == (authority, discovers), why
