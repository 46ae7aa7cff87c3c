"""Which snapshot files arguments mean: files, folders and patterns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from auditor.commands.options.output import is_snapshot
from auditor.model import AuditorError

_WILD = frozenset("*?[")


def are_several(arguments: Iterable[Path]) -> bool:
    """Whether arguments ask for more than one file: a single name that is no folder and no pattern does not."""
    first, *others = arguments
    return bool(others) or first.is_dir() or _is_pattern(first)


def snapshots_in(arguments: Iterable[Path]) -> tuple[Path, ...]:
    """The snapshot files that arguments mean, each once, in the order of the arguments, then of their names.

    A file that is named is meant whatever it holds. In a folder, and among what a pattern finds, snapshots are meant,
    and other files are not: results and signatures lie beside them. Raises `AuditorError` where an argument means none.
    """
    found: dict[Path, None] = {}
    for argument in arguments:
        meant = list(_meant(argument))
        if not meant:
            raise AuditorError(f"{argument}: there is no snapshot", "a folder or a pattern has to lead to *.json files")
        found.update(dict.fromkeys(meant))
    return tuple(found)


def _meant(argument: Path) -> Iterator[Path]:
    if argument.is_dir():
        yield from (path for path in sorted(argument.rglob("*.json")) if is_snapshot(path))
    elif _is_pattern(argument):
        root = Path(argument.anchor) if argument.is_absolute() else Path()
        pattern = str(argument.relative_to(argument.anchor)) if argument.is_absolute() else str(argument)
        yield from (path for path in sorted(root.glob(pattern)) if is_snapshot(path))
    else:
        yield argument


def _is_pattern(argument: Path) -> bool:
    """A file may be called as a pattern reads."""
    return not argument.exists() and bool(_WILD & set(str(argument)))
