"""One baseline file as it is written, before what it extends is put under it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from auditor.model import Level, Severity
from auditor.yaml_tree.fields import (
    choice,
    fields_of,
    mapping,
    text,
)
from auditor.yaml_tree.mistakes import Mistakes
from auditor.yaml_tree.nodes import Fields, Items, Node, Scalar

_STATED = ("level", "severity", "section", "statement", "decided_by")
_CHANGED = ("level", "severity", "look_at", "terms", "disabled", "reason")
_ID = re.compile(r"[A-Z]+(-[A-Z0-9]+)+")


@dataclass(frozen=True)
class Row:
    """A requirement as its file states it. `key` is its id, at its place."""

    key: Scalar
    level: str
    severity: str
    section: str
    statement: str
    decided_by: str
    look_at: str
    terms: Fields | None
    rule: Scalar | None = None
    on: tuple[Scalar, ...] = ()


@dataclass(frozen=True)
class Override:
    """What an extending file changes of one requirement; what it leaves alone, or says wrongly, is empty or `None`."""

    key: Scalar
    level: str
    severity: str
    look_at: str
    terms: Fields | None
    disabled: bool
    reason: str
    wrong: bool = False

    @property
    def changes(self) -> tuple[str, ...]:
        """The names of what it changes."""
        return tuple(name for name in ("level", "severity", "look_at", "terms") if getattr(self, name))


@dataclass
class Draft:
    """A file's own words. `extends` is the node that names the file to put under it."""

    path: str
    name: str = ""
    version: str = ""
    source: str = ""
    extends: Scalar | None = None
    families: dict[str, str] = field(default_factory=dict)
    tables: Node | None = None
    architecture: Node | None = None
    rows: dict[str, Row] = field(default_factory=dict)
    overrides: list[Override] = field(default_factory=list)


def read_draft(root: Node, mistakes: Mistakes) -> Draft:
    """The words of a file; notes everything in it that a baseline cannot say."""
    extending = isinstance(root, Fields) and "extends" in root.pairs
    required = ("extends", "baseline") if extending else ("baseline", "families", "requirements")
    optional = ("tables", "architecture", "overrides") if extending else ("tables", "architecture")
    top = fields_of(root, "the baseline", mistakes, required=required, optional=optional)
    draft = Draft(root.path, tables=top.get("tables"), architecture=top.get("architecture"))
    if extending and text(top["extends"], "`extends`", mistakes):
        draft.extends = top["extends"] if isinstance(top["extends"], Scalar) else None
    if "baseline" in top:
        _head(top["baseline"], draft, extending, mistakes)
    if "families" in top:
        _families(top["families"], draft, mistakes)
    if "requirements" in top:
        for id_, (key, node) in mapping(top["requirements"], "`requirements`", mistakes).items():
            _check_id(key, draft.families, mistakes)
            draft.rows[id_] = _row(key, node, mistakes)
    if "overrides" in top:
        draft.overrides = read_overrides(top["overrides"], "`overrides`", mistakes)
    return draft


def read_overrides(node: Node, what: str, mistakes: Mistakes) -> list[Override]:
    """The overrides in a mapping of them by requirement."""
    return [_override(key, value, mistakes) for key, value in mapping(node, what, mistakes).values()]


def _head(node: Node, draft: Draft, extending: bool, mistakes: Mistakes) -> None:
    required, optional = (("name", "version"), ("source",)) if extending else (("name", "version", "source"), ())
    found = fields_of(node, "`baseline`", mistakes, required=required, optional=optional)
    draft.name = text(found.get("name"), "`name`", mistakes)
    draft.version = text(found.get("version"), "`version`", mistakes)
    if "source" in found:
        source = fields_of(found["source"], "`source`", mistakes, required=("title", "url", "date"))
        title, url, date = (text(source.get(name), f"`{name}`", mistakes) for name in ("title", "url", "date"))
        draft.source = f"{title}, {date}: {url}"


def _families(node: Node, draft: Draft, mistakes: Mistakes) -> None:
    for prefix, (key, value) in mapping(node, "`families`", mistakes).items():
        if not prefix.isalpha() or not prefix.isupper():
            mistakes.at(key, f"`{prefix}` is no family: it is the part of an id before its first hyphen, in capitals")
        draft.families[prefix] = text(value, f"the title of {prefix}", mistakes)


def _check_id(key: Scalar, families: Mapping[str, str], mistakes: Mistakes) -> None:
    prefix = key.text.partition("-")[0]
    if not _ID.fullmatch(key.text):
        mistakes.at(key, f"`{key.text}` is no id: ids are words in capitals and numbers, joined by hyphens")
    elif prefix not in families:
        mistakes.at(key, f"`{key.text}` belongs to no family: `{prefix}` is not under `families`")


def _row(key: Scalar, node: Node, mistakes: Mistakes) -> Row:
    found = fields_of(node, key.text, mistakes, required=_STATED, optional=("look_at", "terms", "rule", "on"))
    words = {name: text(found.get(name), f"`{name}`", mistakes) for name in ("section", "statement", "decided_by")}
    look_at = text(found.get("look_at"), "`look_at`", mistakes)
    level = choice(found.get("level"), "`level`", Level, mistakes)
    if level == Level.MANUAL and "look_at" not in found:
        mistakes.at(key, f"{key.text} is decided by a person and lacks `look_at`, which says what that person looks at")
    return Row(
        key=key,
        level=level,
        severity=choice(found.get("severity"), "`severity`", Severity, mistakes),
        look_at=look_at,
        terms=_terms(found.get("terms"), key.text, mistakes),
        rule=_rule(found.get("rule"), mistakes),
        on=_on(found.get("on"), mistakes),
        **words,
    )


def _override(key: Scalar, node: Node, mistakes: Mistakes) -> Override:
    before = len(mistakes.found)
    found = fields_of(node, key.text, mistakes, optional=_CHANGED)
    disabled = False
    if "disabled" in found:
        said = found["disabled"]
        disabled = isinstance(said, Scalar) and said.value is True
        if not disabled:
            mistakes.at(said, "`disabled` can only be `true`; leave it out to keep the requirement")
        elif "reason" not in found:
            mistakes.at(key, f"{key.text} is disabled and lacks `reason`, which every report shows")
    return Override(
        key=key,
        level=choice(found.get("level"), "`level`", Level, mistakes),
        severity=choice(found.get("severity"), "`severity`", Severity, mistakes),
        look_at=text(found.get("look_at"), "`look_at`", mistakes),
        terms=_terms(found.get("terms"), key.text, mistakes),
        disabled=disabled,
        reason=text(found.get("reason"), "`reason`", mistakes),
        wrong=len(mistakes.found) > before,
    )


def _rule(node: Node | None, mistakes: Mistakes) -> Scalar | None:
    """The name of the rule, at its place; `None` where the row names none."""
    named = text(node, "`rule`", mistakes)
    return node if named and isinstance(node, Scalar) else None


def _on(node: Node | None, mistakes: Mistakes) -> tuple[Scalar, ...]:
    """The parts that are the subjects, each at its place: one, or a list."""
    named = node.items if isinstance(node, Items) else [] if node is None else [node]
    return tuple(each for each in named if text(each, "`on`", mistakes) and isinstance(each, Scalar))


def _terms(node: Node | None, id_: str, mistakes: Mistakes) -> Fields | None:
    if node is None:
        return None
    if not isinstance(node, Fields):
        mapping(node, f"`terms` of {id_}", mistakes)
        return None
    return node
