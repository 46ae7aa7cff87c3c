"""What is wrong with a baseline: collected to the end, said all at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from auditor.model import AuditorError

_SHOWN = 200
"""More than this many mistakes are counted, not shown: a file of that many is not a baseline gone wrong."""


class Placed(Protocol):
    """Anything that knows where it stands: lines and columns count from 1."""

    @property
    def path(self) -> str:
        """The file."""

    @property
    def line(self) -> int:
        """The line."""

    @property
    def column(self) -> int:
        """The column, in code points."""


@dataclass(frozen=True, order=True)
class Mistake:
    """One sentence about one place."""

    path: str
    line: int
    column: int
    says: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.says}"


@dataclass
class Mistakes:
    """Everything that is wrong so far, in whichever file."""

    found: list[Mistake] = field(default_factory=list)

    def at(self, place: Placed, says: str) -> None:
        """Note a mistake at a place."""
        self.found.append(Mistake(place.path, place.line, place.column, says))

    def speak(self) -> None:
        """Raise `BaselineError` with every mistake, sorted by file and place, if there is any."""
        if self.found:
            raise BaselineError(sorted(set(self.found)))


class BaselineError(AuditorError):
    """A baseline says what no baseline can say; `mistakes` are sorted by file, line and column."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__(_told(mistakes))
        self.mistakes = tuple(mistakes)


def _told(mistakes: list[Mistake]) -> str:
    if len(mistakes) == 1:
        return str(mistakes[0])
    lines = [f"{len(mistakes)} mistakes", *(f"  {mistake}" for mistake in mistakes[:_SHOWN])]
    if len(mistakes) > _SHOWN:
        lines.append(f"  and {len(mistakes) - _SHOWN} more")
    return "\n".join(lines)


def meant(word: str, choices: Iterable[str], most: int = 1) -> str:
    """`; did you mean ...?` where some of the choices are near, nearest first; else the empty string."""
    lowered = {choice.lower(): choice for choice in choices}
    near = difflib.get_close_matches(word.lower(), list(lowered), n=most)
    return f"; did you mean {one_of(lowered[word] for word in near)}?" if near else ""


def one_of(choices: Iterable[str]) -> str:
    """`a`, `b` or `c`."""
    *most, last = [f"`{choice}`" for choice in choices]
    return f"{', '.join(most)} or {last}" if most else last


def all_of(names: Iterable[str]) -> str:
    """`a`, `b` and `c`."""
    *most, last = [f"`{name}`" for name in names]
    return f"{', '.join(most)} and {last}" if most else last
