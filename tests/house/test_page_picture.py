"""The picture in a real browser: nothing complains, everybody can use it, and what was measured is what is drawn."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from auditor.picture.draw.description import sections_of
from auditor.picture.draw.svg import embedded_svg, svg_of
from auditor.picture.model import Picture
from auditor.report import Context
from auditor.report.digest import Digest
from auditor.report.html import render
from tests.browser import Browser, chromium
from tests.builders.pictures import (
    COMPLIANT,
    REFERENCE,
    large,
    result_of,
    world,
)
from tests.node import node_module

pytestmark = pytest.mark.slow

HOSTILE = "</script><script>alert(1)</script>\"'&\u202e\u0301 漢字 \U0001f600 "
_AXE = """
const done = arguments[arguments.length - 1];
axe.run(document, {resultTypes: ["violations"]}).then(
  (found) => done(found.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.html + n.failureSummary).join(" | "))),
  (problem) => done(["axe failed: " + problem]));
"""
_TEXTS = """
return [...document.querySelectorAll("svg.estate text")].map((t) => {
  const b = t.getBoundingClientRect();
  return [t.textContent, b.left, b.top, b.right, b.bottom];
})
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def axe() -> str:
    return (node_module("axe-core") / "axe.min.js").read_text(encoding="utf-8")


def page(name: str, picture: Picture | None = None) -> str:
    """The page of a world with its picture, or with another one."""
    result, drawn = result_of(name), picture or world(name)
    anchors = Digest(result).anchors
    svg = embedded_svg(drawn, lambda fingerprint: anchors.get(fingerprint, ""))
    return render(result, Context(picture=svg, picture_words=sections_of(drawn)))


def show(browser: Browser, text: str, path: Path, **view: Any) -> None:
    path.write_text(text, encoding="utf-8")
    browser.call("/url", {"url": "about:blank"})
    browser.appear(**view)
    browser.log("performance")
    browser.log("browser")
    browser.open(path)


@pytest.mark.parametrize("view", [{}, {"dark": True}, {"width": 360, "height": 780}], ids=["light", "dark", "phone"])
@pytest.mark.parametrize("name", [REFERENCE, COMPLIANT])
def test_everybody_can_use_the_page_with_its_picture(
    browser: Browser, axe: str, tmp_path: Path, name: str, view: dict[str, Any]
) -> None:
    show(browser, page(name), tmp_path / "report.html", **view)
    browser.run("document.querySelectorAll('.drawn details').forEach((d) => d.open = true)")
    assert browser.run("return document.documentElement.scrollWidth") <= view.get("width", 1280)
    browser.run(axe)
    assert browser.run_later(_AXE) == []
    assert browser.log("browser") == []
    assert [url for url in browser.requests() if not url.startswith("data:")] == [(tmp_path / "report.html").as_uri()]


def test_names_that_mean_harm_stay_words(browser: Browser, axe: str, tmp_path: Path) -> None:
    show(browser, page(REFERENCE, large(1, 3, HOSTILE)), tmp_path / "report.html")
    browser.run(axe)
    assert browser.run_later(_AXE) == []
    assert browser.log("browser") == []
    assert browser.run("return document.scripts.length") == 1


def test_a_thing_with_problems_leads_to_its_first_finding(browser: Browser, tmp_path: Path) -> None:
    show(browser, page(REFERENCE), tmp_path / "report.html")
    browser.run("document.querySelector('input[value=critical]').click()")
    links = browser.run(
        "return [...document.querySelectorAll('svg.estate a')].map((a) => a.getAttribute('href').slice(1))"
    )
    assert len(links) > 20
    assert browser.run("return arguments[0].filter((id) => !document.getElementById(id))", links) == []
    # What the filters hide is shown when a link leads there.
    hidden = browser.run("return arguments[0].find((id) => !document.getElementById(id).checkVisibility())", links)
    assert hidden
    browser.run("document.querySelector(`svg.estate a[href='#${arguments[0]}'] rect`)"
                ".dispatchEvent(new MouseEvent('click', {bubbles: true}))", hidden)  # fmt: skip
    shown = (
        "const done = arguments[arguments.length - 1];"
        "setTimeout(() => done(document.getElementById(arguments[0]).checkVisibility()), 200)"
    )
    assert browser.run_later(shown, hidden)


@pytest.mark.parametrize("name", [REFERENCE, COMPLIANT, "large", "hostile"])
def test_no_words_lie_over_others_as_the_browser_draws_them(browser: Browser, tmp_path: Path, name: str) -> None:
    picture = {"large": large(), "hostile": large(1, 3, HOSTILE)}.get(name) or world(name)
    show(browser, svg_of(picture), tmp_path / "estate.svg", width=2400, height=1200)
    boxes = browser.run(_TEXTS)
    assert len(boxes) > 50
    over = [
        (a[0], b[0])
        for a, b in combinations(boxes, 2)
        # Line boxes are taller than letters: only what shares a good part of its height lies over another.
        if min(a[3], b[3]) - max(a[1], b[1]) > 1 and min(a[4], b[4]) - max(a[2], b[2]) > 4
    ]
    assert over == []
    right = browser.run("return document.documentElement.getBoundingClientRect().right")
    assert [box[0] for box in boxes if box[3] > right] == []
    assert browser.log("browser") == []


def test_paper_gets_a_sheet_on_its_side_for_it(browser: Browser, tmp_path: Path) -> None:
    show(browser, page(REFERENCE), tmp_path / "report.html")
    browser.cdp("Emulation.setEmulatedMedia", media="print", features=[])
    assert browser.run("return getComputedStyle(document.querySelector('.drawn')).page") == "lying"
    assert browser.run("return getComputedStyle(document.querySelector('svg.estate text')).fill") == "rgb(23, 32, 42)"
    browser.pdf(tmp_path / "report.pdf")
    sheets = (tmp_path / "report.pdf").read_bytes()
    assert b"/MediaBox [0 0 612 792]" in sheets
    assert b"/MediaBox [0 0 792 612]" in sheets
