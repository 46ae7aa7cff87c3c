"""What every report for people says first: the verdict, what to do first, what each family comes to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from auditor.causes.cause import ADVICE, Cause, causes_of
from auditor.model import AuditResult, Finding, Outcome, Requirement, Severity
from auditor.report.gate import DEFAULT, counts
from auditor.text.sanitise import RANK, counted, joined

OPTIONAL = (ADVICE,)
"""Levels whose failure is advice, not a breach."""

DO_FIRST = 5
"""How many causes every report names to begin with."""


@dataclass(frozen=True)
class Family:
    """The requirements of one family and their findings, worst first. `rows` leaves out the manual checks."""

    key: str
    title: str
    findings: tuple[Finding, ...]
    not_implemented: int

    @cached_property
    def counts(self) -> Mapping[Outcome, int]:
        """How many findings came out each way."""
        return Counter(finding.outcome for finding in self.findings)

    @cached_property
    def rows(self) -> tuple[Finding, ...]:
        """What was decided or tried."""
        return tuple(f for f in self.findings if f.outcome is not Outcome.MANUAL)


@dataclass(frozen=True)
class Step:
    """One requirement that fails, with everything that breaks it: a row of an action plan."""

    requirement: Requirement
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Gap:
    """A permission that was missing, or a reason, and what could not be decided for it."""

    permission: str
    because: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Digest:
    """A result, arranged for reading. Deterministic: ties keep the order of the baseline."""

    result: AuditResult
    fail_on: str = DEFAULT
    """What makes the check fail, which the word of the verdict agrees with."""

    @cached_property
    def families(self) -> tuple[Family, ...]:
        """Every family that has a requirement, in the baseline's order."""
        members: dict[str, list[Finding]] = {requirement.family: [] for requirement in self.requirements}
        for finding in self.result.findings:
            members[self.result.requirements[finding.requirement].family].append(finding)
        absent = Counter(self.result.requirements[id_].family for id_ in self.result.not_implemented)
        order = {key: n for n, key in enumerate(self.result.baseline.families)}
        return tuple(
            Family(key, self.result.baseline.families.get(key, key), tuple(sorted(found, key=self.weight)), absent[key])
            for key, found in sorted(members.items(), key=lambda item: order.get(item[0], len(order)))
        )

    @cached_property
    def requirements(self) -> tuple[Requirement, ...]:
        """Every row of the baseline."""
        return tuple(self.result.requirements.values())

    @cached_property
    def _row(self) -> Mapping[str, int]:
        return {id_: n for n, id_ in enumerate(self.result.requirements)}

    def weight(self, finding: Finding) -> tuple[int, bool, int, int]:
        """Sorts worst first: by outcome, then what is required before what is advised, then by severity."""
        return (
            RANK[finding.outcome],
            finding.level in OPTIONAL,
            Severity(finding.severity).rank,
            self._row[finding.requirement],
        )

    def of(self, *outcomes: Outcome) -> tuple[Finding, ...]:
        """The findings that came out so, worst first."""
        return tuple(sorted((f for f in self.result.findings if f.outcome in outcomes), key=self.weight))

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Every requirement that fails, what to mend first at the front."""
        broken: dict[str, list[Finding]] = {}
        for finding in self.of(Outcome.FAIL):
            broken.setdefault(finding.requirement, []).append(finding)
        return tuple(Step(self.result.requirements[id_], tuple(found)) for id_, found in broken.items())

    @cached_property
    def causes(self) -> tuple[Cause, ...]:
        """Everything to put right, what to do first at the front."""
        return causes_of(self.result)

    @cached_property
    def first(self) -> tuple[Cause, ...]:
        """What every report names to begin with."""
        return self.causes[:DO_FIRST]

    @cached_property
    def cause_of(self) -> Mapping[str, Cause]:
        """By fingerprint: the cause that closes a failing finding."""
        return {finding.fingerprint: cause for cause in self.causes for finding in cause.findings}

    @cached_property
    def gaps(self) -> tuple[Gap, ...]:
        """What kept requirements from being decided: permissions by how much they would mend, then other reasons."""
        grouped: dict[tuple[str, str], list[Finding]] = {}
        for finding in self.of(Outcome.UNKNOWN):
            why = finding.verdict.unknown
            permission = (why.permission if why is not None else None) or ""
            because = why.because if why is not None else finding.verdict.message
            grouped.setdefault((permission, "" if permission else because), []).append(finding)
        made = [Gap(permission, _because(found[0]), tuple(found)) for (permission, _), found in grouped.items()]
        return tuple(sorted(made, key=lambda gap: (not gap.permission, -len(gap.findings), gap.permission)))

    @cached_property
    def anchors(self) -> Mapping[str, str]:
        """By fingerprint: the id of the row that a page shows the finding in; of the first, where several share it."""
        made: dict[str, str] = {}
        for family in self.families:
            seen: Counter[str] = Counter()
            for finding in family.rows:
                seen[finding.requirement] += 1
                made.setdefault(finding.fingerprint, anchor(finding, seen[finding.requirement]))
        return made

    @cached_property
    def broken(self) -> tuple[str, ...]:
        """Required requirements that fail somewhere."""
        return _ids(f for f in self.of(Outcome.FAIL) if f.level not in OPTIONAL)

    @cached_property
    def advised(self) -> tuple[str, ...]:
        """Recommended requirements that fail somewhere."""
        return _ids(f for f in self.of(Outcome.FAIL) if f.level in OPTIONAL)

    @cached_property
    def undecided(self) -> tuple[str, ...]:
        """Requirements that are unknown somewhere."""
        return _ids(self.of(Outcome.UNKNOWN))

    @cached_property
    def verdict(self) -> Outcome:
        """The whole in one word, as the exit code has it: a recommendation fails only where it is asked to.

        Where there was nothing to check, that is a fail too, unless nothing shall fail.
        """
        if self.result.missing:
            return Outcome.NOT_APPLICABLE if self.fail_on == "never" else Outcome.FAIL
        summary = self.result.summary
        if summary[Outcome.ERROR]:
            return Outcome.ERROR
        if any(counts(finding, self.fail_on) for finding in self.of(Outcome.FAIL)):
            return Outcome.FAIL
        return Outcome.PASS if summary[Outcome.PASS] and not summary[Outcome.UNKNOWN] else Outcome.UNKNOWN

    @cached_property
    def headline(self) -> str:
        """The verdict in one sentence."""
        if self.result.missing:
            return missing_sentence(self.result)
        said = []
        if crashed := self.result.summary[Outcome.ERROR]:
            said.append(f"the auditor itself failed on {counted(crashed, 'check')}")
        if self.broken:
            verb = "is" if len(self.broken) == 1 else "are"
            said.append(f"{counted(len(self.broken), 'requirement')} {verb} not met")
        if self.advised:
            verb = "is" if len(self.advised) == 1 else "are"
            said.append(f"{counted(len(self.advised), 'recommendation')} {verb} not followed")
        if self.undecided:
            said.append(f"{counted(len(self.undecided), 'requirement')} could not be decided")
        if not said:
            return self._all_well()
        sentence = joined(said)
        return f"{sentence[0].upper()}{sentence[1:]}{self._borne()}."

    def _all_well(self) -> str:
        if not self.result.summary[Outcome.PASS]:
            return "Nothing was decided: no requirement of this baseline applies or has a rule."
        absent = len(self.result.not_implemented)
        said = f"Every requirement that was checked holds{self._borne()}"
        return f"{said}; {absent:,} could not be checked for want of a rule." if absent else f"{said}."

    def _borne(self) -> str:
        """The waived ones belong into every verdict: without them it would sound better than it is."""
        waived = self.result.summary[Outcome.WAIVED]
        return f", {counted(waived, 'finding')} waived" if waived else ""


def moment_of(result: AuditResult, written: str) -> str:
    """When the snapshot is of, in words that say whose time that is; empty where it has none.

    An import takes the time that it is given, else that of its files: no clock of Azure's says it.
    """
    if not written:
        return ""
    by_import = result.snapshot.source not in ("", FROM_AZURE)
    return (
        f"dated {written} by the import (--as-of, else the time of its files)" if by_import else f"collected {written}"
    )


FROM_AZURE = "azure"
"""Where a snapshot comes from that was collected from Azure itself."""


def remarks_of(result: AuditResult) -> list[str]:
    """The notes that are not about waivers, which some forms tell in a place of their own."""
    told = {use.says for use in result.waivers}
    return [note for note in result.notes if note not in told]


def anchor(finding: Finding, number: int) -> str:
    """The id of a finding's row, the so-many-th of its requirement.

    Two workloads can share a resource, and with it a fingerprint; an id must be the only one of its name.
    """
    return f"f-{finding.fingerprint[:12]}-{number}"


def missing_sentence(result: AuditResult) -> str:
    """What is said where nothing of the architecture was found."""
    size = counted(result.snapshot.documents, "document")
    looked_for = joined(list(result.missing))
    if not result.seen:
        return f"Nothing of this architecture is in this snapshot ({size}); looked for: {looked_for}."
    seen = joined(list(result.seen))
    return (
        f"No workload of this architecture was recognised in this snapshot ({size}), which shows {seen}; looked for:"
        f" {looked_for}."
    )


def _because(finding: Finding) -> str:
    why = finding.verdict.unknown
    return why.because if why is not None else finding.verdict.message


def _ids(findings: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(finding.requirement for finding in findings))


def ended(result: AuditResult) -> list[tuple[str, tuple[str, ...]]]:
    """What Azure itself ends, in words, with the names of the resources that use it; the first day first."""
    found: dict[str, list[str]] = {}
    for each in result.retirements:
        found.setdefault(each.says, []).append(each.resource.name)
    return [(says, tuple(dict.fromkeys(names))) for says, names in found.items()]
