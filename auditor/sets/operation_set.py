"""Sets of operations, exactly: what roles allow, joined, cut and compared without a list of all operations.

`OperationSet` is one plane; `Rights` are both, since `*` in actions gives no data action and the other way round.
How patterns are read, and why this is exact, stands in `operation_patterns.py`. A set is written for people as few
patterns as it takes, in the letter case of the roles: see `written`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from auditor.sets.operation_patterns import (
    STAR,
    Index,
    PatternError,
    absorb,
    expand,
    meet,
    overlap,
    sample,
)

Globs = frozenset[str]
NONE: Globs = frozenset()

MOST_GLOBS = 1_000
"""An intersection that takes more globs than this is not evaluated. All built-in roles together write fewer."""

MOST_TERMS = 100
"""A difference that falls into more terms than this is not evaluated."""


@dataclass(frozen=True)
class Term:
    """The operations that some glob of `plus` matches and none of `minus` does. Both are in lower case.

    Kept tidy by `term`: nothing in `plus` lies in `minus`, so a term always has a member; nothing in `minus` is idle.
    """

    plus: Globs
    minus: Globs = NONE

    @cached_property
    def included(self) -> Index:
        """`plus`, for looking up."""
        return index(self.plus)

    @cached_property
    def excluded(self) -> Index:
        """`minus`, for looking up."""
        return index(self.minus)

    def matches(self, operation: str) -> bool:
        """Whether an operation, in lower case, is one of these."""
        return self.included.covers(operation) and not self.excluded.covers(operation)


@lru_cache(maxsize=16_384)
def index(globs: Globs) -> Index:
    """The index of some globs, made once."""
    return Index(globs)


@lru_cache(maxsize=16_384)
def term(plus: Globs, minus: Globs) -> Term | None:
    """A tidy term, or `None` where nothing is left."""
    cut = index(minus)
    left = frozenset(glob for glob in absorb(plus) if not cut.covers(sample(glob)))
    if not left:
        return None
    return Term(left, frozenset(glob for glob in absorb(minus) if any(overlap(glob, kept) for kept in left)))


def _crossings(some: Globs, others: Globs) -> Globs:
    found: set[str] = set()
    for a in some:
        for b in others:
            found |= meet(a, b)
        if len(found) > MOST_GLOBS:
            raise PatternError("these permissions overlap too often to be evaluated")
    return frozenset(found)


class OperationSet:
    """An immutable set of operations with `| & -`, `<=`, `==`, emptiness and a witness; letter case does not count.

    Raises `PatternError` for patterns that this program does not evaluate.
    """

    __slots__ = ("_spelled", "_terms")

    def __init__(self, terms: Iterable[Term] = (), spelled: Globs = NONE) -> None:
        by_minus: dict[Globs, set[str]] = defaultdict(set)
        for item in terms:
            by_minus[item.minus] |= item.plus
        joined = (term(frozenset(plus), minus) for minus, plus in by_minus.items())
        self._terms = tuple(sorted((t for t in joined if t), key=lambda t: (sorted(t.plus), sorted(t.minus))))
        self._spelled = spelled

    @staticmethod
    def of(patterns: Iterable[str], without: Iterable[str] = ()) -> OperationSet:
        """What a permission set allows in one plane: its patterns, cut by the patterns that it takes out."""
        return _read(frozenset(patterns), frozenset(without))

    @staticmethod
    def union(sets: Iterable[OperationSet]) -> OperationSet:
        """All of these together; quicker than joining them one by one."""
        every = tuple(dict.fromkeys(sets_.key for sets_ in sets if sets_))
        return _union(every) if every else NO_OPERATIONS

    @property
    def key(self) -> tuple[tuple[Term, ...], Globs]:
        """The terms and the spellings that this set is written with; two equal sets may differ in it."""
        return self._terms, self._spelled

    @property
    def terms(self) -> tuple[Term, ...]:
        """The set as globs minus globs. Every term has a member."""
        return self._terms

    @property
    def is_empty(self) -> bool:
        """Whether no operation at all is in the set."""
        return not self._terms

    @property
    def _is_one_operation(self) -> bool:
        return len(self._terms) == 1 and len(self._terms[0].plus) == 1 == len(self._terms[0].included.literals)

    def contains(self, operation: str) -> bool:
        """Whether an operation (a name without wildcards) is in the set."""
        lowered = operation.strip().lower()
        return any(item.matches(lowered) for item in self._terms)

    __contains__ = contains

    def __or__(self, other: OperationSet) -> OperationSet:
        return OperationSet((*self._terms, *other._terms), self._spelled | other._spelled)

    def __and__(self, other: OperationSet) -> OperationSet:
        for one, whole in ((self, other), (other, self)):
            if one._is_one_operation:
                return one if whole.contains(next(iter(one._terms[0].plus))) else NO_OPERATIONS
        crossed = (Term(_crossings(a.plus, b.plus), a.minus | b.minus) for a in self._terms for b in other._terms)
        return OperationSet(crossed, self._spelled | other._spelled)

    def __sub__(self, other: OperationSet) -> OperationSet:
        if not self._terms or not other._terms:
            return self
        left: tuple[Term, ...] = self._terms
        for cut in other._terms:
            left = tuple(dict.fromkeys(piece for item in left for piece in _without(item, cut)))
            if len(left) > MOST_TERMS:
                raise PatternError("these permissions cut each other too often to be evaluated")
        return OperationSet(left, self._spelled | other._spelled)

    def __le__(self, other: OperationSet) -> bool:
        return (self - other).is_empty

    def __lt__(self, other: OperationSet) -> bool:
        return self <= other and not other <= self

    def overlaps(self, other: OperationSet) -> bool:
        """Whether some operation is in both."""
        return not (self & other).is_empty

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, OperationSet):
            return NotImplemented
        return self._terms == other._terms or (self <= other <= self)

    def __hash__(self) -> int:
        # Equal sets may be written in different terms, so the hash asks what is in them.
        return hash(tuple(self.contains(operation) for operation in _PROBES))

    def __bool__(self) -> bool:
        """Whether there is an operation in it."""
        return not self.is_empty

    def witness(self, known: Iterable[str] = ()) -> str | None:
        """One operation of the set: the first of `known` that is in it, else the shortest text; `None` if empty."""
        for operation in known:
            if self.contains(operation):
                return operation
        return min(self._members(), key=lambda text: (len(text), text), default=None)

    def _members(self) -> Iterator[str]:
        """A shortest non-empty member of each glob: a run that must not be empty needs one unwritten character."""
        for item in self._terms:
            letter = _unwritten(item)
            for glob in item.plus:
                yield min(
                    (text for text in _fillings(glob, letter) if text and item.matches(text)),
                    key=lambda text: (len(text), text),
                )

    def show(self, most: int = 0) -> str:
        """The set for people, in as few patterns as it takes; at most so many of them, if a number is given."""
        return _show(self, self._spelled, most)

    def __str__(self) -> str:
        return self.show()

    def __repr__(self) -> str:
        return f"OperationSet({self.show()})"


NO_OPERATIONS = OperationSet()


@lru_cache(maxsize=16_384)
def _read(patterns: Globs, without: Globs) -> OperationSet:
    plus = frozenset(glob for pattern in patterns for glob in expand(pattern))
    minus = frozenset(glob for pattern in without for glob in expand(pattern))
    tidy = term(plus, minus) if plus else None
    return OperationSet((tidy,) if tidy else (), frozenset(p.strip() for p in patterns | without))


@lru_cache(maxsize=16_384)
def _union(keys: tuple[tuple[tuple[Term, ...], Globs], ...]) -> OperationSet:
    return OperationSet((t for terms, _ in keys for t in terms), frozenset().union(*(spelled for _, spelled in keys)))


@lru_cache(maxsize=16_384)
def _without(whole: Term, cut: Term) -> tuple[Term, ...]:
    """`whole - (P - N)` is what `P` does not match, and what `N` gives back."""
    outside = term(whole.plus, whole.minus | cut.plus)
    given_back = _crossings(whole.plus, cut.minus)
    inside = term(given_back, whole.minus) if given_back else None
    return tuple(piece for piece in (outside, inside) if piece)


_PROBES = (
    "microsoft.authorization/roleassignments/write",
    "microsoft.resources/subscriptions/resourcegroups/read",
    "microsoft.storage/storageaccounts/listkeys/action",
    "microsoft.keyvault/vaults/secrets/getsecret/action",
)

_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-_~"


def _unwritten(item: Term) -> str:
    """A character that no glob of a term writes; a letter where there is one."""
    written = set().union(*item.plus, *item.minus)
    plain = next((letter for letter in _LETTERS if letter not in written), None)
    return plain or next(chr(code) for code in range(0xE000, 0xF900) if chr(code) not in written)


def _fillings(glob: str, letter: str) -> Iterator[str]:
    """Every way to let each star be the empty run or the one letter: the shortest member is among them."""
    first, *rest = glob.split(STAR)
    texts = [first]
    for piece in rest:
        texts = [text + run + piece for text in texts for run in ("", letter)]
    return iter(texts)


@dataclass(frozen=True)
class Rights:
    """What may be done on both planes: managing resources (actions) and using what they hold (data actions)."""

    control: OperationSet = NO_OPERATIONS
    data: OperationSet = NO_OPERATIONS

    @staticmethod
    def union(parts: Iterable[Rights]) -> Rights:
        """All of these together."""
        every = tuple(parts)
        return Rights(OperationSet.union(p.control for p in every), OperationSet.union(p.data for p in every))

    @property
    def is_empty(self) -> bool:
        """Whether nothing may be done on either plane."""
        return self.control.is_empty and self.data.is_empty

    def plane(self, data: bool) -> OperationSet:
        """One of the two planes."""
        return self.data if data else self.control

    def __or__(self, other: Rights) -> Rights:
        return Rights(self.control | other.control, self.data | other.data)

    def __and__(self, other: Rights) -> Rights:
        return Rights(self.control & other.control, self.data & other.data)

    def __sub__(self, other: Rights) -> Rights:
        return Rights(self.control - other.control, self.data - other.data)

    def __le__(self, other: Rights) -> bool:
        return self.control <= other.control and self.data <= other.data

    def show(self, most: int = 0) -> str:
        """Both planes for people; data actions are named as such."""
        parts = [self.control.show(most)] if self.control else []
        if self.data:
            parts.append(f"data: {self.data.show(most)}")
        return "; ".join(parts) or "nothing"

    def __str__(self) -> str:
        return self.show()


# --- as people read it ------------------------------------------------------------------------------------------------

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


def _show(operations: OperationSet, spelled: Globs, most: int) -> str:
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
            lines.append(_one_line(part, case, budget) + remark)
        budget -= len(part.patterns) + len(part.without)
    hidden = len(every) - len(lines)
    if hidden:
        lines.append(f"and {hidden} more of this kind")
    return "; ".join(lines) or "nothing"


_AT_LEAST_ONE = " (each star between slashes is at least one segment)"


def _one_line(part: Shown, case: dict[str, str], budget: int) -> str:
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
