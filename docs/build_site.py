"""Builds the documentation as a site that needs no network: `python docs/build_site.py [FOLDER]` (default: out/site).

Pages link to each other and to files of the repository by relative paths. What belongs to the site is laid out as it
lies here, so that these links work as they stand, and MkDocs refuses to build where one leads nowhere. A link to source
code, which is no part of the site, becomes its text.
"""

from __future__ import annotations

import logging
import os.path
import re
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONFIG = ROOT / "docs" / "mkdocs.yml"
PAGES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE", "action.yml")
FOLDERS = ("docs", "examples", "baselines", "reports/examples")
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)\s#]+)(?:#[^)\s]*)?\)")
_REPORTS = ("reports/examples/report.md", "reports/examples/drift.md")
"""Reports in Markdown: shown as they are written, and not made into pages."""


def sources() -> Iterator[str]:
    """Every file that belongs to the site, by its path in the repository."""
    yield from PAGES
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if (
                path.is_file()
                and not path.name.startswith(".")
                and path.suffix not in (".py", ".pyc")
                and path != CONFIG
            ):
                yield path.relative_to(ROOT).as_posix()


def lay_out(folder: Path) -> None:
    """Write what belongs to the site into a folder, each file where it lies in the repository."""
    kept = tuple(sources())
    for path in kept:
        target = folder / (f"{path}.txt" if path in _REPORTS else path)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.endswith(".md") and path not in _REPORTS:
            target.write_text(linked((ROOT / path).read_text(encoding="utf-8"), path, kept), encoding="utf-8")
        else:
            shutil.copyfile(ROOT / path, target)


def linked(text: str, page: str, kept: Collection[str]) -> str:
    """A page whose links lead to what is in the site; what is only in the repository is named without a link."""

    def changed(match: re.Match[str]) -> str:
        said, target = match[1], match[2]
        if "://" in target or target.startswith("mailto:"):
            return match[0]
        path = os.path.normpath(Path(page).parent / target)
        if path in _REPORTS:
            return f"[{said}]({target}.txt)"
        return match[0] if path in kept or not (ROOT / path).exists() else said

    return _LINK.sub(changed, text)


def unlisted() -> list[str]:
    """Pages of docs/ that the menu of the configuration does not name, in the order of their paths."""
    menu = CONFIG.read_text(encoding="utf-8")
    pages = [path for part in ("*.md", "guide/*.md", "azure/*.md") for path in sorted((ROOT / "docs").glob(part))]
    names = [path.relative_to(ROOT).as_posix() for path in pages]
    return [name for name in names if f": {name}\n" not in menu]


def build(target: Path) -> None:
    """Build the site. Ends the program with 1 where a link leads nowhere, or MkDocs warns of anything else."""
    from mkdocs.commands.build import build as build_site
    from mkdocs.config import load_config

    with tempfile.TemporaryDirectory() as there:
        pages, config = Path(there) / "pages", Path(there) / "mkdocs.yml"
        lay_out(pages)
        shutil.copyfile(CONFIG, config)
        wanted = load_config(str(config), docs_dir=str(pages), site_dir=str(target.resolve()), strict=True)
        if more := unlisted():
            wanted.nav = [*(wanted.nav or ()), {"More": more}]
        wanted.plugins.on_startup(command="build", dirty=False)
        build_site(wanted)
        wanted.plugins.on_shutdown()


def main(arguments: list[str]) -> int:
    """Build the site into the folder that is named."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    target = Path(arguments[0]) if arguments else ROOT / "out" / "site"
    build(target)
    sys.stderr.write(f"wrote {target}/index.html; `python3 -m http.server -d {target}` serves it, with its search\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
