"""Functions of numbers and comparisons.

Source: learn, "Numeric functions", "Comparison functions", "Logical functions" for ARM templates.
"""

from __future__ import annotations

import math

from auditor.arm.functions.table import flag_in, function, text_in, whole_in
from auditor.arm.values import NotWorkedOutError, TemplateError, Value, kind_of, order_key, same

_LIMIT = 1 << 63


def _in_range(value: int) -> int:
    if not -_LIMIT <= value < _LIMIT:
        raise NotWorkedOutError("what a number beyond 64 bits becomes is not documented")
    return value


@function("add", 2)
def _add(one: Value, other: Value) -> int:
    return _in_range(whole_in(one) + whole_in(other))


@function("sub", 2)
def _sub(one: Value, other: Value) -> int:
    return _in_range(whole_in(one) - whole_in(other))


@function("mul", 2)
def _mul(one: Value, other: Value) -> int:
    return _in_range(whole_in(one) * whole_in(other))


@function("div", 2)
def _div(one: Value, other: Value) -> int:
    dividend, divisor = whole_in(one), _divisor(other)
    whole = abs(dividend) // abs(divisor)
    return _in_range(whole if (dividend < 0) == (divisor < 0) else -whole)


@function("mod", 2)
def _mod(one: Value, other: Value) -> int:
    dividend, divisor = whole_in(one), _divisor(other)
    rest = abs(dividend) % abs(divisor)
    return -rest if dividend < 0 else rest


def _divisor(value: Value) -> int:
    divisor = whole_in(value)
    if divisor == 0:
        raise TemplateError("division by zero")
    return divisor


@function("int", 1)
def _int(value: Value) -> int:
    return whole_in(value.strip() if isinstance(value, str) else value)


@function("float", 1)
def _float(value: Value) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise TemplateError(f"expected a number and not {kind_of(value)}")
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise TemplateError("this text is no number") from None
    if not math.isfinite(number):
        raise TemplateError("this text is no number")
    return number


@function("bool", 1)
def _bool(value: Value) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value != 0
    word = text_in(value).strip().casefold()
    if word not in ("true", "false"):
        raise TemplateError("expected the text true or false")
    return word == "true"


@function("true", 0)
def _true() -> bool:
    return True


@function("false", 0)
def _false() -> bool:
    return False


@function("null", 0)
def _null() -> None:
    return None


@function("not", 1)
def _not(value: Value) -> bool:
    return not flag_in(value)


@function("equals", 2, partial=True)
def _equals(one: Value, other: Value) -> bool:
    answer = same(one, other)
    if answer is None:
        raise NotWorkedOutError("one side depends on Azure")
    return answer


@function("less", 2)
def _less(one: Value, other: Value) -> bool:
    return _compare(one, other) < 0


@function("lessOrEquals", 2)
def _less_or_equals(one: Value, other: Value) -> bool:
    return _compare(one, other) <= 0


@function("greater", 2)
def _greater(one: Value, other: Value) -> bool:
    return _compare(one, other) > 0


@function("greaterOrEquals", 2)
def _greater_or_equals(one: Value, other: Value) -> bool:
    return _compare(one, other) >= 0


def _compare(one: Value, other: Value) -> int:
    if isinstance(one, str) and isinstance(other, str):
        first, second = order_key(one), order_key(other)
        return (first > second) - (first < second)
    if isinstance(one, str) != isinstance(other, str):
        raise TemplateError(f"a {kind_of(one)} and a {kind_of(other)} cannot be compared")
    left, right = whole_in(one), whole_in(other)
    return (left > right) - (left < right)
