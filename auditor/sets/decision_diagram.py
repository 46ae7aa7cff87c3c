"""Interval decision diagrams: canonical functions of a packet.

A node looks at one number of a packet (its protocol, a port, an address, or one bit that stands for a membership
nobody knows) and is a piecewise constant function of it: between two `cuts` the same `kid` goes on. Leaves are
integers: 0 and 1 make a diagram a set, larger ones make it a decision (which rule decides). Nodes are shared, ordered
by level and reduced, so two diagrams of the same function are the same object: equality is identity.

The private engine under `Addresses` and `FlowSet`; it knows levels, not Azure.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping
from weakref import WeakValueDictionary

STEP = 1 << 56
PROTOCOL, DESTINATION_PORT, SOURCE_PORT, DESTINATION, SOURCE = (n * STEP for n in range(5))
"""Levels, in the order in which a diagram looks at a packet. Bits of an address stand right after the address."""

EMPTY = 0
FULL = 1


class Node:
    """A piecewise constant function of the number at `level`. Made by `node`, compared by identity."""

    __slots__ = ("__weakref__", "cuts", "kids", "level")

    def __init__(self, level: int, cuts: tuple[int, ...], kids: tuple[Diagram, ...]) -> None:
        self.level = level
        self.cuts = cuts
        self.kids = kids


Diagram = Node | int
Operation = Callable[[Diagram, Diagram], Diagram | None]
Memo = dict[tuple[Diagram, Diagram], Diagram]

_nodes: WeakValueDictionary[tuple[int, tuple[int, ...], tuple[Diagram, ...]], Node] = WeakValueDictionary()


def node(level: int, cuts: tuple[int, ...], kids: tuple[Diagram, ...]) -> Diagram:
    """The one node of this content. The caller has merged equal neighbours; a single kid is the function itself."""
    if not cuts:
        return kids[0]
    key = (level, cuts, kids)
    found = _nodes.get(key)
    if found is None:
        found = Node(level, cuts, kids)
        _nodes[key] = found
    return found


def of_bounds(level: int, bounds: tuple[int, ...], limit: int, inside: Diagram = FULL) -> Diagram:
    """The function that is `inside` within the intervals of `bounds` and 0 elsewhere on `[0, limit)`."""
    if not bounds or inside == EMPTY:
        return EMPTY
    starts_inside = bounds[0] == 0
    cuts = bounds[1 if starts_inside else 0 : len(bounds) - (1 if bounds[-1] == limit else 0)]
    kids = [inside if (n % 2 == 0) == starts_inside else EMPTY for n in range(len(cuts) + 1)]
    return node(level, cuts, tuple(kids))


def bit(level: int) -> Diagram:
    """The function that is 1 where the bit of this level is set."""
    return node(level, (1,), (EMPTY, FULL))


# --- pointwise operations ------------------------------------------------------------------------------------------


def first(a: Diagram, b: Diagram) -> Diagram:
    """`a` where it is not 0, else `b`: the union of sets, and the first match of decisions."""
    return _apply(_first, a, b, {})


def keep(a: Diagram, b: Diagram) -> Diagram:
    """`a` where `b` is not 0, else 0: the intersection of sets."""
    return _apply(_keep, a, b, {})


def drop(a: Diagram, b: Diagram) -> Diagram:
    """`a` where `b` is 0, else 0: the difference of sets."""
    return _apply(_drop, a, b, {})


def complement(a: Diagram) -> Diagram:
    """1 where `a` is 0, else 0."""
    return drop(FULL, a)


def _first(a: Diagram, b: Diagram) -> Diagram | None:
    if type(a) is int:
        return a or b
    return a if b == EMPTY or a is b else None


def _keep(a: Diagram, b: Diagram) -> Diagram | None:
    if type(b) is int:
        return a if b else EMPTY
    return a if a == EMPTY or a is b else None


def _drop(a: Diagram, b: Diagram) -> Diagram | None:
    if type(b) is int:
        return EMPTY if b else a
    return EMPTY if a == EMPTY or a is b else None


def _apply(operation: Operation, a: Diagram, b: Diagram, memo: Memo) -> Diagram:
    done = operation(a, b)
    if done is not None:
        return done
    key = (a, b)
    found = memo.get(key)
    if found is None:
        found = memo[key] = _descend(operation, a, b, memo)
    return found


def _descend(operation: Operation, a: Diagram, b: Diagram, memo: Memo) -> Diagram:
    level_a = a.level if isinstance(a, Node) else _BELOW
    level_b = b.level if isinstance(b, Node) else _BELOW
    if level_a < level_b:
        assert isinstance(a, Node)
        return _rebuilt(a, [_apply(operation, kid, b, memo) for kid in a.kids])
    assert isinstance(b, Node)
    if level_b < level_a:
        return _rebuilt(b, [_apply(operation, a, kid, memo) for kid in b.kids])
    assert isinstance(a, Node)
    return _merged(operation, a, b, memo)


_BELOW = 1 << 62


def _rebuilt(shape: Node, kids: list[Diagram]) -> Diagram:
    """A node with the cuts of `shape` and new kids, neighbours that became equal merged."""
    cuts: list[int] = []
    out: list[Diagram] = [kids[0]]
    for cut, kid in zip(shape.cuts, kids[1:], strict=True):
        if kid != out[-1]:
            cuts.append(cut)
            out.append(kid)
    return node(shape.level, tuple(cuts), tuple(out))


def _merged(operation: Operation, a: Node, b: Node, memo: Memo) -> Diagram:
    """Both functions of one number, combined in one pass over their cuts."""
    a_cuts, b_cuts, a_kids, b_kids = a.cuts, b.cuts, a.kids, b.kids
    i = j = 0
    len_a, len_b = len(a_cuts), len(b_cuts)
    cuts: list[int] = []
    last = _apply(operation, a_kids[0], b_kids[0], memo)
    kids = [last]
    while i < len_a or j < len_b:
        if j == len_b or (i < len_a and a_cuts[i] < b_cuts[j]):
            at = a_cuts[i]
            i += 1
        elif i == len_a or b_cuts[j] < a_cuts[i]:
            at = b_cuts[j]
            j += 1
        else:
            at = a_cuts[i]
            i += 1
            j += 1
        # As `_apply`, whose call would take a third of the time of a merge.
        a_kid, b_kid = a_kids[i], b_kids[j]
        kid = operation(a_kid, b_kid)
        if kid is None:
            kid = memo.get((a_kid, b_kid))
            if kid is None:
                kid = memo[a_kid, b_kid] = _descend(operation, a_kid, b_kid, memo)
        if kid != last:
            cuts.append(at)
            kids.append(kid)
            last = kid
    return node(a.level, tuple(cuts), tuple(kids))


# --- questions that stop at the first answer ------------------------------------------------------------------------


def meets(a: Diagram, b: Diagram) -> bool:
    """Whether two sets have a point in common."""
    return a != EMPTY and _search(a, b, True, set())


def within(a: Diagram, b: Diagram) -> bool:
    """Whether every point of one set is a point of the other."""
    return a == EMPTY or not _search(a, b, False, set())


def _search(a: Diagram, b: Diagram, wanted: bool, seen: set[tuple[Diagram, Diagram]]) -> bool:
    """Whether the set `a`, which is not empty, has a point inside `b` (`wanted`) or outside of it.

    A set of one box is a chain of nodes with one way on each, so most of the way is a loop.
    """
    while isinstance(a, Node) and isinstance(b, Node) and a is not b:
        if a.level == b.level:
            ways = _ways(a, b)
        elif a.level < b.level:
            ways = [(kid, b) for kid in a.kids if kid != EMPTY]
        else:
            ways = [(a, kid) for kid in b.kids]
        if len(ways) > 1:
            return _search_all(ways, wanted, seen)
        a, b = ways[0]
    if a is b and isinstance(b, Node):
        return wanted
    # What is left of a set is a leaf or takes both values; where `a` is everything, so does `b`.
    return isinstance(b, Node) or bool(b) is wanted


def _search_all(ways: list[tuple[Diagram, Diagram]], wanted: bool, seen: set[tuple[Diagram, Diagram]]) -> bool:
    for way in ways:
        if way not in seen:
            seen.add(way)
            if _search(*way, wanted, seen):
                return True
    return False


def _ways(a: Node, b: Node) -> list[tuple[Diagram, Diagram]]:
    """The pairs of kids over one number where `a` goes on: only the stretches of `b` that lie there are looked at."""
    a_cuts, b_cuts, b_kids = a.cuts, b.cuts, b.kids
    end = len(a_cuts)
    ways = []
    for n, kid in enumerate(a.kids):
        if kid != EMPTY:
            low = bisect_right(b_cuts, a_cuts[n - 1]) if n else 0
            high = bisect_left(b_cuts, a_cuts[n], low) if n < end else len(b_cuts)
            ways += [(kid, b_kids[at]) for at in range(low, high + 1)]
    return ways


# --- looking into a diagram -----------------------------------------------------------------------------------------


def at(diagram: Diagram, values: Mapping[int, int]) -> Diagram:
    """Follow the known numbers (by level); what is left depends on levels that have no value."""
    if not isinstance(diagram, Node):
        return diagram
    value = values.get(diagram.level)
    if value is None:
        return _rebuilt(diagram, [at(kid, values) for kid in diagram.kids])
    return at(diagram.kids[bisect_right(diagram.cuts, value)], values)


def leaves(diagram: Diagram) -> frozenset[int]:
    """Every value that the function takes."""
    return frozenset(leaf for leaf in _walk(diagram, set()) if isinstance(leaf, int))


def levels(diagram: Diagram) -> frozenset[int]:
    """Every level that the function depends on."""
    return frozenset(found.level for found in _walk(diagram, set()) if isinstance(found, Node))


def _walk(diagram: Diagram, seen: set[Diagram]) -> Iterator[Diagram]:
    if diagram in seen:
        return
    seen.add(diagram)
    yield diagram
    if isinstance(diagram, Node):
        for kid in diagram.kids:
            yield from _walk(kid, seen)


def mapped(diagram: Diagram, leaf: Mapping[int, Diagram]) -> Diagram:
    """The diagram with its leaves exchanged: 1 for another diagram grafts, rule numbers for 0 and 1 select.

    What replaces a leaf may only look at levels below every level of `diagram`, unless it is a leaf too.
    """
    return _mapped(diagram, leaf, {})


def _mapped(diagram: Diagram, leaf: Mapping[int, Diagram], memo: dict[Diagram, Diagram]) -> Diagram:
    if not isinstance(diagram, Node):
        return leaf.get(diagram, EMPTY)
    found = memo.get(diagram)
    if found is None:
        found = memo[diagram] = _rebuilt(diagram, [_mapped(kid, leaf, memo) for kid in diagram.kids])
    return found


def separated(diagram: Diagram) -> dict[int, Diagram]:
    """By leaf other than 0: the set on which the function takes it."""
    found = leaves(diagram) - {EMPTY}
    return {leaf: mapped(diagram, {leaf: FULL}) for leaf in sorted(found)}


def shifted(diagram: Diagram, by: int) -> Diagram:
    """The same function one step of levels away: a set of destinations made into one of sources."""
    return _shifted(diagram, by, {})


def _shifted(diagram: Diagram, by: int, memo: dict[Diagram, Diagram]) -> Diagram:
    if not isinstance(diagram, Node):
        return diagram
    found = memo.get(diagram)
    if found is None:
        kids = tuple(_shifted(kid, by, memo) for kid in diagram.kids)
        found = memo[diagram] = node(diagram.level + by, diagram.cuts, kids)
    return found


def without(diagram: Diagram, chosen: Callable[[int], bool], join: Callable[[Diagram, Diagram], Diagram]) -> Diagram:
    """Do away with the chosen levels, joining their kids: with `first` it says somewhere, with `keep` everywhere."""
    return _without(diagram, chosen, join, {})


def _without(
    diagram: Diagram,
    chosen: Callable[[int], bool],
    join: Callable[[Diagram, Diagram], Diagram],
    memo: dict[Diagram, Diagram],
) -> Diagram:
    if not isinstance(diagram, Node):
        return diagram
    found = memo.get(diagram)
    if found is None:
        kids = [_without(kid, chosen, join, memo) for kid in diagram.kids]
        if chosen(diagram.level):
            found = kids[0]
            for kid in kids[1:]:
                found = join(found, kid)
        else:
            found = _rebuilt(diagram, kids)
        memo[diagram] = found
    return found


def mapped_kids(diagram: Node, chosen: Diagram) -> Diagram:
    """1 where the function goes on as `chosen`, else 0; looks at the first number only."""
    return _rebuilt(diagram, [FULL if kid == chosen else EMPTY for kid in diagram.kids])


def split(diagram: Diagram, below: int) -> dict[Diagram, Diagram]:
    """Cut a diagram at a level: what follows from `below` on, and where (in the levels before it) it follows."""
    return {rest: where for rest, where in _split(diagram, below, {}).items() if rest != EMPTY}


def _split(diagram: Diagram, below: int, memo: dict[Diagram, dict[Diagram, Diagram]]) -> dict[Diagram, Diagram]:
    if not isinstance(diagram, Node) or diagram.level >= below:
        return {diagram: FULL}
    found = memo.get(diagram)
    if found is None:
        kids = [_split(kid, below, memo) for kid in diagram.kids]
        rests = dict.fromkeys(rest for kid in kids for rest in kid)
        found = {rest: _rebuilt(diagram, [kid.get(rest, EMPTY) for kid in kids]) for rest in rests}
        memo[diagram] = found
    return found
