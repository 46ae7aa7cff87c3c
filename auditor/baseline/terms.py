"""Makes the terms of a requirement the type that its rule declares, and says every way in which they are not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from auditor.baseline.mistakes import Mistakes, all_of, meant, one_of
from auditor.baseline.nodes import Fields, Items, Memo, Node, Scalar, kind, plain

_WORDS = {
    "str": "text", "int": "a whole number", "float": "a number", "bool": "true or false", "array": "a list",
    "object": "a mapping", "null": "empty",
}  # fmt: skip
_EXPECTED = re.compile(r"Expected `([^`]+)`, got `([^`]+)`")


@dataclass
class TermsReader:
    """Converts the terms of many requirements; what an alias names is made plain once (`memo`)."""

    memo: Memo
    mistakes: Mistakes

    def convert(self, node: Fields | None, at: Node, id_: str, type_: type[msgspec.Struct]) -> msgspec.Struct | None:
        """The terms as the rule's type, `None` where they are not; every mistake in them is noted."""
        value = {} if node is None else plain(node, self.memo)
        try:
            return msgspec.convert(value, type_, strict=True)
        except msgspec.ValidationError as problem:
            if node is None:
                missing = [f.encode_name for f in msgspec.structs.fields(type_) if f.required]
                self.mistakes.at(at, f"{id_} lacks `terms` with {all_of(missing)}")
            else:
                self._complain(node, type_, id_, str(problem))
            return None

    def _complain(self, node: Node, type_: Any, what: str, said: str) -> None:
        """Note what is wrong inside of the node, or of the node itself where its parts are all well."""
        before = len(self.mistakes.found)
        if isinstance(node, Fields) and _is_struct(type_):
            self._complain_of_names(node, _without_none(type_), what)
        for part, its_type, name in _parts(node, type_):
            try:
                msgspec.convert(plain(part, self.memo), its_type, strict=True)
            except msgspec.ValidationError as problem:
                self._complain(part, its_type, f"`{name}` of {what}" if name else what, str(problem))
        if len(self.mistakes.found) == before:
            self.mistakes.at(node, _sentence(node, type_, what, said))

    def _complain_of_names(self, node: Fields, type_: type[msgspec.Struct], what: str) -> None:
        fields = msgspec.structs.fields(type_)
        known = [f.encode_name for f in fields]
        for key, (place, _) in node.pairs.items():
            if key not in known:
                takes = f"; it takes {all_of(known)}" if known else "; it takes none"
                says = f"{what} has a term `{key}` that its rule does not know{meant(key, known) or takes}"
                self.mistakes.at(place, says)
        for field in fields:
            if field.required and field.encode_name not in node.pairs:
                self.mistakes.at(node, f"{what} lacks the term `{field.encode_name}`")


def _parts(node: Node, type_: Any) -> Iterator[tuple[Node, Any, str]]:
    type_ = _without_none(type_)
    arguments = get_args(type_)
    if isinstance(node, Fields) and _is_struct(type_):
        hints = get_type_hints(type_, include_extras=True)
        for field in msgspec.structs.fields(type_):
            value = node.get(field.encode_name)
            if value is not None:
                yield value, hints[field.name], field.encode_name
    elif isinstance(node, Fields) and get_origin(type_) is not None and len(arguments) == 2:
        for key, (_, value) in node.pairs.items():
            yield value, arguments[1], key
    elif isinstance(node, Items) and arguments and get_origin(type_) in (list, tuple, set, frozenset):
        for item in node.items:
            yield item, arguments[0], ""


def _is_struct(type_: Any) -> bool:
    type_ = _without_none(type_)
    return isinstance(type_, type) and issubclass(type_, msgspec.Struct)


def _without_none(type_: Any) -> Any:
    if get_origin(type_) in (Union, UnionType):
        rest = [t for t in get_args(type_) if t is not type(None)]
        return rest[0] if len(rest) == 1 else type_
    return type_


def _sentence(node: Node, type_: Any, what: str, said: str) -> str:
    type_ = _without_none(type_)
    if get_origin(type_) is Literal and isinstance(node, Scalar):
        choices = [str(c) for c in get_args(type_)]
        return f"{what} must be {one_of(choices)}, not `{node.text}`{meant(node.text, choices)}"
    expected = _EXPECTED.search(said)
    if expected:
        wanted = " or ".join(_WORDS.get(word.strip(), word.strip()) for word in expected[1].split("|"))
        is_number = isinstance(node, Scalar) and wanted.startswith("text") and node.value is not None
        hint = f'; write "{node.text}"' if is_number and isinstance(node, Scalar) else ""
        return f"{what} must be {wanted}, not {kind(node)}{hint}"
    return f"{what}: {said}"
