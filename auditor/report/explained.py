"""A rule's own documentation, in the parts that its docstring is written in."""

from __future__ import annotations

import inspect
import re
from typing import NamedTuple

_HEADING = re.compile(r"^([A-Z][A-Za-z ,]{2,40}):\s+(?=\S)")


class Part(NamedTuple):
    """A paragraph; its heading is empty where it has none."""

    heading: str
    text: str


def parts(explanation: str) -> tuple[Part, ...]:
    """Paragraphs in their order: `Why it matters: ...` becomes a heading and a text in one line."""
    found = []
    for paragraph in re.split(r"\n\s*\n", inspect.cleandoc(explanation)):
        text = " ".join(paragraph.split())
        if text:
            heading = _HEADING.match(text)
            found.append(Part(heading[1], text[heading.end() :]) if heading else Part("", text))
    return tuple(found)


class Span(NamedTuple):
    """A run of text, or of code."""

    text: str
    is_code: bool


def spans(text: str) -> tuple[Span, ...]:
    """Text cut at its backticks; an odd one stands for itself."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:
        pieces[-2:] = [f"{pieces[-2]}`{pieces[-1]}"]
    return tuple(Span(piece, number % 2 == 1) for number, piece in enumerate(pieces) if piece)
