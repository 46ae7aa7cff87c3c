"""A baseline's name or file to a typed baseline; all mistakes at once, each with file, line and column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import msgspec

from auditor.baseline.architecture import architecture_of
from auditor.baseline.draft import Draft, Override, Row, read_draft
from auditor.baseline.extend import Merged, lay_over, merge
from auditor.baseline.model import Baseline
from auditor.baseline.terms import TermsReader
from auditor.model import AuditorError, BaselineInfo, Level, Requirement, Severity
from auditor.rules import Rule, rules_by_name
from auditor.shipped import shipped
from auditor.workload.architecture import Architecture, speaking_of
from auditor.yaml_tree.compose import compose, read_text, unreadable
from auditor.yaml_tree.mistakes import Mistakes, meant, one_of
from auditor.yaml_tree.nodes import Memo, Scalar, plain

DEFAULT = "openai-chat"
"""The baseline that is asked where none is named."""

_ENDINGS = (".yaml", ".yml")


def read_baseline(name_or_path: str | Path = DEFAULT, rules: Mapping[str, Rule] | None = None) -> Baseline:
    """Read a shipped baseline by its name, or any by its path.

    `rules` are those that a row may name, by name (every rule there is, unless told otherwise). Raises `AuditorError`
    with every mistake in the file and in those that it extends.
    """
    mistakes = Mistakes()
    path = locate(str(name_or_path), Path())
    found = read_under(path, (), mistakes, rules)
    mistakes.speak()
    assert found is not None
    return found[0]


def read_under(
    path: Path, overrides: Iterable[Override], mistakes: Mistakes, rules: Mapping[str, Rule] | None = None
) -> tuple[Baseline, Merged] | None:
    """Read a baseline's file with overrides laid over it that are no part of it; and what these came to.

    Notes mistakes, and answers `None` where there are any; raises `AuditorError` for those that nobody can read past.
    """
    drafts = _chain(path, mistakes)
    below = merge(drafts, mistakes)
    over = lay_over(below, overrides, mistakes)
    memo: Memo = {}
    architecture = architecture_of(drafts, memo, mistakes)
    if architecture is None:
        return None
    named = _rules_of(over, rules_by_name() if rules is None else rules, mistakes)
    _check_subjects(over, named, architecture, mistakes)
    with speaking_of(architecture):
        terms = _typed_terms(over, named, memo, mistakes)
    if mistakes.found:
        return None
    read = _finish(replace(below, rows=over.rows), drafts, terms, named, memo)
    return replace(read, architecture=architecture), over


def baseline_names() -> tuple[str, ...]:
    """The names of the baselines that travel with the program."""
    return tuple(path.stem for path in _shipped())


def _shipped() -> list[Path]:
    return sorted(path for path in shipped("baselines").iterdir() if path.suffix in _ENDINGS)


def _chain(path: Path, mistakes: Mistakes) -> list[Draft]:
    """The draft in a file, what it extends, what that extends, and so on."""
    drafts: list[Draft] = []
    seen: dict[Path, str] = {}
    while True:
        seen[path.resolve()] = str(path)
        root = compose(read_text(path), str(path), mistakes)
        draft = read_draft(root, mistakes)
        drafts.append(draft)
        if draft.extends is None:
            return drafts
        try:
            path = locate(draft.extends.text, path.parent)
        except AuditorError as problem:
            mistakes.at(draft.extends, problem.message)
            mistakes.speak()
        if path.resolve() in seen:
            mistakes.at(draft.extends, f"`{draft.extends.text}` extends this file in turn, so neither has a beginning")
            mistakes.speak()


def locate(name: str, folder: Path) -> Path:
    """The file that a name or a path (relative to a folder) stands for."""
    if name.endswith(_ENDINGS) or "/" in name or "\\" in name:
        path = folder / name
        if problem := unreadable(path):
            raise AuditorError(problem)
        return path
    for path in _shipped():
        if path.stem == name:
            return path
    known = baseline_names()
    hint = meant(name, known) or f"; there is {one_of(known)}"
    raise AuditorError(f"`{name}` is no baseline{hint}", tip="a file is named by a path that ends in .yaml")


def _rules_of(merged: Merged, rules: Mapping[str, Rule], mistakes: Mistakes) -> dict[str, Rule]:
    """The rule of each row that one decides: the one that it names, or that the shipped baseline names for this id."""
    found = {}
    for id_, row in merged.rows.items():
        if row.level == Level.MANUAL:
            continue
        name = row.rule.text if row.rule is not None else ""
        if row.rule is None and any(each.rule is None for each in merged.rows.values()):
            name = _named_by_default().get(id_, "")
        if name in rules:
            found[id_] = rules[name]
        elif row.rule is not None:
            mistakes.at(row.rule, f"there is no rule `{name}`{meant(name, rules) or '; `auditor rules` lists them'}")
    return found


def _check_subjects(merged: Merged, rules: Mapping[str, Rule], architecture: Architecture, mistakes: Mistakes) -> None:
    """Note subjects that are no part, and subjects of a rule that judges the workload as a whole."""
    for id_, row in merged.rows.items():
        for named in row.on:
            subnet = named.text.removeprefix("subnet:")
            known = architecture.subnets if subnet != named.text else architecture.parts
            if subnet not in known:
                mistakes.at(named, f"`{subnet}` is no part of this architecture{meant(subnet, known)}")
        if row.on and id_ in rules and not rules[id_].takes_subjects:
            mistakes.at(row.on[0], f"the rule `{rules[id_].name}` has no subjects: it judges the workload as a whole")


@cache
def _named_by_default() -> Mapping[str, str]:
    """The rules that the shipped baseline names, by id: files of before baselines named rules know their rows by id."""
    mistakes = Mistakes()
    draft = read_draft(compose(read_text(locate(DEFAULT, Path())), DEFAULT, mistakes), mistakes)
    return {id_: row.rule.text for id_, row in draft.rows.items() if row.rule is not None}


def _typed_terms(
    merged: Merged, rules: Mapping[str, Rule], memo: Memo, mistakes: Mistakes
) -> dict[str, msgspec.Struct]:
    found = {}
    reader = TermsReader(memo, mistakes)
    for id_, row in merged.rows.items():
        if id_ in rules:
            value = reader.convert(row.terms, row.key, id_, rules[id_].terms)
            if value is not None:
                found[id_] = value
    return found


def _finish(
    merged: Merged, drafts: list[Draft], terms: Mapping[str, msgspec.Struct], rules: Mapping[str, Rule], memo: Memo
) -> Baseline:
    top = merged.draft
    tables = plain(top.tables, memo) if top.tables is not None else {}
    return Baseline(
        info=BaselineInfo(top.name, top.version, top.source, top.path, dict(top.families)),
        requirements={id_: _requirement(row, rules.get(id_)) for id_, row in merged.rows.items()},
        terms=terms,
        stated={id_: plain(row.terms, memo) for id_, row in merged.rows.items() if row.terms is not None},
        tables=tables if isinstance(tables, dict) else {},
        extends=drafts[1].name if len(drafts) > 1 else "",
        below=tuple(draft.name for draft in drafts[1:]),
        disabled=merged.disabled,
        overridden=merged.overridden,
    )


def _requirement(row: Row, rule: Rule | None) -> Requirement:
    key: Scalar = row.key
    return Requirement(
        id=key.text,
        level=Level(row.level),
        severity=Severity(row.severity),
        statement=row.statement,
        section=row.section,
        family=key.text.partition("-")[0],
        look_at=row.look_at,
        line=key.line,
        column=key.column,
        decided_by=row.decided_by,
        rule=rule.name if rule is not None else "",
        on=tuple(named.text for named in row.on),
    )
