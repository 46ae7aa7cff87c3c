"""The links as lines of a drawing, with their words on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from auditor.picture.draw.edge_routing import (
    LANE,
    STRIPS,
    Leg,
    Route,
    Routes,
    needs_pill,
)
from auditor.picture.draw.rows import (
    BAR,
    MARGIN,
    SUBNETS,
    Rows,
)
from auditor.picture.draw.shapes import Line, Rect, Text
from auditor.picture.draw.text_metrics import text_width
from auditor.picture.model import INTERNET, LinkKind, State

_PILL = 10.0
_PILL_HEIGHT = 14.0
_FROM_RIGHT = (3, STRIPS - 1)
"""Strips whose lines come from the left column of theirs or the right one: see `Columns.lane`."""
_BETWEEN_ADDRESSES = 12.0
_STATES = {State.HOLDS: "e-holds", State.OPEN: "e-open", State.BROKEN: "e-broken", State.UNKNOWN: "e-not-known"}


@dataclass(frozen=True)
class Columns:
    """Left edges and widths of the columns, left edges of the strips, and what stands in each strip."""

    x: Mapping[int, float]
    widths: Mapping[int, float]
    strips: Mapping[int, float]
    pills: Mapping[int, float]
    lanes: Mapping[int, int]
    right: float

    def rect(self, key: str, rows: Rows) -> Rect:
        """Where a thing stands."""
        slot = rows.slots[key]
        for row in rows.address_rows:
            if key in row:
                return self._address(row.index(key), slot.y, slot.height)
        return Rect(self.x[slot.column], slot.y, self.widths[slot.column], slot.height)

    def _address(self, n: int, y: float, height: float) -> Rect:
        """Three in a row over the width of the networks."""
        left, right = self.x[0] - 22, self.x[1] + self.widths[1] + 22
        width = (right - left - 2 * _BETWEEN_ADDRESSES) / 3
        return Rect(left + n * (width + _BETWEEN_ADDRESSES), y, width, height)

    def zone(self, first: int, last: int, y: float, height: float, padding: float) -> Rect:
        """The box around a stretch of columns."""
        left = self.x[first] - padding
        return Rect(left, y, self.x[last] + self.widths[last] + padding - left, height)

    def lane(self, leg: Leg) -> float:
        """The x of a lane. Lines into a column from the left have their pills at its left edge, so the lanes stand
        before those; lines out to the right have the pills first."""
        start = self.strips[leg.strip]
        if leg.strip in _FROM_RIGHT:
            start += self.pills.get(leg.strip, 0.0)
        lane = self.lanes[leg.strip] - 1 - leg.lane if leg.strip == 3 else leg.lane
        return start + LANE * (lane + 1) - 2


def lines_of(routes: Routes, rows: Rows, columns: Columns) -> tuple[Line, ...]:
    """Every route as a line; what stands out is drawn last, on top. Where words would lie over words, the lines run
    into one: what stands out most is said."""
    drawn = sorted((_line(route, rows, columns) for route in routes.routes), key=lambda line: line.state.rank)
    kept: list[Rect] = []
    said: list[Line] = []
    for line in drawn:
        if line.pill is not None and any(line.pill[0].meets(rect) for rect in kept):
            said.append(replace(line, pill=None))
            continue
        kept += [line.pill[0]] if line.pill is not None else []
        said.append(line)
    return tuple(reversed(said))


def _line(route: Route, rows: Rows, columns: Columns) -> Line:
    points = _points(route, rows, columns)
    link = route.link
    return Line(
        points=points,
        state=link.state,
        look=f"e-line e-{link.kind.name.lower()} {_STATES[link.state]}",
        title=link.says,
        pill=_pill(route, points),
        arrow=link.kind is not LinkKind.PEERING,
        ends=(link.source, link.target),
    )


def _points(route: Route, rows: Rows, columns: Columns) -> tuple[tuple[float, float], ...]:
    if not route.legs:
        return _straight(route, rows, columns)
    points: list[tuple[float, float]] = []
    link = route.link
    if link.source != INTERNET:
        points += _start(route, rows, columns)
    for leg in route.legs:
        x = columns.lane(leg) if leg.strip >= 0 else columns.rect(link.target, rows).x - _BETWEEN_ADDRESSES / 2
        points += [(x, leg.start), (x, leg.end)]
    if link.target != INTERNET:
        points.append((_side(link.target, route.end_side, rows, columns), route.end))
    return tuple(dict.fromkeys(points))


def _start(route: Route, rows: Rows, columns: Columns) -> list[tuple[float, float]]:
    """The first point; a line from a public address goes down to its channel first."""
    if route.start_side == 0:
        rect = columns.rect(route.link.source, rows)
        middle = rect.x + rect.width / 2
        return [(middle, rect.bottom), (middle, route.start)]
    return [(_side(route.link.source, route.start_side, rows, columns), route.start)]


def _side(key: str, side: int, rows: Rows, columns: Columns) -> float:
    if key not in rows.slots:
        zone = next(zone for zone in rows.zones if zone.item.key == key)
        return columns.zone(zone.first, zone.last, zone.y, zone.height, 22).x
    rect = columns.rect(key, rows)
    return rect.x if side < 0 else rect.right


def _straight(route: Route, rows: Rows, columns: Columns) -> tuple[tuple[float, float], ...]:
    if route.link.source == INTERNET:
        rect = columns.rect(route.link.target, rows)
        x = rect.x + rect.width / 2
        return (x, MARGIN + BAR), (x, rect.y)
    start = _side(route.link.source, route.start_side, rows, columns)
    return (start, route.start), (_side(route.link.target, route.end_side, rows, columns), route.end)


# --- words on lines ---------------------------------------------------------------------------------------------------


def _pill(route: Route, points: tuple[tuple[float, float], ...]) -> tuple[Rect, Text] | None:
    words = needs_pill(route.link)
    behind = route.link.source == INTERNET and route.pill_strip < 0 and bool(route.legs)
    if not words or behind or (route.link.state is State.HOLDS and route.pill_strip == SUBNETS):
        return None
    width = text_width(words, _PILL, bold=True) + 10
    x, y = _anchor(route, points, width)
    rect = Rect(x, y - _PILL_HEIGHT / 2, width, _PILL_HEIGHT)
    return rect, Text(x + width / 2, y + 3.6, words, _PILL, "e-pill-text", bold=True, middle=True)


def _anchor(route: Route, points: tuple[tuple[float, float], ...], width: float) -> tuple[float, float]:
    """Left end and middle of a pill: on the stretch next to the box that it is about."""
    last = points[-1]
    if route.link.source == INTERNET and route.pill_strip < 0:
        return points[0][0] - width / 2, points[0][1] + 14
    if route.link.target == INTERNET:
        first = points[0]
        return (first[0] + 16, first[1]) if route.start_side > 0 else (first[0] - 4 - width, first[1])
    if route.end_side < 0:
        return last[0] - 12 - width, last[1]
    return last[0] + 12, last[1]
