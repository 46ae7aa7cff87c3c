"""What was signed is believed, what was changed since is not, and a package is the same byte for byte."""

from __future__ import annotations

import base64
import hashlib
import json
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auditor.cli import run
from auditor.snapshot import Provenance, read_snapshot, sealed, write_snapshot
from tests import worlds

PEM = serialization.Encoding.PEM
BARE = serialization.NoEncryption()


def keys(name: str, key: Any = None) -> None:
    """A pair of keys as openssl writes them: name.pem and name.pub.pem."""
    key = key or Ed25519PrivateKey.generate()
    Path(f"{name}.pem").write_bytes(key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, BARE))
    public = key.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    Path(f"{name}.pub.pem").write_bytes(public)


def small(taken: str = "2026-11-01T06:00:00Z") -> Any:
    kept = [d for d in worlds.documents() if "storageaccounts/" in d["id"].lower() or "/providers/" not in d["id"]]
    told = Provenance(principal="00000000-0000-4000-8000-00000000a0d2", documents=len(kept))
    return replace(worlds.snapshot(kept), collected_at=taken, provenance=told)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a snapshot that `team` signed, and the keys of `team` and of somebody else."""
    monkeypatch.chdir(tmp_path)
    write_snapshot(small(), "s.json")
    keys("team")
    keys("other")
    assert run(["sign", "s.json", "--key", "team.pem"]) == 0
    return tmp_path


def required(key: str = "team.pub.pem") -> int:
    return run(["check", "s.json", "-q", "-o", "r.json", "--require-signature", key])


def test_a_signed_snapshot_is_checked(here: Path) -> None:
    assert required() in (0, 1)
    assert run(["verify", "s.json", "--key", "team.pub.pem"]) == 0


def resealed(text: dict[str, Any]) -> None:
    """Take a document out and write everything anew, as whoever hides one would."""
    whole = read_snapshot("s.json")
    left = tuple(d for d in whole.documents if "staibase" not in d["id"].lower())
    write_snapshot(sealed(replace(whole, documents=left, provenance=None)), "s.json")


def spaced(text: dict[str, Any]) -> None:
    Path("s.json").write_text(json.dumps(text))


def retold(text: dict[str, Any]) -> None:
    text["provenance"]["principal"] = "00000000-0000-4000-8000-000000000bad"
    Path("s.json").write_text(json.dumps(text, indent=2))


@pytest.mark.parametrize("change", [resealed, spaced, retold])
def test_a_snapshot_that_was_changed_since_is_refused(
    here: Path, change: Callable[[dict[str, Any]], None], capsys: pytest.CaptureFixture[str]
) -> None:
    change(json.loads(Path("s.json").read_text()))
    assert required() == 2
    assert "is not the file that was signed" in capsys.readouterr().err


def test_the_signature_of_somebody_else_does_not_count(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert required("other.pub.pem") == 2
    assert "did not sign this" in capsys.readouterr().err


def test_a_snapshot_without_a_signature_is_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("s.json.sig.json").unlink()
    assert required() == 2
    assert "is not signed" in capsys.readouterr().err


def envelope(change: Callable[[dict[str, Any]], object]) -> None:
    found = json.loads(Path("s.json.sig.json").read_text())
    change(found)
    Path("s.json.sig.json").write_text(json.dumps(found))


@pytest.mark.parametrize(
    "change",
    [
        lambda e: e.update(signatures=[]),
        lambda e: e.update(payloadType="text/plain"),
        lambda e: e.update(payload=base64.b64encode(b"{}").decode()),
        lambda e: e.update(payload="%"),
        lambda e: e.pop("payload"),
        lambda e: e["signatures"][0].update(sig=base64.b64encode(b"0" * 64).decode()),
        lambda e: e["signatures"][0].update(sig=1),
    ],
)
def test_an_envelope_that_was_touched_proves_nothing(here: Path, change: Callable[[dict[str, Any]], object]) -> None:
    envelope(change)
    assert required() == 2


@pytest.mark.parametrize("text", ["", "[]", "{" * 5000, '{"payload": "", "payload": ""}', "x" * (1 << 20) + "x"])
def test_what_is_no_envelope_is_told_in_a_sentence(here: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("s.json.sig.json").write_text(text)
    assert required() == 2
    assert "Traceback" not in capsys.readouterr().err


def test_only_keys_of_one_kind_sign(here: Path) -> None:
    keys("curve", generate_private_key(SECP256R1()))
    assert run(["sign", "s.json", "--key", "curve.pem"]) == 2
    assert required("curve.pub.pem") == 2
    assert run(["sign", "s.json", "--key", "team.pub.pem"]) == 2
    assert required("team.pem") == 2
    assert required("nix.pem") == 2


def test_a_signature_is_asked_for_in_one_way(here: Path) -> None:
    both = ["verify", "s.json", "--key", "team.pub.pem", "--identity", "x", "--issuer", "y"]
    assert run(both) == 2
    assert run(["verify", "s.json"]) == 2
    assert run(["verify", "s.json", "--identity", "x"]) == 2


def test_without_sigstore_an_identity_cannot_be_verified(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sigstore.verify", None)
    assert run(["verify", "s.json", "--identity", "x", "--issuer", "https://y"]) == 2


def test_the_statement_names_who_read_and_never_a_token(here: Path) -> None:
    payload = json.loads(base64.b64decode(json.loads(Path("s.json.sig.json").read_text())["payload"]))
    assert payload["subject"][0]["digest"]["sha256"] == hashlib.sha256(Path("s.json").read_bytes()).hexdigest()
    assert payload["predicate"]["collector"]["principal"].endswith("a0d2")
    assert payload["predicate"]["auditor"]["digest"].startswith("sha256:")


# --- results over time -----------------------------------------------------------------------------------------------


def result(snapshot: str, outcome: str) -> None:
    """A result of a snapshot, as `auditor check --format json` writes it, in which one requirement came out so."""
    sha256 = read_snapshot(snapshot).sha256
    row = {"level": "must", "outcome": outcome}
    about = {"sha256": sha256, "subscriptions": ["s"], "collected_at": read_snapshot(snapshot).collected_at}
    found = {
        "format": "auditor-result/1",
        "baseline": {"name": "openai-chat", "version": "1"},
        "snapshot": about,
        "summary": {outcome: 1},
        "missing": [],
        "results": [row],
    }
    Path("result.json").write_text(json.dumps(found))


def days(*outcomes: str) -> list[str]:
    names = []
    for day, outcome in enumerate(outcomes, 1):
        name = f"day{day}.json"
        write_snapshot(small(f"2026-11-{day:02}T06:00:00Z"), name)
        result(name, outcome)
        assert run(["sign", name, "--key", "team.pem", "--result", "result.json"]) == 0
        names.append(name)
    return names


@pytest.mark.parametrize(
    ("outcomes", "code", "says"),
    [
        (("pass", "pass", "waived"), 0, "held from 2026-11-01T06:00:00Z to 2026-11-03T06:00:00Z: 3 of 3"),
        (("pass", "fail"), 1, "did not hold from 2026-11-01T06:00:00Z to 2026-11-02T06:00:00Z: 1 of 2"),
        (("unknown",), 1, "0 of 1"),
    ],
)
def test_signed_results_state_an_interval(
    here: Path, outcomes: tuple[str, ...], code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    names = days(*outcomes)
    assert run(["verify", *names, "--key", "team.pub.pem", "--results"]) == code
    assert says in capsys.readouterr().out


def test_a_gap_in_the_interval_is_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, _, third = days("pass", "pass", "pass")
    asked = ["verify", first, third, "--key", "team.pub.pem", "--results", "--max-gap", "26"]
    assert run(asked) == 1
    assert "a gap of 48.0 h is longer than 26 h" in capsys.readouterr().err


def test_signatures_among_the_files_are_read_beside_what_they_sign(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["sign", "s.json", "--key", "team.pem"]) == 0
    files = sorted(path.name for path in here.glob("s.json*"))
    assert files == ["s.json", "s.json.sig.json"]
    assert run(["verify", *files, "--key", "team.pub.pem"]) == 0
    assert capsys.readouterr().out.count("signed, sha256:") == 1
    assert run(["verify", "s.json.sig.json", "--key", "team.pub.pem"]) == 2


def test_the_result_of_another_snapshot_is_not_signed(here: Path) -> None:
    write_snapshot(small("2026-11-09T06:00:00Z"), "t.json")
    result("t.json", "pass")
    assert run(["sign", "s.json", "--key", "team.pem", "--result", "result.json"]) == 2
    Path("result.json").write_text("[]")
    assert run(["sign", "s.json", "--key", "team.pem", "--result", "result.json"]) == 2


# --- packages --------------------------------------------------------------------------------------------------------


def test_a_package_is_the_same_byte_for_byte_and_holds_what_its_manifest_says(here: Path) -> None:
    for name in ("a.zip", "b.zip"):
        assert run(["package", "s.json", "--as-of", "2026-11-02", "-q", "-o", name]) == 0
    assert Path("a.zip").read_bytes() == Path("b.zip").read_bytes()
    with zipfile.ZipFile("a.zip") as archive:
        manifest = json.loads(archive.read("MANIFEST.json"))["files"]
        held = {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}
        assert archive.read("snapshot.json") == Path("s.json").read_bytes()
        assert "auditor verify" in archive.read("VERIFY.md").decode()
    assert {name: row["sha256"] for name, row in manifest.items()} == {
        name: value for name, value in held.items() if name not in ("MANIFEST.json", "VERIFY.md")
    }
    assert {"snapshot.json.sig.json", "result.json", "report.html", "inputs/openai-chat.yaml"} <= manifest.keys()
    assert str(here) not in json.dumps(manifest)


def test_a_package_replaces_packages_only(here: Path) -> None:
    Path("notes.txt").write_text("mine")
    assert run(["package", "s.json", "-o", "notes.txt"]) == 2
    assert run(["package", "s.json", "-o", "s.json"]) == 2


# --- the envelope ----------------------------------------------------------------------------------------------------


def test_a_snapshot_that_holds_less_than_it_was_written_with_is_not_believed(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = read_snapshot("s.json")
    write_snapshot(replace(whole, documents=whole.documents[:-1]), "s.json")
    run(["check", "s.json", "-q", "-o", "r.json"])
    assert "and holds" in capsys.readouterr().err
