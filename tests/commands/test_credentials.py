"""Signing in with every kind of credential that can be had without Azure, through the command and on loopback alone."""

import os
import stat
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from auditor.cli import run
from auditor.collect import CLOUDS
from auditor.commands.demo import variables
from auditor.model import ExitCode
from auditor.snapshot import read_snapshot
from auditor.standin import StandIn
from auditor.standin.tokens import ASSERTION, MANAGED_IDENTITY, SECRET
from tests.collecting import small

KINDS = {
    "EnvironmentCredential": {"AZURE_CLIENT_SECRET": SECRET},
    "EnvironmentCredential, by certificate": {"AZURE_CLIENT_CERTIFICATE_PATH": "{folder}/client.pem"},
    "WorkloadIdentityCredential": {"AZURE_FEDERATED_TOKEN_FILE": "{folder}/assertion"},
    "ManagedIdentityCredential": {"IDENTITY_ENDPOINT": "{url}" + MANAGED_IDENTITY, "IDENTITY_HEADER": "some"},
    "AzureCliCredential": {"PATH": "{folder}:{path}"},
    "AzurePowerShellCredential": {"PATH": "{folder}:{path}"},
    "AzureDeveloperCliCredential": {"PATH": "{folder}:{path}"},
}
TOOLS = {
    "az": '{{"accessToken": "{token}", "expiresOn": "2036-01-01 00:00:00.000000", "expires_on": {soon},'
    ' "subscription": "s", "tenant": "t", "tokenType": "Bearer"}}',
    "azd": '{{"token": "{token}", "expiresOn": "2036-01-01T00:00:00Z"}}',
    "pwsh": "azsdk%{token}%{soon}",
}


@pytest.fixture(scope="module")
def azure() -> Iterator[StandIn]:
    with StandIn(small()) as standin:
        yield standin


def tools(folder: Path, token: str) -> None:
    """The developer's tools, signed in."""
    for name, answer in TOOLS.items():
        path = folder / name
        said = answer.format(token=token, soon=int(time.time()) + 3000)
        path.write_text(f"#!/bin/sh\nprintf '%s\\n' '{said.replace('%', '%')}'\n", encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)


def certificate(path: Path) -> None:
    """A client's key and certificate; msal signs with RSA alone."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "client")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))


def surroundings(azure: StandIn, folder: Path, kind: str, stated: Mapping[str, str]) -> dict[str, str]:
    """Environment variables in which nothing but one kind of credential works."""
    blanks = {"folder": folder, "url": azure.url, "path": os.environ["PATH"]}
    nothing = dict.fromkeys(("AZURE_CLIENT_SECRET", "AZURE_USERNAME", "IDENTITY_ENDPOINT", "IDENTITY_HEADER"), "")
    own = {name: value.format(**blanks) for name, value in stated.items()}
    return {**azure.environment(), **nothing, "AZURE_TOKEN_CREDENTIALS": kind.partition(",")[0], **own}


def collected(azure: StandIn, folder: Path, *more: str) -> int:
    return run(["snapshot", "--arm-endpoint", azure.url, "-o", str(folder / "s.json"), *more])


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_credential_signs_in(kind: str, azure: StandIn, tmp_path: Path) -> None:
    (tmp_path / "assertion").write_text(ASSERTION, encoding="utf-8")
    if "certificate" in kind:
        certificate(tmp_path / "client.pem")
    tools(tmp_path, azure.authority.grant())
    with variables(surroundings(azure, tmp_path, kind, KINDS[kind])):
        for name in [name for name, value in os.environ.items() if not value and name.startswith(("AZURE_", "IDENT"))]:
            del os.environ[name]
        assert collected(azure, tmp_path) == ExitCode.HOLDS


@pytest.mark.parametrize(
    ("chain", "tried"),
    [
        ("dev", ["AzureCliCredential", "AzurePowerShellCredential", "AzureDeveloperCliCredential"]),
        ("EnvironmentCredential", ["EnvironmentCredential"]),
        ("WorkloadIdentityCredential", ["WorkloadIdentityCredential"]),
    ],
)
def test_where_none_works_one_message_says_what_was_tried(
    chain: str, tried: list[str], azure: StandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with variables(
        {**surroundings(azure, tmp_path, chain, {}), "PATH": str(tmp_path), "AZURE_CLIENT_SECRET": "wrong-one"}
    ):
        assert collected(azure, tmp_path) == ExitCode.USAGE
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert said.count("\n") == 2, said
    assert all(name in said for name in tried), said
    assert "az login" in said
    assert "Traceback" not in said
    assert "wrong-one" not in said
    assert not (tmp_path / "s.json").exists()


@pytest.mark.parametrize(
    ("cloud", "scope"),
    [
        ("public", "https://management.azure.com/.default"),
        ("usgovernment", "https://management.core.usgovcloudapi.net/.default"),
        ("china", "https://management.chinacloudapi.cn/.default"),
    ],
)
def test_each_cloud_is_asked_with_a_token_for_it(cloud: str, scope: str, azure: StandIn, tmp_path: Path) -> None:
    """No cloud is reached: its host lies behind a proxy that nobody runs."""
    away = {"HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    azure.authority.scopes.clear()
    with variables({**azure.environment(), **away}):
        code = run(["snapshot", "--cloud", cloud, "--timeout", "0.2", "-o", str(tmp_path / "s.json")])
    assert [asked.split()[0] for asked in azure.authority.scopes] == [scope]
    assert code in (ExitCode.USAGE, ExitCode.INCOMPLETE)


@pytest.mark.parametrize("cloud", ["public", "usgovernment", "china", None])
def test_an_endpoint_with_a_ca_of_its_own_stands_for_the_cloud_that_is_named(
    cloud: str | None, azure: StandIn, tmp_path: Path
) -> None:
    named = ["--cloud", cloud] if cloud else []
    trusted = {"REQUESTS_CA_BUNDLE": "", "SSL_CERT_FILE": ""}
    with variables({**azure.environment(), **trusted}):
        assert collected(azure, tmp_path, "--ca-file", azure.ca_file, *named) == ExitCode.HOLDS
    told = CLOUDS[cloud].name if cloud else f"custom ({azure.url.removeprefix('https://')})"
    assert read_snapshot(tmp_path / "s.json").cloud == told


def test_a_ca_that_is_not_trusted_is_told_in_a_sentence(
    azure: StandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with variables({**azure.environment(), "REQUESTS_CA_BUNDLE": "", "SSL_CERT_FILE": ""}):
        assert collected(azure, tmp_path) == ExitCode.USAGE
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert "CA file" in said
    assert "Traceback" not in said
