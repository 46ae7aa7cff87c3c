"""The tree of a YAML file: values that know their file, line and column."""

from __future__ import annotations

import re
from typing import Any, TypeAlias


class Node:
    """A value and its place; `size` is how many values it comes to once every alias in it is written out."""

    __slots__ = ("column", "line", "path", "size")

    def __init__(self, path: str, line: int, column: int) -> None:
        self.path = path
        self.line = line
        self.column = column
        self.size = 1


class Scalar(Node):
    """One word or text. `plain` is whether it stands there without quotes, so that it may be a number."""

    __slots__ = ("plain", "text")

    def __init__(self, path: str, line: int, column: int, text: str, plain: bool) -> None:
        super().__init__(path, line, column)
        self.text = text
        self.plain = plain

    @property
    def value(self) -> str | int | float | bool | None:
        """The text, or what YAML 1.2's core schema makes of it: `no`, `on` and dates stay text."""
        return _typed(self.text) if self.plain else self.text


class Items(Node):
    """A list."""

    __slots__ = ("items",)

    def __init__(self, path: str, line: int, column: int) -> None:
        super().__init__(path, line, column)
        self.items: list[Node] = []


class Fields(Node):
    """A mapping; its keys are texts, in the order of the file."""

    __slots__ = ("pairs",)

    def __init__(self, path: str, line: int, column: int) -> None:
        super().__init__(path, line, column)
        self.pairs: dict[str, tuple[Scalar, Node]] = {}

    def get(self, key: str) -> Node | None:
        """The value of a key."""
        pair = self.pairs.get(key)
        return pair[1] if pair else None


Memo: TypeAlias = dict[int, Any]

_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
# https://yaml.org/spec/1.2.2/#103-core-schema
_INTEGER = re.compile(r"[-+]?[0-9]+")
_OTHER_BASE = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_LONGEST_NUMBER = 40


def _typed(text: str) -> str | int | float | bool | None:
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789" or len(text) > _LONGEST_NUMBER:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _OTHER_BASE.fullmatch(text):
        return int(text, 0)
    return float(text) if _FLOAT.fullmatch(text) else text


def plain(node: Node, memo: Memo | None = None) -> Any:
    """The node as the lists, dictionaries, texts and numbers that it stands for. Aliases share what they name."""
    memo = {} if memo is None else memo
    if isinstance(node, Scalar):
        return node.value
    if id(node) not in memo:
        if isinstance(node, Items):
            memo[id(node)] = [plain(item, memo) for item in node.items]
        else:
            assert isinstance(node, Fields)
            memo[id(node)] = {key: plain(value, memo) for key, (_, value) in node.pairs.items()}
    return memo[id(node)]


def kind(node: Node) -> str:
    """What a node is, in a word for a message."""
    if isinstance(node, Items):
        return "a list"
    if isinstance(node, Fields):
        return "a mapping"
    assert isinstance(node, Scalar)
    value = node.value
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true or false"
    return "a number" if isinstance(value, (int, float)) else "text"
