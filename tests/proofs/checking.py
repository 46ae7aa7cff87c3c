"""The checker, run as a program of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

CHECKER = Path(__file__).parents[2] / "proof-checker" / "check.js"


def checker() -> list[str]:
    """The command; skips the test where there is no Node."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("NOT CHECKED: the checker needs node, and there is none on this machine")
    return [node, str(CHECKER)]


def answers(snapshot: Path, files: Iterable[dict[str, Any]]) -> list[str]:
    """What the checker says to each of some files, in one process: `accepted` or `refused: ...`."""
    lines = "".join(json.dumps(each) + "\n" for each in files)
    done = subprocess.run(
        [*checker(), str(snapshot), "--each"], input=lines, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
