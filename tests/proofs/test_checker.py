"""The checker accepts what the program proves, and refuses each certificate that was changed."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor.commands.options.audit import AuditOptions, audited, terms_of
from auditor.commands.options.certificates import judged
from auditor.proofs.write import proofs_of
from auditor.snapshot import read_snapshot, write_snapshot
from tests import worlds
from tests.proofs.checking import answers, checker
from tests.proofs.mutate import alone, mutants

WORLDS = ("reference-implementation", "compliant", "foundry-reference-implementation", "foundry-compliant")
_DECIDES = ("partition", "packet", "setting", "grants", "cut")


@pytest.fixture(scope="module")
def proven(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Path, dict[str, Any]]]:
    """From a world's name to its snapshot on disk and its certificates; each is made once."""
    folder, made = tmp_path_factory.mktemp("proofs"), {}

    def of(name: str) -> tuple[Path, dict[str, Any]]:
        if name not in made:
            path = folder / f"{name}.json"
            write_snapshot(worlds.snapshot(name=name), path)
            made[name] = path, certificates(path)
        return made[name]

    return of


def certificates(path: Path) -> dict[str, Any]:
    """The certificates of a snapshot, as `check --proofs` writes them."""
    snapshot, terms = read_snapshot(path), terms_of(AuditOptions())
    result = audited(snapshot, terms)
    return json.loads(json.dumps(proofs_of(result, snapshot, judged(snapshot, result, terms))))


@pytest.mark.parametrize("world", WORLDS)
def test_every_certificate_is_accepted(proven: Callable[[str], tuple[Path, dict[str, Any]]], world: str) -> None:
    path, proofs = proven(world)
    told = answers(path, [alone(proofs, n) for n in range(len(proofs["certificates"]))])
    refused = [(proofs["certificates"][n]["requirement"], said) for n, said in enumerate(told) if said != "accepted"]
    assert not refused
    assert proofs["certificates"]
    assert len(json.dumps(proofs, separators=(",", ":"))) < 300_000


@pytest.mark.parametrize("world", WORLDS)
def test_mutants_are_refused(proven: Callable[[str], tuple[Path, dict[str, Any]]], world: str) -> None:
    _refused(proven(world), 300, seed=1)


@pytest.mark.fuzz
def test_ten_thousand_mutants_are_refused(proven: Callable[[str], tuple[Path, dict[str, Any]]]) -> None:
    for world in WORLDS:
        for seed in range(5):
            _refused(proven(world), 500, seed=100 + seed)


def _refused(proven: tuple[Path, dict[str, Any]], count: int, seed: int) -> None:
    path, proofs = proven
    made = list(mutants(proofs, count, seed))
    told = answers(path, (mutant for _, mutant in made))
    assert len(told) == count
    accepted = Counter(name for (name, _), said in zip(made, told, strict=True) if said == "accepted")
    assert not accepted


def test_a_world_that_changed_is_refused(proven: Callable[[str], tuple[Path, dict[str, Any]]], tmp_path: Path) -> None:
    """The certificates of one world against another one that pretends to have its hash."""
    _, proofs = proven("compliant")
    docs = worlds.documents("compliant")
    for document in docs:
        listed = document["properties"].get("securityRules", []) if "properties" in document else []
        for rule in (*listed, document):
            if rule.get("name", "").casefold().startswith("denyall"):
                rule["properties"]["access"] = "Allow"
    other = tmp_path / "other.json"
    write_snapshot(worlds.snapshot(docs, name="compliant"), other)
    proofs = {**proofs, "snapshot": {**proofs["snapshot"], "sha256": read_snapshot(other).sha256}}
    asked = [n for n, each in enumerate(proofs["certificates"]) if each["form"] == "partition"]
    told = answers(other, [alone(proofs, n) for n in asked])
    assert asked
    assert "accepted" not in told


def test_the_program_says_how_many(proven: Callable[[str], tuple[Path, dict[str, Any]]], tmp_path: Path) -> None:
    path, proofs = proven("compliant")
    file = tmp_path / "proofs.json"
    file.write_text(json.dumps(proofs))
    done = subprocess.run([*checker(), path, file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert f"{len(proofs['certificates'])} certificates accepted" in done.stdout
    file.write_text(json.dumps({**proofs, "snapshot": {"sha256": "0", "documents": 1}}))
    done = subprocess.run([*checker(), path, file], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "another snapshot" in done.stdout


def test_what_decides_is_decided_again(proven: Callable[[str], tuple[Path, dict[str, Any]]]) -> None:
    """Every verdict about groups of the worlds is certified by packets, not by values."""
    for world in WORLDS[:2]:
        _, proofs = proven(world)
        forms = {each["form"] for each in proofs["certificates"] if each["requirement"].startswith("NSG")}
        assert forms <= {"partition", "packet"}
        assert any(each["form"] in _DECIDES for each in proofs["certificates"])
