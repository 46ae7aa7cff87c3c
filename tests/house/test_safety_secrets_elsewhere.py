"""No secret comes through by another door: raw exports of every form, comparisons, histories, graphs, messages."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from auditor.cli import run
from auditor.model import ArmId, ExitCode
from auditor.snapshot import read_snapshot
from tests import worlds
from tests.fuzz import shapes
from tests.house.test_safety_secrets import RG, documents, leaks, secret

SHAPES = {
    "a list": shapes._list,
    "a page": shapes._page,
    "lines": shapes._lines,
    "several after another": shapes._many,
    "rows of Resource Graph": shapes._rows,
    "a table of Resource Graph": shapes._table,
    "what-if": shapes._what_if,
    "Bicep": shapes._predicted,
    "az": shapes._az,
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_no_secret_comes_through_an_import(shape: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    held = [{"type": ArmId(each["id"]).type, **copy.deepcopy(each)} for each in documents() if "properties" in each]
    made = shape(Random(3), held)
    (tmp_path / "i.json").write_bytes(made if isinstance(made, bytes) else json.dumps(made).encode())
    assert leaks((tmp_path / "i.json").read_text(encoding="utf-8"))
    assert run(["import", str(tmp_path / "i.json"), "-o", str(tmp_path / "s.json")]) == ExitCode.HOLDS
    said = capsys.readouterr()
    assert len(read_snapshot(tmp_path / "s.json").documents) > 100
    assert leaks((tmp_path / "s.json").read_text(encoding="utf-8") + said.out + said.err) == set()


WRONG = {
    "keys of a storage account": [{"keyName": "key1", "permissions": "FULL", "value": secret()}],
    "keys of an AI service": {"key1": secret(), "key2": secret()},
    "settings of a web app": [{"name": "KEY", "slotSetting": False, "value": secret()}],
    "a connection string": {"connectionString": f"AccountKey={secret()}"},
    "credentials for publishing": {
        "id": f"{RG}/providers/Microsoft.Web/sites/a/publishingcredentials/x",
        "publishingPassword": secret(),
        "scmUri": f"https://u:{secret()}@a.scm.azurewebsites.net",
        "type": "Microsoft.Web/sites/publishingcredentials",
        "resourceGroup": "rg-chat-prod",
    },
    "a token": {"accessToken": secret(), "expiresOn": "2026-11-22", "tokenType": "Bearer"},
    "an error": {"error": {"code": "AuthorizationFailed", "message": f"Bearer {secret()}"}},
    "a list of words": [secret()],
    "a format of another": {"format": "mine/1", "password": secret()},
    "a secret for an id": {"id": secret(), "properties": {}},
    "a change without an id": {"changes": [{"changeType": "Create", "after": {"password": secret()}}]},
}
"""What somebody imports by mistake: answers of `az` that hold secrets and no resource."""


@pytest.mark.parametrize("value", WRONG.values(), ids=WRONG)
def test_no_secret_is_told_of_a_file_that_is_none_to_import(
    value: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "i.json").write_text(json.dumps(value, indent=1), encoding="utf-8")
    out = tmp_path / "s.json"
    code = run(["import", str(tmp_path / "i.json"), "-o", str(out)])
    said = capsys.readouterr()
    assert code in (ExitCode.HOLDS, ExitCode.USAGE)
    assert leaks(said.out + said.err + (out.read_text(encoding="utf-8") if out.exists() else "")) == set()


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The reference deployment, and the same with secrets everywhere, both imported."""
    folder = tmp_path_factory.mktemp("secrets")
    for name, held in (("old", worlds.documents()), ("new", documents())):
        world = {"format": "arm-world/1", "subscriptionId": "s", "tenantId": "t", "documents": held}
        (folder / "i.json").write_text(json.dumps(world), encoding="utf-8")
        assert run(["import", str(folder / "i.json"), "-o", str(folder / f"{name}.json")]) == ExitCode.HOLDS
    return folder / "old.json", folder / "new.json"


ANSWERS = {
    "a comparison": ["diff", "{old}", "{new}", "-v", "--fail-on", "never"],
    "a comparison for programs": ["diff", "{old}", "{new}", "--format", "json", "--fail-on", "never"],
    "a comparison for a pull request": ["diff", "{new}", "{old}", "--format", "markdown", "--fail-on", "never"],
    "a picture": ["graph", "{new}"],
    "a picture in words": ["graph", "{new}", "--format", "mermaid"],
    "a graph": ["graph", "{new}", "--format", "graphml"],
    "ways": ["reach", "{new}", "--from", "Internet", "--format", "json"],
    "permissions": ["access", "{new}", "--format", "json"],
    "what an identity could do": ["access", "{new}", "--blast-radius"],
}


@pytest.mark.parametrize("arguments", ANSWERS.values(), ids=ANSWERS)
def test_no_secret_is_in_an_answer(
    arguments: list[str], pair: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    code = run([each.format(old=pair[0], new=pair[1]) for each in arguments])
    said = capsys.readouterr()
    assert code in (ExitCode.HOLDS, ExitCode.INCOMPLETE)
    assert len(said.out + said.err) > 100
    assert leaks(said.out + said.err) == set()


def test_no_secret_is_kept_in_a_history(pair: tuple[Path, Path], tmp_path: Path) -> None:
    history = tmp_path / "h.db"
    page = tmp_path / "r.html"
    code = run(["check", str(pair[1]), "-q", "-v", "-o", str(page), "--history", str(history)])
    assert code in (ExitCode.HOLDS, ExitCode.FAILS, ExitCode.INCOMPLETE)
    everything = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"mlw-aibase" in everything
    assert leaks(everything.decode("utf-8", "replace")) == set()
