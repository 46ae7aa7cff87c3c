"""What is installed is locked: every version, every hash, in line with what `pyproject.toml` declares."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = ROOT / "requirements"
NAMES = ("runtime", "build", "dev", "lock")
BY_NAME = pytest.mark.parametrize("name", NAMES)


def project() -> dict[str, Any]:
    """`pyproject.toml`, read."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def declared(name: str) -> list[Requirement]:
    """What `pyproject.toml` asks for in a lock, groups that a group includes written out."""
    found = project()

    def group(of: str) -> list[str]:
        each = found["dependency-groups"][of]
        return [line for item in each for line in ([item] if isinstance(item, str) else group(item["include-group"]))]

    runtime = found["project"]["dependencies"]
    lines = {"runtime": runtime, "dev": [*runtime, *group("dev")]}.get(name) or group(name)
    return [Requirement(line) for line in lines]


def locked(name: str) -> dict[str, tuple[str, list[str], str]]:
    """What a lock fixes, by canonical name: the version, the hashes, the marker."""
    text = (LOCKS / f"{name}.txt").read_text(encoding="utf-8")
    found = {}
    for line in text.replace("\\\n", " ").splitlines():
        words = line.split(" --hash=")
        requirement = Requirement(words[0].strip())
        (version,) = [each.version for each in requirement.specifier if each.operator == "=="]
        assert len(requirement.specifier) == 1
        assert requirement.url is None
        hashes = [word.strip() for word in words[1:]]
        found[canonicalize_name(requirement.name)] = (version, hashes, str(requirement.marker or ""))
    return found


def test_there_is_a_lock_for_each_use_and_no_other() -> None:
    assert {path.name for path in LOCKS.iterdir()} == {f"{name}.txt" for name in NAMES}


@BY_NAME
def test_every_line_has_one_version_and_hashes(name: str) -> None:
    assert locked(name)
    for package, (version, hashes, _) in locked(name).items():
        assert re.fullmatch(r"[\w.+!]+", version), package
        assert hashes, f"{package} has no hash"
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes), package


@BY_NAME
def test_no_line_says_where_packages_come_from(name: str) -> None:
    text = (LOCKS / f"{name}.txt").read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*(-|/|\.|#)(?!-hash)", text, re.MULTILINE), "an option, a path or a comment"


@BY_NAME
def test_a_lock_satisfies_what_is_declared(name: str) -> None:
    found = locked(name)
    for requirement in declared(name):
        version, _, marker = found[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version, prereleases=True), f"{requirement} is locked at {version}"
        assert not marker, f"{requirement} is installed everywhere"


def test_one_package_has_one_version_in_all_locks() -> None:
    versions: dict[str, set[str]] = {}
    for name in NAMES:
        for package, (version, _, _) in locked(name).items():
            versions.setdefault(package, set()).add(version)
    assert {package: each for package, each in versions.items() if len(each) > 1} == {}


def test_what_develops_contains_what_runs_and_what_builds() -> None:
    """The same version and files. A marker may be wider there: what a tool needs on every machine, an audit may not."""
    dev = {package: (version, hashes) for package, (version, hashes, _) in locked("dev").items()}
    for name in ("runtime", "build"):
        assert {package: found[:2] for package, found in locked(name).items() if found[:2] != dev.get(package)} == {}


def test_what_builds_is_what_the_build_system_asks_for() -> None:
    assert project()["build-system"]["requires"] == project()["dependency-groups"]["build"]


@BY_NAME
def test_every_declared_range_has_a_lower_end(name: str) -> None:
    for requirement in declared(name):
        assert any(each.operator in (">=", "==") for each in requirement.specifier), str(requirement)


def test_the_oldest_python_is_the_same_everywhere() -> None:
    found = project()
    lowest = re.sub(r"^>=", "", found["project"]["requires-python"])
    minors = [line.rpartition(" ")[2] for line in found["project"]["classifiers"] if re.search(r":: 3\.\d+$", line)]
    assert minors[0] == lowest
    assert all(SpecifierSet(found["project"]["requires-python"]).contains(minor) for minor in minors)
    assert found["tool"]["mypy"]["python_version"] == lowest
    assert found["tool"]["ruff"]["target-version"] == "py" + lowest.replace(".", "")
    assert f"--python-version {lowest}" in (ROOT / "Makefile").read_text(encoding="utf-8")


INSTALLING = [
    "Makefile",
    "Dockerfile",
    "action.yml",
    "examples/pipelines/azure-pipelines/pull-request-gate.yml",
    "examples/pipelines/azure-pipelines/scheduled-scan.yml",
]


@pytest.mark.parametrize("path", INSTALLING)
def test_whatever_is_installed_has_its_hash_checked(path: str) -> None:
    """Each call of pip names a lock and asks for hashes, or reaches no registry at all."""
    text = (ROOT / path).read_text(encoding="utf-8").replace("\\\n", " ")
    calls = re.findall(r"-m pip (?:install|wheel)\b[^\n&;]*", text)
    assert calls
    alone = {"--no-index", "--no-deps", "--no-build-isolation"}
    fetching = [call for call in calls if not alone <= set(call.split())]
    assert fetching
    for call in fetching:
        assert "--require-hashes" in call
        assert "--only-binary :all: " in call or path == "Makefile", "what builds a source archive has no hash"
