"""The checker accepts what is certified of every case of the families that have certificates."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from auditor.audit.audit import audit
from auditor.baseline import Baseline, read_baseline
from auditor.estate import build_estate
from auditor.proofs.write import FAMILIES, Judged, proofs_of
from auditor.snapshot import write_snapshot
from auditor.snapshot.read import read_snapshot
from auditor.workload.parts import Pins, workloads
from tests import worlds
from tests.cases.casefile import Case, cases_of, requirements_with_cases
from tests.cases.change import changed
from tests.proofs.checking import answers
from tests.proofs.mutate import alone


def _cases() -> list[Any]:
    ids = [id_ for id_ in requirements_with_cases() if id_.partition("-")[0] in FAMILIES]
    return [pytest.param(case, id=str(case)) for id_ in ids for case in cases_of(id_) if not case.body.get("pins")]


@cache
def _shipped() -> Baseline:
    return read_baseline()


def _asking(case: Case) -> Baseline:
    """The shipped baseline with nothing but the requirement of a case, and with its terms."""
    shipped, id_ = _shipped(), case.requirement
    terms = shipped.terms[id_]
    stated = {**shipped.stated.get(id_, {}), **(case.body.get("terms") or {})}
    asked = msgspec.convert(stated, type(terms), strict=True)
    return replace(shipped, requirements={id_: shipped.requirements[id_]}, terms={id_: asked})


@pytest.mark.sampled(8)
@pytest.mark.parametrize("case", _cases())
def test_what_is_certified_is_accepted(case: Case, tmp_path: Path) -> None:
    if case.requirement not in _shipped().terms:
        pytest.skip("a requirement of another baseline")
    world = changed(case.body)
    path = tmp_path / "snapshot.json"
    reads = (*worlds.whole(world.scope), *world.refused)
    write_snapshot(worlds.snapshot(world.documents, reads, world.name), path)
    snapshot = read_snapshot(path)
    estate = build_estate(snapshot)
    baseline = _asking(case)
    result = audit(snapshot, baseline, estate=estate)
    judged = [Judged(w, baseline) for w in workloads(estate, Pins({}), baseline.architecture)]
    proofs = json.loads(json.dumps(proofs_of(result, snapshot, judged)))
    told = answers(path, [alone(proofs, n) for n in range(len(proofs["certificates"]))])
    refused = [(c["resource"], c["form"], said) for c, said in zip(proofs["certificates"], told, strict=True)]
    assert not [each for each in refused if each[2] != "accepted"]
