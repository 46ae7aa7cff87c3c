"""Which chains of stations could lead from one to another. Whether a packet passes is asked elsewhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import networkx as nx


@dataclass(frozen=True)
class Link:
    """One way from a station to the next. `kind` says which; `about` is what the asker needs to judge it."""

    kind: str
    about: Hashable = None


Chain = tuple[str, ...]
"""Stations in order."""


@dataclass
class Topology:
    """A directed graph of stations. Made once, asked often; chains come out shortest first and always in one order."""

    _links: dict[tuple[str, str], list[Link]] = field(default_factory=dict)
    _graph: nx.DiGraph[str] | None = None
    _trees: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    def add(self, source: str, target: str, link: Link) -> None:
        """State that a link leads from one station to another."""
        links = self._links.setdefault((source, target), [])
        if link not in links:
            links.append(link)
        self._graph = None
        self._trees.clear()
        self.__dict__.pop("_before", None)

    @cached_property
    def _before(self) -> dict[str, set[str]]:
        """The stations right before each."""
        found: dict[str, set[str]] = defaultdict(set)
        for source, target in self._links:
            found[target].add(source)
        return found

    def links(self, source: str, target: str) -> tuple[Link, ...]:
        """Every link between two stations."""
        return tuple(self._links.get((source, target), ()))

    @property
    def graph(self) -> nx.DiGraph[str]:
        """The stations as a networkx graph, neighbours in order of their names."""
        if self._graph is None:
            import networkx as nx  # 0.2 s that only a question about paths has to pay

            self._graph = nx.DiGraph()
            self._graph.add_edges_from(sorted(self._links))
        return self._graph

    def shortest(self, source: str, target: str) -> Chain | None:
        """One shortest chain; `None` where none leads there. All chains from one station are found in one search."""
        if source not in self.graph:
            return None
        tree = self._trees.get(source)
        if tree is None:
            import networkx as nx

            tree = self._trees[source] = nx.single_source_shortest_path(self.graph, source)
        found = tree.get(target)
        return tuple(found) if found else None

    def chains(self, source: str, target: str) -> Iterator[Chain]:
        """Every chain without a station twice, shortest first, equally long ones in the order of their names.

        Meant for graphs in which traffic goes one way, where chains are few: all of them are found at once.
        """
        first = self.shortest(source, target)
        if first is None:
            return
        if self._only_one(first):
            yield first
            return
        import networkx as nx

        found = (tuple(chain) for chain in nx.all_simple_paths(self._between(source, target), source, target))
        yield from sorted(found, key=lambda chain: (len(chain), chain))

    def _between(self, source: str, target: str) -> nx.DiGraph[str]:
        """The stations and links that a chain between the two can have: reached from the one, and leading to the other.

        Walked backwards from the target, since little leads to it, and never beyond what the source reaches.
        """
        import networkx as nx

        made: nx.DiGraph[str] = nx.DiGraph()
        reached = self._trees[source].keys()
        ahead, known = [target], {target}
        while ahead:
            station = ahead.pop()
            for before in self._before[station] & reached:
                made.add_edge(before, station)
                if before not in known:
                    known.add(before)
                    if before != source:
                        ahead.append(before)
        return made

    def _only_one(self, chain: Chain) -> bool:
        """Whether every station after the first is entered from one other only, so that there is no second chain."""
        return all(self.graph.in_degree(station) == 1 for station in chain[1:])
