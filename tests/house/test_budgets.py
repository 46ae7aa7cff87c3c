"""The house stays readable: no room is too big, no function over 60 lines, nine in ten within 30."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "auditor").rglob("*.py"))


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Each function with its length, docstring left out."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first, last = node.body[0], node.end_lineno or node.lineno
            documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
            doc = (first.end_lineno or first.lineno) - first.lineno + 1 if documented else 0
            yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", last - node.lineno + 1 - doc


def test_there_is_something_to_measure() -> None:
    assert len(SOURCES) > 40


def test_no_room_is_too_big() -> None:
    """A room of more than 15 % of all lines holds more than one subject. Files bend no design: they may be long."""
    lines: Counter[str] = Counter()
    for path in SOURCES:
        room = path.relative_to(ROOT / "auditor").parts[0]
        lines[room] += path.read_text(encoding="utf-8").count("\n")
    room, most = lines.most_common(1)[0]
    assert most <= 0.15 * lines.total(), f"auditor/{room} has {most} of {lines.total()} lines"


def test_no_function_is_long() -> None:
    long = [(name, size) for path in SOURCES for name, size in functions(path) if size > 60]
    assert not long


def test_nine_in_ten_functions_fit_thirty_lines() -> None:
    sizes = sorted(size for path in SOURCES for _, size in functions(path))
    assert sizes[int(len(sizes) * 0.9)] <= 30


def test_no_loose_ends_are_left_in_the_text() -> None:
    marks = ("TO" + "DO", "FIX" + "ME", "XX" + "X")
    found = [f"{path.name}: {mark}" for path in SOURCES for mark in marks if mark in path.read_text(encoding="utf-8")]
    assert not found
