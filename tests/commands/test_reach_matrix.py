"""`auditor reach --matrix`: every pair of subnets, in three forms that say the same."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from auditor.cli import run
from auditor.commands.reach_matrix import _page
from auditor.estate import build_estate
from auditor.model import ExitCode, NotKnown
from auditor.query.matrix import NOT_KNOWN, NOT_REACHED, REACHED, Matrix, matrix_of, names_of
from auditor.query.reach import reach
from auditor.snapshot import write_snapshot
from tests import worlds


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("matrix") / "s.json"
    write_snapshot(worlds.snapshot(), path)
    return path


@pytest.fixture(scope="module")
def made() -> Matrix:
    return matrix_of(worlds.estate())


def test_each_answer_is_that_of_the_single_question(made: Matrix) -> None:
    estate = worlds.estate()
    words = {True: REACHED, False: NOT_REACHED}
    for number, source in enumerate(made.subnets):
        for other, target in enumerate(made.subnets):
            if number != other:
                (answer,) = reach(estate, source, target)
                expected = words[answer.reaches] if isinstance(answer.reaches, bool) else NOT_KNOWN
                assert made.rows[number][other] == expected, (source.name, target.name)


def test_the_forms_say_the_same(stored: Path, made: Matrix, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["reach", str(stored), "--matrix", "--format", "json"]) == ExitCode.HOLDS
    document = json.loads(capsys.readouterr().out)
    assert document["subnets"] == [subnet.id.text for subnet in made.subnets]
    assert sum(len(row["reached"]) for row in document["rows"]) == made.count(REACHED)
    assert run(["reach", str(stored), "--matrix", "--format", "csv"]) == ExitCode.HOLDS
    head, *rows = csv.reader(io.StringIO(capsys.readouterr().out))
    assert tuple(head[1:]) == names_of(made.subnets)
    assert [row[1:] for row in rows] == [
        ["" if n == number else word for n, word in enumerate(found)] for number, found in enumerate(made.rows)
    ]
    assert run(["reach", str(stored), "--matrix"]) == ExitCode.HOLDS
    text = capsys.readouterr().out
    assert f"8 subnets, 56 pairs: {made.count(REACHED)} reached" in text
    assert text.count("+") >= made.count(REACHED)


def test_where_the_grid_does_not_fit_each_subnet_lists_what_it_reaches(made: Matrix) -> None:
    lines = list(_page(made, 30))
    assert "snet-scoring" in lines
    assert any(text.startswith("  + reached: ") for text in lines)
    assert not any(text.startswith("row reaches") for text in lines)


def test_progress_is_a_row_at_a_time() -> None:
    seen: list[tuple[int, int]] = []
    matrix_of(worlds.estate(), progress=lambda done, of: seen.append((done, of)))
    assert seen == [(n, 8) for n in range(1, 9)]


def test_without_the_list_of_networks_there_is_no_matrix() -> None:
    scope = worlds.subscription()
    reads = [r for r in worlds.whole(scope) if r.covers != "microsoft.network/virtualnetworks"]
    refused = worlds.refused("Microsoft.Network/virtualNetworks", scope)
    docs = [d for d in worlds.documents() if "/virtualnetworks/" not in d["id"].lower()]
    with pytest.raises(NotKnown):
        matrix_of(build_estate(worlds.snapshot(docs, [*reads, refused])))


@pytest.mark.parametrize(
    "options",
    [[], ["--matrix", "--from", "Internet"], ["--matrix", "--to", "x"], ["--from", "Internet", "--format", "csv"]],
)
def test_options_that_do_not_go_together_are_refused(stored: Path, options: list[str]) -> None:
    assert run(["reach", str(stored), *options]) == ExitCode.USAGE
