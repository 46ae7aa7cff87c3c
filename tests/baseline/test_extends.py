"""A baseline of one's own: what it changes, what it may not, and whose mistake it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor.audit.audit import audit
from auditor.baseline import BaselineError, read_baseline
from auditor.model import Level, Severity
from tests import worlds
from tests.builders.baselines import (
    RULES,
    SMALL,
    Terms,
    Way,
)

HEAD = 'extends: base.yaml\nbaseline: {name: own, version: "7"}\n'


def _read(folder: Path, overrides: str, base: str = SMALL):  # type: ignore[no-untyped-def]
    (folder / "base.yaml").write_text(base, encoding="utf-8")
    (folder / "own.yaml").write_text(HEAD + overrides, encoding="utf-8")
    return read_baseline(folder / "own.yaml", RULES)


def _mistakes(folder: Path, overrides: str, base: str = SMALL) -> list[str]:
    with pytest.raises(BaselineError) as problem:
        _read(folder, overrides, base)
    return [f"{Path(m.path).name}:{m.line}:{m.column}: {m.says}" for m in problem.value.mistakes]


def test_without_overrides_it_is_the_extended_one_under_another_name(tmp_path: Path) -> None:
    own, base = _read(tmp_path, ""), read_baseline(tmp_path / "base.yaml", RULES)
    assert (own.info.name, own.info.version, own.extends) == ("own", "7", "small")
    assert own.info.source == base.info.source == "A page, 2024-06-20: https://example.org/page"
    assert (own.requirements, own.terms, own.stated) == (base.requirements, base.terms, base.stated)
    assert own.tables == base.tables == {"ways": [{"from": "Internet", "ports": "443", "needed": True}]}


def test_a_source_of_its_own_replaces_the_extended_one(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(SMALL)
    text = 'extends: base.yaml\nbaseline: {name: own, version: "7", source: {title: T, url: U, date: D}}\n'
    (tmp_path / "own.yaml").write_text(text)
    assert read_baseline(tmp_path / "own.yaml", RULES).info.source == "T, D: U"


def test_overrides_change_what_they_name_and_nothing_else(tmp_path: Path) -> None:
    own = _read(tmp_path, "overrides:\n  ONE-01: {level: should, severity: critical, terms: {replicas: 5}}\n")
    changed, kept = own.requirements["ONE-01"], own.requirements["ONE-02"]
    assert (changed.level, changed.severity, changed.statement) == (Level.SHOULD, Severity.CRITICAL, "It holds.")
    assert own.terms["ONE-01"] == Terms(replicas=5, mode="On", ways=(Way("Internet", "443", True),))
    assert own.stated["ONE-01"]["replicas"] == 5
    assert (kept.level, kept.severity) == (Level.SHOULD, Severity.LOW)
    assert own.overridden == {"ONE-01": ("level", "severity", "terms")}
    assert list(own.requirements) == ["ONE-01", "ONE-02", "TWO-01"]


def test_its_own_tables_serve_its_overrides(tmp_path: Path) -> None:
    tables = 'tables:\n  mine:\n    - &mine {from: "10.0.0.0/8", ports: "22", needed: false}\n'
    own = _read(tmp_path, tables + "overrides:\n  ONE-01: {terms: {ways: [*mine]}}\n")
    terms = own.terms["ONE-01"]
    assert isinstance(terms, Terms)
    assert terms.ways == (Way("10.0.0.0/8", "22", False),)
    assert terms.replicas == 3


def test_a_disabled_requirement_is_gone_and_its_reason_is_kept(tmp_path: Path) -> None:
    own = _read(tmp_path, "overrides:\n  ONE-02: {disabled: true, reason: We do without.}\n")
    assert list(own.requirements) == ["ONE-01", "TWO-01"]
    assert own.disabled == {"ONE-02": "We do without."}
    assert "ONE-02" not in own.terms


def test_a_rule_can_be_replaced_by_a_person(tmp_path: Path) -> None:
    own = _read(tmp_path, "overrides:\n  ONE-01: {level: manual, look_at: The door.}\n")
    assert own.requirements["ONE-01"].level is Level.MANUAL
    assert own.requirements["ONE-01"].look_at == "The door."
    assert "ONE-01" not in own.terms


def test_a_chain_is_followed_and_the_nearest_wins(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "base.yaml").write_text(SMALL)
    (tmp_path / "sub" / "middle.yaml").write_text(
        'extends: ../base.yaml\nbaseline: {name: middle, version: "2"}\n'
        "overrides:\n  ONE-01: {severity: low, terms: {replicas: 4}}\n  ONE-02: {disabled: true, reason: no}\n"
    )
    (tmp_path / "own.yaml").write_text(
        'extends: sub/middle.yaml\nbaseline: {name: own, version: "7"}\noverrides:\n  ONE-01: {terms: {replicas: 9}}\n'
    )
    own = read_baseline(tmp_path / "own.yaml", RULES)
    assert own.extends == "middle"
    assert own.requirements["ONE-01"].severity is Severity.LOW
    assert own.stated["ONE-01"]["replicas"] == 9
    assert own.disabled == {"ONE-02": "no"}
    assert own.overridden == {"ONE-01": ("severity", "terms")}


def test_a_shipped_baseline_is_extended_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(
        'extends: openai-chat\nbaseline: {name: own, version: "1"}\noverrides:\n  NET-09: {level: must}\n'
    )
    own = read_baseline(tmp_path / "own.yaml")
    assert own.requirements["NET-09"].level is Level.MUST
    assert own.extends == "openai-chat"


@pytest.mark.parametrize(
    ("overrides", "says", "why"),
    [
        (
            "overrides:\n  ONE-03: {level: must}\n",
            ("own.yaml:4:3: the extended baseline has no ONE-03; did you mean `ONE-02`?"),
            "none is added",
        ),
        ("overrides:\n  ONE-01: {}\n", "own.yaml:4:3: the override of ONE-01 changes nothing", "nothing"),
        (
            "overrides:\n  ONE-01: {reason: why}\n",
            "own.yaml:4:3: the override of ONE-01 changes nothing",
            "a reason alone",
        ),
        (
            "overrides:\n  ONE-01: {disabled: true}\n",
            ("own.yaml:4:3: ONE-01 is disabled and lacks `reason`, which every report shows"),
            "no reason",
        ),
        (
            "overrides:\n  ONE-01: {disabled: false}\n",
            ("own.yaml:4:22: `disabled` can only be `true`; leave it out to keep the requirement"),
            "not disabled",
        ),
        (
            "overrides:\n  ONE-01: {statement: Else.}\n",
            "own.yaml:4:12: ONE-01 has no field `statement`",
            "another demand",
        ),
        (
            "overrides:\n  ONE-01: {level: manual}\n",
            ("own.yaml:4:3: ONE-01 is made manual and lacks `look_at`, which says what a person looks at"),
            "nothing to look at",
        ),
        (
            "overrides:\n  ONE-01: {terms: {replicas: many}}\n",
            ("own.yaml:4:30: `replicas` of ONE-01 must be a whole number, not text"),
            "a term of the wrong type",
        ),
        (
            "overrides:\n  ONE-01: {terms: {replica: 4}}\n",
            ("own.yaml:4:20: ONE-01 has a term `replica` that its rule does not know; did you mean `replicas`?"),
            "an unknown term",
        ),
        (
            "overrides:\n  ONE-01: {level: manual, look_at: The screen., terms: {replicas: 4}}\n",
            "own.yaml:4:56: ONE-01 is decided by a person, and no rule asks for its `terms`",
            "terms for a person",
        ),
        ("requirements: {}\n", "own.yaml:3:1: the baseline has no field `requirements`", "rows of its own"),
        ("overrides: []\n", "own.yaml:3:12: `overrides` must be a mapping, not a list", "no mapping"),
        (
            "overrides:\n  ONE-01: {level: mst, severity: x}\n",
            (
                "own.yaml:4:19: `level` must be `must`, `should`,"
                " `conditional` or `manual`, not `mst`; did you mean `must`?"
            ),
            "the same words",
        ),
    ],
)
def test_mistakes_in_overrides_are_named(tmp_path: Path, overrides: str, says: str, why: str) -> None:
    assert says in _mistakes(tmp_path, overrides), why


def test_what_is_disabled_below_cannot_be_changed_above(tmp_path: Path) -> None:
    base = 'extends: root.yaml\nbaseline: {name: b, version: "1"}\n'
    base += "overrides:\n  ONE-01: {disabled: true, reason: not us}\n"
    (tmp_path / "root.yaml").write_text(SMALL)
    found = _mistakes(tmp_path, "overrides:\n  ONE-01: {level: must}\n", base)
    assert found == ["own.yaml:4:3: ONE-01 is disabled by the extended baseline already: not us"]


def test_mistakes_of_both_files_are_said_at_once(tmp_path: Path) -> None:
    found = _mistakes(
        tmp_path, "overrides:\n  ONE-02: {level: mst}\n", SMALL.replace("severity: high", "severity: hgh")
    )
    assert [says.split(":")[0] for says in found] == ["base.yaml", "own.yaml"]


@pytest.mark.parametrize(
    ("files", "says", "why"),
    [
        ({"own.yaml": "own.yaml"}, "`own.yaml` extends this file in turn", "itself"),
        ({"own.yaml": "b.yaml", "b.yaml": "./own.yaml"}, "`./own.yaml` extends this file in turn", "each other"),
        ({"own.yaml": "gone.yaml"}, "there is no file", "nothing"),
        ({"own.yaml": "openai"}, "`openai` is no baseline", "no name"),
        ({"own.yaml": "[]"}, "`extends` must be text, and this is a list", "no text"),
    ],
)
def test_a_chain_must_have_an_end(tmp_path: Path, files: dict[str, str], says: str, why: str) -> None:
    for name, extends in files.items():
        (tmp_path / name).write_text(f'extends: {extends}\nbaseline: {{name: x, version: "1"}}\n')
    with pytest.raises(BaselineError) as problem:
        read_baseline(tmp_path / "own.yaml", RULES)
    assert says in problem.value.message, why


def test_a_report_says_what_its_baseline_leaves_out(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(
        'extends: openai-chat\nbaseline: {name: own, version: "1"}\n'
        "overrides:\n  IDN-08: {disabled: true, reason: The registry is another team's.}\n"
    )
    result = audit(worlds.snapshot(), read_baseline(tmp_path / "own.yaml"))
    assert "IDN-08 is not checked: the baseline own disables it (The registry is another team's.)" in result.notes
    assert not [finding for finding in result.findings if finding.requirement == "IDN-08"]


_FLOW = {"from": "self", "to": "Internet", "ports": "443", "protocol": "Tcp", "needed": False, "why": "x"}


@pytest.mark.parametrize(
    ("id_", "terms", "says"),
    [
        ("NSG-JMP-OUT", {"outbound": [_FLOW | {"ports": "70000"}]}, "'70000' is not a port"),
        ("NSG-JMP-OUT", {"outbound": [_FLOW | {"protocol": "Http"}]}, "'Http' is not a protocol"),
        ("NSG-JMP-DENY", {"outbound": [_FLOW | {"to": "Intranet"}]}, "`to`: `Intranet` is no address and no service"),
        ("NSG-JMP-IN", {"inbound": [_FLOW | {"from": "subnet:agent"}]}, "`from`: `subnet:agent` is no address"),
        ("SEG-05", {"open": {"agents": [{"ports": "7-3"}]}}, "7-3"),
        ("SEG-05", {"open": {"agents": [{"prots": "7"}]}}, "a flow has no field `prots`"),
        ("SEG-05", {"open": {"agent": [{"ports": "7"}]}}, "`agent` is no part of a network"),
        ("NET-05", {"minimum": "1.2"}, "`minimum` of NET-05 must be `TLSv1_0`, `TLSv1_1`, `TLSv1_2` or `TLSv1_3`"),
        ("CF-01", {"threshold": "Strict"}, "`threshold` of CF-01 must be"),
        ("CF-07", {"filters": [{"filter": "hate", "sources": ["Prompt"], "threshold": "low"}]}, "did you mean `Low`?"),
        ("IDN-14", {"approved": ["endpiont"]}, "did you mean `endpoint`?"),
        ("KEY-09", {"approved": ["everybody"]}, "`everybody` is no part of this architecture"),
    ],
)
def test_a_word_that_would_break_its_rule_is_a_mistake_of_the_file(
    tmp_path: Path, id_: str, terms: dict[str, object], says: str
) -> None:
    own = {"extends": "openai-chat", "baseline": {"name": "own", "version": "1"}, "overrides": {id_: {"terms": terms}}}
    (tmp_path / "own.yaml").write_text(json.dumps(own), encoding="utf-8")
    with pytest.raises(BaselineError) as problem:
        read_baseline(tmp_path / "own.yaml")
    (said,) = problem.value.mistakes
    assert "own.yaml" in str(said)
    assert says in str(said)
