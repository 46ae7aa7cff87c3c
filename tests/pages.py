"""The commands that pages of the documentation show."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import NamedTuple


class Command(NamedTuple):
    """A command of a page. `codes` are the exit codes that are right for it."""

    line: str
    argv: list[str]
    codes: frozenset[int]


def shell_lines(text: str) -> Iterator[str]:
    """The lines of all shell blocks, those that go on joined."""
    for block in re.findall(r"^```(?:shell|bash|sh|console)\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        yield from re.sub(r"\\\n\s*", " ", block).splitlines()


def commands(text: str) -> list[Command]:
    """Every command of ours in a page's shell blocks, with the exit code that the comment behind it states."""
    found = []
    for line in shell_lines(text):
        words = shlex.split(line.removeprefix("$ "), comments=True)
        if words[:1] == ["auditor"]:
            stated = re.search(r"#.*\bexit code (\d)", line)
            found.append(Command(line, words[1:], frozenset({int(stated[1])} if stated else {0, 1})))
    return found
