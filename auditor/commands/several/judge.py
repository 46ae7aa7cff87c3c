"""How one snapshot of many comes out. Runs in a process of its own: takes and gives what can be sent to another one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.commands.options.audit import AuditOptions, Terms, audited, chained, terms_of
from auditor.commands.options.bounds import hold_to_age
from auditor.commands.options.report import ReportOptions, Target, context_of, exit_code, fitted, write_report
from auditor.commands.options.snapshots import snapshot_of
from auditor.model import ArmId, AuditorError, AuditResult, ExitCode, Outcome, Severity

if TYPE_CHECKING:
    from auditor.causes.cause import Cause

_CAUSES = 5
"""How many causes of a snapshot compete for a place in the joined report."""


@dataclass(frozen=True)
class Asked:
    """What is asked of each snapshot. `results` is a folder for a result each, `sarif` asks for its run."""

    audit: AuditOptions
    fail_on: str = "must"
    strict: bool = False
    until_deployed: bool = False
    sarif_include: frozenset[str] = frozenset()
    anchor: Path | None = None
    max_age: int | None = None
    sarif: bool = False
    results: Path | None = None


@dataclass(frozen=True)
class WorkloadRow:
    """A workload of a snapshot: how many requirements fail, by severity, and how many could not be determined."""

    name: str
    architecture: str
    subscription: str
    failing: dict[str, int]
    unknown: int
    requirements: tuple[str, ...]


@dataclass(frozen=True)
class CauseRow:
    """One change that closes findings: its rank among the causes of all snapshots comes from these fields."""

    title: str
    severity: str
    optional: bool
    exposure: str
    closes: int
    requirements: tuple[str, ...]


@dataclass(frozen=True)
class Judged:
    """How a snapshot came out. `problem` is set, and nothing else, where it could not be judged."""

    path: str
    code: ExitCode
    verdict: str = ""
    headline: str = ""
    problem: str = ""
    tip: str = ""
    sha256: str = ""
    collected_at: str = ""
    subscriptions: tuple[str, ...] = ()
    summary: dict[str, int] | None = None
    workloads: tuple[WorkloadRow, ...] = ()
    causes: tuple[CauseRow, ...] = ()
    severities: dict[str, str] | None = None
    """By id: the severity of the requirements that fail."""
    run: str = ""
    """The run of SARIF, as JSON, where it was asked for."""


def judge(path: Path, result_name: str, asked: Asked) -> Judged:
    """Check one snapshot as `auditor check` does by itself. What is wrong with the file is an answer, not an error."""
    try:
        terms = _terms(asked.audit)
        found = snapshot_of(path)
        hold_to_age(found, str(path), asked.audit.as_of, asked.max_age)
        result = chained(found, audited(found, terms, asked.fail_on), terms)
        return _told(path, result_name, result, asked, terms)
    except AuditorError as problem:
        return Judged(str(path), ExitCode.USAGE, problem=str(problem), tip=problem.tip)


@lru_cache(maxsize=1)
def _terms(audit: AuditOptions) -> Terms:
    """Read once a process."""
    return terms_of(audit)


def _told(path: Path, result_name: str, result: AuditResult, asked: Asked, terms: Terms) -> Judged:
    from auditor.report import renderer
    from auditor.report.digest import Digest

    digest = Digest(result, asked.fail_on)
    report = ReportOptions(
        fail_on=asked.fail_on,
        sarif_include=asked.sarif_include,
        anchor=asked.anchor,
        controls=terms.controls,
        by_control=bool(terms.frameworks),
    )
    if asked.results is not None:
        target = Target("json", asked.results / result_name)
        write_report(target, renderer("json")(result, fitted(context_of(result, report), target)))
    failing = [f for f in result.findings if f.outcome is Outcome.FAIL]
    return Judged(
        str(path),
        exit_code(result, asked.fail_on, strict=asked.strict, until_deployed=asked.until_deployed),
        digest.verdict.value,
        digest.headline,
        sha256=result.snapshot.sha256,
        collected_at=result.snapshot.collected_at,
        subscriptions=tuple(result.snapshot.subscriptions),
        summary={outcome.value: number for outcome, number in result.summary.items()},
        workloads=tuple(_workloads(result)),
        causes=tuple(_cause(cause) for cause in digest.causes[:_CAUSES]),
        severities={f.requirement: result.requirements[f.requirement].severity for f in failing},
        run=_run(result, report) if asked.sarif else "",
    )


def _workloads(result: AuditResult) -> list[WorkloadRow]:
    rows = []
    for workload in result.workloads:
        own = [f for f in result.findings if f.workload == workload.name]
        fails = [f for f in own if f.outcome is Outcome.FAIL]
        ids = {severity.value: {f.requirement for f in fails if f.severity == severity} for severity in Severity}
        rows.append(
            WorkloadRow(
                workload.name,
                workload.architecture,
                ArmId(workload.anchor).subscription if workload.anchor else "",
                {severity: len(found) for severity, found in ids.items()},
                len({f.requirement for f in own if f.outcome is Outcome.UNKNOWN}),
                tuple(dict.fromkeys(f.requirement for f in fails)),
            )
        )
    return rows


def _cause(cause: Cause) -> CauseRow:
    ids = tuple(dict.fromkeys(finding.requirement for finding in cause.findings))
    return CauseRow(cause.title, cause.severity, cause.optional, cause.exposure.value, len(cause.findings), ids)


def _run(result: AuditResult, report: ReportOptions) -> str:
    """The one run of what `check --format sarif` writes."""
    import json

    from auditor.report import renderer

    text = renderer("sarif")(result, fitted(context_of(result, report), Target("sarif", Path("-"))))
    (run,) = json.loads(text)["runs"]
    return json.dumps(run)


def result_names(paths: tuple[Path, ...]) -> tuple[str, ...]:
    """A name for the result of each snapshot: its own, and its folders before it where two have the same."""
    plain = [path.name.removesuffix(".json") for path in paths]
    longer = ["-".join(part for part in path.with_suffix("").parts if part not in ("/", "..")) for path in paths]
    chosen = [short if plain.count(short) == 1 else long for short, long in zip(plain, longer, strict=True)]
    taken: dict[str, int] = {}
    names = []
    for name in chosen:
        taken[name] = taken.get(name, 0) + 1
        names.append(f"{name}.result.json" if taken[name] == 1 else f"{name}-{taken[name]}.result.json")
    return tuple(names)
