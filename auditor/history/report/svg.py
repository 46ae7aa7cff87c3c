"""A trend as a picture for the page: one bar an audit, what is wrong stacked by outcome.

The page's policy lets no style through but its own, so colours come from its classes and from `currentColor`.
"""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import escape

from auditor.history.model import Trend, TrendPoint
from auditor.history.report.wording import day, span
from auditor.model import Outcome
from auditor.text.sanitise import OUTCOME_WORDS, counted

STACK = (Outcome.FAIL, Outcome.ERROR, Outcome.UNKNOWN, Outcome.WAIVED)
"""What a bar is made of, from the bottom; what holds would make every bar the same."""

_MOST = 60
_HEIGHT, _TOP, _LEFT, _BOTTOM = 160, 18, 44, 22
_PLOT, _LEGEND = 720, 110
_NARROWEST, _WIDEST = 12, 96
_DAY = 70
"""What a day takes in writing, and a little air."""


def draw(trend: Trend) -> str:
    """The newest sixty audits; an empty text where there is none."""
    points = trend.points[-_MOST:]
    if not points:
        return ""
    highest = max(2, *(_problems(point) for point in points))
    highest += highest % 2  # so that the middle of the scale is a number too
    step = min(_WIDEST, max(_NARROWEST, _PLOT // len(points)))
    right = _LEFT + step * len(points)
    width, height = right + 20 + _LEGEND, _TOP + _HEIGHT + _BOTTOM
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    parts = [
        f'<svg {size} role="img" aria-label="{escape(described(trend))}" font-size="11" fill="currentColor">',
        *_axis(highest, right),
        *(bar for n, point in enumerate(points) for bar in _bar(point, _LEFT + n * step, step, highest)),
        *_days(points, step, height - 6),
        *_legend(points, right + 20),
    ]
    return "".join((*parts, "</svg>"))


def _days(points: tuple[TrendPoint, ...], step: int, y: int) -> Iterator[str]:
    """The day of as many bars as there is room to write, from the newest backwards."""
    every = -(-_DAY // step)
    for n in range(len(points) - 1, -1, -every):
        yield _label(_LEFT + n * step + step / 2, y, day(points[n].at), "middle")


def described(trend: Trend) -> str:
    """The same in words."""
    first, last = trend.points[0], trend.points[-1]
    if first is last:
        return f"1 audit, of {day(last.at)}: {last.summary.get(Outcome.FAIL, 0):,} fail"
    fails = [point.summary.get(Outcome.FAIL, 0) for point in (first, last)]
    audits = counted(len(trend.points), "audit")
    text = f"{audits} from {day(first.at)} to {day(last.at)}: {fails[0]:,} failed at first, {fails[1]:,} fail now"
    mean = trend.mean_time_to_fix
    return f"{text}; fixing took {span(mean)} on average" if mean is not None else text


def _problems(point: TrendPoint) -> int:
    return sum(point.summary.get(outcome, 0) for outcome in STACK)


def _axis(highest: int, right: int) -> Iterator[str]:
    for share in (0, 0.5, 1):
        y = _TOP + _HEIGHT - share * _HEIGHT
        yield f'<path d="M{_LEFT - 4} {y:.0f}H{right}" stroke="currentColor" stroke-opacity="0.25" fill="none"/>'
        yield _label(_LEFT - 8, y + 4, f"{highest * share:,.0f}", "end")


def _bar(point: TrendPoint, left: int, step: int, highest: int) -> Iterator[str]:
    """The stack of one audit, with its numbers for whoever points at it."""
    said = ", ".join(f"{point.summary.get(o, 0):,} {OUTCOME_WORDS[o].lower()}" for o in STACK if point.summary.get(o))
    yield f"<g><title>{day(point.at)}: {escape(said or 'nothing wrong')}</title>"
    bottom, wide = float(_TOP + _HEIGHT), step * 0.7
    place = f'x="{left + step * 0.15:.1f}" width="{wide:.1f}"'
    for outcome in STACK:
        size = _HEIGHT * point.summary.get(outcome, 0) / highest
        if size:
            bottom -= size
            yield f'<rect class="fill-{outcome.value}" {place} y="{bottom:.1f}" height="{size:.1f}"/>'
    if bottom == _TOP + _HEIGHT:
        yield f'<rect class="fill-pass" {place} y="{bottom - 3:.1f}" height="3"/>'
    yield "</g>"


def _legend(points: tuple[TrendPoint, ...], x: int) -> Iterator[str]:
    shown = [outcome for outcome in STACK if any(point.summary.get(outcome) for point in points)]
    for n, outcome in enumerate(shown):
        y = _TOP + 4 + n * 18
        yield f'<rect class="fill-{outcome.value}" x="{x}" y="{y}" width="11" height="11"/>'
        yield _label(x + 17, y + 10, OUTCOME_WORDS[outcome].lower(), "start")


def _label(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}">{escape(text)}</text>'
