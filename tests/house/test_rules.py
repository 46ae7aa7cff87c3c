"""Baseline, rules and pages agree: nothing is demanded that nobody decides, nothing decided that nobody demands."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import msgspec
import pytest

from auditor.baseline import baseline_names, read_baseline
from auditor.model import Level
from auditor.rules import all_rules
from tests.builders.rules import rule_index

ROOT = Path(__file__).parent.parent.parent


def _ids(family: str, *numbers: int) -> set[str]:
    return {f"{family}-{number:02}" for number in numbers}


NOT_IMPLEMENTED: frozenset[str] = frozenset()
"""Demands that no rule decides yet. Every report lists them as not implemented, never as a pass."""


def test_the_baseline_states_every_demand_of_the_article() -> None:
    counted = Counter(r.family for r in read_baseline().requirements.values())
    assert counted.total() >= 177, "the article makes 177 statements"
    for family, count in counted.items():
        numbered = {f"{family}-{number:02}" for number in range(1, count + 1)}
        ids = {id_ for id_ in read_baseline().requirements if id_.startswith(f"{family}-") and id_[-2:].isdecimal()}
        assert not ids or ids == numbered, f"the numbers of {family} have a gap"


def test_the_families_have_titles_and_rows() -> None:
    baseline = read_baseline()
    assert list(baseline.info.families) == list(dict.fromkeys(baseline.info.families))
    assert set(baseline.info.families) == {r.family for r in baseline.requirements.values()}


@pytest.mark.parametrize("name", baseline_names())
def test_statements_are_sentences(name: str) -> None:
    for requirement in read_baseline(name).requirements.values():
        says = f"{requirement.id}: {requirement.statement}"
        assert re.fullmatch(r"[A-Z].*[^.]\.", requirement.statement), says
        assert not re.search(r"[.!?] [A-Z]", requirement.statement), f"{says} is more than one sentence"
        assert len(requirement.statement) <= 140, f"{says} is long"
        assert requirement.section[:1].isupper(), says
        assert not requirement.decided_by.endswith("."), f"{requirement.id}: {requirement.decided_by}"


def test_every_rule_is_named_by_a_baseline() -> None:
    named = {row.rule for name in baseline_names() for row in read_baseline(name).requirements.values()}
    strays = {rule.name for rule in all_rules()} - named
    assert not strays, f"no baseline names {sorted(strays)}"


def test_no_rule_decides_what_a_person_decides() -> None:
    manual = {r.id for r in read_baseline().requirements.values() if r.level is Level.MANUAL}
    assert not manual & set(rule_index())


def test_every_requirement_has_a_rule_or_is_for_a_person() -> None:
    found = read_baseline().requirements.values()
    nobody = {r.id for r in found if r.id not in rule_index() and r.level is not Level.MANUAL}
    assert nobody <= NOT_IMPLEMENTED, "a demand without a rule is put on the list"
    assert nobody >= NOT_IMPLEMENTED, "a demand whose rule is there is taken off the list"


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.name)
def test_terms_know_their_fields_and_never_change(rule: Any) -> None:
    for struct in _structs(rule.terms):
        assert struct.__struct_config__.forbid_unknown_fields, f"{struct.__name__} takes any field"
        assert struct.__struct_config__.frozen, f"{struct.__name__} can be changed"


def _structs(type_: Any) -> list[Any]:
    if isinstance(type_, type) and issubclass(type_, msgspec.Struct):
        return [type_, *(inner for field in msgspec.structs.fields(type_) for inner in _structs(field.type))]
    return [inner for argument in get_args(type_) for inner in _structs(argument)]


def test_reading_the_baseline_is_quick() -> None:
    taken = []
    for _ in range(5):
        began = time.process_time()
        read_baseline()
        taken.append(time.process_time() - began)
    # 0.02 s where this was written; the rest is for slow machines and for coverage measuring along.
    assert min(taken) < 0.3


@pytest.mark.parametrize("arguments", [["rules"], ["explain", "NET-03"], ["baseline", "show"]], ids=lambda a: a[0])
def test_looking_at_rules_loads_nothing_that_it_does_not_need(arguments: list[str]) -> None:
    program = f"""
import sys
from auditor.cli import run
assert run({arguments!r}) == 0
heavy = {{"azure", "msal", "requests", "aiohttp", "rich", "networkx", "jinja2", "cryptography"}}
print("loaded:", *sorted(heavy & {{name.partition(".")[0] for name in sys.modules}}))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "loaded:"


# --- the generated pages ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_build", ROOT / "docs" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_generated_pages_are_up_to_date(build: ModuleType) -> None:
    assert not build.stale(ROOT / "docs", build.pages()), "`make docs` writes them again"


def test_pages_are_written_once_and_strays_removed(build: ModuleType, tmp_path: Path) -> None:
    pages = build.pages()
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "OLD-01.md").write_text("gone")
    (tmp_path / "guide.md").write_text("by hand")
    assert build.stale(tmp_path, pages) == sorted([*pages, "rules/OLD-01.md"])
    build.write(tmp_path, pages)
    assert build.stale(tmp_path, pages) == []
    assert (tmp_path / "guide.md").exists()
    (tmp_path / "coverage.md").write_text("scribble")
    assert build.stale(tmp_path, pages) == ["coverage.md"]


def test_the_coverage_page_links_every_requirement(build: ModuleType) -> None:
    pages = build.pages()
    linked = set(re.findall(r"\]\((rules/[A-Z0-9-]+\.md)\)", pages["coverage.md"]))
    assert linked == {page for page in pages if page.startswith("rules/")}
