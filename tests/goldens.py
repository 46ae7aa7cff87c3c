"""The example reports, made by the commands that their own page shows; `python -m tests.goldens` writes them again."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path

from auditor.cli import run
from tests.pages import commands

ROOT = Path(__file__).parents[1]
FOLDER = Path("reports/examples")
PAGE = ROOT / FOLDER / "README.md"
SOURCES = (
    "main.json",
    "open.parameters.json",
    "closed.parameters.json",
    "example.yaml",
    "brief.yaml",
    "waivers.yaml",
    "controls.yaml",
)
"""What the examples are made from."""
WRITTEN = (".gitattributes", "README.md", *SOURCES)
"""What people wrote there; everything else is made."""
REFERENCE = "tests/fixtures/worlds/reference-implementation.json"
"""The one whole architecture among them, for the picture that README shows."""


def make(folder: Path) -> Path:
    """Run the page's commands in an empty folder, as in a fresh checkout; answers where the reports are."""
    (folder / ".git").mkdir()
    (folder / "out").mkdir()
    (folder / FOLDER).mkdir(parents=True)
    (folder / REFERENCE).parent.mkdir(parents=True)
    shutil.copy(ROOT / REFERENCE, folder / REFERENCE)
    for name in WRITTEN:
        shutil.copy(ROOT / FOLDER / name, folder / FOLDER)
    with chdir(folder), _no_pipeline():
        for command in commands(PAGE.read_text(encoding="utf-8")):
            code = run(command.argv)
            assert code in command.codes, f"{command.line}\nended with {code}"
    return folder / FOLDER


@contextmanager
def _no_pipeline() -> Iterator[None]:
    """SARIF names the run of Azure Pipelines that it is made in; these are made in none."""
    before = os.environ.pop("TF_BUILD", None)
    try:
        yield
    finally:
        if before is not None:
            os.environ["TF_BUILD"] = before


def accept() -> int:
    """Write the examples again, and remove what no command makes any more."""
    with tempfile.TemporaryDirectory() as empty:
        made = make(Path(empty))
        for old in (ROOT / FOLDER).iterdir():
            if old.name not in WRITTEN and not (made / old.name).exists():
                old.unlink()
        for path in made.iterdir():
            shutil.copy(path, ROOT / FOLDER)
    return 0


if __name__ == "__main__":
    sys.exit(accept())
