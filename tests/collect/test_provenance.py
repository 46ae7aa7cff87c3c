"""A snapshot says who read it, with what, and by which requests; never with which token."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from auditor.collect.connection.credential import Token, bearer
from auditor.made_of import digest
from auditor.snapshot import read_snapshot, write_snapshot
from auditor.standin.tokens import CLIENT, PRINCIPAL
from tests.collecting import serving, small, taken


def test_a_collection_says_who_asked_and_how_each_read_was_answered(tmp_path: Path) -> None:
    with serving(small()) as standin:
        found = taken(standin)
        tokens = tuple(standin.authority._valid)
    write_snapshot(found, tmp_path / "s.json")
    text = (tmp_path / "s.json").read_text()
    assert not [token for token in tokens if token in text or token.split(".")[1] in text]
    read = read_snapshot(tmp_path / "s.json")
    told = read.provenance
    assert told is not None
    assert (told.principal, told.application, told.auditor_sha256) == (PRINCIPAL, CLIENT, digest())
    assert (told.documents, told.reads) == (len(read.documents), len(read.reads))
    assert told.begun_at <= told.ended_at
    asked = [each for each in read.reads if each.status == 200 and each.covers != "microsoft.resources/resources"]
    assert all(each.request_id and len(each.body_sha256) == 64 for each in asked)


def claiming(payload: bytes) -> Token:
    token = f"h.{base64.urlsafe_b64encode(payload).decode().rstrip('=')}.s"
    found = Token(lambda: SimpleNamespace(get_token=lambda *_: SimpleNamespace(token=token, expires_on=0)))  # type: ignore[arg-type, return-value]
    found.get_token("scope")
    return found


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b"{",
        b"[" * 100_000,
        json.dumps({"oid": "not an id", "tid": ["x"], "appid": {"a": 1}}).encode(),
        json.dumps({"oid": "\x1b[2J", "azp": "a" * 10_000}).encode(),
    ],
    ids=range(6),
)
def test_a_token_that_names_nobody_names_nobody(payload: bytes) -> None:
    assert set(bearer(claiming(payload)).values()) == {""}


def test_the_digest_is_that_of_the_files(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(digest()) == len(hashlib.sha256().hexdigest())


def test_the_version_says_what_it_is_made_of(capsys: pytest.CaptureFixture[str]) -> None:
    from auditor.cli import run

    said: list[Any] = []
    for arguments in (["--version"], ["--version", "--verbose"], ["-v", "--version"]):
        assert run(arguments) == 0
        said.append(capsys.readouterr().out)
    assert said[0].startswith("auditor, version ")
    assert said[1] == said[2]
    assert f"digest sha256:{digest()}" in said[1]
    assert "azure-core " in said[1]
