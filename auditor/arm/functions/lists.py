"""Functions of arrays and objects, which take such as are known in part.

Source: learn, "Array functions for ARM templates", "Object functions for ARM templates".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import reduce

from auditor.arm.functions.table import function, list_in, object_in, text_in, whole_in
from auditor.arm.functions.texts import as_text
from auditor.arm.values import (
    NotWorkedOutError,
    Open,
    TemplateError,
    Unknown,
    Value,
    has_unknown,
    key_of,
    kind_of,
    order_key,
    same,
)

_MOST = 10_000


class _HangsOnAzureError(NotWorkedOutError):
    """The answer hangs on something unknown in an argument."""


def _known(*values: Value) -> None:
    """Refuse to answer where an argument is unknown as a whole."""
    if any(isinstance(each, (Unknown, Open)) for each in values):
        raise _HangsOnAzureError


@function("array", 1, partial=True)
def _array(value: Value) -> Value:
    _known(value)
    return value if isinstance(value, list) else [value]


@function("concat", 0, None, partial=True)
def _concat(*parts: Value) -> Value:
    _known(*parts)
    if any(isinstance(each, list) for each in parts):
        if not all(isinstance(each, list) for each in parts):
            raise TemplateError("concat takes arrays or texts, and not both")
        return [item for each in parts for item in each]
    if any(isinstance(each, dict) for each in parts):
        raise TemplateError("concat takes arrays or texts, and no object")
    return "".join(as_text(each) for each in parts)


@function("contains", 2, partial=True)
def _contains(where: Value, what: Value) -> bool:
    _known(where)
    if isinstance(where, str):
        _known(what)
        return as_text(what) in where
    if isinstance(where, dict):
        _known(what)
        return key_of(where, as_text(what)) is not None
    answers = [same(each, what) for each in list_in(where)]
    if True not in answers and None in answers:
        raise _HangsOnAzureError
    return True in answers


@function("createArray", 0, None, partial=True)
def _create_array(*items: Value) -> Value:
    return list(items)


@function("createObject", 0, None, partial=True)
def _create_object(*pairs: Value) -> Value:
    if len(pairs) % 2:
        raise TemplateError("createObject takes pairs of a key and a value")
    _known(*pairs[::2])
    return {text_in(pairs[n], "a text as a key"): pairs[n + 1] for n in range(0, len(pairs), 2)}


@function("empty", 1, partial=True)
def _empty(value: Value) -> bool:
    _known(value)
    if isinstance(value, (bool, int, float)):
        raise TemplateError(f"empty takes an array, an object or a text, and not {kind_of(value)}")
    return not value


@function("first", 1, partial=True)
def _first(value: Value) -> Value:
    _known(value)
    return value[:1] if isinstance(value, str) else next(iter(list_in(value)), None)


@function("last", 1, partial=True)
def _last(value: Value) -> Value:
    _known(value)
    return value[-1:] if isinstance(value, str) else next(reversed(list_in(value)), None)


@function("flatten", 1, partial=True)
def _flatten(value: Value) -> Value:
    _known(value)
    _known(*list_in(value))
    return [item for each in value for item in list_in(each)]


@function("intersection", 2, None, partial=True)
def _intersection(*values: Value) -> Value:
    _known(*values)
    if all(isinstance(each, dict) for each in values):
        return reduce(_common_keys, values)
    if any(map(has_unknown, values)):
        raise _HangsOnAzureError
    first, *others = [list_in(each) for each in values]
    found: list[Value] = []
    for each in first:
        if all(_among(each, other) for other in others) and not _among(each, found):
            found.append(each)
    return found


def _common_keys(one: dict[str, Value], other: dict[str, Value]) -> dict[str, Value]:
    found = {}
    for key, value in one.items():
        match = key_of(other, key)
        if match is not None:
            answer = same(value, other[match])
            if answer is None:
                raise _HangsOnAzureError
            if answer:
                found[key] = value
    return found


def _among(item: Value, items: Iterable[Value]) -> bool:
    return any(same(item, each) for each in items)


@function("items", 1, partial=True)
def _items(value: Value) -> Value:
    return [{"key": key, "value": value[key]} for key in _sorted_keys(value)]


@function("objectKeys", 1, partial=True)
def _object_keys(value: Value) -> Value:
    return _sorted_keys(value)


def _sorted_keys(value: Value) -> list[str]:
    _known(value)
    return sorted(object_in(value), key=order_key)


@function("length", 1, partial=True)
def _length(value: Value) -> int:
    _known(value)
    if isinstance(value, str):
        return len(value.encode("utf-16-le", "surrogatepass")) // 2
    if not isinstance(value, (list, dict)):
        raise TemplateError(f"length takes an array, an object or a text, and not {kind_of(value)}")
    return len(value)


@function("min", 1, None)
def _min(*values: Value) -> int:
    return min(_numbers(values))


@function("max", 1, None)
def _max(*values: Value) -> int:
    return max(_numbers(values))


def _numbers(values: tuple[Value, ...]) -> list[int]:
    listed = values[0] if len(values) == 1 and isinstance(values[0], list) else values
    if not listed:
        raise TemplateError("an empty array has no smallest or largest number")
    return [whole_in(each) for each in listed]


@function("range", 2)
def _range(start: Value, count: Value) -> Value:
    first, many = whole_in(start), whole_in(count)
    if not 0 <= many <= _MOST or first + many > 2_147_483_647:
        raise TemplateError(f"range takes a count from 0 to {_MOST}, and ends below 2147483648")
    return list(range(first, first + many))


@function("skip", 2, partial=True)
def _skip(value: Value, count: Value) -> Value:
    _known(value, count)
    whole: Value = value if isinstance(value, str) else list_in(value)
    return whole[max(whole_in(count), 0) :]


@function("take", 2, partial=True)
def _take(value: Value, count: Value) -> Value:
    _known(value, count)
    whole: Value = value if isinstance(value, str) else list_in(value)
    return whole[: max(whole_in(count), 0)]


@function("union", 1, None, partial=True)
def _union(*values: Value) -> Value:
    _known(*values)
    if all(isinstance(each, dict) for each in values):
        return reduce(_merged, values)
    found: list[Value] = []
    for each in values:
        for item in list_in(each):
            answers = [same(item, known) for known in found]
            if True not in answers and None in answers:
                raise _HangsOnAzureError
            if True not in answers:
                found.append(item)
    return found


def _merged(one: dict[str, Value], other: dict[str, Value]) -> dict[str, Value]:
    found = dict(one)
    for key, value in other.items():
        known = key_of(found, key)
        at = key if known is None else known
        under = found.get(at)
        if isinstance(value, dict) and isinstance(under, Unknown):
            # Objects are merged, and what is not known may be one: nothing beneath is known for sure.
            found[at] = under
        elif isinstance(value, dict) and isinstance(under, dict) and not isinstance(value, Open):
            found[at] = _merged(under, value)
        else:
            found[at] = value
    return found


@function("shallowMerge", 1, partial=True)
def _shallow_merge(objects: Value) -> Value:
    _known(objects)
    _known(*list_in(objects))
    found: dict[str, Value] = {}
    for each in objects:
        for key, value in object_in(each).items():
            known = key_of(found, key)
            found[key if known is None else known] = value
    return found


@function("distinct", 1, partial=True)
def _distinct(value: Value) -> Value:
    _known(value)
    return _union(list_in(value))


@function("tryGet", 2, None, partial=True)
def _try_get(base: Value, first: Value, *further: Value) -> Value:
    found = _guarded(base, first)
    for key in further:
        if found is None:
            return None
        found = _guarded(found, key)
    return found


def _guarded(base: Value, key: Value) -> Value:
    if base is None:
        return None
    _known(key)
    if isinstance(base, dict):
        known = key_of(base, as_text(key))
        if known is None and isinstance(base, Open):
            raise _HangsOnAzureError
        return None if known is None else base[known]
    _known(base)
    items, at = list_in(base), whole_in(key)
    return items[at] if 0 <= at < len(items) else None


@function("indexFromEnd", 2, partial=True)
def _index_from_end(value: Value, number: Value) -> Value:
    _known(value, number)
    items, at = list_in(value), whole_in(number)
    if not 1 <= at <= len(items):
        raise TemplateError(f"the array has {len(items)} elements, and none at {at} from the end")
    return items[-at]


@function("tryIndexFromEnd", 2, partial=True)
def _try_index_from_end(value: Value, number: Value) -> Value:
    _known(value, number)
    if value is None:
        return None
    items, at = list_in(value), whole_in(number)
    return items[-at] if 1 <= at <= len(items) else None


Apply = Callable[..., Value]
"""A lambda, called with as many values as it has variables."""


@function("map", 2, partial=True, lambdas=(1,))
def _map(items: Value, apply: Apply) -> Value:
    _known(items)
    return [apply(each, n) for n, each in enumerate(list_in(items))]


@function("mapValues", 2, partial=True, lambdas=(1,))
def _map_values(value: Value, apply: Apply) -> Value:
    _known(value)
    return {key: apply(each) for key, each in object_in(value).items()}


@function("filter", 2, partial=True, lambdas=(1,))
def _filter(items: Value, apply: Apply) -> Value:
    _known(items)
    return [each for n, each in enumerate(list_in(items)) if _decided(apply(each, n))]


@function("reduce", 3, partial=True, lambdas=(2,))
def _reduce(items: Value, initial: Value, apply: Apply) -> Value:
    _known(items)
    found = initial
    for n, each in enumerate(list_in(items)):
        found = apply(found, each, n)
    return found


@function("sort", 2, partial=True, lambdas=(1,))
def _sort(items: Value, apply: Apply) -> Value:
    """Merge sort: the lambda says whether one element may stand before another."""
    _known(items)
    listed = list_in(items)
    if len(listed) < 2:
        return list(listed)
    middle = len(listed) // 2
    left, right = _sort(listed[:middle], apply), _sort(listed[middle:], apply)
    found: list[Value] = []
    at = 0
    for each in left:
        while at < len(right) and _decided(apply(right[at], each)) and not _decided(apply(each, right[at])):
            found.append(right[at])
            at += 1
        found.append(each)
    return [*found, *right[at:]]


@function("toObject", 2, 3, partial=True, lambdas=(1, 2))
def _to_object(items: Value, key: Apply, value: Apply | None = None) -> Value:
    _known(items)
    found: dict[str, Value] = {}
    for each in list_in(items):
        name = key(each)
        _known(name)
        found[as_text(name)] = each if value is None else value(each)
    return found


@function("groupBy", 2, 3, partial=True, lambdas=(1, 2))
def _group_by(items: Value, key: Apply, value: Apply | None = None) -> Value:
    _known(items)
    found: dict[str, list[Value]] = {}
    for each in list_in(items):
        name = key(each)
        _known(name)
        found.setdefault(as_text(name), []).append(each if value is None else value(each))
    return found


def _decided(answer: Value) -> bool:
    _known(answer)
    if not isinstance(answer, bool):
        raise TemplateError("the lambda has to give true or false")
    return answer
