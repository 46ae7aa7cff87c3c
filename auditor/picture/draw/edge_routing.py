"""Which way each link takes: straight where both ends stand in one row, else by lanes between the columns.

Lanes run from top to bottom in the strips beside the columns, so that no link runs through a box: strip `n` is to the
left of column `n`, the last one is to the right of all. Channels run from left to right under the rows of public
addresses. Lines that end at the same box share a lane.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from auditor.picture.draw.rows import (
    BAR,
    INSIDE,
    MARGIN,
    SERVICES,
    SUBNETS,
    Rows,
    Slot,
)
from auditor.picture.model import (
    INTERNET,
    Link,
    LinkKind,
    Picture,
    State,
)

STRIPS = INSIDE + 2
LANE = 10.0
_APART = 8.0
_PEERS = 12.0


@dataclass
class Leg:
    """A stretch of a route in a strip. `lane` counts from the side where lines come from; one that `loops` goes back
    to its own column."""

    strip: int
    start: float
    end: float
    group: str
    loops: bool = False
    lane: int = 0

    @property
    def span(self) -> tuple[float, float]:
        """Its upper and lower end."""
        return min(self.start, self.end), max(self.start, self.end)


@dataclass
class Route:
    """A link's way: from a side of its source over legs to a side of its target. A side is -1 for left, 1 for right,
    0 for from below or above. No legs: a straight line."""

    link: Link
    start: float
    start_side: int
    end: float
    end_side: int
    legs: list[Leg] = field(default_factory=list)
    pill_strip: int = -1


@dataclass(frozen=True)
class Routes:
    """Every route, and how many lanes each strip has."""

    routes: tuple[Route, ...]
    lanes: Mapping[int, int]


def routes_of(picture: Picture, rows: Rows) -> Routes:
    """Find a way for every link whose ends are drawn, and a lane for each of its legs."""
    router = _Router(rows)
    found = tuple(route for link in picture.links if (route := router.route(link)) is not None)
    return Routes(found, _assign_lanes(leg for route in found for leg in route.legs))


class _Router:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._zones = {zone.item.key: zone for zone in rows.zones}
        self._channels: dict[int, int] = defaultdict(int)
        self._row_of = {key: n for n, row in enumerate(rows.address_rows) for key in row}

    def route(self, link: Link) -> Route | None:
        if link.kind is LinkKind.PEERING:
            return self._peering(link)
        slots = self._rows.slots
        if link.target == INTERNET:
            return self._out(link, slots[link.source]) if link.source in slots else None
        if link.target not in slots or (link.source != INTERNET and link.source not in slots):
            return None
        target = slots[link.target]
        if link.source == INTERNET:
            return self._in(link, target)
        if link.source in self._row_of:
            return self._from_address(link, target)
        return self._between(link, slots[link.source], target)

    # --- to and from the Internet ----------------------------------------------------------------------------------

    def _in(self, link: Link, target: Slot) -> Route:
        bar = MARGIN + BAR
        if link.target in self._row_of:
            if self._row_of[link.target] == 0:
                return Route(link, bar, 0, target.y, 0)
            # Behind the first row: down beside the address above, and in from the left.
            return Route(link, bar, 0, target.middle, -1, [Leg(-1, bar, target.middle, link.target)])
        strip = target.column if target.column != INSIDE else STRIPS - 1
        side = -1 if target.column != INSIDE else 1
        y = target.y + 7 if target.column == SERVICES else target.middle
        return Route(link, bar, 0, y, side, [Leg(strip, bar, y, link.target)], strip)

    def _out(self, link: Link, source: Slot) -> Route:
        strip = STRIPS - 1 if source.column == INSIDE else source.column
        side = 1 if source.column == INSIDE else -1
        leg = Leg(strip, source.middle, MARGIN + BAR, f"out {link.source}")
        return Route(link, source.middle, side, MARGIN + BAR, 0, [leg], strip)

    def _from_address(self, link: Link, target: Slot) -> Route:
        """Down from the address, along its channel, down beside the column of its owner."""
        row = self._row_of[link.source]
        side, strip = (-1, target.column) if target.column <= SERVICES else (1, target.column + 1)
        channel = self._channel(row)
        y = target.middle - 7 if target.column == SERVICES else target.middle
        return Route(link, channel, 0, y, side, [Leg(strip, channel, y, link.target)], strip)

    def _channel(self, row: int) -> float:
        """The next free line under a row of addresses; above the networks where there is no such row."""
        self._channels[row] += 1
        under = self._rows.channels[row] if row >= 0 else self._rows.top - 20
        return under + 4 + 6 * self._channels[row]

    # --- between boxes ---------------------------------------------------------------------------------------------

    def _between(self, link: Link, source: Slot, target: Slot) -> Route:
        if source.column == target.column:
            strip = source.column + 1
            start, end = source.middle + 8, target.middle - 8
            return Route(link, start, 1, end, 1, [Leg(strip, start, end, link.target, loops=True)], strip)
        right = source.column < target.column
        strip = source.column + (1 if right else 0)
        last = target.column + (0 if right else 1)
        if strip == last and _in_row(source, target):
            return Route(link, source.middle, 1 if right else -1, source.middle, -1 if right else 1, [], strip)
        out, into = self._ports(link, source, target)
        sides = (1, -1) if right else (-1, 1)
        if strip == last:
            return Route(link, out, sides[0], into, sides[1], [Leg(strip, out, into, link.target)], strip)
        # Over a column: up to the channel above everything, along it, and down again.
        above = self._channel(len(self._rows.channels) - 1)
        legs = [Leg(strip, out, above, link.source), Leg(last, above, into, link.target)]
        return Route(link, out, sides[0], into, sides[1], legs, last)

    def _ports(self, link: Link, source: Slot, target: Slot) -> tuple[float, float]:
        """Where a line that is not straight leaves and arrives: beside the straight ones."""
        out = source.middle if link.kind is LinkKind.WAY else source.middle + 8
        if target.column == SERVICES:
            return out, target.y + target.height - 7
        return out, target.middle

    def _peering(self, link: Link) -> Route | None:
        source, target = self._zones.get(link.source), self._zones.get(link.target)
        if source is None or target is None:
            return None
        start, end = source.y + _PEERS, target.y + _PEERS
        leg = Leg(SUBNETS, start, end, f"peering {link.source} {link.target}")
        return Route(link, start, -1, end, -1, [leg], SUBNETS)


def _in_row(source: Slot, target: Slot) -> bool:
    return target.y + 3 <= source.middle <= target.y + target.height - 3


# --- lanes ------------------------------------------------------------------------------------------------------------


def _assign_lanes(legs: Iterable[Leg]) -> Mapping[int, int]:
    """Give each group of legs the first lane that is free along it; the order keeps most lines from crossing."""
    groups: dict[tuple[int, str], list[Leg]] = defaultdict(list)
    for leg in legs:
        if leg.strip >= 0:
            groups[leg.strip, leg.group].append(leg)
    taken: dict[int, list[list[tuple[float, float]]]] = defaultdict(list)
    for (strip, _), found in sorted(groups.items(), key=lambda entry: _order(entry[0], entry[1])):
        span = min(leg.span[0] for leg in found), max(leg.span[1] for leg in found)
        lanes = taken[strip]
        # A later line may share a lane only with those before it: the order must stay.
        free = next((n for n, lane in enumerate(lanes) if n == len(lanes) - 1 and _is_free(lane, span)), len(lanes))
        if free == len(lanes):
            lanes.append([])
        lanes[free].append(span)
        for leg in found:
            leg.lane = free
    return {strip: len(lanes) for strip, lanes in taken.items()}


def _order(key: tuple[int, str], legs: list[Leg]) -> tuple[int, bool, bool, float, str]:
    """Lines back to their own column first; then those that go up, the upper ones nearest to where they come from;
    then those that go down, the other way round."""
    strip, group = key
    end = legs[0].end
    down = end > max(leg.start for leg in legs)
    return strip, not legs[0].loops, down, -end if down else end, group


def _is_free(lane: list[tuple[float, float]], span: tuple[float, float]) -> bool:
    return all(span[1] + _APART < start or end + _APART < span[0] for start, end in lane)


def needs_pill(link: Link) -> str:
    """The words on a link that does not simply hold; and on a way in, what it is for."""
    if link.state is State.OPEN:
        return f"OPEN {link.label}".strip()
    if link.state is State.BROKEN:
        return f"✕ {link.label or 'blocked'}"
    if link.state is State.UNKNOWN:
        return f"? {link.label}".strip()
    return link.label
