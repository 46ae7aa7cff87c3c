"""Build a release as the workflow does: twice, compared, with hashes and a list of what is inside. No network.

    python -I release/dry_run.py --out dist

Needs hatchling (requirements/build.txt). Writes the wheel, the source archive, SHA256SUMS and a CycloneDX SBOM.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
_LINE = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def project() -> dict[str, Any]:
    """The table `project` of pyproject.toml."""
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return found


def locked(path: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Name, version and hashes of each package that a lock names."""
    for block in re.split(r"\n(?=\S)", path.read_text(encoding="utf-8")):
        found = _LINE.match(block)
        if found:
            yield found["name"], found["version"], _HASH.findall(block)


def sbom() -> str:
    """What an installation holds, as CycloneDX 1.6: this package, and what requirements/runtime.txt fixes.

    Several hashes of one package are those of its files, of which pip takes one. It names no time and no serial
    number, so that it is the same byte for byte.
    """
    about = project()
    own = {
        "type": "application",
        "bom-ref": "self",
        "name": about["name"],
        "version": about["version"],
        "purl": f"pkg:pypi/{about['name']}@{about['version']}",
        "licenses": [{"license": {"id": about["license"]}}],
    }
    parts = [
        {
            "type": "library",
            "bom-ref": f"{name}@{version}",
            "name": name,
            "version": version,
            "purl": f"pkg:pypi/{name.casefold().replace('_', '-')}@{version}",
            "hashes": [{"alg": "SHA-256", "content": each} for each in sorted(hashes)],
        }
        for name, version, hashes in locked(ROOT / "requirements" / "runtime.txt")
    ]
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": own},
        "components": parts,
        "dependencies": [{"ref": "self", "dependsOn": [part["bom-ref"] for part in parts]}],
    }
    return json.dumps(document, indent=2) + "\n"


def built(folder: Path, when: str) -> dict[str, bytes]:
    """The files of one build, by name. `when` (seconds since 1970) stands in the place of the time of day."""
    environment = {**os.environ, "SOURCE_DATE_EPOCH": when, "PYTHONHASHSEED": "random", "TZ": "UTC"}
    command = [sys.executable, "-I", "-m", "hatchling", "build", "-d", str(folder)]
    subprocess.run(command, check=True, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


def committed() -> str:
    """When the last commit was made; 1980 outside of a repository."""
    found = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "315532800"


def main() -> None:
    """Build, compare, write."""
    parser = argparse.ArgumentParser(description="Build a release twice, and compare.")
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    out: Path = parser.parse_args().out
    when = committed()
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        first, second = built(Path(one), when), built(Path(two), when)
    different = sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))
    if different:
        sys.exit(f"not reproducible: {', '.join(different)}")
    files = {**first, "sbom.cdx.json": sbom().encode()}
    sums = "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    out.mkdir(parents=True, exist_ok=True)
    for name, content in {**files, "SHA256SUMS": sums.encode()}.items():
        (out / name).write_bytes(content)
    sys.stdout.write(sums)


if __name__ == "__main__":
    main()
