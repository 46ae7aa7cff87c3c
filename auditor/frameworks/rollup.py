"""What an audit says about each control of a framework, and about how much of the framework it can speak at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from auditor.frameworks.model import Controls, Framework
from auditor.model import AuditResult, Finding, Outcome


class Status(StrEnum):
    """How a control comes out, worst first. None of them says that a framework's control is met as a whole."""

    NOT_SATISFIED = "not_satisfied"
    NOT_DETERMINED = "not_determined"
    SATISFIED = "satisfied"
    NOT_COVERED = "not_covered"


WORDS: Mapping[Status, str] = {
    Status.NOT_SATISFIED: "not satisfied",
    Status.NOT_DETERMINED: "not determined",
    Status.SATISFIED: "satisfied",
    Status.NOT_COVERED: "not covered",
}

_BROKEN = (Outcome.FAIL, Outcome.WAIVED)
_OPEN = (Outcome.UNKNOWN, Outcome.ERROR, Outcome.MANUAL)


@dataclass(frozen=True)
class ControlView:
    """One control: its status, the requirements that support it, and what was found under them, worst first.

    `undecided` are supporting requirements that nobody decided: no rule does, or no workload was recognised.
    """

    id: str
    title: str
    status: Status
    requirements: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    undecided: tuple[str, ...] = ()
    why: str = ""

    @property
    def accepted(self) -> bool:
        """Whether it is not satisfied, and every finding that makes it so is accepted by a waiver."""
        broken = [finding.outcome for finding in self.findings if finding.outcome in _BROKEN]
        return bool(broken) and Outcome.FAIL not in broken

    @cached_property
    def counts(self) -> Mapping[Outcome, int]:
        """How many findings came out each way."""
        return Counter(finding.outcome for finding in self.findings)


@dataclass(frozen=True)
class FrameworkView:
    """A framework as one audit shows it. `controls` are those that the audit can speak about, and those it lists."""

    framework: Framework
    controls: tuple[ControlView, ...]

    @cached_property
    def counts(self) -> Mapping[Status, int]:
        """How many controls came out each way; what the audit cannot speak about counts where it is known."""
        counted = Counter(control.status for control in self.controls)
        not_covered = counted[Status.NOT_COVERED] + len(self.framework.others)
        if self.framework.size is not None:
            not_covered = max(self.framework.size - self.covered, not_covered)
        return {status: counted[status] for status in Status} | {Status.NOT_COVERED: not_covered}

    @cached_property
    def covered(self) -> int:
        """About how many controls the audit can say something."""
        return sum(control.status is not Status.NOT_COVERED for control in self.controls)

    @property
    def not_covered(self) -> tuple[str, ...]:
        """The ids of controls that nothing here speaks about, as far as they are known one by one."""
        return (*(c.id for c in self.controls if c.status is Status.NOT_COVERED), *self.framework.others)

    @property
    def share(self) -> str:
        """How much of the framework this tool can speak about, in sentences that promise nothing more."""
        name, size = self.framework.name, self.framework.size
        if size is None:
            said = (
                f"This audit can speak about {self.covered:,} controls of {name}; how many the framework has in all"
                " is not held here"
            )
        else:
            percent = f"{100 * self.covered / size:.0f} %" if size else "none"
            said = f"This audit can speak about {self.covered:,} of {size:,} controls of {name} ({percent})"
        return (
            f"{said}. A requirement that holds supports a control; it does not show that the control is met, which"
            " also asks for people, processes and systems that no setting of this workload shows."
        )


def framework_views(result: AuditResult, controls: Controls) -> tuple[FrameworkView, ...]:
    """Every framework that is asked for, in the order in which it was."""
    by_requirement: dict[str, list[Finding]] = {}
    for finding in result.findings:
        by_requirement.setdefault(finding.requirement, []).append(finding)
    return tuple(
        FrameworkView(
            framework,
            tuple(
                _control(id_, framework, controls.by_control[framework.id].get(id_, ()), by_requirement, result)
                for id_ in framework.controls
            ),
        )
        for framework in controls.frameworks.values()
    )


def _control(
    id_: str,
    framework: Framework,
    requirements: tuple[str, ...],
    found: Mapping[str, Sequence[Finding]],
    result: AuditResult,
) -> ControlView:
    supported = tuple(each for each in requirements if each in result.requirements)
    findings = sorted((f for each in supported for f in found.get(each, ())), key=_badness)
    undecided = tuple(each for each in supported if each not in found)
    return ControlView(
        id=id_,
        title=framework.controls[id_],
        status=_status(supported, findings, undecided),
        requirements=supported,
        findings=tuple(findings),
        undecided=undecided,
        why=framework.reasons.get(id_, ""),
    )


def _badness(finding: Finding) -> int:
    order = (*_BROKEN, *_OPEN, Outcome.PASS, Outcome.NOT_APPLICABLE)
    return order.index(finding.outcome)


def _status(supported: Sequence[str], findings: Sequence[Finding], undecided: Sequence[str]) -> Status:
    """A breach decides, whatever else is open; what is open keeps the rest from being satisfied.

    A control whose requirements do not apply here is not determined: nothing was there to be asked.
    """
    if not supported:
        return Status.NOT_COVERED
    outcomes = {finding.outcome for finding in findings}
    if outcomes & set(_BROKEN):
        return Status.NOT_SATISFIED
    if undecided or outcomes & set(_OPEN) or Outcome.PASS not in outcomes:
        return Status.NOT_DETERMINED
    return Status.SATISFIED
