"""Runners of pipelines, small: they run the scripts of the examples in bash, with the real `auditor` behind them.

What a script would ask of the outside world is answered here: `az` prints the plan of a file, `pip install` notes what
it was asked for, and `auditor scan` and `auditor snapshot` go to the stand-in. Everything else is as it is.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
PIPELINES = ROOT / "examples" / "pipelines"
ACTION = ROOT / "action.yml"
OURS = "your-org/auditor@"
"""How the examples name this repository's Action."""

_AUDITOR = """#!/bin/bash
case "$1" in
  scan | snapshot) exec {python} -m auditor "$@" --cloud public --arm-endpoint {url} ;;
  *) exec {python} -m auditor "$@" ;;
esac
"""
_PYTHON = """#!/bin/bash
if [ "$1" != -I ]; then echo "python $*: without -I this may run what lies in the repository" >&2; exit 70; fi
shift
case "$1 $2 $3" in
  "-m pip install") echo "${{@: 4}}" >> {folder}/installed ;;
  "-m venv "*) mkdir -p "$3/bin"; ln -sf {folder}/bin/* "$3/bin/" ;;
  "-m auditor "*) exec {folder}/bin/auditor "${{@: 3}}" ;;
  *) exec {python} -I "$@" ;;
esac
"""
_GIT = """#!/bin/bash
case "$1 $2 $3" in
  "init --quiet "*) mkdir -p "$3" ;;
  "-C "*" fetch") echo "${{@: -2}}" >> {folder}/fetched ;;
  "-C "*" checkout") ln -s {root}/requirements "$2/requirements" ;;
  *) exec /usr/bin/git "$@" ;;
esac
"""
_AZ = """#!/bin/bash
case "$1 $2 $3" in
  "deployment group what-if") cat {folder}/plan.json ;;
  *) echo "az $*: nobody answers that here" >&2; exit 64 ;;
esac
"""


def load(path: Path) -> Any:
    """A YAML file. `on:` stays text, as GitHub reads it, although YAML 1.1 calls it true."""
    return yaml.load(path.read_text(encoding="utf-8"), _Loader)  # a safe loader


class _Loader(yaml.SafeLoader):
    pass


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in pairs if tag != "tag:yaml.org,2002:bool" or first not in "oOyYnN"]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Ran:
    """What became of a step. A step that is somebody else's is not run: `code` is `None`, `given` its inputs."""

    name: str
    code: int | None = None
    said: str = ""
    given: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)


class Machine:
    """A folder with a checked-out repository, a runner's folders, and programs that answer for the outside world."""

    def __init__(self, folder: Path, url: str = "", environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.repository = folder / "repository"
        self.temp = folder / "temp"
        for place in (self.repository / ".git", self.temp, folder / "bin", folder / "home"):
            place.mkdir(parents=True)
        for name, text in {"auditor": _AUDITOR, "python": _PYTHON, "git": _GIT, "az": _AZ}.items():
            program = folder / "bin" / name
            program.write_text(text.format(python=sys.executable, url=url, folder=folder, root=ROOT))
            program.chmod(0o755)
        self._environment = dict(environment or {})

    @property
    def installed(self) -> list[str]:
        """What pip was asked to install, a call each: its options and packages."""
        return self._noted("installed")

    @property
    def fetched(self) -> list[str]:
        """What git was asked to fetch, a call each: from where, and which commit."""
        return self._noted("fetched")

    def _noted(self, name: str) -> list[str]:
        noted = self.folder / name
        return noted.read_text().split("\n")[:-1] if noted.exists() else []

    def bash(
        self, script: str, variables: Mapping[str, str], *options: str, folder: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a script in the repository, or in another folder.

        The stand-in's sign-in outweighs what a pipeline says of signing in.
        """
        file = self.folder / "script.sh"
        file.write_text(script, encoding="utf-8")
        environment = {
            "PATH": f"{self.folder / 'bin'}:/usr/bin:/bin",
            "HOME": str(self.folder / "home"),
            **{name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")},
            **variables,
            **self._environment,
        }
        command = ["/bin/bash", *options, str(file)]
        place = folder or self.repository
        return subprocess.run(
            command, cwd=place, env=environment, capture_output=True, text=True, timeout=120, check=False
        )


# --- GitHub Actions ---------------------------------------------------------------------------------------------------

_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


@dataclass
class GitHub:
    """Runs the steps of one job, as far as the examples need it."""

    machine: Machine
    variables: Mapping[str, str]
    known: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.known |= {f"vars.{name}": value for name, value in self.variables.items()}
        self.known |= {
            "runner.temp": str(self.machine.temp),
            "github.repository": "contoso/chat",
            "github.event.pull_request.head.repo.full_name": "contoso/chat",
        }

    def job(self, job: Mapping[str, Any]) -> list[Ran]:
        """The steps that ran, in order; after a failure only those whose `if` asks for it."""
        assert self._holds(job.get("if", ""), failed=False)
        done: list[Ran] = []
        for step in job["steps"]:
            if not self._holds(step.get("if", ""), failed=any(ran.code for ran in done)):
                continue
            done.append(self.step(step, job.get("env", {})))
            self._remember(f"steps.{step.get('id')}", done[-1])
        return done

    def step(self, step: Mapping[str, Any], around: Mapping[str, Any]) -> Ran:
        """One step: a script is run, this repository's Action is run, another's inputs are worked out."""
        name = step.get("name") or step.get("uses") or "script"
        if "run" in step:
            return self._script(name, step, around)
        given = {key: self.expand(value) for key, value in step.get("with", {}).items()}
        if step["uses"].startswith(OURS):
            return self.action(given, around)
        return Ran(step["uses"], given=given)

    def action(self, given: Mapping[str, str], around: Mapping[str, Any] | None = None) -> Ran:
        """This repository's Action with these inputs, script by script."""
        action = load(ACTION)
        unknown = set(given) - set(action["inputs"])
        assert not unknown, f"the Action has no input {unknown}"
        inside = GitHub(self.machine, self.variables)
        inside.known |= {f"inputs.{name}": given.get(name, said["default"]) for name, said in action["inputs"].items()}
        inside.known["steps.python.outputs.python-path"] = str(self.machine.folder / "bin" / "python")
        said = []
        for step in action["runs"]["steps"]:
            ran = inside.step(step, around or {})
            inside._remember(f"steps.{step['id']}", ran)
            said.append(ran.said)
            if ran.code:
                break
        outputs = {name: inside.expand(output["value"]) for name, output in action["outputs"].items()}
        return Ran("auditor", ran.code, "\n".join(said), given, outputs)

    def _script(self, name: str, step: Mapping[str, Any], around: Mapping[str, Any]) -> Ran:
        files = {key: self.machine.folder / key.lower() for key in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            file.write_text("")
        variables = {key: self.expand(value) for key, value in {**around, **step.get("env", {})}.items()}
        variables |= {key: str(file) for key, file in files.items()}
        variables |= {"RUNNER_TEMP": str(self.machine.temp), "GITHUB_ACTION_PATH": str(ROOT), "GITHUB_ACTIONS": "true"}
        # The options that GitHub gives to `shell: bash`, and to a step of Linux that names no shell.
        options = ("--noprofile", "--norc", "-eo", "pipefail") if step.get("shell") == "bash" else ("-e",)
        done = self.machine.bash(self.expand(step["run"]), variables, *options)
        written = files["GITHUB_OUTPUT"].read_text().splitlines()
        outputs = dict(line.split("=", 1) for line in written)
        return Ran(name, done.returncode, done.stdout + done.stderr, outputs=outputs)

    def _remember(self, prefix: str, ran: Ran) -> None:
        self.known |= {f"{prefix}.outputs.{name}": value for name, value in ran.outputs.items()}

    def expand(self, text: Any) -> str:
        """Text with its expressions worked out. An output that was never written is empty, as GitHub has it."""
        return _EXPRESSION.sub(lambda found: self._value(found[1]), str(text))

    def _value(self, path: str) -> str:
        if path not in self.known and not re.fullmatch(r"steps\.\w+\.outputs\.[\w-]+", path):
            raise AssertionError(f"the example uses {path}, which this test does not know")
        return self.known.get(path, "")

    def _holds(self, condition: str, *, failed: bool) -> bool:
        """Whether a step or a job is run; without a word about failures, one stops what follows."""
        inside = _EXPRESSION.fullmatch(condition)
        text = inside[1] if inside else condition
        terms = text.split(" && ") if text else []
        asked = "!cancelled()" in terms
        holds = [self._term(term) for term in terms if term != "!cancelled()"]
        return all(holds) and (asked or not failed)

    def _term(self, term: str) -> bool:
        left, equal, right = term.partition(" == ")
        return self._value(left) == self._value(right) if equal else bool(self._value(left))


# --- Azure Pipelines --------------------------------------------------------------------------------------------------

_MACRO = re.compile(r"\$\(([\w.]+)\)")


@dataclass
class Azure:
    """Runs the steps of a pipeline of one job, as far as the examples need it."""

    machine: Machine
    variables: dict[str, str] = field(default_factory=dict)

    def pipeline(self, pipeline: Mapping[str, Any]) -> Iterator[Ran]:
        """The steps that ran, in order; after a failure only those whose condition asks for it."""
        self.variables |= {
            "Build.ArtifactStagingDirectory": str(self.machine.folder / "staging"),
            "Agent.TempDirectory": str(self.machine.temp),
        }
        self.variables |= {name: self.expand(value) for name, value in pipeline["variables"].items()}
        failed = False
        for step in pipeline["steps"]:
            if failed and step.get("condition") != "succeededOrFailed()":
                continue
            ran = self.step(step)
            failed = failed or bool(ran.code)
            yield ran

    def step(self, step: Mapping[str, Any]) -> Ran:
        """One step: a script is run, another's inputs are worked out."""
        name = step.get("displayName") or step.get("task") or "checkout"
        inputs = {key: self.expand(value) for key, value in step.get("inputs", {}).items()}
        script = step.get("bash") or inputs.get("inlineScript")
        if not script:
            return Ran(step.get("task", name), given=inputs)
        variables = {key: self.expand(value) for key, value in step.get("env", {}).items()}
        folder = self.expand(step.get("workingDirectory", ""))
        variables["TF_BUILD"] = "True"
        done = self.machine.bash(self.expand(script), variables, "--noprofile", "--norc", folder=folder)
        return Ran(name, done.returncode, done.stdout + done.stderr)

    def expand(self, text: Any) -> str:
        """Text with its macros replaced. One that nobody defines would reach bash as a command: a mistake."""
        return _MACRO.sub(lambda found: self.variables[found[1]], str(text))


# --- scripts as such --------------------------------------------------------------------------------------------------


def scripts_of(node: Any) -> Iterator[str]:
    """Every script in a workflow, an Action or a pipeline."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key in ("run", "bash", "inlineScript"):
                yield value
            else:
                yield from scripts_of(value)
    elif isinstance(node, Sequence) and not isinstance(node, str):
        for item in node:
            yield from scripts_of(item)
