"""A plan for all findings: few steps, each proven on the state that the last one left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from auditor.causes.apply import applied
from auditor.estate import Estate
from auditor.fix.prove import Audit, Proof, Prover, failing, key_of
from auditor.model import AuditResult, Finding, Severity
from auditor.model.change import Change
from auditor.snapshot import Snapshot


@dataclass(frozen=True)
class Fix:
    """Changes that belong together, what they are for, and what the proof says."""

    changes: tuple[Change, ...]
    wanted: tuple[Finding, ...]
    proof: Proof

    @property
    def cause(self) -> str:
        """A stable name for what these changes mend: findings that one fix closes share it."""
        return "; ".join(f"{c.action.value} {c.resource.name}{c.pointer}" for c in self.changes)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What today's users lose by it."""
        return tuple(dict.fromkeys(c.warning for c in self.changes if c.warning))

    @property
    def questions(self) -> tuple[str, ...]:
        """What only a person knows."""
        return tuple(dict.fromkeys(c.question for c in self.changes if c.question))


@dataclass(frozen=True)
class Plan:
    """Steps in order, what could not be proven, and what fails after the last step."""

    steps: tuple[Fix, ...]
    unproven: tuple[Fix, ...]
    remaining: tuple[Finding, ...]
    without_change: tuple[Finding, ...]
    """Findings for which no rule proposes a change: a person has to design something."""


def candidates(result: AuditResult) -> list[tuple[tuple[Change, ...], list[Finding]]]:
    """The distinct sets of changes that findings propose, worst finding first, each with those findings."""
    grouped: dict[tuple[tuple[str, str, str, str], ...], tuple[tuple[Change, ...], list[Finding]]] = {}
    for finding in sorted(failing(result).values(), key=_weight):
        changes = finding.verdict.changes
        if changes:
            grouped.setdefault(tuple(c.key for c in changes), (changes, []))[1].append(finding)
    return list(grouped.values())


def fixes(prover: Prover, progress: Callable[[int, int], None] | None = None) -> list[Fix]:
    """Every proposed set of changes with its proof, each on the estate as it is."""
    proposed = candidates(prover.before)
    found = []
    for number, (changes, wanted) in enumerate(proposed):
        found.append(Fix(changes, tuple(wanted), prover.prove(changes, wanted)))
        if progress is not None:
            progress(number + 1, len(proposed))
    return found


@dataclass(frozen=True)
class Planner:
    """What a plan is made with: how an estate is built, and how it is audited."""

    audit: Audit
    build: Callable[[Snapshot], Estate]
    wanted: Callable[[Finding], bool] = lambda finding: True
    """Which findings to close."""
    progress: Callable[[int, int], None] = lambda done, of: None

    def plan(self, snapshot: Snapshot, before: AuditResult) -> Plan:
        """Order the proposed fixes so that no step opens what was closed.

        Each round proves the candidates in order of the worst finding that they are for, on the state that the steps
        so far leave, and takes those that hold. One that opens something waits: it may hold after another step.
        """
        steps: list[Fix] = []
        state, result = snapshot, before
        while True:
            taken, refused, state, result = self._round(state, result)
            steps += taken
            if not taken:
                break
        left = sorted((f for f in failing(result).values() if self.wanted(f)), key=_weight)
        return Plan(tuple(steps), tuple(refused), tuple(left), tuple(f for f in left if not f.verdict.changes))

    def _round(self, state: Snapshot, result: AuditResult) -> tuple[list[Fix], list[Fix], Snapshot, AuditResult]:
        """The fixes that hold one after the other on this state, those that do not, and the state after the former."""
        taken: list[Fix] = []
        refused: list[Fix] = []
        proposed = candidates(result)
        for number, (changes, found) in enumerate(proposed):
            asked = [f for f in found if self.wanted(f) and key_of(f) in failing(result)]
            if asked:
                prover = Prover(state, self.build(state), result, self.audit)
                fix = Fix(changes, tuple(asked), prover.prove(changes, asked))
                if fix.proof.proven and fix.proof.after is not None:
                    taken.append(fix)
                    state, result = applied(state, prover.estate, changes), fix.proof.after
                else:
                    refused.append(fix)
            self.progress(number + 1, len(proposed))
        return taken, refused, state, result


def _weight(finding: Finding) -> tuple[bool, int, str, str]:
    resource = finding.verdict.resource
    return (
        finding.level != "must",
        Severity(finding.severity).rank,
        finding.requirement,
        resource.key if resource else "",
    )
