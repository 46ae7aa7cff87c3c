"""The wheel carries everything: built, unpacked elsewhere, and asked to check."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.worlds import REFERENCE

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "-q",
        "-w",
        str(target),
        str(ROOT),
    ]
    subprocess.run(command, check=True, capture_output=True)
    (built,) = target.glob("*.whl")
    return built


@pytest.mark.slow
def test_the_wheel_has_one_top_level_name_and_all_data(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {n.split("/")[0] for n in names if ".dist-info" not in n} == {"auditor"}
    files = [path for path in (ROOT / "auditor").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert {path.relative_to(ROOT).as_posix() for path in files} <= set(names), "a name that .gitignore leaves out?"
    assert "auditor/_shipped/baselines/openai-chat.yaml" in names
    assert "auditor/_shipped/worlds/reference-implementation.json" in names
    assert any(n.endswith(".dist-info/licenses/LICENSE") for n in names)
    assert any(n.startswith("auditor/facts/") and n.endswith(".json") for n in names)


@pytest.mark.slow
def test_the_unpacked_wheel_imports_and_checks(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(home)
    environment = {**os.environ, "PYTHONPATH": str(home), "PYTHONSAFEPATH": "1"}
    run = [
        sys.executable,
        "-c",
        "import auditor, sys; print(auditor.__file__); from auditor.cli import main; main(sys.argv[1:])",
    ]
    first = subprocess.run(
        [*run, "import", str(REFERENCE), "-o", "s.json"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert first.returncode == 0, first.stderr
    assert str(home) in first.stdout
    second = subprocess.run(
        [*run, "check", "s.json", "--format", "json"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 1, second.stderr
    assert '"auditor-result/1"' in second.stdout
