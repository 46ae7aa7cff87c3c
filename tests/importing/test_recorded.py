"""Bodies that Azure really answered go through import, file and graph without loss."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auditor.estate import build_estate
from auditor.model import ArmId
from auditor.snapshot import Snapshot, read_snapshot, redact, write_snapshot
from auditor.snapshot.importing import gather
from auditor.snapshot.importing.files import inputs_of

BODIES = Path(__file__).parents[1] / "fixtures" / "arm-bodies.jsonl.gz"


@pytest.fixture(scope="module")
def bodies() -> list[dict[str, Any]]:
    with gzip.open(BODIES, "rt", encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def _first_of_each(bodies: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    seen: set[ArmId] = set()
    for body in bodies:
        if ArmId(body["id"]) not in seen:
            seen.add(ArmId(body["id"]))
            yield body


def test_every_recorded_body_is_kept_as_it_is_or_said_to_lack_its_settings(
    bodies: list[dict[str, Any]], tmp_path: Path
) -> None:
    """All of them in one file of lines, each id once: a document, or a read that tells what is missing."""
    once = list(_first_of_each(bodies))
    (tmp_path / "all.jsonl").write_text("\n".join(map(json.dumps, once)))
    result = gather(inputs_of([str(tmp_path / "all.jsonl")]))
    kept = {each["id"]: each for each in result.snapshot.documents}
    unread = {each.scope for each in result.snapshot.reads if each.error == "NoProperties"}
    assert kept.keys() | unread == {each["id"] for each in once}
    assert kept.keys() & unread == set()
    assert (len(bodies), len(once), len(unread)) == (1071, 902, 27)
    for body in once:
        if body["id"] in kept:
            assert kept[body["id"]] == redact(body)
        else:
            assert "properties" not in body


def test_recorded_bodies_survive_the_file_and_become_resources(bodies: list[dict[str, Any]], tmp_path: Path) -> None:
    once = tuple(_first_of_each(bodies))
    write_snapshot(Snapshot(once, ()), tmp_path / "s.json")
    again = read_snapshot(tmp_path / "s.json")
    assert sorted(map(json.dumps, again.documents)) == sorted(map(json.dumps, once))
    estate = build_estate(again)
    assert {ArmId(each["id"]) for each in once} <= {each.id for each in estate.resources}
