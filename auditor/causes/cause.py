"""Failing findings joined by what closes them, and which cause to look at first.

Joining compares changes and audits nothing: that a change closes what it is for is proven by `auditor fix`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from auditor.causes.titles import title_of
from auditor.model import ArmId, AuditResult, Finding, Outcome, Severity
from auditor.model.change import Action, Change
from auditor.model.exposure import Exposure

Key = tuple[tuple[str, ...], ...]

ADVICE = "should"
"""The level whose failure is advice, not a breach."""


@dataclass(frozen=True)
class Cause:
    """One thing to put right, and every finding that it closes.

    `proposed` are the findings that propose exactly these changes, the worst first; `contained` those whose own changes
    are among them, or would change what these delete. Without `changes` a person has to decide what to do: findings
    with the same advice, else those of one requirement, stand together.
    """

    id: str
    changes: tuple[Change, ...]
    proposed: tuple[Finding, ...]
    contained: tuple[Finding, ...] = ()
    exposure: Exposure = Exposure.NONE

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that it is to close, the worst first."""
        return tuple(sorted((*self.proposed, *self.contained), key=weight))

    @property
    def worst(self) -> Finding:
        """The worst of them."""
        return self.findings[0]

    @property
    def severity(self) -> str:
        """The worst severity that it closes, among what is required where anything is."""
        return self.worst.severity

    @property
    def optional(self) -> bool:
        """Whether it closes nothing but recommendations."""
        return self.worst.level == ADVICE

    @property
    def title(self) -> str:
        """What to do, in a few words; what is wrong, where no change is proposed."""
        return title_of(self.changes) if self.changes else self.worst.verdict.message

    @property
    def remediation(self) -> str:
        """What the rule says to do where no change is proposed; empty where one is."""
        return "" if self.changes else self.worst.verdict.remediation

    @property
    def warnings(self) -> tuple[str, ...]:
        """What today's users lose by it."""
        return tuple(dict.fromkeys(c.warning for c in self.changes if c.warning))

    @property
    def questions(self) -> tuple[str, ...]:
        """What only a person knows."""
        return tuple(dict.fromkeys(c.question for c in self.changes if c.question))

    @property
    def requirements(self) -> Mapping[str, int]:
        """The requirements of what it closes, each with how many findings, the worst first."""
        counts: dict[str, int] = {}
        for finding in self.findings:
            counts[finding.requirement] = counts.get(finding.requirement, 0) + 1
        return counts


def causes_of(result: AuditResult) -> tuple[Cause, ...]:
    """Every cause of what fails, what to do first at the front.

    Required before advised, then by the worst severity that it closes, then by exposure, then by how many findings it
    closes; ties keep the order of findings.
    """
    failing = [finding for finding in result.findings if finding.outcome is Outcome.FAIL]
    exposed = _exposures(result)
    grouped: dict[Key, list[Finding]] = {}
    for finding in sorted(failing, key=weight):
        grouped.setdefault(_key(finding), []).append(finding)
    made = [
        Cause(_id(key), found[0].verdict.changes, tuple(found), exposure=_most(found, exposed))
        for key, found in grouped.items()
    ]
    joined = _joined(made, exposed)
    return tuple(sorted(joined, key=_rank))


def weight(finding: Finding) -> tuple[bool, int, str, str, str]:
    """Sorts failing findings: required before advised, then by severity, then in one order for one result."""
    resource = finding.verdict.resource
    return (
        finding.level == ADVICE,
        Severity(finding.severity).rank,
        finding.requirement,
        resource.key if resource else "",
        finding.verdict.aspect,
    )


def _rank(cause: Cause) -> tuple[bool, int, int, int]:
    return cause.optional, Severity(cause.severity).rank, cause.exposure.rank, -len(cause.findings)


def _key(finding: Finding) -> Key:
    """What makes two findings one cause."""
    verdict = finding.verdict
    if verdict.changes:
        return tuple(change.key for change in verdict.changes)
    if verdict.remediation.startswith("az "):
        return (("advice", verdict.remediation),)
    return (("requirement", finding.requirement),)


def cause_id(changes: Sequence[Change]) -> str:
    """The id of the cause that these changes put right."""
    return _id(tuple(change.key for change in changes))


def _id(key: Key) -> str:
    """Stable between runs: it says nothing but what is to be changed."""
    return f"C-{hashlib.sha256(repr(key).encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def _joined(made: Sequence[Cause], exposed: Mapping[str, Exposure]) -> list[Cause]:
    """Causes without those that another one takes along; these are `contained` in that one."""
    index = _Index.of(made)
    into = {cause.id: larger for cause in made if (larger := _larger(cause, index)) is not None}
    taken: dict[str, list[Finding]] = {}
    for cause in made:
        root, seen = cause, {cause.id}
        while root.id in into and into[root.id].id not in seen:
            root = into[root.id]
            seen.add(root.id)
        if root is not cause:
            taken.setdefault(root.id, []).extend(cause.proposed)
    joined = []
    for cause in made:
        if cause.id in taken:
            more = tuple(taken[cause.id])
            exposure = _most((*cause.proposed, *more), exposed)
            joined.append(Cause(cause.id, cause.changes, cause.proposed, more, exposure))
        elif cause.id not in into:
            joined.append(cause)
    return joined


@dataclass(frozen=True)
class _Index:
    """Causes by what they change, and by what they delete."""

    by_key: Mapping[tuple[str, str, str, str], tuple[Cause, ...]]
    by_gone: Mapping[ArmId, tuple[Cause, ...]]

    @classmethod
    def of(cls, made: Iterable[Cause]) -> _Index:
        by_key: dict[tuple[str, str, str, str], tuple[Cause, ...]] = {}
        by_gone: dict[ArmId, tuple[Cause, ...]] = {}
        for cause in made:
            for change in cause.changes:
                by_key[change.key] = (*by_key.get(change.key, ()), cause)
                if change.action is Action.DELETE:
                    by_gone[change.resource] = (*by_gone.get(change.resource, ()), cause)
        return cls(by_key, by_gone)

    def near(self, change: Change) -> tuple[Cause, ...]:
        """The causes that may take this change along."""
        found = list(self.by_key.get(change.key, ()))
        at: ArmId | None = change.resource
        while at is not None:
            found += self.by_gone.get(at, ())
            at = at.parent
        return tuple(found)


def _larger(cause: Cause, index: _Index) -> Cause | None:
    """The cause that takes this one along, if one does; of two that do the same neither takes the other."""
    if not cause.changes:
        return None
    others = (other for other in index.near(cause.changes[0]) if other.id != cause.id)
    return next(
        (o for o in others if _covers(o.changes, cause.changes) and not _covers(cause.changes, o.changes)), None
    )


def _covers(larger: Sequence[Change], smaller: Sequence[Change]) -> bool:
    """Whether what is to be changed by `smaller` is done, or is gone, once `larger` is applied."""
    done = {change.key for change in larger}
    created = {change.resource for change in larger if change.action is Action.CREATE}
    gone = {change.resource for change in larger if change.action is Action.DELETE} - created
    return all(
        change.key in done
        or (change.action is not Action.CREATE and any(change.resource.is_within(each) for each in gone))
        for change in smaller
    )


def _exposures(result: AuditResult) -> Mapping[str, Exposure]:
    """By fingerprint: the worst exposure that a chain proves of a finding."""
    found: dict[str, Exposure] = {}
    for chain in result.chains:
        for fingerprint in chain.findings:
            found[fingerprint] = min(chain.exposure, found.get(fingerprint, Exposure.NONE), key=lambda e: e.rank)
    return found


def _most(findings: Iterable[Finding], exposed: Mapping[str, Exposure]) -> Exposure:
    return min((exposed.get(f.fingerprint, Exposure.NONE) for f in findings), key=lambda e: e.rank)
