"""A few fixed rounds of `make soak`, and that its judge sees what it is there to see."""

from dataclasses import replace

import pytest

from tests.collecting import by_id
from tests.soak.judge import judged, resumed_well
from tests.soak.plan import WORLDS, Ending, Round, drawn, faultless
from tests.soak.play import play

SEEDS = {
    "a resource vanishes": 121,
    "SIGTERM, then resumed": 104,
    "a time limit among faults": 123,
    "many faults and SIGTERM": 131,
}


@pytest.mark.parametrize("seed", SEEDS.values(), ids=SEEDS)
def test_a_round_among_faults(seed: int) -> None:
    assert play(drawn(seed)).wrong == []


COMPLIANT = next(at for at, world in enumerate(WORLDS) if world.name == "compliant")
QUIET = Round(0, COMPLIANT, (), {}, 16, Ending(), "", process=False)


def test_the_judge_sees_a_wrong_exit_code() -> None:
    assert list(judged(faultless(COMPLIANT), 0, QUIET)) == []
    assert "exit code 3" in "".join(judged(faultless(COMPLIANT), 3, QUIET))


def test_the_judge_sees_what_was_lost_and_what_was_changed() -> None:
    whole = faultless(COMPLIANT)
    lost = replace(whole, documents=whole.documents[:-1])
    assert "not marked incomplete" in "".join(judged(lost, 0, QUIET))
    assert "not what an undisturbed run reads" in "".join(resumed_well(lost, 0, QUIET))
    changed = replace(whole, documents=({**whole.documents[0], "name": "another"}, *whole.documents[1:]))
    assert "documents that differ" in "".join(judged(changed, 0, QUIET))


def test_the_judge_sees_an_unread_list_that_is_taken_for_empty() -> None:
    whole = faultless(COMPLIANT)
    settings = {id_ for id_ in by_id(whole) if "/diagnosticsettings/" in id_}
    empty = replace(whole, documents=tuple(d for d in whole.documents if d["id"].casefold() not in settings))
    assert "MON-" in "".join(judged(empty, 0, QUIET))
