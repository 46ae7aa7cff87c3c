"""The pictures of the documentation: small, described, and asking the network for nothing."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
IMAGES = sorted((ROOT / "docs" / "images").iterdir())
SHOWN = [*IMAGES, ROOT / "reports" / "examples" / "estate.svg"]
PNG = b"\x89PNG\r\n\x1a\n"


def shown(page: Path) -> dict[Path, str]:
    """The pictures of a page with their words for those who do not see them."""
    found = re.findall(r"!\[([^\]]*)\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    return {(page.parent / path).resolve(): words for words, path in found}


@pytest.mark.parametrize("path", SHOWN, ids=lambda path: path.name)
def test_it_is_small_and_whole(path: Path) -> None:
    data = path.read_bytes()
    assert 1_000 < len(data) < 250_000
    if path.suffix == ".png":
        assert data.startswith(PNG)
        assert data.endswith(b"IEND\xaeB`\x82")
    else:
        assert ET.fromstring(data).tag == "{http://www.w3.org/2000/svg}svg"


@pytest.mark.parametrize("path", [p for p in SHOWN if p.suffix == ".svg"], ids=lambda path: path.name)
def test_a_drawing_loads_and_runs_nothing(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"@import|@font-face|<script|<image|<use|<foreignObject|\bon\w+=", text, re.IGNORECASE)
    assert not re.search(r"(?:href|src)=[\"'](?!#)|url\((?![\"']?#)", text)


def test_every_picture_is_shown_and_described() -> None:
    described = {path: words for page in PAGES for path, words in shown(page).items()}
    assert set(IMAGES) <= set(described)
    assert all(len(words.split()) >= 5 for words in described.values()), described
