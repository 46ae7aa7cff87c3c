"""The documentation as a site: it builds with every link checked, and asks nobody for anything."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def builder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_site", ROOT / "docs" / "build_site.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_links_to_source_become_text_and_broken_ones_stay_to_be_found(builder: ModuleType) -> None:
    kept = ("docs/coverage.md", "reports/examples/report.md")

    def linked(text: str) -> str:
        return str(builder.linked(text, "docs/README.md", kept))

    assert linked("[all](coverage.md#pub)") == "[all](coverage.md#pub)"
    assert linked("[code](../auditor/cli.py)") == "code"
    assert linked("[gone](gone.md)") == "[gone](gone.md)"
    assert linked("[out](https://example.org/x)") == "[out](https://example.org/x)"
    assert linked("[report](../reports/examples/report.md)") == "[report](../reports/examples/report.md.txt)"


def test_a_page_that_the_menu_does_not_name_is_added_to_it(
    builder: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shorter = tmp_path / "mkdocs.yml"
    menu = builder.CONFIG.read_text(encoding="utf-8")
    shorter.write_text("\n".join(line for line in menu.splitlines() if "guide/fixes.md" not in line) + "\n")
    before = builder.unlisted()
    monkeypatch.setattr(builder, "CONFIG", shorter)
    assert sorted(builder.unlisted()) == sorted([*before, "docs/guide/fixes.md"])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_it_builds_with_every_link_checked_and_loads_nothing_from_elsewhere(
    builder: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "site"
    assert builder.main([str(target)]) == 0
    pages = [*target.rglob("*.html")]
    assert len(pages) > 200
    loaded = re.compile(r'<(?:script|img|iframe|source)[^>]+src="?(?:https?:)?//|<link[^>]+rel="?stylesheet[^>]+//')
    for page in pages:
        if "reports" not in page.parts:
            assert not loaded.search(page.read_text(encoding="utf-8")), page
    assert (target / "search" / "search_index.json").stat().st_size > 100_000
    assert (target / "docs/frameworks/nist-800-53-r5.html").exists()
    broken = tmp_path / "broken.yml"
    broken.write_text(builder.CONFIG.read_text(encoding="utf-8").replace("docs/coverage.md", "docs/gone.md"))
    monkeypatch.setattr(builder, "CONFIG", broken)
    with pytest.raises(SystemExit):
        builder.main([str(tmp_path / "other")])
    assert "mkdocs" in sys.modules
