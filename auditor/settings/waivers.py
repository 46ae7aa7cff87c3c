"""A file of waivers to typed waivers; all mistakes at once, each with file, line and column."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from pathlib import Path

from auditor.model import Waiver
from auditor.model.day import day
from auditor.model.wildcard import like
from auditor.yaml_tree.compose import compose, read_text
from auditor.yaml_tree.fields import check_reason, fields_of, text
from auditor.yaml_tree.mistakes import Mistakes, meant
from auditor.yaml_tree.nodes import Items, Node

_REQUIRED = ("requirement", "resource", "owner", "reason", "expires")


def read_waivers(path: str | Path, requirements: Collection[str]) -> tuple[Waiver, ...]:
    """Read a file of waivers, each checked against the ids that are known.

    Raises `AuditorError` with every mistake in the file.
    """
    mistakes = Mistakes()
    return waivers_in(compose(read_text(Path(path)), str(path), mistakes), requirements, mistakes)


def waivers_in(root: Node, requirements: Collection[str], mistakes: Mistakes) -> tuple[Waiver, ...]:
    """The waivers of a tree. Raises `AuditorError` with every mistake in it."""
    listed = fields_of(root, "a file of waivers", mistakes, required=("waivers",)).get("waivers")
    found: list[Waiver] = []
    if isinstance(listed, Items):
        found = [w for item in listed.items if (w := _waiver(item, requirements, mistakes)) is not None]
    elif listed is not None:
        mistakes.at(listed, "`waivers` must be a list")
    mistakes.speak()
    return tuple(found)


def _waiver(node: Node, requirements: Collection[str], mistakes: Mistakes) -> Waiver | None:
    fields = fields_of(node, "a waiver", mistakes, required=_REQUIRED, optional=("aspect",))
    words = {name: text(fields.get(name), f"`{name}` of a waiver", mistakes) for name in (*_REQUIRED, "aspect")}
    if words["requirement"] and not any(like(r, words["requirement"]) for r in requirements):
        hint = meant(words["requirement"], requirements)
        mistakes.at(fields["requirement"], f"the baseline has no requirement `{words['requirement']}`{hint}")
    check_reason(words["reason"], fields.get("reason"), "why this is acceptable until then", mistakes)
    last = _day(words["expires"], fields.get("expires"), mistakes)
    if last is None or not all(words[name] for name in _REQUIRED):
        return None
    return Waiver(
        requirement=words["requirement"],
        resource=words["resource"],
        owner=words["owner"],
        reason=words["reason"],
        expires=last,
        aspect=words["aspect"] or "*",
        path=node.path,
        line=node.line,
        column=node.column,
    )


def _day(word: str, node: Node | None, mistakes: Mistakes) -> date | None:
    try:
        return day(word) if word else None
    except ValueError:
        assert node is not None
        mistakes.at(node, f"`expires` of a waiver must be a day such as 2025-06-30, not `{word}`")
        return None
