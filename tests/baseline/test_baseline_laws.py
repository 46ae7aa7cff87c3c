"""Laws of the baseline reader, whatever the text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from auditor.baseline import Baseline, read_baseline
from auditor.model import AuditorError
from auditor.yaml_tree.compose import compose
from auditor.yaml_tree.mistakes import Mistakes
from auditor.yaml_tree.nodes import plain
from tests.builders.baselines import RULES, SMALL

_TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12)
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=12,
)
_SPLINTERS = st.lists(
    st.sampled_from([
        "a",
        "ONE-01", ": ", "- ", "\n", "\n  ", "[", "]", "{", "}", "&x ", "*x", "!t ", "'", '"', "|\n", "? ", "#", ",",
        "---\n", "%", "<<: ", "terms", "level: must", "extends: x", "\t", "é", "\ufeff", "1.2", "~", "@", "`",
    ]),
    max_size=30,
).map("".join)  # fmt: skip


@settings(deadline=None)
@given(_VALUES)
def test_json_means_in_yaml_what_it_means_in_json(value: Any) -> None:
    mistakes = Mistakes()
    found = plain(compose(json.dumps({"v": value}, ensure_ascii=False), "x.yaml", mistakes))
    assert not mistakes.found
    assert found == {"v": value}


@settings(deadline=None)
@given(_SPLINTERS)
@example("? [a]\n: b")
@example("{[a]: b}")
@example("*x : b")
def test_any_text_ends_in_a_tree_or_in_a_sentence(text: str) -> None:
    mistakes = Mistakes()
    said = ""
    try:
        plain(compose(text, "x.yaml", mistakes))
        mistakes.speak()
    except AuditorError as problem:
        said = problem.message
    assert not said or "x.yaml" in said


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(SMALL)), st.integers(0, 12), _SPLINTERS)
def test_a_baseline_that_is_cut_or_scribbled_on_never_crashes_the_reader(
    tmp_path: Path, start: int, length: int, scribble: str
) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(SMALL[:start] + scribble + SMALL[start + length :], encoding="utf-8")
    try:
        outcome: Baseline | str = read_baseline(path, RULES)
    except AuditorError as problem:
        outcome = problem.message
    if isinstance(outcome, str):
        assert str(path) in outcome
    else:
        assert set(outcome.terms) <= set(outcome.requirements)
