"""The drawing: nothing lies over anything else, nothing is outside, and no line runs through a box."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise

import pytest

from auditor.picture.draw.layout import drawing_of
from auditor.picture.draw.shapes import (
    Box,
    Drawing,
    Line,
    Rect,
    Text,
)
from auditor.picture.model import INTERNET, Picture, State
from tests.builders.pictures import (
    COMPLIANT,
    REFERENCE,
    large,
    small,
    world,
)

HOSTILE = "<script>\"'&\u202e]]>\x1b\u0301\u0301\u0301\U0001f600 漢字漢字漢字漢字漢字漢字 "
PICTURES = {
    "reference": world(REFERENCE),
    "compliant": world(COMPLIANT),
    "nothing": small(),
    "large": large(),
    "wide": large(1, 30, "x"),
    "deep": large(7, 3),
    "hostile": large(2, 4, HOSTILE),
}
DRAWN = {name: drawing_of(picture) for name, picture in PICTURES.items()}


@pytest.fixture(params=PICTURES)
def picture(request: pytest.FixtureRequest) -> Picture:
    return PICTURES[request.param]


@pytest.fixture(params=DRAWN)
def drawing(request: pytest.FixtureRequest) -> Drawing:
    return DRAWN[request.param]


def nodes(drawing: Drawing) -> list[Box]:
    return [box for box in drawing.boxes if not box.is_zone]


def shrunk(rect: Rect, by: float = 0.5) -> Rect:
    return Rect(rect.x + by, rect.y + by, rect.width - 2 * by, rect.height - 2 * by)


def all_texts(drawing: Drawing) -> Iterator[Text]:
    """Every text, those of boxes, badges and lines included."""
    yield from drawing.texts
    for box in drawing.boxes:
        yield from box.texts
        if box.badge is not None and box.badge.text is not None:
            yield box.badge.text
    for line in (*drawing.lines, *drawing.samples):
        if line.pill is not None:
            yield line.pill[1]


def test_no_two_texts_overlap(drawing: Drawing) -> None:
    texts = [(text.says, shrunk(text.rect)) for text in all_texts(drawing) if text.says]
    assert [(a, b) for (a, ra), (b, rb) in combinations(texts, 2) if ra.meets(rb)] == []


def test_no_two_things_overlap_and_places_hold_what_is_in_them(drawing: Drawing) -> None:
    boxes = [(box.key, box.rect) for box in nodes(drawing)]
    assert [(a, b) for (a, ra), (b, rb) in combinations(boxes, 2) if ra.meets(rb)] == []
    zones = [box for box in drawing.boxes if box.is_zone]
    for one, other in combinations(zones, 2):
        assert not one.rect.meets(other.rect) or one.rect.holds(other.rect) or other.rect.holds(one.rect)
    for zone in zones:
        for box in nodes(drawing):
            assert not zone.rect.meets(box.rect) or zone.rect.holds(box.rect), (zone.key, box.key)


def test_everything_is_inside(drawing: Drawing) -> None:
    page = Rect(0, 0, drawing.width, drawing.height)
    for box in drawing.boxes:
        assert page.holds(box.rect), box.key
        assert box.badge is None or page.holds(box.badge.rect)
    for text in all_texts(drawing):
        assert page.holds(text.rect), text.says
    for line in (*drawing.lines, *drawing.samples):
        assert all(0 < x < drawing.width and 0 < y < drawing.height for x, y in line.points)


def test_words_stay_in_their_box(drawing: Drawing) -> None:
    for box in drawing.boxes:
        assert [text.says for text in box.texts if not box.rect.holds(text.rect)] == []
        assert box.badge is None or box.badge.text is None or box.badge.rect.holds(box.badge.text.rect)


def stretches(line: Line) -> list[Rect]:
    found = []
    for (x0, y0), (x1, y1) in pairwise(line.points):
        assert x0 == x1 or y0 == y1, "a line has right angles only"
        found.append(Rect(min(x0, x1), min(y0, y1), abs(x1 - x0), abs(y1 - y0)))
    return found


def test_no_line_runs_through_a_thing(drawing: Drawing) -> None:
    """A line may touch the boxes at its two ends, and cross the frame of a place; never a thing."""
    for line in drawing.lines:
        for stretch in stretches(line):
            crossed = [box.key for box in nodes(drawing) if stretch.meets(shrunk(box.rect))]
            assert crossed == [], line.title


def test_no_line_runs_through_words(drawing: Drawing) -> None:
    words = [text for box in drawing.boxes if box.is_zone for text in box.texts] + list(drawing.texts)
    for line in drawing.lines:
        for stretch in stretches(line):
            assert [text.says for text in words if stretch.meets(text.rect)] == [], line.title


def test_every_item_is_drawn_once(picture: Picture) -> None:
    drawn = [box.key for box in drawing_of(picture).boxes]
    assert sorted(drawn) == sorted(item.key for item in picture.items())


def test_every_link_is_drawn(picture: Picture) -> None:
    drawn = [line.title for line in drawing_of(picture).lines]
    assert len(drawn) == len(picture.links)


def test_lines_begin_and_end_at_their_boxes() -> None:
    drawing = DRAWN["reference"]
    picture = PICTURES["reference"]
    rects = {box.key: box.rect for box in drawing.boxes}
    assert sorted(line.ends for line in drawing.lines) == sorted((link.source, link.target) for link in picture.links)
    for line in drawing.lines:
        for key, (x, y) in zip(line.ends, (line.points[0], line.points[-1]), strict=True):
            rect = rects[key]
            assert rect.x <= x <= rect.right, line.title
            assert rect.y <= y <= rect.bottom, line.title


def test_what_does_not_simply_hold_has_words_on_its_line() -> None:
    """Not by colour alone: the line is dashed in its own way, and says so."""
    for link, line in ((link, line) for link in PICTURES["reference"].links for line in DRAWN["reference"].lines
                       if line.title == link.says and link.state is not State.HOLDS):  # fmt: skip
        assert line.pill is not None
        assert line.pill[1].says.startswith({"open": "OPEN", "broken": "✕", "unknown": "?"}[link.state])
    assert {line.pill[1].says for line in DRAWN["reference"].lines if line.pill} == {"443", "OPEN 443", "OPEN"}


def test_a_private_endpoint_stands_beside_its_service() -> None:
    rects = {box.key.rpartition("/")[2]: box.rect for box in nodes(DRAWN["compliant"])}
    assert rects["pep-kv-aibase"].y == rects["kv-aibase"].y
    assert rects["pep-kv-aibase"].right < rects["kv-aibase"].x


def test_the_internet_is_on_top(drawing: Drawing) -> None:
    top = next(box for box in drawing.boxes if box.key == INTERNET)
    assert all(box.rect.y > top.rect.bottom for box in drawing.boxes if box is not top)


def test_the_same_picture_gives_the_same_drawing(picture: Picture) -> None:
    assert drawing_of(picture) == drawing_of(picture)
