"""A drawing as SVG: for the page, with links to its findings and the page's style sheet, or as a file of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape

from auditor.model import ArmId
from auditor.picture.draw.icons import ICONS
from auditor.picture.draw.kinds import spoken
from auditor.picture.draw.layout import drawing_of
from auditor.picture.draw.shapes import (
    Badge,
    Box,
    Drawing,
    Icon,
    Line,
    Rect,
    Text,
)
from auditor.picture.draw.text_metrics import FAMILY
from auditor.picture.model import INTERNET, Picture
from auditor.report.chain_text import token
from auditor.shipped import shipped
from auditor.text.sanitise import clip, visible, visible_lines

_CORNER = 5.0
_TITLE = 2000


def svg_of(picture: Picture) -> str:
    """A file of its own: brings its style sheet, follows light and dark, links nowhere."""
    style = (shipped("reports/assets") / "picture.css").read_text(encoding="utf-8")
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return head + "\n".join(_svg(drawing_of(picture), style, lambda _: "")) + "\n"


def embedded_svg(picture: Picture, anchor: Callable[[str], str]) -> str:
    """For the page: no style of its own, since the page's policy stops it. `anchor` gives the id of the row that shows
    a finding, by fingerprint; empty where the page does not show it."""
    return "\n".join(_svg(drawing_of(picture), "", anchor, named=True)) + "\n"


def _svg(drawing: Drawing, style: str, anchor: Callable[[str], str], named: bool = False) -> Iterator[str]:
    size = f'viewBox="0 0 {_n(drawing.width)} {_n(drawing.height)}"'
    shown = f'width="{_n(drawing.width)}" height="{_n(drawing.height)}"'
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="estate" {size} {shown} font-family="{FAMILY}"'
        ' role="group" aria-labelledby="estate-title" aria-describedby="estate-summary">'
    )
    yield f'<title id="estate-title">{_words(drawing.title)}</title>'
    yield f'<desc id="estate-summary">{_words(drawing.summary)}</desc>'
    if style:
        yield f"<style>\n{style}</style>"
        yield f'<rect class="e-page" width="{_n(drawing.width)}" height="{_n(drawing.height)}"/>'
    for box in drawing.boxes:
        if box.is_zone:
            yield from _box(box, anchor, named)
    for line in (*drawing.lines, *drawing.samples):
        yield from _line(line, named)
    for box in drawing.boxes:
        if not box.is_zone:
            yield from _box(box, anchor, named)
    for line in drawing.lines:
        yield from _pill(line)
    for icon in drawing.icons:
        yield _icon(icon)
    for text in drawing.texts:
        yield _text(text)
    yield "</svg>"


# --- boxes ------------------------------------------------------------------------------------------------------------


def _name(key: str) -> str:
    """The name by which the page's chains find something in the picture."""
    return key if key in (INTERNET, "") else token(ArmId(key))


def _box(box: Box, anchor: Callable[[str], str], named: bool) -> Iterator[str]:
    target = anchor(box.tally.first) if box.tally.first else ""
    label = escape(_label(box), quote=True) if target else ""
    node = f' data-node="{_name(box.key)}"' if named else ""
    zone = ' class="e-zone-group"' if named and box.is_zone else ""
    yield f'<a href="#{target}" aria-label="{label}"{zone}{node}>' if target else f"<g{zone}{node}>"
    yield f"<title>{_words(box.title)}</title>"
    yield from _shape(box)
    if box.badge is not None:
        yield from _badge(box.badge)
    yield "</a>" if target else "</g>"


def _label(box: Box) -> str:
    """What a link is called: first what is seen of it (WCAG 2.2, 2.5.3), then its full name and its findings."""
    seen = [text.says for text in box.texts]
    seen += [box.badge.text.says] if box.badge is not None and box.badge.text is not None else []
    name = box.title.partition("\n")[0]
    return visible(clip(", ".join((" ".join(seen), name, spoken(box.tally))), _TITLE))


def _shape(box: Box) -> Iterator[str]:
    yield _rect(box.rect, box.look, box.radius)
    for icon in box.icons:
        yield _icon(icon)
    for text in box.texts:
        yield _text(text)


def _badge(badge: Badge) -> Iterator[str]:
    r = badge.rect
    yield _rect(r, badge.look, r.height / 2)
    if badge.text is not None:
        yield _text(badge.text)
    else:
        yield f'<path class="e-tick-mark" d="M{_n(r.x + 3.5)} {_n(r.y + 7.2)}l2.6 2.8l4.6-5.4"/>'


def _icon(icon: Icon) -> str:
    return f'<path class="{icon.look}" transform="translate({_n(icon.x)} {_n(icon.y)})" d="{ICONS[icon.name]}"/>'


def _rect(rect: Rect, look: str, radius: float) -> str:
    where = f'x="{_n(rect.x)}" y="{_n(rect.y)}" width="{_n(rect.width)}" height="{_n(rect.height)}"'
    return f'<rect class="{look}" {where} rx="{_n(radius)}"/>'


def _text(text: Text) -> str:
    weight = ' font-weight="700"' if text.bold else ""
    anchor = ' text-anchor="middle"' if text.middle else ""
    # Whatever font the reader has, the words keep to the room that was planned for them.
    fit = f' textLength="{_n(text.width)}" lengthAdjust="spacingAndGlyphs"' if text.says else ""
    where = f'x="{_n(text.x)}" y="{_n(text.y)}" font-size="{_n(text.size)}"'
    return f'<text class="{text.look}" {where}{weight}{anchor}{fit}>{escape(text.says)}</text>'


# --- lines ------------------------------------------------------------------------------------------------------------


def _line(line: Line, named: bool) -> Iterator[str]:
    ends = f' data-ends="{" ".join(map(_name, line.ends))}"' if named and all(line.ends) else ""
    yield f'<g class="{line.look}"{ends}>'
    yield f"<title>{_words(line.title)}</title>"
    yield f'<path class="e-stroke" d="{_path(line.points)}"/>'
    if line.arrow:
        yield f'<path class="e-head" d="{_head(line.points)}"/>'
    yield "</g>"


def _pill(line: Line) -> Iterator[str]:
    if line.pill is not None:
        rect, text = line.pill
        yield f'<g class="{line.look} e-pill">{_rect(rect, "e-pill-box", 7)}{_text(text)}</g>'


def _path(points: tuple[tuple[float, float], ...]) -> str:
    """A line through all points, its corners rounded; it ends a little early, under the arrowhead."""
    first, *rest = points
    said = [f"M{_n(first[0])} {_n(first[1])}"]
    for n, corner in enumerate(rest[:-1]):
        before, after = points[n], rest[n + 1]
        near, far = _towards(corner, before), _towards(corner, after)
        said.append(f"L{_n(near[0])} {_n(near[1])}Q{_n(corner[0])} {_n(corner[1])} {_n(far[0])} {_n(far[1])}")
    said.append(f"L{_n(rest[-1][0])} {_n(rest[-1][1])}")
    return "".join(said)


def _towards(start: tuple[float, float], end: tuple[float, float]) -> tuple[float, float]:
    length = abs(end[0] - start[0]) + abs(end[1] - start[1])
    step = min(_CORNER, length / 2) / length if length else 0.0
    return start[0] + (end[0] - start[0]) * step, start[1] + (end[1] - start[1]) * step


def _head(points: tuple[tuple[float, float], ...]) -> str:
    (x0, y0), (x, y) = points[-2:]
    dx, dy = _sign(x - x0), _sign(y - y0)
    left = (x - 8 * dx - 4 * dy, y - 8 * dy - 4 * dx)
    right = (x - 8 * dx + 4 * dy, y - 8 * dy + 4 * dx)
    return f"M{_n(x)} {_n(y)}L{_n(left[0])} {_n(left[1])}L{_n(right[0])} {_n(right[1])}z"


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


# --- text -------------------------------------------------------------------------------------------------------------


def _words(text: str) -> str:
    return escape(visible_lines(text[:_TITLE]), quote=False)


def _n(value: float) -> str:
    return f"{round(value, 1):g}"
