"""The text of a file, and how its faults are told: file, line, column, one sentence and what to do."""

from __future__ import annotations

import codecs
import contextlib
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from auditor.model import AuditorError
from auditor.snapshot.model import Position

LARGEST = 1 << 30
"""Bytes that are read of one file; 10,000 resources take about 20 MB."""

_HEAD = 1 << 16
_PIECE = 1 << 20
_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}

Judge = Callable[["Text", bool], None]
"""Raises where the beginning of a text shows that the rest is not worth reading; told whether there is a rest."""


class Text:
    """A text with the name to show for it. Offsets and columns are in Unicode code points."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        found = self.text.find("\n")
        while found >= 0:
            starts.append(found + 1)
            found = self.text.find("\n", found + 1)
        return starts

    def position(self, offset: int) -> Position:
        """Line and column of an offset."""
        line = bisect_right(self._starts, offset)
        return Position(line, offset - self._starts[line - 1] + 1)

    def positions(self, offsets: Iterable[int]) -> dict[int, Position]:
        """As `position`, of many offsets, without a list of all lines: a large snapshot has millions."""
        found: dict[int, Position] = {}
        line = 1
        before = 0
        for offset in sorted(set(offsets)):
            line += self.text.count("\n", before, offset)
            before = offset
            found[offset] = Position(line, offset - self.text.rfind("\n", 0, offset))
        return found

    def fault(self, offset: int, sentence: str, tip: str) -> AuditorError:
        """The error that says what is wrong at an offset."""
        at = self.position(offset)
        return AuditorError(f"{self.name}:{at.line}:{at.column}: {sentence}", tip)


def printable(text: str) -> str:
    """A text from outside, such as a file's name, without characters that could act on a terminal."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def shown(text: str, most: int = 120) -> str:
    """As `printable`, in quotes and short."""
    return f'"{printable(text if len(text) <= most else text[: most - 1] + "…")}"'


def read_text(path: Path | None, name: str, judge: Judge, marks: bool = False) -> Text:
    """The text of a file, or of standard input where there is no path.

    `judge` sees the first 64 KiB before the rest is read. `marks` says whether a byte order mark is welcome: then
    UTF-16 is read too, as PowerShell writes it. Raises `AuditorError` where the file cannot be read or is no text.
    """
    try:
        with _opened(path) as stream:
            head = stream.read(_HEAD)
            mark = next((encoding for mark, encoding in _MARKS.items() if head.startswith(mark)), "")
            if mark:
                return _marked(name, mark, head + _rest_of(stream, name), marks)
            more = len(head) == _HEAD
            judge(Text(name, _decoded(head, name, more)), more)
            return Text(name, _decoded(head + _rest_of(stream, name) if more else head, name))
    except (OSError, ValueError) as problem:
        raise _unreadable(path, name, problem) from problem


@contextlib.contextmanager
def _opened(path: Path | None) -> Iterator[BinaryIO]:
    if path is None:
        yield sys.stdin.buffer
    else:
        with path.open("rb") as stream:
            yield stream


def _decoded(data: bytes, name: str, more: bool = False) -> str:
    """UTF-8 to text; where more follows, a character may be cut at the end."""
    nul = data.find(b"\0")
    if nul >= 0:
        raise _binary(name, nul, "a zero byte")
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(data, final=not more)
    except UnicodeDecodeError as problem:
        raise _binary(name, problem.start, f"the byte 0x{data[problem.start]:02x}, which is no UTF-8") from problem


def _marked(name: str, mark: str, data: bytes, welcome: bool) -> Text:
    kind = "UTF-16" if mark == "utf-16" else "UTF-8"
    if not welcome:
        tip = "save it as UTF-8 without a mark, or run `auditor import` on it"
        raise AuditorError(f"{name}:1:1: the file begins with the byte order mark of {kind}", tip)
    try:
        return Text(name, data.decode(mark))
    except UnicodeDecodeError as problem:
        sentence = f"{name}: byte {problem.start}: this is no {kind}, though the file begins with its mark"
        raise AuditorError(sentence, "write the file again") from problem


def _rest_of(stream: BinaryIO, name: str) -> bytes:
    # A read of the largest size would reserve that much, whatever the file holds.
    pieces: list[bytes] = []
    size = 0
    while size <= LARGEST - _HEAD and (piece := stream.read(_PIECE)):
        pieces.append(piece)
        size += len(piece)
    rest = b"".join(pieces)
    if len(rest) > LARGEST - _HEAD:
        raise AuditorError(
            f"{name}: the file is larger than {LARGEST >> 20} MiB, more than any deployment needs",
            "check that this is the right file; else split it by subscription",
        )
    return rest


def _binary(name: str, at: int, what: str) -> AuditorError:
    return AuditorError(f"{name}: byte {at}: this is no text file: it holds {what}", "name a JSON file")


def _unreadable(path: Path | None, name: str, problem: Exception) -> AuditorError:
    if isinstance(problem, FileNotFoundError):
        return AuditorError(f"{name}: there is no such file", "check the spelling and the folder you are in")
    if isinstance(problem, IsADirectoryError) or (isinstance(problem, PermissionError) and path and path.is_dir()):
        return AuditorError(f"{name}: this is a folder", "name a file in it; `auditor import` takes whole folders")
    if isinstance(problem, PermissionError):
        return AuditorError(f"{name}: you have no right to read this file", "check its permissions")
    reason = problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)
    return AuditorError(f"{name}: the file cannot be read: {reason}", "check the path and the disk")
