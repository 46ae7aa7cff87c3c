"""No module imports another that, by whatever way, imports it: not even inside a function, where no tool looks."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import networkx as nx

ROOT = Path(__file__).parents[2]


def modules() -> dict[str, Path]:
    found = {".".join(p.relative_to(ROOT).with_suffix("").parts): p for p in ROOT.glob("auditor/**/*.py")}
    return {name.removesuffix(".__init__"): path for name, path in found.items()}


def imported(tree: ast.AST, known: dict[str, Path]) -> Iterator[str]:
    """The modules of ours that a module imports, wherever in it the statement stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in known else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_no_module_stands_in_a_circle_of_imports() -> None:
    known = modules()
    graph = nx.DiGraph()
    for name, path in known.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        graph.add_edges_from((name, other) for other in imported(tree, known) if other in known and other != name)
    assert graph.number_of_edges() > 1000
    assert [sorted(circle) for circle in nx.strongly_connected_components(graph) if len(circle) > 1] == []
