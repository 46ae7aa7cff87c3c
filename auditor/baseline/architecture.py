"""The section `architecture` of a baseline: read into its type, laid over that of what it extends, and checked."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.baseline.draft import Draft
from auditor.baseline.terms import Reader
from auditor.workload.architecture import Architecture, Place, default_architecture, faults
from auditor.workload.parts import NAMED
from auditor.yaml_tree.fields import fields_of, mapping
from auditor.yaml_tree.mistakes import Mistakes
from auditor.yaml_tree.nodes import Fields, Items, Memo, Node

_OVER = ("parts", "subnets", "groups_of")
"""What an extending file may say again: parts and subnets by name, and whose groups are the workload's."""


def architecture_of(drafts: Sequence[Draft], memo: Memo, mistakes: Mistakes) -> Architecture | None:
    """The architecture of the first draft over those of what it extends; `None` where there are mistakes in it.

    A file from before architectures were data, or one that speaks of the article's own, has none: then it is the
    shipped one.
    """
    stated = [draft.architecture for draft in drafts if draft.architecture is not None]
    if not stated:
        return default_architecture()
    before = len(mistakes.found)
    if drafts[-1].architecture is None:
        mistakes.at(stated[-1], "`architecture` changes what the extended baseline has not: it says none of its own")
        return None
    node = stated[-1]
    for over in reversed(stated[:-1]):
        node = _laid_over(node, over, mistakes)
    found = Reader(memo, mistakes).read(node, Architecture, "`architecture`")
    if isinstance(found, Architecture):
        for place, says in faults(found, NAMED):
            mistakes.at(_node_at(node, place), says)
    return found if len(mistakes.found) == before else None


def _laid_over(below: Node, over: Node, mistakes: Mistakes) -> Node:
    """Parts and subnets of the file on top replace those of their name; the others stay."""
    fields = fields_of(over, "`architecture` of an extending baseline", mistakes, optional=_OVER)
    if not isinstance(below, Fields) or not isinstance(over, Fields):
        return below
    both = Fields(over.path, over.line, over.column)
    both.pairs = dict(below.pairs)
    for name, node in fields.items():
        old = below.get(name)
        key = over.pairs[name][0]
        if isinstance(old, Fields) and isinstance(node, Fields):
            merged = Fields(node.path, node.line, node.column)
            merged.pairs = {**old.pairs, **mapping(node, f"`{name}`", mistakes)}
            both.pairs[name] = (key, merged)
        else:
            both.pairs[name] = (key, node)
    return both


def _node_at(node: Node, place: Place) -> Node:
    """The node that keys lead to, or the nearest that is there."""
    for key in place:
        below: Node | None = None
        if isinstance(node, Fields) and isinstance(key, str):
            below = node.get(key)
        elif isinstance(node, Items) and isinstance(key, int) and key < len(node.items):
            below = node.items[key]
        if below is None:
            return node
        node = below
    return node
