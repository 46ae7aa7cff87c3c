"""Questions put to a node, each with the sentence that is noted when the answer is no."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.yaml_tree.mistakes import Mistakes, meant, one_of
from auditor.yaml_tree.nodes import (
    Fields,
    Node,
    Scalar,
    kind,
)

SHORTEST_REASON = 10
"""Fewer letters than this explain nothing to whoever reads the report next year."""


def fields_of(
    node: Node, what: str, mistakes: Mistakes, *, required: Iterable[str] = (), optional: Iterable[str] = ()
) -> dict[str, Node]:
    """The known fields of a mapping. Notes those that are missing and those that nobody knows."""
    if not isinstance(node, Fields):
        mistakes.at(node, f"{what} must be a mapping of fields, not {kind(node)}")
        return {}
    known = (*required, *optional)
    for key, (place, _) in node.pairs.items():
        if key not in known:
            hint = "; text with a comma in it needs quotes inside of { }" if " " in key else meant(key, known)
            mistakes.at(place, f"{what} has no field `{key}`{hint}")
    for name in required:
        if name not in node.pairs:
            mistakes.at(node, f"{what} lacks `{name}`")
    return {key: value for key, (_, value) in node.pairs.items() if key in known}


def mapping(node: Node, what: str, mistakes: Mistakes) -> dict[str, tuple[Scalar, Node]]:
    """The pairs of a mapping whose keys are free."""
    if isinstance(node, Fields):
        return node.pairs
    mistakes.at(node, f"{what} must be a mapping, not {kind(node)}")
    return {}


def text(node: Node | None, what: str, mistakes: Mistakes) -> str:
    """A text that is not empty; the empty string where it is missing or something else."""
    if node is None:
        return ""
    value = node.value if isinstance(node, Scalar) else None
    if isinstance(value, str) and value.strip():
        return value.strip()
    if isinstance(node, Scalar) and isinstance(value, (bool, int, float)):
        mistakes.at(node, f'{what} must be text, and {node.text} is {kind(node)}; write "{node.text}"')
    else:
        mistakes.at(node, f"{what} must be text, and this is {'empty' if isinstance(value, str) else kind(node)}")
    return ""


def choice(node: Node | None, what: str, choices: Iterable[str], mistakes: Mistakes) -> str:
    """One of some words; the empty string where it is none of them."""
    words = tuple(choices)
    word = text(node, what, mistakes)
    if word and word not in words:
        assert node is not None
        mistakes.at(node, f"{what} must be {one_of(words)}, not `{word}`{meant(word, words)}")
        return ""
    return word


def check_reason(word: str, node: Node | None, say: str, mistakes: Mistakes) -> None:
    """Note a reason that is too short to be one; none at all is noted where fields are asked for."""
    if node is not None and word and len(word) < SHORTEST_REASON:
        mistakes.at(node, f"`{word}` is no reason: say {say}")
