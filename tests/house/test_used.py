"""Nothing public is in the product that the product does not use: what only a test calls belongs to the test."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from auditor.cli import auditor as program
from auditor.rules import all_rules

ROOT = Path(__file__).parents[2]
PRODUCT = sorted((ROOT / "auditor").rglob("*.py"))

CALLED_BY_OTHERS = {
    "cert_verify": "urllib3",
    "do_GET": "http.server",
    "format_commands": "click",
    "get_command": "click",
    "handle_error": "socketserver",
    "ignore_aliases": "PyYAML",
    "list_commands": "click",
    "log_message": "http.server",
}
"""What a library calls by its name."""
ALLOWED = {
    "FederatedCredential": "a view of the documents' room, whose readers are still being moved there",
    "revoke": "the stand-in's answer to a token that Entra ID revoked; the collector is tested with it",
}
"""What stays for a reason."""
_REGISTERS = ("command", "decides", "function", "group")
"""Decorators that hand a function to a table, from which it is called."""


@cache
def trees() -> tuple[tuple[Path, ast.Module], ...]:
    """Every module of the product."""
    return tuple((path, ast.parse(path.read_text(encoding="utf-8"))) for path in PRODUCT)


def defined() -> Iterator[tuple[str, str]]:
    """Functions, methods and classes of the product with their place; nested ones are their function's own."""
    for path, tree in trees():
        for holder in (tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))):
            for node in holder.body:
                if isinstance(node, ast.FunctionDef | ast.ClassDef) and not _registered(node):
                    yield f"{path.relative_to(ROOT).as_posix()}:{node.lineno}", node.name


def _registered(node: ast.FunctionDef | ast.ClassDef) -> bool:
    words = {name for each in node.decorator_list for name in re.findall(r"\w+", ast.unparse(each).split("(")[0])}
    return node.name.startswith("__") or bool(words & set(_REGISTERS))


@cache
def used() -> Counter[str]:
    """How often each name is read in the product: as a name, an attribute, or a word of a template."""
    found: Counter[str] = Counter()
    for _, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                found[node.id] += 1
            elif isinstance(node, ast.Attribute):
                found[node.attr] += 1
    for path in (ROOT / "reports" / "templates").iterdir():
        found.update(re.findall(r"\w+", path.read_text(encoding="utf-8")))
    return found


def test_the_product_uses_what_it_defines() -> None:
    uses = used()
    unused = [f"{place}: {name}" for place, name in defined() if not uses[name] and name not in CALLED_BY_OTHERS]
    left = [each for each in unused if each.rpartition(" ")[2] not in ALLOWED]
    assert not left, "\n".join(["only tests use these; move them there, or remove them:", *left])


def test_what_is_excused_is_there_and_unused() -> None:
    uses, names = used(), {name for _, name in defined()}
    assert set(ALLOWED) | set(CALLED_BY_OTHERS) <= names
    assert not [name for name in ALLOWED if uses[name]]


def test_tables_are_found() -> None:
    names = {name for _, name in defined()}
    assert not names & {rule.decide.__name__ for rule in all_rules()}
    assert program.name not in names
