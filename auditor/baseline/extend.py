"""Puts a baseline's own words over the baseline that it extends."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from auditor.baseline.draft import Draft, Override, Row
from auditor.model import Level
from auditor.yaml_tree.mistakes import Mistakes, meant
from auditor.yaml_tree.nodes import Fields


@dataclass
class Merged:
    """The outcome: rows in the order of the file at the bottom, and what was done to them on the way up."""

    draft: Draft
    rows: dict[str, Row]
    disabled: dict[str, str] = field(default_factory=dict)
    overridden: dict[str, tuple[str, ...]] = field(default_factory=dict)


def merge(drafts: list[Draft], mistakes: Mistakes) -> Merged:
    """Lay each draft over the one after it; the last extends nothing. Overrides change rows, none adds one."""
    bottom = drafts[-1]
    merged = Merged(bottom, dict(bottom.rows))
    for draft in reversed(drafts[:-1]):
        for override in draft.overrides:
            _apply(override, merged, mistakes)
        merged.draft = replace(
            draft,
            source=draft.source or merged.draft.source,
            families=merged.draft.families,
            tables=draft.tables or merged.draft.tables,
        )
    return merged


def lay_over(merged: Merged, overrides: Iterable[Override], mistakes: Mistakes) -> Merged:
    """What settings make of a baseline: `disabled` and `overridden` then tell of the settings alone."""
    over = Merged(merged.draft, dict(merged.rows), dict(merged.disabled))
    for override in overrides:
        _apply(override, over, mistakes, "the baseline")
    over.disabled = {id_: why for id_, why in over.disabled.items() if id_ not in merged.disabled}
    return over


def _apply(override: Override, merged: Merged, mistakes: Mistakes, below: str = "the extended baseline") -> None:
    id_ = override.key.text
    if id_ in merged.disabled:
        mistakes.at(override.key, f"{id_} is disabled by {below} already: {merged.disabled[id_]}")
        return
    row = merged.rows.get(id_)
    if row is None:
        mistakes.at(override.key, f"{below} has no {id_}{meant(id_, merged.rows)}")
        return
    if override.disabled:
        del merged.rows[id_]
        merged.disabled[id_] = override.reason
        merged.overridden.pop(id_, None)
        return
    if not override.changes and not override.wrong:
        mistakes.at(override.key, f"the override of {id_} changes nothing")
    changed = replace(
        row,
        level=override.level or row.level,
        severity=override.severity or row.severity,
        look_at=override.look_at or row.look_at,
        terms=_over(override.terms, row.terms),
    )
    if changed.level == Level.MANUAL and not changed.look_at:
        mistakes.at(override.key, f"{id_} is made manual and lacks `look_at`, which says what a person looks at")
    if changed.level == Level.MANUAL and override.terms is not None:
        mistakes.at(override.terms, f"{id_} is decided by a person, and no rule asks for its `terms`")
    merged.rows[id_] = changed
    before = merged.overridden.get(id_, ())
    merged.overridden[id_] = tuple(dict.fromkeys((*before, *override.changes)))


def _over(own: Fields | None, base: Fields | None) -> Fields | None:
    """Each field of the override replaces the field of that name; the others stay."""
    if own is None or base is None:
        return own or base
    both = Fields(own.path, own.line, own.column)
    both.pairs = {**base.pairs, **own.pairs}
    return both
