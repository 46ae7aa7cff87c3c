"""Draws the pictures of the README: the page of the reference deployment in a real Chromium, and what a terminal shows.

`make screenshots`. Needs chromium and chromedriver. The pictures differ a little with the fonts of the machine, so no
test compares them.
"""

from __future__ import annotations

import base64
import io
import re
import tempfile
from datetime import date
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import SVG_EXPORT_THEME
from rich.text import Text

from auditor.cli import run
from auditor.commands.demo import WORLDS as DEPLOYED
from auditor.commands.demo import collected_from_standin, deployment, kept
from auditor.commands.options.audit import AuditOptions, audited, chained, terms_of
from auditor.report import Context
from auditor.report.terminal.render import render
from auditor.snapshot import Snapshot
from tests.browser import Browser, chromium
from tests.goldens import ROOT

IMAGES = ROOT / "docs" / "images"
AS_OF = date(2024, 7, 15)
WIDTH, CELLS = 1200, 100
"""Of the page in pixels, of the terminal in characters."""

_BOX = """
const at = (selector, end) => {
  const box = document.querySelector(selector).getBoundingClientRect();
  return scrollY + (end ? box.bottom : box.top);
};
return [Math.floor(at(arguments[0], false)), Math.ceil(at(arguments[1], true))];
"""


def main() -> None:
    """Write every picture."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as empty:
        collected = kept(collected_from_standin(deployment(DEPLOYED[0]), quiet=True), Path(empty) / "snapshot.json")
        (IMAGES / "terminal.svg").write_text(terminal(collected), encoding="utf-8")
        page = Path(empty) / "report.html"
        run(["check", str(Path(empty) / "snapshot.json"), "--as-of", f"{AS_OF}", "-q", "-o", str(page)])
        photograph(page)


def photograph(page: Path) -> None:
    """The parts of the page that the README shows."""
    with chromium() as browser:
        browser.appear(width=WIDTH)
        browser.open(page)
        part(browser, "verdict.png", "header.top", ".steps li:nth-child(3)", margin=14)
        browser.run("document.querySelector('#NSG-JMP-IN .finding details').open = true")
        part(browser, "finding.png", "#NSG-JMP-IN", "#NSG-JMP-IN", margin=0)
        part(browser, "families.png", "section:has(> #summary)", "#filters", margin=14)
        browser.appear(width=360, height=780, dark=True)
        browser.open(page)
        screen(browser, "phone.png")


def part(browser: Browser, name: str, first: str, last: str, margin: int) -> None:
    """The page from the top of one element to the bottom of another, with a margin above and below."""
    top, bottom = browser.run(_BOX, first, last)
    top = max(0, top - margin)
    clip = {"x": 0, "y": top, "width": WIDTH, "height": bottom - top + margin, "scale": 1}
    _write(name, browser.cdp("Page.captureScreenshot", captureBeyondViewport=True, format="png", clip=clip))


def screen(browser: Browser, name: str) -> None:
    """What one screen shows."""
    _write(name, browser.cdp("Page.captureScreenshot", format="png"))


def _write(name: str, found: dict[str, str]) -> None:
    (IMAGES / name).write_bytes(base64.b64decode(found["data"]))


def terminal(snapshot: Snapshot) -> str:
    """What `auditor check` shows at a terminal. It asks for no font of the network."""
    terms = terms_of(AuditOptions(as_of=AS_OF))
    text = render(chained(snapshot, audited(snapshot, terms), terms), Context(width=CELLS, color=True))
    console = Console(record=True, width=CELLS, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(text.rstrip()))
    form = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    form = form.replace("Fira Code, monospace", "ui-monospace, Consolas, 'DejaVu Sans Mono', monospace")
    return console.export_svg(
        title="auditor check out/snapshot.json", theme=SVG_EXPORT_THEME, code_format=form, unique_id="auditor"
    )


if __name__ == "__main__":
    main()
