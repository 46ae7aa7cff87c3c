"""Chains of an audited estate, ranked, and the smallest set of fixes that breaks them, asked of the changed estate."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from auditor.causes.apply import NotApplicableError, applied
from auditor.causes.cause import Cause, causes_of
from auditor.chains.cut import smallest_cut
from auditor.chains.edges import INTERNET, Edge, edges_of, is_end, is_start
from auditor.estate import Estate
from auditor.model import ArmId, AuditResult, Finding, Outcome, Severity
from auditor.model.chain import Chain, ChainStep, Cut
from auditor.model.change import Action, Change
from auditor.model.exposure import Exposure
from auditor.snapshot import Snapshot
from auditor.workload.parts import Workload

SHOWN = 7
"""How many chains a report tells."""

_MOST = 400
"""So many paths are enough to choose from."""

_LONGEST = 6

Key = tuple[str, str, str]
Workloads = Callable[[Estate], tuple[Workload, ...]]


def with_chains(
    result: AuditResult, snapshot: Snapshot, estate: Estate, build: Callable[[Snapshot], Estate], workloads: Workloads
) -> AuditResult:
    """The result with its chains and the cut that breaks them.

    `build` makes the estate of a changed snapshot and `workloads` its workloads, as the audit made those of `estate`.
    """
    return _Search(result, snapshot, estate, build, workloads).told()


@dataclass(frozen=True)
class _Search:
    result: AuditResult
    snapshot: Snapshot
    estate: Estate
    build: Callable[[Snapshot], Estate]
    workloads: Workloads

    def told(self) -> AuditResult:
        failing = [finding for finding in self.result.findings if finding.outcome is Outcome.FAIL]
        weak = _weak(failing)
        edges = self.edges(self.estate, weak, None)
        paths = sorted(_paths(edges), key=_rank)
        if not paths:
            return self.result
        causes = causes_of(self.result)
        on_paths = {edge.key: edge for path in paths for edge in path}
        labels = self.labels(tuple(on_paths.values()), causes, weak)
        chains = [_chain(path, labels, causes, failing) for path in paths]
        cut = self.cut(tuple(on_paths.values()), chains, weak, causes)
        findings = tuple(_raised(finding, chains) for finding in self.result.findings)
        return replace(self.result, findings=findings, chains=tuple(chains[:SHOWN]), cut=cut)

    def edges(
        self, estate: Estate, weak: Collection[ArmId], targets: Collection[ArmId] | None, rights: bool = True
    ) -> tuple[Edge, ...]:
        return tuple(edge for w in self.workloads(estate) for edge in edges_of(w, weak, targets, rights))

    def labels(
        self, edges: Sequence[Edge], causes: Sequence[Cause], weak: Collection[ArmId]
    ) -> Mapping[Key, tuple[str, ...]]:
        """By step: the causes whose changes take it away, each asked of the changed estate."""
        found: dict[Key, list[str]] = {edge.key: [] for edge in edges}
        for cause in causes:
            near = [edge for edge in edges if any(_touches(change, edge) for change in cause.changes)]
            if near:
                left = self.after(cause.changes, near, weak)
                for edge in near:
                    if left is not None and edge.key not in left:
                        found[edge.key].append(cause.id)
        return {key: tuple(sorted(ids)) for key, ids in found.items()}

    def after(self, changes: Iterable[Change], near: Iterable[Edge], weak: Collection[ArmId]) -> frozenset[Key] | None:
        """The steps that the estate allows once it is changed, as far as these targets go; `None` if it cannot be."""
        try:
            changed = applied(self.snapshot, self.estate, changes)
        except NotApplicableError:
            return None
        targets = {edge.resource for edge in near if edge.source == INTERNET and edge.resource is not None}
        # What a step starts from has to be got at for the step to be seen.
        targets |= {ArmId(edge.source.removeprefix("at ")) for edge in near if edge.source.startswith("at ")}
        rights = any(edge.kind == "right" or edge.source.startswith("outsider ") for edge in near)
        return frozenset(edge.key for edge in self.edges(self.build(changed), weak, targets, rights))

    def cut(
        self,
        edges: Sequence[Edge],
        chains: Sequence[Chain],
        weak: Collection[ArmId],
        causes: Sequence[Cause],
    ) -> Cut:
        """The smallest set that breaks every chain that a fix breaks, and what the changed estate says of it."""
        left = [chain.id for chain in chains if not chain.cuts]
        ranks = {cause.id: n for n, cause in enumerate(causes)}
        chosen = smallest_cut((chain.cuts for chain in chains), ranks)
        more = max(0, len(chains) - SHOWN)
        wanted = [change for cause in causes if cause.id in chosen for change in cause.changes]
        seen = self.after(wanted, edges, weak)
        if seen is None:
            return Cut(chosen, tuple(left), proven=False, because="the changes do not fit together", more=more)
        rest = [edge for edge in edges if edge.key in seen]
        open_ = [path for path in _paths(rest) if _id(path) not in left]
        because = f"{open_[0][-1].name} is still got at" if open_ else ""
        return Cut(chosen, tuple(left), proven=not open_, because=because, more=more)


def _raised(finding: Finding, chains: Sequence[Chain]) -> Finding:
    """The finding, no less severe than the worst chain that it stands behind: a proof outweighs what is usual."""
    behind = [chain for chain in chains if finding.fingerprint in chain.findings]
    if finding.outcome is not Outcome.FAIL or not behind:
        return finding
    worst = min(behind, key=lambda chain: Severity(chain.severity).rank)
    if Severity(worst.severity).rank >= Severity(finding.severity).rank:
        return finding
    why = f"raised from {finding.severity} by a chain: {worst.title}"
    return replace(finding, severity=worst.severity, severity_reason=why)


def _weak(failing: Iterable[Finding]) -> frozenset[ArmId]:
    """Role assignments and federated credentials that a failing finding is about: cited, or deleted by its fix."""
    kinds = ("microsoft.authorization/", "microsoft.managedidentity/")
    cited = {e.place.document for f in failing for e in f.verdict.evidence}
    deleted = {c.resource for f in failing for c in f.verdict.changes if c.action is Action.DELETE}
    return frozenset(id_ for id_ in cited | deleted if id_.type.startswith(kinds))


def _touches(change: Change, edge: Edge) -> bool:
    """Whether a change could take a step away: only then is the changed estate asked."""
    holder = change.resource.parent
    for place in edge.touches:
        id_, pointer = place.document, place.pointer
        if change.action is Action.DELETE and id_.is_within(change.resource):
            return True
        # A child that its parent shows changes the parent; what extends a resource (its logs) opens and shuts nothing.
        if id_ == holder and change.action in (Action.CREATE, Action.DELETE) and not _extends(change.resource):
            return True
        if id_ == change.resource and (change.pointer.startswith(pointer) or pointer.startswith(change.pointer)):
            return True
    return False


def _extends(id_: ArmId) -> bool:
    return id_.extends is not None and "/providers/" in id_.extends.key


def _paths(edges: Iterable[Edge]) -> Iterator[tuple[Edge, ...]]:
    """Every path from a start to an end, none through a node twice, as many as there is use for."""
    following: dict[str, list[Edge]] = {}
    for edge in sorted(edges, key=lambda edge: edge.key):
        following.setdefault(edge.source, []).append(edge)
    given = 0
    ahead: list[tuple[Edge, ...]] = [(e,) for node, found in following.items() if is_start(node) for e in found]
    while ahead and given < _MOST:
        path = ahead.pop(0)
        if is_end(path[-1].target):
            given += 1
            yield path
        elif len(path) < _LONGEST:
            nodes = {edge.source for edge in path}
            ahead += [(*path, edge) for edge in following.get(path[-1].target, ()) if edge.target not in nodes]


def _id(path: Iterable[Edge]) -> str:
    said = repr([edge.key for edge in path])
    return f"chain-{hashlib.sha256(said.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def _severity(path: Sequence[Edge]) -> str:
    """Critical where nothing is assumed; by what it gives and how much has to happen first otherwise."""
    assumed = {edge.assumes for edge in path if edge.assumes}
    if not assumed:
        return "critical"
    faults = any(edge.kind == "identity" and edge.assumes for edge in path)
    control = path[-1].target.startswith("control ")
    return "high" if control or not faults else "medium"


_SEVERITIES = ("critical", "high", "medium")


def _rank(path: Sequence[Edge]) -> tuple[int, int, bool, int, str]:
    return (
        _SEVERITIES.index(_severity(path)),
        _exposure(path).rank,
        not path[-1].target.startswith("control "),
        len(path),
        _id(path),
    )


def _exposure(path: Sequence[Edge]) -> Exposure:
    return Exposure.INTERNET if path[0].source == INTERNET else Exposure.TAKEOVER


def _step(edge: Edge, at: str, cuts: tuple[str, ...]) -> ChainStep:
    through = edge.through or ((edge.resource,) if edge.resource is not None else ())
    return ChainStep(edge.kind, at, edge.name, edge.resource, edge.says, edge.evidence, cuts, edge.assumes, through)


def _chain(
    path: Sequence[Edge], labels: Mapping[Key, tuple[str, ...]], causes: Sequence[Cause], failing: Iterable[Finding]
) -> Chain:
    start = path[0].source.removeprefix("takeover ").removeprefix("outsider ")
    steps = []
    at = start
    for edge in path:
        steps.append(_step(edge, at, labels[edge.key]))
        at = edge.name
    cuts = {id_ for step in steps for id_ in step.cuts}
    behind = {f.fingerprint for cause in causes if cause.id in cuts for f in cause.findings}
    reached = {edge.resource for edge in path}
    behind |= {f.fingerprint for f in failing if not f.verdict.changes and f.verdict.resource in reached}
    return Chain(
        id=_id(path),
        title=" -> ".join([start, *(edge.name for edge in path)]),
        start=start,
        gives="control" if path[-1].target.startswith("control ") else "data",
        severity=_severity(path),
        exposure=_exposure(path),
        steps=tuple(steps),
        findings=tuple(sorted(behind)),
    )
