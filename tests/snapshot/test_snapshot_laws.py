"""Laws of the snapshot file: round trip, one form, true positions, no traceback whatever the bytes."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.model import ArmId, AuditorError, Place
from auditor.model.resource import escape
from auditor.snapshot import Snapshot, locate, read_snapshot, redact, redacted, sealed, write_snapshot
from tests.strategies.snapshot import documents, snapshots, values

FILE = Path(tempfile.mkdtemp()) / "s.json"
QUICK = settings(max_examples=80, deadline=None)


@pytest.fixture(scope="module", autouse=True)
def _folder() -> Iterator[None]:
    # A worker may come back to this module after it had left it.
    FILE.parent.mkdir(exist_ok=True)
    yield
    FILE.unlink(missing_ok=True)
    FILE.parent.rmdir()


def _read_back(snapshot: Snapshot) -> Snapshot:
    write_snapshot(snapshot, FILE)
    return read_snapshot(FILE)


@QUICK
@given(snapshots)
def test_what_is_written_is_read_back(snapshot: Snapshot) -> None:
    again = _read_back(snapshot)
    expected = sealed(snapshot)
    assert again == replace(expected, path=str(FILE))
    # equality alone would take 1 for True and 1.0
    assert json.dumps(again.documents) == json.dumps(expected.documents)


@QUICK
@given(snapshots)
def test_writing_what_was_read_gives_the_same_bytes(snapshot: Snapshot) -> None:
    write_snapshot(snapshot, FILE)
    first = FILE.read_bytes()
    write_snapshot(read_snapshot(FILE), FILE)
    assert FILE.read_bytes() == first


@QUICK
@given(snapshots, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_show(snapshot: Snapshot, random: Any) -> None:
    write_snapshot(snapshot, FILE)
    first = FILE.read_bytes()
    shuffled = {name: list(getattr(snapshot, name)) for name in ("documents", "reads", "subscriptions")}
    for each in shuffled.values():
        random.shuffle(each)
    write_snapshot(replace(snapshot, **{name: tuple(each) for name, each in shuffled.items()}), FILE)
    assert FILE.read_bytes() == first


def _places(value: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    yield pointer, value
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield from _places(inner, f"{pointer}/{escape(step)}")


@QUICK
@given(documents())
def test_every_place_points_at_the_text_that_parses_to_its_value(bodies: list[dict[str, Any]]) -> None:
    snapshot = _read_back(Snapshot(tuple(bodies), ()))
    lines = snapshot.text.split("\n")
    for document in snapshot.documents:
        for pointer, value in _places(document):
            at = locate(snapshot, Place(ArmId(document["id"]), pointer))
            assert at is not None
            rest = "\n".join([lines[at.line - 1][at.column - 1 :], *lines[at.line :]])
            assert json.dumps(json.JSONDecoder().raw_decode(rest)[0]) == json.dumps(value)


def _complaint(data: bytes) -> AuditorError | None:
    FILE.write_bytes(data)
    try:
        read_snapshot(FILE)
    except AuditorError as problem:
        return problem
    return None


def _is_told(problem: AuditorError | None) -> bool:
    """Whether it names the file, and is one sentence with a tip."""
    return (
        problem is not None
        and problem.message.startswith(str(FILE))
        and bool(problem.tip)
        and "\n" not in problem.message + problem.tip
    )


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_are_refused_in_a_sentence(data: bytes) -> None:
    assert _is_told(_complaint(data))


@settings(max_examples=200, deadline=None)
@given(st.text('{}[]",:\\ntrue01e-.NaI \n\x00\ud7ff', max_size=60))
def test_text_that_looks_like_json_is_refused_in_a_sentence(text: str) -> None:
    assert _is_told(_complaint(b'{"format": "auditor-snapshot/1", "documents": ' + text.encode()))


@settings(max_examples=120, deadline=None)
@given(snapshots.filter(lambda each: each.documents and each.reads), st.data())
def test_a_snapshot_that_was_cut_or_damaged_anywhere_is_refused_in_a_sentence(
    snapshot: Snapshot, data: st.DataObject
) -> None:
    write_snapshot(snapshot, FILE)
    whole = FILE.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 2))
    assert _is_told(_complaint(whole[:at]))
    damage = data.draw(st.binary(max_size=3))
    problem = _complaint(whole[:at] + damage + whole[at + data.draw(st.integers(0, 3)) :])
    # a blank more or less is no damage
    assert problem is None or _is_told(problem)


@QUICK
@given(documents())
def test_redacting_twice_removes_nothing_more(bodies: list[dict[str, Any]]) -> None:
    for body in bodies:
        once = redact(body)
        assert redacted(once) == (once, 0)


@QUICK
@given(st.dictionaries(st.sampled_from(["password", "Credentials", "key1", "environmentVariables"]), values))
def test_no_text_and_no_number_below_a_secret_name_stays(secrets: dict[str, Any]) -> None:
    for pointer, value in _places(redact({"id": "/x", "properties": secrets})["properties"]):
        # what names an identity, or says where a secret is, stays
        if pointer.rpartition("/")[2] not in ("id", "tenantId") and not isinstance(value, dict | list | bool):
            assert value in (None, "", "(redacted)", "@Microsoft.KeyVault(SecretUri=x)")
