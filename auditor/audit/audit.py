"""Snapshot and baseline to result: recognise the workloads, ask every rule, keep every answer."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from auditor.audit.beside import beside
from auditor.audit.recognise import recognise
from auditor.audit.retirements import retirements
from auditor.audit.seen import seen_of
from auditor.baseline import Baseline
from auditor.estate import Estate, build_estate
from auditor.model import (
    ArmId,
    AuditResult,
    BaselineInfo,
    Finding,
    Level,
    NotKnown,
    Outcome,
    Place,
    Requirement,
    SnapshotInfo,
    Verdict,
    WorkloadInfo,
)
from auditor.model.fingerprint import fingerprint
from auditor.network.topology.service_tags import DOCUMENT
from auditor.rules import Rule, rules_by_name
from auditor.services.paas_firewall import unjudged
from auditor.snapshot import Snapshot, positions_of, sources_of
from auditor.workload.architecture import Architecture
from auditor.workload.parts import Workload, workloads
from auditor.workload.pins import Pin, pins_of

_LATER = "until deployed"

_SHOWN = 10
"""How many notes of one kind a report tells; the rest is counted."""


def audit(
    snapshot: Snapshot,
    baseline: Baseline,
    pins: Iterable[Pin] = (),
    service_tags: Mapping[str, Any] | None = None,
    estate: Estate | None = None,
) -> AuditResult:
    """Check a snapshot against a baseline. Pure: the same bytes in give the same result.

    `pins` say what plays a part. `service_tags`, a list of them as Microsoft publishes it, takes the place of the
    snapshot's own. `estate` is what `estate_of` makes of both, where somebody has it already. A rule that raises is
    outcome `error` on its requirement and does not stop the others.
    """
    estate = estate_of(snapshot, service_tags) if estate is None else estate
    described = baseline.architecture
    found = workloads(estate, pins_of(estate, pins, described), described)
    if len(found) == 1 and _is_missing(found[0]):
        missing, seen = seen_of(estate, described)
        return replace(without_findings(snapshot, baseline), missing=missing, seen=seen)
    return _judged(snapshot, baseline, estate, [(w, "") for w in found])


def audit_recognised(
    snapshot: Snapshot,
    known: Mapping[str, Architecture],
    read: Callable[[str], Baseline],
    service_tags: Mapping[str, Any] | None = None,
    estate: Estate | None = None,
) -> AuditResult:
    """Check a snapshot, each of its workloads by the baseline whose architecture it is a deployment of.

    `known` are architectures by the names of their baselines, the first of which is asked where none fits; `read` reads
    one. Where workloads of several are there, ids and families of all but the first begin with the name of theirs.
    """
    estate = estate_of(snapshot, service_tags) if estate is None else estate
    kinds, resembling = recognise(estate, known)
    first = next(iter(known))
    if not kinds:
        result = audit(snapshot, read(first), (), service_tags, estate)
        looked = ", ".join(f"a {a.parts[a.anchor].label} ({name})" for name, a in known.items())
        none = f"no architecture was recognised: none of {looked} is here"
        return replace(result, notes=(none, *resembling, *result.notes))
    parts = [(each.name, _judged(snapshot, read(each.name), estate, each.found)) for each in kinds]
    result = parts[0][1] if len(parts) == 1 else _together(parts, first)
    judged = zip((made for _, made in parts), kinds, strict=True)
    said = [f"{why} ({made.baseline.source})" for made, each in judged for _, why in each.found]
    return replace(result, notes=(*said, *resembling, *result.notes))


def _together(parts: Sequence[tuple[str, AuditResult]], first: str) -> AuditResult:
    """One result of several: what is not of the first architecture says in its ids and families whose it is."""
    made = [result if name == first else _prefixed(result, name) for name, result in parts]
    notes = dict.fromkeys(note for result in made for note in result.notes)
    info = BaselineInfo(
        " and ".join(result.baseline.name for result in made),
        ", ".join(result.baseline.version for result in made),
        "; ".join(result.baseline.source for result in made),
        made[0].baseline.path,
        {prefix: title for result in made for prefix, title in result.baseline.families.items()},
    )
    return replace(
        made[0],
        baseline=info,
        requirements={id_: row for result in made for id_, row in result.requirements.items()},
        findings=tuple(finding for result in made for finding in result.findings),
        workloads=tuple(w for result in made for w in result.workloads),
        not_implemented=tuple(id_ for result in made for id_ in result.not_implemented),
        notes=tuple(notes),
        retirements=tuple(dict.fromkeys(use for result in made for use in result.retirements)),
        positions={place: at for result in made for place, at in result.positions.items()},
        sources={place: at for result in made for place, at in result.sources.items()},
    )


def _prefixed(result: AuditResult, name: str) -> AuditResult:
    def named(id_: str) -> str:
        return f"{name}/{id_}"

    rows = {named(i): replace(r, id=named(i), family=named(r.family)) for i, r in result.requirements.items()}
    families = {named(prefix): f"{title} ({name})" for prefix, title in result.baseline.families.items()}
    return replace(
        result,
        baseline=replace(result.baseline, families=families),
        requirements=rows,
        findings=tuple(_renamed(finding, named(finding.requirement)) for finding in result.findings),
        not_implemented=tuple(named(id_) for id_ in result.not_implemented),
    )


def _renamed(finding: Finding, id_: str) -> Finding:
    """The finding under another requirement's id, which makes it another alert."""
    own = fingerprint(id_, finding.verdict.resource, finding.fingerprint)
    return replace(finding, requirement=id_, fingerprint=own)


def without_findings(snapshot: Snapshot, baseline: Baseline) -> AuditResult:
    """A result without findings: what is known of an audit before a rule was asked."""
    return AuditResult(baseline.info, _about(snapshot), baseline.requirements, (), positions={})


def _judged(
    snapshot: Snapshot, baseline: Baseline, estate: Estate, found: Sequence[tuple[Workload, str]]
) -> AuditResult:
    """Every requirement of a baseline, asked of workloads that are of its architecture; by each, why it is."""
    index = rules_by_name()
    asked = tuple(w for w, _ in found)
    findings = sorted(_findings(asked, baseline, index), key=_order(baseline))
    places = {evidence.place for finding in findings for evidence in finding.verdict.evidence}
    subjects = {Place(f.verdict.resource, "") for f in findings if f.verdict.resource is not None}
    return replace(
        without_findings(snapshot, baseline),
        findings=tuple(findings),
        workloads=tuple(replace(_describe(w), architecture=baseline.info.name, why=why) for w, why in found),
        not_implemented=tuple(_without_rule(baseline, index)),
        notes=(*left_out(baseline), *baseline.remarks, *_notes(asked, estate)),
        retirements=retirements(asked, estate),
        positions={p: (at.line, at.column) for p, at in positions_of(snapshot, places).items()},
        sources=sources_of(snapshot, places | subjects),
    )


def estate_of(snapshot: Snapshot, service_tags: Mapping[str, Any] | None = None, like: Estate | None = None) -> Estate:
    """The estate of a snapshot, with a list of service tags in the place of its own where one is given.

    `like`: as for `build_estate`.
    """
    return build_estate(snapshot if service_tags is None else tagged(snapshot, service_tags), like)


def tagged(snapshot: Snapshot, service_tags: Mapping[str, Any]) -> Snapshot:
    """The snapshot with a list of service tags in the place of its own."""
    others = (d for d in snapshot.documents if ArmId(str(d.get("id", ""))).type != DOCUMENT)
    return replace(snapshot, documents=(*others, {**service_tags, "id": f"/providers/{DOCUMENT}/given"}))


def _findings(found: Iterable[Workload], baseline: Baseline, index: Mapping[str, Rule]) -> Iterator[Finding]:
    for workload in found:
        for requirement in baseline.requirements.values():
            if requirement.level is Level.MANUAL:
                verdict = Verdict(Outcome.MANUAL, requirement.look_at)
                yield _finding(requirement, "", verdict, workload)
            elif requirement.rule in index:
                rule = index[requirement.rule]
                for verdict in _ask(rule, requirement, baseline, workload):
                    named = replace(_dated(verdict, workload), part=verdict.part or rule.part)
                    yield _finding(requirement, rule.name, named, workload)


def _dated(verdict: Verdict, workload: Workload) -> Verdict:
    """The verdict; of a plan, what nothing but its deployment is missing for says so."""
    why = verdict.unknown
    if why is None or not workload.estate.snapshot.planned:
        return verdict
    # Of several reasons one that waits is enough: before the deployment nothing settles the whole.
    if not why.absent and _LATER not in why.because:
        return verdict
    because = why.because if _LATER in why.because else f"{why.because}; this is unknown {_LATER}"
    later = replace(why, because=because, permission=None, until_deployed=True)
    return replace(verdict, message=because, unknown=later)


def _ask(rule: Rule, requirement: Requirement, baseline: Baseline, workload: Workload) -> tuple[Verdict, ...]:
    """All of a rule's verdicts; where it crashes, what it had found to be wrong, and how it crashed."""
    found: list[Verdict] = []
    try:
        for verdict in rule.apply(workload, baseline.terms[requirement.id], requirement.on):
            found.append(verdict)  # noqa: PERF402 - what comes before a crash is kept
        return tuple(found)
    except Exception as crash:
        where = traceback.extract_tb(crash.__traceback__)[-1]
        what = f"{type(crash).__name__}: {crash} ({rule.name}, line {where.lineno} of {where.name})"
        wrong = (verdict for verdict in found if verdict.outcome is Outcome.FAIL)
        return (*wrong, Verdict(Outcome.ERROR, f"the rule itself failed: {what}"))


def _finding(requirement: Requirement, rule: str, verdict: Verdict, workload: Workload) -> Finding:
    anchor = workload.anchor.id if workload.anchor else None
    resource = verdict.resource or anchor
    # A resource that two workloads share is judged for both, and the two findings are two alerts.
    shared = "" if anchor is None or resource == anchor else f" of {anchor.key}"
    return Finding(
        requirement=requirement.id,
        rule=rule,
        level=requirement.level.value,
        severity=requirement.severity.value,
        verdict=verdict,
        workload=workload.name,
        fingerprint=fingerprint(requirement.id, resource, verdict.aspect + shared),
    )


def _order(baseline: Baseline) -> Callable[[Finding], tuple[int, str, str, str, str]]:
    rank = {id_: n for n, id_ in enumerate(baseline.requirements)}

    def key(finding: Finding) -> tuple[int, str, str, str, str]:
        verdict = finding.verdict
        resource = verdict.resource.key if verdict.resource else ""
        return rank[finding.requirement], finding.workload, resource, verdict.aspect, verdict.message

    return key


def _without_rule(baseline: Baseline, index: Mapping[str, Rule]) -> Iterator[str]:
    for requirement in baseline.requirements.values():
        if requirement.level is not Level.MANUAL and requirement.rule not in index:
            yield requirement.id


def _is_missing(workload: Workload) -> bool:
    """Whether not one of the parts that make this architecture is there."""
    if workload.anchor is not None:
        return False
    for name, part in workload.architecture.parts.items():
        try:
            if part.sign and workload.part(name):
                return False
        except NotKnown:
            return False
    return True


def _describe(workload: Workload) -> WorkloadInfo:
    parts: dict[str, tuple[str, ...]] = {}
    for label, name in workload.architecture.shown.items():
        try:
            parts[label] = tuple(r.id.text for r in workload.part(name))
        except NotKnown:
            continue
    return WorkloadInfo(workload.name, workload.anchor.id.text if workload.anchor else "", parts)


def left_out(baseline: Baseline) -> Iterator[str]:
    """A sentence for each requirement that a baseline disables."""
    for id_, reason in baseline.disabled.items():
        yield f"{id_} is not checked: the baseline {baseline.info.name} disables it ({reason})"


def _notes(found: tuple[Workload, ...], estate: Estate) -> Iterator[str]:
    if not estate.snapshot.complete:
        yield "the snapshot is marked incomplete: its collection was interrupted"
    yield from estate.contradictions[:_SHOWN]
    if len(estate.contradictions) > _SHOWN:
        yield f"{len(estate.contradictions) - _SHOWN} more documents contradict themselves in this way"
    yield from _not_judged(estate)
    yield from beside(found, estate)
    for workload in found:
        if workload.anchor is not None and workload.anchor.kind == "hub":
            yield f"{workload.anchor.name} is a hub: it is judged, with its projects, as the workspace"
        try:
            spare = workload.architecture.spare
            ambiguous = len(spare) > 1 and workload.networks and workload.subnets.ambiguous
        except NotKnown:
            continue
        if ambiguous:
            names = ", ".join(s.name for s in workload.subnets.all)
            parts = f"{', '.join(spare[:-1])} and {spare[-1]}"
            yield (
                f"which subnet serves {parts} cannot be determined from structure alone"
                f" (subnets: {names}); pin them in the settings file"
            )


def _not_judged(estate: Estate) -> Iterator[str]:
    """How many resources of which kinds no rule looks at, and no table says whether they let the Internet in."""
    kinds = unjudged(estate)
    if kinds:
        count, many = sum(kinds.values()), len(kinds)
        names = ", ".join(f"{n} {kind}" for kind, n in list(kinds.items())[:_SHOWN])
        more = f" and {many - _SHOWN} more kinds" if many > _SHOWN else ""
        what = f"{count} resource{'s' if count > 1 else ''} of {many} kind{'s' if many > 1 else ''}"
        yield f"{what} {'were' if count > 1 else 'was'} not judged: {names}{more}"


def _about(snapshot: Snapshot) -> SnapshotInfo:
    return SnapshotInfo(
        collected_at=snapshot.collected_at,
        sha256=snapshot.sha256,
        subscriptions=snapshot.subscriptions,
        source=snapshot.source,
        complete=snapshot.complete,
        path=snapshot.path,
        documents=len(snapshot.documents),
        failed_reads=tuple(read for read in snapshot.reads if not read.answered),
        resource_groups=snapshot.resource_groups,
    )
