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
    """A directed graph of stations. Made once, asked often; chains come out shortest first and always in one order.

    The searches are short enough to be written here; networkx, which takes as long to import as a check takes to
    decide a family, is what the tests hold them against, and what an export is made of.
    """

    _links: dict[tuple[str, str], list[Link]] = field(default_factory=dict)
    _trees: dict[str, dict[str, str]] = field(default_factory=dict)

    def add(self, source: str, target: str, link: Link) -> None:
        """State that a link leads from one station to another."""
        links = self._links.setdefault((source, target), [])
        if link not in links:
            links.append(link)
        self._trees.clear()
        for worked_out in ("_before", "_after"):
            self.__dict__.pop(worked_out, None)

    @cached_property
    def _before(self) -> dict[str, set[str]]:
        """The stations right before each."""
        found: dict[str, set[str]] = defaultdict(set)
        for source, target in self._links:
            found[target].add(source)
        return found

    @cached_property
    def _after(self) -> dict[str, list[str]]:
        """The stations right after each, in order of their names."""
        found: dict[str, list[str]] = defaultdict(list)
        for source, target in sorted(self._links):
            found[source].append(target)
        return found

    def links(self, source: str, target: str) -> tuple[Link, ...]:
        """Every link between two stations."""
        return tuple(self._links.get((source, target), ()))

    @property
    def graph(self) -> nx.DiGraph[str]:
        """The stations as a networkx graph, neighbours in order of their names."""
        import networkx as nx

        made: nx.DiGraph[str] = nx.DiGraph()
        made.add_edges_from(sorted(self._links))
        return made

    def _tree(self, source: str) -> dict[str, str]:
        """The station before each that is reached from one, on a shortest chain; breadth first."""
        if source not in self._trees:
            before = {source: ""}
            ahead = [source]
            for station in ahead:
                for target in self._after.get(station, ()):
                    if target not in before:
                        before[target] = station
                        ahead.append(target)
            self._trees[source] = before
        return self._trees[source]

    def shortest(self, source: str, target: str) -> Chain | None:
        """One shortest chain; `None` where none leads there. All chains from one station are found in one search."""
        tree = self._tree(source)
        if target not in tree or (source not in self._after and source not in self._before):
            return None
        chain = [target]
        while chain[-1] != source:
            chain.append(tree[chain[-1]])
        return tuple(reversed(chain))

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
        yield from sorted(self._simple(source, target), key=lambda chain: (len(chain), chain))

    def _simple(self, source: str, target: str) -> Iterator[Chain]:
        """Every chain without a station twice, depth first, never into a station from which nothing leads there."""
        between = self._between(source, target)
        chain = [source]
        ahead = [iter(between.get(source, ()))]
        while ahead:
            station = next(ahead[-1], None)
            if station is None:
                ahead.pop()
                chain.pop()
            elif station == target:
                yield (*chain, target)
            elif station not in chain:
                chain.append(station)
                ahead.append(iter(between.get(station, ())))

    def _between(self, source: str, target: str) -> dict[str, list[str]]:
        """After each station, those that a chain between the two can go on to: reached from one, leading to the other.

        Walked backwards from the target, since little leads to it, and never beyond what the source reaches.
        """
        found: dict[str, list[str]] = defaultdict(list)
        reached = self._tree(source).keys()
        ahead, known = [target], {target}
        while ahead:
            station = ahead.pop()
            for before in self._before.get(station, set()) & reached:
                found[before].append(station)
                if before not in known:
                    known.add(before)
                    if before != source:
                        ahead.append(before)
        return found

    def _only_one(self, chain: Chain) -> bool:
        """Whether every station after the first is entered from one other only, so that there is no second chain."""
        return all(self.entries(station) == 1 for station in chain[1:])

    def entries(self, station: str) -> int:
        """From how many stations this one is entered."""
        return len(self._before.get(station, ()))
