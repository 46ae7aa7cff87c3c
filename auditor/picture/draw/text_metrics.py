"""How wide text is, so that it fits its box wherever the picture is shown."""

from __future__ import annotations

import unicodedata

from auditor.text.sanitise import visible

FAMILY = "Arial, Helvetica, Liberation Sans, sans-serif"
"""Three typefaces of the same widths: one of them is on every system, and what is measured here holds for all."""

# Advance widths of the printable ASCII characters from the space on, in thousandths of the type size
# (Adobe Core 14 AFM, Helvetica and Helvetica-Bold, 1997; Arial and Liberation Sans are metrically compatible).
_PLAIN = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
)  # fmt: skip
_BOLD = (
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611,
    975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556,
    333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611,
    611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584,
)  # fmt: skip
_MARKS = {"…": 1000, "·": 278, "–": 556, "→": 1000, "✓": 800}
_OTHER = 1000
_ASTRAL = 1500
_ELLIPSIS = "…"
_CUT = 200
_STACKED = 1


def text_width(text: str, size: float, bold: bool = False) -> float:
    """How wide a line of text is, in the units of `size`. Exact for ASCII, and at least as wide for all else."""
    table = _BOLD if bold else _PLAIN
    return sum(_advance(character, table) for character in text) * size / 1000


def _advance(character: str, table: tuple[int, ...]) -> int:
    code = ord(character)
    if 32 <= code < 127:
        return table[code - 32]
    return _MARKS.get(character, _ASTRAL if code > 0xFFFF else _OTHER)


def fitted(text: str, size: float, room: float, bold: bool = False) -> str:
    """The text as it can be shown in a line of that width. What is too long loses its middle: names that begin alike
    end differently. What cannot be seen is spelled out first."""
    shown = _unstacked(visible(text[: _CUT * 5]))
    if text_width(shown, size, bold) <= room:
        return shown
    shown = shown[:_CUT] + shown[-_CUT:] if len(shown) > 2 * _CUT else shown
    low, high = 0, len(shown)
    while low < high:
        middle = (low + high + 1) // 2
        if text_width(_shortened(shown, middle), size, bold) <= room:
            low = middle
        else:
            high = middle - 1
    return _shortened(shown, low)


def _shortened(text: str, keep: int) -> str:
    head, tail = (keep + 1) // 2, keep // 2
    return f"{text[:head].rstrip()}{_ELLIPSIS}{text[len(text) - tail :].lstrip() if tail else ''}"


def _unstacked(text: str) -> str:
    """At most one mark above or below a letter: piles of them reach into the lines around."""
    if text.isascii():
        return text
    kept: list[str] = []
    stacked = 0
    for character in text:
        stacked = stacked + 1 if unicodedata.combining(character) else 0
        if stacked <= _STACKED:
            kept.append(character)
    return "".join(kept)
