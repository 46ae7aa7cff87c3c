"""Makes what a file says the type that it is declared as, and says every way in which it is not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from auditor.yaml_tree.mistakes import (
    Mistakes,
    all_of,
    meant,
    one_of,
)
from auditor.yaml_tree.nodes import (
    Fields,
    Items,
    Memo,
    Node,
    Scalar,
    kind,
    plain,
)

_WORDS = {
    "str": "text", "int": "a whole number", "float": "a number", "bool": "true or false", "array": "a list",
    "object": "a mapping", "null": "empty",
}  # fmt: skip
_EXPECTED = re.compile(r"Expected `([^`]+)`, got `([^`]+)`")


@dataclass
class Reader:
    """Converts many nodes; what an alias names is made plain once (`memo`)."""

    memo: Memo
    mistakes: Mistakes

    def read(self, node: Node, type_: Any, what: str) -> Any | None:
        """The node as a type, `None` where it is not of it; every mistake in it is noted, `what` said of each."""
        try:
            return msgspec.convert(plain(node, self.memo), type_, strict=True)
        except msgspec.ValidationError as problem:
            self._complain(node, type_, what, str(problem))
            return None

    def _complain(self, node: Node, type_: Any, what: str, said: str) -> None:
        """Note what is wrong inside of the node, or of the node itself where its parts are all well."""
        before = len(self.mistakes.found)
        if isinstance(node, Fields) and _is_struct(type_):
            self._complain_of_names(node, _bare(type_), what)
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
                self.mistakes.at(place, self.strange(what, key, known))
        for field in fields:
            if field.required and field.encode_name not in node.pairs:
                self.mistakes.at(node, self.lacking(what, field.encode_name))

    def strange(self, what: str, key: str, known: list[str]) -> str:
        """The sentence about a name that nobody knows."""
        takes = f"; it takes {all_of(known)}" if known else "; it takes none"
        return f"{what} has no field `{key}`{meant(key, known) or takes}"

    def lacking(self, what: str, key: str) -> str:
        """The sentence about a name that must be there."""
        return f"{what} lacks `{key}`"


class TermsReader(Reader):
    """Converts the terms of requirements."""

    def convert(self, node: Fields | None, at: Node, id_: str, type_: type[msgspec.Struct]) -> msgspec.Struct | None:
        """The terms as the rule's type, `None` where they are not; every mistake in them is noted."""
        if node is not None:
            found: msgspec.Struct | None = self.read(node, type_, id_)
            return found
        try:
            return msgspec.convert({}, type_, strict=True)
        except msgspec.ValidationError:
            missing = [f.encode_name for f in msgspec.structs.fields(type_) if f.required]
            self.mistakes.at(at, f"{id_} lacks `terms` with {all_of(missing)}")
            return None

    def strange(self, what: str, key: str, known: list[str]) -> str:
        """The sentence about a term that the rule does not take."""
        takes = f"; it takes {all_of(known)}" if known else "; it takes none"
        return f"{what} has a term `{key}` that its rule does not know{meant(key, known) or takes}"

    def lacking(self, what: str, key: str) -> str:
        """The sentence about a term that the rule needs."""
        return f"{what} lacks the term `{key}`"


def _parts(node: Node, type_: Any) -> Iterator[tuple[Node, Any, str]]:
    type_ = _bare(type_)
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
    type_ = _bare(type_)
    return isinstance(type_, type) and issubclass(type_, msgspec.Struct)


def _bare(type_: Any) -> Any:
    """The type without what annotates it and without the absence that stands beside it."""
    if get_origin(type_) is Annotated:
        return _bare(get_args(type_)[0])
    if get_origin(type_) in (Union, UnionType):
        rest = [t for t in get_args(type_) if t not in (type(None), msgspec.UnsetType)]
        return _bare(rest[0]) if len(rest) == 1 else type_
    return type_


def _sentence(node: Node, type_: Any, what: str, said: str) -> str:
    type_ = _bare(type_)
    choices = _choices(type_)
    if choices and isinstance(node, Scalar):
        return f"{what} must be {one_of(choices)}, not `{node.text}`{meant(node.text, choices)}"
    expected = _EXPECTED.search(said)
    if expected:
        wanted = " or ".join(_WORDS.get(word.strip(), word.strip()) for word in expected[1].split("|"))
        is_number = isinstance(node, Scalar) and wanted.startswith("text") and node.value is not None
        hint = f'; write "{node.text}"' if is_number and isinstance(node, Scalar) else ""
        return f"{what} must be {wanted}, not {kind(node)}{hint}"
    return f"{what}: {said}"


def _choices(type_: Any) -> list[str]:
    """The words that a type leaves to choose from; none where it leaves more, or only yes and no."""
    if get_origin(type_) is Literal:
        return [str(choice) for choice in get_args(type_)]
    if get_origin(type_) in (Union, UnionType):
        each = [["true", "false"] if t is bool else _choices(t) for t in get_args(type_)]
        return [choice for choices in each for choice in choices] if all(each) else []
    return []
