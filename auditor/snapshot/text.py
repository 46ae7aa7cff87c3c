"""The text of a file, and how its faults are told: file, line, column, one sentence and what to do."""

from __future__ import annotations

import stat
from bisect import bisect_right
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from auditor.model import AuditorError
from auditor.snapshot.model import Position

LARGEST = 1 << 30
"""Bytes that are read of one file; 10,000 resources take about 20 MB."""

_HEAD = 1 << 16


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

    def fault(self, offset: int, sentence: str, tip: str) -> AuditorError:
        """The error that says what is wrong at an offset."""
        at = self.position(offset)
        return AuditorError(f"{self.name}:{at.line}:{at.column}: {sentence}", tip)


def shown(text: str, most: int = 120) -> str:
    """A text from outside, in quotes, short and without characters that could act on a terminal."""
    short = text if len(text) <= most else text[: most - 1] + "…"
    return '"' + "".join(each if each.isprintable() else ascii(each)[1:-1] for each in short) + '"'


def read_bytes(path: Path, name: str, check_head: bool = True) -> bytes:
    """The bytes of a file. Raises `AuditorError` where it cannot be read; noise is refused by its first 64 KiB."""
    try:
        with path.open("rb") as stream:
            head = _head_of(stream, name, check_head)
            return head if len(head) < _HEAD else head + _rest_of(stream, name)
    except (OSError, ValueError) as problem:
        raise _unreadable(path, name, problem) from problem


def read_stream(stream: BinaryIO, name: str) -> bytes:
    """As `read_bytes`, of what is already open."""
    head = _head_of(stream, name, check=True)
    return head if len(head) < _HEAD else head + _rest_of(stream, name)


def decoded(data: bytes, name: str) -> str:
    """UTF-8 to text. Raises `AuditorError` with the offset of the first byte that is none."""
    nul = data.find(b"\0")
    if nul >= 0:
        raise _binary(name, nul, "a zero byte")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise _binary(name, problem.start, f"the byte 0x{data[problem.start]:02x}, which is no UTF-8") from problem


def encoding_mark(data: bytes) -> str:
    """The encoding that a byte order mark at the start announces, or empty."""
    marks = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
    return next((encoding for mark, encoding in marks.items() if data.startswith(mark)), "")


def _head_of(stream: BinaryIO, name: str, check: bool) -> bytes:
    head = stream.read(_HEAD)
    if check and not encoding_mark(head):
        # A character may be cut at the end of the piece; only what lies well before it is judged.
        cut = len(head) - 4 if len(head) == _HEAD else len(head)
        _judge_head(head, cut, name)
    return head


def _judge_head(head: bytes, cut: int, name: str) -> None:
    try:
        decoded(head, name)
    except AuditorError as problem:
        cause = problem.__cause__
        if isinstance(cause, UnicodeDecodeError) and cause.start >= cut:
            return
        raise


def _rest_of(stream: BinaryIO, name: str) -> bytes:
    rest = stream.read(LARGEST - _HEAD + 1)
    if len(rest) > LARGEST - _HEAD:
        raise AuditorError(
            f"{name}: the file is larger than {LARGEST >> 20} MiB, more than any deployment needs",
            "check that this is the right file; else split it by subscription",
        )
    return rest


def _binary(name: str, at: int, what: str) -> AuditorError:
    return AuditorError(f"{name}: byte {at}: this is no text file: it holds {what}", "name a JSON file")


def _unreadable(path: Path, name: str, problem: Exception) -> AuditorError:
    if isinstance(problem, FileNotFoundError):
        return AuditorError(f"{name}: there is no such file", "check the spelling and the folder you are in")
    if isinstance(problem, IsADirectoryError) or _is_folder(path):
        return AuditorError(f"{name}: this is a folder", "name a file in it; `auditor import` takes whole folders")
    if isinstance(problem, PermissionError):
        return AuditorError(f"{name}: you have no right to read this file", "check its permissions")
    reason = problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)
    return AuditorError(f"{name}: the file cannot be read: {reason}", "check the path and the disk")


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except (OSError, ValueError):
        return False
