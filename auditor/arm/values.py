"""Values of templates: JSON, in which what needs Azure is an `Unknown` with its expression."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Value = Any
"""None, bool, int, float, str, a list or dict of values, or `Unknown` at any depth."""

_LONGEST = 4000
_MOST_VALUES = 500_000
"""Values within one value: a template has at most 4 MB (learn, "Template limits"). Shared parts count each time."""


@dataclass(frozen=True)
class Unknown:
    """What only Azure can tell: the expression as the template states it, and with its arguments worked out."""

    text: str
    """In brackets, as it stands in the template: `[reference(variables('id')).uri]`."""
    reduced: str = ""
    """Without brackets, with its arguments worked out where they are known: `reference('/subscriptions/...').uri`."""

    def as_expression(self) -> str:
        """The expression in brackets with its arguments worked out, as `bicep snapshot` writes it."""
        return f"[{self.reduced}]" if self.reduced and len(self.reduced) <= _LONGEST else self.text


class Open(dict[str, Value]):
    """An object that Azure makes, of which some properties are known: every other one is unknown, and not missing."""

    def __init__(self, known: Mapping[str, Value], base: Unknown) -> None:
        super().__init__(known)
        self.base = base


class TemplateError(Exception):
    """What makes Azure refuse a template; `steps` lead from the resolved value to the place, innermost first."""

    def __init__(self, sentence: str, expression: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.expression = expression
        self.steps: list[str | int] = []
        self.file = ""
        self.pointer: str | None = None
        """JSON pointer in the file, once a room that knows it has caught the error."""


class NotWorkedOutError(Exception):
    """A value follows from what is known, but how is documented nowhere: it is unknown."""


def has_unknown(value: Value) -> bool:
    """Whether anything at any depth is unknown. Raises `TemplateError` for a value that no template may have."""
    waiting = [value]
    left = _MOST_VALUES
    while waiting:
        each = waiting.pop()
        left -= 1
        if left < 0:
            raise TemplateError("the value is larger than Azure takes")
        if isinstance(each, (Unknown, Open)):
            return True
        if isinstance(each, dict):
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)
    return False


def key_of(value: Mapping[str, Value], name: str) -> str | None:
    """The key of this name, without regard to letter case; `None` where there is none."""
    if name in value:
        return name
    folded = name.casefold()
    return next((key for key in value if key.casefold() == folded), None)


def kind_of(value: Value) -> str:
    """What templates call the type of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int"
    if isinstance(value, float):
        return "float"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def same(one: Value, other: Value) -> bool | None:
    """Deep equality; `None` where it hangs on something unknown.

    Texts compare with letter case, arrays in order, objects without an order of keys; numbers by value.
    Raises `TemplateError` for a value that no template may have.
    """
    if isinstance(one, (list, dict)) and isinstance(other, (list, dict)):
        has_unknown(one)  # bounds the walk
        return _same(one, other)
    return _same(one, other)


def _same(one: Value, other: Value) -> bool | None:
    if isinstance(one, (Unknown, Open)) or isinstance(other, (Unknown, Open)):
        return None
    if isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other):
            return False
        return _all(_same(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, dict) and isinstance(other, dict):
        keys = {key.casefold(): key for key in other}
        if len(one) != len(other) or any(key.casefold() not in keys for key in one):
            return False
        return _all(_same(value, other[keys[key.casefold()]]) for key, value in one.items())
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return isinstance(one, bool) == isinstance(other, bool) and one == other
    return type(one) is type(other) and bool(one == other)


def _all(answers: Any) -> bool | None:
    whole: bool | None = True
    for each in answers:
        if each is False:
            return False
        if each is None:
            whole = None
    return whole


def order_key(text: str) -> tuple[list[tuple[int, str]], list[bool]]:
    """How the engine orders texts: signs, digits, letters without letter case; then lower case before upper case.

    Source: learn, "Bicep comparison operators" (less than); the order of signs among themselves is not documented.
    """
    primary = [(2 if each.isalpha() else 1 if each.isdigit() else 0, each.casefold()) for each in text]
    return primary, [each.isupper() for each in text]
