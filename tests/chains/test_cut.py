"""The smallest cut: nothing is left, nothing smaller does, and networkx agrees where it can say."""

from __future__ import annotations

from itertools import combinations, pairwise

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from auditor.chains.cut import smallest_cut

LABELS = "abcdefg"
RANKS = {label: n for n, label in enumerate(LABELS)}
SETS = st.lists(st.frozensets(st.sampled_from(LABELS), max_size=4), max_size=9)


@given(SETS)
def test_it_meets_every_chain_and_no_smaller_set_does(chains: list[frozenset[str]]) -> None:
    found = smallest_cut(chains, RANKS)
    wanted = [chain for chain in chains if chain]
    assert all(chain & set(found) for chain in wanted)
    for smaller in combinations(LABELS, max(len(found) - 1, 0)):
        assert not found or not all(chain & set(smaller) for chain in wanted)


@given(SETS)
def test_the_order_of_chains_changes_nothing(chains: list[frozenset[str]]) -> None:
    assert smallest_cut(chains, RANKS) == smallest_cut(reversed(chains), RANKS)


NODES = "SABCDE"
EDGES = st.sets(st.tuples(st.sampled_from(NODES), st.sampled_from("ABCDET")).filter(lambda e: e[0] < e[1]), max_size=12)


@given(EDGES)
def test_where_each_step_has_a_fix_of_its_own_it_is_the_minimum_cut(edges: set[tuple[str, str]]) -> None:
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from("ST")
    graph.add_edges_from(edges, capacity=1)
    chains = [frozenset("".join(step) for step in pairwise(path)) for path in nx.all_simple_paths(graph, "S", "T")]
    found = smallest_cut(chains, {"".join(edge): 0 for edge in edges})
    value, _ = nx.minimum_cut(graph, "S", "T")
    assert len(found) == value
    graph.remove_edges_from((label[0], label[1]) for label in found)
    assert not nx.has_path(graph, "S", "T")


def test_of_equals_the_first_is_taken() -> None:
    assert smallest_cut([frozenset("ab")], RANKS) == ("a",)
    assert smallest_cut([frozenset("ab")], {"a": 1, "b": 0}) == ("b",)
    assert smallest_cut([], {}) == ()
    assert smallest_cut([frozenset()], {}) == ()
