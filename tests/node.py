"""Tools that only npm has, put into `node_modules` once and then used offline."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = ROOT / "node_modules"
PACKAGES = {"@microsoft/sarif-multitool-linux": "5.7.0", "axe-core": "4.14.1"}


def node_module(name: str) -> Path:
    """The folder of an npm package. Skips the test where there is no npm; a failing installation fails it."""
    folder = MODULES / name
    if not _installed(name):
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip(f"NOT CHECKED: {name} needs npm, and there is none on this machine")
        _install(npm, name)
    return folder


def _installed(name: str) -> bool:
    # npm writes the manifest first and the rest after; the mark says that it came to its end.
    mark = MODULES / name / ".complete"
    return mark.exists() and mark.read_text() == PACKAGES[name]


def _install(npm: str, name: str) -> None:
    """Install both packages; workers of one test run that come at the same time wait for the first."""
    MODULES.mkdir(exist_ok=True)
    with (MODULES / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _installed(name):
            return
        wanted = [f"{package}@{version}" for package, version in PACKAGES.items()]
        options = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"]
        done = subprocess.run(
            [npm, "install", *options, *wanted], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"npm could not install {wanted}:\n{done.stderr}"
        for package, version in PACKAGES.items():
            (MODULES / package / ".complete").write_text(version)
