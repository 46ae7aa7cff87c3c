"""The commands that pages of the documentation show."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import NamedTuple

USUAL = frozenset({0, 1})
"""The exit codes that are right for a command of which nothing else is said."""


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
            found.append(Command(line, words[1:], frozenset({int(stated[1])}) if stated else USUAL))
    return found


def mentioned(text: str) -> list[Command]:
    """The commands inside of sentences; `auditor check` by itself names one and is none."""
    spans = [shlex.split(span) for span in spans_of(text) if span.startswith("auditor ")]
    return [Command(shlex.join(words), words[1:], USUAL) for words in spans if len(words) > 2 or words[1][0] == "-"]


def spans_of(text: str) -> list[str]:
    """What stands between backticks outside of blocks."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose)]
