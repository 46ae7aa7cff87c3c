"""Snapshot and baseline to result: recognise the workloads, ask every rule, keep every answer."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from auditor.audit.beside import beside
from auditor.audit.retirements import retirements
from auditor.audit.seen import seen_of
from auditor.baseline import Baseline
from auditor.estate import Estate, build_estate
from auditor.model import (
    ArmId,
    AuditResult,
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
from auditor.workload.parts import Workload, workloads
from auditor.workload.pins import Pin, pins_of

PARTS: Mapping[str, str] = {
    "Machine Learning workspace": "workspaces",
    "managed online endpoint": "online_endpoints",
    "Azure OpenAI account": "openai",
    "AI Search service": "searches",
    "workspace storage": "storages",
    "workspace key vault": "vaults",
    "workspace registry": "registries",
    "chat UI": "chat_uis",
    "flow web app": "flow_sites",
    "Application Gateway": "gateways",
    "Azure Bastion": "bastions",
    "jump box": "jump_boxes",
    "virtual network": "networks",
}
"""What the reports call the parts of a workload, and how a workload answers them."""

_LATER = "until deployed"

_SHOWN = 10
"""How many notes of one kind a report tells; the rest is counted."""

_ARCHITECTURE = ("Machine Learning workspace", "Azure OpenAI account", "AI Search service", "Application Gateway")
"""Parts that only a deployment of this architecture has; without any of them there is nothing to check."""


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
    found = workloads(estate, pins_of(estate, pins))
    empty = AuditResult(baseline.info, _about(snapshot), baseline.requirements, (), positions={})
    if len(found) == 1 and _is_missing(found[0]):
        missing, seen = seen_of(estate, PARTS)
        return replace(empty, missing=missing, seen=seen)
    index = rules_by_name()
    findings = sorted(_findings(found, baseline, index), key=_order(baseline))
    places = {evidence.place for finding in findings for evidence in finding.verdict.evidence}
    subjects = {Place(f.verdict.resource, "") for f in findings if f.verdict.resource is not None}
    return replace(
        empty,
        findings=tuple(findings),
        workloads=tuple(_describe(w) for w in found),
        not_implemented=tuple(_without_rule(baseline, index)),
        notes=(*_left_out(baseline), *baseline.remarks, *_notes(found, estate)),
        retirements=retirements(found, estate),
        positions={p: (at.line, at.column) for p, at in positions_of(snapshot, places).items()},
        sources=sources_of(snapshot, places | subjects),
    )


def estate_of(snapshot: Snapshot, service_tags: Mapping[str, Any] | None = None) -> Estate:
    """The estate of a snapshot, with a list of service tags in the place of its own where one is given."""
    return build_estate(snapshot if service_tags is None else tagged(snapshot, service_tags))


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
        for verdict in rule.apply(workload, baseline.terms[requirement.id]):
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
    for label in _ARCHITECTURE:
        try:
            if getattr(workload, PARTS[label]):
                return False
        except NotKnown:
            return False
    return True


def _describe(workload: Workload) -> WorkloadInfo:
    parts: dict[str, tuple[str, ...]] = {}
    for label, attribute in PARTS.items():
        try:
            parts[label] = tuple(r.id.text for r in getattr(workload, attribute))
        except NotKnown:
            continue
    return WorkloadInfo(workload.name, workload.anchor.id.text if workload.anchor else "", parts)


def _left_out(baseline: Baseline) -> Iterator[str]:
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
            ambiguous = workload.networks and workload.subnets.ambiguous
        except NotKnown:
            continue
        if ambiguous:
            names = ", ".join(s.name for s in workload.subnets.all)
            yield (
                "which subnet serves agents, training and scoring cannot be told by structure alone"
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
