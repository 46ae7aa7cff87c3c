"""`auditor permissions`: the least role, proved to cover every read and to hold no write and no secret."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from auditor.access.known_operations import names
from auditor.cli import run
from auditor.collect.reads.recipes import recipes
from auditor.model import ExitCode
from auditor.sets.operation_set import OperationSet

SUBSCRIPTION = "c65cdfc1-1be1-5ea1-99b9-17e05eaf5f13"
SECRETS = (
    "Microsoft.MachineLearningServices/workspaces/metadata/secrets/read",
    "Microsoft.OperationalInsights/workspaces/sharedKeys/read",
    "Microsoft.ContainerRegistry/registries/pull/read",
    "Microsoft.Web/sites/config/list/action",
    "Microsoft.KeyVault/vaults/secrets/getSecret/action",
)


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert run(["permissions", *arguments]) == ExitCode.HOLDS
    body: dict[str, Any] = json.loads(capsys.readouterr().out)
    return body


def allowed(role: dict[str, Any]) -> OperationSet:
    return OperationSet.of(role["Actions"], role["NotActions"])


def test_the_role_is_what_az_takes(capsys: pytest.CaptureFixture[str]) -> None:
    role = printed(capsys, "--scope", SUBSCRIPTION)
    assert list(role) == [
        *("Name", "IsCustom", "Description", "Actions", "NotActions", "DataActions", "NotDataActions"),
        "AssignableScopes",
    ]
    assert role["IsCustom"] is True
    assert role["AssignableScopes"] == [f"/subscriptions/{SUBSCRIPTION}"]
    assert role["Actions"] == sorted(set(role["Actions"]), key=str.casefold)


def test_every_read_of_the_collection_is_covered(capsys: pytest.CaptureFixture[str]) -> None:
    role = allowed(printed(capsys, "--scope", SUBSCRIPTION))
    needed = {recipe.permission for recipe in recipes()}
    assert len(needed) > 50
    assert {operation for operation in needed if operation not in role} == set()


def test_it_is_the_least_role_that_does(capsys: pytest.CaptureFixture[str]) -> None:
    needed = OperationSet.of(recipe.permission for recipe in recipes())
    assert allowed(printed(capsys, "--scope", SUBSCRIPTION)) == needed


def test_it_writes_nothing_acts_on_nothing_and_reads_no_data(capsys: pytest.CaptureFixture[str]) -> None:
    role = printed(capsys, "--scope", SUBSCRIPTION)
    assert (role["DataActions"], role["NotDataActions"]) == ([], [])
    assert not [action for action in role["Actions"] if "*" in action]
    changing = OperationSet.of(["*/write", "*/delete", "*/action"])
    assert not allowed(role).overlaps(changing)
    assert all(action.endswith("/read") for action in role["Actions"])


def test_it_reads_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    role = allowed(printed(capsys, "--scope", SUBSCRIPTION))
    assert [operation for operation in SECRETS if operation in role] == []
    telling = ("key", "credential", "password", "token", "sas", "pull", "secret")
    known = [name for name in names(data=False) if name in role]
    suspicious = {
        name for name in known for word in telling if word in name.rpartition("/")[0].lower().split("/", 1)[-1]
    }
    # The management plane's lists of secrets and keys hold names and expiry, no value (docs/azure/access.md,
    # section 7);
    # credential policies say which publishing methods are allowed; federated credentials hold issuer and subject.
    harmless = ("basicpublishingcredentialspolicies", "federatedidentitycredentials")
    lists = {"microsoft.keyvault/vaults/secrets/read", "microsoft.keyvault/vaults/keys/read"}
    assert {s for s in suspicious if s.lower() not in lists} <= {
        s for s in suspicious if any(word in s.lower() for word in harmless)
    }


def test_reader_would_do_but_hands_out_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    reader = OperationSet.of(["*/read"])
    assert allowed(printed(capsys, "--scope", SUBSCRIPTION)) <= reader
    assert [operation for operation in SECRETS if operation in reader] == list(SECRETS[:3])


def test_without_a_scope_it_says_what_to_fill_in(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["permissions"]) == ExitCode.HOLDS
    captured = capsys.readouterr()
    assert json.loads(captured.out)["AssignableScopes"] == ["/subscriptions/<subscription id>"]
    assert "--scope" in captured.err


@pytest.mark.parametrize(
    "scope",
    [
        f"/subscriptions/{SUBSCRIPTION}",
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-chat",
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv",
        "/providers/Microsoft.Management/managementGroups/chat",
    ],
)
def test_scopes_that_a_role_can_be_assigned_at(scope: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, "--scope", scope, "--scope", scope + "/")["AssignableScopes"] == [scope]


@pytest.mark.parametrize("scope", ["/", "rg-chat", "/subscriptions/x", "/subscriptions/" + SUBSCRIPTION + "/x"])
def test_other_scopes_are_refused(scope: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["permissions", "--scope", scope]) == ExitCode.USAGE
    assert "no scope that a custom role can be assigned at" in capsys.readouterr().err


def test_text_says_what_each_operation_is_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["permissions", "--format", "text"]) == ExitCode.HOLDS
    lines = capsys.readouterr().out.splitlines()
    at = lines.index("Microsoft.Web/sites/config/read")
    assert lines[at + 1].startswith("    reads Microsoft.Web/sites/config")
    file = tmp_path / "role.json"
    assert run(["permissions", "--scope", SUBSCRIPTION, "-o", str(file)]) == ExitCode.HOLDS
    assert json.loads(file.read_text(encoding="utf-8"))["IsCustom"] is True


def test_no_client_of_azure_is_loaded_for_it() -> None:
    code = (
        "import sys; from auditor.cli import run; run(['permissions', '--format', 'text'])\n"
        "sys.exit(sum(m.split('.')[0] in ('azure', 'msal', 'requests') for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
