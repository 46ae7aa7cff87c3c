"""What stands below the networks: identities, what else has findings, what could not be read, and the legend."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from auditor.picture.draw.rows import GAP, MARGIN, NODE
from auditor.picture.draw.shapes import (
    Box,
    Icon,
    Line,
    Rect,
    Text,
)
from auditor.picture.draw.text_metrics import fitted, text_width
from auditor.picture.model import (
    IdentityPicture,
    Item,
    Picture,
    State,
)

_HEADING, _SMALL = 13.0, 10.5
_LEAST = 196.0
_LINE = 16.0

_LEGEND = (
    ("e-line e-way e-holds", State.HOLDS, "inbound path"),
    ("e-line e-private e-holds", State.HOLDS, "private endpoint"),
    ("e-line e-managed e-holds", State.HOLDS, "managed private endpoint"),
    ("e-line e-outbound e-holds", State.HOLDS, "approved outbound path"),
    ("e-line e-way e-open", State.OPEN, "open path"),
    ("e-line e-way e-broken", State.BROKEN, "does not get through"),
    ("e-line e-way e-not-known", State.UNKNOWN, "not known"),
)


@dataclass(frozen=True)
class Bands:
    """The lower part of a drawing."""

    bottom: float
    boxes: tuple[Box, ...]
    texts: tuple[Text, ...]
    samples: tuple[Line, ...]
    icons: tuple[Icon, ...]


def bands_of(picture: Picture, top: float, width: float, node: Callable[[Item, Rect], Box]) -> Bands:
    """Lay out everything below `top`."""
    y = top
    boxes: list[Box] = []
    texts: list[Text] = []
    for heading, items in (
        ("Identities, and what runs as them", [_identity(each) for each in picture.identities]),
        ("Also with findings", list(picture.others)),
    ):
        if items:
            texts.append(Text(MARGIN, y + 12, heading, _HEADING, "e-name", bold=True))
            placed = _grid(items, y + 26, width)
            boxes += [node(item, rect) for item, rect in placed]
            y = placed[-1][1].bottom + 18
    for gap in picture.gaps:
        says = fitted(f"? Not in the picture: {gap}", _SMALL, width - 2 * MARGIN, bold=True)
        texts.append(Text(MARGIN, y + 9, says, _SMALL, "e-gap", bold=True))
        y += _LINE
    samples, words, icons, y = _legend(y + 4, width)
    return Bands(y, tuple(boxes), (*texts, *words), samples, icons)


def _identity(held: IdentityPicture) -> Item:
    who = ", ".join(held.carriers) or "nothing"
    return replace(held.item, part=f"of {who}")


def _grid(items: list[Item], top: float, width: float) -> list[tuple[Item, Rect]]:
    """Boxes of one width in as many rows as it takes."""
    room = width - 2 * MARGIN
    across = max(1, int((room + GAP) // (_LEAST + GAP)))
    box = (room - (across - 1) * GAP) / across
    return [
        (item, Rect(MARGIN + n % across * (box + GAP), top + n // across * (NODE + GAP), box, NODE))
        for n, item in enumerate(items)
    ]


def _legend(top: float, width: float) -> tuple[tuple[Line, ...], tuple[Text, ...], tuple[Icon, ...], float]:
    x, y = MARGIN, top + 8
    lines: list[Line] = []
    texts: list[Text] = []
    for look, state, words in _LEGEND:
        need = 34 + text_width(words, _SMALL) + 20
        if x + need > width - MARGIN:
            x, y = MARGIN, y + _LINE
        lines.append(Line(((x, y), (x + 28, y)), state, look, words))
        texts.append(Text(x + 34, y + 3.6, words, _SMALL, "e-soft"))
        x += need
    if x + 170 > width - MARGIN:
        x, y = MARGIN, y + _LINE
    icon = Icon("shield", x, y - 8)
    texts.append(Text(x + 22, y + 3.6, "has a security group", _SMALL, "e-soft"))
    return tuple(lines), tuple(texts), (icon,), y + 8
