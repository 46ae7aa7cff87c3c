"""The table of functions whose value follows from their arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from auditor.arm.values import TemplateError, Value, kind_of

Body = Callable[..., Value]


@dataclass(frozen=True)
class Function:
    """How many arguments a function takes (`most` is `None` for any number), and what it does with them."""

    body: Body
    least: int
    most: int | None
    partial: bool
    """Whether it takes arguments that are not wholly known; others are unknown if anything in an argument is."""
    lambdas: tuple[int, ...] = ()
    """Which of its arguments are lambdas."""


FUNCTIONS: dict[str, Function] = {}
"""By the name in lower case."""


def function(
    name: str, least: int, most: int | None = -1, partial: bool = False, lambdas: tuple[int, ...] = ()
) -> Callable[[Body], Body]:
    """Enter a function into the table; `most` is `least` unless stated, and `None` for any number."""

    def enter(body: Body) -> Body:
        FUNCTIONS[name.casefold()] = Function(body, least, least if most == -1 else most, partial, lambdas)
        return body

    return enter


def text_in(value: Value, what: str = "a text") -> str:
    """The value, which has to be a text."""
    if not isinstance(value, str):
        raise TemplateError(f"expected {what} and not {_a(value)}")
    return value


def whole_in(value: Value) -> int:
    """The value, which has to be a whole number; a text of digits is taken for one.

    Whether Azure takes such a text is not documented; a public re-implementation does, and refusing would be worse.
    """
    if isinstance(value, bool) or not isinstance(value, (int, str, float)):
        raise TemplateError(f"expected a whole number and not {_a(value)}")
    try:
        whole = int(value)
    except (ValueError, OverflowError):
        raise TemplateError(f"expected a whole number and not {value!r}"[:200]) from None
    if whole != value and not isinstance(value, str):
        raise TemplateError(f"expected a whole number and not {value}")
    return whole


def list_in(value: Value) -> list[Value]:
    """The value, which has to be an array."""
    if not isinstance(value, list):
        raise TemplateError(f"expected an array and not {_a(value)}")
    return value


def object_in(value: Value) -> dict[str, Value]:
    """The value, which has to be an object."""
    if not isinstance(value, dict):
        raise TemplateError(f"expected an object and not {_a(value)}")
    return value


def flag_in(value: Value) -> bool:
    """The value, which has to be true or false."""
    if not isinstance(value, bool):
        raise TemplateError(f"expected true or false and not {_a(value)}")
    return value


def _a(value: Value) -> str:
    kind = kind_of(value)
    return kind if kind == "null" else f"an {kind}" if kind[0] in "aio" else f"a {kind}"
