"""Conditions of role assignments and role definitions: for which operations they are true, false, or not known.

The language is learn.microsoft.com/azure/role-based-access-control/conditions-format (read 2026-11): expressions are
joined by `AND`/`&&`, `OR`/`||` and `NOT`/`!`; `ActionMatches{'...'}` is true for the operations that a pattern matches;
all others compare an attribute of the request, the resource, the principal or the environment. What an attribute is
stands in no snapshot, except where the asked scope tells it (the name of a container) or the question supposes it
(which role a delegate would assign). A comparison of anything else is not known, and neither is `SubOperationMatches`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import TypeAlias

from auditor.model import ArmId
from auditor.sets.operation_patterns import PatternError
from auditor.sets.operation_set import NO_OPERATIONS, OperationSet, Rights

Attributes: TypeAlias = Mapping[str, tuple[str, ...]]
"""Values of attributes by `@source:name` in lower case: `@request:microsoft.authorization/roleassignments:...`."""

_EVERYTHING = OperationSet.of(["*"])
_TOKEN = re.compile(
    r"\s*(?:(?P<quoted>'(?:[^'\\]|\\.)*')|(?P<set>\{[^{}]*\})|(?P<attribute>@\w+\[[^\]]*\])"
    r"|(?P<sign>&&|\|\||[()!])|(?P<word>[\w.:\-]+))"
)


@dataclass(frozen=True)
class Decided:
    """The operations that a condition lets through for certain, and those that it stops for certain.

    What is in neither hangs on attributes that are not known.
    """

    met: OperationSet
    failed: OperationSet


_OPEN = Decided(NO_OPERATIONS, NO_OPERATIONS)
_TRUE = Decided(_EVERYTHING, NO_OPERATIONS)
_FALSE = Decided(NO_OPERATIONS, _EVERYTHING)


@dataclass(frozen=True)
class _Not:
    inner: _Node


@dataclass(frozen=True)
class _Both:
    left: _Node
    right: _Node


@dataclass(frozen=True)
class _Either:
    left: _Node
    right: _Node


@dataclass(frozen=True)
class _Action:
    pattern: str


@dataclass(frozen=True)
class _Comparison:
    """An attribute against values; an empty `operator` is a comparison that this program does not know."""

    attribute: str = ""
    operator: str = ""
    values: tuple[str, ...] = ()


_Node: TypeAlias = "_Not | _Both | _Either | _Action | _Comparison"


def decided(text: str, attributes: Attributes | None = None) -> Decided:
    """For which operations a condition is true and for which it is false; an empty text is true for all.

    A text that does not follow the language decides nothing.
    """
    if not text.strip():
        return _TRUE
    node = _parsed(text)
    return _OPEN if node is None else _evaluate(node, attributes or {})


def split(rights: Rights, texts: Iterable[str], attributes: Attributes | None = None) -> tuple[Rights, Rights]:
    """What of some rights all of these conditions let through for certain, and what hangs on attributes not known."""
    met, left = rights, rights
    for text in filter(None, texts):
        found = decided(text, attributes)
        met = Rights(met.control & found.met, met.data & found.met)
        left = Rights(left.control - found.failed, left.data - found.failed)
    return met, left - met


def attributes_of(place: ArmId) -> Attributes:
    """The attributes that a place tells: the name of each resource that it lies in, as `<type>:name`."""
    found: dict[str, tuple[str, ...]] = {}
    above: ArmId | None = place
    while above is not None:
        if above.type:
            found[f"@resource:{above.type}:name"] = (above.name,)
        above = above.parent
    return found


@lru_cache(maxsize=4_096)
def _parsed(text: str) -> _Node | None:
    try:
        return _Parser(text).whole()
    except (ValueError, PatternError):
        return None


class _Parser:
    """Recursive descent over the tokens of one condition. Raises `ValueError` where they do not follow the language."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        at = 0
        while text[at:].strip():
            found = _TOKEN.match(text, at)
            if found is None:
                raise ValueError(text[at:])
            self._tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
            at = found.end()
        self._at = 0

    def whole(self) -> _Node:
        node = self._either()
        if self._at != len(self._tokens):
            raise ValueError(self._tokens[self._at][1])
        return node

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")

    def _next(self) -> tuple[str, str]:
        token = self._peek()
        if token[0] == "end":
            raise ValueError("it ends too early")
        self._at += 1
        return token

    def _takes(self, *words: str) -> bool:
        kind, text = self._peek()
        if kind in ("sign", "word") and text.casefold() in words:
            self._at += 1
            return True
        return False

    def _either(self) -> _Node:
        node = self._both()
        while self._takes("or", "||"):
            node = _Either(node, self._both())
        return node

    def _both(self) -> _Node:
        node = self._single()
        while self._takes("and", "&&"):
            node = _Both(node, self._single())
        return node

    def _single(self) -> _Node:
        if self._takes("not", "!"):
            return _Not(self._single())
        if self._takes("("):
            node = self._either()
            if not self._takes(")"):
                raise ValueError("a bracket is not closed")
            return node
        return self._comparison()

    def _comparison(self) -> _Node:
        kind, text = self._next()
        if kind == "word" and text.casefold() in ("actionmatches", "suboperationmatches"):
            values = _values(*self._next())
            if text.casefold() == "actionmatches" and len(values) == 1:
                OperationSet.of(values)
                return _Action(values[0])
            return _Comparison()
        if kind == "word" and text.casefold() in ("exists", "notexists"):
            self._next()
            return _Comparison()
        if kind not in ("attribute", "set", "quoted", "word"):
            raise ValueError(text)
        _, operator = self._next()
        other, right = self._next()
        if kind != "attribute" or other == "attribute":
            return _Comparison()
        source, _, name = text[1:-1].partition("[")
        return _Comparison(f"@{source}:{name}".casefold(), operator.casefold(), _values(other, right))


def _values(kind: str, text: str) -> tuple[str, ...]:
    if kind == "set":
        return tuple(value.strip().strip("'") for value in text[1:-1].split(",") if value.strip())
    if kind in ("quoted", "word"):
        return (text.strip("'"),)
    raise ValueError(text)


def _evaluate(node: _Node, attributes: Attributes) -> Decided:
    if isinstance(node, _Not):
        inner = _evaluate(node.inner, attributes)
        return Decided(inner.failed, inner.met)
    if isinstance(node, _Action):
        matched = OperationSet.of([node.pattern])
        return Decided(matched, _EVERYTHING - matched)
    if isinstance(node, _Comparison):
        answer = _compare(node, attributes)
        return _OPEN if answer is None else _TRUE if answer else _FALSE
    left, right = _evaluate(node.left, attributes), _evaluate(node.right, attributes)
    if isinstance(node, _Both):
        return Decided(left.met & right.met, left.failed | right.failed)
    return Decided(left.met | right.met, left.failed & right.failed)


_EQUALS: Mapping[str, Callable[[str, str], bool]] = {
    "stringequals": lambda a, b: a == b,
    "stringequalsignorecase": lambda a, b: a.casefold() == b.casefold(),
    "stringlike": lambda a, b: fnmatchcase(a, b.replace("[", "[[]")),
    "stringstartswith": lambda a, b: a.startswith(b),
    "guidequals": lambda a, b: a.casefold() == b.casefold(),
}
_QUANTIFIERS: Mapping[str, tuple[Callable[[Iterable[bool]], bool], Callable[[Iterable[bool]], bool]]] = {
    "foranyofanyvalues": (any, any),
    "foranyofallvalues": (any, all),
    "forallofanyvalues": (all, any),
    "forallofallvalues": (all, all),
}


def _compare(node: _Comparison, attributes: Attributes) -> bool | None:
    """Whether a comparison holds; `None` where the attribute or the operator is not known."""
    found = attributes.get(node.attribute)
    prefix, colon, operator = node.operator.rpartition(":")
    negated = "not" in operator
    test = _EQUALS.get(operator.replace("not", "", 1) if negated else operator)
    quantifiers = _QUANTIFIERS.get(prefix if colon else "foranyofanyvalues")
    if found is None or test is None or quantifiers is None:
        return None
    outer, inner = quantifiers
    return outer(inner(test(one, other) != negated for other in node.values) for one in found)
