"""How a set of operations is written for people: as few patterns as it takes, in the letter case of the roles."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from auditor.sets.operation_patterns import (
    Index,
    PatternError,
    absorb,
    expand,
    meet,
    sample,
)
from auditor.sets.operation_set import Globs, OperationSet, Term

_ROUNDS = 3
"""How often a remainder is written out again before it is written as globs."""


@dataclass(frozen=True)
class Shown:
    """Patterns and what is taken out of them, as a role definition would write it (the zero-segment rule applies)."""

    patterns: tuple[str, ...]
    without: tuple[str, ...]

    @property
    def means(self) -> OperationSet:
        """The set that these patterns stand for."""
        return OperationSet.of(self.patterns, self.without)


def written(operations: OperationSet) -> tuple[tuple[Shown, ...], OperationSet]:
    """A set as patterns, and what is left that patterns cannot say in a few rounds (two optional stars in one glob)."""
    shown: list[Shown] = []
    left = operations
    for _ in range(_ROUNDS):
        shown.extend(_write(item, operations) for item in _fewest(left))
        left = operations - OperationSet.union(part.means for part in shown)
        if left.is_empty:
            break
    return tuple(shown), left


def _fewest(operations: OperationSet) -> list[Term]:
    """The terms without the globs that another term covers, the narrowest tried first."""
    kept = {item.minus: set(item.plus) for item in operations.terms}
    pairs = [(glob, item.minus) for item in operations.terms for glob in item.plus]
    for glob, minus in sorted(pairs, key=lambda pair: (-len(pair[1]), -len(pair[0]), pair[0])):
        others = (Term(frozenset(plus), cut) for cut, plus in kept.items() if cut != minus and plus)
        if any(_covers(other, glob, minus) for other in others):
            kept[minus].discard(glob)
    return [Term(frozenset(plus), minus) for minus, plus in kept.items() if plus]


def _covers(other: Term, glob: str, minus: Globs) -> bool:
    """Whether a term holds all of a glob but what `minus` takes out: what it lacks of the glob must be taken out."""
    if not other.included.covers(sample(glob)):
        return False
    cut = Index(minus)
    return all(cut.covers(sample(lacking)) for excluded in other.minus for lacking in meet(glob, excluded))


def _set(pairs: Iterable[tuple[str, Globs]]) -> OperationSet:
    return OperationSet(Term(frozenset((glob,)), minus) for glob, minus in pairs)


def _write(item: Term, whole: OperationSet) -> Shown:
    """A term as patterns. A pattern says more than its glob, so what it adds is taken out again if it is not meant."""
    implied = {short for glob in item.plus for short in expand(glob) if short != glob}
    extra = {short for short in implied if not _set([(short, item.minus)]) <= whole}
    taken_out = set(absorb(item.minus | extra))
    said_anyway = {short for glob in taken_out for short in expand(glob) if short != glob}
    return Shown(tuple(sorted(item.plus - implied)), tuple(sorted(taken_out - said_anyway)))


def show(operations: OperationSet, spelled: Globs, most: int) -> str:
    """One line: `A, B except C; D`. With `most`, so many patterns are shown and the rest is counted."""
    try:
        parts, left = written(operations)
    except PatternError:
        parts, left = (), operations
    case = _letter_case(spelled)
    plain = tuple(Shown(tuple(sorted(item.plus)), tuple(sorted(item.minus))) for item in left.terms)
    every = (*((part, "") for part in parts), *((part, _AT_LEAST_ONE) for part in plain))
    budget = most or sum(len(part.patterns) + len(part.without) for part, _ in every)
    lines: list[str] = []
    for part, remark in every:
        if budget > 0:
            lines.append(_line(part, case, budget) + remark)
        budget -= len(part.patterns) + len(part.without)
    hidden = len(every) - len(lines)
    if hidden:
        lines.append(f"and {hidden} more of this kind")
    return "; ".join(lines) or "nothing"


_AT_LEAST_ONE = " (each star between slashes is at least one segment)"


def _line(part: Shown, case: dict[str, str], budget: int) -> str:
    text = _listed(part.patterns, case, budget)
    room = max(budget - len(part.patterns), 1)
    return f"{text} except {_listed(part.without, case, room)}" if part.without else text


def _listed(patterns: Iterable[str], case: dict[str, str], most: int = 0) -> str:
    every = [_spell(pattern, case) for pattern in patterns]
    some = every[: most or None]
    more = len(every) - len(some)
    return ", ".join(some) + (f" and {more} more" if more else "")


_VERBS = frozenset(("read", "write", "delete", "action"))


def _letter_case(spelled: Globs) -> dict[str, str]:
    """By lower-case segment how the roles spell it; of two spellings the first by letter: order is no matter."""
    chosen: dict[str, str] = {}
    for pattern in sorted(spelled, reverse=True):
        chosen |= {segment.lower(): segment for segment in pattern.split("/") if segment.lower() not in _VERBS}
    return chosen


def _spell(pattern: str, case: dict[str, str]) -> str:
    return "/".join(case.get(segment, segment) for segment in pattern.split("/"))
