"""Chains of stations are those that networkx finds, in one order."""

from __future__ import annotations

from itertools import pairwise

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.estate.paths import Link, Topology

STATIONS = "abcdefg"
EDGES = st.lists(st.tuples(st.sampled_from(STATIONS), st.sampled_from(STATIONS)), max_size=20)
ENDS = st.sampled_from([*STATIONS, "elsewhere"])


def topology(edges: list[tuple[str, str]]) -> Topology:
    made = Topology()
    for source, target in edges:
        made.add(source, target, Link("peering"))
    return made


@settings(max_examples=300)
@given(EDGES, ENDS, ENDS)
def test_a_shortest_chain_is_as_short_as_one_of_networkx(
    edges: list[tuple[str, str]], source: str, target: str
) -> None:
    made = topology(edges)
    found = made.shortest(source, target)
    graph = made.graph
    if source not in graph or target not in graph or not nx.has_path(graph, source, target):
        assert found is None
        return
    assert found is not None
    assert len(found) == len(nx.shortest_path(graph, source, target))
    assert all(graph.has_edge(one, other) for one, other in pairwise(found))


@settings(max_examples=300)
@given(EDGES, ENDS, ENDS)
def test_the_chains_are_all_simple_paths_of_networkx(edges: list[tuple[str, str]], source: str, target: str) -> None:
    made = topology(edges)
    found = list(made.chains(source, target))
    graph = made.graph
    if source == target:
        assert found == ([(source,)] if source in graph else [])
        return
    there = source in graph and target in graph
    expected = {tuple(chain) for chain in nx.all_simple_paths(graph, source, target)} if there else set()
    assert set(found) == expected
    assert found == sorted(found, key=lambda chain: (len(chain), chain))


@given(EDGES)
def test_a_station_is_entered_from_as_many_as_networkx_counts(edges: list[tuple[str, str]]) -> None:
    made = topology(edges)
    assert {station: made.entries(station) for station in made.graph} == dict(made.graph.in_degree())
