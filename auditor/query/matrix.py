"""Which subnets reach which: every pair at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from auditor.estate import Estate
from auditor.model import Resource
from auditor.network.topology.service_tags import ServiceTags
from auditor.network.topology.virtual_networks import SUBNET
from auditor.reach.matrix.pairs import NO, OPEN, YES, Pairs
from auditor.reach.reachability import Reachability

REACHED, NOT_REACHED, NOT_KNOWN = "reached", "not reached", "not known"
_WORDS = {YES: REACHED, NO: NOT_REACHED, OPEN: NOT_KNOWN}

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Matrix:
    """The subnets, by id, and for each of them the word for each: `reached`, `not reached` or `not known`.

    A subnet reaches itself. That one reaches another says that some packet gets through, not which.
    """

    subnets: tuple[Resource, ...]
    rows: tuple[tuple[str, ...], ...]

    def count(self, word: str) -> int:
        """How many pairs of different subnets have this answer."""
        return sum(row.count(word) for row in self.rows) - (len(self.subnets) if word == REACHED else 0)

    @property
    def pairs(self) -> int:
        """How many pairs of different subnets there are."""
        return len(self.subnets) * (len(self.subnets) - 1)


def matrix_of(estate: Estate, tags: ServiceTags | None = None, progress: Progress = lambda done, of: None) -> Matrix:
    """The answers for every subnet that was read.

    Raises `NotKnown` where the list of networks was not read whole: a matrix without a subnet would not show that.
    """
    subnets = tuple(estate.all(SUBNET))
    pairs = Pairs(Reachability.of(estate, tags), subnets)
    rows = []
    for number in range(len(subnets)):
        rows.append(tuple(_WORDS[answer] for answer in pairs.row(number)))
        progress(number + 1, len(subnets))
    return Matrix(subnets, tuple(rows))


def names_of(subnets: tuple[Resource, ...]) -> tuple[str, ...]:
    """A name for each subnet: its own, with its network where that does not tell it from the others."""
    own = [subnet.name for subnet in subnets]
    longer = [f"{subnet.id.parent.name}/{subnet.name}" if subnet.id.parent else subnet.name for subnet in subnets]
    chosen = [short if own.count(short) == 1 else long for short, long in zip(own, longer, strict=True)]
    return tuple(
        name if chosen.count(name) == 1 else subnet.id.text for name, subnet in zip(chosen, subnets, strict=True)
    )
