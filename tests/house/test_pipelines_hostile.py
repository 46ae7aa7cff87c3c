"""What is audited is data: a checkout full of Python modules is never run by the Action or by the Azure pipelines.

The steps run as a runner would run them, in a checkout that holds modules under the names of those that Python, pip and
the auditor import. Each leaves a mark where it is run. Python, `venv` and pip are real; only what pip would fetch is
taken from the environment of the tests.
"""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.commands.demo import deployment
from auditor.model import ExitCode
from auditor.snapshot import write_snapshot
from auditor.standin import StandIn
from tests import worlds
from tests.runners import ACTION, PIPELINES, ROOT, Azure, GitHub, Machine, load

pytestmark = pytest.mark.slow

MODULES = ("json", "venv", "logging", "sitecustomize", "usercustomize", "click", "tempfile", "yaml", "ensurepip")
PACKAGES = ("pip", "auditor", "hatchling", "encodings")
SUBSCRIPTION = worlds.subscription().rpartition("/")[2]

_PYTHON = """#!/bin/bash
# The Python of the machine: makes real environments, in which pip fetches nothing.
{real} "$@" || exit $?
if [ "$1 $2 $3" = "-I -m venv" ]; then
  ln -sf "$(readlink -f "$4/bin/python")" "$4/bin/python3"
  rm "$4/bin/python"
  for site in "$4"/lib/python*/site-packages; do printf '%s\\n' {paths} > "$site/tests.pth"; done
  cp {folder}/inner "$4/bin/python"
fi
"""
_INNER = """#!/bin/bash
# The Python of the environment that was made.
real="$(dirname "$0")/python3"
case "$2 $3 $4" in
  "-m pip install")
    echo "$PWD|${{PYTHONPATH-}}|$*" >> {folder}/installed
    exec "$real" "$1" -m pip --version ;;
  "-m auditor scan" | "-m auditor snapshot") exec "$real" "$@" --cloud public --arm-endpoint {url} ;;
  *) exec "$real" "$@" ;;
esac
"""


@pytest.fixture(scope="module")
def azure() -> Iterator[StandIn]:
    """The reference deployment, served."""
    with StandIn(deployment("reference-implementation")) as standin:
        yield standin


@pytest.fixture
def machine(tmp_path: Path, azure: StandIn) -> Machine:
    """A machine whose checkout holds hostile modules, and whose variables lead to them."""
    made = Machine(tmp_path / "machine", azure.url, azure.environment())
    home = Path(sysconfig.get_path("purelib"))
    texts = {
        "bin/python": _PYTHON.format(real=sys._base_executable, paths=f"{ROOT} {home}", folder=made.folder),
        "inner": _INNER.format(folder=made.folder, url=azure.url),
    }
    for name, text in texts.items():
        (made.folder / name).write_text(text)
        (made.folder / name).chmod(0o755)
    mark = f"open({str(made.folder / 'marks')!r}, 'a').write(__name__ + '\\n')\n"
    for name in MODULES:
        (made.repository / f"{name}.py").write_text(mark)
    for name in PACKAGES:
        (made.repository / name).mkdir()
        for file in ("__init__", "__main__"):
            (made.repository / name / f"{file}.py").write_text(mark)
    write_snapshot(worlds.snapshot(), made.repository / "chat.snapshot.json")
    for name in ("auditor.yaml", "waivers.yaml"):
        (made.repository / name).write_text("waivers: []\n" if "waivers" in name else "baseline: openai-chat\n")
    (made.folder / "staging").mkdir()
    return made


def marks(machine: Machine) -> list[str]:
    """The modules of the checkout that were run."""
    noted = machine.folder / "marks"
    return noted.read_text().splitlines() if noted.exists() else []


def hostile(machine: Machine) -> dict[str, str]:
    """Variables that a workflow may have set for its own programs."""
    place = str(machine.repository)
    return {"PYTHONPATH": place, "PYTHONUSERBASE": place, "PYTHONSTARTUP": f"{place}/json.py"}


def test_the_trap_snaps(machine: Machine) -> None:
    for options in (["-m", "venv", "x"], ["-c", "import json"], ["-m", "pip"]):
        before = len(marks(machine))
        subprocess.run([sys.executable, *options], cwd=machine.repository, capture_output=True, check=False)
        assert len(marks(machine)) > before, options


def test_the_action_runs_nothing_of_the_checkout(machine: Machine) -> None:
    ran = GitHub(machine, {}).action({"snapshot": "chat.snapshot.json"}, hostile(machine))
    assert (ran.code, ran.outputs["outcome"]) == (ExitCode.FAILS, "fails"), ran.said
    assert int(ran.outputs["fail"] or 0) > 50, ran.said
    assert marks(machine) == []
    for call in machine.installed:
        place, path, _ = call.split("|")
        assert Path(place).is_relative_to(machine.temp)
        assert path == ""


def test_the_action_runs_nothing_of_the_checkout_when_it_signs_in(machine: Machine) -> None:
    ran = GitHub(machine, {}).action({"subscription": SUBSCRIPTION, "fail-on": "never"}, hostile(machine))
    assert (ran.code, ran.outputs["outcome"]) == (ExitCode.HOLDS, "holds"), ran.said
    assert marks(machine) == []


def test_the_azure_pipeline_runs_nothing_of_the_checkout(machine: Machine) -> None:
    pipeline = load(PIPELINES / "azure-pipelines" / "scheduled-scan.yml")
    pipeline["variables"]["scan.sub"] = SUBSCRIPTION
    for step in pipeline["steps"]:
        if "bash" in step or step.get("task") == "AzureCLI@2":
            step["env"] = {**hostile(machine), **step["env"]}
    steps = {ran.name: ran for ran in Azure(machine).pipeline(pipeline)}
    assert steps["Install the auditor"].code == 0, steps["Install the auditor"].said
    assert steps["Audit"].code == ExitCode.FAILS, steps["Audit"].said
    assert len(machine.installed) == 2
    assert marks(machine) == []


# --- inputs -----------------------------------------------------------------------------------------------------------

INPUTS = sorted(load(ACTION)["inputs"])


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("text", ["a\nfail=0", "a\r::warning::hello", "a\n::warning::hello", "a\x1b[2J"])
def test_an_input_with_a_second_line_writes_no_output_and_no_command(tmp_path: Path, name: str, text: str) -> None:
    (ran, written) = audit_step(Machine(tmp_path / "machine"), {"snapshot": "chat.snapshot.json", name: text})
    assert ran == ExitCode.USAGE
    assert written == ["exit-code=2", "outcome=unusable"]


@pytest.mark.parametrize("name", INPUTS)
def test_an_input_that_looks_like_an_option_is_refused(tmp_path: Path, name: str) -> None:
    (ran, written) = audit_step(Machine(tmp_path / "machine"), {"snapshot": "chat.snapshot.json", name: "--help"})
    assert ran == ExitCode.USAGE
    assert written == ["exit-code=2", "outcome=unusable"]


def audit_step(machine: Machine, given: dict[str, str]) -> tuple[int, list[str]]:
    """The exit code of the audit step, and the lines of its outputs. It says one line, without the input."""
    action = load(ACTION)
    (step,) = [each for each in action["runs"]["steps"] if each["id"] == "audit"]
    runner = GitHub(machine, {})
    runner.known |= {f"inputs.{name}": given.get(name, said["default"]) for name, said in action["inputs"].items()}
    ran = runner.step(step, {})
    assert ran.code is not None
    (line,) = ran.said.splitlines()
    assert re.fullmatch(r"::error title=auditor::the input [a-z-]+ [a-z ]+", line)
    return ran.code, (machine.folder / "github_output").read_text().splitlines()
