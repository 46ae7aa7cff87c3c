"""What a command may not load: a check works where no Azure SDK is, and `--help` answers at once."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.worlds import REFERENCE

_REPORT = "import sys, json; sys.stderr.write('\\n' + json.dumps(sorted(sys.modules)))"


def modules_after(*argv: str) -> set[str]:
    """The modules that a run of the command line leaves loaded."""
    code = f"from auditor.cli import run; run({list(argv)!r}); {_REPORT}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stderr.rpartition("\n")[2]))


def loaded(found: set[str], *packages: str) -> set[str]:
    return {name for name in found if name.split(".")[0] in packages}


@pytest.fixture(scope="module")
def snapshot_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("house") / "s.json"
    subprocess.run(
        [sys.executable, "-m", "auditor", "import", str(REFERENCE), "-o", str(target)], check=True, capture_output=True
    )
    return target


def test_check_loads_no_azure_and_no_http(snapshot_file: Path) -> None:
    found = modules_after("check", str(snapshot_file), "--format", "json")
    assert loaded(found, "azure", "msal", "msrest", "aiohttp", "requests", "urllib3") == set()
    assert loaded(found, "jinja2", "rich") == set(), "a JSON report needs neither"


def test_import_loads_no_azure(snapshot_file: Path, tmp_path: Path) -> None:
    found = modules_after("import", str(snapshot_file), "-o", str(tmp_path / "again.json"))
    assert loaded(found, "azure", "msal", "requests", "networkx", "rich", "jinja2") == set()


def test_help_loads_next_to_nothing() -> None:
    found = modules_after("--help")
    assert loaded(found, "azure", "msal", "requests", "networkx", "rich", "jinja2", "yaml", "msgspec") == set()
