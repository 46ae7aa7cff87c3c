"""From paths to texts: which files are meant, and what they hold as text."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from auditor.model import AuditorError
from auditor.snapshot.diagnose import fault_in_beginning
from auditor.snapshot.text import Text, printable, read_text, shown

ENDINGS = (".json", ".jsonl", ".ndjson")
STDIN = "-"
_MAIN = "main.bicep"
"""What is taken of a folder that holds no JSON."""


class Input(NamedTuple):
    """A file to read; `path` is `None` for standard input."""

    path: Path | None
    name: str


def inputs_of(paths: Iterable[str], leave_out: Path | None = None) -> list[Input]:
    """The files that the paths mean: themselves, and every JSON file below a folder in order of name.

    Links inside a folder are followed to files that lie in it, never to folders and never out of it. `leave_out` is
    not taken from a folder: it is the file about to be written. Raises `AuditorError` where a folder has no such file.
    """
    found: dict[str, Input] = {}
    for path in paths:
        for each in [Input(None, "<stdin>")] if path == STDIN else _files_of(Path(path), leave_out):
            found.setdefault(each.name, each)
    return list(found.values())


def text_of(file: Input) -> Text:
    """What the file holds. Byte order marks and PowerShell's UTF-16 are taken; bytes that are no text are refused."""
    source = read_text(file.path, file.name, _judge, marks=True)
    _judge(source, more=False)
    return source


def _judge(source: Text, more: bool) -> None:
    """Refuse what cannot hold resources by its beginning, before the rest is read."""
    first = source.text.lstrip()[:1]
    if not first and not more:
        tip = "the command that wrote it may have failed: run it again, or leave the file out"
        raise AuditorError(f"{source.name}: the file is empty", tip)
    if first and first not in "{[":
        at = source.text.index(first)
        raise source.fault(at, f"expected {{ or [ here, but found {shown(first)}", "name a file of JSON")
    problem = fault_in_beginning(source) if first and more else None
    if problem:
        raise problem


def changed_at(file: Input) -> datetime:
    """When the file was written; now, for standard input."""
    if file.path is None:
        return datetime.now(UTC)
    try:
        return datetime.fromtimestamp(file.path.stat().st_mtime, UTC)
    except (OSError, OverflowError, ValueError) as problem:
        raise AuditorError(
            f"{file.name}: the time of the file cannot be determined: {problem}", "state it: --as-of"
        ) from problem


def _files_of(path: Path, leave_out: Path | None) -> Iterator[Input]:
    if not path.is_dir():
        yield Input(path, printable(str(path)))
        return
    out = os.path.realpath(leave_out) if leave_out else ""
    files = sorted(each for each in _walk(path) if os.path.realpath(each) != out)
    if not files and (path / _MAIN).is_file():
        files = [path / _MAIN]
    if not files:
        raise AuditorError(
            f"{printable(str(path))}: the folder holds no file that ends in {', '.join(ENDINGS)}", "name another folder"
        )
    yield from (Input(each, printable(str(each))) for each in files)


def _walk(folder: Path) -> Iterator[Path]:
    inside = os.path.realpath(folder) + os.sep

    def refuse(problem: OSError) -> None:
        raise AuditorError(
            f"{problem.filename}: the folder cannot be read: {problem.strerror}", "check its permissions"
        )

    # os.walk does not enter links to folders, so a loop of links has no way in.
    for place, _, names in os.walk(folder, onerror=refuse):
        for name in names:
            path = Path(place, name)
            if name.casefold().endswith(ENDINGS) and os.path.realpath(path).startswith(inside) and path.is_file():
                yield path
