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
        """Raise `AuditorError` with every mistake, sorted by file and line, if there is any."""
        found = sorted(set(self.found))
        if not found:
            return
        if len(found) == 1:
            raise AuditorError(str(found[0]))
        lines = [f"{len(found)} mistakes", *(f"  {mistake}" for mistake in found[:_SHOWN])]
        if len(found) > _SHOWN:
            lines.append(f"  and {len(found) - _SHOWN} more")
        raise AuditorError("\n".join(lines))


def meant(word: str, choices: Iterable[str]) -> str:
    """`; did you mean ...?` where one of the choices is near, else the empty string."""
    near = difflib.get_close_matches(word, list(choices), n=1)
    return f"; did you mean `{near[0]}`?" if near else ""


def one_of(choices: Iterable[str]) -> str:
    """`a`, `b` or `c`."""
    *most, last = [f"`{choice}`" for choice in choices]
    return f"{', '.join(most)} or {last}" if most else last


def all_of(names: Iterable[str]) -> str:
    """`a`, `b` and `c`."""
    *most, last = [f"`{name}`" for name in names]
    return f"{', '.join(most)} and {last}" if most else last
