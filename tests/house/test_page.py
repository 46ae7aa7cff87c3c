"""The page in a real browser: nothing leaves it, nothing complains, everybody can use it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auditor.model import AuditResult
from auditor.report import Context
from auditor.report.html import render
from tests.browser import Browser, chromium
from tests.builders.reporting_examples import (
    CLEAN,
    CONTROLS,
    EVIL,
    NOTHING,
    RICH,
    hostile,
)
from tests.builders.rules import rule_index
from tests.node import node_module

pytestmark = pytest.mark.slow

PICTURE = (
    '<svg viewBox="0 0 40 20" width="400" height="200" role="img" aria-label="estate">'
    '<rect class="fill-fail" width="40" height="20"/></svg>'
)
EXPLAINED = Context(
    explanations={id_: rule.doc for id_, rule in rule_index().items()}, picture=PICTURE, controls=CONTROLS
)
VIEWS: dict[str, dict[str, Any]] = {
    "light": {},
    "dark": {"dark": True},
    "phone": {"width": 360, "height": 780},
    "dark phone": {"width": 360, "height": 780, "dark": True},
}
EXAMPLE = Path(__file__).parents[2] / "reports" / "examples" / "report.html"
_AXE = """
const done = arguments[arguments.length - 1];
axe.run(document, {resultTypes: ["violations"]}).then(
  (found) => done(found.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.html + n.failureSummary).join(" | "))),
  (problem) => done(["axe failed: " + problem]));
"""
_SHOWN = "return [...document.querySelectorAll('tr.finding')].filter((r) => r.checkVisibility()).length"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def axe() -> str:
    return (node_module("axe-core") / "axe.min.js").read_text(encoding="utf-8")


def show(browser: Browser, result: AuditResult, folder: Path, context: Context = EXPLAINED, **view: Any) -> None:
    """Render, open, and forget what the browser did before."""
    path = folder / "report.html"
    path.write_text(render(result, context), encoding="utf-8")
    browser.call("/url", {"url": "about:blank"})
    browser.appear(**view)
    browser.log("performance")
    browser.log("browser")
    browser.open(path)


PAGES = {
    "rich": RICH,
    "clean": CLEAN,
    "nothing": NOTHING,
    **{f"hostile-{n}": hostile(evil) for n, evil in enumerate(EVIL)},
}


@pytest.mark.parametrize("name", PAGES)
def test_nothing_leaves_the_page_and_nothing_complains(browser: Browser, tmp_path: Path, name: str) -> None:
    show(browser, PAGES[name], tmp_path)
    browser.run("document.querySelectorAll('details').forEach((d) => d.open = true)")
    browser.run("document.querySelectorAll('input').forEach((i) => i.click())")
    assert browser.log("browser") == []
    asked = [url for url in browser.requests() if not url.startswith("data:")]
    assert asked == [(tmp_path / "report.html").as_uri()]
    assert browser.run("return window.alert.toString().includes('native code')")


def test_the_console_does_tell_of_what_is_wrong(browser: Browser, tmp_path: Path) -> None:
    show(browser, RICH, tmp_path, Context(picture='<svg><rect style="fill:red"/></svg>'))
    assert any("Content Security Policy" in entry["message"] for entry in browser.log("browser"))


@pytest.mark.parametrize(
    ("name", "view"),
    [*(("rich", view) for view in VIEWS), ("clean", "light"), ("nothing", "dark"), ("hostile-9", "phone")],
)
def test_everybody_can_use_it(browser: Browser, axe: str, tmp_path: Path, name: str, view: str) -> None:
    show(browser, PAGES[name], tmp_path, **VIEWS[view])
    browser.run("document.querySelectorAll('details').forEach((d) => d.open = true)")
    browser.run(axe)
    assert browser.run_later(_AXE) == []


@pytest.mark.parametrize("view", VIEWS)
def test_the_example_with_picture_and_trend_is_usable_as_it_is_kept(browser: Browser, axe: str, view: str) -> None:
    browser.call("/url", {"url": "about:blank"})
    browser.appear(**VIEWS[view])
    browser.log("performance")
    browser.log("browser")
    browser.open(EXAMPLE)
    browser.run("document.querySelectorAll('details').forEach((d) => d.open = true)")
    browser.run(axe)
    assert browser.run_later(_AXE) == []
    assert browser.log("browser") == []
    assert [url for url in browser.requests() if not url.startswith("data:")] == [EXAMPLE.as_uri()]
    assert browser.run("return document.documentElement.scrollWidth") <= VIEWS[view].get("width", 1280)
    assert browser.run("return document.querySelectorAll('svg.estate, #trend ~ .scroll svg').length") == 2


@pytest.mark.parametrize("name", ["rich", "hostile-9"])
def test_no_view_is_wider_than_its_screen(browser: Browser, tmp_path: Path, name: str) -> None:
    for width in (320, 360, 768, 1280, 1920):
        show(browser, PAGES[name], tmp_path, width=width)
        browser.run("document.querySelectorAll('details').forEach((d) => d.open = true)")
        assert browser.run("return document.documentElement.scrollWidth") <= width


def test_filters_show_problems_first_and_then_what_is_asked_for(browser: Browser, tmp_path: Path) -> None:
    show(browser, RICH, tmp_path)
    assert browser.run(_SHOWN) == 5
    assert browser.run("return document.getElementById('shown').textContent") == "Showing 5 of 9 findings."
    browser.run("document.querySelector('input[value=pass]').click()")
    assert browser.run(_SHOWN) == 7
    browser.run("document.querySelector('input[value=critical]').click()")
    assert browser.run(_SHOWN) == 5
    assert not browser.run("return document.getElementById('PUB-07').checkVisibility()")
    browser.run("const t = document.getElementById('text'); t.value = 'INTERNET allowssh';"
                "t.dispatchEvent(new Event('input', {bubbles: true}))")  # fmt: skip
    assert browser.run(_SHOWN) == 1
    assert (
        browser.run("return [...document.querySelectorAll('section.family')].filter((f) => f.checkVisibility()).length")
        == 1
    )


def test_one_family_alone_can_be_shown(browser: Browser, tmp_path: Path) -> None:
    show(browser, RICH, tmp_path)
    sections = (
        "return [...document.querySelectorAll('section.family')].filter((f) => f.checkVisibility()).map((f) => f.id)"
    )
    all_ = browser.run(sections)
    assert len(all_) > 1
    browser.run("const s = document.getElementById('family'); s.value = arguments[0];"
                "s.dispatchEvent(new Event('input', {bubbles: true}))", all_[-1])  # fmt: skip
    assert browser.run(sections) == all_[-1:]
    browser.run("const s = document.getElementById('family'); s.value = '';"
                "s.dispatchEvent(new Event('input', {bubbles: true}))")  # fmt: skip
    assert browser.run(sections) == all_


def test_one_framework_alone_can_be_shown_and_its_controls_opened(browser: Browser, tmp_path: Path) -> None:
    show(browser, RICH, tmp_path)
    browser.run("document.querySelectorAll('input[name=outcome]').forEach((box) => box.checked || box.click())")
    shown = "return [...document.querySelectorAll('tbody.requirement')].filter((b) => !b.hidden).map((b) => b.id)"
    everything = browser.run(shown)
    choose = "const s = document.getElementById('framework'); s.value = arguments[0];"
    browser.run(f"{choose} s.dispatchEvent(new Event('input', {{bubbles: true}}))", "hitrust-csf-11.3")
    of_framework = browser.run(shown)
    mapped = {id_ for id_, support in CONTROLS.supports.items() if "hitrust-csf-11.3" in support.controls}
    assert of_framework == [id_ for id_ in everything if id_ in mapped]
    assert 0 < len(of_framework) < len(everything)
    browser.run("location.hash = 'framework-soc-2'")
    assert browser.run("return document.getElementById('framework-soc-2').open")


def test_a_link_to_what_is_filtered_out_shows_it(browser: Browser, tmp_path: Path) -> None:
    show(browser, RICH, tmp_path)
    assert not browser.run("return document.getElementById('CF-01').checkVisibility()")
    browser.run("document.getElementById('family').value = 'family-PUB'; location.hash = 'CF-01'")
    assert browser.run_later(
        "const done = arguments[arguments.length - 1];"
        "setTimeout(() => done(document.getElementById('CF-01').checkVisibility()), 100)"
    )


def test_without_script_everything_is_there(browser: Browser, tmp_path: Path) -> None:
    browser.cdp("Emulation.setScriptExecutionDisabled", value=True)
    try:
        show(browser, RICH, tmp_path)
        found = browser.cdp("DOM.getDocument", depth=-1)
        text = json.dumps(found)
        rows = browser.cdp("DOM.querySelectorAll", nodeId=found["root"]["nodeId"], selector="tr.finding:not([hidden])")
        hidden = browser.cdp("DOM.querySelectorAll", nodeId=found["root"]["nodeId"], selector="form[hidden]")
    finally:
        browser.cdp("Emulation.setScriptExecutionDisabled", value=False)
    assert len(rows["nodeIds"]) == 9
    assert len(hidden["nodeIds"]) == 1
    assert "kv-chat refuses public networks" in text


def test_the_keyboard_reaches_everything_in_order(browser: Browser, tmp_path: Path) -> None:
    show(browser, RICH, tmp_path)
    seen = []
    for _ in range(160):
        for kind in ("keyDown", "keyUp"):
            browser.cdp("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
        seen.append(browser.run("const e = document.activeElement; return e.name || e.className || e.tagName"))
        if seen[-1] == "BODY":
            break
    assert seen[0] == "skip"
    assert "PRE" not in seen  # a command wraps and never scrolls: nothing to do there with a key
    assert {"outcome", "severity", "family", "text", "SUMMARY"} <= set(seen)
    assert (
        seen.index("outcome")
        < seen.index("severity")
        < seen.index("family")
        < seen.index("text")
        < len(seen) - seen[::-1].index("SUMMARY")
    )


def test_paper_gets_the_proof(browser: Browser, tmp_path: Path) -> None:
    show(browser, RICH, tmp_path, dark=True)
    browser.run("dispatchEvent(new Event('beforeprint'))")
    assert browser.run("return document.querySelector('#PUB-07 tr.finding:not([hidden]) details').open")
    browser.run("dispatchEvent(new Event('afterprint'))")
    assert not browser.run("return document.querySelector('#PUB-07 tr.finding:not([hidden]) details').open")
    browser.cdp(
        "Emulation.setEmulatedMedia", media="print", features=[{"name": "prefers-color-scheme", "value": "dark"}]
    )
    assert browser.run("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    browser.pdf(tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF-")
