"""From a picture to a drawing: where the columns are, and every box, word and line at its place."""

from __future__ import annotations

from auditor.picture.draw.bands import bands_of
from auditor.picture.draw.description import summary_of, title_of
from auditor.picture.draw.edge_routing import (
    LANE,
    STRIPS,
    Routes,
    needs_pill,
    routes_of,
)
from auditor.picture.draw.kinds import (
    about,
    badge,
    kind_of,
    spoken,
)
from auditor.picture.draw.lines import Columns, lines_of
from auditor.picture.draw.rows import (
    BAR,
    ENDPOINTS,
    INSIDE,
    MARGIN,
    RULES,
    SERVICES,
    SUBNETS,
    Zone,
    rows_of,
)
from auditor.picture.draw.shapes import (
    Badge,
    Box,
    Drawing,
    Icon,
    Rect,
    Text,
)
from auditor.picture.draw.text_metrics import fitted, text_width
from auditor.picture.model import (
    INTEGRATION,
    INTERNET,
    Item,
    Picture,
    State,
    Tally,
)
from auditor.text.sanitise import counted

NAME, SMALL, HEADING, PILL = 12.0, 10.5, 13.0, 10.0
WIDTHS = {SUBNETS: 200.0, ENDPOINTS: 192.0, SERVICES: 190.0, RULES: 126.0, INSIDE: 184.0}
"""The width of a box in each column."""

_INNER = 10.0
_ZONE = 12.0
_LEAST = {SUBNETS: 22.0, ENDPOINTS: 30.0, SERVICES: 44.0, RULES: 44.0, INSIDE: 12.0, STRIPS - 1: 12.0}
"""The least width of the strip before each column; what a strip needs beyond is for its lanes and pills."""


def drawing_of(picture: Picture) -> Drawing:
    """Lay out a picture. Pure: the same picture gives the same drawing."""
    rows = rows_of(picture)
    routes = routes_of(picture, rows)
    columns = _columns(routes)
    width = columns.right + MARGIN
    boxes = [_internet(picture, width), *(_zone(zone, columns) for zone in rows.zones)]
    boxes += [_node(slot.item, columns.rect(slot.item.key, rows)) for slot in rows.slots.values()]
    bands = bands_of(picture, rows.bottom + 20, width, _node)
    lines = lines_of(routes, rows, columns)
    services = Text(columns.x[SERVICES], rows.services_title + 17, "Services", HEADING, "e-name", bold=True)
    return Drawing(
        width=width,
        height=bands.bottom + MARGIN,
        title=title_of(picture),
        summary=summary_of(picture),
        boxes=(*boxes, *bands.boxes),
        lines=lines,
        texts=((services, *bands.texts) if picture.services else bands.texts),
        samples=bands.samples,
        icons=bands.icons,
    )


# --- columns ----------------------------------------------------------------------------------------------------------


def _columns(routes: Routes) -> Columns:
    """Left edges of the columns, with room for the lanes and pills between them."""
    pills: dict[int, float] = {}
    for route in routes.routes:
        words = needs_pill(route.link)
        if words and route.pill_strip >= 0:
            room = text_width(words, PILL, bold=True) + 18
            pills[route.pill_strip] = max(pills.get(route.pill_strip, 0.0), room)
    x: dict[int, float] = {}
    lanes: dict[int, float] = {}
    at = MARGIN - 8
    for strip in range(STRIPS):
        count = routes.lanes.get(strip, 0)
        room = max(_LEAST[strip], LANE * (count + 1) + pills.get(strip, 0.0))
        outer, inner = _paddings(strip)
        lanes[strip] = at + inner
        at += inner + room + outer
        if strip < STRIPS - 1:
            x[strip] = at
            at += WIDTHS[strip]
    return Columns(x, WIDTHS, lanes, pills, routes.lanes, at - _paddings(STRIPS - 1)[0])


def _paddings(strip: int) -> tuple[float, float]:
    """What zones take at a strip: after it for those that begin there, before it for those that end there."""
    begins = {SUBNETS: _ZONE + _INNER, ENDPOINTS: _INNER, RULES: _ZONE, INSIDE: 0.0}
    ends = {ENDPOINTS: _INNER, SERVICES: _INNER + _ZONE, STRIPS - 1: _INNER + 8}
    return begins.get(strip, 0.0), ends.get(strip, 0.0)


# --- boxes ------------------------------------------------------------------------------------------------------------


def _internet(picture: Picture, width: float) -> Box:
    rect = Rect(MARGIN, MARGIN, width - 2 * MARGIN, BAR)
    name = Text(rect.x + 38, rect.y + 25, "Internet", HEADING, "e-name", bold=True)
    room = rect.width - 260
    says = Text(rect.x + 108, rect.y + 25, fitted(_ways(picture), SMALL, room), SMALL, "e-soft")
    doors = Text(says.rect.right + 16, rect.y + 25, _doors(picture), SMALL, "e-alarm", bold=True)
    icon = Icon("globe", rect.x + 13, rect.y + 12)
    return Box(
        INTERNET, rect, "e-internet", "The Internet", (name, says, *([doors] if doors.says else [])), (icon,), radius=8
    )


def _ways(picture: Picture) -> str:
    ways = sum(link.source == INTERNET and link.state is State.HOLDS for link in picture.links)
    return f"{counted(ways, 'inbound path')} as intended" if ways else "no inbound path"


def _doors(picture: Picture) -> str:
    opened = sum(link.state is State.OPEN for link in picture.links)
    return counted(opened, "open path") if opened else ""


def _zone(zone: Zone, columns: Columns) -> Box:
    outer = zone.look != "e-subnet"
    rect = columns.zone(zone.first, zone.last, zone.y, zone.height, _INNER + (_ZONE if zone.look == "e-network" else 0))
    room = (columns.widths[zone.first] if outer else rect.width) - 36
    if zone.look == "e-zone-managed":
        room = rect.width - 36
    size = HEADING if outer else NAME
    name = f"Managed network of {zone.item.name}" if zone.look == "e-zone-managed" else zone.item.name
    left = rect.x + _INNER + (22 if outer else 0)
    texts = (
        Text(left, rect.y + 20, fitted(name, size, room - (22 if outer else 0), bold=True), size, "e-name", bold=True),
        Text(left, rect.y + 33, fitted(zone.note, SMALL, room), SMALL, "e-soft"),
    )
    icons = (Icon("network", rect.x + _INNER, rect.y + 12),) if outer else _guard(zone, rect)
    look = zone.look + (" e-unguarded" if zone.guard == "" else "")
    guarded = "" if zone.guard is None else f"\n{_guarded(zone.guard)}"
    title = f"{_title(zone.item)}\n{zone.note}{guarded}"
    return Box(zone.item.key, rect, look, title, texts, icons, _badge(zone.item.tally, rect), 10 if outer else 8,
               is_zone=True, tally=zone.item.tally)  # fmt: skip


def _guard(zone: Zone, rect: Rect) -> tuple[Icon, ...]:
    look = "e-icon" if zone.guard else "e-icon e-icon-open"
    return (Icon("shield" if zone.guard else "no-shield", rect.right - 24, rect.y + 13, look),)


def _guarded(guard: str) -> str:
    return f"guarded by {guard}" if guard else "no security group"


def _node(item: Item, rect: Rect) -> Box:
    """A thing: its icon, its name, what it is, and its findings at the corner."""
    icon = Icon(kind_of(item).icon, rect.x + 9, rect.y + (min(rect.height, 40) - 16) / 2)
    room = rect.width - 32 - 8
    first = rect.y + (19 if item.type != INTEGRATION else 17)
    texts = [Text(rect.x + 32, first, fitted(item.name, NAME, room, bold=True), NAME, "e-name", bold=True)]
    if item.type != INTEGRATION:
        texts.append(Text(rect.x + 32, rect.y + 32, fitted(about(item), SMALL, room), SMALL, "e-soft"))
    look = f"e-node {_severity_look(item.tally)}" + ("" if item.seen else " e-unseen")
    return Box(item.key, rect, look.strip(), _title(item), tuple(texts), (icon,), _badge(item.tally, rect),
               tally=item.tally)  # fmt: skip


def _severity_look(tally: Tally) -> str:
    if tally.fails:
        return f"e-{tally.severity}"
    return "e-unknown" if tally.unknown or tally.errors else ""


def _title(item: Item) -> str:
    lines = [item.name, kind_of(item).word]
    lines += [part for part in (item.part, item.note) if part and part != kind_of(item).word]
    lines += [item.id] if item.id else []
    lines += [spoken(item.tally)] if item.tally.judged else []
    return "\n".join(lines + ([] if item.seen else ["not in this snapshot"]))


def _badge(tally: Tally, rect: Rect) -> Badge | None:
    """Astride the upper edge, so that it takes no room from the name."""
    words = badge(tally)
    if not words and not tally.passes:
        return None
    if not words:
        return Badge(Rect(rect.right - 22, rect.y - 7, 14, 14), "e-tick", None)
    width = text_width(words, PILL, bold=True) + 14
    box = Rect(rect.right - 8 - width, rect.y - 8, width, 16)
    look = f"e-badge {_severity_look(tally)}-badge"
    return Badge(box, look, Text(box.x + width / 2, box.y + 11.6, words, PILL, "e-badge-text", bold=True, middle=True))
