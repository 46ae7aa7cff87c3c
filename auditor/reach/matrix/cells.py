"""Many places at once: which of a row of disjoint address sets lie in a set, as bits of one integer."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from auditor.sets.address_set import AddressSet


@dataclass(frozen=True)
class Cells:
    """A row of disjoint, non-empty address sets. Bit `n` of a mask stands for the set number `n`."""

    sets: tuple[AddressSet, ...]
    _known: dict[AddressSet, tuple[int, int]] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def _ranges(self) -> tuple[list[int], list[int], list[int]]:
        """First and last addresses of every range, in order, and the cell that it belongs to."""
        rows = sorted((first, last, n) for n, cell in enumerate(self.sets) for first, last in cell.pairs)
        return [row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]

    @cached_property
    def are_disjoint(self) -> bool:
        """Whether no address is in two of the sets."""
        firsts, lasts, _ = self._ranges
        return all(last < first for last, first in zip(lasts, firsts[1:], strict=False))

    @property
    def everyone(self) -> int:
        """The mask of all cells."""
        return (1 << len(self.sets)) - 1

    def masks(self, addresses: AddressSet) -> tuple[int, int]:
        """The cells that lie wholly inside, and those that lie partly inside."""
        found = self._known.get(addresses)
        if found is None:
            found = self._known[addresses] = self._measure(addresses)
        return found

    def _measure(self, addresses: AddressSet) -> tuple[int, int]:
        firsts, lasts, owners = self._ranges
        met = inside = missed = 0
        for low, high in addresses.pairs:
            begin, end = bisect_left(lasts, low), bisect_right(firsts, high)
            for at in range(begin, end):
                bit = 1 << owners[at]
                met |= bit
                if low <= firsts[at] and lasts[at] <= high:
                    inside |= bit
                else:
                    missed |= bit
        # A cell of several ranges is inside only where all of them are.
        if len(firsts) > len(self.sets):
            for number in bits(inside & ~missed):
                if not self.sets[number] <= addresses:
                    missed |= 1 << number
        return inside & ~missed, met & missed


def bits(mask: int) -> Iterator[int]:
    """The numbers of the bits that are set, in order."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def parted(cell: AddressSet, by: Iterable[AddressSet]) -> tuple[AddressSet, ...]:
    """The smallest parts of a cell that each set of `by` holds wholly or not at all."""
    parts: Sequence[AddressSet] = (cell,)
    for addresses in by:
        split = ((part & addresses, part - addresses) for part in parts)
        parts = tuple(part for pair in split for part in pair if not part.is_empty)
    return tuple(parts)
