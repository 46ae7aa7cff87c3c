"""Exact sets of integers on a bounded line, kept as sorted, disjoint, half-open intervals.

The engine under `AddressSet`, `PortSet` and `ProtocolSet`. It knows nothing of what the integers mean.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import ClassVar, Self

Bounds = tuple[int, ...]
"""Where membership changes: `(a, b, c, d)` stands for [a, b) and [c, d). Strictly increasing, of even length."""

_UNION = (False, True, True, True)
_BOTH = (False, False, False, True)
_FIRST_ONLY = (False, True, False, False)
_EITHER = (False, True, True, False)


def combine(a: Bounds, b: Bounds, keep: tuple[bool, bool, bool, bool]) -> Bounds:
    """Merge two sets in one pass; `keep[in_a + 2 * in_b]` says which points stay."""
    out: list[int] = []
    i = j = inside = 0
    now = False
    len_a, len_b = len(a), len(b)
    while i < len_a or j < len_b:
        if j == len_b or (i < len_a and a[i] < b[j]):
            at = a[i]
            i += 1
            inside ^= 1
        elif i == len_a or b[j] < a[i]:
            at = b[j]
            j += 1
            inside ^= 2
        else:
            at = a[i]
            i += 1
            j += 1
            inside ^= 3
        if keep[inside] is not now:
            now = not now
            out.append(at)
    return tuple(out)


def normalised(pairs: Iterable[tuple[int, int]]) -> Bounds:
    """Sort and merge half-open pairs that may overlap or touch."""
    out: list[int] = []
    for low, high in sorted(pairs):
        if low >= high:
            continue
        if out and low <= out[-1]:
            out[-1] = max(out[-1], high)
        else:
            out += (low, high)
    return tuple(out)


class IntervalSet:
    """An immutable set of the integers `0 <= n < LIMIT` with the algebra of sets.

    Two sets with the same members are equal and have the same hash: the form inside is canonical.
    """

    __slots__ = ("_bounds", "_hash")

    LIMIT: ClassVar[int] = 0

    def __init__(self, bounds: Bounds = ()) -> None:
        self._bounds = bounds
        self._hash = hash((type(self).__name__, bounds))

    @classmethod
    def none(cls) -> Self:
        """The empty set."""
        return cls(())

    @classmethod
    def everything(cls) -> Self:
        """The whole line."""
        return cls((0, cls.LIMIT))

    @classmethod
    def of_pairs(cls, pairs: Iterable[tuple[int, int]]) -> Self:
        """The union of closed integer ranges `(first, last)`."""
        return cls(normalised((first, last + 1) for first, last in pairs))

    @property
    def bounds(self) -> Bounds:
        """The points at which membership changes, in order."""
        return self._bounds

    @property
    def pairs(self) -> Iterator[tuple[int, int]]:
        """The disjoint closed ranges `(first, last)`, in order."""
        edges = iter(self._bounds)
        return ((low, high - 1) for low, high in zip(edges, edges, strict=True))

    @property
    def is_empty(self) -> bool:
        """Whether there is no member."""
        return not self._bounds

    @property
    def is_everything(self) -> bool:
        """Whether every integer of the line is a member."""
        return self._bounds == (0, self.LIMIT)

    @property
    def size(self) -> int:
        """The number of members."""
        return sum(last - first + 1 for first, last in self.pairs)

    def has(self, number: int) -> bool:
        """Whether this integer is a member."""
        return bisect_right(self._bounds, number) % 2 == 1

    def first(self) -> int:
        """The smallest member; raises `ValueError` on the empty set."""
        if not self._bounds:
            raise ValueError("the empty set has no member")
        return self._bounds[0]

    def __and__(self, other: Self) -> Self:
        return type(self)(combine(self._bounds, other._bounds, _BOTH))

    def __or__(self, other: Self) -> Self:
        return type(self)(combine(self._bounds, other._bounds, _UNION))

    def __sub__(self, other: Self) -> Self:
        return type(self)(combine(self._bounds, other._bounds, _FIRST_ONLY))

    def __xor__(self, other: Self) -> Self:
        return type(self)(combine(self._bounds, other._bounds, _EITHER))

    def __invert__(self) -> Self:
        return type(self)(combine((0, self.LIMIT), self._bounds, _FIRST_ONLY))

    def __le__(self, other: Self) -> bool:
        return not combine(self._bounds, other._bounds, _FIRST_ONLY)

    def __lt__(self, other: Self) -> bool:
        return self._bounds != other._bounds and self <= other

    def __ge__(self, other: Self) -> bool:
        return other <= self

    def __gt__(self, other: Self) -> bool:
        return other < self

    def meets(self, other: Self) -> bool:
        """Whether the two have a member in common."""
        return bool(combine(self._bounds, other._bounds, _BOTH))

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and isinstance(other, IntervalSet) and self._bounds == other._bounds

    def __hash__(self) -> int:
        return self._hash

    def __bool__(self) -> bool:
        """Refuse: `if a <= b` is a question, `if a & b` is a mistake that `is_empty` and `meets` prevent."""
        raise TypeError("a set is neither true nor false; ask `is_empty`")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self})"
