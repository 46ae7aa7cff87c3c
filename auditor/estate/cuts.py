"""The smallest set of labels whose links, taken away, leave no path from any start to any end."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Generic, TypeVar

L = TypeVar("L", bound=Hashable)

_EXACT = 20
"""Up to so many labels every set is tried; the graphs of an estate have fewer."""


@dataclass(frozen=True)
class Labelled(Generic[L]):
    """A link of a graph that each of its labels takes away by itself; one without labels stays."""

    source: str
    target: str
    labels: frozenset[L] = frozenset()


def smallest_cut(links: Sequence[Labelled[L]], starts: Collection[str], ends: Collection[str]) -> tuple[L, ...] | None:
    """The labels of a smallest cut, the first of equals in the order of their names; `None` where none cuts everything.

    Exact: a set that hits every path found so far is asked of the graph, and the path that it leaves is one more to
    hit, until none is left (implicit hitting sets). Where every label is on one link and every link has one, this is
    the minimum cut of networkx.
    """
    paths: list[frozenset[L]] = []
    while True:
        chosen = _hitting(paths)
        if chosen is None:
            return None
        path = _path([link for link in links if not link.labels & set(chosen)], starts, ends)
        if path is None:
            return chosen
        labels = frozenset(label for link in path for label in link.labels)
        if not labels:
            return None
        paths.append(labels)


def _hitting(paths: Sequence[frozenset[L]]) -> tuple[L, ...] | None:
    """A smallest set that has something of every path."""
    labels = sorted({label for path in paths for label in path}, key=str)
    for size in range(len(labels) + 1):
        if len(labels) > _EXACT and size > 3:
            return _greedy(paths)
        for chosen in combinations(labels, size):
            if all(path & set(chosen) for path in paths):
                return chosen
    return None


def _greedy(paths: Sequence[frozenset[L]]) -> tuple[L, ...]:
    """A set that has something of every path: the label of most of those that are left, again and again."""
    left, chosen = list(paths), []
    while left:
        labels = sorted({label for path in left for label in path}, key=str)
        best = max(labels, key=lambda label: sum(label in path for path in left))
        chosen.append(best)
        left = [path for path in left if best not in path]
    return tuple(sorted(chosen, key=str))


def _path(links: Iterable[Labelled[L]], starts: Collection[str], ends: Collection[str]) -> list[Labelled[L]] | None:
    """A shortest path; of two links between the same nodes the one with fewer labels."""
    import networkx as nx  # late: only a question about paths has to pay for it

    graph: nx.DiGraph[str] = nx.DiGraph()
    for link in links:
        known = graph.get_edge_data(link.source, link.target)
        if known is None or len(link.labels) < len(known["link"].labels):
            graph.add_edge(link.source, link.target, link=link)
    graph.add_edges_from(("", start) for start in sorted(starts) if start in graph)
    graph.add_edges_from((end, " ") for end in sorted(ends) if end in graph)
    if "" not in graph or " " not in graph:
        return None
    try:
        nodes = nx.shortest_path(graph, "", " ")
    except nx.NetworkXNoPath:
        return None
    return [graph.edges[pair]["link"] for pair in zip(nodes[1:-2], nodes[2:-1], strict=True)]
