"""The smallest set of fixes that has something of every chain: exact, by branch and bound."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence


def smallest_cut(chains: Iterable[frozenset[str]], ranks: Mapping[str, int]) -> tuple[str, ...]:
    """A smallest set that meets every one of the sets; of several a first one in the order of their ranks.

    Each set holds the fixes of which any breaks that chain. One that is empty cannot be met and is left out. In a graph
    where every fix breaks one step and every step has one, this is the minimum cut; a test compares it to networkx's.
    """
    wanted = _without_larger({chain for chain in chains if chain})
    order = {label: n for n, label in enumerate(sorted({x for c in wanted for x in c}, key=lambda x: (ranks[x], x)))}
    best = _greedy(wanted, order)

    def search(left: Sequence[frozenset[str]], chosen: tuple[str, ...], barred: frozenset[str]) -> None:
        nonlocal best
        if not left:
            best = chosen if len(chosen) < len(best) else best
            return
        if len(chosen) + _apart(left) >= len(best):
            return
        tried = barred
        for label in sorted(min(left, key=lambda c: len(c - barred)) - barred, key=order.__getitem__):
            search([chain for chain in left if label not in chain], (*chosen, label), tried)
            # What this label is good for has been looked at: the other branches do without it.
            tried |= {label}

    search(wanted, (), frozenset())
    return tuple(sorted(best, key=order.__getitem__))


def _without_larger(chains: set[frozenset[str]]) -> list[frozenset[str]]:
    """The sets that hold no other one: what meets those meets all."""
    return sorted((c for c in chains if not any(other < c for other in chains)), key=lambda c: (len(c), sorted(c)))


def _apart(chains: Iterable[frozenset[str]]) -> int:
    """How many of the sets have nothing in common: so many fixes are needed at least."""
    taken: frozenset[str] = frozenset()
    count = 0
    for chain in chains:
        if not chain & taken:
            taken |= chain
            count += 1
    return count


def _greedy(chains: Sequence[frozenset[str]], order: Mapping[str, int]) -> tuple[str, ...]:
    """A set that meets every one: the fix of most of those that are left, again and again."""
    left, chosen = list(chains), []
    while left:
        labels = sorted({label for chain in left for label in chain}, key=order.__getitem__)
        chosen.append(max(labels, key=lambda label: sum(label in chain for chain in left)))
        left = [chain for chain in left if chosen[-1] not in chain]
    return tuple(chosen)
