"""What a finished drawing is made of: boxes, lines and text at their places, in units of the view box."""

from __future__ import annotations

from dataclasses import dataclass, field

from auditor.picture.draw.text_metrics import text_width
from auditor.picture.model import State, Tally


@dataclass(frozen=True)
class Rect:
    """A rectangle; y grows downwards."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.y + self.height

    def meets(self, other: Rect) -> bool:
        """Whether the two share more than an edge."""
        return self.x < other.right and other.x < self.right and self.y < other.bottom and other.y < self.bottom

    def holds(self, other: Rect) -> bool:
        """Whether the other lies within."""
        return self.x <= other.x and self.y <= other.y and other.right <= self.right and other.bottom <= self.bottom


@dataclass(frozen=True)
class Text:
    """A line of text at its baseline. `look` is a class of the style sheet; `middle` centres it at `x`."""

    x: float
    y: float
    says: str
    size: float
    look: str
    bold: bool = False
    middle: bool = False

    @property
    def width(self) -> float:
        """How wide it is drawn."""
        return text_width(self.says, self.size, self.bold)

    @property
    def rect(self) -> Rect:
        """The box around its letters."""
        x = self.x - self.width / 2 if self.middle else self.x
        return Rect(x, self.y - self.size * 0.76, self.width, self.size * 0.98)


@dataclass(frozen=True)
class Badge:
    """The findings of a box, in its upper right corner; one without words is a tick."""

    rect: Rect
    look: str
    text: Text | None


@dataclass(frozen=True)
class Icon:
    """A small drawing."""

    name: str
    x: float
    y: float
    look: str = "e-icon"


@dataclass(frozen=True)
class Box:
    """A thing or a place that holds things. `title` is what it says when asked, `tally` its findings."""

    key: str
    rect: Rect
    look: str
    title: str
    texts: tuple[Text, ...] = ()
    icons: tuple[Icon, ...] = ()
    badge: Badge | None = None
    radius: float = 6
    is_zone: bool = False
    tally: Tally = field(default_factory=Tally)


@dataclass(frozen=True)
class Line:
    """A link, as points of a line with right angles; the last has the arrowhead. `ends` are the keys of both things."""

    points: tuple[tuple[float, float], ...]
    state: State
    look: str
    title: str
    pill: tuple[Rect, Text] | None = None
    arrow: bool = True
    ends: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Drawing:
    """A finished drawing."""

    width: float
    height: float
    title: str
    summary: str
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    texts: tuple[Text, ...] = ()
    samples: tuple[Line, ...] = ()
    icons: tuple[Icon, ...] = ()
