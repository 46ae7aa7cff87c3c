"""Every mistake in a baseline is named with its line and column, all of them at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.baseline import BaselineError, baseline_names, read_baseline
from auditor.model import AuditorError
from auditor.rules import rules_by_name
from auditor.yaml_tree.mistakes import one_of
from tests.builders.baselines import RULES, SMALL, mistakes_of


def test_the_small_baseline_has_no_mistake(tmp_path: Path) -> None:
    assert mistakes_of(tmp_path, SMALL) == []


@pytest.mark.parametrize(
    ("old", "new", "says", "why"),
    [
        (
            "level: must",
            "level: mst",
            ("13:12: `level` must be `must`, `should`, `conditional` or `manual`, not `mst`; did you mean `must`?"),
            "unknown level",
        ),
        (
            "severity: high",
            "severity: dire",
            "14:15: `severity` must be `critical`, `high`, `medium` or `low`, not `dire`",
            "unknown severity",
        ),
        (
            "    section: Networking\n    statement: It h",
            "    sections: Networking\n    statement: It h",
            "15:5: ONE-01 has no field `sections`; did you mean `section`?",
            "unknown field",
        ),
        ("    decided_by: another\n", "", "21:5: ONE-02 lacks `decided_by`", "missing field"),
        ("  ONE-02:", "  ONE-01:", "20:3: `ONE-01` is given twice, first in line 12", "duplicate id"),
        (
            "    decided_by: another",
            "    section: again\n    decided_by: another",
            "25:5: `section` is given twice, first in line 23",
            "duplicate key",
        ),
        (
            "  ONE-02:",
            "  ELSE-02:",
            "20:3: `ELSE-02` belongs to no family: `ELSE` is not under `families`",
            "no family",
        ),
        (
            "  ONE-02:",
            "  one:",
            "20:3: `one` is no id: ids are words in capitals and numbers, joined by hyphens",
            "no id",
        ),
        (
            "ONE: First",
            "one: First",
            ("6:3: `one` is no family: it is the part of an id before its first hyphen, in capitals"),
            "no family name",
        ),
        (
            "    look_at: The wall.\n",
            "",
            ("27:3: TWO-01 is decided by a person and lacks `look_at`, which says what that person looks at"),
            "a manual row without anything to look at",
        ),
        ('version: "1"', "version: 1.2", '3:12: `version` must be text, and 1.2 is a number; write "1.2"', "text"),
        (
            "statement: It holds.",
            "statement: true",
            ('16:16: `statement` must be text, and true is true or false; write "true"'),
            "a boolean is no text",
        ),
        (
            "statement: It holds.",
            "statement: []",
            "16:16: `statement` must be text, and this is a list",
            "a list is no text",
        ),
        (
            "statement: It holds.",
            "statement:",
            "16:15: `statement` must be text, and this is empty",
            "nothing is no text",
        ),
        (
            "statement: It holds.",
            'statement: "  "',
            "16:16: `statement` must be text, and this is empty",
            "blank is no text",
        ),
        (
            "  source: {title: A page, url: https://example.org/page, date: 2024-06-20}\n",
            "",
            "2:3: `baseline` lacks `source`",
            "no source",
        ),
        (
            "terms: {replicas: 3, mode: On, ways: [*way]}",
            "terms: 3",
            ("18:12: `terms` of ONE-01 must be a mapping, not a number"),
            "terms are a mapping",
        ),
        (
            "families:\n  ONE: First\n  TWO: Second\n",
            "families: 3\n",
            "5:11: `families` must be a mapping, not a number",
            "families are a mapping",
        ),
        ("[*way]", "[*why]", "18:43: there is no anchor `&why` above this line", "an anchor is missing"),
        (
            "requirements:\n",
            "requirement:\n",
            ("11:1: the baseline has no field `requirement`; did you mean `requirements`?"),
            "an unknown part",
        ),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, old: str, new: str, says: str, why: str) -> None:
    assert old in SMALL
    assert says in mistakes_of(tmp_path, SMALL.replace(old, new, 1)), why


@pytest.mark.parametrize(
    ("terms", "says", "why"),
    [
        (
            '{replicas: "3", mode: On}',
            "18:23: `replicas` of ONE-01 must be a whole number, not text",
            "text for a number",
        ),
        ("{replicas: 3.5, mode: On}", "18:23: `replicas` of ONE-01 must be a whole number, not a number", "a fraction"),
        (
            "{replicas: 3, mode: on}",
            "18:32: `mode` of ONE-01 must be `On` or `Off`, not `on`; did you mean `On`?",
            "a choice",
        ),
        ("{replicas: 3}", "18:12: ONE-01 lacks the term `mode`", "a term is missing"),
        (
            "{replica: 3, replicas: 3, mode: On}",
            ("18:13: ONE-01 has a term `replica` that its rule does not know; did you mean `replicas`?"),
            "an unknown term",
        ),
        (
            "{replicas: 3, mode: On, tier: 1.2}",
            '18:42: `tier` of ONE-01 must be text or empty, not a number; write "1.2"',
            "text that is not text",
        ),
        (
            "{replicas: 3, mode: On, ways: [{from: a, ports: 443, needed: true}]}",
            '18:60: `ports` of `ways` of ONE-01 must be text, not a number; write "443"',
            "deep inside",
        ),
        (
            "{replicas: 3, mode: On, ways: [{from: a, ports: '1', needed: yes}]}",
            "18:73: `needed` of `ways` of ONE-01 must be true or false, not text",
            "yes is text",
        ),
        ("{replicas: 3, mode: On, ways: {}}", "18:42: `ways` of ONE-01 must be a list, not a mapping", "no list"),
        ("{replicas: 3, mode: On, ways: [3]}", "18:43: `ways` of ONE-01 must be a mapping, not a number", "no row"),
        (
            "{replicas: 3, mode: On, names: {a: b}}",
            "18:47: `a` of `names` of ONE-01 must be a whole number, not text",
            "a value",
        ),
        (
            "{replicas: 3, mode: On, share: 2}",
            "18:12: ONE-01: a share is at most 1, and 2.0 is more",
            "the type itself",
        ),
        ("{replicas: 3, mode: On, share: much}", "18:43: `share` of ONE-01 must be a number, not text", "no number"),
    ],
)
def test_a_mistake_in_terms_is_named_where_it_stands(tmp_path: Path, terms: str, says: str, why: str) -> None:
    text = SMALL.replace("{replicas: 3, mode: On, ways: [*way]}", terms)
    assert mistakes_of(tmp_path, text) == [says], why


def test_terms_that_a_rule_needs_are_missed(tmp_path: Path) -> None:
    text = SMALL.replace("    terms: {replicas: 3, mode: On, ways: [*way]}\n", "")
    assert mistakes_of(tmp_path, text) == ["12:3: ONE-01 lacks `terms` with `replicas` and `mode`"]


def test_a_rule_that_there_is_not_is_a_mistake_where_it_is_named(tmp_path: Path) -> None:
    text = SMALL.replace("rule: hope_is_lost", "rule: hope_is_lots")
    assert mistakes_of(tmp_path, text) == ["26:11: there is no rule `hope_is_lots`; did you mean `hope_is_lost`?"]


def test_a_row_that_names_no_rule_has_that_of_the_shipped_baseline(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    text = SMALL.replace("ONE-02", "NET-07").replace("  ONE: First", "  ONE: First\n  NET: Entry")
    path.write_text(text.replace("    rule: hope_is_lost\n", ""), encoding="utf-8")
    both = {**RULES, **rules_by_name()}
    assert read_baseline(path, both).requirements["NET-07"].rule == read_baseline().requirements["NET-07"].rule


def test_terms_that_no_rule_takes_are_a_mistake(tmp_path: Path) -> None:
    text = SMALL.replace("    decided_by: another\n", "    decided_by: another\n    terms: {a: 1}\n")
    says = "26:13: ONE-02 has a term `a` that its rule does not know; it takes none"
    assert mistakes_of(tmp_path, text) == [says]


def test_a_mistake_in_a_table_is_named_once_at_the_table(tmp_path: Path) -> None:
    text = SMALL.replace('ports: "443"', "ports: 443")
    assert mistakes_of(tmp_path, text) == ['10:36: `ports` of `ways` of ONE-01 must be text, not a number; write "443"']


def test_all_mistakes_are_said_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    text = SMALL.replace("level: must", "level: mst").replace("replicas: 3", "replicas: three")
    path.write_text(text.replace('version: "1"', "version: 1").replace("    look_at: The wall.\n", ""))
    with pytest.raises(BaselineError) as problem:
        read_baseline(path, RULES)
    assert problem.value.message.splitlines() == [
        "4 mistakes",
        f'  {path}:3:12: `version` must be text, and 1 is a number; write "1"',
        f"  {path}:13:12: `level` must be `must`, `should`, `conditional` or `manual`, not `mst`; did you mean `must`?",
        f"  {path}:18:23: `replicas` of ONE-01 must be a whole number, not text",
        f"  {path}:27:3: TWO-01 is decided by a person and lacks `look_at`, which says what that person looks at",
    ]


def test_one_mistake_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(SMALL.replace("severity: low", "severity: lo"))
    with pytest.raises(BaselineError) as problem:
        read_baseline(path, RULES)
    assert problem.value.message == (
        f"{path}:22:15: `severity` must be `critical`, `high`, `medium` or `low`, not `lo`; did you mean `low`?"
    )


def test_very_many_mistakes_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(SMALL + "".join(f"    x{n}: 1\n" for n in range(300)))
    with pytest.raises(BaselineError) as problem:
        read_baseline(path, RULES)
    assert problem.value.message.startswith("300 mistakes\n")
    assert problem.value.message.endswith("\n  and 100 more")
    assert len(problem.value.mistakes) == 300


@pytest.mark.parametrize(
    ("name", "says", "why"),
    [
        ("openai-cat", "`openai-cat` is no baseline; did you mean `openai-chat`?", "a name that is near"),
        ("zzz", f"`zzz` is no baseline; there is {one_of(baseline_names())}", "a name that is not"),
        ("missing.yaml", "there is no file missing.yaml", "a file"),
        ("some/where", "there is no file some/where", "a path"),
    ],
)
def test_a_baseline_that_is_not_there_is_named(name: str, says: str, why: str) -> None:
    with pytest.raises(AuditorError) as problem:
        read_baseline(name)
    assert problem.value.message == says, why
