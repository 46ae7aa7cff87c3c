"""Text to tree, on libyaml's event stream: plain data only, in bounded time and memory whatever the file holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from auditor.model import AuditorError
from auditor.yaml_tree.mistakes import Mistakes
from auditor.yaml_tree.nodes import (
    Fields,
    Items,
    Node,
    Scalar,
)

MAX_BYTES = 1_000_000
"""Size of a baseline file; the shipped one has a fifteenth of it."""
MAX_DEPTH = 40
"""Lists and mappings inside each other. libyaml's own composer ends in a segmentation fault when they are many."""
MAX_VALUES = 100_000
"""Values once every alias is written out; the shipped baseline comes to some 6000."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_text(path: Path) -> str:
    """The text of a baseline file; whatever is no such file ends in one sentence."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as problem:
        raise AuditorError(f"{path} cannot be read: {problem.strerror or problem}") from problem
    if len(raw) > MAX_BYTES:
        raise AuditorError(f"{path} is larger than {MAX_BYTES:,} bytes, which no baseline is")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line, column = _place(raw, problem.start)
        raise AuditorError(f"{path}:{line}:{column}: this is not UTF-8 text") from problem
    return text


def unreadable(path: Path) -> str:
    """Why nothing can be read there, such as a name that is too long; empty where there is something."""
    try:
        return "" if path.exists() else f"there is no file {path}"
    except OSError as problem:
        return f"{path} cannot be read: {problem.strerror or problem}"


def compose(text: str, path: str, mistakes: Mistakes) -> Node:
    """The tree of a YAML text. Notes what is wrong but can be read past; raises `AuditorError` for what cannot."""
    builder = _Builder(path, mistakes)
    try:
        for event in yaml.parse(text, Loader=_Loader):
            builder.take(event)
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else path
        raise AuditorError(f"{where}: this is not YAML: {problem.problem or problem.context}") from problem
    except yaml.reader.ReaderError as problem:
        line, column = _place(text.encode(), problem.position)
        raise AuditorError(f"{path}:{line}:{column}: this is not YAML: {problem.reason}") from problem
    if builder.root is None:
        raise AuditorError(f"{path} is empty")
    return builder.root


class _Builder:
    """Takes events one by one. Open lists and mappings are a stack of its own, never the interpreter's."""

    def __init__(self, path: str, mistakes: Mistakes) -> None:
        self.root: Node | None = None
        self._path = path
        self._mistakes = mistakes
        self._open: list[Items | Fields] = []
        self._keys: list[Scalar | None] = []
        self._anchors: dict[str, Node] = {}
        self._values = 0

    def take(self, event: yaml.Event) -> None:
        """Grow the tree by one event."""
        if isinstance(event, yaml.ScalarEvent):
            node = Scalar(*self._at(event), event.value, not event.style)
            self._name(event, node)
            self._add(node)
        elif isinstance(event, yaml.MappingStartEvent):
            self._begin(event, Fields(*self._at(event)))
        elif isinstance(event, yaml.SequenceStartEvent):
            self._begin(event, Items(*self._at(event)))
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            self._end()
        elif isinstance(event, yaml.AliasEvent):
            self._add(self._resolve(event))

    def _at(self, event: yaml.Event) -> tuple[str, int, int]:
        mark = event.start_mark
        assert mark is not None
        return self._path, mark.line + 1, mark.column + 1

    def _name(self, event: Any, node: Node) -> None:
        if event.tag is not None:
            self._mistakes.at(node, f"the tag `{event.tag}` is not allowed, since a baseline is plain data")
        if event.anchor is not None:
            if event.anchor in self._anchors:
                self._mistakes.at(node, f"the anchor `&{event.anchor}` is given twice")
            self._anchors[event.anchor] = node

    def _begin(self, event: yaml.Event, node: Items | Fields) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise AuditorError(
                f"{node.path}:{node.line}:{node.column}: lists and mappings stand more than {MAX_DEPTH} deep"
            )
        self._name(event, node)
        self._open.append(node)
        self._keys.append(None)

    def _end(self) -> None:
        node = self._open.pop()
        self._keys.pop()
        self._add(node)

    def _resolve(self, event: yaml.AliasEvent) -> Node:
        name = str(event.anchor)
        node = self._anchors.get(name)
        here = Scalar(*self._at(event), "", plain=False)
        if node is None:
            self._mistakes.at(here, f"there is no anchor `&{name}` above this line")
            return here
        if node in self._open:
            raise AuditorError(f"{here.path}:{here.line}:{here.column}: `*{name}` stands inside of what it names")
        return node

    def _add(self, node: Node) -> None:
        if not self._open:
            if self.root is not None:
                raise AuditorError(
                    f"{node.path}:{node.line}:{node.column}: a second document begins; a baseline is one"
                )
            self.root = node
            return
        parent = self._open[-1]
        if isinstance(parent, Items):
            parent.items.append(node)
        else:
            self._pair(parent, node)
        parent.size += node.size
        if parent.size > MAX_VALUES:
            raise AuditorError(
                f"{node.path}:{node.line}:{node.column}: with its aliases written out this is more than"
                f" {MAX_VALUES:,} values, which no baseline is"
            )

    def _pair(self, parent: Fields, node: Node) -> None:
        key = self._keys[-1]
        if key is None:
            if not isinstance(node, Scalar):
                self._mistakes.at(node, "a key must be a word")
                node = Scalar(node.path, node.line, node.column, f"[{len(parent.pairs)}]", plain=False)
            self._keys[-1] = node
            return
        self._keys[-1] = None
        if key.text in parent.pairs:
            first = parent.pairs[key.text][0]
            self._mistakes.at(key, f"`{key.text}` is given twice, first in line {first.line}")
            return
        parent.pairs[key.text] = (key, node)


def _place(raw: bytes, offset: int) -> tuple[int, int]:
    before = raw[:offset]
    start = before.rfind(b"\n") + 1
    return before.count(b"\n") + 1, len(before[start:].decode("utf-8", "replace")) + 1
