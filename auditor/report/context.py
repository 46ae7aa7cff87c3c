"""What a report needs beside the result. All of it is an argument: a renderer asks neither clock nor machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from auditor.frameworks.model import Controls
from auditor.model import AuditResult, Finding, Outcome, Place
from auditor.report.gate import DEFAULT
from auditor.report.narrow import Narrow
from auditor.text.sanitise import line

SARIF_EXTRAS = ("pass", "unknown", "waived", "not_applicable", "manual")
"""Outcomes that SARIF carries only when asked: code scanning shows every result as an open alert."""

PROBLEMS = (Outcome.FAIL, Outcome.ERROR, Outcome.UNKNOWN)
"""Outcomes that somebody should look at."""


@dataclass(frozen=True)
class Repository:
    """Files of the repository that a result can be shown at: relative POSIX paths from its root, empty where none.

    `snapshot` is set when the snapshot lies in the working tree, `anchor` when the user named a file to hang results
    on. `baseline` always is: the path of the baseline in the repository that ships it, or in the user's own.
    """

    snapshot: str = ""
    anchor: str = ""
    baseline: str = ""


@dataclass(frozen=True)
class AzureBuild:
    """The run of Azure Pipelines that a report is made in, in the words of its predefined variables."""

    organization: str
    project: str
    definition_id: str
    definition_name: str
    phase_id: str
    phase_name: str
    branch: str
    build_id: str

    @property
    def automation_id(self) -> str:
        """The id by which Advanced Security for Azure DevOps tells uploads apart (sarif-multitool, GHAzDO1020)."""
        parts = (self.organization, self.project, self.definition_id, self.phase_id, self.branch, self.build_id)
        return "/".join(("azuredevops/pipeline/build", *parts))

    @property
    def properties(self) -> Mapping[str, str]:
        """What it wants to know of the build (sarif-multitool, GHAzDO1019)."""
        return {
            "azuredevops/pipeline/build/buildDefinitionId": self.definition_id,
            "azuredevops/pipeline/build/buildDefinitionName": self.definition_name,
            "azuredevops/pipeline/build/phaseId": self.phase_id,
            "azuredevops/pipeline/build/phaseName": self.phase_name,
        }


class Spot(NamedTuple):
    """A place in a file of the repository; line and column count from 1."""

    path: str
    line: int
    column: int


@dataclass(frozen=True)
class Context:
    """How a report is wanted.

    At a terminal `every` asks for all problems and not only for what fits a screen, `verbose` for what passes too,
    with the evidence, `narrow` for some findings, `quiet` for the verdict alone. `width` is in terminal cells,
    `fail_on` what makes the check fail. `explanations` are the rules' own documentation (Markdown) by requirement id,
    `titles` the fault that a rule looks for, where only one requirement asks it, `former_names` the names that rules
    had in earlier versions.
    `as_of` is the date of the audit, ISO 8601, for formats that must state a time where the snapshot has none.
    `picture` and `trend` are SVG for the page, of the estate and of earlier audits: whoever makes them escapes what
    they show and uses attributes and the page's classes only, since its policy lets no style of their own through.
    `picture_words` is the same picture in words, headings and sentences under each; `trend_words` is the trend's.
    `controls` are the frameworks that the report speaks of; `by_control` is set where they were asked for by name, so
    that forms with little room tell of each of their controls.
    """

    width: int = 120
    color: bool = False
    verbose: bool = False
    every: bool = False
    quiet: bool = False
    narrow: Narrow = field(default_factory=Narrow)
    fail_on: str = DEFAULT
    sarif_include: frozenset[str] = frozenset()
    repository: Repository = field(default_factory=Repository)
    explanations: Mapping[str, str] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    former_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    as_of: str = ""
    azure_build: AzureBuild | None = None
    picture: str = ""
    picture_words: tuple[tuple[str, tuple[str, ...]], ...] = ()
    trend: str = ""
    trend_words: str = ""
    controls: Controls = field(default_factory=Controls)
    by_control: bool = False


def spot(finding: Finding, result: AuditResult, repository: Repository) -> Spot:
    """Where in the repository a finding is best shown.

    The line of the template or Bicep file that states the deciding value, or else the resource; the deciding value in
    the snapshot, if the snapshot is there; else the file the user named; else what the baseline requires.
    """
    for at in sources_of_finding(finding, result):
        if _is_below(at[0]):
            return Spot(*at)
    if repository.snapshot:
        for evidence in finding.verdict.evidence:
            if evidence.place in result.positions:
                return Spot(repository.snapshot, *result.positions[evidence.place])
    if repository.anchor:
        return Spot(repository.anchor, 1, 1)
    requirement = result.requirements[finding.requirement]
    return Spot(repository.baseline, max(requirement.line, 1), max(requirement.column, 1))


def sources_of_finding(finding: Finding, result: AuditResult) -> Iterator[tuple[str, int, int]]:
    """Where the source of a planned deployment states what decided, and then the resource itself."""
    places = [evidence.place for evidence in finding.verdict.evidence]
    if finding.verdict.resource is not None:
        places.append(Place(finding.verdict.resource, ""))
    return (result.sources[place] for place in places if place in result.sources)


def source_text(at: tuple[str, int, int]) -> str:
    """`main.json:12:5`, harmless to print."""
    return f"{line(at[0], 200)}:{at[1]}:{at[2]}"


def _is_below(path: str) -> bool:
    """Whether a path leads into the folder that one is in: a report names no other."""
    return not path.startswith(("/", "~")) and ".." not in path.split("/") and ":" not in path


def is_problem(finding: Finding) -> bool:
    """Whether somebody should look at it: it failed, could not be decided, or crashed."""
    return finding.outcome in PROBLEMS
