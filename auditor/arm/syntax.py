"""Expressions of templates: from the text in brackets to a tree.

Grammar: learn, "Template syntax and expressions in ARM templates": calls, texts in single quotes (doubled for one),
whole numbers, `.name` and `[index]` behind them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from auditor.arm.values import TemplateError

_DEEPEST = 120
_LONGEST = 24_576 * 4
"""Azure's limit is 24,576 characters (learn, "Template limits"); what is longer is taken up to four times of that."""

_TOKEN = re.compile(r"\s*(?:('(?:[^']|'')*')|(-?\d+)|([A-Za-z_$][\w$]*)|([()\[\],.]))", re.ASCII)


@dataclass(frozen=True)
class Literal:
    """A text or a number."""

    value: str | int
    start: int
    end: int


@dataclass(frozen=True)
class Call:
    """A function with its arguments; `name` in lower case, with its namespace before a dot where it has one."""

    name: str
    written: str
    arguments: tuple[Node, ...]
    start: int
    end: int


@dataclass(frozen=True)
class Access:
    """A property or element of a value: `.name` has a literal key."""

    base: Node
    key: Node
    start: int
    end: int


Node = Literal | Call | Access


def is_expression(text: str) -> bool:
    """Whether a whole text of a template is an expression."""
    return text.startswith("[") and text.endswith("]") and not text.startswith("[[")


def unescaped(text: str) -> str:
    """The text that a template means: without the first of two brackets, where it ends with one."""
    return text[1:] if text.startswith("[[") and text.endswith("]") else text


@lru_cache(maxsize=16_384)
def parse(text: str) -> Node:
    """The tree of an expression in its brackets. Raises `TemplateError` where it is none."""
    return _Parser(text).whole()


def with_last_argument(expression: str, text: str) -> str:
    """An expression whose outermost call gets a text as its last argument; empty where it is no such call."""
    try:
        node = parse(expression) if is_expression(expression) else None
    except TemplateError:
        return ""
    if not isinstance(node, Call) or not node.arguments:
        return ""
    last = node.arguments[-1]
    quoted = text.replace("'", "''")
    return f"{expression[: last.start]}'{quoted}'{expression[last.end :]}"


class _Parser:
    def __init__(self, text: str) -> None:
        if len(text) > _LONGEST:
            raise TemplateError("the expression is longer than Azure takes", f"{text[:80]}…")
        self._text = text
        self._end = len(text) - 1
        self._at = 1
        self._depth = 0
        self._next()

    def whole(self) -> Node:
        node = self._node()
        if self._kind:
            raise self._fault("expected the end of the expression")
        return node

    def _next(self) -> None:
        """Step to the next token: its kind ('text', 'number', 'name', a sign, or empty at the end), text and place."""
        self._last = self._at
        match = _TOKEN.match(self._text, self._at, self._end)
        if match is None:
            rest = self._text[self._at : self._end]
            if rest.strip():
                self._kind = "?"
                self._start = self._at + len(rest) - len(rest.lstrip())
                return
            self._kind, self._start = "", self._end
            return
        kind = match.lastindex or 0
        self._token = match.group(kind)
        self._kind = ("text", "number", "name", self._token)[kind - 1]
        self._start = match.start(kind)
        self._at = match.end()

    def _node(self) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise TemplateError(f"the expression nests deeper than {_DEEPEST} levels", self._text)
        node = self._primary()
        while self._kind in (".", "["):
            node = self._behind(node)
        self._depth -= 1
        return node

    def _primary(self) -> Node:
        start, token = self._start, getattr(self, "_token", "")
        if self._kind == "text":
            self._next()
            return Literal(token[1:-1].replace("''", "'"), start, self._last)
        if self._kind == "number":
            self._next()
            return Literal(int(token), start, self._last)
        if self._kind != "name":
            raise self._fault("expected a function, a text or a number")
        self._next()
        while self._kind == ".":
            self._next()
            if self._kind != "name":
                raise self._fault("expected the name of a function")
            token = f"{token}.{self._token}"
            self._next()
        if self._kind != "(":
            raise self._fault(f"expected ( behind {token}")
        return self._call(token, start)

    def _call(self, name: str, start: int) -> Call:
        self._next()
        arguments: list[Node] = []
        while self._kind != ")":
            if arguments:
                if self._kind != ",":
                    raise self._fault("expected a comma or )")
                self._next()
            arguments.append(self._node())
        self._next()
        return Call(name.casefold(), name, tuple(arguments), start, self._last)

    def _behind(self, base: Node) -> Access:
        opening = self._kind
        self._next()
        if opening == ".":
            if self._kind not in ("name", "number"):
                raise self._fault("expected the name of a property")
            key: Node = Literal(self._token, self._start, self._at)
            self._next()
            return Access(base, key, base.start, self._last)
        key = self._node()
        if self._kind != "]":
            raise self._fault("expected ]")
        self._next()
        return Access(base, key, base.start, self._last)

    def _fault(self, sentence: str) -> TemplateError:
        found = self._text[self._start : self._start + 12]
        at = f"but the expression ends at character {self._start + 1}" if not self._kind else f"but found {found!r}"
        return TemplateError(f"{sentence}, {at}", self._text)
